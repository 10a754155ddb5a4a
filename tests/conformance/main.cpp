// Every kernel on every SIMD target that runs here, and as on a CPU without fused multiply-add, against the record. Without arguments it compares; `record` as
// argument prints recorded.hpp anew, for a version whose results are to differ.
#include <k754/fma.hpp>
#include <k754/simd.hpp>

#include <cstdio>
#include <cstring>

#include "conformance.hpp"
#include "recorded.hpp"

namespace {

using namespace k754_conformance;

/// In the order of the record.
results all_results() {
  results all;
  add_argmax(all);
  add_where(all);
  add_sum_to_shape(all);
  add_softmax(all);
  add_xlogy(all);
  add_cross_entropy(all);
  add_conv2d(all);
  add_fast_softmax(all);  // at the end: the seeds of the others stay
  add_exp_log(all);
  add_more_xlogy(all);
  return all;
}

/// The number of results that are not those on record.
int compare(const char* target, const results& came) {
  int wrong = 0;
  long values = 0;
  std::size_t compared = 0;
  for (const result& one : came) {
    values += one.values;
    const recorded_result* expected = nullptr;
    for (const recorded_result& candidate : recorded) {
      if (one.name == candidate.name) expected = &candidate;
    }
    if (one.refused != 0) {
      std::printf("  %s, %s: %ld calls were refused\n", target, one.name.c_str(), one.refused);
      ++wrong;
    }
    if (expected == nullptr || one.hash != expected->hash || one.values != expected->values) {
      std::printf("  %s, %s: %ld values, hash %016llX, not the recorded ones\n", target, one.name.c_str(),
                  one.values, static_cast<unsigned long long>(one.hash));
      ++wrong;
    }
    ++compared;
  }
  std::printf("  %-10s %zu results of %ld values, %d differ from the record\n", target, compared, values,
              wrong);
  return wrong + (compared == std::size(recorded) ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "record") == 0) {
    std::printf(
        "// The results on record, of version %d.%d. Made by the program itself (main.cpp); not to be "
        "changed by "
        "hand.\n#pragma once\n\nnamespace k754_conformance {\n\nstruct recorded_result {\n  const char* "
        "name;\n"
        "  long values;\n  unsigned long long hash;\n};\ninline constexpr recorded_result recorded[] = {\n",
        K754_VERSION_MAJOR, K754_VERSION_MINOR);
    k754::force_simd_target("reference");
    for (const result& one : all_results()) {
      std::printf("    {\"%s\", %ld, 0x%016llX},\n", one.name.c_str(), one.values,
                  static_cast<unsigned long long>(one.hash));
    }
    std::printf("};\n\n}  // namespace k754_conformance\n");
    return 0;
  }
  int wrong = 0, targets = 0;
  k754::for_each_simd_target([&](const char* name) {
    k754::force_simd_target(name);
    wrong += compare(name, all_results());
    ++targets;
  });
#if K754_RUN_TIME_FMA
  k754::force_simd_target("reference");
  k754::detail::store_known_fma(k754::detail::fma_absent);
  wrong += compare("no fma", all_results());
#endif
  std::printf("  %d targets\n", targets);
  return wrong == 0 && targets > 0 ? 0 : 1;
}

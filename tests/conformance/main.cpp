// Every kernel on every SIMD target that runs here, and as on a CPU without fused multiply-add, against the record, and how
// much of the stack they take. Without arguments it compares; `record` as argument prints recorded.hpp anew, for a version
// whose results are to differ.
#include <k754/fma.hpp>
#include <k754/simd.hpp>

#include <cstdio>
#include <cstring>

#include "../support/stack_depth.hpp"
#include "conformance.hpp"
#include "recorded.hpp"

namespace {

using namespace k754_conformance;

/// Adds the results of some kernels.
struct group {
  const char* name;
  void (*add)(results&);
};
/// What no kernel may take of the stack, in any build, with what this program takes. Manuals say how much it is: g++ -O1:
/// where 34 KiB (-O3 without Highway 52), conv2d 35, softmax 36, its fast tier and cross-entropy 50, others less than 32.
constexpr std::size_t most_stack = 80 * 1024;
#if defined(__OPTIMIZE__)
constexpr bool optimised = true;
#else
constexpr bool optimised = false;  // no function is part of its callers, and all take more
#endif

/// In the order of the record.
constexpr group groups[] = {
    {"argmax", add_argmax},
    {"where", add_where},
    {"sum_to_shape", add_sum_to_shape},
    {"softmax", add_softmax},
    {"xlogy", add_xlogy},
    {"cross_entropy", add_cross_entropy},
    {"conv2d", add_conv2d},
    {"softmax, fast", add_fast_softmax},  // at the end: the seeds of the others stay
    {"exp, log, log1p", add_exp_log},
    {"xlogy of other types", add_more_xlogy},
    {"softmax, exact", add_exact_softmax},
};

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

/// Computes all results, each group on a stack of its own, and compares them.
int run(const char* target) {
  results all;
  int too_deep = 0;
  std::size_t deepest = 0;
  for (const group& g : groups) {
    const std::size_t depth = k754_test::stack_depth_of([&] { g.add(all); });
    deepest = depth > deepest ? depth : deepest;
    if (optimised && depth > most_stack) {
      std::printf("  %s, %s: %zu bytes of stack, more than %zu\n", target, g.name, depth, most_stack);
      ++too_deep;
    }
  }
  std::printf("  %-10s at most %zu bytes of stack\n", target, deepest);
  return too_deep + compare(target, all);
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
    results all;
    for (const group& g : groups) g.add(all);
    for (const result& one : all) {
      std::printf("    {\"%s\", %ld, 0x%016llX},\n", one.name.c_str(), one.values,
                  static_cast<unsigned long long>(one.hash));
    }
    std::printf("};\n\n}  // namespace k754_conformance\n");
    return 0;
  }
  int wrong = 0, targets = 0;
  k754::for_each_simd_target([&](const char* name) {
    k754::force_simd_target(name);
    wrong += run(name);
    ++targets;
  });
#if K754_RUN_TIME_FMA
  k754::force_simd_target("reference");
  k754::detail::store_known_fma(k754::detail::fma_absent);
  wrong += run("no fma");
#endif
  std::printf("  %d targets\n", targets);
  return wrong == 0 && targets > 0 ? 0 : 1;
}

// Which vector code runs: what this CPU has of what was compiled, or what is forced.
#include <k754/argmax.hpp>
#include <k754/simd.hpp>
#include <k754/where.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../support/catch.hpp"
#include "../support/targets.hpp"

namespace k754_test {
namespace {

using namespace k754;

using rows_function = detail::arg_extrema_function<float>*;

rows_function chosen() {
  return detail::choose<detail::arg_extrema_kernel<extremum::maximum, policy{}, float>>();
}

TEST_CASE("The targets of this unit on this CPU, best first, the reference last") {
  const std::vector<std::string> names = target_names();
  std::printf("  SIMD targets that run here:");
  for (const std::string& name : names) std::printf(" %s", name.c_str());
#if K754_SIMD
  std::printf(" (Highway %d.%d.%d)\n", HWY_MAJOR, HWY_MINOR, HWY_PATCH);
#else
  std::printf(" (without Highway)\n");
#endif

  CHECK(names.back() == "reference");
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  CHECK(simd_target() == names.front());
  const std::vector<std::string> from_best_to_worst = {"AVX3_SPR", "AVX3_ZEN4", "AVX3_DL", "AVX3",
                                                       "AVX2",     "SSE4",      "SSSE3",   "SSE2",
                                                       "SVE2",     "SVE",       "NEON",    "reference"};
  std::vector<std::size_t> ranks;
  for (const std::string& name : names) {
    const auto at = std::find(from_best_to_worst.begin(), from_best_to_worst.end(), name);
    if (at != from_best_to_worst.end())
      ranks.push_back(static_cast<std::size_t>(at - from_best_to_worst.begin()));
  }
  CHECK(std::is_sorted(ranks.begin(), ranks.end()));
}

TEST_CASE("The targets are those that K754_TEST_TARGETS names") {
  if (const char* const expected = std::getenv("K754_TEST_TARGETS")) {  // "SVE2 SVE NEON"
    std::string listed;
    for (const std::string& name : target_names()) listed += listed.empty() ? name : " " + name;
    CHECK(listed == expected + std::string(" reference"));
  }
}

#if K754_SIMD && HWY_ARCH_X86 && defined(__OPTIMIZE__)
TEST_CASE("What the CPU has and the compiler knows is among the targets") {
  __builtin_cpu_init();
  const std::vector<std::string> names = target_names();
  const auto runs = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HWY_STATIC_TARGET >= HWY_AVX2) {
    CHECK(runs("AVX2"));
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd") && HWY_STATIC_TARGET >= HWY_AVX3 && (HWY_TARGETS & HWY_AVX3) != 0) {
    CHECK(runs("AVX3"));
  }
}
#endif

TEST_CASE("A forced target runs until another one is forced; a name that is none changes nothing") {
  const best_target_at_end restored;
  const std::vector<std::string> names = target_names();
  std::vector<rows_function> rows;
  for (const std::string& name : names) {
    INFO(name);
    CHECK(force_simd_target(name.c_str()));
    CHECK(simd_target() == name);
    rows.push_back(chosen());
    for (const char* unknown : {"", "AVX", "AVX22", "avx2", "scalar", "referenc", "reference "}) {
      CHECK_FALSE(force_simd_target(unknown));
      CHECK(simd_target() == name);
      CHECK(chosen() == rows.back());
    }
    // The list does not depend on what is forced.
    CHECK(target_names() == names);
  }
  CHECK(std::set<rows_function>(rows.begin(), rows.end()).size() == names.size());
  CHECK(rows.back() == &reference::arg_extrema<extremum::maximum, policy{}, float>);
  CHECK(force_simd_target(nullptr));
  CHECK(simd_target() == names.front());
  CHECK(chosen() == rows.front());
}

#if K754_SIMD
/// The functions that a name stands for, where the target was compiled.
TEST_CASE("Each name stands for the functions compiled for it") {
  for_each_target([](const char* target) {
    const std::string name = target;
    const auto bytes = detail::choose<detail::arg_extrema_kernel<extremum::minimum, policy{}, std::int8_t>>();
    const auto where = detail::choose<detail::where_kernel<detail::byte_run, std::uint16_t>>();
    const auto backward = detail::choose<detail::where_backward_kernel<detail::bit_run, std::uint16_t>>();
    [[maybe_unused]] bool known = name == "reference";
#define K754_EXPECT(n)                                                                           \
  if (name == #n) {                                                                              \
    known = true;                                                                                \
    CHECK(chosen() == &simd::N_##n::argmax::arg_extrema<extremum::maximum, policy{}, float>);    \
    CHECK(bytes == &simd::N_##n::argmax::arg_extrema<extremum::minimum, policy{}, std::int8_t>); \
    CHECK(where == &simd::N_##n::where::where<detail::byte_run, std::uint16_t>);                 \
    CHECK(backward == &simd::N_##n::where::where_backward<detail::bit_run, std::uint16_t>);      \
  }
    K754_IF_AVX3(K754_EXPECT(AVX3))
    K754_IF_AVX2(K754_EXPECT(AVX2))
    K754_IF_SSE4(K754_EXPECT(SSE4))
    K754_IF_SSSE3(K754_EXPECT(SSSE3))
    K754_IF_SVE(K754_EXPECT(SVE))
    K754_IF_SVE2(K754_EXPECT(SVE2))
#if K754_STATIC_VECTORS
    if (!known) {
      known = true;
      CHECK(chosen() == &simd::HWY_NAMESPACE::argmax::arg_extrema<extremum::maximum, policy{}, float>);
      CHECK(where == &simd::HWY_NAMESPACE::where::where<detail::byte_run, std::uint16_t>);
    }
#endif
    CHECK(known);
  });
}
#endif

TEST_CASE("Threads see one choice, from their first call on") {
  const best_target_at_end restored;
  const std::vector<std::string> names = target_names();
  for (const std::string& name : names) {
    REQUIRE(force_simd_target(name.c_str()));
    const rows_function expected = chosen();
    std::atomic<int> ready{0}, agreeing{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        ++ready;
        while (ready < 4) std::this_thread::yield();
        bool agrees = true;
        for (int i = 0; i < 1000; ++i) agrees = agrees && chosen() == expected && simd_target() == name;
        agreeing += agrees ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(agreeing == 4);
  }
}

TEST_CASE("However long they are, adjacent columns are not dealt to tasks one by one") {
  std::size_t tasks = 0;
  const auto counting = [&](std::size_t count, auto&& task) {
    tasks = count;
    for (std::size_t i = 0; i < count; ++i) task(i);
  };
  constexpr index_t n = 40'000;
  const std::vector<std::int8_t> x(n * 2048);
  std::vector<std::int64_t> winners(2048);
  argmin(tensor_view<const std::int8_t, 2>(x.data(), {n, 2048}), winners, {.axis = 0}, counting);
  CHECK(tasks == 2);
  argmin(tensor_view<const std::int8_t, 2>(x.data(), {2048, n}), winners, {.axis = 1}, counting);
  CHECK(tasks == 2048);
}

}  // namespace
}  // namespace k754_test

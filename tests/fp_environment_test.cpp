// fp_environment.hpp: what is computed inside, what is found afterwards, exceptions, threads. Whether
// compilers move arithmetic across the scope is the business of fp_environment/moved_arithmetic.cpp.
#include "k754/fp_environment.hpp"

#include <atomic>
#include <cfenv>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"

namespace {

using k754::in_default_environment;
using k754_test::bytes_of;

static_assert(!std::is_copy_constructible_v<k754::scoped_fp_environment> &&
              !std::is_copy_assignable_v<k754::scoped_fp_environment> &&
              std::is_nothrow_default_constructible_v<k754::scoped_fp_environment>);

constexpr double inf = std::numeric_limits<double>::infinity();

/// Operands whose sums, products and quotients are subnormal, inexact, overflowing, infinite or undefined.
const std::vector<double>& operands() {
  static const std::vector<double> values = {0.0,
                                             -0.0,
                                             1.0,
                                             -3.0,
                                             0.1,
                                             1.0 + 0x1p-52,
                                             0x1p-53,
                                             0x1p-1074,
                                             -0x1p-1074,
                                             0x1.8p-1023,
                                             0x1p-1022,
                                             0x1.123456789abcdp-540,
                                             1e308,
                                             -1.7e308,
                                             inf,
                                             -inf,
                                             std::numeric_limits<double>::quiet_NaN(),
                                             k754_test::from_bytes<double>(0x7FF0000000000001)};
  return values;
}

constexpr std::size_t results_per_pair = 6;

/// All operations on all pairs; what the scope must make independent of the caller.
void compute(const std::vector<double>& x, std::vector<std::uint64_t>& out) {
  std::size_t n = 0;
  const auto put = [&](auto result) {
    // the sign and payload of a computed NaN are the processor's business
    out[n++] = result != result ? ~std::uint64_t{0} : bytes_of(result);
  };
  for (const double a : x) {
    for (const double b : x) {
      put(a + b);
      put(a * b);
      put(a / b);
      put(static_cast<float>(a) * static_cast<float>(b));
      put(static_cast<float>(a));
      put(static_cast<double>(
          (static_cast<std::int64_t>(bytes_of(a)) ^ static_cast<std::int64_t>(bytes_of(b))) | 1));
    }
  }
}

std::vector<std::uint64_t> no_results() {
  return std::vector<std::uint64_t>(operands().size() * operands().size() * results_per_pair);
}

#if defined(__SSE2__)
constexpr bool has_control = true;
using control = unsigned;
control get_control() { return _mm_getcsr(); }
void set_control(control c) { _mm_setcsr(c); }
constexpr control standard_control = 0x1F80, sticky_flags = 0x3F;
#else
constexpr bool has_control = false;
using control = int;
control get_control() { return std::fegetround(); }
void set_control(control c) { std::fesetround(c); }
constexpr control standard_control = FE_TONEAREST, sticky_flags = 0;
#endif

}  // namespace

TEST_CASE("guarded arithmetic gives the bits of the default environment in every environment") {
  long different = 0;
  auto expected = no_results();
  compute(operands(), expected);
  for (const auto& environment : k754_test::hostile_environments()) {
    if ((environment.mxcsr & 0x1F80) != 0x1F80) continue;  // would trap
    bool intact = false;
    auto unguarded = no_results();
    k754_test::run_in(environment, intact, [&] { compute(operands(), unguarded); });
    different += unguarded != expected ? 1 : 0;
  }
  REQUIRE(different >= 3);  // or else this shows nothing
  k754_test::require_immune(no_results, [](std::vector<std::uint64_t>& out) {
    in_default_environment([&] { compute(operands(), out); });
  });
}

TEST_CASE("unmasked exceptions do not trap inside, and are unmasked again afterwards") {
  if (!has_control) return;
  auto out = no_results();
  for (control unmasked = 0; unmasked < 64; ++unmasked) {
    const control chosen = standard_control & ~(unmasked << 7);
    set_control(chosen);
    in_default_environment([&] { compute(operands(), out); });
    const control after = get_control();
    set_control(standard_control);
    CAPTURE(unmasked);
    REQUIRE(after == chosen);
  }
}

TEST_CASE("sticky flags come back as they were, whatever is raised inside") {
  if (!has_control) return;
  auto out = no_results();
  for (control flags = 0; flags < 64; ++flags) {
    set_control(standard_control | flags);
    control inside = 0, raised = 0;
    in_default_environment([&] {
      inside = get_control();
      compute(operands(), out);
      raised = get_control();
    });
    const control after = get_control();
    set_control(standard_control);
    CAPTURE(flags);
    REQUIRE(inside == standard_control);
    REQUIRE((raised & sticky_flags) != 0);
    REQUIRE(after == (standard_control | flags));
  }
}

TEST_CASE("the standard library's flags and modes are what they were") {
  std::feclearexcept(FE_ALL_EXCEPT);
  std::feraiseexcept(FE_OVERFLOW | FE_INEXACT);
  auto out = no_results();
  in_default_environment([&] { compute(operands(), out); });
  const int flags = std::fetestexcept(FE_ALL_EXCEPT);
  std::feclearexcept(FE_ALL_EXCEPT);
  REQUIRE(flags == (FE_OVERFLOW | FE_INEXACT));
  for (const int mode : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    in_default_environment([&] { compute(operands(), out); });
    const int after = std::fegetround(), raised = std::fetestexcept(FE_ALL_EXCEPT);
    std::fesetround(FE_TONEAREST);
    REQUIRE(after == mode);
    REQUIRE(raised == 0);
  }
}

TEST_CASE("an exception that passes through the scope leaves the environment as it was") {
  for (const auto& environment : k754_test::hostile_environments()) {
    bool intact = false;
    int caught = 0;
    k754_test::run_in(environment, intact, [&] {
      try {
        in_default_environment([&] {
          volatile double one = 1, three = 3;
          const volatile double third = one / three;  // raises inexact
          (void)third;
          throw std::runtime_error("body");
        });
      } catch (const std::runtime_error& error) {
        caught += std::string(error.what()) == "body" ? 1 : 0;
      }
      try {
        in_default_environment([] { in_default_environment([] { throw 754; }); });
      } catch (const int thrown) {
        caught += thrown == 754 ? 1 : 0;
      }
    });
    INFO(environment.name);
    REQUIRE(caught == 2);
    REQUIRE(intact);
  }
}

TEST_CASE("scopes nest, and a body that changes the environment changes its own only") {
  const int before = std::fegetround();
  std::fesetround(FE_UPWARD);
  std::vector<control> seen(5);
  const control upward = get_control();
  in_default_environment([&] {
    seen[0] = get_control();
    std::fesetround(FE_DOWNWARD);
    seen[1] = get_control();
    in_default_environment([&] {
      seen[2] = get_control();
      std::fesetround(FE_TOWARDZERO);
    });
    seen[3] = get_control();
  });
  seen[4] = get_control();
  std::fesetround(before);  // the x87 unit too, which fesetround sets on x86-64 and the scope leaves alone
  REQUIRE(seen[0] == standard_control);
  REQUIRE(seen[1] != standard_control);
  REQUIRE(seen[2] == standard_control);
  REQUIRE(seen[3] == seen[1]);
  REQUIRE(seen[4] == upward);
}

TEST_CASE("each thread has its own environment") {
  auto expected = no_results();
  in_default_environment([&] { compute(operands(), expected); });
  std::atomic<int> wrong{0}, runs{0};
  std::vector<std::thread> threads;
  for (const auto& environment : k754_test::hostile_environments()) {
    threads.emplace_back([&wrong, &runs, &expected, environment] {
      bool intact = false;
      k754_test::run_in(environment, intact, [&] {
        for (int i = 0; i < 200; ++i) {
          auto out = no_results();
          in_default_environment([&] { compute(operands(), out); });
          wrong += out == expected ? 0 : 1;
          ++runs;
        }
      });
      wrong += intact ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(runs == 200 * static_cast<int>(k754_test::hostile_environments().size()));
  REQUIRE(wrong == 0);
}

namespace {
int calls = 0;
void plain_function() { ++calls; }
}  // namespace

TEST_CASE("bodies may be any callable, and are called once") {
  calls = 0;
  in_default_environment(plain_function);
  in_default_environment(&plain_function);
  const auto constant = [] { ++calls; };
  in_default_environment(constant);
  auto counting = [n = 0]() mutable { calls += ++n; };
  in_default_environment(counting);
  in_default_environment(counting);
  REQUIRE(calls == 3 + 1 + 2);
  // what is captured by value arrives
  const double a = 0x1p-1074, b = 3;
  double result = 0;
  in_default_environment([a, b, &result] { result = a * b; });
  REQUIRE(result == 0x1.8p-1073);
}

// where.hpp: where_apply and its gradient: which elements the function sees, what it throws, the one product.
#include <k754/where.hpp>

#include <array>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"
#include "support/where_helpers.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// Rounding, masks and flush bits of this thread.
unsigned control_bits() {
#if defined(__SSE2__)
  return _mm_getcsr() & ~0x3FU;
#else
  return static_cast<unsigned>(std::fegetround());
#endif
}

TEST_CASE("WH-08c: where_apply calls its function on selected elements only, in the caller's environment") {
  const float x[2][3] = {{1, 0, 2}, {-1, 3, 0}};
  for (const environment& env : hostile_environments()) {
    INFO(env.name);
    std::vector<float> seen;
    std::vector<unsigned> controls;
    seen.reserve(64);
    controls.reserve(64);
    float output[2][3] = {}, dx[2][3] = {}, dy[2][3] = {};
    unsigned expected_control = 0;
    bool intact = false;
    const auto f = [&](float v) {
      seen.push_back(v);
      controls.push_back(control_bits());
      return negated(v);
    };
    run_in(env, intact, [&] {
      expected_control = control_bits();
      where_apply(greater_than(x, 0.0F), f, x, 7.0F, output);
      where_apply_backward(greater_than(x, 0.0F), f, x, 2.0F, dx, dy);
    });
    CHECK(intact);
    CHECK(same_bits(seen, std::array<float, 6>{1, 2, 3, 1, 2, 3}));
    CHECK(controls == std::vector<unsigned>(6, expected_control));
    CHECK(same_bits(std::span(output[0], 6), std::array<float, 6>{-1, 7, -2, 7, -3, 7}));
    CHECK(same_bits(std::span(dx[0], 6), std::array<float, 6>{-2, 0, -4, 0, -6, 0}));
    CHECK(same_bits(std::span(dy[0], 6), std::array<float, 6>{0, 2, 0, 2, 0, 2}));
  }
}

TEST_CASE("WH-08: the gradient of where(x > 0, log x, 0) is finite at 0") {
  const double x[3] = {0.0, 2.0, -1.0};
  double output[3], dx[3], dy[3];
  where_apply(
      greater_than(x, 0.0), [](double v) { return std::log(v); }, x, 0.0, output);
  CHECK(to_bits(output[0]) == 0);
  CHECK(to_bits(output[1]) == to_bits(std::log(2.0)));
  CHECK(to_bits(output[2]) == 0);
  where_apply_backward(
      greater_than(x, 0.0), [](double v) { return 1.0 / v; }, x, 1.0, dx, dy);
  CHECK(same_bits(dx, std::array<double, 3>{0.0, 0.5, 0.0}));
  CHECK(same_bits(dy, std::array<double, 3>{1.0, 0.0, 1.0}));
}

TEST_CASE("WH-16: a dead branch with an infinite derivative adds nothing to the gradient") {
  // d/dx where(m, x, x * inf): both branches depend on x, each is guarded by its own condition
  const bool m[2] = {true, false};
  const bool not_m[2] = {false, true};
  const float x[2] = {1, 1}, upstream[2] = {1, 1};
  float from_first[2], from_second[2];
  where_backward(m, upstream, from_first, nullptr);
  where_apply_backward(
      not_m, [](float) { return infinity<float>(); }, x, upstream, from_second, nullptr);
  CHECK(same_bits(from_first, std::array<float, 2>{1, 0}));
  CHECK(same_bits(from_second, std::array<float, 2>{0, infinity<float>()}));
}

TEST_CASE("What a callable throws comes out after all threads are done, with the environment as it was") {
  struct failure {
    int value;
  };
  std::vector<float> x(200000, 1.0F), output(200000), dx(200000);
  x[150000] = -1.0F;
  const auto f = [](float v) {
    if (v < 0.0F) throw failure{42};
    return v;
  };
  const auto value_thrown_by = [](auto&& call) {
    try {
      call();
    } catch (const failure& e) {
      return e.value;
    }
    return 0;
  };
  const auto check = [&](auto ex) {
    const std::vector<std::uint8_t> all(x.size(), 1);
    CHECK(try_where_apply(all, f, x, 0.0F, output, ex) == status::callback_threw);
    CHECK(try_where_apply_backward(all, f, x, 1.0F, dx, nullptr, ex) == status::callback_threw);
    CHECK(value_thrown_by([&] { where_apply(all, f, x, 0.0F, output, ex); }) == 42);
    CHECK(value_thrown_by([&] { where_apply_backward(all, f, x, 1.0F, dx, nullptr, ex); }) == 42);
    CHECK(try_where_apply(greater_than(x, 0.0F), f, x, 0.0F, output, ex) == status::ok);
  };
  for (const environment& env : hostile_environments()) {
    INFO(env.name);
    bool intact = false;
    status result{};
    const std::array<float, 2> few{1.0F, -1.0F};
    std::array<float, 2> gradient{};
    run_in(env, intact,
           [&] { result = try_where_apply_backward(nonzero(few), f, few, 1.0F, gradient, nullptr); });
    CHECK(intact);
    CHECK(result == status::callback_threw);
  }
  check(serial_executor{});
  check(reverse_executor{});
  check(thread_executor{});
}

template <policy P, class T>
T expected_product(T upstream, T slope) {
  constexpr bool flush = P.subnormals == subnormals::flush;
  constexpr auto rule = P.zero_times_inf;
  if (flush) {
    upstream = flush_subnormal(upstream);
    slope = flush_subnormal(slope);
  }
  const auto a = static_cast<double>(upstream), b = static_cast<double>(slope);
  const bool zero_factor = is_zero(a) || is_zero(b), nan_factor = is_nan(a) || is_nan(b);
  if (zero_factor && rule == zero_times_inf::annihilating_zero) return T{};
  if (nan_factor) return canonical_nan<T>();
  if (zero_factor && rule == zero_times_inf::strong_zero) return T{};
  if (is_infinite(a) || is_infinite(b)) {
    if (zero_factor) return canonical_nan<T>();
    return sign_bit(a) != sign_bit(b) ? negative_infinity<T>() : infinity<T>();
  }
  const auto product = static_cast<T>(nearest(real(a) * real(b), format_of<T>));
  return flush ? flush_subnormal(product) : product;
}

template <policy P, class T>
void check_products(case_count& cases) {
  using format = detail::format_of<T>;
  std::vector<T> values;
  for (const std::uint64_t bits :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3}, format::smallest_normal - 1,
        format::smallest_normal, format::smallest_normal + 1, format::infinity - 1, format::infinity,
        format::infinity | 1, format::infinity | format::quiet_bit | 5,
        (format::infinity >> 1) & ~(format::smallest_normal - 1)}) {
    values.push_back(from_bytes<T>(bits));
    values.push_back(from_bytes<T>(bits | format::sign_bit));
  }
  std::mt19937_64 random(8);
  while (values.size() < 60) {  // exponents around the middle, so that products meet both ends of the range
    const std::uint64_t fraction = random() & (format::smallest_normal - 1);
    const std::uint64_t exponent = random() % (format::infinity / format::smallest_normal);
    values.push_back(
        from_bytes<T>((random() & format::sign_bit) | exponent * format::smallest_normal | fraction));
  }
  std::vector<T> upstream, slope, expected;
  for (T a : values) {
    for (T b : values) {
      upstream.push_back(a);
      slope.push_back(b);
      expected.push_back(expected_product<P>(a, b));
      CHECK(bytes_of(reference::where_apply_backward<P>(
                         true, [](T v) { return v; }, b, a)
                         .x) == bytes_of(expected.back()));
      cases.add();
    }
  }
  const std::vector<std::uint8_t> all(upstream.size(), 1);
  require_immune([&] { return std::vector<T>(upstream.size()); },
                 [&](std::vector<T>& dx) {
                   where_apply_backward<P>(
                       all, [](T v) { return v; }, slope, upstream, dx, nullptr);
                 });
  std::vector<T> dx(upstream.size());
  where_apply_backward<P>(
      all, [](T v) { return v; }, slope, upstream, dx, nullptr);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    CAPTURE(i, bytes_of(upstream[i]), bytes_of(slope[i]));
    REQUIRE(bytes_of(dx[i]) == bytes_of(expected[i]));
  }
}

TEST_CASE("The product of where_apply_backward is rounded once, under every policy") {
  case_count cases("products", 10 * 3600);
  for_types<float16, bfloat16, float, double>([&]<class T>() {
    check_products<policy{}, T>(cases);
    check_products<policy{.subnormals = subnormals::flush}, T>(cases);
  });
  check_products<policy{.zero_times_inf = zero_times_inf::strong_zero}, float>(cases);
  check_products<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, float>(cases);
  cases.check();
}

}  // namespace
}  // namespace k754_test

// extended.hpp: conversions and roundings without error, and the arithmetic against MPFR at any exponent.
#include "k754/reference/extended.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/double_doubles.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

namespace ref = k754::reference;
using k754::to_bits;
using k754_test::case_count;
using k754_test::double_sampler;
using k754_test::maximum;
using k754_test::real;
using ref::double_double;
using ref::extended;
using ref::to_number;

static_assert(std::is_same_v<ref::wide_number<double>, extended>);
static_assert(std::is_same_v<ref::wide_number<float>, double>);
static_assert(std::is_same_v<ref::wide_number<k754::float16>, double>);
static_assert(std::is_same_v<ref::wide_number<k754::bfloat16>, double>);

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr auto binary64 = k754_test::format_of<double>;

real exact(const extended& x) { return k754_test::scaled(real(x.high) + real(x.low), x.exponent); }

/// Zero, infinity and NaN have one form each; all else has a normalized significand in [1, 2).
bool is_proper(const extended& x) {
  if (!k754::is_finite(x.high))
    return to_bits(x.high) == to_bits(k754::canonicalized(x.high)) && x.low == 0.0 && x.exponent == 0;
  if (x.high == 0.0) return to_bits(x.high) == 0 && x.low == 0.0 && x.exponent == 0;
  return std::fabs(x.high) >= 1.0 && std::fabs(x.high) < 2.0 && x.high + x.low == x.high;
}
bool same(const extended& a, const extended& b) {
  return to_bits(a.high) == to_bits(b.high) && to_bits(a.low) == to_bits(b.low) && a.exponent == b.exponent;
}

extended random_extended(double_sampler& random, int exponents) {
  const double_double x = random.normalized_pair(2);
  extended y = to_number(x);
  y.exponent += random.between(-exponents, exponents);
  return y;
}

}  // namespace

TEST_CASE("Numbers become extended without error") {
  case_count cases("conversions", 50 + 2046 + 40'000);
  const auto check = [&](const extended& x, const real& value) {
    if (!is_proper(x) || !(exact(x) == value)) FAIL(x.high << " + " << x.low << ", exponent " << x.exponent);
    cases.add();
  };
  for (const double x : k754_test::edge_values<double>()) {
    const auto wide = to_number<extended>(x);
    if (k754::is_finite(x)) {
      check(wide, real(x));
    } else {
      CHECK(same(wide, {k754::canonicalized(x), 0.0, 0}));
      cases.add();
    }
  }
  for (int exponent = -1074; exponent <= 1023; ++exponent) {
    const double x = std::ldexp(-1.0, exponent);
    check(to_number<extended>(x), real(x));
  }
  double_sampler random(1);
  for (int i = 0; i < 20'000; ++i) {
    const double_double x = random.normalized_pair(900);
    check(to_number(x), k754_test::exact(x));
    const int exponent = random.between(-3000, 3000);
    check(to_number(ref::scaled_double_double{x, exponent}),
          k754_test::scaled(k754_test::exact(x), exponent));
  }
  CHECK(to_bits(to_number<double>(-0.0)) == to_bits(-0.0));
  CHECK(to_number(2.5) == 2.5);
  cases.check();
}

TEST_CASE("Sums, products and quotients of extended keep the bounds of double_double at any exponent") {
  constexpr double u2 = 0x1p-106;
  case_count cases("operations of extended", 40'000);
  maximum sum, difference, product, quotient;
  double_sampler random(2);
  for (int i = 0; i < 40'000; ++i) {
    const extended a = random_extended(random, 5000);
    extended b = random_extended(random, 5000);
    if (i % 2 == 0) b.exponent = a.exponent + random.between(-120, 120);
    if (i % 8 == 0) {  // cancels all but the low parts
      const double low = random.low_part(a.high);
      if (-a.high + low == -a.high) b = {-a.high, low, a.exponent};
    }
    const extended results[] = {a + b, a - b, ref::product(a, b), ref::quotient(a, b)};
    for (const extended& result : results) {
      if (!is_proper(result)) FAIL(result.high << " + " << result.low << ", exponent " << result.exponent);
    }
    sum.see(k754_test::relative_error(exact(results[0]), exact(a) + exact(b)) / u2, a.high);
    difference.see(k754_test::relative_error(exact(results[1]), exact(a) - exact(b)) / u2, a.high);
    product.see(k754_test::relative_error(exact(results[2]), exact(a) * exact(b)) / u2, a.high);
    quotient.see(k754_test::relative_error(exact(results[3]), exact(a) / exact(b)) / u2, a.high);
    cases.add();
  }
  sum.print("extended + extended, units of u^2");
  difference.print("extended - extended, units of u^2");
  product.print("extended * extended, units of u^2");
  quotient.print("extended / extended, units of u^2");
  CHECK(sum.error <= 3.0);
  CHECK(difference.error <= 3.0);
  CHECK(product.error <= 4.0);
  CHECK(quotient.error <= 8.0);
  CHECK(quotient.error > 1.0);
  cases.check();
}

TEST_CASE("Where double_double neither overflows nor underflows, extended has its bits") {
  case_count cases("operations in both", 3 * 20'000);
  double_sampler random(3);
  for (int i = 0; i < 20'000; ++i) {
    const double_double a = random.normalized_pair(100), b = random.normalized_pair(100);
    const extended x = to_number(a), y = to_number(b);
    // add is not commutative to the bit: the operand of the larger exponent keeps its place
    if (!same(x + y, to_number(ref::add(a, b)))) FAIL(a.high << " + " << b.high);
    if (!same(ref::product(x, y), to_number(ref::multiply(a, b)))) FAIL(a.high << " * " << b.high);
    if (!same(ref::quotient(x, y), to_number(ref::divide(a, b)))) FAIL(a.high << " / " << b.high);
    cases.add(3);
  }
  cases.check();
}

TEST_CASE("A term below 2^-1000 of the other is left out") {
  const extended one = to_number<extended>(1.0);
  extended small = to_number<extended>(-1.5);
  small.exponent = -1001;
  CHECK(same(one + small, one));
  CHECK(same(small + one, one));
  small.exponent = -1000;
  const extended sum = one + small;
  CHECK(sum.exponent == 0);
  CHECK(sum.high == 1.0);
  CHECK(sum.low == -0x1.8p-1000);
}

TEST_CASE("Zeros, infinities and NaNs of extended are those of double, but for the sign of zero") {
  case_count cases("special values", 7 * 7 * 4 + 7);
  const double nan_value = std::numeric_limits<double>::quiet_NaN();
  const std::array<double, 7> values{0.0, 1.0, -1.0, 2.5, infinity, -infinity, nan_value};
  const auto check = [&](const extended& came, double expected) {
    CAPTURE(came.high, came.exponent, expected);
    CHECK(is_proper(came));
    CHECK(to_bits(ref::rounded_to<double>(came)) ==
          to_bits(expected == 0.0 ? 0.0 : k754::canonicalized(expected)));
    cases.add();
  };
  for (const double a : values) {
    for (const double b : values) {
      CAPTURE(a, b);
      const auto x = to_number<extended>(a), y = to_number<extended>(b);
      check(x + y, a + b);
      check(x - y, a - b);
      check(ref::product(x, y), a * b);
      check(ref::quotient(x, y), a / b);
    }
    const double minus =
        ref::rounded_to<double>(ref::negated(to_number<extended>(a)));  // a NaN keeps no sign
    CHECK(to_bits(minus) == to_bits(a == 0.0 ? 0.0 : k754::canonicalized(-a)));
    cases.add();
  }
  cases.check();
}

TEST_CASE("The result is rounded once, subnormal numbers and overflow included") {
  case_count cases("results rounded", 60'000);
  double_sampler random(4);
  const auto check = [&](const extended& x) {
    const double expected = k754_test::nearest(exact(x), binary64);
    if (to_bits(ref::rounded_to<double>(x)) != to_bits(expected)) FAIL(x.high << ", exponent " << x.exponent);
    const double flushed = std::fabs(expected) < 0x1p-1022 ? std::copysign(0.0, expected) : expected;
    if (to_bits(ref::rounded_to<double, true>(x)) != to_bits(flushed)) FAIL(x.high << ", flushed");
    cases.add();
  };
  for (int i = 0; i < 20'000; ++i) {
    extended x = random_extended(random, 1);
    for (const int exponent :
         {random.between(-1080, -1018), random.between(1018, 1026), random.between(-900, 900)}) {
      x.exponent = exponent;
      check(x);
    }
    // few bits, so that the subnormal range meets ties, and low parts on both sides of them
    extended tie{1.0 + 0.25 * random.between(0, 3), random.between(-1, 1) * 0x1p-60,
                 random.between(-1077, -1070)};
    check(tie);
  }
  check({2.0 - 0x1p-52, 0x1p-54, 1023});  // halfway to the number that is not there
  check({2.0 - 0x1p-52, 0x1p-54 - 0x1p-107, 1023});
  CHECK(to_bits(ref::rounded_to<double>(extended{})) == 0);
  CHECK(ref::rounded_to<double>(extended{1.0, 0.0, 90'000}) == infinity);
  CHECK(to_bits(ref::rounded_to<double>(extended{-1.0, 0.0, -90'000})) == to_bits(-0.0));
  CHECK(to_bits(ref::rounded_to<float>(0x1.0000011p-126)) == to_bits(0x1.000002p-126F));
  CHECK(to_bits(ref::rounded_to<float, true>(-0x1p-127)) == to_bits(-0.0F));
  cases.check();
}

TEST_CASE("One text for both: the operations of double are its own, each rounded once") {
  case_count cases("operations of double", 3 * 20'000);
  double_sampler random(5);
  for (int i = 0; i < 20'000; ++i) {
    const double a = random.log_uniform(-300, 300), b = -random.log_uniform(-300, 300),
                 c = random.log_uniform(-300, 300);
    const auto check = [&](double came, const real& value) {
      if (to_bits(came) != to_bits(k754_test::nearest(value, binary64))) FAIL(a << ", " << b << ", " << c);
      cases.add();
    };
    check(ref::product(a, b), real(a) * real(b));
    check(ref::quotient(a, b), real(a) / real(b));
    check(ref::product_plus(a, b, -c), real(a) * real(b) - real(c));
    const extended x = to_number<extended>(a), y = to_number<extended>(b), z = to_number<extended>(c);
    if (!same(ref::product_plus(x, y, z), ref::product(x, y) + z)) FAIL("in two steps");
  }
  CHECK(to_bits(ref::negated(0.0)) == to_bits(-0.0));
  CHECK(ref::rounded_to<double>(to_number<extended>(smallest)) == smallest);
  CHECK(ref::rounded_to<double>(to_number<extended>(-largest)) == -largest);
  cases.check();
}

// double_double.hpp: exact sums and products, and the error bounds of the rest, against MPFR.
#include "k754/reference/double_double.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

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
using k754_test::exact;
using k754_test::maximum;
using k754_test::normalized;
using k754_test::real;
using ref::double_double;

/// Significands at the ends of a binade and between, where ties and carries are.
constexpr std::array<double, 7> significands{1.0,           1.0 + 0x1p-52, 2.0 - 0x1p-52, 1.5,
                                             1.0 + 0x1p-26, 2.0 - 0x1p-51, 1.0 + 0x1p-27};

/// All pairs of these with exponents up to 110 apart, of either sign.
template <class Body>
void for_edge_pairs(Body&& body) {
  for (const double a : significands) {
    for (const double b : significands) {
      for (int distance = -110; distance <= 110; ++distance) {
        body(a, std::ldexp(b, distance));
        body(a, -std::ldexp(b, distance));
      }
    }
  }
}

}  // namespace

TEST_CASE("two_sum and fast_two_sum are exact at every distance, and normalized") {
  case_count cases("pairs at the ends of binades", 7 * 7 * 221 * 2);
  for_edge_pairs([&](double a, double b) {
    const double_double sum = ref::two_sum(a, b);
    const double nearest = k754_test::nearest(real(a) + real(b), k754_test::format_of<double>);
    bool good = exact(sum) == real(a) + real(b) && sum.high == nearest;
    if (std::fabs(a) >= std::fabs(b)) {
      const double_double fast = ref::fast_two_sum(a, b);
      good = good && to_bits(fast.high) == to_bits(sum.high) && fast.low == sum.low;
    }
    if (!good) FAIL(a << " + " << b << " is not " << sum.high << " + " << sum.low);
    cases.add();
  });
  cases.check();
  // down to subnormal numbers, where sums are exact by themselves
  const double_double tiny = ref::two_sum(0x1p-1074, -0x3p-1074);
  CHECK(tiny.high == -0x1p-1073);
  CHECK(tiny.low == 0.0);
  const double_double nothing = ref::fast_two_sum(0.0, 1.5);  // a = 0 is allowed
  CHECK(nothing.high == 1.5);
  CHECK(nothing.low == 0.0);
}

TEST_CASE("two_product is exact, of numbers that share no bits and of neighbours") {
  case_count cases("products at the ends of binades", 7 * 7 * 221 * 2);
  for_edge_pairs([&](double a, double b) {
    const double_double product = ref::two_product(a, b);
    if (!(exact(product) == real(a) * real(b)) || !normalized(product)) FAIL(a << " * " << b);
    cases.add();
  });
  cases.check();
}

TEST_CASE("Results are normalized, whatever cancels") {
  case_count cases("double-double results", 5 * 20'000);
  double_sampler random(21);
  for (int i = 0; i < 20'000; ++i) {
    const double_double a = random.normalized_pair(40), b = random.normalized_pair(40);
    const double_double near{-a.high, random.low_part(a.high)};  // cancels all but the low parts
    const double_double c = i % 2 == 0 && normalized(near) ? near : b;
    for (const double_double& result : {ref::add(a, c), ref::add(a, c.high), ref::multiply(a, b),
                                        ref::multiply(a, b.high), ref::divide(a, b)}) {
      if (!normalized(result)) FAIL(result.high << " + " << result.low);
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("What a double holds is worked out without error") {
  const double_double three{3.0, 0.0}, half{0.5, 0.0};
  for (const double_double& six : {ref::multiply(three, 2.0), ref::multiply(three, double_double{2.0, 0.0}),
                                   ref::divide(three, half), ref::add(three, 3.0), ref::add(three, three)}) {
    CHECK(to_bits(six.high) == to_bits(6.0));
    CHECK(six.low == 0.0);
  }
}

TEST_CASE("Double-double operations keep their error bounds") {
  constexpr double u2 = 0x1p-106;
  case_count cases("double-double operations", 50'000);
  maximum sum, sum_double, product, product_double, quotient;
  long inexact = 0;
  double_sampler random(14);
  const auto draw = [&random](int exponents) { return random.normalized_pair(exponents); };
  for (int i = 0; i < 50'000; ++i) {
    const double_double a = draw(60), b = draw(60);
    const double c = random.between(0, 3) == 0 ? -a.high : b.high;  // with cancellation
    const auto large = std::abs(a.high) >= std::abs(c) ? a.high : c, small = large == c ? a.high : c;
    if (!(exact(ref::two_sum(a.high, c)) == real(a.high) + real(c))) ++inexact;
    if (!(exact(ref::fast_two_sum(large, small)) == real(large) + real(small))) ++inexact;
    if (!(exact(ref::two_product(a.high, c)) == real(a.high) * real(c))) ++inexact;
    const double_double near = {-a.high, random.low_part(a.high)};
    const double_double d = random.between(0, 3) == 0 && normalized(near) ? near : b;
    sum.see(k754_test::relative_error(exact(ref::add(a, d)), exact(a) + exact(d)) / u2, a.high);
    sum_double.see(k754_test::relative_error(exact(ref::add(a, c)), exact(a) + real(c)) / u2, a.high);
    product.see(k754_test::relative_error(exact(ref::multiply(a, d)), exact(a) * exact(d)) / u2, a.high);
    product_double.see(k754_test::relative_error(exact(ref::multiply(a, c)), exact(a) * real(c)) / u2,
                       a.high);
    quotient.see(k754_test::relative_error(exact(ref::divide(a, b)), exact(a) / exact(b)) / u2, a.high);
    cases.add();
  }
  sum.print("double_double + double_double, units of u^2");
  sum_double.print("double_double + double, units of u^2");
  product.print("double_double * double_double, units of u^2");
  product_double.print("double_double * double, units of u^2");
  quotient.print("double_double / double_double, units of u^2");
  CHECK(inexact == 0);
  CHECK(sum.error <= 3.0);
  CHECK(sum_double.error <= 2.0);
  CHECK(product.error <= 4.0);
  CHECK(product_double.error <= 2.0);
  CHECK(quotient.error <= 8.0);
  cases.check();
}

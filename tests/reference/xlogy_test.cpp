// reference/xlogy.hpp: xlogy and its gradients against MPFR and a model of the special cases, under every rule for zeros.
#include "k754/reference/xlogy.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::real;

double value(const auto& x) { return static_cast<double>(x); }

template <class T>
constexpr double bound = std::same_as<T, float16>  ? 0.5005
                         : std::same_as<T, double> ? 0.501
                                                   : 0.5001;

/// What IEEE 754, the logarithm and the rule for zeros make of special operands; `exact` decides the rest.
struct answer {
  enum { nan, infinite, zero, exact } kind;
  bool negative = false;
};

answer product_of(double a, answer b_kind, bool b_negative) {
  const bool negative = std::signbit(a) != b_negative;
  if (b_kind.kind == answer::nan || std::isnan(a)) return {answer::nan};
  if (std::isinf(a) || b_kind.kind == answer::infinite) {
    if (a == 0 || b_kind.kind == answer::zero) return {answer::nan};
    return {answer::infinite, negative};
  }
  if (a == 0 || b_kind.kind == answer::zero) return {answer::zero, negative};
  return {answer::exact, negative};
}

answer log_of(double y) {
  if (std::isnan(y) || y < 0) return {answer::nan};
  if (y == 0) return {answer::infinite, true};
  if (std::isinf(y)) return {answer::infinite, false};
  if (y == 1) return {answer::zero, false};
  return {answer::exact, y < 1};
}

/// 0, where a zero that was given decides; `nan` tells of the other factors.
bool zero_decides(zero_times_inf rule, bool zero_given, bool nan) {
  return zero_given &&
         (rule == zero_times_inf::annihilating_zero || (rule == zero_times_inf::strong_zero && !nan));
}

answer xlogy_model(double x, double y, zero_times_inf rule) {
  if (zero_decides(rule, x == 0, std::isnan(y))) return {answer::zero, false};
  if (rule == zero_times_inf::strong_zero && x == 0) return {answer::nan};
  const answer log = log_of(y);
  return product_of(x, log, log.negative);
}

answer quotient_of(double x, double y) {
  const bool negative = std::signbit(x) != std::signbit(y);
  if (std::isnan(x) || std::isnan(y) || (x == 0 && y == 0) || (std::isinf(x) && std::isinf(y)))
    return {answer::nan};
  if (std::isinf(x) || y == 0) return {answer::infinite, negative};
  if (x == 0 || std::isinf(y)) return {answer::zero, negative};
  return {answer::exact, negative};
}

answer dy_model(double x, double y, double g, zero_times_inf rule) {
  const bool nan = std::isnan(x) || std::isnan(y) || std::isnan(g);
  if (zero_decides(rule, x == 0 || g == 0, nan)) return {answer::zero, false};
  if (nan) return {answer::nan};
  const answer slope = quotient_of(x, y);
  return product_of(g, slope, slope.negative);
}

/// Bits where the model decides, ULP otherwise; returns the error in ULP.
template <class T>
double check_result_of(T computed, answer model, const auto& exact, const char* what, double x, double y,
                       double g = 0) {
  const auto expected = [&]() -> T {
    switch (model.kind) {
      case answer::nan:
        return canonical_nan<T>();
      case answer::infinite:
        return model.negative ? negative_infinity<T>() : infinity<T>();
      case answer::zero:
        return T(model.negative ? -0.0 : 0.0);
      case answer::exact:
        break;
    }
    return computed;
  }();
  double error = 0.0;
  bool right = to_bits(computed) == to_bits(expected);
  if (model.kind == answer::exact) {
    error = k754_test::ulp_error(value(computed), exact(), k754_test::format_of<T>);
    right = error <= bound<T> && sign_bit(computed) == model.negative;
  }
  if (!right) {
    INFO(what << "(" << x << ", " << y << ", " << g << ") is " << value(computed) << ", error " << error);
    CHECK(right);
  }
  return error;
}

template <class T, policy P = policy{}>
struct largest_errors {
  double value = 0.0, dx = 0.0, dy = 0.0;

  void see(T x, T y, T g) {
    const double a = ::value(x), b = ::value(y), u = ::value(g);
    const auto x_log_y = [&] { return real(a) * log(real(b)); };
    const auto g_log_y = [&] { return real(u) * log(real(b)); };
    const auto g_x_over_y = [&] { return real(u) * real(a) / real(b); };
    constexpr zero_times_inf rule =
        P.zero_times_inf == zero_times_inf::by_kernel ? zero_times_inf::strong_zero : P.zero_times_inf;
    const T computed = reference::xlogy<P>(x, y);
    const auto gradients = reference::xlogy_backward<P>(x, y, g);
    value = std::max(value, check_result_of(computed, xlogy_model(a, b, rule), x_log_y, "xlogy", a, b));
    dx = std::max(dx, check_result_of(gradients.x, xlogy_model(u, b, rule), g_log_y, "dx", a, b, u));
    dy = std::max(dy, check_result_of(gradients.y, dy_model(a, b, u, rule), g_x_over_y, "dy", a, b, u));
  }
  void print(const char* type) const {
    std::printf("  xlogy %-4s largest errors: %.6f ULP, dx %.6f, dy %.6f\n", type, value, dx, dy);
  }
};

template <class T>
T random_number(k754_test::random_bits& random) {
  return from_bits<T>(static_cast<bits_of<T>>(random() >> (64 - 8 * sizeof(T))));
}

template <class T>
void check_accuracy(const char* type) {
  case_count cases("xlogy: operands", 20000);
  largest_errors<T> errors;
  k754_test::random_bits random(17);
  const std::vector<T> edges = k754_test::edge_values<T>();
  for (T x : edges) {
    for (T y : edges) {
      for (T g : {T(1.0), edges[random.below(edges.size())], edges[random.below(edges.size())]}) {
        errors.see(x, y, g);
        cases.add();
      }
    }
  }
  const auto one = to_bits(T(1.0));
  for (int i = 0; i < 10000; ++i) {
    errors.see(random_number<T>(random), random_number<T>(random),
               random_number<T>(random));  // the whole range
    const T near_one = from_bits<T>(static_cast<bits_of<T>>(one + random.below(200) - 100));
    errors.see(random_number<T>(random), near_one, random_number<T>(random));
    cases.add(2);
  }
  errors.print(type);
  cases.check();
}

std::size_t next_edge = 0;  // of upstream, in turn

template <class T, policy P>
void check_rule(case_count& cases) {
  largest_errors<T, P> errors;
  const std::vector<T> edges = k754_test::edge_values<T>();
  for (const T x : edges) {
    for (const T y : edges) {
      for (const T g : {T(1.0F), T(0.0F), T(-0.0F), canonical_nan<T>(), edges[next_edge++ % edges.size()]}) {
        errors.see(x, y, g);
        cases.add();
      }
    }
  }
}

/// The zero of its sign where x is subnormal.
template <class T>
T flushed(T x) {
  const k754_test::datum d = k754_test::decode(x);
  return d.kind == k754_test::kind::subnormal ? T(d.negative ? -0.0F : 0.0F) : x;
}

template <class T>
void check_flush(case_count& cases) {
  constexpr policy flush{.subnormals = subnormals::flush};
  const std::vector<T> edges = k754_test::edge_values<T>();
  const auto check = [&](T x, T y, T g) {
    const auto expected = reference::xlogy_backward(flushed(x), flushed(y), flushed(g));
    const auto gradients = reference::xlogy_backward<flush>(x, y, g);
    const bool good = to_bits(reference::xlogy<flush>(x, y)) ==
                          to_bits(flushed(reference::xlogy(flushed(x), flushed(y)))) &&
                      to_bits(gradients.x) == to_bits(flushed(expected.x)) &&
                      to_bits(gradients.y) == to_bits(flushed(expected.y));
    if (!good) FAIL(value(x) << ", " << value(y) << ", " << value(g));
    cases.add();
  };
  for (const T x : edges) {
    for (const T y : edges) {
      for (const T g : {T(1.0F), T(0.015625F), edges[next_edge++ % edges.size()]}) check(x, y, g);
    }
  }
  const T tiny = from_bits<T>(static_cast<bits_of<T>>(detail::format_of<T>::smallest_normal));
  for (int i = 1; i < 200; ++i) check(tiny, T(1.0F + static_cast<float>(i) / 64.0F), tiny);  // around it
}

}  // namespace

TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: float") {
  check_accuracy<float>("f32");
}
TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: double") {
  check_accuracy<double>("f64");
}
TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: float16") {
  check_accuracy<float16>("f16");
}
TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: bfloat16") {
  check_accuracy<bfloat16>("bf16");
}

TEST_CASE("A zero that was given decides the product as the policy says") {
  case_count cases("special operands under three rules", 4 * 3 * 56 * 56 * 5);
  const auto check = [&]<class T>(T) {
    check_rule<T, policy{.zero_times_inf = zero_times_inf::strong_zero}>(cases);
    check_rule<T, policy{.zero_times_inf = zero_times_inf::annihilating_zero}>(cases);
    check_rule<T, policy{.zero_times_inf = zero_times_inf::ieee}>(cases);
  };
  check(float{});
  check(double{});
  check(float16{});
  check(bfloat16{});
  static_assert(reference::zero_rule_of(policy{}) == zero_times_inf::strong_zero);
  static_assert(reference::zero_rule_of(policy{.zero_times_inf = zero_times_inf::ieee}) ==
                zero_times_inf::ieee);
  cases.check();
}

TEST_CASE("Under subnormals::flush operands are flushed first, and results last") {
  case_count cases("flushed operands", 4 * (56 * 56 * 3 + 199));
  check_flush<float>(cases);
  check_flush<double>(cases);
  check_flush<float16>(cases);
  check_flush<bfloat16>(cases);
  cases.check();
}

TEST_CASE("log(y) of every kind of y, in both kinds of number") {
  const auto check = [](double y, double expected) {
    const auto in_double = reference::logarithm<double>(y);
    const auto wide = reference::rounded_to<double>(reference::logarithm<reference::extended>(y));
    CAPTURE(y);
    CHECK(to_bits(in_double) == to_bits(expected));
    CHECK(to_bits(wide) == to_bits(expected));
  };
  const double infinite = std::numeric_limits<double>::infinity();
  check(0.0, -infinite);
  check(-0.0, -infinite);
  check(infinite, infinite);
  check(1.0, 0.0);
  for (const double y : {-1.0, -0x1p-1074, -infinite, canonical_nan<double>(), -canonical_nan<double>()}) {
    check(y, canonical_nan<double>());
  }
  check(2.0, 0x1.62e42fefa39efp-1);
}

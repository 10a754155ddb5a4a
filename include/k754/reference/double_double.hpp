/// Double-double arithmetic: an unevaluated sum of two doubles, about 106 bits, for reference and f64
/// kernels.
///
/// Each function is a fixed sequence of +, -, *, / and fma, to be evaluated in `scoped_fp_environment`. Error
/// bounds are relative, u = 2^-53, and hold while neither the operations nor their errors overflow or
/// underflow.
///
/// Sources: Dekker, Numer. Math. 18 (1971), for fast_two_sum; Knuth, TAOCP 2, 4.2.2, for two_sum; Joldes,
/// Muller and Popescu, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic",
/// ACM TOMS 44 (2017), for the rest, by the numbers of its algorithms.
#ifndef K754_REFERENCE_DOUBLE_DOUBLE_HPP
#define K754_REFERENCE_DOUBLE_DOUBLE_HPP

#include "../bits.hpp"
#include "../detail/config.hpp"
#include "../detail/flags-inl.hpp"
#include "../fma.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// The value high + low. "Normalized": high is that sum rounded to nearest, as all functions here return it.
struct double_double {
  double high;
  double low;
};

/// a + b exactly.
inline double_double two_sum(double a, double b) noexcept {
  const double high = a + b;
  const double b_part = high - a;
  return {high, (a - (high - b_part)) + (b - b_part)};
}

/// a + b exactly, for |a| >= |b| or a = 0.
inline double_double fast_two_sum(double a, double b) noexcept {
  const double high = a + b;
  return {high, b - (high - a)};
}

/// a * b exactly.
inline double_double two_product(double a, double b) noexcept {
  const double high = detail::rounded(a * b);
  return {high, fma(a, b, -high)};
}

/// Algorithm 4: error at most 2 u^2.
inline double_double add(double_double a, double b) noexcept {
  const double_double sum = two_sum(a.high, b);
  return fast_two_sum(sum.high, a.low + sum.low);
}

/// Algorithm 6: error at most 3 u^2 (1 + 4u), whatever the signs.
inline double_double add(double_double a, double_double b) noexcept {
  const double_double high = two_sum(a.high, b.high);
  const double_double low = two_sum(a.low, b.low);
  const double_double sum = fast_two_sum(high.high, high.low + low.high);
  return fast_two_sum(sum.high, low.low + sum.low);
}

/// Algorithm 9: error at most 2 u^2.
inline double_double multiply(double_double a, double b) noexcept {
  const double_double product = two_product(a.high, b);
  return fast_two_sum(product.high, fma(a.low, b, product.low));
}

/// Algorithm 12: error at most 4 u^2.
inline double_double multiply(double_double a, double_double b) noexcept {
  const double_double product = two_product(a.high, b.high);
  const double cross = fma(a.low, b.high, fma(a.high, b.low, a.low * b.low));
  return fast_two_sum(product.high, product.low + cross);
}

/// One step of long division: the exact remainder of the rounded quotient gives its low part. Error at most 8
/// u^2 (quotient digits in the manner of algorithm 17).
inline double_double divide(double_double a, double_double b) noexcept {
  const double quotient = a.high / b.high;
  const double remainder = fma(-quotient, b.high, a.high);
  return fast_two_sum(quotient, fma(-quotient, b.low, remainder + a.low) / b.high);
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_DOUBLE_DOUBLE_HPP

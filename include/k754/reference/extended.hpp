/// The numbers that xlogy and cross-entropy are worked out in: `wide_number<T>`, which is double for float,
/// float16 and bfloat16, and `extended` for double. Both have the operations below, so that one text defines
/// a kernel for every type.
///
/// `extended` is a double-double with an exponent of its own: nothing overflows or underflows before the
/// result is rounded to double, once, by `rounded_to`. Its operations are those of double_double.hpp on
/// significands, and powers of two are exact: where the same formula in plain double_double neither overflows
/// nor underflows, it has the same bits.
///
/// For double nothing needs an exponent: products of three floats and an exponential are far inside its
/// range.
#ifndef K754_REFERENCE_EXTENDED_HPP
#define K754_REFERENCE_EXTENDED_HPP

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fma.hpp"
#include "double_double.hpp"
#include "elementary.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// (high + low) * 2^exponent, the significand normalized with |high| in [1, 2). Zero is {+0, 0, 0}; for an
/// infinity or a NaN, high is it, and the rest is 0.
struct extended {
  double high = 0.0;
  double low = 0.0;
  int exponent = 0;
};

template <floating T>
using wide_number = std::conditional_t<std::same_as<T, double>, extended, double>;

namespace detail_extended {

/// x * 2^n, rounded where that is subnormal.
inline double scaled(double x, int n) noexcept {
  for (; n > 1000; n -= 1000) x *= 0x1p+1000;
  for (; n < -1000; n += 1000) x = detail::rounded(x * 0x1p-1000);
  return detail::rounded(x * power_of_two(n));
}

inline extended normalized(double_double value, int exponent) noexcept {
  if (!is_finite(value.high)) return {canonicalized(value.high), 0.0, 0};
  if (is_zero(value.high)) return {};
  const auto field = [](double x) { return static_cast<int>(to_bits(x) >> 52 & 0x7FF); };
  int shift = 1023 - field(value.high);
  if (is_subnormal(value.high)) shift = 1023 + 64 - field(value.high * 0x1p+64);
  return {scaled(value.high, shift), scaled(value.low, shift), exponent - shift};
}

}  // namespace detail_extended

// Conversions, all exact.

template <std::same_as<double> Number>
double to_number(double x) noexcept {
  return x;
}
template <std::same_as<extended> Number>
extended to_number(double x) noexcept {
  return detail_extended::normalized({x, 0.0}, 0);
}
inline double to_number(std::same_as<double> auto x) noexcept { return x; }
inline extended to_number(double_double x) noexcept { return detail_extended::normalized(x, 0); }
inline extended to_number(scaled_double_double x) noexcept {
  return detail_extended::normalized(x.significand, x.exponent);
}

/// Tells zeros, infinities and NaNs.
inline double leading(double x) noexcept { return x; }
inline double leading(const extended& x) noexcept { return x.high; }

// Sums, differences, products, quotients. `extended` does not keep the sign of a zero.

inline double negated(double x) noexcept { return -x; }
inline extended negated(const extended& x) noexcept {
  return is_zero(x.high) ? x : extended{-x.high, -x.low, x.exponent};
}

/// Algorithm 6 of double_double.hpp after both are brought to the larger exponent. A term below 2^-1000 of
/// the other is left out.
inline extended operator+(const extended& a, const extended& b) noexcept {
  if (!is_finite(a.high) || !is_finite(b.high)) return detail_extended::normalized({a.high + b.high, 0.0}, 0);
  if (is_zero(a.high)) return b;
  if (is_zero(b.high)) return a;
  const bool a_larger = a.exponent >= b.exponent;
  const extended& large = a_larger ? a : b;
  const extended& smaller = a_larger ? b : a;
  const int distance = smaller.exponent - large.exponent;
  if (distance < -1000) return large;
  const double_double x{large.high, large.low};
  const double_double y{detail_extended::scaled(smaller.high, distance),
                        detail_extended::scaled(smaller.low, distance)};
  return detail_extended::normalized(a_larger ? add(x, y) : add(y, x), large.exponent);
}
inline extended operator-(const extended& a, const extended& b) noexcept { return a + negated(b); }

inline double product(double a, double b) noexcept { return detail::rounded(a * b); }
inline extended product(const extended& a, const extended& b) noexcept {
  const double leading_product = a.high * b.high;
  if (!is_finite(leading_product) || is_zero(leading_product)) {
    return detail_extended::normalized({leading_product, 0.0}, 0);
  }
  return detail_extended::normalized(multiply(double_double{a.high, a.low}, double_double{b.high, b.low}),
                                     a.exponent + b.exponent);
}

inline double quotient(double a, double b) noexcept { return a / b; }
inline extended quotient(const extended& a, const extended& b) noexcept {
  const double leading_quotient = a.high / b.high;
  if (!is_finite(leading_quotient) || !is_finite(b.high) || is_zero(leading_quotient)) {
    return detail_extended::normalized({leading_quotient, 0.0}, 0);
  }
  return detail_extended::normalized(divide(double_double{a.high, a.low}, double_double{b.high, b.low}),
                                     a.exponent - b.exponent);
}

/// a * b + c: fused for double, in two steps for extended.
inline double product_plus(double a, double b, double c) noexcept { return fma(a, b, c); }
inline extended product_plus(const extended& a, const extended& b, const extended& c) noexcept {
  return product(a, b) + c;
}

/// The result: one rounding to T, to nearest even; a NaN is canonical. With `Flush`, what is subnormal after
/// rounding is a zero of its sign.
template <floating T, bool Flush = false>
T rounded_to(double x) noexcept {
  return detail::narrow<T, Flush>(x);
}
template <std::same_as<double> T, bool Flush = false>
double rounded_to(const extended& x) noexcept {
  return detail::narrow<double, Flush>(is_finite(x.high) ? round_scaled({{x.high, x.low}, x.exponent})
                                                         : x.high);
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_EXTENDED_HPP

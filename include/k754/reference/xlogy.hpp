/// The definition of xlogy and its gradients, for one element.
///
///     xlogy(x, y)                   = x log(y)
///     xlogy_backward(x, y, upstream) = (upstream log(y), upstream (x / y))
///
/// A zero factor that the caller gave (x, or upstream) decides the product before the other factor is looked
/// at, as `zero_times_inf` says. The logarithm of a negative number is NaN, of a zero of either sign -inf.
///
/// The arithmetic, in the default environment:
///   float, float16, bfloat16: in double: log_positive, x / y, and one product each; then one rounding to the
///   type.
///     Error: 2^-52 relative before it, at most 0.5001 ULP after it.
///   double: in `extended` (double-double with an exponent of its own): log_dd, one quotient, one product;
///   then one
///     rounding. Error: 2^-63 relative before it, at most 0.501 ULP after it, also where the result is
///     subnormal.
///
/// Source: the zero rule of SciPy's xlogy.
#ifndef K754_REFERENCE_XLOGY_HPP
#define K754_REFERENCE_XLOGY_HPP

#include <concepts>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "exp_log.hpp"
#include "extended.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// The rule of the kernels that multiply by a logarithm.
constexpr zero_times_inf zero_rule_of(const policy& p) noexcept {
  return p.zero_times_inf == zero_times_inf::by_kernel ? zero_times_inf::strong_zero : p.zero_times_inf;
}

/// given * log(y). A zero that the caller gave hides every log, that of a negative y too, but not a NaN y.
template <zero_times_inf Rule, class Number>
Number times_log(const Number& given, double y) noexcept {
  if (Rule != zero_times_inf::ieee && is_zero(leading(given))) {
    return Rule == zero_times_inf::strong_zero && is_nan(y) ? nan_number<Number>() : Number{};
  }
  return product(given, logarithm<Number>(y));
}

/// `value` rounded; where it is zero, with the sign that `extended` does not keep.
template <floating T, bool Flush, class Number>
T rounded_with_sign(const Number& value, bool negative) noexcept {
  if (is_zero(leading(value)))
    return from_bits<T>(static_cast<bits_of<T>>(negative ? detail::format_of<T>::sign_bit : 0));
  return rounded_to<T, Flush>(value);
}

/// x log(y). To be evaluated in the scoped environment.
template <policy P, floating T>
T xlogy_element(T x, T y) noexcept {
  using number = wide_number<T>;
  constexpr bool flush = P.subnormals == subnormals::flush;
  constexpr zero_times_inf rule = zero_rule_of(P);
  const double a = detail::widen<flush>(x), b = detail::widen<flush>(y);
  const bool strong = rule != zero_times_inf::ieee && is_zero(a);
  return rounded_with_sign<T, flush>(times_log<rule>(to_number<number>(a), b),
                                     !strong && sign_bit(a) != (b < 1.0));
}

/// The gradients of both operands, for one element.
template <floating T>
struct xlogy_gradients {
  T x;
  T y;
};

/// (upstream log(y), upstream (x / y)). To be evaluated in the scoped environment.
template <policy P, floating T>
xlogy_gradients<T> xlogy_backward_element(T x, T y, T upstream) noexcept {
  using number = wide_number<T>;
  constexpr bool flush = P.subnormals == subnormals::flush;
  constexpr zero_times_inf rule = zero_rule_of(P);
  const double a = detail::widen<flush>(x), b = detail::widen<flush>(y), g = detail::widen<flush>(upstream);
  const T of_x = xlogy_element<P>(upstream, y);
  if (rule != zero_times_inf::ieee && (is_zero(a) || is_zero(g))) {
    const bool poisoned = rule == zero_times_inf::strong_zero && (is_nan(a) || is_nan(b) || is_nan(g));
    return {of_x, poisoned ? canonical_nan<T>() : from_bits<T>(0)};
  }
  if (is_zero(b))
    return {of_x, detail::narrow<T, flush>(g * (a / b))};  // an infinity with the sign of the zero, or NaN
  const number slope = quotient(to_number<number>(a), to_number<number>(b));
  const bool negative = (sign_bit(a) != sign_bit(b)) != sign_bit(g);
  return {of_x, rounded_with_sign<T, flush>(product(to_number<number>(g), slope), negative)};
}

/// x log(y), in any floating-point environment.
template <policy P = policy{}, floating T>
T xlogy(T x, T y) noexcept {
  T result{};
  in_default_environment([&] { result = xlogy_element<P>(x, y); });
  return result;
}

/// (upstream log(y), upstream (x / y)), in any floating-point environment.
template <policy P = policy{}, floating T>
xlogy_gradients<T> xlogy_backward(T x, T y, T upstream) noexcept {
  xlogy_gradients<T> result{};
  in_default_environment([&] { result = xlogy_backward_element<P>(x, y, upstream); });
  return result;
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_XLOGY_HPP

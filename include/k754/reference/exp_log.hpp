/// The definition of exp, log and log1p, for one element.
///
///     exp       NaN for NaN, +0 at -inf, +inf at +inf
///     log       NaN for NaN and below 0, -inf for zeros of both signs, +0 at 1, +inf at +inf
///     log1p     NaN for NaN and below -1, -inf at -1, zeros as they are, +inf at +inf
///
/// The arithmetic, in the default environment:
///   float, float16, bfloat16: in double, by exp_nonpositive, log_positive or log1p_nonnegative; one rounding to the
///     type. The result is the nearest number to the exact value, for every input: the double lies on the same side of
///     what is halfway between two numbers, but for 5 floats in log and 9 in log1p where it lies halfway itself.
///     Their results are in a table. tests/exhaustive goes through all floats; every run of the tests through all of
///     16 bits.
///   double: in double-double, by exp_nonpositive, log_dd or log1p_nonnegative (log_dd for x >= 2^1000); one rounding.
///     Error: 2^-64 relative before it, at most 0.501 ULP after it, also where the result is subnormal.
///
/// Under `subnormals::flush` inputs are flushed before, and results after.
#ifndef K754_REFERENCE_EXP_LOG_HPP
#define K754_REFERENCE_EXP_LOG_HPP

#include <array>
#include <concepts>
#include <cstddef>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "elementary.hpp"
#include "extended.hpp"

namespace k754::reference {

enum class exp_or_log { exp, log, log1p };

inline namespace K754_ABI {

namespace detail_exp_log {

/// The exponential of what is larger is infinite in the widest format of those kernels.
inline constexpr double largest_exponent = 89.0, largest_exponent_of_double = 710.0;

/// log(1 + x) of such doubles and beyond is log(x), to 2^-1000.
inline constexpr double no_one_left = 0x1p+1000;

/// A float for which the double is halfway between two floats, and that of the two which is nearer to the exact
/// value.
struct halfway {
  float x, result;
};
inline constexpr std::array<halfway, 5> log_halfway = {{{0x1.827a74p-7F, -0x1.1c2b1ep+2F},
                                                        {0x1.2f1fd6p+3F, 0x1.1fcbcep+1F},
                                                        {0x1.bacb4ap+25F, 0x1.1e0696p+4F},
                                                        {0x1.b121a6p+76F, 0x1.a9a3f2p+5F},
                                                        {0x1.6351d8p+95F, 0x1.08b512p+6F}}};
inline constexpr std::array<halfway, 9> log1p_halfway = {{{0x1.800006p-21F, 0x1.7ffffep-21F},
                                                          {0x1.200036p-17F, 0x1.1fffe6p-17F},
                                                          {0x1.fb035ap-2F, 0x1.9bddc2p-2F},
                                                          {0x1.0f1fd6p+3F, 0x1.1fcbcep+1F},
                                                          {0x1.b121a6p+76F, 0x1.a9a3f2p+5F},
                                                          {0x1.6351d8p+95F, 0x1.08b512p+6F},
                                                          {-0x1.7ffffap-21F, -0x1.800002p-21F},
                                                          {-0x1.1fffcap-17F, -0x1.20001ap-17F},
                                                          {-0x1.1d9188p-9F, -0x1.1de14ap-9F}}};

/// The result in the table, or the one computed.
template <std::size_t Count>
float corrected(const std::array<halfway, Count>& table, float x, float result) noexcept {
  for (const halfway& one : table) {
    if (one.x == x) return one.result;
  }
  return result;
}

}  // namespace detail_exp_log

template <class Number>
Number nan_number() noexcept {
  return to_number<Number>(canonical_nan<double>());
}

/// exp(x), special values included.
template <class Number>
Number exponential_of(double x) noexcept {
  using namespace detail_exp_log;
  if (is_nan(x)) return nan_number<Number>();
  constexpr bool single = std::same_as<Number, double>;
  if (x > (single ? largest_exponent : largest_exponent_of_double)) {
    return to_number<Number>(infinity<double>());
  }
  if constexpr (single) {
    return exp_nonpositive(x);
  } else {
    return to_number(exp_nonpositive(double_double{x, 0.0}));
  }
}

/// log(y), special values included.
template <class Number>
Number logarithm(double y) noexcept {
  if (is_nan(y) || (sign_bit(y) && !is_zero(y))) return nan_number<Number>();
  if (is_zero(y)) return to_number<Number>(negative_infinity<double>());
  if (is_infinite(y)) return to_number<Number>(y);
  if constexpr (std::same_as<Number, double>) {
    return log_positive(y);
  } else {
    return to_number(log_dd(y));
  }
}

/// log(1 + x), special values included, for x other than zero.
template <class Number>
Number logarithm_of_one_plus(double x) noexcept {
  if (is_nan(x) || x < -1.0) return nan_number<Number>();
  if (x == -1.0) return to_number<Number>(negative_infinity<double>());
  if (is_infinite(x)) return to_number<Number>(x);
  if constexpr (std::same_as<Number, double>) {
    return log1p_nonnegative(x);
  } else if (x >= detail_exp_log::no_one_left) {
    return to_number(log_dd(x));
  } else {
    return to_number(log1p_nonnegative(double_double{x, 0.0}));
  }
}

/// To be evaluated in the scoped environment.
template <exp_or_log F, bool Flush, floating T>
T exp_or_log_element(T x) noexcept {
  using number = wide_number<T>;
  using namespace detail_exp_log;
  const double v = detail::widen<Flush>(x);
  T result;
  if constexpr (F == exp_or_log::exp) {
    result = rounded_to<T, Flush>(exponential_of<number>(v));
  } else if constexpr (F == exp_or_log::log) {
    result = rounded_to<T, Flush>(logarithm<number>(v));
    if constexpr (std::same_as<T, float>) result = corrected(log_halfway, x, result);
  } else {
    if (is_zero(v)) return static_cast<T>(v);
    result = rounded_to<T, Flush>(logarithm_of_one_plus<number>(v));
    if constexpr (std::same_as<T, float>) result = corrected(log1p_halfway, x, result);
  }
  return result;
}

namespace detail_exp_log {

template <exp_or_log F, policy P, floating T>
T in_any_environment(T x) noexcept {
  T result{};
  in_default_environment([&] { result = exp_or_log_element<F, P.subnormals == subnormals::flush>(x); });
  return result;
}

}  // namespace detail_exp_log

/// exp(x), log(x), log(1 + x), in any floating-point environment.
template <policy P = policy{}, floating T>
T exp(T x) noexcept {
  return detail_exp_log::in_any_environment<exp_or_log::exp, P>(x);
}
template <policy P = policy{}, floating T>
T log(T x) noexcept {
  return detail_exp_log::in_any_environment<exp_or_log::log, P>(x);
}
template <policy P = policy{}, floating T>
T log1p(T x) noexcept {
  return detail_exp_log::in_any_environment<exp_or_log::log1p, P>(x);
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_EXP_LOG_HPP

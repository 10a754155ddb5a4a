/// The definition of where, its gradient, and the guarded composite.
///
///     where(c, x, y)                           = c ? x : y
///     where_backward(c, upstream)              = (c ? upstream : +0, c ? +0 : upstream)
///     where_apply(c, f, x, y)                  = c ? f(x) : y            f is called on no other x
///     where_apply_backward(c, f', x, upstream) = (c ? upstream * f'(x) : +0, c ? +0 : upstream)
///
/// A selection copies bits (IEEE 754-2019, 5.5.1: copy is quiet), so no floating-point environment can reach
/// it, and nothing is ever multiplied by a mask. The one product is rounded once: exact in double for float,
/// float16 and bfloat16 (24 + 24 bits fit in 53, and no exponent overflows), and then rounded to the type.
#ifndef K754_REFERENCE_WHERE_HPP
#define K754_REFERENCE_WHERE_HPP

#include <bit>
#include <concepts>
#include <cstdint>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/config.hpp"
#include "../detail/flags-inl.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../status.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// The conditions that numbers make. A NaN is not zero, a subnormal is not zero, -0 is.
template <element T>
constexpr bool nonzero(T x) noexcept {
  if constexpr (floating<T>) {
    return !is_zero(x);
  } else {
    return x != T{};
  }
}

/// x > threshold on integer keys: false where either is NaN, -0 equals +0, subnormals count.
template <element T>
constexpr bool greater_than(T x, T threshold) noexcept {
  if constexpr (floating<T>) {
    if (is_nan(x) || is_nan(threshold) || (is_zero(x) && is_zero(threshold))) return false;
  }
  return order_key(x) > order_key(threshold);
}

template <class T>
constexpr T where(bool condition, T x, T y) noexcept {
  if constexpr (floating<T>) {
    return from_bits<T>(condition ? to_bits(x) : to_bits(y));
  } else {
    return condition ? x : y;
  }
}

/// The gradients of the two operands, for one element.
template <class T>
struct operand_gradients {
  T x;
  T y;
};

template <class T>
constexpr operand_gradients<T> where_backward(bool condition, T upstream) noexcept {
  return {where(condition, upstream, T{}), where(condition, T{}, upstream)};
}

template <class F, class T>
constexpr T where_apply(bool condition, F&& f, T x, T y) {
  if (condition) return f(x);
  return y;
}

/// upstream * slope, to be evaluated in the scoped environment. Under a zero_times_inf rule other than ieee a
/// zero factor decides: +0, but NaN for 0 * NaN under strong_zero.
template <policy P = policy{}, floating T>
T gradient_product(T upstream, T slope) noexcept {
  constexpr bool flush = P.subnormals == subnormals::flush;
  const double a = detail::widen<flush>(upstream), b = detail::widen<flush>(slope);
  if constexpr (P.zero_times_inf == zero_times_inf::strong_zero) {
    if ((is_zero(a) && !is_nan(b)) || (is_zero(b) && !is_nan(a))) return T{};
  } else if constexpr (P.zero_times_inf == zero_times_inf::annihilating_zero) {
    if (is_zero(a) || is_zero(b)) return T{};
  }
  return detail::narrow<T, flush>(a * b);
}

/// For one element, in any floating-point environment; `derivative` is called in the caller's.
template <policy P = policy{}, class F, floating T>
operand_gradients<T> where_apply_backward(bool condition, F&& derivative, T x, T upstream) {
  operand_gradients<T> result = where_backward(condition, upstream);
  if (condition) {
    const T slope = derivative(x);
    in_default_environment([&] { result.x = gradient_product<P>(upstream, slope); });
  }
  return result;
}

// Along a run of elements; a condition says `condition(i)`. What is copied is held as unsigned integers of
// its width. Every input of an element is read before an output is written. Out of line: inlined over small arrays, GCC 12 warns of overflows that cannot happen.

template <std::unsigned_integral Bits, class Condition>
[[gnu::noinline]] void where(const Condition& condition, detail::strided<const Bits> x,
                             detail::strided<const Bits> y, detail::strided<Bits> output,
                             index_t n) noexcept {
  for (index_t i = 0; i < n; ++i) {
    detail::store(output.at(i), where(condition(i), detail::load(x.at(i)), detail::load(y.at(i))));
  }
}

template <std::unsigned_integral Bits, class Condition>
[[gnu::noinline]] void where_backward(const Condition& condition, detail::strided<const Bits> upstream,
                                      detail::strided<Bits> dx, detail::strided<Bits> dy,
                                      index_t n) noexcept {
  for (index_t i = 0; i < n; ++i) {
    const operand_gradients<Bits> gradient = where_backward(condition(i), detail::load(upstream.at(i)));
    detail::store(dx.at(i), gradient.x);
    detail::store(dy.at(i), gradient.y);
  }
}

template <std::unsigned_integral Bits, element T, class Condition, class F>
[[gnu::noinline]] void where_apply(const Condition& condition, const F& f, detail::strided<const T> x,
                                   detail::strided<const Bits> y, detail::strided<Bits> output, index_t n) {
  const auto bits_of_value = [&](index_t i) { return std::bit_cast<Bits>(f(detail::load(x.at(i)))); };
  for (index_t i = 0; i < n; ++i) {
    detail::store(output.at(i), condition(i) ? bits_of_value(i) : detail::load(y.at(i)));
  }
}

/// The first half of where_apply_backward, in the caller's environment: conditions, and slopes where they are
/// true.
template <floating T, class Condition, class F>
[[gnu::noinline]] void where_apply_slopes(const Condition& condition, const F& derivative,
                                          detail::strided<const T> x, bool* live, T* slope, index_t n) {
  for (index_t i = 0; i < n; ++i) {
    live[i] = condition(i);
    if (live[i]) slope[i] = derivative(detail::load(x.at(i)));
  }
}

/// The second half, in the scoped environment. Where dy is not wanted it has a null pointer.
template <policy P, floating T>
[[gnu::noinline]] void where_apply_products(const bool* live, const T* slope,
                                            detail::strided<const bits_of<T>> upstream,
                                            detail::strided<bits_of<T>> dx, detail::strided<bits_of<T>> dy,
                                            index_t n) noexcept {
  for (index_t i = 0; i < n; ++i) {
    operand_gradients<bits_of<T>> gradient = where_backward(live[i], detail::load(upstream.at(i)));
    if (live[i]) gradient.x = to_bits(gradient_product<P>(from_bits<T>(gradient.x), slope[i]));
    detail::store(dx.at(i), gradient.x);
    if (dy.first != nullptr) detail::store(dy.at(i), gradient.y);
  }
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_WHERE_HPP

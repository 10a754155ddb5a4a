/// xlogy: x log(y) element by element, with a zero x that stays zero, and both gradients.
///
///     k754::xlogy(p, q, output);                             // [N, 1] and [C] broadcast to [N, C]
///     k754::xlogy(p, p, p);                                  // in place: -entropy, term by term
///     k754::xlogy_backward(x, y, upstream, dx, dy);          // either gradient may be nullptr
///
/// Shapes      Inputs broadcast together by NumPy's rules, up to 8 axes, extents of 0 included; outputs have
///             exactly that shape (`sum_to_shape` reduces the gradient of an operand that was broadcast).
///             Any element strides, negative and (but for outputs) zero too. Inputs may be scalars.
/// Types       float, double, float16, bfloat16 and types stored as these; one type for all.
/// Result      x log(y), at most 0.5001 ULP (float16 0.5005, f64 0.501), with gradual underflow. log(y) is
///             NaN for y < 0 and -inf for zeros of both signs (XL-05, XL-06).
/// Zeros       A zero x gives +0 for every y but NaN, also for y = 0, inf and negative y, as SciPy has it
///             (XL-01 .. XL-04); zero_times_inf::ieee multiplies (XL-10), annihilating_zero hides a NaN too
///             (XL-11). The zero of log(1) is not of this kind: xlogy(inf, 1) is NaN (XL-07).
/// Gradients   dx = upstream log(y), dy = upstream (x / y), with the accuracy of the result. Zeros of
///             upstream, and for dy of x, are strong in the same way: dy is +0 at x = 0, y = 0 (XL-12 ..
///             XL-15). dx does not depend on x: it is -inf at y = 0 also for x = 0, as the true derivative
///             is.
/// Policy      subnormals, zero_times_inf (by_kernel is strong_zero).
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap,
///             overlap.
/// Aliasing    An output may be an input where, after broadcasting, every index writes the very element that
///             it reads; other common bytes are errors. Outputs share nothing with each other.
/// Cost        One logarithm for each element of the output, no scratch memory; on vectors where there is fused
///             multiply-add. double takes thrice the time of float, more where operands or results are extreme.
/// Source      reference/xlogy.hpp defines the arithmetic; SciPy's xlogy the zero rule.
#ifndef K754_XLOGY_HPP
#define K754_XLOGY_HPP

#include "call/xlogy.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class X, class Y, detail::xlogy_of<X, Y> Output>
constexpr check_result check_xlogy(X&& x, Y&& y, Output&& output) noexcept {
  return detail::checked(detail::xlogy_call<P>(x, y, output));
}

/// output = x log(y).
template <policy P = policy{}, class X, class Y, detail::xlogy_of<X, Y> Output, executor Ex = serial_executor>
[[nodiscard]] status try_xlogy(X&& x, Y&& y, Output&& output, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::xlogy_call<P>(x, y, output), ex);
}
template <policy P = policy{}, class X, class Y, detail::xlogy_of<X, Y> Output, executor Ex = serial_executor>
void xlogy(X&& x, Y&& y, Output&& output, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_xlogy");
  detail::call_or_throw(detail::xlogy_call<P>(x, y, output), ex);
}

/// Whether these arguments would be accepted by xlogy_backward.
template <policy P = policy{}, class X, class Y, class G, class Dx, class Dy>
requires detail::xlogy_gradients_of<Dx, Dy, X, Y, G>
constexpr check_result check_xlogy_backward(X&& x, Y&& y, G&& upstream, Dx&& dx, Dy&& dy) noexcept {
  return detail::checked(detail::xlogy_backward_call<P>(x, y, upstream, dx, dy));
}

/// dx = upstream log(y) and dy = upstream (x / y), in the output's shape. Either may be `nullptr`.
template <policy P = policy{}, class X, class Y, class G, class Dx, class Dy, executor Ex = serial_executor>
requires detail::xlogy_gradients_of<Dx, Dy, X, Y, G>
[[nodiscard]] status try_xlogy_backward(X&& x, Y&& y, G&& upstream, Dx&& dx, Dy&& dy, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::xlogy_backward_call<P>(x, y, upstream, dx, dy), ex);
}
template <policy P = policy{}, class X, class Y, class G, class Dx, class Dy, executor Ex = serial_executor>
requires detail::xlogy_gradients_of<Dx, Dy, X, Y, G>
void xlogy_backward(X&& x, Y&& y, G&& upstream, Dx&& dx, Dy&& dy, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_xlogy_backward");
  detail::call_or_throw(detail::xlogy_backward_call<P>(x, y, upstream, dx, dy), ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_XLOGY_HPP

#include "targets/order-inl.hpp"

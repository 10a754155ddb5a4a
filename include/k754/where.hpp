/// where: one of two operands, element by element, and never a look at the other.
///
///     k754::where(condition, x, y, output);                    // [N, 1], [C] and [] broadcast to [N, C]
///     k754::where(k754::packed_bits(bytes, C), x, y, output);  // 8 conditions a byte
///     k754::where(k754::greater_than(x, 0.0F), x, 0.0F, x);    // ReLU in place
///     k754::where_backward(condition, upstream, dx, nullptr);  // the gradient of x alone
///     k754::where_apply(k754::greater_than(x, 0.0F), [](float v) { return std::log(v); }, x, 0.0F, output);
///
/// Shapes      Inputs broadcast together by NumPy's rules, up to 8 axes, extents of 0 included (WH-06); the
///             output has exactly that shape. Gradients have the output's shape, to which the inputs of the
///             backward functions broadcast. Any element strides, negative and zero too; an output's must not
///             make two elements one. x, y and upstream may be scalars (one value), the condition a bool.
/// Types       x, y, upstream and the outputs have one element type, whichever: nothing is promoted (WH-10).
///             The condition has bytes: bool, uint8 or int8, of which any that is not 0 is true (WH-09).
///             Other tensors become conditions by name (conditions.hpp): `nonzero(x)`, `greater_than(x,
///             threshold)` (WH-05), `packed_bits(bytes, columns)`, least significant bit first (WH-19).
/// Result      Selected elements are copied as bits: -0, subnormals, signalling NaNs and payloads pass as they
///             are, whatever FTZ/DAZ say, and raise no flag (WH-02 .. WH-04, WH-12 .. WH-15). The operand
///             that is not selected has no effect, whatever it holds (WH-01); nor has the upstream gradient
///             of its place: the gradient there is +0 (WH-07).
///             where_apply is condition ? f(x) : y, and calls f nowhere else. The chain rule, applied to
///             where(x > 0, log(x), 0), multiplies 0 by the infinite derivative of the dead branch (WH-08,
///             WH-16); where_apply_backward does not.
/// Policy      where_apply_backward: subnormals, zero_times_inf (by_kernel is ieee). The others read none.
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap,
///             overlap; of packed bits also invalid_option; callback_threw.
/// Aliasing    An output may share memory with an input where, after broadcasting, every index writes the
///             very element that it reads there: x, y, upstream, a condition with elements of the same size,
///             but not an operand that repeats elements. Any other common byte is an error, and any of packed
///             bits; interleaved elements of one buffer have none. Outputs share nothing with each other. A
///             scalar may be an element of an output: it is read first.
/// Cost        One pass over the output's elements, in the order in which they lie in memory. No scratch
///             memory; at most 52 KiB of stack. Where operands and output together exceed the last-level cache,
///             an output of more than 1 MiB that is no input is written past the caches.
#ifndef K754_WHERE_HPP
#define K754_WHERE_HPP

#include "call/forms.hpp"
#include "call/where.hpp"
#include "conditions.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "status.hpp"

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <detail::condition_like Condition, class X, class Y, class Output>
requires detail::branches_of<Output, X, Y>
constexpr check_result check_where(Condition&& condition, X&& x, Y&& y, Output&& output) noexcept {
  return detail::checked(detail::where_call(condition, x, y, output));
}

/// output = condition ? x : y.
template <detail::condition_like Condition, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::branches_of<Output, X, Y>
[[nodiscard]] status try_where(Condition&& condition, X&& x, Y&& y, Output&& output,
                               Executor&& ex = {}) noexcept {
  return detail::try_call(detail::where_call(condition, x, y, output), ex);
}
template <detail::condition_like Condition, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::branches_of<Output, X, Y>
void where(Condition&& condition, X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_where");
  detail::call_or_throw(detail::where_call(condition, x, y, output), ex);
}

/// Whether these arguments would be accepted by where_backward.
template <detail::condition_like Condition, class Upstream, class Dx, class Dy>
requires detail::gradients_of<Upstream, Dx, Dy>
constexpr check_result check_where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx,
                                            Dy&& dy) noexcept {
  return detail::checked(detail::where_backward_call(condition, upstream, dx, dy));
}

/// The gradients of where in the output's shape: dx = condition ? upstream : +0, dy = condition ? +0 :
/// upstream. Either may be `nullptr`. For an operand that was broadcast, `sum_to_shape` reduces its gradient
/// to its shape.
template <detail::condition_like Condition, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::gradients_of<Upstream, Dx, Dy>
[[nodiscard]] status try_where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx, Dy&& dy,
                                        Executor&& ex = {}) noexcept {
  return detail::try_call(detail::where_backward_call(condition, upstream, dx, dy), ex);
}
template <detail::condition_like Condition, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::gradients_of<Upstream, Dx, Dy>
void where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx, Dy&& dy, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Upstream>,
                "k754: exceptions are off in this unit; call try_where_backward");
  detail::call_or_throw(detail::where_backward_call(condition, upstream, dx, dy), ex);
}

/// Whether these arguments would be accepted by where_apply.
template <detail::condition_like Condition, class F, class X, class Y, class Output>
requires detail::applied_branches_of<Output, F, X, Y>
constexpr check_result check_where_apply(Condition&& condition, F&& f, X&& x, Y&& y,
                                         Output&& output) noexcept {
  return detail::checked(detail::where_apply_call(condition, f, x, y, output));
}

/// output = condition ? f(x) : y. `f` takes an element of x as the caller gave it (`_Float16` from a tensor
/// of these) and returns the element type; it is called once for each element of the output whose condition
/// holds, in the caller's floating-point environment, by several threads where the executor has them. What it
/// returns is kept as bits. What it throws is thrown again once all threads are done; try_where_apply gives
/// `status::callback_threw`.
template <detail::condition_like Condition, class F, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::applied_branches_of<Output, F, X, Y>
[[nodiscard]] status try_where_apply(Condition&& condition, F&& f, X&& x, Y&& y, Output&& output,
                                     Executor&& ex = {}) noexcept {
  return detail::try_call(detail::where_apply_call(condition, f, x, y, output), ex);
}
template <detail::condition_like Condition, class F, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::applied_branches_of<Output, F, X, Y>
void where_apply(Condition&& condition, F&& f, X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_where_apply");
  detail::call_or_throw(detail::where_apply_call(condition, f, x, y, output), ex);
}

/// Whether these arguments would be accepted by where_apply_backward.
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
constexpr check_result check_where_apply_backward(Condition&& condition, F&& derivative, X&& x,
                                                  Upstream&& upstream, Dx&& dx, Dy&& dy) noexcept {
  return detail::checked(detail::where_apply_backward_call<P>(condition, derivative, x, upstream, dx, dy));
}

/// The gradients of where_apply in the output's shape: dx = condition ? upstream * derivative(x) : +0, the
/// product rounded once and a NaN canonical, dy = condition ? +0 : upstream. `derivative` is called as `f`
/// is; dy may be `nullptr` (for dy alone call where_backward). Floating types only.
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy, executor Executor = serial_executor>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
[[nodiscard]] status try_where_apply_backward(Condition&& condition, F&& derivative, X&& x,
                                              Upstream&& upstream, Dx&& dx, Dy&& dy,
                                              Executor&& ex = {}) noexcept {
  return detail::try_call(detail::where_apply_backward_call<P>(condition, derivative, x, upstream, dx, dy),
                          ex);
}
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy, executor Executor = serial_executor>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
void where_apply_backward(Condition&& condition, F&& derivative, X&& x, Upstream&& upstream, Dx&& dx, Dy&& dy,
                          Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_where_apply_backward");
  detail::call_or_throw(detail::where_apply_backward_call<P>(condition, derivative, x, upstream, dx, dy), ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_WHERE_HPP

#include "targets/order-inl.hpp"

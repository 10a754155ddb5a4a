/// exp, log and log1p, element by element: the nearest number to the exact value.
///
///     k754::exp(x, y);                                       // y = e^x
///     k754::log(x, x);                                       // in place
///     k754::log1p(x, y, my_threads);                         // y = log(1 + x), accurate where x is small
///
/// Shapes      The output has the input's shape, up to 8 axes, extents of 0 included. Any element strides, negative
///             and (for the input) zero too.
/// Types       float, double, float16, bfloat16 and types stored as these; one type for both.
/// Result      float, float16, bfloat16: correctly rounded, for every input, with gradual underflow. (Shown for all
///             2^32 floats against MPFR.) double: at most 0.501 ULP, also where the result is subnormal.
/// exp         +0 at -inf, +inf at +inf; 1 at zeros of both signs (EL-01 .. EL-04).
/// log         -inf for zeros of both signs, NaN below, +0 at 1, +inf at +inf (EL-05 .. EL-08).
/// log1p       -inf at -1, NaN below, zeros keep their sign, +inf at +inf (EL-09 .. EL-12).
/// NaN         The canonical NaN for every NaN (EL-13).
/// Policy      subnormals: under `flush` a subnormal input is the zero of its sign, so that its log is -inf (EL-14).
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap, overlap.
/// Aliasing    The output may be the input where every index writes the very element that it reads; other common
///             bytes are errors.
/// Cost        On vectors of doubles where there is fused multiply-add. No scratch memory. double takes three times as
///             long as float, more where results are subnormal.
/// Source      reference/exp_log.hpp defines the arithmetic; reference/elementary.hpp names the algorithms. Special
///             values: IEEE 754-2019, 9.2.1.
#ifndef K754_EXP_LOG_HPP
#define K754_EXP_LOG_HPP

#include "call/exp_log.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output>
constexpr check_result check_exp(Input&& input, Output&& output) noexcept {
  return detail::checked(detail::exp_log_call<reference::exp_or_log::exp, P>(input, output));
}
/// output = e^input
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output,
          executor Ex = serial_executor>
[[nodiscard]] status try_exp(Input&& input, Output&& output, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::exp_log_call<reference::exp_or_log::exp, P>(input, output), ex);
}
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output,
          executor Ex = serial_executor>
void exp(Input&& input, Output&& output, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_exp");
  detail::call_or_throw(detail::exp_log_call<reference::exp_or_log::exp, P>(input, output), ex);
}

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output>
constexpr check_result check_log(Input&& input, Output&& output) noexcept {
  return detail::checked(detail::exp_log_call<reference::exp_or_log::log, P>(input, output));
}
/// output = the natural logarithm of input
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output,
          executor Ex = serial_executor>
[[nodiscard]] status try_log(Input&& input, Output&& output, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::exp_log_call<reference::exp_or_log::log, P>(input, output), ex);
}
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output,
          executor Ex = serial_executor>
void log(Input&& input, Output&& output, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_log");
  detail::call_or_throw(detail::exp_log_call<reference::exp_or_log::log, P>(input, output), ex);
}

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output>
constexpr check_result check_log1p(Input&& input, Output&& output) noexcept {
  return detail::checked(detail::exp_log_call<reference::exp_or_log::log1p, P>(input, output));
}
/// output = log(1 + input)
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output,
          executor Ex = serial_executor>
[[nodiscard]] status try_log1p(Input&& input, Output&& output, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::exp_log_call<reference::exp_or_log::log1p, P>(input, output), ex);
}
template <policy P = policy{}, class Input, detail::exp_or_log_of<Input> Output,
          executor Ex = serial_executor>
void log1p(Input&& input, Output&& output, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_log1p");
  detail::call_or_throw(detail::exp_log_call<reference::exp_or_log::log1p, P>(input, output), ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_EXP_LOG_HPP

#include "targets/order-inl.hpp"

/// argmin and argmax: where the extreme element of each row is.
///
///     std::int64_t i = k754::argmax(row);                               // one row
///     k754::argmax(logits, labels, {.axis = 1});                        // [N, C, H, W] -> [N, H, W]
///     k754::argmin<k754::policy{.nans = k754::nans::omit}>(x, index);   // like numpy.nanargmin, -1 for all NaN
///
/// Shapes      input [d0, ..., d(r-1)], r in 1..8; output without axis `axis`, or with extent 1 there (`keepdims`).
///             Any element strides, negative and zero too; the output's must not make two elements one.
/// Types       input: float, double, float16, bfloat16, 8 to 64-bit integers, bool (any nonzero byte is true), and
///             types stored as these. Output: std::int32_t or std::int64_t.
/// Result      By default NumPy's: the first of equal elements (AM-12), -0 equals +0 (AM-06), the first NaN wins for
///             argmax and argmin alike, so x[argmax(x)] is max(x) (AM-01 .. AM-05, AM-21). Subnormals count, whatever
///             FTZ/DAZ say (AM-08 .. AM-11). No result depends on length, position, rank, stride or thread (AM-20).
/// Policy      nans, ties, zeros, subnormals; all_nan (read under nans::omit, AM-18) and empty_axis (AM-16).
///             nans::total_order with subnormals::flush does not compile.
/// Errors      axis_out_of_range, rank_mismatch, shape_mismatch, empty_reduction (unless empty_axis::sentinel: -1),
///             size_overflow, index_type_too_small, null_pointer, self_overlap, overlap (the output must share no memory
///             with the input); all_nan_row only under all_nan::error. An empty output is no error (AM-17).
/// Cost        One pass over the input (two under all_nan::error), no memory but up to 80 KiB of stack. What lies
///             between elements of the input may be read with them; what lies before the first or past the last is not.
#ifndef K754_ARGMAX_HPP
#define K754_ARGMAX_HPP

#include <cstdint>

#include "call/argmax.hpp"
#include "call/forms.hpp"
#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "simd.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

struct argmax_options {
  index_t axis = -1;      ///< the axis that is searched; negative counts from the end
  bool keepdims = false;  ///< keep the searched axis in the output, with extent 1
};

inline namespace K754_KERNEL_ABI {

/// Whether these arguments would be accepted; shapes and options only, where evaluated at compile time.
template <policy P = policy{}, tensor_like Input, detail::index_output Output>
constexpr check_result check_argmax(Input&& input, Output&& output,
                                    const argmax_options& options = {}) noexcept {
  return detail::checked(detail::arg_extremum_of<extremum::maximum, P>(input, output, options));
}
template <policy P = policy{}, tensor_like Input, detail::index_output Output>
constexpr check_result check_argmin(Input&& input, Output&& output,
                                    const argmax_options& options = {}) noexcept {
  return detail::checked(detail::arg_extremum_of<extremum::minimum, P>(input, output, options));
}

/// Writes the index of the greatest element of each row of `input` to `output`.
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_argmax(Input&& input, Output&& output, const argmax_options& options = {},
                                Executor&& ex = {}) noexcept {
  return detail::try_call(detail::arg_extremum_of<extremum::maximum, P>(input, output, options), ex);
}
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
void argmax(Input&& input, Output&& output, const argmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_argmax");
  detail::call_or_throw(detail::arg_extremum_of<extremum::maximum, P>(input, output, options), ex);
}

/// Writes the index of the least element of each row of `input` to `output`.
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_argmin(Input&& input, Output&& output, const argmax_options& options = {},
                                Executor&& ex = {}) noexcept {
  return detail::try_call(detail::arg_extremum_of<extremum::minimum, P>(input, output, options), ex);
}
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
void argmin(Input&& input, Output&& output, const argmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_argmin");
  detail::call_or_throw(detail::arg_extremum_of<extremum::minimum, P>(input, output, options), ex);
}

/// The index of the greatest (least) element of one row. The try_ form of this is the one above with a rank-0 output,
/// `tensor_view(&index)`.
template <policy P = policy{}, tensor_like Input>
std::int64_t argmax(Input&& input) {
  detail::throw_if_failed(
      detail::check_rank("argmax", "input", detail::layout_of(detail::input_view(input)), 1));
  std::int64_t index = 0;
  argmax<P>(input, tensor_view(&index));
  return index;
}
template <policy P = policy{}, tensor_like Input>
std::int64_t argmin(Input&& input) {
  detail::throw_if_failed(
      detail::check_rank("argmin", "input", detail::layout_of(detail::input_view(input)), 1));
  std::int64_t index = 0;
  argmin<P>(input, tensor_view(&index));
  return index;
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_ARGMAX_HPP

#include "targets/order-inl.hpp"

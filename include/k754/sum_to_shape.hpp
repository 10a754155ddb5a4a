/// sum_to_shape: the inverse of broadcasting, which gradients of broadcast operands need.
///
///     k754::where_backward(condition, upstream, dx, nullptr);  // dx [N, C], the output's shape
///     k754::sum_to_shape(dx, bias_gradient);                   // [N, C] -> [C]
///     k754::sum_to_shape(dx, total);                           // -> [1, 1], [1] or []
///
/// Shapes      The output's shape broadcasts to the input's by NumPy's rules: input [N, C, H, W], output
///             [C, 1, 1], ... Every axis that the output lacks, or has with extent 1, is summed over. Any
///             element strides, negative and zero too; the output's must not make two elements one.
/// Types       float, double, float16, bfloat16, 8 to 64-bit integers, and types stored as these; one type.
/// Result      float, float16, bfloat16: summed in double, in the order of reference/lane_sum.hpp over the
///             summed axes in row-major order, and rounded once: within half an ULP plus
///             2^-46 sum|x| of the exact sum of up to 2^20 elements (d 2^-53 sum|x| for n, d = 68 +
///             log2(n/1024)). double: compensated, in the same order: half an ULP plus the square of that
///             factor times sum|x|. Integers: exact modulo 2^w. The same bits for every layout, batch and
///             thread.
/// Special     A sum is infinite only where a term is, or where it rounds to that: there is no intermediate
///             overflow. A NaN (from a term, or inf - inf) is canonical. A sum of zeros, whatever their
///             signs, or of no elements (an extent of 0) is +0. One element is a sum too: where nothing is
///             summed over, -0 becomes +0 and NaNs canonical.
/// Policy      subnormals.
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap,
///             overlap (the output must share no memory with the input).
/// Cost        One pass over the input (two for a sum of doubles that overflows), no scratch memory. Threads
///             share the work by elements of the output.
#ifndef K754_SUM_TO_SHAPE_HPP
#define K754_SUM_TO_SHAPE_HPP

#include "call/sum_to_shape.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {
inline namespace K754_ABI {

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class X, detail::sum_of<X> Y>
constexpr check_result check_sum_to_shape(X&& input, Y&& output) noexcept {
  return detail::checked(detail::sum_to_shape_call<P>(input, output));
}

/// Each element of `output` becomes the sum of the elements of `input` that it would broadcast to.
template <policy P = policy{}, class X, detail::sum_of<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_sum_to_shape(X&& input, Y&& output, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::sum_to_shape_call<P>(input, output), ex);
}
template <policy P = policy{}, class X, detail::sum_of<X> Y, executor Ex = serial_executor>
void sum_to_shape(X&& input, Y&& output, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_sum_to_shape");
  detail::call_or_throw(detail::sum_to_shape_call<P>(input, output), ex);
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_SUM_TO_SHAPE_HPP

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

#include <array>
#include <cstddef>

#include "detail/broadcast.hpp"
#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/sum_to_shape.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {
namespace detail {

template <class Input, class Output>
concept summable_to = output_like<Output> && tensor_of<Input, element_of<Output>> &&
    (floating<element_of<Output>> || integer<element_of<Output>>);

inline namespace K754_ABI {

constexpr check_result check_sum_to_shape(const layout& input, const layout& output) noexcept {
  constexpr const char* kernel = "sum_to_shape";
  if (auto r = check_extents(kernel, "input", input); !r) return r;
  if (auto r = check_extents(kernel, "output", output); !r) return r;
  if (auto r = check_broadcasts_to(kernel, "output", output, input); !r) return r;
  if (auto r = check_data(kernel, "input", input); !r) return r;
  if (auto r = check_data(kernel, "output", output); !r) return r;
  if (auto r = check_no_self_overlap(kernel, "output", output); !r) return r;
  return check_sharing(kernel, "output", "shares memory with input", output, input, sharing::none);
}

/// After the checks: one sum for each element of the output.
template <policy P, element T, class Executor>
check_result compute_sum_to_shape(const tensor_view<const T>& input, const tensor_view<T>& output,
                                  Executor& ex) {
  const layout result = layout_of(output);
  layout first = result;  // of the output's shape: the first term of each sum
  layout terms = layout_of(input);
  terms.rank = 0;
  first.strides = {};
  const std::size_t leading = input.rank() - output.rank();
  for (std::size_t axis = 0; axis < input.rank(); ++axis) {
    if (axis >= leading && output.extent(axis - leading) == input.extent(axis)) {
      first.strides[axis - leading] = input.stride(axis);
    } else {
      terms.extents[terms.rank] = input.extent(axis);
      terms.strides[terms.rank++] = input.stride(axis);
    }
  }
  if (terms.empty()) first.strides = {};  // there are no elements to point at
  const auto loop = loop_over(result, first, result);
  const auto sums = [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      const strided<const T> from = run.of(0, input.data_handle());
      const strided<T> to = run.of(1, output.data_handle());
      for (index_t i = 0; i < run.length; ++i) {
        store(to.at(i), reference::sum_of_elements<P>(from.at(i), terms));
      }
    });
  };
  const index_t grain = grain_for(element_count(terms));
  if constexpr (floating<T>) {
    run_guarded(ex, loop.count(), grain, sums);
  } else {
    run_pieces(ex, loop.count(), grain, sums);
  }
  return {};
}

template <policy P, class Input, class Output, class Executor>
check_result compute_sum_to_shape(Input& input, Output& output, Executor& ex) {
  constexpr policy read = floating<element_of<Output&>> ? policy{.subnormals = P.subnormals} : policy{};
  return compute_sum_to_shape<read>(input_view(input), output_view(output), ex);
}

}  // namespace K754_ABI
}  // namespace detail

inline namespace K754_ABI {

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class Input, class Output>
requires detail::summable_to<Input, Output>
constexpr check_result check_sum_to_shape(Input&& input, Output&& output) noexcept {
  return detail::check_sum_to_shape(detail::layout_of(detail::input_view(input)),
                                    detail::layout_of(detail::output_view(output)));
}

/// Each element of `output` becomes the sum of the elements of `input` that it would broadcast to.
template <policy P = policy{}, class Input, class Output, executor Executor = serial_executor>
requires detail::summable_to<Input, Output>
[[nodiscard]] status try_sum_to_shape(Input&& input, Output&& output, Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_sum_to_shape<P>(input, output),
                              [&] { return detail::compute_sum_to_shape<P>(input, output, ex); });
}
template <policy P = policy{}, class Input, class Output, executor Executor = serial_executor>
requires detail::summable_to<Input, Output>
void sum_to_shape(Input&& input, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_sum_to_shape");
  detail::run_throwing(check_sum_to_shape<P>(input, output),
                       [&] { return detail::compute_sum_to_shape<P>(input, output, ex); });
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_SUM_TO_SHAPE_HPP

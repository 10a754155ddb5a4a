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

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "detail/broadcast.hpp"
#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "detail/prefetch.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/argmax.hpp"
#include "simd.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754::detail {

/// Rows of fewer bytes are searched side by side, even if their elements have to be brought together for that.
inline constexpr index_t side_by_side_bytes = 768;

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/argmax-inl.hpp"
#include "detail/foreach_target-inl.hpp"

namespace k754 {

struct argmax_options {
  index_t axis = -1;      ///< the axis that is searched; negative counts from the end
  bool keepdims = false;  ///< keep the searched axis in the output, with extent 1
};

namespace detail {

/// int32 or int64, by whatever name.
template <class Out>
concept index_output = output_like<Out> &&
    (std::same_as<element_of<Out>, std::int32_t> || std::same_as<element_of<Out>, std::int64_t>);

/// The fields that argmin and argmax read of a policy, for elements of type T.
template <element T>
constexpr policy argmax_policy(const policy& p) noexcept {
  policy read{.ties = p.ties, .empty_axis = p.empty_axis};
  if constexpr (floating<T>) {
    read.subnormals = p.subnormals;
    read.nans = p.nans;
    read.zeros = p.nans == nans::total_order ? zeros::ordered : p.zeros;
    if (p.nans == nans::omit) read.all_nan = p.all_nan;
  }
  return read;
}

/// Of these, the fields that matter within a row.
constexpr policy row_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals, .nans = p.nans, .zeros = p.zeros, .ties = p.ties};
}

/// The winners of `count` rows that are `step` apart, each of `n` elements that are `stride` apart.
template <element T>
using arg_extrema_function = void(const T* x, index_t n, index_t stride, index_t count, index_t step,
                                  index_t* winners) noexcept;

}  // namespace detail

#if defined(K754_COMPILED)
namespace compiled {
inline namespace K754_COMPILED_ABI {
template <element T>
detail::arg_extrema_function<T>* arg_extrema(extremum, const policy&) noexcept;
}  // namespace K754_COMPILED_ABI
}  // namespace compiled
#endif

namespace detail {
inline namespace K754_KERNEL_ABI {

template <extremum Extremum>
inline constexpr const char* arg_extremum_name = Extremum == extremum::maximum ? "argmax" : "argmin";

constexpr check_result check_arg_extremum(const char* kernel, const layout& input, const layout& output,
                                          const argmax_options& options, empty_axis empty,
                                          index_t largest_index) noexcept {
  std::size_t axis = 0;
  if (auto r = check_extents(kernel, "input", input); !r) return r;
  if (auto r = check_extents(kernel, "output", output); !r) return r;
  if (auto r = check_axis(kernel, "axis", options.axis, input.rank, axis); !r) return r;
  layout expected = without_axis(input, axis);
  if (options.keepdims) {
    expected = input;
    expected.extents[axis] = 1;
  }
  if (auto r = check_shape(kernel, "output", output, expected); !r) return r;
  if (input.extents[axis] == 0 && empty == empty_axis::error) {
    return failure(status::empty_reduction, kernel, "input",
                   "has extent 0 on axis {}: there is no element to find", axis);
  }
  if (input.extents[axis] - 1 > largest_index) {
    return failure(status::index_type_too_small, kernel, "output",
                   "holds indices up to {}, input has extent {} on axis {}", largest_index,
                   input.extents[axis], axis);
  }
  if (auto r = check_data(kernel, "input", input); !r) return r;
  if (auto r = check_data(kernel, "output", output); !r) return r;
  if (auto r = check_no_self_overlap(kernel, "output", output); !r) return r;
  return check_sharing(kernel, "output", "shares memory with input", output, input, sharing::none);
}

/// One row of adjacent elements and one index, with which nothing is wrong: the usual small call, in which layouts and
/// their checks would take longer than the search.
template <class Row, class Result>
constexpr bool is_plain_row(const Row& x, const Result& result, const argmax_options& options) noexcept {
  if (std::is_constant_evaluated() || options.keepdims || (options.axis != 0 && options.axis != -1))
    return false;
  if constexpr (Row::rank_capacity == 0) {
    return false;
  } else {
    if (x.rank() != 1 || result.rank() != 0) return false;
    const index_t n = x.extent(0);
    if (n < 1 || n > (std::numeric_limits<std::int32_t>::max)() || x.stride(0) != 1) return false;
    if (x.data_handle() == nullptr || result.data_handle() == nullptr) return false;
    const auto row = reinterpret_cast<std::uintptr_t>(x.data_handle());
    const auto index = reinterpret_cast<std::uintptr_t>(result.data_handle());
    // differences modulo the address space: neither begins within the other
    return index - row >= static_cast<std::uintptr_t>(n) * sizeof(typename Row::value_type) &&
           row - index >= sizeof(typename Result::value_type);
  }
}

template <extremum Extremum, policy P, tensor_like Input, index_output Output>
constexpr check_result check_arg_extremum(Input&& input, Output&& output,
                                          const argmax_options& options) noexcept {
  static_assert(
      !floating<element_of<Input>> || P.nans != nans::total_order || P.subnormals != subnormals::flush,
      "k754 argmin/argmax: nans::total_order tells all bit patterns apart, subnormals::flush makes some "
      "equal; choose one");
  if (is_plain_row(as_tensor_view(input), as_tensor_view(output), options)) return {};
  return check_arg_extremum(arg_extremum_name<Extremum>, layout_of(input_view(input)),
                            layout_of(output_view(output)), options, P.empty_axis,
                            static_cast<index_t>((std::numeric_limits<element_of<Output>>::max)()));
}

/// By the best code that may run.
template <extremum Extremum, policy P, element T>
arg_extrema_function<T>* choose_arg_extrema() noexcept {
#if defined(K754_COMPILED)
  return compiled::arg_extrema<T>(Extremum, P);
#else
  K754_CHOOSE_TARGET(arg_extrema<Extremum, P, T>);
  return &reference::arg_extrema<Extremum, P, T>;
#endif
}

/// What is written for a winner, -1 if there is none.
template <policy P>
constexpr index_t answer(index_t winner, index_t n) noexcept {
  return P.all_nan == all_nan::first && winner < 0 && n > 0 ? 0 : winner;
}

/// After the checks: one row for each element of the output. IndicesInPlace: the output's elements are of the kernels' type
/// for indices, not only of its size.
template <extremum Extremum, policy P, bool IndicesInPlace, element T, class Index, class Executor>
check_result search_rows(const tensor_view<const T>& input, const tensor_view<Index>& output,
                         const argmax_options& options, Executor& ex) {
  std::size_t axis = 0;
  (void)check_axis("", "", options.axis, input.rank(), axis);
  const index_t n = input.extent(axis), stride = input.stride(axis);
  const auto find = choose_arg_extrema<Extremum, row_policy(P), T>();

  // Rows in the order of memory: what they give does not depend on it.
  layout rows = without_axis(layout_of(input), axis);
  layout results = options.keepdims ? without_axis(layout_of(output), axis) : layout_of(output);
  if (n == 0) rows.strides = {};  // there are no elements to point at
  sort_axes(rows, results);
  // Short rows are searched side by side: along the longest axis, if the last one is too short for that.
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const index_t beside = rows.rank > 1 ? rows.extents[rows.rank - 1] : 16;
  if (n * size < side_by_side_bytes && beside < 16 && (n < 32 || beside * size < 32)) {
    std::size_t longest = rows.rank - 1;
    for (std::size_t i = 0; i < rows.rank; ++i) {
      if (rows.extents[i] > rows.extents[longest]) longest = i;
    }
    std::swap(rows.extents[longest], rows.extents[rows.rank - 1]);
    std::swap(rows.strides[longest], rows.strides[rows.rank - 1]);
    std::swap(results.extents[longest], results.extents[rows.rank - 1]);
    std::swap(results.strides[longest], results.strides[rows.rank - 1]);
  }
  const elementwise_loop<2> loop(rows, {rows.strides, results.strides});
  if (loop.count() == 0) return {};

  const auto for_runs = [&](index_t begin, index_t end, const auto& body) {
    loop.for_runs(begin, end, [&](const elementwise_run<2>& run) {
      const auto x = run.of(0, input.data_handle());
      const auto result = run.of(1, output.data_handle());
      if (x.stride >= 0) {
        body(x, result, run.length);
      } else {
        body(strided<const T>{x.at(run.length - 1), -x.stride},
             strided<Index>{result.at(run.length - 1), -result.stride}, run.length);
      }
    });
  };
  const auto for_winners = [&](const strided<const T>& x, index_t length, const auto& body) {
    constexpr index_t tile = 2048;
    std::array<index_t, tile> winners;
    for (index_t at = 0; at < length; at += tile) {
      const index_t count = length - at < tile ? length - at : tile;
      find(x.at(at), n, stride, count, x.stride, winners.data());
      body(winners.data(), at, count);
    }
  };
  if constexpr (P.all_nan == all_nan::error) {
    index_t unanswered = 0;
    for_runs(0, loop.count(), [&](const strided<const T>& x, const strided<Index>&, index_t length) {
      for_winners(x, length, [&](const index_t* winners, index_t, index_t count) {
        for (index_t i = 0; i < count; ++i) unanswered += winners[i] < 0 && n > 0 ? 1 : 0;
      });
    });
    if (unanswered > 0) {
      return failure(status::all_nan_row, arg_extremum_name<Extremum>, "input", "has {} rows of NaNs",
                     unanswered);
    }
  }
  // Columns are searched side by side: no piece is narrower than some vectors.
  constexpr index_t columns = 1024 / sizeof(T);
  const index_t fair_grain = stride != 1 && grain_for(n) < columns ? columns : grain_for(n);
  const index_t grain =
      std::same_as<std::remove_cvref_t<Executor>, serial_executor> ? loop.count() : fair_grain;
  run_pieces(ex, loop.count(), grain, [&](index_t begin, index_t end) {
    for_runs(begin, end, [&](const strided<const T>& x, const strided<Index>& result, index_t length) {
      constexpr bool as_they_are = sizeof(Index) == sizeof(index_t) && P.all_nan != all_nan::first;
      if constexpr (as_they_are && IndicesInPlace) {
        if (result.stride == 1) {
          find(x.first, n, stride, length, x.stride, result.first);
          return;
        }
      }
      for_winners(x, length, [&](const index_t* winners, index_t at, index_t count) {
        if (as_they_are && result.stride == 1) {
          std::memcpy(static_cast<void*>(result.at(at)), winners,
                      static_cast<std::size_t>(count) * sizeof(Index));
          return;
        }
        for (index_t i = 0; i < count; ++i) {
          store(result.at(at + i), static_cast<Index>(answer<P>(winners[i], n)));
        }
      });
    });
  });
  return {};
}

template <extremum Extremum, policy Policy, class Input, class Output, class Executor>
check_result compute_arg_extremum(Input& input, Output& output, const argmax_options& options, Executor& ex) {
  using T = element_of<Input&>;
  using index = element_of<Output&>;
  constexpr policy P = argmax_policy<T>(Policy);
  if constexpr (P.all_nan != all_nan::error) {  // one row is one task, whatever the executor
    const auto x = as_tensor_view(input);
    const auto result = as_tensor_view(output);
    if (is_plain_row(x, result, options)) {
      const index_t n = x.extent(0);
      index_t winner = -1;
      choose_arg_extrema<Extremum, row_policy(P), T>()(reinterpret_cast<const T*>(x.data_handle()), n, 1, 1,
                                                       0, &winner);
      store(reinterpret_cast<index*>(result.data_handle()), static_cast<index>(answer<P>(winner, n)));
      return {};
    }
  }
  constexpr bool in_place = std::same_as<typename decltype(as_tensor_view(output))::value_type, index_t>;
  return search_rows<Extremum, P, in_place>(input_view(input), output_view(output), options, ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail

inline namespace K754_KERNEL_ABI {

/// Whether these arguments would be accepted; shapes and options only, where evaluated at compile time.
template <policy P = policy{}, tensor_like Input, detail::index_output Output>
constexpr check_result check_argmax(Input&& input, Output&& output,
                                    const argmax_options& options = {}) noexcept {
  return detail::check_arg_extremum<extremum::maximum, P>(input, output, options);
}
template <policy P = policy{}, tensor_like Input, detail::index_output Output>
constexpr check_result check_argmin(Input&& input, Output&& output,
                                    const argmax_options& options = {}) noexcept {
  return detail::check_arg_extremum<extremum::minimum, P>(input, output, options);
}

/// Writes the index of the greatest element of each row of `input` to `output`.
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_argmax(Input&& input, Output&& output, const argmax_options& options = {},
                                Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_argmax<P>(input, output, options), [&] {
    return detail::compute_arg_extremum<extremum::maximum, P>(input, output, options, ex);
  });
}
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
void argmax(Input&& input, Output&& output, const argmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_argmax");
  detail::run_throwing(check_argmax<P>(input, output, options), [&] {
    return detail::compute_arg_extremum<extremum::maximum, P>(input, output, options, ex);
  });
}

/// Writes the index of the least element of each row of `input` to `output`.
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_argmin(Input&& input, Output&& output, const argmax_options& options = {},
                                Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_argmin<P>(input, output, options), [&] {
    return detail::compute_arg_extremum<extremum::minimum, P>(input, output, options, ex);
  });
}
template <policy P = policy{}, tensor_like Input, detail::index_output Output,
          executor Executor = serial_executor>
void argmin(Input&& input, Output&& output, const argmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_argmin");
  detail::run_throwing(check_argmin<P>(input, output, options), [&] {
    return detail::compute_arg_extremum<extremum::minimum, P>(input, output, options, ex);
  });
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

#include "detail/highway_order-inl.hpp"

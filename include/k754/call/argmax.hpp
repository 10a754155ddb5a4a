/// A call of argmin or argmax: its checks, and its rows from the views to the code that searches them.
#ifndef K754_CALL_ARGMAX_HPP
#define K754_CALL_ARGMAX_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../detail/prefetch.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/argmax.hpp"
#include "../simd/vectors.hpp"
#include "../status.hpp"
#include "../targets/choose.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "forms.hpp"

namespace k754::detail {

/// int32 or int64, by whatever name.
template <class Out>
concept index_output = output_like<Out> &&
    (std::same_as<element_of<Out>, std::int32_t> || std::same_as<element_of<Out>, std::int64_t>);

/// The fields that argmin and argmax read of a policy, for elements of type T.
template <element T>
constexpr policy argmax_policy(const policy& p) noexcept {
  policy read{.ties = p.ties, .empty_axis = p.empty_axis};
  if constexpr (floating<T>) {
    const reference::nan_rule& rule = reference::nan_rule_named(p.nans);
    read.subnormals = p.subnormals;
    read.nans = p.nans;
    read.zeros = rule.rank == reference::nan_rank::of_their_bits ? zeros::ordered : p.zeros;
    if (!rule.take_part) read.all_nan = p.all_nan;
  }
  return read;
}

/// Whether all bit patterns are told apart, and some of them are equal.
constexpr bool tells_apart_what_is_equal(const policy& p) noexcept {
  return reference::nan_rule_named(p.nans).rank == reference::nan_rank::of_their_bits &&
         p.subnormals == subnormals::flush;
}

/// Of what they read, the fields that matter within a row.
constexpr policy row_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals, .nans = p.nans, .zeros = p.zeros, .ties = p.ties};
}

/// All that this leaves, each once. The compiled library numbers its functions by their place here.
struct row_policy_list {
  std::array<policy, 8 * std::size(reference::nan_rules)> all = {};
  std::size_t size = 0;

  constexpr std::size_t place_of(const policy& p) const noexcept {
    std::size_t i = 0;
    while (i < size && !(all[i] == p)) ++i;
    return i;
  }
};
template <element T>
inline constexpr row_policy_list row_policies = [] {
  row_policy_list list;
  for (const reference::nan_rule& rule : reference::nan_rules) {
    for (const auto s : {subnormals::preserve, subnormals::flush}) {
      for (const auto z : {zeros::equal, zeros::ordered}) {
        for (const auto t : {ties::first, ties::last}) {
          const policy p =
              row_policy(argmax_policy<T>({.subnormals = s, .nans = rule.name, .zeros = z, .ties = t}));
          if (!tells_apart_what_is_equal(p) && list.place_of(p) == list.size) list.all[list.size++] = p;
        }
      }
    }
  }
  return list;
}();

/// The winners of `count` rows that are `step` apart, each of `n` elements that are `stride` apart.
template <element T>
using arg_extrema_function = void(const T* x, index_t n, index_t stride, index_t count, index_t step,
                                  index_t* winners) noexcept;

}  // namespace k754::detail

#if defined(K754_COMPILED)
namespace k754::compiled {
inline namespace K754_COMPILED_ABI {
template <element T>
detail::arg_extrema_function<T>* arg_extrema(extremum, std::size_t row_policy) noexcept;
}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled
#endif

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

/// The code for one type, extremum and policy, since all of them make the inner loop: they decide which operations,
/// none to ten, an element takes before it is compared. Only ties do not; behind its entry the vector code is the
/// same for both, and the entry has them as a type because a seventh argument would go through memory in a call of a
/// few nanoseconds.
template <extremum Extremum, policy P, element T>
struct arg_extrema_kernel {
  using function = arg_extrema_function<T>;
  static constexpr function* scalar = &reference::arg_extrema<Extremum, P, T>;
#if defined(K754_COMPILED)
  static function* compiled() noexcept {
    constexpr std::size_t place = row_policies<T>.place_of(P);
    static_assert(place < row_policies<T>.size, "k754: the compiled library has no code for this policy");
    return k754::compiled::arg_extrema<T>(Extremum, place);
  }
#endif
};

}  // namespace K754_KERNEL_ABI

/// Rows of fewer bytes are searched side by side, even if their elements have to be brought together for that: a row
/// on its own has a begin and an end to pay for. No range is on record.
inline constexpr index_t side_by_side_bytes = 768;

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/argmax-inl.hpp"
#include "../targets/foreach-inl.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

template <extremum Extremum>
inline constexpr const char* arg_extremum_name = Extremum == extremum::maximum ? "argmax" : "argmin";

/// The rows of a checked call. A plain row needs no more than to be known as one: of the rest only what GCC would
/// warn of has a value before it is set.
struct arg_extremum_plan {
  bool is_plain_row;            ///< one row of adjacent elements; nothing else is set then
  index_t n = 0, stride = 0;    ///< of each row
  std::size_t rank = 0;         ///< of rows and results,
  axes extents;                 ///< and their extents
  std::array<axes, 2> strides;  ///< and strides

  constexpr elementwise_loop<2> rows() const noexcept { return {layout{rank, extents}, strides}; }
};

/// Whether short rows have so few beside them that another axis serves better, though its elements lie further apart.
/// Those of 32 elements and more do well with half a vector of AVX-512, 32 bytes, beside each other. No ranges are on
/// record.
constexpr bool few_rows_beside(const layout& rows, index_t n, index_t size) noexcept {
  if (rows.rank < 2 || n * size >= side_by_side_bytes) return false;
  const index_t beside = rows.extents[rows.rank - 1];
  return beside < 16 && (n < 32 || beside * size < 32);
}

/// The rows in the order of memory: what they give does not depend on it. Short ones are searched side by side, along
/// the longest axis if few lie beside each other.
constexpr arg_extremum_plan plan_arg_extremum(const layout& input, const layout& output, std::size_t axis,
                                              bool keepdims) noexcept {
  const index_t n = input.extents[axis];
  layout rows = without_axis(input, axis);
  layout results = keepdims ? without_axis(output, axis) : output;
  if (n == 0) rows.strides = {};  // there are no elements to point at
  sort_axes(rows, results);
  if (few_rows_beside(rows, n, input.element_size)) {
    const std::size_t last = rows.rank - 1;
    std::size_t longest = last;
    for (std::size_t i = 0; i < rows.rank; ++i) {
      if (rows.extents[i] > rows.extents[longest]) longest = i;
    }
    std::swap(rows.extents[longest], rows.extents[last]);
    std::swap(rows.strides[longest], rows.strides[last]);
    std::swap(results.strides[longest], results.strides[last]);
  }
  return {false, n, input.strides[axis], rows.rank, rows.extents, {rows.strides, results.strides}};
}

/// The rows of a plan, searched, and their results. `InPlace`: the output's elements are of the kernels' type for
/// indices, not only of its size.
template <extremum Extremum, policy P, bool InPlace, element T, class Index>
class arg_extremum_rows {
 public:
  arg_extremum_rows(const arg_extremum_plan& plan, const T* input, Index* output) noexcept
      : find_(choose<arg_extrema_kernel<Extremum, row_policy(P), T>>()),
        rows_(plan.rows()),
        input_(input),
        output_(output),
        n_(plan.n),
        stride_(plan.stride) {}

  index_t count() const noexcept { return rows_.count(); }

  /// Rows of one piece. Columns are searched side by side: no piece is narrower than 16 of the widest vectors.
  index_t grain() const noexcept {
    constexpr index_t columns = 1024 / sizeof(T);
    const index_t fair = grain_for(n_);
    return stride_ != 1 && fair < columns ? columns : fair;
  }

  /// Rows of which no element takes part.
  index_t count_unanswered() const noexcept {
    index_t unanswered = 0;
    if (n_ == 0) return unanswered;
    for_runs(0, count(), [&](const strided<const T>& x, const strided<Index>&, index_t length) {
      for_winners(x, length, [&](const index_t* winners, index_t, index_t some) {
        for (index_t i = 0; i < some; ++i) unanswered += winners[i] < 0 ? 1 : 0;
      });
    });
    return unanswered;
  }

  /// Searches rows [begin, end).
  void write(index_t begin, index_t end) const noexcept {
    for_runs(begin, end, [&](const strided<const T>& x, const strided<Index>& result, index_t length) {
      if constexpr (as_they_are && InPlace) {
        if (result.stride == 1) return find_(x.first, n_, stride_, length, x.stride, result.first);
      }
      for_winners(x, length, [&](const index_t* winners, index_t at, index_t some) {
        store_answers(winners, {result.at(at), result.stride}, some);
      });
    });
  }

  /// What is written for a winner, -1 if there is none, of a row of n elements.
  static constexpr Index answer(index_t winner, index_t n) noexcept {
    return static_cast<Index>(P.all_nan == all_nan::first && winner < 0 && n > 0 ? 0 : winner);
  }

 private:
  static constexpr bool as_they_are = sizeof(Index) == sizeof(index_t) && P.all_nan != all_nan::first;

  /// Calls `body(x, results, length)` for runs of rows: their first elements, from the lowest address on, and
  /// results.
  template <class Body>
  void for_runs(index_t begin, index_t end, const Body& body) const noexcept {
    rows_.for_runs(begin, end, [&](const elementwise_run<2>& run) {
      const auto x = run.of(0, input_);
      const auto result = run.of(1, output_);
      if (x.stride >= 0) {
        body(x, result, run.length);
      } else {
        body(strided<const T>{x.at(run.length - 1), -x.stride},
             strided<Index>{result.at(run.length - 1), -result.stride}, run.length);
      }
    });
  }

  /// Calls `body(winners, at, some)` for a run of rows, `some` at a time: at most half of the nearest cache.
  template <class Body>
  void for_winners(const strided<const T>& x, index_t length, const Body& body) const noexcept {
    constexpr index_t tile = 2048;
    std::array<index_t, tile> winners;
    for (index_t at = 0; at < length; at += tile) {
      const index_t some = length - at < tile ? length - at : tile;
      find_(x.at(at), n_, stride_, some, x.stride, winners.data());
      body(winners.data(), at, some);
    }
  }

  void store_answers(const index_t* winners, const strided<Index>& to, index_t count) const noexcept {
    if (as_they_are && to.stride == 1) {
      std::memcpy(static_cast<void*>(to.first), winners, static_cast<std::size_t>(count) * sizeof(Index));
      return;
    }
    for (index_t i = 0; i < count; ++i) store(to.at(i), answer(winners[i], n_));
  }

  arg_extrema_function<T>* find_;
  elementwise_loop<2> rows_;
  const T* input_;
  Index* output_;
  index_t n_, stride_;
};

/// What argmin or argmax was given, as views. P is what they read of the policy.
template <extremum Extremum, policy P, class Input, class Output>
struct arg_extremum_call {
  static_assert(
      !tells_apart_what_is_equal(P),
      "k754 argmin/argmax: nans::total_order tells all bit patterns apart, subnormals::flush makes some "
      "equal; choose one");
  using plan = arg_extremum_plan;

  Input input;
  Output output;
  index_t axis_option;
  bool keepdims;

  constexpr check_result check(plan& rows) const noexcept {
    rows.is_plain_row = is_plain_row();
    return rows.is_plain_row ? check_result{} : check_in_full(rows);
  }

  template <class Executor>
  check_result compute(const plan& checked, Executor& ex) const {
    const auto* const x = reinterpret_cast<const T*>(input.data_handle());
    auto* const indices = reinterpret_cast<Index*>(output.data_handle());
    if (checked.is_plain_row) return search_plain_row(x, indices);
    const rows_type rows(checked, x, indices);
    if constexpr (P.all_nan == all_nan::error) {
      if (const index_t unanswered = rows.count_unanswered(); unanswered > 0) return rows_of_nans(unanswered);
    }
    const bool serial = std::same_as<std::remove_cvref_t<Executor>, serial_executor>;
    run_pieces(ex, rows.count(), serial ? rows.count() : rows.grain(),
               [&](index_t begin, index_t end) { rows.write(begin, end); });
    return {};
  }

 private:
  using T = element_of<const Input&>;
  using Index = element_of<const Output&>;
  static constexpr bool indices_in_place = std::same_as<typename Output::value_type, index_t>;
  using rows_type = arg_extremum_rows<Extremum, P, indices_in_place, T, Index>;
  static constexpr const char* name = arg_extremum_name<Extremum>;

  static constexpr check_result rows_of_nans(index_t count) noexcept {
    return failure(status::all_nan_row, name, "input", "has {} rows of NaNs", count);
  }

  /// One row of adjacent elements and one index, with which nothing is wrong: the usual small call, in which layouts
  /// and their checks would take longer than the search.
  constexpr bool is_plain_row() const noexcept {
    if (std::is_constant_evaluated() || keepdims || (axis_option != 0 && axis_option != -1)) return false;
    if constexpr (Input::rank_capacity == 0) {
      return false;
    } else {
      if (input.rank() != 1 || output.rank() != 0) return false;
      const index_t n = input.extent(0);
      if (n < 1 || n > (std::numeric_limits<std::int32_t>::max)() || input.stride(0) != 1) return false;
      if (input.data_handle() == nullptr || output.data_handle() == nullptr) return false;
      return apart(reinterpret_cast<std::uintptr_t>(input.data_handle()), magnitude(n) * sizeof(T),
                   reinterpret_cast<std::uintptr_t>(output.data_handle()), sizeof(Index));
    }
  }

  /// One task, whatever the executor.
  check_result search_plain_row(const T* x, Index* index) const noexcept {
    const index_t n = input.extent(0);
    index_t winner = -1;
    choose<arg_extrema_kernel<Extremum, row_policy(P), T>>()(x, n, 1, 1, 0, &winner);
    if (P.all_nan == all_nan::error && winner < 0) return rows_of_nans(1);
    store(index, rows_type::answer(winner, n));
    return {};
  }

  constexpr check_result check_in_full(plan& rows) const noexcept {
    const std::array all{argument{"input", layout_of(input_view(input))},
                         argument{"output", layout_of(output_view(output)), role::output}};
    const auto& [x, y] = all;
    std::size_t axis = 0;
    if (auto r = check_views(name, all); !r) return r;
    if (auto r = check_axis(name, axis_option, x, axis); !r) return r;
    if (auto r = check_shape(name, y, reduced(x.view, axis, keepdims)); !r) return r;
    const index_t n = x.view.extents[axis];
    if (n == 0 && P.empty_axis == empty_axis::error) {
      return failure(status::empty_reduction, name, x.name,
                     "has extent 0 on axis {}: there is no element to find", axis);
    }
    constexpr auto largest = static_cast<index_t>((std::numeric_limits<Index>::max)());
    if (n - 1 > largest) {
      return failure_beside(x.name, status::index_type_too_small, name, y.name,
                            "holds indices up to {}, @ has extent {} on axis {}", largest, n, axis);
    }
    if (auto r = check_memory(name, all); !r) return r;
    rows = plan_arg_extremum(x.view, y.view, axis, keepdims);
    return {};
  }
};

/// The call with these arguments.
template <extremum Extremum, policy P, class Input, class Output, class Options>
constexpr auto arg_extremum_of(Input& input, Output& output, const Options& options) noexcept {
  constexpr policy read = argmax_policy<element_of<Input&>>(P);
  using call =
      arg_extremum_call<Extremum, read, decltype(as_tensor_view(input)), decltype(as_tensor_view(output))>;
  return call{as_tensor_view(input), as_tensor_view(output), options.axis, options.keepdims};
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_ARGMAX_HPP

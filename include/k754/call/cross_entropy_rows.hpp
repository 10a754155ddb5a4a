/// The rows of a checked call of cross-entropy: where they lie, what reference/cross_entropy.hpp takes for one of
/// them, and the one order in which they are added.
#ifndef K754_CALL_CROSS_ENTROPY_ROWS_HPP
#define K754_CALL_CROSS_ENTROPY_ROWS_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "../bits.hpp"
#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/cross_entropy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// The tensors of a call, inputs before the output: their places in every array that has something of each.
struct entropy_tensor {
  enum place : std::size_t {
    input,  ///< logits or probabilities
    labels,
    input_tangent,
    labels_tangent,
    class_weights,
    upstream,
    result,
    count
  };
};

/// Where the rows are in each tensor.
struct entropy_plan {
  static constexpr std::size_t tensors = entropy_tensor::count;
  using walk = index_walk<tensors>;

  index_t row_count = 0, classes = 0;
  std::size_t rank = 0;  ///< of the shape of the rows
  axes extents = {};
  std::array<axes, tensors> across = {};       ///< from row to row; 0 where all rows share what there is
  std::array<index_t, tensors> along = {};     ///< from class to class; 0 where a row has one element
  std::array<const void*, tensors> data = {};  ///< null where there is no such tensor, or no element

  constexpr walk rows_from(index_t row) const noexcept { return {rank, extents, across, row}; }
};

enum class row_fate { kept, ignored, poisoned };

/// One row after another, as the definition takes them. `Row` is reference::logit_row or reference::probability_row.
template <class Row, policy P, floating T, element Label>
struct entropy_rows {
  using place = entropy_tensor::place;
  using walk = entropy_plan::walk;
  using number = reference::wide_number<T>;
  static constexpr policy rules = P;
  static constexpr bool index_labels = integer<Label>;

  const entropy_plan& plan;
  double label_smoothing;
  std::optional<std::int64_t> ignore_index;

  const T* first_of(place tensor, const walk& at) const noexcept {
    return static_cast<const T*>(plan.data[tensor]) + at.offset(tensor);
  }
  reference::strided_row<T> row_of(place tensor, const walk& at) const noexcept {
    return {first_of(tensor, at), plan.classes, plan.along[tensor]};
  }
  reference::label_terms<T> terms() const noexcept {
    constexpr place weights = entropy_tensor::class_weights;
    return {{static_cast<const T*>(plan.data[weights]), plan.classes, plan.along[weights]}, label_smoothing};
  }

  Label label(const walk& at) const noexcept requires(index_labels) {
    constexpr place labels = entropy_tensor::labels;
    return load(static_cast<const Label*>(plan.data[labels]) + at.offset(labels));
  }
  index_t target(const walk& at) const noexcept requires(index_labels) {
    return static_cast<index_t>(label(at));
  }
  row_fate fate(const walk& at) const noexcept {
    if constexpr (index_labels) {
      const Label index = label(at);
      if (ignore_index && std::cmp_equal(index, *ignore_index)) return row_fate::ignored;
      if (std::cmp_less(index, 0) || std::cmp_greater_equal(index, plan.classes)) {
        return P.bad_index == bad_index::ignore ? row_fate::ignored : row_fate::poisoned;
      }
    }
    return row_fate::kept;
  }

  /// Calls `use(row, labels)` for a row that is kept.
  template <class Use>
  void with(const walk& at, const Use& use) const noexcept {
    const Row row(row_of(entropy_tensor::input, at));
    if constexpr (!index_labels) {
      use(row, reference::soft_labels<P, T>(row_of(entropy_tensor::labels, at), terms(), row));
    } else if (label_smoothing > 0.0) {
      use(row, reference::soft_labels<P, T>(target(at), terms(), row));
    } else {
      use(row, reference::hard_label_of<P>(target(at), terms()));
    }
  }
};

/// The first label that the policy makes an error.
template <class Rows>
check_result check_labels(const char* name, const Rows& rows) noexcept {
  constexpr policy P = Rows::rules;
  const entropy_plan& plan = rows.plan;
  [[maybe_unused]] entropy_plan::walk at = plan.rows_from(0);
  if constexpr (Rows::index_labels && P.bad_index == bad_index::error) {
    for (index_t row = 0; row < plan.row_count; ++row, at.next()) {
      if (rows.fate(at) != row_fate::poisoned) continue;
      const auto label = rows.label(at);
      return failure(status::label_out_of_range, name, "labels",
                     std::unsigned_integral<decltype(label)> ? "has {u} in row {}, there are {} classes"
                                                             : "has {} in row {}, there are {} classes",
                     label, row, plan.classes);
    }
  }
  if constexpr (!Rows::index_labels && P.label_check == label_check::finite_nonnegative) {
    for (index_t row = 0; row < plan.row_count; ++row, at.next()) {
      const auto q = rows.row_of(entropy_tensor::labels, at);
      for (index_t i = 0; i < q.size; ++i) {
        const auto value = q[i];
        if (is_finite(value) && (!sign_bit(value) || is_zero(value))) continue;
        return failure(status::invalid_label, name, "labels",
                       is_finite(value) ? "has a negative value in row {}, class {}"
                                        : "has a value that is not finite in row {}, class {}",
                       row, i);
      }
    }
  }
  return {};
}

/// The sum over all rows of what `add_row(at, sum)` adds, in the order of reference::lane_sum: every lane of a block
/// of 1024 rows is a chain of its own. A piece of work is some chains, and takes their rows as they come: it is one
/// walk, which passes the rows of other pieces, and neighbours share cache lines. Up to 16 blocks are in flight;
/// their chains and the pairs of block sums are all the memory there is.
template <class Number, class Executor, class AddRow>
void sum_rows(const entropy_plan& plan, Executor& ex, const AddRow& add_row, Number& total) {
  using order = reference::lane_sum<Number>;
  constexpr auto lanes = static_cast<index_t>(order::lanes), block = static_cast<index_t>(order::block);
  constexpr index_t blocks_in_flight = 16;
  std::array<std::array<Number, order::lanes>, static_cast<std::size_t>(blocks_in_flight)> chains;
  reference::pairwise_sum<Number> sums;
  for (index_t first = 0; first < plan.row_count; first += blocks_in_flight * block) {
    const index_t left = plan.row_count - first;
    const index_t blocks = left >= blocks_in_flight * block ? blocks_in_flight : (left - 1) / block + 1;
    const index_t chain_rows = left < block ? (left - 1) / lanes + 1 : block / lanes;
    for (auto& block_chains : chains) block_chains = {};
    run_guarded(ex, blocks * lanes, grain_for(chain_rows * plan.classes), [&](index_t begin, index_t end) {
      for (index_t b = begin / lanes; b * lanes < end; ++b) {
        const index_t rows = left - b * block < block ? left - b * block : block;
        index_walk at = plan.rows_from(first + b * block);
        for (index_t row = 0; row < rows; ++row, at.next()) {
          const index_t lane = row % lanes, chain = b * lanes + lane;
          if (chain < begin || chain >= end) continue;
          add_row(at, chains[static_cast<std::size_t>(b)][static_cast<std::size_t>(lane)]);
        }
      }
    });
    in_default_environment([&] {
      for (index_t b = 0; b < blocks; ++b) sums.add(order::folded(chains[static_cast<std::size_t>(b)]));
    });
  }
  in_default_environment([&] { total = sums.total(); });
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CROSS_ENTROPY_ROWS_HPP

/// The rows of a checked call of cross-entropy: where they lie, what reference/cross_entropy.hpp takes for one of
/// them, and the one order in which they are added.
#ifndef K754_CALL_CROSS_ENTROPY_ROWS_HPP
#define K754_CALL_CROSS_ENTROPY_ROWS_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../reference/cross_entropy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

/// The tensors of a call, inputs before outputs: their places in every array that has something of each.
struct entropy_tensor {
  enum place : std::size_t {
    input,  ///< logits or probabilities
    labels,
    input_tangent,
    labels_tangent,
    class_weights,
    row_weights,
    upstream,
    value,     ///< losses or tangents
    gradient,  ///< of logits, probabilities or labels
    count
  };
};

/// Rows that every tensor steps through with one stride.
using entropy_run = elementwise_run<entropy_tensor::count>;

/// Where the rows are in each tensor.
struct entropy_plan {
  static constexpr std::size_t tensors = entropy_tensor::count;

  elementwise_loop<tensors> rows;  ///< in row-major order; strides are 0 where all rows share what there is
  index_t classes = 0;
  std::array<index_t, tensors> along = {};     ///< from class to class; 0 where a row has one element
  std::array<const void*, tensors> data = {};  ///< null where there is no such tensor, or no element

  /// Calls `body(row)` for [begin, end) in order, each an entropy_row.
  template <class Body>
  constexpr void for_rows(index_t begin, index_t end, const Body& body) const;
};

/// One of them.
struct entropy_row {
  const entropy_run& run;
  index_t row;

  constexpr index_t offset(std::size_t tensor) const noexcept {
    return run.offsets[tensor] + row * run.strides[tensor];
  }
};

template <class Body>
constexpr void entropy_plan::for_rows(index_t begin, index_t end, const Body& body) const {
  rows.for_runs(begin, end, [&body](const entropy_run& run) {
    for (index_t row = 0; row < run.length; ++row) body(entropy_row{run, row});
  });
}

enum class row_fate { kept, ignored, poisoned };

/// One row after another, as the definition takes them. `Row` is reference::logit_row or reference::probability_row.
template <class Row, policy P, floating T, element Label>
struct entropy_rows {
  using place = entropy_tensor::place;
  using number = reference::wide_number<T>;
  static constexpr policy rules = P;
  static constexpr bool from_logits = std::same_as<Row, reference::logit_row<P, T>>;
  static constexpr bool index_labels = integer<Label>;

  const entropy_plan& plan;
  double label_smoothing;
  std::optional<std::int64_t> ignore_index;

  const T* first_of(place tensor, const entropy_row& at) const noexcept {
    return static_cast<const T*>(plan.data[tensor]) + at.offset(tensor);
  }
  reference::strided_row<T> row_of(place tensor, const entropy_row& at) const noexcept {
    return {first_of(tensor, at), plan.classes, plan.along[tensor]};
  }
  reference::label_terms<T> terms() const noexcept {
    constexpr place weights = entropy_tensor::class_weights;
    return {{static_cast<const T*>(plan.data[weights]), plan.classes, plan.along[weights]}, label_smoothing};
  }

  bool weighs_rows() const noexcept { return plan.data[entropy_tensor::row_weights] != nullptr; }
  number row_weight(const entropy_row& at) const noexcept {
    constexpr place weights = entropy_tensor::row_weights;
    using weight = std::conditional_t<std::same_as<T, double>, double, float>;
    if (!weighs_rows()) return reference::to_number<number>(1.0);
    return reference::to_number<number>(widen<P.subnormals == subnormals::flush>(
        load(static_cast<const weight*>(plan.data[weights]) + at.offset(weights))));
  }

  Label label(const entropy_row& at) const noexcept requires(index_labels) {
    constexpr place labels = entropy_tensor::labels;
    return load(static_cast<const Label*>(plan.data[labels]) + at.offset(labels));
  }
  index_t target(const entropy_row& at) const noexcept requires(index_labels) {
    return static_cast<index_t>(label(at));
  }
  bool is_ignored(Label index) const noexcept { return ignore_index && std::cmp_equal(index, *ignore_index); }
  bool is_class(Label index) const noexcept {  // what is negative is large
    return static_cast<std::uint64_t>(index) < static_cast<std::uint64_t>(plan.classes);
  }
  row_fate fate(const entropy_row& at) const noexcept {
    if constexpr (index_labels) {
      const Label index = label(at);
      if (is_ignored(index)) return row_fate::ignored;
      if (!is_class(index)) return P.bad_index == bad_index::ignore ? row_fate::ignored : row_fate::poisoned;
    }
    return row_fate::kept;
  }
  /// Whether no row can be ignored.
  bool keeps_all() const noexcept {
    return !index_labels || (!ignore_index && P.bad_index != bad_index::ignore);
  }

  /// Calls `use(row, labels)` for a row that is kept.
  template <class Use>
  void with(const entropy_row& at, const Use& use) const noexcept {
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

/// An index label that is none. Runs of good ones are looked at without a branch.
template <class Rows>
check_result check_indices(const char* name, const Rows& rows) noexcept {
  const entropy_plan& plan = rows.plan;
  check_result result{};
  index_t first = 0;
  plan.rows.for_runs(0, plan.rows.count(), [&](const entropy_run& run) {
    unsigned bad = 0;
    for (index_t row = 0; row < run.length; ++row) {
      const auto label = rows.label(entropy_row{run, row});
      bad |= (rows.is_class(label) ? 0U : 1U) & (rows.is_ignored(label) ? 0U : 1U);
    }
    for (index_t row = 0; bad != 0 && result && row < run.length; ++row) {
      const auto label = rows.label(entropy_row{run, row});
      if (rows.is_class(label) || rows.is_ignored(label)) continue;
      result = failure(status::label_out_of_range, name, "labels",
                       std::unsigned_integral<decltype(label)> ? "has {u} in row {}, there are {} classes"
                                                               : "has {} in row {}, there are {} classes",
                       label, first + row, plan.classes);
    }
    first += run.length;
  });
  return result;
}

/// A probability label that is not one.
template <class Rows>
check_result check_probabilities(const char* name, const Rows& rows) noexcept {
  check_result result{};
  index_t number = 0;
  rows.plan.for_rows(0, rows.plan.rows.count(), [&](const entropy_row& at) {
    const auto q = rows.row_of(entropy_tensor::labels, at);
    for (index_t i = 0; result && i < q.size; ++i) {
      const auto value = q[i];
      if (is_finite(value) && (!sign_bit(value) || is_zero(value))) continue;
      result = failure(status::invalid_label, name, "labels",
                       is_finite(value) ? "has a negative value in row {}, class {}"
                                        : "has a value that is not finite in row {}, class {}",
                       number, i);
    }
    ++number;
  });
  return result;
}

/// The first label that the policy makes an error.
template <class Rows>
check_result check_labels(const char* name, const Rows& rows) noexcept {
  constexpr policy P = Rows::rules;
  if constexpr (Rows::index_labels && P.bad_index == bad_index::error) return check_indices(name, rows);
  if constexpr (!Rows::index_labels && P.label_check == label_check::finite_nonnegative)
    return check_probabilities(name, rows);
  return {};
}

// ---------------------------------------------------------------- sums

/// So many rows are worked on at a time.
inline constexpr index_t rows_at_once = 128;

/// Rows that are worth a task; where they lie side by side, no fewer than are worked on at a time.
constexpr index_t grain_for_rows(const entropy_plan& plan) noexcept {
  const index_t grain = grain_for(plan.classes);
  const bool side_by_side = plan.along[entropy_tensor::input] != 1;
  return side_by_side && grain < rows_at_once ? rows_at_once : grain;
}

/// The 16 chains of a block of reference::lane_sum.
template <class Number>
struct lane_chains {
  using order = reference::lane_sum<Number>;
  std::array<Number, order::lanes> lane = {};

  /// The elements from `first` of the block on.
  void add(index_t first, const Number* values, index_t count) noexcept {
    const auto start = static_cast<std::size_t>(first);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      Number& chain = lane[(start + i) % order::lanes];
      chain = chain + values[i];
    }
  }
};

/// The reference::lane_sum over all rows of what `values_of(first, count, values)` writes for some of them; what is
/// ignored is +0, which adds nothing. Where there are many rows, a piece of work is some blocks of 1024, of which the
/// sums are kept; else it is some rows, of which the values are.
template <class Number, class Executor, class ValuesOf>
class row_sums {
 public:
  row_sums(const entropy_plan& plan, Executor& ex, const ValuesOf& values_of) noexcept
      : rows_(plan.rows.count()), grain_(grain_for_rows(plan)), ex_(ex), values_of_(values_of) {}

  void sum(Number& total) {
    if (std::same_as<std::remove_cvref_t<Executor>, serial_executor> || rows_ >= many_blocks * block) {
      sum_blocks();
    } else {
      sum_rows();
    }
    in_default_environment([&] { total = sums_.total(); });
  }

 private:
  using order = reference::lane_sum<Number>;
  static constexpr auto block = static_cast<index_t>(order::block);
  static constexpr index_t many_blocks = 32, blocks_in_flight = 256, rows_in_flight = 512;

  void sum_blocks() {
    std::array<Number, static_cast<std::size_t>(blocks_in_flight)> folded;
    const index_t count = (rows_ - 1) / block + (rows_ > 0 ? 1 : 0);
    for (index_t first = 0; first < count; first += blocks_in_flight) {
      const index_t blocks = count - first < blocks_in_flight ? count - first : blocks_in_flight;
      run_guarded(ex_, blocks, (grain_ - 1) / block + 1, [&](index_t begin, index_t end) {
        for (index_t b = begin; b < end; ++b) folded[static_cast<std::size_t>(b)] = sum_of_block(first + b);
      });
      in_default_environment([&] {
        for (index_t b = 0; b < blocks; ++b) sums_.add(folded[static_cast<std::size_t>(b)]);
      });
    }
  }
  Number sum_of_block(index_t number) const {
    Number values[static_cast<std::size_t>(rows_at_once)];
    lane_chains<Number> chains;
    const index_t begin = number * block, end = rows_ - begin < block ? rows_ : begin + block;
    for (index_t row = begin; row < end; row += rows_at_once) {
      const index_t count = end - row < rows_at_once ? end - row : rows_at_once;
      values_of_(row, count, values);
      chains.add(row - begin, values, count);
    }
    return order::folded(chains.lane);
  }

  void sum_rows() {
    std::array<Number, static_cast<std::size_t>(rows_in_flight)> values;
    lane_chains<Number> chains;
    for (index_t first = 0; first < rows_; first += rows_in_flight) {
      const index_t count = rows_ - first < rows_in_flight ? rows_ - first : rows_in_flight;
      run_guarded(ex_, count, grain_, [&](index_t begin, index_t end) {
        for (index_t row = begin; row < end; row += rows_at_once) {
          values_of_(first + row, end - row < rows_at_once ? end - row : rows_at_once, values.data() + row);
        }
      });
      in_default_environment([&] {
        chains.add(first % block, values.data(), count);
        if ((first + count) % block != 0 && first + count != rows_) return;
        sums_.add(order::folded(chains.lane));
        chains = {};
      });
    }
  }

  index_t rows_, grain_;
  Executor& ex_;
  const ValuesOf& values_of_;
  reference::pairwise_sum<Number> sums_;
};

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CROSS_ENTROPY_ROWS_HPP

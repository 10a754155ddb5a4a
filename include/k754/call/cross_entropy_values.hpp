/// What cross-entropy makes of a row of a checked call, and of their sum.
#ifndef K754_CALL_CROSS_ENTROPY_VALUES_HPP
#define K754_CALL_CROSS_ENTROPY_VALUES_HPP

#include "../bits.hpp"
#include "../policy.hpp"
#include "../reference/cross_entropy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "cross_entropy_rows.hpp"

namespace k754::detail {

enum class entropy_kernel { loss, backward, label_backward, jvp };

inline namespace K754_ABI {

// ---------------------------------------------------------------- losses and their tangents

/// The loss of one row, or its tangent; false where the row is ignored.
template <entropy_kernel K, class Rows>
bool row_value(const Rows& rows, const entropy_plan::walk& at, typename Rows::number& value) noexcept {
  const row_fate fate = rows.fate(at);
  if (fate == row_fate::ignored) return false;
  if (fate == row_fate::poisoned) {
    value = reference::nan_number<typename Rows::number>();
    return true;
  }
  rows.with(at, [&](const auto& row, const auto& labels) {
    if constexpr (K == entropy_kernel::jvp) {
      value = reference::tangent(row, labels, rows.row_of(entropy_tensor::input_tangent, at),
                                 rows.row_of(entropy_tensor::labels_tangent, at));
    } else {
      value = reference::loss(row, labels);
    }
  });
  return true;
}

/// D, what a mean is divided by.
template <class Rows>
typename Rows::number denominator_of(const Rows& rows) noexcept {
  constexpr policy P = Rows::rules;
  using number = typename Rows::number;
  const auto count_of = [](index_t n) { return reference::to_number<number>(static_cast<double>(n)); };
  const entropy_plan& plan = rows.plan;
  if constexpr (!Rows::index_labels || P.mean_denominator == mean_denominator::batch) {
    return count_of(plan.row_count);
  } else {
    const auto terms = rows.terms();
    const bool weighted =
        P.mean_denominator == mean_denominator::kept_weight && terms.weights.data != nullptr;
    index_t kept = 0;
    reference::lane_sum<number> weights;
    entropy_plan::walk at = plan.rows_from(0);
    for (index_t row = 0; row < plan.row_count; ++row, at.next()) {
      const row_fate fate = rows.fate(at);
      if (fate != row_fate::ignored) ++kept;
      if (!weighted) continue;
      if (fate == row_fate::ignored) weights.skip();
      if (fate == row_fate::poisoned) weights.add(count_of(1));
      if (fate == row_fate::kept) weights.add(reference::class_weight<P>(terms, rows.target(at)));
    }
    return weighted ? weights.total() : count_of(kept);
  }
}

/// D = 0 says that no row counts, whatever smoothing adds to the sum.
template <class Number>
bool is_empty_mean(const Number& denominator) noexcept {
  return is_zero(reference::leading(denominator));
}
/// sum / D
template <policy P, class Number>
Number mean_of(const Number& sum, const Number& denominator) noexcept {
  if (!is_empty_mean(denominator)) return reference::quotient(sum, denominator);
  return P.empty_mean == empty_mean::zero ? Number{} : reference::nan_number<Number>();
}

// ---------------------------------------------------------------- gradients

/// What multiplies the gradients of a row: upstream, or 1 where there is none.
template <class Rows>
typename Rows::number upstream_of(const Rows& rows, const entropy_plan::walk& at) noexcept {
  using number = typename Rows::number;
  constexpr bool flush = Rows::rules.subnormals == subnormals::flush;
  constexpr auto upstream = entropy_tensor::upstream;
  if (rows.plan.data[upstream] == nullptr) return reference::to_number<number>(1.0);
  return reference::to_number<number>(widen<flush>(load(rows.first_of(upstream, at))));
}

/// Writes the gradients of one row, times `factor`, to `first` and what follows it in steps of `stride`.
template <entropy_kernel K, class Rows, floating T>
void row_gradient(const Rows& rows, const entropy_plan::walk& at, row_fate fate,
                  const typename Rows::number& factor, T* first, index_t stride) noexcept {
  constexpr policy P = Rows::rules;
  const auto write = [&](const auto& element) {
    for (index_t i = 0; i < rows.plan.classes; ++i) store(first + i * stride, element(i));
  };
  if (fate == row_fate::ignored) return write([](index_t) { return from_bits<T>(0); });
  if (fate == row_fate::poisoned) return write([](index_t) { return canonical_nan<T>(); });
  rows.with(at, [&](const auto& row, const auto& labels) {
    if constexpr (K == entropy_kernel::backward) {
      const auto gradient = reference::gradient(row, labels, factor);
      write([&](index_t i) { return reference::result_of<P, T>(gradient[i]); });
    } else {
      write([&](index_t i) {
        return reference::result_of<P, T>(reference::label_gradient_at(row, labels, factor, i));
      });
    }
  });
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CROSS_ENTROPY_VALUES_HPP

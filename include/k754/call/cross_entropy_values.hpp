/// What cross-entropy makes of the rows of a checked call.
#ifndef K754_CALL_CROSS_ENTROPY_VALUES_HPP
#define K754_CALL_CROSS_ENTROPY_VALUES_HPP

#include <concepts>
#include <cstddef>

#include "../bits.hpp"
#include "../policy.hpp"
#include "../reference/cross_entropy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "cross_entropy_kernels.hpp"
#include "cross_entropy_rows.hpp"

namespace k754::detail {

enum class entropy_kernel { loss, backward, label_backward, jvp, loss_and_backward };

K754_INLINE constexpr bool has_values(entropy_kernel kernel) noexcept {
  return kernel != entropy_kernel::backward && kernel != entropy_kernel::label_backward;
}
K754_INLINE constexpr bool has_gradients(entropy_kernel kernel) noexcept {
  return kernel != entropy_kernel::loss && kernel != entropy_kernel::jvp;
}

inline namespace K754_KERNEL_ABI {

// ---------------------------------------------------------------- means

/// D, what a mean is divided by.
template <class Rows>
typename Rows::number denominator_of(const Rows& rows) noexcept {
  constexpr policy P = Rows::rules;
  using number = typename Rows::number;
  const auto count_of = [](index_t n) { return reference::to_number<number>(static_cast<double>(n)); };
  const index_t row_count = rows.plan.rows.count();
  if constexpr (!Rows::index_labels) {
    if (!rows.weighs_rows()) return count_of(row_count);
    reference::lane_sum<number> weights;
    rows.plan.for_rows(0, row_count, [&](const entropy_row& at) { weights.add(rows.row_weight(at)); });
    return weights.total();
  } else if constexpr (P.mean_denominator == mean_denominator::batch) {
    return count_of(row_count);
  } else {
    const auto terms = rows.terms();
    const bool weighted = P.mean_denominator == mean_denominator::kept_weight &&
                          (terms.weights.data != nullptr || rows.weighs_rows());
    if (!weighted && rows.keeps_all()) return count_of(row_count);
    index_t kept = 0;
    reference::lane_sum<number> weights;
    rows.plan.for_rows(0, row_count, [&](const entropy_row& at) {
      const row_fate fate = rows.fate(at);
      kept += fate != row_fate::ignored ? 1 : 0;
      if (!weighted) return;
      if (fate == row_fate::ignored) weights.skip();
      if (fate == row_fate::poisoned) weights.add(rows.row_weight(at));
      if (fate == row_fate::kept) {
        weights.add(reference::product_of_given<P.zero_times_inf>(
            reference::class_weight<P>(terms, rows.target(at)), rows.row_weight(at)));
      }
    });
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

/// What a call knows of its mean.
template <class Number>
struct mean_terms {
  bool wanted = false;
  Number denominator = {};

  /// Then gradients are those of ignored rows.
  bool is_empty() const noexcept { return wanted && is_empty_mean(denominator); }
};

// ---------------------------------------------------------------- rows

/// Rows of a call: their losses (or tangents), which are not rounded, and their gradients.
template <entropy_kernel K, class Rows, floating T>
class row_maker {
 public:
  using number = typename Rows::number;

  row_maker(const Rows& rows, const mean_terms<number>& mean) noexcept : rows_(rows), mean_(mean) {
    const std::size_t upstream = entropy_tensor::upstream;
    upstream_ = rows.plan.data[upstream] != nullptr;
    if constexpr (runs_on_vectors) {
      compute_soft_ = choose<soft_rows_kernel<flush, T>>();
      if constexpr (Rows::index_labels) compute_hard_ = choose<hard_rows_kernel<flush, T>>();
    }
  }

  /// The rows [first, first + count) of the call, with their losses at `values`.
  void make(index_t first, index_t count, number* values) const noexcept {
    rows_.plan.rows.for_runs(first, first + count, [&](const entropy_run& run) {
      for (index_t row = 0; row < run.length; row += rows_at_once) {
        const index_t some = run.length - row < rows_at_once ? run.length - row : rows_at_once;
        make_some(piece{*this, run, row, values}, some);
        if (values != nullptr) values += some;
      }
    });
  }

 private:
  static constexpr policy P = Rows::rules;
  static constexpr bool flush = P.subnormals == subnormals::flush;
  static constexpr zero_times_inf rule = P.zero_times_inf;
  static constexpr bool runs_on_vectors = Rows::from_logits && !std::same_as<T, double> &&
                                          K != entropy_kernel::label_backward && K != entropy_kernel::jvp;

  /// Rows of a run from `first` on.
  struct piece {
    const row_maker& maker;
    const entropy_run& run;
    index_t first;
    number* values;
  };

  void make_some(const piece& rows, index_t count) const noexcept {
    make_unweighted(rows, count);
    if (!has_values(K) || !rows_.weighs_rows()) return;
    for (index_t row = 0; row < count; ++row) {
      const entropy_row at{rows.run, rows.first + row};
      if (fate_of(at) != row_fate::kept) continue;
      rows.values[row] = reference::given_times<rule>(rows_.row_weight(at), rows.values[row]);
    }
  }

  /// Values before the weights of the rows.
  void make_unweighted(const piece& rows, index_t count) const noexcept {
    if constexpr (runs_on_vectors) {
      const bool smoothed = rows_.label_smoothing > 0.0;
      if constexpr (Rows::index_labels) {
        if (!smoothed) return make_hard_rows(rows, count);
      }
      if (!smoothed || P.smoothing == smoothing::all_classes) return make_soft_rows(rows, count);
    }
    for (index_t row = 0; row < count; ++row) {
      T* const gradient = has_gradients(K) ? gradient_at({rows.run, rows.first + row}) : nullptr;
      define_row(rows, row, gradient, rows_.plan.along[entropy_tensor::gradient]);
    }
  }

  T* gradient_at(const entropy_row& at) const noexcept {
    return static_cast<T*>(const_cast<void*>(rows_.plan.data[entropy_tensor::gradient])) +
           at.offset(entropy_tensor::gradient);
  }
  row_fate fate_of(const entropy_row& at) const noexcept {
    return mean_.is_empty() ? row_fate::ignored : rows_.fate(at);
  }
  /// What multiplies the gradients of a row: upstream, or 1 where there is none, times the row's weight, by D.
  number factor_of(const entropy_row& at) const noexcept {
    auto given = reference::to_number<number>(1.0);
    if (upstream_) {
      given = reference::to_number<number>(widen<flush>(load(rows_.first_of(entropy_tensor::upstream, at))));
    }
    if (rows_.weighs_rows()) given = reference::product_of_given<rule>(given, rows_.row_weight(at));
    return mean_.wanted ? reference::given_over<rule>(given, mean_.denominator) : given;
  }

  // ---- by the definition

  static void define(const void* caller, index_t row, T* gradient, index_t along) noexcept {
    const piece& rows = *static_cast<const piece*>(caller);
    rows.maker.define_row(rows, row, gradient, along);
  }

  void define_row(const piece& rows, index_t row, T* gradient, index_t along) const noexcept {
    const entropy_row at{rows.run, rows.first + row};
    const row_fate fate = fate_of(at);
    number unused{};
    number& value = rows.values == nullptr ? unused : rows.values[row];
    const auto write = [&](const auto& element) {
      for (index_t i = 0; i < rows_.plan.classes; ++i) store(gradient + i * along, element(i));
    };
    if (fate == row_fate::kept) {
      rows_.with(at, [&](const auto& logits, const auto& labels) {
        if constexpr (has_values(K)) value = value_of(at, logits, labels);
        if constexpr (has_gradients(K)) write_gradient(at, logits, labels, write);
      });
    } else if (fate == row_fate::ignored) {
      value = number{};
      if constexpr (has_gradients(K)) write([](index_t) { return from_bits<T>(0); });
    } else {
      value = reference::nan_number<number>();
      if constexpr (has_gradients(K)) write([](index_t) { return canonical_nan<T>(); });
    }
  }

  template <class Row, class Labels>
  number value_of(const entropy_row& at, const Row& row, const Labels& labels) const noexcept {
    if constexpr (K == entropy_kernel::jvp && Rows::index_labels) {
      return reference::tangent(row, labels, rows_.row_of(entropy_tensor::input_tangent, at));
    } else if constexpr (K == entropy_kernel::jvp) {
      return reference::tangent(row, labels, rows_.row_of(entropy_tensor::input_tangent, at),
                                rows_.row_of(entropy_tensor::labels_tangent, at));
    } else {
      return reference::loss(row, labels);
    }
  }
  template <class Row, class Labels, class Write>
  void write_gradient(const entropy_row& at, const Row& row, const Labels& labels,
                      const Write& write) const noexcept {
    const number factor = factor_of(at);
    if constexpr (K == entropy_kernel::label_backward) {
      write([&](index_t i) {
        return reference::result_of<P, T>(reference::label_gradient_at(row, labels, factor, i));
      });
    } else {
      const auto gradient = reference::gradient(row, labels, factor);
      write([&](index_t i) { return reference::result_of<P, T>(gradient[i]); });
    }
  }

  // ---- index labels, no smoothing: on vectors

  /// What the kernel takes for rows beside their elements, and a vector more of each.
  struct row_terms {
    static constexpr auto size = static_cast<std::size_t>(rows_at_once + 16);
    index_t target[size];
    double weight[size], factor[size], loss[size];
  };

  void fill(const piece& rows, index_t count, row_terms& terms) const noexcept {
    const reference::label_terms<T> labels = rows_.terms();
    const bool weighted = labels.weights.data != nullptr;
    const bool one_factor =
        (!upstream_ || rows.run.strides[entropy_tensor::upstream] == 0) && !rows_.weighs_rows();
    double weight = 1.0, given = factor_of({rows.run, rows.first}), factor = given;
    for (index_t row = 0; row < count; ++row) {
      const entropy_row at{rows.run, rows.first + row};
      const row_fate fate = fate_of(at);
      const bool kept = fate == row_fate::kept;
      const index_t target = kept ? rows_.target(at) : 0;
      if (weighted && kept) weight = reference::class_weight<P>(labels, target);
      if (has_gradients(K) && (weighted || !one_factor)) {
        if (!one_factor) given = factor_of(at);
        factor = reference::product_of_given<rule>(given, weight);
      }
      const bool finite = is_finite(weight) && (!has_gradients(K) || is_finite(factor));
      terms.target[row] = fate == row_fate::ignored ? no_target
                          : kept && finite          ? target
                                                    : target_by_definition;
      terms.weight[row] = kept ? weight : 0.0;
      terms.factor[row] = kept ? factor : 0.0;
    }
    for (std::size_t i = 0; i < 16; ++i) {
      terms.weight[static_cast<std::size_t>(count) + i] = 0.0;
      terms.factor[static_cast<std::size_t>(count) + i] = 0.0;
    }
  }

  void make_hard_rows(const piece& rows, index_t count) const noexcept {
    const entropy_plan& plan = rows_.plan;
    row_terms terms;
    fill(rows, count, terms);
    const entropy_row first{rows.run, rows.first};
    constexpr auto input = entropy_tensor::input, gradient = entropy_tensor::gradient;
    piece to_terms = rows;
    to_terms.values = terms.loss;
    hard_rows<T> run{plan.classes,
                     count,
                     {rows_.first_of(input, first), plan.along[input], rows.run.strides[input]},
                     {nullptr, 0, 0},
                     terms.target,
                     terms.weight,
                     terms.factor,
                     terms.loss,
                     {&define, &to_terms}};
    if (has_gradients(K)) {
      run.gradient = {gradient_at(first), plan.along[gradient], rows.run.strides[gradient]};
    }
    compute_hard_(run);
    if constexpr (has_values(K)) {
      for (index_t row = 0; row < count; ++row) rows.values[row] = terms.loss[row];
    }
  }

  // ---- other labels: on vectors

  void make_soft_rows(const piece& rows, index_t count) const noexcept {
    constexpr auto input = entropy_tensor::input, labels = entropy_tensor::labels,
                   gradient = entropy_tensor::gradient, weights = entropy_tensor::class_weights;
    const entropy_plan& plan = rows_.plan;
    index_t target[static_cast<std::size_t>(rows_at_once)];
    double factor[static_cast<std::size_t>(rows_at_once)];
    for (index_t row = 0; row < count; ++row) {
      const entropy_row at{rows.run, rows.first + row};
      const bool kept = fate_of(at) == row_fate::kept;
      factor[row] = has_gradients(K) && kept ? factor_of(at) : 0.0;
      target[row] = kept && is_finite(factor[row]) ? 0 : target_by_definition;
      if constexpr (Rows::index_labels) {
        if (target[row] == 0) target[row] = rows_.target(at);
      }
    }
    const entropy_row first{rows.run, rows.first};
    soft_rows<T> run{plan.classes,
                     count,
                     {rows_.first_of(input, first), plan.along[input], rows.run.strides[input]},
                     {nullptr, 0, 0},
                     {nullptr, 0, 0},
                     target,
                     {static_cast<const T*>(plan.data[weights]), plan.along[weights]},
                     rows_.label_smoothing > 0.0,
                     reference::kept_share<double>(rows_.label_smoothing),
                     reference::quotient(rows_.label_smoothing, static_cast<double>(plan.classes)),
                     P.label_sum == label_sum::assume_one && !Rows::index_labels,
                     rule == zero_times_inf::ieee,
                     factor,
                     has_values(K) ? rows.values : nullptr,
                     {&define, &rows}};
    if constexpr (!Rows::index_labels) {
      run.labels = {rows_.first_of(labels, first), plan.along[labels], rows.run.strides[labels]};
    }
    if constexpr (has_gradients(K)) {
      run.gradient = {gradient_at(first), plan.along[gradient], rows.run.strides[gradient]};
    }
    compute_soft_(run);
  }

  const Rows& rows_;
  mean_terms<number> mean_;
  bool upstream_ = false;
  typename hard_rows_kernel<flush, T>::function* compute_hard_ = nullptr;
  typename soft_rows_kernel<flush, T>::function* compute_soft_ = nullptr;
};

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CROSS_ENTROPY_VALUES_HPP

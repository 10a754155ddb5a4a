/// A call of a function of cross_entropy.hpp: its checks, which find its rows (cross_entropy_rows.hpp), and what
/// is done with them (cross_entropy_values.hpp).
#ifndef K754_CALL_CROSS_ENTROPY_HPP
#define K754_CALL_CROSS_ENTROPY_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "../bits.hpp"
#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/cross_entropy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "cross_entropy_rows.hpp"
#include "cross_entropy_values.hpp"
#include "forms.hpp"
#include "operands.hpp"

namespace k754 {
template <floating T>
struct cross_entropy_options;
}  // namespace k754

namespace k754::detail {

template <class X>
concept floating_tensor = tensor_like<X> && floating<element_of<X>>;
template <class X, class Logits>
concept beside = tensor_of<X, element_of<Logits>>;
template <class X, class Logits>
concept output_for = output_outlives_the_call<X> &&(mistaken_output<X> || output_of<X, element_of<Logits>>);
/// Losses may be wider than logits of 16 bits: only rounding lies between.
template <class X, class Logits>
concept loss_for = output_for<X, Logits> ||
    (output_outlives_the_call<X>&& output_of<X, float> && sizeof(element_of<Logits>) < sizeof(float));
template <class X>
concept class_indices = tensor_like<X> && integer<element_of<X>>;
template <class X, class Logits>
concept labels_for = beside<X, Logits> || class_indices<X>;
template <class X, class Logits>
concept upstream_for = beside<X, Logits> || std::same_as<std::remove_cvref_t<X>, std::nullptr_t>;
template <class Logits>
using options_for = cross_entropy_options<element_of<Logits>>;

enum class entropy_input { logits, probabilities };

/// The fields that a kernel reads of a policy.
template <entropy_kernel K, entropy_input From, element Label>
constexpr policy entropy_policy(const policy& p) noexcept {
  policy read{.subnormals = p.subnormals,
              .zero_times_inf = reference::zero_rule_of(p),
              .empty_mean = p.empty_mean,
              .smoothing = p.smoothing};
  if constexpr (From == entropy_input::logits) {
    read.zero_mass = p.zero_mass;
    read.pos_inf = p.pos_inf;
    if (floating<Label>) read.label_sum = p.label_sum;
  }
  if constexpr (floating<Label>) {
    read.label_check = p.label_check;
    if (K == entropy_kernel::label_backward || K == entropy_kernel::jvp)
      read.label_gradient = p.label_gradient;
  } else {
    read.bad_index = p.bad_index;
    read.mean_denominator = p.mean_denominator;
  }
  return read;
}

inline namespace K754_KERNEL_ABI {

// ---------------------------------------------------------------- names

constexpr const char* entropy_name(entropy_kernel kernel, entropy_input input) noexcept {
  const bool logits = input == entropy_input::logits;
  switch (kernel) {
    case entropy_kernel::loss:
      return logits ? "cross_entropy" : "cross_entropy_from_probabilities";
    case entropy_kernel::backward:
      return logits ? "cross_entropy_backward" : "cross_entropy_from_probabilities_backward";
    case entropy_kernel::label_backward:
      return logits ? "cross_entropy_label_backward" : "cross_entropy_from_probabilities_label_backward";
    case entropy_kernel::loss_and_backward:
      return "cross_entropy_with_gradient";
    case entropy_kernel::jvp:
      break;
  }
  return "cross_entropy_jvp";
}

constexpr const char* entropy_gradient_name(entropy_kernel kernel, entropy_input input) noexcept {
  if (kernel == entropy_kernel::label_backward) return "dlabels";
  return input == entropy_input::logits ? "dlogits" : "dprobabilities";
}

// ---------------------------------------------------------------- checks

/// How the shape of an argument follows from the logits'. `total`: one element, of any rank.
enum class entropy_shape { logits, rows, classes, total };

/// The arguments in the order of entropy_tensor.
using entropy_arguments = std::array<argument, entropy_tensor::count>;
using entropy_shapes = std::array<entropy_shape, entropy_tensor::count>;

constexpr check_result check_entropy_shape(const char* name, const argument& a, entropy_shape shape,
                                           const layout& logits, std::size_t axis) noexcept {
  switch (shape) {
    case entropy_shape::logits:
      return check_shape(name, a, logits);
    case entropy_shape::rows:
      return check_shape(name, a, without_axis(logits, axis));
    case entropy_shape::classes:
      return check_shape(name, a, layout{1, {logits.extents[axis]}});
    case entropy_shape::total:
      break;
  }
  if (!a.present || element_count(a.view) == 1) return {};
  return failure(status::shape_mismatch, name, a.name, "has {} elements, a mean or sum needs 1",
                 element_count(a.view));
}

/// The element type decides what labels are, which is not clear to all who give the other kind.
constexpr check_result check_label_rank(const char* name, const argument& labels, entropy_shape shape,
                                        std::size_t logits_rank) noexcept {
  const bool indices = shape == entropy_shape::rows;
  const std::size_t expected = indices ? logits_rank - 1 : logits_rank;
  if (labels.view.rank == expected) return {};
  return failure(status::rank_mismatch, name, labels.name,
                 indices ? "has {} axes, expected {}: integers are class indices, probabilities are floats"
                         : "has {} axes, expected {}: floats are probabilities, class indices are integers",
                 labels.view.rank, expected);
}

/// Everything but the options, and the plan.
constexpr check_result check_entropy(const char* name, index_t axis_option, const entropy_arguments& all,
                                     const entropy_shapes& shapes, entropy_plan& plan) noexcept {
  if (auto r = check_views(name, all); !r) return r;
  const argument& input = all[entropy_tensor::input];
  std::size_t axis = 0;
  if (auto r = check_axis(name, axis_option, input, axis); !r) return r;
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (n == entropy_tensor::labels) {
      if (auto r = check_label_rank(name, all[n], shapes[n], input.view.rank); !r) return r;
    }
    if (auto r = check_entropy_shape(name, all[n], shapes[n], input.view, axis); !r) return r;
  }
  if (input.view.extents[axis] == 0) {
    return failure(status::empty_reduction, name, input.name, "has extent 0 on axis {}: there are no classes",
                   axis);
  }
  if (auto r = check_memory(name, all); !r) return r;

  const layout rows = without_axis(input.view, axis);
  std::array<axes, entropy_tensor::count> across = {};
  plan.classes = input.view.extents[axis];
  for (std::size_t n = 0; n < all.size(); ++n) {
    const layout& view = all[n].view;
    plan.data[n] = view.data;
    if (shapes[n] == entropy_shape::rows) across[n] = view.strides;
    if (shapes[n] == entropy_shape::classes) plan.along[n] = view.strides[0];
    if (shapes[n] == entropy_shape::logits) {
      across[n] = without_axis(view, axis).strides;
      plan.along[n] = view.strides[axis];
    }
  }
  plan.rows = {rows, across};
  return {};
}

// ---------------------------------------------------------------- the call

/// What a function was given; its policy is reduced, so that equal meanings are one instantiation.
template <entropy_kernel K, entropy_input From, policy P, floating T, element Label, floating Value = T>
struct entropy_call {
  static constexpr bool from_logits = From == entropy_input::logits;
  static constexpr bool index_labels = integer<Label>;
  static constexpr const char* name = entropy_name(K, From);

  using plan = entropy_plan;
  using row_type =
      std::conditional_t<from_logits, reference::logit_row<P, T>, reference::probability_row<P, T>>;
  using row_set = entropy_rows<row_type, P, T, Label>;
  using number = reference::wide_number<T>;
  using reduction = decltype(cross_entropy_options<T>::reduction);

  tensor_view<const T> input;
  tensor_view<const Label> labels;
  cross_entropy_options<T> options;
  tensor_view<Value> value = {};  ///< the results, those that there are
  tensor_view<T> gradient = {};
  tensor_view<const T> upstream = {};  ///< of gradients
  bool has_upstream = false;
  tensor_view<const T> input_tangent = {}, labels_tangent = {};  ///< of jvp

  constexpr check_result check(plan& filled) const noexcept {
    if (auto r = check_options(); !r) return r;
    constexpr sharing in_place = has_gradients(K) ? sharing::exact_alias : sharing::none;
    constexpr bool jvp = K == entropy_kernel::jvp;
    constexpr auto logits = entropy_shape::logits, rows = entropy_shape::rows;
    const auto losses = options.reduction == reduction::none ? rows : entropy_shape::total;
    const auto& weights = options.class_weights;
    return check_entropy(
        name, options.axis,
        {{{from_logits ? "logits" : "probabilities", layout_of(input), role::input, in_place},
          {"labels", layout_of(labels), role::input, index_labels ? sharing::none : in_place},
          {"logits_tangent", layout_of(input_tangent), role::input, sharing::none, jvp},
          {"labels_tangent", layout_of(labels_tangent), role::input, sharing::none, jvp && !index_labels},
          {"class_weights", layout_of(weights.view()), role::input, sharing::none, weights.given()},
          {"row_weights", layout_of(options.row_weights.view()), role::input, sharing::none,
           options.row_weights.given()},
          {"upstream", layout_of(upstream), role::input, sharing::none, has_upstream},
          {jvp ? "loss_tangent" : "loss", layout_of(value), role::output, sharing::none, has_values(K)},
          {entropy_gradient_name(K, From), layout_of(gradient), role::output, sharing::none,
           has_gradients(K)}}},
        {logits, index_labels ? rows : logits, logits, logits, entropy_shape::classes, rows, losses, losses,
         logits},
        filled);
  }

  template <class Executor>
  check_result compute(const plan& checked, Executor& ex) const {
    const row_set all{checked, options.label_smoothing, options.ignore_index};
    if (auto r = check_labels(name, all); !r) return r;
    const bool total = has_values(K) && options.reduction != reduction::none;
    const mean_terms<number> mean = mean_of_rows(all);
    const row_maker<K, row_set, T> rows(all, mean);
    if (total) {
      add_up(rows, mean, checked, ex);
    } else {
      make_each(rows, checked, ex);
    }
    return {};
  }

 private:
  /// What is wrong with the options by themselves.
  constexpr check_result check_options() const noexcept {
    const double eps = options.label_smoothing;  // looked at as bits: the caller's environment may trap
    if (magnitude_bits(eps) > to_bits(1.0) || (sign_bit(eps) && !is_zero(eps))) {
      return failure(status::invalid_option, name, "label_smoothing", "is not in [0, 1]");
    }
    if (!index_labels && options.ignore_index) {
      return failure(status::invalid_option, name, "ignore_index",
                     "needs index labels, labels are probabilities");
    }
    if (P.label_sum == label_sum::assume_one && options.class_weights.given()) {
      return failure(status::invalid_option, name, "class_weights",
                     "make labels that do not sum to 1, which label_sum::assume_one takes for granted");
    }
    return {};
  }

  mean_terms<number> mean_of_rows(const row_set& all) const {
    mean_terms<number> mean{options.reduction == reduction::mean};
    if (mean.wanted) in_default_environment([&] { mean.denominator = denominator_of(all); });
    return mean;
  }

  /// Gradients, and the losses of rows.
  template <class Rows, class Executor>
  void make_each(const Rows& rows, const plan& checked, Executor& ex) const {
    const index_t count = checked.rows.count();
    const index_t grain =
        std::same_as<std::remove_cvref_t<Executor>, serial_executor> ? count : grain_for_rows(checked);
    run_guarded(ex, count, grain, [&](index_t begin, index_t end) {
      if constexpr (!has_values(K)) {
        rows.make(begin, end - begin, nullptr);
      } else {
        number values[static_cast<std::size_t>(rows_at_once)];
        for (index_t row = begin; row < end; row += rows_at_once) {
          const index_t some = end - row < rows_at_once ? end - row : rows_at_once;
          rows.make(row, some, values);
          store_values(checked, row, some, values);
        }
      }
    });
  }
  void store_values(const plan& checked, index_t first, index_t count, const number* values) const noexcept {
    checked.rows.for_runs(first, first + count, [&](const entropy_run& run) {
      const auto to = run.of(entropy_tensor::value, value.data_handle());
      for (index_t row = 0; row < run.length; ++row)
        store(to.at(row), reference::result_of<P, Value>(*values++));
    });
  }

  /// The sum or mean of the losses, and gradients.
  template <class Rows, class Executor>
  void add_up(const Rows& rows, const mean_terms<number>& mean, const plan& checked, Executor& ex) const {
    const auto make = [&rows](index_t first, index_t count, number* values) {
      rows.make(first, count, values);
    };
    number total = {};
    row_sums<number, Executor, decltype(make)>(checked, ex, make).sum(total);
    in_default_environment([&] {
      if (mean.wanted) total = mean_of<P>(total, mean.denominator);
      store(value.data_handle(), reference::result_of<P, Value>(total));
    });
  }
};

/// Makes a call from the arguments of the public functions.
template <entropy_kernel K, entropy_input From, policy P>
struct entropy_caller {
  static_assert(P.precision == precision::accurate,
                "k754 cross_entropy: precision::accurate is the only tier in this version");

  template <class Input, class Labels, class Result, class Options>
  constexpr auto operator()(Input& input, Labels& labels, Result& result,
                            const Options& options) const noexcept {
    static_assert(is_output<Result&>());
    using label = element_of<Labels&>;
    using element = element_of<Input&>;
    constexpr policy reduced = entropy_policy<K, From, label>(P);
    if constexpr (has_gradients(K)) {
      entropy_call<K, From, reduced, element, label> call{input_view(input), input_view(labels), options};
      call.gradient = output_view(result);
      return call;
    } else {
      entropy_call<K, From, reduced, element, label, element_of<Result&>> call{input_view(input),
                                                                               input_view(labels), options};
      call.value = output_view(result);
      return call;
    }
  }
  template <class Input, class Labels, class Upstream, class Result, class Options>
  constexpr auto operator()(Input& input, Labels& labels, Upstream& upstream, Result& result,
                            const Options& options) const noexcept {
    auto call = (*this)(input, labels, result, options);
    if constexpr (K == entropy_kernel::jvp) {
      call.input_tangent = input_view(upstream);  // of index labels, which have no tangent
    } else if constexpr (tensor_like<Upstream&>) {
      call.upstream = input_view(upstream);
      call.has_upstream = true;
    }
    return call;
  }
  template <class Input, class Labels, class InputTangent, class LabelsTangent, class Result, class Options>
  constexpr auto operator()(Input& input, Labels& labels, InputTangent& input_tangent,
                            LabelsTangent& labels_tangent, Result& result,
                            const Options& options) const noexcept {
    auto call = (*this)(input, labels, result, options);
    call.input_tangent = input_view(input_tangent);
    call.labels_tangent = input_view(labels_tangent);
    return call;
  }
};

/// The same for a loss together with the gradient of its logits.
template <policy P>
struct entropy_pair_caller {
  template <class Logits, class Labels, class Upstream, class Loss, class Gradient, class Options>
  constexpr auto operator()(Logits& logits, Labels& labels, Upstream& upstream, Loss& loss,
                            Gradient& gradient, const Options& options) const noexcept {
    static_assert(is_output<Loss&>());
    static_assert(is_output<Gradient&>());
    constexpr auto kernel = entropy_kernel::loss_and_backward;
    constexpr auto from = entropy_input::logits;
    using label = element_of<Labels&>;
    entropy_call<kernel, from, entropy_policy<kernel, from, label>(P), element_of<Logits&>, label,
                 element_of<Loss&>>
        call{input_view(logits), input_view(labels), options, output_view(loss), output_view(gradient)};
    if constexpr (tensor_like<Upstream&>) {
      call.upstream = input_view(upstream);
      call.has_upstream = true;
    }
    return call;
  }
};

template <policy P>
inline constexpr entropy_pair_caller<P> entropy_loss_and_backward{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::loss, entropy_input::logits, P> entropy_loss{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::backward, entropy_input::logits, P> entropy_backward{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::label_backward, entropy_input::logits, P>
    entropy_label_backward{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::jvp, entropy_input::logits, P> entropy_jvp{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::loss, entropy_input::probabilities, P> likelihood_loss{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::backward, entropy_input::probabilities, P>
    likelihood_backward{};
template <policy P>
inline constexpr entropy_caller<entropy_kernel::label_backward, entropy_input::probabilities, P>
    likelihood_label_backward{};

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CROSS_ENTROPY_HPP

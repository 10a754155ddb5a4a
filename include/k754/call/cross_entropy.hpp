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
template <class X, class Logits>
concept labels_for = beside<X, Logits> ||(tensor_like<X>&& integer<element_of<X>>);
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

inline namespace K754_ABI {

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
    case entropy_kernel::jvp:
      break;
  }
  return "cross_entropy_jvp";
}

constexpr const char* entropy_result_name(entropy_kernel kernel, entropy_input input) noexcept {
  switch (kernel) {
    case entropy_kernel::loss:
      return "loss";
    case entropy_kernel::backward:
      return input == entropy_input::logits ? "dlogits" : "dprobabilities";
    case entropy_kernel::label_backward:
      return "dlabels";
    case entropy_kernel::jvp:
      break;
  }
  return "loss_tangent";
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
  plan.row_count = element_count(rows);
  plan.classes = input.view.extents[axis];
  plan.rank = rows.rank;
  plan.extents = rows.extents;
  for (std::size_t n = 0; n < all.size(); ++n) {
    const layout& view = all[n].view;
    plan.data[n] = view.data;
    if (shapes[n] == entropy_shape::rows) plan.across[n] = view.strides;
    if (shapes[n] == entropy_shape::classes) plan.along[n] = view.strides[0];
    if (shapes[n] == entropy_shape::logits) {
      plan.across[n] = without_axis(view, axis).strides;
      plan.along[n] = view.strides[axis];
    }
  }
  return {};
}

// ---------------------------------------------------------------- the call

/// What a function was given; its policy is reduced, so that equal meanings are one instantiation.
template <entropy_kernel K, entropy_input From, policy P, floating T, element Label>
struct entropy_call {
  static constexpr bool from_logits = From == entropy_input::logits;
  static constexpr bool index_labels = integer<Label>;
  static constexpr bool is_gradient = K == entropy_kernel::backward || K == entropy_kernel::label_backward;
  static constexpr const char* name = entropy_name(K, From);

  using plan = entropy_plan;
  using walk = entropy_plan::walk;
  using row_type =
      std::conditional_t<from_logits, reference::logit_row<P, T>, reference::probability_row<P, T>>;
  using row_set = entropy_rows<row_type, P, T, Label>;
  using number = reference::wide_number<T>;
  using reduction = decltype(cross_entropy_options<T>::reduction);

  tensor_view<const T> input;
  tensor_view<const Label> labels;
  tensor_view<T> result;
  cross_entropy_options<T> options;
  tensor_view<const T> upstream = {};  ///< of gradients
  bool has_upstream = false;
  tensor_view<const T> input_tangent = {}, labels_tangent = {};  ///< of jvp

  constexpr check_result check(plan& filled) const noexcept {
    if (auto r = check_options(); !r) return r;
    constexpr sharing in_place = is_gradient ? sharing::exact_alias : sharing::none;
    constexpr bool jvp = K == entropy_kernel::jvp;
    constexpr auto logits = entropy_shape::logits, rows = entropy_shape::rows;
    const auto losses = options.reduction == reduction::none ? rows : entropy_shape::total;
    const auto& weights = options.class_weights;
    return check_entropy(
        name, options.axis,
        {{{from_logits ? "logits" : "probabilities", layout_of(input), role::input, in_place},
          {"labels", layout_of(labels), role::input, index_labels ? sharing::none : in_place},
          {"logits_tangent", layout_of(input_tangent), role::input, sharing::none, jvp},
          {"labels_tangent", layout_of(labels_tangent), role::input, sharing::none, jvp},
          {"class_weights", layout_of(weights.view()), role::input, sharing::none, weights.given()},
          {"upstream", layout_of(upstream), role::input, sharing::none, has_upstream},
          {entropy_result_name(K, From), layout_of(result), role::output}}},
        {logits, index_labels ? rows : logits, logits, logits, entropy_shape::classes, losses,
         is_gradient ? logits : losses},
        filled);
  }

  template <class Executor>
  check_result compute(const plan& checked, Executor& ex) const {
    const row_set all{checked, options.label_smoothing, options.ignore_index};
    if (auto r = check_labels(name, all); !r) return r;
    if constexpr (is_gradient) {
      compute_gradients(all, ex);
    } else if (options.reduction == reduction::none) {
      compute_losses(all, ex);
    } else {
      compute_total(all, ex);
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

  T* result_at(const walk& at) const noexcept {
    return result.data_handle() + at.offset(entropy_tensor::result);
  }

  template <class Executor>
  void compute_losses(const row_set& all, Executor& ex) const {
    run_guarded(ex, all.plan.row_count, grain_for(all.plan.classes), [&](index_t begin, index_t end) {
      walk at = all.plan.rows_from(begin);
      for (index_t row = begin; row < end; ++row, at.next()) {
        number value = {};
        (void)row_value<K>(all, at, value);
        store(result_at(at), reference::result_of<P, T>(value));
      }
    });
  }

  template <class Executor>
  void compute_total(const row_set& all, Executor& ex) const {
    number total = {};
    const auto add_row = [&all](const walk& at, number& sum) {
      number value = {};
      if (row_value<K>(all, at, value)) sum = sum + value;
    };
    sum_rows(all.plan, ex, add_row, total);
    in_default_environment([&] {
      if (options.reduction == reduction::mean) total = mean_of<P>(total, denominator_of(all));
      store(result.data_handle(), reference::result_of<P, T>(total));
    });
  }

  template <class Executor>
  void compute_gradients(const row_set& all, Executor& ex) const {
    const bool mean = options.reduction == reduction::mean;
    const index_t stride = all.plan.along[entropy_tensor::result];
    number denominator = {};
    if (mean) in_default_environment([&] { denominator = denominator_of(all); });
    const bool none_counts = mean && is_empty_mean(denominator);
    run_guarded(ex, all.plan.row_count, grain_for(all.plan.classes), [&](index_t begin, index_t end) {
      walk at = all.plan.rows_from(begin);
      for (index_t row = begin; row < end; ++row, at.next()) {
        const number given = upstream_of(all, at);
        const number factor = mean ? reference::given_over<P.zero_times_inf>(given, denominator) : given;
        const row_fate fate = none_counts ? row_fate::ignored : all.fate(at);
        row_gradient<K>(all, at, fate, factor, result_at(at), stride);
      }
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
    return entropy_call<K, From, entropy_policy<K, From, label>(P), element_of<Input&>, label>{
        input_view(input), input_view(labels), output_view(result), options};
  }
  template <class Input, class Labels, class Upstream, class Result, class Options>
  constexpr auto operator()(Input& input, Labels& labels, Upstream& upstream, Result& result,
                            const Options& options) const noexcept {
    auto call = (*this)(input, labels, result, options);
    if constexpr (tensor_like<Upstream&>) {
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

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CROSS_ENTROPY_HPP

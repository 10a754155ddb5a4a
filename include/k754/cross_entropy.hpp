/// Softmax cross-entropy and its gradients, and the same from probabilities.
///
///     k754::cross_entropy(logits, labels, tensor_view(&loss));                  // [N, C], [N] -> mean
///     k754::cross_entropy(logits, labels, losses,                               // [N, C, H, W] -> [N, H, W]
///                         {.axis = 1, .reduction = k754::reduction::none, .ignore_index = -100});
///     k754::cross_entropy_backward(logits, labels, dlogits);                    // d mean / d logits
///     k754::cross_entropy_label_backward(logits, teacher, upstream, dteacher);  // d loss / d labels
///
/// Shapes      logits [d0, .., C, .., d(r-1)] with the classes on `axis`; a row is one vector of C logits.
///             Labels: class indices, of the shape without that axis, or probabilities, of the shape of
///             logits. Losses, loss tangents and upstream gradients: the shape without the axis for
///             reduction::none, one element (any rank) for mean and sum. An upstream that is left out is 1
///             everywhere. Any element strides, negative and (but for outputs) zero too.
/// Types       float, double, float16, bfloat16 and types stored as these; one type for all but index
///             labels, which are of any integer type. The labels' element type decides which kind they are.
/// Loss        -log softmax_t for an index label t, -sum q_i log softmax_i for probabilities q. Smoothing by
///             eps makes them (1 - eps) q_i + eps / C, a class weight then multiplies by w_i. Losses and the
///             gradient at the target keep their accuracy near 0: [30, 0] with label 0 is 9.358e-14, not 0
///             (CE-Za .. CE-Zf, CE-S17, CE-S18, CE-H1).
/// Reduction   The mean of index labels is divided by the sum of their class weights, so without weights by
///             the number of rows that are not ignored (CE-S06), or by mean_denominator; that of probability
///             labels by the number of rows. 0 / 0 is NaN, or by empty_mean 0 (CE-S08, CE-S11).
/// Zeros       A zero label, class weight, tangent or upstream gradient is strong: its product with an
///             infinite term is 0 (CE-D01, CE-D12, CE-D15, CE-D17, CE-S15), with NaN it is NaN (CE-D07,
///             CE-D09, CE-S04); zero_times_inf::ieee and annihilating_zero are the other two rules. A label
///             above zero, however small, on a -inf logit makes the loss +inf and the gradient finite
///             (CE-D02, CE-D03, CE-D13, CE-D14, CE-S01, CE-S13); smoothing::finite_support smooths over the
///             other classes. An infinite label makes an infinite loss (CE-D08). A zero result is +0
///             (CE-D05, CE-S02).
/// Rows        A NaN makes the row NaN; so does +inf, or by pos_inf its limit (CE-D10, CE-S05), and a row of
///             -inf, which by zero_mass counts for nothing (loss and gradients +0) or is uniform (CE-D11,
///             CE-S03).
/// Labels      Probabilities need not sum to 1: the gradient is the true one, sum(q) softmax - q (CE-D04,
///             CE-D05), or by label_sum::assume_one that of a loss with sum(q) = 1. They may be negative
///             (CE-D06), unless label_check asks for an error (`invalid_label`). The gradient with respect
///             to a label is -log softmax_i, +inf where the logit is -inf, also for a zero label; or by
///             label_gradient 0 for those.
/// Indices     An index outside [0, C) is an error, or by bad_index poisons its row (which weighs 1 in a
///             mean) or skips it; -1 never wraps (CE-S09, CE-S10). A row whose label is ignore_index is not
///             read: loss +0, gradient +0, whatever it holds (CE-S07, CE-S14). ignore_index is compared
///             first, and may lie in [0, C); with probability labels it is an error (CE-S16).
/// From p      cross_entropy_from_probabilities takes p where the others take logits: -sum q_i log p_i with
///             xlogy's zero rule and no clipping (CE-D18); p need not sum to 1. An index label reads p_t
///             alone.
/// Accuracy    Index labels, and losses of labels >= 0: 0.5001 ULP (float16 0.5005, f64 0.51), also after
///             the reduction. Elsewhere that plus 2^-46 (f64 2^-60) times the magnitudes of what is
///             subtracted.
/// Policy      subnormals, zero_times_inf, smoothing, empty_mean, zero_mass, pos_inf (not from p); index
///             labels: bad_index, mean_denominator; probability labels: label_check, label_sum (not from p),
///             label_gradient. precision::accurate is the only tier in this version.
/// Errors      axis_out_of_range, rank_mismatch, shape_mismatch, negative_extent, size_overflow,
///             invalid_option (label_smoothing not in [0, 1], ignore_index or weighted assume_one with
///             probability labels), empty_reduction (no classes, CE-S12), null_pointer, self_overlap,
///             overlap, label_out_of_range, invalid_label. A gradient may be exactly the logits, or labels
///             of its shape (in place); outputs must otherwise share no memory with an argument.
/// Cost        Three passes over each row, four with probability labels or smoothing; one over the labels
///             before, for checks or for the denominator of a gradient. No scratch memory but 8 KiB of stack
///             for reductions, whose order is fixed (see `sum_rows`), so that no executor can change a bit.
/// Source      include/k754/reference/cross_entropy.hpp defines the arithmetic.
#ifndef K754_CROSS_ENTROPY_HPP
#define K754_CROSS_ENTROPY_HPP

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/cross_entropy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// What becomes of the losses of the rows.
enum class reduction { none, mean, sum };

/// One weight for each class, from anything tensor_like of rank 1; by default none, which is 1 for each.
/// Refers to the weights, does not copy them.
template <floating T>
class class_weights {
 public:
  K754_INLINE constexpr class_weights() noexcept = default;
  template <tensor_like Weights>
  requires(std::same_as<detail::element_of<Weights>, T>) K754_INLINE
      constexpr class_weights(Weights&& weights) noexcept
      : view_(detail::input_view(static_cast<Weights&&>(weights))), given_(true) {}

  K754_INLINE constexpr bool given() const noexcept { return given_; }
  K754_INLINE constexpr const tensor_view<const T>& view() const noexcept { return view_; }

 private:
  tensor_view<const T> view_ = {};
  bool given_ = false;
};

/// `T` is the logits' element type; in a call, braces are enough: `{.axis = 1}`.
template <floating T>
struct cross_entropy_options {
  index_t axis = -1;  ///< the axis of the classes; negative counts from the end
  k754::reduction reduction = k754::reduction::mean;
  std::optional<std::int64_t> ignore_index = std::nullopt;  ///< rows with this label are skipped
  double label_smoothing = 0.0;                             ///< eps, in [0, 1]
  k754::class_weights<T> class_weights = {};
};

namespace detail {

template <class X>
concept floating_tensor = tensor_like<X> && floating<element_of<X>>;
template <class X, class Logits>
concept tensor_beside = tensor_like<X> && std::same_as<element_of<X>, element_of<Logits>>;
template <class X, class Logits>
concept output_beside = output_like<X> && tensor_beside<X, Logits>;
template <class X, class Logits>
concept labels_for = tensor_beside<X, Logits> ||(tensor_like<X>&& integer<element_of<X>>);
template <class Logits>
using options_for = cross_entropy_options<element_of<Logits>>;

enum class entropy_kernel { loss, backward, label_backward, jvp };
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

/// The sum over `rows` of what `for_lane(first, last, step, sum)` adds to its sum for the rows first, first +
/// step, .. below last, in the order of reference::lane_sum: every lane of a block of 1024 rows is a chain of
/// its own, and so the unit of work. Up to 16 blocks are in flight; their lanes and the pairs of block sums are
/// all the memory there is.
template <class Number, class Executor, class ForLane>
void sum_rows(Executor& ex, index_t rows, index_t row_elements, const ForLane& for_lane, Number& total) {
  using order = reference::lane_sum<Number>;
  constexpr auto lanes = static_cast<index_t>(order::lanes), block = static_cast<index_t>(order::block);
  constexpr index_t blocks_in_flight = 16;
  std::array<std::array<Number, order::lanes>, static_cast<std::size_t>(blocks_in_flight)> chains;
  reference::pairwise_sum<Number> sums;
  for (index_t first = 0; first < rows; first += blocks_in_flight * block) {
    const index_t left = rows - first;
    const index_t blocks = left >= blocks_in_flight * block ? blocks_in_flight : (left - 1) / block + 1;
    const index_t chain_elements = (left < block ? (left - 1) / lanes + 1 : block / lanes) * row_elements;
    run_guarded(ex, blocks * lanes, grain_for(chain_elements), [&](index_t begin, index_t end) {
      for (index_t chain = begin; chain < end; ++chain) {
        const index_t block_begin = first + chain / lanes * block;
        const index_t block_end = rows - block_begin < block ? rows : block_begin + block;
        Number sum = {};
        for_lane(block_begin + chain % lanes, block_end, lanes, sum);
        chains[static_cast<std::size_t>(chain / lanes)][static_cast<std::size_t>(chain % lanes)] = sum;
      }
    });
    in_default_environment([&] {
      for (index_t b = 0; b < blocks; ++b) sums.add(order::folded(chains[static_cast<std::size_t>(b)]));
    });
  }
  in_default_environment([&] { total = sums.total(); });
}

/// How the shape of an argument follows from the logits'.
enum class entropy_shape { logits, rows, result, classes };

struct entropy_argument {
  const char* name;
  const char* sharing;  ///< ends the message of an output that overlaps it
  layout view;
  entropy_shape shape;
  bool present = true;
  bool in_place = false;  ///< two arguments that both have this may be the same elements
};

/// What the checks ask of the options and the policy.
struct entropy_rules {
  index_t axis;
  k754::reduction reduction;
  double label_smoothing;
  bool ignores_probabilities;  ///< ignore_index with probability labels
  bool assumes_weighted_sum;   ///< label_sum::assume_one with class weights
};

/// The first argument is the logits (or probabilities), the last the output.
constexpr check_result check_entropy(const char* name, const entropy_rules& rules,
                                     const std::array<entropy_argument, 7>& arguments) noexcept {
  const auto each = [&](const auto& test) {
    for (const entropy_argument& a : arguments) {
      if (!a.present) continue;
      if (check_result r = test(a); !r) return r;
    }
    return check_result{};
  };
  const entropy_argument& input = arguments.front();
  const entropy_argument& output = arguments.back();

  const auto has_extents = [&](const entropy_argument& a) { return check_extents(name, a.name, a.view); };
  if (auto r = each(has_extents); !r) return r;
  std::size_t axis = 0;
  if (auto r = check_axis(name, "axis", rules.axis, input.view.rank, axis); !r) return r;
  const double eps = rules.label_smoothing;  // looked at as bits: the caller's environment may trap
  if (magnitude_bits(eps) > to_bits(1.0) || (sign_bit(eps) && !is_zero(eps))) {
    return failure(status::invalid_option, name, "label_smoothing", "is not in [0, 1]");
  }
  if (rules.ignores_probabilities) {
    return failure(status::invalid_option, name, "ignore_index",
                   "needs index labels, labels are probabilities");
  }
  if (rules.assumes_weighted_sum) {
    return failure(status::invalid_option, name, "class_weights",
                   "make labels that do not sum to 1, which label_sum::assume_one takes for granted");
  }

  const layout rows = without_axis(input.view, axis);
  const index_t classes = input.view.extents[axis];
  const auto has_shape = [&](const entropy_argument& a) {
    const bool one_element = a.shape == entropy_shape::result && rules.reduction != reduction::none;
    if (one_element && element_count(a.view) != 1) {
      return failure(status::shape_mismatch, name, a.name, "has {} elements, a mean or sum needs 1",
                     element_count(a.view));
    }
    if (one_element) return check_result{};
    const layout one_axis{1, {classes}};
    return check_shape(name, a.name, a.view,
                       a.shape == entropy_shape::logits    ? input.view
                       : a.shape == entropy_shape::classes ? one_axis
                                                           : rows);
  };
  if (auto r = each(has_shape); !r) return r;
  if (classes == 0) {
    return failure(status::empty_reduction, name, input.name, "has extent 0 on axis {}: there are no classes",
                   axis);
  }

  const auto has_data = [&](const entropy_argument& a) { return check_data(name, a.name, a.view); };
  if (auto r = each(has_data); !r) return r;
  if (auto r = check_no_self_overlap(name, output.name, output.view); !r) return r;
  return each([&](const entropy_argument& a) {
    if (&a == &output) return check_result{};
    return check_sharing(name, output.name, a.sharing, output.view, a.view,
                         a.in_place && output.in_place ? sharing::exact_alias : sharing::none);
  });
}

/// One call of a function of this header.
template <entropy_kernel K, entropy_input From, policy P, floating T, element Label>
struct entropy_call {
  static constexpr bool from_logits = From == entropy_input::logits;
  static constexpr bool index_labels = integer<Label>;
  static constexpr bool is_gradient = K == entropy_kernel::backward || K == entropy_kernel::label_backward;
  static constexpr bool flush = P.subnormals == subnormals::flush;
  static constexpr const char* name = entropy_name(K, From);
  static constexpr zero_times_inf rule = P.zero_times_inf;

  using number = reference::wide_number<T>;
  using input_row =
      std::conditional_t<from_logits, reference::logit_row<P, T>, reference::probability_row<P, T>>;

  tensor_view<const T> input;
  tensor_view<const Label> labels;
  tensor_view<T> output;
  cross_entropy_options<T> options;
  tensor_view<const T> upstream = {};  ///< of gradients
  bool has_upstream = false;
  tensor_view<const T> input_tangent = {}, labels_tangent = {};  ///< of jvp

  // ------------------------------------------------------------- checks

  constexpr check_result check() const noexcept {
    using enum entropy_shape;
    constexpr bool jvp = K == entropy_kernel::jvp;
    const class_weights<T>& weights = options.class_weights;
    return check_entropy(
        name,
        {options.axis, options.reduction, options.label_smoothing,
         !index_labels && options.ignore_index.has_value(),
         P.label_sum == label_sum::assume_one && weights.given()},
        {{{from_logits ? "logits" : "probabilities",
           from_logits ? "shares memory with logits" : "shares memory with probabilities", layout_of(input),
           logits, true, true},
          {"labels", "shares memory with labels", layout_of(labels), index_labels ? rows : logits, true,
           true},
          {"logits_tangent", "shares memory with logits_tangent", layout_of(input_tangent), logits, jvp},
          {"labels_tangent", "shares memory with labels_tangent", layout_of(labels_tangent), logits, jvp},
          {"class_weights", "shares memory with class_weights", layout_of(weights.view()), classes,
           weights.given()},
          {"upstream", "shares memory with upstream", layout_of(upstream), result, has_upstream},
          {result_name(), "", layout_of(output), is_gradient ? logits : result, true, is_gradient}}});
  }

  static constexpr const char* result_name() noexcept {
    switch (K) {
      case entropy_kernel::loss:
        return "loss";
      case entropy_kernel::backward:
        return from_logits ? "dlogits" : "dprobabilities";
      case entropy_kernel::label_backward:
        return "dlabels";
      case entropy_kernel::jvp:
        break;
    }
    return "loss_tangent";
  }

  // ------------------------------------------------------------- rows

  constexpr std::size_t axis() const noexcept {
    return static_cast<std::size_t>(options.axis < 0 ? options.axis + static_cast<index_t>(input.rank())
                                                     : options.axis);
  }
  constexpr index_t classes() const noexcept { return input.extent(axis()); }
  constexpr layout rows() const noexcept { return without_axis(layout_of(input), axis()); }

  /// Where the elements of a row are: the offset of the first in each tensor, in the order of `input`,
  /// `labels`, `output`, `upstream`, `input_tangent`, `labels_tangent`. 0 in those of one element and those
  /// not given.
  using walk = index_walk<6>;
  walk rows_from(index_t begin) const noexcept {
    constexpr bool jvp = K == entropy_kernel::jvp;
    const auto across_classes = [&](const auto& view) {
      return without_axis(layout_of(view), axis()).strides;
    };
    const auto of_results = [&](const axes& strides) {
      return options.reduction == reduction::none ? strides : axes{};
    };
    const layout shape = rows();
    return walk(
        shape.rank, shape.extents,
        {shape.strides, index_labels ? labels.strides() : across_classes(labels),
         is_gradient ? across_classes(output) : of_results(output.strides()), of_results(upstream.strides()),
         jvp ? across_classes(input_tangent) : axes{}, jvp ? across_classes(labels_tangent) : axes{}},
        begin);
  }
  reference::strided_row<T> row_in(const tensor_view<const T>& view, index_t offset) const noexcept {
    return {view.data_handle() + offset, classes(), view.stride(axis())};
  }
  reference::label_terms<T> terms() const noexcept {
    const auto& weights = options.class_weights;
    if (!weights.given()) return {{}, options.label_smoothing};
    return {{weights.view().data_handle(), classes(), weights.view().stride(0)}, options.label_smoothing};
  }

  enum class fate { kept, ignored, poisoned };
  fate fate_of(const walk& at) const noexcept {
    if constexpr (index_labels) {
      const Label label = load(labels.data_handle() + at.offset(1));
      if (options.ignore_index && std::cmp_equal(label, *options.ignore_index)) return fate::ignored;
      if (std::cmp_less(label, 0) || std::cmp_greater_equal(label, classes())) {
        return P.bad_index == bad_index::ignore ? fate::ignored : fate::poisoned;
      }
    }
    return fate::kept;
  }
  index_t target(const walk& at) const noexcept requires(index_labels) {
    return static_cast<index_t>(load(labels.data_handle() + at.offset(1)));
  }

  /// Calls `use(row, labels)` with what reference/cross_entropy.hpp takes for them, for a row that is kept.
  template <class Use>
  void with_row(const walk& at, const Use& use) const noexcept {
    const input_row row(row_in(input, at.offset(0)));
    if constexpr (index_labels) {
      if (options.label_smoothing > 0.0) {
        use(row, reference::soft_labels<P, T>(target(at), terms(), row));
      } else {
        use(row, reference::hard_label_of<P>(target(at), terms()));
      }
    } else {
      use(row, reference::soft_labels<P, T>(row_in(labels, at.offset(1)), terms(), row));
    }
  }

  // ------------------------------------------------------------- data that a policy makes errors

  check_result check_labels(index_t row_count) const noexcept {
    if (row_count == 0) return {};
    if constexpr (index_labels && P.bad_index == bad_index::error) {
      walk at = rows_from(0);
      for (index_t row = 0; row < row_count; ++row, at.next()) {
        if (fate_of(at) != fate::poisoned) continue;
        const Label label = load(labels.data_handle() + at.offset(1));
        constexpr index_t largest = (std::numeric_limits<index_t>::max)();
        return failure(status::label_out_of_range, name, "labels", "has {} in row {}, there are {} classes",
                       std::cmp_greater(label, largest) ? largest : static_cast<index_t>(label), row,
                       classes());
      }
    }
    if constexpr (!index_labels && P.label_check == label_check::finite_nonnegative) {
      walk at = rows_from(0);
      for (index_t row = 0; row < row_count; ++row, at.next()) {
        const auto q = row_in(labels, at.offset(1));
        for (index_t i = 0; i < q.size; ++i) {
          const T value = q[i];
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

  // ------------------------------------------------------------- values

  /// What the mean is divided by. To be evaluated in the scoped environment.
  number denominator(index_t row_count) const noexcept {
    const auto count_of = [](index_t n) { return reference::to_number<number>(static_cast<double>(n)); };
    if constexpr (!index_labels || P.mean_denominator == mean_denominator::batch) {
      return count_of(row_count);
    } else {
      const bool weighted =
          P.mean_denominator == mean_denominator::kept_weight && options.class_weights.given();
      index_t kept = 0;
      reference::lane_sum<number> weights;
      if (row_count == 0) return count_of(0);
      walk at = rows_from(0);
      for (index_t row = 0; row < row_count; ++row, at.next()) {
        const fate f = fate_of(at);
        if (f == fate::ignored) {
          weights.skip();
          continue;
        }
        ++kept;
        if (!weighted) continue;
        weights.add(f == fate::kept ? reference::class_weight<P>(terms(), target(at)) : count_of(1));
      }
      return weighted ? weights.total() : count_of(kept);
    }
  }

  /// sum / denominator, and the rule for 0 / 0.
  static number mean_of(const number& sum, const number& denominator) noexcept {
    using reference::leading;
    const bool nothing = is_zero(leading(sum)) && is_zero(leading(denominator));
    return nothing && P.empty_mean == empty_mean::zero ? number{} : reference::quotient(sum, denominator);
  }

  /// The loss, or its tangent, of one row; false where it is ignored.
  bool row_value(const walk& at, number& value) const noexcept {
    const fate f = fate_of(at);
    if (f == fate::ignored) return false;
    if (f == fate::poisoned) {
      value = reference::nan_number<number>();
      return true;
    }
    with_row(at, [&](const auto& row, const auto& row_labels) {
      if constexpr (K == entropy_kernel::jvp) {
        value = reference::tangent(row, row_labels, row_in(input_tangent, at.offset(4)),
                                   row_in(labels_tangent, at.offset(5)));
      } else {
        value = reference::loss(row, row_labels);
      }
    });
    return true;
  }

  /// upstream, divided by the mean's denominator.
  number factor(index_t offset, const number& denominator) const noexcept {
    number g = reference::to_number<number>(1.0);
    if (has_upstream) g = reference::to_number<number>(widen<flush>(load(upstream.data_handle() + offset)));
    if (options.reduction != reduction::mean) return g;
    if (P.empty_mean == empty_mean::zero && is_zero(reference::leading(denominator))) return {};
    return reference::given_over<rule>(g, denominator);
  }

  /// The gradients of one row.
  void row_gradient(const walk& at, const number& row_factor) const noexcept {
    T* const first = output.data_handle() + at.offset(2);
    const index_t stride = output.stride(axis()), n = classes();
    const fate f = fate_of(at);
    if (f != fate::kept) {
      const T same = f == fate::ignored ? from_bits<T>(0) : canonical_nan<T>();
      for (index_t i = 0; i < n; ++i) store(first + i * stride, same);
      return;
    }
    with_row(at, [&](const auto& row, const auto& row_labels) {
      if constexpr (K == entropy_kernel::backward) {
        const auto gradient = reference::gradient(row, row_labels, row_factor);
        for (index_t i = 0; i < n; ++i) store(first + i * stride, reference::result_of<P, T>(gradient[i]));
      } else {
        for (index_t i = 0; i < n; ++i) {
          store(first + i * stride,
                reference::result_of<P, T>(reference::label_gradient_at(row, row_labels, row_factor, i)));
        }
      }
    });
  }

  // ------------------------------------------------------------- the kernel, after the checks

  template <class Executor>
  check_result compute(Executor& ex) const {
    const index_t row_count = element_count(rows());
    if (auto r = check_labels(row_count); !r) return r;
    if constexpr (is_gradient) {
      compute_gradient(ex, row_count);
    } else if (options.reduction == reduction::none) {
      run_guarded(ex, row_count, grain_for(classes()), [&](index_t begin, index_t end) {
        walk at = rows_from(begin);
        for (index_t row = begin; row < end; ++row, at.next()) {
          number value = {};
          (void)row_value(at, value);
          store(output.data_handle() + at.offset(2), reference::result_of<P, T>(value));
        }
      });
    } else {
      compute_total(ex, row_count);
    }
    return {};
  }

  template <class Executor>
  void compute_total(Executor& ex, index_t row_count) const {
    number total = {};
    sum_rows(
        ex, row_count, classes(),
        [&](index_t first, index_t last, index_t step, number& sum) {
          for (index_t row = first; row < last; row += step) {
            number value = {};
            if (row_value(rows_from(row), value)) sum = sum + value;
          }
        },
        total);
    in_default_environment([&] {
      if (options.reduction == reduction::mean) total = mean_of(total, denominator(row_count));
      store(output.data_handle(), reference::result_of<P, T>(total));
    });
  }

  template <class Executor>
  void compute_gradient(Executor& ex, index_t row_count) const {
    number divisor = {};
    if (options.reduction == reduction::mean)
      in_default_environment([&] { divisor = denominator(row_count); });
    run_guarded(ex, row_count, grain_for(classes()), [&](index_t begin, index_t end) {
      walk at = rows_from(begin);
      for (index_t row = begin; row < end; ++row, at.next()) row_gradient(at, factor(at.offset(3), divisor));
    });
  }
};

/// With the policy reduced, so that equal meanings are one instantiation.
template <entropy_kernel K, entropy_input From, policy P, class Input, class Labels>
struct entropy_call_of {
  static_assert(P.precision == precision::accurate,
                "k754 cross_entropy: precision::accurate is the only tier in this version");
  using label = element_of<Labels&>;
  using type = entropy_call<K, From, entropy_policy<K, From, label>(P), element_of<Input&>, label>;
};

/// Makes a call from the arguments of the public functions.
template <entropy_kernel K, entropy_input From, policy P>
struct entropy_caller {
  template <class Input, class Labels, class Result, class Options>
  constexpr auto operator()(Input& input, Labels& labels, Result& result,
                            const Options& options) const noexcept {
    using call = typename entropy_call_of<K, From, P, Input, Labels>::type;
    return call{input_view(input), input_view(labels), output_view(result), options};
  }
  template <class Input, class Labels, class Upstream, class Result, class Options>
  constexpr auto operator()(Input& input, Labels& labels, Upstream& upstream, Result& result,
                            const Options& options) const noexcept {
    auto call = (*this)(input, labels, result, options);
    call.upstream = input_view(upstream);
    call.has_upstream = true;
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

template <class Call, class Executor>
status try_entropy(const Call& call, Executor& ex) noexcept {
  return run_noexcept(call.check(), [&] { return call.compute(ex); });
}
template <class Call, class Executor>
void run_entropy(const Call& call, Executor& ex) {
  run_throwing(call.check(), [&] { return call.compute(ex); });
}

}  // namespace K754_ABI
}  // namespace detail

inline namespace K754_ABI {

// Of every function f: f throws shape_error, try_f returns the status, check_f says whether the arguments would be
// accepted (shapes and options only, where evaluated at compile time).

/// Writes the loss of each row, or their mean or sum, to `loss`.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy(X&& logits, detail::labels_for<X> auto&& labels, detail::output_beside<X> auto&& loss,
                   const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy");
  detail::run_entropy(detail::entropy_loss<P>(logits, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy(X&& logits, detail::labels_for<X> auto&& labels,
                                       detail::output_beside<X> auto&& loss,
                                       const detail::options_for<X>& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::entropy_loss<P>(logits, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy(X&& logits, detail::labels_for<X> auto&& labels,
                                           detail::output_beside<X> auto&& loss,
                                           const detail::options_for<X>& options = {}) noexcept {
  return detail::entropy_loss<P>(logits, labels, loss, options).check();
}

/// Writes the gradient with respect to the logits, in their shape, to `dlogits`: upstream times W softmax_i - q'_i,
/// which for an index label is w softmax_i, and at the target w (softmax_t - 1) without cancellation.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_backward(X&& logits, detail::labels_for<X> auto&& labels,
                            detail::tensor_beside<X> auto&& upstream, detail::output_beside<X> auto&& dlogits,
                            const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_backward");
  detail::run_entropy(detail::entropy_backward<P>(logits, labels, upstream, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_backward(X&& logits, detail::labels_for<X> auto&& labels,
                                                detail::tensor_beside<X> auto&& upstream,
                                                detail::output_beside<X> auto&& dlogits,
                                                const detail::options_for<X>& options = {},
                                                Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::entropy_backward<P>(logits, labels, upstream, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_backward(X&& logits, detail::labels_for<X> auto&& labels,
                                                    detail::tensor_beside<X> auto&& upstream,
                                                    detail::output_beside<X> auto&& dlogits,
                                                    const detail::options_for<X>& options = {}) noexcept {
  return detail::entropy_backward<P>(logits, labels, upstream, dlogits, options).check();
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_backward(X&& logits, detail::labels_for<X> auto&& labels,
                            detail::output_beside<X> auto&& dlogits,
                            const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_backward");
  detail::run_entropy(detail::entropy_backward<P>(logits, labels, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_backward(X&& logits, detail::labels_for<X> auto&& labels,
                                                detail::output_beside<X> auto&& dlogits,
                                                const detail::options_for<X>& options = {},
                                                Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::entropy_backward<P>(logits, labels, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_backward(X&& logits, detail::labels_for<X> auto&& labels,
                                                    detail::output_beside<X> auto&& dlogits,
                                                    const detail::options_for<X>& options = {}) noexcept {
  return detail::entropy_backward<P>(logits, labels, dlogits, options).check();
}

/// Writes the gradient with respect to probability labels, in their shape, to `dlabels`: upstream times
/// w_i (1 - eps) (-log softmax_i).
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_label_backward(X&& logits, detail::tensor_beside<X> auto&& labels,
                                  detail::tensor_beside<X> auto&& upstream,
                                  detail::output_beside<X> auto&& dlabels,
                                  const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_label_backward");
  detail::run_entropy(detail::entropy_label_backward<P>(logits, labels, upstream, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_label_backward(X&& logits, detail::tensor_beside<X> auto&& labels,
                                                      detail::tensor_beside<X> auto&& upstream,
                                                      detail::output_beside<X> auto&& dlabels,
                                                      const detail::options_for<X>& options = {},
                                                      Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::entropy_label_backward<P>(logits, labels, upstream, dlabels, options),
                             ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_label_backward(
    X&& logits, detail::tensor_beside<X> auto&& labels, detail::tensor_beside<X> auto&& upstream,
    detail::output_beside<X> auto&& dlabels, const detail::options_for<X>& options = {}) noexcept {
  return detail::entropy_label_backward<P>(logits, labels, upstream, dlabels, options).check();
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_label_backward(X&& logits, detail::tensor_beside<X> auto&& labels,
                                  detail::output_beside<X> auto&& dlabels,
                                  const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_label_backward");
  detail::run_entropy(detail::entropy_label_backward<P>(logits, labels, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_label_backward(X&& logits, detail::tensor_beside<X> auto&& labels,
                                                      detail::output_beside<X> auto&& dlabels,
                                                      const detail::options_for<X>& options = {},
                                                      Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::entropy_label_backward<P>(logits, labels, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_label_backward(
    X&& logits, detail::tensor_beside<X> auto&& labels, detail::output_beside<X> auto&& dlabels,
    const detail::options_for<X>& options = {}) noexcept {
  return detail::entropy_label_backward<P>(logits, labels, dlabels, options).check();
}

/// Writes the derivative of the loss along a tangent of the logits and one of the probability labels (forward mode)
/// to `loss_tangent`, reduced like the loss. A zero tangent is strong (CE-D17).
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_jvp(X&& logits, detail::tensor_beside<X> auto&& labels,
                       detail::tensor_beside<X> auto&& logits_tangent,
                       detail::tensor_beside<X> auto&& labels_tangent,
                       detail::output_beside<X> auto&& loss_tangent,
                       const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_jvp");
  detail::run_entropy(
      detail::entropy_jvp<P>(logits, labels, logits_tangent, labels_tangent, loss_tangent, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_jvp(X&& logits, detail::tensor_beside<X> auto&& labels,
                                           detail::tensor_beside<X> auto&& logits_tangent,
                                           detail::tensor_beside<X> auto&& labels_tangent,
                                           detail::output_beside<X> auto&& loss_tangent,
                                           const detail::options_for<X>& options = {},
                                           Ex&& ex = {}) noexcept {
  return detail::try_entropy(
      detail::entropy_jvp<P>(logits, labels, logits_tangent, labels_tangent, loss_tangent, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_jvp(X&& logits, detail::tensor_beside<X> auto&& labels,
                                               detail::tensor_beside<X> auto&& logits_tangent,
                                               detail::tensor_beside<X> auto&& labels_tangent,
                                               detail::output_beside<X> auto&& loss_tangent,
                                               const detail::options_for<X>& options = {}) noexcept {
  return detail::entropy_jvp<P>(logits, labels, logits_tangent, labels_tangent, loss_tangent, options)
      .check();
}

/// Writes -sum q'_i log p_i of each row, or their mean or sum, to `loss` (CE-D18).
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_from_probabilities(X&& probabilities, detail::labels_for<X> auto&& labels,
                                      detail::output_beside<X> auto&& loss,
                                      const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities");
  detail::run_entropy(detail::likelihood_loss<P>(probabilities, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities(X&& probabilities,
                                                          detail::labels_for<X> auto&& labels,
                                                          detail::output_beside<X> auto&& loss,
                                                          const detail::options_for<X>& options = {},
                                                          Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::likelihood_loss<P>(probabilities, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_from_probabilities(
    X&& probabilities, detail::labels_for<X> auto&& labels, detail::output_beside<X> auto&& loss,
    const detail::options_for<X>& options = {}) noexcept {
  return detail::likelihood_loss<P>(probabilities, labels, loss, options).check();
}

/// Writes the gradient with respect to the probabilities, upstream times -q'_i / p_i, to `dprobabilities`.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_from_probabilities_backward(X&& probabilities, detail::labels_for<X> auto&& labels,
                                               detail::tensor_beside<X> auto&& upstream,
                                               detail::output_beside<X> auto&& dprobabilities,
                                               const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities_backward");
  detail::run_entropy(
      detail::likelihood_backward<P>(probabilities, labels, upstream, dprobabilities, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_backward(
    X&& probabilities, detail::labels_for<X> auto&& labels, detail::tensor_beside<X> auto&& upstream,
    detail::output_beside<X> auto&& dprobabilities, const detail::options_for<X>& options = {},
    Ex&& ex = {}) noexcept {
  return detail::try_entropy(
      detail::likelihood_backward<P>(probabilities, labels, upstream, dprobabilities, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_from_probabilities_backward(
    X&& probabilities, detail::labels_for<X> auto&& labels, detail::tensor_beside<X> auto&& upstream,
    detail::output_beside<X> auto&& dprobabilities, const detail::options_for<X>& options = {}) noexcept {
  return detail::likelihood_backward<P>(probabilities, labels, upstream, dprobabilities, options).check();
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_from_probabilities_backward(X&& probabilities, detail::labels_for<X> auto&& labels,
                                               detail::output_beside<X> auto&& dprobabilities,
                                               const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities_backward");
  detail::run_entropy(detail::likelihood_backward<P>(probabilities, labels, dprobabilities, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_backward(
    X&& probabilities, detail::labels_for<X> auto&& labels, detail::output_beside<X> auto&& dprobabilities,
    const detail::options_for<X>& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::likelihood_backward<P>(probabilities, labels, dprobabilities, options),
                             ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_from_probabilities_backward(
    X&& probabilities, detail::labels_for<X> auto&& labels, detail::output_beside<X> auto&& dprobabilities,
    const detail::options_for<X>& options = {}) noexcept {
  return detail::likelihood_backward<P>(probabilities, labels, dprobabilities, options).check();
}

/// Writes the gradient with respect to probability labels, upstream times w_i (1 - eps) (-log p_i), to `dlabels`.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_from_probabilities_label_backward(
    X&& probabilities, detail::tensor_beside<X> auto&& labels, detail::tensor_beside<X> auto&& upstream,
    detail::output_beside<X> auto&& dlabels, const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(
      detail::exceptions_enabled<X>,
      "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities_label_backward");
  detail::run_entropy(detail::likelihood_label_backward<P>(probabilities, labels, upstream, dlabels, options),
                      ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_label_backward(
    X&& probabilities, detail::tensor_beside<X> auto&& labels, detail::tensor_beside<X> auto&& upstream,
    detail::output_beside<X> auto&& dlabels, const detail::options_for<X>& options = {},
    Ex&& ex = {}) noexcept {
  return detail::try_entropy(
      detail::likelihood_label_backward<P>(probabilities, labels, upstream, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_from_probabilities_label_backward(
    X&& probabilities, detail::tensor_beside<X> auto&& labels, detail::tensor_beside<X> auto&& upstream,
    detail::output_beside<X> auto&& dlabels, const detail::options_for<X>& options = {}) noexcept {
  return detail::likelihood_label_backward<P>(probabilities, labels, upstream, dlabels, options).check();
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
void cross_entropy_from_probabilities_label_backward(X&& probabilities,
                                                     detail::tensor_beside<X> auto&& labels,
                                                     detail::output_beside<X> auto&& dlabels,
                                                     const detail::options_for<X>& options = {},
                                                     Ex&& ex = {}) {
  static_assert(
      detail::exceptions_enabled<X>,
      "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities_label_backward");
  detail::run_entropy(detail::likelihood_label_backward<P>(probabilities, labels, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_label_backward(
    X&& probabilities, detail::tensor_beside<X> auto&& labels, detail::output_beside<X> auto&& dlabels,
    const detail::options_for<X>& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_entropy(detail::likelihood_label_backward<P>(probabilities, labels, dlabels, options),
                             ex);
}
template <policy P = policy{}, detail::floating_tensor X>
constexpr check_result check_cross_entropy_from_probabilities_label_backward(
    X&& probabilities, detail::tensor_beside<X> auto&& labels, detail::output_beside<X> auto&& dlabels,
    const detail::options_for<X>& options = {}) noexcept {
  return detail::likelihood_label_backward<P>(probabilities, labels, dlabels, options).check();
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_CROSS_ENTROPY_HPP

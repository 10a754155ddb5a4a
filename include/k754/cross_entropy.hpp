/// Softmax cross-entropy and its gradients, and the same from probabilities.
///
///     k754::cross_entropy(logits, labels, tensor_view(&loss));                  // [N, C], [N] -> mean
///     k754::cross_entropy(logits, labels, losses,                               // [N, C, H, W] -> [N, H, W]
///                         {.axis = 1, .reduction = k754::reduction::none, .ignore_index = -100});
///     k754::cross_entropy_backward(logits, labels, dlogits);                    // d mean / d logits
///     k754::cross_entropy_label_backward(logits, teacher, upstream, dteacher);  // d loss / d labels
///
/// Shapes      logits [d0, .., C, .., d(r-1)] with the classes on `axis`; a row is one vector of C logits. Labels:
///             class indices, of the shape without that axis, or probabilities, of the shape of logits. Losses, loss
///             tangents and upstream gradients: the shape without the axis for reduction::none, one element (any
///             rank) for mean and sum. An upstream that is left out, or nullptr, is 1 everywhere. Any element
///             strides, negative and (but for outputs) zero too.
/// Types       float, double, float16, bfloat16 and types stored as these; one type for all but index labels, of any
///             integer type, and losses of 16-bit logits, which may be float. The labels' type decides their kind.
/// Loss        -log softmax_t for an index label t, -sum q_i log softmax_i for probabilities q. Smoothing by eps
///             makes them (1 - eps) q_i + eps / C, a class weight then multiplies by w_i. Losses and the gradient at
///             the target keep their accuracy near 0: [30, 0] with label 0 is 9.358e-14, not 0 (CE-Za .. CE-Zf,
///             CE-S17, CE-S18, CE-H1).
/// Reduction   The mean of index labels is divided by the sum of their class weights, so without weights by the
///             number of rows that are not ignored (CE-S06), or by mean_denominator; that of probability labels by
///             the number of rows. Where that is 0, so are gradients, and a mean is NaN or by empty_mean 0 (CE-S08,
///             CE-S11, CE-S15g).
/// Weights     By class (class_weights: of the logits' type) and by row (row_weights: of float; of double with double).
///             A row's weight multiplies its loss, tangent and gradients and, where a mean counts weights, what the
///             row adds to its denominator (CE-R01 .. CE-R03). Ignored rows have none.
/// Zeros       A zero label, weight, tangent or upstream gradient is strong: its product with an infinite term
///             is 0 (CE-D01, CE-D12, CE-D15, CE-D17, CE-S15), with NaN it is NaN (CE-D07, CE-D09, CE-S04);
///             zero_times_inf::ieee and annihilating_zero are the other two rules. A label above zero, however small,
///             on a -inf logit makes the loss +inf and the gradient finite (CE-D02, CE-D03, CE-D13, CE-D14, CE-S01,
///             CE-S13); smoothing::finite_support smooths over the other classes. An infinite label makes an infinite
///             loss (CE-D08). A zero result is +0 (CE-D05, CE-S02).
/// Rows        A NaN makes the row NaN; so does +inf, or by pos_inf its limit (CE-D10, CE-S05), and a row of -inf,
///             which by zero_mass counts for nothing (loss and gradients +0) or is uniform (CE-D11, CE-S03).
/// Labels      Probabilities need not sum to 1: the gradient is the true one, sum(q) softmax - q (CE-D04, CE-D05), or
///             by label_sum::assume_one that of a loss with sum(q) = 1. They may be negative (CE-D06), unless
///             label_check asks for an error (`invalid_label`). The gradient with respect to a label is -log
///             softmax_i, +inf where the logit is -inf, also for a zero label; or by label_gradient 0 for those.
/// Indices     An index outside [0, C) is an error, or by bad_index poisons its row (which weighs 1 in a mean) or
///             skips it; -1 never wraps (CE-S09, CE-S10). A row whose label is ignore_index is not read: loss +0,
///             gradient +0, whatever it holds (CE-S07, CE-S14). ignore_index is compared first, and may lie in [0,
///             C); with probability labels it is an error (CE-S16).
/// From p      cross_entropy_from_probabilities takes p where the others take logits: -sum q_i log p_i with xlogy's
///             zero rule and no clipping (CE-D18); p need not sum to 1. An index label reads p_t alone.
/// Accuracy    Index labels, and losses of labels >= 0: 0.5001 ULP (float16 0.5005, f64 0.51), also after the
///             reduction. Elsewhere that plus 2^-46 (f64 2^-60) times the magnitudes of what is subtracted.
/// Policy      subnormals, zero_times_inf, smoothing, empty_mean, zero_mass, pos_inf (not from p); index labels:
///             bad_index, mean_denominator; probability labels: label_check, label_sum (not from p), label_gradient.
/// Errors      axis_out_of_range, rank_mismatch, shape_mismatch, negative_extent, size_overflow, invalid_option
///             (label_smoothing not in [0, 1], ignore_index or weighted assume_one with probability labels),
///             empty_reduction (no classes, CE-S12), null_pointer, self_overlap, overlap, label_out_of_range,
///             invalid_label. A gradient may be exactly the logits, or labels of its shape (in place); outputs must
///             otherwise share no memory with an argument.
/// Cost        Three passes over a row, four with probability labels or smoothing; one over the labels before. No
///             scratch memory, at most 50 KiB of stack. One order of reductions (reference/lane_sum.hpp). Losses and
///             dlogits of 32 and 16 bits run on vectors. Both in one call: cross_entropy_with_gradient.hpp.
/// Source      include/k754/reference/cross_entropy.hpp defines the arithmetic.
#ifndef K754_CROSS_ENTROPY_HPP
#define K754_CROSS_ENTROPY_HPP

#include "call/cross_entropy.hpp"
#include "cross_entropy_options.hpp"
#include "detail/flags-inl.hpp"

namespace k754 {

inline namespace K754_KERNEL_ABI {

/// Writes the loss of each row, or their mean or sum, to `loss`.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          executor Ex = serial_executor>
void cross_entropy(X&& logits, L&& labels, Y&& loss, const detail::options_for<X>& options = {},
                   Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy");
  detail::call_or_throw(detail::entropy_loss<P>(logits, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy(X&& logits, L&& labels, Y&& loss,
                                       const detail::options_for<X>& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::entropy_loss<P>(logits, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y>
constexpr check_result check_cross_entropy(X&& logits, L&& labels, Y&& loss,
                                           const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::entropy_loss<P>(logits, labels, loss, options));
}

/// Writes the gradient with respect to the logits, in their shape, to `dlogits`: upstream times W softmax_i - q'_i,
/// which for an index label is w softmax_i, and at the target w (softmax_t - 1) without cancellation.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
void cross_entropy_backward(X&& logits, L&& labels, G&& upstream, Y&& dlogits,
                            const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_backward");
  detail::call_or_throw(detail::entropy_backward<P>(logits, labels, upstream, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_backward(X&& logits, L&& labels, G&& upstream, Y&& dlogits,
                                                const detail::options_for<X>& options = {},
                                                Ex&& ex = {}) noexcept {
  return detail::try_call(detail::entropy_backward<P>(logits, labels, upstream, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y>
constexpr check_result check_cross_entropy_backward(X&& logits, L&& labels, G&& upstream, Y&& dlogits,
                                                    const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::entropy_backward<P>(logits, labels, upstream, dlogits, options));
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
void cross_entropy_backward(X&& logits, L&& labels, Y&& dlogits, const detail::options_for<X>& options = {},
                            Ex&& ex = {}) {
  cross_entropy_backward<P>(logits, labels, nullptr, dlogits, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_backward(X&& logits, L&& labels, Y&& dlogits,
                                                const detail::options_for<X>& options = {},
                                                Ex&& ex = {}) noexcept {
  return try_cross_entropy_backward<P>(logits, labels, nullptr, dlogits, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::output_for<X> Y>
constexpr check_result check_cross_entropy_backward(X&& logits, L&& labels, Y&& dlogits,
                                                    const detail::options_for<X>& options = {}) noexcept {
  return check_cross_entropy_backward<P>(logits, labels, nullptr, dlogits, options);
}

/// Writes the gradient with respect to probability labels, in their shape, to `dlabels`: upstream times
/// w_i (1 - eps) (-log softmax_i).
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
void cross_entropy_label_backward(X&& logits, L&& labels, G&& upstream, Y&& dlabels,
                                  const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_label_backward");
  detail::call_or_throw(detail::entropy_label_backward<P>(logits, labels, upstream, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_label_backward(X&& logits, L&& labels, G&& upstream, Y&& dlabels,
                                                      const detail::options_for<X>& options = {},
                                                      Ex&& ex = {}) noexcept {
  return detail::try_call(detail::entropy_label_backward<P>(logits, labels, upstream, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y>
constexpr check_result check_cross_entropy_label_backward(
    X&& logits, L&& labels, G&& upstream, Y&& dlabels, const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::entropy_label_backward<P>(logits, labels, upstream, dlabels, options));
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
void cross_entropy_label_backward(X&& logits, L&& labels, Y&& dlabels,
                                  const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  cross_entropy_label_backward<P>(logits, labels, nullptr, dlabels, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_label_backward(X&& logits, L&& labels, Y&& dlabels,
                                                      const detail::options_for<X>& options = {},
                                                      Ex&& ex = {}) noexcept {
  return try_cross_entropy_label_backward<P>(logits, labels, nullptr, dlabels, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::output_for<X> Y>
constexpr check_result check_cross_entropy_label_backward(
    X&& logits, L&& labels, Y&& dlabels, const detail::options_for<X>& options = {}) noexcept {
  return check_cross_entropy_label_backward<P>(logits, labels, nullptr, dlabels, options);
}

/// Writes the derivative of the loss along tangents of logits and probability labels (forward mode), reduced like the
/// loss, to `loss_tangent`. A zero tangent is strong (CE-D17).
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::beside<X> TX,
          detail::beside<X> TL, detail::output_for<X> Y, executor Ex = serial_executor>
void cross_entropy_jvp(X&& logits, L&& labels, TX&& logits_tangent, TL&& labels_tangent, Y&& loss_tangent,
                       const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_jvp");
  detail::call_or_throw(
      detail::entropy_jvp<P>(logits, labels, logits_tangent, labels_tangent, loss_tangent, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::beside<X> TX,
          detail::beside<X> TL, detail::output_for<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_jvp(X&& logits, L&& labels, TX&& logits_tangent, TL&& labels_tangent,
                                           Y&& loss_tangent, const detail::options_for<X>& options = {},
                                           Ex&& ex = {}) noexcept {
  return detail::try_call(
      detail::entropy_jvp<P>(logits, labels, logits_tangent, labels_tangent, loss_tangent, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::beside<X> TX,
          detail::beside<X> TL, detail::output_for<X> Y>
constexpr check_result check_cross_entropy_jvp(X&& logits, L&& labels, TX&& logits_tangent,
                                               TL&& labels_tangent, Y&& loss_tangent,
                                               const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(
      detail::entropy_jvp<P>(logits, labels, logits_tangent, labels_tangent, loss_tangent, options));
}

/// The same for index labels, along a tangent of the logits.
template <policy P = policy{}, detail::floating_tensor X, detail::class_indices L, detail::beside<X> TX,
          detail::output_for<X> Y, executor Ex = serial_executor>
void cross_entropy_jvp(X&& logits, L&& labels, TX&& logits_tangent, Y&& loss_tangent,
                       const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_jvp");
  detail::call_or_throw(detail::entropy_jvp<P>(logits, labels, logits_tangent, loss_tangent, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::class_indices L, detail::beside<X> TX,
          detail::output_for<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_jvp(X&& logits, L&& labels, TX&& logits_tangent, Y&& loss_tangent,
                                           const detail::options_for<X>& options = {},
                                           Ex&& ex = {}) noexcept {
  return detail::try_call(detail::entropy_jvp<P>(logits, labels, logits_tangent, loss_tangent, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::class_indices L, detail::beside<X> TX,
          detail::output_for<X> Y>
constexpr check_result check_cross_entropy_jvp(X&& logits, L&& labels, TX&& logits_tangent, Y&& loss_tangent,
                                               const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::entropy_jvp<P>(logits, labels, logits_tangent, loss_tangent, options));
}

/// Writes -sum q'_i log p_i of each row, or their mean or sum, to `loss` (CE-D18).
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          executor Ex = serial_executor>
void cross_entropy_from_probabilities(X&& p, L&& labels, Y&& loss, const detail::options_for<X>& options = {},
                                      Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities");
  detail::call_or_throw(detail::likelihood_loss<P>(p, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities(X&& p, L&& labels, Y&& loss,
                                                          const detail::options_for<X>& options = {},
                                                          Ex&& ex = {}) noexcept {
  return detail::try_call(detail::likelihood_loss<P>(p, labels, loss, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y>
constexpr check_result check_cross_entropy_from_probabilities(
    X&& p, L&& labels, Y&& loss, const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::likelihood_loss<P>(p, labels, loss, options));
}

/// Writes the gradient with respect to the probabilities p, upstream times -q'_i / p_i, to `dp`.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
void cross_entropy_from_probabilities_backward(X&& p, L&& labels, G&& upstream, Y&& dp,
                                               const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities_backward");
  detail::call_or_throw(detail::likelihood_backward<P>(p, labels, upstream, dp, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_backward(X&& p, L&& labels, G&& upstream, Y&& dp,
                                                                   const detail::options_for<X>& options = {},
                                                                   Ex&& ex = {}) noexcept {
  return detail::try_call(detail::likelihood_backward<P>(p, labels, upstream, dp, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y>
constexpr check_result check_cross_entropy_from_probabilities_backward(
    X&& p, L&& labels, G&& upstream, Y&& dp, const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::likelihood_backward<P>(p, labels, upstream, dp, options));
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
void cross_entropy_from_probabilities_backward(X&& p, L&& labels, Y&& dp,
                                               const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  cross_entropy_from_probabilities_backward<P>(p, labels, nullptr, dp, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_backward(X&& p, L&& labels, Y&& dp,
                                                                   const detail::options_for<X>& options = {},
                                                                   Ex&& ex = {}) noexcept {
  return try_cross_entropy_from_probabilities_backward<P>(p, labels, nullptr, dp, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::output_for<X> Y>
constexpr check_result check_cross_entropy_from_probabilities_backward(
    X&& p, L&& labels, Y&& dp, const detail::options_for<X>& options = {}) noexcept {
  return check_cross_entropy_from_probabilities_backward<P>(p, labels, nullptr, dp, options);
}

/// Writes the gradient with respect to probability labels, upstream times w_i (1 - eps) (-log p_i), to `dlabels`.
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
void cross_entropy_from_probabilities_label_backward(X&& p, L&& labels, G&& upstream, Y&& dlabels,
                                                     const detail::options_for<X>& options = {},
                                                     Ex&& ex = {}) {
  static_assert(
      detail::exceptions_enabled<X>,
      "k754: exceptions are off in this unit; call try_cross_entropy_from_probabilities_label_backward");
  detail::call_or_throw(detail::likelihood_label_backward<P>(p, labels, upstream, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_label_backward(
    X&& p, L&& labels, G&& upstream, Y&& dlabels, const detail::options_for<X>& options = {},
    Ex&& ex = {}) noexcept {
  return detail::try_call(detail::likelihood_label_backward<P>(p, labels, upstream, dlabels, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::upstream_for<X> G,
          detail::output_for<X> Y>
constexpr check_result check_cross_entropy_from_probabilities_label_backward(
    X&& p, L&& labels, G&& upstream, Y&& dlabels, const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(detail::likelihood_label_backward<P>(p, labels, upstream, dlabels, options));
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
void cross_entropy_from_probabilities_label_backward(X&& p, L&& labels, Y&& dlabels,
                                                     const detail::options_for<X>& options = {},
                                                     Ex&& ex = {}) {
  cross_entropy_from_probabilities_label_backward<P>(p, labels, nullptr, dlabels, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::output_for<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_from_probabilities_label_backward(
    X&& p, L&& labels, Y&& dlabels, const detail::options_for<X>& options = {}, Ex&& ex = {}) noexcept {
  return try_cross_entropy_from_probabilities_label_backward<P>(p, labels, nullptr, dlabels, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::beside<X> L, detail::output_for<X> Y>
constexpr check_result check_cross_entropy_from_probabilities_label_backward(
    X&& p, L&& labels, Y&& dlabels, const detail::options_for<X>& options = {}) noexcept {
  return check_cross_entropy_from_probabilities_label_backward<P>(p, labels, nullptr, dlabels, options);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_CROSS_ENTROPY_HPP

#include "targets/order-inl.hpp"

/// Softmax cross-entropy and its gradient with respect to the logits, in one call.
///
///     k754::cross_entropy_with_gradient(logits, labels, tensor_view(&loss), dlogits);     // [N, C], [N] -> mean
///     k754::cross_entropy_with_gradient(logits, labels, tensor_view(&loss), logits);      // the gradient in place
///     k754::cross_entropy_with_gradient(logits, labels, tensor_view(&scale), tensor_view(&loss), dlogits);
///
/// Result      The bits that cross_entropy and cross_entropy_backward return, whose header is the manual: shapes,
///             types, rules, policy and accuracy are theirs. `upstream` multiplies the gradient alone.
/// Errors      Those of both, under the name of this function; in addition, loss and gradient must share no memory.
///             The gradient may be exactly the logits, or probability labels.
/// Cost        The logits of a row come from memory once, and this takes about as long as the gradient alone. No
///             scratch memory, at most 50 KiB of stack.
/// Source      include/k754/reference/cross_entropy.hpp defines the arithmetic.
#ifndef K754_CROSS_ENTROPY_WITH_GRADIENT_HPP
#define K754_CROSS_ENTROPY_WITH_GRADIENT_HPP

#include "cross_entropy.hpp"
#include "detail/flags-inl.hpp"

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Writes the loss of each row, or their mean or sum, to `loss`, and upstream times its gradient to `dlogits`.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::loss_for<X> Y, detail::output_for<X> DX, executor Ex = serial_executor>
void cross_entropy_with_gradient(X&& logits, L&& labels, G&& upstream, Y&& loss, DX&& dlogits,
                                 const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_cross_entropy_with_gradient");
  detail::call_or_throw(
      detail::entropy_loss_and_backward<P>(logits, labels, upstream, loss, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::loss_for<X> Y, detail::output_for<X> DX, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_with_gradient(X&& logits, L&& labels, G&& upstream, Y&& loss,
                                                     DX&& dlogits, const detail::options_for<X>& options = {},
                                                     Ex&& ex = {}) noexcept {
  return detail::try_call(
      detail::entropy_loss_and_backward<P>(logits, labels, upstream, loss, dlogits, options), ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::upstream_for<X> G,
          detail::loss_for<X> Y, detail::output_for<X> DX>
constexpr check_result check_cross_entropy_with_gradient(
    X&& logits, L&& labels, G&& upstream, Y&& loss, DX&& dlogits,
    const detail::options_for<X>& options = {}) noexcept {
  return detail::checked(
      detail::entropy_loss_and_backward<P>(logits, labels, upstream, loss, dlogits, options));
}
/// The same with an upstream gradient of 1.
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          detail::output_for<X> DX, executor Ex = serial_executor>
void cross_entropy_with_gradient(X&& logits, L&& labels, Y&& loss, DX&& dlogits,
                                 const detail::options_for<X>& options = {}, Ex&& ex = {}) {
  cross_entropy_with_gradient<P>(logits, labels, nullptr, loss, dlogits, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          detail::output_for<X> DX, executor Ex = serial_executor>
[[nodiscard]] status try_cross_entropy_with_gradient(X&& logits, L&& labels, Y&& loss, DX&& dlogits,
                                                     const detail::options_for<X>& options = {},
                                                     Ex&& ex = {}) noexcept {
  return try_cross_entropy_with_gradient<P>(logits, labels, nullptr, loss, dlogits, options, ex);
}
template <policy P = policy{}, detail::floating_tensor X, detail::labels_for<X> L, detail::loss_for<X> Y,
          detail::output_for<X> DX>
constexpr check_result check_cross_entropy_with_gradient(
    X&& logits, L&& labels, Y&& loss, DX&& dlogits, const detail::options_for<X>& options = {}) noexcept {
  return check_cross_entropy_with_gradient<P>(logits, labels, nullptr, loss, dlogits, options);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_CROSS_ENTROPY_WITH_GRADIENT_HPP

#include "targets/order-inl.hpp"

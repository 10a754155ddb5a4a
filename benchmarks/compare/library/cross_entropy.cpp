#include <k754/cross_entropy.hpp>

#include "common.hpp"

using namespace compare;

namespace {

template <class T, class Label>
k754::status loss_and_gradient(const k754_c_tensor* logits, const k754_c_tensor* labels,
                               const k754_c_tensor* loss, const k754_c_tensor* dlogits, std::int64_t axis) {
  const auto x = view<const T>(logits);
  const auto t = view<const Label>(labels);
  const auto status = k754::try_cross_entropy(x, t, view<T>(loss), {.axis = axis}, executor());
  if (status != k754::status::ok || dlogits == nullptr) return status;
  return k754::try_cross_entropy_backward(x, t, view<T>(dlogits), {.axis = axis}, executor());
}

}  // namespace

int k754_c_cross_entropy(const k754_c_tensor* logits, const k754_c_tensor* labels, const k754_c_tensor* loss,
                         const k754_c_tensor* dlogits, int64_t axis) {
  return dispatch(logits->dtype, floating_types(), [&]<class T>() {
    if (!all_of<T>(loss, dlogits)) return K754_C_UNSUPPORTED;
    return dispatch(labels->dtype, types<std::int32_t, std::int64_t, T>(), [&]<class Label>() {
      return loss_and_gradient<T, Label>(logits, labels, loss, dlogits, axis);
    });
  });
}

#include <k754/cross_entropy.hpp>
#include <k754/cross_entropy_with_gradient.hpp>

#include "common.hpp"

using namespace compare;

namespace {

template <k754::policy P, class T, class Label>
k754::status loss_and_gradient(const k754_c_tensor* logits, const k754_c_tensor* labels,
                               const k754_c_tensor* loss, const k754_c_tensor* dlogits,
                               const k754_c_cross_entropy_options& given) {
  const auto x = view<const T>(logits);
  const auto t = view<const Label>(labels);
  k754::cross_entropy_options<T> options{.axis = given.axis};
  if (given.has_ignore_index != 0) options.ignore_index = given.ignore_index;
  if (dlogits == nullptr) return k754::try_cross_entropy<P>(x, t, view<T>(loss), options, executor());
  return k754::try_cross_entropy_with_gradient<P>(x, t, view<T>(loss), view<T>(dlogits), options, executor());
}

}  // namespace

int k754_c_cross_entropy(const k754_c_tensor* logits, const k754_c_tensor* labels, const k754_c_tensor* loss,
                         const k754_c_tensor* dlogits, const k754_c_cross_entropy_options* options,
                         int64_t precision) {
  return dispatch(logits->dtype, types<float, k754::bfloat16>(), [&]<class T>() {
    if (!all_of<T>(loss, dlogits)) return K754_C_UNSUPPORTED;
    return dispatch(labels->dtype, types<std::int64_t, T>(), [&]<class Label>() {
      return with_precision<T, accurate>(precision, [&]<k754::policy P>(policy_constant<P>) {
        return loss_and_gradient<P, T, Label>(logits, labels, loss, dlogits, *options);
      });
    });
  });
}

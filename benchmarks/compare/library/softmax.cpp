#include <k754/softmax.hpp>

#include "common.hpp"

using namespace compare;

namespace {

/// `kernel.operator()<P>(views of const elements..., view of the result)`, for types of the list, at these precisions.
template <k754::precision... Tiers, class List, class Kernel, class... Inputs>
int call(List types, std::int64_t precision, const Kernel& kernel, const k754_c_tensor* result,
         const Inputs*... inputs) {
  return dispatch(result->dtype, types, [&]<class T>() {
    if (!all_of<T>(inputs...)) return unsupported;
    return with_precision<T, Tiers...>(precision, [&]<k754::policy P>(policy_constant<P>) {
      return kernel.template operator()<P>(view<const T>(inputs)..., view<T>(result));
    });
  });
}

}  // namespace

int k754_c_softmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis, int64_t precision) {
  const auto kernel = [axis]<k754::policy P>(const auto& x, const auto& y) {
    return k754::try_softmax<P>(x, y, {.axis = axis}, executor());
  };
  return call<accurate, fast, exact>(floating_types(), precision, kernel, output, input);
}
int k754_c_log_softmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis,
                       int64_t precision) {
  const auto kernel = [axis]<k754::policy P>(const auto& x, const auto& y) {
    return k754::try_log_softmax<P>(x, y, {.axis = axis}, executor());
  };
  return call<accurate, fast, exact>(floating_types(), precision, kernel, output, input);
}
int k754_c_logsumexp(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis,
                     int64_t precision) {
  const auto kernel = [axis]<k754::policy P>(const auto& x, const auto& y) {
    return k754::try_logsumexp<P>(x, y, {.axis = axis}, executor());
  };
  return call<accurate, fast, exact>(types<float>(), precision, kernel, output, input);
}
int k754_c_softmax_backward(const k754_c_tensor* output, const k754_c_tensor* upstream,
                            const k754_c_tensor* gradient, int64_t axis, int64_t precision) {
  const auto kernel = [axis]<k754::policy P>(const auto& y, const auto& g, const auto& dx) {
    return k754::try_softmax_backward<P>(y, g, dx, {.axis = axis}, executor());
  };
  return call<accurate>(types<float>(), precision, kernel, gradient, output, upstream);
}

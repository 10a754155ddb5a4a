#include <k754/softmax.hpp>

#include "common.hpp"

using namespace compare;

namespace {

/// `kernel(views of const elements..., view of the result)`. There is no fast tier in this version.
template <class Kernel, class... Inputs>
int call(std::int64_t precision, const Kernel& kernel, const k754_c_tensor* result, const Inputs*... inputs) {
  if (precision != 0) return K754_C_UNSUPPORTED;
  return dispatch(result->dtype, floating_types(), [&]<class T>() {
    return all_of<T>(inputs...) ? kernel(view<const T>(inputs)..., view<T>(result)) : unsupported;
  });
}

}  // namespace

int k754_c_softmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis, int64_t precision) {
  const auto kernel = [axis](const auto& x, const auto& y) {
    return k754::try_softmax(x, y, {.axis = axis}, executor());
  };
  return call(precision, kernel, output, input);
}
int k754_c_log_softmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis,
                       int64_t precision) {
  const auto kernel = [axis](const auto& x, const auto& y) {
    return k754::try_log_softmax(x, y, {.axis = axis}, executor());
  };
  return call(precision, kernel, output, input);
}
int k754_c_logsumexp(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis,
                     int64_t precision) {
  const auto kernel = [axis](const auto& x, const auto& y) {
    return k754::try_logsumexp(x, y, {.axis = axis}, executor());
  };
  return call(precision, kernel, output, input);
}
int k754_c_softmax_backward(const k754_c_tensor* output, const k754_c_tensor* upstream,
                            const k754_c_tensor* gradient, int64_t axis, int64_t precision) {
  const auto kernel = [axis](const auto& y, const auto& g, const auto& dx) {
    return k754::try_softmax_backward(y, g, dx, {.axis = axis}, executor());
  };
  return call(precision, kernel, gradient, output, upstream);
}
int k754_c_log_softmax_backward(const k754_c_tensor* output, const k754_c_tensor* upstream,
                                const k754_c_tensor* gradient, int64_t axis, int64_t precision) {
  const auto kernel = [axis](const auto& y, const auto& g, const auto& dx) {
    return k754::try_log_softmax_backward(y, g, dx, {.axis = axis}, executor());
  };
  return call(precision, kernel, gradient, output, upstream);
}

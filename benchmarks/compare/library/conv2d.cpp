#include <memory>
#include <vector>

#include <k754/conv2d.hpp>
#include <k754/conv2d_packed.hpp>

#include "common.hpp"

using namespace compare;

namespace {

k754::conv2d_options options_of(const k754_c_conv2d_options& o) {
  return {.stride = {o.stride[0], o.stride[1]},
          .dilation = {o.dilation[0], o.dilation[1]},
          .padding = {o.padding[0], o.padding[1], o.padding[2], o.padding[3]},
          .groups = o.groups,
          .layout = o.layout == 0 ? k754::image_layout::nhwc : k754::image_layout::nchw,
          .weight_layout = o.weight_layout == 0   ? k754::weight_layout::ohwi
                           : o.weight_layout == 1 ? k754::weight_layout::oihw
                                                  : k754::weight_layout::hwio};
}

}  // namespace

struct k754_c_conv2d_weight {
  std::vector<float> memory;
  k754::packed_conv2d_weight packed;
};

k754_c_conv2d_weight* k754_c_conv2d_pack(const k754_c_tensor* weight, const k754_c_conv2d_options* options) {
  if (!all_of<float>(weight)) return nullptr;
  const auto w = view<const float>(weight);
  const auto o = options_of(*options);
  const auto size = k754::conv2d_packed_size(w, o);
  if (!size) return nullptr;
  auto made = std::make_unique<k754_c_conv2d_weight>();
  made->memory.resize(static_cast<std::size_t>(*size));
  const auto status = k754::try_pack_conv2d_weight(w, made->memory, made->packed, o);
  return status == k754::status::ok ? made.release() : nullptr;
}

void k754_c_conv2d_free(k754_c_conv2d_weight* packed) { delete packed; }

int k754_c_conv2d_packed(const k754_c_tensor* input, const k754_c_conv2d_weight* packed,
                         const k754_c_tensor* output, const k754_c_conv2d_options* options,
                         int64_t precision) {
  if (!all_of<float>(input, output)) return K754_C_UNSUPPORTED;
  const auto status =
      with_precision<float, accurate, fast, exact>(precision, [&]<k754::policy P>(policy_constant<P>) {
        return k754::try_conv2d<P>(view<const float>(input), packed->packed, view<float>(output),
                                   options_of(*options), executor());
      });
  return static_cast<int>(status);
}

int k754_c_conv2d(const k754_c_tensor* input, const k754_c_tensor* weight, const k754_c_tensor* output,
                  const k754_c_conv2d_options* options, int64_t precision) {
  return dispatch(output->dtype, floating_types(), [&]<class T>() {
    if (!all_of<T>(input, weight)) return unsupported;
    return with_precision<T, accurate, fast, exact>(precision, [&]<k754::policy P>(policy_constant<P>) {
      return k754::try_conv2d<P>(view<const T>(input), view<const T>(weight), view<T>(output),
                                 options_of(*options), executor());
    });
  });
}

int k754_c_conv2d_backward(const k754_c_tensor* input, const k754_c_tensor* weight,
                           const k754_c_tensor* upstream, const k754_c_tensor* dx, const k754_c_tensor* dw,
                           const k754_c_conv2d_options* options, int64_t precision) {
  return dispatch(upstream->dtype, types<float>(), [&]<class T>() {
    if (!all_of<T>(input, weight, dx, dw)) return unsupported;
    const auto g = view<const T>(upstream);
    const auto o = options_of(*options);
    return with_precision<T, accurate, fast>(precision, [&]<k754::policy P>(policy_constant<P>) {
      auto status = k754::status::ok;
      if (dx != nullptr) {
        status = k754::try_conv2d_backward_input<P>(view<const T>(weight), g, view<T>(dx), o, executor());
      }
      if (dw != nullptr && status == k754::status::ok) {
        status = k754::try_conv2d_backward_weight<P>(view<const T>(input), g, view<T>(dw), o, executor());
      }
      return status;
    });
  });
}

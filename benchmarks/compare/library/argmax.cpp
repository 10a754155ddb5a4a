#include <k754/argmax.hpp>

#include "common.hpp"

using namespace compare;

namespace {

using argmax_types = types<float, double, k754::float16, k754::bfloat16, std::int8_t, std::uint8_t,
                           std::int16_t, std::int32_t, std::int64_t>;

template <bool Maximum>
int arg_extremum(const k754_c_tensor* input, const k754_c_tensor* output, std::int64_t axis) {
  if (!all_of<std::int64_t>(output)) return K754_C_UNSUPPORTED;
  return dispatch(input->dtype, argmax_types(), [&]<class T>(std::type_identity<T>) {
    if constexpr (Maximum) {
      return k754::try_argmax(view<const T>(input), view<std::int64_t>(output), {.axis = axis}, executor());
    } else {
      return k754::try_argmin(view<const T>(input), view<std::int64_t>(output), {.axis = axis}, executor());
    }
  });
}

}  // namespace

int k754_c_argmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis) {
  return arg_extremum<true>(input, output, axis);
}
int k754_c_argmin(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis) {
  return arg_extremum<false>(input, output, axis);
}

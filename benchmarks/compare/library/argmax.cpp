#include <k754/argmax.hpp>

#include "common.hpp"

using namespace compare;

namespace {

template <bool Maximum>
int arg_extremum(const k754_c_tensor* input, const k754_c_tensor* output, std::int64_t axis) {
  if (!all_of<std::int64_t>(output)) return K754_C_UNSUPPORTED;
  return dispatch(input->dtype, element_types(), [&]<class T>() {
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

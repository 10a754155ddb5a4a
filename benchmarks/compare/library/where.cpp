#include <k754/where.hpp>

#include "common.hpp"

using namespace compare;

int k754_c_where(const k754_c_tensor* condition, const k754_c_tensor* x, const k754_c_tensor* y,
                 const k754_c_tensor* output) {
  if (!all_of<bool>(condition)) return K754_C_UNSUPPORTED;
  return dispatch(output->dtype, element_types(), [&]<class T>() {
    if (!all_of<T>(x, y)) return unsupported;
    return k754::try_where(view<const bool>(condition), view<const T>(x), view<const T>(y), view<T>(output),
                           executor());
  });
}

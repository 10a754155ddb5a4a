#include <k754/where.hpp>

#include "common.hpp"

using namespace compare;

int k754_c_where(const k754_c_tensor* condition, const k754_c_tensor* x, const k754_c_tensor* y,
                 const k754_c_tensor* output) {
  if (!all_of<bool>(condition)) return K754_C_UNSUPPORTED;
  using where_types = types<float, double, k754::float16, k754::bfloat16, bool, std::int8_t, std::uint8_t,
                            std::int16_t, std::int32_t, std::int64_t>;
  return dispatch(output->dtype, where_types(), [&]<class T>(std::type_identity<T>) {
    if (!all_of<T>(x, y)) return unsupported;
    return k754::try_where(view<const bool>(condition), view<const T>(x), view<const T>(y), view<T>(output),
                           executor());
  });
}

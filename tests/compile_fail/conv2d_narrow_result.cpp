// expect: an integer result must be at least as wide as the operands
#include <k754/conv2d.hpp>

#ifdef K754_WRONG
using result = std::int8_t;
#else
using result = std::int32_t;
#endif

void f(k754::tensor_view<const std::int16_t, 4> x, k754::tensor_view<const std::int16_t, 4> w,
       k754::tensor_view<result, 4> y) {
  k754::conv2d(x, w, y);
}

// expect: use float, float16 and bfloat16 together, or double alone, or integers together
#include <k754/conv2d.hpp>

#ifdef K754_WRONG
using element = double;
#else
using element = k754::float16;
#endif

void f(k754::tensor_view<const float, 4> x, k754::tensor_view<const element, 4> w,
       k754::tensor_view<float, 4> y) {
  k754::conv2d(x, w, y);
}

// expect: precision::exact is not available for double
#include <k754/conv2d.hpp>

#ifdef K754_WRONG
using element = double;
#else
using element = float;
#endif

void f(k754::tensor_view<const element, 4> x, k754::tensor_view<const element, 4> w,
       k754::tensor_view<element, 4> y) {
  k754::conv2d<k754::policy{.precision = k754::precision::exact}>(x, w, y);
}

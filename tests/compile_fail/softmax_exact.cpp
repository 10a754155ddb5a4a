// expect: precision::exact is not available for double
#include <k754/softmax.hpp>

#ifdef K754_WRONG
using element = double;
#else
using element = float;
#endif

void f(k754::tensor_view<const element, 1> x, k754::tensor_view<element, 1> y) {
  k754::softmax<k754::policy{.precision = k754::precision::exact}>(x, y);
}

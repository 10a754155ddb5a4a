// expect: the elements of an output must not be const
#include <vector>

#include <k754/conv2d.hpp>
#include <k754/softmax.hpp>

#ifdef K754_WRONG
using result = const float;
#else
using result = float;
#endif

void f(k754::tensor_view<const float, 4> x, k754::tensor_view<const float, 1> bias,
       k754::tensor_view<result, 4> y) {
  k754::softmax(x, y);
  k754::conv2d(x, x, bias, y, {.padding = 1});
}

// expect: constraints not satisfied
#include <k754/softmax.hpp>

#ifdef K754_WRONG
using element = int;
#else
using element = float;
#endif

void f(k754::tensor_view<const element, 1> x, k754::tensor_view<float, 1> y) { k754::softmax(x, y); }

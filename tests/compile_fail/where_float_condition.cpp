// expect: condition_like
#include <k754/where.hpp>

void f(k754::tensor_view<const float, 1> condition, k754::tensor_view<float, 1> x) {
#ifdef K754_WRONG
  k754::where(condition, x, 0.0F, x);
#else
  k754::where(k754::nonzero(condition), x, 0.0F, x);
#endif
}

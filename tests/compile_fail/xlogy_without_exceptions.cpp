// expect: exceptions are off in this unit; call try_xlogy
// flags: -fno-exceptions -fno-rtti
#include <k754/xlogy.hpp>

void f(k754::tensor_view<float, 1> x) {
#ifdef K754_WRONG
  k754::xlogy(x, x, x);
#else
  (void)k754::try_xlogy(x, x, x);
#endif
}

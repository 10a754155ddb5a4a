// expect: exceptions are off in this unit; call try_where
// flags: -fno-exceptions -fno-rtti
#include <k754/where.hpp>

void f(k754::tensor_view<const bool, 1> condition, k754::tensor_view<float, 1> x) {
#ifdef K754_WRONG
  k754::where(condition, x, 0.0F, x);
#else
  (void)k754::try_where(condition, x, 0.0F, x);
#endif
}

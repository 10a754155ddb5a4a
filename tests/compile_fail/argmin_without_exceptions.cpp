// expect: exceptions are off in this unit; call try_argmin
// flags: -fno-exceptions -fno-rtti
#include <k754/argmax.hpp>

void f(k754::tensor_view<const float, 2> x, k754::tensor_view<std::int64_t, 1> y) {
#ifdef K754_WRONG
  k754::argmin(x, y);
#else
  (void)k754::try_argmin(x, y);
#endif
}

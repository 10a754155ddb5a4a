// expect: nodiscard
#include <k754/argmax.hpp>

void f(k754::tensor_view<const float, 2> x, k754::tensor_view<std::int64_t, 1> y) {
#ifndef K754_WRONG
  (void)
#endif
      k754::try_argmax(x, y);
}

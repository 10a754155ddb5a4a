// expect: exceptions are off in this unit; call try_argmax
// flags: -fno-exceptions -fno-rtti
#include <span>

#include <k754/argmax.hpp>

std::int64_t f(std::span<const float> x) {
  std::int64_t index = 0;
#ifdef K754_WRONG
  index = k754::argmax(x);
#else
  (void)k754::try_argmax(x, k754::tensor_view(&index));
#endif
  return index;
}

// expect: branches_of
#include <k754/where.hpp>

#ifdef K754_WRONG
constexpr double y = 0.0;
#else
constexpr float y = 0.0F;
#endif

void f(k754::tensor_view<const bool, 1> condition, k754::tensor_view<float, 1> x) {
  k754::where(condition, x, y, x);
}

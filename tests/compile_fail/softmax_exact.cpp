// expect: there is no exact tier; use precision::accurate
#include <k754/softmax.hpp>

#ifdef K754_WRONG
constexpr auto tier = k754::precision::exact;
#else
constexpr auto tier = k754::precision::accurate;
#endif

void f(k754::tensor_view<const float, 1> x, k754::tensor_view<float, 1> y) {
  k754::softmax<k754::policy{.precision = tier}>(x, y);
}

// expect: precision::accurate is the only tier
#include <k754/cross_entropy.hpp>

#ifdef K754_WRONG
constexpr auto tier = k754::precision::exact;
#else
constexpr auto tier = k754::precision::accurate;
#endif

void f(k754::tensor_view<const float, 2> x, k754::tensor_view<const std::int64_t, 1> labels,
       k754::tensor_view<float, 1> loss) {
  k754::cross_entropy<k754::policy{.precision = tier}>(x, labels, loss);
}

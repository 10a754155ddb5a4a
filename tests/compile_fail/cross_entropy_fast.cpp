// expect: precision::accurate is the only tier in this version
#include <k754/cross_entropy.hpp>

#include <cstdint>

#ifdef K754_WRONG
constexpr auto tier = k754::precision::fast;
#else
constexpr auto tier = k754::precision::accurate;
#endif

void f(k754::tensor_view<const float, 2> logits, k754::tensor_view<const std::int32_t, 1> labels,
       k754::tensor_view<float, 0> loss) {
  k754::cross_entropy<k754::policy{.precision = tier}>(logits, labels, loss);
}

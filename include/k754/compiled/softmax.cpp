// The softmax family for every function, element type and tier, with and without flushed subnormals.
#undef K754_COMPILED
#include "../softmax.hpp"

namespace k754::detail {

template <row_kernel K, bool Flush, floating T, precision Tier>
auto softmax_kernel<K, Flush, T, Tier>::compiled() noexcept -> function* {
  return choose<softmax_kernel>();
}

#define K754_INSTANTIATE(...) \
  template auto softmax_kernel<__VA_ARGS__, precision::accurate>::compiled() noexcept->function*
#define K754_INSTANTIATE_TIERS(...)                                                           \
  K754_INSTANTIATE(__VA_ARGS__);                                                              \
  template auto softmax_kernel<__VA_ARGS__, precision::fast>::compiled() noexcept->function*; \
  template auto softmax_kernel<__VA_ARGS__, precision::exact>::compiled() noexcept->function*
#define K754_INSTANTIATE_TYPE(T, Flush)                      \
  K754_INSTANTIATE_TIERS(row_kernel::softmax, Flush, T);     \
  K754_INSTANTIATE_TIERS(row_kernel::log_softmax, Flush, T); \
  K754_INSTANTIATE_TIERS(row_kernel::logsumexp, Flush, T);   \
  K754_INSTANTIATE(row_kernel::softmax_backward, Flush, T);  \
  K754_INSTANTIATE(row_kernel::log_softmax_backward, Flush, T)
#define K754_INSTANTIATE_DOUBLE(Flush)                           \
  K754_INSTANTIATE(row_kernel::softmax, Flush, double);          \
  K754_INSTANTIATE(row_kernel::log_softmax, Flush, double);      \
  K754_INSTANTIATE(row_kernel::logsumexp, Flush, double);        \
  K754_INSTANTIATE(row_kernel::softmax_backward, Flush, double); \
  K754_INSTANTIATE(row_kernel::log_softmax_backward, Flush, double)
#define K754_INSTANTIATE_ALL(Flush)       \
  K754_INSTANTIATE_TYPE(float, Flush);    \
  K754_INSTANTIATE_TYPE(float16, Flush);  \
  K754_INSTANTIATE_TYPE(bfloat16, Flush); \
  K754_INSTANTIATE_DOUBLE(Flush)
K754_INSTANTIATE_ALL(false);
K754_INSTANTIATE_ALL(true);
#undef K754_INSTANTIATE_ALL
#undef K754_INSTANTIATE_DOUBLE
#undef K754_INSTANTIATE_TYPE
#undef K754_INSTANTIATE_TIERS
#undef K754_INSTANTIATE

}  // namespace k754::detail

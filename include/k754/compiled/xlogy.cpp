// xlogy and its gradients for every element type, with and without flushed subnormals.
#undef K754_COMPILED
#include "../xlogy.hpp"

namespace k754::detail {

template <bool Flush, floating T>
auto xlogy_kernel<Flush, T>::compiled() noexcept -> function* {
  return choose<xlogy_kernel>();
}
template <bool Flush, floating T>
auto xlogy_backward_kernel<Flush, T>::compiled() noexcept -> function* {
  return choose<xlogy_backward_kernel>();
}

#define K754_INSTANTIATE(T)                                                      \
  template auto xlogy_kernel<false, T>::compiled() noexcept->function*;          \
  template auto xlogy_kernel<true, T>::compiled() noexcept->function*;           \
  template auto xlogy_backward_kernel<false, T>::compiled() noexcept->function*; \
  template auto xlogy_backward_kernel<true, T>::compiled() noexcept->function*;
K754_INSTANTIATE(float)
K754_INSTANTIATE(double)
K754_INSTANTIATE(float16)
K754_INSTANTIATE(bfloat16)
#undef K754_INSTANTIATE

}  // namespace k754::detail

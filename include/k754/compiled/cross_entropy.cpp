// Cross-entropy for every element type, with and without flushed subnormals.
#undef K754_COMPILED
#include "../cross_entropy.hpp"

namespace k754::detail {

template <bool Flush, floating T>
auto hard_rows_kernel<Flush, T>::compiled() noexcept -> function* {
  return choose<hard_rows_kernel>();
}
template <bool Flush, floating T>
auto soft_rows_kernel<Flush, T>::compiled() noexcept -> function* {
  return choose<soft_rows_kernel>();
}

#define K754_INSTANTIATE(T)                                                 \
  template auto hard_rows_kernel<false, T>::compiled() noexcept->function*; \
  template auto hard_rows_kernel<true, T>::compiled() noexcept->function*;  \
  template auto soft_rows_kernel<false, T>::compiled() noexcept->function*; \
  template auto soft_rows_kernel<true, T>::compiled() noexcept->function*
K754_INSTANTIATE(float);
K754_INSTANTIATE(float16);
K754_INSTANTIATE(bfloat16);
#undef K754_INSTANTIATE

}  // namespace k754::detail

// exp, log and log1p for every element type, with and without flushed subnormals.
#undef K754_COMPILED
#include "../exp_log.hpp"

namespace k754::detail {

template <exp_or_log F, bool Flush, floating T>
auto exp_or_log_kernel<F, Flush, T>::compiled() noexcept -> function* {
  return choose<exp_or_log_kernel>();
}

#define K754_INSTANTIATE(F, T)                                                  \
  template auto exp_or_log_kernel<F, false, T>::compiled() noexcept->function*; \
  template auto exp_or_log_kernel<F, true, T>::compiled() noexcept->function*;
#define K754_INSTANTIATE_TYPE(T)       \
  K754_INSTANTIATE(exp_or_log::exp, T) \
  K754_INSTANTIATE(exp_or_log::log, T) \
  K754_INSTANTIATE(exp_or_log::log1p, T)
K754_INSTANTIATE_TYPE(float)
K754_INSTANTIATE_TYPE(double)
K754_INSTANTIATE_TYPE(float16)
K754_INSTANTIATE_TYPE(bfloat16)
#undef K754_INSTANTIATE_TYPE
#undef K754_INSTANTIATE

}  // namespace k754::detail

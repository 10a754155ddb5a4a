// conv2d of float, float16 and bfloat16, for the policies that have vectors.
#undef K754_COMPILED
#include "../conv2d.hpp"

namespace k754::detail {

template <policy P, floating T>
auto conv2d_kernel<P, T>::compiled() noexcept -> function* {
  return choose<conv2d_kernel>();
}

#define K754_INSTANTIATE(T, ...)                                                                             \
  template auto conv2d_kernel<conv2d_policy<T>({__VA_ARGS__}, conv2d_part::forward), T>::compiled() noexcept \
      ->function*
#define K754_INSTANTIATE_ALL(T)                            \
  K754_INSTANTIATE(T, .precision = precision::accurate);   \
  K754_INSTANTIATE(T, .padded_taps = padded_taps::absent); \
  K754_INSTANTIATE(T, .precision = precision::fast);       \
  K754_INSTANTIATE(T, .padded_taps = padded_taps::absent, .precision = precision::fast)
K754_INSTANTIATE_ALL(float);
K754_INSTANTIATE_ALL(float16);
K754_INSTANTIATE_ALL(bfloat16);
#undef K754_INSTANTIATE_ALL
#undef K754_INSTANTIATE

}  // namespace k754::detail

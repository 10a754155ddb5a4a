// conv2d of float, for the policies that have vectors.
#undef K754_COMPILED
#include "../conv2d.hpp"

namespace k754::detail {

template <policy P, floating T>
auto conv2d_kernel<P, T>::compiled() noexcept -> function* {
  return choose<conv2d_kernel>();
}

#define K754_INSTANTIATE(...)                                                            \
  template auto conv2d_kernel<conv2d_policy<float>({__VA_ARGS__}, conv2d_part::forward), \
                              float>::compiled() noexcept->function*
K754_INSTANTIATE();
K754_INSTANTIATE(.padded_taps = padded_taps::absent);
K754_INSTANTIATE(.precision = precision::fast);
K754_INSTANTIATE(.padded_taps = padded_taps::absent, .precision = precision::fast);
#undef K754_INSTANTIATE

}  // namespace k754::detail

// conv2d of float, for the policies that have vectors.
#undef K754_COMPILED
#include "../conv2d.hpp"

namespace k754::detail {

template <policy P, floating T>
auto conv2d_kernel<P, T>::compiled() noexcept -> function* {
  return choose<conv2d_kernel>();
}

template auto conv2d_kernel<conv2d_policy<float>({}, conv2d_part::forward), float>::compiled() noexcept
    -> function*;
template auto conv2d_kernel<conv2d_policy<float>({.padded_taps = padded_taps::absent}, conv2d_part::forward),
                            float>::compiled() noexcept -> function*;

}  // namespace k754::detail

/// Runs of an elementwise kernel, whole vectors at a time, for each target: what kernels share whose operands may
/// have any strides.
#ifndef K754_SIMD_ELEMENTWISE_HPP
#define K754_SIMD_ELEMENTWISE_HPP

#include <cstddef>
#include <cstring>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "vectors.hpp"

#define K754_TARGET_FILE "../simd/elementwise-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_ELEMENTWISE_HPP

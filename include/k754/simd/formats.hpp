/// Elements of the floating types as vectors of doubles, and back with one rounding: what kernels do that compute in double.
#ifndef K754_SIMD_FORMATS_HPP
#define K754_SIMD_FORMATS_HPP

#include <concepts>
#include <cstdint>

#include "../bits.hpp"
#include "vectors.hpp"

#define K754_TARGET_FILE "../simd/formats-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_FORMATS_HPP

/// Short rows as columns, and back, for each target: what kernels do that give each lane of a vector a row of its own.
#ifndef K754_SIMD_TRANSPOSES_HPP
#define K754_SIMD_TRANSPOSES_HPP

#include <cstdint>

#include "../bits.hpp"
#include "vectors.hpp"

#define K754_TARGET_FILE "../simd/transposes-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_TRANSPOSES_HPP

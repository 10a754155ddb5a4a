/// Double-double arithmetic, and exp, log and log1p in it, on vectors for each target: what kernels of doubles compute
/// in. For targets with a fused multiply-add alone.
#ifndef K754_SIMD_DOUBLE_DOUBLE_HPP
#define K754_SIMD_DOUBLE_DOUBLE_HPP

#include <cstdint>

#include "../reference/elementary.hpp"
#include "elementary.hpp"
#include "vectors.hpp"

#define K754_TARGET_FILE "../simd/double_double-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_DOUBLE_DOUBLE_HPP

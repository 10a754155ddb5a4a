/// The functions of reference/elementary.hpp on vectors of doubles, for each target: the same operations lane by lane, and so
/// the same bits. For targets with a fused multiply-add alone.
#ifndef K754_SIMD_ELEMENTARY_HPP
#define K754_SIMD_ELEMENTARY_HPP

#include <cstdint>

#include "../reference/elementary.hpp"
#include "vectors.hpp"

#define K754_TARGET_FILE "../simd/elementary-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_ELEMENTARY_HPP

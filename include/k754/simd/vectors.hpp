/// Vector code that kernels share, for each target, in `k754::simd::N_X`. A kernel's header includes this before its own SIMD
/// file; each part is a header like this one, with a guard and a pass over the targets of its own.
#ifndef K754_SIMD_VECTORS_HPP
#define K754_SIMD_VECTORS_HPP

#include <cstdint>

#include "../status.hpp"
#include "../targets/highway.hpp"

#define K754_TARGET_FILE "../simd/vectors-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_VECTORS_HPP

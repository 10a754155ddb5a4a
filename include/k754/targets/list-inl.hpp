// The list of targets that are chosen at run time (no include guard). For each that kernels of this unit are compiled for:
//     step-inl.hpp             with HWY_TARGET set to it
//     K754_IF_<target>(...)    its arguments; nothing for the others
// A new target needs its name, best first, and its lines here, its test of the CPU in cpu.hpp, and its part of the ABI tag in
// highway.hpp.
#if !defined(K754_FOR_EACH_TARGET)
#define K754_FOR_EACH_TARGET(X) X(AVX3) X(AVX2) X(SSE4) X(SSSE3) X(SVE2) X(SVE)
#endif

#define K754_TARGET_IS_EXTRA(target) ((K754_TARGETS & (target)) != 0 && HWY_STATIC_TARGET != (target))

#if K754_TARGET_IS_EXTRA(HWY_SSSE3)
#define K754_IF_SSSE3(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SSSE3
#include "step-inl.hpp"
#else
#define K754_IF_SSSE3(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_SSE4)
#define K754_IF_SSE4(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SSE4
#include "step-inl.hpp"
#else
#define K754_IF_SSE4(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_AVX2)
#define K754_IF_AVX2(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_AVX2
#include "step-inl.hpp"
#else
#define K754_IF_AVX2(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_AVX3)
#define K754_IF_AVX3(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_AVX3
#include "step-inl.hpp"
#else
#define K754_IF_AVX3(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_SVE)
#define K754_IF_SVE(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SVE
#include "step-inl.hpp"
#else
#define K754_IF_SVE(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_SVE2)
#define K754_IF_SVE2(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SVE2
#include "step-inl.hpp"
#else
#define K754_IF_SVE2(...)
#endif

// Highway's macros for the static target again.
#undef HWY_TARGET
#define HWY_TARGET HWY_STATIC_TARGET
#include <hwy/ops/set_macros-inl.h>

// The list of targets that are chosen at run time (no include guard). For each that kernels of this unit are compiled for:
//     target_step-inl.hpp      with HWY_TARGET set to it
//     K754_IF_<target>(...)    its arguments; nothing for the others
#define K754_TARGET_IS_EXTRA(target) ((K754_TARGETS & (target)) != 0 && HWY_STATIC_TARGET != (target))

#if K754_TARGET_IS_EXTRA(HWY_SSSE3)
#define K754_IF_SSSE3(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SSSE3
#include "target_step-inl.hpp"
#else
#define K754_IF_SSSE3(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_SSE4)
#define K754_IF_SSE4(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SSE4
#include "target_step-inl.hpp"
#else
#define K754_IF_SSE4(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_AVX2)
#define K754_IF_AVX2(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_AVX2
#include "target_step-inl.hpp"
#else
#define K754_IF_AVX2(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_AVX3)
#define K754_IF_AVX3(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_AVX3
#include "target_step-inl.hpp"
#else
#define K754_IF_AVX3(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_SVE)
#define K754_IF_SVE(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SVE
#include "target_step-inl.hpp"
#else
#define K754_IF_SVE(...)
#endif

#if K754_TARGET_IS_EXTRA(HWY_SVE2)
#define K754_IF_SVE2(...) __VA_ARGS__
#undef HWY_TARGET
#define HWY_TARGET HWY_SVE2
#include "target_step-inl.hpp"
#else
#define K754_IF_SVE2(...)
#endif

// Highway's macros for the static target again.
#undef HWY_TARGET
#define HWY_TARGET HWY_STATIC_TARGET
#include <hwy/ops/set_macros-inl.h>

// Includes K754_TARGET_FILE, the SIMD file of a kernel, once for each target (no include guard). The file is read with
// Highway's macros (HWY_NAMESPACE, HWY_NATIVE_FMA, ...) set for that target; they are the static target's afterwards.
#include "highway.hpp"

#if K754_SIMD

#if K754_STATIC_VECTORS
#include K754_TARGET_FILE
#endif

#if HWY_ARCH_X86
#if K754_TARGET_IS_EXTRA(HWY_SSSE3)
#undef HWY_TARGET
#define HWY_TARGET HWY_SSSE3
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#endif
#if K754_TARGET_IS_EXTRA(HWY_SSE4)
#undef HWY_TARGET
#define HWY_TARGET HWY_SSE4
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#endif
#if K754_TARGET_IS_EXTRA(HWY_AVX2)
#undef HWY_TARGET
#define HWY_TARGET HWY_AVX2
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#endif
#if K754_TARGET_IS_EXTRA(HWY_AVX3)
#undef HWY_TARGET
#define HWY_TARGET HWY_AVX3
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#endif
#elif HWY_ARCH_ARM
#if K754_TARGET_IS_EXTRA(HWY_SVE)
#undef HWY_TARGET
#define HWY_TARGET HWY_SVE
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#endif
#if K754_TARGET_IS_EXTRA(HWY_SVE2)
#undef HWY_TARGET
#define HWY_TARGET HWY_SVE2
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#endif
#endif

#undef HWY_TARGET
#define HWY_TARGET HWY_STATIC_TARGET
#include <hwy/ops/set_macros-inl.h>

#endif

#undef K754_TARGET_FILE

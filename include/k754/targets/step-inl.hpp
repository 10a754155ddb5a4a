// For HWY_TARGET (no include guard): the SIMD file of a kernel, if K754_TARGET_FILE names one; else Highway's operations,
// which highway.h gives once for each flip of HWY_TARGET_TOGGLE.
#if defined(K754_TARGET_FILE)
#include <hwy/ops/set_macros-inl.h>
#include K754_TARGET_FILE
#else
#ifdef HWY_TARGET_TOGGLE
#undef HWY_TARGET_TOGGLE
#else
#define HWY_TARGET_TOGGLE
#endif
#include <hwy/highway.h>
#endif

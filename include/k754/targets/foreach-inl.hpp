// Includes K754_TARGET_FILE, the SIMD file of a kernel, once for each target (no include guard). The file is read with
// Highway's macros (HWY_NAMESPACE, HWY_NATIVE_FMA, ...) set for that target; they are the static target's afterwards.
#include "highway.hpp"

#if K754_SIMD
#if K754_STATIC_VECTORS
#include K754_TARGET_FILE
#endif
#include "list-inl.hpp"
#endif

#undef K754_TARGET_FILE

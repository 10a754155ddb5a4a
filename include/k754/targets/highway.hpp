/// Google Highway, where it is on the include path: parsed once for each instruction set that kernels are compiled
/// for, so that any number of kernel headers can follow in one unit, in any order.
///
///     K754_SIMD          1 where there are SIMD paths in this unit
///     K754_TARGETS       the Highway targets that kernels are compiled for
///     K754_KERNEL_ABI    K754_ABI and what of Highway changes the code of a kernel
///
/// Targets: the static one (what the compiler flags allow) and, chosen at run time, AVX2 and AVX-512 on x86, SVE and
/// SVE2 on Arm; K754_WANTED_TARGETS, a mask of Highway's constants, asks for others. Without optimisation only the
/// static target is built: there Highway's functions are not inlined, and units with different flags would share them.
/// Define K754_NO_HIGHWAY to do without, K754_COMPILED to call the compiled library (../compiled/README.md).
///
/// Highway's own foreach_target.h is not used: it serves once per unit, and that once belongs to the user. A unit that
/// includes it, before this header, gets the reference paths; after this header Highway does not allow it.
#ifndef K754_TARGETS_HIGHWAY_HPP
#define K754_TARGETS_HIGHWAY_HPP

#include "../detail/config.hpp"

#if defined(K754_NO_HIGHWAY) || defined(K754_COMPILED) || defined(HWY_TARGET_INCLUDE) || \
    defined(HWY_TARGET_TOGGLE)
#define K754_SIMD 0
#elif __has_include(<hwy/highway.h>)
#define K754_SIMD 1
#else
#define K754_SIMD 0
#endif

#if K754_SIMD

// Highway, and the standard headers it includes, among macros of the names that programs give them.
#pragma push_macro("min")
#pragma push_macro("max")
#pragma push_macro("small")
#pragma push_macro("I")
#pragma push_macro("N")
#pragma push_macro("E")
#pragma push_macro("U")
#undef min
#undef max
#undef small
#undef I
#undef N
#undef E
#undef U

// Highway's debug checks are the only part of its operations that needs its compiled library.
#if !defined(HWY_IS_DEBUG_BUILD)
#define HWY_IS_DEBUG_BUILD 0
#endif
// Highway 1.0.3 does not compile where the compiler's flags reach further than AVX3 unless it is told to look that far; later
// versions always do.
#if defined(__AVXVNNI__) && defined(__AVX512VBMI2__) && !defined(HWY_WANT_AVX3_DL)
#define HWY_WANT_AVX3_DL
#endif
#include <hwy/highway.h>

#if HWY_MAJOR < 1 || (HWY_MAJOR == 1 && HWY_MINOR == 0 && HWY_PATCH < 3)
#undef K754_SIMD
#define K754_SIMD 0
#endif

#if K754_SIMD

#if !defined(K754_WANTED_TARGETS)
#if HWY_ARCH_X86
#define K754_WANTED_TARGETS (HWY_AVX2 | HWY_AVX3)
#elif HWY_ARCH_ARM
#define K754_WANTED_TARGETS (HWY_SVE | HWY_SVE2)
#else
#define K754_WANTED_TARGETS 0
#endif
#endif

// Highway's emulated targets are slower than the reference: where the static target is one, there is no vector code
// for the baseline.
#if HWY_STATIC_TARGET == HWY_SCALAR || HWY_STATIC_TARGET == HWY_EMU128
#define K754_STATIC_VECTORS 0
#else
#define K754_STATIC_VECTORS 1
#endif

#if defined(__OPTIMIZE__)
// Numerically smaller targets are better; what is worse than the static target would never be chosen.
#define K754_TARGETS                               \
  ((K754_STATIC_VECTORS ? HWY_STATIC_TARGET : 0) | \
   (HWY_TARGETS & (K754_WANTED_TARGETS) & (HWY_STATIC_TARGET - 1)))
#else
#define K754_TARGETS (K754_STATIC_VECTORS ? HWY_STATIC_TARGET : 0)
#endif

// The operations of the other targets, and K754_IF_<target>(...).
#include "list-inl.hpp"

// As after a plain `#include <hwy/highway.h>`: a later one, or one of its contrib headers, is none the wiser.
#undef HWY_TARGET_TOGGLE
#undef HWY_HIGHWAY_PER_TARGET
#define HWY_HIGHWAY_PER_TARGET
#undef HWY_SET_MACROS_PER_TARGET
#define HWY_SET_MACROS_PER_TARGET

#endif  // new enough

#pragma pop_macro("min")
#pragma pop_macro("max")
#pragma pop_macro("small")
#pragma pop_macro("I")
#pragma pop_macro("N")
#pragma pop_macro("E")
#pragma pop_macro("U")

#endif  // with Highway

#if K754_SIMD

// Units that are compiled for other targets have other functions that choose among them, and other lists.
#define K754_ABI_JOIN_TARGETS_(a, b, c, d, e, f) a##b##c##d##e##f
#define K754_ABI_JOIN_TARGETS(a, b, c, d, e, f) K754_ABI_JOIN_TARGETS_(a, b, c, d, e, f)
#define K754_ABI_TARGETS                                                                 \
  K754_ABI_JOIN_TARGETS(K754_IF_SSSE3(_SSSE3), K754_IF_SSE4(_SSE4), K754_IF_AVX2(_AVX2), \
                        K754_IF_AVX3(_AVX3), K754_IF_SVE(_SVE), K754_IF_SVE2(_SVE2))
#define K754_KERNEL_ABI_JOIN_(abi, major, minor, patch, targets) abi##_hwy##major##_##minor##_##patch##targets
#define K754_KERNEL_ABI_JOIN(abi, major, minor, patch, targets) \
  K754_KERNEL_ABI_JOIN_(abi, major, minor, patch, targets)
#define K754_KERNEL_ABI K754_KERNEL_ABI_JOIN(K754_ABI, HWY_MAJOR, HWY_MINOR, HWY_PATCH, K754_ABI_TARGETS)

#else  // without Highway

#if defined(K754_COMPILED)
#define K754_ABI_VECTORS _compiled
#else
#define K754_ABI_VECTORS _nohwy
#endif
#define K754_KERNEL_ABI_JOIN_(abi, vectors) abi##vectors
#define K754_KERNEL_ABI_JOIN(abi, vectors) K754_KERNEL_ABI_JOIN_(abi, vectors)
#define K754_KERNEL_ABI K754_KERNEL_ABI_JOIN(K754_ABI, K754_ABI_VECTORS)

#endif

#endif  // K754_TARGETS_HIGHWAY_HPP

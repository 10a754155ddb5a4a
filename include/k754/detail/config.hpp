/// What k754 needs from the compiler, refused here with a reason where it is missing, and the name of the
/// inline namespace that keeps apart what was compiled differently.
#ifndef K754_DETAIL_CONFIG_HPP
#define K754_DETAIL_CONFIG_HPP

#include "../version.hpp"

#if __cplusplus < 202002L
#error "k754 needs C++20 (-std=c++20 or newer)."
#endif

#if !defined(__GNUC__)
#error "k754 supports GCC 12 or newer and Clang 14 or newer."
#endif

#if __SIZEOF_POINTER__ < 8
#error "k754 needs 64 bits: 32-bit processors and modes (-m32, -mx32) are not supported."
#endif

// Flags that allow the compiler to change answers. They are refused, not worked around: a guard that holds
// for most of them is a wrong answer for the rest. Clang defines no macro for some of these.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ != 0) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error \
    "k754: -ffast-math, -Ofast and their parts (-ffinite-math-only, -fassociative-math, \
-freciprocal-math, -fno-signed-zeros) change results. Compile this unit without them."
#endif

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "k754: this target evaluates float in a wider type (x87). Compile this unit without -mfpmath=387."
#endif

#if defined(__cpp_exceptions)
#define K754_EXCEPTIONS 1
#else
#define K754_EXCEPTIONS 0
#endif

/// For the members of types that translation units with different flags exchange: always part of the caller,
/// so that no copy compiled for one instruction set can serve another.
#define K754_ALWAYS_INLINE __attribute__((always_inline))
#define K754_INLINE K754_ALWAYS_INLINE inline

// The tag names everything that changes the code or the behaviour of an inline function. Two units that
// differ in one of these get two functions instead of whichever copy the linker saw first.
#if defined(__clang__)
#define K754_ABI_COMPILER clang
#else
#define K754_ABI_COMPILER gcc
#endif

#if defined(__AVX512F__)
#define K754_ABI_ISA avx512
#elif defined(__AVX2__)
#define K754_ABI_ISA avx2
#elif defined(__AVX__)
#define K754_ABI_ISA avx
#elif defined(__SSE4_2__)
#define K754_ABI_ISA sse42
#elif defined(__SSSE3__)
#define K754_ABI_ISA ssse3
#elif defined(__ARM_FEATURE_SVE)
#define K754_ABI_ISA sve
#else
#define K754_ABI_ISA base
#endif

// What comes with such a level or without it: a word for each macro that is 1. A count of leading zeros with -mlzcnt is
// another where the CPU has no such instruction, and gives no fault.
#define K754_ABI_SEEN_1 ~,
#define K754_ABI_SECOND(first, second, ...) second
#define K754_ABI_WORD_OF(seen, word) K754_ABI_SECOND(seen word, , )
#define K754_ABI_WORD_(value, word) K754_ABI_WORD_OF(K754_ABI_SEEN_##value, word)
#define K754_ABI_WORD(macro, word) K754_ABI_WORD_(macro, word)
#define K754_ABI_PASTE_(a, b, c, d, e, f, g, h, i, j, k, l, m) a##b##c##d##e##f##g##h##i##j##k##l##m
#define K754_ABI_PASTE(a, b, c, d, e, f, g, h, i, j, k, l, m) \
  K754_ABI_PASTE_(a, b, c, d, e, f, g, h, i, j, k, l, m)
#if defined(__aarch64__)
#define K754_ABI_PARTS                                                                                 \
  K754_ABI_PASTE(K754_ABI_WORD(__ARM_FEATURE_SVE2, _sve2), K754_ABI_WORD(__ARM_FEATURE_ATOMICS, _lse), \
                 K754_ABI_WORD(__ARM_FEATURE_FP16_SCALAR_ARITHMETIC, _fp16), , , , , , , , , , )
#else
#define K754_ABI_PARTS                                                                                      \
  K754_ABI_PASTE(                                                                                           \
      K754_ABI_WORD(__LZCNT__, _lzcnt), K754_ABI_WORD(__BMI__, _bmi), K754_ABI_WORD(__BMI2__, _bmi2),       \
      K754_ABI_WORD(__POPCNT__, _popcnt), K754_ABI_WORD(__F16C__, _f16c), K754_ABI_WORD(__MOVBE__, _movbe), \
      K754_ABI_WORD(__SSE3__, _sse3), K754_ABI_WORD(__SSE4_1__, _sse41), K754_ABI_WORD(__AVX512DQ__, _dq),  \
      K754_ABI_WORD(__AVX512BW__, _bw), K754_ABI_WORD(__AVX512VL__, _vl), K754_ABI_WORD(__AVX512CD__, _cd), \
      K754_ABI_WORD(__AVX512FP16__, _fp16))
#endif

// Fused multiply-add, with the same bits in each case (see fma.hpp): as one instruction where the compiler may use it; by
// the CPU's, found at run time; emulated. K754_EMULATE_FMA asks for the emulation, to compare.
#if defined(K754_EMULATE_FMA)
#define K754_NATIVE_FMA 0
#define K754_RUN_TIME_FMA 0
#define K754_ABI_FMA nofma
#elif defined(__FMA__) || defined(__aarch64__)
#define K754_NATIVE_FMA 1
#define K754_RUN_TIME_FMA 0
#define K754_ABI_FMA fma
#elif defined(__x86_64__)
#define K754_NATIVE_FMA 0
#define K754_RUN_TIME_FMA 1
#define K754_ABI_FMA cpufma
#else
#define K754_NATIVE_FMA 0
#define K754_RUN_TIME_FMA 0
#define K754_ABI_FMA nofma
#endif

#if defined(__OPTIMIZE__)
#define K754_ABI_OPTIMIZED opt
#else
#define K754_ABI_OPTIMIZED noopt
#endif

#if K754_EXCEPTIONS
#define K754_ABI_EXCEPTIONS throws
#else
#define K754_ABI_EXCEPTIONS nothrow
#endif

#define K754_ABI_JOIN_(major, minor, compiler, isa, parts, fma, optimized, exceptions) \
  v##major##_##minor##_##compiler##_##isa##parts##_##fma##_##optimized##_##exceptions
#define K754_ABI_JOIN(major, minor, compiler, isa, parts, fma, optimized, exceptions) \
  K754_ABI_JOIN_(major, minor, compiler, isa, parts, fma, optimized, exceptions)
#define K754_ABI                                                                                         \
  K754_ABI_JOIN(K754_VERSION_MAJOR, K754_VERSION_MINOR, K754_ABI_COMPILER, K754_ABI_ISA, K754_ABI_PARTS, \
                K754_ABI_FMA, K754_ABI_OPTIMIZED, K754_ABI_EXCEPTIONS)

/// Functions of the compiled library (compiled/README.md), which units of any flags share.
#define K754_COMPILED_ABI_(major, minor) v##major##_##minor
#define K754_COMPILED_ABI_OF(major, minor) K754_COMPILED_ABI_(major, minor)
#define K754_COMPILED_ABI K754_COMPILED_ABI_OF(K754_VERSION_MAJOR, K754_VERSION_MINOR)

#endif  // K754_DETAIL_CONFIG_HPP

/// Which vector code the kernels run. It is chosen once, by what the CPU has, among the targets that the unit was
/// compiled for (`detail/highway.hpp` says which); the bits are the same for all of them and for the reference.
///
///     std::puts(k754::simd_target());            // "AVX2"
///     k754::force_simd_target("reference");      // compare; nullptr: the best again
#ifndef K754_SIMD_HPP
#define K754_SIMD_HPP

#include <cstddef>
#include <cstdint>

#include "detail/flags-inl.hpp"
#include "detail/highway.hpp"

#if K754_SIMD && HWY_ARCH_X86
#include <cpuid.h>
#elif K754_SIMD && HWY_ARCH_ARM
#include <sys/auxv.h>
#endif

#define K754_TEXT_(x) #x
#define K754_TEXT(x) K754_TEXT_(x)

#if defined(K754_COMPILED)

namespace k754::compiled {
inline namespace K754_COMPILED_ABI {
const char* simd_target() noexcept;
const char* simd_target_at(std::size_t i) noexcept;
bool force_simd_target(const char* name) noexcept;
}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled

namespace k754 {
inline namespace K754_KERNEL_ABI {
using compiled::force_simd_target;
using compiled::simd_target;
using compiled::simd_target_at;
}  // namespace K754_KERNEL_ABI
}  // namespace k754

#else

namespace k754 {

namespace detail {

/// Highway's target constants, or'ed; 0 is the reference alone. All units of a program share one choice.
using target_mask = std::uint64_t;
inline target_mask allowed_targets = ~target_mask{0};

struct named_target {
  target_mask mask;
  const char* name;
};

inline namespace K754_KERNEL_ABI {

// <atomic> takes longer to compile than a kernel.
inline target_mask load_allowed_targets() noexcept {
  return __atomic_load_n(&allowed_targets, __ATOMIC_RELAXED);
}
inline void store_allowed_targets(target_mask targets) noexcept {
  __atomic_store_n(&allowed_targets, targets, __ATOMIC_RELAXED);
}

/// What kernels are compiled for in this unit, best first; the reference, which has no mask, is last.
inline constexpr named_target known_targets[] = {
#if K754_SIMD
#define K754_NAMED_TARGET(x) K754_IF_##x({static_cast<target_mask>(HWY_##x), #x}, )
    K754_NAMED_TARGET(AVX3) K754_NAMED_TARGET(AVX2) K754_NAMED_TARGET(SSE4) K754_NAMED_TARGET(SSSE3)
        K754_NAMED_TARGET(SVE2) K754_NAMED_TARGET(SVE)
#undef K754_NAMED_TARGET
#if K754_STATIC_VECTORS
            {static_cast<target_mask>(HWY_STATIC_TARGET), &K754_TEXT(HWY_NAMESPACE)[2]},  // without the N_
#endif
#endif
    {0, "reference"},
};

#if K754_SIMD

#if HWY_ARCH_X86

/// The targets this CPU, and the operating system's saving of its registers, can run.
inline target_mask detect_targets() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return 0;
  const auto has = [](unsigned word, unsigned mask) noexcept { return (word & mask) == mask; };
  const unsigned leaf1 = c;
  target_mask targets = 0;
  if (!has(leaf1, bit_SSE3 | bit_SSSE3)) return targets;
  targets |= static_cast<target_mask>(HWY_SSSE3);
  if (!has(leaf1, bit_SSE4_1 | bit_SSE4_2 | bit_PCLMUL | bit_AES)) return targets;
  targets |= static_cast<target_mask>(HWY_SSE4);

  if (!has(leaf1, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C)) return targets;
  unsigned xcr0 = 0, high = 0;
  __asm__ __volatile__("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
  unsigned b7 = 0;
  if (!has(xcr0, 0x6) || __get_cpuid_count(7, 0, &a, &b7, &c, &d) == 0) return targets;
  unsigned extended = 0;
  if (__get_cpuid(0x80000001U, &a, &b, &extended, &d) == 0) return targets;
  if (!has(b7, bit_AVX2 | bit_BMI | bit_BMI2) || !has(extended, bit_LZCNT)) return targets;
  targets |= static_cast<target_mask>(HWY_AVX2);

  if (!has(xcr0, 0xE6) || !has(b7, bit_AVX512F | bit_AVX512CD | bit_AVX512VL | bit_AVX512DQ | bit_AVX512BW)) {
    return targets;
  }
  return targets | static_cast<target_mask>(HWY_AVX3);
}

#elif HWY_ARCH_ARM

inline target_mask detect_targets() noexcept {
  constexpr unsigned long hwcap_sve = 1UL << 22, hwcap2_sve2 = 1UL << 1, hwcap2_sve_aes = 1UL << 2;
  target_mask targets = 0;
  if ((getauxval(AT_HWCAP) & hwcap_sve) == 0) return targets;
  targets |= static_cast<target_mask>(HWY_SVE);
  if ((getauxval(AT_HWCAP2) & (hwcap2_sve2 | hwcap2_sve_aes)) != (hwcap2_sve2 | hwcap2_sve_aes))
    return targets;
  return targets | static_cast<target_mask>(HWY_SVE2);
}

#else

inline target_mask detect_targets() noexcept { return 0; }

#endif

/// What can run here, best first: compiled in this unit and supported by the CPU. What the compiler may use anyway needs
/// no test.
inline target_mask available_targets() noexcept {
  static const target_mask targets = [] {
    target_mask mask = detect_targets();
#if K754_STATIC_VECTORS
    mask |= static_cast<target_mask>(HWY_STATIC_TARGET);
#endif
    return mask & static_cast<target_mask>(K754_TARGETS);
  }();
  return targets;
}

#else

inline target_mask available_targets() noexcept { return 0; }

#endif

inline target_mask usable_targets() noexcept { return available_targets() & load_allowed_targets(); }

constexpr bool same_text(const char* a, const char* b) noexcept {
  for (; *a != '\0' && *a == *b; ++a, ++b) {
  }
  return *a == *b;
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail

inline namespace K754_KERNEL_ABI {

/// The vector code that runs, by Highway's names ("AVX3" is AVX-512, then "AVX2", "SSE2", "NEON", "SVE", ...), or
/// "reference".
inline const char* simd_target() noexcept {
  const detail::named_target* target = detail::known_targets;
  while (target->mask != 0 && (target->mask & detail::usable_targets()) == 0) ++target;
  return target->name;
}

/// The i-th of the targets that can run here, best first; "reference" is the last, nullptr comes after it.
inline const char* simd_target_at(std::size_t i) noexcept {
  for (const detail::named_target& target : detail::known_targets) {
    if (target.mask != 0 && (target.mask & detail::available_targets()) == 0) continue;
    if (i-- == 0) return target.name;
  }
  return nullptr;
}

/// Lets kernels of the whole program run only the named target (or "reference"); nullptr undoes it. False, and nothing
/// changes, where this unit was not compiled for it or the CPU lacks it. Not for use while kernels run.
inline bool force_simd_target(const char* name) noexcept {
  if (name == nullptr) {
    detail::store_allowed_targets(~detail::target_mask{0});
    return true;
  }
  for (const detail::named_target& target : detail::known_targets) {
    if (!detail::same_text(name, target.name)) continue;
    if (target.mask != 0 && (target.mask & detail::available_targets()) == 0) return false;
    detail::store_allowed_targets(target.mask);
    return true;
  }
  return false;
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // with targets of this unit

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Calls `f(name)` for each target that can run here, best first; "reference" is the last.
template <class F>
void for_each_simd_target(F&& f) {
  for (std::size_t i = 0; simd_target_at(i) != nullptr; ++i) f(simd_target_at(i));
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

// `K754_CHOOSE_TARGET(f<A, B>);` in a function that returns a pointer: returns k754::simd::N_X::f<A, B> of the best target X
// that may run, or goes on (to return the reference).
#if K754_SIMD
#define K754_CHOOSE_TARGET(...)                                                     \
  const ::k754::detail::target_mask k754_usable = ::k754::detail::usable_targets(); \
  K754_IF_AVX3(K754_CASE(HWY_AVX3, N_AVX3, __VA_ARGS__))                            \
  K754_IF_AVX2(K754_CASE(HWY_AVX2, N_AVX2, __VA_ARGS__))                            \
  K754_IF_SSE4(K754_CASE(HWY_SSE4, N_SSE4, __VA_ARGS__))                            \
  K754_IF_SSSE3(K754_CASE(HWY_SSSE3, N_SSSE3, __VA_ARGS__))                         \
  K754_IF_SVE2(K754_CASE(HWY_SVE2, N_SVE2, __VA_ARGS__))                            \
  K754_IF_SVE(K754_CASE(HWY_SVE, N_SVE, __VA_ARGS__))                               \
  K754_CASE_STATIC(__VA_ARGS__)                                                     \
  static_assert(true)
#define K754_CASE(target, name_space, ...)                                   \
  if ((k754_usable & static_cast<::k754::detail::target_mask>(target)) != 0) \
    return &::k754::simd::name_space::__VA_ARGS__;
#if K754_STATIC_VECTORS
#define K754_CASE_STATIC(...) K754_CASE(HWY_STATIC_TARGET, HWY_NAMESPACE, __VA_ARGS__)
#else
#define K754_CASE_STATIC(...) (void)k754_usable;
#endif
#else
#define K754_CHOOSE_TARGET(...) static_assert(true)
#endif

#endif  // K754_SIMD_HPP

#include "detail/highway_order-inl.hpp"

/// What this CPU, and the operating system's saving of its registers, can run.
#ifndef K754_TARGETS_CPU_HPP
#define K754_TARGETS_CPU_HPP

#include <cstdint>

#include "highway.hpp"

#if K754_SIMD && HWY_ARCH_X86
#include <cpuid.h>
#elif K754_SIMD && HWY_ARCH_ARM
#include <sys/auxv.h>
#endif

namespace k754::detail {

/// Highway's target constants, or'ed; 0 is the reference alone.
using target_mask = std::uint64_t;

inline namespace K754_KERNEL_ABI {

#if !K754_SIMD

inline target_mask detect_targets() noexcept { return 0; }

#elif HWY_ARCH_X86

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

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_TARGETS_CPU_HPP

/// What this CPU, and the operating system's saving of its registers, can run.
#ifndef K754_TARGETS_CPU_HPP
#define K754_TARGETS_CPU_HPP

#include "../detail/config.hpp"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace k754::detail {
inline namespace K754_ABI {

#if defined(__x86_64__)

struct cpu_features {
  bool ssse3 = false;
  bool sse4 = false;  ///< 4.2, with AES
  bool fma = false;
  bool avx2 = false;    ///< with the CPU's other features of that time
  bool avx512 = false;  ///< as Skylake has it
};

struct cpuid_words {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

/// Zeros where the CPU has no such leaf. (<cpuid.h> of Clang does not compile with -masm=intel. Out of line: in a large
/// function Clang may need rbx itself.)
[[gnu::noinline]] inline cpuid_words cpuid(unsigned leaf) noexcept {
  const auto read = [](unsigned number) noexcept {
    cpuid_words words;
    __asm__("cpuid" : "=a"(words.a), "=b"(words.b), "=c"(words.c), "=d"(words.d) : "a"(number), "c"(0));
    return words;
  };
  const unsigned last = read(leaf & 0x80000000U).a;
  return leaf <= last ? read(leaf) : cpuid_words{};
}

/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, 2A, CPUID; 1, 13.3 for what the operating
/// system saves.
inline cpu_features detect_cpu() noexcept {
  const auto has = [](unsigned word, auto... bits) noexcept { return (((word >> bits & 1U) != 0) && ...); };
  const unsigned leaf1 = cpuid(1).c, leaf7 = cpuid(7).b, extended = cpuid(0x80000001U).c;
  unsigned saved = 0, high = 0;
  constexpr int osxsave = 27;
  if (has(leaf1, osxsave)) __asm__ __volatile__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));

  cpu_features cpu;
  constexpr int sse3 = 0, pclmul = 1, ssse3 = 9, sse4_1 = 19, sse4_2 = 20, aes = 25;
  cpu.ssse3 = has(leaf1, sse3, ssse3);
  cpu.sse4 = cpu.ssse3 && has(leaf1, sse4_1, sse4_2, pclmul, aes);

  constexpr int fma = 12, avx = 28, f16c = 29, bmi = 3, avx2 = 5, bmi2 = 8, lzcnt = 5;
  constexpr int xmm = 1, ymm = 2, opmask = 5, zmm_high = 6, zmm_16_to_31 = 7;
  cpu.fma = has(saved, xmm, ymm) && has(leaf1, avx, fma);
  cpu.avx2 = cpu.sse4 && cpu.fma && has(leaf1, f16c) && has(leaf7, bmi, avx2, bmi2) && has(extended, lzcnt);

  constexpr int avx512f = 16, avx512dq = 17, avx512cd = 28, avx512bw = 30, avx512vl = 31;
  cpu.avx512 = cpu.avx2 && has(saved, opmask, zmm_high, zmm_16_to_31) &&
               has(leaf7, avx512f, avx512dq, avx512cd, avx512bw, avx512vl);
  return cpu;
}

#elif defined(__aarch64__)

struct cpu_features {
  bool sve = false;
  bool sve2 = false;  ///< with AES
};

inline cpu_features detect_cpu() noexcept {
  constexpr unsigned long hwcap_sve = 1UL << 22, hwcap2_sve2 = 1UL << 1, hwcap2_sve_aes = 1UL << 2;
  cpu_features cpu;
  cpu.sve = (getauxval(AT_HWCAP) & hwcap_sve) != 0;
  cpu.sve2 = cpu.sve && (~getauxval(AT_HWCAP2) & (hwcap2_sve2 | hwcap2_sve_aes)) == 0;
  return cpu;
}

#endif

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_TARGETS_CPU_HPP

/// Fused multiply-add: `fma(a, b, c)` is a*b + c with one rounding (IEEE 754-2019, 5.4.1), on every machine.
///
/// One instruction where the compiler may use it (-mfma, AArch64); in other units for x86-64 the CPU's, if it has
/// one, behind a test that is always decided alike; else the emulations below, with the same bits. They are public
/// so that they can be compared with the instruction. libm's fma is never called: without hardware it is slow, and
/// some compilers replace it by two roundings.
///
/// Needs round-to-nearest-even and no flushing: call inside `scoped_fp_environment`, as the kernels do.
/// A NaN result is a NaN; its sign and payload are not specified here (kernels write the canonical NaN).
#ifndef K754_FMA_HPP
#define K754_FMA_HPP

#include <bit>
#include <cstdint>

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"

#if K754_RUN_TIME_FMA
#include "targets/cpu.hpp"
#endif

namespace k754 {
inline namespace K754_ABI {

/// f32 through f64: the product of two floats is exact in double; TwoSum gives the rounding error of the sum,
/// and rounding that sum to odd makes the second rounding, to float, the only one that counts.
/// Source: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", IEEE TC 57 (2008).
inline float fma_emulated(float a, float b, float c) noexcept {
  const double product =
      static_cast<double>(a) * static_cast<double>(b);  // exact, so contraction is harmless
  const double addend = static_cast<double>(c);
  const double sum = product + addend;
  const double addend_part = sum - product;
  const double error = (product - (sum - addend_part)) + (addend - addend_part);
  std::uint64_t bits = std::bit_cast<std::uint64_t>(sum);
  const bool inexact = error < 0.0 || error > 0.0;  // false where an infinity made the error a NaN
  if (inexact && (bits & 1U) == 0U) bits += ((error > 0.0) == (sum > 0.0)) ? 1U : ~std::uint64_t{0};
  return static_cast<float>(std::bit_cast<double>(bits));
}

/// f64 in integers: the 106-bit product and the addend are aligned in 128 bits with a sticky bit, added, and
/// rounded once, to nearest even. Out of line: some hundred instructions, in every polynomial.
[[gnu::noinline]] inline double fma_emulated(double a, double b, double c) noexcept {
  __extension__ typedef unsigned __int128 uint128;
  constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
  constexpr std::uint64_t infinity = std::uint64_t{0x7FF} << 52;
  constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;
  constexpr std::uint64_t quiet_nan = std::uint64_t{0x7FF8} << 48;

  const auto ua = std::bit_cast<std::uint64_t>(a);
  const auto ub = std::bit_cast<std::uint64_t>(b);
  const auto uc = std::bit_cast<std::uint64_t>(c);
  const std::uint64_t ma = ua & ~sign_bit, mb = ub & ~sign_bit, mc = uc & ~sign_bit;
  const std::uint64_t product_sign = (ua ^ ub) & sign_bit, addend_sign = uc & sign_bit;

  if (ma > infinity || mb > infinity || mc > infinity) return std::bit_cast<double>(quiet_nan);
  if (ma == infinity || mb == infinity) {
    const bool invalid = ma == 0 || mb == 0 || (mc == infinity && product_sign != addend_sign);
    return std::bit_cast<double>(invalid ? quiet_nan : (product_sign | infinity));
  }
  if (mc == infinity) return c;
  if (ma == 0 || mb == 0) {  // an exact zero product: the sum of a zero and c
    if (mc != 0) return c;
    return std::bit_cast<double>(product_sign & addend_sign);
  }

  // value = significand * 2^exponent, significand below 2^53
  struct unpacked {
    std::uint64_t significand;
    int exponent;
  };
  const auto unpack = [](std::uint64_t magnitude) noexcept -> unpacked {
    const int biased = static_cast<int>(magnitude >> 52);
    const std::uint64_t fraction = magnitude & (hidden_bit - 1);
    return biased == 0 ? unpacked{fraction, -1074} : unpacked{fraction | hidden_bit, biased - 1075};
  };
  const unpacked xa = unpack(ma), xb = unpack(mb), xc = unpack(mc);

  // Both terms as 126-bit significands with their leading bit at position 124 (a zero addend stays zero).
  const auto leading_zeros = [](uint128 v) noexcept {
    const auto high = static_cast<std::uint64_t>(v >> 64);
    return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(v));
  };
  uint128 product = static_cast<uint128>(xa.significand) * xb.significand;
  int exponent = xa.exponent + xb.exponent;
  int shift = leading_zeros(product) - 3;
  product <<= shift;
  exponent -= shift;
  uint128 addend = xc.significand;
  int addend_exponent = xc.exponent;
  if (addend != 0) {
    shift = leading_zeros(addend) - 3;
    addend <<= shift;
    addend_exponent -= shift;
  } else {
    addend_exponent = exponent;
  }

  // Align the smaller term; what falls off the end leaves a sticky bit at the bottom.
  const auto shift_right_sticky = [](uint128 v, int by) noexcept -> uint128 {
    if (by == 0) return v;
    if (by > 127) return v != 0 ? uint128{1} : uint128{0};
    const bool sticky = (v << (128 - by)) != 0;
    return (v >> by) | (sticky ? uint128{1} : uint128{0});
  };
  if (exponent >= addend_exponent) {
    addend = shift_right_sticky(addend, exponent - addend_exponent);
  } else {
    product = shift_right_sticky(product, addend_exponent - exponent);
    exponent = addend_exponent;
  }

  std::uint64_t sign = product_sign;
  uint128 sum = 0;
  if (product_sign == addend_sign) {
    sum = product + addend;
  } else if (product >= addend) {
    sum = product - addend;
  } else {
    sum = addend - product;
    sign = addend_sign;
  }
  if (sum == 0) return 0.0;  // exact cancellation: +0 (IEEE 754-2019, 6.3)

  // Round to 53 bits, or to a multiple of 2^-1074, keeping half and sticky in two extra bits.
  int dropped = (128 - leading_zeros(sum)) - 53;
  if (exponent + dropped < -1074) dropped = -1074 - exponent;
  const uint128 kept = dropped >= 2 ? shift_right_sticky(sum, dropped - 2) : sum << (2 - dropped);
  auto rounded = static_cast<std::uint64_t>(kept >> 2);
  const auto tail = static_cast<unsigned>(kept & 3U);
  if (tail == 3U || (tail == 2U && (rounded & 1U) != 0)) ++rounded;
  exponent += dropped;
  if (rounded == hidden_bit << 1) {
    rounded >>= 1;
    ++exponent;
  }
  if (exponent > 971) return std::bit_cast<double>(sign | infinity);
  const bool subnormal = rounded < hidden_bit;
  const std::uint64_t biased = subnormal ? 0 : static_cast<std::uint64_t>(exponent + 1075);
  return std::bit_cast<double>(sign | (biased << 52) | (rounded & (hidden_bit - 1)));
}

}  // namespace K754_ABI

#if K754_RUN_TIME_FMA
namespace detail {

/// What all units of a program know of the CPU's instruction.
enum fma_knowledge : unsigned char { fma_unknown, fma_present, fma_absent };
inline unsigned char known_fma = fma_unknown;

inline namespace K754_ABI {

K754_INLINE unsigned char load_known_fma() noexcept { return __atomic_load_n(&known_fma, __ATOMIC_RELAXED); }
inline void store_known_fma(fma_knowledge knowledge) noexcept {
  __atomic_store_n(&known_fma, static_cast<unsigned char>(knowledge), __ATOMIC_RELAXED);
}

// As text: a function that the compiler may use it in could not become part of its callers. In registers: with a choice,
// Clang takes memory.
K754_INLINE float fma_instruction(float a, float b, float c) noexcept {
  __asm__("{vfmadd231ss %2, %1, %0|vfmadd231ss %0, %1, %2}" : "+x"(c) : "x"(a), "x"(b));
  return c;
}
K754_INLINE double fma_instruction(double a, double b, double c) noexcept {
  __asm__("{vfmadd231sd %2, %1, %0|vfmadd231sd %0, %1, %2}" : "+x"(c) : "x"(a), "x"(b));
  return c;
}

/// The first time, and always on a CPU without the instruction.
template <class T>
[[gnu::noinline]] T fma_not_known_present(T a, T b, T c) noexcept {
  if (load_known_fma() == fma_unknown) {
    store_known_fma(detect_cpu().fma ? fma_present : fma_absent);
    if (load_known_fma() == fma_present) return fma_instruction(a, b, c);
  }
  return fma_emulated(a, b, c);
}

template <class T>
K754_INLINE T fma_at_run_time(T a, T b, T c) noexcept {
  if (load_known_fma() == fma_present) [[likely]]
    return fma_instruction(a, b, c);
  return fma_not_known_present(a, b, c);
}

}  // namespace K754_ABI
}  // namespace detail
#endif

inline namespace K754_ABI {

inline float fma(float a, float b, float c) noexcept {
#if K754_NATIVE_FMA
  return __builtin_fmaf(a, b, c);
#elif K754_RUN_TIME_FMA
  return detail::fma_at_run_time(a, b, c);
#else
  return fma_emulated(a, b, c);
#endif
}

inline double fma(double a, double b, double c) noexcept {
#if K754_NATIVE_FMA
  return __builtin_fma(a, b, c);
#elif K754_RUN_TIME_FMA
  return detail::fma_at_run_time(a, b, c);
#else
  return fma_emulated(a, b, c);
#endif
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_FMA_HPP

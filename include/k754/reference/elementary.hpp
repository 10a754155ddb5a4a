#ifndef K754_REFERENCE_ELEMENTARY_HPP
#define K754_REFERENCE_ELEMENTARY_HPP

#include <bit>
#include <cstdint>

#include "../bits.hpp"
#include "../detail/config.hpp"
#include "../fma.hpp"
#include "double_double.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// significand * 2^exponent; significand.high in [1, 2), or both parts +0 for zero.
struct scaled_double_double {
  double_double significand;
  int exponent;
};

namespace detail_elementary {

inline constexpr double round_to_integer = 0x1.8p52;  // x + this - this rounds |x| < 2^51 to an integer
inline constexpr double eight_over_ln2 = 0x1.71547652b82fep+3;
inline constexpr double ln2_over_8_high = 0x1.62e42fefa39efp-4;
inline constexpr double ln2_over_8_low = 0x1.abc9e3b39803fp-59;
inline constexpr double ln2_high = 0x1.62e42fefa38p-1;
inline constexpr double ln2_low = 0x1.ef35793c7673p-45;
inline constexpr std::uint64_t sqrt_half_bits = 0x3FE6A09E667F3BCD;

K754_INLINE double power_of_two(int exponent) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52);
}

}  // namespace detail_elementary

inline double exp_nonpositive(double d) noexcept {
  using namespace detail_elementary;
  constexpr double magic = 0x1.04080a425p+52;
  constexpr double table[8] = {0x1.036ad698a5287p+0, 0x1.1ae5885c936fap+0, 0x1.34803dcb14eafp+0,
                               0x1.506c33b12502cp+0, 0x1.6edf1bb0b8b03p+0, 0x1.90138381cbf29p+0,
                               0x1.b449458bd48e8p+0, 0x1.dbc603b021d8fp+0};
  const double t = fma(d, eight_over_ln2, magic);
  const double n = t - magic;
  const auto n_bits = std::bit_cast<std::uint64_t>(t);
  const double r = fma(t, -ln2_over_8_low, fma(n, -ln2_over_8_high, d));
  const double square = r * r;
  const double q23 = fma(r, 0x1.555555554ad9cp-3, 0x1.ffffffffffe7ep-2);
  const double q45 = fma(r, 0x1.111118918e66fp-7, 0x1.5555555f0f482p-5);
  const double q67 = fma(r, 0x1.9ac2ef436ae5cp-13, 0x1.6c14bbe81b504p-10);
  const double q = fma(square, fma(square, q67, q45), q23);
  const double p = fma(square, q, r);
  const double power = table[n_bits & 7];
  const auto result = std::bit_cast<std::uint64_t>(fma(power, p, power)) + (n_bits >> 3 << 52);
  return d >= -708.0 ? std::bit_cast<double>(result) : 0.0;
}

inline scaled_double_double exp_nonpositive(double_double d) noexcept {
  using namespace detail_elementary;
  constexpr double_double table[8] = {{0x1p+0, 0.0},
                                      {0x1.172b83c7d517bp+0, -0x1.19041b9d78a76p-55},
                                      {0x1.306fe0a31b715p+0, 0x1.6f46ad23182e4p-55},
                                      {0x1.4bfdad5362a27p+0, 0x1.d4397afec42e2p-56},
                                      {0x1.6a09e667f3bcdp+0, -0x1.bdd3413b26456p-54},
                                      {0x1.8ace5422aa0dbp+0, 0x1.6e9f156864b27p-54},
                                      {0x1.ae89f995ad3adp+0, 0x1.7a1cd345dcc81p-54},
                                      {0x1.d5818dcfba487p+0, 0x1.2ed02d75b3707p-55}};
  const bool in_range = d.high >= -746.0;
  const double high = in_range ? d.high : 0.0;
  const double low = in_range ? d.low : 0.0;
  const double shifted = fma(high, eight_over_ln2, round_to_integer);
  const double n = shifted - round_to_integer;
  const auto n_bits = std::bit_cast<std::uint64_t>(shifted);
  const double_double r = two_sum(fma(n, -ln2_over_8_high, high), fma(n, -ln2_over_8_low, low));

  const double_double half_square = two_product(0.5 * r.high, r.high);
  const double square = r.high * r.high;
  const double q34 = fma(r.high, 2.0 * 0x1.5555555555377p-5, 2.0 * 0x1.55555555555f7p-3);
  const double q56 = fma(r.high, 2.0 * 0x1.6c16c17d91695p-10, 2.0 * 0x1.1111110a2748p-7);
  const double q78 = fma(r.high, 2.0 * 0x1.a0170c6809ebdp-16, 2.0 * 0x1.a01fae132f893p-13);
  const double q = fma(square, fma(square, q78, q56), q34);
  const double cross = fma(r.high, r.low, half_square.low) + r.low;
  const double_double p = fast_two_sum(r.high, half_square.high);
  const double p_low = fma(r.high * half_square.high, q, cross) + p.low;

  const double_double power = table[n_bits & 7];
  const double_double product = two_product(power.high, p.high);
  const double_double sum = fast_two_sum(power.high, product.high);
  const double tail = fma(power.low, p.high, power.low) + product.low;
  double_double significand = fast_two_sum(sum.high, fma(power.high, p_low, tail) + sum.low);
  int exponent = static_cast<int>(static_cast<std::int64_t>(n_bits << 13) >> 16);
  if (significand.high < 1.0) {
    significand = {2.0 * significand.high, 2.0 * significand.low};
    --exponent;
  }
  if (!in_range) return {{0.0, 0.0}, 0};
  return {significand, exponent};
}

/// The value rounded once, to nearest even, also where the result is subnormal. Any sign; significand.high a
/// normal number, not necessarily in [1, 2), or zero.
inline double round_scaled(scaled_double_double x) noexcept {
  using namespace detail_elementary;
  constexpr std::uint64_t sign_mask = std::uint64_t{1} << 63, one = std::uint64_t{1023} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(x.significand.high);
  const std::uint64_t sign = bits & sign_mask, magnitude = bits & ~sign_mask;
  const int leading = static_cast<int>(magnitude >> 52) - 1023;
  const int exponent = x.exponent + leading;
  if (magnitude == 0 || exponent < -1075) return std::bit_cast<double>(sign);
  if (exponent > 1023) return std::bit_cast<double>(sign | (std::uint64_t{0x7FF} << 52));
  const std::uint64_t significand = (magnitude & ((std::uint64_t{1} << 52) - 1)) | one;
  if (exponent >= -1022) {
    return std::bit_cast<double>(
        (significand + (static_cast<std::uint64_t>(static_cast<std::int64_t>(exponent)) << 52)) | sign);
  }
  // Adding 2^52 quanta rounds high to the quantum 2^-1074 (seen from the significand) and leaves the count of
  // quanta, which is the result's bit pattern, in the low bits. Only a tie needs the low part.
  const double high = std::bit_cast<double>(significand);
  const bool low_positive = sign == 0 ? x.significand.low > 0.0 : x.significand.low < 0.0;
  const bool low_negative = sign == 0 ? x.significand.low < 0.0 : x.significand.low > 0.0;
  const double base = power_of_two(-1022 - exponent);
  const double half_quantum = power_of_two(-1075 - exponent);
  const double sum = base + high;
  const double rest = high - (sum - base);
  std::uint64_t quanta = std::bit_cast<std::uint64_t>(sum) - std::bit_cast<std::uint64_t>(base);
  if (rest == half_quantum && low_positive) ++quanta;
  if (rest == -half_quantum && low_negative) --quanta;
  return std::bit_cast<double>(quanta | sign);
}

namespace detail_elementary {

struct reduced {
  double k;  // x = 2^k (1 + fraction), 1 + fraction in [sqrt 1/2, sqrt 2)
  double fraction;
};

inline reduced reduce(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto k = static_cast<std::int64_t>(bits - sqrt_half_bits) >> 52;
  return {static_cast<double>(k), std::bit_cast<double>(bits - (static_cast<std::uint64_t>(k) << 52)) - 1.0};
}

inline double log_core(double k, double f, double c) noexcept {
  const double fraction = f + c;
  const double rest = (f - fraction) + c;
  const double s = fraction / (2.0 + fraction);
  const double z = s * s;
  const double w = z * z;
  const double odd = fma(w, fma(w, fma(w, 0x1.2f0e877cfec3p-3, 0x1.7466475df194bp-3), 0x1.24924942214aap-2),
                         0x1.5555555555593p-1);
  const double even = fma(w, fma(w, 0x1.39a0d99f4f7eap-3, 0x1.c71c51e14e055p-3), 0x1.999999997fa5ap-2);
  const double series = z * fma(z, even, odd);
  const double half = 0.5 * fraction;
  const double curvature = fma(half, fraction, -(s * fma(half, fraction, series)));
  const double_double sum = fast_two_sum(k * ln2_high, fraction);
  return sum.high + (sum.low - (curvature - fma(k, ln2_low, fma(rest, -fraction, rest))));
}

inline double_double log_core(double k, double_double f) noexcept {
  const double_double s = divide(f, add(f, 2.0));
  const double_double z = multiply(s, s);
  const double w = z.high * z.high;
  const double q45 = fma(z.high, 0x1.2492492492f5p-2, 0x1.9999999999996p-2);
  const double q67 = fma(z.high, 0x1.745d1829602fap-3, 0x1.c71c71c5969c6p-3);
  const double q89 = fma(z.high, 0x1.112070f6d03d7p-3, 0x1.3b1364c2053acp-3);
  const double qab = fma(z.high, 0x1.eac9bea46406ep-4, 0x1.de3d0dccc08a1p-4);
  const double q = fma(w, fma(w, fma(w, qab, q89), q67), q45);
  const double_double tail = two_product(z.high, q);
  const double_double b = fast_two_sum(0x1.5555555555555p-1, tail.high);
  const double b_low = fma(z.low, q, tail.low) + (b.low + 0x1.5555555555555p-55);
  const double_double series = add(multiply(z, fast_two_sum(b.high, b_low)), 2.0);
  const double_double log_fraction = multiply(s, series);
  const double_double sum = two_sum(k * ln2_high, log_fraction.high);
  return fast_two_sum(sum.high, sum.low + fma(k, ln2_low, log_fraction.low));
}

}  // namespace detail_elementary

inline double log1p_nonnegative(double x) noexcept {
  using namespace detail_elementary;
  const double_double u = two_sum(1.0, x);
  const reduced y = reduce(u.high);
  return log_core(y.k, y.fraction, u.low * power_of_two(-static_cast<int>(y.k)));
}

inline double_double log1p_nonnegative(double_double x) noexcept {
  using namespace detail_elementary;
  const double_double u = two_sum(1.0, x.high);
  const reduced y = reduce(u.high);
  const double scale = power_of_two(-static_cast<int>(y.k));
  const double_double fraction = two_sum(y.fraction, u.low * scale);
  const double_double f = fast_two_sum(fraction.high, fraction.low + x.low * scale);
  return x.high < 0x1p-70 ? x : log_core(y.k, f);
}

inline double log_positive(double x) noexcept {
  using namespace detail_elementary;
  const bool subnormal = x < 0x1p-1022;
  const reduced y = reduce(subnormal ? x * 0x1p54 : x);
  return log_core(subnormal ? y.k - 54.0 : y.k, y.fraction, 0.0);
}

inline double_double log_dd(double x) noexcept {
  using namespace detail_elementary;
  const bool subnormal = x < 0x1p-1022;
  const reduced y = reduce(subnormal ? x * 0x1p54 : x);
  return log_core(subnormal ? y.k - 54.0 : y.k, double_double{y.fraction, 0.0});
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_ELEMENTARY_HPP

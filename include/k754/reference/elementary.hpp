/// exp, log and log1p on the domains of the softmax family: in double for kernels whose results are float,
/// float16 or bfloat16, in double-double for kernels whose results are double.
///
/// Each function *is* its sequence of operations: +, -, *, / and fma, each rounded to nearest, evaluated in
/// `scoped_fp_environment` (these functions do not set it up). A vector version does the same operations lane
/// by lane and returns the same bits; a condition is a compare and a select there, so no lane branches.
///
/// Errors are in units in the last place of the exact value (the spacing of doubles there), real-valued: 0.5
/// is correct rounding. "Seen" is the largest error found against MPFR, in up to 4 * 10^6 random and
/// structured arguments; tests/reference/elementary_test.cpp prints that of its own samples. Polynomial
/// coefficients: Sollya, fpminimax; their errors are Sollya's supnorm.
///
/// Sources: Tang, "Table-driven implementation of the exponential function", ACM TOMS 15 (1989); Gal, "An
/// accurate elementary mathematical library", ACM TOMS 17 (1991), for choosing the points of a table by the
/// accuracy of its entries; Cody and Waite, "Software Manual for the Elementary Functions" (1980), for
/// two-part ln 2.
#ifndef K754_REFERENCE_ELEMENTARY_HPP
#define K754_REFERENCE_ELEMENTARY_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "../bits.hpp"
#include "../detail/config.hpp"
#include "../detail/flags-inl.hpp"
#include "../fma.hpp"
#include "double_double.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// 2^exponent, for -1022 <= exponent <= 1023.
K754_INLINE double power_of_two(int exponent) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52);
}

namespace detail_elementary {

inline constexpr double eight_over_ln2 = 0x1.71547652b82fep+3;
// ln2/8 = high + low, each a rounded double; the rest is 2^-114.5.
inline constexpr double ln2_over_8_high = 0x1.62e42fefa39efp-4;
inline constexpr double ln2_over_8_low = 0x1.abc9e3b39803fp-59;
// ln 2 = high + low; high has 42 bits, so that k * high is exact for every exponent k.
inline constexpr double ln2_high = 0x1.62e42fefa38p-1;
inline constexpr double ln2_low = 0x1.ef35793c7673p-45;

// exp_nonpositive of doubles, see there.
inline constexpr double least_exponent = -708.0;
inline constexpr double exp_magic = 0x1.04080a425p+52;
inline constexpr std::array<double, 8> exp_table = {
    0x1.036ad698a5287p+0, 0x1.1ae5885c936fap+0, 0x1.34803dcb14eafp+0, 0x1.506c33b12502cp+0,
    0x1.6edf1bb0b8b03p+0, 0x1.90138381cbf29p+0, 0x1.b449458bd48e8p+0, 0x1.dbc603b021d8fp+0};
inline constexpr std::array<double, 6> exp_polynomial = {0x1.ffffffffffe7ep-2,  0x1.555555554ad9cp-3,
                                                         0x1.5555555f0f482p-5,  0x1.111118918e66fp-7,
                                                         0x1.6c14bbe81b504p-10, 0x1.9ac2ef436ae5cp-13};

// The same of double-doubles, see there: 2^(j/8), and the polynomial's coefficients.
inline constexpr std::array<double, 8> exact_powers_high = {0x1p+0,
                                                            0x1.172b83c7d517bp+0,
                                                            0x1.306fe0a31b715p+0,
                                                            0x1.4bfdad5362a27p+0,
                                                            0x1.6a09e667f3bcdp+0,
                                                            0x1.8ace5422aa0dbp+0,
                                                            0x1.ae89f995ad3adp+0,
                                                            0x1.d5818dcfba487p+0};
inline constexpr std::array<double, 8> exact_powers_low = {0.0,
                                                           -0x1.19041b9d78a76p-55,
                                                           0x1.6f46ad23182e4p-55,
                                                           0x1.d4397afec42e2p-56,
                                                           -0x1.bdd3413b26456p-54,
                                                           0x1.6e9f156864b27p-54,
                                                           0x1.7a1cd345dcc81p-54,
                                                           0x1.2ed02d75b3707p-55};
inline constexpr std::array<double, 6> exp_tail = {0x1.55555555555f7p-2,  0x1.5555555555377p-4,
                                                   0x1.1111110a2748p-6,   0x1.6c16c17d91695p-9,
                                                   0x1.a01fae132f893p-12, 0x1.a0170c6809ebdp-15};

/// The bits of table[j] less j << 49, to which n << 49 is added to scale the entry by 2^floor(n/8);
inline constexpr std::array<std::uint64_t, 8> exp_table_less_index = [] {
  std::array<std::uint64_t, 8> bits{};
  for (std::size_t j = 0; j < 8; ++j)
    bits[j] = std::bit_cast<std::uint64_t>(exp_table[j]) - (std::uint64_t{j} << 49);
  return bits;
}();
/// the same in halves of 32 bits, low and high.
inline constexpr std::array<std::array<std::uint32_t, 8>, 2> exp_table_halves = [] {
  std::array<std::array<std::uint32_t, 8>, 2> halves{};
  for (std::size_t j = 0; j < 8; ++j) {
    halves[0][j] = static_cast<std::uint32_t>(exp_table_less_index[j]);
    halves[1][j] = static_cast<std::uint32_t>(exp_table_less_index[j] >> 32);
  }
  return halves;
}();

}  // namespace detail_elementary

/// exp(d) for d <= 0. Below -708, at -inf and for NaN the result is +0: exp(-708) is far below half of the
/// smallest subnormal float, and no result of this function is subnormal. exp(0) = 1. Nondecreasing in d. (For
/// 0 < d <= 700 too, as exp of exp_log.hpp takes it: the sign of d plays no part.)
///
/// Error at most 0.63 ulp; seen 0.6148.
///
///     n = round(8 d / ln2)                t = fma(d, 8/ln2, magic), n = t - magic
///     r = d - n ln2/8 - delta             fma(t, -low, fma(n, -high, d)): the inner fma is exact
///     p = exp(r) - 1                      r + r^2 q(r), q of degree 5, in the order written below
///     exp(d) = 2^(n/8) e^delta (1 + p)    fma(T, p, T), T = table[n mod 8]; floor(n/8) goes to its exponent
///
/// `magic` is an integer in [2^52, 2^53), a multiple of 2^15: adding it rounds to an integer, and the low
/// bits of t are those of n. Because the second fma takes t, not n, the argument is reduced by a further
/// delta = magic * low = 0x1.b2867ab6p-7 (leading digits), at no cost. Of 6 * 10^9 such integers this one
/// makes the entries table[j], 2^(j/8) e^delta rounded to double, most accurate: to 0.027 ulp. Exact eighths
/// (delta = 0) would be off by up to 0.44. Two integer operations scale T before the last fma, with the same
/// bits: n_bits << 49, added to a table that holds the bits of table[j] less j << 49.
///
/// Bound: final rounding 0.5; table 0.027; r, below 2^-4 in magnitude, and p are rounded by 2^-58 each; the
/// polynomial is off by 2^-58.02 on [-ln2/16 - delta, ln2/16 - delta] (2^-30 wider at each end) and its inner
/// roundings come to 2^-60: less than 0.1 ulp together. Nondecreasing: for one n each step is (the error of
/// r^2 q is 2^-10 of an ulp of r); around each step of n the test looks.
inline double exp_nonpositive(double d) noexcept {
  using namespace detail_elementary;
  const double t = fma(d, eight_over_ln2, exp_magic);
  const double n = t - exp_magic;
  const auto n_bits = std::bit_cast<std::uint64_t>(t);
  const double r = fma(t, -ln2_over_8_low, fma(n, -ln2_over_8_high, d));

  constexpr auto& c = exp_polynomial;
  const double square = r * r;
  const double q01 = fma(r, c[1], c[0]);
  const double q23 = fma(r, c[3], c[2]);
  const double q45 = fma(r, c[5], c[4]);
  const double q = fma(square, fma(square, q45, q23), q01);
  const double p = fma(square, q, r);

  const double power = exp_table[n_bits & 7];
  const auto result = std::bit_cast<std::uint64_t>(fma(power, p, power)) + (n_bits >> 3 << 52);
  return d >= least_exponent ? std::bit_cast<double>(result) : 0.0;
}

/// significand * 2^exponent: a double-double whose low part is not lost where the value is small.
struct scaled_double_double {
  double_double significand;
  int exponent;
};

/// exp(d) for normalized d, d.high <= 0. The significand is normalized with high in [1, 2), or {0, 0} with
/// exponent 0 where d.high < -800, at -inf and for NaN, whatever d.low is. (Half of the smallest subnormal is
/// exp(-745.13), but many terms below it may add up to more; at -800 even 2^63 of them do not.) exp(0) = {1,
/// 0}. (For 0 < d <= 800 too.)
///
/// Relative error at most 2^-65; seen 2^-65.75. After `round_scaled` at most 0.5003 ulp.
///
/// Like the function above with the table at exact eighths, 2^(j/8) = power.high + power.low, r = r.high +
/// r.low and 1 + r.high + r.high^2/2 without error; only the cubic and smaller terms are plain double. Bound,
/// in units of 2^-68: polynomial (degree 8, on |r| <= ln2/16) 2.6; q and its product with the cube,
/// 2^-16, 1.4; the three sums below 2^-14 2; r.low * r^2/2, left out, 1.
inline scaled_double_double exp_nonpositive(double_double d) noexcept {
  using namespace detail_elementary;
  constexpr double magic = 0x1.8p52;
  if (!(d.high >= -800.0)) return {{0.0, 0.0}, 0};
  const double t = fma(d.high, eight_over_ln2, magic);
  const double n = t - magic;
  const auto n_bits = std::bit_cast<std::uint64_t>(t);
  const double_double r = two_sum(fma(n, -ln2_over_8_high, d.high), fma(n, -ln2_over_8_low, d.low));

  // exp(r) - 1 = p.high + p_low; q(r) = (exp(r) - 1 - r - r^2/2) / (r^3/2), degree 5
  const double_double half_square = two_product(0.5 * r.high, r.high);
  const double square = r.high * r.high;
  constexpr auto& c = exp_tail;
  const double q01 = fma(r.high, c[1], c[0]);
  const double q23 = fma(r.high, c[3], c[2]);
  const double q45 = fma(r.high, c[5], c[4]);
  const double q = fma(square, fma(square, q45, q23), q01);
  const double low_part = fma(r.high, r.low, half_square.low) + r.low;
  const double_double p = fast_two_sum(r.high, half_square.high);
  const double p_low = fma(r.high * half_square.high, q, low_part) + p.low;

  const double_double power = {exact_powers_high[n_bits & 7], exact_powers_low[n_bits & 7]};
  const double_double product = two_product(power.high, p.high);
  const double_double sum = fast_two_sum(power.high, product.high);
  const double tail = fma(power.low, p.high, power.low) + product.low;
  const double_double value = fast_two_sum(sum.high, fma(power.high, p_low, tail) + sum.low);

  // The low 51 bits of t are n in two's complement; the value is in (0.95, 1.92).
  const int exponent = static_cast<int>(static_cast<std::int64_t>(n_bits << 13) >> 16);
  const bool below_one = value.high < 1.0;
  const double scale = below_one ? 2.0 : 1.0;
  return {{scale * value.high, scale * value.low}, below_one ? exponent - 1 : exponent};
}

/// significand * 2^exponent rounded once, to nearest even, also where the result is subnormal (where rounding
/// significand.high first would round twice); beyond the largest double, infinity. Any sign; the significand
/// is normalized and its high part, not necessarily in [1, 2), is zero or a normal number.
inline double round_scaled(scaled_double_double x) noexcept {
  constexpr std::uint64_t sign_mask = std::uint64_t{1} << 63, one = std::uint64_t{1023} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(x.significand.high);
  const std::uint64_t sign = bits & sign_mask, magnitude = bits & ~sign_mask;
  const int exponent = x.exponent + (static_cast<int>(magnitude >> 52) - 1023);
  if (magnitude == 0 || exponent < -1075) return std::bit_cast<double>(sign);
  if (exponent > 1023) return std::bit_cast<double>(sign | (std::uint64_t{0x7FF} << 52));

  const std::uint64_t significand = (magnitude % (std::uint64_t{1} << 52)) | one;
  if (exponent >= -1022) {
    return std::bit_cast<double>(sign | (significand + (static_cast<std::uint64_t>(exponent) << 52)));
  }
  // The quantum 2^-1074 is 2^(-1074 - exponent) to the significand in [1, 2). Adding 2^52 quanta rounds it to
  // a multiple of that, and the low bits of the sum count the quanta: they are the result's bit pattern. The
  // low part matters only where the high part is a tie.
  const double high = std::bit_cast<double>(significand);
  const double base = power_of_two(-1022 - exponent);
  const double half_quantum = power_of_two(-1075 - exponent);
  const double sum = base + high;
  const double rest = high - (sum - base);
  const double low = sign == 0 ? x.significand.low : -x.significand.low;
  std::uint64_t quanta = std::bit_cast<std::uint64_t>(sum) - std::bit_cast<std::uint64_t>(base);
  if (rest == half_quantum && low > 0.0) ++quanta;
  if (rest == -half_quantum && low < 0.0) --quanta;
  return std::bit_cast<double>(sign | quanta);
}

namespace detail_elementary {

inline constexpr std::uint64_t sqrt_half = 0x3FE6A09E667F3BCD;  // its bits

/// The coefficients of log_core, see there.
inline constexpr std::array<double, 7> log_polynomial = {
    0x1.5555555555593p-1, 0x1.999999997fa5ap-2, 0x1.24924942214aap-2, 0x1.c71c51e14e055p-3,
    0x1.7466475df194bp-3, 0x1.39a0d99f4f7eap-3, 0x1.2f0e877cfec3p-3};

/// Those of its double-double form, and 2/3.
inline constexpr std::array<double, 8> log_tail = {
    0x1.9999999999996p-2, 0x1.2492492492f5p-2,  0x1.c71c71c5969c6p-3, 0x1.745d1829602fap-3,
    0x1.3b1364c2053acp-3, 0x1.112070f6d03d7p-3, 0x1.de3d0dccc08a1p-4, 0x1.eac9bea46406ep-4};
inline constexpr double_double two_thirds = {0x1.5555555555555p-1, 0x1.5555555555555p-55};

/// x = 2^exponent (1 + fraction), 1 + fraction in [sqrt(1/2), sqrt(2)), both exact. x > 0, normal.
struct reduced {
  int exponent;
  double fraction;
};

inline reduced reduce(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<std::int64_t>(bits - sqrt_half) >> 52;
  const auto significand = bits - (static_cast<std::uint64_t>(exponent) << 52);
  return {static_cast<int>(exponent), std::bit_cast<double>(significand) - 1.0};
}

/// The same for any positive x: subnormals are scaled to normal numbers first.
inline reduced reduce_any(double x) noexcept {
  const bool subnormal = x < 0x1p-1022;
  const reduced y = reduce(subnormal ? x * 0x1p54 : x);
  return {subnormal ? y.exponent - 54 : y.exponent, y.fraction};
}

/// k ln2 + log(1 + a + b), where 1 + a is in [sqrt(1/2), sqrt(2)) and b is a correction of at most half an
/// ulp of 1 + a; for a = 0, b is anything up to 2^-53.
///
///     f = a + b                             the rest of this sum contributes rest (1 - f)
///     s = f / (2 + f)                       log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + R)
///     R = s^2 L(s^2)                        L of degree 6: error of the whole series 2^-59.47
///     result = (k ln2_high + f) - small     the bracket exactly, in two parts
///
/// so that only the last rounding is as large as 0.5 ulp: f^2/2 and what follows is below 0.25 |result|.
inline double log_core(int k, double a, double b) noexcept {
  const double f = a + b;
  const double rest = (a - f) + b;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  constexpr auto& c = log_polynomial;
  const double even = fma(w, fma(w, fma(w, c[6], c[4]), c[2]), c[0]);
  const double odd = fma(w, fma(w, c[5], c[3]), c[1]);
  const double series = z * fma(z, odd, even);
  const double half = 0.5 * f;
  const double curvature = fma(half, f, -(s * fma(half, f, series)));
  const double exponent = static_cast<double>(k);
  const double_double sum = fast_two_sum(exponent * ln2_high, f);
  return sum.high + (sum.low - (curvature - fma(exponent, ln2_low, fma(rest, -f, rest))));
}

/// k ln2 + log(1 + f) in double-double: s = f / (2 + f), z = s^2, log(1 + f) = s (2 + z (2/3 + z q(z))), all
/// but q in double-double. q has degree 7; error of the series 2^-73.46, so the error is that of q: its
/// rounding, 2^-53, and that of its coefficients and product are scaled by z^2/5 < 2^-12.
inline double_double log_core(int k, double_double f) noexcept {
  const double_double s = divide(f, add(f, 2.0));
  const double_double z = multiply(s, s);
  const double w = z.high * z.high;
  constexpr auto& c = log_tail;
  const double q01 = fma(z.high, c[1], c[0]);
  const double q23 = fma(z.high, c[3], c[2]);
  const double q45 = fma(z.high, c[5], c[4]);
  const double q67 = fma(z.high, c[7], c[6]);
  const double q = fma(w, fma(w, fma(w, q67, q45), q23), q01);
  const double_double product = two_product(z.high, q);
  const double_double sum = fast_two_sum(two_thirds.high, product.high);
  const double sum_low = fma(z.low, q, product.low) + (sum.low + two_thirds.low);
  const double_double series = add(multiply(z, fast_two_sum(sum.high, sum_low)), 2.0);
  const double_double log_fraction = multiply(s, series);

  const double exponent = static_cast<double>(k);
  const double_double total = two_sum(exponent * ln2_high, log_fraction.high);
  return fast_two_sum(total.high, total.low + fma(exponent, ln2_low, log_fraction.low));
}

}  // namespace detail_elementary

/// log(1 + x) for 0 <= x <= 2^1000: +0 at 0, x below 2^-54. Error below 1 ulp; seen 0.7301.
/// 1 + x is taken exactly, as the two parts of two_sum(1, x), both scaled by 2^-k. (For -1 < x < 0 too, where 1 + x
/// is not below 2^-1000.)
inline double log1p_nonnegative(double x) noexcept {
  const double_double u = two_sum(1.0, x);
  const detail_elementary::reduced y = detail_elementary::reduce(u.high);
  return detail_elementary::log_core(y.exponent, y.fraction, u.low * power_of_two(-y.exponent));
}

/// log(1 + x) for normalized x, 0 <= x <= 2^1000; x itself below 2^-70. Relative error at most 2^-64; seen
/// 2^-65.19. (For -1 < x < 0 too.)
inline double_double log1p_nonnegative(double_double x) noexcept {
  const double_double u = two_sum(1.0, x.high);
  const detail_elementary::reduced y = detail_elementary::reduce(u.high);
  const double scale = power_of_two(-y.exponent);
  const double_double f = two_sum(y.fraction, u.low * scale);
  const double_double log =
      detail_elementary::log_core(y.exponent, fast_two_sum(f.high, fma(x.low, scale, f.low)));
  const bool tiny = x.high < 0x1p-70 && x.high > -0x1p-70;
  return {tiny ? x.high : log.high, tiny ? x.low : log.low};
}

/// log(x) for finite x > 0, subnormals included; +0 at 1. Error below 1 ulp; seen 0.7933.
inline double log_positive(double x) noexcept {
  const detail_elementary::reduced y = detail_elementary::reduce_any(x);
  return detail_elementary::log_core(y.exponent, y.fraction, 0.0);
}

/// log(x) for finite x > 0, subnormals included. Relative error at most 2^-64, near 1 too; seen 2^-65.19.
inline double_double log_dd(double x) noexcept {
  const detail_elementary::reduced y = detail_elementary::reduce_any(x);
  return detail_elementary::log_core(y.exponent, double_double{y.fraction, 0.0});
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_ELEMENTARY_HPP

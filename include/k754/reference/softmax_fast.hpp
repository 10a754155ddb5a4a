/// softmax, log_softmax and logsumexp of one row under `precision::fast`, for float, float16 and bfloat16: the
/// exponentials are floats, their sum is a double. (double has no fast tier, nor have masked forms and gradients:
/// theirs is softmax.hpp.)
///
///     m = max x_i        h = 0 where |m| < 256, otherwise m        q = m - h        N = q / ln 2 rounded to an integer
///     e_i = 2^(80 - N) exp(max(x_i - h, q - 140))            about 2^80 exp(x_i - m), a normal number
///     S = sum of all e_i          1/S = a + b: a is 1/S as a float, b is what is left, as a float
///     E = 2^(80 - N) exp(q)       in double: what e_i is for x_i = m
///     c = #{i: x_i = m}           R = sum of e_i over x_i != m        L = log1p((c - 1) + R / E)
///
///     softmax_i = e_i a + e_i b        log_softmax_i = (x_i - m) - L        logsumexp = m + L
///
/// A row with a NaN, or whose maximum is infinite, and one without elements are softmax.hpp's: its answers, its
/// rules.
///
/// The arithmetic, in order, in the default environment; in float but where it says double:
///
///     N   = fma(q, log2 e, 1.5 2^23) - 1.5 2^23               ln2 = 0x1.62e4p-1 + 0x1.7f7d1cp-20, to 2^-43
///     x'  = max(x_i - h, q - 140)
///     t   = fma(x', log2 e, M),  M = 1.5 2^23 + 80 - N        n = t - M, the integer next to x' / ln 2
///     r   = fma(n, -ln2 low, fma(n, -ln2 high, x'))           the inner fma is exact
///     p   = 1 + r (1 + r (.. c[0])), six fmas
///     e_i = p 2^(n + 80 - N)                                  bits(p) + (bits(t) << 23): 9 bits of t are the exponent
///     S, R in double, by lane_sum                             for R elements with x_i = m leave their places empty
///     a = 1/S,  b = 1/S - a                                   1/S in double, a and b rounded to float
///     softmax_i     = fma(e_i, a, e_i b)
///     E   = 2^81 exp_nonpositive(fma(-(N + 1), ln 2, q))      double
///     L   = log1p_nonnegative((c - 1) + R / E)                double
///     log_softmax_i = (x_i - m) - L                           L rounded to float
///     logsumexp     = m + L                                   double
///
/// and, for float16 and bfloat16, one rounding to the type. A result that is or rounds to zero is +0; only
/// subnormals::flush writes -0.
///
/// x itself is reduced, not x - m, which for |m| < 256 saves a subtraction and its rounding; beyond, x_i - m is exact
/// wherever it is above -128. Below that nothing is left of an element: softmax is 0, and 2^20 times exp(-128) is no
/// part of L as a float that can be told from 0. Elements below m - 140 count as exp(-140) = 2^-202. Because of the
/// 2^80 all e_i are normal: the only result that may be subnormal is the last (and the correction e_i b, whose rounding
/// is then at most half of the smallest subnormal), and gradual underflow comes by itself.
///
/// Bounds, for rows of n <= 2^20. With u = 2^-24, e_i is within 1.294 u of the exponential, relatively: the largest
/// error over *all* floats in [-396, 256] (tests/reference/softmax_fast_test.cpp looks at every 61st); most of it is
/// the last fma's, u at most, and that of r, u/4. Sums in double add 78 2^-53, nothing in what follows.
///
///   softmax       e_i 1.294 u, S no more than the worst e_i, 1.294 u; 1/S = a + b to 2^-48, so that equal elements
///                 are 1/n rounded once, and a single element is 1. With the last rounding 3.1 ULP of the result.
///                 (3.6 of the exact value, where that is just below a power of two and the result is not.)
///   log_softmax   x_i - m is rounded by u |x_i - m|, L is within 1.3 u of itself (R is; E is right to 2^-52, and
///                 log1p does not enlarge relative errors) and rounded by u; both terms are <= 0, so that this is
///                 2.3 u of the result, with the last rounding 2.8 ULP (3.3): also where L is far below u.
///   logsumexp     0.501 ULP, and 2^-23 L.
///   float16, bfloat16: 0.5005 and 0.5001 ULP, as in softmax.hpp.
///
/// Source: Cody and Waite, "Software Manual for the Elementary Functions" (1980), for ln 2 in two parts;
/// coefficients: Sollya, fpminimax.
#ifndef K754_REFERENCE_SOFTMAX_FAST_HPP
#define K754_REFERENCE_SOFTMAX_FAST_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fma.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"
#include "elementary.hpp"
#include "lane_sum.hpp"
#include "row_mass.hpp"
#include "softmax.hpp"

namespace k754::reference {
inline namespace K754_ABI {

namespace detail_softmax_fast {

inline constexpr float log2_e = 0x1.715476p+0F;
inline constexpr float ln2_high = 0x1.62e4p-1F;  // 15 bits
inline constexpr float ln2_low = 0x1.7f7d1cp-20F;
inline constexpr double ln2 = 0x1.62e42fefa39efp-1;
inline constexpr float to_integer = 0x1.8p23F;
inline constexpr float offset = 80.0F;
inline constexpr float depth = 140.0F;
inline constexpr float largest_unshifted = 256.0F;
inline constexpr std::array<float, 7> exp_polynomial = {
    0x1.6a2438p-10F, 0x1.1239e2p-7F, 0x1.5558f2p-5F, 0x1.555492p-3F, 0x1.fffffcp-2F, 1.0F, 1.0F};

/// What the exponentials of a row have in common, from its maximum.
struct row_scale {
  float shift;   ///< h
  float least;   ///< q - 140
  float magic;   ///< M
  double power;  ///< N + 1
};

inline row_scale scale_of(float m) noexcept {
  const float shift = m < largest_unshifted && m > -largest_unshifted ? 0.0F : m;
  const float q = m - shift;
  const float n = fma(q, log2_e, to_integer) - to_integer;
  return {shift, q - depth, to_integer + (offset - n), static_cast<double>(n) + 1.0};
}

/// e_i.
inline float exponential(float x, const row_scale& row) noexcept {
  const float d = x - row.shift;
  const float reduced = d > row.least ? d : row.least;
  const float t = fma(reduced, log2_e, row.magic);
  const float n = t - row.magic;
  const float r = fma(n, -ln2_low, fma(n, -ln2_high, reduced));
  float p = exp_polynomial[0];
  for (std::size_t k = 1; k < exp_polynomial.size(); ++k) p = fma(p, r, exp_polynomial[k]);
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + (std::bit_cast<std::uint32_t>(t) << 23));
}

/// E.
inline double exponential_of_maximum(float m, const row_scale& row) noexcept {
  const double q = static_cast<double>(m - row.shift);
  return 0x1p81 * exp_nonpositive(fma(-row.power, ln2, q));
}

/// The sum of the exponentials, or of those below the maximum.
template <bool Flush, bool BelowMaximum, floating T>
double sum_of_exponentials(const strided_row<T>& x, float m, const row_scale& scale) noexcept {
  lane_sum<double> sum;
  for (index_t i = 0; i < x.size; ++i) {
    const float x_i = static_cast<float>(detail::widen<Flush>(x[i]));
    if (BelowMaximum && x_i == m) {
      sum.skip();
    } else {
      sum.add(static_cast<double>(exponential(x_i, scale)));
    }
  }
  return sum.total();
}

/// L of an ordinary row.
template <bool Flush, floating T>
double log_sum(const strided_row<T>& x, const row_top& top) noexcept {
  const auto m = static_cast<float>(top.maximum);
  const row_scale scale = scale_of(m);
  const double rest = sum_of_exponentials<Flush, true>(x, m, scale);
  const double excess = static_cast<double>(top.maxima - 1) + rest / exponential_of_maximum(m, scale);
  return log1p_nonnegative(excess);
}

template <bool Flush, floating T>
T result(float y) noexcept {
  return detail_softmax::result<Flush, T>(static_cast<double>(y));
}

}  // namespace detail_softmax_fast

/// `x` has no mask.
template <bool Flush, floating T>
void fast_softmax_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules) noexcept {
  using namespace detail_softmax_fast;
  const row_top top = top_of_row<Flush>(x);
  if (top.kind != row_kind::ordinary) return softmax_row<Flush>(x, y, y_stride, rules);
  const auto m = static_cast<float>(top.maximum);
  const row_scale scale = scale_of(m);
  const double inverse = 1.0 / sum_of_exponentials<Flush, false>(x, m, scale);
  const auto a = static_cast<float>(inverse);
  const auto b = static_cast<float>(inverse - static_cast<double>(a));
  for (index_t i = 0; i < x.size; ++i) {
    const float e = exponential(static_cast<float>(detail::widen<Flush>(x[i])), scale);
    detail::store(y + i * y_stride, detail_softmax_fast::result<Flush, T>(fma(e, a, e * b)));
  }
}

template <bool Flush, floating T>
void fast_log_softmax_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules) noexcept {
  using namespace detail_softmax_fast;
  const row_top top = top_of_row<Flush>(x);
  if (top.kind != row_kind::ordinary) return log_softmax_row<Flush>(x, y, y_stride, rules);
  const auto m = static_cast<float>(top.maximum);
  const auto log_of_sum = static_cast<float>(log_sum<Flush>(x, top));
  for (index_t i = 0; i < x.size; ++i) {
    const float d = static_cast<float>(detail::widen<Flush>(x[i])) - m;
    detail::store(y + i * y_stride, detail_softmax_fast::result<Flush, T>(d - log_of_sum));
  }
}

template <bool Flush, floating T>
T fast_logsumexp_row(const strided_row<T>& x) noexcept {
  const row_top top = top_of_row<Flush>(x);
  if (top.kind != row_kind::ordinary) return logsumexp_row<Flush>(x);
  return detail_softmax::result<Flush, T>(top.maximum + detail_softmax_fast::log_sum<Flush>(x, top));
}

/// One row, in the scoped environment. `x` and `y` have one axis and the same length; `y` may be `x`.
template <policy P = policy{}, tensor_like X, detail::output_like Y>
void fast_softmax(X&& x, Y&& y) noexcept {
  const auto row = detail_softmax::row_of(x);
  const auto output = detail::output_view(y);
  in_default_environment([&] {
    fast_softmax_row<detail_softmax::flushes<P>>(row, output.data_handle(), output.stride(0), rules_of(P));
  });
}
template <policy P = policy{}, tensor_like X, detail::output_like Y>
void fast_log_softmax(X&& x, Y&& y) noexcept {
  const auto row = detail_softmax::row_of(x);
  const auto output = detail::output_view(y);
  in_default_environment([&] {
    fast_log_softmax_row<detail_softmax::flushes<P>>(row, output.data_handle(), output.stride(0),
                                                     rules_of(P));
  });
}
template <policy P = policy{}, tensor_like X>
auto fast_logsumexp(X&& x) noexcept {
  const auto row = detail_softmax::row_of(x);
  auto result = from_bits<detail::element_of<X>>(0);
  in_default_environment([&] { result = fast_logsumexp_row<detail_softmax::flushes<P>>(row); });
  return result;
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_SOFTMAX_FAST_HPP

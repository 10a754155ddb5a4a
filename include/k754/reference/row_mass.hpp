/// What softmax, log_softmax, logsumexp and cross-entropy need to know of a row x_0 .. x_(n-1): its maximum,
/// how often it occurs, and the sum of the exponentials, split so that nothing cancels.
///
///     m = max x_i        c = #{i: x_i = m}        d_i = x_i - m        e_i = exp(d_i), for x_i = m: 1
///     R = sum of e_i over x_i != m                          (`rest`)
///     O = (c - 1) + R                                       (`excess`: what the row has beside one maximum)
///     S = c + R                                             (`sum`, at least 1)
///     L = log1p(O) = log S                                  (`log_sum()`)
///
///     softmax_i = e_i / S        log_softmax_i = d_i - L, two terms <= 0        logsumexp = m + L
///     -log_softmax_t = L + (m - x_t), two terms >= 0        1 - softmax_t = O / S where x_t = m
///
/// L is accurate where O is 1e-30, and a loss that frameworks give as 0 is right. Source: SciPy's logsumexp,
/// and Blanchard, D. Higham and N. Higham, "Accurately computing the log-sum-exp and softmax functions", IMA
/// J. Numer. Anal. 41 (2021), for the shift by the maximum.
///
/// Elements that are masked out are absent: they are not read. Under `subnormals::flush` elements are flushed
/// first.
///
/// The arithmetic, in order, in the default environment (`lane_sum`: the one order of summation; element i
/// takes its place i whatever it is; masked and maximal elements leave their places empty):
///
///   float, float16, bfloat16: everything in double.
///     d_i = x_i - m                       one subtraction; exact unless the exponents lie more than 29 apart
///     e_i = exp_nonpositive(d_i)          +0 for x_i = -inf
///     R   = lane_sum of e_i
///     O   = (c - 1) + R,  S = c + R       one addition each; c is exact
///     L   = log1p_nonnegative(O)
///   double: everything in double-double.
///     d_i = two_sum(x_i, -m)              exact; -inf where it overflows
///     E_i = 2^256 e_i                     exp_nonpositive(d_i), both parts scaled exactly; +0 for d_i < -800
///     R'  = lane_sum<compensated> of E_i
///     O   = 2^-256 ((c - 1) 2^256 + R'),  S = 2^-256 (c 2^256 + R'),  R = 2^-256 R'
///     L   = log1p_nonnegative(O)
///   The factor 2^256 keeps e_i > 2^-1155 normal, so that sums of exponentials that are subnormal, or
///   below, are right too; it is taken off last, rounding once where the result is subnormal.
///
/// Error: R, O and S are relatively within that of the exponentials plus 78 * 2^-53 (f64: 2^-90) for n up to
/// 2^20, the depth of a lane_sum.
#ifndef K754_REFERENCE_ROW_MASS_HPP
#define K754_REFERENCE_ROW_MASS_HPP

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../policy.hpp"
#include "../status.hpp"
#include "compensated.hpp"
#include "double_double.hpp"
#include "elementary.hpp"
#include "lane_sum.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// The type that rows of T are worked out in.
template <floating T>
using row_number = std::conditional_t<std::same_as<T, double>, double_double, double>;

/// A row of a tensor, and of its mask where there is one.
template <floating T>
struct strided_row {
  const T* data;
  index_t size;
  index_t stride = 1;
  const bool* mask = nullptr;
  index_t mask_stride = 0;

  T operator[](index_t i) const noexcept { return detail::load(data + i * stride); }
  bool present(index_t i) const noexcept { return mask == nullptr || detail::load(mask + i * mask_stride); }
};

/// The first of these that is true of the elements present.
enum class row_kind {
  empty,              ///< there are none
  nan,                ///< there is a NaN
  positive_infinity,  ///< there is a +inf
  negative_infinity,  ///< all are -inf
  ordinary
};

/// For the infinite kinds `maxima` counts the infinities, and the other elements weigh nothing: the formulas
/// then give the limits `pos_inf::limit` and `zero_mass::uniform`. For `empty` and `nan` only `kind` has a
/// meaning.
template <floating T>
struct row_mass {
  using number = row_number<T>;

  row_kind kind = row_kind::empty;
  double maximum = negative_infinity<double>();
  index_t maxima = 0;
  number rest = {};
  number excess = {};
  number sum = {};

  number log_sum() const noexcept { return log1p_nonnegative(excess); }
};

namespace detail_row_mass {

inline constexpr double scale = 0x1p+256;

/// 2^-256 a, for a >= 0; rounded once where it is subnormal, with no low part then.
inline double_double unscaled(double_double a) noexcept {
  if (a.high < 0x1p-766) return {round_scaled({a, -256}), 0.0};
  return {a.high * 0x1p-256, detail::rounded(a.low * 0x1p-256)};
}

}  // namespace detail_row_mass

/// d = x - m for x <= m, with +0 for x = m, also where both are infinite.
template <std::same_as<double> Number>
Number difference(double x, double m) noexcept {
  return x < m ? x - m : 0.0;
}
template <std::same_as<double_double> Number>
Number difference(double x, double m) noexcept {
  if (!(x < m)) return {0.0, 0.0};
  const double_double d = two_sum(x, -m);
  return is_infinite(d.high) ? double_double{d.high, 0.0} : d;
}

/// e_i = exp(d) for d <= 0; exactly 1 for d = 0.
inline double exponential(double d) noexcept { return d < 0.0 ? exp_nonpositive(d) : 1.0; }

/// E_i = 2^256 exp(d) for d <= 0; exactly 2^256 for d = 0.
inline double_double scaled_exponential(double_double d) noexcept {
  if (!(d.high < 0.0)) return {detail_row_mass::scale, 0.0};
  const scaled_double_double e = exp_nonpositive(d);
  const double power = power_of_two(256 + e.exponent);
  return {e.significand.high * power, e.significand.low * power};
}

/// The mass of `maxima` elements that weigh 1 each, and no others.
template <floating T>
row_mass<T> equal_mass(row_kind kind, double maximum, index_t maxima) noexcept {
  row_mass<T> mass{.kind = kind, .maximum = maximum, .maxima = maxima};
  const auto count = static_cast<double>(maxima);
  if constexpr (std::same_as<T, double>) {
    mass.excess = {count - 1.0, 0.0};
    mass.sum = {count, 0.0};
  } else {
    mass.excess = count - 1.0;
    mass.sum = count;
  }
  return mass;
}

/// The greatest of the elements present, and how often it occurs.
struct row_top {
  row_kind kind = row_kind::empty;
  double maximum = negative_infinity<double>();
  index_t maxima = 0;
};

template <bool Flush, floating T>
row_top top_of_row(const strided_row<T>& row) noexcept {
  row_top top;
  bool any_nan = false;
  for (index_t i = 0; i < row.size; ++i) {
    if (!row.present(i)) continue;
    const double x = detail::widen<Flush>(row[i]);
    any_nan = any_nan || is_nan(x);
    if (top.maxima == 0 || x > top.maximum) {
      top.maximum = x;
      top.maxima = 1;
    } else if (x == top.maximum) {
      ++top.maxima;
    }
  }
  if (top.maxima == 0) return top;
  top.kind = any_nan                  ? row_kind::nan
             : is_finite(top.maximum) ? row_kind::ordinary
             : top.maximum > 0.0      ? row_kind::positive_infinity
                                      : row_kind::negative_infinity;
  return top;
}

/// The sums of a row whose maxima are counted, from R' above.
inline void set_sums(row_mass<double>& mass, double_double scaled_rest) noexcept {
  using detail_row_mass::scale;
  using detail_row_mass::unscaled;
  const auto count = static_cast<double>(mass.maxima);
  mass.rest = unscaled(scaled_rest);
  mass.excess = unscaled(add(scaled_rest, (count - 1.0) * scale));
  mass.sum = unscaled(add(scaled_rest, count * scale));
}

template <bool Flush, floating T>
row_mass<T> mass_of_row(const strided_row<T>& row) noexcept {
  const auto [kind, m, maxima] = top_of_row<Flush>(row);
  if (kind == row_kind::empty) return {};
  if (kind == row_kind::nan) return {.kind = row_kind::nan};
  if (kind != row_kind::ordinary) return equal_mass<T>(kind, m, maxima);

  row_mass<T> mass{.kind = row_kind::ordinary, .maximum = m, .maxima = maxima};
  if constexpr (std::same_as<T, double>) {
    lane_sum<compensated> rest;
    for (index_t i = 0; i < row.size; ++i) {
      const double x = row.present(i) ? detail::widen<Flush>(row[i]) : m;
      if (x < m) {
        rest.add(scaled_exponential(difference<double_double>(x, m)));
      } else {
        rest.skip();
      }
    }
    set_sums(mass, rest.total().value());
  } else {
    lane_sum<double> rest;
    for (index_t i = 0; i < row.size; ++i) {
      const double x = row.present(i) ? detail::widen<Flush>(row[i]) : m;
      if (x < m) {
        rest.add(exponential(difference<double>(x, m)));
      } else {
        rest.skip();
      }
    }
    const auto count = static_cast<double>(maxima);
    mass.rest = rest.total();
    mass.excess = (count - 1.0) + mass.rest;
    mass.sum = count + mass.rest;
  }
  return mass;
}

/// The mass of a row, under the policy's rule for subnormals.
template <policy P, floating T>
row_mass<T> mass_of(const strided_row<T>& row) noexcept {
  return mass_of_row<P.subnormals == subnormals::flush>(row);
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_ROW_MASS_HPP

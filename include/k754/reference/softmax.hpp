/// The definition of softmax, log_softmax, logsumexp and of the two gradients, on one row. row_mass.hpp has
/// the symbols m, c, d_i, e_i, O, S, L and how they are computed; this file adds what is done with them.
///
///                   float, float16, bfloat16      double
///                   in double                     in double-double
///     softmax_i     e_i * r                       2^-256 fma(E_i, r.high, E_i * r.low)       r = 1 / S
///     log_softmax_i d_i - L                       d_i - L
///     logsumexp     m + L                         L + m
///
/// with e_i = 1 and d_i = +0 for x_i = m, and one rounding to the result's type at the end. In the softmax of
/// doubles E_i is the leading part alone: 2^256 e_i rounded to double.
///
/// Gradients, from the output y and the upstream gradient g:
///
///     softmax_backward       dx_i = y_i * (g_i - D)        D = sum of y_j g_j
///     log_softmax_backward   dx_i = g_i - exp(y_i) * G     G = sum of g_j; a y_i above 0 counts as 0
///
///   float, float16, bfloat16: D and G are lane_sums of doubles (the products y_j g_j are exact); then
///     y_i * (g_i - D) as written, fma(-exp(y_i), G, g_i), and one rounding to the result's type.
///   double: for the sums g is scaled by 2^k, so that nothing overflows or loses bits to underflow. The
///     largest |g_j| (softmax: of those with y_j != 0) lands in [2^500, 2^501), or k = 1000. 2^k D is the
///     lane_sum<compensated> of two_product(y_j, 2^k g_j), 2^k G that of 2^k g_j. Then, in double-double on
///     significands in [1, 2) with exponents of their own: g_i - D, times y_i; exp(y_i) * G (below -800 the
///     square of exp(y_i / 2)), g_i minus that; and one rounding. If a y_j g_j (log_softmax: a g_j) is not
///     finite, D (G) is the lane_sum of these alone, and dx is computed as written, in double.
///
/// A result that is zero, or rounds to zero, is +0; only subnormals::flush writes -0. NaNs are canonical.
///
/// Bounds, in ULP of the result, for rows of n <= 2^20:
///
///   float, bfloat16: softmax and log_softmax 0.5001, float16 0.5005. The relative error in double is below
///     2^-46, which is 2^-22 ULP of a float.
///   double: softmax 1.6. With u = 2^-53, rounding E_i and the fma contribute a relative error of at most u
///     each, which is at most 1 + 0.5 ULP (those of exp and r are below 2^-62); where the result is subnormal
///     the last rounding adds 0.5 and the other two count half or less. log_softmax 1.0: two terms of one
///     sign, one rounding.
///   Where terms cancel, the same (logsumexp and gradients of doubles 1.0) plus 2^-46 (double: 2^-50) times
///     the sum of their magnitudes: |m| + L for logsumexp; y_i (|g_i| + sum |y_j g_j|) and |g_i| + exp(y_i)
///     sum |g_j| for the gradients. 2^-46 is 128 * 2^-53, of which a lane_sum takes 78 and the operations
///     around it less than 10.
///
/// The `_row` functions are to be evaluated in the default environment; the forms without `_row` see to that.
#ifndef K754_REFERENCE_SOFTMAX_HPP
#define K754_REFERENCE_SOFTMAX_HPP

#include <bit>
#include <concepts>
#include <cstdint>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fma.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"
#include "compensated.hpp"
#include "double_double.hpp"
#include "elementary.hpp"
#include "lane_sum.hpp"
#include "row_mass.hpp"

namespace k754::reference {

/// What a policy says of rows that the formulas leave open. Looked at once for each row.
struct row_rules {
  k754::zero_mass zero_mass = k754::zero_mass::nan;
  k754::pos_inf pos_inf = k754::pos_inf::nan;
  k754::fully_masked fully_masked = k754::fully_masked::zero;
};

inline namespace K754_ABI {

constexpr row_rules rules_of(const policy& p) noexcept { return {p.zero_mass, p.pos_inf, p.fully_masked}; }

namespace detail_softmax {

template <policy P>
inline constexpr bool flushes = P.subnormals == subnormals::flush;

/// A result from double: rounded, a zero as +0, flushed.
template <bool Flush, floating T>
T result(double x) noexcept {
  const T y = detail::narrow<T>(x);
  if (is_zero(y)) return from_bits<T>(0);
  return Flush ? flush_subnormal(y) : y;
}

/// What a row's elements come to.
enum class answer {
  formula,  ///< of the row's mass
  zero,     ///< softmax 0, log_softmax -inf
  nan,
  uniform  ///< 1/n for all n elements, masked or not
};

constexpr answer answer_for(row_kind kind, const row_rules& rules) noexcept {
  switch (kind) {
    case row_kind::nan:
      return answer::nan;
    case row_kind::positive_infinity:
      return rules.pos_inf == pos_inf::limit ? answer::formula : answer::nan;
    case row_kind::negative_infinity:
      return rules.zero_mass == zero_mass::uniform ? answer::formula
             : rules.zero_mass == zero_mass::zero  ? answer::zero
                                                   : answer::nan;
    case row_kind::empty:
      return rules.fully_masked == fully_masked::uniform ? answer::uniform
             : rules.fully_masked == fully_masked::zero  ? answer::zero
                                                         : answer::nan;
    case row_kind::ordinary:
      break;
  }
  return answer::formula;
}

/// Writes y_i = value(d_i), with value = value_of(mass), where the formula holds; `nothing` for elements that
/// are absent or weigh nothing.
template <bool Flush, class Number, floating T, class ValueOf>
void write_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules, T nothing,
               const ValueOf& value_of) noexcept {
  row_mass<T> mass = mass_of_row<Flush>(x);
  const answer kind = answer_for(mass.kind, rules);
  const bool every_element = mass.kind == row_kind::empty;  // fully masked: the answer is the whole row's
  if (kind == answer::uniform) mass = equal_mass<T>(row_kind::negative_infinity, mass.maximum, x.size);
  const auto value = value_of(mass);
  for (index_t i = 0; i < x.size; ++i) {
    T y_i = nothing;
    if (every_element || x.present(i)) {
      if (kind == answer::nan) {
        y_i = canonical_nan<T>();
      } else if (kind != answer::zero) {
        const double x_i = kind == answer::uniform ? mass.maximum : detail::widen<Flush>(x[i]);
        y_i = value(difference<Number>(x_i, mass.maximum));
      }
    }
    detail::store(y + i * y_stride, y_i);
  }
}

}  // namespace detail_softmax

template <bool Flush, floating T>
void softmax_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules) noexcept {
  using detail_softmax::result;
  const auto value_of = [](const row_mass<T>& mass) {
    if constexpr (std::same_as<T, double>) {
      return [r = divide({1.0, 0.0}, mass.sum)](double_double d) {
        const double e = scaled_exponential(d).high;
        return result<Flush, T>(fma(e, r.high, e * r.low) * 0x1p-256);
      };
    } else {
      return [r = 1.0 / mass.sum](double d) { return result<Flush, T>(exponential(d) * r); };
    }
  };
  detail_softmax::write_row<Flush, row_number<T>>(x, y, y_stride, rules, from_bits<T>(0), value_of);
}

template <bool Flush, floating T>
void log_softmax_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules) noexcept {
  using detail_softmax::result;
  const auto value_of = [](const row_mass<T>& mass) {
    return [log_sum = mass.log_sum()](row_number<T> d) {
      if constexpr (std::same_as<T, double>) {
        return is_infinite(d.high) ? d.high : result<Flush, T>(add(d, {-log_sum.high, -log_sum.low}).high);
      } else {
        return result<Flush, T>(d - log_sum);
      }
    };
  };
  detail_softmax::write_row<Flush, row_number<T>>(x, y, y_stride, rules, negative_infinity<T>(), value_of);
}

template <bool Flush, floating T>
T logsumexp_row(const strided_row<T>& x) noexcept {
  const row_mass<T> mass = mass_of_row<Flush>(x);
  switch (mass.kind) {
    case row_kind::nan:
      return canonical_nan<T>();
    case row_kind::positive_infinity:
      return infinity<T>();
    case row_kind::negative_infinity:
    case row_kind::empty:
      return negative_infinity<T>();  // log 0
    case row_kind::ordinary:
      break;
  }
  if constexpr (std::same_as<T, double>) {
    return detail_softmax::result<Flush, T>(add(mass.log_sum(), mass.maximum).high);
  } else {
    return detail_softmax::result<Flush, T>(mass.maximum + mass.log_sum());
  }
}

/// A row of a gradient computation: the output y (with the mask), the upstream gradient g, the gradient dx.
template <floating T>
struct gradient_row {
  strided_row<T> y;
  const T* g;
  index_t g_stride;
  T* dx;
  index_t dx_stride;
};

namespace detail_softmax {

/// The exponent of a finite number other than zero.
inline int exponent_of(double x) noexcept {
  const std::uint64_t magnitude = detail::magnitude_bits(x);
  if (magnitude >= detail::binary64::smallest_normal) return static_cast<int>(magnitude >> 52) - 1023;
  return -1011 - std::countl_zero(magnitude);
}

/// The k of the scale 2^k for gradients whose largest magnitude is `largest`.
inline int scale_exponent(double largest) noexcept {
  if (is_zero(largest)) return 0;
  const int k = 500 - exponent_of(largest);
  return k < 1000 ? k : 1000;
}

inline double larger_magnitude(double a, double b) noexcept {
  return detail::magnitude_bits(a) < detail::magnitude_bits(b) ? b : a;
}

/// 2^exponent x, x finite and normalized, as a significand in [1, 2) in magnitude (or zero) and an exponent.
inline scaled_double_double normalized(double_double x, int exponent = 0) noexcept {
  if (is_zero(x.high)) return {{0.0, 0.0}, 0};
  const int e = exponent_of(x.high);
  const double half = power_of_two(-(e / 2));  // 2^-e alone may be out of range
  const double other_half = power_of_two(-(e - e / 2));
  return {{x.high * half * other_half, detail::rounded(x.low * half * other_half)}, exponent + e};
}

/// a - b of normalized numbers; the smaller one does not count where it is below 2^-300 of the other.
inline scaled_double_double subtract(scaled_double_double a, scaled_double_double b) noexcept {
  const scaled_double_double minus_b = {{-b.significand.high, -b.significand.low}, b.exponent};
  const int distance = a.exponent - b.exponent;
  if (is_zero(b.significand.high) || (distance > 300 && !is_zero(a.significand.high))) return a;
  if (is_zero(a.significand.high) || distance < -300) return minus_b;
  const auto shifted = [](double_double x, int by) {
    const double power = power_of_two(by);
    return double_double{x.high * power, detail::rounded(x.low * power)};
  };
  if (distance >= 0)
    return normalized(add(a.significand, shifted(minus_b.significand, -distance)), a.exponent);
  return normalized(add(minus_b.significand, shifted(a.significand, distance)), b.exponent);
}

inline scaled_double_double multiply(scaled_double_double a, scaled_double_double b) noexcept {
  return {reference::multiply(a.significand, b.significand), a.exponent + b.exponent};
}

/// exp(y), at most 1, in a range that reaches down to exp(-1600): times the largest gradient it still counts.
inline scaled_double_double probability(double y) noexcept {
  if (!(y < 0.0)) return {{1.0, 0.0}, 0};
  if (y >= -800.0) return exp_nonpositive(double_double{y, 0.0});
  const scaled_double_double root = exp_nonpositive(double_double{0.5 * y, 0.0});
  return multiply(root, root);
}

/// y (g - D)
inline double softmax_gradient(double y, double g, scaled_double_double dot) noexcept {
  const scaled_double_double difference = subtract(normalized({g, 0.0}), dot);
  return round_scaled(multiply(normalized({y, 0.0}), difference));
}

/// g - exp(y) G, or a NaN y itself.
inline double log_softmax_gradient(double y, double g, scaled_double_double total) noexcept {
  if (is_nan(y)) return y;
  const scaled_double_double share = multiply(probability(y), total);
  return round_scaled(subtract(normalized({g, 0.0}), normalized(share.significand, share.exponent)));
}

/// Calls `body(y_i, g_i)` for the elements present, `absent()` for the others.
template <bool Flush, floating T, class Body, class Absent>
void for_elements(const gradient_row<T>& row, const Body& body, const Absent& absent) noexcept {
  for (index_t i = 0; i < row.y.size; ++i) {
    if (row.y.present(i)) {
      body(detail::widen<Flush>(row.y[i]), detail::widen<Flush>(detail::load(row.g + i * row.g_stride)));
    } else {
      absent();
    }
  }
}

/// Writes dx_i = value(y_i, g_i); +0 for elements that are absent.
template <bool Flush, floating T, class Value>
void write_gradient(const gradient_row<T>& row, const Value& value) noexcept {
  index_t i = 0;
  const auto store = [&](T x) { detail::store(row.dx + i++ * row.dx_stride, x); };
  for_elements<Flush>(
      row, [&](double y, double g) { store(result<Flush, T>(value(y, g))); },
      [&] { store(from_bits<T>(0)); });
}

/// The sum of term(y_j, g_j), a double or a double-double.
template <bool Flush, class Number, floating T, class Term>
Number sum_of(const gradient_row<T>& row, const Term& term) noexcept {
  lane_sum<Number> sum;
  for_elements<Flush>(
      row, [&](double y, double g) { sum.add(term(y, g)); }, [&] { sum.skip(); });
  return sum.total();
}

}  // namespace detail_softmax

template <bool Flush, floating T>
void softmax_backward_row(const gradient_row<T>& row) noexcept {
  using namespace detail_softmax;
  if constexpr (!std::same_as<T, double>) {
    const double dot = sum_of<Flush, double>(row, [](double y, double g) { return y * g; });  // exact
    write_gradient<Flush>(row, [dot](double y, double g) { return y * (g - dot); });
  } else {
    double largest = 0.0;
    bool finite = true;
    for_elements<Flush>(
        row,
        [&](double y, double g) {
          finite = finite && is_finite(y * g);
          if (!is_zero(y)) largest = larger_magnitude(largest, g);
        },
        [] {});
    if (!finite) {
      const double dot =
          sum_of<Flush, double>(row, [](double y, double g) { return is_finite(y * g) ? 0.0 : y * g; });
      write_gradient<Flush>(row, [dot](double y, double g) { return y * (g - dot); });
      return;
    }
    const int k = scale_exponent(largest);
    const auto scaled = [scale = power_of_two(k)](double g) { return detail::rounded(g * scale); };
    const double_double dot = sum_of<Flush, compensated>(row, [&](double y, double g) {
                                return is_zero(y) ? double_double{} : two_product(y, scaled(g));
                              }).value();
    write_gradient<Flush>(
        row, [dot = normalized(dot, -k)](double y, double g) { return softmax_gradient(y, g, dot); });
  }
}

template <bool Flush, floating T>
void log_softmax_backward_row(const gradient_row<T>& row) noexcept {
  using namespace detail_softmax;
  if constexpr (!std::same_as<T, double>) {
    const double total = sum_of<Flush, double>(row, [](double, double g) { return g; });
    write_gradient<Flush>(
        row, [total](double y, double g) { return is_nan(y) ? y : fma(-exponential(y), total, g); });
  } else {
    double largest = 0.0;
    bool finite = true;
    for_elements<Flush>(
        row,
        [&](double, double g) {
          finite = finite && is_finite(g);
          largest = larger_magnitude(largest, g);
        },
        [] {});
    if (!finite) {
      const double total =
          sum_of<Flush, double>(row, [](double, double g) { return is_finite(g) ? 0.0 : g; });
      write_gradient<Flush>(row, [total](double y, double g) {
        if (is_nan(y)) return y;
        return fma(-(scaled_exponential({y, 0.0}).high * 0x1p-256), total, g);
      });
      return;
    }
    const int k = scale_exponent(largest);
    const auto scaled = [scale = power_of_two(k)](double g) { return detail::rounded(g * scale); };
    const double_double total =
        sum_of<Flush, compensated>(row, [&](double, double g) { return scaled(g); }).value();
    write_gradient<Flush>(row, [total = normalized(total, -k)](double y, double g) {
      return log_softmax_gradient(y, g, total);
    });
  }
}

namespace detail_softmax {

template <tensor_like X>
auto row_of(X&& x) noexcept {
  const auto view = detail::input_view(x);
  return strided_row<detail::element_of<X>>{view.data_handle(), view.extent(0), view.stride(0)};
}

}  // namespace detail_softmax

/// One row, in the scoped environment. `x` and `y` have one axis and the same length; `y` may be `x`.
template <policy P = policy{}, tensor_like X, detail::output_like Y>
void softmax(X&& x, Y&& y) noexcept {
  const auto row = detail_softmax::row_of(x);
  const auto output = detail::output_view(y);
  in_default_environment([&] {
    softmax_row<detail_softmax::flushes<P>>(row, output.data_handle(), output.stride(0), rules_of(P));
  });
}
template <policy P = policy{}, tensor_like X, detail::output_like Y>
void log_softmax(X&& x, Y&& y) noexcept {
  const auto row = detail_softmax::row_of(x);
  const auto output = detail::output_view(y);
  in_default_environment([&] {
    log_softmax_row<detail_softmax::flushes<P>>(row, output.data_handle(), output.stride(0), rules_of(P));
  });
}
template <policy P = policy{}, tensor_like X>
auto logsumexp(X&& x) noexcept {
  const auto row = detail_softmax::row_of(x);
  auto result = from_bits<detail::element_of<X>>(0);
  in_default_environment([&] { result = logsumexp_row<detail_softmax::flushes<P>>(row); });
  return result;
}

/// Gradients of one row: `y` is the output of the function, `g` the upstream gradient; `dx` may be either.
template <policy P = policy{}, tensor_like Y, tensor_like G, detail::output_like D>
void softmax_backward(Y&& y, G&& g, D&& dx) noexcept {
  const auto upstream = detail_softmax::row_of(g);
  const auto gradient = detail::output_view(dx);
  in_default_environment([&] {
    softmax_backward_row<detail_softmax::flushes<P>>(
        gradient_row<detail::element_of<Y>>{detail_softmax::row_of(y), upstream.data, upstream.stride,
                                            gradient.data_handle(), gradient.stride(0)});
  });
}
template <policy P = policy{}, tensor_like Y, tensor_like G, detail::output_like D>
void log_softmax_backward(Y&& y, G&& g, D&& dx) noexcept {
  const auto upstream = detail_softmax::row_of(g);
  const auto gradient = detail::output_view(dx);
  in_default_environment([&] {
    log_softmax_backward_row<detail_softmax::flushes<P>>(
        gradient_row<detail::element_of<Y>>{detail_softmax::row_of(y), upstream.data, upstream.stride,
                                            gradient.data_handle(), gradient.stride(0)});
  });
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_SOFTMAX_HPP

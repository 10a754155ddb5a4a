/// softmax, log_softmax and logsumexp of one row under `precision::exact`, for float, float16 and bfloat16: the correctly
/// rounded value of the exact one. Nothing else defines it: no order of operations, and whatever computes it has these bits.
/// (double has no exact tier, nor have gradients. Rows whose answer is a rule are softmax.hpp's.) With the symbols of
/// row_mass.hpp, how it is found here:
///
///   1. softmax.hpp's result in double, which is within 2^-45 of the exact value (2^-45 (L + |m + L|) for logsumexp): if both
///      ends of that interval round to one number of the type, that is the result. About one in 2^20 floats is left.
///   2. If not, the exact value is on one side of a midpoint h between two neighbours. It is above h where
///
///          softmax_i      h S < e_i
///          log_softmax_i  L < (x_i - m) - h
///          logsumexp      h - m < L
///
///      which double-double tells, with d_i = x_i - m exact and the sum compensated: e_i, S and L are within 2^-62. (Where
///      logsumexp cancels there may be many numbers in the interval: it is halved until one is left.) One in 2^37 is left.
///   3. These are told by fixed-point numbers of 384 bits of fraction, without a logarithm:
///
///          log_softmax_i  S < exp((x_i - m) - h)        logsumexp  exp(h - m) < S
///
///      e_i and S are within (n + 1) 2^-370 then, so that for n <= 2^40 no result is further from the exact value than half
///      an ULP and 2^-180 ULP.
///
/// What is a tie, or representable. By the theorem of Lindemann and Weierstrass, exponentials of different rational
/// numbers are linearly independent over the rational numbers. So e_i / S with x_i < m is irrational; 1 / S is rational
/// where every other element is m or -inf, and then S = c: 1 / c is a tie only in float16 at c = 2^25, where it is half of
/// the smallest subnormal. (With further elements far below it looks like one: 0 is even, and right for both.) log S, and
/// with it L, is irrational unless S = 1: one element alone, whose log_softmax is +0 and whose logsumexp is itself. No other
/// value is a tie, and S > c wherever there is another finite element, however far below: (x_i - m) - L is below x_i - m
/// even if L is 10^-1000.
///
/// What is not proved is that 384 bits tell all of the others: nobody has a bound on how near to a tie a sum of n
/// exponentials comes. Of random results one in 2^180 would be nearer; such a one would be taken for a tie.
///
/// Source: Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", ACM TOMS 17 (1991),
/// for looking again more closely; Niven, "Irrational Numbers" (1956), chapter 9, for the theorem.
#ifndef K754_REFERENCE_SOFTMAX_EXACT_HPP
#define K754_REFERENCE_SOFTMAX_EXACT_HPP

#include <concepts>
#include <cstdint>
#include <optional>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"
#include "compensated.hpp"
#include "double_double.hpp"
#include "elementary.hpp"
#include "fixed_point.hpp"
#include "lane_sum.hpp"
#include "row_mass.hpp"
#include "softmax.hpp"

namespace k754::reference {
inline namespace K754_ABI {

namespace detail_softmax_exact {

/// The relative error of softmax.hpp's results in double, in rows of less than 2^53 elements, also where d_i is not exact
/// (which is then off by 2^-48 for exponentials that count).
inline constexpr double first_error = 0x1p-45;

// The numbers of a type in their order: zero is 0.

template <floating T>
std::int64_t place_of(T x) noexcept {
  const auto magnitude = static_cast<std::int64_t>(detail::magnitude_bits(x));
  return sign_bit(x) ? -magnitude : magnitude;
}
template <floating T>
T number_at(std::int64_t place) noexcept {
  if (place >= 0) return from_bits<T>(static_cast<bits_of<T>>(place));
  return from_bits<T>(
      static_cast<bits_of<T>>(static_cast<bits_of<T>>(-place) | detail::format_of<T>::sign_bit));
}
/// Halfway to the next number; to infinity as if it were the next power of two.
template <floating T>
double midpoint_above(std::int64_t place) noexcept {
  const auto number = [](std::int64_t at) { return static_cast<double>(number_at<T>(at)); };
  const double a = number(place), b = number(place + 1);
  if (is_infinite(b)) return a + 0.5 * (a - number(place - 1));
  if (is_infinite(a)) return b - 0.5 * (number(place + 2) - b);
  return 0.5 * (a + b);
}

/// exp(d), relatively within 2^-65; +0 below -600, which is nothing beside S.
inline double_double close_exponential(double_double d) noexcept {
  if (!(d.high < 0.0)) return {1.0, 0.0};
  if (d.high < -600.0) return {0.0, 0.0};
  const scaled_double_double e = exp_nonpositive(d);
  const double power = power_of_two(e.exponent);
  return {e.significand.high * power, e.significand.low * power};
}

/// S and L, relatively within `error`; L is up to 2^-700 larger, too.
struct close_sums {
  double_double sum, log_sum;
  double error;
};

/// From R.
template <floating T>
close_sums close_sums_of(const row_mass<T>& mass, double_double rest, double error) noexcept {
  const auto count = static_cast<double>(mass.maxima);
  return {add(rest, count), log1p_nonnegative(add(rest, count - 1.0)), error};
}

/// S as a fixed-point number: that or more, by less than `slack`.
struct wide_sum {
  fixed_point sum, slack;
};

inline fixed_point unit() noexcept { return fixed_point::power_of_two(-fixed_point::fraction_bits); }
/// What exponentials may be too small by.
inline fixed_point slack_of(std::uint64_t terms) noexcept {
  return fixed_point(static_cast<double>(terms)).shifted(14 - fixed_point::fraction_bits);
}

inline fixed_point as_fixed_point(double_double x) noexcept {
  return fixed_point(x.high) + fixed_point(x.low);
}

inline fixed_point wide_exponential(double_double d) noexcept {
  if (!(d.high < 0.0)) return fixed_point::power_of_two(0);
  if (d.high < -260.0) return {};
  return exp_of(as_fixed_point(d), d.high);
}

}  // namespace detail_softmax_exact

/// An ordinary row, or one of equal elements and nothing else (equal_mass), and its results. The row is read again only
/// where a result asks for it; what it was read for is kept.
template <bool Flush, floating T>
class exact_row {
  using close_sums = detail_softmax_exact::close_sums;
  using wide_sum = detail_softmax_exact::wide_sum;

 public:
  exact_row(const strided_row<T>& x, const row_mass<T>& mass) noexcept : x_(x), mass_(mass) {}

  /// Better sums than those of `mass`, from R within `error`, relatively: to be looked at before the row is read again.
  void offer(double_double rest, double error) noexcept {
    offered_ = detail_softmax_exact::close_sums_of(mass_, rest, error);
    has_offered_ = true;
  }

  /// `d` is x_i - m exactly, or -inf.
  T softmax(double_double d) const noexcept {
    using namespace detail_softmax_exact;
    const double y = exponential(d.high) * (1.0 / mass_.sum);
    return rounded(y, first_error * y, [&](double midpoint) {
      const double_double e = close_exponential(d);
      return side(
          [&](const close_sums& sums) {
            const double_double product = multiply(sums.sum, midpoint);
            const double difference = (e.high - product.high) + (e.low - product.low);
            return sign_beyond(difference, e.high * (sums.error + 0x1p-63));
          },
          [&](const wide_sum& s) {
            const fixed_point factor(midpoint), wide = wide_exponential(d), least = s.sum * factor;
            if (!(wide < (s.sum + s.slack) * factor + unit())) return 1;
            return least < wide + slack_of(1) ? 0 : -1;
          });
    });
  }
  T log_softmax(double_double d) const noexcept {
    using namespace detail_softmax_exact;
    if (is_infinite(d.high)) return negative_infinity<T>();
    const double y = d.high - mass_.log_sum();
    return rounded(y, first_error * -y, [&](double midpoint) { return beside_log_sum(d, midpoint); });
  }
  T logsumexp() const noexcept {
    using namespace detail_softmax_exact;
    const double log_sum = mass_.log_sum(), y = mass_.maximum + log_sum;
    const double magnitude = log_sum + (y < 0.0 ? -y : y);
    return rounded(y, first_error * magnitude, [&](double midpoint) {
      return -beside_log_sum({midpoint, 0.0}, mass_.maximum);
    });
  }

 private:
  /// The number that y rounds to, which is known to within `error`; `above(h)` says whether it is above (1) or below (-1) a
  /// midpoint, or on it, as far as can be told (0).
  template <class Above>
  static T rounded(double y, double error, const Above& above) noexcept {
    using namespace detail_softmax_exact;
    std::int64_t low = place_of(detail::narrow<T>(y - error)), high = place_of(detail::narrow<T>(y + error));
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      const int side = above(midpoint_above<T>(middle));
      if (side == 0) {
        low = high = middle + middle % 2;  // to even
      } else if (side > 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const T result = number_at<T>(low);
    return Flush ? flush_subnormal(result) : result;
  }

  static int sign_beyond(double difference, double error) noexcept {
    return difference > error ? 1 : difference < -error ? -1 : 0;
  }

  /// What the first look says that can tell.
  template <class Closely, class Widely>
  int side(const Closely& closely, const Widely& widely) const noexcept {
    if (has_offered_) {
      if (const int s = closely(offered_); s != 0) return s;
    }
    if (!has_close_) {
      close_ = read_closely();
      has_close_ = true;
    }
    if (const int s = closely(close_); s != 0) return s;
    if (!wide_) wide_ = read_widely();
    return widely(*wide_);
  }

  /// Whether a - b is above (1) or below (-1) L; L is not 0.
  int beside_log_sum(double_double a, double b) const noexcept {
    using namespace detail_softmax_exact;
    const double_double leading = two_sum(a.high, -b);
    const double_double t = fast_two_sum(leading.high, leading.low + a.low);
    if (!(t.high > 0.0)) return -1;
    return side(
        [&](const close_sums& sums) {
          const double difference = (t.high - sums.log_sum.high) + (t.low - sums.log_sum.low);
          return sign_beyond(difference, sums.log_sum.high * (sums.error + 0x1p-63) + 0x1p-700);
        },
        [&](const wide_sum& s) {
          const fixed_point e = exp_of(as_fixed_point(a) - fixed_point(b), t.high);
          if (!(e < s.sum + s.slack)) return 1;
          return s.sum < e + e.shifted(14 - fixed_point::fraction_bits) + unit() ? 0 : -1;
        });
  }

  /// Calls body(x_i - m) for the elements that are present and below m.
  template <class Body, class Other>
  void for_rest(const Body& body, const Other& other) const noexcept {
    for (index_t i = 0; mass_.kind == row_kind::ordinary && i < x_.size; ++i) {
      const double x = x_.present(i) ? detail::widen<Flush>(x_[i]) : mass_.maximum;
      if (x < mass_.maximum) {
        body(difference<double_double>(x, mass_.maximum));
      } else {
        other();
      }
    }
  }
  close_sums read_closely() const noexcept {
    using namespace detail_softmax_exact;
    lane_sum<compensated> rest;
    for_rest([&](double_double d) { rest.add(close_exponential(d)); }, [&] { rest.skip(); });
    return close_sums_of(mass_, rest.total().value(), 0x1p-62);
  }
  wide_sum read_widely() const noexcept {
    using namespace detail_softmax_exact;
    wide_sum s{fixed_point(static_cast<double>(mass_.maxima)), {}};
    std::uint64_t terms = 0;
    for_rest(
        [&](double_double d) {
          if (is_infinite(d.high)) return;
          s.sum = s.sum + wide_exponential(d);
          ++terms;
        },
        [] {});
    s.slack = slack_of(terms);
    return s;
  }

  strided_row<T> x_;
  row_mass<T> mass_;
  close_sums offered_ = {};  // no std::optional: GCC 12 says at -O3 that what it does not hold is used
  mutable close_sums close_ = {};
  bool has_offered_ = false;
  mutable bool has_close_ = false;
  mutable std::optional<wide_sum> wide_;
};

namespace detail_softmax_exact {

/// Writes the results, `value(row, d)`. In place all are made once before the first is written: the row is read before.
template <bool Flush, floating T, class Value>
void write_exact_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules, T nothing,
                     const Value& value) noexcept {
  const bool in_place = y == x.data;
  detail_softmax::write_row<Flush, double_double>(
      x, y, y_stride, rules, nothing, [&](const row_mass<T>& mass) {
        const exact_row<Flush, T> row(x, mass);
        for (index_t i = 0; in_place && mass.kind == row_kind::ordinary && i < x.size; ++i) {
          if (x.present(i))
            (void)value(row, difference<double_double>(detail::widen<Flush>(x[i]), mass.maximum));
        }
        return [row, &value](double_double d) { return value(row, d); };
      });
}

}  // namespace detail_softmax_exact

template <bool Flush, floating T>
void exact_softmax_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules) noexcept {
  detail_softmax_exact::write_exact_row<Flush>(
      x, y, y_stride, rules, from_bits<T>(0),
      [](const exact_row<Flush, T>& row, double_double d) { return row.softmax(d); });
}
template <bool Flush, floating T>
void exact_log_softmax_row(const strided_row<T>& x, T* y, index_t y_stride, const row_rules& rules) noexcept {
  detail_softmax_exact::write_exact_row<Flush>(
      x, y, y_stride, rules, negative_infinity<T>(),
      [](const exact_row<Flush, T>& row, double_double d) { return row.log_softmax(d); });
}
template <bool Flush, floating T>
T exact_logsumexp_row(const strided_row<T>& x) noexcept {
  const row_mass<T> mass = mass_of_row<Flush>(x);
  return mass.kind == row_kind::ordinary ? exact_row<Flush, T>(x, mass).logsumexp() : logsumexp_row<Flush>(x);
}

/// One row, in the scoped environment. `x` and `y` have one axis and the same length; `y` may be `x`.
template <policy P = policy{}, tensor_like X, detail::output_like Y>
void exact_softmax(X&& x, Y&& y) noexcept {
  const auto row = detail_softmax::row_of(x);
  const auto output = detail::output_view(y);
  in_default_environment([&] {
    exact_softmax_row<detail_softmax::flushes<P>>(row, output.data_handle(), output.stride(0), rules_of(P));
  });
}
template <policy P = policy{}, tensor_like X, detail::output_like Y>
void exact_log_softmax(X&& x, Y&& y) noexcept {
  const auto row = detail_softmax::row_of(x);
  const auto output = detail::output_view(y);
  in_default_environment([&] {
    exact_log_softmax_row<detail_softmax::flushes<P>>(row, output.data_handle(), output.stride(0),
                                                      rules_of(P));
  });
}
template <policy P = policy{}, tensor_like X>
auto exact_logsumexp(X&& x) noexcept {
  const auto row = detail_softmax::row_of(x);
  auto result = from_bits<detail::element_of<X>>(0);
  in_default_environment([&] { result = exact_logsumexp_row<detail_softmax::flushes<P>>(row); });
  return result;
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_SOFTMAX_EXACT_HPP

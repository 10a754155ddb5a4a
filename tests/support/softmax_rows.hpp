// Rows that are hard for softmax and its kin, and the exact answers in 256 bits.
#pragma once

#include <k754/bits.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "ieee754.hpp"
#include "mpfr_oracle.hpp"

namespace k754_test {

inline double uniform(random_bits& random, double low, double high) {
  return low + k754::detail::rounded((high - low) * (static_cast<double>(random() >> 11) * 0x1p-53));
}

/// Where exp(-x) leaves T: the logarithm of its smallest subnormal, halved, is -underflow<T>.
template <k754::floating T>
inline constexpr double underflow = static_cast<double>(k754::detail::format_of<T>::fraction_bits -
                                                        k754::detail::format_of<T>::min_exponent + 1) *
                                    0.6931471805599453;

/// What the cases of `softmax_row` are.
enum class row_family {
  narrow,             ///< a spread of 0.01
  ordinary,           ///< of 4
  wide,               ///< of 60
  equal,              ///< all the same
  near_ties,          ///< a few ULP below the maximum
  dominated,          ///< one element far above the others: small losses
  underflowing,       ///< results that are subnormal, or just not
  large_offset,       ///< small differences at a large offset
  log_probabilities,  ///< sum exp(x) = 1 but for rounding: logsumexp cancels
  any_bits,           ///< any finite numbers
  with_infinities,    ///< some are -inf
  tiny,               ///< subnormals
  count
};

template <k754::floating T>
T next_below(T x, std::uint64_t steps) {
  for (; steps > 0 && k754::is_finite(x); --steps) {
    const auto u = k754::to_bits(x);
    const bool positive = !k754::sign_bit(x) && !k754::is_zero(x);
    using bits = k754::bits_of<T>;
    constexpr auto smallest_negative = static_cast<bits>(k754::detail::format_of<T>::sign_bit | 1U);
    x = k754::from_bits<T>(k754::is_zero(x) ? smallest_negative
                           : positive       ? static_cast<bits>(u - 1)
                                            : static_cast<bits>(u + 1));
  }
  return x;
}

template <k754::floating T>
std::vector<T> softmax_row(row_family family, std::size_t n, random_bits& random) {
  using bits = k754::bits_of<T>;
  using layout = k754::detail::format_of<T>;
  std::vector<T> x(n);
  const auto fill = [&](const auto& element) {
    for (T& value : x) value = T(element());
  };
  const auto spread = [&](double s) { return uniform(random, -s, s) + uniform(random, -s, s); };
  const auto any = [&] {
    return k754::from_bits<T>(
        static_cast<bits>(random.below(layout::infinity) | (random() & layout::sign_bit)));
  };
  const double offset = uniform(random, -3.0, 3.0);
  switch (family) {
    case row_family::narrow:
      fill([&] { return offset + spread(0.005); });
      break;
    case row_family::count:
    case row_family::ordinary:
      fill([&] { return offset + spread(2.0); });
      break;
    case row_family::wide:
      fill([&] { return offset + spread(30.0); });
      break;
    case row_family::equal:
      std::fill(x.begin(), x.end(), any());
      break;
    case row_family::near_ties: {
      const T top = T(8.0 * offset);
      for (T& value : x) value = next_below(top, random.below(5));
      break;
    }
    case row_family::dominated: {
      const double gap = uniform(random, 5.0, 1.1 * underflow<T>);
      fill([&] { return offset + spread(1.0); });
      x[random.below(n)] = T(offset + gap);
      break;
    }
    case row_family::underflowing: {
      fill([&] { return offset - underflow<T> + uniform(random, -3.0, 20.0); });
      for (std::size_t i = 0; i < n; i += 5) x[i] = T(offset + spread(0.5));
      break;
    }
    case row_family::large_offset: {
      const double base = std::ldexp(1.0, static_cast<int>(random.below(layout::fraction_bits)));
      fill([&] { return base + spread(4.0); });
      break;
    }
    case row_family::log_probabilities: {
      double sum = 0.0;
      std::vector<double> exact(n);
      for (double& value : exact) sum += std::exp(value = spread(2.0));
      for (std::size_t i = 0; i < n; ++i) x[i] = T(exact[i] - std::log(sum));
      break;
    }
    case row_family::any_bits:
      for (T& value : x) value = any();
      break;
    case row_family::with_infinities: {
      fill([&] { return offset + spread(4.0); });
      for (std::size_t i = 1; i < n; i += 1 + random.below(4)) x[i] = k754::negative_infinity<T>();
      break;
    }
    case row_family::tiny:
      for (T& value : x) value = k754::from_bits<T>(static_cast<bits>(random.below(layout::smallest_normal)));
      break;
  }
  return x;
}

/// Elements below m whose exponentials sum to `rest`, nearer with each of them.
template <k754::floating T>
std::vector<T> row_towards(real rest, T m, int count) {
  std::vector<T> x{m};
  for (int k = 0; k < count && !rest.is_zero(); ++k) {
    // down but for the last, so that something is left
    const real log_rest = log(abs(rest)) + real(static_cast<double>(m));
    T next = T(log_rest.to_double());
    if (k + 1 < count && log_rest < real(static_cast<double>(next))) next = next_below(next, 1);
    if (!(static_cast<double>(next) < static_cast<double>(m))) break;
    x.push_back(next);
    rest = rest - exp(real(static_cast<double>(next)) - real(static_cast<double>(m)));
    if (rest < real(0.0)) break;
  }
  return x;
}

/// The exact softmax of a row with a finite maximum.
template <k754::floating T>
class exact_softmax {
 public:
  explicit exact_softmax(const std::vector<T>& x) {
    maximum_ = -std::numeric_limits<double>::infinity();
    for (T value : x) maximum_ = std::max(maximum_, static_cast<double>(value));
    real rest;
    long maxima = 0;
    for (T value : x) {
      if (static_cast<double>(value) == maximum_) {
        ++maxima;
      } else {
        rest += exponential(value);
      }
    }
    excess_ = rest + real(static_cast<double>(maxima - 1));
    sum_ = rest + real(static_cast<double>(maxima));
    log_sum_ = log1p(excess_);
  }

  /// exp(x - m); kept, since long rows here have few different elements.
  const real& exponential(T value) {
    const auto [at, is_new] = exponentials_.try_emplace(k754::to_bits(value));
    const double x = static_cast<double>(value);
    if (is_new && std::isfinite(x)) at->second = exp(real(x) - real(maximum_));
    return at->second;
  }

  real softmax(T value) { return exponential(value) / sum_; }
  real log_softmax(T value) const { return (real(static_cast<double>(value)) - real(maximum_)) - log_sum_; }
  real logsumexp() const { return real(maximum_) + log_sum_; }
  /// What cancels in logsumexp.
  real logsumexp_terms() const { return abs(real(maximum_)) + log_sum_; }

 private:
  double maximum_;
  real excess_, sum_, log_sum_;
  std::map<std::uint64_t, real> exponentials_;
};

/// The largest |computed - exact| / (ulps ulp(exact) + relative * terms): at most 1 where the bound holds.
class largest_error {
 public:
  void see(double computed, const real& exact, format f, double ulps, double relative, const real& terms) {
    ++count_;
    if (!k754::is_finite(computed)) {
      if (ulp_error(computed, exact, f) > 0.0) ++failures_;
      return;
    }
    const real error = abs(real(computed) - exact);
    const real rounding = scaled(real(ulps), ulp_exponent(exact, f));
    const real bound = rounding + real(relative) * terms;
    fraction_ = std::max(fraction_, (error / bound).to_double());
    if (relative == 0.0) ulps_ = std::max(ulps_, ulp_error(computed, exact, f));
    if (rounding < error) beyond_ = std::max(beyond_, ((error - rounding) / terms).to_double());
    if (bound < error) ++failures_;
  }
  void see(double computed, const real& exact, format f, double ulps) {
    see(computed, exact, f, ulps, 0.0, real(0.0));
  }

  double ulps() const { return ulps_; }          ///< in ULP, where nothing cancels
  double fraction() const { return fraction_; }  ///< of the bound
  /// What is left of the error after its ULPs, as a fraction of the terms.
  double beyond() const { return beyond_; }
  long failures() const { return failures_; }
  long count() const { return count_; }

 private:
  double ulps_ = 0.0, fraction_ = 0.0, beyond_ = 0.0;
  long failures_ = 0, count_ = 0;
};

}  // namespace k754_test

// What cross-entropy should be, in MPFR's reals, and rows to try it on.
#pragma once

#include <k754/cross_entropy.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "catch.hpp"
#include "element_types.hpp"
#include "ieee754.hpp"
#include "mpfr_oracle.hpp"

namespace k754_test {

using k754::bfloat16;
using k754::float16;
using k754::index_t;

/// Of P3: what one rounding from the internal arithmetic gives.
template <class T>
inline constexpr double rounding_bound = std::same_as<T, float16>  ? 0.5005
                                         : std::same_as<T, double> ? 0.51
                                                                   : 0.5001;
/// The relative error of the internal arithmetic, which multiplies the magnitudes of terms that are subtracted.
template <class T>
inline constexpr double internal_error = std::same_as<T, double> ? 0x1p-60 : 0x1p-46;

class sampler {
 public:
  explicit sampler(std::uint64_t seed) : bits_(seed) {}
  index_t below(index_t bound) {
    return static_cast<index_t>(bits_.below(static_cast<std::uint64_t>(bound)));
  }
  double uniform(double low, double high) {
    return low + k754::detail::rounded((high - low) * std::ldexp(static_cast<double>(bits_() >> 11), -53));
  }
  /// Roughly normal.
  double normal(double sigma) {
    double sum = 0.0;
    for (int i = 0; i < 12; ++i) sum += uniform(-0.5, 0.5);
    return k754::detail::rounded(sigma * sum);
  }

 private:
  random_bits bits_;
};

inline double value(const auto& x) { return static_cast<double>(x); }

/// The largest error in ULP beyond what cancellation excuses, and the largest share of that excuse that was used.
template <class T>
class worst {
 public:
  explicit worst(const char* what) : what_(what) {}

  /// `terms`: the sum of the magnitudes of what was added and subtracted; 0 where nothing cancels.
  void see(T computed, const real& exact, const real& terms = real(0.0)) {
    const double ulp = ulp_error(value(computed), exact, format_of<T>);
    const long spacing = ulp_exponent(exact, format_of<T>);
    const double excuse = scaled(terms, -spacing).to_double() * internal_error<T>;
    ++count_;
    if (!(ulp <= rounding_bound<T> + excuse)) {
      INFO(what_ << " " << short_name(dtype_of<T>()) << ": " << value(computed) << ", exact "
                 << exact.to_double() << ", " << ulp << " ULP, allowed " << rounding_bound<T> + excuse);
      CHECK(ulp <= rounding_bound<T> + excuse);
    }
    error_ = std::max(error_, ulp - excuse);
    if (excuse > 0.0) used_ = std::max(used_, (ulp - 0.5) / excuse);
  }
  ~worst() {
    std::printf("  %-4s %-50s %9ld results, %.7f ULP", short_name(dtype_of<T>()).data(), what_, count_,
                error_);
    if (used_ > -1e300)
      std::printf(" beyond cancellation, of which %.3f of the bound is used", std::max(used_, 0.0));
    std::printf("\n");
  }

 private:
  const char* what_;
  long count_ = 0;
  double error_ = 0.0, used_ = -1e301;
};

/// -log softmax and softmax of a row of finite logits, without cancellation.
class exact_row {
 public:
  template <class T>
  explicit exact_row(const std::vector<T>& logits) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < logits.size(); ++i) {
      if (value(logits[i]) > value(logits[first])) first = i;
    }
    const real m = value(logits[first]);
    real rest = 0.0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      distances_.push_back(m - real(value(logits[i])));
      exponentials_.push_back(exp(-distances_.back()));
      if (i != first) rest += exponentials_.back();
    }
    first_ = first;
    rest_ = rest;
    sum_ = rest + real(1.0);
    log_sum_ = log1p(rest);
  }
  real surprisal(std::size_t i) const { return distances_[i] + log_sum_; }
  const real& distance(std::size_t i) const { return distances_[i]; }
  const real& log_sum() const { return log_sum_; }
  real probability(std::size_t i) const { return exponentials_[i] / sum_; }
  real complement(std::size_t i) const { return (i == first_ ? rest_ : sum_ - exponentials_[i]) / sum_; }

 private:
  std::vector<real> distances_, exponentials_;
  std::size_t first_ = 0;
  real rest_, sum_, log_sum_;
};

template <class T>
std::vector<T> rounded(const std::vector<double>& values) {
  std::vector<T> result;
  for (double v : values) result.push_back(T(v));
  return result;
}

/// Rows of every kind: spreads, one class far above the rest, ties at the top, large offsets, hardly different logits.
template <class T>
std::vector<std::vector<T>> rows_of_logits(sampler& random, bool with_long_rows) {
  std::vector<std::vector<T>> rows;
  const auto add = [&](index_t classes, double sigma, double lead, double offset) {
    std::vector<double> row;
    for (index_t i = 0; i < classes; ++i) row.push_back(offset + random.normal(sigma));
    row[static_cast<std::size_t>(random.below(classes))] += lead;
    rows.push_back(rounded<T>(row));
  };
  for (index_t classes : {1, 2, 3, 10, 33}) {
    for (double sigma : {0.01, 1.0, 4.0, 20.0}) add(classes, sigma, 0.0, 0.0);
    for (double lead : {10.0, 20.0, 30.0, 60.0, 88.0, 100.0}) add(classes, 1.0, lead, 0.0);
    if (std::same_as<T, double>) {
      for (double lead : {150.0, 400.0, 700.0, 720.0, 735.0, 742.0}) add(classes, 1.0, lead, 0.0);
    }
    add(classes, 2.0, 15.0, 1.0e4);
    add(classes, 1.0e-5, 0.0, 0.0);
  }
  for (index_t ties : {2, 3, 7}) {
    std::vector<double> row(10, -3.0);
    for (index_t i = 0; i < ties; ++i) row[static_cast<std::size_t>(i)] = 5.0;
    rows.push_back(rounded<T>(row));
  }
  if (with_long_rows) {
    add(1000, 3.0, 0.0, 0.0);
    add(1000, 1.0, 30.0, 0.0);
    add(5000, 2.0, 12.0, 0.0);
    if (std::same_as<T, float>) add(32000, 3.0, 0.0, 0.0);
  }
  return rows;
}

/// q' as real numbers.
template <class T>
std::vector<real> exact_labels(const std::vector<T>& q, double smoothing, const std::vector<T>& weights) {
  std::vector<real> result;
  for (std::size_t i = 0; i < q.size(); ++i) {
    const real smoothed = (real(1.0) - real(smoothing)) * real(value(q[i])) +
                          real(smoothing) / real(static_cast<double>(q.size()));
    result.push_back(real(value(weights[i])) * (smoothing > 0.0 ? smoothed : real(value(q[i]))));
  }
  return result;
}

}  // namespace k754_test

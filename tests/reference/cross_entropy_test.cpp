// Losses and gradients against MPFR: the bounds that include/k754/reference/cross_entropy.hpp states.
#include "k754/reference/cross_entropy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "k754/cross_entropy.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::real;

template <class T>
constexpr const char* type_name() {
  if constexpr (std::same_as<T, float>) return "f32";
  if constexpr (std::same_as<T, double>) return "f64";
  if constexpr (std::same_as<T, float16>) return "f16";
  return "bf16";
}

/// Of P3: what one rounding from the internal arithmetic gives.
template <class T>
constexpr double rounding_bound = std::same_as<T, float16> ? 0.5005 : std::same_as<T, double> ? 0.51 : 0.5001;
/// The relative error of the internal arithmetic, which multiplies the magnitudes of terms that are subtracted.
template <class T>
constexpr double internal_error = std::same_as<T, double> ? 0x1p-60 : 0x1p-46;

class sampler {
 public:
  explicit sampler(std::uint64_t seed) : bits_(seed) {}
  index_t below(index_t bound) { return static_cast<index_t>(bits_.below(static_cast<std::uint64_t>(bound))); }
  double uniform(double low, double high) { return low + (high - low) * std::ldexp(static_cast<double>(bits_() >> 11), -53); }
  /// Roughly normal.
  double normal(double sigma) {
    double sum = 0.0;
    for (int i = 0; i < 12; ++i) sum += uniform(-0.5, 0.5);
    return sigma * sum;
  }

 private:
  k754_test::random_bits bits_;
};

double value(const auto& x) { return static_cast<double>(x); }

/// The largest error in ULP beyond what cancellation excuses, and the largest share of that excuse that was used.
template <class T>
class worst {
 public:
  explicit worst(const char* what) : what_(what) {}

  /// `terms`: the sum of the magnitudes of what was added and subtracted; 0 where nothing cancels.
  void see(T computed, const real& exact, const real& terms = real(0.0)) {
    const double ulp = k754_test::ulp_error(value(computed), exact, k754_test::format_of<T>);
    const long ulp_exponent = k754_test::ulp_exponent(exact, k754_test::format_of<T>);
    const double excuse = scaled(terms, -ulp_exponent).to_double() * internal_error<T>;
    ++count_;
    if (!(ulp <= rounding_bound<T> + excuse)) {
      INFO(what_ << " " << type_name<T>() << ": " << value(computed) << ", exact " << exact.to_double() << ", " << ulp
                 << " ULP, allowed " << rounding_bound<T> + excuse);
      CHECK(ulp <= rounding_bound<T> + excuse);
    }
    error_ = std::max(error_, ulp - excuse);
    if (excuse > 0.0) used_ = std::max(used_, (ulp - 0.5) / excuse);
  }
  ~worst() {
    std::printf("  %-4s %-50s %9ld results, %.7f ULP", type_name<T>(), what_, count_, error_);
    if (used_ > -1e300) std::printf(" beyond cancellation, of which %.3f of the bound is used", std::max(used_, 0.0));
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

template <class T>
void check_index_labels(std::uint64_t seed) {
  sampler random(seed);
  worst<T> loss_error("index label: loss"), gradient_error("index label: gradient");
  long results = 0;
  for (const auto& logits : rows_of_logits<T>(random, true)) {
    const exact_row row(logits);
    const std::size_t n = logits.size();
    const auto highest = static_cast<std::size_t>(
        std::max_element(logits.begin(), logits.end(), [](T a, T b) { return value(a) < value(b); }) - logits.begin());
    for (std::size_t target : {highest, static_cast<std::size_t>(random.below(static_cast<index_t>(n)))}) {
      const auto label = static_cast<std::int64_t>(target);
      const bool weighted = random.below(2) == 0;
      std::vector<T> weights(n, T(1.0)), gradient(n);
      if (weighted) {
        for (T& w : weights) w = T(random.uniform(0.01, 4.0));
      }
      const T upstream = weighted ? T(random.uniform(-3.0, 3.0)) : T(1.0);
      T loss{};
      cross_entropy_options<T> options{.reduction = reduction::none};
      if (weighted) options.class_weights = weights;
      cross_entropy(logits, tensor_view(&label), tensor_view(&loss), options);
      cross_entropy_backward(logits, tensor_view(&label), tensor_view(&upstream), gradient, options);
      const real w = value(weights[target]);
      loss_error.see(loss, w * row.surprisal(target));
      const real factor = w * real(value(upstream));
      for (std::size_t i = 0; i < n; ++i) {
        gradient_error.see(gradient[i], i == target ? -(factor * row.complement(i)) : factor * row.probability(i));
        ++results;
      }
    }
  }
  CHECK(results > 1000);
}

TEST_CASE("Index-label losses and gradients are rounded once, however small") {
  check_index_labels<float>(1);
  check_index_labels<double>(2);
  check_index_labels<float16>(3);
  check_index_labels<bfloat16>(4);
}

enum class label_kind { distribution, softmax, sparse, unnormalized, tiny, any_sign };

template <class T>
std::vector<T> labels_for(label_kind kind, const exact_row& row, std::size_t n, sampler& random) {
  std::vector<double> q(n);
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    q[i] = random.uniform(0.0, 1.0);
    sum += q[i];
  }
  for (std::size_t i = 0; i < n; ++i) {
    switch (kind) {
      case label_kind::distribution: q[i] /= sum; break;
      case label_kind::softmax: q[i] = row.probability(i).to_double(); break;
      case label_kind::sparse: q[i] = random.below(3) == 0 ? q[i] : 0.0; break;
      case label_kind::unnormalized: break;
      case label_kind::tiny: q[i] = std::ldexp(q[i], std::same_as<T, float16> ? -12 : -100); break;
      case label_kind::any_sign: q[i] -= 0.5; break;
    }
  }
  return rounded<T>(q);
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

template <class T>
void check_probability_labels(std::uint64_t seed) {
  sampler random(seed);
  worst<T> loss_error("labels >= 0: loss"), signed_error("labels of any sign: loss"),
      gradient_error("probability labels: gradient"), label_error("probability labels: gradient of the labels"),
      tangent_error("probability labels: jvp");
  long results = 0;
  for (const auto& logits : rows_of_logits<T>(random, false)) {
    const exact_row row(logits);
    const std::size_t n = logits.size();
    for (label_kind kind : {label_kind::distribution, label_kind::softmax, label_kind::sparse,
                            label_kind::unnormalized, label_kind::tiny, label_kind::any_sign}) {
      const std::vector<T> q = labels_for<T>(kind, row, n, random);
      const index_t variant = random.below(4);
      const double smoothing = variant == 1 ? 0.1 : variant == 3 ? 1.0 : 0.0;
      std::vector<T> weights(n, T(1.0)), gradient(n), label_gradient(n), dx(n), dq(n);
      if (variant >= 2) {
        for (T& w : weights) w = T(random.uniform(0.01, 4.0));
      }
      for (std::size_t i = 0; i < n; ++i) {
        dx[i] = T(random.uniform(-1.0, 1.0));
        dq[i] = T(random.uniform(-1.0, 1.0));
      }
      const T upstream = T(random.uniform(-3.0, 3.0));
      cross_entropy_options<T> options{.reduction = reduction::none, .label_smoothing = smoothing};
      if (variant >= 2) options.class_weights = weights;
      T loss{}, loss_tangent{};
      cross_entropy(logits, q, tensor_view(&loss), options);
      cross_entropy_backward(logits, q, tensor_view(&upstream), gradient, options);
      cross_entropy_label_backward(logits, q, tensor_view(&upstream), label_gradient, options);
      cross_entropy_jvp(logits, q, dx, dq, tensor_view(&loss_tangent), options);

      const std::vector<real> labels = exact_labels(q, smoothing, weights);
      real total = 0.0, magnitude = 0.0, exact_loss = 0.0, loss_terms = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        total += labels[i];
        magnitude += abs(labels[i]);
        exact_loss += labels[i] * row.surprisal(i);
        loss_terms += abs(labels[i] * row.surprisal(i));
      }
      if (kind == label_kind::any_sign) {
        signed_error.see(loss, exact_loss, loss_terms);
      } else {
        loss_error.see(loss, exact_loss);
      }
      const real u = value(upstream);
      real tangent = 0.0, tangent_terms = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        const real slope = total * row.probability(i) - labels[i];
        const real slope_terms = magnitude * row.probability(i) + abs(labels[i]);
        gradient_error.see(gradient[i], u * slope, abs(u) * slope_terms);
        const real label_slope = real(value(weights[i])) * (real(1.0) - real(smoothing)) * row.surprisal(i);
        label_error.see(label_gradient[i], u * label_slope);
        tangent += real(value(dx[i])) * slope + real(value(dq[i])) * label_slope;
        tangent_terms += abs(real(value(dx[i]))) * slope_terms + abs(real(value(dq[i])) * label_slope);
        ++results;
      }
      tangent_error.see(loss_tangent, tangent, tangent_terms);
    }
  }
  CHECK(results > 1000);
}

TEST_CASE("Probability-label losses, gradients and tangents are within their bounds") {
  check_probability_labels<float>(11);
  check_probability_labels<double>(12);
  check_probability_labels<float16>(13);
  check_probability_labels<bfloat16>(14);
}

template <class T>
void check_smoothed_index_labels(std::uint64_t seed) {
  sampler random(seed);
  worst<T> loss_error("smoothed index label: loss"), gradient_error("smoothed index label: gradient");
  for (const auto& logits : rows_of_logits<T>(random, false)) {
    const exact_row row(logits);
    const std::size_t n = logits.size();
    for (double smoothing : {0x1p-60, 0.1, 0.999, 1.0}) {
      const auto label = static_cast<std::uint16_t>(random.below(static_cast<index_t>(n)));
      std::vector<T> one_hot(n, T(0.0)), weights(n), gradient(n);
      one_hot[label] = T(1.0);
      for (T& w : weights) w = T(random.uniform(0.01, 4.0));
      T loss{};
      const cross_entropy_options<T> options{
          .reduction = reduction::sum, .label_smoothing = smoothing, .class_weights = weights};
      cross_entropy(logits, tensor_view(&label), tensor_view(&loss), options);
      cross_entropy_backward(logits, tensor_view(&label), gradient, options);
      const std::vector<real> labels = exact_labels(one_hot, smoothing, weights);
      real exact_loss = 0.0, total = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        total += labels[i];
        exact_loss += labels[i] * row.surprisal(i);
      }
      loss_error.see(loss, exact_loss);
      for (std::size_t i = 0; i < n; ++i) {
        gradient_error.see(gradient[i], total * row.probability(i) - labels[i],
                           total * row.probability(i) + labels[i]);
      }
    }
  }
}

TEST_CASE("Smoothed index labels are within their bounds") {
  check_smoothed_index_labels<float>(21);
  check_smoothed_index_labels<double>(22);
  check_smoothed_index_labels<bfloat16>(23);
}

template <class T>
void check_reductions(std::uint64_t seed) {
  sampler random(seed);
  worst<T> loss_error("mean and sum: loss"), gradient_error("mean and sum: gradient");
  constexpr std::size_t classes = 7;
  for (std::size_t rows : {1U, 2U, 16U, 17U, 100U, 5000U}) {
    const bool weighted = random.below(2) == 0;
    std::vector<T> logits(rows * classes), weights(classes, T(1.0)), gradient(rows * classes);
    std::vector<std::int32_t> labels(rows);
    for (T& x : logits) x = T(random.normal(4.0));
    if (weighted) {
      for (T& w : weights) w = T(random.uniform(0.1, 4.0));
    }
    real sum = 0.0, denominator = 0.0;
    std::vector<exact_row> exact;
    for (std::size_t r = 0; r < rows; ++r) {
      labels[r] = random.below(4) == 0 ? -100 : static_cast<std::int32_t>(random.below(classes));
      exact.emplace_back(std::vector<T>(&logits[r * classes], &logits[r * classes] + classes));
      if (labels[r] < 0) continue;
      const auto t = static_cast<std::size_t>(labels[r]);
      sum += real(value(weights[t])) * exact.back().surprisal(t);
      denominator += real(value(weights[t]));
    }
    const tensor_view x(logits.data(), {static_cast<index_t>(rows), static_cast<index_t>(classes)});
    const tensor_view dx(gradient.data(), {static_cast<index_t>(rows), static_cast<index_t>(classes)});
    for (reduction kind : {reduction::mean, reduction::sum}) {
      cross_entropy_options<T> options{.reduction = kind, .ignore_index = -100};
      if (weighted) options.class_weights = weights;
      if (denominator.is_zero()) continue;
      const real divisor = kind == reduction::mean ? denominator : real(1.0);
      T loss{};
      cross_entropy(x, labels, tensor_view(&loss), options);
      loss_error.see(loss, sum / divisor);
      const T upstream = T(random.uniform(-3.0, 3.0));
      cross_entropy_backward(x, labels, tensor_view(&upstream), dx, options);
      for (std::size_t r = 0; r < std::min<std::size_t>(rows, 200); ++r) {
        for (std::size_t i = 0; i < classes; ++i) {
          const T g = gradient[r * classes + i];
          if (labels[r] < 0) {
            REQUIRE(to_bits(g) == 0);
            continue;
          }
          const auto t = static_cast<std::size_t>(labels[r]);
          const real factor = real(value(upstream)) * real(value(weights[t])) / divisor;
          gradient_error.see(g, i == t ? -(factor * exact[r].complement(i)) : factor * exact[r].probability(i));
        }
      }
    }
  }
}

TEST_CASE("Means and sums are rounded once, after all rows") {
  check_reductions<float>(31);
  check_reductions<double>(32);
  check_reductions<float16>(33);
  check_reductions<bfloat16>(34);
}

template <class T>
void check_from_probabilities(std::uint64_t seed) {
  sampler random(seed);
  worst<T> index_error("from probabilities, index label: loss"), loss_error("from probabilities: loss"),
      gradient_error("from probabilities: gradient"), label_error("from probabilities: gradient of the labels");
  for (int row = 0; row < 200; ++row) {
    const auto n = static_cast<std::size_t>(1 + random.below(20));
    std::vector<T> p(n), q(n), weights(n), gradient(n), label_gradient(n);
    for (std::size_t i = 0; i < n; ++i) {
      p[i] = T(random.below(3) == 0 ? 1.0 - std::ldexp(random.uniform(0.0, 1.0), static_cast<int>(-random.below(50)))
                                    : std::ldexp(random.uniform(0.5, 1.0), static_cast<int>(-random.below(14))));
      if (is_zero(p[i])) p[i] = T(0.5);
      q[i] = T(random.uniform(0.0, 1.0));
      weights[i] = T(random.uniform(0.01, 4.0));
    }
    const auto label = static_cast<std::int8_t>(random.below(static_cast<index_t>(n)));
    const auto target = static_cast<std::size_t>(label);
    const double smoothing = row % 2 == 0 ? 0.0 : 0.1;
    T loss{}, index_loss{};
    const cross_entropy_options<T> options{
        .reduction = reduction::sum, .label_smoothing = smoothing, .class_weights = weights};
    cross_entropy_from_probabilities(p, q, tensor_view(&loss), options);
    cross_entropy_from_probabilities(p, tensor_view(&label), tensor_view(&index_loss), {.reduction = reduction::sum});
    cross_entropy_from_probabilities_backward(p, q, gradient, options);
    cross_entropy_from_probabilities_label_backward(p, q, label_gradient, options);
    index_error.see(index_loss, -log(real(value(p[target]))));
    const std::vector<real> labels = exact_labels(q, smoothing, weights);
    real exact_loss = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const real minus_log = -log(real(value(p[i])));
      exact_loss += labels[i] * minus_log;
      gradient_error.see(gradient[i], -(labels[i] / real(value(p[i]))));
      label_error.see(label_gradient[i], real(value(weights[i])) * (real(1.0) - real(smoothing)) * minus_log);
    }
    loss_error.see(loss, exact_loss);
  }
}

TEST_CASE("Losses and gradients from probabilities are rounded once") {
  check_from_probabilities<float>(41);
  check_from_probabilities<double>(42);
  check_from_probabilities<float16>(43);
  check_from_probabilities<bfloat16>(44);
}

}  // namespace

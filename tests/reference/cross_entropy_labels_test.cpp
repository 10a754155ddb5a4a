// Probability labels, and losses from probabilities, against MPFR.
#include "k754/reference/cross_entropy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "k754/cross_entropy.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/entropy_oracle.hpp"

namespace {

using namespace k754;
using namespace k754_test;

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
      case label_kind::distribution:
        q[i] /= sum;
        break;
      case label_kind::softmax:
        q[i] = row.probability(i).to_double();
        break;
      case label_kind::sparse:
        q[i] = random.below(3) == 0 ? q[i] : 0.0;
        break;
      case label_kind::unnormalized:
        break;
      case label_kind::tiny:
        q[i] = std::ldexp(q[i], std::same_as<T, float16> ? -12 : -100);
        break;
      case label_kind::any_sign:
        q[i] -= 0.5;
        break;
    }
  }
  return rounded<T>(q);
}

template <class T>
void check_probability_labels(std::uint64_t seed) {
  sampler random(seed);
  worst<T> loss_error("labels >= 0: loss"), signed_error("labels of any sign: loss"),
      gradient_error("probability labels: gradient"),
      label_error("probability labels: gradient of the labels"), tangent_error("probability labels: jvp");
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
void check_from_probabilities(std::uint64_t seed) {
  sampler random(seed);
  worst<T> index_error("from probabilities, index label: loss"), loss_error("from probabilities: loss"),
      gradient_error("from probabilities: gradient"),
      label_error("from probabilities: gradient of the labels");
  for (int row = 0; row < 200; ++row) {
    const auto n = static_cast<std::size_t>(1 + random.below(20));
    std::vector<T> p(n), q(n), weights(n), gradient(n), label_gradient(n);
    for (std::size_t i = 0; i < n; ++i) {
      p[i] = T(random.below(3) == 0
                   ? 1.0 - std::ldexp(random.uniform(0.0, 1.0), static_cast<int>(-random.below(50)))
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
    cross_entropy_from_probabilities(p, tensor_view(&label), tensor_view(&index_loss),
                                     {.reduction = reduction::sum});
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

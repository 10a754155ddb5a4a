// Index labels against MPFR: the bounds that include/k754/reference/cross_entropy.hpp states.
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

template <class T>
void check_index_labels(std::uint64_t seed) {
  sampler random(seed);
  worst<T> loss_error("index label: loss"), gradient_error("index label: gradient");
  long results = 0;
  for (const auto& logits : rows_of_logits<T>(random, true)) {
    const exact_row row(logits);
    const std::size_t n = logits.size();
    const auto highest = static_cast<std::size_t>(
        std::max_element(logits.begin(), logits.end(), [](T a, T b) { return value(a) < value(b); }) -
        logits.begin());
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
        gradient_error.see(gradient[i],
                           i == target ? -(factor * row.complement(i)) : factor * row.probability(i));
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
          gradient_error.see(g,
                             i == t ? -(factor * exact[r].complement(i)) : factor * exact[r].probability(i));
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

}  // namespace

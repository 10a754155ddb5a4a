// All short rows over an alphabet of special values, against the rules written out in extended reals (MPFR knows
// infinities and NaN, and its 0 * inf is NaN).
#include <array>
#include <cmath>
#include <vector>

#include "k754/cross_entropy.hpp"
#include "k754/reference/cross_entropy.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/entropy_oracle.hpp"
#include "support/ieee754.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::internal_error;
using k754_test::real;
using k754_test::rounding_bound;
using k754_test::value;

const double inf = infinity<double>();

bool is_nan(const real& x) { return mpfr_nan_p(x.get()) != 0; }
bool is_infinite(const real& x) { return mpfr_inf_p(x.get()) != 0; }
real magnitude(const real& x) { return is_nan(x) || is_infinite(x) ? real(0.0) : abs(x); }

/// For exponentials that MPFR too has as 0.
const real below_every_number = scaled(real(1.0), -1000000);

/// Of a row without NaN and +inf, and with a finite maximum.
struct row_model {
  std::vector<real> distance, probability;
  real log_sum;

  template <class T>
  explicit row_model(const std::vector<T>& logits) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (value(logits[i]) > value(logits[first])) first = i;
    }
    real rest = 0.0;
    std::vector<real> e;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      distance.push_back(value(logits[i]) == value(logits[first])
                             ? real(0.0)
                             : real(value(logits[first])) - real(value(logits[i])));
      e.push_back(exp(-distance.back()));
      if (e.back().is_zero() && !is_infinite(distance.back())) e.back() = below_every_number;
      if (i != first) rest += e.back();
    }
    for (const real& x : e) probability.push_back(x / (rest + real(1.0)));
    log_sum = log1p(rest);
  }
  real surprisal(std::size_t i) const { return distance[i] + log_sum; }
};

template <class T>
bool undefined(const std::vector<T>& logits) {
  bool all_minus_infinite = true;
  for (T x : logits) {
    if (k754::is_nan(x) || value(x) == inf) return true;
    all_minus_infinite = all_minus_infinite && value(x) == -inf;
  }
  return all_minus_infinite;
}

/// Whether `computed` is `exact` rounded, with `terms` as in k754_test::worst: NaN canonical, zero positive.
template <class T>
bool agrees(T computed, const real& exact, const real& terms = real(0.0)) {
  if (is_nan(exact)) return to_bits(computed) == to_bits(canonical_nan<T>());
  if (is_infinite(exact)) return value(computed) == (mpfr_signbit(exact.get()) != 0 ? -inf : inf);
  constexpr auto format = k754_test::format_of<T>;
  if (is_zero(computed) && sign_bit(computed)) return false;
  const double excuse =
      scaled(terms, -k754_test::ulp_exponent(exact, format)).to_double() * internal_error<T>;
  return k754_test::ulp_error(value(computed), exact, format) <= rounding_bound<T> + excuse;
}

template <class T>
void check_index_rows() {
  case_count cases("special rows x targets", 5000);
  const std::vector<T> alphabet = k754_test::special_alphabet<T>();
  const std::size_t letters = alphabet.size();
  for (std::size_t n = 1; n <= 3; ++n) {
    const std::size_t words = n == 1 ? letters : n == 2 ? letters * letters : letters * letters * letters;
    for (std::size_t word = 0; word < words; ++word) {
      std::vector<T> logits, gradient(n);
      for (std::size_t i = 0, rest = word; i < n; ++i, rest /= letters)
        logits.push_back(alphabet[rest % letters]);
      const bool bad = undefined(logits);
      const row_model row(bad ? std::vector<T>{T(0.0)} : logits);
      for (std::size_t target = 0; target < n; ++target) {
        const auto label = static_cast<std::int64_t>(target);
        T loss{};
        cross_entropy(logits, tensor_view(&label), tensor_view(&loss));
        cross_entropy_backward(logits, tensor_view(&label), gradient);
        INFO(value(logits[0]) << ", " << value(logits[n / 2]) << ", " << value(logits[n - 1]) << ", label "
                              << target << ": " << value(loss));
        const real nan = canonical_nan<double>();
        bool right = agrees(loss, bad ? nan : row.surprisal(target));
        for (std::size_t i = 0; i < n; ++i) {
          real slope = bad ? nan : row.probability[i];
          if (!bad && i == target) {
            slope = 0.0;
            for (std::size_t j = 0; j < n; ++j) slope = j == target ? slope : slope - row.probability[j];
          }
          right = right && agrees(gradient[i], slope);
        }
        if (!right) CHECK(right);
        cases.add();
      }
    }
  }
  cases.check();
}

TEST_CASE("Every index label on every short row of special values") {
  check_index_rows<float>();
  check_index_rows<double>();
}

/// q * t for a label q and t = m - x >= 0 or -log softmax >= 0: a zero label hides infinity, an infinite one counts.
real strong_product(double q, const real& t) {
  if (q == 0.0) return real(0.0);
  if (std::isinf(q) && t.is_zero()) return real(q);
  return real(q) * t;
}

TEST_CASE("Every pair of special labels on every pair of special logits") {
  using T = float;
  case_count cases("pairs of logits x pairs of labels", 20000);
  const std::vector<T> alphabet = k754_test::special_alphabet<T>();
  const auto pair = [&](std::size_t word) {
    return std::vector<T>{alphabet[word % alphabet.size()], alphabet[word / alphabet.size()]};
  };
  const std::size_t pairs = alphabet.size() * alphabet.size();
  for (std::size_t first = 0; first < pairs; ++first) {
    const std::vector<T> logits = pair(first);
    const bool bad = undefined(logits);
    const row_model row(bad ? std::vector<T>(2, T(0.0)) : logits);
    for (std::size_t second = 0; second < pairs; ++second) {
      const std::vector<T> labels = pair(second);
      T loss{};
      std::vector<T> gradient(2), label_gradient(2);
      cross_entropy(logits, labels, tensor_view(&loss));
      cross_entropy_backward(logits, labels, gradient);
      cross_entropy_label_backward(logits, labels, label_gradient);

      const real nan = canonical_nan<double>();
      const double q0 = value(labels[0]), q1 = value(labels[1]);
      const real total = real(q0) + real(q1);
      real exact = nan, terms = 0.0;
      if (!bad) {
        const real at_maximum =
            is_infinite(total) ? total : real(total) * row.log_sum;  // NaN stays NaN; 0 * log_sum is 0
        exact = at_maximum;
        terms = magnitude(real(q0) * row.log_sum) + magnitude(real(q1) * row.log_sum);
        for (std::size_t i = 0; i < 2; ++i) {
          if (row.distance[i].is_zero()) continue;
          const real term = strong_product(value(labels[i]), row.distance[i]);
          exact = exact + term;
          terms = terms + magnitude(term);
        }
      }
      INFO("logits " << value(logits[0]) << ", " << value(logits[1]) << "; labels " << q0 << ", " << q1
                     << ": loss " << value(loss) << ", gradient " << value(gradient[0]) << ", "
                     << value(gradient[1]) << ", of the labels " << value(label_gradient[0]) << ", "
                     << value(label_gradient[1]));
      bool right = agrees(loss, exact, terms);
      for (std::size_t i = 0; i < 2; ++i) {
        const real q = value(labels[i]);
        const real slope = bad ? nan : total * row.probability[i] - q;
        const real slope_terms =
            bad ? nan : (magnitude(real(q0)) + magnitude(real(q1))) * row.probability[i] + magnitude(q);
        right = right && agrees(gradient[i], slope, is_nan(slope) ? real(0.0) : slope_terms);
        right = right && agrees(label_gradient[i], bad ? nan : row.surprisal(i));
      }
      if (!right) CHECK(right);
      cases.add();
    }
  }
  cases.check();
}

}  // namespace

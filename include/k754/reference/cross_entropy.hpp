/// The definition of softmax cross-entropy and its gradients, on one row. row_mass.hpp has the symbols m,
/// e_i, O, S, L.
///
///     t_i = (m - x_i) + L = -log softmax_i           two terms >= 0; at a maximum L alone
///
/// Index label t with class weight w, no smoothing (`hard_label`):
///     loss       w t_t
///     d/dx_i     (w / S) e_i                          i != t
///     d/dx_t     -w (O / S)  where x_t = m, else  -w ((S - e_t) / S)
///     jvp        sum of dx_i d/dx_i
///
/// Probability labels q_i, or an index label with smoothing, for which q is one-hot (`soft_labels`):
///     q'_i = w_i ((1 - eps) q_i + eps / C)            product_plus, then the weight
///     W    = sum of q'_i                              label_sum::assume_one: 1 where that is finite
///     A    = sum of q'_i (m - x_i) over x_i != m
///     loss       W L + A                              sum of q'_i t_i where W is infinite
///     d/dx_i     (W / S) e_i - q'_i
///     d/dq_i     w_i (1 - eps) t_i                    assume_one: w_i (1 - eps) (m - x_i)
///     jvp        sum of (dx_i d/dx_i + dq_i d/dq_i)
///
/// From probabilities p instead of logits: t_i = -log p_i, loss = -sum of q'_i log p_i (xlogy.hpp), d/dp_i =
/// -q'_i / p_i. An index label reads p_t alone.
///
/// A gradient is multiplied by the upstream gradient: first (upstream / D) w for a hard label, where D is the
/// denominator of a mean, then the rest; (upstream / D) last for soft labels.
///
/// A row's weight r multiplies its loss or tangent, and its upstream gradient before all else; it is a factor of
/// what the row adds to D.
///
/// Over rows, in row-major order: the sum is the lane_sum of their losses, which are not rounded before;
/// ignored rows leave their places empty. D is the number of rows, or the lane_sum of the weights w r of those
/// that are kept (w = 1 for a poisoned row and for probability labels). The mean is the sum divided by D. D = 0
/// says that no row counts: the mean is NaN, or by empty_mean 0, and gradients are those of ignored rows.
///
/// Zeros that a caller gave (labels, weights, 1 - eps, tangents, upstream) are strong: `given_times`. Zeros
/// that were computed are not: they may have underflowed. So an infinite factor finds a positive number where
/// an exponential counts as 0 (`vanishing`), and an infinite label or weight makes an infinite loss also where L
/// is 0 (`given_times_surprisal`).
///
/// The arithmetic, in the default environment: `wide_number<T>` (double, or for f64 double-double with an
/// exponent of its own), every line above as it is written, one operation at a time, `product_plus` for W L +
/// A, (W / S) e_i - q' and q'. Sums are lane_sums in class order; maxima leave their places in A empty. One rounding
/// at the end. exp(d) counts as 0 below d = -708 (f64: -800): in S, and up to `vanishing` in e_i, O and L.
///
/// Error, in ULP of the result, for rows up to 2^20: hard label, and the loss of labels that are not
/// negative: 0.5001 (f16 0.5005); f64 0.51. Elsewhere that plus 2^-46 (f64: 2^-60) times the sum of the
/// magnitudes of what is added or subtracted: sum |q'_j| p_i + |q'_i| for the gradient, sum |q'_i| t_i for
/// the loss of negative labels, and the magnitudes of all these together for the jvp.
///
/// Source of the form that keeps small losses: see row_mass.hpp.
#ifndef K754_REFERENCE_CROSS_ENTROPY_HPP
#define K754_REFERENCE_CROSS_ENTROPY_HPP

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "compensated.hpp"
#include "double_double.hpp"
#include "elementary.hpp"
#include "extended.hpp"
#include "lane_sum.hpp"
#include "row_mass.hpp"
#include "xlogy.hpp"

namespace k754::reference {
inline namespace K754_ABI {

// ---------------------------------------------------------------- zeros that the caller gave

/// given * value.
template <zero_times_inf Rule, class Number>
Number given_times(const Number& given, const Number& value) noexcept {
  if (Rule != zero_times_inf::ieee && is_zero(leading(given))) {
    return Rule == zero_times_inf::strong_zero && is_nan(leading(value)) ? nan_number<Number>() : Number{};
  }
  return product(given, value);
}

/// given * surprisal, for a surprisal >= 0. An infinite label makes an infinite loss, whatever it meets but under
/// `ieee` 0.
template <zero_times_inf Rule, class Number>
Number given_times_surprisal(const Number& given, const Number& surprisal) noexcept {
  if (Rule != zero_times_inf::ieee && is_infinite(leading(given)) && is_zero(leading(surprisal)))
    return given;
  return given_times<Rule>(given, surprisal);
}

/// The product of two numbers that both were given.
template <zero_times_inf Rule, class Number>
Number product_of_given(const Number& a, const Number& b) noexcept {
  return is_zero(leading(b)) ? given_times<Rule>(b, a) : given_times<Rule>(a, b);
}

/// given / value.
template <zero_times_inf Rule, class Number>
Number given_over(const Number& given, const Number& value) noexcept {
  if (Rule != zero_times_inf::ieee && is_zero(leading(given))) return given_times<Rule>(given, value);
  return quotient(given, value);
}

// ---------------------------------------------------------------- labels

/// What is done to the labels of every row.
template <floating T>
struct label_terms {
  strided_row<T> weights = {};  ///< of the classes; data is null where there are none
  double smoothing = 0.0;
};

template <policy P, floating T>
wide_number<T> class_weight(const label_terms<T>& terms, index_t i) noexcept {
  constexpr bool flush = P.subnormals == subnormals::flush;
  if (terms.weights.data == nullptr) return to_number<wide_number<T>>(1.0);
  return to_number<wide_number<T>>(detail::widen<flush>(terms.weights[i]));
}

/// An index label without smoothing.
template <floating T>
struct hard_label {
  index_t target;
  wide_number<T> weight;
};

template <policy P, floating T>
hard_label<T> hard_label_of(index_t target, const label_terms<T>& terms) noexcept {
  return {target, class_weight<P>(terms, target)};
}

/// 1 - eps.
template <class Number>
Number kept_share(double smoothing) noexcept {
  return to_number<Number>(1.0) - to_number<Number>(smoothing);
}
/// q'_i of one row: of probabilities, or of an index label.
template <policy P, floating T>
class soft_labels {
 public:
  using number = wide_number<T>;
  static constexpr zero_times_inf rule = zero_rule_of(P);

  /// `source` says which classes have support (their probability is not structurally 0).
  template <class Source>
  soft_labels(const strided_row<T>& probabilities, const label_terms<T>& terms, const Source& source) noexcept
      : soft_labels(probabilities, -1, terms, source) {}
  template <class Source>
  soft_labels(index_t target, const label_terms<T>& terms, const Source& source) noexcept
      : soft_labels({nullptr, source.size(), 0}, target, terms, source) {}

  index_t size() const noexcept { return probabilities_.size; }
  bool is_index() const noexcept { return probabilities_.data == nullptr; }

  /// q_i, as given.
  number given(index_t i) const noexcept {
    if (is_index()) return to_number<number>(i == target_ ? 1.0 : 0.0);
    return to_number<number>(detail::widen<P.subnormals == subnormals::flush>(probabilities_[i]));
  }

  /// dq'_i / dq_i.
  number slope(index_t i) const noexcept { return product_of_given<rule>(class_weight<P>(terms_, i), kept_); }

  /// q'_i, for a class with or without support.
  number at(index_t i, bool supported) const noexcept {
    number q = given(i);
    if (terms_.smoothing > 0.0) {
      const number share = P.smoothing == smoothing::all_classes || supported ? share_ : number{};
      q = is_finite(leading(q)) ? product_plus(kept_, q, share) : product_of_given<rule>(kept_, q) + share;
    }
    return terms_.weights.data == nullptr ? q : product_of_given<rule>(class_weight<P>(terms_, i), q);
  }

 private:
  template <class Source>
  soft_labels(const strided_row<T>& probabilities, index_t target, const label_terms<T>& terms,
              const Source& source) noexcept
      : probabilities_(probabilities),
        target_(target),
        terms_(terms),
        kept_(kept_share<number>(terms.smoothing)) {
    if (!(terms.smoothing > 0.0)) return;
    index_t classes = source.size();
    if constexpr (P.smoothing == smoothing::finite_support) {
      for (index_t i = 0; i < source.size(); ++i) classes -= source.supported(i) ? 0 : 1;
    }
    if (classes > 0) {
      share_ = quotient(to_number<number>(terms.smoothing), to_number<number>(static_cast<double>(classes)));
    }
  }

  strided_row<T> probabilities_;
  index_t target_;
  label_terms<T> terms_;
  number kept_;
  number share_ = {};
};

// ---------------------------------------------------------------- logits

/// A positive number that no finite result can tell from 0: for exponentials that count as 0.
template <std::same_as<double> Number>
Number vanishing() noexcept {
  return 0x1p-1000;
}
template <std::same_as<extended> Number>
Number vanishing() noexcept {
  return {1.0, 0.0, -10000};
}

/// A row of logits and its mass.
template <policy P, floating T>
class logit_row {
 public:
  using number = wide_number<T>;

  explicit logit_row(const strided_row<T>& logits) noexcept : logits_(logits), mass_(mass_of<P>(logits)) {
    if (undefined() || absent()) return;
    sum_ = to_number(mass_.sum);
    excess_ = to_number(mass_.excess);
    log_sum_ = to_number(mass_.log_sum());
    if constexpr (std::same_as<T, double>) {
      if (mass_.excess.high < 0x1p-900) excess_ = log_sum_ = small_rest();
    }
    if (is_zero(leading(excess_)) && has_rest()) excess_ = log_sum_ = vanishing<number>();
  }

  index_t size() const noexcept { return logits_.size; }

  /// A NaN, or a case that the policy leaves undefined: everything that depends on the row is NaN.
  bool undefined() const noexcept {
    switch (mass_.kind) {
      case row_kind::nan:
        return true;
      case row_kind::positive_infinity:
        return P.pos_inf == pos_inf::nan;
      case row_kind::negative_infinity:
        return P.zero_mass == zero_mass::nan;
      default:
        return false;
    }
  }
  /// zero_mass::zero: the row counts for nothing, whatever its labels are.
  bool absent() const noexcept {
    return mass_.kind == row_kind::negative_infinity && P.zero_mass == zero_mass::zero;
  }
  bool supported(index_t i) const noexcept { return widened(i) != negative_infinity<double>(); }
  bool is_maximum(index_t i) const noexcept { return !(widened(i) < mass_.maximum); }

  /// m - x_i
  number distance(index_t i) const noexcept {
    if (is_maximum(i)) return number{};
    if constexpr (std::same_as<T, double>) {
      return to_number<number>(mass_.maximum) - to_number<number>(widened(i));
    } else {
      return mass_.maximum - widened(i);
    }
  }
  /// L
  const number& log_sum() const noexcept { return log_sum_; }
  /// t_i
  number surprisal(index_t i) const noexcept { return distance(i) + log_sum_; }
  /// e_i
  number exponential_of(index_t i) const noexcept {
    const auto d = difference<row_number<T>>(widened(i), mass_.maximum);
    number e;
    if constexpr (std::same_as<T, double>) {
      e = to_number(scaled_double_double{scaled_exponential(d), -256});
    } else {
      e = exponential(d);
    }
    return is_zero(leading(e)) && has_mass(i) ? vanishing<number>() : e;
  }
  /// S
  const number& sum() const noexcept { return sum_; }
  /// 1 - e_i / S
  number complement(index_t i) const noexcept {
    return quotient(is_maximum(i) ? excess_ : sum_ - exponential_of(i), sum_);
  }

 private:
  double widened(index_t i) const noexcept {
    return detail::widen<P.subnormals == subnormals::flush>(logits_[i]);
  }

  /// Whether e_i > 0, computed or not. Of infinite kinds of rows it is the limit.
  bool has_mass(index_t i) const noexcept {
    return is_maximum(i) || (mass_.kind == row_kind::ordinary && supported(i));
  }
  /// The same of R.
  bool has_rest() const noexcept {
    for (index_t i = 0; i < size(); ++i) {
      if (!is_maximum(i) && has_mass(i)) return true;
    }
    return false;
  }

  /// R where it is nearly subnormal, or below: summed as in row_mass.hpp, and the factor 2^256 left in the
  /// exponent. Then there is one maximum, and R = O = log1p(O).
  extended small_rest() const noexcept {
    lane_sum<compensated> rest;
    for (index_t i = 0; i < size(); ++i) {
      if (is_maximum(i)) {
        rest.skip();
      } else {
        rest.add(scaled_exponential(difference<double_double>(widened(i), mass_.maximum)));
      }
    }
    return to_number(scaled_double_double{rest.total().value(), -256});
  }

  strided_row<T> logits_;
  row_mass<T> mass_;
  number sum_ = {};
  number excess_ = {};
  number log_sum_ = {};
};

/// What everything that is linear in `given` labels comes to where the row is undefined.
template <zero_times_inf Rule, class Number>
Number undefined_value(bool labels_are_zero) noexcept {
  return Rule == zero_times_inf::annihilating_zero && labels_are_zero ? Number{} : nan_number<Number>();
}

template <policy P, floating T>
bool all_zero(const soft_labels<P, T>& labels) noexcept {
  for (index_t i = 0; i < labels.size(); ++i) {
    if (!is_zero(leading(labels.at(i, true)))) return false;
  }
  return true;
}

template <policy P, floating T>
wide_number<T> loss(const logit_row<P, T>& row, const hard_label<T>& label) noexcept {
  if (row.absent()) return {};
  if (row.undefined())
    return undefined_value<zero_rule_of(P), wide_number<T>>(is_zero(leading(label.weight)));
  return given_times_surprisal<zero_rule_of(P)>(label.weight, row.surprisal(label.target));
}

/// W, and under assume_one 1 in its place.
template <policy P, floating T>
wide_number<T> label_total(const logit_row<P, T>& row, const soft_labels<P, T>& labels) noexcept {
  using number = wide_number<T>;
  lane_sum<number> sum;
  for (index_t i = 0; i < row.size(); ++i) sum.add(labels.at(i, row.supported(i)));
  const number total = sum.total();
  const bool assumed =
      P.label_sum == label_sum::assume_one && !labels.is_index() && is_finite(leading(total));
  return assumed ? to_number<number>(1.0) : total;
}

template <policy P, floating T>
wide_number<T> loss(const logit_row<P, T>& row, const soft_labels<P, T>& labels) noexcept {
  using number = wide_number<T>;
  if (row.absent()) return {};
  if (row.undefined()) return undefined_value<zero_rule_of(P), number>(all_zero(labels));
  const number total = label_total(row, labels);
  const bool infinite =
      is_infinite(leading(total));  // then each label meets its own surprisal, not W meets L
  lane_sum<number> sum;
  for (index_t i = 0; i < row.size(); ++i) {
    if (!infinite && row.is_maximum(i)) {
      sum.skip();
    } else {
      sum.add(given_times_surprisal<zero_rule_of(P)>(labels.at(i, row.supported(i)),
                                                     infinite ? row.surprisal(i) : row.distance(i)));
    }
  }
  return infinite ? sum.total() : product_plus(total, row.log_sum(), sum.total());
}

/// d loss / d x_i times the row's factor, for one row; what does not depend on i is computed once.
template <policy P, floating T>
class hard_gradient {
 public:
  using number = wide_number<T>;

  hard_gradient(const logit_row<P, T>& row, const hard_label<T>& label, const number& factor) noexcept
      : row_(row),
        target_(label.target),
        factor_(product_of_given<rule>(factor, label.weight)),
        share_(quotient(factor_, row.sum())) {}

  number operator[](index_t i) const noexcept {
    if (row_.absent()) return {};
    if (row_.undefined()) return given_times<rule>(factor_, nan_number<number>());
    if (i != target_) return given_times<rule>(share_, row_.exponential_of(i));
    return given_times<rule>(factor_, negated(row_.complement(i)));
  }

 private:
  static constexpr zero_times_inf rule = zero_rule_of(P);
  const logit_row<P, T>& row_;
  index_t target_;
  number factor_, share_;
};

template <policy P, floating T>
class soft_gradient {
 public:
  using number = wide_number<T>;

  soft_gradient(const logit_row<P, T>& row, const soft_labels<P, T>& labels, const number& factor) noexcept
      : row_(row), labels_(labels), factor_(factor) {
    if (row.absent()) return;
    if (row.undefined()) {
      share_ = undefined_value<rule, number>(all_zero(labels));
    } else {
      share_ = quotient(label_total(row, labels), row.sum());
    }
  }

  number operator[](index_t i) const noexcept {
    if (row_.absent()) return {};
    if (row_.undefined()) return given_times<rule>(factor_, share_);
    const number q = labels_.at(i, row_.supported(i));
    return given_times<rule>(factor_, product_plus(share_, row_.exponential_of(i), negated(q)));
  }

 private:
  static constexpr zero_times_inf rule = zero_rule_of(P);
  const logit_row<P, T>& row_;
  const soft_labels<P, T>& labels_;
  number factor_;
  number share_ = {};  ///< W / S
};

template <policy P, floating T>
auto gradient(const logit_row<P, T>& row, const hard_label<T>& label, const wide_number<T>& factor) noexcept {
  return hard_gradient<P, T>(row, label, factor);
}
template <policy P, floating T>
auto gradient(const logit_row<P, T>& row, const soft_labels<P, T>& labels,
              const wide_number<T>& factor) noexcept {
  return soft_gradient<P, T>(row, labels, factor);
}

/// What multiplies dq_i in the loss: t_i, or under assume_one m - x_i.
template <policy P, floating T>
wide_number<T> label_slope(const logit_row<P, T>& row, index_t i) noexcept {
  if (row.undefined()) return nan_number<wide_number<T>>();
  return P.label_sum == label_sum::assume_one ? row.distance(i) : row.surprisal(i);
}

/// d loss / d q_i times `factor`, which may be a tangent: the factors that were given come first.
template <policy P, floating T>
wide_number<T> label_gradient_at(const logit_row<P, T>& row, const soft_labels<P, T>& labels,
                                 const wide_number<T>& factor, index_t i) noexcept {
  constexpr zero_times_inf rule = zero_rule_of(P);
  if (row.absent()) return {};
  if (P.label_gradient == label_gradient::zero_on_zero_label && is_zero(leading(labels.given(i)))) return {};
  return given_times_surprisal<rule>(product_of_given<rule>(factor, labels.slope(i)), label_slope(row, i));
}

/// The derivative of the loss along tangents of the logits and the labels.
template <policy P, floating T>
wide_number<T> tangent(const logit_row<P, T>& row, const soft_labels<P, T>& labels,
                       const strided_row<T>& logits_tangent, const strided_row<T>& labels_tangent) noexcept {
  using number = wide_number<T>;
  constexpr zero_times_inf rule = zero_rule_of(P);
  if (row.absent()) return {};
  const soft_gradient<P, T> slope(row, labels, to_number<number>(1.0));
  const auto widened = [](T x) {
    return to_number<number>(detail::widen<P.subnormals == subnormals::flush>(x));
  };
  lane_sum<number> sum;
  for (index_t i = 0; i < row.size(); ++i) {
    sum.add(given_times<rule>(widened(logits_tangent[i]), slope[i]) +
            label_gradient_at(row, labels, widened(labels_tangent[i]), i));
  }
  return sum.total();
}

/// The same along a tangent of the logits alone: of index labels.
template <policy P, floating T, class Labels>
wide_number<T> tangent(const logit_row<P, T>& row, const Labels& labels,
                       const strided_row<T>& logits_tangent) noexcept {
  using number = wide_number<T>;
  if (row.absent()) return {};
  const auto slope = gradient(row, labels, to_number<number>(1.0));
  lane_sum<number> sum;
  for (index_t i = 0; i < row.size(); ++i) {
    const double dx = detail::widen<P.subnormals == subnormals::flush>(logits_tangent[i]);
    sum.add(given_times<zero_rule_of(P)>(to_number<number>(dx), slope[i]));
  }
  return sum.total();
}

// ---------------------------------------------------------------- probabilities in place of logits

/// A row of probabilities, as they are: they need not sum to 1, and are neither clipped nor checked.
template <policy P, floating T>
class probability_row {
 public:
  using number = wide_number<T>;

  explicit probability_row(const strided_row<T>& probabilities) noexcept : probabilities_(probabilities) {}

  index_t size() const noexcept { return probabilities_.size; }
  bool supported(index_t i) const noexcept { return !is_zero((*this)[i]); }

  /// p_i; a zero without its sign.
  double operator[](index_t i) const noexcept {
    const double p = detail::widen<P.subnormals == subnormals::flush>(probabilities_[i]);
    return is_zero(p) ? 0.0 : p;
  }

 private:
  strided_row<T> probabilities_;
};

template <policy P, floating T>
wide_number<T> loss(const probability_row<P, T>& row, const hard_label<T>& label) noexcept {
  return negated(times_log<zero_rule_of(P)>(label.weight, row[label.target]));
}

template <policy P, floating T>
wide_number<T> loss(const probability_row<P, T>& row, const soft_labels<P, T>& labels) noexcept {
  lane_sum<wide_number<T>> sum;
  for (index_t i = 0; i < row.size(); ++i) {
    sum.add(times_log<zero_rule_of(P)>(labels.at(i, row.supported(i)), row[i]));
  }
  return negated(sum.total());
}

/// -factor q'_i / p_i
template <policy P, floating T, class Labels>
class probability_gradient {
 public:
  using number = wide_number<T>;

  probability_gradient(const probability_row<P, T>& row, const Labels& labels, const number& factor) noexcept
      : row_(row), labels_(labels), factor_(factor) {}

  number operator[](index_t i) const noexcept {
    constexpr zero_times_inf rule = zero_rule_of(P);
    number q;
    if constexpr (std::same_as<Labels, hard_label<T>>) {
      if (i != labels_.target) return {};
      q = labels_.weight;
    } else {
      q = labels_.at(i, row_.supported(i));
    }
    return given_times<rule>(factor_, negated(given_over<rule>(q, to_number<number>(row_[i]))));
  }

 private:
  const probability_row<P, T>& row_;
  const Labels& labels_;
  number factor_;
};

template <policy P, floating T, class Labels>
auto gradient(const probability_row<P, T>& row, const Labels& labels, const wide_number<T>& factor) noexcept {
  return probability_gradient<P, T, Labels>(row, labels, factor);
}

template <policy P, floating T>
wide_number<T> label_gradient_at(const probability_row<P, T>& row, const soft_labels<P, T>& labels,
                                 const wide_number<T>& factor, index_t i) noexcept {
  constexpr zero_times_inf rule = zero_rule_of(P);
  if (P.label_gradient == label_gradient::zero_on_zero_label && is_zero(leading(labels.given(i)))) return {};
  return negated(times_log<rule>(product_of_given<rule>(factor, labels.slope(i)), row[i]));
}

// ---------------------------------------------------------------- results

/// A loss or a gradient: rounded, a zero as +0, flushed.
template <policy P, floating T>
T result_of(const wide_number<T>& value) noexcept {
  const T rounded = rounded_to<T>(value);
  if (is_zero(rounded)) return from_bits<T>(0);
  return P.subnormals == subnormals::flush ? flush_subnormal(rounded) : rounded;
}

// ---------------------------------------------------------------- one row, for users

namespace detail_cross_entropy {

template <class X>
concept row_like = tensor_like<X> && floating<detail::element_of<X>> && requires {
  requires std::remove_cvref_t<decltype(as_tensor_view(std::declval<X>()))>::rank()
  == 1;
};

template <row_like X>
strided_row<detail::element_of<X>> row_of(X&& x) noexcept {
  const auto view = detail::input_view(x);
  return {view.data_handle(), view.extent(0), view.stride(0)};
}

}  // namespace detail_cross_entropy

/// The loss of one row with an index label, NaN where that is not in [0, classes). In any floating-point
/// environment.
template <policy P = policy{}, detail_cross_entropy::row_like Logits>
detail::element_of<Logits> cross_entropy(Logits&& logits, index_t label) noexcept {
  using T = detail::element_of<Logits>;
  const strided_row<T> row = detail_cross_entropy::row_of(logits);
  T result = canonical_nan<T>();
  if (label < 0 || label >= row.size) return result;
  in_default_environment([&] {
    result = result_of<P, T>(loss(logit_row<P, T>(row), hard_label_of<P>(label, label_terms<T>{})));
  });
  return result;
}

/// The loss of one row with as many probability labels. In any floating-point environment.
template <policy P = policy{}, detail_cross_entropy::row_like Logits, detail_cross_entropy::row_like Labels>
requires(std::same_as<detail::element_of<Logits>, detail::element_of<Labels>>)
    detail::element_of<Logits> cross_entropy(Logits&& logits, Labels&& labels)
noexcept {
  using T = detail::element_of<Logits>;
  T result{};
  in_default_environment([&] {
    const logit_row<P, T> row(detail_cross_entropy::row_of(logits));
    result = result_of<P, T>(
        loss(row, soft_labels<P, T>(detail_cross_entropy::row_of(labels), label_terms<T>{}, row)));
  });
  return result;
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_CROSS_ENTROPY_HPP

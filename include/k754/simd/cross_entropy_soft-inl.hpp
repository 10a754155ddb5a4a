// Rows with a label for each class: probabilities, or an index with smoothing. A part of cross_entropy-inl.hpp, which
// includes it (no include guard).
//
// The labels become what they weigh, as doubles, a block at a time; sums and gradients read them from there. In rows of
// one block they are worked out once, and exponentials, too.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace cross_entropy {

using detail::soft_rows;

/// Two vectors of elements from i on, of which `left` are there; zeros in place of the others.
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR vector_pair load_strided(strided<const T> x, index_t i, index_t left) {
  if (x.stride == 1 && left >= pair_width) return load_pair<Flush>(x.first + i);
  T some[static_cast<std::size_t>(pair_width)];
  for (index_t k = 0; k < pair_width; ++k) {
    some[k] = k < left ? detail::load(x.at(i + k)) : from_bits<T>(0);
  }
  return load_pair<Flush>(some);
}

/// What the labels of a row weigh: q' of reference/cross_entropy.hpp.
template <bool Flush, floating T>
class label_reader {
 public:
  HWY_ATTR label_reader(const soft_rows<T>& run, index_t row)
      : run_(run),
        labels_{run.labels.first == nullptr ? nullptr : run.labels.row(row), run.labels.along},
        target_(run.labels.first == nullptr ? run.target[row] : -1) {}

  /// The block from `first` on, and zeros up to whole vectors; until the next call.
  HWY_ATTR const double* elements(index_t first, index_t count) {
    if (first == held_) return q_;
    held_ = first;
    for (index_t i = 0; i < count; i += pair_width) put(first, i, count - i);
    for (index_t i = count; i % step != 0; ++i) q_[i] = 0.0;
    if (target_ >= first && target_ < first + count) q_[target_ - first] = of_target();
    return q_;
  }

 private:
  HWY_INLINE HWY_ATTR void put(index_t first, index_t i, index_t left) {
    const doubles d;
    const auto zero = hn::Zero(d);
    vector_pair q{zero, zero};
    if (labels_.first != nullptr) q = load_strided<Flush>(labels_, first + i, left);
    if (run_.smoothed) {
      const auto factor = hn::Set(d, run_.kept), share = hn::Set(d, run_.share);
      q = {hn::MulAdd(factor, q.v0, share), hn::MulAdd(factor, q.v1, share)};
    }
    if (run_.weights.first != nullptr) {
      const vector_pair weight = load_strided<Flush>(run_.weights, first + i, left);
      q = {hn::Mul(weight.v0, q.v0), hn::Mul(weight.v1, q.v1)};
    }
    store_doubles(q, q_ + i);
  }
  double of_target() const {
    const double q = run_.smoothed ? run_.kept + run_.share : 1.0;
    if (run_.weights.first == nullptr) return q;
    return detail::widen<Flush>(detail::load(run_.weights.at(target_))) * q;
  }

  const soft_rows<T>& run_;
  strided<const T> labels_;
  index_t target_, held_ = -1;
  HWY_ALIGN double q_[static_cast<std::size_t>(block)];
};

/// W, the sum of the labels.
template <bool Flush, floating T>
class sum_of_labels {
 public:
  HWY_ATTR explicit sum_of_labels(label_reader<Flush, T>& labels) : labels_(labels) {}
  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) { q_ = labels_.elements(first, count); }
  HWY_INLINE HWY_ATTR void add(hn::Vec<doubles> (&lane)[vectors], index_t i, index_t) const {
    const doubles d;
    for (std::size_t k = 0; k < vectors; ++k) lane[k] = hn::Add(lane[k], hn::Load(d, q_ + i + k * width));
  }

 private:
  label_reader<Flush, T>& labels_;
  const double* q_ = nullptr;
};

/// A, the sum of the labels times what their logits are below the maximum.
template <bool Flush, floating T>
class sum_of_distances {
 public:
  HWY_ATTR sum_of_distances(row_reader<T>& x, label_reader<Flush, T>& labels, T maximum, bool ieee)
      : row_(x),
        labels_(labels),
        greatest_(maximum),
        maximum_(hn::Set(doubles(), maximum_of<Flush>(maximum))),
        strong_(hn::Set(doubles(), ieee ? canonical_nan<double>() : 0.0)) {}
  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    x_ = row_.elements(first, count);
    q_ = labels_.elements(first, count);
  }
  HWY_INLINE HWY_ATTR void add(hn::Vec<doubles> (&lane)[vectors], index_t i, index_t count) const {
    const doubles d;
    const padded<step, T> x(x_ + i, count, greatest_);
    for (std::size_t k = 0; k < vectors; ++k) {
      const auto q = hn::Load(d, q_ + i + k * width);
      const auto distance = hn::Sub(maximum_, load_as_doubles<Flush>(d, x.data() + k * width));
      lane[k] = hn::Add(lane[k], hn::IfThenZeroElse(hn::Eq(q, strong_), hn::Mul(q, distance)));
    }
  }

 private:
  row_reader<T>& row_;
  label_reader<Flush, T>& labels_;
  T greatest_;
  hn::Vec<doubles> maximum_, strong_;
  const T* x_ = nullptr;
  const double* q_ = nullptr;
};

/// factor ((W / S) e - q'); the exponentials are at `e`, unless that is null.
template <bool Flush, floating T>
class soft_gradients {
 public:
  HWY_ATTR soft_gradients(row_reader<T>& x, label_reader<Flush, T>& labels, double maximum, const double* e,
                          double share, double factor)
      : row_(x),
        labels_(labels),
        e_(e),
        maximum_(broadcast(maximum)),
        share_(broadcast(share)),
        factor_(broadcast(factor)) {}
  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    x_ = row_.elements(first, count);
    q_ = labels_.elements(first, count);
  }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t count, T* y) const {
    const padded<step, T> x(x_ + i, count, negative_infinity<T>());
    for (std::size_t k = 0; k < lanes; k += 2 * width) {
      vector_pair e = e_ == nullptr ? differences<Flush>(x.data() + k, maximum_) : load_doubles(e_ + i + k);
      if (e_ == nullptr) exp_nonpositive(doubles(), e.v0, e.v1);
      const vector_pair q = load_doubles(q_ + i + k);
      e = {hn::MulSub(share_.v0, e.v0, q.v0), hn::MulSub(share_.v1, e.v1, q.v1)};
      store_pair<Flush, false>({hn::Mul(factor_.v0, e.v0), hn::Mul(factor_.v1, e.v1)}, y + k);
    }
  }

 private:
  row_reader<T>& row_;
  label_reader<Flush, T>& labels_;
  const double* e_;
  vector_pair maximum_, share_, factor_;
  const T* x_ = nullptr;
  const double* q_ = nullptr;
};

/// A row; false where it is the definition's.
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR bool compute_soft_row(const soft_rows<T>& run, index_t row, T* room) {
  const index_t n = run.length;
  row_reader<T> x({run.x.row(row), run.x.along}, {nullptr, 0}, negative_infinity<T>(), room);
  const extreme<T> greatest = maximum_of_row(x, n);
  if (!greatest.ordinary) return false;
  label_reader<Flush, T> labels(run, row);
  sum_of_labels<Flush, T> label_terms(labels);
  const double sum = sum_of_row(n, label_terms);
  if (!is_finite(sum)) return false;  // a label is not: finite ones are far from the end of doubles
  const double total = run.assume_one ? 1.0 : sum, m = maximum_of<Flush>(greatest.maximum);

  HWY_ALIGN double e[static_cast<std::size_t>(block)];
  const bool keep = n <= block && run.wants_gradient();
  const auto mass = keep ? mass_of_row<true, Flush>(x, n, m, e) : mass_of_row<false, Flush>(x, n, m, nullptr);
  if (run.loss != nullptr) {
    const doubles d;
    sum_of_distances<Flush, T> distance_terms(x, labels, greatest.maximum, run.ieee);
    const double distances = sum_of_row(n, distance_terms);
    const auto log_sum = log1p_nonnegative(d, hn::Set(d, mass.excess));
    run.loss[row] = hn::GetLane(hn::MulAdd(hn::Set(d, total), log_sum, hn::Set(d, distances)));
  }
  if (run.wants_gradient()) {
    soft_gradients<Flush, T> results(x, labels, m, keep ? e : nullptr, total / mass.sum, run.factor[row]);
    write_row(n, results, strided<T>{run.gradient.row(row), run.gradient.along}, room);
  }
  return true;
}

/// What detail::define_soft_rows gives.
template <bool Flush, floating T>
HWY_ATTR void compute_soft_rows(const soft_rows<T>& run) noexcept {
  T room[static_cast<std::size_t>(block)];
  for (index_t row = 0; row < run.count; ++row) {
    const bool defined = run.target[row] == detail::target_by_definition;
    if (defined || !compute_soft_row<Flush>(run, row, room)) run.define(row);
  }
}

}  // namespace cross_entropy

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

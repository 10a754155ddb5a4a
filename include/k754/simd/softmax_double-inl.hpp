// The softmax family of double on vectors, in double-double: the bits of reference/softmax.hpp. Read once for each target (no
// include guard), after softmax-inl.hpp, which has how rows are read and written, and where rows are ordinary.
#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax_double {

using detail::strided;
using reference::compensated;
using softmax::block;
using softmax::doubles;
using softmax::lanes;
using softmax::row_kernel;
using softmax::row_reader;
using softmax::step;
using softmax::vectors;
using softmax::width;

using each_vector =
    std::make_index_sequence<vectors>;  // loops over it are unrolled, whatever the compiler thinks of that

/// Exponentials that are kept, in place of being made again: 16 KiB, beside the 8 of a block of elements.
inline constexpr index_t kept = 2048;

/// A double-double in each lane.
struct pair {
  hn::Vec<doubles> high, low;
};

/// d = x - m for x <= m, exactly; where it overflows, d.low is not a number.
HWY_INLINE HWY_ATTR pair difference(hn::Vec<doubles> x, hn::Vec<doubles> minus_m) {
  auto low = x;
  const auto high = double_double::two_sum(doubles(), x, minus_m, low);
  return {high, low};
}

/// E = 2^256 exp(d), for d < 0; others make some number.
HWY_INLINE HWY_ATTR pair scaled_exponential(pair x) {
  const doubles d;
  const hn::RebindToUnsigned<doubles> bits;
  auto exponent = hn::BitCast(bits, x.high);
  auto low = x.low;
  const auto significand = double_double::exponential(d, x.high, x.low, low, exponent);
  const auto biased = hn::Add(exponent, hn::Set(bits, std::uint64_t{1023 + 256}));
  const auto scale = hn::BitCast(d, hn::ShiftLeft<52>(biased));
  const auto counts = hn::Ge(x.high, hn::Set(d, -800.0));
  return {hn::IfThenElseZero(counts, hn::Mul(significand, scale)),  // exact products
          hn::IfThenElseZero(counts, hn::Mul(low, scale))};
}

/// The lanes of a reference::lane_sum<compensated>: of its sums or their errors.
using lane_vectors = hn::Vec<doubles>[vectors];

HWY_INLINE HWY_ATTR void clear(lane_vectors& v) {
  for (auto& lane : v) lane = hn::Zero(doubles());
}

/// The sum of compensated numbers and pairs.
HWY_INLINE HWY_ATTR void add_to(hn::Vec<doubles>& sum, hn::Vec<doubles>& error, pair x) {
  auto lost = sum;
  sum = double_double::two_sum(doubles(), sum, x.high, lost);
  error = hn::Add(error, hn::Add(lost, x.low));
}

/// The fold of reference::lane_sum.
HWY_INLINE HWY_ATTR compensated folded(const lane_vectors& sums, const lane_vectors& errors) {
  const doubles d;
  HWY_ALIGN double sum[lanes], error[lanes];
  for (std::size_t k = 0; k < vectors / 2; ++k) {
    auto folded_sum = sums[k], folded_error = errors[k];
    add_to(folded_sum, folded_error, {sums[k + vectors / 2], errors[k + vectors / 2]});
    hn::Store(folded_sum, d, sum + k * width);
    hn::Store(folded_error, d, error + k * width);
  }
  compensated lane[lanes / 2];
  for (std::size_t l = 0; l < lanes / 2; ++l) lane[l] = {sum[l], error[l]};
  for (std::size_t w = lanes / 4; w > 0; w /= 2) {
    for (std::size_t l = 0; l < w; ++l) lane[l] = lane[l] + lane[l + w];
  }
  return lane[0];
}

/// The reference::lane_sum<compensated> over a row of `n` elements, of the sums of its blocks.
template <class Terms>
HWY_INLINE HWY_ATTR compensated sum_of_row(index_t n, Terms& terms) {
  if (n <= block) return terms.sum_of_block(0, n);
  reference::pairwise_sum<compensated> blocks;
  index_t first = 0;
  for (; n - first > block; first += block) blocks.add(terms.sum_of_block(first, block));
  return blocks.total_with(terms.sum_of_block(first, n - first));
}

/// What a row's exponentials add to its sum. `Keep`: their high parts stay at `e`, with 2^256 in place of that of m.
template <bool Keep, bool Flush>
class exponentials {
 public:
  HWY_ATTR exponentials(row_reader<double>& row, double maximum, double* e)
      : row_(row), minus_m_(hn::Set(doubles(), -maximum)), below_(hn::Zero(doubles())), e_(e) {}

  HWY_INLINE HWY_ATTR compensated sum_of_block(index_t first, index_t count) {
    const double* const x = row_.elements(first, count);
    lane_vectors sums, errors;
    clear(sums);
    clear(errors);
    for (index_t i = 0; i < count; i += step) {
      const softmax::padded<step, double> some(x + i, count - i, negative_infinity<double>());
      add_all(some.data(), sums, errors, first + i, each_vector());
    }
    return folded(sums, errors);
  }
  /// How many elements were below the maximum; what the last 16 were filled with is among them.
  HWY_ATTR double below() const {
    HWY_ALIGN double counts[width];
    hn::Store(below_, doubles(), counts);
    double sum = 0.0;
    for (const double count : counts) sum += count;
    return sum;
  }

 private:
  template <std::size_t... Vectors>
  HWY_INLINE HWY_ATTR void add_all(const double* x, lane_vectors& sums, lane_vectors& errors, index_t i,
                                   std::index_sequence<Vectors...>) {
    (add(x + Vectors * width, sums[Vectors], errors[Vectors], i, Vectors), ...);
  }
  HWY_INLINE HWY_ATTR void add(const double* x, hn::Vec<doubles>& sum, hn::Vec<doubles>& error, index_t i,
                               std::size_t k) {
    const doubles d;
    const pair v = difference(load_as_doubles<Flush>(d, x), minus_m_);
    const auto is_below = hn::Lt(v.high, hn::Zero(d));
    const pair e = scaled_exponential(v);
    add_to(sum, error, {hn::IfThenElseZero(is_below, e.high), hn::IfThenElseZero(is_below, e.low)});
    below_ = softmax::add_where(is_below, below_, hn::Set(d, 1.0));
    if constexpr (Keep) {
      hn::Store(hn::IfThenElse(is_below, e.high, hn::Set(d, 0x1p+256)), d,
                e_ + i + static_cast<index_t>(k * width));
    }
  }

  row_reader<double>& row_;
  hn::Vec<doubles> minus_m_, below_;
  double* e_;
};

/// The mass of an ordinary row; `Keep`: with its exponentials.
template <bool Keep, bool Flush>
HWY_INLINE HWY_ATTR reference::row_mass<double> mass_of_row(row_reader<double>& x, index_t n, double m,
                                                            double* e) {
  exponentials<Keep, Flush> terms(x, m, e);
  reference::row_mass<double> mass{.kind = reference::row_kind::ordinary, .maximum = m};
  const compensated rest = sum_of_row(n, terms);
  mass.maxima = n + (step - n % step) % step - static_cast<index_t>(terms.below());
  reference::set_sums(mass, rest.value());
  return mass;
}

/// 1 / S
HWY_INLINE HWY_ATTR reference::double_double reciprocal(reference::double_double s) {
  const doubles d;
  auto low = hn::Zero(d);
  const auto high =
      double_double::divide(d, hn::Set(d, 1.0), hn::Zero(d), hn::Set(d, s.high), hn::Set(d, s.low), low);
  return {hn::GetLane(high), hn::GetLane(low)};
}

/// L of a row.
HWY_INLINE HWY_ATTR reference::double_double log_sum(const reference::row_mass<double>& mass) {
  if (mass.excess.high < 0x1p-70) return mass.excess;
  const doubles d;
  auto low = hn::Zero(d);
  const auto high =
      double_double::log1p_of_normal(d, hn::Set(d, mass.excess.high), hn::Set(d, mass.excess.low), low);
  return {hn::GetLane(high), hn::GetLane(low)};
}

/// Results of a row, 16 at a time: of softmax from its exponentials, kept or made again, and 1/S; of log_softmax from -L.
template <row_kernel K, bool Kept, bool Flush>
class row_results {
 public:
  HWY_ATTR row_results(row_reader<double>& row, double maximum, const double* e,
                       reference::double_double parameter)
      : row_(row),
        minus_m_(hn::Set(doubles(), -maximum)),
        parameter_{hn::Set(doubles(), parameter.high), hn::Set(doubles(), parameter.low)},
        e_(e) {}

  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    if constexpr (Kept) {
      e_ += first > 0 ? block : 0;
    } else {
      e_ = row_.elements(first, count);
    }
  }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t count, double* y) const {
    if constexpr (Kept) {
      put_all(e_ + i, y, each_vector());
    } else {
      const softmax::padded<step, double> some(e_ + i, count, negative_infinity<double>());
      put_all(some.data(), y, each_vector());
    }
  }

 private:
  template <std::size_t... Vectors>
  HWY_INLINE HWY_ATTR void put_all(const double* x, double* y, std::index_sequence<Vectors...>) const {
    (put_vector(x + Vectors * width, y + Vectors * width), ...);
  }
  HWY_INLINE HWY_ATTR void put_vector(const double* x, double* y) const {
    const doubles d;
    if constexpr (Kept) {
      put_share(hn::Load(d, x), y);
    } else {
      const pair v = difference(load_as_doubles<Flush>(d, x), minus_m_);
      if constexpr (K == row_kernel::softmax) {
        const auto is_below = hn::Lt(v.high, hn::Zero(d));
        put_share(hn::IfThenElse(is_below, scaled_exponential(v).high, hn::Set(d, 0x1p+256)), y);
      } else {
        auto low = v.low;
        const auto sum = double_double::add(d, v.high, v.low, parameter_.high, parameter_.low, low);
        const auto is_finite = hn::Ge(v.high, hn::Set(d, -0x1.fffffffffffffp+1023));
        store_rounded<Flush>(d, hn::IfThenElse(is_finite, sum, hn::Set(d, negative_infinity<double>())), y);
      }
    }
  }
  /// 2^-256 E / S
  HWY_INLINE HWY_ATTR void put_share(hn::Vec<doubles> e, double* y) const {
    const doubles d;
    const auto share = hn::MulAdd(e, parameter_.high, hn::Mul(e, parameter_.low));
    store_rounded<Flush>(d, double_double::product(d, share, hn::Set(d, 0x1p-256)), y);
  }

  row_reader<double>& row_;
  hn::Vec<doubles> minus_m_;
  pair parameter_;
  const double* e_;
};

/// An ordinary row.
template <row_kernel K, bool Flush>
HWY_INLINE HWY_ATTR void compute_row(row_reader<double>& x, index_t n, double m, strided<double> y,
                                     double* room) {
  if constexpr (K == row_kernel::softmax) {
    HWY_ALIGN double e[static_cast<std::size_t>(kept)];
    if (n <= kept) {
      const auto mass = mass_of_row<true, Flush>(x, n, m, e);
      row_results<K, true, Flush> results(x, m, e, reciprocal(mass.sum));
      softmax::write_row(n, results, y, room);
    } else {
      const auto mass = mass_of_row<false, Flush>(x, n, m, nullptr);
      row_results<K, false, Flush> results(x, m, nullptr, reciprocal(mass.sum));
      softmax::write_row(n, results, y, room);
    }
  } else {
    const auto mass = mass_of_row<false, Flush>(x, n, m, nullptr);
    const reference::double_double log = log_sum(mass);
    if constexpr (K == row_kernel::log_softmax) {
      row_results<K, false, Flush> results(x, m, nullptr, {-log.high, -log.low});
      softmax::write_row(n, results, y, room);
    } else {
      detail::store(y.first, reference::detail_softmax::result<Flush, double>(reference::add(log, m).high));
    }
  }
}

/// What detail::rows_in_turn gives.
template <row_kernel K, bool Flush>
HWY_ATTR void compute_rows(const detail::row_run<double>& run) noexcept {
  if (run.length < 1) return detail::rows_in_turn<K, Flush>(run);
  HWY_ALIGN double room[static_cast<std::size_t>(block)];
  for (index_t row = 0; row < run.count; ++row) {
    row_reader<double> x(softmax::row_of(run.x, row), softmax::row_of(run.mask, row),
                         negative_infinity<double>(), room);
    const softmax::extreme<double> greatest = softmax::maximum_of_row(x, run.length);
    if (greatest.ordinary) {
      compute_row<K, Flush>(x, run.length, softmax::maximum_of<Flush>(greatest.maximum),
                            softmax::row_of(run.y, row), room);
    } else {
      detail::rows_in_turn<K, Flush>(run.part(row, 1));
    }
  }
}

}  // namespace softmax_double

template <detail::row_kernel K, bool Flush>
requires(!detail::is_gradient(K)) struct code_of<detail::softmax_kernel<K, Flush, double>>
    : detail::vector_code<&softmax_double::compute_rows<K, Flush>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// gradients
#include "softmax_double_gradients-inl.hpp"

#endif  // HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

// The gradients of softmax and log_softmax of double. A part of softmax_double-inl.hpp, which includes it (no include
// guard); y is the output of the function, g the upstream gradient.
//
// Three passes: the largest gradient, from which a power of two follows that keeps the sum in range; the sum; the results. Where
// magnitudes are moderate, significands need no exponents of their own: scaling by powers of two is exact. Vectors with
// others, and rows whose sum is extreme or not finite, are the reference's.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax_double {

using reference::scaled_double_double;

/// What adds nothing: elements that are absent, or behind the last one.
template <row_kernel K>
constexpr double absent_y() {
  return K == row_kernel::softmax_backward ? 0.0 : negative_infinity<double>();
}

/// 16 elements of an operand each, as far as there are so many.
template <row_kernel K>
class gradient_step {
 public:
  HWY_INLINE HWY_ATTR gradient_step(const double* y, const double* g, index_t count)
      : y_(y, count, absent_y<K>()), g_(g, count, 0.0) {}
  template <bool Flush>
  HWY_INLINE HWY_ATTR hn::Vec<doubles> y(std::size_t k) const {
    return load_as_doubles<Flush>(doubles(), y_.data() + k);
  }
  template <bool Flush>
  HWY_INLINE HWY_ATTR hn::Vec<doubles> g(std::size_t k) const {
    return load_as_doubles<Flush>(doubles(), g_.data() + k);
  }

 private:
  softmax::padded<step, double> y_, g_;
};

/// Of a row: whether what is summed is finite, and the largest magnitude of the gradients that count.
struct gradient_range {
  bool finite;
  double largest;
};

template <row_kernel K, bool Flush>
HWY_INLINE HWY_ATTR gradient_range range_of(row_reader<double>& y, row_reader<double>& g, index_t n) {
  const doubles d;
  const hn::RebindToSigned<doubles> integers;  // not negative: magnitudes
  auto largest = hn::Zero(integers), largest_term = largest;
  for (index_t first = 0; first < n; first += block) {
    const index_t count = n - first < block ? n - first : block;
    const double *const ys = y.elements(first, count), *const gs = g.elements(first, count);
    for (index_t i = 0; i < count; i += step) {
      const gradient_step<K> some(ys + i, gs + i, count - i);
      for (std::size_t k = 0; k < lanes; k += width) {
        const auto gradient = some.template g<Flush>(k);
        auto magnitude = hn::BitCast(integers, hn::Abs(gradient)), term = magnitude;
        if constexpr (K == row_kernel::softmax_backward) {
          const auto output = some.template y<Flush>(k);
          term = hn::BitCast(integers, hn::Abs(hn::Mul(output, gradient)));
          magnitude = hn::IfThenZeroElse(hn::RebindMask(integers, is_zero(d, output)), magnitude);
        }
        largest = hn::Max(largest, magnitude);
        largest_term = hn::Max(largest_term, term);
      }
    }
  }
  HWY_ALIGN double all[width], terms[width];
  hn::Store(hn::BitCast(d, largest), d, all);
  hn::Store(hn::BitCast(d, largest_term), d, terms);
  gradient_range r{true, 0.0};
  for (std::size_t l = 0; l < width; ++l) {
    r.finite = r.finite && is_finite(terms[l]);
    r.largest = reference::detail_softmax::larger_magnitude(r.largest, all[l]);
  }
  return r;
}

/// y_i (2^k g_i) or 2^k g_i.
template <row_kernel K, bool Flush>
HWY_INLINE HWY_ATTR pair term_of(const gradient_step<K>& some, std::size_t k, hn::Vec<doubles> scale) {
  const doubles d;
  const auto scaled = double_double::product(d, some.template g<Flush>(k), scale);
  if constexpr (K == row_kernel::softmax_backward) {
    const auto y = some.template y<Flush>(k);
    const auto counts = hn::Not(is_zero(d, y));
    auto low = y;
    const auto high = double_double::two_product(d, y, scaled, low);
    return {hn::IfThenElseZero(counts, high), hn::IfThenElseZero(counts, low)};
  } else {
    return {scaled, hn::Zero(d)};
  }
}
template <row_kernel K, bool Flush, std::size_t... Vectors>
HWY_INLINE HWY_ATTR void add_terms(const gradient_step<K>& some, hn::Vec<doubles> scale, lane_vectors& sums,
                                   lane_vectors& errors, std::index_sequence<Vectors...>) {
  (add_to(sums[Vectors], errors[Vectors], term_of<K, Flush>(some, Vectors * width, scale)), ...);
}

/// The terms of a row, scaled by 2^k, which is `power`.
template <row_kernel K, bool Flush>
class gradient_terms {
 public:
  HWY_ATTR gradient_terms(row_reader<double>& y, row_reader<double>& g, double power)
      : y_(y), g_(g), scale_(hn::Set(doubles(), power)) {}

  HWY_INLINE HWY_ATTR compensated sum_of_block(index_t first, index_t count) const {
    const double *const ys = y_.elements(first, count), *const gs = g_.elements(first, count);
    lane_vectors sums, errors;
    clear(sums);
    clear(errors);
    for (index_t i = 0; i < count; i += step) {
      const gradient_step<K> some(ys + i, gs + i, count - i);
      add_terms<K, Flush>(some, scale_, sums, errors, each_vector());
    }
    return folded(sums, errors);
  }

 private:
  row_reader<double>& y_;
  row_reader<double>& g_;
  hn::Vec<doubles> scale_;
};

// Magnitudes between these bounds are moderate: no product, no difference of exponents is out of range.
inline constexpr double least_output = 0x1p-300, least_gradient = 0x1p-90, greatest_gradient = 0x1p+90;
/// From `least_log` exp(y) is moderate, and 1 - exp(y) from `least_magnitude_of_log`; up to `no_log` exp(y) counts as zero.
inline constexpr double least_log = -69.0, least_magnitude_of_log = 0x1p-200, no_log = -1600.0;

HWY_INLINE HWY_ATTR hn::Mask<doubles> is_moderate_or_zero(hn::Vec<doubles> x, double least, double greatest) {
  const doubles d;
  return hn::Or(is_zero(d, x), lies_in(d, hn::Abs(x), least, greatest));
}

/// Gradients, and whether they are right, given the row's sum.
template <row_kernel K>
HWY_INLINE HWY_ATTR hn::Vec<doubles> moderate_gradients(hn::Vec<doubles> y, hn::Vec<doubles> g,
                                                        pair minus_sum, hn::Mask<doubles>& are_right) {
  const doubles d;
  const auto zero = hn::Zero(d);
  auto low = y;
  are_right = is_moderate_or_zero(g, least_gradient, greatest_gradient);
  if constexpr (K == row_kernel::softmax_backward) {
    auto difference_low = y;
    const auto difference = double_double::add(d, g, zero, minus_sum.high, minus_sum.low, difference_low);
    are_right = hn::And(are_right, is_moderate_or_zero(y, least_output, 1.0 / least_output));
    return double_double::multiply(d, y, difference, difference_low, low);
  } else {
    const hn::RebindToUnsigned<doubles> bits;
    const auto is_none = lies_in(d, hn::Neg(y), -no_log, canonical_nan<double>());
    const auto is_moderate =
        hn::Or(is_zero(d, y), hn::Or(lies_in(d, hn::Neg(y), least_magnitude_of_log, -least_log),
                                     lies_in(d, y, 0.0, canonical_nan<double>())));
    const auto exponent_of_e = hn::IfThenElseZero(hn::Lt(y, zero), y);
    auto exponent = hn::BitCast(bits, y);
    auto e_low = y;
    const auto significand = double_double::exponential(d, exponent_of_e, zero, e_low, exponent);
    const auto power =
        hn::BitCast(d, hn::ShiftLeft<52>(hn::Add(exponent, hn::Set(bits, std::uint64_t{1023}))));
    const auto e = double_double::product(d, significand, power);
    e_low = double_double::product(d, e_low, power);
    auto share_low = y;
    auto share = double_double::multiply(d, e, e_low, minus_sum.high, minus_sum.low, share_low);
    share = hn::IfThenZeroElse(is_none, share);
    share_low = hn::IfThenZeroElse(is_none, share_low);
    const auto result = double_double::add(d, g, zero, share, share_low, low);
    const auto y_is_number = is_number(d, y);
    are_right = hn::And(are_right, hn::Or(hn::Not(y_is_number), hn::Or(is_none, is_moderate)));
    return hn::IfThenElse(y_is_number, result, y);
  }
}

/// The results of a row, 16 at a time.
template <row_kernel K, bool Flush>
class gradient_results {
 public:
  HWY_ATTR gradient_results(row_reader<double>& y, row_reader<double>& g, scaled_double_double sum)
      : y_reader_(y),
        g_reader_(g),
        sum_(sum),
        minus_sum_{hn::Set(doubles(), -sum.significand.high * reference::power_of_two(sum.exponent)),
                   hn::Set(doubles(), -sum.significand.low * reference::power_of_two(sum.exponent))} {}

  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    y_ = y_reader_.elements(first, count);
    g_ = g_reader_.elements(first, count);
  }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t count, double* gradient) const {
    const doubles d;
    const gradient_step<K> some(y_ + i, g_ + i, count);
    HWY_ALIGN double results[lanes];  // since these may be where y or g are
    for (std::size_t k = 0; k < lanes; k += width) {
      const auto y = some.template y<Flush>(k), g = some.template g<Flush>(k);
      auto are_right = is_number(d, y);
      const auto result = moderate_gradients<K>(y, g, minus_sum_, are_right);
      store_rounded<Flush, with_nans>(d, result, results + k);
      if (!hn::AllTrue(d, are_right)) put_in_turn(y, g, results + k);
    }
    for (std::size_t k = 0; k < lanes; k += width) hn::StoreU(hn::Load(d, results + k), d, gradient + k);
  }

 private:
  HWY_NOINLINE HWY_ATTR void put_in_turn(hn::Vec<doubles> y, hn::Vec<doubles> g, double* gradient) const {
    namespace definition = reference::detail_softmax;
    const doubles d;
    HWY_ALIGN double ys[width], gs[width];
    hn::Store(y, d, ys);
    hn::Store(g, d, gs);
    for (std::size_t l = 0; l < width; ++l) {
      const double result = K == row_kernel::softmax_backward
                                ? definition::softmax_gradient(ys[l], gs[l], sum_)
                                : definition::log_softmax_gradient(ys[l], gs[l], sum_);
      gradient[l] = definition::result<Flush, double>(result);
    }
  }

  row_reader<double>& y_reader_;
  row_reader<double>& g_reader_;
  scaled_double_double sum_;
  pair minus_sum_;
  const double *y_ = nullptr, *g_ = nullptr;
};

/// Whether a row's gradients were put.
template <row_kernel K, bool Flush>
HWY_INLINE HWY_ATTR bool put_gradients(row_reader<double>& y, row_reader<double>& g, index_t n,
                                       strided<double> to, double* room) {
  namespace definition = reference::detail_softmax;
  const gradient_range range = range_of<K, Flush>(y, g, n);
  if (!range.finite) return false;
  const int k = definition::scale_exponent(range.largest);
  gradient_terms<K, Flush> terms(y, g, reference::power_of_two(k));
  const compensated total = sum_of_row(n, terms);
  const scaled_double_double sum = definition::normalized(total.value(), -k);
  const double low = detail::magnitude_bits(sum.significand.low) == 0 ? 1.0 : sum.significand.low;
  const bool is_moderate = sum.exponent >= -90 && sum.exponent <= 88 && (low >= 0x1p-400 || low <= -0x1p-400);
  if (!is_moderate) return false;
  gradient_results<K, Flush> results(y, g, sum);
  softmax::write_row(n, results, to, room);
  return true;
}

/// What detail::rows_in_turn gives.
template <row_kernel K, bool Flush>
HWY_ATTR void compute_gradients(const detail::row_run<double>& run) noexcept {
  HWY_ALIGN double y_room[static_cast<std::size_t>(block)], g_room[static_cast<std::size_t>(block)];
  for (index_t row = 0; row < run.count; ++row) {
    const strided<const bool> mask = softmax::row_of(run.mask, row);
    row_reader<double> y(softmax::row_of(run.x, row), mask, absent_y<K>(), y_room);
    row_reader<double> g(softmax::row_of(run.upstream, row), mask, 0.0, g_room);
    if (run.length < 1 || !put_gradients<K, Flush>(y, g, run.length, softmax::row_of(run.y, row), y_room)) {
      detail::rows_in_turn<K, Flush>(run.part(row, 1));
    }
  }
}

}  // namespace softmax_double

template <detail::row_kernel K, bool Flush>
requires(detail::is_gradient(K)) struct code_of<detail::softmax_kernel<K, Flush, double>>
    : detail::vector_code<&softmax_double::compute_gradients<K, Flush>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

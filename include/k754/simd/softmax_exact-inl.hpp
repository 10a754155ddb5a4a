// What precision::exact adds to the softmax family on vectors: results in double that may round to either of two numbers are
// found, and left to reference::exact_row. A part of softmax-inl.hpp, which includes it (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// What results in double are off by, in units of their last place, where they are not small; in rows of `n` elements. With
/// the depth of a lane_sum, D = 78 for 2^20 elements and 90 for 2^32: 78 + 6 for sums, exponentials and operations, 8 and 32
/// where the differences of S and of e_i are not exact, a difference of 42 at most; for more elements 90 + 6 + 16 + 32.
constexpr std::uint64_t doubt_of(index_t n) { return n <= (index_t{1} << 20) ? 128 : 256; }
/// Beyond this a row is the reference's.
inline constexpr index_t longest_exact = index_t{1} << 32;

/// As bits that are equal where elements are.
template <floating T>
HWY_INLINE HWY_ATTR hn::Vec<hn::RebindToUnsigned<doubles>> rounded_bits(hn::Vec<doubles> v) {
  const doubles d;
  const hn::RebindToUnsigned<doubles> bits;
  if constexpr (std::same_as<T, float>) {
    return hn::BitCast(bits, hn::PromoteTo(d, hn::DemoteTo(hn::Rebind<float, doubles>(), v)));
  } else {
    return narrowed_bits<detail::format_of<T>, false, false, false>(d, v);
  }
}

/// What of the results may be in doubt: where they are normal and not small, the bits that rounding takes off tell how far from
/// a tie they are; others are all among them.
template <floating T>
struct quick_doubts {
  hn::Mask<doubles> close, is_small;

  HWY_INLINE HWY_ATTR quick_doubts(hn::Vec<doubles> v, std::uint64_t doubt) {
    using format = detail::format_of<T>;
    constexpr int dropped = 52 - format::fraction_bits;
    constexpr double smallest = format::min_exponent < -60 ? 0x1p-60 : 0x1p-14;
    static_assert(format::min_exponent < -60 || format::min_exponent == -14);
    const doubles d;
    const hn::RebindToUnsigned<doubles> bits;
    const hn::RebindToSigned<doubles> integers;
    // a tie is the least integer
    const auto place = hn::ShiftLeft<64 - dropped>(hn::Add(hn::BitCast(bits, v), hn::Set(bits, doubt)));
    const auto end = hn::Set(
        integers, static_cast<std::int64_t>((std::uint64_t{1} << 63) | (2 * doubt << (64 - dropped))));
    close = hn::RebindMask(d, hn::Gt(end, hn::BitCast(integers, place)));
    is_small = hn::Lt(hn::Abs(v), hn::Set(d, smallest));
  }
  HWY_INLINE HWY_ATTR hn::Mask<doubles> any() const { return hn::Or(close, is_small); }
};

/// Which of the results may round to either of two numbers; small ones are rounded from both ends of reference::exact_row's
/// interval.
template <floating T>
HWY_INLINE HWY_ATTR hn::Mask<doubles> in_doubt(hn::Vec<doubles> v, std::uint64_t doubt) {
  const doubles d;
  const quick_doubts<T> quick(v, doubt);
  if (HWY_LIKELY(hn::AllFalse(d, quick.is_small))) return quick.close;
  constexpr double error = reference::detail_softmax_exact::first_error;
  const auto low = rounded_bits<T>(hn::Mul(v, hn::Set(d, 1.0 - error)));
  const auto high = rounded_bits<T>(hn::Mul(v, hn::Set(d, 1.0 + error)));
  return hn::Or(quick.close, hn::AndNot(hn::RebindMask(d, hn::Eq(low, high)), quick.is_small));
}
template <floating T>
HWY_INLINE HWY_ATTR bool any_in_doubt(vector_pair v, std::uint64_t doubt) {
  const doubles d;
  const quick_doubts<T> quick0(v.v0, doubt), quick1(v.v1, doubt);
  if (HWY_LIKELY(hn::AllFalse(d, hn::Or(quick0.any(), quick1.any())))) return false;
  return !hn::AllFalse(d, hn::Or(in_doubt<T>(v.v0, doubt), in_doubt<T>(v.v1, doubt)));
}

/// m + L in a row's place, where it is certain.
template <bool Flush, floating T>
bool store_certain(double maximum, double log_sum, T* y) {
  const double value = maximum + log_sum;
  const double error =
      reference::detail_softmax_exact::first_error * (log_sum + (value < 0.0 ? -value : value));
  const T low = reference::detail_softmax::result<Flush, T>(value - error);
  if (to_bits(low) != to_bits(reference::detail_softmax::result<Flush, T>(value + error))) return false;
  detail::store(y, low);
  return true;
}

/// What a + b, rounded to `sum`, has lost.
HWY_INLINE HWY_ATTR hn::Vec<doubles> low_part(hn::Vec<doubles> a, hn::Vec<doubles> b, hn::Vec<doubles> sum) {
  const auto b_part = hn::Sub(sum, a);
  return hn::Add(hn::Sub(a, hn::Sub(sum, b_part)), hn::Sub(b, b_part));
}
/// Adds exponentials of differences that are `low` larger, and what that loses.
HWY_INLINE HWY_ATTR void add_closely(hn::Vec<doubles> e, hn::Vec<doubles> low, hn::Vec<doubles>& sum,
                                     hn::Vec<doubles>& error) {
  const doubles d;
  const auto lost = hn::IfThenElseZero(hn::Gt(e, hn::Zero(d)), low);  // of -inf it is a NaN
  const auto next = hn::Add(sum, e);
  error = hn::MulAdd(e, lost, hn::Add(error, low_part(sum, e, next)));
  sum = next;
}

/// R of a row, of exponentials in double, but with what differences and sums lose: within `rest_error` of it.
inline constexpr double rest_error = 0x1.5p-53;
template <bool Flush, floating T>
HWY_NOINLINE HWY_ATTR reference::double_double closer_rest(strided<const T> x, strided<const bool> mask,
                                                           index_t n, double maximum) {
  const doubles d;
  T room[static_cast<std::size_t>(block)];
  row_reader<T> row(x, mask, negative_infinity<T>(), room);
  const vector_pair minus_m = broadcast(-maximum);
  reference::compensated total;
  for (index_t first = 0; first < n; first += block) {
    const index_t count = n - first < block ? n - first : block;
    const T* const elements = row.elements(first, count);
    vector_pair sum = broadcast(0.0), error = sum;
    for (index_t i = 0; i < count; i += pair_width) {
      const padded<pair_width, T> line(elements + i, count - i, negative_infinity<T>());
      const vector_pair v = load_pair<Flush>(line.data());
      vector_pair e{hn::Add(v.v0, minus_m.v0), hn::Add(v.v1, minus_m.v1)};
      const vector_pair low{low_part(v.v0, minus_m.v0, e.v0), low_part(v.v1, minus_m.v1, e.v1)};
      const auto below0 = hn::Lt(e.v0, hn::Zero(d)), below1 = hn::Lt(e.v1, hn::Zero(d));
      exp_nonpositive(d, e.v0, e.v1);
      add_closely(hn::IfThenElseZero(below0, e.v0), low.v0, sum.v0, error.v0);
      add_closely(hn::IfThenElseZero(below1, e.v1), low.v1, sum.v1, error.v1);
    }
    HWY_ALIGN double sums[pair_width], errors[pair_width];
    store_doubles(sum, sums);
    store_doubles(error, errors);
    for (index_t k = 0; k < pair_width; ++k) total = total + reference::compensated{sums[k], errors[k]};
  }
  return total.value();
}

/// The second look at results of an ordinary row.
template <row_kernel K, bool Flush, floating T>
class row_look {
 public:
  static constexpr bool looks = true;

  row_look(strided<const T> x, strided<const bool> mask, index_t n, const reference::row_mass<T>& mass)
      : x_(x),
        mask_(mask),
        n_(n),
        doubt_(doubt_of(n)),
        maximum_(mass.maximum),
        row_({x.first, n, x.stride, mask.first, mask.stride}, mass) {}

  HWY_INLINE HWY_ATTR bool in_doubt(vector_pair v) const { return any_in_doubt<T>(v, doubt_); }
  /// Results of two vectors of elements.
  HWY_NOINLINE HWY_ATTR void settle(const T* x, T* y) {
    offer();
    for (index_t k = 0; k < pair_width; ++k) {
      const double element = detail::widen<Flush>(detail::load(x + k));
      const auto d = reference::difference<reference::double_double>(element, maximum_);
      detail::store(y + k, K == row_kernel::softmax ? row_.softmax(d) : row_.log_softmax(d));
    }
  }
  HWY_NOINLINE HWY_ATTR T logsumexp() {
    offer();
    return row_.logsumexp();
  }

 private:
  HWY_ATTR void offer() {
    if (offered_) return;
    offered_ = true;
    row_.offer(closer_rest<Flush>(x_, mask_, n_, maximum_), rest_error);
  }

  strided<const T> x_;
  strided<const bool> mask_;
  index_t n_;
  std::uint64_t doubt_;
  double maximum_;
  reference::exact_row<Flush, T> row_;
  bool offered_ = false;
};

/// No second look.
struct no_look {
  static constexpr bool looks = false;
};

/// Stores results of elements at x, which are settled first where they are in doubt.
template <bool Flush, class Look, floating T>
HWY_INLINE HWY_ATTR void store_settled(vector_pair v, const T* x, T* y, Look& look) {
  if constexpr (Look::looks) {
    if (HWY_UNLIKELY(look.in_doubt(v))) return look.settle(x, y);
  }
  store_pair<Flush, false>(v, y);
}

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// softmax, log_softmax and logsumexp under precision::fast on vectors of floats: the bits of
// reference/softmax_fast.hpp, whose names these are. Read once for each target (no include guard); call/softmax.hpp
// includes everything that is needed before.
//
// A row is read for its maximum, as raw bits; then for the exponentials, which stay where they can (of floats in the
// output) and go as doubles to the 16 lanes of reference::lane_sum; then for the results. Rows with a NaN or an
// infinite maximum are the reference's.
#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax_fast {

using detail::row_kernel;
using reference::detail_softmax_fast::row_scale;

using floats = hn::CappedTag<float, 16>;
using doubles = hn::Repartition<double, floats>;
using counters = hn::RebindToSigned<floats>;
inline constexpr std::size_t lanes = reference::lane_sum<double>::lanes;
inline constexpr std::size_t width = hn::MaxLanes(floats());
inline constexpr std::size_t vectors = lanes / width;
inline constexpr auto step = static_cast<index_t>(lanes);
inline constexpr auto vector_step = static_cast<index_t>(width);
inline constexpr auto block = static_cast<index_t>(reference::lane_sum<double>::block);
using all_vectors = std::make_index_sequence<vectors>;

HWY_INLINE HWY_ATTR hn::Vec<doubles> lower_doubles(hn::Vec<floats> v) {
  return hn::PromoteTo(doubles(), hn::LowerHalf(hn::Rebind<float, doubles>(), v));
}
HWY_INLINE HWY_ATTR hn::Vec<doubles> upper_doubles(hn::Vec<floats> v) {
  return hn::PromoteTo(doubles(), hn::UpperHalf(hn::Rebind<float, doubles>(), v));
}

HWY_INLINE HWY_ATTR hn::Mask<floats> first_lanes(index_t count) {
  return hn::FirstN(floats(), static_cast<std::size_t>(count > 0 ? count : 0));
}

/// Elements as floats, exactly; NaNs do not occur.
template <floating T>
HWY_INLINE HWY_ATTR hn::Vec<floats> load_floats(const T* x) {
  const floats d;
  if constexpr (std::same_as<T, float>) {
    return load_elements(d, x);
  } else {
    const hn::RebindToUnsigned<floats> bits;
    const auto element = hn::PromoteTo(bits, load_elements(hn::Rebind<std::uint16_t, floats>(), x));
    if constexpr (std::same_as<T, bfloat16>) {
      return hn::BitCast(d, hn::ShiftLeft<16>(element));
    } else {
      return float_of_half(d, element);
    }
  }
}

/// The bits of floats rounded to float16, to nearest even; see narrowed_bits of doubles.
HWY_INLINE HWY_ATTR hn::Vec<hn::RebindToUnsigned<floats>> float16_bits(hn::Vec<floats> v) {
  using format = detail::binary16;
  const floats d;
  const hn::RebindToUnsigned<floats> bits;
  const hn::RebindToSigned<floats> integers;  // not negative here: for comparisons
  constexpr int dropped = 23 - format::fraction_bits;
  constexpr std::uint32_t rebias = std::uint32_t{127 - format::max_exponent} << 23;
  constexpr auto smallest_normal = static_cast<std::int32_t>(rebias + (std::uint32_t{1} << 23));
  const auto magnitude = hn::BitCast(bits, hn::Abs(v));
  const auto rebiased = hn::Sub(magnitude, hn::Set(bits, rebias));
  const auto odd = hn::And(hn::ShiftRight<dropped>(rebiased), hn::Set(bits, std::uint32_t{1}));
  const auto half = hn::Set(bits, (std::uint32_t{1} << (dropped - 1)) - 1);
  const auto normal = hn::ShiftRight<dropped>(hn::Add(hn::Add(rebiased, half), odd));
  constexpr float base =
      std::bit_cast<float>(static_cast<std::uint32_t>(127 + 23 + format::smallest_exponent) << 23);
  const auto quanta = hn::Sub(hn::BitCast(bits, hn::Add(hn::Abs(v), hn::Set(d, base))),
                              hn::Set(bits, std::bit_cast<std::uint32_t>(base)));
  const auto is_small = hn::Gt(hn::Set(integers, smallest_normal), hn::BitCast(integers, magnitude));
  const auto result = hn::BitCast(integers, hn::IfThenElse(hn::RebindMask(bits, is_small), quanta, normal));
  return hn::BitCast(bits, hn::Min(result, hn::Set(integers, std::int32_t{format::infinity})));
}

/// Results as elements; zeros are +0, NaNs do not occur.
template <floating T>
HWY_INLINE HWY_ATTR void store_floats(hn::Vec<floats> v, T* y) {
  if constexpr (std::same_as<T, float>) {
    store_elements(floats(), v, y);
  } else {
    const hn::RebindToUnsigned<floats> bits;
    const hn::Rebind<std::uint16_t, floats> halves;
    auto magnitude = hn::BitCast(bits, hn::Abs(v));
    if constexpr (std::same_as<T, bfloat16>) {
      const auto odd = hn::And(hn::ShiftRight<16>(magnitude), hn::Set(bits, std::uint32_t{1}));
      magnitude = hn::ShiftRight<16>(hn::Add(hn::Add(magnitude, hn::Set(bits, std::uint32_t{0x7FFF})), odd));
    } else {
      magnitude = float16_bits(v);
    }
    const auto sign = hn::ShiftLeft<15>(hn::ShiftRight<31>(hn::BitCast(bits, v)));
    const auto is_zero = hn::Eq(magnitude, hn::Zero(bits));
    store_elements(halves,
                   hn::TruncateTo(halves, hn::IfThenElse(is_zero, magnitude, hn::Or(magnitude, sign))), y);
  }
}

// A vector of which only the first `count` elements may be in memory, the others +0.

template <floating T>
HWY_INLINE HWY_ATTR hn::Vec<floats> load_some(const T* x, index_t count) {
  if (count >= vector_step) return load_floats(x);
#if !HWY_MEM_OPS_MIGHT_FAULT
  if constexpr (std::same_as<T, float>)
    return hn::MaskedLoad(first_lanes(count), floats(), reinterpret_cast<const float*>(x));
#endif
  T copy[width];
  for (T& element : copy) element = from_bits<T>(0);
  if (count > 0) {
    std::memcpy(static_cast<void*>(copy), static_cast<const void*>(x),
                static_cast<std::size_t>(count) * sizeof(T));
  }
  return load_floats(copy);
}
template <floating T>
HWY_INLINE HWY_ATTR void store_some(hn::Vec<floats> v, index_t count, T* y) {
  if (count >= vector_step) return store_floats(v, y);
#if !HWY_MEM_OPS_MIGHT_FAULT
  if constexpr (std::same_as<T, float>)
    return hn::BlendedStore(v, first_lanes(count), floats(), reinterpret_cast<float*>(y));
#endif
  if (count <= 0) return;
  T copy[width];
  store_floats(v, copy);
  std::memcpy(static_cast<void*>(y), static_cast<const void*>(copy),
              static_cast<std::size_t>(count) * sizeof(T));
}

/// row_scale, and the maximum, of the row of each lane.
struct row_vectors {
  hn::Vec<floats> maximum, shift, least, magic;
};

HWY_INLINE HWY_ATTR row_vectors vectors_of(hn::Vec<floats> m) {
  using namespace reference::detail_softmax_fast;
  const floats d;
  const auto shift = hn::IfThenZeroElse(hn::Lt(hn::Abs(m), hn::Set(d, largest_unshifted)), m);
  const auto q = hn::Sub(m, shift), magic = hn::Set(d, to_integer);
  const auto n = hn::Sub(hn::MulAdd(q, hn::Set(d, log2_e), magic), magic);
  return {m, shift, hn::Sub(q, hn::Set(d, depth)), hn::Add(magic, hn::Sub(hn::Set(d, offset), n))};
}

/// e_i. Of rows that are not `Shifted` h is 0.
template <bool Shifted>
HWY_INLINE HWY_ATTR hn::Vec<floats> exponential(hn::Vec<floats> x, const row_vectors& row) {
  using namespace reference::detail_softmax_fast;
  const floats d;
  const hn::RebindToUnsigned<floats> bits;
  const auto& c = exp_polynomial;
  if constexpr (Shifted) x = hn::Sub(x, row.shift);
  x = hn::Max(x, row.least);
  const auto t = hn::MulAdd(x, hn::Set(d, log2_e), row.magic);
  const auto n = hn::Sub(t, row.magic);
  const auto r = hn::NegMulAdd(n, hn::Set(d, ln2_low), hn::NegMulAdd(n, hn::Set(d, ln2_high), x));
  auto p = hn::MulAdd(hn::Set(d, c[0]), r, hn::Set(d, c[1]));
  p = hn::MulAdd(p, r, hn::Set(d, c[2]));
  p = hn::MulAdd(p, r, hn::Set(d, c[3]));
  p = hn::MulAdd(p, r, hn::Set(d, c[4]));
  p = hn::MulAdd(p, r, hn::Set(d, c[5]));
  p = hn::MulAdd(p, r, hn::Set(d, c[6]));
  return hn::BitCast(d, hn::Add(hn::BitCast(bits, p), hn::ShiftLeft<23>(hn::BitCast(bits, t))));
}

HWY_INLINE HWY_ATTR hn::Vec<counters> add_one_where(hn::Mask<floats> mask, hn::Vec<counters> count) {
  const counters d;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  return hn::IfThenElse(hn::RebindMask(d, mask), hn::Add(count, hn::Set(d, 1)), count);
#else
  return hn::Sub(count, hn::VecFromMask(d, hn::RebindMask(d, mask)));
#endif
}

/// L of the rows of a vector, in two halves, in the place of R; `maxima` is c.
HWY_INLINE HWY_ATTR void logarithms(const row_vectors& row, hn::Vec<doubles>& sum0, hn::Vec<doubles>& sum1,
                                    hn::Vec<doubles> maxima0, hn::Vec<doubles> maxima1) {
  using namespace reference::detail_softmax_fast;
  const floats df;
  const doubles d;
  const auto magic = hn::Set(df, to_integer + offset + 1.0F);
  const auto power = hn::Sub(magic, row.magic);  // N + 1
  const auto q = hn::Sub(row.maximum, row.shift);
  const auto of_ln2 = hn::Set(d, ln2), scale = hn::Set(d, 0x1p81), one = hn::Set(d, 1.0);
  auto e0 = hn::NegMulAdd(lower_doubles(power), of_ln2, lower_doubles(q));
  auto e1 = hn::NegMulAdd(upper_doubles(power), of_ln2, upper_doubles(q));
  exp_nonpositive(d, e0, e1);
  const auto rest0 = hn::Div(sum0, hn::Mul(scale, e0)), rest1 = hn::Div(sum1, hn::Mul(scale, e1));
  sum0 = log1p_nonnegative(d, hn::Add(hn::Sub(maxima0, one), rest0));
  sum1 = log1p_nonnegative(d, hn::Add(hn::Sub(maxima1, one), rest1));
}

/// What the results of a row need: a and b of softmax; m and L of log_softmax.
struct result_vectors {
  hn::Vec<floats> first, second;
};

template <row_kernel K>
HWY_INLINE HWY_ATTR hn::Vec<floats> result_of(hn::Vec<floats> v, const result_vectors& r) {
  if constexpr (K == row_kernel::softmax) return hn::MulAdd(v, r.first, hn::Mul(v, r.second));
  return hn::Sub(hn::Sub(v, r.first), r.second);
}

// Rows of adjacent elements, one by one.

template <floating T>
HWY_INLINE HWY_ATTR softmax::extreme<T> maximum_of_row(const T* x, index_t n) {
  softmax::bit_extremes<T> seen;
  seen.see(x, n);
  return seen.of_all();
}

/// Vector `k` of 16 elements, of which `count` are there. `Below`: of those below the maximum, which are counted;
/// `Keep`: the exponentials stay at `e`.
template <bool Shifted, bool Below, bool Keep, bool Whole, std::size_t Vector, floating T>
HWY_INLINE HWY_ATTR void add_vector(const T* elements, index_t count, const row_vectors& row,
                                    hn::Vec<doubles>& lane0, hn::Vec<doubles>& lane1,
                                    hn::Vec<counters>& maxima, float* e) {
  constexpr auto at = static_cast<index_t>(Vector * width);
  const auto x = Whole ? load_floats(elements + at) : load_some(elements + at, count - at);
  auto exp = exponential<Shifted>(x, row);
  if constexpr (Keep) {
    if constexpr (Whole) {
      store_floats(exp, e + at);
    } else {
      store_some(exp, count - at, e + at);
    }
  }
  if constexpr (!Whole) exp = hn::IfThenElseZero(first_lanes(count - at), exp);
  if constexpr (Below) {
    auto is_maximum = hn::Eq(x, row.maximum);
    if constexpr (!Whole) is_maximum = hn::And(is_maximum, first_lanes(count - at));
    exp = hn::IfThenZeroElse(is_maximum, exp);
    maxima = add_one_where(is_maximum, maxima);
  }
  lane0 = hn::Add(lane0, lower_doubles(exp));
  lane1 = hn::Add(lane1, upper_doubles(exp));
}
template <bool Shifted, bool Below, bool Keep, bool Whole, floating T, std::size_t... Vector>
HWY_INLINE HWY_ATTR void add_step(const T* x, index_t count, const row_vectors& row,
                                  hn::Vec<doubles> (&lane)[2 * vectors], hn::Vec<counters>& maxima, float* e,
                                  std::index_sequence<Vector...>) {
  (add_vector<Shifted, Below, Keep, Whole, Vector>(x, count, row, lane[2 * Vector], lane[2 * Vector + 1],
                                                   maxima, e),
   ...);
}

/// The fold of reference::lane_sum.
HWY_INLINE HWY_ATTR double folded(const hn::Vec<doubles> (&lane)[2 * vectors]) {
  const doubles d;
  HWY_ALIGN double sums[lanes];
  for (std::size_t k = 0; k < vectors; ++k)
    hn::Store(hn::Add(lane[k], lane[k + vectors]), d, sums + k * (width / 2));
  for (std::size_t w = lanes / 4; w > 0; w /= 2) {
    for (std::size_t l = 0; l < w; ++l) sums[l] = sums[l] + sums[l + w];
  }
  return sums[0];
}

template <bool Shifted, bool Below, bool Keep, floating T>
HWY_INLINE HWY_ATTR double sum_of_row(const T* x, index_t n, const row_vectors& row, float* e,
                                      index_t& maxima) {
  reference::pairwise_sum<double> blocks;
  double last = 0.0;
  maxima = 0;
  for (index_t first = 0; first < n; first += block) {
    hn::Vec<doubles> lane[2 * vectors];
    for (auto& l : lane) l = hn::Zero(doubles());
    auto in_block = hn::Zero(counters());
    const index_t end = n - first < block ? n : first + block;
    index_t i = first;
    for (; i + step <= end; i += step)
      add_step<Shifted, Below, Keep, true>(x + i, step, row, lane, in_block, Keep ? e + i : nullptr,
                                           all_vectors());
    if (i < end)
      add_step<Shifted, Below, Keep, false>(x + i, end - i, row, lane, in_block, Keep ? e + i : nullptr,
                                            all_vectors());
    last = folded(lane);
    if constexpr (Below) maxima += hn::GetLane(hn::SumOfLanes(counters(), in_block));
    if (end < n || n % block == 0) blocks.add(last);
  }
  return n % block == 0 ? blocks.total() : blocks.total_with(last);
}

/// A vector of results: `count` of them.
template <row_kernel K, bool Shifted, bool Kept, floating T>
HWY_INLINE HWY_ATTR void write_vector(const T* x, const float* e, index_t count, const row_vectors& row,
                                      const result_vectors& r, T* y) {
  if constexpr (Kept) {
    store_some(result_of<K>(load_some(e, count), r), count, y);
  } else {
    auto v = load_some(x, count);
    if constexpr (K == row_kernel::softmax) v = exponential<Shifted>(v, row);
    store_some(result_of<K>(v, r), count, y);
  }
}
template <row_kernel K, bool Shifted, bool Kept, floating T>
HWY_INLINE HWY_ATTR void write_row(const T* x, const float* e, index_t n, const row_vectors& row,
                                   const result_vectors& r, T* y) {
  index_t i = 0;
  const auto vector = [&](index_t at) { return Kept ? e + at : nullptr; };
  for (; i + 2 * vector_step <= n; i += 2 * vector_step) {
    write_vector<K, Shifted, Kept>(x + i, vector(i), vector_step, row, r, y + i);
    write_vector<K, Shifted, Kept>(x + i + vector_step, vector(i + vector_step), vector_step, row, r,
                                   y + i + vector_step);
  }
  for (; i < n; i += vector_step) write_vector<K, Shifted, Kept>(x + i, vector(i), n - i, row, r, y + i);
}

HWY_INLINE HWY_ATTR result_vectors inverse_of(double sum) {
  const floats d;
  const double inverse = 1.0 / sum;
  const auto a = static_cast<float>(inverse);
  return {hn::Set(d, a), hn::Set(d, static_cast<float>(inverse - static_cast<double>(a)))};
}

/// Exponentials of 16-bit elements that are kept, in place of being made again: 16 KiB.
inline constexpr index_t kept = 4096;

/// An ordinary row.
template <row_kernel K, bool Shifted, floating T>
HWY_INLINE HWY_ATTR void compute_row(const T* x, index_t n, float m, T* y) {
  const row_vectors row = vectors_of(hn::Set(floats(), m));
  index_t maxima = 0;
  if constexpr (K != row_kernel::softmax) {
    const doubles d;
    const double rest = sum_of_row<Shifted, true, false>(x, n, row, nullptr, maxima);
    const auto count = hn::Set(d, static_cast<double>(maxima));
    auto sum0 = hn::Set(d, rest), sum1 = sum0;
    logarithms(row, sum0, sum1, count, count);
    const double log_sum = hn::GetLane(sum0);
    if constexpr (K == row_kernel::logsumexp) {
      detail::store(y, reference::detail_softmax::result<false, T>(static_cast<double>(m) + log_sum));
    } else {
      const result_vectors r{row.maximum, hn::Set(floats(), static_cast<float>(log_sum))};
      write_row<K, Shifted, false, T>(x, nullptr, n, row, r, y);
    }
  } else if constexpr (std::same_as<T, float>) {
    const result_vectors r = inverse_of(sum_of_row<Shifted, false, true>(x, n, row, y, maxima));
    write_row<K, Shifted, true>(x, y, n, row, r, y);
  } else {
    HWY_ALIGN float e[static_cast<std::size_t>(kept)];
    if (n <= kept) {
      const result_vectors r = inverse_of(sum_of_row<Shifted, false, true>(x, n, row, e, maxima));
      write_row<K, Shifted, true>(x, e, n, row, r, y);
    } else {
      const result_vectors r = inverse_of(sum_of_row<Shifted, false, false>(x, n, row, nullptr, maxima));
      write_row<K, Shifted, false, T>(x, nullptr, n, row, r, y);
    }
  }
}

constexpr bool is_shifted(float m) {
  constexpr float largest = reference::detail_softmax_fast::largest_unshifted;
  return !(m < largest && m > -largest);
}

/// So many rows are read for their maxima before the first of them is worked out: short ones wait less for each other.
inline constexpr index_t ahead = 8;

template <row_kernel K, floating T>
HWY_ATTR void rows_one_by_one(const detail::row_run<T>& run) {
  const index_t group = run.length <= block ? ahead : 1;
  for (index_t first = 0; first < run.count; first += group) {
    const index_t end = run.count - first < group ? run.count : first + group;
    softmax::extreme<T> greatest[ahead];
    for (index_t i = first; i < end; ++i) greatest[i - first] = maximum_of_row(run.x.row(i), run.length);
    for (index_t i = first; i < end; ++i) {
      const auto m = static_cast<float>(greatest[i - first].maximum);
      if (!greatest[i - first].ordinary) {
        detail::rows_in_turn<K, false, precision::fast>(run.part(i, 1));
      } else if (is_shifted(m)) {
        compute_row<K, true>(run.x.row(i), run.length, m, run.y.row(i));
      } else {
        compute_row<K, false>(run.x.row(i), run.length, m, run.y.row(i));
      }
    }
  }
}

}  // namespace softmax_fast

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// columns, and short rows as such
#include "softmax_fast_columns-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax_fast {

/// So many short rows are worth a block.
inline constexpr index_t few = 4;

/// What detail::rows_in_turn gives under precision::fast.
template <row_kernel K, floating T>
HWY_ATTR void compute_rows(const detail::row_run<T>& run) noexcept {
  const bool adjacent = run.x.along == 1 && (run.y.along == 1 || K == row_kernel::logsumexp);
  const bool side_by_side = run.x.step == 1 && run.y.step == 1;
  if (run.length < 1) {
    detail::rows_in_turn<K, false, precision::fast>(run);
  } else if (adjacent && run.length <= short_row && run.count >= few) {
    short_rows_together<K>(run);
  } else if (adjacent) {
    rows_one_by_one<K>(run);
  } else if (side_by_side) {
    rows_side_by_side<K>(run);
  } else {
    detail::rows_in_turn<K, false, precision::fast>(run);
  }
}

}  // namespace softmax_fast

template <detail::row_kernel K, floating T>
struct code_of<detail::softmax_kernel<K, false, T, precision::fast>>
    : detail::vector_code<&softmax_fast::compute_rows<K, T>> {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

// softmax, log_softmax and logsumexp of float, float16 and bfloat16 on vectors of doubles: the bits of reference/softmax.hpp. Read
// once for each target (no include guard); call/softmax.hpp includes everything that is needed before.
//
// A row is read for its maximum, as raw bits; then 16 elements at a time for the exponentials, which go to the 16 lanes of
// reference::lane_sum and, where the row is not too long, to the stack; then for the results. Rows with a NaN or an infinite
// maximum are the reference's.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

namespace softmax {

using detail::row_kernel;

/// The 16 lanes of a sum, as vectors.
using doubles = hn::CappedTag<double, 16>;
inline constexpr std::size_t lanes = reference::lane_sum<double>::lanes;
inline constexpr std::size_t width = hn::MaxLanes(doubles());
inline constexpr std::size_t vectors = lanes / width;
inline constexpr auto step = static_cast<index_t>(lanes);
using pairs = std::make_index_sequence<vectors / 2>;

/// Exponentials that are kept, in place of being made again: 24 KiB.
inline constexpr index_t kept = 3072;

/// What a row's bits say: its greatest element, unless that is not finite.
template <floating T>
struct extreme {
  T maximum;
  bool ordinary;
};

/// From the greatest bits as signed integer, and the greatest and least as unsigned: of positive numbers the greatest has the
/// greatest bits as signed integer, of negative ones the least as unsigned, and NaNs lie beyond the infinities of their sign.
template <floating T, class Signed = std::make_signed_t<bits_of<T>>>
constexpr extreme<T> extreme_of(Signed greatest, bits_of<T> last, bits_of<T> first) {
  using format = detail::format_of<T>;
  const bool any_nan =
      greatest > static_cast<Signed>(format::infinity) || last > (format::sign_bit | format::infinity);
  const bits_of<T> bits = greatest >= 0 ? static_cast<bits_of<T>>(greatest) : first;
  return {from_bits<T>(bits), !any_nan && !is_infinite(from_bits<T>(bits))};
}

template <floating T>
HWY_INLINE HWY_ATTR extreme<T> maximum_of_row(const T* x, index_t n) {
  using bits = bits_of<T>;
  using key = std::make_signed_t<bits>;
  const hn::ScalableTag<key> ds;
  const hn::RebindToUnsigned<decltype(ds)> du;
  const index_t elements = lanes_of(ds);
  key top = (std::numeric_limits<key>::min)();
  bits largest = 0, least = static_cast<bits>(~bits{0});
  auto greatest = hn::Set(ds, top), more = greatest;
  auto last = hn::Set(du, largest), more_last = last;
  auto first = hn::Set(du, least), more_first = first;
  index_t i = 0;
  for (; i + 2 * elements <= n; i += 2 * elements) {
    const auto a = load_elements(ds, x + i), b = load_elements(ds, x + i + elements);
    greatest = hn::Max(greatest, a);
    more = hn::Max(more, b);
    last = hn::Max(last, hn::BitCast(du, a));
    more_last = hn::Max(more_last, hn::BitCast(du, b));
    first = hn::Min(first, hn::BitCast(du, a));
    more_first = hn::Min(more_first, hn::BitCast(du, b));
  }
  if (i > 0) {
    top = hn::GetLane(hn::MaxOfLanes(ds, hn::Max(greatest, more)));
    largest = hn::GetLane(hn::MaxOfLanes(du, hn::Max(last, more_last)));
    least = hn::GetLane(hn::MinOfLanes(du, hn::Min(first, more_first)));
  }
  for (; i < n; ++i) {
    const bits element = to_bits(detail::load(x + i));
    top = static_cast<key>(element) > top ? static_cast<key>(element) : top;
    largest = element > largest ? element : largest;
    least = element < least ? element : least;
  }
  return extreme_of<T>(top, largest, least);
}

/// d_i = x_i - m of two vectors of elements.
template <floating T>
HWY_INLINE HWY_ATTR void differences(doubles d, const T* x, hn::Vec<doubles> maximum, hn::Vec<doubles>& d0,
                                     hn::Vec<doubles>& d1) {
  d0 = hn::Sub(load_as_doubles(d, x), maximum);
  d1 = hn::Sub(load_as_doubles(d, x + width), maximum);
}

HWY_INLINE HWY_ATTR hn::Vec<doubles> add_where(hn::Mask<doubles> mask, hn::Vec<doubles> a,
                                               hn::Vec<doubles> b) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  return hn::IfThenElse(mask, hn::Add(a, b), a);  // one instruction
#else
  return hn::Add(a, hn::IfThenElseZero(mask, b));  // no lane is -0
#endif
}

/// The exponentials of two vectors of elements go to two vectors of lanes; to `maxima`, as counts, those that are 1 of m itself.
template <bool Keep, floating T>
HWY_INLINE HWY_ATTR void add_pair(doubles d, const T* x, hn::Vec<doubles> maximum, hn::Vec<doubles>& lane0,
                                  hn::Vec<doubles>& lane1, hn::Vec<doubles>& below, double* e) {
  auto e0 = maximum, e1 = maximum;
  differences(d, x, maximum, e0, e1);
  const auto below0 = hn::Lt(e0, hn::Zero(d)), below1 = hn::Lt(e1, hn::Zero(d));
  exp_nonpositive(d, e0, e1);
  if constexpr (Keep) {
    hn::Store(e0, d, e);
    hn::Store(e1, d, e + width);
  }
  const auto one = hn::Set(d, 1.0);
  lane0 = add_where(below0, lane0, e0);
  lane1 = add_where(below1, lane1, e1);
  below = add_where(below0, below, one);
  below = add_where(below1, below, one);
}

template <bool Keep, floating T, std::size_t... Pairs>
HWY_INLINE HWY_ATTR void add_step(doubles d, const T* x, hn::Vec<doubles> maximum,
                                  hn::Vec<doubles> (&lane)[vectors], hn::Vec<doubles>& below, double* e,
                                  std::index_sequence<Pairs...>) {
  (add_pair<Keep>(d, x + 2 * Pairs * width, maximum, lane[2 * Pairs], lane[2 * Pairs + 1], below,
                  Keep ? e + 2 * Pairs * width : nullptr),
   ...);
}

/// The fold of reference::lane_sum.
HWY_INLINE HWY_ATTR double folded(doubles d, const hn::Vec<doubles> (&lane)[vectors]) {
  HWY_ALIGN double sums[lanes];
  for (std::size_t k = 0; k < vectors / 2; ++k)
    hn::Store(hn::Add(lane[k], lane[k + vectors / 2]), d, sums + k * width);
  for (std::size_t w = lanes / 4; w > 0; w /= 2) {
    for (std::size_t l = 0; l < w; ++l) sums[l] = sums[l] + sums[l + w];
  }
  return sums[0];
}

/// The last elements of a row, with what weighs nothing behind them.
template <floating T>
class tail {
 public:
  HWY_ATTR tail(const T* x, index_t count) {
    for (index_t i = 0; i < step; ++i) x_[i] = negative_infinity<T>();
    std::memcpy(static_cast<void*>(x_), static_cast<const void*>(x),
                static_cast<std::size_t>(count) * sizeof(T));
  }
  const T* data() const { return x_; }

 private:
  T x_[lanes];
};

/// The mass of an ordinary row; `Keep`: with its exponentials.
template <bool Keep, floating T>
HWY_INLINE HWY_ATTR reference::row_mass<T> mass_of_row(const T* x, index_t n, T m, double* e) {
  const doubles d;
  constexpr auto block = static_cast<index_t>(reference::lane_sum<double>::block);
  const auto maximum = hn::Set(d, static_cast<double>(m));
  reference::pairwise_sum<double> blocks;
  double last = 0.0;
  auto below = hn::Zero(d);
  for (index_t first = 0; first < n; first += block) {
    hn::Vec<doubles> lane[vectors];
    for (auto& l : lane) l = hn::Zero(d);
    const index_t end = n - first < block ? n : first + block;
    index_t i = first;
    for (; i + step <= end; i += step)
      add_step<Keep>(d, x + i, maximum, lane, below, e + (Keep ? i : 0), pairs());
    if (i < end) {
      const tail<T> rest(x + i, end - i);
      add_step<Keep>(d, rest.data(), maximum, lane, below, e + (Keep ? i : 0), pairs());
    }
    last = folded(d, lane);
    if (end < n || n % block == 0) blocks.add(last);
  }
  HWY_ALIGN double counts[width];
  hn::Store(below, d, counts);
  double count = static_cast<double>(n + (step - n % step) % step);  // with what the tail was filled with
  for (std::size_t k = 0; k < width; ++k) count -= counts[k];

  reference::row_mass<T> mass{.kind = reference::row_kind::ordinary, .maximum = static_cast<double>(m)};
  mass.maxima = static_cast<index_t>(count);
  mass.rest = n % block == 0 ? blocks.total() : blocks.total_with(last);
  mass.excess = (count - 1.0) + mass.rest;
  mass.sum = count + mass.rest;
  return mass;
}

/// Of softmax e / S, of log_softmax d - L.
template <row_kernel K>
HWY_INLINE HWY_ATTR hn::Vec<doubles> value_of(hn::Vec<doubles> v, hn::Vec<doubles> parameter) {
  return K == row_kernel::softmax ? hn::Mul(v, parameter) : hn::Sub(v, parameter);
}

/// Two vectors of results.
template <row_kernel K, bool Kept, floating T>
HWY_INLINE HWY_ATTR void write_pair(doubles d, const T* x, const double* e, hn::Vec<doubles> maximum,
                                    hn::Vec<doubles> parameter, T* y) {
  auto v0 = maximum, v1 = maximum;
  if constexpr (K == row_kernel::softmax && Kept) {
    v0 = hn::Load(d, e);
    v1 = hn::Load(d, e + width);
  } else {
    differences(d, x, maximum, v0, v1);
    if constexpr (K == row_kernel::softmax) exp_nonpositive(d, v0, v1);
  }
  store_rounded(d, value_of<K>(v0, parameter), y);
  store_rounded(d, value_of<K>(v1, parameter), y + width);
}

template <row_kernel K, bool Kept, floating T, std::size_t... Pairs>
HWY_INLINE HWY_ATTR void write_step(doubles d, const T* x, const double* e, hn::Vec<doubles> maximum,
                                    hn::Vec<doubles> parameter, T* y, std::index_sequence<Pairs...>) {
  (write_pair<K, Kept>(d, x + 2 * Pairs * width, Kept ? e + 2 * Pairs * width : nullptr, maximum, parameter,
                       y + 2 * Pairs * width),
   ...);
}

template <row_kernel K, bool Kept, floating T>
HWY_INLINE HWY_ATTR void write_row(const T* x, index_t n, T m, const double* e, double parameter, T* y) {
  const doubles d;
  const auto maximum = hn::Set(d, static_cast<double>(m)), p = hn::Set(d, parameter);
  index_t i = 0;
  for (; i + step <= n; i += step)
    write_step<K, Kept>(d, x + i, Kept ? e + i : nullptr, maximum, p, y + i, pairs());
  if (i < n) {
    const tail<T> rest(x + i, n - i);
    T results[lanes];
    write_step<K, Kept>(d, rest.data(), Kept ? e + i : nullptr, maximum, p, results, pairs());
    std::memcpy(static_cast<void*>(y + i), static_cast<const void*>(results),
                static_cast<std::size_t>(n - i) * sizeof(T));
  }
}

/// An ordinary row.
template <row_kernel K, floating T>
HWY_INLINE HWY_ATTR void compute_row(const T* x, index_t n, T m, T* y) {
  if constexpr (K == row_kernel::softmax) {
    HWY_ALIGN double e[static_cast<std::size_t>(kept)];
    if (n <= kept) {
      const auto mass = mass_of_row<true>(x, n, m, e);
      write_row<K, true>(x, n, m, e, 1.0 / mass.sum, y);
    } else {
      const auto mass = mass_of_row<false>(x, n, m, nullptr);
      write_row<K, false>(x, n, m, nullptr, 1.0 / mass.sum, y);
    }
  } else {
    const auto mass = mass_of_row<false>(x, n, m, nullptr);
    const doubles d;
    const double log_sum = hn::GetLane(log1p_nonnegative(d, hn::Set(d, mass.excess)));
    if constexpr (K == row_kernel::log_softmax) {
      write_row<K, false>(x, n, m, nullptr, log_sum, y);
    } else {
      detail::store(y, reference::detail_softmax::result<false, T>(mass.maximum + log_sum));
    }
  }
}

/// Rows of adjacent elements.
template <row_kernel K, floating T>
HWY_ATTR void rows_one_by_one(const detail::row_run<T>& run) {
  for (index_t row = 0; row < run.count; ++row) {
    const T* const x = run.x.row(row);
    const extreme<T> greatest = maximum_of_row(x, run.length);
    if (greatest.ordinary) {
      compute_row<K>(x, run.length, greatest.maximum, run.y.row(row));
    } else {
      detail::rows_in_turn<K, false>(run.part(row, 1));
    }
  }
}

}  // namespace softmax

#endif

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// columns
#include "softmax_columns-inl.hpp"
// short rows
#include "softmax_short_rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

namespace softmax {

/// So many short rows are worth a block.
inline constexpr index_t few = 4;

/// What detail::rows_in_turn gives.
template <row_kernel K, floating T>
HWY_ATTR void compute_rows(const detail::row_run<T>& run) noexcept {
  const bool adjacent = run.x.along == 1 && (run.y.along == 1 || K == row_kernel::logsumexp);
  const bool side_by_side = run.x.step == 1 && run.y.step == 1;
  if (run.mask.first != nullptr || run.length < 1) {
    detail::rows_in_turn<K, false>(run);
  } else if ((adjacent || side_by_side) && run.length <= short_row && run.count >= few) {
    short_rows_together<K>(run);
  } else if (adjacent) {
    rows_one_by_one<K>(run);
  } else if (side_by_side) {
    rows_side_by_side<K>(run);
  } else {
    detail::rows_in_turn<K, false>(run);
  }
}

}  // namespace softmax

template <detail::row_kernel K, floating T>
requires(!detail::is_gradient(K) &&
         !std::same_as<T, double>) struct code_of<detail::softmax_kernel<K, false, T>>
    : detail::vector_code<&softmax::compute_rows<K, T>> {
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

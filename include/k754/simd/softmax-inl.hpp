// The softmax family of float, float16 and bfloat16 on vectors of doubles: the bits of reference/softmax.hpp. Read once for
// each target (no include guard); call/softmax.hpp includes everything that is needed before.
//
// A row is read for its maximum, as raw bits; then 16 elements at a time for the exponentials, which go to the 16 lanes of
// reference::lane_sum and, where the row is not too long, to the stack; then for the results. Rows with a NaN or an infinite
// maximum are the reference's.
#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

// elements
#include "softmax_elements-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// Exponentials that are kept, in place of being made again: 24 KiB, or 16 where a second look needs some stack.
template <precision Tier>
inline constexpr index_t kept = Tier == precision::exact ? 2048 : 3072;

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

/// The bits that extreme_of asks for, of the elements seen so far.
template <floating T>
class bit_extremes {
 public:
  HWY_ATTR void see(const T* x, index_t n) {
    const hn::ScalableTag<key> ds;
    const hn::RebindToUnsigned<decltype(ds)> du;
    const index_t elements = lanes_of(ds);
    if (n < elements) {
      for (index_t i = 0; i < n; ++i) {
        const bits element = to_bits(detail::load(x + i));
        greatest_ = static_cast<key>(element) > greatest_ ? static_cast<key>(element) : greatest_;
        last_ = element > last_ ? element : last_;
        first_ = element < first_ ? element : first_;
      }
      return;
    }
    const auto rest = load_elements(ds, x + (n - elements));  // may be seen twice
    auto greatest = hn::Max(hn::Set(ds, greatest_), rest), more = greatest;
    auto last = hn::Max(hn::Set(du, last_), hn::BitCast(du, rest)), more_last = last;
    auto first = hn::Min(hn::Set(du, first_), hn::BitCast(du, rest)), more_first = first;
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
    if (i + elements <= n) {
      const auto a = load_elements(ds, x + i);
      greatest = hn::Max(greatest, a);
      last = hn::Max(last, hn::BitCast(du, a));
      first = hn::Min(first, hn::BitCast(du, a));
    }
    greatest_ = hn::GetLane(hn::MaxOfLanes(ds, hn::Max(greatest, more)));
    last_ = hn::GetLane(hn::MaxOfLanes(du, hn::Max(last, more_last)));
    first_ = hn::GetLane(hn::MinOfLanes(du, hn::Min(first, more_first)));
  }
  extreme<T> of_all() const { return extreme_of<T>(greatest_, last_, first_); }

 private:
  using bits = bits_of<T>;
  using key = std::make_signed_t<bits>;
  key greatest_ = (std::numeric_limits<key>::min)();
  bits last_ = 0, first_ = static_cast<bits>(~bits{0});
};

template <floating T>
HWY_INLINE HWY_ATTR extreme<T> maximum_of_row(row_reader<T>& x, index_t n) {
  bit_extremes<T> seen;
  for (index_t first = 0, count = 0; first < n; first += count) {
    count = n - first < x.longest() ? n - first : x.longest();
    seen.see(x.elements(first, count), count);
  }
  return seen.of_all();
}

/// A maximum as it is read.
template <bool Flush, floating T>
double maximum_of(T m) {
  return detail::widen<Flush>(m);
}

/// d_i = x_i - m of two vectors of elements.
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR vector_pair differences(const T* x, vector_pair maximum) {
  const vector_pair v = load_pair<Flush>(x);
  return {hn::Sub(v.v0, maximum.v0), hn::Sub(v.v1, maximum.v1)};
}

HWY_INLINE HWY_ATTR hn::Vec<doubles> add_where(hn::Mask<doubles> mask, hn::Vec<doubles> a,
                                               hn::Vec<doubles> b) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  return hn::IfThenElse(mask, hn::Add(a, b), a);  // one instruction
#else
  return hn::Add(a, hn::IfThenElseZero(mask, b));  // no lane is -0
#endif
}

/// The exponentials of differences go to lanes; to `below`, as counts, those that are not 1 of m itself.
HWY_INLINE HWY_ATTR vector_pair add_exponentials(vector_pair v, hn::Vec<doubles>& lane0,
                                                 hn::Vec<doubles>& lane1, hn::Vec<doubles>& below0,
                                                 hn::Vec<doubles>& below1) {
  const doubles d;
  const auto is_below0 = hn::Lt(v.v0, hn::Zero(d)), is_below1 = hn::Lt(v.v1, hn::Zero(d));
  exp_nonpositive(d, v.v0, v.v1);
  const auto one = hn::Set(d, 1.0);
  lane0 = add_where(is_below0, lane0, v.v0);
  lane1 = add_where(is_below1, lane1, v.v1);
  below0 = add_where(is_below0, below0, one);
  below1 = add_where(is_below1, below1, one);
  return v;
}

/// What a row's exponentials add to its lane_sum. `Keep`: they stay at `e`.
template <bool Keep, bool Flush, floating T>
class exponentials {
 public:
  HWY_ATTR exponentials(row_reader<T>& row, double maximum, double* e)
      : row_(row), maximum_(broadcast(maximum)), below_(hn::Zero(doubles())), e_(e) {}

  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    x_ = row_.elements(first, count);
    if (Keep && first > 0) e_ += block;
  }
  HWY_INLINE HWY_ATTR void add(hn::Vec<doubles> (&lane)[vectors], index_t i, index_t count) {
    const padded<step, T> x(x_ + i, count, negative_infinity<T>());
    add_pairs(x.data(), Keep ? e_ + i : nullptr, lane, pairs());
  }
  /// How many elements were below the maximum; what the last 16 were filled with is among them.
  HWY_ATTR double below() const { return folded_vector(doubles(), below_); }

 private:
  template <std::size_t... Pairs>
  HWY_INLINE HWY_ATTR void add_pairs(const T* x, double* e, hn::Vec<doubles> (&lane)[vectors],
                                     std::index_sequence<Pairs...>) {
    (add_pair(x + 2 * Pairs * width, Keep ? e + 2 * Pairs * width : nullptr, lane[2 * Pairs],
              lane[2 * Pairs + 1]),
     ...);
  }
  HWY_INLINE HWY_ATTR void add_pair(const T* x, double* e, hn::Vec<doubles>& lane0, hn::Vec<doubles>& lane1) {
    const vector_pair v = add_exponentials(differences<Flush>(x, maximum_), lane0, lane1, below_, below_);
    if constexpr (Keep) store_doubles(v, e);
  }

  row_reader<T>& row_;
  vector_pair maximum_;
  hn::Vec<doubles> below_;
  double* e_;
  const T* x_ = nullptr;
};

/// The mass of an ordinary row; `Keep`: with its exponentials.
template <bool Keep, bool Flush, floating T>
HWY_INLINE HWY_ATTR reference::row_mass<T> mass_of_row(row_reader<T>& x, index_t n, double m, double* e) {
  exponentials<Keep, Flush, T> terms(x, m, e);
  reference::row_mass<T> mass{.kind = reference::row_kind::ordinary, .maximum = m};
  mass.rest = sum_of_row(n, terms);
  const double count = static_cast<double>(n + (step - n % step) % step) - terms.below();
  mass.maxima = static_cast<index_t>(count);
  mass.excess = (count - 1.0) + mass.rest;
  mass.sum = count + mass.rest;
  return mass;
}

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// precision::exact
#include "softmax_exact-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// Of softmax e / S, of log_softmax d - L.
template <row_kernel K>
HWY_INLINE HWY_ATTR hn::Vec<doubles> value_of(hn::Vec<doubles> v, hn::Vec<doubles> parameter) {
  return K == row_kernel::softmax ? hn::Mul(v, parameter) : hn::Sub(v, parameter);
}

/// The results of two vectors of elements, in double.
template <row_kernel K, bool Flush, floating T>
HWY_INLINE HWY_ATTR vector_pair values_of(const T* x, vector_pair maximum, vector_pair parameter) {
  vector_pair v = differences<Flush>(x, maximum);
  if constexpr (K == row_kernel::softmax) exp_nonpositive(doubles(), v.v0, v.v1);
  return {value_of<K>(v.v0, parameter.v0), value_of<K>(v.v1, parameter.v1)};
}

/// The results of a row.
template <row_kernel K, bool Flush, class Look, floating T>
class row_results {
 public:
  HWY_ATTR row_results(row_reader<T>& row, double maximum, double parameter, Look& look)
      : row_(row), maximum_(broadcast(maximum)), parameter_(broadcast(parameter)), look_(look) {}

  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) { x_ = row_.elements(first, count); }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t count, T* y) const {
    const padded<step, T> x(x_ + i, count, negative_infinity<T>());
    for (std::size_t k = 0; k < lanes; k += 2 * width) {
      const vector_pair v = values_of<K, Flush>(x.data() + k, maximum_, parameter_);
      store_settled<Flush>(v, x.data() + k, y + k, look_);
    }
  }

 private:
  row_reader<T>& row_;
  vector_pair maximum_, parameter_;
  Look& look_;
  const T* x_ = nullptr;
};

/// The softmax of a row whose exponentials were kept.
template <bool Flush, class Look, floating T>
class kept_results {
 public:
  HWY_ATTR kept_results(row_reader<T>& row, const double* e, double factor, Look& look)
      : row_(row), e_(e), factor_(broadcast(factor)), look_(look) {}

  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    first_ = first;
    if constexpr (Look::looks) x_ = row_.elements(first, count);
  }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t count, T* y) const {
    for (std::size_t k = 0; k < lanes; k += 2 * width) {
      const vector_pair e = load_doubles(e_ + first_ + i + k);
      const vector_pair v{hn::Mul(e.v0, factor_.v0), hn::Mul(e.v1, factor_.v1)};
      if constexpr (Look::looks) {
        if (HWY_UNLIKELY(look_.in_doubt(v))) {
          settle(i + static_cast<index_t>(k), count - static_cast<index_t>(k), y + k);
          continue;
        }
      }
      store_pair<Flush, false>(v, y + k);
    }
  }

 private:
  /// At least one of `count` elements is there: others are certain.
  HWY_NOINLINE HWY_ATTR void settle(index_t i, index_t count, T* y) const {
    const padded<pair_width, T> x(x_ + i, count, negative_infinity<T>());
    look_.settle(x.data(), y);
  }

  row_reader<T>& row_;
  const double* e_;
  vector_pair factor_;
  Look& look_;
  index_t first_ = 0;
  const T* x_ = nullptr;
};

/// Writes the results of a row. In place, what is in doubt is settled before the first is written: all of the row is read for it.
template <class Look, class Results, floating T>
HWY_INLINE HWY_ATTR void write_settled(index_t n, Results& results, strided<T> y, T* room, bool in_place) {
  if (Look::looks && in_place) {
    T unwanted[lanes];
    for (index_t first = 0; first < n; first += block) {
      const index_t count = n - first < block ? n - first : block;
      results.begin(first, count);
      for (index_t i = 0; i < count; i += step) results.put(i, count - i, unwanted);
    }
  }
  write_row(n, results, y, room);
}

/// Where a row lies.
template <floating T>
struct row_place {
  strided<const T> x;
  strided<const bool> mask;
  index_t n;
  strided<T> y;
};

/// The look at results of a tier.
template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_INLINE HWY_ATTR auto look_at(const row_place<T>& row, const reference::row_mass<T>& mass) {
  if constexpr (Tier == precision::exact) {
    return row_look<K, Flush, T>(row.x, row.mask, row.n, mass);
  } else {
    return no_look();
  }
}

/// An ordinary row.
template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_INLINE HWY_ATTR void compute_row(row_reader<T>& x, const row_place<T>& row, double m, T* room) {
  const bool in_place = row.x.first == row.y.first;
  const index_t n = row.n;
  if constexpr (K == row_kernel::softmax) {
    HWY_ALIGN double e[static_cast<std::size_t>(kept<Tier>)];
    const bool keep = n <= kept<Tier>;
    const auto mass =
        keep ? mass_of_row<true, Flush>(x, n, m, e) : mass_of_row<false, Flush>(x, n, m, nullptr);
    auto look = look_at<K, Flush, Tier>(row, mass);
    if (keep) {
      kept_results<Flush, decltype(look), T> results(x, e, 1.0 / mass.sum, look);
      write_settled<decltype(look)>(n, results, row.y, room, in_place);
    } else {
      row_results<K, Flush, decltype(look), T> results(x, m, 1.0 / mass.sum, look);
      write_settled<decltype(look)>(n, results, row.y, room, in_place);
    }
  } else {
    const auto mass = mass_of_row<false, Flush>(x, n, m, nullptr);
    const doubles d;
    const double log_sum = hn::GetLane(log1p_nonnegative(d, hn::Set(d, mass.excess)));
    auto look = look_at<K, Flush, Tier>(row, mass);
    if constexpr (K == row_kernel::log_softmax) {
      row_results<K, Flush, decltype(look), T> results(x, m, log_sum, look);
      write_settled<decltype(look)>(n, results, row.y, room, in_place);
    } else if constexpr (Tier == precision::exact) {
      if (!store_certain<Flush>(m, log_sum, row.y.first)) detail::store(row.y.first, look.logsumexp());
    } else {
      detail::store(row.y.first, reference::detail_softmax::result<Flush, T>(m + log_sum));
    }
  }
}

/// The elements of a row of a run, or of its mask, where there is one.
template <class Element>
strided<Element> row_of(const detail::strided_rows<Element>& rows, index_t row) {
  return {rows.first == nullptr ? nullptr : rows.row(row), rows.along};
}

/// Rows of any strides, one after the other.
template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_ATTR void rows_one_by_one(const detail::row_run<T>& run) {
  T room[static_cast<std::size_t>(block)];
  for (index_t i = 0; i < run.count; ++i) {
    const row_place<T> row{row_of(run.x, i), row_of(run.mask, i), run.length, row_of(run.y, i)};
    row_reader<T> x(row.x, row.mask, negative_infinity<T>(), room);
    const extreme<T> greatest = maximum_of_row(x, run.length);
    if (greatest.ordinary) {
      compute_row<K, Flush, Tier>(x, row, maximum_of<Flush>(greatest.maximum), room);
    } else {
      detail::rows_in_turn<K, Flush, Tier>(run.part(i, 1));
    }
  }
}

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// columns
#include "softmax_columns-inl.hpp"
// short rows
#include "softmax_short_rows-inl.hpp"
// gradients
#include "softmax_gradients-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// So many short rows are worth a block. (Of 1 to 3 rows half of its vectors and more would be empty.)
inline constexpr index_t few = 4;

/// Whether rows are many and short, and adjacent or columns, in both operands.
template <row_kernel K, floating T>
bool are_short_rows(const detail::row_run<T>& run) {
  const bool adjacent = run.x.along == 1 && (run.y.along == 1 || K == row_kernel::logsumexp);
  const bool columns = run.x.step == 1 && (run.y.step == 1 || K == row_kernel::logsumexp);
  return run.mask.first == nullptr && (adjacent || columns) && run.length <= short_row && run.count >= few;
}

/// Whether rows are columns of a matrix in every operand, and enough of them for a vector.
template <row_kernel K, floating T>
bool are_columns(const detail::row_run<T>& run) {
  return run.x.step == 1 && run.x.along != 1 && run.y.step == 1 &&
         (!detail::is_gradient(K) || run.upstream.step == 1) && run.count >= static_cast<index_t>(width);
}

/// What detail::rows_in_turn gives.
template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_ATTR void compute_rows(const detail::row_run<T>& run) noexcept {
  if (run.length < 1 || (Tier == precision::exact && run.length > longest_exact)) {
    detail::rows_in_turn<K, Flush, Tier>(run);
  } else if constexpr (detail::is_gradient(K)) {
    if (are_columns<K>(run)) {
      for_tiles(run, gradient_tile<K, Flush>());
    } else {
      gradient_rows<K, Flush>(run);
    }
  } else if (are_short_rows<K>(run)) {
    short_rows_together<K, Flush, Tier>(run);
  } else if (are_columns<K>(run)) {
    for_tiles(run, column_tile<K, Flush, Tier>());
  } else {
    rows_one_by_one<K, Flush, Tier>(run);
  }
}

}  // namespace softmax

template <detail::row_kernel K, bool Flush, floating T, precision Tier>
requires(!std::same_as<T, double> &&
         Tier != precision::fast) struct code_of<detail::softmax_kernel<K, Flush, T, Tier>>
    : detail::vector_code<&softmax::compute_rows<K, Flush, Tier, T>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

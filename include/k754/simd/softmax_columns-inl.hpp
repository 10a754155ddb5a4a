// Rows that lie side by side, so that a vector holds elements of different rows: as the columns of a matrix, in tiles. A part
// of softmax-inl.hpp, which includes it (no include guard).
//
// A tile is read from above to below for the maxima, again for the exponentials, whose 16 lanes of reference::lane_sum are 16
// lines of sums as wide as the tile, and once more for the results (precision::exact: in place twice).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// Columns of one tile: the lines of its sums take 16 KiB. Of columns with many blocks there are more sums, and fewer columns.
inline constexpr index_t wide_tile = 128;
inline constexpr index_t narrow_tile = 16;
static_assert(narrow_tile % pair_width == 0);

/// Columns, each of `n` elements that are `stride` apart.
template <floating T>
struct columns {
  const T* x;
  index_t n, stride;
  T* y;
  index_t y_stride;
  detail::strided_rows<const bool> mask = {nullptr, 0, 0};
  T nothing = negative_infinity<T>();

  /// Elements of line i, from column j on, of which `left` are there.
  HWY_INLINE HWY_ATTR padded<pair_width, T> line(index_t i, index_t j, index_t left) const {
    const bool* const m = mask.first == nullptr ? nullptr : mask.row(j) + i * mask.along;
    return padded<pair_width, T>(x + i * stride + j, {m, mask.step}, left, nothing);
  }
};

template <floating T>
columns<T> columns_of(const detail::row_run<T>& run) {
  return {run.x.first, run.length, run.x.along, run.y.first, run.y.along, run.mask};
}

/// What the raw bits of a tile's columns say; see bit_extremes.
template <bool Flush = false, floating T>
HWY_INLINE HWY_ATTR void maxima_of_columns(const columns<T>& c, index_t count, double* maximum,
                                           bool* ordinary) {
  using bits = bits_of<T>;
  using key = std::make_signed_t<bits>;
  const hn::Rebind<key, doubles> ds;
  const hn::Rebind<bits, doubles> du;
  for (index_t j = 0; j < count; j += pair_width) {
    const index_t left = count - j < pair_width ? count - j : pair_width;
    auto greatest0 = hn::Set(ds, (std::numeric_limits<key>::min)()), greatest1 = greatest0;
    auto last0 = hn::Zero(du), last1 = last0;
    auto first0 = hn::Set(du, static_cast<bits>(~bits{0})), first1 = first0;
    for (index_t i = 0; i < c.n; ++i) {
      const auto elements = c.line(i, j, left);
      const auto a = load_elements(ds, elements.data()), b = load_elements(ds, elements.data() + width);
      greatest0 = hn::Max(greatest0, a);
      greatest1 = hn::Max(greatest1, b);
      last0 = hn::Max(last0, hn::BitCast(du, a));
      last1 = hn::Max(last1, hn::BitCast(du, b));
      first0 = hn::Min(first0, hn::BitCast(du, a));
      first1 = hn::Min(first1, hn::BitCast(du, b));
    }
    HWY_ALIGN key greatest[2 * width];
    HWY_ALIGN bits last[2 * width], first[2 * width];
    hn::Store(greatest0, ds, greatest);
    hn::Store(greatest1, ds, greatest + width);
    hn::Store(last0, du, last);
    hn::Store(last1, du, last + width);
    hn::Store(first0, du, first);
    hn::Store(first1, du, first + width);
    for (index_t k = 0; k < left; ++k) {
      const extreme<T> e = extreme_of<T>(greatest[k], last[k], first[k]);
      maximum[j + k] = maximum_of<Flush>(e.maximum);
      ordinary[j + k] = e.ordinary;
    }
  }
}

/// Sums of blocks in pairs, as reference::pairwise_sum has them, for each column of a tile.
template <index_t W>
class column_blocks {
 public:
  HWY_ATTR void add(double* sums) {
    std::size_t level = 0;
    for (; (count_ >> level & 1U) != 0; ++level) add_line(pair_[level], sums);
    std::memcpy(pair_[level], sums, sizeof(pair_[level]));
    ++count_;
  }
  /// The totals, after the sums of a last block that has not been added.
  HWY_ATTR void finish(double* sums) {
    for (std::size_t level = 0; count_ >> level != 0; ++level) {
      if ((count_ >> level & 1U) != 0) add_line(pair_[level], sums);
    }
  }

 private:
  HWY_ATTR static void add_line(const double* a, double* b) {
    const doubles d;
    for (index_t j = 0; j < W; j += static_cast<index_t>(width))
      hn::Store(hn::Add(hn::Load(d, a + j), hn::Load(d, b + j)), d, b + j);
  }

  static constexpr std::size_t levels = 53;
  HWY_ALIGN double pair_[levels][static_cast<std::size_t>(W)];
  std::size_t count_ = 0;
};
/// Of one block there is nothing to add.
struct no_blocks {
  void add(double*) {}
  void finish(double*) {}
};

/// The reference::lane_sums over columns of `n` elements of what terms.add_line(i, lane) adds to a line of sums.
template <index_t W, class Terms>
HWY_INLINE HWY_ATTR void sum_of_columns(index_t n, const Terms& terms, double* sums) {
  HWY_ALIGN double lane[lanes][static_cast<std::size_t>(W)];
  std::conditional_t<W == narrow_tile, column_blocks<W>, no_blocks> blocks;
  const doubles d;
  for (index_t first = 0;; first += block) {  // there is at least one element
    const index_t end = n - first < block ? n : first + block;
    for (auto& line : lane) {
      for (double& sum : line) sum = 0.0;
    }
    for (index_t i = first; i < end; ++i) terms.add_line(i, lane[(i - first) % step]);
    for (std::size_t w = lanes / 2; w > 0; w /= 2) {
      for (std::size_t l = 0; l < w; ++l) {
        for (index_t j = 0; j < W; j += static_cast<index_t>(width))
          hn::Store(hn::Add(hn::Load(d, lane[l] + j), hn::Load(d, lane[l + w] + j)), d, lane[l] + j);
      }
    }
    if (end == n) break;
    blocks.add(lane[0]);
  }
  blocks.finish(lane[0]);
  for (index_t j = 0; j < W; ++j) sums[j] = lane[0][j];
}

/// Writes the results of columns: results.put(i, j, left, y) makes two vectors of line i, from column j on.
template <floating T, class Results>
HWY_INLINE HWY_ATTR void write_columns(const columns<T>& c, index_t count, const Results& results) {
  for (index_t i = 0; i < c.n; ++i) {
    for (index_t j = 0; j < count; j += pair_width) {
      landing<pair_width, T> y(c.y + i * c.y_stride + j, count - j);
      results.put(i, j, count - j, y.data());
      y.finish();
    }
  }
}

/// Calls tile.compute<W>(rows) for the tiles of a run.
template <class Tile, class Run>
HWY_INLINE HWY_ATTR void for_tiles(const Run& run, const Tile& tile) {
  const bool one_block = run.length <= block;
  const index_t widest = one_block ? wide_tile : narrow_tile;
  for (index_t column = 0; column < run.count; column += widest) {
    const index_t count = run.count - column < widest ? run.count - column : widest;
    if (one_block) {
      tile.template compute<wide_tile>(run.part(column, count));
    } else {
      tile.template compute<narrow_tile>(run.part(column, count));
    }
  }
}

/// What the exponentials of columns add to their lane_sums; those of elements below the maximum are counted.
template <bool Flush, floating T>
struct column_exponentials {
  columns<T> c;
  index_t count;
  const double* maximum;
  double* below;

  HWY_INLINE HWY_ATTR void add_line(index_t i, double* lane) const {
    for (index_t j = 0; j < count; j += pair_width) {
      const auto x = c.line(i, j, count - j);
      vector_pair sums = load_doubles(lane + j), counts = load_doubles(below + j);
      add_exponentials(differences<Flush>(x.data(), load_doubles(maximum + j)), sums.v0, sums.v1, counts.v0,
                       counts.v1);
      store_doubles(sums, lane + j);
      store_doubles(counts, below + j);
    }
  }
};

/// Which columns of a tile have results in doubt: they are settled as rows.
template <floating T>
class column_look {
 public:
  static constexpr bool looks = true;

  explicit column_look(index_t n) : doubt_(doubt_of(n)) {}

  HWY_INLINE HWY_ATTR void see(vector_pair v, index_t j) {
    if (HWY_UNLIKELY(any_in_doubt<T>(v, doubt_))) see_lanes(v, j);
  }
  void doubt(index_t j) { columns_[j] = any_ = true; }
  bool any() const { return any_; }
  bool in_doubt(index_t j) const { return any_ && columns_[j]; }

 private:
  HWY_NOINLINE HWY_ATTR void see_lanes(vector_pair v, index_t j) {
    const auto one = hn::Set(doubles(), 1.0);
    HWY_ALIGN double lanes_in_doubt[pair_width];
    store_doubles({hn::IfThenElseZero(softmax::in_doubt<T>(v.v0, doubt_), one),
                   hn::IfThenElseZero(softmax::in_doubt<T>(v.v1, doubt_), one)},
                  lanes_in_doubt);
    for (index_t k = 0; k < pair_width; ++k) {
      if (lanes_in_doubt[k] > 0.0) doubt(j + k);
    }
  }

  std::uint64_t doubt_;
  bool any_ = false;
  bool columns_[static_cast<std::size_t>(wide_tile)] = {};
};
/// Of other tiers there are none.
template <floating T>
struct no_column_look {
  static constexpr bool looks = false;
  explicit no_column_look(index_t) {}
  void see(vector_pair, index_t) const {}
};
template <precision Tier, floating T>
using column_look_of = std::conditional_t<Tier == precision::exact, column_look<T>, no_column_look<T>>;

/// `Store`: results go to y.
template <row_kernel K, bool Flush, bool Store, class Look, floating T>
struct column_results {
  const columns<T>& c;
  const double *maximum, *parameter;
  Look& look;

  HWY_INLINE HWY_ATTR void put(index_t i, index_t j, index_t left, T* y) const {
    const auto x = c.line(i, j, left);
    const vector_pair v =
        values_of<K, Flush>(x.data(), load_doubles(maximum + j), load_doubles(parameter + j));
    look.see(v, j);
    if constexpr (Store) store_pair<Flush, false>(v, y);
  }
};

/// Whether results of columns would be in doubt: then all of them are, and nothing is written.
template <row_kernel K, bool Flush, floating T>
HWY_INLINE HWY_ATTR bool any_column_in_doubt(const columns<T>& c, index_t count, const double* maximum,
                                             const double* parameter, column_look<T>& look) {
  const column_results<K, Flush, false, column_look<T>, T> results{c, maximum, parameter, look};
  for (index_t i = 0; i < c.n && !look.any(); ++i) {
    for (index_t j = 0; j < count; j += pair_width) results.put(i, j, count - j, nullptr);
  }
  for (index_t j = 0; look.any() && j < count; ++j) look.doubt(j);
  return look.any();
}

/// The results of ordinary columns, given the parameters.
template <row_kernel K, bool Flush, class Look, floating T>
HWY_INLINE HWY_ATTR void finish_columns(const columns<T>& c, index_t count, const double* maximum,
                                        const double* parameter, Look& look) {
  if constexpr (K == row_kernel::logsumexp) {
    for (index_t j = 0; j < count; ++j) {
      if constexpr (Look::looks) {
        if (!store_certain<Flush>(maximum[j], parameter[j], c.y + j)) look.doubt(j);
      } else {
        detail::store(c.y + j, reference::detail_softmax::result<Flush, T>(maximum[j] + parameter[j]));
      }
    }
  } else {
    if constexpr (Look::looks) {  // in place the columns are read before
      if (c.x == c.y && any_column_in_doubt<K, Flush>(c, count, maximum, parameter, look)) return;
    }
    write_columns(c, count, column_results<K, Flush, true, Look, T>{c, maximum, parameter, look});
  }
}

/// Ordinary columns, with their maxima.
template <row_kernel K, bool Flush, index_t W, class Look, floating T>
HWY_NOINLINE HWY_ATTR void ordinary_columns(const columns<T>& c, index_t count, const double* given,
                                            Look& look) {
  HWY_ALIGN double maximum[static_cast<std::size_t>(W)], parameter[static_cast<std::size_t>(W)],
      below[static_cast<std::size_t>(W)];
  for (index_t j = 0; j < W; ++j) {
    maximum[j] = j < count ? given[j] : 0.0;
    below[j] = 0.0;
  }
  sum_of_columns<W>(c.n, column_exponentials<Flush, T>{c, count, maximum, below}, parameter);
  const doubles d;
  const auto size = hn::Set(d, static_cast<double>(c.n)), one = hn::Set(d, 1.0);
  for (index_t j = 0; j < W; j += static_cast<index_t>(width)) {
    const auto maxima = hn::Sub(size, hn::Load(d, below + j)), rest = hn::Load(d, parameter + j);
    const auto value = K == row_kernel::softmax ? hn::Div(one, hn::Add(maxima, rest))
                                                : log1p_nonnegative(d, hn::Add(hn::Sub(maxima, one), rest));
    hn::Store(value, d, parameter + j);
  }
  finish_columns<K, Flush>(c, count, maximum, parameter, look);
}

/// A tile: its ordinary columns together, the others, and those in doubt, one by one.
template <row_kernel K, bool Flush, precision Tier>
struct column_tile {
  template <index_t W, floating T>
  HWY_ATTR void compute(const detail::row_run<T>& run) const {
    double maximum[static_cast<std::size_t>(W)];
    bool ordinary[static_cast<std::size_t>(W)];
    maxima_of_columns<Flush>(columns_of(run), run.count, maximum, ordinary);
    for (index_t first = 0, end = 0; first < run.count; first = end) {
      while (end < run.count && ordinary[end]) ++end;
      if (end > first) {
        column_look_of<Tier, T> look(run.length);
        ordinary_columns<K, Flush, W>(columns_of(run.part(first, end - first)), end - first, maximum + first,
                                      look);
        if constexpr (Tier == precision::exact) {
          for (index_t j = first; j < end; ++j) {
            if (look.in_doubt(j - first)) rows_one_by_one<K, Flush, Tier>(run.part(j, 1));
          }
        }
      } else {
        detail::rows_in_turn<K, Flush, Tier>(run.part(first, 1));
        ++end;
      }
    }
  }
};

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

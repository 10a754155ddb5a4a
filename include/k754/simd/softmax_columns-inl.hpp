// Rows that lie side by side, so that a vector holds elements of different rows: as the columns of a matrix, in tiles. A part
// of softmax-inl.hpp, which includes it (no include guard).
//
// A tile is read from above to below for the maxima, again for the exponentials, whose 16 lanes of reference::lane_sum are 16
// lines of sums as wide as the tile, and once more for the results.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

namespace softmax {

/// Columns of one tile: the lines of its sums take 16 KiB. Of columns with many blocks there are more sums, and fewer columns.
inline constexpr index_t wide_tile = 128;
inline constexpr index_t narrow_tile = 16;
static_assert(narrow_tile % (2 * width) == 0);

/// `count` columns, each of `n` elements that are `stride` apart.
template <floating T>
struct columns {
  const T* x;
  index_t n, stride;
  T* y;
  index_t y_stride;
};

/// The two vectors of elements of columns j, j + 1, .. of which only `count` may be there.
template <floating T>
class column_pair {
 public:
  HWY_ATTR column_pair(const T* x, index_t count) : x_(x) {
    if (count >= 2 * static_cast<index_t>(width)) return;
    for (T& element : copy_) element = from_bits<T>(0);
    std::memcpy(static_cast<void*>(copy_), static_cast<const void*>(x),
                static_cast<std::size_t>(count) * sizeof(T));
    x_ = copy_;
  }
  column_pair(const column_pair&) = delete;
  column_pair& operator=(const column_pair&) = delete;
  const T* data() const { return x_; }

 private:
  const T* x_;
  T copy_[2 * width];
};

/// What the raw bits of a tile's columns say; see maximum_of_row.
template <floating T>
HWY_INLINE HWY_ATTR void maxima_of_columns(const columns<T>& c, index_t count, double* maximum,
                                           bool* ordinary) {
  using bits = bits_of<T>;
  using key = std::make_signed_t<bits>;
  const hn::Rebind<key, doubles> ds;
  const hn::Rebind<bits, doubles> du;
  constexpr auto pair = static_cast<index_t>(2 * width);
  for (index_t j = 0; j < count; j += pair) {
    const index_t left = count - j < pair ? count - j : pair;
    auto greatest0 = hn::Set(ds, (std::numeric_limits<key>::min)()), greatest1 = greatest0;
    auto last0 = hn::Zero(du), last1 = last0;
    auto first0 = hn::Set(du, static_cast<bits>(~bits{0})), first1 = first0;
    for (index_t i = 0; i < c.n; ++i) {
      const column_pair<T> elements(c.x + i * c.stride + j, left);
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
      maximum[j + k] = static_cast<double>(e.maximum);
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

/// The exponentials of one line of a tile go to a line of sums.
template <index_t W, floating T>
HWY_INLINE HWY_ATTR void add_line(const T* x, index_t count, const double* maximum, double* lane,
                                  double* below) {
  const doubles d;
  constexpr auto pair = static_cast<index_t>(2 * width);
  const auto one = hn::Set(d, 1.0);
  for (index_t j = 0; j < count; j += pair) {
    const column_pair<T> elements(x + j, count - j);
    auto e0 = hn::Sub(load_as_doubles(d, elements.data()), hn::Load(d, maximum + j));
    auto e1 = hn::Sub(load_as_doubles(d, elements.data() + width), hn::Load(d, maximum + j + width));
    const auto below0 = hn::Lt(e0, hn::Zero(d)), below1 = hn::Lt(e1, hn::Zero(d));
    exp_nonpositive(d, e0, e1);
    hn::Store(add_where(below0, hn::Load(d, lane + j), e0), d, lane + j);
    hn::Store(add_where(below1, hn::Load(d, lane + j + width), e1), d, lane + j + width);
    hn::Store(add_where(below0, hn::Load(d, below + j), one), d, below + j);
    hn::Store(add_where(below1, hn::Load(d, below + j + width), one), d, below + j + width);
  }
}

/// rest and, of elements below the maximum, the count of each column.
template <index_t W, floating T>
HWY_INLINE HWY_ATTR void sums_of_columns(const columns<T>& c, index_t count, const double* maximum,
                                         double* rest, double* below) {
  constexpr auto block = static_cast<index_t>(reference::lane_sum<double>::block);
  HWY_ALIGN double lane[lanes][static_cast<std::size_t>(W)];
  std::conditional_t<W == narrow_tile, column_blocks<W>, no_blocks> blocks;
  const doubles d;
  for (index_t j = 0; j < W; ++j) below[j] = 0.0;
  for (index_t first = 0; first < c.n; first += block) {
    const index_t end = c.n - first < block ? c.n : first + block;
    for (auto& line : lane) {
      for (double& sum : line) sum = 0.0;
    }
    for (index_t i = first; i < end; ++i) {
      add_line<W>(c.x + i * c.stride, count, maximum, lane[(i - first) % step], below);
    }
    for (std::size_t w = lanes / 2; w > 0; w /= 2) {
      for (std::size_t l = 0; l < w; ++l) {
        for (index_t j = 0; j < W; j += static_cast<index_t>(width))
          hn::Store(hn::Add(hn::Load(d, lane[l] + j), hn::Load(d, lane[l + w] + j)), d, lane[l] + j);
      }
    }
    if (end < c.n) blocks.add(lane[0]);
  }
  blocks.finish(lane[0]);
  for (index_t j = 0; j < W; ++j) rest[j] = lane[0][j];
}

/// Results of one line.
template <row_kernel K, floating T>
HWY_INLINE HWY_ATTR void write_line(const T* x, index_t count, const double* maximum, const double* parameter,
                                    T* y) {
  const doubles d;
  constexpr auto pair = static_cast<index_t>(2 * width);
  for (index_t j = 0; j < count; j += pair) {
    const column_pair<T> elements(x + j, count - j);
    auto v0 = hn::Sub(load_as_doubles(d, elements.data()), hn::Load(d, maximum + j));
    auto v1 = hn::Sub(load_as_doubles(d, elements.data() + width), hn::Load(d, maximum + j + width));
    if constexpr (K == row_kernel::softmax) exp_nonpositive(d, v0, v1);
    v0 = value_of<K>(v0, hn::Load(d, parameter + j));
    v1 = value_of<K>(v1, hn::Load(d, parameter + j + width));
    if (count - j >= pair) {
      store_rounded(d, v0, y + j);
      store_rounded(d, v1, y + j + width);
    } else {
      T results[2 * width];
      store_rounded(d, v0, results);
      store_rounded(d, v1, results + width);
      std::memcpy(static_cast<void*>(y + j), static_cast<const void*>(results),
                  static_cast<std::size_t>(count - j) * sizeof(T));
    }
  }
}

/// Ordinary columns, with their maxima.
template <row_kernel K, index_t W, floating T>
HWY_ATTR void ordinary_columns(const columns<T>& c, index_t count, const double* given) {
  HWY_ALIGN double maximum[static_cast<std::size_t>(W)], parameter[static_cast<std::size_t>(W)],
      below[static_cast<std::size_t>(W)];
  for (index_t j = 0; j < W; ++j) maximum[j] = j < count ? given[j] : 0.0;
  sums_of_columns<W>(c, count, maximum, parameter, below);
  const doubles d;
  const auto size = hn::Set(d, static_cast<double>(c.n)), one = hn::Set(d, 1.0);
  for (index_t j = 0; j < W; j += static_cast<index_t>(width)) {
    const auto maxima = hn::Sub(size, hn::Load(d, below + j)), rest = hn::Load(d, parameter + j);
    const auto value = K == row_kernel::softmax ? hn::Div(one, hn::Add(maxima, rest))
                                                : log1p_nonnegative(d, hn::Add(hn::Sub(maxima, one), rest));
    hn::Store(value, d, parameter + j);
  }
  if constexpr (K == row_kernel::logsumexp) {
    for (index_t j = 0; j < count; ++j) {
      detail::store(c.y + j, reference::detail_softmax::result<false, T>(maximum[j] + parameter[j]));
    }
  } else {
    for (index_t i = 0; i < c.n; ++i)
      write_line<K>(c.x + i * c.stride, count, maximum, parameter, c.y + i * c.y_stride);
  }
}

/// A tile: its ordinary columns together, the others one by one.
template <row_kernel K, index_t W, floating T>
HWY_ATTR void column_tile(const detail::row_run<T>& run, index_t column, index_t count) {
  double maximum[static_cast<std::size_t>(W)];
  bool ordinary[static_cast<std::size_t>(W)];
  const columns<T> c{run.x.row(column), run.length, run.x.along, run.y.row(column), run.y.along};
  maxima_of_columns(c, count, maximum, ordinary);
  for (index_t j = 0; j < count;) {
    index_t end = j;
    while (end < count && ordinary[end]) ++end;
    if (end > j) {
      ordinary_columns<K, W, T>({c.x + j, c.n, c.stride, c.y + j, c.y_stride}, end - j, maximum + j);
    } else {
      ++end;
      detail::rows_in_turn<K, false>(run.part(column + j, 1));
    }
    j = end;
  }
}

template <row_kernel K, floating T>
HWY_ATTR void rows_side_by_side(const detail::row_run<T>& run) {
  const bool one_block = run.length <= static_cast<index_t>(reference::lane_sum<double>::block);
  const index_t tile = one_block ? wide_tile : narrow_tile;
  for (index_t column = 0; column < run.count; column += tile) {
    const index_t count = run.count - column < tile ? run.count - column : tile;
    if (one_block) {
      column_tile<K, wide_tile>(run, column, count);
    } else {
      column_tile<K, narrow_tile>(run, column, count);
    }
  }
}

}  // namespace softmax

#endif

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

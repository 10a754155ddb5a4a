// Rows under precision::fast that lie side by side, so that a vector holds elements of different rows: as the columns
// of a matrix, in tiles; and many short rows, one to a lane. A part of
// softmax_fast-inl.hpp, which includes it (no include guard).
//
// A tile is read from above to below for the maxima, again for the exponentials, whose 16 lanes of
// reference::lane_sum are 16 lines of sums as wide as the tile, and once more for the results. Four rows are taken
// together, and so are the lines i, i + 16, i + 32, i + 48, which go to the same sums.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax_fast {

/// Columns of one tile; of columns with many blocks there are more sums, and fewer columns.
inline constexpr index_t wide_tile = 128;
inline constexpr index_t narrow_tile = 32;
static_assert(narrow_tile % vector_step == 0);
inline constexpr index_t together = 4;

/// Columns of `n` elements that are `stride` apart. Of logsumexp y is one line.
template <floating T>
struct columns {
  const T* x;
  index_t n, stride;
  T* y;
  index_t y_stride;

  const T* line(index_t i) const { return x + i * stride; }
};

/// What is worked out for each column of a tile.
template <index_t W>
struct tile_lines {
  static constexpr auto columns = static_cast<std::size_t>(W);
  alignas(64) float maximum[columns];
  alignas(64) float shift[columns];  ///< of row_scale
  alignas(64) float least[columns];
  alignas(64) float magic[columns];
  alignas(64) double lane[lanes][columns];
  alignas(64) std::int32_t maxima_in_block[columns];
  alignas(64) double maxima[columns];
  alignas(64) float first[columns];  ///< of result_vectors
  alignas(64) float second[columns];
  bool ordinary[columns];

  HWY_ATTR row_vectors rows(index_t j) const {
    const floats d;
    return {hn::Load(d, maximum + j), hn::Load(d, shift + j), hn::Load(d, least + j), hn::Load(d, magic + j)};
  }
  /// From the maxima.
  HWY_ATTR void set_scales() {
    const floats d;
    for (index_t j = 0; j < W; j += vector_step) {
      const row_vectors row = vectors_of(hn::Load(d, maximum + j));
      hn::Store(row.shift, d, shift + j);
      hn::Store(row.least, d, least + j);
      hn::Store(row.magic, d, magic + j);
    }
  }
};

/// The elements of a vector as bits.
template <floating T>
HWY_INLINE HWY_ATTR hn::Vec<hn::Rebind<bits_of<T>, floats>> load_bits(const T* x, index_t count) {
  const hn::Rebind<bits_of<T>, floats> bits;
  if (count >= vector_step) return load_elements(bits, x);
  T copy[width];
  for (T& element : copy) element = from_bits<T>(0);
  std::memcpy(static_cast<void*>(copy), static_cast<const void*>(x),
              static_cast<std::size_t>(count) * sizeof(T));
  return load_elements(bits, copy);
}

/// The maxima of a tile; see softmax::extreme_of.
template <index_t W, floating T>
HWY_INLINE HWY_ATTR void maxima_of_columns(const columns<T>& c, index_t count, tile_lines<W>& tile) {
  using bits = bits_of<T>;
  using key = std::make_signed_t<bits>;
  const hn::Rebind<bits, floats> du;
  const hn::Rebind<key, floats> ds;
  HWY_ALIGN key greatest[static_cast<std::size_t>(W)];
  HWY_ALIGN bits last[static_cast<std::size_t>(W)], first[static_cast<std::size_t>(W)];
  for (index_t j = 0; j < W; ++j) {
    greatest[j] = (std::numeric_limits<key>::min)();
    last[j] = 0;
    first[j] = static_cast<bits>(~bits{0});
  }
  for (index_t i = 0; i < c.n; i += together) {
    for (index_t j = 0; j < count; j += vector_step) {
      auto top = hn::Load(ds, greatest + j);
      auto largest = hn::Load(du, last + j), least = hn::Load(du, first + j);
      for (index_t k = 0; k < together; ++k) {
        const index_t row = i + k < c.n ? i + k : c.n - 1;
        const auto x = load_bits(c.line(row) + j, count - j);
        top = hn::Max(top, hn::BitCast(ds, x));
        largest = hn::Max(largest, x);
        least = hn::Min(least, x);
      }
      hn::Store(top, ds, greatest + j);
      hn::Store(largest, du, last + j);
      hn::Store(least, du, first + j);
    }
  }
  for (index_t j = 0; j < count; ++j) {
    const softmax::extreme<T> e = softmax::extreme_of<T>(greatest[j], last[j], first[j]);
    tile.maximum[j] = static_cast<float>(e.maximum);
    tile.ordinary[j] = e.ordinary;
  }
}

/// The lines i, i + 16, .. of which `rows` are there, at most four, go to lane l, and, of floats, to the output.
template <row_kernel K, bool Shifted, index_t W, floating T>
HWY_INLINE HWY_ATTR void add_lines(const columns<T>& c, index_t count, index_t i, index_t rows,
                                   tile_lines<W>& tile, double* lane) {
  const doubles d;
  const counters di;
  constexpr index_t half = vector_step / 2;
  for (index_t j = 0; j < count; j += vector_step) {
    const row_vectors row = tile.rows(j);
    auto sum0 = hn::Load(d, lane + j), sum1 = hn::Load(d, lane + j + half);
    auto maxima = hn::Load(di, tile.maxima_in_block + j);
    for (index_t k = 0; k < rows; ++k) {
      const index_t at = i + k * step;
      const auto x = load_some(c.line(at) + j, count - j);
      auto e = exponential<Shifted>(x, row);
      if constexpr (K == row_kernel::softmax && std::same_as<T, float>) {
        store_some(e, count - j, c.y + at * c.y_stride + j);
      } else if constexpr (K != row_kernel::softmax) {
        const auto is_maximum = hn::Eq(x, row.maximum);
        e = hn::IfThenZeroElse(is_maximum, e);
        maxima = add_one_where(is_maximum, maxima);
      }
      sum0 = hn::Add(sum0, lower_doubles(e));
      sum1 = hn::Add(sum1, upper_doubles(e));
    }
    hn::Store(sum0, d, lane + j);
    hn::Store(sum1, d, lane + j + half);
    if constexpr (K != row_kernel::softmax) hn::Store(maxima, di, tile.maxima_in_block + j);
  }
}

/// The sums of a block of each column.
template <index_t W>
struct line_of_sums {
  double sum[static_cast<std::size_t>(W)] = {};

  HWY_ATTR friend line_of_sums operator+(const line_of_sums& a, const line_of_sums& b) {
    line_of_sums result;
    for (std::size_t j = 0; j < static_cast<std::size_t>(W); ++j) result.sum[j] = a.sum[j] + b.sum[j];
    return result;
  }
};

/// Lane 0 becomes the sums of a block of `n` elements of each column.
template <row_kernel K, bool Shifted, index_t W, floating T>
HWY_INLINE HWY_ATTR void sums_of_block(const columns<T>& c, index_t count, index_t first, index_t n,
                                       tile_lines<W>& tile) {
  const doubles d;
  const index_t used = n < step ? n : step;  // of the lanes: the others are +0
  for (index_t j = 0; j < W; ++j) tile.maxima_in_block[j] = 0;
  for (index_t l = 0; l < used; ++l) {
    for (index_t j = 0; j < W; ++j) tile.lane[l][j] = 0.0;
    for (index_t i = l; i < n; i += together * step) {
      const index_t rows = (n - i + step - 1) / step;
      if (rows >= together) {
        add_lines<K, Shifted>(c, count, first + i, together, tile, tile.lane[l]);
      } else {
        add_lines<K, Shifted>(c, count, first + i, rows, tile, tile.lane[l]);
      }
    }
  }
  for (index_t left = used, w = step / 2; w > 0; w /= 2) {
    for (index_t l = 0; l + w < left; ++l) {
      for (index_t j = 0; j < W; j += vector_step / 2) {
        hn::Store(hn::Add(hn::Load(d, tile.lane[l] + j), hn::Load(d, tile.lane[l + w] + j)), d,
                  tile.lane[l] + j);
      }
    }
    left = left < w ? left : w;
  }
  for (index_t j = 0; j < W; ++j) tile.maxima[j] += static_cast<double>(tile.maxima_in_block[j]);
}

/// Lane 0 becomes the sums of each column.
template <row_kernel K, bool Shifted, index_t W, floating T>
HWY_INLINE HWY_ATTR void sums_of_columns(const columns<T>& c, index_t count, tile_lines<W>& tile) {
  for (index_t j = 0; j < W; ++j) tile.maxima[j] = 0.0;
  if constexpr (W == wide_tile) {  // one block
    sums_of_block<K, Shifted>(c, count, 0, c.n, tile);
  } else {
    reference::pairwise_sum<line_of_sums<W>> blocks;
    line_of_sums<W> sums;
    for (index_t first = 0; first < c.n; first += block) {
      const index_t n = c.n - first < block ? c.n - first : block;
      sums_of_block<K, Shifted>(c, count, first, n, tile);
      std::memcpy(sums.sum, tile.lane[0], sizeof(sums.sum));
      if (n == block) blocks.add(sums);
    }
    sums = c.n % block == 0 ? blocks.total() : blocks.total_with(sums);
    std::memcpy(tile.lane[0], sums.sum, sizeof(sums.sum));
  }
}

/// What the results need, from the sums: of logsumexp the results, in lane 0.
template <row_kernel K, index_t W>
HWY_INLINE HWY_ATTR void parameters_of_columns(index_t count, tile_lines<W>& tile) {
  const doubles d;
  const hn::Rebind<float, doubles> half_floats;
  constexpr index_t half = vector_step / 2;
  double* const sum = tile.lane[0];
  if constexpr (K == row_kernel::softmax) {
    for (index_t j = 0; j < count; j += half) {
      const auto inverse = hn::Div(hn::Set(d, 1.0), hn::Load(d, sum + j));
      const auto a = hn::DemoteTo(half_floats, inverse);
      hn::Store(a, half_floats, tile.first + j);
      hn::Store(hn::DemoteTo(half_floats, hn::Sub(inverse, hn::PromoteTo(d, a))), half_floats,
                tile.second + j);
    }
  } else {
    for (index_t j = 0; j < count; j += vector_step) {
      const row_vectors row = tile.rows(j);
      auto sum0 = hn::Load(d, sum + j), sum1 = hn::Load(d, sum + j + half);
      logarithms(row, sum0, sum1, hn::Load(d, tile.maxima + j), hn::Load(d, tile.maxima + j + half));
      if constexpr (K == row_kernel::logsumexp) {
        hn::Store(hn::Add(lower_doubles(row.maximum), sum0), d, sum + j);
        hn::Store(hn::Add(upper_doubles(row.maximum), sum1), d, sum + j + half);
      } else {
        hn::Store(row.maximum, floats(), tile.first + j);
        hn::Store(hn::DemoteTo(half_floats, sum0), half_floats, tile.second + j);
        hn::Store(hn::DemoteTo(half_floats, sum1), half_floats, tile.second + j + half);
      }
    }
  }
}

template <row_kernel K, bool Shifted, index_t W, floating T>
HWY_INLINE HWY_ATTR void write_columns(const columns<T>& c, index_t count, const tile_lines<W>& tile) {
  const floats d;
  constexpr bool is_kept = std::same_as<T, float>;
  for (index_t i = 0; i < c.n; ++i) {
    T* const y = c.y + i * c.y_stride;
    for (index_t j = 0; j < count; j += vector_step) {
      auto v = load_some((K == row_kernel::softmax && is_kept ? y : c.line(i)) + j, count - j);
      if constexpr (K == row_kernel::softmax && !is_kept) v = exponential<Shifted>(v, tile.rows(j));
      const result_vectors r{hn::Load(d, tile.first + j), hn::Load(d, tile.second + j)};
      store_some(result_of<K>(v, r), count - j, y + j);
    }
  }
}

/// Ordinary columns, whose maxima are in the tile.
template <row_kernel K, bool Shifted, index_t W, floating T>
HWY_ATTR void ordinary_columns(const columns<T>& c, index_t count, tile_lines<W>& tile) {
  sums_of_columns<K, Shifted>(c, count, tile);
  parameters_of_columns<K>(count, tile);
  if constexpr (K == row_kernel::logsumexp) {
    for (index_t j = 0; j < count; ++j)
      detail::store(c.y + j, reference::detail_softmax::result<false, T>(tile.lane[0][j]));
  } else {
    write_columns<K, Shifted>(c, count, tile);
  }
}
template <row_kernel K, index_t W, floating T>
HWY_ATTR void ordinary_columns(const columns<T>& c, index_t count, tile_lines<W>& tile) {
  bool any_shifted = false;
  for (index_t j = 0; j < count; ++j) any_shifted = any_shifted || is_shifted(tile.maximum[j]);
  for (index_t j = count; j < W; ++j) tile.maximum[j] = 0.0F;
  tile.set_scales();
  if (any_shifted) {
    ordinary_columns<K, true>(c, count, tile);
  } else {
    ordinary_columns<K, false>(c, count, tile);
  }
}

/// A tile: its ordinary columns together, the others one by one.
template <row_kernel K, index_t W, floating T>
HWY_ATTR void column_tile(const detail::row_run<T>& run, tile_lines<W>& tile) {
  const columns<T> c{run.x.first, run.length, run.x.along, run.y.first, run.y.along};
  maxima_of_columns(c, run.count, tile);
  index_t column = 0;
  while (column < run.count && tile.ordinary[column]) ++column;
  if (column == run.count) return ordinary_columns<K>(c, run.count, tile);
  for (index_t j = 0; j < run.count; ++j) {  // with a column that is not: one by one
    if (!tile.ordinary[j]) detail::rows_in_turn<K, false, precision::fast>(run.part(j, 1));
  }
  tile_lines<W> part;
  for (index_t j = 0; j < run.count;) {
    index_t end = j;
    for (; end < run.count && tile.ordinary[end]; ++end) part.maximum[end - j] = tile.maximum[end];
    if (end > j) {
      const detail::row_run<T> some = run.part(j, end - j);
      ordinary_columns<K>(columns<T>{some.x.first, c.n, c.stride, some.y.first, c.y_stride}, end - j, part);
    }
    j = end + 1;
  }
}

template <row_kernel K, index_t W, floating T>
HWY_ATTR void tiles_of_columns(const detail::row_run<T>& run) {
  tile_lines<W> tile;
  for (index_t column = 0; column < run.count; column += W)
    column_tile<K>(run.part(column, run.count - column < W ? run.count - column : W), tile);
}
template <row_kernel K, floating T>
HWY_ATTR void rows_side_by_side(const detail::row_run<T>& run) {
  if (run.length <= block) {
    tiles_of_columns<K, wide_tile>(run);
  } else {
    tiles_of_columns<K, narrow_tile>(run);
  }
}

// Short rows: one to a lane.

inline constexpr index_t short_row = 64;

/// As many rows as a vector has lanes, as lines of their elements.
template <floating T>
struct short_rows {
  alignas(64) T x[static_cast<std::size_t>(short_row)][width];
  alignas(64) float e[static_cast<std::size_t>(short_row)][width];
  alignas(64) double log_sum[width];
};

/// The maximum of each lane; whether one of them is not ordinary.
template <floating T>
HWY_INLINE HWY_ATTR hn::Vec<floats> maxima_of_lanes(const short_rows<T>& rows, index_t n,
                                                    bool& extraordinary) {
  using bits = bits_of<T>;
  using format = detail::format_of<T>;
  const hn::Rebind<bits, floats> du;
  const hn::RebindToSigned<decltype(du)> ds;
  auto last = load_elements(du, rows.x[0]), first = last;
  auto greatest = hn::BitCast(ds, last);
  for (index_t i = 1; i < n; ++i) {
    const auto x = load_elements(du, rows.x[i]);
    greatest = hn::Max(greatest, hn::BitCast(ds, x));
    last = hn::Max(last, x);
    first = hn::Min(first, x);
  }
  const auto negative = hn::Lt(greatest, hn::Zero(ds));
  const auto m = hn::IfThenElse(negative, hn::BitCast(ds, first), greatest);
  const auto finite =
      hn::Lt(hn::And(m, hn::Set(ds, static_cast<std::make_signed_t<bits>>(~format::sign_bit))),
             hn::Set(ds, static_cast<std::make_signed_t<bits>>(format::infinity)));
  const auto limit = hn::Set(du, static_cast<bits>(format::sign_bit | format::infinity));
  const auto number = hn::Eq(hn::Max(last, limit), limit);
  extraordinary = !hn::AllTrue(ds, finite) || !hn::AllTrue(du, number);
  HWY_ALIGN T maxima[width];
  store_elements(ds, m, maxima);
  return load_floats(maxima);
}

/// The sums of the lanes, and how often the maxima occur.
template <row_kernel K, bool Shifted, floating T>
HWY_INLINE HWY_ATTR void sums_of_lanes(short_rows<T>& rows, index_t n, const row_vectors& row,
                                       hn::Vec<doubles>& sum0, hn::Vec<doubles>& sum1,
                                       hn::Vec<counters>& maxima) {
  const doubles d;
  hn::Vec<doubles> lane0[lanes], lane1[lanes];
  maxima = hn::Zero(counters());
  index_t left = n < step ? n : step;  // lanes that are not there are +0
  for (index_t l = 0; l < left; ++l) {
    lane0[l] = hn::Zero(d);
    lane1[l] = hn::Zero(d);
    for (index_t i = l; i < n; i += step) {
      const auto x = load_floats(rows.x[i]);
      auto e = exponential<Shifted>(x, row);
      if constexpr (K == row_kernel::softmax) {
        hn::Store(e, floats(), rows.e[i]);
      } else {
        const auto is_maximum = hn::Eq(x, row.maximum);
        e = hn::IfThenZeroElse(is_maximum, e);
        maxima = add_one_where(is_maximum, maxima);
      }
      lane0[l] = hn::Add(lane0[l], lower_doubles(e));
      lane1[l] = hn::Add(lane1[l], upper_doubles(e));
    }
  }
  for (index_t w = step / 2; w > 0; w /= 2) {
    for (index_t l = 0; l + w < left; ++l) {
      lane0[l] = hn::Add(lane0[l], lane0[l + w]);
      lane1[l] = hn::Add(lane1[l], lane1[l + w]);
    }
    left = left < w ? left : w;
  }
  sum0 = lane0[0];
  sum1 = lane1[0];
}

HWY_INLINE HWY_ATTR hn::Vec<floats> joined(hn::Vec<doubles> v0, hn::Vec<doubles> v1) {
  const hn::Rebind<float, doubles> half;
  return hn::Combine(floats(), hn::DemoteTo(half, v1), hn::DemoteTo(half, v0));
}

/// x becomes the results; those of logsumexp are in log_sum.
template <row_kernel K, bool Shifted, floating T>
HWY_INLINE HWY_ATTR void compute_lanes(short_rows<T>& rows, index_t n, hn::Vec<floats> m) {
  const doubles d;
  const hn::Rebind<std::int32_t, doubles> half_counters;
  const row_vectors row = vectors_of(m);
  auto sum0 = hn::Zero(d), sum1 = sum0;
  auto maxima = hn::Zero(counters());
  sums_of_lanes<K, Shifted>(rows, n, row, sum0, sum1, maxima);
  result_vectors r{m, m};
  if constexpr (K == row_kernel::softmax) {
    const auto one = hn::Set(d, 1.0);
    const auto inverse0 = hn::Div(one, sum0), inverse1 = hn::Div(one, sum1);
    r.first = joined(inverse0, inverse1);
    r.second = joined(hn::Sub(inverse0, lower_doubles(r.first)), hn::Sub(inverse1, upper_doubles(r.first)));
  } else {
    logarithms(row, sum0, sum1, hn::PromoteTo(d, hn::LowerHalf(half_counters, maxima)),
               hn::PromoteTo(d, hn::UpperHalf(half_counters, maxima)));
    if constexpr (K == row_kernel::logsumexp) {
      hn::Store(hn::Add(lower_doubles(m), sum0), d, rows.log_sum);
      hn::Store(hn::Add(upper_doubles(m), sum1), d, rows.log_sum + width / 2);
      return;
    }
    r.second = joined(sum0, sum1);
  }
  for (index_t i = 0; i < n; ++i) {
    const auto v = K == row_kernel::softmax ? hn::Load(floats(), rows.e[i]) : load_floats(rows.x[i]);
    store_floats(result_of<K>(v, r), rows.x[i]);
  }
}

/// As many rows as there are lanes, or fewer.
template <row_kernel K, floating T>
HWY_INLINE HWY_ATTR void rows_in_lanes(const detail::row_run<T>& run, short_rows<T>& rows) {
  const floats d;
  const index_t n = run.length;
  transpose_rows(run.x.first, run.x.step, n, run.count, rows.x[0], vector_step);
  bool extraordinary = false;
  const auto m = maxima_of_lanes(rows, n, extraordinary);
  const auto limit = hn::Set(d, reference::detail_softmax_fast::largest_unshifted);
  if (hn::AllTrue(d, hn::Lt(hn::Abs(m), limit))) {
    compute_lanes<K, false>(rows, n, m);
  } else {
    compute_lanes<K, true>(rows, n, m);
  }
  T results[width];
  if constexpr (K == row_kernel::logsumexp) {
    for (index_t i = 0; i < run.count; ++i)
      results[i] = reference::detail_softmax::result<false, T>(rows.log_sum[i]);
  }
  for (index_t i = 0; extraordinary && i < run.count; ++i) {
    auto one = run.part(i, 1);
    if (maximum_of_row(one.x.first, n).ordinary) continue;
    one.y = {K == row_kernel::logsumexp ? results + i : rows.x[0] + i, vector_step, 0};
    detail::rows_in_turn<K, false, precision::fast>(one);
  }
  if constexpr (K == row_kernel::logsumexp) {
    for (index_t i = 0; i < run.count; ++i) detail::store(run.y.row(i), results[i]);
  } else {
    transpose_lines(rows.x[0], vector_step, n, run.count, run.y.first, run.y.step);
  }
}

template <row_kernel K, floating T>
HWY_ATTR void short_rows_together(const detail::row_run<T>& run) {
  short_rows<T> rows;
  for (index_t i = 0; i < run.length; ++i) {
    for (T& x : rows.x[i]) x = from_bits<T>(0);
  }
  for (index_t row = 0; row < run.count; row += vector_step) {
    const index_t left = run.count - row;
    rows_in_lanes<K>(run.part(row, left < vector_step ? left : vector_step), rows);
  }
}

}  // namespace softmax_fast

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// Columns are searched side by side, in tiles and a few rows at a time, by leads and then, where those did not decide, by
// keys.
//
// A part of argmax-inl.hpp, which includes it (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {
namespace argmax {

/// Rows of two vectors of columns, the second one `second` elements on: `row` is the number of the first row.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD>
HWY_INLINE HWY_ATTR void take_rows(D d, OD od, const T* x, index_t n, index_t stride, index_t second,
                                   index_t ahead, hn::Vec<D> row, hn::Vec<D>& best0, hn::Vec<D>& winner0,
                                   hn::Vec<D>& best1, hn::Vec<D>& winner1, hn::Vec<OD>& other) {
  const auto one = hn::Set(d, hn::TFromD<D>{1});
  for (index_t i = 0; i < n; ++i) {
    const T* const elements = x + i * stride;
    if (ahead != 0) detail::prefetch<detail::fetch::to_second_cache>(elements, ahead, 2 * lanes_of(d));
    const auto bits0 = load_elements(d, elements), bits1 = load_elements(d, elements + second);
    auto rank0 = bits0, rank1 = bits1;
    if constexpr (Keys) {
      rank0 = keys_of<Extremum, P, T>(d, bits0);
      rank1 = keys_of<Extremum, P, T>(d, bits1);
    } else {
      rank0 = leads_of<Extremum, P, T>(d, bits0);
      rank1 = leads_of<Extremum, P, T>(d, bits1);
      if constexpr (leads_miss_nans<P, T>) {
        other = hn::Max(other, hn::Max(hn::BitCast(od, bits0), hn::BitCast(od, bits1)));
      }
    }
    winner0 = hn::IfThenElse(hn::Gt(rank0, best0), row, winner0);
    best0 = hn::Max(best0, rank0);
    winner1 = hn::IfThenElse(hn::Gt(rank1, best1), row, winner1);
    best1 = hn::Max(best1, rank1);
    row = hn::Add(row, one);
  }
}

/// Whether one of the first elements of a column is better than zero.
template <extremum Extremum, policy P, class T>
inline bool lead_decides_soon(const T* column, index_t n, index_t stride) noexcept {
  constexpr auto sign = static_cast<bits_of<T>>(detail::format_of<T>::sign_bit);
  for (index_t i = 0; i < n; ++i) {
    const auto bits = to_bits(detail::load(column + i * stride));
    const auto turned_bits = static_cast<bits_of<T>>(Extremum == extremum::maximum ? bits : bits ^ sign);
    if (turned_bits >= deciding<P, T>::least && turned_bits <= deciding<P, T>::greatest) return true;
  }
  return false;
}

/// Whether leads are likely to decide most columns: the first, the middle and the last one tell. With less than 8
/// rows there is little to gain; among 32 numbers of both signs there is a better one. A wrong guess costs but time.
/// Benchmark argmax.f32.cols1000x1000; no range is on record.
template <extremum Extremum, policy P, class T>
inline bool leads_are_promising(const T* x, index_t n, index_t stride, index_t count, index_t step) noexcept {
  if constexpr (!floating<T>) {
    return false;
  } else {
    if (n < 8) return false;
    const index_t probed = n < 32 ? n : 32;
    for (int probe = 0; probe < 3; ++probe) {
      const T* const column = x + (count - 1) * probe / 2 * step;
      if (!lead_decides_soon<Extremum, P>(column, probed, stride)) return false;
    }
    return true;
  }
}

/// Rows are taken so many at a time: in place, where each is a stream of memory, and packed. Benchmarks
/// argmax.f32.cols1000x1000, argmax.f32.nchw21x513x513.c; no range is on record.
inline constexpr index_t row_group = 12, packed_row_group = 16;

/// Rows in place that are a multiple of a page apart, but for less than a cache line, share the few lines that the nearest
/// cache has for such addresses: 8 in most CPUs, one of which is left to the tile.
template <class T>
constexpr index_t rows_at_once(index_t stride) noexcept {
  const index_t beyond = (stride < 0 ? -stride : stride) % (4096 / static_cast<index_t>(sizeof(T)));
  const auto bytes = beyond * static_cast<index_t>(sizeof(T));
  return bytes < 64 || bytes > 4096 - 64 ? 7 : row_group;
}

/// Copies n (at most packed_row_group) elements of each column of a tile, `stride` apart, columns `step` apart, to rows of `pitch`
/// adjacent ones.
template <class T>
HWY_ATTR void pack_columns(const T* x, index_t n, index_t stride, index_t width, index_t step,
                           unsigned char* to, index_t pitch) noexcept {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const index_t distance = stride < 0 ? -stride : stride;
  if (step > 0 && step < distance) {
    for (index_t i = 0; i < n; ++i) gather(x + i * stride, width, step, to + i * pitch * size);
    return;
  }
  for (index_t column = 0; column < width; ++column) {
    for (index_t i = 0; i < n; ++i) {
      std::memcpy(to + (i * pitch + column) * size, static_cast<const void*>(x + column * step + i * stride),
                  sizeof(T));
    }
  }
}

/// Columns of a tile, whose best elements and winners are kept in memory, and the rows of it that are packed: 28 KiB
/// in all, for a nearest cache of 32 KiB. Benchmark argmax.f32.cols1000x1000; no range is on record.
inline constexpr index_t tile_bytes = 8192, pack_bytes = 8192;

/// Columns that reach further are not in a cache: that much is half of the last one of the CPU in benchmarks/results.
/// Benchmark argmax.f32.nchw21x513x513.c (22 MB); no range is on record.
inline constexpr index_t far_bytes = index_t{1} << 24;

/// Lanes of any width as indices.
template <class D>
HWY_INLINE HWY_ATTR void store_indices(D /*d*/, hn::Vec<D> lanes, index_t* to) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    store_elements(D(), lanes, to);
  } else {
    const hn::Half<D> half;
    const hn::RepartitionToWide<D> wide;
    store_indices(wide, hn::PromoteTo(wide, hn::LowerHalf(half, lanes)), to);
    store_indices(wide, hn::PromoteTo(wide, hn::UpperHalf(half, lanes)), to + lanes_of(wide));
  }
}

template <class Key>
HWY_INLINE HWY_ATTR void store_winners(const Key* rows, index_t count, index_t* winners) {
  const hn::ScalableTag<Key> d;
  const index_t lanes = lanes_of(d);
  index_t i = 0;
  for (; i + lanes <= count; i += lanes) store_indices(d, hn::LoadU(d, rows + i), winners + i);
  for (; i < count; ++i) winners[i] = static_cast<index_t>(rows[i]);
}

/// The pairs of vectors that `columns` columns, at least a vector, are taken in:
///
///     do {
///       ...                        // columns from pairs.at() and from pairs.at() + pairs.second() on
///     } while (pairs.next());
///
/// The last pair reaches back where no whole one is left. Of less than two vectors there is one pair, and they
/// overlap.
class vector_pairs {
 public:
  constexpr vector_pairs(index_t columns, index_t lanes) noexcept
      : width_(2 * lanes),
        second_(columns < 2 * lanes ? columns - lanes : lanes),
        last_(columns - lanes - second_) {}

  constexpr index_t at() const noexcept { return at_; }
  constexpr index_t second() const noexcept { return second_; }
  constexpr index_t number() const noexcept { return number_; }
  constexpr bool next() noexcept {
    if (at_ >= last_) return false;
    at_ = at_ + width_ < last_ ? at_ + width_ : last_;
    ++number_;
    return true;
  }

 private:
  index_t width_, second_, last_, at_ = 0, number_ = 0;
};

/// The columns of a tile between two groups of rows: the best element and its row of each, what leads miss of each
/// pair of vectors. Rows are counted in lanes, from the begin of each block of rows.
template <extremum Extremum, class T>
struct tile_of_columns {
  using D = key_tag<T>;
  using OD = other_tag<Extremum, D>;
  using key = hn::TFromD<D>;
  static constexpr index_t row_block =
      sizeof(key) == 8 ? index_t{1} << 62 : static_cast<index_t>(greatest_key<D>);
  static constexpr std::size_t most = tile_bytes / sizeof(T);

  HWY_ALIGN key best[most];
  HWY_ALIGN key winner[most];
  HWY_ALIGN hn::TFromD<OD> others[(tile_bytes / 2 + HWY_MAX_BYTES) / sizeof(hn::TFromD<OD>)];
};

/// Some rows of a tile, `pitch` apart; `first` is the number of the first one in its block of rows.
template <class T>
struct rows_of_tile {
  const T* elements;
  index_t first, count, pitch;
  index_t ahead;  ///< what is fetched before it is needed lies so far ahead; 0: nothing is
};

/// Takes some rows of all columns; `fresh`: they are the first ones.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_INLINE HWY_ATTR void take_rows_of_tile(const rows_of_tile<T>& rows, index_t columns, bool fresh,
                                           tile_of_columns<Extremum, T>& tile) {
  using D = key_tag<T>;
  const D d;
  using OD = other_tag<Extremum, D>;
  const OD od;
  vector_pairs pairs(columns, lanes_of(d));
  do {
    auto* const best = tile.best + pairs.at();
    auto* const winner = tile.winner + pairs.at();
    auto* const others = tile.others + pairs.number() * lanes_of(od);
    const index_t second = pairs.second();
    auto best0 = hn::Set(d, least_key<D>), best1 = best0, winner0 = hn::Zero(d), winner1 = winner0;
    auto other = hn::Set(od, least_key<OD>);
    if (!fresh) {
      best0 = hn::LoadU(d, best);
      best1 = hn::LoadU(d, best + second);
      winner0 = hn::LoadU(d, winner);
      winner1 = hn::LoadU(d, winner + second);
      if constexpr (!Keys) other = hn::LoadU(od, others);
    }
    take_rows<Extremum, P, Keys>(d, od, rows.elements + pairs.at(), rows.count, rows.pitch, second,
                                 rows.ahead, hn::Set(d, static_cast<hn::TFromD<D>>(rows.first)), best0,
                                 winner0, best1, winner1, other);
    hn::StoreU(best0, d, best);
    hn::StoreU(best1, d, best + second);
    hn::StoreU(winner0, d, winner);
    hn::StoreU(winner1, d, winner + second);
    if constexpr (!Keys) hn::StoreU(other, od, others);
  } while (pairs.next());
}

/// Whether leads decided a pair of vectors of a tile.
template <extremum Extremum, policy P, class T>
HWY_INLINE HWY_ATTR bool is_decided(const tile_of_columns<Extremum, T>& tile, const vector_pairs& pair) {
  const key_tag<T> d;
  const other_tag<Extremum, key_tag<T>> od;
  const auto* const best = tile.best + pair.at();
  return leads_decide<Extremum, P, T>(d, od, hn::LoadU(d, best), hn::LoadU(d, best + pair.second()),
                                      hn::LoadU(od, tile.others + pair.number() * lanes_of(od)));
}

/// The first of the elements with the greatest rank in each of `width` columns that are `step` apart, by keys or by
/// leads.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_ATTR void search_tile(const T* x, index_t n, index_t stride, index_t width, index_t step,
                          index_t* winners) noexcept {
  using tile_type = tile_of_columns<Extremum, T>;
  tile_type tile;
  HWY_ALIGN unsigned char packed[pack_bytes];

  const index_t lanes = lanes_of(key_tag<T>());
  const index_t columns = width < lanes ? lanes : width;
  const index_t group = step == 1 ? rows_at_once<T>(stride) : packed_row_group;
  const index_t farthest = stride < 0 ? 0 : (n - 1) * stride;
  // Rows of the tile are streams of memory of a page or two, too short for the CPU to see in time.
  const bool beyond_caches =
      step == 1 && (n - 1) * (stride < 0 ? -stride : stride) > far_bytes / static_cast<index_t>(sizeof(T));
  if (n < 1) return;  // there are rows; GCC would warn of keys that are not set
  if (width < lanes)
    std::memset(packed, 0, static_cast<std::size_t>((n < group ? n : group) * columns) * sizeof(T));
  for (index_t begin = 0; begin < n; begin += tile_type::row_block) {
    const index_t rows = n - begin < tile_type::row_block ? n - begin : tile_type::row_block;
    if (begin > 0) {
      for (index_t column = 0; column < columns; ++column) tile.winner[column] = -1;
    }
    for (index_t row = 0; row < rows; row += group) {
      const index_t count = rows - row < group ? rows - row : group;
      rows_of_tile<T> some{x + (begin + row) * stride, row, count, stride, 0};
      // Vectors that are wider than the tile reach into the next rows: not where there are none.
      const index_t first = (begin + row) * stride, behind = (begin + row + count - 1) * stride;
      if (step != 1 || (first > behind ? first : behind) + columns > farthest + width) {
        some.pitch = columns;
        pack_columns(some.elements, count, stride, width, step, packed, some.pitch);
        some.elements = reinterpret_cast<const T*>(packed);
      }
      if (beyond_caches) {  // the same columns of the next rows, or the first rows of the next tile
        some.ahead = row + group < rows ? group * stride : width - (begin + row) * stride;
      }
      take_rows_of_tile<Extremum, P, Keys>(some, columns, begin == 0 && row == 0, tile);
    }
    if (begin == 0) {
      store_winners(tile.winner, width, winners);
    } else {
      for (index_t column = 0; column < width; ++column) {
        if (tile.winner[column] >= 0) winners[column] = begin + static_cast<index_t>(tile.winner[column]);
      }
    }
  }
  if constexpr (!Keys) {
    vector_pairs pairs(columns, lanes);
    do {
      if (is_decided<Extremum, P>(tile, pairs)) continue;
      const index_t at = pairs.at(), both = pairs.second() + lanes;
      search_tile<Extremum, P, true>(x + at * step, n, stride, width - at < both ? width - at : both, step,
                                     winners + at);
    } while (pairs.next());
  } else if constexpr (!nan_rule_of<P, T>.take_part) {
    for (index_t column = 0; column < width; ++column) {
      if (tile.best[column] == least_key<key_tag<T>>) winners[column] = -1;
    }
  }
}

/// The same where all rows are taken at once, and at least a vector of columns lies side by side: nothing is kept in memory.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_ATTR void search_few_rows(const T* x, index_t n, index_t stride, index_t width,
                              index_t* winners) noexcept {
  using D = key_tag<T>;
  const D d;
  using OD = other_tag<Extremum, D>;
  const OD od;
  const index_t lanes = lanes_of(d);
  vector_pairs pairs(width, lanes);
  do {
    const index_t at = pairs.at(), second = pairs.second();
    auto best0 = hn::Set(d, least_key<D>), best1 = best0, winner0 = hn::Zero(d), winner1 = winner0;
    auto other = hn::Set(od, least_key<OD>);
    take_rows<Extremum, P, Keys>(d, od, x + at, n, stride, second, 0, hn::Zero(d), best0, winner0, best1,
                                 winner1, other);
    bool decided = true;
    if constexpr (Keys) {
      winner0 = winners_of_keys<P, T>(d, best0, winner0);
      winner1 = winners_of_keys<P, T>(d, best1, winner1);
    } else {
      decided = leads_decide<Extremum, P, T>(d, od, best0, best1, other);
    }
    if (decided) {
      store_indices(d, winner0, winners + at);
      store_indices(d, winner1, winners + at + second);
    } else {
      search_few_rows<Extremum, P, true>(x + at, n, stride, second + lanes, winners + at);
    }
  } while (pairs.next());
}

/// No more columns than a tile has, by whichever of the two suits them.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_INLINE HWY_ATTR void search_few_columns(const T* x, index_t n, index_t stride, index_t width,
                                            index_t step, index_t* winners) {
  if (step == 1 && width >= lanes_of(key_tag<T>()) && n <= rows_at_once<T>(stride)) {
    search_few_rows<Extremum, P, Keys>(x, n, stride, width, winners);
  } else {
    search_tile<Extremum, P, Keys>(x, n, stride, width, step, winners);
  }
}

}  // namespace argmax
}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// Columns are searched side by side, in tiles and a few rows at a time, by leads and then, where those did not decide, by
// keys.
//
// A part of argmax-inl.hpp, which includes it (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

/// Rows of two vectors of columns, the second one `second` elements on: `row` is the number of the first row.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD>
HWY_INLINE HWY_ATTR void take_rows(D d, OD od, const T* x, index_t n, index_t stride, index_t second,
                                   index_t ahead, hn::Vec<D> row, hn::Vec<D>& best0, hn::Vec<D>& winner0,
                                   hn::Vec<D>& best1, hn::Vec<D>& winner1, hn::Vec<OD>& other) {
  const auto one = hn::Set(d, hn::TFromD<D>{1});
  for (index_t i = 0; i < n; ++i) {
    const T* const elements = x + i * stride;
    if (ahead != 0)
      detail::prefetch<detail::fetch::to_second_cache>(elements, ahead,
                                                       2 * static_cast<index_t>(hn::Lanes(d)));
    const auto bits0 = load_bits(d, elements), bits1 = load_bits(d, elements + second);
    auto rank0 = bits0, rank1 = bits1;
    if constexpr (Keys) {
      rank0 = keys_of<Extremum, P, T>(d, bits0);
      rank1 = keys_of<Extremum, P, T>(d, bits1);
    } else {
      rank0 = leads_of<Extremum, P, T>(d, bits0);
      rank1 = leads_of<Extremum, P, T>(d, bits1);
      if constexpr (P.nans == nans::propagate) {
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

/// Whether leads are likely to decide most columns: if each of three has something better than zero near its begin.
template <extremum Extremum, policy P, class T>
inline bool leads_are_promising(const T* x, index_t n, index_t stride, index_t count, index_t step) noexcept {
  if (n < 8) return false;
  constexpr auto sign = static_cast<bits_of<T>>(detail::format_of<T>::sign_bit);
  const index_t probed = n < 32 ? n : 32;
  for (int probe = 0; probe < 3; ++probe) {
    const T* const column = x + (count - 1) * probe / 2 * step;
    index_t i = 0;
    for (; i < probed; ++i) {
      const auto bits = to_bits(detail::load(column + i * stride));
      const auto turned_bits = static_cast<bits_of<T>>(Extremum == extremum::maximum ? bits : bits ^ sign);
      if (turned_bits >= deciding<P, T>::least && turned_bits <= deciding<P, T>::greatest) break;
    }
    if (i == probed) return false;
  }
  return true;
}

/// Rows are taken so many at a time: in place, where each is a stream of memory, and packed.
inline constexpr index_t row_group = 12, packed_row_group = 16;

/// Rows in place that are a multiple of a page apart, but for less than a cache line, share the few lines that the nearest
/// cache has for such addresses.
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

inline constexpr index_t tile_bytes = 8192, pack_bytes = 8192;

/// Columns that reach further are not in a cache.
inline constexpr index_t far_bytes = index_t{1} << 24;

/// Shorter rows of adjacent elements are transposed in registers. Others, see detail::side_by_side_bytes.
inline constexpr index_t short_row_bytes = 1536;

/// Lanes of any width as indices.
template <class D>
HWY_INLINE HWY_ATTR void store_indices(D /*d*/, hn::Vec<D> lanes, index_t* to) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const hn::Repartition<std::uint8_t, D> bytes;
    hn::StoreU(hn::BitCast(bytes, lanes), bytes, reinterpret_cast<std::uint8_t*>(to));
  } else {
    const hn::Half<D> half;
    const hn::RepartitionToWide<D> wide;
    store_indices(wide, hn::PromoteTo(wide, hn::LowerHalf(half, lanes)), to);
    store_indices(wide, hn::PromoteTo(wide, hn::UpperHalf(half, lanes)), to + hn::Lanes(wide));
  }
}

template <class Key>
HWY_INLINE HWY_ATTR void store_winners(const Key* rows, index_t count, index_t* winners) {
  const hn::ScalableTag<Key> d;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  index_t i = 0;
  for (; i + lanes <= count; i += lanes) store_indices(d, hn::LoadU(d, rows + i), winners + i);
  for (; i < count; ++i) winners[i] = static_cast<index_t>(rows[i]);
}

/// The first of the elements with the greatest rank in each of `width` columns that are `step` apart, by keys or by leads.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_ATTR void search_tile(const T* x, index_t n, index_t stride, index_t width, index_t step,
                          index_t* winners) noexcept {
  using D = key_tag<T>;
  const D d;
  using OD = other_tag<Extremum, D>;
  const OD od;
  using key = hn::TFromD<D>;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  // Rows are counted in lanes, from the begin of each block of rows.
  constexpr index_t row_block = sizeof(key) == 8 ? index_t{1} << 62 : static_cast<index_t>(greatest_key<D>);
  constexpr std::size_t most = tile_bytes / sizeof(T);
  HWY_ALIGN key best[most], winner[most];
  HWY_ALIGN hn::TFromD<OD> others[(tile_bytes / 2 + HWY_MAX_BYTES) / sizeof(hn::TFromD<OD>)];
  HWY_ALIGN unsigned char packed[pack_bytes];

  const auto other_lanes = static_cast<index_t>(hn::Lanes(od));
  const index_t group = step == 1 ? rows_at_once<T>(stride) : packed_row_group;
  const index_t farthest = stride < 0 ? 0 : (n - 1) * stride;
  // Rows of the tile are streams of memory of a page or two, too short for the CPU to see in time.
  const bool beyond_caches =
      step == 1 && (n - 1) * (stride < 0 ? -stride : stride) > far_bytes / static_cast<index_t>(sizeof(T));
  const index_t columns = width < lanes ? lanes : width;
  const index_t second = columns < 2 * lanes ? columns - lanes : lanes;
  const index_t last_pair = columns - lanes - second;
  if (n < 1) return;  // there are rows; GCC would warn of keys that are not set
  if (width < lanes)
    std::memset(packed, 0, static_cast<std::size_t>((n < group ? n : group) * columns) * sizeof(T));
  for (index_t begin = 0; begin < n; begin += row_block) {
    const index_t rows = n - begin < row_block ? n - begin : row_block;
    if (begin > 0) {
      for (index_t column = 0; column < columns; ++column) winner[column] = -1;
    }
    for (index_t row = 0; row < rows; row += group) {
      const index_t count = rows - row < group ? rows - row : group;
      const T* elements = x + (begin + row) * stride;
      index_t pitch = stride;
      // Vectors that are wider than the tile reach into the next rows: not where there are none.
      const index_t first = (begin + row) * stride, behind = (begin + row + count - 1) * stride;
      if (step != 1 || (first > behind ? first : behind) + columns > farthest + width) {
        pitch = columns;
        pack_columns(elements, count, stride, width, step, packed, pitch);
        elements = reinterpret_cast<const T*>(packed);
      }
      const bool fresh = begin == 0 && row == 0;
      // The same columns of the next rows, or the first rows of the next tile.
      const index_t ahead = !beyond_caches       ? 0
                            : row + group < rows ? group * stride
                                                 : width - (begin + row) * stride;
      for (index_t at = 0, pair = 0;;
           at = at + 2 * lanes < last_pair ? at + 2 * lanes : last_pair, pair += other_lanes) {
        auto best0 = hn::Set(d, least_key<D>), best1 = best0, winner0 = hn::Zero(d), winner1 = winner0;
        auto other = hn::Set(od, least_key<OD>);
        if (!fresh) {
          best0 = hn::LoadU(d, best + at);
          best1 = hn::LoadU(d, best + at + second);
          winner0 = hn::LoadU(d, winner + at);
          winner1 = hn::LoadU(d, winner + at + second);
          if constexpr (!Keys) other = hn::LoadU(od, others + pair);
        }
        take_rows<Extremum, P, Keys>(d, od, elements + at, count, pitch, second, ahead,
                                     hn::Set(d, static_cast<key>(row)), best0, winner0, best1, winner1,
                                     other);
        hn::StoreU(best0, d, best + at);
        hn::StoreU(best1, d, best + at + second);
        hn::StoreU(winner0, d, winner + at);
        hn::StoreU(winner1, d, winner + at + second);
        if constexpr (!Keys) hn::StoreU(other, od, others + pair);
        if (at >= last_pair) break;
      }
    }
    if (begin == 0) {
      store_winners(winner, width, winners);
    } else {
      for (index_t column = 0; column < width; ++column) {
        if (winner[column] >= 0) winners[column] = begin + static_cast<index_t>(winner[column]);
      }
    }
  }
  if constexpr (Keys) {
    if constexpr (floating<T> && P.nans == nans::omit) {
      for (index_t column = 0; column < width; ++column) {
        if (best[column] == least_key<D>) winners[column] = -1;
      }
    }
  } else {
    for (index_t at = 0, pair = 0;;
         at = at + 2 * lanes < last_pair ? at + 2 * lanes : last_pair, pair += other_lanes) {
      const auto best0 = hn::LoadU(d, best + at), best1 = hn::LoadU(d, best + at + second);
      if (!leads_decide<Extremum, P, T>(d, od, best0, best1, hn::LoadU(od, others + pair))) {
        const index_t some = width - at < second + lanes ? width - at : second + lanes;
        search_tile<Extremum, P, true>(x + at * step, n, stride, some, step, winners + at);
      }
      if (at >= last_pair) break;
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
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  const index_t second = width < 2 * lanes ? width - lanes : lanes, last_pair = width - lanes - second;
  for (index_t at = 0;; at = at + 2 * lanes < last_pair ? at + 2 * lanes : last_pair) {
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
    if (at >= last_pair) break;
  }
}

/// No more columns than a tile has, by whichever of the two suits them.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_INLINE HWY_ATTR void search_few_columns(const T* x, index_t n, index_t stride, index_t width,
                                            index_t step, index_t* winners) {
  if (step == 1 && width >= static_cast<index_t>(hn::Lanes(key_tag<T>())) && n <= rows_at_once<T>(stride)) {
    search_few_rows<Extremum, P, Keys>(x, n, stride, width, winners);
  } else {
    search_tile<Extremum, P, Keys>(x, n, stride, width, step, winners);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

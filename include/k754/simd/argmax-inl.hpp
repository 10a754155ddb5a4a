// argmin and argmax on vectors of integers: the bits of reference/argmax.hpp, which says what the ranks mean. Read once
// for each target (no include guard); argmax.hpp includes everything that is needed before.
//
// A row is searched on its own, block by block; columns side by side; short rows as columns; few columns that fill memory as
// many. ties::last is the first of the reversed row.

// elements as integers
#include "argmax_keys-inl.hpp"
// a row
#include "argmax_row-inl.hpp"
// columns
#include "argmax_columns-inl.hpp"
// short rows
#include "argmax_short_rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

/// Any number of columns: short rows transposed, others tile by tile.
template <extremum Extremum, policy P, class T>
HWY_ATTR void search_columns(const T* x, index_t n, index_t stride, index_t count, index_t step,
                             index_t* winners) noexcept {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const auto lanes = static_cast<index_t>(hn::Lanes(key_tag<T>()));
#if !HWY_HAVE_SCALABLE
  if (search_short_rows<Extremum, P>(x, n, stride, count, step, winners)) return;
#endif
  const index_t tile = step == 1 ? tile_bytes / size : pack_bytes / size / packed_row_group;
  for (index_t column = 0; column < count; column += tile) {
    index_t width = count - column < tile ? count - column : tile;
    if (width < lanes && count >= lanes) {  // columns that are done serve to fill a vector
      column = count - lanes;
      width = lanes;
    }
    const T* const first = x + column * step;
    bool by_leads = false;
    if constexpr (floating<T>) by_leads = leads_are_promising<Extremum, P>(first, n, stride, width, step);
    if (by_leads) {
      search_few_columns<Extremum, P, !floating<T>>(first, n, stride, width, step, winners + column);
    } else {
      search_few_columns<Extremum, P, true>(first, n, stride, width, step, winners + column);
    }
  }
}

/// Few columns that fill memory, row by row: `together` rows are one row of many columns, of which each column then has as
/// many winners, and one more of the rows that are left.
template <extremum Extremum, policy P, class T>
HWY_ATTR void search_narrow_columns(const T* x, index_t n, index_t stride, index_t count,
                                    index_t* winners) noexcept {
  constexpr auto most = static_cast<index_t>(HWY_MAX_BYTES / sizeof(T));
  const auto lanes = static_cast<index_t>(hn::Lanes(key_tag<T>()));
  const index_t together = (4 * lanes + count - 1) / count, rows = n / together, seen = rows * together;
  index_t found[static_cast<std::size_t>(6 * most)];
  search_columns<Extremum, P>(stride < 0 ? x + (together - 1) * stride : x, rows, together * stride,
                              together * count, 1, found);
  for (index_t column = 0; column < count; ++column) {
    index_t winner = -1;
    typename detail::key_type<T>::type best = 0;
    for (index_t i = 0; i <= together; ++i) {
      index_t row = -1;
      if (i < together) {
        row = found[(stride < 0 ? together - 1 - i : i) * count + column];
        if (row >= 0) row = row * together + i;
      } else {
        row = reference::arg_extremum<Extremum, P>(x + seen * stride + column, n - seen, stride);
        if (row >= 0) row += seen;
      }
      if (row < 0) continue;
      const auto rank = reference::rank_of<Extremum, P>(detail::load(x + row * stride + column));
      if (winner < 0 || rank > best || (rank == best && row < winner)) {
        winner = row;
        best = rank;
      }
    }
    winners[column] = winner;
  }
}

/// Indices from the other end of the rows; -1 stays.
HWY_INLINE HWY_ATTR void mirror_winners(index_t* winners, index_t count, index_t n) {
  const hn::ScalableTag<std::int64_t> d;
  const hn::Repartition<std::uint8_t, decltype(d)> bytes;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  const auto none = hn::Set(d, std::int64_t{-1}), last = hn::Set(d, static_cast<std::int64_t>(n - 1));
  index_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto winner = load_bits(d, winners + i);
    const auto mirrored = hn::IfThenElse(hn::Eq(winner, none), none, hn::Sub(last, winner));
    hn::StoreU(hn::BitCast(bytes, mirrored), bytes, reinterpret_cast<std::uint8_t*>(winners + i));
  }
  for (; i < count; ++i) winners[i] = winners[i] < 0 ? -1 : n - 1 - winners[i];
}

constexpr policy first_of_ties(policy p) noexcept {
  p.ties = ties::first;
  return p;
}

/// What reference::arg_extrema gives.
template <extremum Extremum, policy Policy, element T>
HWY_ATTR void arg_extrema(const T* x, index_t n, index_t stride, index_t count, index_t step,
                          index_t* winners) noexcept {
  constexpr policy P = first_of_ties(Policy);
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const auto lanes = static_cast<index_t>(hn::Lanes(key_tag<T>()));
  bool last = Policy.ties == ties::last;
  if (n < 1) {
    for (index_t row = 0; row < count; ++row) winners[row] = -1;
    return;
  }
  if (n == 1) stride = 1;  // whatever it says, it is never taken
  if (count == 1) step = 1;
  const index_t distance = stride < 0 ? -stride : stride, step_distance = step < 0 ? -step : step;
  const bool adjacent = distance == 1, a_vector_of_rows = count >= lanes;
  const index_t short_bytes = adjacent && !a_vector_of_rows    ? lanes * size
                              : adjacent && !HWY_HAVE_SCALABLE ? short_row_bytes
                                                               : detail::side_by_side_bytes;
  const bool short_rows = n * size < short_bytes || distance >= step_distance;
  const bool narrow = step == 1 && distance == count && count < 2 * lanes &&
                      n * count >= (2 * count <= lanes ? 64 : 512) * lanes;
  if (count > 1 && (narrow || (count * 4 >= lanes && short_rows))) {
    if (last) {
      x += (n - 1) * stride;
      stride = -stride;
    }
    if (narrow) {
      search_narrow_columns<Extremum, P>(x, n, stride, count, winners);
    } else {
      search_columns<Extremum, P>(x, n, stride, count, step, winners);
    }
  } else if (n < lanes) {
    for (index_t row = 0; row < count; ++row) {
      winners[row] = reference::arg_extremum<Extremum, Policy>(x + row * step, n, stride);
    }
    return;
  } else {
    const bool backward = stride < 0;
    const T* const first = backward ? x + (n - 1) * stride : x;
    for (index_t row = 0; row < count; ++row) {
      winners[row] = arg_extremum_row<Extremum, P>(first + row * step, n, distance, last != backward);
    }
    last = backward;
  }
  if (last) mirror_winners(winners, count, n);
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

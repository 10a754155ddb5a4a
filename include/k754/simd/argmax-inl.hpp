// argmin and argmax on vectors of integers: the bits of reference/argmax.hpp, which says what the ranks mean. Read once
// for each target (no include guard); call/argmax.hpp includes everything that is needed before.
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
namespace argmax {

/// Any number of columns: short rows transposed, others tile by tile.
template <extremum Extremum, policy P, class T>
HWY_ATTR void search_columns(const T* x, index_t n, index_t stride, index_t count, index_t step,
                             index_t* winners) noexcept {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const index_t lanes = lanes_of(key_tag<T>());
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
    if (leads_are_promising<Extremum, P>(first, n, stride, width, step)) {
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
  const index_t lanes = lanes_of(key_tag<T>());
  const index_t together = (4 * lanes + count - 1) / count, rows = n / together, seen = rows * together;
  index_t found[static_cast<std::size_t>(6 * most)];
  search_columns<Extremum, P>(stride < 0 ? x + (together - 1) * stride : x, rows, together * stride,
                              together * count, 1, found);
  for (index_t column = 0; column < count; ++column) {
    index_t winner = -1;
    detail::bits_type<T> best = 0;
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
  const index_t lanes = lanes_of(d);
  const auto none = hn::Set(d, std::int64_t{-1}), last = hn::Set(d, static_cast<std::int64_t>(n - 1));
  index_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto winner = load_elements(d, winners + i);
    const auto mirrored = hn::IfThenElse(hn::Eq(winner, none), none, hn::Sub(last, winner));
    store_elements(d, mirrored, winners + i);
  }
  for (; i < count; ++i) winners[i] = winners[i] < 0 ? -1 : n - 1 - winners[i];
}

/// Whether few columns fill memory, and so much of it that it pays to join rows: from 64 vectors on where a vector
/// holds two rows, else from 512. Gained 5x for 1M x 4 along axis 0, 2.6x for 16 x 1000 x 7 along axis 1, 7x for
/// bytes, 100000 x 3; no range is on record.
constexpr bool are_narrow_columns(index_t n, index_t distance, index_t count, index_t step,
                                  index_t lanes) noexcept {
  const index_t least_vectors = 2 * count <= lanes ? 64 : 512;
  return step == 1 && distance == count && count < 2 * lanes && n * count >= least_vectors * lanes;
}

/// Whether rows are searched side by side: because their elements lie further apart than they do, or because they are
/// so short, which depends on how the vectors of columns come about.
template <class T>
constexpr bool are_short_rows(index_t n, index_t distance, index_t count, index_t step_distance,
                              index_t lanes) noexcept {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  if (distance >= step_distance) return true;
  if (distance != 1) return n * size < detail::side_by_side_bytes;
  if (count < lanes) return n < lanes;  // none could be filled
#if HWY_HAVE_SCALABLE
  return n * size < detail::side_by_side_bytes;
#else
  return n * size < transposed_row_bytes;
#endif
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
  const index_t lanes = lanes_of(key_tag<T>());
  bool last = Policy.ties == ties::last;
  if (n < 1) {
    for (index_t row = 0; row < count; ++row) winners[row] = -1;
    return;
  }
  if (n == 1) stride = 1;  // whatever it says, it is never taken
  if (count == 1) step = 1;
  const index_t distance = stride < 0 ? -stride : stride, step_distance = step < 0 ? -step : step;
  const bool narrow = count > 1 && are_narrow_columns(n, distance, count, step, lanes);
  // Columns that fill a quarter of a vector are worth one. No range is on record.
  const bool beside =
      count > 1 && 4 * count >= lanes && are_short_rows<T>(n, distance, count, step_distance, lanes);
  if (narrow || beside) {
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

}  // namespace argmax

template <extremum Extremum, policy P, element T>
struct code_of<detail::arg_extrema_kernel<Extremum, P, T>>
    : detail::vector_code<&argmax::arg_extrema<Extremum, P, T>> {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

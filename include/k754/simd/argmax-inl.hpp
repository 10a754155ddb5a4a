// argmin and argmax on vectors of integer keys: the bits of reference/argmax.hpp, which says what the keys mean. Read once
// for each target (no include guard); argmax.hpp includes everything that is needed before.
//
// A row is scanned for its best key alone, block by block; then the block that held it is searched for the first (last)
// element with that key. There are no vectors of indices, so no type is too narrow for its row.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements of T as signed integers of their size, whatever type the memory really has.
template <class T>
using key_tag = hn::ScalableTag<std::make_signed_t<typename detail::key_type<T>::type>>;

template <class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_bits(D d, const T* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(x)));
}

/// The keys of a vector of elements, as signed integers: the greatest wins. reference::rank_of less the sign bit.
template <extremum Extremum, policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> keys_of(D d, hn::Vec<D> bits) {
  using key = hn::TFromD<D>;
  constexpr key greatest = (std::numeric_limits<key>::max)(), least = (std::numeric_limits<key>::min)();
  if constexpr (std::is_same_v<T, bool>) {
    const auto truth = hn::IfThenElse(hn::Eq(bits, hn::Zero(d)), hn::Zero(d), hn::Set(d, key{1}));
    return Extremum == extremum::maximum ? truth : hn::Not(truth);
  } else if constexpr (!floating<T>) {
    const auto ordered = std::is_signed_v<T> ? bits : hn::Xor(bits, hn::Set(d, least));
    return Extremum == extremum::maximum ? ordered : hn::Not(ordered);
  } else {
    const auto magnitude_mask = hn::Set(d, greatest);
    const auto magnitude = hn::And(bits, magnitude_mask);
    auto folded = bits;
    if constexpr (P.subnormals == subnormals::flush) {
      const auto subnormal =
          hn::Gt(hn::Set(d, static_cast<key>(detail::format_of<T>::smallest_normal)), magnitude);
      folded = hn::IfThenElse(subnormal, hn::And(bits, hn::Set(d, least)), bits);
    }
    if constexpr (P.zeros == zeros::equal) {  // -0 is the least signed integer, and no other element is
      folded = hn::IfThenElse(hn::Eq(folded, hn::Set(d, least)), hn::Zero(d), folded);
    }
    auto keys = hn::Xor(folded, hn::And(hn::BroadcastSignBit(folded), magnitude_mask));
    if constexpr (Extremum == extremum::minimum) keys = hn::Not(keys);
    if constexpr (P.nans != nans::total_order) {
      const auto is_nan = hn::Gt(magnitude, hn::Set(d, static_cast<key>(detail::format_of<T>::infinity)));
      keys = hn::IfThenElse(is_nan, hn::Set(d, P.nans == nans::omit ? least : greatest), keys);
    }
    return keys;
  }
}

template <extremum Extremum, policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_keys(D d, const T* x) {
  return keys_of<Extremum, P, T>(d, load_bits(d, x));
}

template <class D>
HWY_INLINE HWY_ATTR hn::TFromD<D> greatest_lane(D d, hn::Vec<D> v) {
  HWY_ALIGN hn::TFromD<D> lanes[HWY_MAX_BYTES / sizeof(hn::TFromD<D>)];
  hn::Store(v, d, lanes);
  auto greatest = lanes[0];
  for (std::size_t i = 1; i < hn::Lanes(d); ++i) greatest = lanes[i] > greatest ? lanes[i] : greatest;
  return greatest;
}

/// The winner of a row of adjacent elements, at least two vectors long.
template <extremum Extremum, policy P, class T>
HWY_ATTR index_t arg_extremum_adjacent(const T* x, index_t n) noexcept {
  const key_tag<T> d;
  using key = hn::TFromD<decltype(d)>;
  constexpr key greatest = (std::numeric_limits<key>::max)(), least = (std::numeric_limits<key>::min)();
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  const index_t block = 32 * lanes;

  // The block [winner, winner_end) holds the best key so far.
  key best = least;
  index_t winner = -1, winner_end = 0;
  for (index_t begin = 0; begin < n; begin += block) {
    const index_t end = n - begin < block ? n : begin + block;
    auto best0 = hn::Set(d, least), best1 = best0, best2 = best0, best3 = best0;
    index_t i = begin;
    for (; i + 4 * lanes <= end; i += 4 * lanes) {
      best0 = hn::Max(best0, load_keys<Extremum, P>(d, x + i));
      best1 = hn::Max(best1, load_keys<Extremum, P>(d, x + i + lanes));
      best2 = hn::Max(best2, load_keys<Extremum, P>(d, x + i + 2 * lanes));
      best3 = hn::Max(best3, load_keys<Extremum, P>(d, x + i + 3 * lanes));
    }
    for (; i + lanes <= end; i += lanes) best0 = hn::Max(best0, load_keys<Extremum, P>(d, x + i));
    // The last vector overlaps what was seen, of this block or the one before: a maximum does not mind.
    const bool overlaps = i < end;
    if (overlaps) best1 = hn::Max(best1, load_keys<Extremum, P>(d, x + end - lanes));
    const key found = greatest_lane(d, hn::Max(hn::Max(best0, best1), hn::Max(best2, best3)));
    if (winner < 0 || found > best || (P.ties == ties::last && found == best)) {
      best = found;
      winner = overlaps && end - lanes < begin ? end - lanes : begin;
      winner_end = end;
      if (P.ties == ties::first && best == greatest) break;
    }
  }
  if (floating<T> && P.nans == nans::omit && best == least) return -1;  // below every number: there is none

  const auto wanted = hn::Set(d, best);
  if constexpr (P.ties == ties::first) {
    for (index_t i = winner;; i = i + lanes <= winner_end - lanes ? i + lanes : winner_end - lanes) {
      const auto at = hn::FindFirstTrue(d, hn::Eq(load_keys<Extremum, P>(d, x + i), wanted));
      if (at >= 0) return i + static_cast<index_t>(at);
    }
  } else {
    for (index_t i = winner_end - lanes;; i = i - lanes >= winner ? i - lanes : winner) {
      auto equal = hn::Eq(load_keys<Extremum, P>(d, x + i), wanted);
      if (!hn::AllFalse(d, equal)) {
        HWY_ALIGN key flags[HWY_MAX_BYTES / sizeof(key)];
        hn::Store(hn::VecFromMask(d, equal), d, flags);
        for (index_t lane = lanes - 1;; --lane) {
          if (flags[lane] != 0) return i + lane;
        }
      }
    }
  }
}

/// Row `i` against the best keys of a vector of columns; `row` counts from the start of the block, in every lane.
template <policy P, class D>
HWY_INLINE HWY_ATTR void take_better(D /*d*/, hn::Vec<D> keys, hn::Vec<D> row, hn::Vec<D>& best,
                                     hn::Vec<D>& winner) {
  if constexpr (P.ties == ties::first) {
    winner = hn::IfThenElse(hn::Gt(keys, best), row, winner);
  } else {
    winner = hn::IfThenElse(hn::Gt(best, keys), winner, row);
  }
  best = hn::Max(best, keys);
}

/// Where lanes found something better in the block of rows from `begin`, their winners become that.
template <class D>
HWY_INLINE HWY_ATTR void update_winners(D d, hn::Vec<D> row_in_block, index_t begin, index_t* winners) {
  HWY_ALIGN hn::TFromD<D> rows[HWY_MAX_BYTES / sizeof(hn::TFromD<D>)];
  hn::Store(row_in_block, d, rows);
  for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
    if (rows[lane] >= 0) winners[lane] = begin + static_cast<index_t>(rows[lane]);
  }
}

/// The winners of one (Pair: two) vectors of adjacent columns; rows are `stride` apart. Row numbers within a block of rows
/// fit in a lane.
template <extremum Extremum, policy P, bool Pair, class T>
HWY_ATTR void arg_extremum_strip(const T* x, index_t n, index_t stride, index_t* winners) noexcept {
  const key_tag<T> d;
  using key = hn::TFromD<decltype(d)>;
  constexpr index_t block = static_cast<index_t>((std::numeric_limits<key>::max)() / 2);
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  const index_t second = Pair ? lanes : 0;

  auto best0 = load_keys<Extremum, P>(d, x);
  auto best1 = load_keys<Extremum, P>(d, x + second);
  for (index_t lane = 0; lane < lanes + second; ++lane) winners[lane] = 0;
  for (index_t begin = 1; begin < n; begin += block) {
    const index_t end = n - begin < block ? n : begin + block;
    const auto none = hn::Set(d, static_cast<key>(-1)), one = hn::Set(d, key{1});
    auto winner0 = none, winner1 = none, row = hn::Zero(d);
    for (index_t i = begin; i < end; ++i) {
      const T* const elements = x + i * stride;
      take_better<P>(d, load_keys<Extremum, P>(d, elements), row, best0, winner0);
      if constexpr (Pair)
        take_better<P>(d, load_keys<Extremum, P>(d, elements + second), row, best1, winner1);
      row = hn::Add(row, one);
    }
    update_winners(d, winner0, begin, winners);
    if constexpr (Pair) update_winners(d, winner1, begin, winners + second);
  }
  if constexpr (floating<T> && P.nans == nans::omit) {
    HWY_ALIGN key keys[HWY_MAX_BYTES / sizeof(key)];
    hn::Store(best0, d, keys);
    for (index_t lane = 0; lane < lanes; ++lane) {
      if (keys[lane] == (std::numeric_limits<key>::min)()) winners[lane] = -1;
    }
    if constexpr (Pair) {
      hn::Store(best1, d, keys);
      for (index_t lane = 0; lane < lanes; ++lane) {
        if (keys[lane] == (std::numeric_limits<key>::min)()) winners[second + lane] = -1;
      }
    }
  }
}

/// What reference::arg_extremum gives.
template <extremum Extremum, policy P, element T>
HWY_ATTR index_t arg_extremum(const T* x, index_t n, index_t stride) noexcept {
  if (stride != 1 || n < 2 * static_cast<index_t>(hn::Lanes(key_tag<T>()))) {
    return reference::arg_extremum<Extremum, P>(x, n, stride);
  }
  return arg_extremum_adjacent<Extremum, P>(x, n);
}

/// What reference::arg_extremum gives for `count` adjacent columns.
template <extremum Extremum, policy P, element T>
HWY_ATTR void arg_extremum_columns(const T* x, index_t n, index_t stride, index_t count,
                                   index_t* winners) noexcept {
  const auto lanes = static_cast<index_t>(hn::Lanes(key_tag<T>()));
  if (n < 1 || count < lanes) {
    for (index_t column = 0; column < count; ++column) {
      winners[column] = reference::arg_extremum<Extremum, P>(x + column, n, stride);
    }
    return;
  }
  index_t column = 0;
  for (; column + 2 * lanes <= count; column += 2 * lanes) {
    arg_extremum_strip<Extremum, P, true>(x + column, n, stride, winners + column);
  }
  for (; column + lanes <= count; column += lanes) {
    arg_extremum_strip<Extremum, P, false>(x + column, n, stride, winners + column);
  }
  if (column < count) {  // once more over columns that are done
    arg_extremum_strip<Extremum, P, false>(x + count - lanes, n, stride, winners + count - lanes);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

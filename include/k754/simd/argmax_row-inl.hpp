// A row is scanned for its greatest lead, block by block, and then the block of the winner for the first element with its
// key. There are no vectors of indices, so no type is too narrow for its row. Only as long as there is nothing better
// than zero, the least of the others is scanned for as well; of NaNs that propagate and have the wrong sign, a maximum in
// the other order of integers tells.
//
// A part of argmax-inl.hpp, which includes it (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {
namespace argmax {

/// The greatest lane, in all lanes.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> greatest_lane(D d, hn::Vec<D> v) {
  if constexpr (sizeof(hn::TFromD<D>) == 1) {
    const hn::RepartitionToWide<D> wide;
    const auto pairs = hn::BitCast(wide, v);
    const auto greater = hn::Max(hn::ShiftRight<8>(pairs), hn::ShiftRight<8>(hn::ShiftLeft<8>(pairs)));
    return hn::Set(d, static_cast<hn::TFromD<D>>(hn::GetLane(hn::MaxOfLanes(wide, greater))));
  } else {
    return hn::MaxOfLanes(d, v);
  }
}

/// A block of at least one vector: its greatest leads, its greatest bits in the other order, its least turned bits. From
/// the end on where blocks are taken from the last to the first: memory in one direction is fetched in time.
template <extremum Extremum, policy P, bool Low, class T, class D, class OD>
HWY_INLINE HWY_ATTR void scan_block(D d, OD od, const T* x, index_t n, bool backward, hn::Vec<D>& lead,
                                    hn::Vec<OD>& other, hn::Vec<D>& low) {
  const index_t lanes = lanes_of(d);
  auto bits = load_elements(d, x);
  lead = leads_of<Extremum, P, T>(d, bits);
  other = hn::BitCast(od, bits);
  low = turned<Extremum>(d, bits);
  index_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const T* const four = x + (backward ? n - 4 * lanes - i : i);
    const auto a = load_once(d, four), b = load_once(d, four + lanes);
    const auto c = load_once(d, four + 2 * lanes), e = load_once(d, four + 3 * lanes);
    lead = hn::Max(lead, hn::Max(hn::Max(leads_of<Extremum, P, T>(d, a), leads_of<Extremum, P, T>(d, b)),
                                 hn::Max(leads_of<Extremum, P, T>(d, c), leads_of<Extremum, P, T>(d, e))));
    if constexpr (leads_miss_nans<P, T>) {
      other = hn::Max(other, hn::Max(hn::Max(hn::BitCast(od, a), hn::BitCast(od, b)),
                                     hn::Max(hn::BitCast(od, c), hn::BitCast(od, e))));
    }
    if constexpr (Low) {
      low = hn::Min(low, hn::Min(hn::Min(turned<Extremum>(d, a), turned<Extremum>(d, b)),
                                 hn::Min(turned<Extremum>(d, c), turned<Extremum>(d, e))));
    }
  }
  for (; i < n; i += lanes) {  // the last vector overlaps what was seen: a maximum does not mind
    const index_t seen = i + lanes <= n ? i : n - lanes;
    bits = load_elements(d, x + (backward ? n - lanes - seen : seen));
    lead = hn::Max(lead, leads_of<Extremum, P, T>(d, bits));
    if constexpr (leads_miss_nans<P, T>) other = hn::Max(other, hn::BitCast(od, bits));
    if constexpr (Low) low = hn::Min(low, turned<Extremum>(d, bits));
  }
}

/// The rank of a float, given its bits with the sign turned.
template <extremum Extremum, policy P, class T>
constexpr bits_of<T> rank_of_turned(bits_of<T> bits) noexcept {
  constexpr auto sign = static_cast<bits_of<T>>(detail::format_of<T>::sign_bit);
  return reference::rank_of<Extremum, P>(
      from_bits<T>(Extremum == extremum::maximum ? bits : static_cast<bits_of<T>>(bits ^ sign)));
}

/// A rank, or nothing: no element that takes part is known.
template <class T>
struct possible_rank {
  detail::bits_type<T> rank;
  bool known;
};

/// The greatest rank of a block of which the greatest lead is known, and the least turned bits. Without `has_low` a number
/// that is better than zero counts, others do not.
template <extremum Extremum, policy P, class T, class Key>
constexpr possible_rank<T> rank_of_block(Key lead, bool has_low, Key low) noexcept {
  using bits_type = detail::bits_type<T>;
  const auto greatest = static_cast<bits_type>(lead);
  if constexpr (std::is_same_v<T, bool>) {
    return {greatest, true};
  } else if constexpr (!floating<T>) {
    return {static_cast<bits_type>(greatest ^ static_cast<bits_type>((std::numeric_limits<Key>::min)())),
            true};
  } else {
    constexpr auto sign = static_cast<bits_type>(detail::format_of<T>::sign_bit);
    constexpr auto infinity = static_cast<bits_type>(detail::format_of<T>::infinity);
    constexpr bool nans_below = nan_rule_of<P, T>.rank == nan_rank::below_numbers;
    const auto best = static_cast<bits_type>(greatest - static_cast<bits_type>(lead_shift<P, T>()));
    if (nans_below ? best <= infinity : best < sign) return {rank_of_turned<Extremum, P, T>(best), true};
    if (!has_low) return {0, false};
    const auto least = static_cast<bits_type>(low);
    if (nans_below && (least < sign || least > (sign | infinity))) return {0, nan_rule_of<P, T>.take_part};
    return {rank_of_turned<Extremum, P, T>(least), true};
  }
}

/// Whether there is a NaN among n elements, at least a vector.
template <class T, class D>
HWY_INLINE HWY_ATTR bool has_nan(D d, const T* x, index_t n) {
  const index_t lanes = lanes_of(d);
  const auto infinity = hn::Set(d, static_cast<hn::TFromD<D>>(detail::format_of<T>::infinity));
  const auto magnitude_mask = hn::Set(d, greatest_key<D>);
  auto greatest = hn::Zero(d);
  for (index_t i = 0; i < n; i += lanes) {
    greatest =
        hn::Max(greatest, hn::And(load_elements(d, x + (i + lanes <= n ? i : n - lanes)), magnitude_mask));
  }
  return !hn::AllFalse(d, hn::Gt(greatest, infinity));
}

template <extremum Extremum, policy P, bool Bits, class T, class D>
HWY_INLINE HWY_ATTR hn::Mask<D> is_wanted(D d, const T* x, hn::Vec<D> wanted) {
  const auto bits = load_elements(d, x);
  return hn::Eq(Bits ? bits : keys_of<Extremum, P, T>(d, bits), wanted);
}

/// The first (last) element of a block with this key, or, of Bits, with these bits. It is there.
template <extremum Extremum, policy P, bool Bits, class T, class D>
HWY_INLINE HWY_ATTR index_t find_element(D d, const T* x, index_t n, hn::TFromD<D> key, bool last) {
  const index_t lanes = lanes_of(d);
  const auto wanted = hn::Set(d, key);
  if (!last) {
    for (index_t i = 0;; i = i + lanes <= n - lanes ? i + lanes : n - lanes) {
      const auto at = hn::FindFirstTrue(d, is_wanted<Extremum, P, Bits>(d, x + i, wanted));
      if (at >= 0) return i + static_cast<index_t>(at);
    }
  }
  for (index_t i = n - lanes;; i = i - lanes >= 0 ? i - lanes : 0) {
    const auto equal = is_wanted<Extremum, P, Bits>(d, x + i, wanted);
    if (!hn::AllFalse(d, equal)) {
      HWY_ALIGN hn::TFromD<D> flags[HWY_MAX_BYTES / sizeof(key)];
      hn::Store(hn::VecFromMask(d, equal), d, flags);
      for (index_t lane = lanes - 1;; --lane) {
        if (flags[lane] != 0) return i + lane;
      }
    }
  }
}

/// Copies n elements that are `stride` apart to adjacent ones.
template <class T>
HWY_INLINE HWY_ATTR void gather(const T* x, index_t n, index_t stride, unsigned char* to) {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  index_t i = 0;
  if (stride == 2) {
    const key_tag<T> d;
    const index_t lanes = lanes_of(d);
    for (; i + lanes < n; i += lanes) {
      const auto even = hn::ConcatEven(d, load_elements(d, x + 2 * i + lanes), load_elements(d, x + 2 * i));
      store_elements(d, even, to + i * size);
    }
  }
  for (; i + 4 <= n; i += 4) {
    const T* const from = x + i * stride;
    std::memcpy(to + i * size, static_cast<const void*>(from), sizeof(T));
    std::memcpy(to + (i + 1) * size, static_cast<const void*>(from + stride), sizeof(T));
    std::memcpy(to + (i + 2) * size, static_cast<const void*>(from + 2 * stride), sizeof(T));
    std::memcpy(to + (i + 3) * size, static_cast<const void*>(from + 3 * stride), sizeof(T));
  }
  for (; i < n; ++i) std::memcpy(to + i * size, static_cast<const void*>(x + i * stride), sizeof(T));
}

/// The same, and where they are then.
template <class T>
HWY_INLINE HWY_ATTR const T* gather_block(const T* x, index_t n, index_t stride, unsigned char* to) {
  gather(x, n, stride, to);
  return reinterpret_cast<const T*>(to);
}

/// Blocks of a row. That of the winner is searched once more, so that it should be in the nearest cache, of which a
/// long one is a quarter, and be a small part of its row: rows of less than 8 long blocks, and those that are
/// gathered, have short ones. Benchmarks argmax.f32.1M, argmax.f32.1k; no range is on record.
inline constexpr index_t short_block_bytes = 1024, long_block_bytes = 8192;

/// Elements [begin, end) of a row.
struct row_part {
  index_t begin, end;
};

/// The block after the `done` elements with which the search began, at the row's begin or, if the `last` winner is
/// wanted, at its end. In the direction of the search:
///
///      begin                                                    n
///        |---first---|-----block-----|-----block-----|---rest---|
///                    ^ a vector's address            |..........|  a rest of less than a vector reaches back
///
/// The first block is as much shorter as makes the next ones begin (backwards: end) at a vector's address.
template <class T>
inline row_part next_block(const T* x, index_t n, index_t done, index_t block, index_t lanes,
                           bool last) noexcept {
  index_t begin = done, end = n - done < block ? n : done + block;
  if (done == 0 && end < n) {
    const auto vectors = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(x) / sizeof(T));
    end -= last ? lanes - 1 - (vectors + n - end - 1) % lanes : (vectors + end) % lanes;
  }
  if (end - begin < lanes) begin = end - lanes;
  return last ? row_part{n - end, n - begin} : row_part{begin, end};
}

/// The greatest rank there is. What has it needs no rest of a row.
template <extremum Extremum, policy P, class T>
constexpr auto top_rank() noexcept {
  using rank_type = detail::bits_type<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return reference::rank_of<Extremum, P>(Extremum == extremum::maximum);
  } else if constexpr (nan_rule_of<P, T>.rank == nan_rank::below_numbers) {
    return rank_of_turned<Extremum, P, T>(static_cast<rank_type>(detail::format_of<T>::infinity));
  } else {
    return static_cast<rank_type>(~rank_type{0});
  }
}

/// The first (last) element of this rank in a block that has one.
template <extremum Extremum, policy P, class T, class Rank>
HWY_INLINE HWY_ATTR index_t find_rank(const T* x, index_t n, Rank rank, bool last) {
  const key_tag<T> d;
  using key = hn::TFromD<key_tag<T>>;
  const auto wanted =
      static_cast<Rank>(std::is_same_v<T, bool> ? rank : rank ^ static_cast<Rank>(least_key<key_tag<T>>));
  if constexpr (floating<T>) {  // better than zero: the key is the bits with the sign turned
    if (wanted >= deciding<P, T>::least && wanted <= deciding<P, T>::greatest) {
      const auto bits = hn::GetLane(turned<Extremum>(d, hn::Set(d, static_cast<key>(wanted))));
      return find_element<Extremum, P, true>(d, x, n, bits, last);
    }
  }
  return find_element<Extremum, P, false>(d, x, n, static_cast<key>(wanted), last);
}

/// The winner of one row of at least a vector: the first, or the last, of the elements with the greatest rank.
template <extremum Extremum, policy P, class T>
HWY_ATTR index_t arg_extremum_row(const T* x, index_t n, index_t stride, bool last) noexcept {
  const key_tag<T> d;
  using D = key_tag<T>;
  const other_tag<Extremum, D> od;
  const index_t lanes = lanes_of(d);
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const index_t block =
      (stride == 1 && n * size >= 8 * long_block_bytes ? long_block_bytes : short_block_bytes) / size;
  using rank_type = detail::bits_type<T>;
  HWY_ALIGN unsigned char packed[short_block_bytes];

  constexpr rank_type top = top_rank<Extremum, P, T>();
  rank_type zero_rank = 0;
  if constexpr (floating<T>) zero_rank = rank_of_turned<Extremum, P, T>(0);

  // The block `winner` holds the best element so far; limits are the greatest lead and the least turned bits.
  rank_type best = 0;
  row_part winner{-1, 0};
  auto limit = hn::Set(d, least_key<D>), low_limit = hn::Set(d, greatest_key<D>);
  index_t done = 0;
  while (done < n) {
    const row_part part = next_block(x, n, done, block, lanes, last);
    const index_t count = part.end - part.begin;
    done = last ? n - part.begin : part.end;
    const T* const elements =
        stride == 1 ? x + part.begin : gather_block(x + part.begin * stride, count, stride, packed);

    const bool has_low = floating<T> && (winner.begin < 0 || best < zero_rank);
    auto lead = hn::Zero(d), low = lead;
    auto other = hn::Zero(od);
    if (has_low) {
      scan_block<Extremum, P, floating<T>>(d, od, elements, count, last, lead, other, low);
    } else {
      scan_block<Extremum, P, false>(d, od, elements, count, last, lead, other, low);
    }
    bool candidate = winner.begin < 0 || !hn::AllFalse(d, hn::Gt(lead, limit)), nan = false;
    if constexpr (floating<T>) {
      if constexpr (leads_miss_nans<P, T>) {
        nan = !hn::AllFalse(d, may_be_nan<Extremum, T>(d, od, other)) &&
              (sizeof(T) < 8 || has_nan(d, elements, count));
      }
      candidate = candidate || nan || (has_low && !hn::AllFalse(d, hn::Gt(low_limit, low)));
    }
    if (!candidate) continue;
    const auto greatest = greatest_lane(d, lead), least = hn::Not(greatest_lane(d, hn::Not(low)));
    limit = hn::Max(limit, greatest);
    low_limit = hn::Min(low_limit, least);
    const possible_rank<T> found =
        nan ? possible_rank<T>{top, true}
            : rank_of_block<Extremum, P, T>(hn::GetLane(greatest), has_low, hn::GetLane(least));
    if (found.known && (winner.begin < 0 || found.rank > best)) {
      best = found.rank;
      winner = part;
      if (best == top) break;
    }
  }
  if (winner.begin < 0) return -1;
  const index_t count = winner.end - winner.begin;
  const T* const elements =
      stride == 1 ? x + winner.begin : gather_block(x + winner.begin * stride, count, stride, packed);
  return winner.begin + find_rank<Extremum, P>(elements, count, best, last);
}

}  // namespace argmax
}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

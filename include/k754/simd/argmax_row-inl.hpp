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
  constexpr bool any_nan_wins = floating<T> && P.nans == nans::propagate;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  auto bits = load_bits(d, x);
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
    if constexpr (any_nan_wins) {
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
    bits = load_bits(d, x + (backward ? n - lanes - seen : seen));
    lead = hn::Max(lead, leads_of<Extremum, P, T>(d, bits));
    if constexpr (any_nan_wins) other = hn::Max(other, hn::BitCast(od, bits));
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
  typename detail::key_type<T>::type rank;
  bool known;
};

/// The greatest rank of a block of which the greatest lead is known, and the least turned bits. Without `has_low` a number
/// that is better than zero counts, others do not.
template <extremum Extremum, policy P, class T, class Key>
constexpr possible_rank<T> rank_of_block(Key lead, bool has_low, Key low) noexcept {
  using bits_type = typename detail::key_type<T>::type;
  const auto greatest = static_cast<bits_type>(lead);
  if constexpr (std::is_same_v<T, bool>) {
    return {greatest, true};
  } else if constexpr (!floating<T>) {
    return {static_cast<bits_type>(greatest ^ static_cast<bits_type>((std::numeric_limits<Key>::min)())),
            true};
  } else {
    constexpr auto sign = static_cast<bits_type>(detail::format_of<T>::sign_bit);
    constexpr auto infinity = static_cast<bits_type>(detail::format_of<T>::infinity);
    const auto best = static_cast<bits_type>(greatest - static_cast<bits_type>(lead_shift<P, T>()));
    if (P.nans == nans::omit ? best <= infinity : best < sign) {
      return {rank_of_turned<Extremum, P, T>(best), true};
    }
    const auto least = static_cast<bits_type>(low);
    if (!has_low || (P.nans == nans::omit && (least < sign || least > (sign | infinity)))) return {0, false};
    return {rank_of_turned<Extremum, P, T>(least), true};
  }
}

/// Whether there is a NaN among n elements, at least a vector.
template <class T, class D>
HWY_INLINE HWY_ATTR bool has_nan(D d, const T* x, index_t n) {
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  const auto infinity = hn::Set(d, static_cast<hn::TFromD<D>>(detail::format_of<T>::infinity));
  const auto magnitude_mask = hn::Set(d, greatest_key<D>);
  auto greatest = hn::Zero(d);
  for (index_t i = 0; i < n; i += lanes) {
    greatest = hn::Max(greatest, hn::And(load_bits(d, x + (i + lanes <= n ? i : n - lanes)), magnitude_mask));
  }
  return !hn::AllFalse(d, hn::Gt(greatest, infinity));
}

template <extremum Extremum, policy P, bool Bits, class T, class D>
HWY_INLINE HWY_ATTR hn::Mask<D> is_wanted(D d, const T* x, hn::Vec<D> wanted) {
  const auto bits = load_bits(d, x);
  return hn::Eq(Bits ? bits : keys_of<Extremum, P, T>(d, bits), wanted);
}

/// The first (last) element of a block with this key, or, of Bits, with these bits. It is there.
template <extremum Extremum, policy P, bool Bits, class T, class D>
HWY_INLINE HWY_ATTR index_t find_element(D d, const T* x, index_t n, hn::TFromD<D> key, bool last) {
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
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
    const hn::Repartition<std::uint8_t, decltype(d)> bytes;
    const auto lanes = static_cast<index_t>(hn::Lanes(d));
    for (; i + lanes < n; i += lanes) {
      const auto even = hn::ConcatEven(d, load_bits(d, x + 2 * i + lanes), load_bits(d, x + 2 * i));
      hn::StoreU(hn::BitCast(bytes, even), bytes, to + i * size);
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

/// Blocks of a row: short rows are to be searched again in a short block.
inline constexpr index_t short_block_bytes = 1024, long_block_bytes = 8192;

/// The winner of one row of at least a vector: the first, or the last, of the elements with the greatest rank.
template <extremum Extremum, policy P, class T>
HWY_ATTR index_t arg_extremum_row(const T* x, index_t n, index_t stride, bool last) noexcept {
  const key_tag<T> d;
  using D = key_tag<T>;
  const other_tag<Extremum, D> od;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const index_t block =
      (stride == 1 && n * size >= 8 * long_block_bytes ? long_block_bytes : short_block_bytes) / size;
  using rank_type = typename detail::key_type<T>::type;
  HWY_ALIGN unsigned char packed[short_block_bytes];

  rank_type zero_rank = 0, top = static_cast<rank_type>(~rank_type{0});
  if constexpr (floating<T>) {
    zero_rank = rank_of_turned<Extremum, P, T>(0);
    if (P.nans == nans::omit) {
      top = rank_of_turned<Extremum, P, T>(static_cast<rank_type>(detail::format_of<T>::infinity));
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    top = reference::rank_of<Extremum, P>(Extremum == extremum::maximum);
  }

  // The block [winner, winner_end) holds the best element so far; limits are the greatest lead and the least turned bits.
  rank_type best = 0;
  index_t winner = -1, winner_end = 0;
  auto limit = hn::Set(d, least_key<D>), low_limit = hn::Set(d, greatest_key<D>);
  index_t done = 0;
  while (done < n) {
    // All blocks but the first begin at a vector's address, and none is shorter than one.
    index_t begin = done, end = n - done < block ? n : done + block;
    if (done == 0 && end < n) {
      const auto address = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(x) / sizeof(T));
      end -= last ? lanes - 1 - (address + n - end - 1) % lanes : (address + end) % lanes;
    }
    done = end;
    if (end - begin < lanes) begin = end - lanes;
    if (last) {
      const index_t mirrored = n - begin;
      begin = n - end;
      end = mirrored;
    }
    const T* const elements =
        stride == 1 ? x + begin : gather_block(x + begin * stride, end - begin, stride, packed);

    const bool has_low = floating<T> && (winner < 0 || best < zero_rank);
    auto lead = hn::Zero(d), low = lead;
    auto other = hn::Zero(od);
    if (has_low) {
      scan_block<Extremum, P, floating<T>>(d, od, elements, end - begin, last, lead, other, low);
    } else {
      scan_block<Extremum, P, false>(d, od, elements, end - begin, last, lead, other, low);
    }
    bool candidate = winner < 0 || !hn::AllFalse(d, hn::Gt(lead, limit)), nan = false;
    if constexpr (floating<T>) {
      if constexpr (P.nans == nans::propagate) {
        nan = !hn::AllFalse(d, may_be_nan<Extremum, T>(d, od, other)) &&
              (sizeof(T) < 8 || has_nan(d, elements, end - begin));
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
    if (found.known && (winner < 0 || found.rank > best)) {
      best = found.rank;
      winner = begin;
      winner_end = end;
      if (best == top) break;
    }
  }
  if (winner < 0) return -1;
  const index_t count = winner_end - winner;
  const T* const elements =
      stride == 1 ? x + winner : gather_block(x + winner * stride, count, stride, packed);
  using key = hn::TFromD<D>;
  const auto wanted =
      static_cast<rank_type>(std::is_same_v<T, bool> ? best : best ^ static_cast<rank_type>(least_key<D>));
  if constexpr (floating<T>) {  // better than zero: the key is the bits with the sign turned
    if (wanted >= deciding<P, T>::least && wanted <= deciding<P, T>::greatest) {
      const auto bits = hn::GetLane(turned<Extremum>(d, hn::Set(d, static_cast<key>(wanted))));
      return winner + find_element<Extremum, P, true>(d, elements, count, bits, last);
    }
  }
  return winner + find_element<Extremum, P, false>(d, elements, count, static_cast<key>(wanted), last);
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// argmin and argmax on vectors of integers: the bits of reference/argmax.hpp, which says what the ranks mean. Read once
// for each target (no include guard); argmax.hpp includes everything that is needed before.
//
// Everything is decided between signed integers of the elements' size, by one of two maps of the bits:
//
//   keys    order as the ranks do, whatever the policy; up to ten operations on floats;
//   leads   for floats, at most two operations. The sign is turned so that the better numbers are at or above zero
//           (argmax: positive ones). Among these, leads order as the ranks do; the others are merely below. With
//           nans::omit, leads are shifted so that NaNs of both signs wrap to below all better numbers.
//
// A row is scanned for its greatest lead, block by block, and then the block of the winner for the first element with its
// key. There are no vectors of indices, so no type is too narrow for its row. Only as long as there is nothing better
// than zero, the least of the others is scanned for as well; of NaNs that propagate and have the wrong sign, a maximum in
// the other order of integers tells.
//
// Columns are searched side by side, in tiles and a few rows at a time, by leads and then, where those did not decide, by
// keys. Short rows become columns by transposition of small blocks, in registers.
//
// ties::last is the first of the reversed row.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements of T as signed integers of their size, whatever type the memory really has.
template <class T>
using key_tag = hn::ScalableTag<std::make_signed_t<typename detail::key_type<T>::type>>;

template <class D>
inline constexpr hn::TFromD<D> greatest_key = (std::numeric_limits<hn::TFromD<D>>::max)();
template <class D>
inline constexpr hn::TFromD<D> least_key = (std::numeric_limits<hn::TFromD<D>>::min)();

template <class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_bits(D d, const T* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(x)));
}

/// The bits, in a register: what is used twice GCC would rather load twice, and loads are what takes the time.
template <class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_once(D d, const T* x) {
  auto bits = load_bits(d, x);
#if HWY_ARCH_X86 && !defined(__clang__)
  __asm__("" : "+v"(bits.raw));
#endif
  return bits;
}

/// reference::rank_of less the sign bit (of bools: as it is).
template <extremum Extremum, policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> keys_of(D d, hn::Vec<D> bits) {
  using key = hn::TFromD<D>;
  constexpr key greatest = greatest_key<D>, least = least_key<D>;
  if constexpr (std::is_same_v<T, bool>) {
    const auto truth = hn::IfThenElse(hn::Eq(bits, hn::Zero(d)), hn::Zero(d), hn::Set(d, key{1}));
    return Extremum == extremum::maximum ? truth : hn::Not(truth);
  } else if constexpr (!floating<T>) {
    if constexpr (std::is_signed_v<T>) {
      return Extremum == extremum::maximum ? bits : hn::Not(bits);
    } else {
      return hn::Xor(bits, hn::Set(d, Extremum == extremum::maximum ? least : greatest));
    }
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

/// The bits of floats with the sign turned: the better numbers are [0, infinity], NaNs of their sign above.
template <extremum Extremum, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> turned(D d, hn::Vec<D> bits) {
  return Extremum == extremum::maximum ? bits : hn::Xor(bits, hn::Set(d, least_key<D>));
}

/// What leads of nans::omit are shifted by: infinity becomes the greatest integer.
template <policy P, class T, class Key = std::make_signed_t<typename detail::key_type<T>::type>>
constexpr Key lead_shift() noexcept {
  if constexpr (floating<T> && P.nans == nans::omit) {
    return static_cast<Key>(detail::format_of<T>::sign_bit - 1 - detail::format_of<T>::infinity);
  } else {
    return 0;
  }
}

template <extremum Extremum, policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> leads_of(D d, hn::Vec<D> bits) {
  if constexpr (!floating<T>) {
    return keys_of<Extremum, P, T>(d, bits);
  } else if constexpr (P.nans == nans::omit) {
    // As unsigned integers, which wrap: GCC takes the sum of NEON's signed ones for a sum that does not.
    const hn::RebindToUnsigned<D> du;
    const auto shift = hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(lead_shift<P, T>()));
    return hn::BitCast(d, hn::Add(hn::BitCast(du, turned<Extremum>(d, bits)), shift));
  } else {
    return turned<Extremum>(d, bits);
  }
}

/// The bits of floats in the order in which NaNs of the sign that is not better are the greatest: that of unsigned integers
/// for argmax, of signed ones for argmin. Of 64 bits, the upper halves: older x86 has no maximum of more.
template <extremum Extremum, class D>
using other_tag = hn::Repartition<
    std::conditional_t<sizeof(hn::TFromD<D>) == 8,
                       std::conditional_t<Extremum == extremum::maximum, std::uint32_t, std::int32_t>,
                       std::conditional_t<Extremum == extremum::maximum, std::make_unsigned_t<hn::TFromD<D>>,
                                          hn::TFromD<D>>>,
    D>;

/// Lanes where what is greatest in that order may be a NaN: it is one, but where halves of infinities look like it.
template <extremum Extremum, class T, class D, class OD>
HWY_INLINE HWY_ATTR hn::Mask<D> may_be_nan(D d, OD /*od*/, hn::Vec<OD> other) {
  using bits = std::conditional_t<Extremum == extremum::maximum, bits_of<T>, hn::TFromD<D>>;
  using format = detail::format_of<T>;
  const hn::Rebind<bits, D> ordered;
  constexpr auto infinity =
      static_cast<bits>((Extremum == extremum::maximum ? format::sign_bit : 0) | format::infinity);
  if constexpr (sizeof(T) == 8) {
    const auto upper =
        hn::And(hn::BitCast(ordered, other), hn::Set(ordered, static_cast<bits>(~std::uint64_t{0} << 32)));
    return hn::RebindMask(d, hn::Gt(upper, hn::Set(ordered, static_cast<bits>(infinity - 1))));
  } else {
    return hn::RebindMask(d, hn::Gt(other, hn::Set(ordered, infinity)));
  }
}

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

// ------------------------------------------------------------------------------------------------ rows

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

/// Leads decide where the greatest turned bits are in [least, greatest], if there is no NaN of the other sign: no other bits have
/// their rank.
template <policy P, class T>
struct deciding {
  using bits = bits_of<T>;
  static constexpr bits least =
      static_cast<bits>(P.subnormals == subnormals::flush ? detail::format_of<T>::smallest_normal
                        : P.zeros == zeros::equal         ? 1
                                                          : 0);
  static constexpr bits greatest = static_cast<bits>(
      P.nans == nans::total_order ? detail::format_of<T>::sign_bit - 1 : detail::format_of<T>::infinity);
};

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

// --------------------------------------------------------------------------------------------- columns

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

/// Whether leads decide two vectors of columns.
template <extremum Extremum, policy P, class T, class D, class OD>
HWY_INLINE HWY_ATTR bool leads_decide(D d, OD od, hn::Vec<D> best0, hn::Vec<D> best1, hn::Vec<OD> other) {
  using key = hn::TFromD<D>;
  using rule = deciding<P, T>;
  const auto least = hn::Set(d, static_cast<key>(static_cast<key>(rule::least) + lead_shift<P, T>()));
  auto undecided = hn::Gt(least, hn::Min(best0, best1));
  if constexpr (P.nans == nans::propagate) {
    const auto greatest = hn::Set(d, static_cast<key>(rule::greatest));
    undecided = hn::Or(
        undecided, hn::Or(hn::Gt(hn::Max(best0, best1), greatest), may_be_nan<Extremum, T>(d, od, other)));
  }
  return hn::AllFalse(d, undecided);
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

#if !HWY_HAVE_SCALABLE

using byte_vector = hn::Vec<hn::ScalableTag<std::uint8_t>>;

/// A vector of blocks of 16 bytes that are `pitch` apart.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_blocks(D d, const std::uint8_t* x, index_t pitch) {
  if constexpr (hn::MaxLanes(D()) <= 16) {
    (void)pitch;
    return hn::LoadU(d, x);
  } else {
    const hn::Half<D> half;
    const auto blocks = static_cast<index_t>(hn::MaxLanes(half) / 16);
    return hn::Combine(d, load_blocks(half, x + blocks * pitch, pitch), load_blocks(half, x, pitch));
  }
}

/// Rows of 16 bytes, as many as they have elements, become columns, for each block of the vectors: pairs of rows are
/// interleaved, and then their lower and their upper halves are half as many rows of elements twice as large.
template <std::size_t ElementSize, std::size_t... Index>
HWY_INLINE HWY_ATTR void transpose_rows(const byte_vector* rows, byte_vector* columns,
                                        std::index_sequence<Index...> /*pairs*/) {
  if constexpr (sizeof...(Index) == 0) {
    columns[0] = rows[0];
  } else {
    const hn::ScalableTag<std::uint8_t> bytes;
    const hn::ScalableTag<hwy::UnsignedFromSize<ElementSize>> d;
    const byte_vector lower[] = {hn::BitCast(
        bytes,
        hn::InterleaveLower(d, hn::BitCast(d, rows[2 * Index]), hn::BitCast(d, rows[2 * Index + 1])))...};
    const byte_vector upper[] = {hn::BitCast(
        bytes,
        hn::InterleaveUpper(d, hn::BitCast(d, rows[2 * Index]), hn::BitCast(d, rows[2 * Index + 1])))...};
    constexpr auto half = std::make_index_sequence<sizeof...(Index) / 2>();
    transpose_rows<2 * ElementSize>(lower, columns, half);
    transpose_rows<2 * ElementSize>(upper, columns + sizeof...(Index), half);
  }
}

#endif

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

/// What columns of NaNs alone have under nans::omit: keys tell them.
template <policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> winners_of_keys(D d, hn::Vec<D> best, hn::Vec<D> winner) {
  if constexpr (floating<T> && P.nans == nans::omit) {
    return hn::IfThenElse(hn::Eq(best, hn::Set(d, least_key<D>)), hn::Set(d, hn::TFromD<D>{-1}), winner);
  } else {
    return winner;
  }
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

#if !HWY_HAVE_SCALABLE

/// Columns of a block of 16 bytes of each row, `step` apart; `backward`: of the elements in reverse order.
template <class T, std::size_t... Index>
HWY_INLINE HWY_ATTR void load_columns(const T* x, index_t step, bool backward, byte_vector* columns,
                                      std::index_sequence<Index...> /*all*/) {
  constexpr std::size_t in_block = sizeof...(Index);
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const hn::ScalableTag<std::uint8_t> bytes;
  const auto* from = reinterpret_cast<const std::uint8_t*>(x);
  // GCC would compute and store the addresses of up to 64 rows of bytes before a loop over few blocks.
  if constexpr (sizeof(T) == 1) __asm__("" : "+r"(from));
  const byte_vector rows[] = {load_blocks(bytes, from + static_cast<index_t>(Index) * step * size,
                                          static_cast<index_t>(in_block) * step * size)...};
  byte_vector forward[in_block];
  transpose_rows<sizeof(T)>(rows, forward, std::make_index_sequence<in_block / 2>());
  if (backward) {
    ((columns[Index] = forward[in_block - 1 - Index]), ...);
  } else {
    ((columns[Index] = forward[Index]), ...);
  }
}

/// One more element of each row; `row` is its number.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD>
HWY_INLINE HWY_ATTR void take_column(D d, OD od, byte_vector column, hn::Vec<D> row, hn::Vec<D>& best,
                                     hn::Vec<D>& winner, hn::Vec<OD>& other) {
  const auto bits = hn::BitCast(d, column);
  const auto rank = Keys ? keys_of<Extremum, P, T>(d, bits) : leads_of<Extremum, P, T>(d, bits);
  if constexpr (!Keys && P.nans == nans::propagate) other = hn::Max(other, hn::BitCast(od, bits));
  winner = hn::IfThenElse(hn::Gt(rank, best), row, winner);
  best = hn::Max(best, rank);
}

/// How far ahead short rows are fetched, at least.
inline constexpr index_t prefetch_bytes = 4096;

/// All columns of a block, counted from 0.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD, std::size_t... Index>
HWY_INLINE HWY_ATTR void take_columns(D d, OD od, const byte_vector* columns,
                                      std::index_sequence<Index...> /*all*/, hn::Vec<D>& best,
                                      hn::Vec<D>& winner, hn::Vec<OD>& other) {
  (take_column<Extremum, P, Keys, T>(d, od, columns[Index], hn::Set(d, static_cast<hn::TFromD<D>>(Index)),
                                     best, winner, other),
   ...);
}

/// Those from `begin` on, the first of which is counted 0.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD, std::size_t... Index>
HWY_INLINE HWY_ATTR void take_last_columns(D d, OD od, const byte_vector* columns, index_t begin,
                                           std::index_sequence<Index...> /*all*/, hn::Vec<D>& best,
                                           hn::Vec<D>& winner, hn::Vec<OD>& other) {
  const auto one = hn::Set(d, hn::TFromD<D>{1});
  auto row = hn::Zero(d);
  ((static_cast<index_t>(Index) < begin
        ? void()
        : (take_column<Extremum, P, Keys, T>(d, od, columns[Index], row, best, winner, other),
           row = hn::Add(row, one), void())),
   ...);
}

/// Winners in the part of each row from `begin` on: where there is none, -1, that of an earlier part stays.
template <class D>
HWY_INLINE HWY_ATTR void store_part(D d, hn::Vec<D> winner, index_t begin, index_t* to) {
  if (begin == 0) {
    store_indices(d, winner, to);
  } else if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const hn::Repartition<std::uint8_t, D> bytes;
    const auto index = hn::Add(winner, hn::Set(d, static_cast<hn::TFromD<D>>(begin)));
    const auto stays = hn::Lt(winner, hn::Zero(d));
    hn::StoreU(hn::BitCast(bytes, hn::IfThenElse(stays, load_bits(d, to), index)), bytes,
               reinterpret_cast<std::uint8_t*>(to));
  } else {
    const hn::Half<D> half;
    const hn::RepartitionToWide<D> wide;
    store_part(wide, hn::PromoteTo(wide, hn::LowerHalf(half, winner)), begin, to);
    store_part(wide, hn::PromoteTo(wide, hn::UpperHalf(half, winner)), begin, to + hn::Lanes(wide));
  }
}

/// `count` rows, at least a vector, of adjacent elements (stride 1 or -1), as many at once as a vector has elements: blocks of
/// them are transposed, and the columns taken at once. Reads 16 bytes of each row, however short.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_ATTR void search_short_rows(const T* x, index_t n, index_t stride, index_t count, index_t step,
                                index_t* winners) noexcept {
  using D = key_tag<T>;
  const D d;
  using OD = other_tag<Extremum, D>;
  const OD od;
  using key = hn::TFromD<D>;
  constexpr std::size_t in_block = 16 / sizeof(T);
  constexpr auto block = static_cast<index_t>(in_block);
  constexpr auto all = std::make_index_sequence<in_block>();
  constexpr index_t counted = 127 / block * block;  // what a byte counts
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  // Rows that are not much longer than what is read of them at a time are a stream of memory that the CPU sees by itself.
  const index_t rows_bytes = lanes * step * static_cast<index_t>(sizeof(T));
  const bool fetched = n * static_cast<index_t>(sizeof(T)) > 64 && step <= 2 * n;
  const index_t ahead = fetched ? (prefetch_bytes / rows_bytes + 1) * lanes * step : 0;
  for (index_t done = 0; done < count; done += lanes) {
    if (count - done < lanes) done = count - lanes;
    const T* const first = x + done * step;
    auto best = hn::Set(d, least_key<D>), winner = hn::Zero(d);
    auto other = hn::Set(od, least_key<OD>);
    index_t begin = 0;
    for (index_t end = 0;; begin = end) {
      end = sizeof(T) == 1 && n - begin > counted ? begin + counted : n;
      // Winners are counted from i on.
      index_t i = begin;
      for (; i + block <= end; i += block) {
        byte_vector columns[in_block];
        if (ahead != 0)
          detail::prefetch<detail::fetch::to_first_cache>(first, i * lanes + ahead, block * lanes);
        load_columns<T>(first + (stride < 0 ? -i - block + 1 : i), step, stride < 0, columns, all);
        take_columns<Extremum, P, Keys, T>(d, od, columns, all, best, winner, other);
        winner = hn::Sub(winner, hn::Set(d, key{block}));
      }
      if (i < end) {  // the last columns of the block that ends where the row does
        const index_t from = n - block;
        byte_vector columns[in_block];
        load_columns<T>(first + (stride < 0 ? -from - block + 1 : from), step, stride < 0, columns, all);
        take_last_columns<Extremum, P, Keys, T>(d, od, columns, i - from, all, best, winner, other);
      }
      winner = hn::Add(winner, hn::Set(d, static_cast<key>(i - begin)));
      if (end == n) break;
      store_part(d, winner, begin, winners + done);
      winner = hn::Set(d, key{-1});
    }
    if constexpr (Keys) {
      winner = winners_of_keys<P, T>(d, best, winner);
    } else {
      if (!leads_decide<Extremum, P, T>(d, od, best, best, other)) {
        search_short_rows<Extremum, P, true>(first, n, stride, lanes, step, winners + done);
        continue;
      }
    }
    store_part(d, winner, begin, winners + done);
  }
}

#endif

/// Any number of columns: short rows transposed, others tile by tile.
template <extremum Extremum, policy P, class T>
HWY_ATTR void search_columns(const T* x, index_t n, index_t stride, index_t count, index_t step,
                             index_t* winners) noexcept {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const auto lanes = static_cast<index_t>(hn::Lanes(key_tag<T>()));
#if !HWY_HAVE_SCALABLE
  if ((stride == 1 || stride == -1) && step > 0 && n * size < short_row_bytes) {
    // Blocks reach into the row before, or, backwards, the next one: not where there is none.
    const index_t missing = n < 16 / size ? 16 / size - n : 0, edge = (missing + step - 1) / step;
    const index_t begin = stride < 0 ? 0 : edge, end = stride < 0 ? count - edge : count;
    if (end - begin >= lanes) {
      bool by_leads = false;
      if constexpr (floating<T>) by_leads = leads_are_promising<Extremum, P>(x, n, stride, count, step);
      const T* const first = x + begin * step;
      if (by_leads) {
        search_short_rows<Extremum, P, !floating<T>>(first, n, stride, end - begin, step, winners + begin);
      } else {
        search_short_rows<Extremum, P, true>(first, n, stride, end - begin, step, winners + begin);
      }
      if (edge == 0) return;
      const index_t left = stride < 0 ? end : 0;
      search_tile<Extremum, P, true>(x + left * step, n, stride, edge, step, winners + left);
      return;
    }
  }
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

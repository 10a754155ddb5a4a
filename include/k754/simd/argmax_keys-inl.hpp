// Elements for argmin and argmax: signed integers of their size, by one of two maps of the bits:
//
//   keys    order as the ranks do, whatever the policy; up to ten operations on floats;
//   leads   for floats, at most two operations. The sign is turned so that the better numbers are at or above zero
//           (argmax: positive ones). Among these, leads order as the ranks do; the others are merely below. Where
//           NaNs rank below numbers, leads are shifted so that NaNs of both signs wrap to below all better numbers.
//
// What NaNs do is read from reference::nan_rule_of. A part of argmax-inl.hpp, which includes it (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {
namespace argmax {

using reference::nan_rank;
using reference::nan_rule_of;

/// Elements of T as signed integers of their size, whatever type the memory really has.
template <class T>
using key_tag = hn::ScalableTag<std::make_signed_t<detail::bits_type<T>>>;

template <class D>
inline constexpr hn::TFromD<D> greatest_key = (std::numeric_limits<hn::TFromD<D>>::max)();
template <class D>
inline constexpr hn::TFromD<D> least_key = (std::numeric_limits<hn::TFromD<D>>::min)();

/// Elements that are used more than once. Loads are what takes the time, and GCC would repeat them instead of keeping
/// a register.
template <class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_once(D d, const T* x) {
  auto bits = load_elements(d, x);
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
    if constexpr (nan_rule_of<P, T>.rank != nan_rank::of_their_bits) {
      const auto is_nan = hn::Gt(magnitude, hn::Set(d, static_cast<key>(detail::format_of<T>::infinity)));
      constexpr bool above = nan_rule_of<P, T>.rank == nan_rank::above_numbers;
      keys = hn::IfThenElse(is_nan, hn::Set(d, above ? greatest : least), keys);
    }
    return keys;
  }
}

/// The bits of floats with the sign turned: the better numbers are [0, infinity], NaNs of their sign above.
template <extremum Extremum, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> turned(D d, hn::Vec<D> bits) {
  return Extremum == extremum::maximum ? bits : hn::Xor(bits, hn::Set(d, least_key<D>));
}

/// What leads are shifted by where NaNs rank below numbers: infinity becomes the greatest integer.
template <policy P, class T, class Key = std::make_signed_t<detail::bits_type<T>>>
constexpr Key lead_shift() noexcept {
  if constexpr (nan_rule_of<P, T>.rank == nan_rank::below_numbers) {
    return static_cast<Key>(detail::format_of<T>::sign_bit - 1 - detail::format_of<T>::infinity);
  } else {
    return 0;
  }
}

template <extremum Extremum, policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> leads_of(D d, hn::Vec<D> bits) {
  if constexpr (!floating<T>) {
    return keys_of<Extremum, P, T>(d, bits);
  } else if constexpr (lead_shift<P, T>() != 0) {
    // As unsigned integers, which wrap: GCC takes the sum of NEON's signed ones for a sum that does not.
    const hn::RebindToUnsigned<D> du;
    const auto shift = hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(lead_shift<P, T>()));
    return hn::BitCast(d, hn::Add(hn::BitCast(du, turned<Extremum>(d, bits)), shift));
  } else {
    return turned<Extremum>(d, bits);
  }
}

/// Whether leads do not show all NaNs that win: those of the sign that is not better have the least leads. A second
/// maximum tells, of the same bits in another order.
template <policy P, class T>
inline constexpr bool leads_miss_nans = nan_rule_of<P, T>.rank == nan_rank::above_numbers;

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

/// Leads decide where the greatest turned bits are in [least, greatest], if there is no NaN of the other sign: no other bits have
/// their rank.
template <policy P, class T>
struct deciding {
  using bits = bits_of<T>;
  static constexpr bits least =
      static_cast<bits>(P.subnormals == subnormals::flush ? detail::format_of<T>::smallest_normal
                        : P.zeros == zeros::equal         ? 1
                                                          : 0);
  static constexpr bits greatest =
      static_cast<bits>(nan_rule_of<P, T>.rank == nan_rank::of_their_bits ? detail::format_of<T>::sign_bit - 1
                                                                          : detail::format_of<T>::infinity);
};

/// Whether leads decide two vectors of columns.
template <extremum Extremum, policy P, class T, class D, class OD>
HWY_INLINE HWY_ATTR bool leads_decide(D d, OD od, hn::Vec<D> best0, hn::Vec<D> best1, hn::Vec<OD> other) {
  using key = hn::TFromD<D>;
  using rule = deciding<P, T>;
  const auto least = hn::Set(d, static_cast<key>(static_cast<key>(rule::least) + lead_shift<P, T>()));
  auto undecided = hn::Gt(least, hn::Min(best0, best1));
  if constexpr (leads_miss_nans<P, T>) {
    const auto greatest = hn::Set(d, static_cast<key>(rule::greatest));
    undecided = hn::Or(
        undecided, hn::Or(hn::Gt(hn::Max(best0, best1), greatest), may_be_nan<Extremum, T>(d, od, other)));
  }
  return hn::AllFalse(d, undecided);
}

/// Columns of which nothing takes part have no winner: keys tell them.
template <policy P, class T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> winners_of_keys(D d, hn::Vec<D> best, hn::Vec<D> winner) {
  if constexpr (!nan_rule_of<P, T>.take_part) {
    return hn::IfThenElse(hn::Eq(best, hn::Set(d, least_key<D>)), hn::Set(d, hn::TFromD<D>{-1}), winner);
  } else {
    return winner;
  }
}

}  // namespace argmax
}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

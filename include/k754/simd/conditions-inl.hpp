// The masks of vectors that conditions make, and the conditions that numbers make (no include guard; conditions.hpp
// reads it once for each target).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {
namespace conditions {

/// Condition bytes, each as a whole lane.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> widen_bytes(D d, const std::uint8_t* bytes) {
  if constexpr (sizeof(hn::TFromD<D>) == 1) {
    return hn::LoadU(d, bytes);
  } else if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const hn::Rebind<std::uint32_t, D> half;
    return hn::PromoteTo(d, hn::PromoteTo(half, hn::LoadU(hn::Rebind<std::uint8_t, D>(), bytes)));
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::uint8_t, D>(), bytes));
  }
}

/// The condition for a vector of elements from `i` on,
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_at(D d, const detail::byte_run& condition, index_t i) {
  return hn::Ne(widen_bytes(d, condition.bytes.first + i), hn::Zero(d));
}
/// from bits that begin anywhere in a byte.
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_at(D d, const detail::bit_run& condition, index_t i) {
  HWY_ALIGN std::uint8_t bits[HWY_MAX(8, HWY_MAX_BYTES / 8)] = {};  // LoadMaskBits may read 8
  detail::copy_bits(condition.bytes, condition.first + i, lanes_of(d), bits);
  return hn::LoadMaskBits(d, bits);
}

/// The condition for vector `k` of the group of vectors from element `i` on. A group is 4 vectors: at least 8
/// elements, so that the bits of the next one begin as far into a byte as those of the first.
constexpr index_t vectors_in_group = 4;

template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_in_group(D d, const detail::byte_run& condition, index_t i, index_t k) {
  return mask_at(d, condition, i + k * lanes_of(d));
}

#if HWY_HAVE_SCALABLE

template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_in_group(D d, const detail::bit_run& condition, index_t i, index_t k) {
  return mask_at(d, condition, i + k * lanes_of(d));
}

#else

/// Without mask registers: the bits of the whole group in every lane, of which each tests its own. With 8 lanes, from
/// bit 3 of a byte on, lane 2 of vector 1 tests bit 10 of the 32:
///
///     from         a a a B B B B B | B B B B B B B B | B ... B | B B B c c c c c      5 bytes, bits from the lowest on
///     all, in each lane                   B(0) ... B(31)         the 5 bytes, 3 bits on
///     all >> 8 * 1                        B(8) ... B(31) 0 ...   (vector 1)
///     & 1 << lane                         B(10)                  (lane 2)
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> test_bits_of_group(D d, const detail::bit_run& condition, index_t i,
                                                   index_t k) {
  constexpr std::size_t lanes = HWY_LANES(hn::TFromD<D>);
  constexpr std::size_t group_size = static_cast<std::size_t>(vectors_in_group) * lanes / 8;
  const std::uint8_t* const from = condition.bytes + ((condition.first + i) >> 3);
  const int past = static_cast<int>((condition.first + i) & 7);
  std::uint32_t all = 0;
  std::memcpy(&all, from, group_size);
  if (past != 0) {
    const auto more = std::uint64_t{from[group_size]} << (8 * group_size);
    all = static_cast<std::uint32_t>((more | all) >> past);
  }
  const auto first_bits = hn::Shl(hn::Set(d, 1), hn::Iota(d, 0));
  const auto bits = hn::ShiftRightSame(hn::Set(d, all), static_cast<int>(k) * static_cast<int>(lanes));
  return hn::TestBit(bits, first_bits);
}

/// The bits of one vector, as Highway loads masks: from the begin of a byte. With 16 lanes, from bit 3 of a byte on:
///
///     bytes        a a a B B B B B | B B B B B B B B | B B B c c c c c                bits from the lowest on
///     word         B B B B B B B B | B B B B B 0 0 0                                  2 bytes, 3 bits on
///                                            + B B B from the third byte, 16 - 3 bits up
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> load_bits_of_vector(D d, const detail::bit_run& condition, index_t i,
                                                    index_t k) {
  constexpr std::size_t lanes = HWY_LANES(hn::TFromD<D>), size = lanes / 8;
  static_assert(lanes % 8 == 0);
  const index_t bit = condition.first + i;
  const int shift = static_cast<int>(bit & 7);
  const std::uint8_t* const bytes = condition.bytes + (bit >> 3) + k * static_cast<index_t>(size);
  if (shift == 0) return hn::LoadMaskBits(d, bytes);  // reads no more than these
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  word = word >> shift | std::uint64_t{bytes[size]} << (8 * static_cast<int>(size) - shift);
  std::uint8_t bits[8];
  std::memcpy(bits, &word, 8);
  return hn::LoadMaskBits(d, bits);
}

template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_in_group(D d, const detail::bit_run& condition, index_t i, index_t k) {
  constexpr bool has_mask_registers = HWY_TARGET <= HWY_AVX3;
  if constexpr (!has_mask_registers && sizeof(hn::TFromD<D>) >= 4) {
    return test_bits_of_group(d, condition, i, k);
  } else {
    return load_bits_of_vector(d, condition, i, k);
  }
}

#endif

/// Whether elements lie in the interval: its condition for a vector of bits.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR auto in_interval(D /*d*/, hn::Vec<D> bits, const detail::key_interval<Bits>& interval) {
  using key = std::make_signed_t<Bits>;
  const hn::Rebind<key, D> dk;
  const auto x = hn::BitCast(dk, bits);
  const auto sign = hn::And(hn::BroadcastSignBit(x), hn::Set(dk, static_cast<key>(interval.fold)));
  const auto keys = hn::Xor(hn::Xor(x, sign), hn::Set(dk, static_cast<key>(interval.flip)));
  const auto above = hn::Gt(keys, hn::Set(dk, interval.low));
  const auto beyond = hn::Gt(keys, hn::Set(dk, interval.high));
  return hn::Xor(hn::AndNot(beyond, above), hn::Gt(hn::Zero(dk), hn::Set(dk, interval.outside)));
}

/// What detail::test_elements_in_turn gives.
template <std::unsigned_integral Bits>
HWY_ATTR void test_elements(const Bits* x, index_t n, const detail::key_interval<Bits>& interval,
                            std::uint8_t* bits) noexcept {
  const hn::ScalableTag<Bits> d;
  const hn::Rebind<std::make_signed_t<Bits>, decltype(d)> dk;
  const index_t lanes = lanes_of(d);
  if (lanes >= 8 ? lanes % 8 != 0 : 8 % lanes != 0) {
    detail::test_elements_in_turn(x, n, interval, bits);
    return;
  }
  HWY_ALIGN Bits rest[8 + HWY_MAX_BYTES / sizeof(Bits)] = {};
  HWY_ALIGN std::uint8_t stored[HWY_MAX(8, HWY_MAX_BYTES / 8)];  // StoreMaskBits may write 8
  const index_t group = lanes < 8 ? 8 : lanes;
  for (index_t i = 0; i < n; i += group) {
    const Bits* from = x + i;
    if (n - i < group) {
      std::memcpy(rest, from, static_cast<std::size_t>(n - i) * sizeof(Bits));
      from = rest;
    }
    if (lanes >= 8) {
      hn::StoreMaskBits(dk, in_interval(d, load_elements(d, from), interval), stored);
    } else {
      unsigned byte = 0;
      for (index_t k = 0; k < 8; k += lanes) {
        hn::StoreMaskBits(dk, in_interval(d, load_elements(d, from + k), interval), stored);
        byte |= static_cast<unsigned>(stored[0]) << k;
      }
      stored[0] = static_cast<std::uint8_t>(byte);
    }
    if (n - i >= group) {
      std::memcpy(bits + i / 8, stored, static_cast<std::size_t>(group) / 8);
    } else {
      std::memcpy(bits + i / 8, stored, static_cast<std::size_t>(n - i + 7) / 8);
    }
  }
}

}  // namespace conditions

template <class Bits>
struct code_of<detail::test_elements_kernel<Bits>> : detail::vector_code<&conditions::test_elements<Bits>> {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

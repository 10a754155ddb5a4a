/// Conditions along a run of elements, as kernels see them: bytes, bits, or numbers in an interval.
#ifndef K754_DETAIL_CONDITIONS_HPP
#define K754_DETAIL_CONDITIONS_HPP

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "../bits.hpp"
#include "../status.hpp"
#include "broadcast.hpp"
#include "config.hpp"

namespace k754::detail {

/// Element i is a byte that is not 0,
struct byte_run {
  strided<const std::uint8_t> bytes;

  K754_INLINE constexpr bool operator()(index_t i) const noexcept { return load(bytes.at(i)) != 0; }
};
/// or bit `first + i * stride`, counted from the least significant bit of the first byte on.
struct bit_run {
  const std::uint8_t* bytes;
  index_t first;
  index_t stride;

  K754_INLINE constexpr bool operator()(index_t i) const noexcept {
    const index_t bit = first + i * stride;
    return ((load(bytes + (bit >> 3)) >> (bit & 7)) & 1) != 0;
  }
};

/// Numbers make conditions through intervals of keys: an element's bits as a signed integer, of which those that
/// `fold` names are inverted where it is negative, and those that `flip` names always. It is in the interval where
/// low < key <= high, and the condition holds where it is in it, or (`outside` = -1, not 0) where it is not.
///
///     float x > 1:    fold = 0x7FFFFFFF, so that keys order as values do; low = 0x3F800000, high = 0x7F800000 (infinity)
///     unsigned x > 1: flip = 0x80000000; low = 0x80000001, high = 0x7FFFFFFF
template <class Bits>
struct key_interval {
  using key_type = std::make_signed_t<Bits>;
  Bits fold;
  Bits flip;
  key_type low;
  key_type high;
  key_type outside;

  K754_INLINE constexpr key_type key(Bits bits) const noexcept {
    const auto sign = static_cast<key_type>(bits) < 0 ? fold : Bits{0};
    return static_cast<key_type>(static_cast<Bits>(bits ^ sign ^ flip));
  }
  K754_INLINE constexpr bool operator()(Bits bits) const noexcept {
    return (low < key(bits) && key(bits) <= high) != (outside != 0);
  }
};

/// Element i is a number whose key is in the interval.
template <class Bits>
struct number_run {
  strided<const Bits> values;
  key_interval<Bits> interval;

  K754_INLINE constexpr bool operator()(index_t i) const noexcept { return interval(load(values.at(i))); }
};

inline namespace K754_ABI {

constexpr index_t stride_of(const byte_run& condition) noexcept { return condition.bytes.stride; }
constexpr index_t stride_of(const bit_run& condition) noexcept { return condition.stride; }

/// The `n` bits from bit `first` on become those from bit 0 of `to` on; others of its bytes become 0. Bytes without
/// any of these bits are not read.
inline void copy_bits(const std::uint8_t* bits, index_t first, index_t n, std::uint8_t* to) noexcept {
  const std::uint8_t* from = bits + (first >> 3);
  const int shift = static_cast<int>(first & 7);
  for (index_t i = 0; i < n; i += 8, ++from) {
    const index_t count = n - i < 8 ? n - i : 8;
    unsigned byte = static_cast<unsigned>(load(from)) >> shift;
    if (shift + count > 8) byte |= static_cast<unsigned>(load(from + 1)) << (8 - shift);
    to[i / 8] = static_cast<std::uint8_t>(byte & ((1U << count) - 1));
  }
}

/// The conditions of n adjacent numbers as bits; those behind the last are anything.
template <std::unsigned_integral Bits>
void test_elements_in_turn(const Bits* x, index_t n, const key_interval<Bits>& interval,
                           std::uint8_t* bits) noexcept {
  for (index_t i = 0; i < n; ++i) {
    if (i % 8 == 0) bits[i / 8] = 0;
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (interval(load(x + i)) ? 1U : 0U) << (i % 8));
  }
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_CONDITIONS_HPP

/// `float16` (IEEE 754 binary16) and `bfloat16` (the upper half of binary32): storage types with exact
/// conversions, for machines and compilers that have no such type of their own.
///
/// Conversions are done in integers, so flags, FTZ/DAZ, rounding modes and conversion instructions that flush
/// (VCVTNEPS2BF16) cannot reach them. Narrowing rounds once, to nearest even, from double as well as from float;
/// subnormal results are kept; overflow gives infinity. A NaN keeps its sign and the leading bits of its payload
/// and becomes quiet. There is no arithmetic here: kernels compute in wider types.
///
/// `_Float16`, `std::float16_t` and `std::bfloat16_t` convert from and to these by their bits, and views over them
/// are taken by every kernel (see `storage_type`). For Highway's types include `k754/highway_types.hpp`.
#ifndef K754_FLOAT16_HPP
#define K754_FLOAT16_HPP

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"

namespace k754 {

namespace detail {

/// A binary interchange format (IEEE 754-2019, 3.4), with its constants as bit patterns in 64 bits.
template <int ExponentBits, int FractionBits>
struct binary_format {
  static constexpr int fraction_bits = FractionBits;
  static constexpr int precision = FractionBits + 1;
  static constexpr int max_exponent = (1 << (ExponentBits - 1)) - 1;
  static constexpr int min_exponent = 1 - max_exponent;
  static constexpr int smallest_exponent = min_exponent - FractionBits;  ///< of the smallest subnormal
  static constexpr std::uint64_t sign_bit = std::uint64_t{1} << (ExponentBits + FractionBits);
  static constexpr std::uint64_t smallest_normal = std::uint64_t{1} << FractionBits;
  static constexpr std::uint64_t infinity = ((std::uint64_t{1} << ExponentBits) - 1) << FractionBits;
  static constexpr std::uint64_t quiet_bit = std::uint64_t{1} << (FractionBits - 1);
  static constexpr std::uint64_t canonical_nan = infinity | quiet_bit;
};

using binary16 = binary_format<5, 10>;
using bfloat16_format = binary_format<8, 7>;
using binary32 = binary_format<8, 23>;
using binary64 = binary_format<11, 52>;

/// convertFormat (IEEE 754-2019, 5.4.2) on bit patterns: exact when widening, to nearest even when narrowing.
template <class From, class To>
K754_INLINE constexpr std::uint64_t convert_format(std::uint64_t from) noexcept {
  const std::uint64_t sign = (from & From::sign_bit) != 0 ? To::sign_bit : 0;
  const std::uint64_t magnitude = from & (From::sign_bit - 1);
  if (magnitude == 0) return sign;
  if (magnitude >= From::infinity) {
    if (magnitude == From::infinity) return sign | To::infinity;
    const std::uint64_t payload =
        (magnitude & (From::smallest_normal - 1)) << (63 - From::fraction_bits) >> (63 - To::fraction_bits);
    return sign | To::canonical_nan | payload;
  }

  // magnitude = significand * 2^(exponent - 63), with the leading bit of the significand at position 63
  const int biased = static_cast<int>(magnitude >> From::fraction_bits);
  const std::uint64_t fraction = magnitude & (From::smallest_normal - 1);
  std::uint64_t significand = biased == 0 ? fraction : fraction | From::smallest_normal;
  int exponent = biased == 0 ? From::min_exponent : biased - From::max_exponent;
  const int shift = std::countl_zero(significand);
  significand <<= shift;
  exponent -= shift - (63 - From::fraction_bits);

  if (exponent > To::max_exponent) return sign | To::infinity;
  int dropped = 64 - To::precision;
  if (exponent < To::min_exponent) dropped += To::min_exponent - exponent;
  if (dropped > 64) return sign;  // below half of the smallest subnormal
  const std::uint64_t kept = dropped == 64 ? 0 : significand >> dropped;
  const std::uint64_t lost = dropped == 64 ? significand : significand << (64 - dropped);
  constexpr std::uint64_t half = std::uint64_t{1} << 63;
  const std::uint64_t up = lost > half || (lost == half && (kept & 1U) != 0) ? 1 : 0;
  const std::uint64_t base = exponent < To::min_exponent
                                 ? 0
                                 : static_cast<std::uint64_t>(exponent - To::min_exponent)
                                       << To::fraction_bits;
  return sign | (base + kept + up);  // the hidden bit counts one exponent step; a carry does the rest
}

template <class Format>
K754_INLINE constexpr std::uint16_t narrow_bits(double value) noexcept {
  return static_cast<std::uint16_t>(convert_format<binary64, Format>(std::bit_cast<std::uint64_t>(value)));
}
template <class Format>
K754_INLINE constexpr std::uint16_t narrow_bits(float value) noexcept {
  return static_cast<std::uint16_t>(convert_format<binary32, Format>(std::bit_cast<std::uint32_t>(value)));
}

}  // namespace detail

class bfloat16;
class float16;

/// The k754 type that a foreign element type is stored as: same size, same bits, another name. Specialise it for
/// further types that hold one of the supported formats.
template <class T>
struct storage_type {
  using type = T;
};
template <class T>
using storage_type_t = typename storage_type<T>::type;

// Where the compiler has 16-bit types of its own, std::float16_t and std::bfloat16_t are names of them; else void.
// (GCC before 13 has _Float16 in C only; Clang before 15 only with AVX512-FP16.)
#if defined(__STDCPP_FLOAT16_T__) || \
    (defined(__FLT16_MAX__) && (defined(__clang__) ? __clang_major__ >= 15 : __GNUC__ >= 13))
#define K754_HAS_FLOAT16 1
__extension__ typedef _Float16 native_float16;
template <>
struct storage_type<native_float16> {
  using type = float16;
};
#else
#define K754_HAS_FLOAT16 0
using native_float16 = void;
#endif
#if defined(__STDCPP_BFLOAT16_T__) || (defined(__BFLT16_MAX__) && !defined(__clang__))
#define K754_HAS_BFLOAT16 1
__extension__ typedef __bf16 native_bfloat16;
template <>
struct storage_type<native_bfloat16> {
  using type = bfloat16;
};
#else
#define K754_HAS_BFLOAT16 0
using native_bfloat16 = void;
#endif

namespace detail {
template <class T, class Storage>
concept stored_as = !std::same_as<T, Storage> && std::same_as<storage_type_t<T>, Storage> &&
                    sizeof(T) == sizeof(Storage) && std::is_trivially_copyable_v<T>;

/// A class around the compiler's type that takes whatever converts to that (Highway's newer types): it needs no
/// conversion of ours, which would be a second, ambiguous way.
template <class Native>
struct converts_to {
  operator Native() const;
};
template <class T, class Native>
concept wraps =
    !std::is_void_v<Native> && !std::same_as<T, Native> && std::is_convertible_v<converts_to<Native>, T>;
}  // namespace detail

class float16 {
 public:
  float16() = default;
  K754_INLINE explicit constexpr float16(float value) noexcept
      : bits_(detail::narrow_bits<detail::binary16>(value)) {}
  K754_INLINE explicit constexpr float16(double value) noexcept
      : bits_(detail::narrow_bits<detail::binary16>(value)) {}
  template <detail::stored_as<float16> Foreign>
  K754_INLINE constexpr float16(Foreign value) noexcept : bits_(std::bit_cast<std::uint16_t>(value)) {}

  K754_INLINE static constexpr float16 from_bits(std::uint16_t bits) noexcept {
    return std::bit_cast<float16>(bits);
  }
  K754_INLINE constexpr std::uint16_t bits() const noexcept { return bits_; }

  K754_INLINE explicit constexpr operator float() const noexcept {
    return std::bit_cast<float>(
        static_cast<std::uint32_t>(detail::convert_format<detail::binary16, detail::binary32>(bits_)));
  }
  K754_INLINE explicit constexpr operator double() const noexcept {
    return std::bit_cast<double>(detail::convert_format<detail::binary16, detail::binary64>(bits_));
  }
  template <detail::stored_as<float16> Foreign>
  requires(!detail::wraps<Foreign, native_float16>) K754_INLINE constexpr operator Foreign() const noexcept {
    return std::bit_cast<Foreign>(bits_);
  }

  std::uint16_t bits_;  ///< `bits()`; public only because GCC warns of a memcpy into private members
};

class bfloat16 {
 public:
  bfloat16() = default;
  K754_INLINE explicit constexpr bfloat16(float value) noexcept
      : bits_(detail::narrow_bits<detail::bfloat16_format>(value)) {}
  K754_INLINE explicit constexpr bfloat16(double value) noexcept
      : bits_(detail::narrow_bits<detail::bfloat16_format>(value)) {}
  template <detail::stored_as<bfloat16> Foreign>
  K754_INLINE constexpr bfloat16(Foreign value) noexcept : bits_(std::bit_cast<std::uint16_t>(value)) {}

  K754_INLINE static constexpr bfloat16 from_bits(std::uint16_t bits) noexcept {
    return std::bit_cast<bfloat16>(bits);
  }
  K754_INLINE constexpr std::uint16_t bits() const noexcept { return bits_; }

  K754_INLINE explicit constexpr operator float() const noexcept {
    return std::bit_cast<float>(
        static_cast<std::uint32_t>(detail::convert_format<detail::bfloat16_format, detail::binary32>(bits_)));
  }
  K754_INLINE explicit constexpr operator double() const noexcept {
    return std::bit_cast<double>(detail::convert_format<detail::bfloat16_format, detail::binary64>(bits_));
  }
  template <detail::stored_as<bfloat16> Foreign>
  requires(!detail::wraps<Foreign, native_bfloat16>) K754_INLINE constexpr operator Foreign() const noexcept {
    return std::bit_cast<Foreign>(bits_);
  }

  std::uint16_t bits_;  ///< `bits()`; public only because GCC warns of a memcpy into private members
};

/// Integers are stored as the fixed-width type of their size and signedness (`long long` as `std::int64_t`).
template <std::integral T>
requires(!std::same_as<T, bool> && sizeof(T) <= 8) struct storage_type<T> {
  using signed_type =
      std::conditional_t<sizeof(T) == 1, std::int8_t,
                         std::conditional_t<sizeof(T) == 2, std::int16_t,
                                            std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>>>;
  using type = std::conditional_t<std::is_signed_v<T>, signed_type, std::make_unsigned_t<signed_type>>;
};

}  // namespace k754

#endif  // K754_FLOAT16_HPP

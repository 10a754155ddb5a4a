/// Classification, order and the canonical NaN, all on bit patterns: no compiler flag, FTZ/DAZ setting or
/// signalling NaN can reach an integer operation.
///
/// Types: float, double, float16, bfloat16 (and the types stored as these); order keys also for integers and bool.
#ifndef K754_BITS_HPP
#define K754_BITS_HPP

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"
#include "float16.hpp"

namespace k754 {

namespace detail {

template <class T>
struct format_of;
template <>
struct format_of<float> : binary32 {};
template <>
struct format_of<double> : binary64 {};
template <>
struct format_of<float16> : binary16 {};
template <>
struct format_of<bfloat16> : bfloat16_format {};

}  // namespace detail

template <class T>
concept floating = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, float16> ||
    std::same_as<T, bfloat16>;
template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && std::same_as<T, storage_type_t<T>>;
template <class T>
concept element = floating<T> || integer<T> || std::same_as<T, bool>;

namespace detail {

/// The unsigned integer of an element's size, which holds its bits.
template <element T>
using bits_type =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

}  // namespace detail

/// The unsigned integer that holds a floating type's bits.
template <floating T>
using bits_of = detail::bits_type<T>;

template <floating T>
K754_INLINE constexpr bits_of<T> to_bits(T x) noexcept {
  return std::bit_cast<bits_of<T>>(x);
}
template <floating T>
K754_INLINE constexpr T from_bits(bits_of<T> u) noexcept {
  return std::bit_cast<T>(u);
}

namespace detail {

template <floating T>
K754_INLINE constexpr std::uint64_t magnitude_bits(T x) noexcept {
  return to_bits(x) & (format_of<T>::sign_bit - 1);
}
}  // namespace detail

// IEEE 754-2019, 5.7.2
template <floating T>
K754_INLINE constexpr bool is_nan(T x) noexcept {
  return detail::magnitude_bits(x) > detail::format_of<T>::infinity;
}
template <floating T>
K754_INLINE constexpr bool is_signaling(T x) noexcept {
  return is_nan(x) && (to_bits(x) & detail::format_of<T>::quiet_bit) == 0;
}
template <floating T>
K754_INLINE constexpr bool is_infinite(T x) noexcept {
  return detail::magnitude_bits(x) == detail::format_of<T>::infinity;
}
template <floating T>
K754_INLINE constexpr bool is_finite(T x) noexcept {
  return detail::magnitude_bits(x) < detail::format_of<T>::infinity;
}
template <floating T>
K754_INLINE constexpr bool is_zero(T x) noexcept {
  return detail::magnitude_bits(x) == 0;
}
template <floating T>
K754_INLINE constexpr bool is_subnormal(T x) noexcept {
  return !is_zero(x) && detail::magnitude_bits(x) < detail::format_of<T>::smallest_normal;
}
template <floating T>
K754_INLINE constexpr bool sign_bit(T x) noexcept {
  return (to_bits(x) & detail::format_of<T>::sign_bit) != 0;
}

/// The one NaN that k754 computes: quiet, positive, payload zero.
template <floating T>
K754_INLINE constexpr T canonical_nan() noexcept {
  return from_bits<T>(static_cast<bits_of<T>>(detail::format_of<T>::canonical_nan));
}
/// `x`, or the canonical NaN in place of any NaN.
template <floating T>
K754_INLINE constexpr T canonicalized(T x) noexcept {
  return is_nan(x) ? canonical_nan<T>() : x;
}
template <floating T>
K754_INLINE constexpr T infinity() noexcept {
  return from_bits<T>(static_cast<bits_of<T>>(detail::format_of<T>::infinity));
}
template <floating T>
K754_INLINE constexpr T negative_infinity() noexcept {
  return from_bits<T>(
      static_cast<bits_of<T>>(detail::format_of<T>::sign_bit | detail::format_of<T>::infinity));
}

/// `x`, or the zero of its sign where it is subnormal: what `subnormals::flush` reads and writes.
template <floating T>
K754_INLINE constexpr T flush_subnormal(T x) noexcept {
  return is_subnormal(x) ? from_bits<T>(static_cast<bits_of<T>>(to_bits(x) & detail::format_of<T>::sign_bit))
                         : x;
}

/// An unsigned integer that orders as the values do. Floating types follow totalOrder (IEEE 754-2019, 5.10):
/// -NaN < -inf < ... < -0 < +0 < ... < +inf < +NaN, payloads and the quiet bit included.
template <floating T>
K754_INLINE constexpr bits_of<T> order_key(T x) noexcept {
  constexpr auto sign = static_cast<bits_of<T>>(detail::format_of<T>::sign_bit);
  const bits_of<T> u = to_bits(x);
  return static_cast<bits_of<T>>((u & sign) != 0 ? ~u : u | sign);
}
template <integer T>
K754_INLINE constexpr auto order_key(T x) noexcept {
  using unsigned_type = std::make_unsigned_t<T>;
  constexpr auto bias = std::is_signed_v<T>
                            ? static_cast<unsigned_type>(unsigned_type{1} << (8 * sizeof(T) - 1))
                            : unsigned_type{0};
  return static_cast<unsigned_type>(static_cast<unsigned_type>(x) ^ bias);
}
template <std::same_as<bool> T>
K754_INLINE constexpr std::uint8_t order_key(T x) noexcept {
  return x ? 1 : 0;
}

/// totalOrder(a, b): whether `a` comes before `b` or is the same bit pattern.
template <floating T>
K754_INLINE constexpr bool total_order(T a, T b) noexcept {
  return order_key(a) <= order_key(b);
}

namespace detail {

/// Reads an element. Views may point at foreign types with the same bits, so this is a copy of bytes; any nonzero
/// byte is the bool `true`.
template <element T>
K754_INLINE constexpr T load(const T* p) noexcept {
  if (std::is_constant_evaluated()) return *p;
  if constexpr (std::same_as<T, bool>) {
    unsigned char byte = 0;
    std::memcpy(&byte, static_cast<const void*>(p), 1);
    return byte != 0;
  } else {
    T value;
    std::memcpy(&value, static_cast<const void*>(p), sizeof(T));
    return value;
  }
}
template <element T>
K754_INLINE void store(T* p, T value) noexcept {
  std::memcpy(static_cast<void*>(p), &value, sizeof(T));
}

/// `x` as rounded so far: a compiler can fuse no operation across this.
K754_INLINE double rounded(double x) noexcept {
#if defined(__SSE2__)
  __asm__("" : "+x"(x));
#elif defined(__aarch64__)
  __asm__("" : "+w"(x));
#else
  __asm__("" : "+m"(x));
#endif
  return x;
}
K754_INLINE float rounded(float x) noexcept {
#if defined(__SSE2__)
  __asm__("" : "+x"(x));
#elif defined(__aarch64__)
  __asm__("" : "+w"(x));
#else
  __asm__("" : "+m"(x));
#endif
  return x;
}

/// An input element as a double, exactly; with `Flush`, subnormals of its own type are read as zero.
template <bool Flush = false, floating T>
K754_INLINE double widen(T x) noexcept {
  if constexpr (Flush) x = flush_subnormal(x);
  return static_cast<double>(x);
}

/// A result: one rounding from double, to nearest even; the canonical NaN for any NaN; with `Flush`, zero of the
/// same sign for what is subnormal after rounding.
template <floating T, bool Flush = false>
K754_INLINE T narrow(double x) noexcept {
  T y = canonicalized(static_cast<T>(x));
  if constexpr (Flush) y = flush_subnormal(y);
  return y;
}

}  // namespace detail

}  // namespace k754

/// The unsigned integers of the elements' sizes, as X(type).
#define K754_FOR_EACH_WIDTH(X) X(std::uint8_t) X(std::uint16_t) X(std::uint32_t) X(std::uint64_t)

/// Every element type and its short name, as X(type, name): what tests, benchmarks and the compiled library go through.
// clang-format off
#define K754_FOR_EACH_ELEMENT_TYPE(X) \
  X(float, f32) X(double, f64) X(::k754::float16, f16) X(::k754::bfloat16, bf16) X(bool, boolean) \
  X(std::int8_t, i8) X(std::int16_t, i16) X(std::int32_t, i32) X(std::int64_t, i64) \
  X(std::uint8_t, u8) X(std::uint16_t, u16) X(std::uint32_t, u32) X(std::uint64_t, u64)
// clang-format on

#endif  // K754_BITS_HPP

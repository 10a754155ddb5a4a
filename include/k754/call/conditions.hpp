/// What a kernel takes as a condition: tensors of bytes, a bool, numbers by name, packed bits.
///
///     const argument a = condition_argument(c, held);          // an argument like others,
///     if (auto r = check_condition(kernel, c); !r) return r;   // of which more may be wrong: before the checks of all
///     const auto condition = condition_of(c, a);               // after them
///     ... condition.along(run, n)                              // along a run of any strides whose operand n it is
///
/// condition_tiles.hpp has its tiles.
#ifndef K754_CALL_CONDITIONS_HPP
#define K754_CALL_CONDITIONS_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "../bits.hpp"
#include "../conditions.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/conditions.hpp"
#include "../detail/layout.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "elementwise.hpp"
#include "operands.hpp"

namespace k754::detail {

template <class C>
inline constexpr bool is_numeric_condition = false;
template <element T, class Test>
inline constexpr bool is_numeric_condition<numeric_condition<T, Test>> = true;
template <class C>
inline constexpr bool is_packed_condition = std::same_as<C, packed_condition>;

template <class C>
concept condition_like =
    is_numeric_condition<std::remove_cvref_t<C>> || is_packed_condition<std::remove_cvref_t<C>> ||
    operand_like<C, bool> || operand_like<C, std::uint8_t> || operand_like<C, std::int8_t>;

inline namespace K754_ABI {

/// The bits of packed conditions: the last axis of `bytes`, where there is one, becomes `columns` bits, strides
/// become those of bits.
constexpr layout bits_layout(const packed_condition& c) noexcept {
  layout bits = layout_of(c.bytes);
  if (bits.rank == 0 || bits.rank > max_rank) return bits;
  for (std::size_t axis = 0; axis + 1 < bits.rank; ++axis) {
    index_t& stride = bits.strides[axis];
    if (__builtin_mul_overflow(stride, index_t{8}, &stride)) stride = (std::numeric_limits<index_t>::max)();
  }
  bits.extents[bits.rank - 1] = c.columns;
  bits.strides[bits.rank - 1] = 1;
  return bits;
}

[[gnu::cold]] constexpr check_result check_packed(const char* kernel, const packed_condition& c) noexcept {
  constexpr const char* name = "condition";
  const layout bytes = layout_of(c.bytes);
  if (c.offset < 0) {
    return failure(status::invalid_option, kernel, name, "begins at bit {}, expected 0 or more", c.offset);
  }
  if (bytes.rank == 0) {
    return failure(status::rank_mismatch, kernel, name, "has no axis of packed bytes");
  }
  if (auto r = check_extents(kernel, name, bytes); !r) return r;
  const std::size_t last = bytes.rank - 1;
  if (c.columns < 0) {
    return failure(status::negative_extent, kernel, name, "has extent {} on axis {}", c.columns, last);
  }
  if (bytes.extents[last] > 1 && bytes.strides[last] != 1) {
    return failure(status::invalid_option, kernel, name, "has packed bytes {} apart, expected adjacent ones",
                   bytes.strides[last]);
  }
  const std::uint64_t available = magnitude(bytes.extents[last]);
  const std::uint64_t end = magnitude(c.offset) + magnitude(c.columns);
  if (c.columns > 0 && (end - 1) / 8 + 1 > available) {
    return failure(status::shape_mismatch, kernel, name, "has {} packed bytes on axis {}, expected {}",
                   bytes.extents[last], last, static_cast<index_t>((end - 1) / 8 + 1));
  }
  return {};
}

template <class C>
constexpr check_result check_condition([[maybe_unused]] const char* kernel,
                                       [[maybe_unused]] const C& c) noexcept {
  if constexpr (is_packed_condition<C>) return check_packed(kernel, c);
  return {};
}

template <class C>
constexpr argument condition_argument(const C& c, held_scalar& held) noexcept {
  constexpr const char* name = "condition";
  if constexpr (is_numeric_condition<C>) {
    return operand_argument(name, c.values, held);
  } else if constexpr (is_packed_condition<C>) {
    return {name, bits_layout(c), role::input, sharing::none, true, c.offset};
  } else {
    return operand_argument(name, c, held);
  }
}

/// The interval of the numbers of which a test is true.
template <element T>
constexpr key_interval<bits_type<T>> interval_of(const is_nonzero<T>&) noexcept {
  using bits = bits_type<T>;
  using key = std::make_signed_t<bits>;
  if constexpr (floating<T>) {  // all but -0 and +0, whose keys are -1 and 0
    return {static_cast<bits>(format_of<T>::sign_bit - 1), 0, key{-2}, key{0}, key{-1}};
  } else {
    return {0, 0, key{-1}, key{0}, key{-1}};
  }
}
template <element T>
constexpr key_interval<bits_type<T>> interval_of(const is_greater<T>& test) noexcept {
  using bits = bits_type<T>;
  using key = std::make_signed_t<bits>;
  constexpr key least = (std::numeric_limits<key>::min)(), greatest = (std::numeric_limits<key>::max)();
  constexpr key_interval<bits> never{0, 0, greatest, least, key{0}};
  if constexpr (std::same_as<T, bool>) {
    return test.threshold ? never : interval_of(is_nonzero<bool>{});
  } else if constexpr (floating<T>) {
    if (is_nan(test.threshold)) return never;
    key_interval<bits> interval{static_cast<bits>(format_of<T>::sign_bit - 1), 0, key{0},
                                static_cast<key>(format_of<T>::infinity), key{0}};
    if (!is_zero(test.threshold)) interval.low = interval.key(to_bits(test.threshold));
    return interval;
  } else {
    key_interval<bits> interval{0, std::is_signed_v<T> ? bits{0} : static_cast<bits>(least), least, greatest,
                                key{0}};
    interval.low = interval.key(static_cast<bits>(test.threshold));
    return interval;
  }
}

struct byte_condition {
  const std::uint8_t* bytes;  // of every name

  template <class Run>
  byte_run along(const Run& run, std::size_t n) const noexcept {
    return {run.of(n, bytes)};
  }
};

/// Offsets and strides count bits; the first row begins at bit `first`.
struct bit_condition {
  const std::uint8_t* bytes;
  index_t first;

  template <class Run>
  bit_run along(const Run& run, std::size_t n) const noexcept {
    return {bytes, first + run.offsets[n], run.strides[n]};
  }
};

template <class Bits>
struct number_condition {
  const Bits* values;
  key_interval<Bits> interval;

  template <class Run>
  number_run<Bits> along(const Run& run, std::size_t n) const noexcept {
    return {run.of(n, values), interval};
  }
};

/// After the checks of `a`, its argument.
template <class C>
auto condition_of([[maybe_unused]] const C& c, const argument& a) noexcept {
  if constexpr (is_numeric_condition<C>) {
    const auto interval = interval_of(c.test);
    using bits = decltype(interval.fold);
    return number_condition<bits>{elements_of<const bits>(a), interval};
  } else if constexpr (is_packed_condition<C>) {
    return bit_condition{elements_of<const std::uint8_t>(a), a.first_bit};
  } else {
    return byte_condition{elements_of<const std::uint8_t>(a)};
  }
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CONDITIONS_HPP

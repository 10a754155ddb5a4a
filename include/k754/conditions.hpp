/// Conditions by name: what is true of a tensor of numbers, and packed bits. `where` takes them as it takes tensors
/// of bytes.
///
///     nonzero(x)                      x != 0, of any tensor
///     greater_than(x, threshold)      x > threshold
///     packed_bits(bytes, columns)     8 conditions a byte
///
/// They own nothing and copy cheaply; a kernel checks them with its other arguments. None of them is affected by
/// FTZ/DAZ.
#ifndef K754_CONDITIONS_HPP
#define K754_CONDITIONS_HPP

#include <bit>
#include <concepts>
#include <cstdint>

#include "bits.hpp"
#include "call/operands.hpp"
#include "detail/config.hpp"
#include "detail/flags-inl.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// A tensor of numbers as a condition, made by `nonzero` and `greater_than`.
template <element T, class Test>
struct numeric_condition {
  tensor_view<const T> values;
  Test test;
};

/// Bits as a condition, made by `packed_bits`.
struct packed_condition {
  tensor_view<const std::uint8_t> bytes;
  index_t columns;
  index_t offset;
};

namespace detail {

/// The tests of numbers, which reference/where.hpp defines.
template <element T>
struct is_nonzero {};
template <element T>
struct is_greater {
  T threshold;
};

}  // namespace detail

inline namespace K754_ABI {

/// The condition `x != 0` of any tensor, as Python's truth has it: NaN and subnormals are true, -0 is false.
template <tensor_like X>
constexpr auto nonzero(X&& x) noexcept {
  using T = detail::element_of<X>;
  return numeric_condition<T, detail::is_nonzero<T>>{detail::input_view(x), {}};
}

/// The condition `x > threshold`, both of one type. False for NaN; -0 equals +0; subnormals count.
template <tensor_like X, detail::scalar_of<detail::element_of<X>> Threshold>
constexpr auto greater_than(X&& x, Threshold threshold) noexcept {
  using T = detail::element_of<X>;
  return numeric_condition<T, detail::is_greater<T>>{detail::input_view(x), {std::bit_cast<T>(threshold)}};
}

/// The condition of packed bits, 8 a byte, least significant bit first (as Apache Arrow's validity bitmaps, and
/// NumPy's packbits with bitorder='little'). The last axis of `bytes`, whose elements are adjacent, holds `columns`
/// of them from bit `offset` on, in each row; the other axes are those of `bytes`, with any strides, so that rows
/// begin with whole bytes. The condition has the shape of `bytes` with `columns` as last extent, and broadcasts like
/// any tensor. Bits outside of it are not looked at. Source: the Arrow columnar format, "Validity bitmaps".
///
///     packed_bits(tensor_view(mask, {rows, (columns + 7) / 8}), columns)
template <tensor_like Bytes>
requires(std::same_as<detail::element_of<Bytes>, std::uint8_t>) constexpr packed_condition
    packed_bits(Bytes&& bytes, index_t columns, index_t offset = 0) noexcept {
  return {detail::input_view(bytes), columns, offset};
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_CONDITIONS_HPP

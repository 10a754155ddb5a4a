/// Operands of elementwise kernels: tensors, and scalars, which broadcast. And their gradients, of which some may be unwanted.
#ifndef K754_CALL_OPERANDS_HPP
#define K754_CALL_OPERANDS_HPP

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "../bits.hpp"
#include "../tensor_view.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// An operand of elements T: a tensor of them, or one value, which broadcasts as a tensor of rank 0. There is
/// no promotion: `1.0` is no operand of a float kernel, `1.0F` is.
template <class X, class T>
concept tensor_of = tensor_like<X> && std::same_as<element_of<X>, T>;
template <class X, class T>
concept scalar_of = !tensor_like<X> && std::same_as<storage_type_t<std::remove_cvref_t<X>>, T>;
template <class X, class T>
concept operand_like = tensor_of<X, T> || scalar_of<X, T>;
template <class X, class T>
concept output_of = output_like<X> && tensor_of<X, T>;
/// Where a gradient goes: a tensor, or nullptr where it is not wanted.
template <class X, class T>
concept gradient_of = std::same_as<std::remove_cvref_t<X>, std::nullptr_t> || output_of<X, T>;

/// Room in a call for a scalar while its kernel runs. It is copied before any output is written; as bytes, since compilers
/// quiet signalling NaNs in constants.
struct held_scalar {
  alignas(8) unsigned char bytes[8] = {};
};

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_OPERANDS_HPP

/// Optional: {fmt} output of k754's own types. Needs fmt 9 or newer; no other header includes this one.
///
///     fmt::print("{} {:.3f}\n", status, half);
///     fmt::print("{}\n", k754::as_bits{value});      // 0x7fc00000
#ifndef K754_FMT_HPP
#define K754_FMT_HPP

#include <fmt/format.h>

#include "bits.hpp"
#include "detail/flags-inl.hpp"
#include "status.hpp"

namespace k754 {

/// A value shown as its bit pattern, in hexadecimal, with the width of its type.
template <floating T>
struct as_bits {
  T value;
};
template <floating T>
as_bits(T) -> as_bits<T>;

}  // namespace k754

template <>
struct fmt::formatter<k754::status> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(k754::status s, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(k754::to_string(s), context);
  }
};

template <>
struct fmt::formatter<k754::float16> : fmt::formatter<float> {
  template <class Context>
  auto format(k754::float16 x, Context& context) const {
    return fmt::formatter<float>::format(static_cast<float>(x), context);
  }
};

template <>
struct fmt::formatter<k754::bfloat16> : fmt::formatter<float> {
  template <class Context>
  auto format(k754::bfloat16 x, Context& context) const {
    return fmt::formatter<float>::format(static_cast<float>(x), context);
  }
};

template <class T>
struct fmt::formatter<k754::as_bits<T>> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(k754::as_bits<T> x, Context& context) const {
    return fmt::format_to(context.out(), "0x{:0{}x}", k754::to_bits(x.value), 2 * sizeof(T));
  }
};

#endif  // K754_FMT_HPP

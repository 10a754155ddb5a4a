/// Views over Google Highway's 16-bit types: `hwy::float16_t` is stored as float16, `hwy::bfloat16_t` as
/// bfloat16, and both convert by their bits. For programs that use Highway themselves (1.0.3 or newer,
/// "hwy/base.h" alone); without it on the include path there is nothing here.
#ifndef K754_HIGHWAY_TYPES_HPP
#define K754_HIGHWAY_TYPES_HPP

#include <concepts>

#include "detail/flags-inl.hpp"
#include "float16.hpp"

#if __has_include("hwy/base.h")
#include "hwy/base.h"

namespace k754 {

// On some targets Highway's name is the compiler's own type, which float16.hpp knows already: its
// specialisation, a full one, wins over these.
template <std::same_as<hwy::float16_t> T>
struct storage_type<T> {
  using type = float16;
};
template <std::same_as<hwy::bfloat16_t> T>
struct storage_type<T> {
  using type = bfloat16;
};

}  // namespace k754

#endif

#endif  // K754_HIGHWAY_TYPES_HPP

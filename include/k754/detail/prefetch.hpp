/// Memory that is used soon, asked for before the CPU sees it by itself: short streams, each of which begins far away.
/// A function that does nothing else must be always inline, as these are: GCC takes it for one without effect and deletes
/// its calls.
#ifndef K754_DETAIL_PREFETCH_HPP
#define K754_DETAIL_PREFETCH_HPP

#include <cstdint>

#include "../status.hpp"
#include "config.hpp"

namespace k754::detail {
inline namespace K754_ABI {

inline constexpr std::uintptr_t cache_line_bytes = 64;

/// Where an element would lie, maybe of no object.
template <class T>
K754_INLINE std::uintptr_t address_of(const T* x, index_t i) noexcept {
  return reinterpret_cast<std::uintptr_t>(x) + static_cast<std::uintptr_t>(i) * sizeof(T);
}

/// Which cache memory is fetched into: the nearest has little room.
enum class fetch : int { to_first_cache = 3, to_second_cache = 2 };

/// n elements, `ahead` of x, that will be read.
template <fetch Where, class T>
K754_INLINE void prefetch(const T* x, index_t ahead, index_t n) noexcept {
  const std::uintptr_t first = address_of(x, ahead);
  for (std::uintptr_t byte = 0; byte < static_cast<std::uintptr_t>(n) * sizeof(T); byte += cache_line_bytes) {
    __builtin_prefetch(reinterpret_cast<const void*>(first + byte), 0, static_cast<int>(Where));
  }
}

/// The element `ahead` of x and the line before it, parts of which will be written.
template <class T>
K754_INLINE void prefetch_boundary(const T* x, index_t ahead) noexcept {
  const std::uintptr_t at = address_of(x, ahead);
  __builtin_prefetch(reinterpret_cast<const void*>(at), 1, 3);
  __builtin_prefetch(reinterpret_cast<const void*>(at - cache_line_bytes), 1, 3);
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_PREFETCH_HPP

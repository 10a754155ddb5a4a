/// How much the last-level cache holds: outputs of operands that exceed it together are written past the caches.
#ifndef K754_DETAIL_CACHE_SIZE_HPP
#define K754_DETAIL_CACHE_SIZE_HPP

#include <cstdint>

#include "../status.hpp"
#include "config.hpp"

namespace k754::detail {

/// 0 until it is known. Tests set it.
inline index_t known_last_level_cache_bytes = 0;

inline namespace K754_ABI {

/// As the CPU says, 32 MiB where it does not. Source: Intel SDM, CPUID leaf 4; AMD APM, leaf 8000001D, of the same form.
inline index_t measured_last_level_cache_bytes() noexcept {
  std::uint64_t largest = 0;
#if defined(__x86_64__)
  const auto cpuid = [](std::uint32_t leaf, std::uint32_t part, std::uint32_t(&r)[4]) noexcept {
    __asm__ __volatile__("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(part));
  };
  constexpr std::uint32_t leaves[] = {4, 0x8000001D};
  for (const std::uint32_t leaf : leaves) {
    std::uint32_t r[4];
    cpuid(leaf & 0x80000000, 0, r);  // the last leaf of its range
    if (r[0] < leaf) continue;
    for (std::uint32_t part = 0; part < 16; ++part) {
      cpuid(leaf, part, r);
      if ((r[0] & 31) == 0) break;  // no more caches
      const std::uint64_t ways = (r[1] >> 22) + 1, partitions = (r[1] >> 12 & 0x3FF) + 1;
      const std::uint64_t line = (r[1] & 0xFFF) + 1, sets = std::uint64_t{r[2]} + 1;
      const std::uint64_t bytes = ways * partitions * line * sets;
      if (bytes > largest) largest = bytes;
    }
  }
#endif
  return largest > 0 && largest < (std::uint64_t{1} << 40) ? static_cast<index_t>(largest)
                                                           : index_t{32} << 20;
}

inline index_t last_level_cache_bytes() noexcept {
  index_t bytes = __atomic_load_n(&known_last_level_cache_bytes, __ATOMIC_RELAXED);
  if (bytes == 0) {
    bytes = measured_last_level_cache_bytes();
    __atomic_store_n(&known_last_level_cache_bytes, bytes, __ATOMIC_RELAXED);
  }
  return bytes;
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_CACHE_SIZE_HPP

// detail/cache_size.hpp: the size of the last-level cache, as the system knows it too.
#include "k754/detail/cache_size.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include "support/catch.hpp"

namespace {

using namespace k754::detail;
using k754::index_t;

/// The size forgotten again, however a scope is left.
struct forgotten_at_end {
  ~forgotten_at_end() { known_last_level_cache_bytes = 0; }
};

/// Of the largest cache that Linux lists for the first CPU; 0 where it lists none.
index_t listed_bytes() {
  index_t largest = 0;
  for (int i = 0; i < 16; ++i) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/size");
    index_t size = 0;
    std::string unit;
    if (file >> size >> unit)
      largest = std::max(largest, unit == "K" ? size << 10 : unit == "M" ? size << 20 : size);
  }
  return largest;
}

}  // namespace

TEST_CASE("The last-level cache has a plausible size, and the one that the system lists") {
  const forgotten_at_end forgotten;
  const index_t bytes = measured_last_level_cache_bytes();
  CHECK(bytes >= index_t{128} << 10);
  CHECK(bytes < index_t{1} << 40);
  CHECK(measured_last_level_cache_bytes() == bytes);
#if defined(__x86_64__)
  const index_t listed = listed_bytes();
  std::printf("  measured %lld KiB, listed %lld KiB\n", static_cast<long long>(bytes >> 10),
              static_cast<long long>(listed >> 10));
  if (listed > 0) CHECK(bytes == listed);
#else
  CHECK(bytes == index_t{32} << 20);
#endif
}

TEST_CASE("The size is measured once, and is what a test says it is") {
  const forgotten_at_end forgotten;
  known_last_level_cache_bytes = 0;
  CHECK(last_level_cache_bytes() == measured_last_level_cache_bytes());
  CHECK(known_last_level_cache_bytes == measured_last_level_cache_bytes());
  known_last_level_cache_bytes = 12345;
  CHECK(last_level_cache_bytes() == 12345);
  CHECK(last_level_cache_bytes() == 12345);
}

// detail/prefetch.hpp: addresses, and that asking for memory reads and writes none, wherever it lies.
#include "k754/detail/prefetch.hpp"

#include <array>
#include <cstdint>
#include <limits>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/guarded_buffer.hpp"

namespace {

using namespace k754::detail;
using k754::index_t;
using k754_test::case_count;

template <class T>
void check_type(case_count& cases) {
  const k754_test::guarded_buffer memory(4096);
  const auto bytes_before = static_cast<index_t>(memory.size());
  T* const begin = memory.flush_with_begin<T>();
  const T* const nothing = nullptr;
  // Addresses count in elements, either way, and wrap around.
  for (const index_t i : {-1000, -1, 0, 1, 7, 4096}) {
    const auto expected = reinterpret_cast<std::uintptr_t>(begin) +
                          static_cast<std::uintptr_t>(i * static_cast<index_t>(sizeof(T)));
    REQUIRE(address_of(begin, i) == expected);
    REQUIRE(address_of(nothing, i) == static_cast<std::uintptr_t>(i * static_cast<index_t>(sizeof(T))));
    cases.add(2);
  }
  // Guarded pages and no object at all: a load or a store would end the program.
  for (const index_t ahead : {index_t{-4096}, index_t{0}, bytes_before, 2 * bytes_before,
                              std::numeric_limits<index_t>::max() / 16}) {
    for (const index_t n : {0, 1, 100, 10'000}) {
      for (const T* from : {static_cast<const T*>(begin), nothing}) {
        prefetch<fetch::to_first_cache>(from, ahead, n);
        prefetch<fetch::to_second_cache>(from, ahead, n);
        prefetch_boundary(from, ahead);
        cases.add(3);
      }
    }
  }
  for (std::size_t i = 0; i < memory.size(); ++i) REQUIRE(memory.begin()[i] == 0);
}

}  // namespace

TEST_CASE("Memory may be asked for wherever it lies") {
  case_count cases("addresses", 4 * (6 * 2 + 5 * 4 * 2 * 3));
  check_type<std::uint8_t>(cases);
  check_type<std::uint16_t>(cases);
  check_type<std::uint32_t>(cases);
  check_type<std::uint64_t>(cases);
  cases.check();
}

// Types of other libraries and of the compiler that hold the same bits as a k754 type.
#pragma once

#include <type_traits>

#include "case_count.hpp"
#include "catch.hpp"
#include "ieee754.hpp"
#include "k754/float16.hpp"

namespace k754_test {

/// A foreign 16-bit type converts both ways by its bits, implicitly.
template <class Foreign, class Half>
void require_same_bits(const char* name) {
  static_assert(std::is_same_v<k754::storage_type_t<Foreign>, Half>);
  static_assert(std::is_convertible_v<Foreign, Half> && std::is_convertible_v<Half, Foreign>);
  case_count cases(name, 65536);
  for (std::uint64_t u = 0; u < 65536; ++u) {
    const Foreign foreign = from_bytes<Foreign>(u);
    const Half ours = foreign;
    const Foreign back = ours;
    if (ours.bits() != u || bytes_of(back) != u) {
      CAPTURE(u);
      FAIL("bits changed");
    }
    cases.add();
  }
  cases.check();
}

}  // namespace k754_test

// Whether two rows of elements are the same, to the bit.
#pragma once

#include <cstring>
#include <iterator>
#include <type_traits>

namespace k754_test {

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  using element = std::remove_cvref_t<decltype(*std::data(a))>;
  static_assert(std::is_same_v<element, std::remove_cvref_t<decltype(*std::data(b))>>);
  return std::size(a) == std::size(b) &&
         (std::size(a) == 0 || std::memcmp(std::data(a), std::data(b), std::size(a) * sizeof(element)) == 0);
}

}  // namespace k754_test

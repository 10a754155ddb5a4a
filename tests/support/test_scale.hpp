// How far large loops go. K754_TEST_SCALE=50 in the environment runs a fiftieth of their cases, for emulators.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace k754_test {

/// No vector of a target is longer, but on machines with SVE beyond 512 bits.
inline constexpr std::size_t longest_vector_bytes = 64;

inline long test_scale() {
  static const long scale = [] {
    const char* const text = std::getenv("K754_TEST_SCALE");
    const long value = text == nullptr ? 1 : std::atol(text);
    return value < 1 ? 1 : value;
  }();
  return scale;
}

inline long scaled(long cases) { return cases / test_scale() < 1 ? 1 : cases / test_scale(); }
/// The floor of a sweep, which leaves out more than that where it is scaled.
inline long sweep_floor(long cases) { return test_scale() == 1 ? cases : 1; }

}  // namespace k754_test

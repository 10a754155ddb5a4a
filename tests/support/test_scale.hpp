// K754_TEST_SCALE=50 in the environment runs a fiftieth of the cases of large loops, for emulators.
#pragma once

#include <cstdlib>

namespace k754_test {

inline long test_scale() {
  static const long scale = [] {
    const char* const text = std::getenv("K754_TEST_SCALE");
    const long value = text == nullptr ? 1 : std::atol(text);
    return value < 1 ? 1 : value;
  }();
  return scale;
}

inline long scaled(long cases) { return cases / test_scale() < 1 ? 1 : cases / test_scale(); }

}  // namespace k754_test

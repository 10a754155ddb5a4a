// The message of a failed check, as a string.
#pragma once

#include <string>

#include "k754/status.hpp"

namespace k754_test {

inline std::string message(const k754::check_result& result) {
  char text[512];
  return {text, result.message(text, sizeof(text))};
}

}  // namespace k754_test

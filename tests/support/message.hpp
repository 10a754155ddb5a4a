// The message of a failed check, as a string.
#pragma once

#include <cstring>
#include <string>

#include "catch.hpp"
#include "k754/status.hpp"

namespace k754_test {

/// Its length is what `message` says, it ends there, and nothing is written beyond.
inline std::string message(const k754::check_result& result) {
  char text[512];
  std::memset(text, '#', sizeof(text));
  const std::size_t length = result.message(text, sizeof(text));
  REQUIRE(text[length] == '\0');
  REQUIRE(std::strlen(text) == length);
  REQUIRE(text[length + 1] == '#');
  return text;
}

}  // namespace k754_test

// One program from two translation units, one of which the compiler was told to be careless in a way that no macro shows:
// unit.cpp is compiled as namespace unit_clean and as unit_hidden.
#pragma once

#include <cstdint>

namespace hidden_flags {

/// What the calls of one unit wrote, as bytes, and how each ended.
struct results {
  static constexpr int most_calls = 80;
  static constexpr int most_bytes = 4096;
  unsigned char bytes[most_bytes] = {};
  int end[most_calls] = {};     // of a call's bytes
  int status[most_calls] = {};  // k754::status
  const char* name[most_calls] = {};
  const char* type[most_calls] = {};
  int calls = 0;
};

}  // namespace hidden_flags

namespace unit_clean {
void run(hidden_flags::results& results);
}
namespace unit_hidden {
void run(hidden_flags::results& results);
}

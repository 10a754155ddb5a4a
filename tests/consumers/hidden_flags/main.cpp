// program write <file>: the bytes of the clean unit's calls (K754_TEST_ALONE: it is the only unit).
// program compare <file>: how many calls of each unit are right, refused, and wrong; the exit status is the number of those
// of either unit that are wrong and of those of the clean unit that are refused.
#include "units.hpp"

#include <cstdio>
#include <cstring>

namespace {

constexpr int ok = 0;

struct counts {
  int right = 0, refused = 0, wrong = 0;
};

counts compare(const char* unit, const hidden_flags::results& found, const hidden_flags::results& expected) {
  counts n;
  for (int i = 0; i < found.calls; ++i) {
    const int begin = i == 0 ? 0 : found.end[i - 1];
    if (found.status[i] != ok) {
      ++n.refused;
    } else if (std::memcmp(found.bytes + begin, expected.bytes + begin,
                           static_cast<unsigned>(found.end[i] - begin)) == 0) {
      ++n.right;
    } else {
      ++n.wrong;
      std::printf("  WRONG in the %s unit: %s in %s\n", unit, found.name[i],
                  i < found.calls / 2 ? "f32" : "f64");
    }
  }
  std::printf("  the %s unit: %d right, %d refused, %d wrong\n", unit, n.right, n.refused, n.wrong);
  return n;
}

}  // namespace

int main(int count, char** arguments) {
  static hidden_flags::results clean, expected;
  if (count != 3) return 100;
  unit_clean::run(clean);
  if (std::strcmp(arguments[1], "write") == 0) {
    for (int i = 0; i < clean.calls; ++i) {
      if (clean.status[i] != ok) return 101;
    }
    std::FILE* file = std::fopen(arguments[2], "wb");
    return file != nullptr && std::fwrite(clean.bytes, sizeof clean.bytes, 1, file) == 1 &&
                   std::fclose(file) == 0
               ? 0
               : 102;
  }
#if !defined(K754_TEST_ALONE)
  std::FILE* file = std::fopen(arguments[2], "rb");
  if (file == nullptr || std::fread(expected.bytes, sizeof expected.bytes, 1, file) != 1) return 103;
  std::fclose(file);
  static hidden_flags::results hidden;
  unit_hidden::run(hidden);
  const counts by_clean = compare("clean", clean, expected), by_hidden = compare("hidden", hidden, expected);
  return by_clean.refused + by_clean.wrong + by_hidden.wrong;
#else
  return 104;
#endif
}

// The guards themselves: a test that relies on them must know that they are there.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <initializer_list>

#include "../support/catch.hpp"
#include "../support/guarded_buffer.hpp"

namespace k754_test {
namespace {

/// Whether a process ends when it reads or writes this byte.
bool is_guarded(volatile unsigned char* byte, bool write) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGBUS, SIG_DFL);
    if (write) *byte = 1;
    const unsigned char value = *byte;
    _exit(value == 0 ? 0 : 0);
  }
  int result = 0;
  REQUIRE(child > 0);
  REQUIRE(waitpid(child, &result, 0) == child);
  return !(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

TEST_CASE("Guarded memory ends the program one byte before and one byte behind, and nowhere else") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, std::size_t{5000}}) {
    const guarded_buffer memory(bytes);
    CHECK(memory.size() >= bytes);
    for (const bool write : {false, true}) {
      CHECK(is_guarded(memory.begin() - 1, write));
      CHECK(is_guarded(memory.end(), write));
      CHECK_FALSE(is_guarded(memory.begin(), write));
      CHECK_FALSE(is_guarded(memory.end() - 1, write));
    }
    CHECK(reinterpret_cast<unsigned char*>(memory.flush_with_end<std::uint64_t>(3)) == memory.end() - 24);
    CHECK(reinterpret_cast<unsigned char*>(memory.flush_with_begin<std::uint64_t>()) == memory.begin());
  }
}

}  // namespace
}  // namespace k754_test

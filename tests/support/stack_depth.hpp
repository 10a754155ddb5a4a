// How much of the stack a call takes.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <vector>

namespace k754_test {

/// How deep `body()` reaches into a stack of its own, in bytes: what it writes on is no longer as it was painted.
template <class Body>
std::size_t stack_depth_of(Body body) {
  constexpr unsigned char paint = 0xA7;
  static std::vector<unsigned char> stack;
  static Body* running;
  stack.assign(std::size_t{1} << 20, paint);
  running = &body;
  static ucontext_t here, there;
  getcontext(&there);
  there.uc_stack.ss_sp = stack.data();
  there.uc_stack.ss_size = stack.size();
  there.uc_link = &here;
  makecontext(
      &there, +[] { (*running)(); }, 0);
  swapcontext(&here, &there);
  std::size_t untouched = 0;
  while (untouched < stack.size() && stack[untouched] == paint) ++untouched;
  return stack.size() - untouched;
}

}  // namespace k754_test

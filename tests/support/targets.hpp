// Every set of vector instructions that the kernels were compiled for and this CPU has, and the reference code, in turn.
#pragma once

#include <k754/simd.hpp>

#include <string>
#include <vector>

#include "catch.hpp"

namespace k754_test {
inline namespace K754_KERNEL_ABI {  // units of one program may be compiled for different targets

/// The best target again, however a scope is left; in this unit, or in that of the function given.
class best_target_at_end {
 public:
  using force_target = bool (*)(const char*);
  explicit best_target_at_end(force_target force = &k754::force_simd_target) : force_(force) {}
  best_target_at_end(const best_target_at_end&) = delete;
  best_target_at_end& operator=(const best_target_at_end&) = delete;
  ~best_target_at_end() { force_(nullptr); }

 private:
  force_target force_;
};

/// Calls `body(name)` with each target forced, best first, "reference" last.
template <class Body>
void for_each_target(Body&& body) {
  const best_target_at_end restored;
  k754::for_each_simd_target([&](const char* name) {
    INFO("target " << name);
    REQUIRE(k754::force_simd_target(name));
    body(name);
  });
}

inline std::vector<std::string> target_names() {
  std::vector<std::string> names;
  k754::for_each_simd_target([&](const char* name) { names.emplace_back(name); });
  return names;
}

}  // namespace K754_KERNEL_ABI

}  // namespace k754_test

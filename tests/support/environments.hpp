// Hostile floating-point environments: whatever a caller's process may have set, results and the environment itself
// must come out unchanged.
#pragma once

#include <cfenv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "catch.hpp"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace k754_test {

struct environment {
  const char* name;
  std::uint32_t mxcsr;  // x86 control bits; elsewhere only the rounding modes below are set
  int rounding;
};

/// The default, FTZ/DAZ, the directed rounding modes, and all of these with every exception unmasked.
inline std::vector<environment> hostile_environments() {
  return {
    {"default", 0x1F80, FE_TONEAREST},
#if defined(__SSE2__)
        {"FTZ and DAZ", 0x9FC0, FE_TONEAREST}, {"unmasked exceptions", 0x0000, FE_TONEAREST},
        {"unmasked, FTZ and DAZ, toward zero", 0xE040, FE_TONEAREST},
        {"sticky flags set", 0x1FBF, FE_TONEAREST},
#endif
        {"upward", 0x5F80, FE_UPWARD}, {"downward", 0x3F80, FE_DOWNWARD},
        {"toward zero", 0x7F80, FE_TOWARDZERO},
  };
}

/// Runs `body()` in `env`; afterwards the control bits and sticky flags must be as `body` found them. Sets `intact`.
template <class Body>
void run_in(const environment& env, bool& intact, Body&& body) {
#if defined(__SSE2__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(env.mxcsr);
  body();
  intact = _mm_getcsr() == env.mxcsr;
  _mm_setcsr(before);
#else
  const int before = std::fegetround();
  std::fesetround(env.rounding);
  std::feclearexcept(FE_ALL_EXCEPT);
  body();
  intact = std::fegetround() == env.rounding && std::fetestexcept(FE_ALL_EXCEPT) == 0;
  std::fesetround(before);
#endif
}

/// Calls `body(output)` (which fills an object of bytes through a kernel) in the default environment, then in every
/// hostile one: same bytes, environment intact. `make()` gives a fresh output each time.
template <class Make, class Body>
void require_immune(Make&& make, Body&& body) {
  auto expected = make();
  body(expected);
  for (const environment& env : hostile_environments()) {
    auto result = make();
    bool intact = false;
    run_in(env, intact, [&] { body(result); });
    INFO(env.name);
    REQUIRE(result.size() == expected.size());
    REQUIRE(std::memcmp(result.data(), expected.data(), expected.size() * sizeof(*expected.data())) == 0);
    REQUIRE(intact);
  }
}

}  // namespace k754_test

// exp, log and log1p as tests go through them, and their hard cases.
#pragma once

#include <k754/reference/exp_log.hpp>

#include <vector>

namespace k754_test {

inline const char* exp_log_name(k754::reference::exp_or_log f) {
  using enum k754::reference::exp_or_log;
  return f == exp ? "exp" : f == log ? "log" : "log1p";
}

/// The floats whose exact result lies within 2^-52 of halfway between two floats: all that there are.
template <k754::reference::exp_or_log F>
std::vector<float> near_halfway() {
  using enum k754::reference::exp_or_log;
  if constexpr (F == exp) return {-0x1.e1dbe2p-8F, -0x1.d2259ap+3F};
  if constexpr (F == log) {
    return {0x1.917748p-100F, 0x1.390ffp-93F,  0x1.088d96p-74F, 0x1.22d57p-65F,  0x1.fa45fp-44F,
            0x1.98496ep-39F,  0x1.b97c7p-14F,  0x1.f0ddep-8F,   0x1.827a74p-7F,  0x1.2f1fd6p+3F,
            0x1.9ab656p+13F,  0x1.cb534cp+13F, 0x1.bacb4ap+25F, 0x1.c09d7cp+27F, 0x1.0be824p+30F,
            0x1.d1309cp+62F,  0x1.b121a6p+76F, 0x1.5190cp+78F,  0x1.6351d8p+95F, 0x1.cfd86ep+116F};
  }
  return {0x1.800006p-21F,  0x1.bdb59cp-18F,  0x1.200036p-17F,  0x1.e00096p-17F,  0x1.b7fd86p-4F,
          0x1.7d2286p-2F,   0x1.fb035ap-2F,   0x1.0f1fd6p+3F,   0x1.9aae56p+13F,  0x1.cb4b4cp+13F,
          0x1.30bf04p+43F,  0x1.d1309cp+62F,  0x1.b121a6p+76F,  0x1.5190cp+78F,   0x1.6351d8p+95F,
          0x1.cfd86ep+116F, -0x1.7ffffap-21F, -0x1.1fffcap-17F, -0x1.dfff6ap-17F, -0x1.1d9188p-9F};
}

}  // namespace k754_test

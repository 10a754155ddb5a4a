// Programs that use Highway themselves: before k754 (ORDER_BEFORE), after it (ORDER_AFTER), by foreach_target.h with static
// dispatch (ORDER_FOREACH), or with HWY_EXPORT and its compiled library (ORDER_DISPATCH). The answers are the same, and so
// is what the program gets from Highway.
#if defined(ORDER_FOREACH) || defined(ORDER_DISPATCH)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "highway_order.cpp"
#include <hwy/foreach_target.h>
#endif
#if !defined(ORDER_AFTER)
#include <hwy/highway.h>
#endif

#include <k754/argmax.hpp>
#include <k754/where.hpp>

#if defined(ORDER_AFTER)
#include <hwy/highway.h>
#endif
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace program {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline float sum_of_squares(const float* x, std::size_t n) {
  const hn::ScalableTag<float> d;
  auto sum = hn::Zero(d);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, x + i);
    sum = hn::MulAdd(v, v, sum);
  }
  const hn::CappedTag<float, 1> one;
  return hn::GetLane(hn::SumOfLanes(d, sum)) * hn::GetLane(hn::Exp(one, hn::Zero(one)));
}
}  // namespace HWY_NAMESPACE
}  // namespace program
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cstdio>

#if defined(EXPECTED_HIGHWAY_MINOR)
static_assert(HWY_MINOR == EXPECTED_HIGHWAY_MINOR, "another Highway than the one to be tested");
#endif

namespace program {
#if defined(ORDER_DISPATCH)
HWY_EXPORT(sum_of_squares);
float own_sum(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(sum_of_squares)(x, n); }
#else
float own_sum(const float* x, std::size_t n) { return HWY_NAMESPACE::sum_of_squares(x, n); }
#endif
}  // namespace program

int main() {
  const float x[] = {0.0F, 0x1p-126F, -0x1p-149F, 0.0F, 459367.0F};
  float y[1024] = {};
  y[700] = -1.0F;
  y[900] = -1.0F;
  bool mask[1024] = {};
  mask[3] = true;
  float z[1024];
  k754::where(mask, y, 2.0F, z);
  const bool right =
      k754::argmin(x) == 2 && k754::argmin(y) == 700 && k754::argmax(z) == 0 && k754::argmin(z) == 3;
  const bool own = program::own_sum(y, 1024) == 2.0F;
  std::printf("Highway %d.%d.%d; k754 runs %s; its answers are %s, the program's own %s\n", HWY_MAJOR,
              HWY_MINOR, HWY_PATCH, k754::simd_target(), right ? "right" : "WRONG", own ? "right" : "WRONG");
  // Inside the program's passes k754 has none of its own.
#if defined(ORDER_FOREACH) || defined(ORDER_DISPATCH)
  const bool expected = K754_SIMD == 0;
#else
  const bool expected = K754_SIMD == 1;
#endif
  return right && own && expected ? 0 : 1;
}

#endif

// Programs that use Highway themselves, before, after, or by its own foreach_target.h. The answers are the same, and so is
// what the program gets from Highway.
#if defined(ORDER_FOREACH)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "highway_order.cpp"
#include <hwy/foreach_target.h>
#endif
#if defined(ORDER_BEFORE) || defined(ORDER_FOREACH)
#include <hwy/highway.h>
#endif

#include <k754/argmax.hpp>
#include <k754/where.hpp>

#if defined(ORDER_AFTER)
#include <hwy/highway.h>
#endif
#if !defined(ORDER_NONE)
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace program {
namespace HWY_NAMESPACE {
inline float sum_of_squares(const float* x, std::size_t n) {
  const hwy::HWY_NAMESPACE::CappedTag<float, 1> d;
  auto sum = hwy::HWY_NAMESPACE::Zero(d);
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = hwy::HWY_NAMESPACE::LoadU(d, x + i);
    sum = hwy::HWY_NAMESPACE::MulAdd(v, v, sum);
  }
  return hwy::HWY_NAMESPACE::GetLane(hwy::HWY_NAMESPACE::Exp(d, hwy::HWY_NAMESPACE::Sub(sum, sum)));
}
}  // namespace HWY_NAMESPACE
}  // namespace program
HWY_AFTER_NAMESPACE();
#endif

#if defined(ORDER_NONE) || HWY_ONCE

#include <cstdio>

int main() {
  const float x[] = {0.0F, 0x1p-126F, -0x1p-149F, 0.0F, 459367.0F};
  float y[1000] = {};
  y[700] = -1.0F;
  y[900] = -1.0F;
  bool mask[1000] = {};
  mask[3] = true;
  float z[1000];
  k754::where(mask, y, 2.0F, z);
  const bool right =
      k754::argmin(x) == 2 && k754::argmin(y) == 700 && k754::argmax(z) == 0 && k754::argmin(z) == 3;
#if !defined(ORDER_NONE)
  const bool own = program::HWY_NAMESPACE::sum_of_squares(x, 4) == 1.0F;
#else
  const bool own = true;
#endif
  std::printf("runs %s; answers %s, the program's own %s\n", k754::simd_target(), right ? "right" : "WRONG",
              own ? "right" : "WRONG");
  return right && own ? 0 : 1;
}

#endif

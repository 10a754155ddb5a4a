// needs: hwy/highway.h
// expect: k754: in a unit with Highway's foreach_target.h, include k754's headers after it
#if defined(K754_WRONG)
#include <k754/argmax.hpp>
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "highway_foreach_after.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <k754/where.hpp>

HWY_BEFORE_NAMESPACE();
namespace program {
namespace HWY_NAMESPACE {
inline int lanes() { return static_cast<int>(hwy::HWY_NAMESPACE::Lanes(HWY_FULL(float)())); }
}  // namespace HWY_NAMESPACE
}  // namespace program
HWY_AFTER_NAMESPACE();

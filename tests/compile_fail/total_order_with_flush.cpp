// expect: nans::total_order tells all bit patterns apart, subnormals::flush makes some equal; choose one
#include <span>

#include <k754/argmax.hpp>

#ifdef K754_WRONG
constexpr auto subnormals_read = k754::subnormals::flush;
#else
constexpr auto subnormals_read = k754::subnormals::preserve;
#endif

long long first(std::span<const float> x) {
  return k754::argmax<k754::policy{.subnormals = subnormals_read, .nans = k754::nans::total_order}>(x);
}

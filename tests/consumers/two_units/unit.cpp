#include "units.hpp"

#include <cstring>

#define K754_TEST_TEXT_(x) #x
#define K754_TEST_TEXT(x) K754_TEST_TEXT_(x)

namespace K754_TEST_UNIT {

const char* abi() { return K754_TEST_TEXT(K754_KERNEL_ABI); }

bool chooses_among_targets() {
#if K754_SIMD && defined(__OPTIMIZE__)
  return true;
#else
  return false;
#endif
}

const char* simd_target() { return k754::simd_target(); }
bool force_simd_target(const char* name) { return k754::force_simd_target(name); }

bool is_compiled_for(const char* name) {
  bool found = false;
  k754::for_each_simd_target([&](const char* target) { found = found || std::strcmp(name, target) == 0; });
  return found;
}

k754::status where(k754::tensor_view<const bool, 1> condition, k754::tensor_view<const float, 1> x,
                   k754::tensor_view<const float, 1> y, k754::tensor_view<float, 1> output) {
  return k754::try_where(condition, x, y, output);
}

k754::policy policy() { return {.nans = k754::nans::omit, .zero_mass = k754::zero_mass::uniform}; }

bool accepts(const k754::policy& p) { return p == policy() && p != k754::policy{}; }

k754::tensor_view<const float, 2> reversed(k754::tensor_view<const float, 2> x) {
  const k754::index_t last = x.extent(1) - 1;
  return {x.data_handle() + last * x.stride(1), {x.extent(0), x.extent(1)}, {x.stride(0), -x.stride(1)}};
}

k754::check_result check_argmin(k754::tensor_view<const float, 2> x,
                                k754::tensor_view<std::int64_t, 1> index) {
  return k754::check_argmin(x, index);
}

k754::status argmin(k754::tensor_view<const float, 2> x, k754::tensor_view<std::int64_t, 1> index) {
  return k754::try_argmin(x, index);
}

k754::status argmin(k754::tensor_view<const float> x, k754::tensor_view<std::int64_t> index) {
  return k754::try_argmin(x, index);
}

k754::status softmax(k754::tensor_view<const float, 2> x, k754::tensor_view<float, 2> y) {
  return k754::try_softmax(x, y);
}

double fma(double a, double b, double c) { return k754::fma(a, b, c); }

bool refuses(k754::tensor_view<const float, 2> x, k754::tensor_view<std::int64_t, 1> wrong) {
#if K754_EXCEPTIONS
  try {
    k754::argmin(x, wrong);
  } catch (const k754::shape_error& error) {
    return error.code() == k754::status::shape_mismatch;
  }
  return false;
#else
  return k754::try_argmin(x, wrong) == k754::status::shape_mismatch;
#endif
}

}  // namespace K754_TEST_UNIT

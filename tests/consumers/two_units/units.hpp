// One program from translation units with different flags: unit.cpp is compiled twice, as namespace unit_a
// and as unit_b, and main.cpp passes the library's exchange types between them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <k754/argmax.hpp>
#include <k754/fma.hpp>
#include <k754/policy.hpp>
#include <k754/simd.hpp>
#include <k754/softmax.hpp>
#include <k754/status.hpp>
#include <k754/tensor_view.hpp>
#include <k754/where.hpp>

#define K754_TEST_DECLARE_UNIT(name)                                                                  \
  namespace name {                                                                                    \
  const char* abi();                                                                                  \
  bool chooses_among_targets();                                                                       \
  const char* simd_target();                                                                          \
  bool force_simd_target(const char* name);                                                           \
  bool is_compiled_for(const char* name);                                                             \
  k754::status where(k754::tensor_view<const bool, 1> condition, k754::tensor_view<const float, 1> x, \
                     k754::tensor_view<const float, 1> y, k754::tensor_view<float, 1> output);        \
  k754::policy policy();                                                                              \
  bool accepts(const k754::policy& p);                                                                \
  k754::tensor_view<const float, 2> reversed(k754::tensor_view<const float, 2> x);                    \
  k754::check_result check_argmin(k754::tensor_view<const float, 2> x,                                \
                                  k754::tensor_view<std::int64_t, 1> index);                          \
  k754::status argmin(k754::tensor_view<const float, 2> x, k754::tensor_view<std::int64_t, 1> index); \
  k754::status argmin(k754::tensor_view<const float> x, k754::tensor_view<std::int64_t> index);       \
  k754::status softmax(k754::tensor_view<const float, 2> x, k754::tensor_view<float, 2> y);           \
  double fma(double a, double b, double c);                                                           \
  bool refuses(k754::tensor_view<const float, 2> x, k754::tensor_view<std::int64_t, 1> wrong);        \
  }
K754_TEST_DECLARE_UNIT(unit_a)
K754_TEST_DECLARE_UNIT(unit_b)

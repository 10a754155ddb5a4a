// What the functions of k754_c.h share: the choice of an instantiation by dtype, and the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <k754/policy.hpp>
#include <k754/status.hpp>
#include <k754/tensor_view.hpp>

#include "k754_c.h"
#include "threads.hpp"
#include "types.hpp"

namespace compare {

inline constexpr auto unsupported = static_cast<k754::status>(K754_C_UNSUPPORTED);

using benchmarks::element_types;
using benchmarks::floating_types;
using benchmarks::types;

/// `f.operator()<T>()` for the T of the list that `dtype` names.
template <class... T, class F>
int dispatch(std::int32_t dtype, types<T...> list, const F& f) {
  return benchmarks::for_type(static_cast<benchmarks::dtype>(dtype), list, K754_C_UNSUPPORTED, f);
}

template <class T>
k754::tensor_view<T> view(const k754_c_tensor* tensor) {
  static_assert(std::is_same_v<k754::index_t, std::int64_t>);
  return {static_cast<T*>(tensor->data), static_cast<std::size_t>(tensor->rank), tensor->extents,
          tensor->strides};
}

/// Whether the tensors have elements of type T; null is no tensor and has any.
template <class T, class... Tensor>
bool all_of(const Tensor*... tensors) {
  return ((tensors == nullptr || tensors->dtype == static_cast<std::int32_t>(benchmarks::dtype_of<T>)) &&
          ...);
}

/// `f(policy_constant<P>())` for the policy of that precision, if it is one of `Tiers` and there for T: `exact` is not
/// for double.
template <k754::policy P>
struct policy_constant {};
template <class T, k754::precision... Tiers, class F>
k754::status with_precision(std::int64_t precision, const F& f) {
  k754::status status = unsupported;
  const auto call_if_asked = [&]<k754::precision Tier>() {
    if constexpr (Tier != k754::precision::exact || !std::is_same_v<T, double>) {
      if (precision == static_cast<std::int64_t>(Tier)) {
        status = f(policy_constant<k754::policy{.precision = Tier}>());
      }
    }
  };
  (call_if_asked.template operator()<Tiers>(), ...);
  return status;
}
using enum k754::precision;

/// Over the threads of k754_c_set_threads.
benchmarks::pool_executor executor();

}  // namespace compare

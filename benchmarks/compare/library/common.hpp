// What the functions of k754_c.h share: the choice of an instantiation by dtype, and the threads.
#pragma once

#include <cstddef>
#include <type_traits>

#include <k754/bits.hpp>
#include <k754/executor.hpp>
#include <k754/float16.hpp>
#include <k754/policy.hpp>
#include <k754/status.hpp>
#include <k754/tensor_view.hpp>

#include "k754_c.h"

namespace compare {

inline constexpr auto unsupported = static_cast<k754::status>(K754_C_UNSUPPORTED);

template <class... T>
struct types {};

template <class T>
inline constexpr int code_of = -1;
template <>
inline constexpr int code_of<bool> = K754_C_BOOL;
template <>
inline constexpr int code_of<std::int8_t> = K754_C_I8;
template <>
inline constexpr int code_of<std::uint8_t> = K754_C_U8;
template <>
inline constexpr int code_of<std::int16_t> = K754_C_I16;
template <>
inline constexpr int code_of<std::uint16_t> = K754_C_U16;
template <>
inline constexpr int code_of<std::int32_t> = K754_C_I32;
template <>
inline constexpr int code_of<std::uint32_t> = K754_C_U32;
template <>
inline constexpr int code_of<std::int64_t> = K754_C_I64;
template <>
inline constexpr int code_of<std::uint64_t> = K754_C_U64;
template <>
inline constexpr int code_of<k754::float16> = K754_C_F16;
template <>
inline constexpr int code_of<k754::bfloat16> = K754_C_BF16;
template <>
inline constexpr int code_of<float> = K754_C_F32;
template <>
inline constexpr int code_of<double> = K754_C_F64;

using floating_types = types<float, double, k754::float16, k754::bfloat16>;

/// `f(std::type_identity<T>())` for the T of the list that `dtype` names.
template <class... T, class F>
int dispatch(int dtype, types<T...>, const F& f) {
  int result = K754_C_UNSUPPORTED;
  (void)((dtype == code_of<T> ? (result = static_cast<int>(f(std::type_identity<T>())), true) : false) ||
         ...);
  return result;
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
  return ((tensors == nullptr || tensors->dtype == code_of<T>)&&...);
}

/// `f(policy_constant<P>())` for the policy of that precision.
template <k754::policy P>
struct policy_constant {};
template <class F>
k754::status with_precision(std::int64_t precision, const F& f) {
  return precision == 0 ? f(policy_constant<k754::policy{}>())
                        : f(policy_constant<k754::policy{.precision = k754::precision::fast}>());
}

/// Calls `task(context, i)` for each i in [0, count) on the threads of k754_c_set_threads.
void run_on_threads(std::size_t count, void (*task)(const void* context, std::size_t i), const void* context);

struct executor {
  template <class Task>
  void operator()(std::size_t count, const Task& task) const {
    run_on_threads(
        count, [](const void* context, std::size_t i) { (*static_cast<const Task*>(context))(i); }, &task);
  }
};

}  // namespace compare

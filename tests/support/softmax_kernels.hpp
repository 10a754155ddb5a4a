// softmax and its kin under one signature, so that tests can loop over them.
#pragma once

#include <k754/softmax.hpp>

#include <array>
#include <cstddef>

#include "executors.hpp"

namespace k754_test {

/// The arguments of any kernel of the family; each takes what it needs.
template <k754::floating T>
struct softmax_arguments {
  k754::tensor_view<const T> input;  ///< of gradients: the output
  k754::tensor_view<const T> upstream;
  k754::tensor_view<const bool> mask;
  k754::tensor_view<T> output;
  k754::index_t axis = -1;
  bool keepdims = false;
};

struct softmax_kernel {
  enum class function { softmax, log_softmax, logsumexp, softmax_backward, log_softmax_backward } of;
  bool masked;
  const char* name;

  bool reduces() const { return of == function::logsumexp; }
  bool backward() const { return of == function::softmax_backward || of == function::log_softmax_backward; }
  bool logarithmic() const { return of == function::log_softmax || of == function::log_softmax_backward; }
};

inline constexpr std::array<softmax_kernel, 10> softmax_kernels = {{
    {softmax_kernel::function::softmax, false, "softmax"},
    {softmax_kernel::function::log_softmax, false, "log_softmax"},
    {softmax_kernel::function::logsumexp, false, "logsumexp"},
    {softmax_kernel::function::softmax_backward, false, "softmax_backward"},
    {softmax_kernel::function::log_softmax_backward, false, "log_softmax_backward"},
    {softmax_kernel::function::softmax, true, "masked_softmax"},
    {softmax_kernel::function::log_softmax, true, "masked_log_softmax"},
    {softmax_kernel::function::logsumexp, true, "masked_logsumexp"},
    {softmax_kernel::function::softmax_backward, true, "masked_softmax_backward"},
    {softmax_kernel::function::log_softmax_backward, true, "masked_log_softmax_backward"},
}};

/// The function of `k` in each of its forms.
#define K754_TEST_FORM(name, prefix, result)                                                               \
  template <k754::policy P = k754::policy{}, k754::floating T, class... Executor>                          \
  [[gnu::noinline]] result name(const softmax_kernel& k, const softmax_arguments<T>& a,                    \
                                const Executor&... ex) {                                                   \
    using function = softmax_kernel::function;                                                             \
    const k754::softmax_options along{.axis = a.axis};                                                     \
    const k754::logsumexp_options over{.axis = a.axis, .keepdims = a.keepdims};                            \
    switch (k.of) {                                                                                        \
      case function::softmax:                                                                              \
        if (k.masked) return k754::prefix##masked_softmax<P>(a.input, a.mask, a.output, along, ex...);     \
        return k754::prefix##softmax<P>(a.input, a.output, along, ex...);                                  \
      case function::log_softmax:                                                                          \
        if (k.masked) return k754::prefix##masked_log_softmax<P>(a.input, a.mask, a.output, along, ex...); \
        return k754::prefix##log_softmax<P>(a.input, a.output, along, ex...);                              \
      case function::logsumexp:                                                                            \
        if (k.masked) return k754::prefix##masked_logsumexp<P>(a.input, a.mask, a.output, over, ex...);    \
        return k754::prefix##logsumexp<P>(a.input, a.output, over, ex...);                                 \
      case function::softmax_backward:                                                                     \
        if (k.masked) {                                                                                    \
          return k754::prefix##masked_softmax_backward<P>(a.input, a.upstream, a.mask, a.output, along,    \
                                                          ex...);                                          \
        }                                                                                                  \
        return k754::prefix##softmax_backward<P>(a.input, a.upstream, a.output, along, ex...);             \
      case function::log_softmax_backward:                                                                 \
        break;                                                                                             \
    }                                                                                                      \
    if (k.masked) {                                                                                        \
      return k754::prefix##masked_log_softmax_backward<P>(a.input, a.upstream, a.mask, a.output, along,    \
                                                          ex...);                                          \
    }                                                                                                      \
    return k754::prefix##log_softmax_backward<P>(a.input, a.upstream, a.output, along, ex...);             \
  }
K754_TEST_FORM(check_kernel, check_, k754::check_result)
K754_TEST_FORM(try_kernel, try_, k754::status)
K754_TEST_FORM(call_kernel, , void)
#undef K754_TEST_FORM

}  // namespace k754_test

/// Calls of exp, log and log1p: their checks, and their elements from the views to the code that runs.
#ifndef K754_CALL_EXP_LOG_HPP
#define K754_CALL_EXP_LOG_HPP

#include <array>
#include <concepts>

#include "../detail/broadcast.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/exp_log.hpp"
#include "../simd.hpp"
#include "../simd/double_double.hpp"
#include "../simd/elementary.hpp"
#include "../simd/elementwise.hpp"
#include "../simd/formats.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "elementwise.hpp"
#include "forms.hpp"
#include "operands.hpp"

namespace k754::detail {

using reference::exp_or_log;

template <class Output, class Input>
concept exp_or_log_of =
    output_like<Output> && floating<element_of<Output>> && tensor_of<Input, element_of<Output>>;

/// The fields that these functions read of a policy.
K754_INLINE constexpr policy exp_log_policy(const policy& p) noexcept { return {.subnormals = p.subnormals}; }

template <floating T>
struct exp_or_log_run {
  index_t length;
  strided<const T> x;
  strided<T> output;
};

inline namespace K754_KERNEL_ABI {

constexpr const char* exp_or_log_name(exp_or_log function) noexcept {
  return function == exp_or_log::exp ? "exp" : function == exp_or_log::log ? "log" : "log1p";
}

/// The definition, element by element.
template <exp_or_log F, bool Flush, floating T>
void exp_or_log_in_turn(const exp_or_log_run<T>& run) noexcept {
  for (index_t i = 0; i < run.length; ++i) {
    store(run.output.at(i), reference::exp_or_log_element<F, Flush>(load(run.x.at(i))));
  }
}

}  // namespace K754_KERNEL_ABI

template <exp_or_log F, bool Flush, floating T>
struct exp_or_log_kernel {
  using function = void(const exp_or_log_run<T>& run) noexcept;
  static constexpr function* scalar = &exp_or_log_in_turn<F, Flush, T>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/exp_log-inl.hpp"
#include "../targets/foreach-inl.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

template <exp_or_log F, bool Flush, floating T>
class exp_or_log_forward {
 public:
  using plan = elementwise_loop<2>;

  template <class Input, class Output>
  constexpr exp_or_log_forward(const Input& the_input, Output& the_output) noexcept
      : all_{input_argument("input", the_input), output_argument("output", the_output)} {}

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_elementwise(exp_or_log_name(F), shape_given_by::inputs, all_); !r) return r;
    const auto& [input, output] = all_;
    loop = loop_in_memory_order(output.view, input.view, output.view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    const auto kernel = choose<exp_or_log_kernel<F, Flush, T>>();
    run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        kernel({run.length, run.of(0, elements_of<const T>(all_[0])), run.of(1, elements_of<T>(all_[1]))});
      });
    });
    return {};
  }

 private:
  std::array<argument, 2> all_;
};

template <exp_or_log F, policy P, class Input, class Output>
constexpr auto exp_log_call(const Input& input, Output& output) noexcept {
  constexpr bool flush = exp_log_policy(P).subnormals == subnormals::flush;
  return exp_or_log_forward<F, flush, element_of<Output&>>(input, output);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_EXP_LOG_HPP

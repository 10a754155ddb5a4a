/// Calls of xlogy and of its gradients: their checks, and their elements from the views to the definition.
#ifndef K754_CALL_XLOGY_HPP
#define K754_CALL_XLOGY_HPP

#include <array>
#include <type_traits>

#include "../detail/broadcast.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/xlogy.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "elementwise.hpp"
#include "forms.hpp"
#include "operands.hpp"

namespace k754::detail {

template <class Output, class X, class Y>
concept xlogy_of = output_like<Output> && floating<element_of<Output>> &&
    operand_like<X, element_of<Output>> && operand_like<Y, element_of<Output>>;

/// Of two gradients, the first that is a tensor, as both are of one type and shape.
template <class Dx, class Dy>
using wanted_gradient = std::conditional_t<output_like<Dx>, Dx, Dy>;
template <class Dx, class Dy, class X, class Y, class Upstream>
concept xlogy_gradients_of =
    xlogy_of<wanted_gradient<Dx, Dy>, X, Y> && operand_like<Upstream, element_of<wanted_gradient<Dx, Dy>>> &&
    gradient_of<Dx, element_of<wanted_gradient<Dx, Dy>>> &&
    gradient_of<Dy, element_of<wanted_gradient<Dx, Dy>>>;

/// The fields that xlogy and its gradients read of a policy.
K754_INLINE constexpr policy xlogy_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals, .zero_times_inf = reference::zero_rule_of(p)};
}

inline namespace K754_ABI {

/// With a policy that is reduced already.
template <policy P, floating T>
class xlogy_forward {
 public:
  using plan = elementwise_loop<3>;

  template <class X, class Y, class Output>
  constexpr xlogy_forward(const X& the_x, const Y& the_y, Output& the_output) noexcept
      : all_{operand_argument("x", the_x, scalars_[0]), operand_argument("y", the_y, scalars_[1]),
             output_argument("output", the_output)} {}
  xlogy_forward(const xlogy_forward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_elementwise("xlogy", shape_given_by::inputs, all_); !r) return r;
    const auto& [x, y, output] = all_;
    loop = loop_over(output.view, x.view, y.view, output.view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        const auto x = run.of(0, elements_of<const T>(all_[0]));
        const auto y = run.of(1, elements_of<const T>(all_[1]));
        const auto output = run.of(2, elements_of<T>(all_[2]));
        for (index_t i = 0; i < run.length; ++i) {
          store(output.at(i), reference::xlogy_element<P>(load(x.at(i)), load(y.at(i))));
        }
      });
    });
    return {};
  }

 private:
  std::array<held_scalar, 2> scalars_;
  std::array<argument, 3> all_;
};

/// The gradients that are wanted.
template <policy P, floating T, bool WantsDx, bool WantsDy>
class xlogy_backward {
 public:
  using plan = elementwise_loop<5>;

  template <class X, class Y, class Upstream, class Dx, class Dy>
  constexpr xlogy_backward(const X& the_x, const Y& the_y, const Upstream& the_upstream, Dx& the_dx,
                           Dy& the_dy) noexcept
      : all_{operand_argument("x", the_x, scalars_[0]), operand_argument("y", the_y, scalars_[1]),
             operand_argument("upstream", the_upstream, scalars_[2]), output_argument("dx", the_dx),
             output_argument("dy", the_dy)} {}
  xlogy_backward(const xlogy_backward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_elementwise("xlogy_backward", shape_given_by::inputs, all_); !r) return r;
    const auto& [x, y, upstream, dx, dy] = all_;
    loop = loop_over((WantsDx ? dx : dy).view, x.view, y.view, upstream.view, dx.view, dy.view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        const auto x = run.of(0, elements_of<const T>(all_[0]));
        const auto y = run.of(1, elements_of<const T>(all_[1]));
        const auto upstream = run.of(2, elements_of<const T>(all_[2]));
        const auto dx = run.of(3, elements_of<T>(all_[3]));
        const auto dy = run.of(4, elements_of<T>(all_[4]));
        for (index_t i = 0; i < run.length; ++i) {
          const auto gradients =
              reference::xlogy_backward_element<P>(load(x.at(i)), load(y.at(i)), load(upstream.at(i)));
          if constexpr (WantsDx) store(dx.at(i), gradients.x);
          if constexpr (WantsDy) store(dy.at(i), gradients.y);
        }
      });
    });
    return {};
  }

 private:
  std::array<held_scalar, 3> scalars_;
  std::array<argument, 5> all_;
};

template <policy P, class X, class Y, class Output>
constexpr auto xlogy_call(const X& x, const Y& y, Output& output) noexcept {
  return xlogy_forward<xlogy_policy(P), element_of<Output&>>(x, y, output);
}
template <policy P, class X, class Y, class Upstream, class Dx, class Dy>
constexpr auto xlogy_backward_call(const X& x, const Y& y, const Upstream& upstream, Dx& dx,
                                   Dy& dy) noexcept {
  using T = element_of<wanted_gradient<Dx&, Dy&>>;
  return xlogy_backward<xlogy_policy(P), T, output_like<Dx&>, output_like<Dy&>>(x, y, upstream, dx, dy);
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_XLOGY_HPP

/// Calls of xlogy and of its gradients: their checks, and their elements from the views to the code that runs.
#ifndef K754_CALL_XLOGY_HPP
#define K754_CALL_XLOGY_HPP

#include <array>
#include <type_traits>

#include "../detail/broadcast.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/xlogy.hpp"
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

/// Elements of xlogy's operands; `rule` is not zero_times_inf::by_kernel.
template <floating T>
struct xlogy_run {
  index_t length;
  strided<const T> x, y;
  strided<T> output;
  zero_times_inf rule;
};

/// Of its gradients', of which one may be null.
template <floating T>
struct xlogy_backward_run {
  index_t length;
  strided<const T> x, y, upstream;
  strided<T> dx, dy;
  zero_times_inf rule;
};

inline namespace K754_KERNEL_ABI {

/// body.operator()<P>() with the policy that says so.
template <bool Flush, class Body>
void with_xlogy_policy(zero_times_inf rule, const Body& body) noexcept {
  constexpr subnormals rule_for_subnormals = Flush ? subnormals::flush : subnormals::preserve;
  switch (rule) {
    case zero_times_inf::ieee:
      return body.template
      operator()<policy{.subnormals = rule_for_subnormals, .zero_times_inf = zero_times_inf::ieee}>();
    case zero_times_inf::annihilating_zero:
      return body.template operator()<policy{.subnormals = rule_for_subnormals,
                                             .zero_times_inf = zero_times_inf::annihilating_zero}>();
    case zero_times_inf::by_kernel:
    case zero_times_inf::strong_zero:
      break;
  }
  body.template
  operator()<policy{.subnormals = rule_for_subnormals, .zero_times_inf = zero_times_inf::strong_zero}>();
}

/// The definition, element by element.
template <bool Flush, floating T>
void xlogy_in_turn(const xlogy_run<T>& run) noexcept {
  with_xlogy_policy<Flush>(run.rule, [&]<policy P>() {
    for (index_t i = 0; i < run.length; ++i) {
      store(run.output.at(i), reference::xlogy_element<P>(load(run.x.at(i)), load(run.y.at(i))));
    }
  });
}
template <bool Flush, floating T>
void xlogy_backward_in_turn(const xlogy_backward_run<T>& run) noexcept {
  with_xlogy_policy<Flush>(run.rule, [&]<policy P>() {
    for (index_t i = 0; i < run.length; ++i) {
      const auto gradients = reference::xlogy_backward_element<P>(load(run.x.at(i)), load(run.y.at(i)),
                                                                  load(run.upstream.at(i)));
      if (run.dx.first != nullptr) store(run.dx.at(i), gradients.x);
      if (run.dy.first != nullptr) store(run.dy.at(i), gradients.y);
    }
  });
}

}  // namespace K754_KERNEL_ABI

template <bool Flush, floating T>
struct xlogy_kernel {
  using function = void(const xlogy_run<T>& run) noexcept;
  static constexpr function* scalar = &xlogy_in_turn<Flush, T>;
  static function* compiled() noexcept;
};
template <bool Flush, floating T>
struct xlogy_backward_kernel {
  using function = void(const xlogy_backward_run<T>& run) noexcept;
  static constexpr function* scalar = &xlogy_backward_in_turn<Flush, T>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/xlogy-inl.hpp"
#include "../targets/foreach-inl.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

/// x log(y).
template <bool Flush, floating T>
class xlogy_forward {
 public:
  using plan = elementwise_loop<3>;

  template <class X, class Y, class Output>
  constexpr xlogy_forward(zero_times_inf the_rule, const X& the_x, const Y& the_y,
                          Output& the_output) noexcept
      : all_{operand_argument("x", the_x, scalars_[0]), operand_argument("y", the_y, scalars_[1]),
             output_argument("output", the_output)},
        rule_(the_rule) {}
  xlogy_forward(const xlogy_forward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_elementwise("xlogy", shape_given_by::inputs, all_); !r) return r;
    const auto& [x, y, output] = all_;
    loop = loop_over(output.view, x.view, y.view, output.view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    const auto kernel = choose<xlogy_kernel<Flush, T>>();
    run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        kernel({run.length, run.of(0, elements_of<const T>(all_[0])),
                run.of(1, elements_of<const T>(all_[1])), run.of(2, elements_of<T>(all_[2])), rule_});
      });
    });
    return {};
  }

 private:
  std::array<held_scalar, 2> scalars_;
  std::array<argument, 3> all_;
  zero_times_inf rule_;
};

/// The gradients that are wanted.
template <bool Flush, floating T, bool WantsDx, bool WantsDy>
class xlogy_backward {
 public:
  using plan = elementwise_loop<5>;

  template <class X, class Y, class Upstream, class Dx, class Dy>
  constexpr xlogy_backward(zero_times_inf the_rule, const X& the_x, const Y& the_y,
                           const Upstream& the_upstream, Dx& the_dx, Dy& the_dy) noexcept
      : all_{operand_argument("x", the_x, scalars_[0]), operand_argument("y", the_y, scalars_[1]),
             operand_argument("upstream", the_upstream, scalars_[2]), output_argument("dx", the_dx),
             output_argument("dy", the_dy)},
        rule_(the_rule) {}
  xlogy_backward(const xlogy_backward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_elementwise("xlogy_backward", shape_given_by::inputs, all_); !r) return r;
    const auto& [x, y, upstream, dx, dy] = all_;
    loop = loop_over((WantsDx ? dx : dy).view, x.view, y.view, upstream.view, dx.view, dy.view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    const auto kernel = choose<xlogy_backward_kernel<Flush, T>>();
    run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        const strided<T> none{nullptr, 0};
        kernel({run.length, run.of(0, elements_of<const T>(all_[0])),
                run.of(1, elements_of<const T>(all_[1])), run.of(2, elements_of<const T>(all_[2])),
                WantsDx ? run.of(3, elements_of<T>(all_[3])) : none,
                WantsDy ? run.of(4, elements_of<T>(all_[4])) : none, rule_});
      });
    });
    return {};
  }

 private:
  std::array<held_scalar, 3> scalars_;
  std::array<argument, 5> all_;
  zero_times_inf rule_;
};

template <policy P, class X, class Y, class Output>
constexpr auto xlogy_call(const X& x, const Y& y, Output& output) noexcept {
  constexpr policy read = xlogy_policy(P);
  constexpr bool flush = read.subnormals == subnormals::flush;
  return xlogy_forward<flush, element_of<Output&>>(read.zero_times_inf, x, y, output);
}
template <policy P, class X, class Y, class Upstream, class Dx, class Dy>
constexpr auto xlogy_backward_call(const X& x, const Y& y, const Upstream& upstream, Dx& dx,
                                   Dy& dy) noexcept {
  using T = element_of<wanted_gradient<Dx&, Dy&>>;
  constexpr policy read = xlogy_policy(P);
  constexpr bool flush = read.subnormals == subnormals::flush;
  return xlogy_backward<flush, T, output_like<Dx&>, output_like<Dy&>>(read.zero_times_inf, x, y, upstream, dx,
                                                                      dy);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_XLOGY_HPP

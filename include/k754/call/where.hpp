/// Calls of where, of its gradient, and of the guarded composite: what they take, their checks, their elements.
#ifndef K754_CALL_WHERE_HPP
#define K754_CALL_WHERE_HPP

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/callbacks.hpp"
#include "../executor.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../reference/where.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "conditions.hpp"
#include "elementwise.hpp"
#include "forms.hpp"
#include "operands.hpp"
#include "where_tiles.hpp"

namespace k754::detail {

/// The element type that the caller gave, and the one that kernels see.
template <class X>
struct elements {
  using given = std::remove_cvref_t<X>;
};
template <tensor_like X>
struct elements<X> {
  using given = typename decltype(as_tensor_view(std::declval<X>()))::value_type;
};
template <class X>
using given_element = typename elements<X>::given;
template <class X>
using operand_element = storage_type_t<given_element<X>>;

/// A callable on the elements of X, as the caller gave them, that returns elements stored as T.
template <class F, class X, class T>
concept element_function = requires(F& f, given_element<X> x) {
  requires std::same_as<storage_type_t<std::remove_cvref_t<decltype(f(x))>>, T>;
};

template <class Output, class X, class Y>
concept branches_of =
    output_like<Output> && operand_like<X, element_of<Output>> && operand_like<Y, element_of<Output>>;
template <class Output, class F, class X, class Y>
concept applied_branches_of = branches_of<Output, X, Y> && element_function<F, X, element_of<Output>>;

template <class Upstream, class Dx, class Dy>
concept gradients_of = gradient_of<Dx, operand_element<Upstream>> &&
    gradient_of<Dy, operand_element<Upstream>> && operand_like<Upstream, operand_element<Upstream>> &&
    (output_like<Dx> || output_like<Dy>);
template <class F, class X, class Upstream, class Dx, class Dy>
concept product_gradients_of =
    gradients_of<Upstream, Dx, Dy> && output_like<Dx> && floating<operand_element<Upstream>> &&
    operand_like<X, operand_element<Upstream>> && element_function<F, X, operand_element<Upstream>>;

/// The fields of a policy that the product of where_apply_backward reads.
constexpr policy product_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals,
          .zero_times_inf =
              p.zero_times_inf == zero_times_inf::by_kernel ? zero_times_inf::ieee : p.zero_times_inf};
}

inline namespace K754_KERNEL_ABI {

// A call holds its arguments as the checks see them, the condition first, and the scalars among them, at which their views
// point: it stays where it is. So there is nothing left to plan.

/// output = condition ? x : y
template <class C, element T>
struct where_forward {
  const char* kernel;
  const C& condition;
  std::array<held_scalar, 3> held;
  selection_operands all;

  template <class X, class Y, class Output>
  constexpr where_forward(const char* name, const C& c, const X& x, const Y& y, Output& output) noexcept
      : kernel(name),
        condition(c),
        held{},
        all{condition_argument(c, held[0]), operand_argument("x", x, held[1]),
            operand_argument("y", y, held[2]), output_argument("output", output)} {}
  where_forward(const where_forward&) = delete;
  where_forward& operator=(const where_forward&) = delete;

  struct plan {};

  constexpr check_result check(plan&) const noexcept {
    if (auto r = check_condition(kernel, condition); !r) return r;
    return check_elementwise(kernel, shape_given_by::inputs, all);
  }

  template <class Executor>
  check_result compute(const plan&, Executor& ex) const {
    select<bits_type<T>, 1>(condition_of(condition, all[0]), all, ex);
    return {};
  }
};

/// dx = condition ? upstream : +0, dy = condition ? +0 : upstream. Where one of them is not wanted, the other is a selection
/// as above.
template <class C, element T, bool HasDx, bool HasDy>
struct where_backward {
  static constexpr const char* kernel = "where_backward";
  static constexpr std::size_t outputs = HasDx && HasDy ? 2 : 1;

  const C& condition;
  std::array<held_scalar, 3> held;
  selection_operands all;

  template <class Upstream, class Dx, class Dy>
  constexpr where_backward(const C& c, const Upstream& upstream, Dx& dx, Dy& dy) noexcept
      : condition(c),
        held{},
        all{condition_argument(c, held[0]),
            HasDx ? operand_argument("upstream", upstream, held[1]) : operand_argument("", T{}, held[1]),
            outputs == 2 ? output_argument("dx", dx)
            : HasDx      ? operand_argument("", T{}, held[2])
                         : operand_argument("upstream", upstream, held[2]),
            HasDy ? output_argument("dy", dy) : output_argument("dx", dx)} {}
  where_backward(const where_backward&) = delete;
  where_backward& operator=(const where_backward&) = delete;

  struct plan {};

  constexpr check_result check(plan&) const noexcept {
    if (auto r = check_condition(kernel, condition); !r) return r;
    return check_elementwise(kernel, shape_given_by::outputs, all);
  }

  template <class Executor>
  check_result compute(const plan&, Executor& ex) const {
    select<bits_type<T>, outputs>(condition_of(condition, all[0]), all, ex);
    return {};
  }
};

/// The caller's function on elements as kernels hold them.
template <class Given, class T, class F>
constexpr auto on_elements(F& f) noexcept {
  return [&f](T x) { return std::bit_cast<T>(f(std::bit_cast<Given>(x))); };
}

/// output = condition ? f(x) : y
template <class C, class F, class Given, element T>
struct where_apply_forward : where_forward<C, T> {
  F& f;

  using plan = typename where_forward<C, T>::plan;

  template <class X, class Y, class Output>
  constexpr where_apply_forward(const C& c, F& function, const X& x, const Y& y, Output& output) noexcept
      : where_forward<C, T>("where_apply", c, x, y, output), f(function) {}

  template <class Executor>
  check_result compute(const plan&, Executor& ex) const {
    const selection_operands& all = this->all;
    const auto c = condition_of(this->condition, all[0]);
    const auto function = on_elements<Given, T>(f);
    const auto loop = loop_over(all[3].view, all[0].view, all[1].view, all[2].view, all[3].view);
    run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        reference::where_apply(c.along(run, 0), function, run.of(1, elements_of<const T>(all[1])),
                               run.of(2, elements_of<const bits_type<T>>(all[2])),
                               run.of(3, elements_of<bits_type<T>>(all[3])), run.length);
      });
    });
    return {};
  }
};

/// dx = condition ? upstream * derivative(x) : +0, dy = condition ? +0 : upstream
template <policy P, class C, class F, class Given, floating T>
struct where_apply_backward {
  static constexpr const char* kernel = "where_apply_backward";

  const C& condition;
  F& derivative;
  std::array<held_scalar, 3> held;
  std::array<argument, 5> all;

  template <class X, class Upstream, class Dx, class Dy>
  constexpr where_apply_backward(const C& c, F& function, const X& x, const Upstream& upstream, Dx& dx,
                                 Dy& dy) noexcept
      : condition(c),
        derivative(function),
        held{},
        all{condition_argument(c, held[0]), operand_argument("x", x, held[1]),
            operand_argument("upstream", upstream, held[2]), output_argument("dx", dx),
            output_argument("dy", dy)} {}
  where_apply_backward(const where_apply_backward&) = delete;
  where_apply_backward& operator=(const where_apply_backward&) = delete;

  struct plan {};

  constexpr check_result check(plan&) const noexcept {
    if (auto r = check_condition(kernel, condition); !r) return r;
    return check_elementwise(kernel, shape_given_by::outputs, all);
  }

  /// For some elements at a time, all slopes and then all products: the caller's function in the caller's environment,
  /// the products in ours. Some are as many as make the change of environments (20 ns) little beside them.
  template <class Executor>
  check_result compute(const plan&, Executor& ex) const {
    constexpr index_t most = 128;
    const auto c = condition_of(condition, all[0]);
    const auto function = on_elements<Given, T>(derivative);
    const auto loop =
        loop_over(all[3].view, all[0].view, all[1].view, all[2].view, all[3].view, all[4].view);
    run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      bool live[most];
      T slope[most];
      for (index_t first = begin, last = begin; first < end; first = last) {
        last = end - first < most ? end : first + most;
        index_t called = 0;
        loop.for_runs(first, last, [&](const auto& run) {
          reference::where_apply_slopes(c.along(run, 0), function, run.of(1, elements_of<const T>(all[1])),
                                        live + called, slope + called, run.length);
          called += run.length;
        });
        in_default_environment([&] {
          index_t done = 0;
          loop.for_runs(first, last, [&](const auto& run) {
            reference::where_apply_products<P>(
                live + done, slope + done, run.of(2, elements_of<const bits_type<T>>(all[2])),
                run.of(3, elements_of<bits_type<T>>(all[3])), run.of(4, elements_of<bits_type<T>>(all[4])),
                run.length);
            done += run.length;
          });
        });
      }
    });
    return {};
  }
};

template <class C, class X, class Y, class Output>
constexpr auto where_call(const C& condition, const X& x, const Y& y, Output& output) noexcept {
  return where_forward<C, element_of<Output&>>("where", condition, x, y, output);
}
template <class C, class Upstream, class Dx, class Dy>
constexpr auto where_backward_call(const C& condition, const Upstream& upstream, Dx& dx, Dy& dy) noexcept {
  return where_backward<C, operand_element<const Upstream&>, output_like<Dx&>, output_like<Dy&>>(
      condition, upstream, dx, dy);
}
template <class C, class F, class X, class Y, class Output>
constexpr auto where_apply_call(const C& condition, F& f, const X& x, const Y& y, Output& output) noexcept {
  return where_apply_forward<C, F, given_element<const X&>, element_of<Output&>>(condition, f, x, y, output);
}
template <policy P, class C, class F, class X, class Upstream, class Dx, class Dy>
constexpr auto where_apply_backward_call(const C& condition, F& derivative, const X& x,
                                         const Upstream& upstream, Dx& dx, Dy& dy) noexcept {
  return where_apply_backward<product_policy(P), C, F, given_element<const X&>,
                              operand_element<const Upstream&>>(condition, derivative, x, upstream, dx, dy);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_WHERE_HPP

#include "../targets/order-inl.hpp"

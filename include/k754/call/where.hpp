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

template <class C, std::size_t Count>
constexpr check_result check_selection(const char* kernel, shape_given_by source, const C& condition,
                                       const std::array<argument, Count>& all) noexcept {
  if (auto r = check_condition(kernel, condition); !r) return r;
  return check_elementwise(kernel, source, all);
}

/// output = condition ? x : y
template <class C, element T>
class where_forward {
 public:
  using plan = elementwise_loop<4>;

  template <class X, class Y, class Output>
  constexpr where_forward(const C& the_condition, const X& the_x, const Y& the_y, Output& the_output) noexcept
      : condition_(the_condition),
        all_{condition_argument(the_condition, scalars_[0]), operand_argument("x", the_x, scalars_[1]),
             operand_argument("y", the_y, scalars_[2]), output_argument("output", the_output)} {}
  where_forward(const where_forward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_selection("where", shape_given_by::inputs, condition_, all_); !r) return r;
    loop = loop_in_memory_order(all_[3].view, all_[0].view, all_[1].view, all_[2].view, all_[3].view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    select<bits_type<T>, 1>(condition_of(condition_, all_[0]), all_, loop, ex);
    return {};
  }

 private:
  const C& condition_;
  std::array<held_scalar, 3> scalars_;
  selection_operands all_;
};

/// dx = condition ? upstream : +0, dy = condition ? +0 : upstream. Where one of them is not wanted, the other is a
/// selection as above.
template <class C, element T, bool WantsDx, bool WantsDy>
class where_backward {
 public:
  using plan = elementwise_loop<4>;

  template <class Upstream, class Dx, class Dy>
  constexpr where_backward(const C& the_condition, const Upstream& the_upstream, Dx& the_dx,
                           Dy& the_dy) noexcept
      : condition_(the_condition),
        all_{condition_argument(the_condition, scalars_[0]),
             WantsDx ? operand_argument("upstream", the_upstream, scalars_[1])
                     : operand_argument("", T{}, scalars_[1]),
             outputs == 2 ? output_argument("dx", the_dx)
             : WantsDx    ? operand_argument("", T{}, scalars_[2])
                          : operand_argument("upstream", the_upstream, scalars_[2]),
             WantsDy ? output_argument("dy", the_dy) : output_argument("dx", the_dx)} {}
  where_backward(const where_backward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_selection("where_backward", shape_given_by::outputs, condition_, all_); !r) return r;
    const layout& shape = all_[all_.size() - outputs].view;
    loop = loop_in_memory_order(shape, all_[0].view, all_[1].view, all_[2].view, all_[3].view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    select<bits_type<T>, outputs>(condition_of(condition_, all_[0]), all_, loop, ex);
    return {};
  }

 private:
  static constexpr std::size_t outputs = WantsDx && WantsDy ? 2 : 1;

  const C& condition_;
  std::array<held_scalar, 3> scalars_;
  selection_operands all_;
};

/// The caller's function on elements as kernels hold them.
template <class Given, class T, class F>
constexpr auto on_elements(F& f) noexcept {
  return [&f](T x) { return std::bit_cast<T>(f(std::bit_cast<Given>(x))); };
}

/// output = condition ? f(x) : y
template <class C, class F, class Given, element T>
class where_apply_forward {
 public:
  using plan = elementwise_loop<4>;

  template <class X, class Y, class Output>
  constexpr where_apply_forward(const C& the_condition, F& the_f, const X& the_x, const Y& the_y,
                                Output& the_output) noexcept
      : condition_(the_condition),
        f_(the_f),
        all_{condition_argument(the_condition, scalars_[0]), operand_argument("x", the_x, scalars_[1]),
             operand_argument("y", the_y, scalars_[2]), output_argument("output", the_output)} {}
  where_apply_forward(const where_apply_forward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_selection("where_apply", shape_given_by::inputs, condition_, all_); !r) return r;
    loop = loop_over(all_[3].view, all_[0].view, all_[1].view, all_[2].view, all_[3].view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    const auto condition = condition_of(condition_, all_[0]);
    const auto function = on_elements<Given, T>(f_);
    run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      loop.for_runs(begin, end, [&](const auto& run) {
        reference::where_apply(condition.along(run, 0), function, run.of(1, elements_of<const T>(all_[1])),
                               run.of(2, elements_of<const bits_type<T>>(all_[2])),
                               run.of(3, elements_of<bits_type<T>>(all_[3])), run.length);
      });
    });
    return {};
  }

 private:
  const C& condition_;
  F& f_;
  std::array<held_scalar, 3> scalars_;
  selection_operands all_;
};

/// dx = condition ? upstream * derivative(x) : +0, dy = condition ? +0 : upstream
template <policy P, class C, class F, class Given, floating T>
class where_apply_backward {
 public:
  using plan = elementwise_loop<5>;

  template <class X, class Upstream, class Dx, class Dy>
  constexpr where_apply_backward(const C& the_condition, F& the_derivative, const X& the_x,
                                 const Upstream& the_upstream, Dx& the_dx, Dy& the_dy) noexcept
      : condition_(the_condition),
        derivative_(the_derivative),
        all_{condition_argument(the_condition, scalars_[0]), operand_argument("x", the_x, scalars_[1]),
             operand_argument("upstream", the_upstream, scalars_[2]), output_argument("dx", the_dx),
             output_argument("dy", the_dy)} {}
  where_apply_backward(const where_apply_backward&) = delete;  // arguments point at scalars

  constexpr check_result check(plan& loop) const noexcept {
    if (auto r = check_selection("where_apply_backward", shape_given_by::outputs, condition_, all_); !r)
      return r;
    loop = loop_over(all_[3].view, all_[0].view, all_[1].view, all_[2].view, all_[3].view, all_[4].view);
    return {};
  }

  /// For some elements at a time all slopes, then all products: the caller's function in the caller's environment,
  /// the products in ours. Some are as many as make the changes of environment (20 ns) little beside them.
  template <class Executor>
  check_result compute(const plan& loop, Executor& ex) const {
    constexpr index_t most = 128;
    const auto condition = condition_of(condition_, all_[0]);
    const auto function = on_elements<Given, T>(derivative_);
    run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
      bool live[most];
      T slope[most];
      for (index_t first = begin, last = begin; first < end; first = last) {
        last = end - first < most ? end : first + most;
        index_t called = 0;
        loop.for_runs(first, last, [&](const auto& run) {
          reference::where_apply_slopes(condition.along(run, 0), function,
                                        run.of(1, elements_of<const T>(all_[1])), live + called,
                                        slope + called, run.length);
          called += run.length;
        });
        in_default_environment([&] {
          index_t done = 0;
          loop.for_runs(first, last, [&](const auto& run) {
            reference::where_apply_products<P>(live + done, slope + done,
                                               run.of(2, elements_of<const bits_type<T>>(all_[2])),
                                               run.of(3, elements_of<bits_type<T>>(all_[3])),
                                               run.of(4, elements_of<bits_type<T>>(all_[4])), run.length);
            done += run.length;
          });
        });
      }
    });
    return {};
  }

 private:
  const C& condition_;
  F& derivative_;
  std::array<held_scalar, 3> scalars_;
  std::array<argument, 5> all_;
};

template <class C, class X, class Y, class Output>
constexpr auto where_call(const C& condition, const X& x, const Y& y, Output& output) noexcept {
  return where_forward<C, element_of<Output&>>(condition, x, y, output);
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

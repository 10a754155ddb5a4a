/// xlogy: x log(y) element by element, with a zero x that stays zero, and both gradients.
///
///     k754::xlogy(p, q, output);                             // [N, 1] and [C] broadcast to [N, C]
///     k754::xlogy(p, p, p);                                  // in place: -entropy, term by term
///     k754::xlogy_backward(x, y, upstream, dx, dy);          // either gradient may be nullptr
///
/// Shapes      Inputs broadcast together by NumPy's rules, up to 8 axes, extents of 0 included; outputs have
///             exactly that shape (`sum_to_shape` reduces the gradient of an operand that was broadcast).
///             Any element strides, negative and (but for outputs) zero too. Inputs may be scalars.
/// Types       float, double, float16, bfloat16 and types stored as these; one type for all.
/// Result      x log(y), at most 0.5001 ULP (float16 0.5005, f64 0.501), with gradual underflow. log(y) is
///             NaN for y < 0 and -inf for zeros of both signs (XL-05, XL-06).
/// Zeros       A zero x gives +0 for every y but NaN, also for y = 0, inf and negative y, as SciPy has it
///             (XL-01 .. XL-04); zero_times_inf::ieee multiplies (XL-10), annihilating_zero hides a NaN too
///             (XL-11). The zero of log(1) is not of this kind: xlogy(inf, 1) is NaN (XL-07).
/// Gradients   dx = upstream log(y), dy = upstream (x / y), with the accuracy of the result. Zeros of
///             upstream, and for dy of x, are strong in the same way: dy is +0 at x = 0, y = 0 (XL-12 ..
///             XL-15). dx does not depend on x: it is -inf at y = 0 also for x = 0, as the true derivative
///             is.
/// Policy      subnormals, zero_times_inf (by_kernel is strong_zero).
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap,
///             overlap.
/// Aliasing    An output may be an input where, after broadcasting, every index writes the very element that
///             it reads; other common bytes are errors. Outputs share nothing with each other.
/// Cost        One logarithm for each element of the output, no scratch memory.
/// Source      include/k754/reference/xlogy.hpp defines the arithmetic; SciPy's xlogy the zero rule.
#ifndef K754_XLOGY_HPP
#define K754_XLOGY_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "detail/broadcast.hpp"
#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/xlogy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

namespace detail {

template <class Output, class X, class Y>
concept xlogy_of = output_like<Output> && floating<element_of<Output>> &&
    operand_like<X, element_of<Output>> && operand_like<Y, element_of<Output>>;

/// Of two gradients, the first that is a tensor, as both are of one type and shape.
template <class Dx, class Dy>
using wanted_gradient = std::conditional_t<output_like<Dx>, Dx, Dy>;
template <class Output, class Dx, class Dy>
concept xlogy_gradient = std::same_as<std::remove_cvref_t<Output>, std::nullptr_t> ||
    output_of<Output, element_of<wanted_gradient<Dx, Dy>>>;
template <class Upstream, class X, class Y, class Dx, class Dy>
concept xlogy_gradients_of = xlogy_of<wanted_gradient<Dx, Dy>, X, Y> && xlogy_gradient<Dx, Dx, Dy> &&
    xlogy_gradient<Dy, Dx, Dy> && operand_like<Upstream, element_of<wanted_gradient<Dx, Dy>>>;

constexpr policy xlogy_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals, .zero_times_inf = reference::zero_rule_of(p)};
}

inline namespace K754_ABI {

template <class X, class Y, class Output>
constexpr check_result check_xlogy(const X& x, const Y& y, Output& output) noexcept {
  return check_elementwise("xlogy", shape_given_by::inputs,
                           std::array{input_argument("x", "shares memory with x", x),
                                      input_argument("y", "shares memory with y", y)},
                           std::array{output_argument("output", "", output)});
}

template <class X, class Y, class Upstream, class Dx, class Dy>
constexpr check_result check_xlogy_backward(const X& x, const Y& y, const Upstream& upstream, Dx& dx,
                                            Dy& dy) noexcept {
  return check_elementwise(
      "xlogy_backward", shape_given_by::inputs,
      std::array{input_argument("x", "shares memory with x", x),
                 input_argument("y", "shares memory with y", y),
                 input_argument("upstream", "shares memory with upstream", upstream)},
      std::array{output_argument("dx", "shares memory with dx", dx), output_argument("dy", "", dy)});
}

/// With a policy that is reduced already.
template <policy P, class X, class Y, class Output, class Executor>
check_result compute_xlogy(const X& x, const Y& y, Output& output, Executor& ex) {
  using T = element_of<Output&>;
  const auto held_x = operand_of<T>(x);
  const auto held_y = operand_of<T>(y);
  const tensor_view<T> result = output_view(output);
  const auto loop =
      loop_over(layout_of(result), layout_of(held_x.view()), layout_of(held_y.view()), layout_of(result));
  run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      const auto from_x = run.of(0, held_x.view().data_handle());
      const auto from_y = run.of(1, held_y.view().data_handle());
      const auto to = run.of(2, result.data_handle());
      for (index_t i = 0; i < run.length; ++i) {
        store(to.at(i), reference::xlogy_element<P>(load(from_x.at(i)), load(from_y.at(i))));
      }
    });
  });
  return {};
}

template <policy P, class X, class Y, class Upstream, class Dx, class Dy, class Executor>
check_result compute_xlogy_backward(const X& x, const Y& y, const Upstream& upstream, Dx& dx, Dy& dy,
                                    Executor& ex) {
  using T = element_of<wanted_gradient<Dx&, Dy&>>;
  const auto held_x = operand_of<T>(x);
  const auto held_y = operand_of<T>(y);
  const auto held_upstream = operand_of<T>(upstream);
  tensor_view<T> to_x, to_y;
  if constexpr (output_like<Dx&>) to_x = output_view(dx);
  if constexpr (output_like<Dy&>) to_y = output_view(dy);
  const auto loop =
      loop_over(layout_of(output_like<Dx&> ? to_x : to_y), layout_of(held_x.view()), layout_of(held_y.view()),
                layout_of(held_upstream.view()), layout_of(to_x), layout_of(to_y));
  run_guarded(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      const auto from_x = run.of(0, held_x.view().data_handle());
      const auto from_y = run.of(1, held_y.view().data_handle());
      const auto from_upstream = run.of(2, held_upstream.view().data_handle());
      const auto gradient_x = run.of(3, to_x.data_handle());
      const auto gradient_y = run.of(4, to_y.data_handle());
      for (index_t i = 0; i < run.length; ++i) {
        const auto gradients = reference::xlogy_backward_element<P>(load(from_x.at(i)), load(from_y.at(i)),
                                                                    load(from_upstream.at(i)));
        if constexpr (output_like<Dx&>) store(gradient_x.at(i), gradients.x);
        if constexpr (output_like<Dy&>) store(gradient_y.at(i), gradients.y);
      }
    });
  });
  return {};
}

}  // namespace K754_ABI
}  // namespace detail

inline namespace K754_ABI {

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <policy P = policy{}, class X, class Y, class Output>
requires detail::xlogy_of<Output, X, Y>
constexpr check_result check_xlogy(X&& x, Y&& y, Output&& output) noexcept {
  return detail::check_xlogy(x, y, output);
}

/// output = x log(y).
template <policy P = policy{}, class X, class Y, class Output, executor Executor = serial_executor>
requires detail::xlogy_of<Output, X, Y>
[[nodiscard]] status try_xlogy(X&& x, Y&& y, Output&& output, Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_xlogy<P>(x, y, output), [&] {
    return detail::compute_xlogy<detail::xlogy_policy(P)>(x, y, output, ex);
  });
}
template <policy P = policy{}, class X, class Y, class Output, executor Executor = serial_executor>
requires detail::xlogy_of<Output, X, Y>
void xlogy(X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_xlogy");
  detail::run_throwing(check_xlogy<P>(x, y, output),
                       [&] { return detail::compute_xlogy<detail::xlogy_policy(P)>(x, y, output, ex); });
}

/// Whether these arguments would be accepted by xlogy_backward.
template <policy P = policy{}, class X, class Y, class Upstream, class Dx, class Dy>
requires detail::xlogy_gradients_of<Upstream, X, Y, Dx, Dy>
constexpr check_result check_xlogy_backward(X&& x, Y&& y, Upstream&& upstream, Dx&& dx, Dy&& dy) noexcept {
  return detail::check_xlogy_backward(x, y, upstream, dx, dy);
}

/// dx = upstream log(y) and dy = upstream (x / y), in the output's shape. Either may be `nullptr`.
template <policy P = policy{}, class X, class Y, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::xlogy_gradients_of<Upstream, X, Y, Dx, Dy>
[[nodiscard]] status try_xlogy_backward(X&& x, Y&& y, Upstream&& upstream, Dx&& dx, Dy&& dy,
                                        Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_xlogy_backward<P>(x, y, upstream, dx, dy), [&] {
    return detail::compute_xlogy_backward<detail::xlogy_policy(P)>(x, y, upstream, dx, dy, ex);
  });
}
template <policy P = policy{}, class X, class Y, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::xlogy_gradients_of<Upstream, X, Y, Dx, Dy>
void xlogy_backward(X&& x, Y&& y, Upstream&& upstream, Dx&& dx, Dy&& dy, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_xlogy_backward");
  detail::run_throwing(check_xlogy_backward<P>(x, y, upstream, dx, dy), [&] {
    return detail::compute_xlogy_backward<detail::xlogy_policy(P)>(x, y, upstream, dx, dy, ex);
  });
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_XLOGY_HPP

/// where: one of two operands, element by element, and never a look at the other.
///
///     k754::where(condition, x, y, output);                    // [N, 1], [C] and [] broadcast to [N, C]
///     k754::where(k754::greater_than(x, 0.0F), x, 0.0F, x);    // ReLU in place
///     k754::where_backward(condition, upstream, dx, nullptr);  // the gradient of x alone
///     k754::where_apply(k754::greater_than(x, 0.0F), [](float v) { return std::log(v); }, x, 0.0F, output);
///
/// Shapes      Inputs broadcast together by NumPy's rules, up to 8 axes, extents of 0 included (WH-06); the
///             output has exactly that shape. Gradients have the output's shape, to which the inputs of the
///             backward functions broadcast. Any element strides, negative and zero too; an output's must not
///             make two elements one. x, y and upstream may be scalars (one value), the condition a bool.
/// Types       x, y, upstream and the outputs have one element type, whichever: nothing is promoted (WH-10).
///             The condition has bytes: bool, uint8 or int8, of which any that is not 0 is true (WH-09).
///             Other tensors become conditions by name: `nonzero(x)`, `greater_than(x, threshold)` (WH-05).
/// Result      Selected elements are copied as bits: -0, subnormals, signalling NaNs and payloads pass as
/// they
///             are, whatever FTZ/DAZ say, and raise no flag (WH-02 .. WH-04, WH-12 .. WH-15). The operand
///             that is not selected has no effect, whatever it holds (WH-01); nor has the upstream gradient
///             of its place: the gradient there is +0 (WH-07).
/// where_apply is condition ? f(x) : y, and calls f nowhere else. The chain rule, applied to
///             where(x > 0, log(x), 0), multiplies 0 by the infinite derivative of the dead branch (WH-08,
///             WH-16); where_apply_backward does not.
/// Policy      where_apply_backward: subnormals, zero_times_inf (by_kernel is ieee). The others read none.
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap,
///             overlap; callback_threw.
/// Aliasing    An output may share memory with an input where, after broadcasting, every index writes the
///             very element that it reads there: x, y, upstream, a condition with elements of the same size,
///             but not an operand that repeats elements. Any other common byte is an error; interleaved
///             elements of one buffer have none. Outputs share nothing with each other. A scalar may be an
///             element of an output: it is read first.
/// Cost        One pass over the output's elements. No scratch memory, but 2 KiB of stack in
///             where_apply_backward.
#ifndef K754_WHERE_HPP
#define K754_WHERE_HPP

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "detail/broadcast.hpp"
#include "detail/callbacks.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/where.hpp"
#include "simd.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// A tensor of numbers as a condition, made by `nonzero` and `greater_than`.
template <element T, class Test>
struct numeric_condition {
  tensor_view<const T> values;
  Test test;
};

namespace detail {

template <element T>
struct is_nonzero {
  using value_type = T;
  K754_INLINE constexpr bool operator()(T x) const noexcept { return reference::nonzero(x); }
};
template <element T>
struct is_greater {
  using value_type = T;
  T threshold;
  K754_INLINE constexpr bool operator()(T x) const noexcept { return reference::greater_than(x, threshold); }
};

template <class C>
inline constexpr bool is_numeric_condition = false;
template <element T, class Test>
inline constexpr bool is_numeric_condition<numeric_condition<T, Test>> = true;

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

template <class C>
concept condition_like = is_numeric_condition<std::remove_cvref_t<C>> || operand_like<C, bool> ||
    operand_like<C, std::uint8_t> || operand_like<C, std::int8_t>;

/// Where a gradient goes: a tensor, or nullptr where it is not wanted.
template <class X, class T>
concept gradient_of = std::same_as<std::remove_cvref_t<X>, std::nullptr_t> || output_of<X, T>;

template <class Upstream, class Dx, class Dy>
concept gradients_of = gradient_of<Dx, operand_element<Upstream>> &&
    gradient_of<Dy, operand_element<Upstream>> && operand_like<Upstream, operand_element<Upstream>> &&
    (output_like<Dx> || output_like<Dy>);

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

template <class F, class X, class Upstream, class Dx, class Dy>
concept product_gradients_of =
    gradients_of<Upstream, Dx, Dy> && output_like<Dx> && floating<operand_element<Upstream>> &&
    operand_like<X, operand_element<Upstream>> && element_function<F, X, operand_element<Upstream>>;

/// In place of an operand that a kernel does not have.
struct no_operand {};

inline namespace K754_KERNEL_ABI {

/// A condition along a run of elements.
template <class Test>
struct condition_run {
  strided<const typename Test::value_type> values;
  Test test;
  constexpr bool operator()(index_t i) const noexcept { return test(load(values.at(i))); }
};

/// What a kernel asks of a condition: a layout with an offset for each element, and whether it holds along
/// runs.
template <class Operand, class Test>
struct condition {
  Operand values;
  Test test;

  layout view() const noexcept { return layout_of(values.view()); }
  /// The condition as operand `n` of a run.
  template <class Run>
  condition_run<Test> along(const Run& run, std::size_t n) const noexcept {
    using value_type = typename Test::value_type;  // bytes of every name are read as std::uint8_t
    return {run.of(n, reinterpret_cast<const value_type*>(values.view().data_handle())), test};
  }
};

template <condition_like C>
auto condition_of(C&& c) noexcept {
  if constexpr (is_numeric_condition<std::remove_cvref_t<C>>) {
    using value_type = typename decltype(c.test)::value_type;
    return condition<operand<value_type, false>, decltype(c.test)>{operand<value_type, false>(c.values),
                                                                   c.test};
  } else {
    const auto values = operand_of<operand_element<C>>(c);
    return condition<std::remove_const_t<decltype(values)>, is_nonzero<std::uint8_t>>{values, {}};
  }
}

template <class C>
constexpr argument condition_argument(const C& c) noexcept {
  constexpr const char *name = "condition", *sharing = "shares memory with condition";
  if constexpr (is_numeric_condition<C>) {
    return input_argument(name, sharing, c.values);
  } else {
    return input_argument(name, sharing, c);
  }
}

template <class C, class X, class Y, class Output>
constexpr check_result check_where(const char* kernel, const C& condition, const X& x, const Y& y,
                                   Output& output) noexcept {
  return check_elementwise(
      kernel, shape_given_by::inputs,
      std::array{condition_argument(condition), input_argument("x", "shares memory with x", x),
                 input_argument("y", "shares memory with y", y)},
      std::array{output_argument("output", "", output)});
}

template <class C, class X, class Upstream, class Dx, class Dy>
constexpr check_result check_where_backward(const char* kernel, const C& condition, const X& x,
                                            const Upstream& upstream, Dx& dx, Dy& dy) noexcept {
  return check_elementwise(
      kernel, shape_given_by::outputs,
      std::array{condition_argument(condition), input_argument("x", "shares memory with x", x),
                 input_argument("upstream", "shares memory with upstream", upstream)},
      std::array{output_argument("dx", "shares memory with dx", dx), output_argument("dy", "", dy)});
}

/// The elements of a view as unsigned integers, which is what selections copy.
template <class T>
using bits_type =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
template <class T>
auto bits_data(const tensor_view<T>& view) noexcept {
  using bits = bits_type<T>;
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, const bits*, bits*>>(view.data_handle());
}

/// A gradient's view; no pointer and no strides where it is not wanted.
template <class T, class Output>
tensor_view<T> gradient_view(Output& output) noexcept {
  if constexpr (output_like<Output&>) {
    return output_view(output);
  } else {
    return {};
  }
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail
}  // namespace k754

#define K754_TARGET_FILE "../simd/where-inl.hpp"
#include "detail/foreach_target-inl.hpp"

namespace k754 {
namespace detail {
inline namespace K754_KERNEL_ABI {

/// Selection along a run, by the best code that may run. Conditions made of numbers have the reference.
template <class Test, class Bits>
auto choose_where() noexcept -> void (*)(const condition_run<Test>&, strided<const Bits>, strided<const Bits>,
                                         strided<Bits>, index_t) noexcept {
  if constexpr (std::same_as<Test, is_nonzero<std::uint8_t>>) {
    K754_CHOOSE_TARGET(where<Bits>);
  }
  return &reference::where<Bits, condition_run<Test>>;
}

template <class Test, class Bits>
auto choose_where_backward() noexcept -> void (*)(const condition_run<Test>&, strided<const Bits>,
                                                  strided<Bits>, strided<Bits>, index_t) noexcept {
  if constexpr (std::same_as<Test, is_nonzero<std::uint8_t>>) {
    K754_CHOOSE_TARGET(where_backward<Bits>);
  }
  return &reference::where_backward<Bits, condition_run<Test>>;
}

template <class C, class X, class Y, class Output, class Executor>
check_result compute_where(const C& c, const X& x, const Y& y, Output& output, Executor& ex) {
  using T = element_of<Output&>;
  const auto condition = condition_of(c);
  const auto held_x = operand_of<T>(x);
  const auto held_y = operand_of<T>(y);
  const tensor_view<T> result = output_view(output);
  const auto loop = loop_over(layout_of(result), condition.view(), layout_of(held_x.view()),
                              layout_of(held_y.view()), layout_of(result));
  const auto select = choose_where<decltype(condition.test), bits_type<T>>();
  run_pieces(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      select(condition.along(run, 0), run.of(1, bits_data(held_x.view())),
             run.of(2, bits_data(held_y.view())), run.of(3, bits_data(result)), run.length);
    });
  });
  return {};
}

template <class C, class Upstream, class Dx, class Dy, class Executor>
check_result compute_where_backward(const C& c, const Upstream& upstream, Dx& dx, Dy& dy, Executor& ex) {
  using T = operand_element<const Upstream&>;
  const auto condition = condition_of(c);
  const auto held_upstream = operand_of<T>(upstream);
  const tensor_view<T> to_x = gradient_view<T>(dx), to_y = gradient_view<T>(dy);
  const auto loop = loop_over(layout_of(output_like<Dx&> ? to_x : to_y), condition.view(),
                              layout_of(held_upstream.view()), layout_of(to_x), layout_of(to_y));
  const auto select = choose_where_backward<decltype(condition.test), bits_type<T>>();
  run_pieces(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      select(condition.along(run, 0), run.of(1, bits_data(held_upstream.view())), run.of(2, bits_data(to_x)),
             run.of(3, bits_data(to_y)), run.length);
    });
  });
  return {};
}

/// The caller's function on elements as kernels hold them.
template <class Given, class T, class F>
constexpr auto on_elements(F& f) noexcept {
  return [&f](T x) { return std::bit_cast<T>(f(std::bit_cast<Given>(x))); };
}

template <class C, class F, class X, class Y, class Output, class Executor>
check_result compute_where_apply(const C& c, F& f, const X& x, const Y& y, Output& output, Executor& ex) {
  using T = element_of<Output&>;
  const auto condition = condition_of(c);
  const auto function = on_elements<given_element<const X&>, T>(f);
  const auto held_x = operand_of<T>(x);
  const auto held_y = operand_of<T>(y);
  const tensor_view<T> result = output_view(output);
  const auto loop = loop_over(layout_of(result), condition.view(), layout_of(held_x.view()),
                              layout_of(held_y.view()), layout_of(result));
  run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      reference::where_apply(condition.along(run, 0), function, run.of(1, held_x.view().data_handle()),
                             run.of(2, bits_data(held_y.view())), run.of(3, bits_data(result)), run.length);
    });
  });
  return {};
}

/// The fields of a policy that the product of where_apply_backward reads.
constexpr policy product_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals,
          .zero_times_inf =
              p.zero_times_inf == zero_times_inf::by_kernel ? zero_times_inf::ieee : p.zero_times_inf};
}

/// In turn, for a few elements: the caller's function in the caller's environment, the products in ours.
inline constexpr index_t slopes_at_a_time = 128;

template <policy P, class C, class F, class X, class Upstream, class Dx, class Dy, class Executor>
check_result compute_where_apply_backward(const C& c, F& derivative, const X& x, const Upstream& upstream,
                                          Dx& dx, Dy& dy, Executor& ex) {
  using T = operand_element<const Upstream&>;
  const auto condition = condition_of(c);
  const auto function = on_elements<given_element<const X&>, T>(derivative);
  const auto held_x = operand_of<T>(x);
  const auto held_upstream = operand_of<T>(upstream);
  const tensor_view<T> to_x = gradient_view<T>(dx), to_y = gradient_view<T>(dy);
  const auto loop = loop_over(layout_of(to_x), condition.view(), layout_of(held_x.view()),
                              layout_of(held_upstream.view()), layout_of(to_x), layout_of(to_y));
  run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    bool live[slopes_at_a_time];
    T slope[slopes_at_a_time];
    for (index_t first = begin, last = begin; first < end; first = last) {
      last = end - first < slopes_at_a_time ? end : first + slopes_at_a_time;
      index_t called = 0;
      loop.for_runs(first, last, [&](const auto& run) {
        reference::where_apply_slopes(condition.along(run, 0), function,
                                      run.of(1, held_x.view().data_handle()), live + called, slope + called,
                                      run.length);
        called += run.length;
      });
      in_default_environment([&] {
        index_t done = 0;
        loop.for_runs(first, last, [&](const auto& run) {
          reference::where_apply_products<P>(
              live + done, slope + done, run.of(2, bits_data(held_upstream.view())),
              run.of(3, bits_data(to_x)), run.of(4, bits_data(to_y)), run.length);
          done += run.length;
        });
      });
    }
  });
  return {};
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail

inline namespace K754_KERNEL_ABI {

/// The condition `x != 0` of any tensor, as Python's truth has it: NaN and subnormals are true, -0 is false.
template <tensor_like X>
constexpr auto nonzero(X&& x) noexcept {
  using T = detail::element_of<X>;
  return numeric_condition<T, detail::is_nonzero<T>>{detail::input_view(x), {}};
}

/// The condition `x > threshold`, both of one type. False for NaN; -0 equals +0; subnormals count.
template <tensor_like X, detail::scalar_of<detail::element_of<X>> Threshold>
constexpr auto greater_than(X&& x, Threshold threshold) noexcept {
  using T = detail::element_of<X>;
  return numeric_condition<T, detail::is_greater<T>>{detail::input_view(x), {std::bit_cast<T>(threshold)}};
}

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <detail::condition_like Condition, class X, class Y, class Output>
requires detail::branches_of<Output, X, Y>
constexpr check_result check_where(Condition&& condition, X&& x, Y&& y, Output&& output) noexcept {
  return detail::check_where("where", condition, x, y, output);
}

/// output = condition ? x : y.
template <detail::condition_like Condition, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::branches_of<Output, X, Y>
[[nodiscard]] status try_where(Condition&& condition, X&& x, Y&& y, Output&& output,
                               Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where(condition, x, y, output),
                              [&] { return detail::compute_where(condition, x, y, output, ex); });
}
template <detail::condition_like Condition, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::branches_of<Output, X, Y>
void where(Condition&& condition, X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_where");
  detail::run_throwing(check_where(condition, x, y, output),
                       [&] { return detail::compute_where(condition, x, y, output, ex); });
}

/// Whether these arguments would be accepted by where_backward.
template <detail::condition_like Condition, class Upstream, class Dx, class Dy>
requires detail::gradients_of<Upstream, Dx, Dy>
constexpr check_result check_where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx,
                                            Dy&& dy) noexcept {
  return detail::check_where_backward("where_backward", condition, detail::no_operand{}, upstream, dx, dy);
}

/// The gradients of where in the output's shape: dx = condition ? upstream : +0, dy = condition ? +0 :
/// upstream. Either may be `nullptr`. For an operand that was broadcast, `sum_to_shape` reduces its gradient
/// to its shape.
template <detail::condition_like Condition, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::gradients_of<Upstream, Dx, Dy>
[[nodiscard]] status try_where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx, Dy&& dy,
                                        Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where_backward(condition, upstream, dx, dy), [&] {
    return detail::compute_where_backward(condition, upstream, dx, dy, ex);
  });
}
template <detail::condition_like Condition, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::gradients_of<Upstream, Dx, Dy>
void where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx, Dy&& dy, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Upstream>,
                "k754: exceptions are off in this unit; call try_where_backward");
  detail::run_throwing(check_where_backward(condition, upstream, dx, dy),
                       [&] { return detail::compute_where_backward(condition, upstream, dx, dy, ex); });
}

/// Whether these arguments would be accepted by where_apply.
template <detail::condition_like Condition, class F, class X, class Y, class Output>
requires detail::applied_branches_of<Output, F, X, Y>
constexpr check_result check_where_apply(Condition&& condition, F&&, X&& x, Y&& y, Output&& output) noexcept {
  return detail::check_where("where_apply", condition, x, y, output);
}

/// output = condition ? f(x) : y. `f` takes an element of x as the caller gave it (`_Float16` from a tensor
/// of these) and returns the element type; it is called once for each element of the output whose condition
/// holds, in the caller's floating-point environment, by several threads where the executor has them. What it
/// returns is kept as bits. What it throws is thrown again once all threads are done; try_where_apply gives
/// `status::callback_threw`.
template <detail::condition_like Condition, class F, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::applied_branches_of<Output, F, X, Y>
[[nodiscard]] status try_where_apply(Condition&& condition, F&& f, X&& x, Y&& y, Output&& output,
                                     Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where_apply(condition, f, x, y, output),
                              [&] { return detail::compute_where_apply(condition, f, x, y, output, ex); });
}
template <detail::condition_like Condition, class F, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::applied_branches_of<Output, F, X, Y>
void where_apply(Condition&& condition, F&& f, X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_where_apply");
  detail::run_throwing(check_where_apply(condition, f, x, y, output),
                       [&] { return detail::compute_where_apply(condition, f, x, y, output, ex); });
}

/// Whether these arguments would be accepted by where_apply_backward.
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
constexpr check_result check_where_apply_backward(Condition&& condition, F&&, X&& x, Upstream&& upstream,
                                                  Dx&& dx, Dy&& dy) noexcept {
  return detail::check_where_backward("where_apply_backward", condition, x, upstream, dx, dy);
}

/// The gradients of where_apply in the output's shape: dx = condition ? upstream * derivative(x) : +0, the
/// product rounded once and a NaN canonical, dy = condition ? +0 : upstream. `derivative` is called as `f`
/// is; dy may be `nullptr` (for dy alone call where_backward). Floating types only.
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy, executor Executor = serial_executor>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
[[nodiscard]] status try_where_apply_backward(Condition&& condition, F&& derivative, X&& x,
                                              Upstream&& upstream, Dx&& dx, Dy&& dy,
                                              Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where_apply_backward<P>(condition, derivative, x, upstream, dx, dy), [&] {
    return detail::compute_where_apply_backward<detail::product_policy(P)>(condition, derivative, x, upstream,
                                                                           dx, dy, ex);
  });
}
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy, executor Executor = serial_executor>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
void where_apply_backward(Condition&& condition, F&& derivative, X&& x, Upstream&& upstream, Dx&& dx, Dy&& dy,
                          Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_where_apply_backward");
  detail::run_throwing(check_where_apply_backward<P>(condition, derivative, x, upstream, dx, dy), [&] {
    return detail::compute_where_apply_backward<detail::product_policy(P)>(condition, derivative, x, upstream,
                                                                           dx, dy, ex);
  });
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_WHERE_HPP

/// A call of the softmax family: its checks, and its rows from the views to the definition.
#ifndef K754_CALL_SOFTMAX_HPP
#define K754_CALL_SOFTMAX_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/softmax.hpp"
#include "../reference/softmax_exact.hpp"
#include "../reference/softmax_fast.hpp"
#include "../simd.hpp"
#include "../simd/double_double.hpp"
#include "../simd/elementary.hpp"
#include "../simd/formats.hpp"
#include "../simd/transposes.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "forms.hpp"

namespace k754::detail {

template <class X>
concept softmax_input = tensor_like<X> && floating<element_of<X>>;
template <class X, class Input>
concept softmax_beside = tensor_like<X> && std::same_as<element_of<X>, element_of<Input>>;
template <class X, class Input>
concept softmax_output = output_outlives_the_call<X> &&
    (mistaken_output<X> || (output_like<X> && softmax_beside<X, Input>));
/// A byte each, true where it is not zero: what a kernel reads as bool.
template <class X>
concept softmax_mask = tensor_like<X> &&
    (std::same_as<bool, element_of<X>> || std::same_as<std::uint8_t, element_of<X>> ||
     std::same_as<std::int8_t, element_of<X>>);

enum class row_kernel { softmax, log_softmax, logsumexp, softmax_backward, log_softmax_backward };

K754_INLINE constexpr bool is_gradient(row_kernel kernel) noexcept {
  return kernel == row_kernel::softmax_backward || kernel == row_kernel::log_softmax_backward;
}

/// The fields that a kernel reads of a policy.
K754_INLINE constexpr policy softmax_policy(row_kernel kernel, bool masked, const policy& p) noexcept {
  policy read{.subnormals = p.subnormals};
  if (kernel == row_kernel::softmax || kernel == row_kernel::log_softmax) {
    read.zero_mass = p.zero_mass;
    read.pos_inf = p.pos_inf;
    if (masked) read.fully_masked = p.fully_masked;
  }
  if (!is_gradient(kernel) && (!masked || p.precision == precision::exact)) read.precision = p.precision;
  return read;
}

/// Where rows are: the elements of one are `along` apart, the rows `step`.
template <class Element>
struct strided_rows {
  Element* first;
  index_t along, step;

  K754_INLINE constexpr Element* row(index_t i) const noexcept { return first + i * step; }
  K754_INLINE constexpr strided_rows from(index_t i) const noexcept { return {row(i), along, step}; }
};

/// `count` rows of `length` elements; for gradients x is the output of the function. Without a mask every element is present.
template <floating T>
struct row_run {
  index_t length, count;
  strided_rows<const T> x, upstream;
  strided_rows<const bool> mask;
  strided_rows<T> y;
  reference::row_rules rules;

  K754_INLINE constexpr row_run part(index_t row, index_t rows) const noexcept {
    return {length, rows, x.from(row), upstream.from(row), mask.from(row), y.from(row), rules};
  }
};

inline namespace K754_KERNEL_ABI {

constexpr const char* row_kernel_name(row_kernel kernel, bool masked) noexcept {
  switch (kernel) {
    case row_kernel::softmax:
      return masked ? "masked_softmax" : "softmax";
    case row_kernel::log_softmax:
      return masked ? "masked_log_softmax" : "log_softmax";
    case row_kernel::logsumexp:
      return masked ? "masked_logsumexp" : "logsumexp";
    case row_kernel::softmax_backward:
      return masked ? "masked_softmax_backward" : "softmax_backward";
    case row_kernel::log_softmax_backward:
      break;
  }
  return masked ? "masked_log_softmax_backward" : "log_softmax_backward";
}

/// One row by the definition of a tier; for gradients x is the output. precision::fast has no masks.
template <row_kernel K, bool Flush, precision Tier, floating T>
void forward_row(const reference::strided_row<T>& x, T* y, index_t y_along,
                 const reference::row_rules& rules) noexcept {
  constexpr bool fast = Tier == precision::fast, exact = Tier == precision::exact;
  if constexpr (K == row_kernel::logsumexp) {
    if constexpr (fast) {
      store(y, reference::fast_logsumexp_row<Flush>(x));
    } else if constexpr (exact) {
      store(y, reference::exact_logsumexp_row<Flush>(x));
    } else {
      store(y, reference::logsumexp_row<Flush>(x));
    }
  } else if constexpr (K == row_kernel::softmax) {
    if constexpr (fast) {
      reference::fast_softmax_row<Flush>(x, y, y_along, rules);
    } else if constexpr (exact) {
      reference::exact_softmax_row<Flush>(x, y, y_along, rules);
    } else {
      reference::softmax_row<Flush>(x, y, y_along, rules);
    }
  } else {
    if constexpr (fast) {
      reference::fast_log_softmax_row<Flush>(x, y, y_along, rules);
    } else if constexpr (exact) {
      reference::exact_log_softmax_row<Flush>(x, y, y_along, rules);
    } else {
      reference::log_softmax_row<Flush>(x, y, y_along, rules);
    }
  }
}

/// The definition, row by row.
template <row_kernel K, bool Flush, precision Tier = precision::accurate, floating T>
void rows_in_turn(const row_run<T>& run) noexcept {
  for (index_t row = 0; row < run.count; ++row) {
    const reference::strided_row<T> x{run.x.row(row), run.length, run.x.along, run.mask.row(row),
                                      run.mask.along};
    T* const y = run.y.row(row);
    [[maybe_unused]] const reference::gradient_row<T> gradient{x, run.upstream.row(row), run.upstream.along,
                                                               y, run.y.along};
    if constexpr (K == row_kernel::softmax_backward) {
      reference::softmax_backward_row<Flush>(gradient);
    } else if constexpr (K == row_kernel::log_softmax_backward) {
      reference::log_softmax_backward_row<Flush>(gradient);
    } else {
      forward_row<K, Flush, Tier>(x, y, run.y.along, run.rules);
    }
  }
}

}  // namespace K754_KERNEL_ABI

template <row_kernel K, bool Flush, floating T, precision Tier = precision::accurate>
struct softmax_kernel {
  using function = void(const row_run<T>& run) noexcept;
  static constexpr function* scalar = &rows_in_turn<K, Flush, Tier, T>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/softmax-inl.hpp"
#include "../targets/foreach-inl.hpp"
#define K754_TARGET_FILE "../simd/softmax_double-inl.hpp"
#include "../targets/foreach-inl.hpp"
#define K754_TARGET_FILE "../simd/softmax_fast-inl.hpp"
#include "../targets/foreach-inl.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

/// The rows of a call: how many, and where the first element of each is in the input, upstream, mask and result.
struct row_plan {
  index_t length;
  elementwise_loop<4> loop;
  std::array<index_t, 4> along;
  std::array<void*, 4> first;  ///< null where there is nothing, or nothing is read
};

/// The rows along `axis` of checked arguments.
constexpr row_plan rows_of(const std::array<argument, 4>& all, std::size_t axis) noexcept {
  const auto& [x, upstream, mask, y] = all;
  layout first_elements = x.view;
  first_elements.extents[axis] = y.view.empty() ? 0 : 1;
  std::array<axes, 4> strides{x.view.strides, upstream.view.strides,
                              mask.present ? broadcast_strides(mask.view, x.view) : axes{}, y.view.strides};
  if (y.view.rank < x.view.rank) {  // as if the axis that was reduced were there
    for (std::size_t i = max_rank - 1; i > axis; --i) strides[3][i] = strides[3][i - 1];
  }
  row_plan rows{x.view.extents[axis], {first_elements, strides}, {}, {}};
  for (std::size_t n = 0; n < all.size(); ++n) {
    rows.along[n] = strides[n][axis];
    const bool is_read = rows.length > 0 || all[n].as == role::output;  // else it may be null
    rows.first[n] = all[n].present && is_read ? const_cast<void*>(all[n].view.data) : nullptr;
  }
  return rows;
}

template <row_kernel K>
inline constexpr sharing row_sharing = K == row_kernel::logsumexp ? sharing::none : sharing::exact_alias;

/// Checks the arguments of a function of the family, and says where their rows are.
template <row_kernel K>
constexpr check_result check_rows(const std::array<argument, 4>& all, index_t axis_option, bool keepdims,
                                  std::optional<row_plan>& rows) noexcept {
  const auto& [x, g, m, y] = all;
  const char* const name = row_kernel_name(K, m.present);
  std::size_t axis = 0;
  if (auto r = check_views(name, all); !r) return r;
  if (auto r = check_axis(name, axis_option, x, axis); !r) return r;
  if (auto r = check_shape(name, g, x.view); !r) return r;
  if (auto r = check_broadcasts_to(name, m, x.view); !r) return r;
  const auto r = K == row_kernel::logsumexp ? check_shape(name, y, reduced(x.view, axis, keepdims))
                                            : check_shape(name, y, x.view);
  if (!r) return r;
  if (auto memory = check_memory(name, all); !memory) return memory;
  rows = rows_of(all, axis);
  return {};
}

/// What a call was not given.
struct no_view {};

template <class View>
constexpr argument row_argument(const char* name, const View& view, role as, sharing with_outputs) noexcept {
  if constexpr (std::same_as<View, no_view>) {
    return {name, {}, as, with_outputs, false};
  } else {
    return {name, layout_of(view), as, with_outputs};
  }
}

/// A plain row needs no more than to be known as one.
struct row_call_plan {
  bool is_plain_row;  ///< one row of adjacent elements; nothing else is set then
  std::optional<row_plan> rows;
};

/// What a function of the family was given, as views, or no_view; for gradients `input` is the output of the function. The
/// rules for special rows are looked at once for each row, so that they are not a matter of types.
template <row_kernel K, bool Flush, precision Tier, class Input, class Upstream, class Mask, class Output>
struct row_call {
  using T = element_of<const Input&>;
  using plan = row_call_plan;
  static constexpr bool masked = !std::same_as<Mask, no_view>;
  static constexpr bool backward = is_gradient(K);

  Input input;
  Upstream upstream;
  Mask mask;
  Output output;
  index_t axis_option;
  bool keepdims;
  reference::row_rules rules;

  constexpr check_result check(plan& checked) const noexcept {
    checked.is_plain_row = is_plain_row();
    if (checked.is_plain_row) return {};
    const std::array<argument, 4> all{
        row_argument(backward ? "output" : "input", input, role::input, row_sharing<K>),
        row_argument("upstream", upstream, role::input, row_sharing<K>),
        row_argument("mask", mask, role::input, sharing::none),
        row_argument(backward ? "gradient" : "output", output, role::output, sharing::none)};
    return check_rows<K>(all, axis_option, keepdims, checked.rows);
  }

  template <class Executor>
  check_result compute(const plan& checked, Executor& ex) const {
    const auto kernel = choose<softmax_kernel<K, Flush, T, Tier>>();
    if (checked.is_plain_row) {
      in_default_environment([&] { kernel(plain_row()); });
      return {};
    }
    const row_plan& rows = *checked.rows;
    const index_t grain = std::same_as<std::remove_cvref_t<Executor>, serial_executor>
                              ? rows.loop.count()
                              : grain_for_rows(rows.length, rows.along[0] != 1);
    run_guarded(ex, rows.loop.count(), grain, [&](index_t begin, index_t end) {
      rows.loop.for_runs(begin, end, [&](const elementwise_run<4>& run) {
        kernel({rows.length, run.length, of<const T>(0, rows, run), of<const T>(1, rows, run),
                of<const bool>(2, rows, run), of<T>(3, rows, run), rules});
      });
    });
    return {};
  }

 private:
  /// One row of adjacent elements with which nothing is wrong: the usual small call, in which layouts and their checks would
  /// take longer than the row. One task, whatever the executor.
  constexpr bool is_plain_row() const noexcept {
    if constexpr (backward || masked || Input::rank_capacity == 0) {
      return false;
    } else {
      constexpr bool reduces = K == row_kernel::logsumexp;
      if (std::is_constant_evaluated() || keepdims || (axis_option != 0 && axis_option != -1)) return false;
      if (input.rank() != 1 || output.rank() != (reduces ? 0 : 1)) return false;
      const index_t n = input.extent(0);
      if (n < 1 || n > (std::numeric_limits<std::int32_t>::max)() || input.stride(0) != 1) return false;
      if constexpr (!reduces && Output::rank_capacity > 0) {
        if (output.extent(0) != n || output.stride(0) != 1) return false;
      }
      const auto x = reinterpret_cast<std::uintptr_t>(input.data_handle());
      const auto y = reinterpret_cast<std::uintptr_t>(output.data_handle());
      const std::uint64_t bytes = magnitude(n) * sizeof(T);
      return x != 0 && y != 0 && ((x == y && !reduces) || apart(x, bytes, y, reduces ? sizeof(T) : bytes));
    }
  }
  row_run<T> plain_row() const noexcept {
    const auto* const x = reinterpret_cast<const T*>(input.data_handle());
    auto* const y = reinterpret_cast<T*>(output.data_handle());
    return {.length = input.extent(0),
            .count = 1,
            .x = {x, 1, 0},
            .upstream = {nullptr, 0, 0},
            .mask = {nullptr, 0, 0},
            .y = {y, 1, 0},
            .rules = rules};
  }

  /// Rows that lie side by side are taken together: no piece is narrower than a tile of them.
  static constexpr index_t grain_for_rows(index_t length, bool side_by_side) noexcept {
    constexpr index_t tile = 128;
    const index_t grain = grain_for(length);
    return side_by_side && grain < tile ? tile : grain;
  }

  template <class Element>
  static strided_rows<Element> of(std::size_t n, const row_plan& rows,
                                  const elementwise_run<4>& run) noexcept {
    if (rows.first[n] == nullptr) return {nullptr, 0, 0};
    return {static_cast<Element*>(rows.first[n]) + run.offsets[n], rows.along[n], run.strides[n]};
  }
};

/// Makes calls of what the public functions take: input, upstream (gradients), mask (masked forms), output, options.
template <row_kernel K, policy P>
struct row_call_of {
  template <class X, class Y, class Options>
  constexpr auto operator()(X& input, Y& output, const Options& options) const noexcept {
    return make(input, no_view(), no_view(), output, options);
  }
  template <class X, class Second, class Y, class Options>
  constexpr auto operator()(X& input, Second& second, Y& output, const Options& options) const noexcept {
    if constexpr (is_gradient(K)) {
      return make(input, as_tensor_view(second), no_view(), output, options);
    } else {
      return make(input, no_view(), as_tensor_view(second), output, options);
    }
  }
  template <class X, class G, class M, class Y, class Options>
  constexpr auto operator()(X& input, G& upstream, M& mask, Y& output,
                            const Options& options) const noexcept {
    return make(input, as_tensor_view(upstream), as_tensor_view(mask), output, options);
  }

 private:
  template <class X, class Upstream, class Mask, class Y, class Options>
  static constexpr auto make(X& input, const Upstream& upstream, const Mask& mask, Y& output,
                             const Options& options) noexcept {
    static_assert(is_output<Y&>());
    using element = element_of<X&>;
    constexpr policy read = softmax_policy(K, !std::same_as<Mask, no_view>, P);
    static_assert(!std::same_as<element, double> || read.precision != precision::exact,
                  "k754 softmax family: precision::exact is not available for double");
    constexpr precision tier = std::same_as<element, double> ? precision::accurate : read.precision;
    bool keepdims = false;
    if constexpr (K == row_kernel::logsumexp) keepdims = options.keepdims;
    return row_call<K, P.subnormals == subnormals::flush, tier, decltype(as_tensor_view(input)), Upstream,
                    Mask, decltype(as_tensor_view(output))>{as_tensor_view(input),    upstream,     mask,
                                                            as_tensor_view(output),   options.axis, keepdims,
                                                            reference::rules_of(read)};
  }
};

template <policy P>
inline constexpr row_call_of<row_kernel::softmax, P> softmax_call{};
template <policy P>
inline constexpr row_call_of<row_kernel::log_softmax, P> log_softmax_call{};
template <policy P>
inline constexpr row_call_of<row_kernel::logsumexp, P> logsumexp_call{};
template <policy P>
inline constexpr row_call_of<row_kernel::softmax_backward, P> softmax_backward_call{};
template <policy P>
inline constexpr row_call_of<row_kernel::log_softmax_backward, P> log_softmax_backward_call{};

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_SOFTMAX_HPP

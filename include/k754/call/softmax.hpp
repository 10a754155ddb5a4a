/// A call of the softmax family: its checks, and its rows from the views to the definition.
#ifndef K754_CALL_SOFTMAX_HPP
#define K754_CALL_SOFTMAX_HPP

#include <array>
#include <concepts>
#include <cstddef>

#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/softmax.hpp"
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
template <class X>
concept softmax_mask = tensor_like<X> && std::same_as<bool, element_of<X>>;

enum class row_kernel { softmax, log_softmax, logsumexp, softmax_backward, log_softmax_backward };

/// The fields that a kernel reads of a policy.
K754_INLINE constexpr policy softmax_policy(row_kernel kernel, bool masked, const policy& p) noexcept {
  policy read{.subnormals = p.subnormals};
  if (kernel == row_kernel::softmax || kernel == row_kernel::log_softmax) {
    read.zero_mass = p.zero_mass;
    read.pos_inf = p.pos_inf;
    if (masked) read.fully_masked = p.fully_masked;
  }
  return read;
}

inline namespace K754_ABI {

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

/// Where the rows of a call lie: the first element of each in the input, upstream, mask and result, and the strides
/// along them.
struct row_plan {
  index_t count, length;
  layout first_elements;
  std::array<axes, 4> strides;
  std::array<index_t, 4> along;

  constexpr index_walk<4> walk_from(index_t row) const noexcept {
    return {first_elements.rank, first_elements.extents, strides, row};
  }
};

/// The rows along `axis` of checked arguments.
constexpr void plan_rows(row_plan& rows, const std::array<argument, 4>& all, std::size_t axis) noexcept {
  const auto& [x, upstream, mask, y] = all;
  rows.first_elements = x.view;
  rows.first_elements.extents[axis] = 1;
  rows.length = x.view.extents[axis];
  rows.count = y.view.empty() ? 0 : element_count(rows.first_elements);
  rows.strides[0] = x.view.strides;
  rows.strides[1] = upstream.view.strides;
  rows.strides[2] = mask.present ? broadcast_strides(mask.view, x.view) : axes{};
  rows.strides[3] = y.view.strides;
  if (y.view.rank < x.view.rank) {  // as if the axis that was reduced were there
    for (std::size_t i = max_rank - 1; i > axis; --i) rows.strides[3][i] = rows.strides[3][i - 1];
  }
  for (std::size_t n = 0; n < all.size(); ++n) rows.along[n] = rows.strides[n][axis];
}

/// What a function of the family was given: the input (for gradients the output of the function), upstream, mask and
/// result. The rules for special rows are looked at once for each row, so that they are not a matter of types.
template <row_kernel K, bool Flush, floating T>
struct row_call {
  using plan = row_plan;
  static constexpr bool backward = K == row_kernel::softmax_backward || K == row_kernel::log_softmax_backward;
  static constexpr bool reduces = K == row_kernel::logsumexp;
  static constexpr sharing in_place = reduces ? sharing::none : sharing::exact_alias;

  std::array<argument, 4> all{{{backward ? "output" : "input", {}, role::input, in_place},
                               {"upstream", {}, role::input, in_place, false},
                               {"mask", {}, role::input, sharing::none, false},
                               {backward ? "gradient" : "output", {}, role::output}}};
  index_t axis_option = -1;
  bool keepdims = false;
  reference::row_rules rules = {};

  constexpr bool masked() const noexcept { return all[2].present; }

  constexpr check_result check(plan& rows) const noexcept {
    const char* const name = row_kernel_name(K, masked());
    const auto& [x, g, m, y] = all;
    std::size_t axis = 0;
    if (auto r = check_views(name, all); !r) return r;
    if (auto r = check_axis(name, axis_option, x, axis); !r) return r;
    if (auto r = check_shape(name, g, x.view); !r) return r;
    if (auto r = check_broadcasts_to(name, m, x.view); !r) return r;
    const check_result fits =
        reduces ? check_shape(name, y, reduced(x.view, axis, keepdims)) : check_shape(name, y, x.view);
    if (!fits) return fits;
    if (auto r = check_memory(name, all); !r) return r;
    plan_rows(rows, all, axis);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& rows, Executor& ex) const {
    run_guarded(ex, rows.count, grain_for(rows.length), [&](index_t begin, index_t end) {
      index_walk<4> walk = rows.walk_from(begin);
      for (index_t row = begin; row < end; ++row, walk.next()) compute_row(rows, walk);
    });
    return {};
  }

 private:
  void compute_row(const plan& rows, const index_walk<4>& walk) const noexcept {
    reference::strided_row<T> x{nullptr, rows.length, rows.along[0], nullptr, rows.along[2]};
    if (rows.length > 0) {
      x.data = elements_of<const T>(all[0]) + walk.offset(0);
      if (masked()) x.mask = elements_of<const bool>(all[2]) + walk.offset(2);
    }
    T* const y = elements_of<T>(all[3]) + walk.offset(3);
    const index_t y_stride = rows.along[3];
    if constexpr (reduces) {
      store(y, reference::logsumexp_row<Flush>(x));
    } else if constexpr (K == row_kernel::softmax) {
      reference::softmax_row<Flush>(x, y, y_stride, rules);
    } else if constexpr (K == row_kernel::log_softmax) {
      reference::log_softmax_row<Flush>(x, y, y_stride, rules);
    } else {
      const T* const g = elements_of<const T>(all[1]) + walk.offset(1);
      const reference::gradient_row<T> row{x, g, rows.along[1], y, y_stride};
      if constexpr (K == row_kernel::softmax_backward) {
        reference::softmax_backward_row<Flush>(row);
      } else {
        reference::log_softmax_backward_row<Flush>(row);
      }
    }
  }
};

/// Makes calls of what the public functions take: input, upstream (gradients), mask (masked forms), output, options.
template <row_kernel K, policy P>
struct row_call_of {
  static_assert(P.precision != precision::fast,
                "k754 softmax family: precision::fast is not in this version");
  static_assert(P.precision != precision::exact,
                "k754 softmax family: there is no exact tier; use precision::accurate");

  template <class X, class Y, class Options>
  constexpr auto operator()(X& input, Y& output, const Options& options) const noexcept {
    static_assert(is_output<Y&>());
    row_call<K, P.subnormals == subnormals::flush, element_of<X&>> call;
    call.all[0].view = layout_of(as_tensor_view(input));
    call.all[3].view = layout_of(as_tensor_view(output));
    call.axis_option = options.axis;
    if constexpr (call.reduces) call.keepdims = options.keepdims;
    call.rules = reference::rules_of(softmax_policy(K, false, P));
    return call;
  }
  template <class X, class Second, class Y, class Options>
  constexpr auto operator()(X& input, Second& second, Y& output, const Options& options) const noexcept {
    auto call = (*this)(input, output, options);
    if constexpr (call.backward) {
      give(call.all[1], second);
    } else {
      give_mask(call, second);
    }
    return call;
  }
  template <class X, class G, class M, class Y, class Options>
  constexpr auto operator()(X& input, G& upstream, M& mask, Y& output,
                            const Options& options) const noexcept {
    auto call = (*this)(input, upstream, output, options);
    give_mask(call, mask);
    return call;
  }

 private:
  template <class Given>
  static constexpr void give(argument& a, Given& given) noexcept {
    a.view = layout_of(as_tensor_view(given));
    a.present = true;
  }
  template <class Call, class M>
  static constexpr void give_mask(Call& call, M& mask) noexcept {
    give(call.all[2], mask);
    call.rules = reference::rules_of(softmax_policy(K, true, P));
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

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_SOFTMAX_HPP

/// The calls of conv2d and its gradients: their types, what they read of a policy, and for each its arguments and
/// what is computed of them.
#ifndef K754_CALL_CONV2D_HPP
#ifndef K754_CONV2D_HPP
#include "../conv2d.hpp"  // whose options are needed here: it reads this file behind them
#else
#define K754_CALL_CONV2D_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/conv2d.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "conv2d_geometry.hpp"
#include "conv2d_kernel.hpp"
#include "forms.hpp"

namespace k754::detail {

template <class X>
concept conv2d_output = output_outlives_the_call<X> &&(output_like<X> || mistaken_output<X>);

enum class conv2d_part { forward, backward_input, backward_weight, backward_bias };

/// The fields that a convolution or one of its gradients reads of a policy, for results of type T.
template <element T>
constexpr policy conv2d_policy(const policy& p, conv2d_part part) noexcept {
  policy read{};
  if constexpr (floating<T>) {
    const bool by_kernel = p.zero_times_inf == zero_times_inf::by_kernel;
    read.subnormals = p.subnormals;
    read.zero_times_inf = by_kernel ? zero_times_inf::ieee : p.zero_times_inf;
    // a zero that annihilates everything might as well be absent
    read.padded_taps =
        p.zero_times_inf == zero_times_inf::annihilating_zero ? padded_taps::absent : p.padded_taps;
    read.precision = p.precision;
    if (part == conv2d_part::backward_input || part == conv2d_part::backward_bias) read.padded_taps = {};
    if (part == conv2d_part::backward_bias) read.zero_times_inf = zero_times_inf::ieee;  // 1 is no zero
  }
  return read;
}

template <class... T>
inline constexpr bool one_conv2d_family = (integer<T> && ...) || (std::same_as<T, double> && ...) ||
                                          ((floating<T> && !std::same_as<T, double>)&&...);

template <policy P, element Result, element... Operands>
K754_INLINE constexpr void check_conv2d_types() noexcept {
  static_assert(
      one_conv2d_family<Result, Operands...>,
      "k754 conv2d: use float, float16 and bfloat16 together, or double alone, or integers together");
  static_assert(floating<Result> || ((sizeof(Result) >= sizeof(Operands)) && ...),
                "k754 conv2d: an integer result must be at least as wide as the operands");
  static_assert(!std::same_as<Result, double> || P.precision != precision::exact,
                "k754 conv2d: precision::exact is not available for double");
}

inline namespace K754_KERNEL_ABI {

/// What the arguments of a convolution or a gradient are to it.
struct conv2d_roles {
  const argument& image;
  const argument& weight;
  const argument& bias;
  const argument& output;
};
/// The gradients have none.
inline constexpr argument no_bias{.name = "bias", .present = false};

/// All checks of the convolution and of its gradients but the bias's.
template <std::size_t Count>
constexpr check_result check_convolution(const char* kernel, const std::array<argument, Count>& all,
                                         const conv2d_roles& as, const conv2d_options& options,
                                         conv2d_plan& plan) noexcept {
  if (auto r = check_conv2d_options(kernel, options); !r) return r;
  if (auto r = check_views(kernel, all); !r) return r;
  for (const argument& a : all) {
    if (auto r = check_rank(kernel, a, &a == &as.bias ? 1 : 4); !r) return r;
  }
  layout output;
  if (auto r = resolve_conv2d(kernel, as.image, as.weight, options, plan, output); !r) return r;
  const layout bias{.rank = 1, .extents = {output.extents[plan.image[3]]}};
  if (auto r = check_shape(kernel, as.bias, bias); !r) return r;
  if (auto r = check_shape(kernel, as.output, output); !r) return r;
  return check_memory(kernel, all);
}

// The calls.

template <policy P, element Input, element Weight, element Bias, element Output>
struct conv2d_forward {
  tensor_view<const Input> input;
  tensor_view<const Weight> weight;
  tensor_view<const Bias> bias;
  bool with_bias;
  tensor_view<Output> output;
  const conv2d_options& options;
  conv2d_packing<float> packing = {};

  using plan = conv2d_plan;
  static constexpr bool one_type = floating<Output> && !std::same_as<Output, double> &&
                                   std::same_as<Input, Output> && std::same_as<Weight, Output> &&
                                   std::same_as<Bias, Output>;

  constexpr check_result check(plan& p) const noexcept {
    check_conv2d_types<P, Output, Input, Weight>();
    static_assert(one_conv2d_family<Output, Bias>,
                  "k754 conv2d: the bias must be of the same kind as the output");
    const std::array all{argument{"input", layout_of(input)}, argument{"weight", layout_of(weight)},
                         argument{"bias", layout_of(bias), role::input, sharing::none, with_bias},
                         argument{"output", layout_of(output), role::output}};
    const auto& [x, w, b, y] = all;
    if (auto r = check_convolution("conv2d", all, {x, w, b, y}, options, p); !r) return r;
    return packing.rows == nullptr ? check_result{} : check_packing(p, y);
  }

  template <class Executor>
  check_result compute(const plan& p, Executor& ex) const {
    constexpr policy read = conv2d_policy<Output>(P, conv2d_part::forward);
    const auto x = input.permuted(p.image);
    const auto w = weight.permuted(p.weight);
    const auto y = output.permuted(p.image);
    if constexpr (one_type && is_on_vectors(read)) {
      if (y.size() == 0) return {};
      const auto kernel = choose<conv2d_kernel<read, Output> >();
      const Output* const first_bias = with_bias ? bias.data_handle() : nullptr;
      const conv2d_run<Output> run{p.geometry, x, w, first_bias, bias.stride(0), y, packing};
      const index_t rows = y.extent(0) * y.extent(1);
      const bool serial = std::same_as<std::remove_cvref_t<Executor>, serial_executor>;
      run_guarded(ex, rows, serial ? rows : conv2d_grain(y, w),
                  [&](index_t begin, index_t end) { kernel(run, begin, end); });
      return {};
    }
    run_guarded(ex, y.size(), grain_for(w.extent(1) * w.extent(2) * w.extent(3)),
                [&](index_t begin, index_t end) {
                  reference::conv2d_forward<read>(p.geometry, x, w, bias.data_handle(), bias.stride(0), y,
                                                  begin, end);
                });
    return {};
  }

 private:
  constexpr check_result check_packing(const plan& p, const argument& y) const noexcept {
    if (packing.groups != options.groups || packing.order != p.weight) {
      return failure(status::invalid_option, "conv2d", "weight",
                     "was packed for {} groups or another weight_layout, the options have {} groups",
                     packing.groups, options.groups);
    }
    const tensor_view<const float, 1> rows(packing.rows, {packing.elements});
    return check_memory("conv2d", std::array{argument{"packed weight", layout_of(rows)}, y});
  }
};

template <policy P, element Weight, element Upstream, element Gradient>
struct conv2d_input_gradient {
  tensor_view<const Weight> weight;
  tensor_view<const Upstream> upstream;
  tensor_view<Gradient> dx;
  const conv2d_options& options;

  using plan = conv2d_plan;

  constexpr check_result check(plan& p) const noexcept {
    check_conv2d_types<P, Gradient, Weight, Upstream>();
    const std::array all{argument{"weight", layout_of(weight)}, argument{"upstream", layout_of(upstream)},
                         argument{"dx", layout_of(dx), role::output}};
    const auto& [w, u, x] = all;
    return check_convolution("conv2d_backward_input", all, {x, w, no_bias, u}, options, p);
  }

  template <class Executor>
  check_result compute(const plan& p, Executor& ex) const {
    constexpr policy read = conv2d_policy<Gradient>(P, conv2d_part::backward_input);
    const auto w = weight.permuted(p.weight);
    const auto u = upstream.permuted(p.image);
    const auto x = dx.permuted(p.image);
    run_guarded(ex, x.size(), grain_for(w.extent(1) * w.extent(2) * w.extent(0)),
                [&](index_t begin, index_t end) {
                  reference::conv2d_backward_input<read>(p.geometry, w, u, x, begin, end);
                });
    return {};
  }
};

template <policy P, element Input, element Upstream, element Gradient>
struct conv2d_weight_gradient {
  tensor_view<const Input> input;
  tensor_view<const Upstream> upstream;
  tensor_view<Gradient> dw;
  const conv2d_options& options;

  using plan = conv2d_plan;

  constexpr check_result check(plan& p) const noexcept {
    check_conv2d_types<P, Gradient, Input, Upstream>();
    const std::array all{argument{"input", layout_of(input)}, argument{"upstream", layout_of(upstream)},
                         argument{"dw", layout_of(dw), role::output}};
    const auto& [x, u, w] = all;
    return check_convolution("conv2d_backward_weight", all, {x, w, no_bias, u}, options, p);
  }

  template <class Executor>
  check_result compute(const plan& p, Executor& ex) const {
    constexpr policy read = conv2d_policy<Gradient>(P, conv2d_part::backward_weight);
    const auto x = input.permuted(p.image);
    const auto u = upstream.permuted(p.image);
    const auto w = dw.permuted(p.weight);
    run_guarded(ex, w.size(), grain_for(u.extent(0) * u.extent(1) * u.extent(2)),
                [&](index_t begin, index_t end) {
                  reference::conv2d_backward_weight<read>(p.geometry, x, u, w, begin, end);
                });
    return {};
  }
};

template <policy P, element Upstream, element Gradient>
struct conv2d_bias_gradient {
  tensor_view<const Upstream> upstream;
  tensor_view<Gradient> db;
  const conv2d_options& options;

  using plan = axis_order;  // of upstream

  constexpr check_result check(plan& image) const noexcept {
    check_conv2d_types<P, Gradient, Upstream>();
    constexpr const char* kernel = "conv2d_backward_bias";
    const std::array all{argument{"upstream", layout_of(upstream)},
                         argument{"db", layout_of(db), role::output}};
    const auto& [u, b] = all;
    if (auto r = check_views(kernel, all); !r) return r;
    if (auto r = check_rank(kernel, u, 4); !r) return r;
    image = image_order(options);
    if (auto r = check_shape(kernel, b, {.rank = 1, .extents = {u.view.extents[image[3]]}}); !r) return r;
    return check_memory(kernel, all);
  }

  template <class Executor>
  check_result compute(const plan& image, Executor& ex) const {
    constexpr policy read = conv2d_policy<Gradient>(P, conv2d_part::backward_bias);
    const auto u = upstream.permuted(image);
    run_guarded(
        ex, db.size(), grain_for(u.extent(0) * u.extent(1) * u.extent(2)),
        [&](index_t begin, index_t end) { reference::conv2d_backward_bias<read>(u, db, begin, end); });
    return {};
  }
};

// Each from what the caller gave.

template <class W>
constexpr conv2d_packing<float> packing_of(const W& weight) noexcept {
  if constexpr (requires { weight.packing(); }) {
    return weight.packing();
  } else {
    return {};
  }
}

template <policy P, class X, class W, class Y>
constexpr auto conv2d_call(X& input, W& weight, Y& output, const conv2d_options& options) noexcept {
  static_assert(is_output<Y&>());
  return conv2d_forward<P, element_of<X&>, element_of<W&>, element_of<Y&>, element_of<Y&> >{
      input_view(input), input_view(weight), {}, false, output_view(output), options, packing_of(weight)};
}
template <policy P, class X, class W, class B, class Y>
constexpr auto conv2d_call(X& input, W& weight, B& bias, Y& output, const conv2d_options& options) noexcept {
  static_assert(is_output<Y&>());
  return conv2d_forward<P, element_of<X&>, element_of<W&>, element_of<B&>, element_of<Y&> >{
      input_view(input), input_view(weight), input_view(bias), true, output_view(output),
      options,           packing_of(weight)};
}
template <policy P, class W, class Upstream, class G>
constexpr auto conv2d_backward_input_call(W& weight, Upstream& upstream, G& dx,
                                          const conv2d_options& options) noexcept {
  static_assert(is_output<G&>());
  return conv2d_input_gradient<P, element_of<W&>, element_of<Upstream&>, element_of<G&> >{
      input_view(weight), input_view(upstream), output_view(dx), options};
}
template <policy P, class X, class Upstream, class G>
constexpr auto conv2d_backward_weight_call(X& input, Upstream& upstream, G& dw,
                                           const conv2d_options& options) noexcept {
  static_assert(is_output<G&>());
  return conv2d_weight_gradient<P, element_of<X&>, element_of<Upstream&>, element_of<G&> >{
      input_view(input), input_view(upstream), output_view(dw), options};
}
template <policy P, class Upstream, class G>
constexpr auto conv2d_backward_bias_call(Upstream& upstream, G& db, const conv2d_options& options) noexcept {
  static_assert(is_output<G&>());
  return conv2d_bias_gradient<P, element_of<Upstream&>, element_of<G&> >{input_view(upstream),
                                                                         output_view(db), options};
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CONV2D_HPP
#endif  // K754_CALL_CONV2D_HPP

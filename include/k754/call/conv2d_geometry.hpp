/// From the options and shapes of a convolution to its geometry: the order of axes, the padding, the extents of the
/// output.
#ifndef K754_CALL_CONV2D_GEOMETRY_HPP
#ifndef K754_CONV2D_HPP
#include "../conv2d.hpp"  // whose options are needed here: it reads this file behind them
#else
#define K754_CALL_CONV2D_GEOMETRY_HPP

#include <array>
#include <cstddef>

#include "../detail/layout.hpp"
#include "../reference/conv2d.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

/// Where a view keeps the axes of [N, H, W, C] or of [O, KH, KW, C/groups].
using axis_order = std::array<std::size_t, max_rank>;

constexpr axis_order image_order(const conv2d_options& options) noexcept {
  if (options.layout == image_layout::nchw) return {0, 2, 3, 1};
  return {0, 1, 2, 3};
}
constexpr axis_order weight_order(const conv2d_options& options) noexcept {
  switch (options.weight_layout) {
    case weight_layout::ohwi:
      return {0, 1, 2, 3};
    case weight_layout::oihw:
      return {0, 2, 3, 1};
    case weight_layout::hwio:
      return {3, 0, 1, 2};
    case weight_layout::by_image:
      break;
  }
  return image_order(options);  // filters are where the batch is
}

/// What the checks work out of options and shapes.
struct conv2d_plan {
  axis_order image = {}, weight = {};
  reference::conv2d_geometry geometry = {};
};

constexpr check_result check_conv2d_options(const char* kernel, const conv2d_options& options) noexcept {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (options.stride[axis] < 1) {
      return failure(status::invalid_option, kernel, "stride",
                     "is {} on spatial axis {}, expected at least 1", options.stride[axis], axis);
    }
    if (options.dilation[axis] < 1) {
      return failure(status::invalid_option, kernel, "dilation",
                     "is {} on spatial axis {}, expected at least 1 (which means none)",
                     options.dilation[axis], axis);
    }
  }
  const padding& pad = options.padding;
  for (const index_t amount : {pad.top, pad.bottom, pad.left, pad.right}) {
    if (amount < 0) {
      return failure(status::invalid_option, kernel, "padding", "is {}, expected at least 0", amount);
    }
    if (amount > 0 && pad.mode != padding::rule::given) {
      return failure(status::invalid_option, kernel, "padding", "is {} and a rule at the same time", amount);
    }
  }
  if (options.groups < 1) {
    return failure(status::invalid_option, kernel, "groups", "is {}, expected at least 1", options.groups);
  }
  return {};
}

/// Channels of the image and filters fall into groups; `depth` is the channels of a filter.
constexpr check_result check_conv2d_channels(const char* kernel, const argument& image,
                                             const argument& weight, index_t channels, index_t filters,
                                             index_t depth, index_t groups) noexcept {
  if (channels % groups != 0) {
    return failure(status::channel_mismatch, kernel, "groups",
                   "is {}, which does not divide {} input channels", groups, channels);
  }
  if (filters % groups != 0) {
    return failure(status::channel_mismatch, kernel, "groups", "is {}, which does not divide {} filters",
                   groups, filters);
  }
  if (depth == channels / groups) return {};
  index_t expected = 0;
  if (__builtin_mul_overflow(depth, groups, &expected)) {
    return failure(status::channel_mismatch, kernel, weight.name,
                   "expects {} channels in each of {} groups, there are {} in all", depth, groups, channels);
  }
  return failure_beside(image.name, status::channel_mismatch, kernel, weight.name,
                        "expects {} input channels, @ has {}", expected, channels);
}

/// One spatial axis: the padding before the image and the extent of the output, from the padding that is asked for.
constexpr check_result resolve_conv2d_axis(const char* kernel, const argument& weight, index_t number,
                                           padding::rule rule, index_t before, index_t after,
                                           reference::conv2d_axis& axis) noexcept {
  if (axis.kernel == 0) {
    return failure(status::empty_reduction, kernel, weight.name,
                   "has extent 0 on spatial axis {}: there are no taps", number);
  }
  index_t span = 0;
  if (__builtin_mul_overflow(axis.kernel - 1, axis.dilation, &span) ||
      __builtin_add_overflow(span, 1, &span)) {
    return failure(status::size_overflow, kernel, "dilation",
                   "is too large: {} with a kernel of extent {} on spatial axis {} overflows", axis.dilation,
                   axis.kernel, number);
  }
  if (rule != padding::rule::given) {
    if (axis.input == 0) return {};  // ceil(0 / stride) outputs
    // the last output starts at (ceil(input / stride) - 1) stride, which is below input
    const index_t last = (axis.input - 1) / axis.stride * axis.stride;
    const index_t missing = span - (axis.input - last);
    const index_t total = missing > 0 ? missing : 0;
    before = rule == padding::rule::same ? total / 2 : total - total / 2;
    after = total - before;
  }
  index_t padded = 0;
  if (__builtin_add_overflow(axis.input, before, &padded) || __builtin_add_overflow(padded, after, &padded)) {
    return failure(status::size_overflow, kernel, "padding",
                   "is too large: {} and {} around an extent of {} on spatial axis {} overflow", before,
                   after, axis.input, number);
  }
  if (span > padded) {
    return failure(status::kernel_exceeds_input, kernel, weight.name,
                   "spans {} pixels on spatial axis {}, the padded image has {}", span, number, padded);
  }
  axis.before = before;
  axis.output = (padded - span) / axis.stride + 1;
  return {};
}

/// Makes the plan, and the shape of the output, from options, image and weight that are right by themselves.
constexpr check_result resolve_conv2d(const char* kernel, const argument& image, const argument& weight,
                                      const conv2d_options& options, conv2d_plan& plan,
                                      layout& output) noexcept {
  plan = {image_order(options), weight_order(options)};
  const auto x = [&](std::size_t axis) { return image.view.extents[plan.image[axis]]; };
  const auto w = [&](std::size_t axis) { return weight.view.extents[plan.weight[axis]]; };
  if (auto r = check_conv2d_channels(kernel, image, weight, x(3), w(0), w(3), options.groups); !r) return r;

  auto& [height, width, groups] = plan.geometry;
  height = {x(1), w(1), 0, options.stride[0], options.dilation[0], 0};
  width = {x(2), w(2), 0, options.stride[1], options.dilation[1], 0};
  groups = options.groups;
  const padding& pad = options.padding;
  if (auto r = resolve_conv2d_axis(kernel, weight, 0, pad.mode, pad.top, pad.bottom, height); !r) return r;
  if (auto r = resolve_conv2d_axis(kernel, weight, 1, pad.mode, pad.left, pad.right, width); !r) return r;

  output = {.rank = 4};
  output.extents[plan.image[0]] = x(0);
  output.extents[plan.image[1]] = height.output;
  output.extents[plan.image[2]] = width.output;
  output.extents[plan.image[3]] = w(0);
  return {};
}

/// Extents that no view has: where they are too many there are no strides to blame.
constexpr check_result check_bare_extents(const char* kernel, const argument& a) noexcept {
  const check_result r = check_extents(kernel, a.name, a.view);
  if (r.code != status::size_overflow) return r;
  const axes& extents = a.view.extents;
  return failure(status::size_overflow, kernel, a.name, "is too large: {} x {} x {} x {} elements overflow",
                 extents[0], extents[1], extents[2], extents[3]);
}

/// A tensor whose axes are four, or counted at run time.
template <class X>
concept may_have_4_axes = tensor_like<X> && requires(X&& x) {
  requires !decltype(as_tensor_view(static_cast<X&&>(x)))::has_static_rank ||
      decltype(as_tensor_view(static_cast<X&&>(x)))::rank_capacity == 4;
};

/// Extents without a view, and the extents of a view alone.
constexpr layout bare(const std::array<index_t, 4>& extents) noexcept {
  return {.rank = 4, .extents = {extents[0], extents[1], extents[2], extents[3]}};
}
template <may_have_4_axes X>
constexpr layout bare(X&& x) noexcept {
  const layout given = layout_of(as_tensor_view(x));
  return {.rank = given.rank, .extents = given.extents};
}

constexpr check_result conv2d_output_extents(const layout& input, const layout& weight,
                                             const conv2d_options& options,
                                             std::array<index_t, 4>& output) noexcept {
  constexpr const char* kernel = "conv2d_output_shape";
  const argument x{"input", input};
  const argument w{"weight", weight};
  argument y{"output"};
  conv2d_plan plan;
  if (auto r = check_conv2d_options(kernel, options); !r) return r;
  if (auto r = check_bare_extents(kernel, x); !r) return r;
  if (auto r = check_bare_extents(kernel, w); !r) return r;
  if (auto r = check_rank(kernel, x, 4); !r) return r;
  if (auto r = check_rank(kernel, w, 4); !r) return r;
  if (auto r = resolve_conv2d(kernel, x, w, options, plan, y.view); !r) return r;
  if (auto r = check_bare_extents(kernel, y); !r) return r;
  const axes& extents = y.view.extents;
  output = {extents[0], extents[1], extents[2], extents[3]};
  return {};
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CONV2D_HPP
#endif  // K754_CALL_CONV2D_GEOMETRY_HPP

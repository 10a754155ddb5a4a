/// conv2d: two-dimensional convolution (cross-correlation, as in every framework) with stride, dilation,
/// padding, groups and bias, and its gradients.
///
///     k754::conv2d(x, w, y);                                                        // y = x * w
///     k754::conv2d(x, w, bias, y, {.stride = {2, 2}, .padding = {1, 1, 1, 1}});
///     k754::conv2d(x, w, y, {.dilation = {3, 2}, .padding = k754::padding::same()});
///     k754::conv2d<k754::policy{.precision = k754::precision::exact}>(x, w, y);     // correctly rounded
///     const auto shape = k754::conv2d_output_shape(x.extents(), w.extents(), options);
///
/// Shapes      input [N, H, W, C], weight [O, KH, KW, C/groups], bias [O], output [N, OH, OW, O], where
///             OH = floor((H + top + bottom - (KH-1) dilation - 1) / stride) + 1. Filter o reads the channels
///             of group o / (O/groups). `layout` and `weight_layout` name the order of the axes; no result
///             depends on it (CV-27). Any element strides, negative and zero too; the output's must not make
///             two elements one.
/// Types       float, float16 and bfloat16 in any mixture; double alone; 8 to 64-bit integers in any mixture,
///             the output at least as wide as the input and the weight (int8 * int8 -> int32, CV-I8).
/// Result      A sum over (kh, kw, c), in the order and with the error bound of reference/dot_product.hpp.
///             float and 16 bits: f32 chains of 256 terms, an f64 total that starts at +0 and takes the bias
///             first, one rounding; within 257 u (sum|x w| + |bias|) + (K+1) 2^-150 of the exact value,
///             whatever K = KH KW C/groups is (CV-16). double: the same with a compensated total.
///             precision::fast: one chain. precision::exact: correctly rounded (not for double). Integers:
///             exact modulo 2^w of the output. A sum of zeros is +0 (CV-07); no channels give the bias or +0
///             (CV-11). No result depends on batch, layout, position or thread (CV-15). No Winograd, no FFT
///             (CV-06): a NaN or an infinity reaches the outputs that read it, and no others (CV-01, CV-02).
/// Padding     The padding is the number +0 and is multiplied, so that conv2d(pad(x)) is conv2d(x, padding),
///             and an infinite or NaN weight over it gives NaN (CV-03, CV-05); padded_taps::absent leaves
///             such taps out. same() is what TensorFlow does (CV-18).
/// Policy      subnormals, zero_times_inf (by_kernel: ieee), padded_taps, precision; for integers none.
/// Gradients   of sum(output * upstream): conv2d_backward_input [N, H, W, C], conv2d_backward_weight
///             [O, KH, KW, C/groups], conv2d_backward_bias [O]. The same arithmetic; the orders of the terms
///             are in reference/conv2d.hpp. padded_taps is read for the weight's alone.
/// Errors      rank_mismatch, invalid_option (stride, dilation or groups below 1, negative padding),
///             negative_extent, channel_mismatch, empty_reduction (a kernel of extent 0), size_overflow,
///             kernel_exceeds_input (CV-13), shape_mismatch, null_pointer, self_overlap, overlap (the result
///             must share no memory with an argument). Batch 0 and no filters are no errors: the output is
///             empty (CV-10, CV-12).
/// Cost        N OH OW O K multiply-adds, no scratch memory.
/// Sources     Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
#ifndef K754_CONV2D_HPP
#define K754_CONV2D_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>

#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/conv2d.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// The order of the axes of images: input, output, and their gradients.
enum class layout { nhwc, nchw };

/// The order of the axes of weights; `by_image` is ohwi for nhwc images and oihw for nchw images. hwio is
/// that of Keras.
enum class weight_layout { by_image, ohwi, oihw, hwio };

/// Zeros around the image: `{top, bottom, left, right}`, or a rule.
struct padding {
  enum class rule { given, same, same_lower };

  index_t top = 0, bottom = 0, left = 0, right = 0;
  rule mode = rule::given;

  /// None.
  K754_INLINE static constexpr padding valid() noexcept { return {}; }
  /// As much as makes the output ceil(input / stride) long; where that is odd, the odd one at the bottom and
  /// right: SAME of TensorFlow, SAME_UPPER of ONNX (CV-18).
  K754_INLINE static constexpr padding same() noexcept { return {0, 0, 0, 0, rule::same}; }
  /// The same with the odd one at the top and left.
  K754_INLINE static constexpr padding same_lower() noexcept { return {0, 0, 0, 0, rule::same_lower}; }

  friend constexpr bool operator==(const padding&, const padding&) = default;
};

struct conv2d_options {
  std::array<index_t, 2> stride = {1, 1};    ///< vertical, horizontal
  std::array<index_t, 2> dilation = {1, 1};  ///< the distance between taps; 1 means none
  k754::padding padding = {};
  index_t groups = 1;  ///< channels and filters fall into so many groups that do not meet; C for depthwise
  k754::layout layout = k754::layout::nhwc;
  k754::weight_layout weight_layout = k754::weight_layout::by_image;
};

namespace detail {

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

inline namespace K754_ABI {

/// Where a view of a given layout keeps the axes of [N, H, W, C] and [O, KH, KW, C/groups].
constexpr std::array<std::size_t, 4> image_axes(const conv2d_options& options) noexcept {
  if (options.layout == k754::layout::nchw) return {0, 2, 3, 1};
  return {0, 1, 2, 3};
}
constexpr std::array<std::size_t, 4> weight_axes(const conv2d_options& options) noexcept {
  const bool nchw = options.layout == k754::layout::nchw;
  switch (options.weight_layout) {
    case k754::weight_layout::ohwi:
      return {0, 1, 2, 3};
    case k754::weight_layout::oihw:
      return {0, 2, 3, 1};
    case k754::weight_layout::hwio:
      return {3, 0, 1, 2};
    case k754::weight_layout::by_image:
      break;
  }
  if (nchw) return {0, 2, 3, 1};
  return {0, 1, 2, 3};
}

/// The view with its axes in logical order.
template <class T>
constexpr tensor_view<T> in_logical_order(const tensor_view<T>& view,
                                          const std::array<std::size_t, 4>& axes) noexcept {
  return view.permuted({axes[0], axes[1], axes[2], axes[3]});
}

/// What a kernel calls its arguments.
struct conv2d_names {
  const char* kernel;
  const char* input;
  const char* weight;
  const char* output;
  const char* channels;  ///< completes the message of a channel mismatch
};

constexpr check_result check_conv2d_rank(const char* kernel, const char* argument, const layout& view,
                                         std::size_t rank) noexcept {
  if (view.rank == rank) return {};
  return failure(status::rank_mismatch, kernel, argument, "has {} axes, expected {}", view.rank, rank);
}

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

/// One spatial axis: the amount of padding and the extent of the output.
constexpr check_result resolve_conv2d_axis(const conv2d_names& names, index_t number, padding::rule rule,
                                           index_t before, index_t after,
                                           reference::conv2d_axis& axis) noexcept {
  if (axis.kernel == 0) {
    return failure(status::empty_reduction, names.kernel, names.weight,
                   "has extent 0 on spatial axis {}: there are no taps", number);
  }
  index_t span = 0;
  if (__builtin_mul_overflow(axis.kernel - 1, axis.dilation, &span) ||
      __builtin_add_overflow(span, 1, &span)) {
    return failure(status::size_overflow, names.kernel, "dilation",
                   "is too large: {} with a kernel of extent {} on spatial axis {} overflows", axis.dilation,
                   axis.kernel, number);
  }
  if (rule != padding::rule::given) {
    index_t total = 0;
    if (axis.input > 0) {
      // the last output starts at (ceil(input / stride) - 1) stride, which is below input
      const index_t last = (axis.input - 1) / axis.stride * axis.stride;
      total = span - (axis.input - last);
      if (total < 0) total = 0;
    }
    before = rule == padding::rule::same ? total / 2 : total - total / 2;
    after = total - before;
  }
  index_t padded = 0;
  if (__builtin_add_overflow(axis.input, before, &padded) || __builtin_add_overflow(padded, after, &padded)) {
    return failure(status::size_overflow, names.kernel, "padding",
                   "is too large: {} and {} around an extent of {} on spatial axis {} overflow", before,
                   after, axis.input, number);
  }
  if (span > padded) {
    return failure(status::kernel_exceeds_input, names.kernel, names.weight,
                   "spans {} pixels on spatial axis {}, the padded image has {}", span, number, padded);
  }
  axis.before = before;
  axis.output = (padded - span) / axis.stride + 1;
  return {};
}

/// Options and shapes of input and weight (extents in logical order) against each other.
constexpr check_result resolve_conv2d(const conv2d_names& names, const std::array<index_t, 4>& input,
                                      const std::array<index_t, 4>& weight, const conv2d_options& options,
                                      reference::conv2d_geometry& geometry) noexcept {
  const index_t channels = input[3], filters = weight[0], groups = options.groups;
  if (channels % groups != 0) {
    return failure(status::channel_mismatch, names.kernel, "groups",
                   "is {}, which does not divide {} input channels", groups, channels);
  }
  if (filters % groups != 0) {
    return failure(status::channel_mismatch, names.kernel, "groups",
                   "is {}, which does not divide {} filters", groups, filters);
  }
  if (weight[3] != channels / groups) {
    index_t expected = 0;
    if (__builtin_mul_overflow(weight[3], groups, &expected)) {
      return failure(status::channel_mismatch, names.kernel, names.weight,
                     "expects {} channels in each of {} groups, there are {} in all", weight[3], groups,
                     channels);
    }
    return failure(status::channel_mismatch, names.kernel, names.weight, names.channels, expected, channels);
  }
  geometry = {{input[1], weight[1], 0, options.stride[0], options.dilation[0], 0},
              {input[2], weight[2], 0, options.stride[1], options.dilation[1], 0},
              groups};
  const padding& pad = options.padding;
  if (auto r = resolve_conv2d_axis(names, 0, pad.mode, pad.top, pad.bottom, geometry.height); !r) return r;
  return resolve_conv2d_axis(names, 1, pad.mode, pad.left, pad.right, geometry.width);
}

constexpr std::array<index_t, 4> extents_in_order(const layout& view,
                                                  const std::array<std::size_t, 4>& axes) noexcept {
  return {view.extents[axes[0]], view.extents[axes[1]], view.extents[axes[2]], view.extents[axes[3]]};
}

/// The shape of the output, from shapes and options that were checked by themselves.
constexpr check_result expect_conv2d_output(const conv2d_names& names, const layout& input,
                                            const layout& weight, const conv2d_options& options,
                                            layout& expected) noexcept {
  const auto image = image_axes(options), filter = weight_axes(options);
  reference::conv2d_geometry geometry;
  if (auto r = resolve_conv2d(names, extents_in_order(input, image), extents_in_order(weight, filter),
                              options, geometry);
      !r) {
    return r;
  }
  expected = {};
  expected.rank = 4;
  expected.extents[image[0]] = input.extents[image[0]];
  expected.extents[image[1]] = geometry.height.output;
  expected.extents[image[2]] = geometry.width.output;
  expected.extents[image[3]] = weight.extents[filter[0]];
  return {};
}

/// Everything but memory. `bias` may be null.
constexpr check_result check_conv2d_shapes(const conv2d_names& names, const layout& input,
                                           const layout& weight, const layout* bias, const layout& output,
                                           const conv2d_options& options) noexcept {
  const char* const kernel = names.kernel;
  if (auto r = check_conv2d_rank(kernel, names.input, input, 4); !r) return r;
  if (auto r = check_conv2d_rank(kernel, names.weight, weight, 4); !r) return r;
  if (bias != nullptr) {
    if (auto r = check_conv2d_rank(kernel, "bias", *bias, 1); !r) return r;
  }
  if (auto r = check_conv2d_rank(kernel, names.output, output, 4); !r) return r;
  if (auto r = check_conv2d_options(kernel, options); !r) return r;
  if (auto r = check_extents(kernel, names.input, input); !r) return r;
  if (auto r = check_extents(kernel, names.weight, weight); !r) return r;
  if (bias != nullptr) {
    if (auto r = check_extents(kernel, "bias", *bias); !r) return r;
  }
  if (auto r = check_extents(kernel, names.output, output); !r) return r;

  layout expected;
  if (auto r = expect_conv2d_output(names, input, weight, options, expected); !r) return r;
  if (bias != nullptr) {
    layout expected_bias = *bias;
    expected_bias.extents[0] = weight.extents[weight_axes(options)[0]];
    if (auto r = check_shape(kernel, "bias", *bias, expected_bias); !r) return r;
  }
  return check_shape(kernel, names.output, output, expected);
}

/// An argument that the result must not share memory with; `text` completes the message.
struct conv2d_operand {
  const char* name;
  const char* text;
  const layout* view;
};

template <std::size_t Count>
constexpr check_result check_conv2d_memory(const char* kernel, const char* result_name, const layout& result,
                                           const std::array<conv2d_operand, Count>& operands) noexcept {
  for (const conv2d_operand& operand : operands) {
    if (auto r = check_data(kernel, operand.name, *operand.view); !r) return r;
  }
  if (auto r = check_data(kernel, result_name, result); !r) return r;
  if (auto r = check_no_self_overlap(kernel, result_name, result); !r) return r;
  for (const conv2d_operand& operand : operands) {
    if (auto r = check_sharing(kernel, result_name, operand.text, result, *operand.view, sharing::none); !r) {
      return r;
    }
  }
  return {};
}

// The four kernels on layouts.

constexpr check_result check_conv2d_forward(const layout& input, const layout& weight, const layout* bias,
                                            const layout& output, const conv2d_options& options) noexcept {
  constexpr conv2d_names names{"conv2d", "input", "weight", "output",
                               "expects {} input channels, input has {}"};
  if (auto r = check_conv2d_shapes(names, input, weight, bias, output, options); !r) return r;
  const layout nothing{.rank = 1};
  return check_conv2d_memory<3>(names.kernel, names.output, output,
                                {{{names.input, "shares memory with input", &input},
                                  {names.weight, "shares memory with weight", &weight},
                                  {"bias", "shares memory with bias", bias != nullptr ? bias : &nothing}}});
}

constexpr check_result check_conv2d_backward_input(const layout& weight, const layout& upstream,
                                                   const layout& dx, const conv2d_options& options) noexcept {
  constexpr conv2d_names names{"conv2d_backward_input", "dx", "weight", "upstream",
                               "expects {} input channels, dx has {}"};
  if (auto r = check_conv2d_shapes(names, dx, weight, nullptr, upstream, options); !r) return r;
  return check_conv2d_memory<2>(names.kernel, names.input, dx,
                                {{{names.weight, "shares memory with weight", &weight},
                                  {names.output, "shares memory with upstream", &upstream}}});
}

constexpr check_result check_conv2d_backward_weight(const layout& input, const layout& upstream,
                                                    const layout& dw,
                                                    const conv2d_options& options) noexcept {
  constexpr conv2d_names names{"conv2d_backward_weight", "input", "dw", "upstream",
                               "expects {} input channels, input has {}"};
  if (auto r = check_conv2d_shapes(names, input, dw, nullptr, upstream, options); !r) return r;
  return check_conv2d_memory<2>(names.kernel, names.weight, dw,
                                {{{names.input, "shares memory with input", &input},
                                  {names.output, "shares memory with upstream", &upstream}}});
}

constexpr check_result check_conv2d_backward_bias(const layout& upstream, const layout& db,
                                                  const conv2d_options& options) noexcept {
  constexpr const char* kernel = "conv2d_backward_bias";
  if (auto r = check_conv2d_rank(kernel, "upstream", upstream, 4); !r) return r;
  if (auto r = check_conv2d_rank(kernel, "db", db, 1); !r) return r;
  if (auto r = check_extents(kernel, "upstream", upstream); !r) return r;
  if (auto r = check_extents(kernel, "db", db); !r) return r;
  layout expected = db;
  expected.extents[0] = upstream.extents[image_axes(options)[3]];
  if (auto r = check_shape(kernel, "db", db, expected); !r) return r;
  return check_conv2d_memory<1>(kernel, "db", db, {{{"upstream", "shares memory with upstream", &upstream}}});
}

// ... and after the checks, on views in logical order: all elements of the result.

template <class Input, class Weight>
reference::conv2d_geometry conv2d_geometry_of(const Input& x, const Weight& w,
                                              const conv2d_options& options) noexcept {
  reference::conv2d_geometry geometry;
  (void)resolve_conv2d({}, {x.extent(0), x.extent(1), x.extent(2), x.extent(3)},
                       {w.extent(0), w.extent(1), w.extent(2), w.extent(3)}, options, geometry);
  return geometry;
}

template <policy P, class Input, class Weight, class Bias, class Output, class Executor>
check_result compute_conv2d_forward(const Input& input, const Weight& weight,
                                    const tensor_view<const Bias>& bias, const Output& output,
                                    const conv2d_options& options, Executor& ex) {
  constexpr policy read = conv2d_policy<typename Output::value_type>(P, conv2d_part::forward);
  const auto x = in_logical_order(input, image_axes(options));
  const auto w = in_logical_order(weight, weight_axes(options));
  const auto y = in_logical_order(output, image_axes(options));
  const auto geometry = conv2d_geometry_of(x, w, options);
  run_guarded(
      ex, y.size(), grain_for(w.extent(1) * w.extent(2) * w.extent(3)), [&](index_t begin, index_t end) {
        reference::conv2d_forward<read>(geometry, x, w, bias.data_handle(), bias.stride(0), y, begin, end);
      });
  return {};
}

template <policy P, class Weight, class Upstream, class Gradient, class Executor>
check_result compute_conv2d_backward_input(const Weight& weight, const Upstream& upstream,
                                           const Gradient& gradient, const conv2d_options& options,
                                           Executor& ex) {
  constexpr policy read = conv2d_policy<typename Gradient::value_type>(P, conv2d_part::backward_input);
  const auto w = in_logical_order(weight, weight_axes(options));
  const auto u = in_logical_order(upstream, image_axes(options));
  const auto dx = in_logical_order(gradient, image_axes(options));
  const auto geometry = conv2d_geometry_of(dx, w, options);
  run_guarded(ex, dx.size(), grain_for(w.extent(1) * w.extent(2) * w.extent(0)),
              [&](index_t begin, index_t end) {
                reference::conv2d_backward_input<read>(geometry, w, u, dx, begin, end);
              });
  return {};
}

template <policy P, class Input, class Upstream, class Gradient, class Executor>
check_result compute_conv2d_backward_weight(const Input& input, const Upstream& upstream,
                                            const Gradient& gradient, const conv2d_options& options,
                                            Executor& ex) {
  constexpr policy read = conv2d_policy<typename Gradient::value_type>(P, conv2d_part::backward_weight);
  const auto x = in_logical_order(input, image_axes(options));
  const auto u = in_logical_order(upstream, image_axes(options));
  const auto dw = in_logical_order(gradient, weight_axes(options));
  const auto geometry = conv2d_geometry_of(x, dw, options);
  run_guarded(ex, dw.size(), grain_for(u.extent(0) * u.extent(1) * u.extent(2)),
              [&](index_t begin, index_t end) {
                reference::conv2d_backward_weight<read>(geometry, x, u, dw, begin, end);
              });
  return {};
}

template <policy P, class Upstream, class Gradient, class Executor>
check_result compute_conv2d_backward_bias(const Upstream& upstream, const Gradient& db,
                                          const conv2d_options& options, Executor& ex) {
  constexpr policy read = conv2d_policy<typename Gradient::value_type>(P, conv2d_part::backward_bias);
  const auto u = in_logical_order(upstream, image_axes(options));
  run_guarded(ex, db.size(), grain_for(u.extent(0) * u.extent(1) * u.extent(2)),
              [&](index_t begin, index_t end) { reference::conv2d_backward_bias<read>(u, db, begin, end); });
  return {};
}

constexpr check_result conv2d_output_extents(const std::array<index_t, 4>& input,
                                             const std::array<index_t, 4>& weight,
                                             const conv2d_options& options,
                                             std::array<index_t, 4>& output) noexcept {
  constexpr conv2d_names names{"conv2d_output_shape", "input", "weight", "output",
                               "expects {} input channels, input has {}"};
  const layout x{.rank = 4, .extents = {input[0], input[1], input[2], input[3]}};
  const layout w{.rank = 4, .extents = {weight[0], weight[1], weight[2], weight[3]}};
  layout y;
  if (auto r = check_conv2d_options(names.kernel, options); !r) return r;
  if (auto r = check_extents(names.kernel, names.input, x); !r) return r;
  if (auto r = check_extents(names.kernel, names.weight, w); !r) return r;
  if (auto r = expect_conv2d_output(names, x, w, options, y); !r) return r;
  if (auto r = check_extents(names.kernel, names.output, y); !r) return r;
  output = {y.extents[0], y.extents[1], y.extents[2], y.extents[3]};
  return {};
}

/// A view without elements, for the bias that is not there.
template <class Output>
using no_conv2d_bias = tensor_view<const element_of<Output>>;

}  // namespace K754_ABI
}  // namespace detail

inline namespace K754_ABI {

/// Whether conv2d would take an input and a weight of these extents, in the orders of axes that `options`
/// name. Strides and memory are not looked at.
constexpr check_result check_conv2d_output_shape(const std::array<index_t, 4>& input,
                                                 const std::array<index_t, 4>& weight,
                                                 const conv2d_options& options = {}) noexcept {
  std::array<index_t, 4> output{};
  return detail::conv2d_output_extents(input, weight, options, output);
}

/// The extents of the output for an input and a weight of these extents; nothing where conv2d would refuse
/// them.
constexpr std::optional<std::array<index_t, 4>> conv2d_output_shape(
    const std::array<index_t, 4>& input, const std::array<index_t, 4>& weight,
    const conv2d_options& options = {}) noexcept {
  std::array<index_t, 4> output{};
  if (!detail::conv2d_output_extents(input, weight, options, output)) return std::nullopt;
  return output;
}

/// Whether these arguments would be accepted; shapes and options only, where evaluated at compile time.
template <policy P = policy{}, tensor_like Input, tensor_like Weight, detail::output_like Output>
constexpr check_result check_conv2d(Input&& input, Weight&& weight, Output&& output,
                                    const conv2d_options& options = {}) noexcept {
  detail::check_conv2d_types<P, detail::element_of<Output>, detail::element_of<Input>,
                             detail::element_of<Weight>>();
  return detail::check_conv2d_forward(detail::layout_of(detail::input_view(input)),
                                      detail::layout_of(detail::input_view(weight)), nullptr,
                                      detail::layout_of(detail::output_view(output)), options);
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, tensor_like Bias,
          detail::output_like Output>
constexpr check_result check_conv2d(Input&& input, Weight&& weight, Bias&& bias, Output&& output,
                                    const conv2d_options& options = {}) noexcept {
  detail::check_conv2d_types<P, detail::element_of<Output>, detail::element_of<Input>,
                             detail::element_of<Weight>>();
  static_assert(detail::one_conv2d_family<detail::element_of<Output>, detail::element_of<Bias>>,
                "k754 conv2d: the bias must be of the same kind as the output");
  const detail::layout bias_layout = detail::layout_of(detail::input_view(bias));
  return detail::check_conv2d_forward(detail::layout_of(detail::input_view(input)),
                                      detail::layout_of(detail::input_view(weight)), &bias_layout,
                                      detail::layout_of(detail::output_view(output)), options);
}
template <policy P = policy{}, tensor_like Weight, tensor_like Upstream, detail::output_like Gradient>
constexpr check_result check_conv2d_backward_input(Weight&& weight, Upstream&& upstream, Gradient&& dx,
                                                   const conv2d_options& options = {}) noexcept {
  detail::check_conv2d_types<P, detail::element_of<Gradient>, detail::element_of<Weight>,
                             detail::element_of<Upstream>>();
  return detail::check_conv2d_backward_input(detail::layout_of(detail::input_view(weight)),
                                             detail::layout_of(detail::input_view(upstream)),
                                             detail::layout_of(detail::output_view(dx)), options);
}
template <policy P = policy{}, tensor_like Input, tensor_like Upstream, detail::output_like Gradient>
constexpr check_result check_conv2d_backward_weight(Input&& input, Upstream&& upstream, Gradient&& dw,
                                                    const conv2d_options& options = {}) noexcept {
  detail::check_conv2d_types<P, detail::element_of<Gradient>, detail::element_of<Input>,
                             detail::element_of<Upstream>>();
  return detail::check_conv2d_backward_weight(detail::layout_of(detail::input_view(input)),
                                              detail::layout_of(detail::input_view(upstream)),
                                              detail::layout_of(detail::output_view(dw)), options);
}
template <policy P = policy{}, tensor_like Upstream, detail::output_like Gradient>
constexpr check_result check_conv2d_backward_bias(Upstream&& upstream, Gradient&& db,
                                                  const conv2d_options& options = {}) noexcept {
  detail::check_conv2d_types<P, detail::element_of<Gradient>, detail::element_of<Upstream>>();
  return detail::check_conv2d_backward_bias(detail::layout_of(detail::input_view(upstream)),
                                            detail::layout_of(detail::output_view(db)), options);
}

/// Writes the convolution of `input` [N, H, W, C] with `weight` [O, KH, KW, C/groups] to `output` [N, OH, OW,
/// O].
template <policy P = policy{}, tensor_like Input, tensor_like Weight, detail::output_like Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d(Input&& input, Weight&& weight, Output&& output,
                                const conv2d_options& options = {}, Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_conv2d<P>(input, weight, output, options), [&] {
    return detail::compute_conv2d_forward<P>(detail::input_view(input), detail::input_view(weight),
                                             detail::no_conv2d_bias<Output>{}, detail::output_view(output),
                                             options, ex);
  });
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, detail::output_like Output,
          executor Executor = serial_executor>
void conv2d(Input&& input, Weight&& weight, Output&& output, const conv2d_options& options = {},
            Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_conv2d");
  detail::run_throwing(check_conv2d<P>(input, weight, output, options), [&] {
    return detail::compute_conv2d_forward<P>(detail::input_view(input), detail::input_view(weight),
                                             detail::no_conv2d_bias<Output>{}, detail::output_view(output),
                                             options, ex);
  });
}

/// The same plus `bias` [O].
template <policy P = policy{}, tensor_like Input, tensor_like Weight, tensor_like Bias,
          detail::output_like Output, executor Executor = serial_executor>
[[nodiscard]] status try_conv2d(Input&& input, Weight&& weight, Bias&& bias, Output&& output,
                                const conv2d_options& options = {}, Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_conv2d<P>(input, weight, bias, output, options), [&] {
    return detail::compute_conv2d_forward<P>(detail::input_view(input), detail::input_view(weight),
                                             detail::input_view(bias), detail::output_view(output), options,
                                             ex);
  });
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, tensor_like Bias,
          detail::output_like Output, executor Executor = serial_executor>
void conv2d(Input&& input, Weight&& weight, Bias&& bias, Output&& output, const conv2d_options& options = {},
            Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_conv2d");
  detail::run_throwing(check_conv2d<P>(input, weight, bias, output, options), [&] {
    return detail::compute_conv2d_forward<P>(detail::input_view(input), detail::input_view(weight),
                                             detail::input_view(bias), detail::output_view(output), options,
                                             ex);
  });
}

/// Writes the gradient of sum(output * upstream) with respect to the input to `dx` [N, H, W, C].
template <policy P = policy{}, tensor_like Weight, tensor_like Upstream, detail::output_like Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d_backward_input(Weight&& weight, Upstream&& upstream, Gradient&& dx,
                                               const conv2d_options& options = {},
                                               Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_conv2d_backward_input<P>(weight, upstream, dx, options), [&] {
    return detail::compute_conv2d_backward_input<P>(detail::input_view(weight), detail::input_view(upstream),
                                                    detail::output_view(dx), options, ex);
  });
}
template <policy P = policy{}, tensor_like Weight, tensor_like Upstream, detail::output_like Gradient,
          executor Executor = serial_executor>
void conv2d_backward_input(Weight&& weight, Upstream&& upstream, Gradient&& dx,
                           const conv2d_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Weight>,
                "k754: exceptions are off in this unit; call try_conv2d_backward_input");
  detail::run_throwing(check_conv2d_backward_input<P>(weight, upstream, dx, options), [&] {
    return detail::compute_conv2d_backward_input<P>(detail::input_view(weight), detail::input_view(upstream),
                                                    detail::output_view(dx), options, ex);
  });
}

/// Writes the gradient with respect to the weight to `dw` [O, KH, KW, C/groups].
template <policy P = policy{}, tensor_like Input, tensor_like Upstream, detail::output_like Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d_backward_weight(Input&& input, Upstream&& upstream, Gradient&& dw,
                                                const conv2d_options& options = {},
                                                Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_conv2d_backward_weight<P>(input, upstream, dw, options), [&] {
    return detail::compute_conv2d_backward_weight<P>(detail::input_view(input), detail::input_view(upstream),
                                                     detail::output_view(dw), options, ex);
  });
}
template <policy P = policy{}, tensor_like Input, tensor_like Upstream, detail::output_like Gradient,
          executor Executor = serial_executor>
void conv2d_backward_weight(Input&& input, Upstream&& upstream, Gradient&& dw,
                            const conv2d_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_conv2d_backward_weight");
  detail::run_throwing(check_conv2d_backward_weight<P>(input, upstream, dw, options), [&] {
    return detail::compute_conv2d_backward_weight<P>(detail::input_view(input), detail::input_view(upstream),
                                                     detail::output_view(dw), options, ex);
  });
}

/// Writes the gradient with respect to the bias to `db` [O]. Of `options` only the layout is read.
template <policy P = policy{}, tensor_like Upstream, detail::output_like Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d_backward_bias(Upstream&& upstream, Gradient&& db,
                                              const conv2d_options& options = {},
                                              Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_conv2d_backward_bias<P>(upstream, db, options), [&] {
    return detail::compute_conv2d_backward_bias<P>(detail::input_view(upstream), detail::output_view(db),
                                                   options, ex);
  });
}
template <policy P = policy{}, tensor_like Upstream, detail::output_like Gradient,
          executor Executor = serial_executor>
void conv2d_backward_bias(Upstream&& upstream, Gradient&& db, const conv2d_options& options = {},
                          Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Upstream>,
                "k754: exceptions are off in this unit; call try_conv2d_backward_bias");
  detail::run_throwing(check_conv2d_backward_bias<P>(upstream, db, options), [&] {
    return detail::compute_conv2d_backward_bias<P>(detail::input_view(upstream), detail::output_view(db),
                                                   options, ex);
  });
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_CONV2D_HPP

/// conv2d: two-dimensional convolution (cross-correlation, as in every framework) with stride, dilation,
/// padding, groups and bias, and its gradients.
///
///     k754::conv2d(x, w, y);                                                        // y = x * w
///     k754::conv2d(x, w, bias, y, {.stride = 2, .padding = 1});                     // both axes, all sides
///     k754::conv2d(x, w, y, {.dilation = {3, 2}, .padding = k754::padding::same()});
///     k754::conv2d<k754::policy{.precision = k754::precision::exact}>(x, w, y);     // correctly rounded
///     const auto shape = k754::conv2d_output_shape(x, w, options);                  // or of their extents
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
/// Errors      invalid_option (stride, dilation or groups below 1, negative padding), negative_extent, size_overflow,
///             rank_mismatch, channel_mismatch, empty_reduction (a kernel of extent 0), kernel_exceeds_input (CV-13),
///             shape_mismatch, null_pointer, self_overlap, overlap (the result must share no memory with an
///             argument). Batch 0, no filters, and an empty image under same() are no errors: the output is empty
///             (CV-10, CV-12, CV-13d).
/// Cost        N OH OW O K multiply-adds, less those of padded taps; no scratch memory but 36 KiB of stack. On vectors: conv2d
///             of float, float16 or bfloat16 in all tensors, under precision::accurate and precision::fast, unless the policy
///             flushes subnormals or has a rule for zero times infinity; what else there is, is the definition in scalar code.
///             Weights of float whose filters are adjacent (hwio) are read in place, others copied to the stack again and
///             again: conv2d_packed.hpp has them copied once.
/// Sources     Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
#ifndef K754_CONV2D_HPP
#define K754_CONV2D_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>

#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// The order of the axes of images: input, output, and their gradients.
enum class image_layout { nhwc, nchw };

/// The order of the axes of weights; `by_image` is ohwi for nhwc images and oihw for nchw images. hwio is
/// that of Keras.
enum class weight_layout { by_image, ohwi, oihw, hwio };

/// One number for both spatial axes, or `{vertical, horizontal}`.
class per_axis {
 public:
  K754_INLINE constexpr per_axis(std::integral auto both) noexcept : per_axis(both, both) {}
  K754_INLINE constexpr per_axis(std::integral auto vertical, std::integral auto horizontal) noexcept
      : numbers_{static_cast<index_t>(vertical), static_cast<index_t>(horizontal)} {}
  K754_INLINE constexpr per_axis(const std::array<index_t, 2>& numbers) noexcept : numbers_(numbers) {}

  K754_INLINE constexpr index_t& operator[](std::size_t axis) noexcept { return numbers_[axis]; }
  K754_INLINE constexpr index_t operator[](std::size_t axis) const noexcept { return numbers_[axis]; }

  friend constexpr bool operator==(const per_axis&, const per_axis&) = default;

 private:
  std::array<index_t, 2> numbers_;
};

/// Zeros around the image: one number for all sides, `{vertical, horizontal}`, `{top, bottom, left, right}`, or a rule.
struct padding {
  enum class rule { given, same, same_lower };

  index_t top = 0, bottom = 0, left = 0, right = 0;
  rule mode = rule::given;

  K754_INLINE constexpr padding() noexcept = default;
  K754_INLINE constexpr padding(std::integral auto all) noexcept : padding(all, all, all, all) {}
  K754_INLINE constexpr padding(std::integral auto vertical, std::integral auto horizontal) noexcept
      : padding(vertical, vertical, horizontal, horizontal) {}
  K754_INLINE constexpr padding(std::integral auto above, std::integral auto below, std::integral auto before,
                                std::integral auto after) noexcept
      : top(static_cast<index_t>(above)),
        bottom(static_cast<index_t>(below)),
        left(static_cast<index_t>(before)),
        right(static_cast<index_t>(after)) {}

  /// None.
  K754_INLINE static constexpr padding valid() noexcept { return {}; }
  /// As much as makes the output ceil(input / stride) long; where that is odd, the odd one at the bottom and
  /// right: SAME of TensorFlow, SAME_UPPER of ONNX (CV-18).
  K754_INLINE static constexpr padding same() noexcept { return by(rule::same); }
  /// The same with the odd one at the top and left.
  K754_INLINE static constexpr padding same_lower() noexcept { return by(rule::same_lower); }

  friend constexpr bool operator==(const padding&, const padding&) = default;

 private:
  K754_INLINE static constexpr padding by(rule how) noexcept {
    padding result;
    result.mode = how;
    return result;
  }
};

struct conv2d_options {
  per_axis stride = 1;
  per_axis dilation = 1;  ///< the distance between taps; 1 means none
  k754::padding padding = {};
  index_t groups = 1;  ///< channels and filters fall into so many groups that do not meet; C for depthwise
  image_layout layout = image_layout::nhwc;
  k754::weight_layout weight_layout = k754::weight_layout::by_image;
};

}  // namespace k754

#include "call/conv2d.hpp"

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Whether conv2d would take an input and a weight of these extents, in the orders of axes that `options`
/// name. Strides and memory are not looked at.
constexpr check_result check_conv2d_output_shape(const std::array<index_t, 4>& input,
                                                 const std::array<index_t, 4>& weight,
                                                 const conv2d_options& options = {}) noexcept {
  std::array<index_t, 4> output{};
  return detail::conv2d_output_extents(detail::bare(input), detail::bare(weight), options, output);
}
template <detail::may_have_4_axes Input, detail::may_have_4_axes Weight>
constexpr check_result check_conv2d_output_shape(Input&& input, Weight&& weight,
                                                 const conv2d_options& options = {}) noexcept {
  std::array<index_t, 4> output{};
  return detail::conv2d_output_extents(detail::bare(input), detail::bare(weight), options, output);
}

/// The extents of the output for an input and a weight of these extents; nothing where conv2d would refuse
/// them.
constexpr std::optional<std::array<index_t, 4>> conv2d_output_shape(
    const std::array<index_t, 4>& input, const std::array<index_t, 4>& weight,
    const conv2d_options& options = {}) noexcept {
  std::array<index_t, 4> output{};
  if (!detail::conv2d_output_extents(detail::bare(input), detail::bare(weight), options, output)) return {};
  return output;
}
template <detail::may_have_4_axes Input, detail::may_have_4_axes Weight>
constexpr std::optional<std::array<index_t, 4>> conv2d_output_shape(
    Input&& input, Weight&& weight, const conv2d_options& options = {}) noexcept {
  std::array<index_t, 4> output{};
  if (!detail::conv2d_output_extents(detail::bare(input), detail::bare(weight), options, output)) return {};
  return output;
}

/// Writes the convolution of `input` [N, H, W, C] with `weight` [O, KH, KW, C/groups] to `output` [N, OH, OW, O].
/// The check says whether these arguments would be accepted; at compile time it looks at shapes and options only.
template <policy P = policy{}, tensor_like Input, tensor_like Weight, detail::conv2d_output Output>
constexpr check_result check_conv2d(Input&& input, Weight&& weight, Output&& output,
                                    const conv2d_options& options = {}) noexcept {
  return detail::checked(detail::conv2d_call<P>(input, weight, output, options));
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, detail::conv2d_output Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d(Input&& input, Weight&& weight, Output&& output,
                                const conv2d_options& options = {}, Executor&& ex = {}) noexcept {
  return detail::try_call(detail::conv2d_call<P>(input, weight, output, options), ex);
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, detail::conv2d_output Output,
          executor Executor = serial_executor>
void conv2d(Input&& input, Weight&& weight, Output&& output, const conv2d_options& options = {},
            Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_conv2d");
  detail::call_or_throw(detail::conv2d_call<P>(input, weight, output, options), ex);
}

/// The same plus `bias` [O].
template <policy P = policy{}, tensor_like Input, tensor_like Weight, tensor_like Bias,
          detail::conv2d_output Output>
constexpr check_result check_conv2d(Input&& input, Weight&& weight, Bias&& bias, Output&& output,
                                    const conv2d_options& options = {}) noexcept {
  return detail::checked(detail::conv2d_call<P>(input, weight, bias, output, options));
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, tensor_like Bias,
          detail::conv2d_output Output, executor Executor = serial_executor>
[[nodiscard]] status try_conv2d(Input&& input, Weight&& weight, Bias&& bias, Output&& output,
                                const conv2d_options& options = {}, Executor&& ex = {}) noexcept {
  return detail::try_call(detail::conv2d_call<P>(input, weight, bias, output, options), ex);
}
template <policy P = policy{}, tensor_like Input, tensor_like Weight, tensor_like Bias,
          detail::conv2d_output Output, executor Executor = serial_executor>
void conv2d(Input&& input, Weight&& weight, Bias&& bias, Output&& output, const conv2d_options& options = {},
            Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_conv2d");
  detail::call_or_throw(detail::conv2d_call<P>(input, weight, bias, output, options), ex);
}

/// Writes the gradient of sum(output * upstream) with respect to the input to `dx` [N, H, W, C].
template <policy P = policy{}, tensor_like Weight, tensor_like Upstream, detail::conv2d_output Gradient>
constexpr check_result check_conv2d_backward_input(Weight&& weight, Upstream&& upstream, Gradient&& dx,
                                                   const conv2d_options& options = {}) noexcept {
  return detail::checked(detail::conv2d_backward_input_call<P>(weight, upstream, dx, options));
}
template <policy P = policy{}, tensor_like Weight, tensor_like Upstream, detail::conv2d_output Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d_backward_input(Weight&& weight, Upstream&& upstream, Gradient&& dx,
                                               const conv2d_options& options = {},
                                               Executor&& ex = {}) noexcept {
  return detail::try_call(detail::conv2d_backward_input_call<P>(weight, upstream, dx, options), ex);
}
template <policy P = policy{}, tensor_like Weight, tensor_like Upstream, detail::conv2d_output Gradient,
          executor Executor = serial_executor>
void conv2d_backward_input(Weight&& weight, Upstream&& upstream, Gradient&& dx,
                           const conv2d_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Weight>,
                "k754: exceptions are off in this unit; call try_conv2d_backward_input");
  detail::call_or_throw(detail::conv2d_backward_input_call<P>(weight, upstream, dx, options), ex);
}

/// Writes the gradient with respect to the weight to `dw` [O, KH, KW, C/groups].
template <policy P = policy{}, tensor_like Input, tensor_like Upstream, detail::conv2d_output Gradient>
constexpr check_result check_conv2d_backward_weight(Input&& input, Upstream&& upstream, Gradient&& dw,
                                                    const conv2d_options& options = {}) noexcept {
  return detail::checked(detail::conv2d_backward_weight_call<P>(input, upstream, dw, options));
}
template <policy P = policy{}, tensor_like Input, tensor_like Upstream, detail::conv2d_output Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d_backward_weight(Input&& input, Upstream&& upstream, Gradient&& dw,
                                                const conv2d_options& options = {},
                                                Executor&& ex = {}) noexcept {
  return detail::try_call(detail::conv2d_backward_weight_call<P>(input, upstream, dw, options), ex);
}
template <policy P = policy{}, tensor_like Input, tensor_like Upstream, detail::conv2d_output Gradient,
          executor Executor = serial_executor>
void conv2d_backward_weight(Input&& input, Upstream&& upstream, Gradient&& dw,
                            const conv2d_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_conv2d_backward_weight");
  detail::call_or_throw(detail::conv2d_backward_weight_call<P>(input, upstream, dw, options), ex);
}

/// Writes the gradient with respect to the bias to `db` [O]. Of `options` only the layout is read.
template <policy P = policy{}, tensor_like Upstream, detail::conv2d_output Gradient>
constexpr check_result check_conv2d_backward_bias(Upstream&& upstream, Gradient&& db,
                                                  const conv2d_options& options = {}) noexcept {
  return detail::checked(detail::conv2d_backward_bias_call<P>(upstream, db, options));
}
template <policy P = policy{}, tensor_like Upstream, detail::conv2d_output Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_conv2d_backward_bias(Upstream&& upstream, Gradient&& db,
                                              const conv2d_options& options = {},
                                              Executor&& ex = {}) noexcept {
  return detail::try_call(detail::conv2d_backward_bias_call<P>(upstream, db, options), ex);
}
template <policy P = policy{}, tensor_like Upstream, detail::conv2d_output Gradient,
          executor Executor = serial_executor>
void conv2d_backward_bias(Upstream&& upstream, Gradient&& db, const conv2d_options& options = {},
                          Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Upstream>,
                "k754: exceptions are off in this unit; call try_conv2d_backward_bias");
  detail::call_or_throw(detail::conv2d_backward_bias_call<P>(upstream, db, options), ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_CONV2D_HPP

/// softmax, log_softmax and logsumexp along one axis, their masked forms, and the gradients.
///
///     k754::softmax(scores, probabilities);                                   // rows along the last axis
///     k754::log_softmax(logits, log_p, {.axis = 1});                          // [N, C, H, W]
///     k754::logsumexp(logits, lse, {.axis = 1, .keepdims = true});            // [N, C] -> [N, 1]
///     float lse = k754::logsumexp(row);                                       // one row
///     k754::masked_softmax(scores, mask, weights);                            // [B, H, Q, K], [B, 1, 1, K]
///     k754::softmax<k754::policy{.zero_mass = k754::zero_mass::zero}>(x, x);  // in place
///     k754::softmax_backward(probabilities, upstream, gradient);
///
/// Shapes      input [d0, ..., d(r-1)], r in 1..8; output the same, for logsumexp without axis `axis` or with
///             extent 1 there (`keepdims`). Masks broadcast to the input's shape by NumPy's rules. Any
///             element strides, negative and zero too; an output's must not make two elements one.
/// Types       float, double, float16, bfloat16, and types stored as these; one type for all but masks, which
///             are bool: any nonzero byte is true, the element is present.
/// Result      softmax and log_softmax are at most 0.5001 ULP from the exact value (float16 0.5005; double
///             1.6 and 1.0) in rows up to 2^20, with gradual underflow (SM-12), whatever the spread of the
///             row: a log-probability of -2e-9 is not 0 (LS-10, LS-11). logsumexp the same and, where max x
///             and the logarithm of the rest cancel, 2^-46 (double: 2^-50) of the sum of their magnitudes
///             (LS-23). Log-probabilities are never above 0 (LS-06); what rounds to zero is +0 (LS-12). The
///             same bits at every length, position, rank, stride and thread, alone or in a batch (SM-18),
///             under FTZ/DAZ (SM-13), and for a shifted row where the shift is exact (SM-20).
/// Special     A NaN makes its row NaN (SM-04, LS-07). A row of -inf is 0/0: NaN, or by zero_mass (SM-01,
///             LS-01). With a +inf the row is NaN, or by pos_inf (SM-02, SM-03, LS-02). logsumexp of these is
///             -inf and +inf and needs no rule (LS-20). In a row of no elements there is nothing to write
///             (SM-11); its logsumexp is -inf (LS-08).
/// Masks       Masked-out elements are absent: not read, softmax +0, log_softmax -inf (SM-14, LS-03b). A row
///             with no element present is 0, log -inf, or by fully_masked (SM-15, LS-01d); logsumexp -inf
///             (LS-25b).
/// Gradients   softmax: y_i (g_i - sum g_j y_j). log_softmax: g_i - exp(y_i) sum g_j. y is the output, in
///             [0, 1] or at most 0 (a log-probability above 0 counts as 0), g the upstream gradient. At most
///             0.5001 ULP (double 1.0) plus 2^-46 (double 2^-50) of the sum of the magnitudes of these terms.
///             What is not finite follows IEEE 754: 0 * inf is NaN (SM-16, SM-17, LS-09). Masked-out elements
///             get +0; their output and upstream gradient are not read.
/// Policy      subnormals, zero_mass, pos_inf; masked forms fully_masked too; logsumexp and gradients only
///             subnormals. precision::accurate is the one tier in this version.
/// Errors      axis_out_of_range, rank_mismatch, shape_mismatch, negative_extent, size_overflow,
///             null_pointer, self_overlap, overlap. An output may be exactly an input of its shape (in
///             place; for gradients the output or the upstream gradient); otherwise it must share no memory
///             with an argument.
/// Cost        Three passes over each row (maximum, sum, results), no scratch memory: exponentials are
///             computed twice. Gradients two passes, in double three.
/// Source      reference/softmax.hpp and reference/row_mass.hpp define the arithmetic and name their sources.
#ifndef K754_SOFTMAX_HPP
#define K754_SOFTMAX_HPP

#include <array>
#include <concepts>
#include <cstddef>

#include "detail/broadcast.hpp"
#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/softmax.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

struct softmax_options {
  index_t axis = -1;  ///< the axis along which a row lies; negative counts from the end
};

struct logsumexp_options {
  index_t axis = -1;      ///< the axis that is summed over; negative counts from the end
  bool keepdims = false;  ///< keep that axis in the output, with extent 1
};

namespace detail {

template <class X>
concept softmax_input = tensor_like<X> && floating<element_of<X>>;
template <class X, class Input>
concept softmax_input_like = tensor_like<X> && std::same_as<element_of<X>, element_of<Input>>;
template <class X, class Input>
concept softmax_output = output_like<X> && softmax_input_like<X, Input>;
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

/// The shapes of one call of any kernel of the family. `input` is the output of the function where the
/// kernel is a gradient; `upstream` and `mask` count where the kernel has them.
struct row_shapes {
  row_kernel kernel;
  bool masked;
  layout input, upstream, mask, result;
  index_t axis_option;
  bool keepdims;

  constexpr bool backward() const noexcept {
    return kernel == row_kernel::softmax_backward || kernel == row_kernel::log_softmax_backward;
  }
  constexpr bool reduces() const noexcept { return kernel == row_kernel::logsumexp; }

  constexpr check_result check() const noexcept {
    const char* const name = row_kernel_name(kernel, masked);
    const char* const input_name = backward() ? "output" : "input";
    const char* const result_name = backward() ? "gradient" : "output";
    std::size_t axis = 0;
    if (auto r = check_extents(name, input_name, input); !r) return r;
    if (backward()) {
      if (auto r = check_extents(name, "upstream", upstream); !r) return r;
    }
    if (masked) {
      if (auto r = check_extents(name, "mask", mask); !r) return r;
    }
    if (auto r = check_extents(name, result_name, result); !r) return r;
    if (auto r = check_axis(name, "axis", axis_option, input.rank, axis); !r) return r;

    if (backward()) {
      if (auto r = check_shape(name, "upstream", upstream, input); !r) return r;
    }
    if (masked) {
      if (auto r = check_broadcasts_to(name, "mask", mask, input); !r) return r;
    }
    layout expected = reduces() && !keepdims ? without_axis(input, axis) : input;
    if (reduces() && keepdims) expected.extents[axis] = 1;
    if (auto r = check_shape(name, result_name, result, expected); !r) return r;

    if (auto r = check_data(name, input_name, input); !r) return r;
    if (backward()) {
      if (auto r = check_data(name, "upstream", upstream); !r) return r;
    }
    if (masked) {
      if (auto r = check_data(name, "mask", mask); !r) return r;
    }
    if (auto r = check_data(name, result_name, result); !r) return r;

    if (auto r = check_no_self_overlap(name, result_name, result); !r) return r;
    const char* const overlap = reduces()    ? "shares memory with input"
                                : backward() ? "shares memory with output, but is not exactly it"
                                             : "shares memory with input, but is not exactly it";
    const sharing in_place = reduces() ? sharing::none : sharing::exact_alias;
    if (auto r = check_sharing(name, result_name, overlap, result, input, in_place); !r) return r;
    if (backward()) {
      const char* const text = "shares memory with upstream, but is not exactly it";
      if (auto r = check_sharing(name, result_name, text, result, upstream, in_place); !r) return r;
    }
    if (!masked) return {};
    return check_sharing(name, result_name, "shares memory with mask", result, mask, sharing::none);
  }
};

/// The rows of a call whose shapes were checked: where each begins in the input, upstream, mask and result,
/// and the strides along them.
struct row_loop {
  index_t count, length;
  index_t input_stride, upstream_stride, mask_stride, result_stride;
  layout first_elements;
  std::array<axes, 4> strides;

  constexpr explicit row_loop(const row_shapes& shapes) noexcept {
    const auto rank = static_cast<index_t>(shapes.input.rank);
    const auto axis =
        static_cast<std::size_t>(shapes.axis_option < 0 ? shapes.axis_option + rank : shapes.axis_option);
    first_elements = shapes.input;
    first_elements.extents[axis] = 1;
    axes result = shapes.result.strides;
    if (shapes.reduces() && !shapes.keepdims) {
      for (std::size_t i = max_rank - 1; i > axis; --i) result[i] = result[i - 1];
    }
    const axes mask = shapes.masked ? broadcast_to(shapes.mask, shapes.input).strides : axes{};
    strides = {shapes.input.strides, shapes.upstream.strides, mask, result};
    input_stride = strides[0][axis];
    upstream_stride = strides[1][axis];
    mask_stride = strides[2][axis];
    result_stride = strides[3][axis];
    count = element_count(first_elements);
    length = shapes.input.extents[axis];
  }

  constexpr index_walk<4> walk_from(index_t row) const noexcept {
    return {first_elements.rank, first_elements.extents, strides, row};
  }
};

/// One call, with the policy reduced to what the loops depend on; the rules for special rows are looked at
/// once for each row.
template <row_kernel K, bool Flush, floating T>
struct row_call {
  row_shapes shapes;
  reference::row_rules rules;
  const T* input;
  const T* upstream;
  const bool* mask;
  T* result;

  constexpr check_result check() const noexcept { return shapes.check(); }

  template <class Executor>
  check_result compute(Executor& ex) const {
    const row_loop loop(shapes);
    run_guarded(ex, loop.count, grain_for(loop.length), [&](index_t begin, index_t end) {
      index_walk<4> walk = loop.walk_from(begin);
      for (index_t row = begin; row < end; ++row, walk.next()) {
        compute_row(loop, walk);
      }
    });
    return {};
  }

 private:
  void compute_row(const row_loop& loop, const index_walk<4>& walk) const noexcept {
    reference::strided_row<T> x{nullptr, loop.length, loop.input_stride, nullptr, loop.mask_stride};
    if (loop.length > 0) {
      x.data = input + walk.offset(0);
      if (shapes.masked) x.mask = mask + walk.offset(2);
    }
    if constexpr (K == row_kernel::logsumexp) {
      store(result + walk.offset(3), reference::logsumexp_row<Flush>(x));
    } else if (loop.length > 0) {
      T* const y = result + walk.offset(3);
      if constexpr (K == row_kernel::softmax) {
        reference::softmax_row<Flush>(x, y, loop.result_stride, rules);
      } else if constexpr (K == row_kernel::log_softmax) {
        reference::log_softmax_row<Flush>(x, y, loop.result_stride, rules);
      } else {
        const reference::gradient_row<T> row{x, upstream + walk.offset(1), loop.upstream_stride, y,
                                             loop.result_stride};
        if constexpr (K == row_kernel::softmax_backward) {
          reference::softmax_backward_row<Flush>(row);
        } else {
          reference::log_softmax_backward_row<Flush>(row);
        }
      }
    }
  }
};

template <row_kernel K, policy P, floating T>
constexpr auto make_row_call(bool masked, const tensor_view<const T>& input,
                             const tensor_view<const T>& upstream, const tensor_view<const bool>& mask,
                             const tensor_view<T>& result, index_t axis, bool keepdims) noexcept {
  static_assert(P.precision != precision::fast,
                "k754 softmax family: precision::fast is not in this version");
  static_assert(P.precision != precision::exact,
                "k754 softmax family: there is no exact tier; use precision::accurate");
  return row_call<K, P.subnormals == subnormals::flush, T>{
      {K, masked, layout_of(input), layout_of(upstream), layout_of(mask), layout_of(result), axis, keepdims},
      reference::rules_of(softmax_policy(K, masked, P)),
      input.data_handle(),
      upstream.data_handle(),
      mask.data_handle(),
      result.data_handle()};
}

template <row_kernel K, policy P, class Input, class Output>
constexpr auto forward_call(Input& input, Output& output, index_t axis, bool keepdims = false) noexcept {
  return make_row_call<K, P, element_of<Input&>>(false, input_view(input), {}, {}, output_view(output), axis,
                                                 keepdims);
}
template <row_kernel K, policy P, class Input, class Mask, class Output>
constexpr auto masked_call(Input& input, Mask& mask, Output& output, index_t axis,
                           bool keepdims = false) noexcept {
  return make_row_call<K, P, element_of<Input&>>(true, input_view(input), {}, input_view(mask),
                                                 output_view(output), axis, keepdims);
}
template <row_kernel K, policy P, class Output, class Upstream, class Gradient>
constexpr auto gradient_call(Output& output, Upstream& upstream, Gradient& gradient, index_t axis) noexcept {
  return make_row_call<K, P, element_of<Output&>>(false, input_view(output), input_view(upstream), {},
                                                  output_view(gradient), axis, false);
}
template <row_kernel K, policy P, class Output, class Upstream, class Mask, class Gradient>
constexpr auto masked_gradient_call(Output& output, Upstream& upstream, Mask& mask, Gradient& gradient,
                                    index_t axis) noexcept {
  return make_row_call<K, P, element_of<Output&>>(true, input_view(output), input_view(upstream),
                                                  input_view(mask), output_view(gradient), axis, false);
}

/// The bodies of the throwing and of the try_ forms.
template <class Call, class Executor>
status try_call(const Call& call, Executor& ex) noexcept {
  return run_noexcept(call.check(), [&] { return call.compute(ex); });
}
template <class Call, class Executor>
void run_call(const Call& call, Executor& ex) {
  run_throwing(call.check(), [&] { return call.compute(ex); });
}

}  // namespace K754_ABI
}  // namespace detail

inline namespace K754_ABI {

/// `output` = exp(input) / sum exp(input) along the axis.
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output>
constexpr check_result check_softmax(Input&& input, Output&& output,
                                     const softmax_options& options = {}) noexcept {
  return detail::forward_call<detail::row_kernel::softmax, P>(input, output, options.axis).check();
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_softmax(Input&& input, Output&& output, const softmax_options& options = {},
                                 Executor&& ex = {}) noexcept {
  return detail::try_call(detail::forward_call<detail::row_kernel::softmax, P>(input, output, options.axis),
                          ex);
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output,
          executor Executor = serial_executor>
void softmax(Input&& input, Output&& output, const softmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>, "k754: exceptions are off in this unit; call try_softmax");
  detail::run_call(detail::forward_call<detail::row_kernel::softmax, P>(input, output, options.axis), ex);
}

/// `output` = input - log sum exp(input) along the axis.
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output>
constexpr check_result check_log_softmax(Input&& input, Output&& output,
                                         const softmax_options& options = {}) noexcept {
  return detail::forward_call<detail::row_kernel::log_softmax, P>(input, output, options.axis).check();
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_log_softmax(Input&& input, Output&& output, const softmax_options& options = {},
                                     Executor&& ex = {}) noexcept {
  return detail::try_call(
      detail::forward_call<detail::row_kernel::log_softmax, P>(input, output, options.axis), ex);
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output,
          executor Executor = serial_executor>
void log_softmax(Input&& input, Output&& output, const softmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_log_softmax");
  detail::run_call(detail::forward_call<detail::row_kernel::log_softmax, P>(input, output, options.axis), ex);
}

/// `output` = log sum exp(input) over the axis.
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output>
constexpr check_result check_logsumexp(Input&& input, Output&& output,
                                       const logsumexp_options& options = {}) noexcept {
  return detail::forward_call<detail::row_kernel::logsumexp, P>(input, output, options.axis, options.keepdims)
      .check();
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output,
          executor Executor = serial_executor>
[[nodiscard]] status try_logsumexp(Input&& input, Output&& output, const logsumexp_options& options = {},
                                   Executor&& ex = {}) noexcept {
  return detail::try_call(
      detail::forward_call<detail::row_kernel::logsumexp, P>(input, output, options.axis, options.keepdims),
      ex);
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_output<Input> Output,
          executor Executor = serial_executor>
void logsumexp(Input&& input, Output&& output, const logsumexp_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_logsumexp");
  detail::run_call(
      detail::forward_call<detail::row_kernel::logsumexp, P>(input, output, options.axis, options.keepdims),
      ex);
}

/// The same for one row. The try_ form of this is the one above with a rank-0 output, `tensor_view(&value)`.
template <policy P = policy{}, detail::softmax_input Input>
detail::element_of<Input> logsumexp(Input&& input) {
  auto value = from_bits<detail::element_of<Input>>(0);
  logsumexp<P>(input, tensor_view(&value));
  return value;
}

/// softmax of the elements whose mask is true; +0 for the others.
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output>
constexpr check_result check_masked_softmax(Input&& input, Mask&& mask, Output&& output,
                                            const softmax_options& options = {}) noexcept {
  return detail::masked_call<detail::row_kernel::softmax, P>(input, mask, output, options.axis).check();
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output, executor Executor = serial_executor>
[[nodiscard]] status try_masked_softmax(Input&& input, Mask&& mask, Output&& output,
                                        const softmax_options& options = {}, Executor&& ex = {}) noexcept {
  return detail::try_call(
      detail::masked_call<detail::row_kernel::softmax, P>(input, mask, output, options.axis), ex);
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output, executor Executor = serial_executor>
void masked_softmax(Input&& input, Mask&& mask, Output&& output, const softmax_options& options = {},
                    Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_masked_softmax");
  detail::run_call(detail::masked_call<detail::row_kernel::softmax, P>(input, mask, output, options.axis),
                   ex);
}

/// log_softmax of the elements whose mask is true; -inf for the others.
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output>
constexpr check_result check_masked_log_softmax(Input&& input, Mask&& mask, Output&& output,
                                                const softmax_options& options = {}) noexcept {
  return detail::masked_call<detail::row_kernel::log_softmax, P>(input, mask, output, options.axis).check();
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output, executor Executor = serial_executor>
[[nodiscard]] status try_masked_log_softmax(Input&& input, Mask&& mask, Output&& output,
                                            const softmax_options& options = {},
                                            Executor&& ex = {}) noexcept {
  return detail::try_call(
      detail::masked_call<detail::row_kernel::log_softmax, P>(input, mask, output, options.axis), ex);
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output, executor Executor = serial_executor>
void masked_log_softmax(Input&& input, Mask&& mask, Output&& output, const softmax_options& options = {},
                        Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_masked_log_softmax");
  detail::run_call(detail::masked_call<detail::row_kernel::log_softmax, P>(input, mask, output, options.axis),
                   ex);
}

/// logsumexp of the elements whose mask is true.
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output>
constexpr check_result check_masked_logsumexp(Input&& input, Mask&& mask, Output&& output,
                                              const logsumexp_options& options = {}) noexcept {
  return detail::masked_call<detail::row_kernel::logsumexp, P>(input, mask, output, options.axis,
                                                               options.keepdims)
      .check();
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output, executor Executor = serial_executor>
[[nodiscard]] status try_masked_logsumexp(Input&& input, Mask&& mask, Output&& output,
                                          const logsumexp_options& options = {},
                                          Executor&& ex = {}) noexcept {
  return detail::try_call(detail::masked_call<detail::row_kernel::logsumexp, P>(
                              input, mask, output, options.axis, options.keepdims),
                          ex);
}
template <policy P = policy{}, detail::softmax_input Input, detail::softmax_mask Mask,
          detail::softmax_output<Input> Output, executor Executor = serial_executor>
void masked_logsumexp(Input&& input, Mask&& mask, Output&& output, const logsumexp_options& options = {},
                      Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Input>,
                "k754: exceptions are off in this unit; call try_masked_logsumexp");
  detail::run_call(detail::masked_call<detail::row_kernel::logsumexp, P>(input, mask, output, options.axis,
                                                                         options.keepdims),
                   ex);
}

/// The gradient with respect to the input of softmax: `output` is what softmax returned, `upstream` the
/// gradient with respect to it.
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_output<Output> Gradient>
constexpr check_result check_softmax_backward(Output&& output, Upstream&& upstream, Gradient&& gradient,
                                              const softmax_options& options = {}) noexcept {
  return detail::gradient_call<detail::row_kernel::softmax_backward, P>(output, upstream, gradient,
                                                                        options.axis)
      .check();
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_output<Output> Gradient, executor Executor = serial_executor>
[[nodiscard]] status try_softmax_backward(Output&& output, Upstream&& upstream, Gradient&& gradient,
                                          const softmax_options& options = {}, Executor&& ex = {}) noexcept {
  return detail::try_call(detail::gradient_call<detail::row_kernel::softmax_backward, P>(
                              output, upstream, gradient, options.axis),
                          ex);
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_output<Output> Gradient, executor Executor = serial_executor>
void softmax_backward(Output&& output, Upstream&& upstream, Gradient&& gradient,
                      const softmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Output>,
                "k754: exceptions are off in this unit; call try_softmax_backward");
  detail::run_call(detail::gradient_call<detail::row_kernel::softmax_backward, P>(output, upstream, gradient,
                                                                                  options.axis),
                   ex);
}

/// The gradient with respect to the input of log_softmax, from what log_softmax returned.
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_output<Output> Gradient>
constexpr check_result check_log_softmax_backward(Output&& output, Upstream&& upstream, Gradient&& gradient,
                                                  const softmax_options& options = {}) noexcept {
  return detail::gradient_call<detail::row_kernel::log_softmax_backward, P>(output, upstream, gradient,
                                                                            options.axis)
      .check();
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_output<Output> Gradient, executor Executor = serial_executor>
[[nodiscard]] status try_log_softmax_backward(Output&& output, Upstream&& upstream, Gradient&& gradient,
                                              const softmax_options& options = {},
                                              Executor&& ex = {}) noexcept {
  return detail::try_call(detail::gradient_call<detail::row_kernel::log_softmax_backward, P>(
                              output, upstream, gradient, options.axis),
                          ex);
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_output<Output> Gradient, executor Executor = serial_executor>
void log_softmax_backward(Output&& output, Upstream&& upstream, Gradient&& gradient,
                          const softmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Output>,
                "k754: exceptions are off in this unit; call try_log_softmax_backward");
  detail::run_call(detail::gradient_call<detail::row_kernel::log_softmax_backward, P>(output, upstream,
                                                                                      gradient, options.axis),
                   ex);
}

/// The gradient with respect to the input of masked_softmax.
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_mask Mask, detail::softmax_output<Output> Gradient>
constexpr check_result check_masked_softmax_backward(Output&& output, Upstream&& upstream, Mask&& mask,
                                                     Gradient&& gradient,
                                                     const softmax_options& options = {}) noexcept {
  return detail::masked_gradient_call<detail::row_kernel::softmax_backward, P>(output, upstream, mask,
                                                                               gradient, options.axis)
      .check();
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_mask Mask, detail::softmax_output<Output> Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_masked_softmax_backward(Output&& output, Upstream&& upstream, Mask&& mask,
                                                 Gradient&& gradient, const softmax_options& options = {},
                                                 Executor&& ex = {}) noexcept {
  return detail::try_call(detail::masked_gradient_call<detail::row_kernel::softmax_backward, P>(
                              output, upstream, mask, gradient, options.axis),
                          ex);
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_mask Mask, detail::softmax_output<Output> Gradient,
          executor Executor = serial_executor>
void masked_softmax_backward(Output&& output, Upstream&& upstream, Mask&& mask, Gradient&& gradient,
                             const softmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Output>,
                "k754: exceptions are off in this unit; call try_masked_softmax_backward");
  detail::run_call(detail::masked_gradient_call<detail::row_kernel::softmax_backward, P>(
                       output, upstream, mask, gradient, options.axis),
                   ex);
}

/// The gradient with respect to the input of masked_log_softmax.
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_mask Mask, detail::softmax_output<Output> Gradient>
constexpr check_result check_masked_log_softmax_backward(Output&& output, Upstream&& upstream, Mask&& mask,
                                                         Gradient&& gradient,
                                                         const softmax_options& options = {}) noexcept {
  return detail::masked_gradient_call<detail::row_kernel::log_softmax_backward, P>(output, upstream, mask,
                                                                                   gradient, options.axis)
      .check();
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_mask Mask, detail::softmax_output<Output> Gradient,
          executor Executor = serial_executor>
[[nodiscard]] status try_masked_log_softmax_backward(Output&& output, Upstream&& upstream, Mask&& mask,
                                                     Gradient&& gradient, const softmax_options& options = {},
                                                     Executor&& ex = {}) noexcept {
  return detail::try_call(detail::masked_gradient_call<detail::row_kernel::log_softmax_backward, P>(
                              output, upstream, mask, gradient, options.axis),
                          ex);
}
template <policy P = policy{}, detail::softmax_input Output, detail::softmax_input_like<Output> Upstream,
          detail::softmax_mask Mask, detail::softmax_output<Output> Gradient,
          executor Executor = serial_executor>
void masked_log_softmax_backward(Output&& output, Upstream&& upstream, Mask&& mask, Gradient&& gradient,
                                 const softmax_options& options = {}, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Output>,
                "k754: exceptions are off in this unit; call try_masked_log_softmax_backward");
  detail::run_call(detail::masked_gradient_call<detail::row_kernel::log_softmax_backward, P>(
                       output, upstream, mask, gradient, options.axis),
                   ex);
}

}  // namespace K754_ABI
}  // namespace k754

#endif  // K754_SOFTMAX_HPP

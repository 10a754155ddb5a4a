/// softmax, log_softmax and logsumexp along one axis, their masked forms, and the gradients.
///
///     k754::softmax(scores, probabilities);                                   // rows along the last axis
///     k754::log_softmax(logits, log_p, {.axis = 1});                          // [N, C, H, W]
///     k754::logsumexp(logits, lse, {.axis = 1, .keepdims = true});            // [N, C] -> [N, 1]
///     k754::masked_softmax(scores, mask, weights);                            // [B, H, Q, K], mask [B, 1,
///     1, K] k754::softmax<k754::policy{.zero_mass = k754::zero_mass::zero}>(x, x);  // in place
///     k754::softmax_backward(probabilities, upstream, gradient);
///
/// Shapes      input [d0, ..., d(r-1)], r in 1..8; output the same, for logsumexp without axis `axis` or with
/// extent 1
///             there (`keepdims`). Masks broadcast to the input's shape by NumPy's rules. Any element
///             strides, negative and (but for outputs) zero too.
/// Types       float, double, float16, bfloat16, and types stored as these; one type for all but masks, which
/// are bool
///             bytes (any nonzero byte is true: the element is present).
/// Result      At most 0.5001 ULP from exp(x_i) / sum exp(x_j) and its logarithm (float16 0.5005; f64 1.6
/// and 1.0), with
///             gradual underflow (SM-12), whatever the spread of the row: a log-probability of -2e-9 is not 0
///             (LS-10). logsumexp the same plus 2^-46 (f64 2^-50) of |max x| + log(n), which only counts
///             where the two cancel. Log-probabilities are never above 0 (LS-06). A zero result is +0. The
///             same bits at every length, position, rank, stride and thread, alone or in a batch (SM-18), and
///             under FTZ/DAZ (SM-13).
/// Special     A NaN makes the row NaN (SM-04, LS-07). A row of -inf is 0/0: NaN, or by zero_mass (SM-01,
/// LS-01). With a
///             +inf the row is NaN, or by pos_inf (SM-02, SM-03, LS-02). logsumexp of these is -inf and +inf:
///             no rule is needed. Rows of no elements: nothing to write, logsumexp -inf (SM-11, LS-08).
/// Masks       Masked-out elements are absent: not read, softmax +0, log_softmax -inf (SM-14). A row without
/// elements
///             present is 0 (log -inf), or by fully_masked (SM-15); its logsumexp is -inf.
/// Gradients   of softmax  y_i (g_i - sum g_j y_j), of log_softmax  g_i - exp(y_i) sum g_j, from the output y
/// and the
///             upstream gradient g: at most 0.5001 ULP plus 2^-46 (f64: 1 ULP plus 2^-50) times the sum of
///             the magnitudes of these terms, for y in [0, 1] or <= 0 (a log-probability above 0 counts as
///             0). IEEE rules for what is not finite, so 0 * inf is NaN (SM-16, SM-17, LS-09). Masked-out
///             elements get +0, and neither their output nor their upstream gradient is read.
/// Policy      subnormals, zero_mass, pos_inf; masked forms fully_masked too; logsumexp and gradients
/// subnormals alone.
///             precision::accurate is the only tier in this version.
/// Errors      axis_out_of_range, rank_mismatch, shape_mismatch, negative_extent, size_overflow,
/// null_pointer,
///             self_overlap, overlap. An output may be exactly an input of its shape (in place; for gradients
///             the output or the upstream gradient), and must otherwise share no memory with an argument.
/// Cost        Three passes over each row (maximum, sum, results), no scratch memory: exponentials are
/// computed twice. Source      include/k754/reference/softmax.hpp and row_mass.hpp define the arithmetic and
/// name their sources.
#ifndef K754_SOFTMAX_HPP
#define K754_SOFTMAX_HPP

#include <concepts>
#include <type_traits>

#include "detail/broadcast.hpp"
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
constexpr policy softmax_policy(row_kernel kernel, bool masked, const policy& p) noexcept {
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

/// The arguments of one call of any kernel of the family.
template <row_kernel K, bool Flush, bool Masked, floating T>
struct row_call {
  static constexpr bool backward = K == row_kernel::softmax_backward || K == row_kernel::log_softmax_backward;
  static constexpr bool reduces = K == row_kernel::logsumexp;
  static constexpr const char* input_name = backward ? "output" : "input";
  static constexpr const char* result_name = backward ? "gradient" : "output";

  tensor_view<const T> input;  ///< of a gradient: the output of the function
  tensor_view<const T> upstream;
  tensor_view<const bool> mask;
  tensor_view<T> result;
  reference::row_rules rules;
  index_t axis_option;
  bool keepdims;

  constexpr check_result check() const noexcept {
    constexpr const char* kernel = row_kernel_name(K, Masked);
    const layout shape = layout_of(input), output = layout_of(result);
    const layout gradient = layout_of(upstream), present = layout_of(mask);
    std::size_t axis = 0;
    if (auto r = check_extents(kernel, input_name, shape); !r) return r;
    if constexpr (backward) {
      if (auto r = check_extents(kernel, "upstream", gradient); !r) return r;
    }
    if constexpr (Masked) {
      if (auto r = check_extents(kernel, "mask", present); !r) return r;
    }
    if (auto r = check_extents(kernel, result_name, output); !r) return r;
    if (auto r = check_axis(kernel, "axis", axis_option, shape.rank, axis); !r) return r;

    if constexpr (backward) {
      if (auto r = check_shape(kernel, "upstream", gradient, shape); !r) return r;
    }
    if constexpr (Masked) {
      if (auto r = check_broadcasts_to(kernel, "mask", present, shape); !r) return r;
    }
    layout expected = shape;
    if constexpr (reduces) {
      if (keepdims) {
        expected.extents[axis] = 1;
      } else {
        expected = without_axis(shape, axis);
      }
    }
    if (auto r = check_shape(kernel, result_name, output, expected); !r) return r;

    if (auto r = check_data(kernel, input_name, shape); !r) return r;
    if constexpr (backward) {
      if (auto r = check_data(kernel, "upstream", gradient); !r) return r;
    }
    if constexpr (Masked) {
      if (auto r = check_data(kernel, "mask", present); !r) return r;
    }
    if (auto r = check_data(kernel, result_name, output); !r) return r;

    if (auto r = check_no_self_overlap(kernel, result_name, output); !r) return r;
    constexpr sharing in_place = reduces ? sharing::none : sharing::exact_alias;
    constexpr const char* overlap_text = reduces    ? "shares memory with input"
                                         : backward ? "shares memory with output, but is not exactly it"
                                                    : "shares memory with input, but is not exactly it";
    if (auto r = check_sharing(kernel, result_name, overlap_text, output, shape, in_place); !r) return r;
    if constexpr (backward) {
      if (auto r = check_sharing(kernel, result_name, "shares memory with upstream, but is not exactly it",
                                 output, gradient, in_place);
          !r) {
        return r;
      }
    }
    if constexpr (Masked) {
      return check_sharing(kernel, result_name, "shares memory with mask", output, present, sharing::none);
    }
    return {};
  }

  /// After the checks: row by row.
  template <class Executor>
  check_result compute(Executor& ex) const {
    const auto axis = static_cast<std::size_t>(
        axis_option < 0 ? axis_option + static_cast<index_t>(input.rank()) : axis_option);
    layout rows = layout_of(input);  // one element each, the first
    rows.extents[axis] = 1;
    axes results = result.strides();
    if (reduces && !keepdims) {
      for (std::size_t i = max_rank - 1; i > axis; --i) results[i] = results[i - 1];
    }
    const axes presence = Masked ? broadcast_to(layout_of(mask), layout_of(input)).strides : axes{};
    const index_t row_count = element_count(rows);
    const index_t n = input.extent(axis);
    if (row_count == 0) return {};

    run_guarded(ex, row_count, grain_for(n), [&](index_t begin, index_t end) {
      index_walk<4> walk(rows.rank, rows.extents, {rows.strides, results, upstream.strides(), presence},
                         begin);
      for (index_t at = begin; at < end; ++at, walk.next()) {
        reference::strided_row<T> row{nullptr, n, input.stride(axis)};
        if (n > 0) row.data = input.data_handle() + walk.offset(0);
        if constexpr (Masked) {
          if (n > 0) row.mask = mask.data_handle() + walk.offset(3);
          row.mask_stride = presence[axis];
        }
        if constexpr (reduces) {
          store(result.data_handle() + walk.offset(1), reference::logsumexp_row<Flush>(row));
        } else if (n > 0) {
          T* const y = result.data_handle() + walk.offset(1);
          const index_t y_stride = result.stride(axis);
          if constexpr (K == row_kernel::softmax) reference::softmax_row<Flush>(row, y, y_stride, rules);
          if constexpr (K == row_kernel::log_softmax)
            reference::log_softmax_row<Flush>(row, y, y_stride, rules);
          if constexpr (backward) {
            const reference::gradient_row<T> both{row, upstream.data_handle() + walk.offset(2),
                                                  upstream.stride(axis), y, y_stride};
            if constexpr (K == row_kernel::softmax_backward) reference::softmax_backward_row<Flush>(both);
            if constexpr (K == row_kernel::log_softmax_backward)
              reference::log_softmax_backward_row<Flush>(both);
          }
        }
      }
    });
    return {};
  }
};

/// With the policy reduced to what the loops depend on; the rules for special rows are looked at once for
/// each row.
template <row_kernel K, policy P, bool Masked, class Input>
struct row_call_of {
  static_assert(P.precision != precision::fast,
                "k754 softmax family: precision::fast is not in this version");
  static_assert(P.precision != precision::exact,
                "k754 softmax family: there is no exact tier; use precision::accurate");
  static constexpr policy read = softmax_policy(K, Masked, P);
  static constexpr reference::row_rules rules = reference::rules_of(read);
  using type = row_call<K, read.subnormals == subnormals::flush, Masked, element_of<Input&>>;
};

template <row_kernel K, policy P, class Input, class Output>
constexpr auto forward_call(Input& input, Output& output, index_t axis, bool keepdims = false) noexcept {
  using call = row_call_of<K, P, false, Input>;
  return typename call::type{input_view(input), {}, {}, output_view(output), call::rules, axis, keepdims};
}
template <row_kernel K, policy P, class Input, class Mask, class Output>
constexpr auto masked_call(Input& input, Mask& mask, Output& output, index_t axis,
                           bool keepdims = false) noexcept {
  using call = row_call_of<K, P, true, Input>;
  return typename call::type{input_view(input), {},   input_view(mask), output_view(output),
                             call::rules,       axis, keepdims};
}
template <row_kernel K, policy P, class Output, class Upstream, class Gradient>
constexpr auto gradient_call(Output& output, Upstream& upstream, Gradient& gradient, index_t axis) noexcept {
  using call = row_call_of<K, P, false, Output>;
  return typename call::type{
      input_view(output), input_view(upstream), {}, output_view(gradient), call::rules, axis, false};
}
template <row_kernel K, policy P, class Output, class Upstream, class Mask, class Gradient>
constexpr auto masked_gradient_call(Output& output, Upstream& upstream, Mask& mask, Gradient& gradient,
                                    index_t axis) noexcept {
  using call = row_call_of<K, P, true, Output>;
  return typename call::type{input_view(output),
                             input_view(upstream),
                             input_view(mask),
                             output_view(gradient),
                             call::rules,
                             axis,
                             false};
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

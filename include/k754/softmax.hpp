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
///             are bool, std::uint8_t or std::int8_t: any nonzero byte is true, the element is present (SM-14h, SM-14i).
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
/// Masks       Masked-out elements are absent, whatever they hold: softmax +0, log_softmax -inf (SM-14, LS-03b). A row
///             with no element present is 0, log -inf, or by fully_masked (SM-15, LS-01d); logsumexp -inf
///             (LS-25b).
/// Gradients   softmax: y_i (g_i - sum g_j y_j). log_softmax: g_i - exp(y_i) sum g_j. y is the output, in
///             [0, 1] or at most 0 (a log-probability above 0 counts as 0), g the upstream gradient. At most
///             0.5001 ULP (double 1.0) plus 2^-46 (double 2^-50) of the sum of the magnitudes of these terms.
///             What is not finite follows IEEE 754: 0 * inf is NaN (SM-16, SM-17, LS-09). Masked-out elements
///             get +0, whatever their output and upstream gradient hold.
/// Policy      subnormals, zero_mass, pos_inf; masked forms fully_masked too; logsumexp and gradients only
///             subnormals. softmax, log_softmax and logsumexp also read precision: accurate, fast (with a mask: accurate)
///             or exact. Gradients and double have the accurate tier alone; exact does not compile for double.
/// Fast        precision::fast computes in float, half again to three times as fast. float: softmax and log_softmax
///             at most 4 ULP (3.6 and 3.3; seen 2.3 and 1.4) in rows up to 2^20, with gradual underflow, and
///             log-probabilities near 0 as accurate as others (LS-F4); logsumexp 0.501 ULP and 2^-23 of the
///             logarithm. float16 and bfloat16 stay within 0.5005 and 0.5001. Equal elements are 1/n, rounded
///             once (SM-F3b); special rows, rules and zeros are those above (SM-F1, LS-F1). The same bits wherever
///             a row lies and whatever runs it, but not for a shifted row.
/// Exact       precision::exact: every result of float, float16 and bfloat16 is the exact value, rounded once, so that it
///             follows from mathematics alone (SM-X5); reference/softmax_exact.hpp says how, and what is proved. It takes
///             1.0 to 1.25 times as long as accurate; 1.5 times in place, where float16 results are subnormal, and in rows
///             of 2049 to 3072 elements; more where results are near ties, as differences x_i - m often are in log_softmax
///             when one element is 30 above all others.
/// Errors      axis_out_of_range, rank_mismatch, shape_mismatch, negative_extent, size_overflow,
///             null_pointer, self_overlap, overlap. An output may be exactly an input of its shape (in
///             place; for gradients the output or the upstream gradient); otherwise it must share no memory
///             with an argument.
/// Cost        Three passes over each row (maximum, sum, results), no scratch memory but up to 36 KiB of stack (fast: 50): in
///             rows of more than 3072 elements (double and exact: 2048), and in columns, exponentials are computed
///             twice. Gradients two passes, in double three. On vectors where the CPU has a fused multiply-add; of float,
///             float16 and bfloat16 rows side by side where they are short or lie so, of double one after the other.
/// Source      reference/softmax.hpp, row_mass.hpp, softmax_fast.hpp and softmax_exact.hpp define the arithmetic and name
///             their sources.
#ifndef K754_SOFTMAX_HPP
#define K754_SOFTMAX_HPP

#include "call/softmax.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "policy.hpp"
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

inline namespace K754_KERNEL_ABI {

/// `output` = exp(input) / sum exp(input) along the axis.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y>
constexpr check_result check_softmax(X&& input, Y&& output, const softmax_options& options = {}) noexcept {
  return detail::checked(detail::softmax_call<P>(input, output, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_softmax(X&& input, Y&& output, const softmax_options& options = {},
                                 Ex&& ex = {}) noexcept {
  return detail::try_call(detail::softmax_call<P>(input, output, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
void softmax(X&& input, Y&& output, const softmax_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_softmax");
  detail::call_or_throw(detail::softmax_call<P>(input, output, options), ex);
}

/// `output` = input - log sum exp(input) along the axis.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y>
constexpr check_result check_log_softmax(X&& input, Y&& output,
                                         const softmax_options& options = {}) noexcept {
  return detail::checked(detail::log_softmax_call<P>(input, output, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_log_softmax(X&& input, Y&& output, const softmax_options& options = {},
                                     Ex&& ex = {}) noexcept {
  return detail::try_call(detail::log_softmax_call<P>(input, output, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
void log_softmax(X&& input, Y&& output, const softmax_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_log_softmax");
  detail::call_or_throw(detail::log_softmax_call<P>(input, output, options), ex);
}

/// `output` = log sum exp(input) over the axis.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y>
constexpr check_result check_logsumexp(X&& input, Y&& output,
                                       const logsumexp_options& options = {}) noexcept {
  return detail::checked(detail::logsumexp_call<P>(input, output, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_logsumexp(X&& input, Y&& output, const logsumexp_options& options = {},
                                   Ex&& ex = {}) noexcept {
  return detail::try_call(detail::logsumexp_call<P>(input, output, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
void logsumexp(X&& input, Y&& output, const logsumexp_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_logsumexp");
  detail::call_or_throw(detail::logsumexp_call<P>(input, output, options), ex);
}

/// The same for one row. The try_ form of this is the one above with a rank-0 output, `tensor_view(&value)`.
template <policy P = policy{}, detail::softmax_input X>
detail::element_of<X> logsumexp(X&& input) {
  auto value = from_bits<detail::element_of<X>>(0);
  logsumexp<P>(input, tensor_view(&value));
  return value;
}

/// softmax of the elements whose mask is true; +0 for the others.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y>
constexpr check_result check_masked_softmax(X&& input, M&& mask, Y&& output,
                                            const softmax_options& options = {}) noexcept {
  return detail::checked(detail::softmax_call<P>(input, mask, output, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_masked_softmax(X&& input, M&& mask, Y&& output, const softmax_options& options = {},
                                        Ex&& ex = {}) noexcept {
  return detail::try_call(detail::softmax_call<P>(input, mask, output, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
void masked_softmax(X&& input, M&& mask, Y&& output, const softmax_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_masked_softmax");
  detail::call_or_throw(detail::softmax_call<P>(input, mask, output, options), ex);
}

/// log_softmax of the elements whose mask is true; -inf for the others.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y>
constexpr check_result check_masked_log_softmax(X&& input, M&& mask, Y&& output,
                                                const softmax_options& options = {}) noexcept {
  return detail::checked(detail::log_softmax_call<P>(input, mask, output, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_masked_log_softmax(X&& input, M&& mask, Y&& output,
                                            const softmax_options& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::log_softmax_call<P>(input, mask, output, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
void masked_log_softmax(X&& input, M&& mask, Y&& output, const softmax_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_masked_log_softmax");
  detail::call_or_throw(detail::log_softmax_call<P>(input, mask, output, options), ex);
}

/// logsumexp of the elements whose mask is true.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y>
constexpr check_result check_masked_logsumexp(X&& input, M&& mask, Y&& output,
                                              const logsumexp_options& options = {}) noexcept {
  return detail::checked(detail::logsumexp_call<P>(input, mask, output, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
[[nodiscard]] status try_masked_logsumexp(X&& input, M&& mask, Y&& output,
                                          const logsumexp_options& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::logsumexp_call<P>(input, mask, output, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_mask M, detail::softmax_output<X> Y,
          executor Ex = serial_executor>
void masked_logsumexp(X&& input, M&& mask, Y&& output, const logsumexp_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_masked_logsumexp");
  detail::call_or_throw(detail::logsumexp_call<P>(input, mask, output, options), ex);
}

/// The gradient with respect to the input of softmax: `output` is what softmax returned, `upstream` the gradient
/// with respect to it.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G,
          detail::softmax_output<X> Y>
constexpr check_result check_softmax_backward(X&& output, G&& upstream, Y&& gradient,
                                              const softmax_options& options = {}) noexcept {
  return detail::checked(detail::softmax_backward_call<P>(output, upstream, gradient, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_softmax_backward(X&& output, G&& upstream, Y&& gradient,
                                          const softmax_options& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::softmax_backward_call<P>(output, upstream, gradient, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
void softmax_backward(X&& output, G&& upstream, Y&& gradient, const softmax_options& options = {},
                      Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_softmax_backward");
  detail::call_or_throw(detail::softmax_backward_call<P>(output, upstream, gradient, options), ex);
}

/// The gradient with respect to the input of log_softmax, from what log_softmax returned.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G,
          detail::softmax_output<X> Y>
constexpr check_result check_log_softmax_backward(X&& output, G&& upstream, Y&& gradient,
                                                  const softmax_options& options = {}) noexcept {
  return detail::checked(detail::log_softmax_backward_call<P>(output, upstream, gradient, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_log_softmax_backward(X&& output, G&& upstream, Y&& gradient,
                                              const softmax_options& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::log_softmax_backward_call<P>(output, upstream, gradient, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
void log_softmax_backward(X&& output, G&& upstream, Y&& gradient, const softmax_options& options = {},
                          Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_log_softmax_backward");
  detail::call_or_throw(detail::log_softmax_backward_call<P>(output, upstream, gradient, options), ex);
}

/// The gradient with respect to the input of masked_softmax.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G, detail::softmax_mask M,
          detail::softmax_output<X> Y>
constexpr check_result check_masked_softmax_backward(X&& output, G&& upstream, M&& mask, Y&& gradient,
                                                     const softmax_options& options = {}) noexcept {
  return detail::checked(detail::softmax_backward_call<P>(output, upstream, mask, gradient, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G, detail::softmax_mask M,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_masked_softmax_backward(X&& output, G&& upstream, M&& mask, Y&& gradient,
                                                 const softmax_options& options = {}, Ex&& ex = {}) noexcept {
  return detail::try_call(detail::softmax_backward_call<P>(output, upstream, mask, gradient, options), ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G, detail::softmax_mask M,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
void masked_softmax_backward(X&& output, G&& upstream, M&& mask, Y&& gradient,
                             const softmax_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_masked_softmax_backward");
  detail::call_or_throw(detail::softmax_backward_call<P>(output, upstream, mask, gradient, options), ex);
}

/// The gradient with respect to the input of masked_log_softmax.
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G, detail::softmax_mask M,
          detail::softmax_output<X> Y>
constexpr check_result check_masked_log_softmax_backward(X&& output, G&& upstream, M&& mask, Y&& gradient,
                                                         const softmax_options& options = {}) noexcept {
  return detail::checked(detail::log_softmax_backward_call<P>(output, upstream, mask, gradient, options));
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G, detail::softmax_mask M,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
[[nodiscard]] status try_masked_log_softmax_backward(X&& output, G&& upstream, M&& mask, Y&& gradient,
                                                     const softmax_options& options = {},
                                                     Ex&& ex = {}) noexcept {
  return detail::try_call(detail::log_softmax_backward_call<P>(output, upstream, mask, gradient, options),
                          ex);
}
template <policy P = policy{}, detail::softmax_input X, detail::softmax_beside<X> G, detail::softmax_mask M,
          detail::softmax_output<X> Y, executor Ex = serial_executor>
void masked_log_softmax_backward(X&& output, G&& upstream, M&& mask, Y&& gradient,
                                 const softmax_options& options = {}, Ex&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_masked_log_softmax_backward");
  detail::call_or_throw(detail::log_softmax_backward_call<P>(output, upstream, mask, gradient, options), ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_SOFTMAX_HPP

#include "targets/order-inl.hpp"

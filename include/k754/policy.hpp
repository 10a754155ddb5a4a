/// What a result means where the arithmetic alone does not say: one structural struct, passed as a template value.
///
///     softmax<policy{.pos_inf = pos_inf::limit}>(x, y);
///
/// Every field has its type's name, and a default; if the defaults suit you, you can stop reading. A kernel reads
/// only its own fields (the table in README.md beside this file); it is instantiated once for each meaning, not
/// once for each struct. Contradictions among the fields a kernel reads do not compile. Sizes and numbers (axis,
/// strides, smoothing, ignore_index, ...) are not policy: they are options, run-time structs of each kernel.
#ifndef K754_POLICY_HPP
#define K754_POLICY_HPP

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"

namespace k754 {

/// Values below the smallest normal of their type.
enum class subnormals {
  preserve,  ///< gradual underflow, as IEEE 754 has it
  flush  ///< inputs are read, and results after rounding written, as zero of the same sign; emulated, hence
         ///< the same on every machine
};

/// NaN in argmin and argmax.
enum class nans {
  propagate,   ///< a NaN outranks every number, so x[argmax(x)] is max(x)
  omit,        ///< NaNs are skipped
  total_order  ///< totalOrder of IEEE 754 (implies zeros::ordered): every bit pattern has its place
};

/// -0 and +0 in argmin and argmax.
enum class zeros { equal, ordered };

/// Which of several equal elements wins; for NaNs that propagate, which NaN.
enum class ties { first, last };

/// argmin and argmax of a row of NaNs under nans::omit.
enum class all_nan { sentinel /* -1 */, first, error };

/// argmin and argmax over an axis of extent 0.
enum class empty_axis { error, sentinel /* -1 */ };

/// Softmax of a row whose elements are all -inf: 0/0.
enum class zero_mass { nan, zero, uniform };

/// Softmax of a row with every element masked out: the elements are absent, the row is empty.
enum class fully_masked { zero, nan, uniform };

/// Softmax of a row that holds +inf.
enum class pos_inf {
  nan,   ///< inf - inf
  limit  ///< the mass is shared equally by the +inf
};

/// The product of zero and infinity, or zero and NaN, where a kernel has such a product.
enum class zero_times_inf {
  by_kernel,         ///< strong_zero in xlogy and cross-entropy, ieee in convolution
  ieee,              ///< NaN
  strong_zero,       ///< 0 * inf = 0; 0 * NaN = NaN
  annihilating_zero  ///< 0 * anything = 0
};

/// Convolution taps that lie in the padding.
enum class padded_taps {
  multiplied,  ///< the padding is zeros, and they are multiplied: inf or NaN weights over it give NaN
  absent       ///< the tap is left out
};

/// Cross-entropy with probability labels that do not sum to one.
enum class label_sum {
  general,    ///< the gradient is sum(p) * softmax - p, the true derivative
  assume_one  ///< sum(p) is taken to be 1
};

/// The gradient of cross-entropy with respect to a probability label that is zero.
enum class label_gradient {
  extended,           ///< -log_softmax, infinite at a logit of -inf
  zero_on_zero_label  ///< 0
};

/// Whether probability labels are examined before anything is computed.
enum class label_check { none, finite_nonnegative };

/// A class index outside [0, classes) that is not ignore_index. Negative indices never wrap.
enum class bad_index { error, poison /* NaN loss and gradient */, ignore };

/// The mean loss over no rows.
enum class empty_mean { nan, zero };

/// What the mean loss over index labels is divided by.
enum class mean_denominator { kept_weight, kept_count, batch };

/// Where label smoothing spreads its mass.
enum class smoothing { all_classes, finite_support /* classes whose logit is not -inf */ };

/// The arithmetic tier.
enum class precision { accurate, fast, exact };

struct policy {
  k754::subnormals subnormals = k754::subnormals::preserve;
  k754::nans nans = k754::nans::propagate;
  k754::zeros zeros = k754::zeros::equal;
  k754::ties ties = k754::ties::first;
  k754::all_nan all_nan = k754::all_nan::sentinel;
  k754::empty_axis empty_axis = k754::empty_axis::error;
  k754::zero_mass zero_mass = k754::zero_mass::nan;
  k754::fully_masked fully_masked = k754::fully_masked::zero;
  k754::pos_inf pos_inf = k754::pos_inf::nan;
  k754::zero_times_inf zero_times_inf = k754::zero_times_inf::by_kernel;
  k754::padded_taps padded_taps = k754::padded_taps::multiplied;
  k754::label_sum label_sum = k754::label_sum::general;
  k754::label_gradient label_gradient = k754::label_gradient::extended;
  k754::label_check label_check = k754::label_check::none;
  k754::bad_index bad_index = k754::bad_index::error;
  k754::empty_mean empty_mean = k754::empty_mean::nan;
  k754::mean_denominator mean_denominator = k754::mean_denominator::kept_weight;
  k754::smoothing smoothing = k754::smoothing::all_classes;
  k754::precision precision = k754::precision::accurate;

  K754_INLINE friend constexpr bool operator==(const policy&, const policy&) = default;
};

}  // namespace k754

#endif  // K754_POLICY_HPP

/// Sums of doubles that carry their rounding errors along: what `lane_sum` adds up in f64 kernels.
///
///     lane_sum<compensated> sum;  sum.add(two_product(a, b));  sum.total().value()
///
/// Every addition of the leading parts is a TwoSum; its error and the operands' low parts are added to
/// `error` in plain arithmetic, as sum.error + (what TwoSum lost + the operand's low part). Over n terms with
/// partial sums of magnitude at most M the result is within (n 2^-53)^2 M of the sum of the terms. Finite
/// values only: an infinity makes a NaN.
///
/// Source: Ogita, Rump and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005), Sum2 and
/// Dot2.
#ifndef K754_REFERENCE_COMPENSATED_HPP
#define K754_REFERENCE_COMPENSATED_HPP

#include "../detail/config.hpp"
#include "../detail/flags-inl.hpp"
#include "double_double.hpp"

namespace k754::reference {
inline namespace K754_ABI {

struct compensated {
  double sum = 0.0;
  double error = 0.0;

  /// Normalized.
  double_double value() const noexcept { return fast_two_sum(sum, error); }

  friend compensated operator+(compensated a, double_double b) noexcept {
    const double_double s = two_sum(a.sum, b.high);
    return {s.high, a.error + (s.low + b.low)};
  }
  friend compensated operator+(compensated a, double b) noexcept {
    const double_double s = two_sum(a.sum, b);
    return {s.high, a.error + s.low};
  }
  friend compensated operator+(compensated a, compensated b) noexcept {
    return a + double_double{b.sum, b.error};
  }
};

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_COMPENSATED_HPP

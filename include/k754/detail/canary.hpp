/// Flags that change arithmetic and that the compiler hides are refused by flags-inl.hpp. Where a compiler does not show
/// them even there (Clang 14 for Arm; -fno-honor-nans and -fno-honor-infinities before Clang 18), they are found by
/// computing: each of these expressions has one IEEE 754 value and another where the flag has had its way. Kernels refuse
/// to run in such a unit.
#ifndef K754_DETAIL_CANARY_HPP
#define K754_DETAIL_CANARY_HPP

#include "../bits.hpp"
#include "../fma.hpp"
#include "../fp_environment.hpp"
#include "config.hpp"

namespace k754::detail {

// Internal linkage: another unit's copy would tell of another unit's flags.

/// An operand the compiler cannot know.
static inline double hidden(double x) noexcept { return rounded(x); }

static inline bool keeps_association() noexcept {
  const double one = hidden(1.0), tiny = hidden(0x1p-60);
  const double sum = one + tiny;
  return (sum - one) == 0.0;
}

static inline bool keeps_signed_zeros() noexcept { return !sign_bit(hidden(-0.0) + 0.0); }

/// 41 of its multiples up to the 63rd, times its rounded reciprocal, are not what the division gives. (Of 41 none is.)
inline constexpr double telling_divisor = 49.0;

/// Division by one divisor, again and again, invites a multiplication by its reciprocal.
static inline bool keeps_division() noexcept {
  const double divisor = hidden(telling_divisor);
  bool exact = true;
  double multiple = hidden(0.0);
  for (int k = 0; k < 64; ++k) {
    exact = exact && multiple / divisor == static_cast<double>(k);
    multiple = multiple + divisor;
  }
  return exact;
}

/// Operations may give infinities and NaNs, and what tests their bits sees them.
static inline bool keeps_infinity_and_nan() noexcept {
  const double overflow = hidden(0x1p+1023) * hidden(2.0);
  const double nothing = hidden(0.0) * overflow;
  return is_infinite(overflow) && is_nan(nothing);
}

/// What `rounded` promises where a compiler contracts all it can. (The emulated fma is integer arithmetic, which no flag
/// reaches, and takes longer to compile than the rest.)
static inline bool keeps_rounded_products() noexcept {
  const double a = hidden(0x1.0000001p+0);
  const bool rounds = rounded(a * a) - hidden(0x1.0000002p+0) == 0.0;
#if K754_NATIVE_FMA
  return rounds && fma(a, a, hidden(-0x1.0000002p+0)) == 0x1p-56;
#else
  return rounds;
#endif
}

/// Worked out once in each unit, in the default environment.
static inline bool arithmetic_is_intact() noexcept {
  static const bool intact = [] {
    bool result = false;
    in_default_environment([&result] {
      result = keeps_association() && keeps_signed_zeros() && keeps_division() && keeps_infinity_and_nan() &&
               keeps_rounded_products();
    });
    return result;
  }();
  return intact;
}

}  // namespace k754::detail

#endif  // K754_DETAIL_CANARY_HPP

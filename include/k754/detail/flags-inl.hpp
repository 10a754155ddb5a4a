// Stops the compilation where flags that no macro shows (config.hpp refuses the others) would change arithmetic:
// `#pragma GCC optimize("fast-math")` and its parts; Clang's -funsafe-math-optimizations, -fassociative-math,
// -freciprocal-math, -fno-signed-zeros, -fno-honor-nans, -fno-honor-infinities and the pragmas of that kind. No object
// file may hold such code of ours: the linker keeps one copy of an inline function, and units without these flags would
// run it.
//
// No include guard: every header that a program can name includes this, since such a pragma may come between any two.
// What comes after our headers is harmless: a template is compiled with the flags of its definition. So the remedy is to
// include us before such a pragma, and to compile the unit without such flags.
#include "config.hpp"

#if defined(__clang__)

#pragma clang diagnostic push
// An error where arithmetic is not precise, else nothing. (Targets that ignore it leave all to canary.hpp.)
#pragma clang diagnostic ignored "-Wignored-pragmas"
#pragma float_control(except, on, push)  // k754: hidden flags or pragmas change results
#pragma float_control(pop)
// NaN and infinity: a warning of Clang 18 and newer; the line that is set below shows it in system headers, too.
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wgnu-line-marker"
#pragma clang diagnostic error "-Wnan-infinity-disabled"
# 1 "k754/detail/flags-inl.hpp"
static_assert([](double x) {
  return __builtin_isnan(x) == __builtin_isinf(x);  // k754: hidden flags or pragmas change results
}(1));
#pragma clang diagnostic pop

#else

#ifndef K754_DETAIL_FLAGS_INL_HPP
#define K754_DETAIL_FLAGS_INL_HPP
namespace k754::detail {

/// A value of which the compiler knows nothing. It has no definition.
extern const double unknown;

/// A class, so that there is one message and not one for each header.
template <bool flags_change_results>
struct arithmetic {
  static_assert(!flags_change_results,
                "k754: hidden flags or pragmas change results, as #pragma GCC optimize(\"fast-math\") does. "
                "Include k754 before it; compile without such flags.");
};

}  // namespace k754::detail
#endif

// With the flag that is named the compiler sees a constant in what is none. In a function: outside of them what such a
// pragma says is in force only up to the next function's end.
static_assert([] {
  using k754::detail::arithmetic, k754::detail::unknown;
  arithmetic<__builtin_constant_p((unknown + 1.0) - unknown)> associative_math;
  arithmetic<__builtin_constant_p(unknown - unknown)> finite_math_only;
  arithmetic<__builtin_constant_p(static_cast<long>(0.0 - unknown) - static_cast<long>(-unknown))>
      no_signed_zeros;
  arithmetic<__builtin_constant_p(static_cast<long>(unknown / 41.0) -
                                  static_cast<long>(unknown * (1.0 / 41.0)))>
      reciprocal_math;
  arithmetic<__builtin_constant_p(static_cast<int>(unknown * 2.0 < 6.0) - static_cast<int>(unknown < 3.0))>
      unsafe_math_optimizations;
  arithmetic<!(0x1.0000001p+0 > 1.0)> single_precision_constant;
  return sizeof(associative_math) + sizeof(finite_math_only) + sizeof(no_signed_zeros) +
         sizeof(reciprocal_math) + sizeof(unsafe_math_optimizations) + sizeof(single_precision_constant);
}() != 0);

#endif

// The independent witness: real arithmetic in 256 bits (MPFR), and the error of a result in units in the last
// place.
#pragma once

#include <mpfr.h>

#include <limits>

#include "k754/bits.hpp"

namespace k754_test {

/// A 256-bit MPFR number; every operation rounds to nearest. Exponents do not overflow in practice.
class real {
 public:
  static constexpr mpfr_prec_t precision = 256;

  real() : real(0.0) {}
  real(double x) {  // implicit: it is exact
    mpfr_init2(value_, precision);
    mpfr_set_d(value_, x, MPFR_RNDN);
  }
  real(const real& other) {
    mpfr_init2(value_, precision);
    mpfr_set(value_, other.value_, MPFR_RNDN);
  }
  real(real&& other) : real(0.0) { mpfr_swap(value_, other.value_); }
  real& operator=(real other) {
    mpfr_swap(value_, other.value_);
    return *this;
  }
  ~real() { mpfr_clear(value_); }

  /// The number itself, for MPFR functions that have no wrapper here.
  mpfr_ptr get() { return value_; }
  mpfr_srcptr get() const { return value_; }

  /// The nearest double.
  double to_double() const { return mpfr_get_d(value_, MPFR_RNDN); }
  bool is_zero() const { return mpfr_zero_p(value_) != 0; }
  /// floor(log2 |x|), for finite x other than zero.
  long exponent() const { return static_cast<long>(mpfr_get_exp(value_)) - 1; }

  friend real operator+(const real& a, const real& b) { return apply<mpfr_add>(a, b); }
  friend real operator-(const real& a, const real& b) { return apply<mpfr_sub>(a, b); }
  friend real operator*(const real& a, const real& b) { return apply<mpfr_mul>(a, b); }
  friend real operator/(const real& a, const real& b) { return apply<mpfr_div>(a, b); }
  friend real operator-(const real& a) { return apply<mpfr_neg>(a); }
  real& operator+=(const real& b) { return *this = *this + b; }
  friend bool operator<(const real& a, const real& b) { return mpfr_less_p(a.value_, b.value_) != 0; }
  friend bool operator==(const real& a, const real& b) { return mpfr_equal_p(a.value_, b.value_) != 0; }

  /// An MPFR function of one or two numbers.
  template <int (*Function)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t)>
  static real apply(const real& x) {
    real result;
    Function(result.value_, x.value_, MPFR_RNDN);
    return result;
  }
  template <int (*Function)(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t)>
  static real apply(const real& x, const real& y) {
    real result;
    Function(result.value_, x.value_, y.value_, MPFR_RNDN);
    return result;
  }

 private:
  mpfr_t value_;
};

inline real abs(const real& x) { return real::apply<mpfr_abs>(x); }
inline real sqrt(const real& x) { return real::apply<mpfr_sqrt>(x); }
inline real exp(const real& x) { return real::apply<mpfr_exp>(x); }
inline real expm1(const real& x) { return real::apply<mpfr_expm1>(x); }
inline real log(const real& x) { return real::apply<mpfr_log>(x); }
inline real log1p(const real& x) { return real::apply<mpfr_log1p>(x); }
/// x * 2^n, exactly.
inline real scaled(real x, long n) {
  mpfr_mul_2si(x.get(), x.get(), n, MPFR_RNDN);
  return x;
}

/// A binary format that results are rounded to.
struct format {
  int precision;     // bits of the significand, the hidden one included
  int min_exponent;  // of the smallest normal number
  int max_exponent;  // of the largest number
};
template <k754::floating T>
inline constexpr format format_of = {k754::detail::format_of<T>::precision,
                                     k754::detail::format_of<T>::min_exponent,
                                     k754::detail::format_of<T>::max_exponent};

/// The exponent of the spacing of `f`'s numbers around x: ulp(x) = 2^ulp_exponent. Between zero and the
/// smallest normal number that is the smallest subnormal number.
inline long ulp_exponent(const real& x, format f) {
  const long exponent = x.is_zero() || x.exponent() < f.min_exponent ? f.min_exponent : x.exponent();
  return exponent - (f.precision - 1);
}

/// x rounded once to `f`, to nearest even, with subnormal numbers and infinities.
inline double nearest(const real& x, format f) {
  const long ulp = ulp_exponent(x, f);
  real quanta = scaled(x, -ulp);
  mpfr_rint(quanta.get(), quanta.get(), MPFR_RNDN);
  const real result = scaled(quanta, ulp);
  const bool overflow = !result.is_zero() && result.exponent() > f.max_exponent;
  const double magnitude = overflow ? std::numeric_limits<double>::infinity() : abs(result).to_double();
  return mpfr_signbit(x.get()) != 0 ? -magnitude : magnitude;
}

/// |computed - exact| / ulp(exact): 0.5 at most where `computed` is correctly rounded. Infinite for a NaN and
/// for an infinity where the exact value does not round to that.
inline double ulp_error(double computed, const real& exact, format f) {
  if (!k754::is_finite(computed)) {
    return k754::to_bits(computed) == k754::to_bits(nearest(exact, f))
               ? 0.0
               : std::numeric_limits<double>::infinity();
  }
  return scaled(abs(real(computed) - exact), -ulp_exponent(exact, f)).to_double();
}

/// |computed - exact| / |exact|; 0 where both are zero.
inline double relative_error(const real& computed, const real& exact) {
  if (computed == exact) return 0.0;
  return (abs(computed - exact) / abs(exact)).to_double();
}

}  // namespace k754_test

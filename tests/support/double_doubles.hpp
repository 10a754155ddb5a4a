// Random doubles and double-doubles, what double-doubles are exactly, and the largest of many errors.
#pragma once

#include <k754/reference/elementary.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "ieee754.hpp"
#include "mpfr_oracle.hpp"

namespace k754_test {

/// Samples are made of random bits, so that every machine tests the same ones.
class double_sampler {
 public:
  explicit double_sampler(std::uint64_t seed) : bits_(seed) {}

  std::uint64_t next() { return bits_(); }
  int between(int first, int last) {
    return first + static_cast<int>(next() % static_cast<std::uint64_t>(last - first + 1));
  }
  double uniform(double low, double high) {
    return low + k754::detail::rounded((high - low) * (static_cast<double>(next() >> 11) * 0x1p-53));
  }
  /// A double with an exponent in [first, last] and a random significand.
  double log_uniform(int first, int last) {
    const auto exponent = static_cast<std::uint64_t>(between(first, last) + 1023);
    return k754::from_bits<double>(exponent << 52 | next() >> 12);
  }
  /// A low part for `high`: at most half an ulp of it.
  double low_part(double high) {
    const double half_ulp = std::abs(high) * 0x1p-54;
    const int kind = between(0, 7);
    return kind == 0 ? 0.0 : kind == 1 ? half_ulp : kind == 2 ? -half_ulp : uniform(-half_ulp, half_ulp);
  }
  /// A normalized double-double of either sign, with an exponent in [-exponents, exponents].
  k754::reference::double_double normalized_pair(int exponents) {
    k754::reference::double_double x{};
    do {
      const double high = log_uniform(-exponents, exponents) * (between(0, 1) == 0 ? 1.0 : -1.0);
      x = {high, low_part(high)};
    } while (!(x.high + x.low == x.high));
    return x;
  }

 private:
  random_bits bits_;
};

/// The largest error, and where.
struct maximum {
  double error = 0.0;
  double argument = 0.0;

  void see(double e, double x) {
    if (!(e <= error)) error = e, argument = x;
  }
  void print(const char* what) const { std::printf("  %-64s %.6g at %a\n", what, error, argument); }
  void print_log2(const char* what) const {
    std::printf("  %-64s 2^%.2f at %a\n", what, std::log2(error), argument);
  }
};

inline real exact(k754::reference::double_double x) { return real(x.high) + real(x.low); }
inline real exact(k754::reference::scaled_double_double x) {
  return scaled(exact(x.significand), x.exponent);
}
inline bool normalized(k754::reference::double_double x) { return x.high + x.low == x.high; }

}  // namespace k754_test

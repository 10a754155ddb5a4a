// IEEE 754-2019 written out from its text, as a model to test against: fields, values, totalOrder, rounding.
// It shares nothing with the library's own bit arithmetic and is slow.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "k754/bits.hpp"

namespace k754_test {

/// Width of the fields (3.6, table 3.5; bfloat16 is the upper half of binary32).
template <class T>
struct fields;
template <>
struct fields<k754::float16> {
  static constexpr int exponent = 5, fraction = 10;
};
template <>
struct fields<k754::bfloat16> {
  static constexpr int exponent = 8, fraction = 7;
};
template <>
struct fields<float> {
  static constexpr int exponent = 8, fraction = 23;
};
template <>
struct fields<double> {
  static constexpr int exponent = 11, fraction = 52;
};

/// The bits of any trivial object of up to 8 bytes, copied as bytes.
template <class T>
std::uint64_t bytes_of(const T& x) {
  std::uint64_t bits = 0;
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(&bits, &x, sizeof(T));
  return bits;
}
template <class T>
T from_bytes(std::uint64_t bits) {
  T x;
  std::memcpy(static_cast<void*>(&x), &bits, sizeof(T));
  return x;
}

enum class kind { zero, subnormal, normal, infinite, quiet_nan, signaling_nan };

/// A datum taken apart (3.4).
struct datum {
  bool negative = false;
  k754_test::kind kind = kind::zero;
  long double value = 0;      // of a number, with its sign
  std::uint64_t payload = 0;  // of a NaN: the fraction without the quiet bit

  bool is_nan() const { return kind == kind::quiet_nan || kind == kind::signaling_nan; }
};

template <class T>
datum decode(std::uint64_t bits) {
  constexpr int e_width = fields<T>::exponent, f_width = fields<T>::fraction;
  const auto fraction = bits % (std::uint64_t{1} << f_width);
  const auto exponent = static_cast<int>((bits >> f_width) % (std::uint64_t{1} << e_width));
  const int all_ones = (1 << e_width) - 1, bias = (1 << (e_width - 1)) - 1;
  datum d;
  d.negative = (bits >> (e_width + f_width)) % 2 == 1;
  if (exponent == all_ones && fraction != 0) {
    const std::uint64_t quiet = std::uint64_t{1} << (f_width - 1);
    d.kind = fraction >= quiet ? kind::quiet_nan : kind::signaling_nan;
    d.payload = fraction % quiet;
    return d;
  }
  if (exponent == all_ones) {
    d.kind = kind::infinite;
    d.value = static_cast<long double>(INFINITY);
  } else if (exponent == 0) {
    d.kind = fraction == 0 ? kind::zero : kind::subnormal;
    d.value = std::ldexp(static_cast<long double>(fraction), 1 - bias - f_width);
  } else {
    d.kind = kind::normal;
    d.value = std::ldexp(static_cast<long double>(fraction + (std::uint64_t{1} << f_width)),
                         exponent - bias - f_width);
  }
  if (d.negative) d.value = -d.value;
  return d;
}
template <class T>
datum decode(const T& x) {
  return decode<T>(bytes_of(x));
}

/// The number of T nearest to `x` (ties to even), or infinity: `x` in units of its quantum, rounded to an
/// integer. T is narrower than double, so every step but that one is exact. Call it in the default
/// environment.
template <class T>
double nearest(double x) {
  constexpr int f_width = fields<T>::fraction, bias = (1 << (fields<T>::exponent - 1)) - 1;
  if (x == 0 || std::isinf(x)) return x;
  const int exponent = std::ilogb(x) < 1 - bias ? 1 - bias : std::ilogb(x);
  const double result = std::scalbn(std::nearbyint(std::scalbn(x, f_width - exponent)), exponent - f_width);
  return std::fabs(result) >= std::scalbn(1.0, bias + 1) ? std::copysign(static_cast<double>(INFINITY), x)
                                                         : result;
}

/// totalOrder(x, y), clause 5.10, in the order of its text.
inline bool total_order(const datum& x, const datum& y) {
  if (!x.is_nan() && !y.is_nan()) {
    if (x.value < y.value) return true;   // a)
    if (x.value > y.value) return false;  // b)
    return x.negative || !y.negative;     // c) equal: -0 before +0; the same datum otherwise
  }
  if (!y.is_nan()) return x.negative;               // d) 1) -NaN before numbers
  if (!x.is_nan()) return !y.negative;              // d) 2) numbers before +NaN
  if (x.negative != y.negative) return x.negative;  // d) 3) i)
  const bool x_signals = x.kind == kind::signaling_nan, y_signals = y.kind == kind::signaling_nan;
  if (x_signals != y_signals) return x_signals != x.negative;           // d) 3) ii) reversed for -NaN
  return x.negative ? x.payload >= y.payload : x.payload <= y.payload;  // d) 3) iii)
}

/// The 12 values that rows are made of: two of each sign of zero, subnormal, one, largest, infinity, NaN.
template <class T>
std::vector<T> special_alphabet() {
  constexpr int e_width = fields<T>::exponent, f_width = fields<T>::fraction;
  constexpr std::uint64_t one_step = std::uint64_t{1} << f_width;
  constexpr std::uint64_t infinite = ((std::uint64_t{1} << e_width) - 1) * one_step;
  constexpr std::uint64_t one = ((std::uint64_t{1} << (e_width - 1)) - 1) * one_step;
  constexpr std::uint64_t negative = std::uint64_t{1} << (e_width + f_width);
  std::vector<T> values;
  for (const std::uint64_t magnitude :
       {std::uint64_t{0}, std::uint64_t{1}, one, infinite - 1, infinite, infinite + one_step / 2}) {
    values.push_back(from_bytes<T>(magnitude));
    values.push_back(from_bytes<T>(negative + magnitude));
  }
  return values;
}

/// Every class and every edge of a format, both signs: about 50 bit patterns.
template <class T>
std::vector<T> edge_values() {
  constexpr int e_width = fields<T>::exponent, f_width = fields<T>::fraction;
  constexpr std::uint64_t step = std::uint64_t{1} << f_width;
  constexpr std::uint64_t infinite = ((std::uint64_t{1} << e_width) - 1) * step;
  constexpr std::uint64_t one = ((std::uint64_t{1} << (e_width - 1)) - 1) * step;
  std::vector<T> values;
  for (const std::uint64_t magnitude : {std::uint64_t{0},
                                        std::uint64_t{1},
                                        std::uint64_t{2},
                                        std::uint64_t{3},
                                        step / 2,
                                        step - 2,
                                        step - 1,
                                        step,
                                        step + 1,
                                        2 * step - 1,
                                        2 * step,
                                        one - step,
                                        one - 1,
                                        one,
                                        one + 1,
                                        one + step / 2,
                                        one + step,
                                        infinite - step,
                                        infinite - 2,
                                        infinite - 1,
                                        infinite,
                                        infinite + 1,
                                        infinite + 2,
                                        infinite + step / 2 - 1,
                                        infinite + step / 2,
                                        infinite + step / 2 + 1,
                                        infinite + step - 2,
                                        infinite + step - 1}) {
    values.push_back(from_bytes<T>(magnitude));
    values.push_back(from_bytes<T>((std::uint64_t{1} << (e_width + f_width)) + magnitude));
  }
  return values;
}

/// A small generator of its own, so that a seed means the same everywhere (splitmix64).
class random_bits {
 public:
  explicit random_bits(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound).
  std::uint64_t below(std::uint64_t bound) { return (*this)() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace k754_test

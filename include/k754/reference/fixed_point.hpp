/// Fixed-point numbers of 512 bits, 384 of them fraction, in two's complement, and exp of them: the last look of
/// precision::exact at results that double-double cannot round (softmax_exact.hpp).
///
/// Sums and differences are exact modulo 2^128; products of numbers that are not negative, and quotients, are truncated to
/// units of 2^-384.
#ifndef K754_REFERENCE_FIXED_POINT_HPP
#define K754_REFERENCE_FIXED_POINT_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "../bits.hpp"
#include "../detail/config.hpp"
#include "../detail/flags-inl.hpp"

namespace k754::reference {
inline namespace K754_ABI {

class fixed_point {
 public:
  static constexpr int fraction_bits = 384;

  constexpr fixed_point() noexcept = default;
  /// x exactly, a multiple of 2^-384 below 2^127 in magnitude.
  explicit fixed_point(double x) noexcept {
    const std::uint64_t magnitude = detail::magnitude_bits(x);
    if (magnitude == 0) return;
    constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;
    const std::uint64_t significand = magnitude % hidden_bit | hidden_bit;
    // below 2^-384 there is nothing: trailing zeros may be
    const int place = static_cast<int>(magnitude >> 52) - 1075 + fraction_bits;
    *this = place >= 0 ? of_word(significand).shifted(place) : of_word(significand >> -place);
    if (sign_bit(x)) *this = fixed_point() - *this;
  }
  /// 2^exponent.
  static fixed_point power_of_two(int exponent) noexcept {
    return of_word(1).shifted(exponent + fraction_bits);
  }

  bool is_negative() const noexcept { return word_.back() >> 63 != 0; }
  friend bool operator==(const fixed_point&, const fixed_point&) = default;
  /// Of numbers that are not negative.
  friend bool operator<(const fixed_point& a, const fixed_point& b) noexcept { return (a - b).is_negative(); }

  friend fixed_point operator+(const fixed_point& a, const fixed_point& b) noexcept {
    fixed_point sum;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t partial = a.word_[i] + carry;
      sum.word_[i] = partial + b.word_[i];
      carry = (partial < carry ? 1U : 0U) + (sum.word_[i] < partial ? 1U : 0U);
    }
    return sum;
  }
  friend fixed_point operator-(const fixed_point& a, const fixed_point& b) noexcept {
    fixed_point difference;
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t partial = a.word_[i] - borrow;
      difference.word_[i] = partial - b.word_[i];
      borrow = (a.word_[i] < borrow ? 1U : 0U) + (partial < b.word_[i] ? 1U : 0U);
    }
    return difference;
  }
  friend fixed_point operator*(const fixed_point& a, const fixed_point& b) noexcept {
    std::array<std::uint64_t, 2 * size> product = {};
    for (std::size_t i = 0; i < size; ++i) {
      uint128 carry = 0;
      for (std::size_t k = 0; k < size; ++k) {
        carry += static_cast<uint128>(a.word_[i]) * b.word_[k] + product[i + k];
        product[i + k] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
      }
      product[i + size] = static_cast<std::uint64_t>(carry);
    }
    fixed_point result;
    for (std::size_t i = 0; i < size; ++i) result.word_[i] = product[i + fraction_bits / 64];
    return result;
  }
  friend fixed_point operator/(const fixed_point& a, std::uint64_t divisor) noexcept {
    fixed_point quotient;
    uint128 rest = 0;
    for (std::size_t i = size; i-- > 0;) {
      rest = rest << 64 | a.word_[i];
      quotient.word_[i] = static_cast<std::uint64_t>(rest / divisor);
      rest %= divisor;
    }
    return quotient;
  }
  /// Times 2^n, truncated; this number is not negative.
  fixed_point shifted(int n) const noexcept {
    fixed_point result;
    const int words = n >= 0 ? n / 64 : -((63 - n) / 64), bits = n - 64 * words;
    for (int i = 0; i < static_cast<int>(size); ++i) {
      const std::uint64_t high = word(i - words), low = word(i - words - 1);
      result.word_[static_cast<std::size_t>(i)] = bits == 0 ? high : high << bits | low >> (64 - bits);
    }
    return result;
  }

 private:
  __extension__ typedef unsigned __int128 uint128;
  static constexpr std::size_t size = 8;

  static fixed_point of_word(std::uint64_t lowest) noexcept {
    fixed_point result;
    result.word_[0] = lowest;
    return result;
  }
  std::uint64_t word(int i) const noexcept {
    return i < 0 || i >= static_cast<int>(size) ? 0 : word_[static_cast<std::size_t>(i)];
  }

  std::array<std::uint64_t, size> word_ = {};

  friend fixed_point ln2_times(std::uint64_t n) noexcept;
};

/// n ln 2, n < 2^32: at most n units too small.
inline fixed_point ln2_times(std::uint64_t n) noexcept {
  fixed_point ln2;
  ln2.word_ = {0x559552FB4AFA1B10,
               0xE7B876206DEBAC98,
               0x8A0D175B8BAAFA2B,
               0x40F343267298B62D,
               0xC9E3B39803F2F6AF,
               0xB17217F7D1CF79AB,
               0,
               0};
  return ln2 * fixed_point(static_cast<double>(n));
}

/// exp(t) for t in [-256, 63], given t as a double, too: too small by at most 2^14 units, for positive t by exp(t) times as
/// many.
///
///     t = n ln2 + r, 0 <= r < ln2 + 2^-19       exp(t) = 2^n exp(r / 256)^256, by 32 terms of the series
///
/// The series is off by 2^-400; each step of Horner's rule, whose weights are below 2^-8, and each of the 8 squarings, which
/// double what was lost before, loses two units at most.
inline fixed_point exp_of(const fixed_point& t, double about) noexcept {
  constexpr int terms = 32, squarings = 8;
  const double powers = detail::rounded(about * 0x1.71547652b82fep+0) - 0x1p-20;
  const auto toward_zero = static_cast<int>(powers);
  const int n = static_cast<double>(toward_zero) > powers ? toward_zero - 1 : toward_zero;
  const fixed_point whole = ln2_times(static_cast<std::uint64_t>(n < 0 ? -n : n));
  const fixed_point r = (n < 0 ? t + whole : t - whole).shifted(-squarings);
  const fixed_point one = fixed_point::power_of_two(0);
  fixed_point e = one;
  for (std::uint64_t k = terms; k > 0; --k) e = one + r * e / k;
  for (int k = 0; k < squarings; ++k) e = e * e;
  return e.shifted(n);
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_FIXED_POINT_HPP

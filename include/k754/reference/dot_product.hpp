/// The dot product that every convolution and its gradients use, in one fixed order:
///
///   terms    a_k b_k for k = 0 .. K-1, in the order that the kernel states; a skipped term keeps its place
///   chunks   of 256 terms; a chunk is one chain from +0 of fused multiply-adds, fma(a_k, b_k, chain)
///   total    starts at +0, takes the bias, then the chunk sums, in order
///   result   one rounding from the total to the type of the output; the canonical NaN for any NaN
///
///   float, float16, bfloat16 in any mixture: operands become f32, exactly; chains are f32, the total is f64
///   double: chains are f64, the total is compensated (below)
///   integers: everything modulo 2^64, then modulo 2^w of the output type, which is exact
///
/// A total that starts at +0 never becomes -0, and a chain contributes the same whether its zero has a sign
/// or not. Hence skipping a term and adding a zero times a finite number give the same bits, and a sum of
/// zeros is +0.
///
/// Error where nothing overflows, with S = sum |a_k b_k| + |bias|, u = 2^-24: at most 257 u S + (K+1) 2^-150
/// for a float result, whatever K is: 256 roundings in a chain and one at the end. A 16-bit result has
/// 256 u S + K 2^-150 before its one rounding. double: the same with u = 2^-53 and 2^-1075.
/// Sources: Jeannerod and Rump, "Improved error bounds for inner products in floating-point arithmetic",
/// SIAM J. Matrix Anal. Appl. 34 (2013); blocked sums: Higham, "Accuracy and Stability of Numerical
/// Algorithms", 4.2.
///
/// precision::fast is one chain over all terms that starts at the bias; +0 is added to it at the end, so that
/// here too a zero is +0. Its error grows with K: at most K u S + K 2^-150, and the rounding to 16 bits.
/// precision::exact is the exact sum, rounded once, in no order at all. A sum that is zero is +0; one that
/// underflows keeps its sign.
///
/// The classes below are to be evaluated in the scoped environment.
#ifndef K754_REFERENCE_DOT_PRODUCT_HPP
#define K754_REFERENCE_DOT_PRODUCT_HPP

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../fma.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"
#include "compensated.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// The number of terms in a chunk.
inline constexpr index_t dot_chunk = 256;

/// What operands are converted to, exactly, for an output of type Out.
template <element Out>
using dot_number = std::conditional_t<integer<Out>, std::uint64_t,
                                      std::conditional_t<std::same_as<Out, double>, double, float>>;

template <policy P, class Number, element T>
Number dot_operand(T x) noexcept {
  if constexpr (floating<T> && P.subnormals == subnormals::flush) x = flush_subnormal(x);
  return static_cast<Number>(x);
}

/// Whether the policy makes the product of a and b a zero, which contributes nothing.
template <policy P, floating Number>
bool annihilates(Number a, Number b) noexcept {
  if constexpr (P.zero_times_inf == zero_times_inf::annihilating_zero) {
    return is_zero(a) || is_zero(b);
  } else if constexpr (P.zero_times_inf == zero_times_inf::strong_zero) {
    return (is_zero(a) && !is_nan(b)) || (is_zero(b) && !is_nan(a));
  } else {
    return false;
  }
}

/// The chain, continued by the terms a[i a_stride] b[i b_stride].
template <policy P, floating Number, element A, element B>
Number multiply_add_run(const A* a, index_t a_stride, const B* b, index_t b_stride, index_t count,
                        Number chain) noexcept {
  for (index_t i = 0; i < count; ++i) {
    const auto x = dot_operand<P, Number>(detail::load(a + i * a_stride));
    const auto y = dot_operand<P, Number>(detail::load(b + i * b_stride));
    if (!annihilates<P>(x, y)) chain = fma(x, y, chain);
  }
  return chain;
}

/// The total of float chunks.
class plain_sum {
 public:
  void add(float term) noexcept { sum_ = sum_ + static_cast<double>(term); }
  double value() const noexcept { return sum_; }

 private:
  double sum_ = 0.0;
};

/// The total of double chunks: compensated, and rounded once. The compensation is dropped where it is no
/// number: the sum was infinite or NaN, or (next to the largest double) a step of TwoSum overflowed alone.
class compensated_sum {
 public:
  void add(double term) noexcept { total_ = total_ + term; }
  double value() const noexcept { return is_finite(total_.error) ? total_.sum + total_.error : total_.sum; }

 private:
  compensated total_;
};

/// precision::accurate.
template <policy P, floating Out>
class chunked_dot {
 public:
  using number = dot_number<Out>;

  explicit chunked_dot(number bias) noexcept { total_.add(bias); }

  /// The next `count` terms are a[i a_stride] b[i b_stride].
  template <element A, element B>
  void add(const A* a, index_t a_stride, const B* b, index_t b_stride, index_t count) noexcept {
    for (index_t done = 0; done < count;) {
      const index_t run = room_for(count - done);
      chain_ = multiply_add_run<P>(a + done * a_stride, a_stride, b + done * b_stride, b_stride, run, chain_);
      advance(run);
      done += run;
    }
  }

  /// The next `count` terms are absent.
  void skip(index_t count) noexcept {
    while (count > 0) {
      const index_t run = room_for(count);
      advance(run);
      count -= run;
    }
  }

  Out result() const noexcept {
    auto total = total_;
    total.add(chain_);
    return detail::narrow<Out, P.subnormals == subnormals::flush>(total.value());
  }

 private:
  index_t room_for(index_t count) const noexcept {
    const index_t room = dot_chunk - position_;
    return count < room ? count : room;
  }
  void advance(index_t count) noexcept {
    position_ += count;
    if (position_ == dot_chunk) {
      total_.add(chain_);
      chain_ = 0;
      position_ = 0;
    }
  }

  std::conditional_t<std::same_as<number, double>, compensated_sum, plain_sum> total_;
  number chain_ = 0;
  index_t position_ = 0;
};

/// precision::fast.
template <policy P, floating Out>
class chain_dot {
 public:
  using number = dot_number<Out>;

  explicit chain_dot(number bias) noexcept : chain_(bias) {}

  template <element A, element B>
  void add(const A* a, index_t a_stride, const B* b, index_t b_stride, index_t count) noexcept {
    chain_ = multiply_add_run<P>(a, a_stride, b, b_stride, count, chain_);
  }
  void skip(index_t) noexcept {}

  Out result() const noexcept {
    return detail::narrow<Out, P.subnormals == subnormals::flush>(0.0 + static_cast<double>(chain_));
  }

 private:
  number chain_;
};

/// The exact sum of floats and of products of two floats: a fixed-point number of 640 bits, two's complement,
/// in units of 2^-298, the smallest product. The largest is below 2^256, so that 2^63 terms stay below 2^319.
/// Source: Kulisch's long accumulator.
class exact_sum {
 public:
  /// Adds a b; both finite.
  void add_product(float a, float b) noexcept {
    const unpacked x = unpack(a), y = unpack(b);
    add(x.significand * y.significand, x.exponent + y.exponent, x.negative != y.negative);
  }

  /// The sum with 53 bits, rounded to odd: one more rounding, to any type of at most 51 bits, then rounds the
  /// exact sum.
  double rounded_to_odd() const noexcept {
    std::array<std::uint64_t, limb_count> limbs = limbs_;
    const bool negative = limbs.back() >> 63 != 0;
    if (negative) {
      std::uint64_t carry = 1;
      for (std::uint64_t& limb : limbs) {
        limb = ~limb + carry;
        carry = carry != 0 && limb == 0 ? 1 : 0;
      }
    }
    std::size_t top = limb_count;
    while (top > 0 && limbs[top - 1] == 0) --top;
    if (top == 0) return 0.0;

    // the leading bit moves to position 63; what falls off the end leaves a sticky bit
    const int shift = std::countl_zero(limbs[top - 1]);
    const std::uint64_t below = top > 1 ? limbs[top - 2] : 0;
    const std::uint64_t leading =
        shift == 0 ? limbs[top - 1] : limbs[top - 1] << shift | below >> (64 - shift);
    bool sticky = (leading & 0x7FFU) != 0 || (below << shift) != 0;
    for (std::size_t i = 0; i + 2 < top; ++i) sticky = sticky || limbs[i] != 0;

    constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;
    const std::uint64_t significand = leading >> 11 | (sticky ? 1U : 0U);
    const int exponent = static_cast<int>(64 * top) - 1 - shift + smallest_exponent;  // of the leading bit
    const auto biased = static_cast<std::uint64_t>(exponent + 1023);  // no overflow, no subnormals
    return from_bits<double>((negative ? std::uint64_t{1} << 63 : 0) | biased << 52 |
                             (significand & (hidden_bit - 1)));
  }

 private:
  static constexpr std::size_t limb_count = 10;
  static constexpr int smallest_exponent = -298;

  struct unpacked {  // significand * 2^exponent
    std::uint64_t significand;
    int exponent;
    bool negative;
  };
  static unpacked unpack(float x) noexcept {
    const std::uint32_t magnitude = to_bits(x) & 0x7FFFFFFFU;
    const std::uint32_t fraction = magnitude & 0x7FFFFFU;
    const int biased = static_cast<int>(magnitude >> 23);
    return biased == 0 ? unpacked{fraction, -149, sign_bit(x)}
                       : unpacked{fraction | 0x800000U, biased - 150, sign_bit(x)};
  }

  /// significand below 2^48
  void add(std::uint64_t significand, int exponent, bool negative) noexcept {
    const auto place = static_cast<std::size_t>(exponent - smallest_exponent);
    const std::size_t bit = place % 64;
    std::uint64_t low = significand << bit;
    std::uint64_t high = bit == 0 ? 0 : significand >> (64 - bit);
    bool carry = false;  // or borrow
    for (std::size_t i = place / 64; i < limb_count && (low != 0 || high != 0 || carry); ++i) {
      const bool carry_in = carry;
      std::uint64_t& limb = limbs_[i];
      carry = negative ? __builtin_sub_overflow(limb, low, &limb) : __builtin_add_overflow(limb, low, &limb);
      const std::uint64_t one = carry_in ? 1 : 0;
      const bool again =
          negative ? __builtin_sub_overflow(limb, one, &limb) : __builtin_add_overflow(limb, one, &limb);
      carry = carry || again;
      low = high;
      high = 0;
    }
  }

  std::array<std::uint64_t, limb_count> limbs_ = {};
};

/// precision::exact. Infinities and NaNs are counted apart: infinities of both signs, or any NaN, give NaN.
template <policy P, floating Out>
class exact_dot {
 public:
  static_assert(!std::same_as<Out, double>, "k754: precision::exact is not available for double");
  using number = float;

  explicit exact_dot(float bias) noexcept { add_term(bias, 1.0F); }

  template <element A, element B>
  void add(const A* a, index_t a_stride, const B* b, index_t b_stride, index_t count) noexcept {
    for (index_t i = 0; i < count; ++i) {
      add_term(dot_operand<P, float>(detail::load(a + i * a_stride)),
               dot_operand<P, float>(detail::load(b + i * b_stride)));
    }
  }
  void skip(index_t) noexcept {}

  Out result() const noexcept {
    if (nan_ || (positive_infinity_ && negative_infinity_)) return canonical_nan<Out>();
    if (positive_infinity_) return infinity<Out>();
    if (negative_infinity_) return negative_infinity<Out>();
    return detail::narrow<Out, P.subnormals == subnormals::flush>(sum_.rounded_to_odd());
  }

 private:
  void add_term(float a, float b) noexcept {
    if (annihilates<P>(a, b)) return;
    if (is_finite(a) && is_finite(b)) {
      sum_.add_product(a, b);
    } else if (is_nan(a) || is_nan(b) || is_zero(a) || is_zero(b)) {
      nan_ = true;
    } else {
      (sign_bit(a) != sign_bit(b) ? negative_infinity_ : positive_infinity_) = true;
    }
  }

  exact_sum sum_;
  bool positive_infinity_ = false, negative_infinity_ = false, nan_ = false;
};

/// Integers, at every precision.
template <integer Out>
class modular_dot {
 public:
  using number = std::uint64_t;

  explicit modular_dot(number bias) noexcept : sum_(bias) {}

  template <element A, element B>
  void add(const A* a, index_t a_stride, const B* b, index_t b_stride, index_t count) noexcept {
    for (index_t i = 0; i < count; ++i) {
      sum_ += static_cast<number>(detail::load(a + i * a_stride)) *
              static_cast<number>(detail::load(b + i * b_stride));
    }
  }
  void skip(index_t) noexcept {}

  Out result() const noexcept { return static_cast<Out>(sum_); }

 private:
  number sum_;
};

namespace dot_tiers {
template <policy P, class Out>
struct tier;
template <policy P, floating Out>
struct tier<P, Out> {
  using type = std::conditional_t<
      P.precision == precision::exact, exact_dot<P, Out>,
      std::conditional_t<P.precision == precision::fast, chain_dot<P, Out>, chunked_dot<P, Out>>>;
};
template <policy P, integer Out>
struct tier<P, Out> {
  using type = modular_dot<Out>;
};
}  // namespace dot_tiers

/// What adds up an output of type Out. It reads the policy's subnormals, zero_times_inf and precision.
template <policy P, element Out>
using dot_sum = typename dot_tiers::tier<P, Out>::type;

/// sum a_k b_k + bias over the shorter of two rows: what one output of a convolution is, given its taps.
/// Guarded; for users and tests.
template <class Out, policy P = policy{}, tensor_like A, tensor_like B, class Bias = Out>
Out dot_product(A&& a, B&& b, const Bias& bias = Bias{}) {
  const auto x = detail::input_view(a);
  const auto y = detail::input_view(b);
  Out result{};
  in_default_environment([&] {
    using sum_type = dot_sum<P, Out>;
    sum_type sum(dot_operand<P, typename sum_type::number>(detail::load(&bias)));
    sum.add(x.data_handle(), x.stride(0), y.data_handle(), y.stride(0),
            x.extent(0) < y.extent(0) ? x.extent(0) : y.extent(0));
    result = sum.result();
  });
  return result;
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_DOT_PRODUCT_HPP

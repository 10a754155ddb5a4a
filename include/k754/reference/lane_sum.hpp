/// The sum that every reduction of k754 uses, in one fixed order, whatever the vector width or the threads:
///
///   lanes    element i of a block goes to lane i mod 16; each of the 16 lanes is a chain that starts at +0
///   blocks   of 1024 elements; the lanes of a block are folded by a tree (l + l+8, then +4, +2, +1)
///   total    the block sums are added in pairs of neighbours, these in pairs, and so on (`pairwise_sum`)
///
/// 16 lanes fit every vector width from 2 to 16 doubles; blocks are what threads may share. The depth for n
/// elements is d = 64 + 4 + ceil(log2(n / 1024)) additions at most, 68 up to one block and 78 for n = 2^20,
/// so that a sum of doubles is within d 2^-53 sum|x|, for 2^20 terms 2^-46.7 sum|x|, of the exact one.
///
/// The sum of nothing is +0, and no sum is -0: lanes start at +0, and to the nearest no sum of two numbers is
/// -0 unless both are.
///
/// Source: Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14 (1993), for the bound
/// by depth and for pairwise summation.
#ifndef K754_REFERENCE_LANE_SUM_HPP
#define K754_REFERENCE_LANE_SUM_HPP

#include <array>
#include <bit>
#include <cstddef>

#include "../detail/config.hpp"
#include "../detail/flags-inl.hpp"

namespace k754::reference {
inline namespace K754_ABI {

// `Number` is double, or another type with `+` and a zero default, such as a compensated sum.

/// The sum of numbers s_0, s_1, .. in pairs: (s_0 + s_1) + (s_2 + s_3) and so on. What a count has beyond its
/// largest power of two is a sum of its own of this kind, added from the right: of seven, the total is
/// ((s_0 + s_1) + (s_2 + s_3)) + ((s_4 + s_5) + s_6).
///
/// Bit k of `count_` tells whether `pair_[k]` holds the sum of 2^k neighbours that wait for their other half.
template <class Number>
class pairwise_sum {
 public:
  constexpr void add(Number sum) noexcept {
    std::size_t level = 0;
    for (; (count_ >> level & 1U) != 0; ++level) sum = pair_[level] + sum;
    pair_[level] = sum;
    ++count_;
  }

  constexpr Number total() const noexcept {
    if (count_ == 0) return {};
    return with_pairs(count_ & (count_ - 1), pair_[static_cast<std::size_t>(std::countr_zero(count_))]);
  }
  /// What the total would be after add(last).
  constexpr Number total_with(const Number& last) const noexcept { return with_pairs(count_, last); }

 private:
  constexpr Number with_pairs(std::size_t levels_to_add, Number sum) const noexcept {
    for (std::size_t level = 0; levels_to_add >> level != 0; ++level) {
      if ((levels_to_add >> level & 1U) != 0) sum = pair_[level] + sum;
    }
    return sum;
  }

  /// For 2^53 - 1 numbers: every length of 63 bits in blocks of 1024.
  static constexpr std::size_t levels = 53;
  std::array<Number, levels> pair_ = {};
  std::size_t count_ = 0;
};

template <class Number>
class lane_sum {
 public:
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t block = 1024;

  /// The sum of a block from those of its lanes.
  static constexpr Number folded(std::array<Number, lanes> lane) noexcept {
    for (std::size_t width = lanes / 2; width > 0; width /= 2) {
      for (std::size_t l = 0; l < width; ++l) lane[l] = lane[l] + lane[l + width];
    }
    return lane[0];
  }

  /// The next element.
  template <class Term>
  constexpr void add(const Term& term) noexcept {
    lane_[position_ % lanes] = lane_[position_ % lanes] + term;
    advance();
  }
  /// The next element is absent: its place stays empty.
  constexpr void skip() noexcept { advance(); }

  constexpr Number total() const noexcept {
    return position_ == 0 ? blocks_.total() : blocks_.total_with(folded(lane_));
  }

 private:
  constexpr void advance() noexcept {
    if (++position_ == block) {
      blocks_.add(folded(lane_));
      lane_ = {};
      position_ = 0;
    }
  }

  std::array<Number, lanes> lane_ = {};
  pairwise_sum<Number> blocks_;
  std::size_t position_ = 0;
};

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_LANE_SUM_HPP

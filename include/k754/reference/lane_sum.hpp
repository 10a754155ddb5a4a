/// The sum that every reduction of k754 uses, in one fixed order, whatever the vector width or the threads:
///
///   lanes    element i of a block goes to lane i mod 16; each of the 16 lanes is a chain that starts at +0
///   blocks   of 4096 elements; the lanes of a block are folded by a tree (l + l+8, then +4, +2, +1)
///   total    the block sums are added one after the other, in order, to +0
///
/// 16 lanes fit every vector width from 2 to 16 doubles; blocks are what threads may share. The depth for n elements
/// is n/4096 + 256 + 4 additions at most (516 for n = 2^20).
#ifndef K754_REFERENCE_LANE_SUM_HPP
#define K754_REFERENCE_LANE_SUM_HPP

#include <array>
#include <cstddef>

#include "../detail/config.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// `Number` is double, or another type with `+` and a zero default, such as a compensated sum.
template <class Number>
class lane_sum {
 public:
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t block = 4096;

  /// The next element.
  template <class Term>
  constexpr void add(const Term& term) noexcept {
    lane_[position_ % lanes] = lane_[position_ % lanes] + term;
    advance();
  }
  /// The next element is absent: its place stays empty.
  constexpr void skip() noexcept { advance(); }

  constexpr Number total() const noexcept {
    return position_ == 0 ? total_ : total_ + folded();
  }

 private:
  constexpr void advance() noexcept {
    if (++position_ == block) {
      total_ = total_ + folded();
      lane_ = {};
      position_ = 0;
    }
  }

  constexpr Number folded() const noexcept {
    std::array<Number, lanes> sum = lane_;
    for (std::size_t width = lanes / 2; width > 0; width /= 2) {
      for (std::size_t lane = 0; lane < width; ++lane) sum[lane] = sum[lane] + sum[lane + width];
    }
    return sum[0];
  }

  std::array<Number, lanes> lane_ = {};
  Number total_ = {};
  std::size_t position_ = 0;
};

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_LANE_SUM_HPP

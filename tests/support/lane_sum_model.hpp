// The order of reference/lane_sum.hpp, from its text and in plain loops, for any kind of number.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <vector>

namespace k754_test {

/// The sum of `count` blocks, of which the first half is the largest power of two below count.
template <class Number>
Number sum_of_blocks(const Number* blocks, std::size_t count) {
  if (count == 1) return blocks[0];
  const std::size_t half = std::bit_floor(count - 1);
  const Number left = sum_of_blocks(blocks, half), right = sum_of_blocks(blocks + half, count - half);
  return left + right;
}

/// A term that is absent leaves its place empty.
template <class Number, class Term>
Number sum_in_lanes(const std::vector<std::optional<Term>>& terms) {
  std::vector<Number> blocks;
  for (std::size_t block = 0; block < terms.size(); block += 1024) {
    std::array<Number, 16> lane{};
    for (std::size_t i = block; i < std::min(block + 1024, terms.size()); ++i) {
      if (terms[i]) lane[i % 16] = lane[i % 16] + *terms[i];
    }
    for (std::size_t width : {8U, 4U, 2U, 1U}) {
      for (std::size_t l = 0; l < width; ++l) lane[l] = lane[l] + lane[l + width];
    }
    blocks.push_back(lane[0]);
  }
  return blocks.empty() ? Number{} : sum_of_blocks(blocks.data(), blocks.size());
}
inline double sum_in_lanes(const std::vector<double>& terms) {
  return sum_in_lanes<double>(std::vector<std::optional<double>>(terms.begin(), terms.end()));
}

}  // namespace k754_test

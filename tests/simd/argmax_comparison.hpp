// argmin and argmax against the reference code, bit for bit: what the tests of the vectors share.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/guarded_buffer.hpp"
#include "../support/ieee754.hpp"
#include "../support/random_tensor.hpp"
#include "../support/test_scale.hpp"
#include "argmax_search.hpp"

namespace k754_test {

inline const std::vector<arg_searches>& all_searches() {
  static const std::vector<arg_searches> all = [] {
    std::vector<arg_searches> types;
    for (const auto& some :
         {argmax_float_searches(), argmax_double_searches(), argmax_float16_searches(),
          argmax_signed_searches(), argmax_unsigned_searches(), argmax_more_targets_searches()}) {
      types.insert(types.end(), some.begin(), some.end());
    }
    return types;
  }();
  return all;
}

/// Elements of any type, written by their bits.
class untyped_elements {
 public:
  untyped_elements(void* first, std::size_t element_size)
      : first_(static_cast<unsigned char*>(first)), size_(element_size) {}

  unsigned char* at(index_t i) const { return first_ + i * static_cast<index_t>(size_); }
  void set(index_t i, std::uint64_t bits) const { std::memcpy(at(i), &bits, size_); }
  void fill(index_t begin, index_t end, std::uint64_t bits) const {
    for (index_t i = begin; i < end; ++i) set(i, bits);
  }

 private:
  unsigned char* first_;
  std::size_t size_;
};

/// Room for `count` elements, flush with the begin (0) or the end (1) of guarded memory, or in between (2 and more).
inline untyped_elements place(const guarded_buffer& memory, index_t count, std::size_t element_size,
                              index_t placement) {
  const index_t room = static_cast<index_t>(memory.size() / element_size) - count;
  const index_t offset = placement == 0 ? 0 : placement == 1 ? room : (placement - 1) % (room + 1);
  return {memory.begin() + static_cast<std::size_t>(offset) * element_size, element_size};
}

/// Contents that make ties, late and early winners, NaNs, and nothing in particular.
inline void fill_randomly(random_bits& random, const arg_searches& type, const untyped_elements& x,
                          index_t count) {
  const auto value = [&] { return type.values[random.below(type.values.size())]; };
  switch (random.below(4)) {
    case 0:
      for (index_t i = 0; i < count; ++i) x.set(i, random());
      return;
    case 1: {  // a small alphabet
      const std::array<std::uint64_t, 3> alphabet{value(), value(), value()};
      for (index_t i = 0; i < count; ++i) x.set(i, alphabet[random.below(3)]);
      return;
    }
    case 2:  // one value, with a few others in between
      x.fill(0, count, value());
      for (std::uint64_t others = random.below(4); others > 0; --others) {
        x.set(static_cast<index_t>(random.below(static_cast<std::uint64_t>(count))), value());
      }
      return;
    default: {  // slopes, on which every block beats the one before, or none does
      const std::uint64_t first = value(), step = random.below(3) - 1;
      for (index_t i = 0; i < count; ++i) x.set(i, first + static_cast<std::uint64_t>(i / 5) * step);
    }
  }
}

/// Ordinary numbers, or small integers, of both signs, with few ties, and now and then something else.
inline void fill_with_numbers(random_bits& random, const arg_searches& type, const untyped_elements& x,
                              index_t count) {
  const std::uint64_t sign = std::uint64_t{1} << (8 * type.element_size - 1);
  const std::uint64_t ordinary = type.values[type.values.size() > 9 ? 8 : 0];  // or 0
  const bool others = random.below(2) == 0;
  for (index_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random();
    x.set(i, others && bits >> 58 == 0 ? type.values[random.below(type.values.size())]
                                       : ((bits & 1) * sign) | (ordinary + (bits >> 8 & 63)));
  }
}

inline index_t log_uniform(random_bits& random, index_t largest) {
  const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
  return static_cast<index_t>(std::exp(unit * std::log(static_cast<double>(largest) + 1.0)));
}

/// One row through every search and target.
inline void compare_row(const arg_searches& type, const void* x, index_t n, index_t stride,
                        case_count& cases) {
  for (std::size_t s = 0; s < type.searches.size(); ++s) {
    const index_t expected = type.call_row(type.searches[s].reference, x, n, stride);
    for (const target_functions& target : type.targets) {
      const index_t found = type.call_row(target.functions[s], x, n, stride);
      if (found != expected) {
        INFO(target.target << ", " << type.type << ", " << type.searches[s].name << ", n = " << n
                           << ", stride " << stride);
        REQUIRE(found == expected);
      }
    }
  }
  cases.add(type.comparisons());
}

/// `count` rows that are `step` apart through every search and target; nothing but their winners is written.
inline void compare_rows(const arg_searches& type, const void* x, index_t n, index_t stride, index_t count,
                         index_t step, const guarded_buffer& results, case_count& cases) {
  std::vector<index_t> expected(static_cast<std::size_t>(count));
  index_t* const winners = results.flush_with_end<index_t>(static_cast<std::size_t>(count));
  for (std::size_t s = 0; s < type.searches.size(); ++s) {
    type.call(type.searches[s].reference, x, n, stride, count, step, expected.data());
    for (const target_functions& target : type.targets) {
      std::fill(winners - 1, winners + count, index_t{-77});
      type.call(target.functions[s], x, n, stride, count, step, winners);
      const bool same = std::equal(expected.begin(), expected.end(), winners) && winners[-1] == -77;
      if (!same) {
        INFO(target.target << ", " << type.type << ", " << type.searches[s].name << ", n = " << n
                           << ", stride " << stride << ", " << count << " rows, " << step << " apart");
        REQUIRE(std::vector<index_t>(winners - 1, winners) == std::vector<index_t>{-77});
        REQUIRE(std::vector<index_t>(winners, winners + count) == expected);
      }
    }
  }
  cases.add(count * type.comparisons());
}
inline void compare_columns(const arg_searches& type, const void* x, index_t n, index_t stride, index_t count,
                            const guarded_buffer& results, case_count& cases) {
  compare_rows(type, x, n, stride, count, 1, results, cases);
}

/// All pairs of deciding values, in an order that mixes them.
class value_pairs {
 public:
  explicit value_pairs(const std::vector<std::uint64_t>& values) : values_(values) {}
  /// An ordinary value, and another one.
  std::array<std::uint64_t, 2> next() {
    const std::size_t count = values_.size();
    if (++at_ == count * (count - 1)) at_ = 0;
    const std::size_t a = at_ % count, b = (a + 1 + at_ / count) % count;
    return {values_[a], values_[b]};
  }

 private:
  const std::vector<std::uint64_t>& values_;
  std::size_t at_ = 0;
};

}  // namespace k754_test

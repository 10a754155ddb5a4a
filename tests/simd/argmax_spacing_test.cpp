// argmin and argmax on vectors: many rows at once, short ones above all, of any stride and any distance apart.
#include <limits>
#include <vector>

#include "argmax_comparison.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// Rows in memory that ends where they do.
void compare_spaced(random_bits& random, const arg_searches& type, const guarded_buffer& memory,
                    const guarded_buffer& results, index_t n, index_t stride, index_t count, index_t step,
                    case_count& cases) {
  const index_t before = (stride < 0 ? (1 - n) * stride : 0) + (step < 0 ? (1 - count) * step : 0);
  const index_t reach = (n - 1) * std::abs(stride) + (count - 1) * std::abs(step) + 1;
  const untyped_elements x = place(memory, reach, type.element_size, static_cast<index_t>(random.below(3)));
  if (random.below(2) == 0) {
    fill_with_numbers(random, type, x, reach);
  } else {
    fill_randomly(random, type, x, reach);
  }
  compare_rows(type, x.at(before), n, stride, count, step, results, cases);
}

TEST_CASE("Short rows of every length, one after the other, in both directions") {
  std::vector<index_t> lengths;
  for (index_t n = 1; n <= 40; n += test_scale() > 1 ? 7 : 1) lengths.push_back(n);
  // what a byte counts in whole blocks, twice that, and where rows of each size of element are no longer short
  for (const index_t around : {112, 128, 192, 224, 336, 384, 768, 1536}) {
    for (index_t n = around - 1; n <= around + 1; ++n) {
      if (test_scale() == 1 || n == 113) lengths.push_back(n);
    }
  }
  for (const arg_searches& type : all_searches()) {
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size);
    case_count cases("short rows of " + type.type, sweep_floor(40 * 4 * lanes * type.comparisons()));
    const guarded_buffer memory(std::size_t{1} << 20), results(std::size_t{1} << 14);
    random_bits random(8);
    for (const index_t n : lengths) {
      for (const index_t stride : {1, -1}) {
        for (const index_t step : {n, n + 1, -n, index_t{1}}) {
          const index_t count = 1 + static_cast<index_t>(random.below(static_cast<std::uint64_t>(3 * lanes)));
          compare_spaced(random, type, memory, results, n, stride, count, step, cases);
        }
      }
    }
    cases.check();
  }
}

TEST_CASE("Strides that are never taken may be anything") {
  constexpr index_t least = std::numeric_limits<index_t>::min();
  for (const arg_searches& type : all_searches()) {
    case_count cases("strides that are never taken, of " + type.type, 600 * type.comparisons());
    const guarded_buffer memory(4096), results(4096);
    const untyped_elements x = place(memory, 200, type.element_size, 1);
    random_bits random(10);
    for (const index_t stride : {least, std::numeric_limits<index_t>::max(), index_t{0}}) {
      fill_randomly(random, type, x, 200);
      compare_rows(type, x.at(0), 1, stride, 200, 1, results, cases);
      compare_rows(type, x.at(0), 200, 1, 1, stride, results, cases);
      compare_rows(type, x.at(0), 1, stride, 1, stride, results, cases);
    }
    cases.check();
  }
}

TEST_CASE("Random rows of any stride, any distance apart") {
  for (const arg_searches& type : all_searches()) {
    case_count cases("spaced rows of " + type.type, scaled(2'000'000));
    const guarded_buffer memory(std::size_t{1} << 20), results(std::size_t{1} << 14);
    const auto room = static_cast<index_t>(memory.size() / type.element_size);
    random_bits random(9);
    for (long done = 0; done < scaled(2'000'000);) {
      const index_t n = log_uniform(random, random.below(4) == 0 ? 2000 : 60),
                    count = log_uniform(random, 1000);
      const auto sign = [&](index_t distance) { return random.below(3) == 0 ? -distance : distance; };
      index_t stride = 1, step = 1;
      switch (random.below(6)) {
        case 0:  // adjacent rows
          stride = sign(1);
          step = sign(n + static_cast<index_t>(random.below(3)));
          break;
        case 1:  // rows of every second element, or third, ...
          stride = sign(1 + static_cast<index_t>(random.below(4)));
          step = sign(n * std::abs(stride) + static_cast<index_t>(random.below(2)));
          break;
        case 2:  // columns
          stride = sign(count + static_cast<index_t>(random.below(3)));
          break;
        case 3:  // every second column, or third, ...
          step = sign(1 + static_cast<index_t>(random.below(4)));
          stride = sign(count * std::abs(step) + static_cast<index_t>(random.below(2)));
          break;
        case 4:  // the middle axis of three
          step = sign(3 * n);
          stride = sign(3);
          break;
        default:  // rows that overlap, and rows that repeat
          stride = static_cast<index_t>(random.below(7)) - 3;
          step = static_cast<index_t>(random.below(7)) - 3;
      }
      if ((n - 1) * std::abs(stride) + (count - 1) * std::abs(step) + 1 > room) continue;
      compare_spaced(random, type, memory, results, n, stride, count, step, cases);
      done += count * type.comparisons();
    }
    cases.check();
  }
}

}  // namespace
}  // namespace k754_test

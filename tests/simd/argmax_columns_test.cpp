// argmin and argmax on vectors: columns of a matrix, whose rows are searched side by side.
#include "argmax_comparison.hpp"

namespace k754_test {
namespace {

using namespace k754;

TEST_CASE("Columns: every count of them, the other value in every row of each") {
  for (const arg_searches& type : all_searches()) {
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size),
                  most = 4 * lanes + 3;
    case_count cases("columns of " + type.type, sweep_floor(10 * most * most * type.comparisons()));
    constexpr index_t longest = 9;
    const guarded_buffer memory(static_cast<std::size_t>((longest + 1) * (most + 2)) * type.element_size);
    const guarded_buffer results(static_cast<std::size_t>(most + 1) * sizeof(index_t));
    const untyped_elements everything(memory.begin(), type.element_size);
    const auto all = static_cast<index_t>(memory.size() / type.element_size);
    value_pairs pairs(type.values);
    for (index_t count = 1; count <= most; count += 1 + test_scale() / 16) {
      for (const index_t n : {0, 1, 2, 3, 5, 9}) {
        if (test_scale() > 1 && n > 1 && n != 5) continue;
        const index_t stride = count + (count + n) % 3, turns = test_scale() > 1 ? 1 : n;
        for (index_t turn = 0; turn <= turns; ++turn) {
          const auto [ordinary, other] = pairs.next();
          everything.fill(0, all, other);
          const index_t elements = n > 0 ? (n - 1) * stride + count : 0;
          const untyped_elements x =
              place(memory, elements, type.element_size, turn % 3 == 2 ? turn + n : turn % 3);
          x.fill(0, elements, ordinary);
          for (index_t column = 0; n > 0 && turn > 0 && column < count; ++column) {
            x.set((column * 7 + turn) % n * stride + column, other);
          }
          compare_columns(type, x.at(0), n, stride, count, results, cases);
        }
      }
    }
    cases.check();
  }
}

TEST_CASE("Random columns, of any stride") {
  for (const arg_searches& type : all_searches()) {
    case_count cases("random columns of " + type.type, scaled(2'000'000));
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size),
                  most = 4 * lanes + 3;
    const guarded_buffer memory(std::size_t{1} << 18);
    const guarded_buffer results(static_cast<std::size_t>(most + 1) * sizeof(index_t));
    random_bits random(4);
    for (long done = 0; done < scaled(2'100'000);) {
      const index_t n = log_uniform(random, 300), count = log_uniform(random, most);
      const auto choice = static_cast<index_t>(random.below(8));
      index_t stride = choice < 4   ? count + choice
                       : choice < 6 ? -count - choice
                                    : choice - 6;  // adjacent, reversed, 0, 1
      const index_t room = static_cast<index_t>(memory.size() / type.element_size);
      if ((n - 1) * std::abs(stride) + count > room) stride = 1;
      const index_t reach = (n - 1) * std::abs(stride) + count;
      const untyped_elements x =
          place(memory, reach, type.element_size, static_cast<index_t>(random.below(3)));
      fill_randomly(random, type, x, reach);
      const void* const first = x.at(stride < 0 ? (1 - n) * stride : 0);
      compare_columns(type, first, n, stride, count, results, cases);
      done += count * type.comparisons();
    }
    cases.check();
  }
}

TEST_CASE("Few columns that fill memory, so long that their rows are joined") {
  for (const arg_searches& type : all_searches()) {
    case_count cases("few long columns of " + type.type, scaled(300'000));
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size);
    const guarded_buffer memory(static_cast<std::size_t>(600 * lanes) * type.element_size);
    const guarded_buffer results(static_cast<std::size_t>(2 * lanes + 1) * sizeof(index_t));
    random_bits random(11);
    const auto below = [&](index_t n) {
      return static_cast<index_t>(random.below(static_cast<std::uint64_t>(n)));
    };
    for (long done = 0; done < scaled(310'000);) {
      const index_t count = 2 + below(2 * lanes - 1), least = 2 * count <= lanes ? 64 : 512;
      const index_t n = least * lanes / count - 3 + below(8 * lanes / count + 6), elements = n * count;
      const bool backward = below(3) == 0;
      const untyped_elements x = place(memory, elements, type.element_size, below(3));
      fill_randomly(random, type, x, elements);
      if (below(4) == 0) {  // winners among the rows that are left, and in any other
        x.fill(0, elements, type.values[random.below(type.values.size())]);
        for (index_t column = 0; column < count; ++column) {
          x.set((below(2) == 0 ? n - 1 - below(5) : below(n)) * count + column,
                type.values[random.below(type.values.size())]);
        }
      }
      compare_columns(type, x.at(backward ? (n - 1) * count : 0), n, backward ? -count : count, count,
                      results, cases);
      done += count * type.comparisons();
    }
    cases.check();
  }
}

TEST_CASE("Narrow types: columns longer than a lane can count") {
  for (const arg_searches& type : all_searches()) {
    if (type.element_size > 2) continue;
    case_count cases("long columns of " + type.type, sweep_floor(20'000));
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size);
    std::vector<index_t> lengths;
    for (const index_t around : {63, 64, 126, 128, 189, 252, 254, 256, 508, 512}) {
      for (index_t n = around - 2; n <= around + 2; ++n) lengths.push_back(n);
    }
    if (test_scale() == 1) {
      for (const index_t around : {16384, 32768, 49151, 65536}) {
        for (index_t n = around - 1; n <= around + 2; ++n) lengths.push_back(n);
      }
    } else {
      lengths.insert(lengths.end(), {32769, 65537});
    }
    const index_t most = 2 * lanes + 1;
    const guarded_buffer memory(static_cast<std::size_t>((lengths.back() + 4) * (most + 1)) *
                                type.element_size);
    const guarded_buffer results(static_cast<std::size_t>(most + 1) * sizeof(index_t));
    value_pairs pairs(type.values);
    random_bits random(5);
    for (const index_t n : lengths) {
      // Sliding windows (stride 1) over one row of elements, and a matrix of one column more than two vectors.
      for (const index_t stride : {index_t{1}, most}) {
        if (stride > 1 && n > 600 && (n & 3) != 1) continue;
        const index_t count = stride > 1 && n < 600 ? most : lanes, elements = (n - 1) * stride + count;
        const untyped_elements x = place(memory, elements, type.element_size, 1);
        const auto [ordinary, other] = pairs.next();
        x.fill(0, elements, ordinary);
        for (index_t column = 0; column < count; ++column) {
          // where counters end, where they would wrap, and the last rows
          const std::array<index_t, 6> rows{n - 1 - column % 3, 63 + column % 3,    127 + column % 3,
                                            254 + column % 4,   16383 + column % 4, 32766 + column % 4};
          const index_t row = rows[static_cast<std::size_t>(column) % rows.size()] % n;
          x.set(row * stride + column, other);
        }
        compare_columns(type, x.at(0), n, stride, count, results, cases);
        x.fill(0, elements, ordinary);
        x.set(static_cast<index_t>(random.below(static_cast<std::uint64_t>(elements))), other);
        compare_columns(type, x.at(0), n, stride, count, results, cases);
      }
    }
    cases.check();
  }
}

TEST_CASE("Columns wider than a tile, mostly of numbers of both signs") {
  for (const arg_searches& type : all_searches()) {
    const auto tile = static_cast<index_t>(8192 / type.element_size),
               lanes = static_cast<index_t>(longest_vector_bytes / type.element_size);
    case_count cases("wide rows of columns of " + type.type, scaled(24) * tile * type.comparisons());
    constexpr index_t longest = 40;
    const guarded_buffer memory(static_cast<std::size_t>(longest * (tile + 3 * lanes)) * type.element_size);
    const guarded_buffer results(static_cast<std::size_t>(tile + 3 * lanes) * sizeof(index_t));
    random_bits random(7);
    for (long round = 0; round < scaled(24); ++round) {
      const index_t n = 1 + static_cast<index_t>(random.below(longest)),
                    count = tile + static_cast<index_t>(random.below(static_cast<std::uint64_t>(3 * lanes)));
      const untyped_elements x = place(memory, n * count, type.element_size, static_cast<index_t>(round % 3));
      if (round % 4 == 0) {
        fill_randomly(random, type, x, n * count);
      } else {
        fill_with_numbers(random, type, x, n * count);
      }
      compare_columns(type, x.at(0), n, count, count, results, cases);
    }
    cases.check();
  }
}

}  // namespace
}  // namespace k754_test

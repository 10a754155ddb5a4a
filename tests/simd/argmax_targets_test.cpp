// argmin and argmax on vectors: rows, and tensors through the public interface.
#include <cmath>
#include <random>
#include <vector>

#include "../support/targets.hpp"
#include "argmax_comparison.hpp"

namespace k754_test {
namespace {

using namespace k754;

TEST_CASE("Rows of every length, with one value and another one at every position, between guarded pages") {
  for (const arg_searches& type : all_searches()) {
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size),
                  longest = 4 * lanes + 3;
    case_count cases("rows of " + type.type, sweep_floor(5 * longest * longest * type.comparisons()));
    const guarded_buffer memory(static_cast<std::size_t>(longest + 2 * lanes) * type.element_size);
    const untyped_elements everything(memory.begin(), type.element_size);
    const auto all = static_cast<index_t>(memory.size() / type.element_size);
    value_pairs pairs(type.values);
    random_bits random(1);
    const index_t step = 1 + test_scale() / 4;
    for (index_t n = 0; n <= longest; ++n) {
      for (index_t turn = 0; turn < scaled(12); ++turn) {
        const auto [ordinary, other] = pairs.next();
        everything.fill(0, all, other);
        const untyped_elements x = place(memory, n, type.element_size, turn % 3 == 2 ? turn + n : turn % 3);
        x.fill(0, n, ordinary);
        compare_row(type, x.at(0), n, 1, cases);
        for (index_t position = (n + turn) % step; position < n; position += step) {
          const auto also = static_cast<index_t>(random.below(static_cast<std::uint64_t>(n)));
          x.set(position, other);
          if (turn % 2 == 1) x.set(also, pairs.next()[turn % 4 == 1]);
          compare_row(type, x.at(0), n, 1, cases);
          x.set(position, ordinary);
          x.set(also, ordinary);
        }
      }
    }
    cases.check();
  }
}

TEST_CASE("Random rows, short ones and ones of many blocks") {
  for (const arg_searches& type : all_searches()) {
    case_count cases("random rows of " + type.type, scaled(2'000'000));
    random_bits random(2);
    const auto compare_rows_up_to = [&](long rows, index_t longest) {
      const guarded_buffer memory(static_cast<std::size_t>(longest) * type.element_size);
      for (long row = 0; row < rows; ++row) {
        const index_t n = log_uniform(random, longest);
        const untyped_elements x =
            place(memory, n, type.element_size,
                  static_cast<index_t>(row % 3 == 2 ? random.below(1000) : random.below(2)));
        fill_randomly(random, type, x, n);
        compare_row(type, x.at(0), n, 1, cases);
      }
    };
    compare_rows_up_to(scaled(2'000'000) / type.comparisons() + 1, 300);
    compare_rows_up_to(scaled(600), 30'000);
    // around the lengths from which blocks are longer
    const auto longest = static_cast<index_t>(150'000 / type.element_size), shortest = longest * 2 / 5;
    const guarded_buffer memory(static_cast<std::size_t>(longest) * type.element_size);
    for (long row = 0; row < scaled(60); ++row) {
      const index_t n =
          shortest + static_cast<index_t>(random.below(static_cast<std::uint64_t>(longest - shortest)));
      const untyped_elements x = place(memory, n, type.element_size, static_cast<index_t>(random.below(100)));
      fill_randomly(random, type, x, n);
      compare_row(type, x.at(0), n, 1, cases);
    }
    cases.check();
  }
}

TEST_CASE("Rows of any stride") {
  for (const arg_searches& type : all_searches()) {
    case_count cases("strided rows of " + type.type, scaled(2'000) * type.comparisons());
    random_bits random(3);
    const guarded_buffer memory(20'000);
    for (long round = 0; round < scaled(2'000); ++round) {
      const index_t n = log_uniform(random, 300), stride = static_cast<index_t>(random.below(8)) - 3;
      const index_t reach = (n - 1) * std::abs(stride) + 1;
      const untyped_elements x =
          place(memory, reach, type.element_size, static_cast<index_t>(random.below(3)));
      fill_randomly(random, type, x, reach);
      compare_row(type, x.at(stride < 0 ? reach - 1 : 0), n, stride, cases);
    }
    cases.check();
  }
}

TEST_CASE("Random tensors through the public interface, along every axis, on every target") {
  case_count cases("tensors x axes x searches x targets", sweep_floor(20'000));
  std::mt19937_64 random(6);
  std::vector<unsigned char> bytes;
  for (const arg_searches& type : all_searches()) {
    const best_target_at_end restored(type.force_target);
    for (long round = 0; round < scaled(200); ++round) {
      // One axis is long enough for vectors; layouts are permuted, reversed, padded and broadcast.
      index_vector shape = random_shape(random, 4, 5);
      if (shape.empty()) shape.push_back(3);
      shape[static_cast<std::size_t>(random_below(random, std::ssize(shape)))] =
          1 + random_below(random, 200);
      std::vector<std::size_t> order(shape.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::shuffle(order.begin(), order.end(), random);
      index_vector strides(shape.size());
      index_t step = 1 + random_below(random, 8) / 7, origin = 0, reach = 0;
      for (const std::size_t axis : order) {
        if (random_below(random, 6) == 0) continue;  // stride 0
        const index_t span = step * std::max<index_t>(shape[axis] - 1, 0);
        const bool reversed = random_below(random, 4) == 0;
        strides[axis] = reversed ? -step : step;
        if (reversed) origin += span;
        reach += span;
        step = step * std::max<index_t>(shape[axis], 1) + random_below(random, 2);
      }
      const guarded_buffer memory(static_cast<std::size_t>(reach + 1) * type.element_size);
      const untyped_elements all = place(memory, reach + 1, type.element_size, 1);
      random_bits contents(random());
      fill_randomly(contents, type, all, reach + 1);
      const untyped_view input{all.at(origin), shape.size(), shape.data(), strides.data()};

      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (shape[axis] == 0) continue;
        index_vector rows = shape;
        rows[axis] = 1;
        const bool keepdims = random_below(random, 2) == 0;
        index_vector reduced = rows;
        if (!keepdims) reduced.erase(reduced.begin() + static_cast<index_t>(axis));
        index_t count = 1;
        for (const index_t extent : rows) count *= extent;
        std::vector<std::int64_t> expected, found(static_cast<std::size_t>(count));
        const tensor_view<std::int64_t> output(found.data(), reduced.size(), reduced.data());
        for (const arg_search& search : type.searches) {
          if (search.run == nullptr) continue;
          expected.clear();
          for_each_index(rows, [&](const index_vector& index) {
            index_t offset = origin;
            for (std::size_t i = 0; i < index.size(); ++i) offset += index[i] * strides[i];
            expected.push_back(type.call_row(search.reference, all.at(offset), shape[axis], strides[axis]));
          });
          for (const target_functions& target : type.targets) {
            REQUIRE(type.force_target(target.target.c_str()));
            std::fill(found.begin(), found.end(), -77);
            const status result = search.run(input, output, static_cast<index_t>(axis), keepdims);
            if (result != status::ok || found != expected) {
              INFO(target.target << ", " << type.type << ", " << search.name << ", axis " << axis << " of "
                                 << shape.size());
              REQUIRE(result == status::ok);
              REQUIRE(found == expected);
            }
            cases.add();
          }
        }
      }
    }
  }
  cases.check();
}

}  // namespace
}  // namespace k754_test

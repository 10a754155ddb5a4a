// argmin and argmax on vectors, against the reference code, bit for bit: every element type and target.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../support/aliased_memory.hpp"
#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/guarded_buffer.hpp"
#include "../support/ieee754.hpp"
#include "../support/random_tensor.hpp"
#include "../support/test_scale.hpp"
#include "argmax_calls.hpp"

namespace k754_test {
namespace {

using namespace k754;

const std::vector<arg_searches>& all_searches() {
  static const std::vector<arg_searches> all = [] {
    std::vector<arg_searches> types;
    for (const auto& some : {argmax_float_calls(), argmax_double_calls(), argmax_float16_calls(),
                             argmax_signed_calls(), argmax_unsigned_calls(), argmax_more_targets_calls()}) {
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
untyped_elements place(const guarded_buffer& memory, index_t count, std::size_t element_size,
                       index_t placement) {
  const index_t room = static_cast<index_t>(memory.size() / element_size) - count;
  const index_t offset = placement == 0 ? 0 : placement == 1 ? room : (placement - 1) % (room + 1);
  return {memory.begin() + static_cast<std::size_t>(offset) * element_size, element_size};
}

/// The best target again, however a scope is left.
struct best_target_at_end {
  const arg_searches& type;
  ~best_target_at_end() { type.force_target(nullptr); }
};

/// Contents that make ties, late and early winners, NaNs, and nothing in particular.
void fill_randomly(random_bits& random, const arg_searches& type, const untyped_elements& x, index_t count) {
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

index_t log_uniform(random_bits& random, index_t largest) {
  const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
  return static_cast<index_t>(std::exp(unit * std::log(static_cast<double>(largest) + 1.0)));
}

/// One row through every search and target.
void compare_row(const arg_searches& type, const void* x, index_t n, index_t stride, case_count& cases) {
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
  cases.add(type.calls());
}

/// `count` rows that are `step` apart through every search and target; nothing but their winners is written.
void compare_rows(const arg_searches& type, const void* x, index_t n, index_t stride, index_t count,
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
  cases.add(count * type.calls());
}
void compare_columns(const arg_searches& type, const void* x, index_t n, index_t stride, index_t count,
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

}  // namespace

TEST_CASE("Rows of every length, with one value and another one at every position, between guarded pages") {
  for (const arg_searches& type : all_searches()) {
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size),
                  longest = 4 * lanes + 3;
    case_count cases("rows of " + type.type, sweep_floor(5 * longest * longest * type.calls()));
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
    compare_rows_up_to(scaled(2'000'000) / type.calls() + 1, 300);
    compare_rows_up_to(scaled(600), 30'000);
    cases.check();
  }
}

TEST_CASE("Rows of any stride") {
  for (const arg_searches& type : all_searches()) {
    case_count cases("strided rows of " + type.type, scaled(2'000) * type.calls());
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

TEST_CASE("Columns: every count of them, the other value in every row of each") {
  for (const arg_searches& type : all_searches()) {
    const index_t lanes = static_cast<index_t>(longest_vector_bytes / type.element_size),
                  most = 4 * lanes + 3;
    case_count cases("columns of " + type.type, sweep_floor(10 * most * most * type.calls()));
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
      done += count * type.calls();
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

TEST_CASE("Random tensors through the public interface, along every axis, on every target") {
  case_count cases("tensors x axes x searches x targets", sweep_floor(20'000));
  std::mt19937_64 random(6);
  std::vector<unsigned char> bytes;
  for (const arg_searches& type : all_searches()) {
    const best_target_at_end restored{type};
    for (long round = 0; round < scaled(150); ++round) {
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

TEST_CASE("More than 2^31 elements, in one row and in columns") {
  if (test_scale() > 1) {
    std::puts("  left out: for real machines");
    return;
  }
  constexpr index_t many = index_t{1} << 31, n = many + 1003, at = many + 777;
  const auto type_named = [](const char* name) -> const arg_searches& {
    return *std::find_if(all_searches().begin(), all_searches().end(),
                         [=](const auto& t) { return t.type == name; });
  };
  const auto search_named = [](const arg_searches& type, const char* name) {
    const auto found = std::find_if(type.searches.begin(), type.searches.end(),
                                    [=](const auto& s) { return s.name == name; });
    REQUIRE(found != type.searches.end());
    return static_cast<std::size_t>(found - type.searches.begin());
  };
  const auto search_row = [&](const arg_searches& type, std::uint64_t greater, std::size_t targets) {
    const aliased_memory memory(static_cast<std::size_t>(many) * type.element_size /
                                aliased_memory::piece_bytes);
    if (memory.data() == nullptr) {
      std::printf("  left out: the system maps no %zu bytes\n", memory.size());
      return;
    }
    const untyped_elements x(memory.data(), type.element_size);
    const std::size_t first = search_named(type, "argmax default"),
                      last = search_named(type, "argmax ties::last");
    std::int64_t winner = -1;
    x.set(at, greater);
    const index_t stride = 1;
    CHECK(type.searches[first].run({x.at(0), 1, &n, &stride}, tensor_view<std::int64_t>(&winner), 0, false) ==
          status::ok);
    CHECK(winner == at);
    for (std::size_t t = 0; t < targets; ++t) {
      INFO(type.targets[t].target);
      CHECK(type.call_row(type.targets[t].functions[first], x.at(0), n, 1) == at);
      CHECK(type.call_row(type.targets[t].functions[last], x.at(0), n, 1) == at);
    }
    x.set(at, 0);
    CHECK(type.call_row(type.targets[0].functions[last], x.at(0), n, 1) == n - 1);
  };
  search_row(type_named("int8"), 1, type_named("int8").targets.size());
  search_row(type_named("float"), 1, 1);

  // Columns whose rows are all the same memory, so that only the counting is long.
  const arg_searches& type = type_named("int32");
  const std::array<std::int32_t, longest_vector_bytes / 4> row{};
  std::array<index_t, row.size()> winners{};
  type.call(type.targets[0].functions[search_named(type, "argmax ties::last")], row.data(), n, 0, row.size(),
            1, winners.data());
  CHECK(std::all_of(winners.begin(), winners.end(), [](index_t winner) { return winner == n - 1; }));
}

}  // namespace k754_test

// where.hpp: what is a condition: bytes, numbers by name, packed bits.
#include <k754/where.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"
#include "support/where_helpers.hpp"

namespace k754_test {
namespace {

using namespace k754;

TEST_CASE("WH-09: any byte that is not 0 is true, under every name of a byte") {
  case_count cases("mask bytes", 3 * 256);
  for_types<bool, std::uint8_t, std::int8_t>([&]<class Byte>() {
    std::vector<unsigned char> bytes(256);
    for (std::size_t i = 0; i < 256; ++i) bytes[i] = static_cast<unsigned char>(i);
    std::vector<float> output(256, 0.0F);
    where(tensor_view<const Byte, 1>(reinterpret_cast<const Byte*>(bytes.data()), {256}), 1.0F, 2.0F, output);
    for (std::size_t i = 0; i < 256; ++i) {
      CHECK(output[i] == (i == 0 ? 2.0F : 1.0F));
      cases.add();
    }
  });
  cases.check();
}

TEST_CASE("WH-05: numbers become conditions only by name, on bits") {
  case_count cases("numeric conditions", 4 * 4 * 10);
  for_types<float16, bfloat16, float, double>([&]<class T>() {
    using format = detail::format_of<T>;
    const auto value = [](std::uint64_t bits) { return from_bytes<T>(bits); };
    // From the least to the greatest; equal neighbours (the zeros) share a rank. NaNs have none.
    const std::array<T, 10> x{value(format::infinity | format::quiet_bit),
                              value(format::sign_bit | format::infinity | 1),
                              value(format::sign_bit | format::infinity),
                              value(format::sign_bit | format::smallest_normal),
                              value(format::sign_bit | 1),
                              value(format::sign_bit),
                              value(0),
                              value(1),
                              value(format::smallest_normal),
                              value(format::infinity)};
    const std::array<int, 10> rank{-1, -1, 0, 1, 2, 3, 3, 4, 5, 6};
    for (const environment& env : hostile_environments()) {
      INFO(env.name);
      std::array<std::int8_t, 10> is_nonzero{};
      std::array<std::array<std::int8_t, 10>, 10> is_greater{};
      bool intact = false;
      run_in(env, intact, [&] {
        where(nonzero(x), std::int8_t{1}, std::int8_t{0}, is_nonzero);
        for (std::size_t t = 0; t < 10; ++t) {
          where(greater_than(x, x[t]), std::int8_t{1}, std::int8_t{0}, is_greater[t]);
        }
      });
      CHECK(intact);
      for (std::size_t i = 0; i < 10; ++i) {
        CAPTURE(i);
        CHECK(is_nonzero[i] == (rank[i] != 3));
        for (std::size_t t = 0; t < 10; ++t) {
          CAPTURE(t);
          CHECK(is_greater[t][i] == (rank[i] >= 0 && rank[t] >= 0 && rank[i] > rank[t]));
        }
        cases.add();
      }
    }
  });
  const std::int64_t integers[3] = {-1, 0, std::int64_t{1} << 40};
  std::int8_t output[3];
  where(nonzero(integers), std::int8_t{1}, std::int8_t{0}, output);
  CHECK(same_bits(output, std::array<std::int8_t, 3>{1, 0, 1}));
  where(greater_than(integers, -1L), std::int8_t{1}, std::int8_t{0}, output);
  CHECK(same_bits(output, std::array<std::int8_t, 3>{0, 1, 1}));
  const std::uint32_t naturals[2] = {0xFFFFFFFFU, 1};
  std::int8_t two[2];
  where(greater_than(naturals, 1U), std::int8_t{1}, std::int8_t{0}, two);
  CHECK(same_bits(two, std::array<std::int8_t, 2>{1, 0}));
  cases.check();
}

float static_float_output[2][10];

TEST_CASE("WH-20: packed bits share no byte with an output") {
  std::uint8_t memory[64] = {};
  const auto where_bits = [&](index_t first_byte, index_t bytes, index_t columns, index_t offset,
                              tensor_view<std::uint8_t, 1> output) {
    return try_where(packed_bits(tensor_view(memory + first_byte, {bytes}), columns, offset), std::uint8_t{1},
                     std::uint8_t{2}, output);
  };
  const tensor_view<std::uint8_t, 1> output(memory + 16, {8}), one(memory + 16, {1});
  CHECK(where_bits(15, 1, 8, 0, output) == status::ok);
  CHECK(where_bits(16, 1, 8, 0, output) == status::overlap);
  CHECK(where_bits(16, 1, 1, 0, one) ==
        status::overlap);  // not even where an element lies in the byte of its own bit
  CHECK(where_bits(15, 2, 8, 0, output) == status::ok);  // bytes without bits of the condition do not count
  CHECK(where_bits(15, 2, 8, 1, output) == status::overlap);
  CHECK(where_bits(23, 1, 8, 0, output) == status::overlap);
  CHECK(where_bits(22, 4, 8, 15, output) == status::overlap);
  CHECK(where_bits(22, 4, 8, 16, output) == status::ok);
  const tensor_view<std::uint8_t, 2> rows(memory, {2, 1}, {20, 1}), columns(memory + 1, {2, 8}, {20, 1});
  CHECK(try_where(packed_bits(rows, 8), std::uint8_t{1}, std::uint8_t{2}, columns) == status::ok);
  CHECK(try_where(packed_bits(rows, 7, 1), std::uint8_t{1}, std::uint8_t{2},
                  tensor_view<std::uint8_t, 2>(memory + 14, {2, 7})) == status::overlap);
  std::uint8_t dx[8], f_output[8];
  CHECK(try_where_backward(packed_bits(tensor_view(memory, {1}), 8), std::uint8_t{1}, dx,
                           tensor_view(memory, {8})) == status::overlap);
  CHECK(try_where_apply(
            packed_bits(tensor_view(f_output, {1}), 8), [](std::uint8_t v) { return v; }, std::uint8_t{1},
            std::uint8_t{2}, f_output) == status::overlap);
}

TEST_CASE("WH-19: packed bits in every function, and their messages") {
  const std::uint8_t bits[2][2] = {{0x05, 0x02}, {0x00, 0x01}};  // of 10 columns
  const auto condition = packed_bits(bits, 10);
  float x[10], output[2][10], dx[2][10], dy[2][10];
  for (int i = 0; i < 10; ++i) x[i] = static_cast<float>(i + 1);
  const auto live = [&](int row, int column) { return (bits[row][column / 8] >> (column % 8) & 1) != 0; };
  const auto all = [&](auto&& expected, const float(&actual)[2][10]) {
    for (int row = 0; row < 2; ++row) {
      for (int column = 0; column < 10; ++column) {
        CAPTURE(row, column);
        CHECK(to_bits(actual[row][column]) == to_bits(expected(row, column)));
      }
    }
  };
  where_apply(condition, negated, x, 7.0F, output);
  all([&](int row, int column) { return live(row, column) ? -x[column] : 7.0F; }, output);
  where_backward(condition, x, dx, dy);
  all([&](int row, int column) { return live(row, column) ? x[column] : 0.0F; }, dx);
  all([&](int row, int column) { return live(row, column) ? 0.0F : x[column]; }, dy);
  where_apply_backward(condition, negated, x, 2.0F, dx, dy);
  all([&](int row, int column) { return live(row, column) ? -2.0F * x[column] : 0.0F; }, dx);
  all([&](int row, int column) { return live(row, column) ? 0.0F : 2.0F; }, dy);
  where(packed_bits(bits, 3, 8), 1.0F, 2.0F, tensor_view(&output[0][0], {2, 3}));
  CHECK(same_bits(std::span(output[0], 6), std::array<float, 6>{2, 1, 2, 1, 2, 2}));

  const auto message = [&](status expected, auto c) {
    return message_of(
        expected, [&] { where(c, x, 0.0F, output); }, [&] { return try_where(c, x, 0.0F, output); });
  };
  const index_t huge = std::numeric_limits<index_t>::max();
  CHECK(message(status::shape_mismatch, packed_bits(bits, 17)) ==
        "[where] condition has 2 packed bytes on axis 1, expected 3");
  CHECK(message(status::shape_mismatch, packed_bits(bits, huge, huge)) ==
        "[where] condition has 2 packed bytes on axis 1, expected 2305843009213693952");
  CHECK(message(status::negative_extent, packed_bits(bits, -2)) ==
        "[where] condition has extent -2 on axis 1");
  CHECK(message(status::invalid_option, packed_bits(bits, 10, -1)) ==
        "[where] condition begins at bit -1, expected 0 or more");
  CHECK(message(status::invalid_option, packed_bits(tensor_view(&bits[0][0], {2, 2}, {1, 2}), 10)) ==
        "[where] condition has packed bytes 2 apart, expected adjacent ones");
  CHECK(message(status::rank_mismatch, packed_bits(tensor_view(&bits[0][0]), 1)) ==
        "[where] condition has no axis of packed bytes");
  CHECK(message(status::null_pointer,
                packed_bits(tensor_view<const std::uint8_t, 2>(nullptr, {2, 2}), 10, 3)) ==
        "[where] condition has elements, but its pointer is null");
  CHECK(message(status::size_overflow, packed_bits(tensor_view(&bits[0][0], {2, 2}, {huge / 2, 1}), 10)) ==
        "[where] condition is too large: extent 2 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(message(status::shape_mismatch, packed_bits(bits, 9)) ==
        "[where] x has extent 10 on axis 0, the arguments before it have 9 there");
  static constexpr std::uint8_t constant_bits[2][2] = {};
  STATIC_REQUIRE(check_where(packed_bits(constant_bits, 10, 3), 1.0F, 2.0F,
                             tensor_view(&static_float_output[0][0], {2, 10})));
  STATIC_REQUIRE(!check_where(packed_bits(constant_bits, 10, 7), 1.0F, 2.0F,
                              tensor_view(&static_float_output[0][0], {2, 10})));
}

}  // namespace
}  // namespace k754_test

// where.hpp: outputs that are operands, and operands that overlap outputs.
#include <k754/where.hpp>

#include <array>
#include <cstdint>

#include "support/catch.hpp"
#include "support/where_helpers.hpp"

namespace k754_test {
namespace {

using namespace k754;

TEST_CASE("WH-11: outputs may be operands, element by element, and nothing else that they overlap") {
  struct layout_case {
    const char* name;
    index_t x_first, x_stride, output_first, output_stride;
    status expected;
  };
  const layout_case table[] = {
      {"the same elements", 0, 1, 0, 1, status::ok},
      {"the same elements, strided", 2, 3, 2, 3, status::ok},
      {"the same elements, reversed", 7, -1, 7, -1, status::ok},
      {"one element further", 0, 1, 1, 1, status::overlap},
      {"in reverse order", 0, 1, 7, -1, status::overlap},
      {"interleaved, disjoint", 0, 2, 1, 2, status::ok},
      {"interleaved, crossing", 0, 2, 0, 3, status::overlap},
      {"interleaved and reversed, disjoint", 14, -2, 1, 2, status::ok},
      {"side by side", 0, 1, 8, 1, status::ok},
      {"one element repeated, within the output", 3, 0, 0, 1, status::overlap},
      {"one element repeated, outside", 30, 0, 0, 1, status::ok},
  };
  const bool mask[8] = {true, false, true, true, false, false, true, false};
  for (const layout_case& c : table) {
    INFO(c.name);
    std::array<float, 32> memory{}, separate{};
    for (std::size_t i = 0; i < 32; ++i) memory[i] = separate[i] = static_cast<float>(i + 1);
    const std::array<float, 32> before = memory;
    const auto view = [](std::array<float, 32>& m, index_t first, index_t stride) {
      return tensor_view<float, 1>(m.data() + first, {8}, {stride});
    };
    const auto x = view(memory, c.x_first, c.x_stride),
               output = view(memory, c.output_first, c.output_stride);
    const auto other_x = view(separate, c.x_first, c.x_stride);
    std::array<float, 32> expected = before;
    const auto expect = [&](auto&& kernel) {  // the same call with operands in other memory
      expected = before;
      if (c.expected == status::ok) kernel(other_x, view(expected, c.output_first, c.output_stride));
    };
    const auto check = [&](status result) {
      CHECK(result == c.expected);
      CHECK(same_bits(memory, expected));
      memory = before;
    };
    expect([&](auto a, auto o) { where(mask, a, -1.0F, o); });
    check(try_where(mask, x, -1.0F, output));
    expect([&](auto a, auto o) { where(mask, -1.0F, a, o); });
    check(try_where(mask, -1.0F, x, output));
    expect([&](auto a, auto o) { where(greater_than(a, 4.0F), a, 0.0F, o); });
    check(try_where(greater_than(x, 4.0F), x, 0.0F, output));
    expect([&](auto a, auto o) { where_backward(mask, a, o, nullptr); });
    check(try_where_backward(mask, x, output, nullptr));
    expect([&](auto a, auto o) { where_backward(mask, a, nullptr, o); });
    check(try_where_backward(mask, x, nullptr, output));
    const auto f = [](float v) { return 2.0F * v; };
    expect([&](auto a, auto o) { where_apply(mask, f, a, a, o); });
    check(try_where_apply(mask, f, x, x, output));
    expect([&](auto a, auto o) { where_apply_backward(mask, f, a, a, o, nullptr); });
    check(try_where_apply_backward(mask, f, x, x, output, nullptr));
  }
}

TEST_CASE("WH-11: conditions, broadcast operands, scalars and second outputs that share memory") {
  SECTION("a condition of bytes may be the output of bytes") {
    std::uint8_t c[4] = {0, 1, 2, 0};
    where(c, std::uint8_t{7}, std::uint8_t{9}, c);
    CHECK(same_bits(c, std::array<std::uint8_t, 4>{9, 7, 7, 9}));
    CHECK(try_where(tensor_view(c, {3}), std::uint8_t{7}, std::uint8_t{9}, tensor_view(c + 1, {3})) ==
          status::overlap);
  }
  SECTION("but not of wider elements") {
    float output[4] = {1, 2, 3, 4};
    const tensor_view<const std::uint8_t, 1> bytes(reinterpret_cast<const std::uint8_t*>(output), {4});
    CHECK(try_where(bytes, 1.0F, 2.0F, output) == status::overlap);
    CHECK(output[0] == 1.0F);
  }
  SECTION("an operand with axes of extent 1 less is the output still") {
    float m[1][3] = {{1, 2, 3}};
    const tensor_view<float, 1> row(m[0], {3});
    const bool c[1][3] = {{true, false, true}};
    CHECK(try_where(c, row, 0.0F, m) == status::ok);
    CHECK(same_bits(m[0], std::array<float, 3>{1, 0, 3}));
    CHECK(try_where(true, m, row, m) == status::ok);
  }
  SECTION("an operand that is repeated over the output may not be written") {
    float m[2][3] = {{1, 2, 3}, {4, 5, 6}};
    const tensor_view<float, 1> row(m[0], {3});
    const tensor_view<float, 2> column(m[0], {2, 1}, {3, 1});
    const bool c[2][3] = {};
    CHECK(try_where(c, row, 0.0F, m) == status::overlap);
    CHECK(try_where(c, column, 0.0F, m) == status::overlap);
    CHECK(m[1][0] == 4.0F);
  }
  SECTION("a scalar is a value, wherever it lies") {
    float m[3] = {1, 2, 3};
    where(std::array{false, true, true}, m[2], m, m);
    CHECK(same_bits(m, std::array<float, 3>{1, 3, 3}));
    where(std::array{true, false, false}, 9.0F, m[0], m);
    CHECK(same_bits(m, std::array<float, 3>{9, 1, 1}));
    std::uint8_t bytes[2] = {1, 0};
    where(bytes[0], std::uint8_t{5}, bytes, bytes);
    CHECK(same_bits(bytes, std::array<std::uint8_t, 2>{5, 5}));
  }
  SECTION("outputs share nothing with each other") {
    float g[4] = {1, 2, 3, 4};
    const auto first = tensor_view(g, {2}), last = tensor_view(g + 1, {2}), apart = tensor_view(g + 2, {2});
    const bool c[2] = {true, false};
    CHECK(try_where_backward(c, 1.0F, first, first) == status::overlap);
    CHECK(try_where_backward(c, 1.0F, first, last) == status::overlap);
    CHECK(same_bits(g, std::array<float, 4>{1, 2, 3, 4}));
    CHECK(try_where_backward(c, first, first, apart) == status::ok);
    CHECK(same_bits(g, std::array<float, 4>{1, 0, 0, 2}));
    CHECK(try_where_backward(c, first, apart, first) == status::ok);
    CHECK(same_bits(g, std::array<float, 4>{0, 0, 1, 0}));
  }
}

}  // namespace
}  // namespace k754_test

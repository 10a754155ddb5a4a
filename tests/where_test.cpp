#include <k754/where.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"
#include "support/random_tensor.hpp"

namespace k754_test {
namespace {

using namespace k754;

template <class A, class B>
bool same_bytes(const A& a, const B& b) {
  return std::size(a) == std::size(b) &&
         std::memcmp(std::data(a), std::data(b), std::size(a) * sizeof(*std::data(a))) == 0;
}

/// Values that arithmetic or a comparison would change.
template <class T>
std::array<T, 8> fragile_values() {
  constexpr auto width = 8 * sizeof(T);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  std::uint64_t infinity = 0x7C00;  // any pattern serves for integers
  if constexpr (floating<T>) infinity = detail::format_of<T>::infinity;
  return {from_bytes<T>(infinity | 1),         // signalling NaN
          from_bytes<T>(sign | infinity | 1),  // the same, negative
          from_bytes<T>(sign),                 // -0
          from_bytes<T>(1),                    // smallest subnormal
          from_bytes<T>(sign | 3),             // negative subnormal
          from_bytes<T>(~std::uint64_t{0}),    // quiet NaN with every payload bit
          from_bytes<T>(infinity),
          from_bytes<T>(0)};
}

float negated(float v) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) ^ 0x80000000U); }

/// Rounding, masks and flush bits of this thread.
unsigned control_bits() {
#if defined(__SSE2__)
  return _mm_getcsr() & ~0x3FU;
#else
  return static_cast<unsigned>(std::fegetround());
#endif
}

template <class... Types, class Body>
void for_types(Body&& body) {
  (body.template operator()<Types>(), ...);
}
template <class Body>
void for_all_types(Body&& body) {
  for_types<float16, bfloat16, float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
            std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(body);
}

TEST_CASE("burn#2253: mask_where with a NaN in the operand that is not selected") {
  float x[3][3], y[3][3], z[3][3];
  bool mask[3][3];
  for (int i = 0; i < 9; ++i) {
    x[i / 3][i % 3] = static_cast<float>(i + 1) / 10.0F;
    y[i / 3][i % 3] = static_cast<float>(9 - i) / 10.0F;
    z[i / 3][i % 3] = canonical_nan<float>();
    mask[i / 3][i % 3] = x[i / 3][i % 3] <= 0.5F;
  }
  where(mask, y, z, z);
  for (int i = 0; i < 9; ++i) {
    CAPTURE(i);
    CHECK(to_bits(z[i / 3][i % 3]) == to_bits(i < 5 ? y[i / 3][i % 3] : canonical_nan<float>()));
  }
}

TEST_CASE(
    "WH-03 WH-04: every type is copied bit by bit, as tensor, scalar and gradient, in every environment") {
  case_count cases("types, values, environments", 12 * 4);
  for_all_types([&]<class T>() {
    const std::array<T, 8> x = fragile_values<T>();
    std::array<T, 8> y = x;
    std::rotate(y.begin(), y.begin() + 3, y.end());
    const std::array<bool, 8> mask{true, false, true, false, false, true, false, true};
    // As bytes: compilers quiet signalling NaNs in constants.
    std::array<T, 8> selected{}, selected_scalar{}, gradient_x{}, gradient_y{};
    for (std::size_t i = 0; i < 8; ++i) {
      std::memcpy(&selected[i], mask[i] ? &x[i] : &y[i], sizeof(T));
      std::memcpy(&selected_scalar[i], mask[i] ? &x[0] : &y[i], sizeof(T));
      std::memcpy(mask[i] ? &gradient_x[i] : &gradient_y[i], &x[i], sizeof(T));
    }
    for (const environment& env : hostile_environments()) {
      INFO(env.name);
      std::array<T, 8> output{}, scalar_output{}, dx{}, dy{}, dx_alone{}, dy_alone{};
      bool intact = false;
      run_in(env, intact, [&] {
        where(mask, x, y, output);
        where(mask, x[0], y, scalar_output);
        where_backward(mask, x, dx, dy);
        where_backward(mask, x, dx_alone, nullptr);
        where_backward(mask, x, nullptr, dy_alone);
      });
      CHECK(intact);
      CHECK(same_bytes(output, selected));
      CHECK(same_bytes(scalar_output, selected_scalar));
      CHECK(same_bytes(dx, gradient_x));
      CHECK(same_bytes(dy, gradient_y));
      CHECK(same_bytes(dx_alone, gradient_x));
      CHECK(same_bytes(dy_alone, gradient_y));
      cases.add();
    }
  });
  cases.check();
}

TEST_CASE("WH-15: where selects bytes of bool as they are") {
  const unsigned char bytes[4] = {0, 1, 2, 0x80};
  unsigned char output[4] = {7, 7, 7, 7};
  const auto as_bool = [](auto* p) { return tensor_view<bool, 1>(reinterpret_cast<bool*>(p), {4}); };
  const bool mask[4] = {true, true, true, false};
  unsigned char copy[4];
  std::memcpy(copy, bytes, 4);
  where(mask, as_bool(copy), false, as_bool(output));
  CHECK(output[0] == 0);
  CHECK(output[1] == 1);
  CHECK(output[2] == 2);
  CHECK(output[3] == 0);
}

TEST_CASE("where takes types stored as k754's") {
  const long long x[2] = {1, -2};
  const std::int64_t y[2] = {3, 4};
  long long output[2] = {};
  where(std::array{true, false}, x, y, output);
  CHECK(output[0] == 1);
  CHECK(output[1] == 4);
  where(std::array{true, false}, 5LL, std::int64_t{6}, output);
  CHECK(output[0] == 5);
  CHECK(output[1] == 6);
#if K754_HAS_FLOAT16
  const native_float16 h[2] = {from_bytes<native_float16>(0x7C01), from_bytes<native_float16>(0x8001)};
  float16 halves[2] = {};
  where(std::array{true, false}, h, float16(1.0F), halves);
  CHECK(halves[0].bits() == 0x7C01);
  CHECK(halves[1].bits() == 0x3C00);
  where_apply(
      std::array{true, false}, [](native_float16 v) { return v; }, h, h, halves);
  CHECK(halves[0].bits() == 0x7C01);
  CHECK(halves[1].bits() == 0x8001);
#endif
#if K754_HAS_BFLOAT16
  const native_bfloat16 b[2] = {from_bytes<native_bfloat16>(0x7F81), from_bytes<native_bfloat16>(0x8001)};
  bfloat16 brains[2] = {};
  where(std::array{false, true}, b, b, brains);
  CHECK(brains[0].bits() == 0x7F81);
  CHECK(brains[1].bits() == 0x8001);
#endif
}

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
  CHECK(same_bytes(output, std::array<std::int8_t, 3>{1, 0, 1}));
  where(greater_than(integers, -1L), std::int8_t{1}, std::int8_t{0}, output);
  CHECK(same_bytes(output, std::array<std::int8_t, 3>{0, 1, 1}));
  const std::uint32_t naturals[2] = {0xFFFFFFFFU, 1};
  std::int8_t two[2];
  where(greater_than(naturals, 1U), std::int8_t{1}, std::int8_t{0}, two);
  CHECK(same_bytes(two, std::array<std::int8_t, 2>{1, 0}));
  cases.check();
}

template <class Condition, class X, class Y, class Output>
concept where_compiles = requires(Condition& c, X& x, Y& y, Output& output) {
  where(c, x, y, output);
};

TEST_CASE("WH-05 WH-10: nothing is promoted, and numbers are no conditions") {
  using f = std::array<float, 2>;
  using d = std::array<double, 2>;
  using mask = std::array<bool, 2>;
  STATIC_REQUIRE(where_compiles<mask, f, f, f>);
  STATIC_REQUIRE(where_compiles<mask, float, f, f>);
  STATIC_REQUIRE(where_compiles<mask, float, float, f>);
  STATIC_REQUIRE(where_compiles<bool, f, f, f>);
  STATIC_REQUIRE(where_compiles<std::array<std::uint8_t, 2>, f, f, f>);
  STATIC_REQUIRE(where_compiles<std::array<std::int8_t, 2>, f, f, f>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, double, f, f>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, int, f, f>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, f, d, f>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, f, f, d>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, std::array<std::int32_t, 2>, f, f>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, std::array<float16, 2>, f, f>);
  STATIC_REQUIRE_FALSE(
      where_compiles<mask, std::array<float16, 2>, std::array<bfloat16, 2>, std::array<float16, 2>>);
  STATIC_REQUIRE_FALSE(where_compiles<mask, f, f, const f>);
  STATIC_REQUIRE_FALSE(where_compiles<f, f, f, f>);
  STATIC_REQUIRE_FALSE(where_compiles<std::array<std::int64_t, 2>, f, f, f>);
  STATIC_REQUIRE_FALSE(where_compiles<int, f, f, f>);
}

/// One call of where in a random geometry, against the model.
template <class T>
void check_geometry(std::mt19937_64& random, case_count& cases) {
  const index_vector target = random_shape(random, 5, 4);
  const index_vector condition_shape = random_operand_shape(random, target);
  const index_vector x_shape = random_operand_shape(random, target),
                     y_shape = random_operand_shape(random, target);
  bool fits = false;
  const index_vector shape = broadcast_shape({condition_shape, x_shape, y_shape}, fits);
  REQUIRE(fits);

  random_tensor<std::uint8_t> condition(random, condition_shape, true);
  for (unsigned char& byte : condition.memory) byte = random_below(random, 2) == 0 ? 0 : byte;
  random_tensor<T> x(random, x_shape, true), y(random, y_shape, true), output(random, shape, false);
  random_tensor<T> dx(random, shape, false), dy(random, shape, false);
  auto expected = output, expected_dx = dx, expected_dy = dy;
  const T zero{};
  for_each_index(shape, [&](const index_vector& index) {
    const bool c = *condition.at(index) != 0;
    std::memcpy(expected.at(index), c ? x.at(index) : y.at(index), sizeof(T));
    std::memcpy(expected_dx.at(index), c ? static_cast<const void*>(x.at(index)) : &zero, sizeof(T));
    std::memcpy(expected_dy.at(index), c ? &zero : static_cast<const void*>(x.at(index)), sizeof(T));
    cases.add();
  });
  REQUIRE(try_where(condition.view(), x.view(), y.view(), output.view()) == status::ok);
  REQUIRE(try_where_backward(condition.view(), x.view(), dx.view(), dy.view()) == status::ok);
  REQUIRE(output.memory == expected.memory);
  REQUIRE(dx.memory == expected_dx.memory);
  REQUIRE(dy.memory == expected_dy.memory);
}

TEST_CASE("WH-06: three operands broadcast in any layout, as the index model says") {
  std::mt19937_64 random(6);
  case_count cases("elements of random geometries", 20000);
  for (int i = 0; i < 400; ++i) {
    check_geometry<std::uint8_t>(random, cases);
    check_geometry<float16>(random, cases);
    check_geometry<float>(random, cases);
    check_geometry<double>(random, cases);
  }
  cases.check();
}

TEST_CASE("WH-06: shapes that do not broadcast, and outputs of another shape, are refused") {
  std::mt19937_64 random(66);
  case_count fitting("random shapes that broadcast", 500), refused("random shapes that do not", 500);
  std::vector<float> memory(4096);
  const auto view = [&](const index_vector& shape) {
    return tensor_view<const float>(memory.data(), shape.size(), shape.data());
  };
  for (int i = 0; i < 4000; ++i) {
    std::vector<index_vector> shapes;
    for (int operand = 0; operand < 3; ++operand) shapes.push_back(random_shape(random, 3, 3));
    bool fits = false;
    index_vector shape = broadcast_shape(shapes, fits);
    std::vector<float> target(4096);
    const auto output = [&] { return tensor_view<float>(target.data(), shape.size(), shape.data()); };
    CAPTURE(shapes, shape);
    REQUIRE((check_where(nonzero(view(shapes[0])), view(shapes[1]), view(shapes[2]), output()).code ==
             status::ok) == fits);
    (fits ? fitting : refused).add();
    if (!fits) continue;
    shape.push_back(1);
    REQUIRE(check_where(nonzero(view(shapes[0])), view(shapes[1]), view(shapes[2]), output()).code ==
            status::rank_mismatch);
    shape.back() = 7;
    REQUIRE(check_where(nonzero(view(shapes[0])), view(shapes[1]), view(shapes[2]), output()).code !=
            status::ok);
  }
  fitting.check();
  refused.check();
}

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
      CHECK(same_bytes(memory, expected));
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

/// The message of the throwing form, and the status, which both forms must agree on.
template <class Throwing, class Try>
std::string message_of(status expected, Throwing&& throwing, Try&& trying) {
  CHECK(trying() == expected);
  try {
    throwing();
  } catch (const shape_error& e) {
    CHECK(e.code() == expected);
    return e.what();
  }
  return "nothing was thrown";
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
  CHECK(same_bytes(std::span(output[0], 6), std::array<float, 6>{2, 1, 2, 1, 2, 2}));

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

TEST_CASE("WH-11: conditions, broadcast operands, scalars and second outputs that share memory") {
  SECTION("a condition of bytes may be the output of bytes") {
    std::uint8_t c[4] = {0, 1, 2, 0};
    where(c, std::uint8_t{7}, std::uint8_t{9}, c);
    CHECK(same_bytes(c, std::array<std::uint8_t, 4>{9, 7, 7, 9}));
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
    CHECK(same_bytes(m[0], std::array<float, 3>{1, 0, 3}));
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
    CHECK(same_bytes(m, std::array<float, 3>{1, 3, 3}));
    where(std::array{true, false, false}, 9.0F, m[0], m);
    CHECK(same_bytes(m, std::array<float, 3>{9, 1, 1}));
    std::uint8_t bytes[2] = {1, 0};
    where(bytes[0], std::uint8_t{5}, bytes, bytes);
    CHECK(same_bytes(bytes, std::array<std::uint8_t, 2>{5, 5}));
  }
  SECTION("outputs share nothing with each other") {
    float g[4] = {1, 2, 3, 4};
    const auto first = tensor_view(g, {2}), last = tensor_view(g + 1, {2}), apart = tensor_view(g + 2, {2});
    const bool c[2] = {true, false};
    CHECK(try_where_backward(c, 1.0F, first, first) == status::overlap);
    CHECK(try_where_backward(c, 1.0F, first, last) == status::overlap);
    CHECK(same_bytes(g, std::array<float, 4>{1, 2, 3, 4}));
    CHECK(try_where_backward(c, first, first, apart) == status::ok);
    CHECK(same_bytes(g, std::array<float, 4>{1, 0, 0, 2}));
    CHECK(try_where_backward(c, first, apart, first) == status::ok);
    CHECK(same_bytes(g, std::array<float, 4>{0, 0, 1, 0}));
  }
}

TEST_CASE("where names what is wrong and writes nothing") {
  std::array<float, 16> x{}, y{};
  std::array<bool, 16> c{};
  std::array<std::uint32_t, 32> canary;
  canary.fill(0xDEADBEEFU);
  const auto untouched = canary;
  auto* const out = reinterpret_cast<float*>(canary.data());
  const auto message = [&](status expected, auto condition, auto a, auto b, auto output) {
    const std::string text = message_of(
        expected, [&] { where(condition, a, b, output); },
        [&] { return try_where(condition, a, b, output); });
    CHECK(check_where(condition, a, b, output).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  const index_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  const index_t huge = std::numeric_limits<index_t>::max();
  const tensor_view<bool, 1> mask(c.data(), {4});
  const tensor_view<float, 1> a(x.data(), {4}), b(y.data(), {4}), o(out, {4});

  CHECK(message(status::rank_mismatch, mask, tensor_view<float>(x.data(), 9, ones), b, o) ==
        "[where] x has 9 axes, at most 8 are supported");
  CHECK(message(status::rank_mismatch, mask, a, b, tensor_view(out, {1, 4})) ==
        "[where] output has 2 axes, expected 1");
  CHECK(message(status::rank_mismatch, mask, a, b, tensor_view(out)) ==
        "[where] output has 0 axes, expected 1");
  CHECK(message(status::negative_extent, mask, a, tensor_view(y.data(), {-4}), o) ==
        "[where] y has extent -4 on axis 0");
  CHECK(message(status::negative_extent, tensor_view(c.data(), {2, -1}), a, b, o) ==
        "[where] condition has extent -1 on axis 1");
  CHECK(message(status::size_overflow, mask, a, tensor_view(y.data(), {4}, {huge}), o) ==
        "[where] y is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(message(status::size_overflow, tensor_view(c.data(), {huge, 1}, {0, 0}), a, b,
                tensor_view(out, {huge, 4}, {0, 1})) ==
        "[where] output is too large: extent 9223372036854775807 with stride 0 on axis 0 overflows");
  CHECK(message(status::shape_mismatch, mask, tensor_view(x.data(), {3}), b, o) ==
        "[where] x has extent 3 on axis 0, the arguments before it have 4 there");
  CHECK(message(status::shape_mismatch, mask, a, tensor_view(y.data(), {2, 3}), o) ==
        "[where] y has extent 3 on axis 1, the arguments before it have 4 there");
  CHECK(message(status::shape_mismatch, tensor_view(c.data(), {0}), a, b, o) ==
        "[where] x has extent 4 on axis 0, the arguments before it have 0 there");
  CHECK(message(status::shape_mismatch, mask, a, b, tensor_view(out, {1})) ==
        "[where] output has extent 1 on axis 0, expected 4");
  CHECK(message(status::shape_mismatch, tensor_view(c.data(), {1}), 1.0F, 2.0F, o) ==
        "[where] output has extent 4 on axis 0, expected 1");
  CHECK(message(status::null_pointer, mask, tensor_view<float, 1>(nullptr, {4}), b, o) ==
        "[where] x has elements, but its pointer is null");
  CHECK(message(status::null_pointer, tensor_view<bool, 1>(nullptr, {4}), a, b, o) ==
        "[where] condition has elements, but its pointer is null");
  CHECK(message(status::null_pointer, nonzero(tensor_view<double, 1>(nullptr, {4})), a, b, o) ==
        "[where] condition has elements, but its pointer is null");
  CHECK(message(status::null_pointer, mask, a, b, tensor_view<float, 1>(nullptr, {4})) ==
        "[where] output has elements, but its pointer is null");
  CHECK(message(status::self_overlap, mask, a, b, tensor_view(out, {4}, {0})) ==
        "[where] output has strides that put two of its elements in one place");
  CHECK(message(status::overlap, mask, tensor_view(out + 1, {4}), b, o) ==
        "[where] output shares memory with x");
  CHECK(message(status::overlap, mask, a, tensor_view(out + 1, {4}), o) ==
        "[where] output shares memory with y");
  CHECK(message(status::overlap, nonzero(tensor_view(out + 1, {4})), a, b, o) ==
        "[where] output shares memory with condition");
}

TEST_CASE("where_backward, where_apply and where_apply_backward name what is wrong and write nothing") {
  std::array<float, 16> x{}, g{};
  std::array<bool, 16> c{};
  std::array<std::uint32_t, 64> canary;
  canary.fill(0xDEADBEEFU);
  const auto untouched = canary;
  auto* const out = reinterpret_cast<float*>(canary.data());
  int calls = 0;
  const auto f = [&](float v) { return ++calls, v; };
  const index_t huge = std::numeric_limits<index_t>::max();
  const tensor_view<bool, 1> mask(c.data(), {4});
  const tensor_view<float, 1> a(x.data(), {4}), up(g.data(), {4}), o(out, {4}), p(out + 8, {4});
  const tensor_view<float, 1> null(nullptr, {4}), negative(x.data(), {-1}), wide(x.data(), {4}, {huge});
  const tensor_view<float, 1> three(out + 16, {3}), twice(out, {4}, {0}), shifted(out + 1, {4});

  const auto backward = [&](status expected, auto condition, auto upstream, auto dx, auto dy) {
    const std::string text = message_of(
        expected, [&] { where_backward(condition, upstream, dx, dy); },
        [&] { return try_where_backward(condition, upstream, dx, dy); });
    CHECK(check_where_backward(condition, upstream, dx, dy).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  CHECK(backward(status::rank_mismatch, mask, up, tensor_view(out), nullptr) ==
        "[where_backward] condition has 1 axes, which do not broadcast to 0");
  CHECK(backward(status::rank_mismatch, mask, up, o, tensor_view(out + 8, {1, 4})) ==
        "[where_backward] dx has 1 axes, expected 2");
  CHECK(backward(status::negative_extent, mask, negative, o, p) ==
        "[where_backward] upstream has extent -1 on axis 0");
  CHECK(
      backward(status::size_overflow, mask, wide, o, p) ==
      "[where_backward] upstream is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(backward(status::shape_mismatch, mask, up, three, nullptr) ==
        "[where_backward] condition has extent 4 on axis 0, which does not broadcast to extent 3");
  CHECK(backward(status::shape_mismatch, true, up, nullptr, three) ==
        "[where_backward] upstream has extent 4 on axis 0, which does not broadcast to extent 3");
  CHECK(backward(status::shape_mismatch, true, 1.0F, o, three) ==
        "[where_backward] dx has extent 4 on axis 0, expected 3");
  CHECK(backward(status::null_pointer, mask, null, o, p) ==
        "[where_backward] upstream has elements, but its pointer is null");
  CHECK(backward(status::null_pointer, mask, up, o, null) ==
        "[where_backward] dy has elements, but its pointer is null");
  CHECK(backward(status::self_overlap, mask, up, twice, p) ==
        "[where_backward] dx has strides that put two of its elements in one place");
  CHECK(backward(status::self_overlap, mask, up, nullptr, twice) ==
        "[where_backward] dy has strides that put two of its elements in one place");
  CHECK(backward(status::overlap, mask, up, o, shifted) == "[where_backward] dy shares memory with dx");
  CHECK(backward(status::overlap, mask, shifted, o, p) == "[where_backward] dx shares memory with upstream");
  CHECK(backward(status::overlap, mask, shifted, nullptr, o) ==
        "[where_backward] dy shares memory with upstream");

  const auto apply = [&](status expected, auto condition, auto input, auto otherwise, auto output) {
    const std::string text = message_of(
        expected, [&] { where_apply(condition, f, input, otherwise, output); },
        [&] { return try_where_apply(condition, f, input, otherwise, output); });
    CHECK(check_where_apply(condition, f, input, otherwise, output).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  CHECK(apply(status::rank_mismatch, mask, a, 0.0F, tensor_view(out)) ==
        "[where_apply] output has 0 axes, expected 1");
  CHECK(apply(status::negative_extent, mask, negative, 0.0F, o) == "[where_apply] x has extent -1 on axis 0");
  CHECK(apply(status::size_overflow, mask, a, wide, o) ==
        "[where_apply] y is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(apply(status::shape_mismatch, mask, a, 0.0F, three) ==
        "[where_apply] output has extent 3 on axis 0, expected 4");
  CHECK(apply(status::null_pointer, mask, a, null, o) ==
        "[where_apply] y has elements, but its pointer is null");
  CHECK(apply(status::self_overlap, mask, a, 0.0F, twice) ==
        "[where_apply] output has strides that put two of its elements in one place");
  CHECK(apply(status::overlap, mask, shifted, 0.0F, o) == "[where_apply] output shares memory with x");

  const auto apply_backward = [&](status expected, auto condition, auto input, auto upstream, auto dx,
                                  auto dy) {
    const std::string text = message_of(
        expected, [&] { where_apply_backward(condition, f, input, upstream, dx, dy); },
        [&] { return try_where_apply_backward(condition, f, input, upstream, dx, dy); });
    CHECK(check_where_apply_backward(condition, f, input, upstream, dx, dy).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  CHECK(apply_backward(status::rank_mismatch, mask, a, up, o, tensor_view(out + 8)) ==
        "[where_apply_backward] condition has 1 axes, which do not broadcast to 0");
  CHECK(apply_backward(status::negative_extent, mask, negative, up, o, p) ==
        "[where_apply_backward] x has extent -1 on axis 0");
  CHECK(
      apply_backward(status::size_overflow, mask, a, up, wide, p) ==
      "[where_apply_backward] dx is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(apply_backward(status::shape_mismatch, true, a, 1.0F, three, nullptr) ==
        "[where_apply_backward] x has extent 4 on axis 0, which does not broadcast to extent 3");
  CHECK(apply_backward(status::null_pointer, mask, null, up, o, p) ==
        "[where_apply_backward] x has elements, but its pointer is null");
  CHECK(apply_backward(status::self_overlap, mask, a, up, twice, p) ==
        "[where_apply_backward] dx has strides that put two of its elements in one place");
  CHECK(apply_backward(status::overlap, mask, shifted, up, o, p) ==
        "[where_apply_backward] dx shares memory with x");
  CHECK(apply_backward(status::overlap, mask, a, up, o, shifted) ==
        "[where_apply_backward] dy shares memory with dx");
  CHECK(calls == 0);
}

TEST_CASE("WH-06: null pointers are no error where there are no elements") {
  const tensor_view<float, 2> none(nullptr, {0, 3});
  const tensor_view<bool, 2> no_mask(nullptr, {0, 1});
  int calls = 0;
  const auto f = [&](float v) { return ++calls, v; };
  CHECK(try_where(no_mask, none, 1.0F, none) == status::ok);
  CHECK(try_where_backward(no_mask, none, none, none) == status::ok);
  CHECK(try_where_apply(no_mask, f, none, none, none) == status::ok);
  CHECK(try_where_apply_backward(no_mask, f, none, none, none, none) == status::ok);
  CHECK(calls == 0);
  CHECK(try_where(no_mask, none, tensor_view<float, 1>(nullptr, {3}), none) == status::null_pointer);
}

constexpr float static_x[4] = {1, 2, 3, 4};
constexpr bool static_mask[2] = {true, false};
float static_output[2][4];

TEST_CASE("Shapes of where can be checked at compile time") {
  constexpr auto mask = tensor_view(static_mask, {2, 1});
  constexpr auto x = tensor_view(static_x, {4});
  STATIC_REQUIRE(check_where(mask, x, 0.0F, tensor_view(&static_output[0][0], {2, 4})));
  STATIC_REQUIRE(check_where(mask, x, 0.0F, tensor_view(&static_output[0][0], {4, 2})).code ==
                 status::shape_mismatch);
  STATIC_REQUIRE(check_where_backward(mask, x, tensor_view(&static_output[0][0], {2, 4}), nullptr));
  STATIC_REQUIRE(check_where_apply(
      greater_than(x, 0.0F), [](float v) { return v; }, x, 0.0F, tensor_view(&static_output[0][0], {4})));
}

/// Sizes beyond one task, whose pieces begin and end within rows, against the model and through executors.
void check_large(const index_vector& shape, const index_vector& condition_shape,
                 const index_vector& x_shape) {
  std::mt19937_64 random(3);
  random_tensor<bool> c(random, condition_shape, false);
  random_tensor<float> x(random, x_shape, false), y(random, shape, false), up(random, shape, false);
  for (auto* memory : {&x.memory, &up.memory}) {
    for (std::size_t i = 3; i < memory->size(); i += 4)
      (*memory)[i] = static_cast<unsigned char>((*memory)[i] & 0x80) | 0x3F;  // near 1
  }
  constexpr std::size_t outputs = 5;
  using bits = std::vector<std::uint32_t>;
  std::array<bits, outputs> expected;
  for_each_index(shape, [&](const index_vector& index) {
    const auto value = [&](auto& tensor) {
      std::uint32_t u;
      std::memcpy(&u, tensor.at(index), 4);
      return u;
    };
    const bool live = *c.at(index) != 0;
    const std::uint32_t minus_x = value(x) ^ 0x80000000U;
    expected[0].push_back(live ? value(x) : value(y));
    expected[1].push_back(live ? value(up) : 0);
    expected[2].push_back(live ? 0 : value(up));
    expected[3].push_back(live ? minus_x : value(y));
    expected[4].push_back(live ? to_bits(std::bit_cast<float>(value(up)) * std::bit_cast<float>(minus_x))
                               : 0);
  });
  const auto run = [&](auto&& ex) {
    std::array<bits, outputs> out;
    out.fill(bits(expected[0].size()));
    const auto view = [&](std::size_t i) {
      return tensor_view<float>(reinterpret_cast<float*>(out[i].data()), shape.size(), shape.data());
    };
    where(c.view(), x.view(), y.view(), view(0), ex);
    where_backward(c.view(), up.view(), view(1), view(2), ex);
    where_apply(c.view(), negated, x.view(), y.view(), view(3), ex);
    where_apply_backward(c.view(), negated, x.view(), up.view(), view(4), nullptr, ex);
    for (std::size_t i = 0; i < outputs; ++i) {
      CAPTURE(i);
      CHECK(out[i] == expected[i]);
    }
  };
  run(serial_executor{});
  run(reverse_executor{});
  run(thread_executor{});
}

TEST_CASE("Executors change no bit; what they throw comes out") {
  check_large({35, 3001}, {35, 1}, {1, 3001});
  check_large({3001, 35}, {3001, 1}, {1, 35});
  check_large({11, 23, 401}, {23, 1}, {11, 1, 401});

  float z[2] = {};
  const bool mask[2] = {true, false};
  const auto same = [](float v) { return v; };
  throwing_executor bad;
  CHECK(try_where(mask, z, z, z, bad) == status::callback_threw);
  CHECK(try_where_backward(mask, z, z, nullptr, bad) == status::callback_threw);
  CHECK(try_where_apply(mask, same, z, z, z, bad) == status::callback_threw);
  CHECK(try_where_apply_backward(mask, same, z, z, z, nullptr, bad) == status::callback_threw);
  CHECK_THROWS_AS(where(mask, z, z, z, bad), std::runtime_error);
  CHECK_THROWS_AS(where_backward(mask, z, z, nullptr, bad), std::runtime_error);
  CHECK_THROWS_AS(where_apply(mask, same, z, z, z, bad), std::runtime_error);
  CHECK_THROWS_AS(where_apply_backward(mask, same, z, z, z, nullptr, bad), std::runtime_error);
}

TEST_CASE("WH-08c: where_apply calls its function on selected elements only, in the caller's environment") {
  const float x[2][3] = {{1, 0, 2}, {-1, 3, 0}};
  for (const environment& env : hostile_environments()) {
    INFO(env.name);
    std::vector<float> seen;
    std::vector<unsigned> controls;
    seen.reserve(64);
    controls.reserve(64);
    float output[2][3] = {}, dx[2][3] = {}, dy[2][3] = {};
    unsigned expected_control = 0;
    bool intact = false;
    const auto f = [&](float v) {
      seen.push_back(v);
      controls.push_back(control_bits());
      return negated(v);
    };
    run_in(env, intact, [&] {
      expected_control = control_bits();
      where_apply(greater_than(x, 0.0F), f, x, 7.0F, output);
      where_apply_backward(greater_than(x, 0.0F), f, x, 2.0F, dx, dy);
    });
    CHECK(intact);
    CHECK(same_bytes(seen, std::array<float, 6>{1, 2, 3, 1, 2, 3}));
    CHECK(controls == std::vector<unsigned>(6, expected_control));
    CHECK(same_bytes(std::span(output[0], 6), std::array<float, 6>{-1, 7, -2, 7, -3, 7}));
    CHECK(same_bytes(std::span(dx[0], 6), std::array<float, 6>{-2, 0, -4, 0, -6, 0}));
    CHECK(same_bytes(std::span(dy[0], 6), std::array<float, 6>{0, 2, 0, 2, 0, 2}));
  }
}

TEST_CASE("WH-08: the gradient of where(x > 0, log x, 0) is finite at 0") {
  const double x[3] = {0.0, 2.0, -1.0};
  double output[3], dx[3], dy[3];
  where_apply(
      greater_than(x, 0.0), [](double v) { return std::log(v); }, x, 0.0, output);
  CHECK(to_bits(output[0]) == 0);
  CHECK(to_bits(output[1]) == to_bits(std::log(2.0)));
  CHECK(to_bits(output[2]) == 0);
  where_apply_backward(
      greater_than(x, 0.0), [](double v) { return 1.0 / v; }, x, 1.0, dx, dy);
  CHECK(same_bytes(dx, std::array<double, 3>{0.0, 0.5, 0.0}));
  CHECK(same_bytes(dy, std::array<double, 3>{1.0, 0.0, 1.0}));
}

TEST_CASE("WH-16: a dead branch with an infinite derivative adds nothing to the gradient") {
  // d/dx where(m, x, x * inf): both branches depend on x, each is guarded by its own condition
  const bool m[2] = {true, false};
  const bool not_m[2] = {false, true};
  const float x[2] = {1, 1}, upstream[2] = {1, 1};
  float from_first[2], from_second[2];
  where_backward(m, upstream, from_first, nullptr);
  where_apply_backward(
      not_m, [](float) { return infinity<float>(); }, x, upstream, from_second, nullptr);
  CHECK(same_bytes(from_first, std::array<float, 2>{1, 0}));
  CHECK(same_bytes(from_second, std::array<float, 2>{0, infinity<float>()}));
}

TEST_CASE("What a callable throws comes out after all threads are done, with the environment as it was") {
  struct failure {
    int value;
  };
  std::vector<float> x(200000, 1.0F), output(200000), dx(200000);
  x[150000] = -1.0F;
  const auto f = [](float v) {
    if (v < 0.0F) throw failure{42};
    return v;
  };
  const auto value_thrown_by = [](auto&& call) {
    try {
      call();
    } catch (const failure& e) {
      return e.value;
    }
    return 0;
  };
  const auto check = [&](auto ex) {
    const std::vector<std::uint8_t> all(x.size(), 1);
    CHECK(try_where_apply(all, f, x, 0.0F, output, ex) == status::callback_threw);
    CHECK(try_where_apply_backward(all, f, x, 1.0F, dx, nullptr, ex) == status::callback_threw);
    CHECK(value_thrown_by([&] { where_apply(all, f, x, 0.0F, output, ex); }) == 42);
    CHECK(value_thrown_by([&] { where_apply_backward(all, f, x, 1.0F, dx, nullptr, ex); }) == 42);
    CHECK(try_where_apply(greater_than(x, 0.0F), f, x, 0.0F, output, ex) == status::ok);
  };
  for (const environment& env : hostile_environments()) {
    INFO(env.name);
    bool intact = false;
    status result{};
    const std::array<float, 2> few{1.0F, -1.0F};
    std::array<float, 2> gradient{};
    run_in(env, intact,
           [&] { result = try_where_apply_backward(nonzero(few), f, few, 1.0F, gradient, nullptr); });
    CHECK(intact);
    CHECK(result == status::callback_threw);
  }
  check(serial_executor{});
  check(reverse_executor{});
  check(thread_executor{});
}

template <policy P, class T>
T expected_product(T upstream, T slope) {
  constexpr bool flush = P.subnormals == subnormals::flush;
  constexpr auto rule = P.zero_times_inf;
  if (flush) {
    upstream = flush_subnormal(upstream);
    slope = flush_subnormal(slope);
  }
  const auto a = static_cast<double>(upstream), b = static_cast<double>(slope);
  const bool zero_factor = is_zero(a) || is_zero(b), nan_factor = is_nan(a) || is_nan(b);
  if (zero_factor && rule == zero_times_inf::annihilating_zero) return T{};
  if (nan_factor) return canonical_nan<T>();
  if (zero_factor && rule == zero_times_inf::strong_zero) return T{};
  if (is_infinite(a) || is_infinite(b)) {
    if (zero_factor) return canonical_nan<T>();
    return sign_bit(a) != sign_bit(b) ? negative_infinity<T>() : infinity<T>();
  }
  const auto product = static_cast<T>(nearest(real(a) * real(b), format_of<T>));
  return flush ? flush_subnormal(product) : product;
}

template <policy P, class T>
void check_products(case_count& cases) {
  using format = detail::format_of<T>;
  std::vector<T> values;
  for (const std::uint64_t bits :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3}, format::smallest_normal - 1,
        format::smallest_normal, format::smallest_normal + 1, format::infinity - 1, format::infinity,
        format::infinity | 1, format::infinity | format::quiet_bit | 5,
        (format::infinity >> 1) & ~(format::smallest_normal - 1)}) {
    values.push_back(from_bytes<T>(bits));
    values.push_back(from_bytes<T>(bits | format::sign_bit));
  }
  std::mt19937_64 random(8);
  while (values.size() < 60) {  // exponents around the middle, so that products meet both ends of the range
    const std::uint64_t fraction = random() & (format::smallest_normal - 1);
    const std::uint64_t exponent = random() % (format::infinity / format::smallest_normal);
    values.push_back(
        from_bytes<T>((random() & format::sign_bit) | exponent * format::smallest_normal | fraction));
  }
  std::vector<T> upstream, slope, expected;
  for (T a : values) {
    for (T b : values) {
      upstream.push_back(a);
      slope.push_back(b);
      expected.push_back(expected_product<P>(a, b));
      CHECK(bytes_of(reference::where_apply_backward<P>(
                         true, [](T v) { return v; }, b, a)
                         .x) == bytes_of(expected.back()));
      cases.add();
    }
  }
  const std::vector<std::uint8_t> all(upstream.size(), 1);
  require_immune([&] { return std::vector<T>(upstream.size()); },
                 [&](std::vector<T>& dx) {
                   where_apply_backward<P>(
                       all, [](T v) { return v; }, slope, upstream, dx, nullptr);
                 });
  std::vector<T> dx(upstream.size());
  where_apply_backward<P>(
      all, [](T v) { return v; }, slope, upstream, dx, nullptr);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    CAPTURE(i, bytes_of(upstream[i]), bytes_of(slope[i]));
    REQUIRE(bytes_of(dx[i]) == bytes_of(expected[i]));
  }
}

TEST_CASE("The product of where_apply_backward is rounded once, under every policy") {
  case_count cases("products", 10 * 3600);
  for_types<float16, bfloat16, float, double>([&]<class T>() {
    check_products<policy{}, T>(cases);
    check_products<policy{.subnormals = subnormals::flush}, T>(cases);
  });
  check_products<policy{.zero_times_inf = zero_times_inf::strong_zero}, float>(cases);
  check_products<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, float>(cases);
  cases.check();
}

}  // namespace
}  // namespace k754_test

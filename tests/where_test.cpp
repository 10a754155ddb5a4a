// where.hpp: bits, types, broadcasting, executors. Conditions, sharing of memory, errors and where_apply have files of their
// own.
#include <k754/where.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/random_tensor.hpp"
#include "support/where_helpers.hpp"

namespace k754_test {
namespace {

using namespace k754;

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
      CHECK(same_bits(output, selected));
      CHECK(same_bits(scalar_output, selected_scalar));
      CHECK(same_bits(dx, gradient_x));
      CHECK(same_bits(dy, gradient_y));
      CHECK(same_bits(dx_alone, gradient_x));
      CHECK(same_bits(dy_alone, gradient_y));
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

}  // namespace
}  // namespace k754_test

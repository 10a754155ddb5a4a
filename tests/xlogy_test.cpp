// xlogy and its gradients: layouts, environments, executors, errors. What an element is, is in reference/xlogy_test.cpp.
#include "k754/xlogy.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/random_tensor.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::index_vector;
using k754_test::random_tensor;

TEST_CASE("xlogy broadcasts, in every layout, and its gradients have the output's shape") {
  case_count cases("pairs of shapes", 150);
  std::mt19937_64 random(5);
  const auto number = [&](auto& tensor, const index_vector& index) {
    float x = 0.0F;
    std::memcpy(&x, tensor.at(index), sizeof(x));
    return x;
  };
  for (int repetition = 0; repetition < 200; ++repetition) {
    const index_vector shape = k754_test::random_shape(random, 5, 4);
    random_tensor<float> x(random, k754_test::random_operand_shape(random, shape), true);
    random_tensor<float> y(random, k754_test::random_operand_shape(random, shape), true);
    bool fits = false;
    const index_vector joined = k754_test::broadcast_shape({x.extents, y.extents}, fits);
    REQUIRE(fits);
    random_tensor<float> output(random, joined, false), dx(random, joined, false), dy(random, joined, false);
    random_tensor<float> upstream(random, joined, true);
    random_tensor<float> expected = output, expected_dx = dx, expected_dy = dy;
    k754_test::for_each_index(joined, [&](const index_vector& index) {
      const float result = reference::xlogy(number(x, index), number(y, index));
      const auto gradients =
          reference::xlogy_backward(number(x, index), number(y, index), number(upstream, index));
      std::memcpy(expected.at(index), &result, sizeof(result));
      std::memcpy(expected_dx.at(index), &gradients.x, sizeof(result));
      std::memcpy(expected_dy.at(index), &gradients.y, sizeof(result));
    });
    const random_tensor<float> no_dy = dy;
    if (repetition % 2 == 0) {
      xlogy(x.view(), y.view(), output.view(), k754_test::thread_executor{});
    } else {
      REQUIRE(try_xlogy(x.view(), y.view(), output.view()) == status::ok);
    }
    xlogy_backward(x.view(), y.view(), upstream.view(), dx.view(), nullptr, k754_test::reverse_executor{});
    CHECK(output.memory == expected.memory);
    CHECK(dx.memory == expected_dx.memory);
    CHECK(dy.memory == no_dy.memory);
    REQUIRE(try_xlogy_backward(x.view(), y.view(), upstream.view(), nullptr, dy.view()) == status::ok);
    CHECK(dy.memory == expected_dy.memory);
    xlogy_backward(x.view(), y.view(), upstream.view(), dx.view(), dy.view());
    CHECK(dx.memory == expected_dx.memory);
    CHECK(dy.memory == expected_dy.memory);
    cases.add();
  }
  cases.check();
}

TEST_CASE("xlogy takes scalars, and works in place") {
  const std::vector<float> y{0.5F, 2.0F, 0.0F};
  std::vector<float> output(3);
  xlogy(0.0F, y, output);
  CHECK(output == std::vector<float>{0.0F, 0.0F, 0.0F});
  xlogy(y, 1.0F, output);
  CHECK(output == std::vector<float>{0.0F, 0.0F, 0.0F});
  std::vector<float> in_place = y;
  xlogy(in_place, in_place, in_place);
  xlogy(y, y, output);
  CHECK(in_place == output);
  in_place = y;
  std::vector<float> dx(3), dy(3), expected_dy(3);
  xlogy_backward(y, 3.0F, 2.0F, dx, expected_dy);
  xlogy_backward(in_place, 3.0F, 2.0F, dx, in_place);
  CHECK(in_place == expected_dy);
  in_place = y;
  xlogy(in_place[1], y, in_place);  // a scalar is read before the output is written
  xlogy(2.0F, y, output);
  CHECK(in_place == output);
}

TEST_CASE("xlogy in every environment") {
  const std::vector<float> x{1.0F, 0x1p-140F, 0.0F, -3.0F, infinity<float>(), 1.0F, 2.0F};
  const std::vector<float> y{0x1p-149F, 0.5F, 0.0F, 0x1p-127F, 2.0F, canonical_nan<float>(), -1.0F};
  k754_test::require_immune([&] { return std::vector<float>(x.size()); },
                            [&](std::vector<float>& output) { xlogy(x, y, output); });
  k754_test::require_immune([&] { return std::vector<float>(2 * x.size()); },
                            [&](std::vector<float>& output) {
                              const auto n = static_cast<index_t>(x.size());
                              xlogy_backward(x, y, 0x1p-30F, tensor_view(output.data(), std::array{n}),
                                             tensor_view(output.data() + n, std::array{n}));
                            });
  const std::vector<double> a{0x1p-1074, 1e300, -0.0}, b{3.0, 0x1p-1074, 0.0};
  k754_test::require_immune([&] { return std::vector<double>(a.size()); },
                            [&](std::vector<double>& output) { xlogy(a, b, output); });
  k754_test::require_immune([] { return std::vector<double>(3); },
                            [](std::vector<double>& output) {
                              output[0] = reference::xlogy(0x1p-1074, 3.0);
                              const auto gradients = reference::xlogy_backward(0.5, 0x1p-1070, 0x1p-1000);
                              output[1] = gradients.x;
                              output[2] = gradients.y;
                            });
}

TEST_CASE("xlogy's errors name the argument, and nothing is written") {
  std::array<float, 32> memory;
  memory.fill(0.25F);
  const std::array<float, 32> before = memory;
  const auto vector = [&](index_t at, index_t n) { return tensor_view(memory.data() + at, std::array{n}); };
  const auto check = [&](status code, const std::string& message, const auto& x, const auto& y,
                         const auto& output) {
    INFO(message);
    CHECK(try_xlogy(x, y, output) == code);
    CHECK(status(check_xlogy(x, y, output)) == code);
    std::string thrown;
    try {
      xlogy(x, y, output);
    } catch (const shape_error& e) {
      thrown = e.what();
      CHECK(e.code() == code);
    }
    CHECK(thrown == message);
    CHECK(memory == before);
  };
  const float* const null = nullptr;
  const index_t minus = -1;
  check(status::shape_mismatch, "[xlogy] y has extent 3 on axis 0, the arguments before it have 2 there",
        vector(0, 2), vector(4, 3), vector(8, 3));
  check(status::shape_mismatch, "[xlogy] output has extent 4 on axis 0, expected 3", vector(0, 1),
        vector(4, 3), vector(8, 4));
  check(status::rank_mismatch, "[xlogy] output has 1 axes, expected 0", 1.0F, 2.0F, vector(8, 1));
  check(status::negative_extent, "[xlogy] x has extent -1 on axis 0", vector(0, -1), vector(4, 3),
        vector(8, 3));
  check(status::null_pointer, "[xlogy] y has elements, but its pointer is null", vector(0, 3),
        tensor_view(null, std::array<index_t, 1>{3}), vector(8, 3));
  check(status::self_overlap, "[xlogy] output has strides that put two of its elements in one place",
        vector(0, 3), vector(4, 3),
        tensor_view(memory.data() + 8, std::array<index_t, 1>{3}, std::array<index_t, 1>{0}));
  check(status::overlap, "[xlogy] output shares memory with x, but is not exactly it", vector(0, 3),
        vector(4, 3), vector(1, 3));
  check(status::overlap, "[xlogy] output shares memory with y, but is not exactly it", vector(0, 3),
        tensor_view(memory.data() + 10, std::array<index_t, 1>{3}, std::array{minus}), vector(8, 3));
  check(status::overlap, "[xlogy] output shares memory with x, but is not exactly it", vector(8, 1),
        vector(4, 3), vector(8, 3));
  constexpr index_t huge = std::numeric_limits<index_t>::max() / 2;
  check(status::size_overflow,
        "[xlogy] x is too large: extent " + std::to_string(huge) + " with stride 1 on axis 0 overflows",
        vector(0, huge), vector(4, 3), vector(8, 3));

  // backward: the outputs
  const auto x = vector(0, 3), y = vector(4, 3), g = vector(8, 3);
  CHECK(try_xlogy_backward(x, y, g, vector(12, 3), vector(14, 3)) == status::overlap);
  CHECK(try_xlogy_backward(x, y, g, vector(12, 2), nullptr) == status::shape_mismatch);
  CHECK(try_xlogy_backward(x, y, vector(8, 2), vector(12, 3), nullptr) == status::shape_mismatch);
  CHECK(try_xlogy_backward(x, y, g, nullptr, vector(9, 3)) == status::overlap);
  std::string thrown;
  try {
    xlogy_backward(x, y, g, vector(12, 3), vector(12, 3));
  } catch (const shape_error& e) {
    thrown = e.what();
  }
  CHECK(thrown == "[xlogy_backward] dy shares memory with dx");
  CHECK(memory == before);

  std::array<float, 3> output{};
  CHECK(try_xlogy(x, y, output, k754_test::throwing_executor{}) == status::callback_threw);
  CHECK_THROWS_AS(xlogy(x, y, output, k754_test::throwing_executor{}), std::runtime_error);
  CHECK(try_xlogy_backward(x, y, g, output, nullptr, k754_test::throwing_executor{}) ==
        status::callback_threw);

  static_assert(
      check_xlogy(tensor_view<const float, 1>(nullptr, {0}), 1.0F, tensor_view<float, 1>(nullptr, {0})));
  static_assert(check_xlogy_backward(1.0, 2.0, tensor_view<const double, 1>(nullptr, {0}), nullptr,
                                     tensor_view<double, 1>(nullptr, {2}))
                    .code == status::shape_mismatch);
}

}  // namespace

// xlogy and its gradients against MPFR and a model of the special cases, and the public forms.
#include "k754/xlogy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
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

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::index_vector;
using k754_test::random_tensor;
using k754_test::real;

double value(const auto& x) { return static_cast<double>(x); }

template <class T>
constexpr double bound = std::same_as<T, float16>  ? 0.5005
                         : std::same_as<T, double> ? 0.501
                                                   : 0.5001;

/// What IEEE 754, the logarithm and the strong zero make of special operands; `exact` decides the rest.
struct answer {
  enum { nan, infinite, zero, exact } kind;
  bool negative = false;
};

answer product_of(double a, answer b_kind, bool b_negative) {
  const bool negative = std::signbit(a) != b_negative;
  if (b_kind.kind == answer::nan || std::isnan(a)) return {answer::nan};
  if (std::isinf(a) || b_kind.kind == answer::infinite) {
    if (a == 0 || b_kind.kind == answer::zero) return {answer::nan};
    return {answer::infinite, negative};
  }
  if (a == 0 || b_kind.kind == answer::zero) return {answer::zero, negative};
  return {answer::exact, negative};
}

answer log_of(double y) {
  if (std::isnan(y) || y < 0) return {answer::nan};
  if (y == 0) return {answer::infinite, true};
  if (std::isinf(y)) return {answer::infinite, false};
  if (y == 1) return {answer::zero, false};
  return {answer::exact, y < 1};
}

answer xlogy_model(double x, double y) {
  if (x == 0 && !std::isnan(y)) return {answer::zero, false};
  const answer log = log_of(y);
  return product_of(x, log, log.negative);
}

answer quotient_of(double x, double y) {
  const bool negative = std::signbit(x) != std::signbit(y);
  if (std::isnan(x) || std::isnan(y) || (x == 0 && y == 0) || (std::isinf(x) && std::isinf(y)))
    return {answer::nan};
  if (std::isinf(x) || y == 0) return {answer::infinite, negative};
  if (x == 0 || std::isinf(y)) return {answer::zero, negative};
  return {answer::exact, negative};
}

answer dy_model(double x, double y, double g) {
  if (std::isnan(x) || std::isnan(y) || std::isnan(g)) return {answer::nan};
  if (x == 0 || g == 0) return {answer::zero, false};
  const answer slope = quotient_of(x, y);
  return product_of(g, slope, slope.negative);
}

/// Bits where the model decides, ULP otherwise; returns the error in ULP.
template <class T>
double check_result_of(T computed, answer model, const auto& exact, const char* what, double x, double y,
                       double g = 0) {
  const auto expected = [&]() -> T {
    switch (model.kind) {
      case answer::nan:
        return canonical_nan<T>();
      case answer::infinite:
        return model.negative ? negative_infinity<T>() : infinity<T>();
      case answer::zero:
        return T(model.negative ? -0.0 : 0.0);
      case answer::exact:
        break;
    }
    return computed;
  }();
  double error = 0.0;
  bool right = to_bits(computed) == to_bits(expected);
  if (model.kind == answer::exact) {
    error = k754_test::ulp_error(value(computed), exact(), k754_test::format_of<T>);
    right = error <= bound<T> && sign_bit(computed) == model.negative;
  }
  if (!right) {
    INFO(what << "(" << x << ", " << y << ", " << g << ") is " << value(computed) << ", error " << error);
    CHECK(right);
  }
  return error;
}

template <class T>
struct largest_errors {
  double value = 0.0, dx = 0.0, dy = 0.0;

  void see(T x, T y, T g) {
    const double a = ::value(x), b = ::value(y), u = ::value(g);
    const auto x_log_y = [&] { return real(a) * log(real(b)); };
    const auto g_log_y = [&] { return real(u) * log(real(b)); };
    const auto g_x_over_y = [&] { return real(u) * real(a) / real(b); };
    const T computed = reference::xlogy(x, y);
    const auto gradients = reference::xlogy_backward(x, y, g);
    value = std::max(value, check_result_of(computed, xlogy_model(a, b), x_log_y, "xlogy", a, b));
    dx = std::max(dx, check_result_of(gradients.x, xlogy_model(u, b), g_log_y, "dx", a, b, u));
    dy = std::max(dy, check_result_of(gradients.y, dy_model(a, b, u), g_x_over_y, "dy", a, b, u));
  }
  void print(const char* type) const {
    std::printf("  xlogy %-4s largest errors: %.6f ULP, dx %.6f, dy %.6f\n", type, value, dx, dy);
  }
};

template <class T>
T random_number(k754_test::random_bits& random) {
  return from_bits<T>(static_cast<bits_of<T>>(random() >> (64 - 8 * sizeof(T))));
}

template <class T>
void check_accuracy(const char* type) {
  case_count cases("xlogy: operands", 20000);
  largest_errors<T> errors;
  k754_test::random_bits random(17);
  const std::vector<T> edges = k754_test::edge_values<T>();
  for (T x : edges) {
    for (T y : edges) {
      for (T g : {T(1.0), edges[random.below(edges.size())], edges[random.below(edges.size())]}) {
        errors.see(x, y, g);
        cases.add();
      }
    }
  }
  const auto one = to_bits(T(1.0));
  for (int i = 0; i < 10000; ++i) {
    errors.see(random_number<T>(random), random_number<T>(random),
               random_number<T>(random));  // the whole range
    const T near_one = from_bits<T>(static_cast<bits_of<T>>(one + random.below(200) - 100));
    errors.see(random_number<T>(random), near_one, random_number<T>(random));
    cases.add(2);
  }
  errors.print(type);
  cases.check();
}

TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: float") {
  check_accuracy<float>("f32");
}
TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: double") {
  check_accuracy<double>("f64");
}
TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: float16") {
  check_accuracy<float16>("f16");
}
TEST_CASE("xlogy and its gradients are rounded once, over the whole range of operands: bfloat16") {
  check_accuracy<bfloat16>("bf16");
}

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

// exp, log and log1p: layouts, environments, executors, errors. What an element is, is in reference/exp_log_test.cpp.
#include "k754/exp_log.hpp"

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

template <class T>
void check_layouts(std::mt19937_64& random, case_count& cases) {
  const index_vector shape = k754_test::random_shape(random, 5, 6);
  random_tensor<T> x(random, shape, true);
  random_tensor<T> output(random, shape, false), expected = output;
  const auto expect = [&](auto function) {
    k754_test::for_each_index(shape, [&](const index_vector& index) {
      T element;
      std::memcpy(&element, x.at(index), sizeof(T));
      const T result = function(element);
      std::memcpy(expected.at(index), &result, sizeof(T));
    });
  };
  exp(x.view(), output.view(), k754_test::thread_executor{});
  expect([](T v) { return reference::exp(v); });
  CHECK(output.memory == expected.memory);
  REQUIRE(try_log(x.view(), output.view()) == status::ok);
  expect([](T v) { return reference::log(v); });
  CHECK(output.memory == expected.memory);
  log1p(x.view(), output.view(), k754_test::reverse_executor{});
  expect([](T v) { return reference::log1p(v); });
  CHECK(output.memory == expected.memory);
  cases.add();
}

TEST_CASE("exp, log and log1p in every layout") {
  case_count cases("tensors", 400);
  std::mt19937_64 random(5);
  for (int repetition = 0; repetition < 100; ++repetition) {
    check_layouts<float>(random, cases);
    check_layouts<double>(random, cases);
    check_layouts<float16>(random, cases);
    check_layouts<bfloat16>(random, cases);
  }
  cases.check();
}

TEST_CASE("exp, log and log1p work in place, on what is long too") {
  std::vector<float> x(70'001), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 0x1p-10F;
  const auto in_place = [&](auto function) {
    std::vector<float> z = x;
    function(x, y);
    function(z, z);
    CHECK(z == y);
  };
  in_place([](auto& a, auto& b) { exp(a, b); });
  in_place([](auto& a, auto& b) { log(a, b, k754_test::thread_executor{}); });
  in_place([](auto& a, auto& b) { log1p(a, b, k754_test::thread_executor{}); });
}

TEST_CASE("exp, log and log1p in every environment") {
  const std::vector<float> x{
      1.0F, 0x1p-140F, 0.0F, -3.0F, infinity<float>(), -90.0F, -103.5F, canonical_nan<float>()};
  const auto immune = [&](auto function) {
    k754_test::require_immune([&] { return std::vector<float>(x.size()); },
                              [&](std::vector<float>& output) { function(x, output); });
  };
  immune([](auto& a, auto& b) { exp(a, b); });
  immune([](auto& a, auto& b) { log(a, b); });
  immune([](auto& a, auto& b) { log1p(a, b); });
  const std::vector<double> d{-745.0, 0x1p-1074, -0x1p-1060, -708.5, 700.0};
  k754_test::require_immune([&] { return std::vector<double>(d.size()); },
                            [&](std::vector<double>& output) {
                              exp(d, output);
                              log1p(output, output);
                            });
}

TEST_CASE("exp's, log's and log1p's errors name the argument, and nothing is written") {
  std::array<float, 32> memory;
  memory.fill(0.25F);
  const std::array<float, 32> before = memory;
  const auto vector = [&](index_t at, index_t n) { return tensor_view(memory.data() + at, std::array{n}); };
  const auto check = [&](status code, const std::string& message, const auto& input, const auto& output) {
    INFO(message);
    CHECK(try_exp(input, output) == code);
    CHECK(try_log(input, output) == code);
    CHECK(status(check_log1p(input, output)) == code);
    CHECK(try_log1p(input, output) == code);
    std::string thrown;
    try {
      exp(input, output);
    } catch (const shape_error& e) {
      thrown = e.what();
      CHECK(e.code() == code);
    }
    CHECK(thrown == message);
    CHECK_THROWS_AS(log(input, output), shape_error);
    CHECK_THROWS_AS(log1p(input, output), shape_error);
    CHECK(memory == before);
  };
  const float* const null = nullptr;
  check(status::shape_mismatch, "[exp] output has extent 4 on axis 0, expected 3", vector(0, 3),
        vector(8, 4));
  check(status::rank_mismatch, "[exp] output has 1 axes, expected 2",
        tensor_view(memory.data(), std::array<index_t, 2>{1, 3}), vector(8, 3));
  check(status::negative_extent, "[exp] input has extent -1 on axis 0", vector(0, -1), vector(8, 3));
  check(status::null_pointer, "[exp] input has elements, but its pointer is null",
        tensor_view(null, std::array<index_t, 1>{3}), vector(8, 3));
  check(status::self_overlap, "[exp] output has strides that put two of its elements in one place",
        vector(0, 3), tensor_view(memory.data() + 8, std::array<index_t, 1>{3}, std::array<index_t, 1>{0}));
  check(status::overlap, "[exp] output shares memory with input, but is not exactly it", vector(0, 3),
        vector(1, 3));
  std::array<float, 3> output{};
  CHECK(try_exp(vector(0, 3), output, k754_test::throwing_executor{}) == status::callback_threw);
  CHECK_THROWS_AS(log(vector(0, 3), output, k754_test::throwing_executor{}), std::runtime_error);
  static_assert(check_exp(tensor_view<const float, 1>(nullptr, {0}), tensor_view<float, 1>(nullptr, {0})));
  static_assert(
      check_log(tensor_view<const double, 1>(nullptr, {0}), tensor_view<double, 1>(nullptr, {2})).code ==
      status::shape_mismatch);
}

}  // namespace

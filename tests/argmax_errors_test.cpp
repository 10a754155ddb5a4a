// argmax.hpp: every error of argmin and argmax in all three layers, aliasing, checks at compile time.
#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "k754/argmax.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/message.hpp"

namespace {

using k754::index_t;
using k754::policy;
using k754::status;
using k754::tensor_view;
using k754::try_argmax;
using k754::try_argmin;
using k754_test::message;

constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();

/// An error of all three layers: the check's message, the exception's, the status; and nothing is written.
template <policy P = policy{}, class Input, class Output>
void require_error(const Input& input, const Output& output, const k754::argmax_options& options, status code,
                   const std::string& text) {
  const auto check = k754::check_argmax<P>(input, output, options);
  CAPTURE(text, message(check));
  REQUIRE(check.code == code);
  REQUIRE(message(check) == text);
  REQUIRE(try_argmax<P>(input, output, options) == code);
  REQUIRE(try_argmin<P>(input, output, options) == code);
  try {
    k754::argmax<P>(input, output, options);
    FAIL("nothing was thrown");
  } catch (const k754::shape_error& error) {
    REQUIRE(error.code() == code);
    REQUIRE(std::string(error.what()) == text);
  }
  std::string argmin_text = text;
  argmin_text.replace(argmin_text.find("argmax"), 6, "argmin");
  REQUIRE(message(k754::check_argmin<P>(input, output, options)) == argmin_text);
  REQUIRE_THROWS_AS(k754::argmin<P>(input, output, options), std::exception);
}

}  // namespace

TEST_CASE("every error has its status and its message, and nothing is written") {
  std::vector<float> x(64, 1.0F);
  std::vector<std::int64_t> canary(64, -5);
  const auto in = [&](std::initializer_list<index_t> extents, std::initializer_list<index_t> strides = {}) {
    return tensor_view<const float>(x.data(), extents.size(), extents.begin(),
                                    strides.size() == 0 ? nullptr : strides.begin());
  };
  const auto out = [&](std::initializer_list<index_t> extents, std::initializer_list<index_t> strides = {}) {
    return tensor_view<std::int64_t>(canary.data(), extents.size(), extents.begin(),
                                     strides.size() == 0 ? nullptr : strides.begin());
  };
  constexpr index_t e40 = index_t{1} << 40;
  const index_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

  require_error(in({2, 3}), out({2}), {.axis = 2}, status::axis_out_of_range,
                "[argmax] axis is 2, input has 2 axes");
  require_error(in({2, 3}), out({2}), {.axis = -3}, status::axis_out_of_range,
                "[argmax] axis is -3, input has 2 axes");
  require_error(in({}), out({}), {}, status::axis_out_of_range, "[argmax] axis is -1, input has 0 axes");
  require_error(in({}), out({}), {.axis = 0}, status::axis_out_of_range,
                "[argmax] axis is 0, input has 0 axes");
  require_error(in({2, 3}), out({2, 1}), {}, status::rank_mismatch, "[argmax] output has 2 axes, expected 1");
  require_error(in({2, 3}), out({2}), {.keepdims = true}, status::rank_mismatch,
                "[argmax] output has 1 axes, expected 2");
  require_error(in({2, 3}), out({3}), {}, status::shape_mismatch,
                "[argmax] output has extent 3 on axis 0, expected 2");
  require_error(in({2, 3}), out({2}), {.axis = 0}, status::shape_mismatch,
                "[argmax] output has extent 2 on axis 0, expected 3");
  require_error(in({2, 3}), out({2, 3}), {.keepdims = true}, status::shape_mismatch,
                "[argmax] output has extent 3 on axis 1, expected 1");
  require_error(in({2, -3}), out({2}), {}, status::negative_extent, "[argmax] input has extent -3 on axis 1");
  require_error(in({2, 3}), out({-2}), {}, status::negative_extent,
                "[argmax] output has extent -2 on axis 0");
  require_error(in({2, 0}), out({2}), {}, status::empty_reduction,
                "[argmax] input has extent 0 on axis 1: there is no element to find");
  require_error(in({e40, e40, 0}), out({e40, e40}), {}, status::size_overflow,
                "[argmax] input is too large: extent 1099511627776 with stride 0 on axis 1 overflows");
  require_error(
      in({2, 3}), out({e40, e40}), {}, status::size_overflow,
      "[argmax] output is too large: extent 1099511627776 with stride 1099511627776 on axis 0 overflows");
  require_error(in({2, 3}, {index_t{1} << 61, 1}), out({2}), {}, status::size_overflow,
                "[argmax] input is too large: extent 2 with stride 2305843009213693952 on axis 0 overflows");
  require_error(tensor_view<const float>(x.data(), 9, nine), out({1}), {}, status::rank_mismatch,
                "[argmax] input has 9 axes, at most 8 are supported");
  require_error(in({1}), tensor_view<std::int64_t>(canary.data(), 9, nine), {}, status::rank_mismatch,
                "[argmax] output has 9 axes, at most 8 are supported");
  require_error(tensor_view<const float, 2>(nullptr, {2, 3}), out({2}), {}, status::null_pointer,
                "[argmax] input has elements, but its pointer is null");
  require_error(in({2, 3}), tensor_view<std::int64_t, 1>(nullptr, {2}), {}, status::null_pointer,
                "[argmax] output has elements, but its pointer is null");
  require_error(in({2, 3}), out({2}, {0}), {}, status::self_overlap,
                "[argmax] output has strides that put two of its elements in one place");
  require_error(in({3, 3, 2}), out({3, 3}, {2, 1}), {}, status::self_overlap,
                "[argmax] output has strides that put two of its elements in one place");
  // data are examined last, and only where the policy makes them an error
  constexpr policy strict{.nans = k754::nans::omit, .all_nan = k754::all_nan::error};
  x[3] = x[4] = x[5] = -quiet_nan;
  REQUIRE(k754::check_argmax<strict>(in({3, 3}), out({3})));
  REQUIRE(try_argmax<strict>(in({3, 3}), out({3})) == status::all_nan_row);
  REQUIRE(try_argmin<strict>(in({3, 3}), out({3})) == status::all_nan_row);
  try {
    k754::argmin<strict>(in({3, 3}), out({3}));
    FAIL("nothing was thrown");
  } catch (const k754::shape_error& error) {
    REQUIRE(error.code() == status::all_nan_row);
    REQUIRE(std::string(error.what()) == "[argmin] input has 1 rows of NaNs");
  }
  REQUIRE(try_argmax<strict>(in({3, 3}), out({4})) == status::shape_mismatch);
  REQUIRE(canary == std::vector<std::int64_t>(64, -5));
  REQUIRE(try_argmax<strict>(in({3, 3}), out({3}), {.axis = 0}) == status::ok);
}

TEST_CASE("of several errors, the one that comes first in the order of the checks is reported") {
  const float x[6] = {};
  std::int64_t y[6] = {-5, -5, -5, -5, -5, -5};
  // null input, output of a wrong shape and with overlapping elements, bad axis
  const tensor_view<const float, 2> null(nullptr, {2, 3});
  const tensor_view<std::int64_t, 1> overlapping(y, {3}, {0});
  REQUIRE(try_argmax(null, overlapping, {.axis = 7}) == status::axis_out_of_range);
  REQUIRE(try_argmax(null, overlapping) == status::shape_mismatch);
  REQUIRE(try_argmax(null, overlapping, {.axis = 0}) == status::null_pointer);
  REQUIRE(try_argmax(tensor_view(x, {2, 3}), overlapping, {.axis = 0}) == status::self_overlap);
  REQUIRE(std::all_of(std::begin(y), std::end(y), [](std::int64_t v) { return v == -5; }));
}

TEST_CASE("the form that returns an index takes one row") {
  const float matrix[2][3] = {};
  try {
    (void)k754::argmax(matrix);
    FAIL("nothing was thrown");
  } catch (const k754::shape_error& error) {
    REQUIRE(error.code() == status::rank_mismatch);
    REQUIRE(std::string(error.what()) == "[argmax] input has 2 axes, expected 1");
  }
  float scalar = 0;
  REQUIRE_THROWS_AS(k754::argmin(tensor_view(&scalar)), k754::shape_error);
  REQUIRE_THROWS_AS(k754::argmin(tensor_view<const float, 1>(nullptr, {2})), k754::shape_error);
  REQUIRE_THROWS_AS(k754::argmin(tensor_view<const float, 1>(&scalar, {-1})), k754::shape_error);
}

TEST_CASE("an output may lie between the elements of the input, and share none of its bytes") {
  std::array<std::int64_t, 16> memory{};
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::int64_t>(i * 5 % 7);
  const auto copy = memory;
  const tensor_view<const std::int64_t, 2> evens(memory.data(), {4, 2}, {4, 2});
  const tensor_view<std::int64_t, 1> odds(memory.data() + 1, {4}, {4});
  REQUIRE(try_argmax(evens, odds) == status::ok);
  for (std::size_t row = 0; row < 4; ++row) {
    REQUIRE(memory[4 * row + 1] == (copy[4 * row] < copy[4 * row + 2] ? 1 : 0));
    REQUIRE(memory[4 * row] == copy[4 * row]);
    REQUIRE(memory[4 * row + 2] == copy[4 * row + 2]);
    REQUIRE(memory[4 * row + 3] == copy[4 * row + 3]);
  }
  memory = copy;
  const tensor_view<const std::int64_t, 2> all(memory.data(), {4, 4});
  for (std::ptrdiff_t at = 0; at < 16; ++at) {
    REQUIRE(try_argmax(all, tensor_view<std::int64_t, 2>(memory.data() + at, {4, 1}, {0, 1}),
                       {.keepdims = true}) == status::self_overlap);
    REQUIRE(message(k754::check_argmin(tensor_view<const std::int64_t, 1>(memory.data(), {16}),
                                       tensor_view(memory.data() + at))) ==
            "[argmin] output shares memory with input");
  }
  // a byte of it is enough
  auto* const bytes = reinterpret_cast<unsigned char*>(memory.data());
  const tensor_view<const std::uint8_t, 1> a_byte(bytes + 8 + 3, {1});
  REQUIRE(try_argmax(a_byte, tensor_view(memory.data() + 1)) == status::overlap);
  REQUIRE(memory == copy);
  REQUIRE(try_argmax(a_byte, tensor_view(memory.data() + 2)) == status::ok);
  REQUIRE(memory[2] == 0);
}

TEST_CASE("what an executor throws is callback_threw, or passes through") {
  const float x[2][2] = {};
  std::int64_t index[2] = {-5, -5};
  REQUIRE(try_argmax(x, index, {}, k754_test::throwing_executor{}) == status::callback_threw);
  REQUIRE_THROWS_AS(k754::argmax(x, index, {}, k754_test::throwing_executor{}), std::runtime_error);
  REQUIRE(try_argmax(x[0], tensor_view(&index[0]), {}, k754_test::throwing_executor{}) ==
          status::ok);  // one piece
}

namespace {

// Checks of constants are constants.
constexpr float constant_matrix[2][3] = {{1, 3, 2}, {-1, -0x1p-149F, -2}};
constexpr status checked_at_compile_time(k754::argmax_options options) {
  std::int64_t index[2] = {};
  return k754::check_argmax(constant_matrix, index, options);
}
static_assert(checked_at_compile_time({}) == status::ok);
static_assert(checked_at_compile_time({.axis = 2}) == status::axis_out_of_range);
static_assert(checked_at_compile_time({.axis = 0}) == status::shape_mismatch);
static_assert(checked_at_compile_time({.keepdims = true}) == status::rank_mismatch);

static_assert(
    noexcept(try_argmax(constant_matrix, std::declval<std::int64_t (&)[2]>())) && noexcept(try_argmin(
        constant_matrix, std::declval<std::int64_t (&)[2]>(), {},
        std::declval<
            k754_test::throwing_executor>())) && noexcept(k754::check_argmax(constant_matrix,
                                                                             std::declval<
                                                                                 std::int64_t (&)[2]>())));

}  // namespace

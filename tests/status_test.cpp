// status.hpp: names and numbers of the codes, messages, the exception.
#include "k754/status.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <set>
#include <string>
#include <type_traits>

#include "support/catch.hpp"
#include "support/message.hpp"

namespace {

using k754::check_result;
using k754::index_t;
using k754::status;
using k754::detail::failure;
using k754_test::message;

// The numbers are stable: programs store and compare them.
static_assert(
    static_cast<int>(status::ok) == 0 && static_cast<int>(status::rank_mismatch) == 1 &&
    static_cast<int>(status::axis_out_of_range) == 2 && static_cast<int>(status::invalid_option) == 3 &&
    static_cast<int>(status::negative_extent) == 4 && static_cast<int>(status::shape_mismatch) == 5 &&
    static_cast<int>(status::channel_mismatch) == 6 && static_cast<int>(status::kernel_exceeds_input) == 7 &&
    static_cast<int>(status::empty_reduction) == 8 && static_cast<int>(status::size_overflow) == 9 &&
    static_cast<int>(status::index_type_too_small) == 10 && static_cast<int>(status::null_pointer) == 11 &&
    static_cast<int>(status::self_overlap) == 12 && static_cast<int>(status::overlap) == 13 &&
    static_cast<int>(status::label_out_of_range) == 14 && static_cast<int>(status::invalid_label) == 15 &&
    static_cast<int>(status::all_nan_row) == 16 && static_cast<int>(status::callback_threw) == 17);
constexpr int code_count = 19;
static_assert(std::is_same_v<std::underlying_type_t<status>, int>);

/// The same characters as `text`, at compile time.
constexpr bool equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

constexpr bool message_works_at_compile_time() {
  constexpr check_result failed =
      failure(status::channel_mismatch, "conv2d", "weight", "expects {} input channels, input has {}", 3, 4);
  char text[80] = {};
  const std::size_t length = failed.message(text, sizeof(text));
  return !failed && failed == status::channel_mismatch && length == 53 &&
         equal(text, "[conv2d] weight expects 3 input channels, input has 4");
}

}  // namespace

static_assert(message_works_at_compile_time());
static_assert(check_result{});  // nothing wrong
static_assert(check_result{} == status::ok);
static_assert(!failure(status::overlap, "where", "output", "shares memory with mask"));

TEST_CASE("every status has a name of its own") {
  std::set<std::string> names;
  for (int code = 0; code < code_count; ++code) {
    const std::string name = k754::to_string(static_cast<status>(code));
    CAPTURE(code, name);
    REQUIRE_FALSE(name.empty());
    REQUIRE(name != "unknown status");
    REQUIRE(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
    REQUIRE(names.insert(name).second);
  }
  for (const int code : {-1, code_count, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    REQUIRE(std::string(k754::to_string(static_cast<status>(code))) == "unknown status");
  }
}

TEST_CASE("messages name the kernel and the argument, and hold the numbers") {
  REQUIRE(message(failure(status::shape_mismatch, "softmax", "output",
                          "has extent {} on axis {}, expected {}", 5, 1, 3)) ==
          "[softmax] output has extent 5 on axis 1, expected 3");
  REQUIRE(message(failure(status::null_pointer, "where", "mask", "is null")) == "[where] mask is null");
  REQUIRE(message(failure(status::size_overflow, "k", "a", "{} {} {} {}", std::numeric_limits<index_t>::min(),
                          std::numeric_limits<index_t>::max(), 0, -1)) ==
          "[k] a -9223372036854775808 9223372036854775807 0 -1");
  REQUIRE(message(failure(status::size_overflow, "k", "a", "{}{}", 10, -20)) == "[k] a 10-20");
  REQUIRE(message(failure(status::size_overflow, "k", "a", "{ } {x} }{ {", 1)) == "[k] a { } {x} }{ {");
  REQUIRE(message(check_result{}) == "[]  ");
  // no number left: the place stays as it is, and nothing beyond the numbers is read
  // what was unsigned is so again
  constexpr std::uint64_t top = ~std::uint64_t{0};
  REQUIRE(message(failure(status::label_out_of_range, "k", "a", "{u} {} {u} {u}", top, -1, 7, top - 1)) ==
          "[k] a 18446744073709551615 -1 7 18446744073709551614");
  REQUIRE(message(failure(status::label_out_of_range, "k", "a", "{u {v} {u}", 1)) == "[k] a {u {v} 1");

  REQUIRE(message(failure(status::size_overflow, "k", "a", "{}, {}, {}, {}, {}, {}", 1, 2, 3, 4)) ==
          "[k] a 1, 2, 3, 4, {}, {}");
}

TEST_CASE("messages are cut to the buffer, terminated, and nothing is written beyond it") {
  const check_result failed =
      failure(status::shape_mismatch, "argmax", "output", "has extent {}, expected {}", -123456, 78);
  const std::string whole = message(failed);
  REQUIRE(whole == "[argmax] output has extent -123456, expected 78");
  for (std::size_t capacity = 0; capacity <= whole.size() + 3; ++capacity) {
    char text[64];
    std::memset(text, '#', sizeof(text));
    const std::size_t length = failed.message(text, capacity);
    CAPTURE(capacity);
    REQUIRE(length == (capacity == 0 ? 0 : std::min(capacity - 1, whole.size())));
    if (capacity > 0) REQUIRE(std::string(text) == whole.substr(0, length));
    for (std::size_t i = capacity == 0 ? 0 : length + 1; i < sizeof(text); ++i) REQUIRE(text[i] == '#');
  }
  REQUIRE(failed.message(nullptr, 0) == 0);
}

#if K754_EXCEPTIONS

TEST_CASE("a shape_error is a std::exception with a code and a text") {
  static_assert(std::is_base_of_v<std::exception, k754::shape_error> &&
                std::is_nothrow_copy_constructible_v<k754::shape_error>);
  const check_result failed =
      failure(status::axis_out_of_range, "argmin", "axis", "is {}, input has {} axes", 3, 2);
  const auto caught_as = [&]<class Exception>(const Exception*) {
    try {
      k754::detail::throw_if_failed(failed);
    } catch (const Exception& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const std::string expected = "[argmin] axis is 3, input has 2 axes";
  REQUIRE(caught_as(static_cast<const k754::shape_error*>(nullptr)) == expected);
  REQUIRE(caught_as(static_cast<const std::exception*>(nullptr)) == expected);
  REQUIRE(k754::shape_error(failed).code() == status::axis_out_of_range);
  REQUIRE_NOTHROW(k754::detail::throw_if_failed(check_result{}));

  // the text is a copy, of 255 characters at most
  std::string kernel = "argmax", argument(1000, 'x');
  const k754::shape_error error(check_result{status::overlap, kernel.c_str(), argument.c_str(), "", {}});
  kernel = "gone";
  argument = "gone";
  REQUIRE(std::string(error.what()) == "[argmax] " + std::string(246, 'x'));
}

#endif

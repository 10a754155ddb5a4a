// What our tests use of Catch2, in a page: for programs that are cross-compiled and run under an emulator, where
// Catch2 is not built. No expressions are taken apart and INFO says nothing; run the native tests to learn more.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <vector>

namespace k754_test::minimal_catch {

struct test_case {
  const char* name;
  const char* tags;
  void (*body)();
};
inline std::vector<test_case>& test_cases() {
  static std::vector<test_case> all;
  return all;
}
struct registration {
  registration(void (*body)(), const char* name, const char* tags = "") {
    test_cases().push_back({name, tags, body});
  }
};

struct required_failure {};
inline long assertions = 0, failures = 0;

inline bool passed(bool holds, const char* text, const char* file, int line) {
  ++assertions;
  if (!holds) {
    ++failures;
    std::printf("%s:%d: FAILED: %s\n", file, line, text);
  }
  return holds;
}

/// Runs them all but the hidden ones; the exit status of the program, which fails where fewer than `floor` ran.
inline int run(long floor) {
  long ran = 0;
  for (const test_case& test : test_cases()) {
    if (std::strncmp(test.tags, "[.", 2) == 0) continue;
    ++ran;
    std::printf("%s\n", test.name);
    std::fflush(stdout);
    try {
      test.body();
    } catch (const required_failure&) {
    }
  }
  std::printf("%ld test cases (at least %ld expected), %ld assertions, %ld failed\n", ran, floor, assertions,
              failures);
  return failures == 0 && assertions > 0 && ran >= floor ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace k754_test::minimal_catch

#define K754_CATCH_JOIN_(a, b) a##b
#define K754_CATCH_JOIN(a, b) K754_CATCH_JOIN_(a, b)
#define K754_CATCH_TEST_CASE(function, ...)                                                                  \
  static void function();                                                                                    \
  static const ::k754_test::minimal_catch::registration K754_CATCH_JOIN(function, _registered)(&function,    \
                                                                                               __VA_ARGS__); \
  static void function()
#define K754_CATCH_PASSED(holds, text) \
  ::k754_test::minimal_catch::passed(static_cast<bool>(holds), text, __FILE__, __LINE__)

#define TEST_CASE(...) K754_CATCH_TEST_CASE(K754_CATCH_JOIN(k754_test_case_, __LINE__), __VA_ARGS__)
#define CHECK(...) ((void)K754_CATCH_PASSED((__VA_ARGS__), #__VA_ARGS__))
#define CHECK_FALSE(...) ((void)K754_CATCH_PASSED(!(__VA_ARGS__), "not: " #__VA_ARGS__))
#define REQUIRE(...)                                        \
  (K754_CATCH_PASSED((__VA_ARGS__), #__VA_ARGS__) ? (void)0 \
                                                  : throw ::k754_test::minimal_catch::required_failure())
#define REQUIRE_FALSE(...)                                 \
  (K754_CATCH_PASSED(!(__VA_ARGS__), "not: " #__VA_ARGS__) \
       ? (void)0                                           \
       : throw ::k754_test::minimal_catch::required_failure())
#define STATIC_REQUIRE(...) static_assert(__VA_ARGS__)
#define STATIC_REQUIRE_FALSE(...) static_assert(!(__VA_ARGS__))
#define FAIL(message)                                        \
  do {                                                       \
    std::ostringstream k754_text;                            \
    k754_text << message;                                    \
    (void)K754_CATCH_PASSED(false, k754_text.str().c_str()); \
    throw ::k754_test::minimal_catch::required_failure();    \
  } while (false)
#define FAIL_CHECK(message)                                  \
  do {                                                       \
    std::ostringstream k754_text;                            \
    k754_text << message;                                    \
    (void)K754_CATCH_PASSED(false, k754_text.str().c_str()); \
  } while (false)
#define CHECK_THROWS_AS(expression, type)                        \
  do {                                                           \
    bool k754_thrown = false;                                    \
    try {                                                        \
      (void)(expression);                                        \
    } catch (const type&) {                                      \
      k754_thrown = true;                                        \
    }                                                            \
    (void)K754_CATCH_PASSED(k754_thrown, #expression " throws"); \
  } while (false)
#define REQUIRE_THROWS_AS(expression, type) CHECK_THROWS_AS(expression, type)
#define INFO(message) ((void)[&] { std::ostringstream() << message; })
#define CAPTURE(...) ((void)[&](auto&&...){})

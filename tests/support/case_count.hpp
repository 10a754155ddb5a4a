// A loop that ran nothing proves nothing: count the cases, print the count, and fail below a floor.
#pragma once

#include <cstdio>

#include "catch.hpp"

namespace k754_test {

class case_count {
 public:
  case_count(const char* what, long floor) : what_(what), floor_(floor) {}
  case_count(const case_count&) = delete;
  case_count& operator=(const case_count&) = delete;

  void add(long cases = 1) { count_ += cases; }

  /// Call it at the end of the test case.
  void check() const {
    std::printf("  %-64s %10ld cases\n", what_, count_);
    REQUIRE(count_ >= floor_);
  }

 private:
  const char* what_;
  long floor_;
  long count_ = 0;
};

}  // namespace k754_test

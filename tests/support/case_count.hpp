// A loop that ran nothing proves nothing: count the cases, print the count, and fail below a floor.
#pragma once

#include <cstdio>
#include <string>
#include <utility>

#include "catch.hpp"

namespace k754_test {

class case_count {
 public:
  case_count(std::string what, long floor) : what_(std::move(what)), floor_(floor) {}
  case_count(const case_count&) = delete;
  case_count& operator=(const case_count&) = delete;

  void add(long cases = 1) { count_ += cases; }
  long count() const { return count_; }

  /// Call it at the end of the test case.
  void check() const {
    std::printf("  %-64s %10ld cases\n", what_.c_str(), count_);
    REQUIRE(count_ >= floor_);
  }

 private:
  std::string what_;
  long floor_;
  long count_ = 0;
};

}  // namespace k754_test

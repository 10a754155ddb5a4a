// lane_sum.hpp: the order of additions, as text; its depth; bits and bounds for doubles.
#include "k754/reference/lane_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "k754/bits.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/ieee754.hpp"
#include "support/lane_sum_model.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

using k754::to_bits;
using k754::reference::lane_sum;
using k754::reference::pairwise_sum;
using k754_test::case_count;
using k754_test::random_bits;
using k754_test::real;

/// A sum that remembers how it was made. Adding to nothing gives what is added, so that no zeros are to be read.
struct written {
  std::string text;
  friend written operator+(const written& a, const written& b) {
    if (a.text.empty() || b.text.empty()) return {a.text + b.text};
    return {"(" + a.text + "+" + b.text + ")"};
  }
};
written term(std::size_t i) { return {std::to_string(i)}; }

/// A sum that knows how many additions lie one above the other.
struct depth {
  int additions = 0;
  friend depth operator+(depth a, depth b) { return {std::max(a.additions, b.additions) + 1}; }
};

/// Around whole rows of lanes, blocks, and powers of two of blocks.
std::vector<std::size_t> lengths() {
  std::vector<std::size_t> all;
  for (std::size_t n = 0; n <= 70; ++n) all.push_back(n);
  for (const std::size_t blocks : {1U, 2U, 3U, 4U, 5U, 7U, 8U}) {
    for (const std::size_t n : {1024 * blocks - 17, 1024 * blocks - 1, 1024 * blocks, 1024 * blocks + 1,
                                1024 * blocks + 16, 1024 * blocks + 500}) {
      all.push_back(n);
    }
  }
  return all;
}

template <class Number>
Number pairwise(std::size_t count) {
  pairwise_sum<Number> sum;
  for (std::size_t i = 0; i < count; ++i) sum.add(term(i));
  return sum.total();
}

constexpr double sum_at_compile_time() {
  lane_sum<double> sum;
  for (int i = 1; i <= 2000; ++i) sum.add(i);
  sum.skip();
  return sum.total();
}
static_assert(sum_at_compile_time() == 2001000.0);
static_assert(pairwise_sum<double>{}.total() == 0.0);

}  // namespace

TEST_CASE("pairwise_sum adds neighbours, and what is beyond a power of two from the right") {
  CHECK(pairwise<written>(0).text.empty());
  CHECK(pairwise<written>(1).text == "0");
  CHECK(pairwise<written>(2).text == "(0+1)");
  CHECK(pairwise<written>(3).text == "((0+1)+2)");
  CHECK(pairwise<written>(4).text == "((0+1)+(2+3))");
  CHECK(pairwise<written>(5).text == "(((0+1)+(2+3))+4)");
  CHECK(pairwise<written>(6).text == "(((0+1)+(2+3))+(4+5))");
  CHECK(pairwise<written>(7).text == "(((0+1)+(2+3))+((4+5)+6))");  // the example of the header
  case_count cases("pairwise sums, as text", 200);
  std::vector<written> terms;
  pairwise_sum<written> sum;
  for (std::size_t n = 1; n <= 200; ++n) {
    terms.push_back(term(n - 1));
    const written expected = k754_test::sum_of_blocks(terms.data(), n);
    CAPTURE(n);
    REQUIRE(sum.total_with(terms.back()).text == expected.text);
    sum.add(terms.back());
    REQUIRE(sum.total().text == expected.text);
    cases.add();
  }
  cases.check();
}

TEST_CASE("The lanes of a block are folded in halves") {
  std::array<written, 16> lanes;
  for (std::size_t l = 0; l < 16; ++l) lanes[l] = term(l);
  CHECK(lane_sum<written>::folded(lanes).text ==
        "((((0+8)+(4+12))+((2+10)+(6+14)))+(((1+9)+(5+13))+((3+11)+(7+15))))");
  lane_sum<written> sum;
  for (std::size_t i = 0; i < 18; ++i) sum.add(term(i));
  CHECK(sum.total().text == "(((((0+16)+8)+(4+12))+((2+10)+(6+14)))+((((1+17)+9)+(5+13))+((3+11)+(7+15))))");
}

TEST_CASE("Every length is summed in the order of the header, gaps included") {
  case_count cases("sums, as text", 3 * 100);
  random_bits random(1);
  for (const std::size_t n : lengths()) {
    for (const std::uint64_t gaps : {0U, 10U, 90U}) {
      std::vector<std::optional<written>> terms;
      lane_sum<written> sum;
      for (std::size_t i = 0; i < n; ++i) {
        if (random.below(100) < gaps) {
          terms.emplace_back();
          sum.skip();
        } else {
          terms.emplace_back(term(i));
          sum.add(*terms.back());
        }
        if (i % 1000 == 999) (void)sum.total();  // changes nothing
      }
      const bool same = sum.total().text == k754_test::sum_in_lanes<written>(terms).text;
      CAPTURE(n, gaps);
      REQUIRE(same);
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("The depth is what the header says, and reaches it") {
  case_count cases("depths", 100);
  const auto depth_of = [](std::size_t n) {
    lane_sum<depth> sum;
    for (std::size_t i = 0; i < n; ++i) sum.add(depth{});
    return sum.total().additions;
  };
  CHECK(depth_of(1024) == 68);
  CHECK(depth_of(std::size_t{1} << 20) == 78);
  CHECK(depth_of((std::size_t{1} << 20) - 1) == 78);
  for (const std::size_t n : lengths()) {
    int most = 68;
    for (std::size_t reach = 1024; reach < n; reach *= 2) ++most;
    CAPTURE(n);
    REQUIRE(depth_of(n) <= most);
    if (n > 1024) REQUIRE(depth_of(n) >= 68);
    cases.add();
  }
  cases.check();
}

TEST_CASE("Sums of doubles: the bits of the model, within the bound of the depth") {
  case_count cases("sums of doubles", 3 * 100);
  random_bits random(2);
  for (const std::size_t n : lengths()) {
    for (const int spread : {0, 30, 300}) {
      std::vector<double> terms(n);
      lane_sum<double> sum;
      real exact, magnitudes;
      for (double& x : terms) {
        const auto exponent =
            spread == 0 ? 0 : static_cast<int>(random.below(2 * static_cast<std::uint64_t>(spread))) - spread;
        x = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), exponent);
        sum.add(x);
        exact += real(x);
        magnitudes += abs(real(x));
      }
      CAPTURE(n, spread);
      REQUIRE(to_bits(sum.total()) == to_bits(k754_test::sum_in_lanes(terms)));
      REQUIRE(!(real(78.0) * k754_test::scaled(magnitudes, -53) < abs(real(sum.total()) - exact)));
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("No sum is -0, and nothing sums to +0") {
  case_count cases("sums of zeros", 2 * 100);
  for (const std::size_t n : lengths()) {
    lane_sum<double> zeros, gaps;
    for (std::size_t i = 0; i < n; ++i) {
      zeros.add(-0.0);
      gaps.skip();
    }
    CAPTURE(n);
    REQUIRE(to_bits(zeros.total()) == 0);
    REQUIRE(to_bits(gaps.total()) == 0);
    cases.add(2);
  }
  lane_sum<double> cancelled;
  for (const double x : {1.0, -1.0}) cancelled.add(x);
  CHECK(to_bits(cancelled.total()) == 0);
  cases.check();
}

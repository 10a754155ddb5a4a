// compensated.hpp: each addition by its text, and sums within (n 2^-53)^2 of their largest partial sum.
#include "k754/reference/compensated.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <vector>

#include "k754/bits.hpp"
#include "k754/reference/lane_sum.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/double_doubles.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

using k754::to_bits;
using k754::reference::compensated;
using k754::reference::double_double;
using k754_test::case_count;
using k754_test::double_sampler;
using k754_test::exact;
using k754_test::normalized;
using k754_test::real;

bool same(const compensated& a, double sum, double error) {
  return to_bits(a.sum) == to_bits(sum) && to_bits(a.error) == to_bits(error);
}

/// What the addition of two doubles loses: exact, so any rounding of it is it.
double lost(double a, double b) { return (real(a) + real(b) - real(a + b)).to_double(); }

}  // namespace

TEST_CASE("An addition is a TwoSum of the leading parts; what it loses and the low parts go to the error") {
  case_count cases("additions", 30'000);
  double_sampler random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double_double first = random.normalized_pair(30), second = random.normalized_pair(30);
    const compensated a{first.high, random.uniform(-1.0, 1.0) * 0x1p-40}, c{second.high, second.low};
    const double high = second.high, loss = lost(a.sum, high);
    bool good = same(a + high, a.sum + high, a.error + loss);
    good = good && same(a + second, a.sum + high, a.error + (loss + second.low));
    good = good && same(a + c, a.sum + high, a.error + (loss + second.low));
    if (!good) FAIL(a.sum << " and " << high);
    cases.add(3);
  }
  cases.check();
}

TEST_CASE("What is lost on the way is there in the end") {
  const auto sum_of = [](std::initializer_list<double> terms) {
    compensated sum;
    for (const double x : terms) sum = sum + x;
    return sum.value();
  };
  const double_double one = sum_of({0x1p+60, 1.0, -0x1p+60});
  CHECK(one.high == 1.0);
  CHECK(one.low == 0.0);
  const double_double parts = sum_of({1.0, 0x1p-60, 0x1p-80});
  CHECK(parts.high == 1.0);
  CHECK(parts.low == 0x1p-60 + 0x1p-80);
  CHECK(to_bits(compensated{}.value().high) == 0);
  // a carry from the error, and back under the half ULP
  const double_double carried = sum_of({1.0, 0x1p-53, 0x1p-53});
  CHECK(carried.high == 1.0 + 0x1p-52);
  CHECK(carried.low == 0.0);
}

TEST_CASE("An infinity makes a NaN: finite values only") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(k754::is_nan((compensated{} + infinity).value().low));
  CHECK(k754::is_nan((compensated{1.0, 0.0} + double_double{-infinity, 0.0}).error));
}

TEST_CASE("n terms sum to within (n 2^-53)^2 of the largest partial sum, in a row and in lanes") {
  case_count cases("compensated sums", 3 * 4 * 100);
  double_sampler random(2);
  double worst = 0.0;
  for (const int n : {2, 3, 10, 100, 1000, 3000}) {
    for (int kind = 0; kind < 4; ++kind) {
      for (int repetition = 0; repetition < 50; ++repetition) {
        compensated row;
        k754::reference::lane_sum<compensated> lanes;
        real sum, largest, magnitudes;
        std::vector<double_double> terms;
        for (int i = 0; i < n; ++i) {
          double_double x = random.normalized_pair(kind == 1 ? 200 : 3);
          if (kind == 2) x = {std::fabs(x.high), x.high < 0 ? -x.low : x.low};
          if (kind == 3 && i >= n / 2) {  // cancels almost entirely
            const double_double& other = terms[static_cast<std::size_t>(i - n / 2)];
            x = {-other.high, random.low_part(other.high)};
          }
          terms.push_back(x);
          row = row + x;
          lanes.add(x);
          sum += exact(x);
          magnitudes += abs(exact(x));
          if (largest < abs(sum)) largest = abs(sum);
        }
        const real share = k754_test::scaled(real(static_cast<double>(n) * n), -106);
        const double_double in_row = row.value(), in_lanes = lanes.total().value();
        CAPTURE(n, kind, repetition);
        REQUIRE(normalized(in_row));
        REQUIRE(normalized(in_lanes));
        const real error = abs(exact(in_row) - sum);
        REQUIRE(!(share * largest < error));
        worst = std::max(worst, (error / (share * largest)).to_double());
        REQUIRE(!(share * magnitudes < abs(exact(in_lanes) - sum)));  // partial sums are below sum |x|
        cases.add(2);
      }
    }
  }
  std::printf("  largest part of the bound: %.3g\n", worst);
  CHECK(worst > 1e-4);
  cases.check();
}

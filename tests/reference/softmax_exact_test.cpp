// The definition of softmax and its kin under precision::exact is the exact value, rounded once: against 256-bit arithmetic, on
// every row of 0 and a 16-bit number, on rows made to be hard, and on rows built towards ties.
#include "k754/reference/softmax_exact.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/softmax_rows.hpp"
#include "support/test_scale.hpp"

namespace {

namespace ref = k754::reference;
using k754::bfloat16;
using k754::float16;
using k754_test::exact_softmax;
using k754_test::random_bits;
using k754_test::real;
using k754_test::row_family;
using k754_test::row_towards;

/// log_softmax; where 256 bits do not hold both x - m and log S, the little that log S is counts still.
template <class T>
real log_softmax(exact_softmax<T>& exact, const std::vector<T>& row, T x) {
  double m = -std::numeric_limits<double>::infinity();
  for (const T value : row) m = std::max(m, static_cast<double>(value));
  const real difference = real(static_cast<double>(x)) - real(m), result = exact.log_softmax(x);
  return result == difference ? difference + real(0x1p-200) * difference : result;
}

/// The three functions on a row, in place or not, against the exact values, rounded.
template <class T>
long check_row(const std::vector<T>& x, bool in_place = false) {
  exact_softmax<T> exact(x);
  std::vector<T> p = x, log_p = x;
  if (in_place) {
    ref::exact_softmax(p, p);
    ref::exact_log_softmax(log_p, log_p);
  } else {
    ref::exact_softmax(x, p);
    ref::exact_log_softmax(x, log_p);
  }
  // what rounds to zero is +0
  const auto rounded = [](const real& value) {
    return k754_test::nearest(value, k754_test::format_of<T>) + 0.0;
  };
  long results = 1;
  const double lse = static_cast<double>(ref::exact_logsumexp(x)), expected_lse = rounded(exact.logsumexp());
  INFO("logsumexp of " << x.size() << ", first " << static_cast<double>(x[0]) << ": " << lse << ", not "
                       << expected_lse);
  REQUIRE(k754::to_bits(lse) == k754::to_bits(expected_lse));
  const std::size_t step = x.size() <= 1000 ? 1 : x.size() / 500;
  for (std::size_t i = 0; i < x.size(); i += step) {
    const double value = static_cast<double>(p[i]), log_value = static_cast<double>(log_p[i]);
    const double expected = rounded(exact.softmax(x[i]));
    const double expected_log =
        k754::is_infinite(x[i]) ? static_cast<double>(x[i]) : rounded(log_softmax(exact, x, x[i]));
    results += 2;
    const bool same = k754::to_bits(value) == k754::to_bits(expected) &&
                      k754::to_bits(log_value) == k754::to_bits(expected_log);
    if (same) continue;
    INFO("element " << i << " of " << x.size() << ": " << static_cast<double>(x[i]) << ", softmax " << value
                    << " not " << expected << ", log_softmax " << log_value << " not " << expected_log);
    REQUIRE(same);
  }
  return results;
}

template <class T>
void check_pairs() {
  k754_test::case_count cases("rows of 0 and a number", 3 * 63'000);
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const T d = k754::from_bits<T>(static_cast<k754::bits_of<T>>(bits));
    if (k754::is_finite(d)) cases.add(check_row<T>({T(0.0F), d}));
  }
  cases.check();
}

template <class T>
void check_families() {
  k754_test::case_count cases("rows of every family", k754_test::scaled(30'000));
  random_bits random(754);
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (std::size_t n = 1; n <= 70; n += k754_test::test_scale() > 1 ? 7U : 1U)
      cases.add(check_row(k754_test::softmax_row<T>(static_cast<row_family>(family), n, random), n % 2 == 0));
    for (long repetition = 0; repetition < k754_test::scaled(200); ++repetition)
      cases.add(
          check_row(k754_test::softmax_row<T>(static_cast<row_family>(family), 1 + random.below(6), random)));
  }
  cases.check();
}

/// In place the maximum, whose results these are, is last: what is asked for then has been overwritten.
template <class T>
long check_row_towards(std::vector<T> x, bool in_place) {
  if (in_place) std::reverse(x.begin(), x.end());
  return check_row(x, in_place);
}

/// Rows of whose results one is nearer and nearer to a tie, or to zero, to 2^-100 and below.
template <class T>
void check_near_ties(bool of_logsumexp) {
  k754_test::case_count cases("results near ties", k754_test::scaled(20'000));
  random_bits random(1954);
  constexpr int most = std::is_same_v<T, float> ? 7 : 24;
  for (long repetition = 0; repetition < k754_test::scaled(1'500); ++repetition) {
    const int count = 1 + static_cast<int>(random.below(most));
    if (!of_logsumexp) {
      // 1 / S is a tie h: R = 1 / h - 1
      const T a = T(k754_test::uniform(random, 0.51, 0.99));
      const double h = 0.5 * (static_cast<double>(a) + static_cast<double>(k754_test::next_below(a, 1)));
      cases.add(check_row_towards(row_towards<T>(real(1.0) / real(h) - real(1.0), T(0.0F), count),
                                  repetition % 2 == 0));
      // -log S is: R = exp(-h) - 1
      const T b = T(-k754_test::uniform(random, 1e-6, 0.69));
      const double log_h = 0.5 * (static_cast<double>(b) + static_cast<double>(k754_test::next_below(b, 1)));
      cases.add(check_row_towards(row_towards<T>(k754_test::expm1(-real(log_h)), T(0.0F), count),
                                  repetition % 2 == 0));
      // (x - m) - log S is, where m is far too small for x - m to be a double
      const T tiny = T(k754_test::uniform(random, 1e-9, 2e-9)),
              far_below = T(-k754_test::uniform(random, 1e6, 2e6));
      const T y = T(static_cast<double>(far_below) - 0.4);
      const double y_h = 0.5 * (static_cast<double>(y) + static_cast<double>(k754_test::next_below(y, 1)));
      const real log_sum = real(static_cast<double>(far_below)) - real(static_cast<double>(tiny)) - real(y_h);
      if (std::is_same_v<T, float> && real(0.0) < log_sum && log_sum < real(0.69)) {
        std::vector<T> x = row_towards<T>(k754_test::expm1(log_sum), tiny, count);
        x.push_back(far_below);
        cases.add(check_row_towards(x, repetition % 2 == 0));
      }
      continue;
    }
    // m + log S is nearly 0, or a tie: R = exp(h - m) - 1
    const T m = T(-k754_test::uniform(random, 1e-3, 0.69));
    const T c =
        T(k754_test::uniform(random, -1.0, 1.0) * std::ldexp(1.0, -static_cast<int>(random.below(30))));
    const double sum_h = 0.5 * (static_cast<double>(c) + static_cast<double>(k754_test::next_below(c, 1)));
    cases.add(check_row_towards(row_towards<T>(k754_test::expm1(-real(static_cast<double>(m))), m, count),
                                repetition % 2 == 0));
    const real to_tie = k754_test::expm1(real(sum_h) - real(static_cast<double>(m)));
    if (real(0.0) < to_tie && to_tie < real(1.0))
      cases.add(check_row_towards(row_towards<T>(to_tie, m, count), repetition % 2 == 0));
  }
  cases.check();
}

/// x - m is a tie of the type, and log S, however small, decides.
template <class T>
void check_ties_of_differences() {
  k754_test::case_count cases("differences that are ties", k754_test::scaled(6'000));
  random_bits random(11);
  constexpr double quantum = std::is_same_v<T, float>     ? 0x1p-23
                             : std::is_same_v<T, float16> ? 0x1p-10
                                                          : 0x1p-7;
  for (long repetition = 0; repetition < k754_test::scaled(3'000); ++repetition) {
    // m in [g, 2g), x = -quantum/2 g (2k + 1) is exact: their difference has one bit too many
    const double g = std::ldexp(1.0, static_cast<int>(random.below(12)));
    const double m = g * (1.0 + quantum * static_cast<double>(random.below(std::uint64_t(0.5 / quantum))));
    const double x = -g * quantum * (0.5 + static_cast<double>(random.below(4)));
    std::vector<T> row{T(m), T(x)};
    for (std::uint64_t k = random.below(3); k > 0; --k)
      row.push_back(T(x - k754_test::uniform(random, 0.0, g)));
    cases.add(check_row(row, repetition % 2 == 0));
  }
  cases.check();
}

}  // namespace

TEST_CASE("SM-X5b every row of 0 and a float16 is correctly rounded") { check_pairs<float16>(); }
TEST_CASE("SM-X5b every row of 0 and a bfloat16 is correctly rounded") { check_pairs<bfloat16>(); }

TEST_CASE("Exact softmax: rows of every family are correctly rounded") {
  check_families<float>();
  check_families<float16>();
  check_families<bfloat16>();
}

TEST_CASE("SM-X5 rows built towards ties of softmax and log_softmax are correctly rounded") {
  check_near_ties<float>(false);
  check_near_ties<float16>(false);
  check_near_ties<bfloat16>(false);
}

TEST_CASE("LS-X5c rows built towards ties and zeros of logsumexp are correctly rounded") {
  check_near_ties<float>(true);
  check_near_ties<float16>(true);
  check_near_ties<bfloat16>(true);
}

TEST_CASE("Exact softmax: differences that are ties but for log S") {
  check_ties_of_differences<float>();
  check_ties_of_differences<float16>();
  check_ties_of_differences<bfloat16>();
}

TEST_CASE("SM-X5c 1/c is a tie of float16 where c = 2^25, and right beside it") {
  const auto probability = [](k754::index_t maxima, std::vector<float16> others) {
    auto mass = ref::equal_mass<float16>(ref::row_kind::ordinary, 0.0, maxima);
    const ref::strided_row<float16> x{others.data(), static_cast<k754::index_t>(others.size())};
    return k754::to_bits(ref::exact_row<false, float16>(x, mass).softmax({0.0, 0.0}));
  };
  constexpr k754::index_t tie = 1 << 25;
  CHECK(probability(tie, {}) == 0);  // to even
  CHECK(probability(tie - 1, {}) == 1);
  CHECK(probability(tie + 1, {}) == 0);
  CHECK(probability(tie, {float16(-60'000.0F)}) == 0);
  CHECK(probability(tie - 1, {float16(-60'000.0F), float16(-1.0F)}) == 1);
  CHECK(probability(tie / 3, {}) == 2);  // 1.5 * 2^-24 and more
  CHECK(probability((tie + 1) / 3, {float16(-60'000.0F)}) == 1);
}

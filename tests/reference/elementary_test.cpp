#include "k754/reference/elementary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/double_doubles.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

namespace ref = k754::reference;
using k754_test::case_count;
using k754_test::double_sampler;
using k754_test::exact;
using k754_test::maximum;
using k754_test::normalized;
using k754_test::real;
using ref::double_double;
using ref::scaled_double_double;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr double largest = std::numeric_limits<double>::max();
constexpr auto binary64 = k754_test::format_of<double>;

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }
double from_bits(std::uint64_t u) { return std::bit_cast<double>(u); }

/// Where exp's n = round(8 d / ln2) steps, for n = -count .. -1: the double nearest to (n + 1/2) ln2 / 8.
double step_of_n(int n) { return (static_cast<double>(n) + 0.5) * (0x1.62e42fefa39efp-1 / 8.0); }

/// Arguments <= 0 down to `lowest`: uniform, log-uniform, near the steps of n, near its integers, near -1 and
/// 0.
std::vector<double> exp_arguments(double lowest, long count, std::uint64_t seed) {
  double_sampler random(seed);
  const int steps = static_cast<int>(-lowest * 11.5);
  std::vector<double> arguments = {0.0,      -0.0,     -smallest, -0x1p-1022, -0x1p-200,
                                   -0x1p-60, -0x1p-54, -0x1p-53,  -1.0,       lowest};
  for (int e = -70; e <= 9; ++e) arguments.push_back(-std::ldexp(1.0, e));
  while (static_cast<long>(arguments.size()) < count) {
    arguments.push_back(random.uniform(lowest, 0.0));
    arguments.push_back(-random.log_uniform(-60, 8));
    arguments.push_back(random.uniform(-1.0, 0.0));
    const double step = step_of_n(-random.between(1, steps));
    arguments.push_back(from_bits(bits(step) + static_cast<std::uint64_t>(random.between(0, 2000))));
    // results just below a power of two, where errors weigh most
    arguments.push_back((random.uniform(-0.5, -0.35) - 8.0 * random.between(0, steps / 8)) *
                        (0x1.62e42fefa39efp-1 / 8.0));
  }
  std::erase_if(arguments, [lowest](double d) { return !(d <= 0.0 && d >= lowest); });
  return arguments;
}

/// Positive arguments of log and log1p: all exponents, and densely around `center`.
std::vector<double> log_arguments(double center, int first, int last, long count, std::uint64_t seed) {
  double_sampler random(seed);
  std::vector<double> arguments;
  while (static_cast<long>(arguments.size()) < count) {
    arguments.push_back(random.log_uniform(first, last));
    arguments.push_back(random.log_uniform(-2, 2));
    arguments.push_back(center + random.uniform(-0.3, 0.5));
    // around sqrt(2) 2^k - 1 + center, where the exponent is chosen, and around 2^k
    const double power = std::ldexp(1.0, random.between(-1, 3));
    arguments.push_back(power * 0x1.6a09e667f3bcdp-1 - 1.0 + center + random.uniform(-0x1p-20, 0x1p-20));
    arguments.push_back(power + random.uniform(-0x1p-20, 0x1p-20));
  }
  std::erase_if(arguments, [](double x) { return !(x > 0.0); });
  return arguments;
}

std::uint64_t hash(std::uint64_t h, double x) {  // FNV-1a on 64-bit words
  return (h ^ bits(x)) * 0x100000001B3U;
}
constexpr std::uint64_t hash_start = 0xCBF29CE484222325U;

}  // namespace

TEST_CASE("exp_nonpositive of special arguments", "[elementary]") {
  CHECK(bits(ref::exp_nonpositive(0.0)) == bits(1.0));
  CHECK(bits(ref::exp_nonpositive(-0.0)) == bits(1.0));
  CHECK(bits(ref::exp_nonpositive(-smallest)) == bits(1.0));
  CHECK(bits(ref::exp_nonpositive(-0x1p-55)) == bits(1.0));
  CHECK(bits(ref::exp_nonpositive(-0x1p-53)) == bits(1.0 - 0x1p-53));
  CHECK(bits(ref::exp_nonpositive(-infinity)) == bits(0.0));
  CHECK(bits(ref::exp_nonpositive(-largest)) == bits(0.0));
  CHECK(bits(ref::exp_nonpositive(nan_value)) == bits(0.0));
  CHECK(bits(ref::exp_nonpositive(from_bits(bits(-708.0) + 1))) == bits(0.0));
  CHECK(ref::exp_nonpositive(-708.0) >= 0x1p-1022);
}

TEST_CASE("exp_nonpositive is within 0.63 ulp of the exact value", "[elementary]") {
  case_count cases("exp_nonpositive(double)", 200'000);
  maximum worst;
  for (const double d : exp_arguments(-708.0, 200'000, 1)) {
    worst.see(k754_test::ulp_error(ref::exp_nonpositive(d), exp(real(d)), binary64), d);
    cases.add();
  }
  worst.print("exp_nonpositive(double), ulp");
  CHECK(worst.error < 0.63);
  cases.check();
}

TEST_CASE("exp_nonpositive is nondecreasing", "[elementary]") {
  case_count cases("pairs of neighbours", 2'000'000);
  const auto check_around = [&cases](double center, int count) {
    double previous = ref::exp_nonpositive(center);
    for (int i = 1; i < count; ++i) {  // towards zero
      const double value = ref::exp_nonpositive(from_bits(bits(center) - static_cast<std::uint64_t>(i)));
      if (value < previous) FAIL("decreases " << i << " doubles above " << center);
      previous = value;
    }
    cases.add(count - 1);
  };
  for (int n = -8172; n < 0; ++n) {
    check_around(from_bits(bits(step_of_n(n)) + 40), 80);
    check_around(from_bits(bits(static_cast<double>(n) * 0x1.62e42fefa39efp-4) + 20), 40);
  }
  double_sampler random(2);
  for (int i = 0; i < 200; ++i) check_around(-random.log_uniform(-58, 8), 4000);
  for (int i = 0; i < 200; ++i) check_around(random.uniform(-0.5, -0.01), 4000);
  // a coarse walk over the whole domain
  double previous = 0.0;
  for (double d = -708.0; d < 0.0; d += 0x1p-9) {
    const double value = ref::exp_nonpositive(d);
    if (value < previous) FAIL("decreases at " << d);
    previous = value;
    cases.add();
  }
  cases.check();
}

TEST_CASE("exp_nonpositive in double-double: special arguments", "[elementary]") {
  const auto is_zero = [](scaled_double_double x) {
    return bits(x.significand.high) == 0 && bits(x.significand.low) == 0 && x.exponent == 0;
  };
  for (const double zero : {0.0, -0.0}) {
    const scaled_double_double one = ref::exp_nonpositive(double_double{zero, 0.0});
    CHECK(one.significand.high == 1.0);
    CHECK(one.significand.low == 0.0);
    CHECK(one.exponent == 0);
  }
  CHECK(is_zero(ref::exp_nonpositive(double_double{-infinity, 0.0})));
  CHECK(is_zero(ref::exp_nonpositive(double_double{-infinity, nan_value})));  // what two_sum(-inf, x) makes
  CHECK(is_zero(ref::exp_nonpositive(double_double{nan_value, 0.0})));
  CHECK(is_zero(ref::exp_nonpositive(double_double{-largest, -0x1p960})));
  CHECK(is_zero(ref::exp_nonpositive(double_double{-800.5, 0.0})));

  // half of the smallest subnormal lies between these neighbours: ln(2^-1075) = -745.13321910194122...
  CHECK(bits(ref::round_scaled(ref::exp_nonpositive(double_double{-0x1.74910d52d3052p+9, 0.0}))) == 0);
  CHECK(bits(ref::round_scaled(ref::exp_nonpositive(double_double{-0x1.74910d52d3051p+9, 0.0}))) == 1);
  CHECK(bits(ref::round_scaled(ref::exp_nonpositive(double_double{-746.0, 0.0}))) == 0);
  CHECK(ref::exp_nonpositive(double_double{-800.0, 0.0}).exponent ==
        -1155);  // small, but there: terms of sums
  // just below 1 the low part decides
  const scaled_double_double below = ref::exp_nonpositive(double_double{-0x1p-60, 0.0});
  CHECK(exact(below) < real(1.0));
  CHECK(ref::round_scaled(below) == 1.0);
}

TEST_CASE("exp_nonpositive in double-double is within 2^-65, and 0.5003 ulp once rounded", "[elementary]") {
  case_count cases("exp_nonpositive(double_double)", 200'000);
  maximum relative, rounded, subnormal;
  long wrong = 0;
  double_sampler random(3);
  for (const double high : exp_arguments(-799.5, 200'000, 4)) {
    const double_double d = {high, random.low_part(high)};
    if (!normalized(d)) continue;
    const real truth = exp(exact(d));
    const scaled_double_double result = ref::exp_nonpositive(d);
    if (!normalized(result.significand) || !(result.significand.high >= 1.0 && result.significand.high < 2.0))
      ++wrong;
    relative.see(k754_test::relative_error(exact(result), truth), high);
    const double value = ref::round_scaled(result);
    (value < 0x1p-1022 ? subnormal : rounded).see(k754_test::ulp_error(value, truth, binary64), high);
    cases.add();
  }
  relative.print_log2("exp_nonpositive(double_double), relative");
  rounded.print("the same rounded, ulp, normal results");
  subnormal.print("the same rounded, ulp, subnormal results");
  CHECK(wrong == 0);
  CHECK(relative.error < 0x1.6p-66);
  CHECK(rounded.error < 0.5003);
  CHECK(subnormal.error < 0.5003);
  CHECK(subnormal.error > 0.0);
  cases.check();
}

TEST_CASE("round_scaled rounds once, ties and subnormal results included", "[elementary]") {
  case_count cases("round_scaled", 400'000);
  double_sampler random(5);
  const auto check = [&cases](scaled_double_double x) {
    const double expected = k754_test::nearest(exact(x), binary64);
    const double came = ref::round_scaled(x);
    if (bits(came) != bits(expected)) {
      FAIL(x.significand.high << " + " << x.significand.low << ", exponent " << x.exponent << ": " << came
                              << " is not " << expected);
    }
    cases.add();
  };
  for (int i = 0; i < 100'000; ++i) {
    // significands with few bits, so that the subnormal range meets ties, and low parts on both sides of them
    const int kept = random.between(0, 52);
    const double high = from_bits(bits(1.0) | (random.next() >> 12 >> (52 - kept) << (52 - kept)));
    const double low = random.between(0, 3) == 0 ? 0.0 : random.uniform(-0x1p-54, 0x1p-54);
    const double sign = random.between(0, 1) == 0 ? 1.0 : -1.0;
    const int exponent = random.between(-1080, -1020);
    const int moved = random.between(-40, 40);  // the same value with a significand outside [1, 2)
    check({{sign * high, sign * low}, exponent});
    check({{sign * high, 0.0}, exponent});
    check({{std::ldexp(sign * high, moved), std::ldexp(sign * low, moved)}, exponent - moved});
    check({{sign * high, sign * low}, random.between(-1022, 1030)});
  }
  for (int exponent = -1080; exponent <= -1021; ++exponent) {
    for (const double sign : {1.0, -1.0}) {
      for (const double low : {0.0, 0x1p-54, -0x1p-55, 0x1p-190, -0x1p-190}) {
        check({{sign, sign * low}, exponent});
        check({{sign * 1.5, sign * low}, exponent});
        check({{sign * (2.0 - 0x1p-52), sign * low}, exponent});
      }
      // a low part beyond the witness's 256 bits counts by its sign alone
      for (const double high : {1.0, 1.5}) {
        const std::uint64_t up = bits(ref::round_scaled({{sign * high, sign * 0x1p-190}, exponent}));
        const std::uint64_t down = bits(ref::round_scaled({{sign * high, sign * -0x1p-190}, exponent}));
        if (bits(ref::round_scaled({{sign * high, sign * smallest}, exponent})) != up)
          FAIL("up at " << exponent);
        if (bits(ref::round_scaled({{sign * high, sign * -smallest}, exponent})) != down)
          FAIL("down at " << exponent);
      }
    }
  }
  CHECK(bits(ref::round_scaled({{0.0, 0.0}, 0})) == bits(0.0));
  CHECK(bits(ref::round_scaled({{-0.0, 0.0}, 5})) == bits(-0.0));
  CHECK(bits(ref::round_scaled({{1.5, 0.0}, 1024})) == bits(infinity));
  cases.check();
}

TEST_CASE("log1p_nonnegative is within 0.75 ulp, exact at 0 and for tiny arguments", "[elementary]") {
  CHECK(bits(ref::log1p_nonnegative(0.0)) == bits(0.0));
  CHECK(bits(ref::log1p_nonnegative(-0.0)) == bits(0.0));
  for (const double tiny : {smallest, 3 * smallest, 0x1p-1022, 1e-300, 0x1.8p-100, 0x1p-54}) {
    CHECK(bits(ref::log1p_nonnegative(tiny)) == bits(tiny));
  }
  case_count cases("log1p_nonnegative(double)", 200'000);
  maximum worst;
  for (const double x : log_arguments(0.0, -1022, 60, 250'000, 6)) {
    worst.see(k754_test::ulp_error(ref::log1p_nonnegative(x), log1p(real(x)), binary64), x);
    cases.add();
  }
  for (const double x : log_arguments(0.0, 60, 999, 10'000, 7)) {
    worst.see(k754_test::ulp_error(ref::log1p_nonnegative(x), log1p(real(x)), binary64), x);
  }
  worst.print("log1p_nonnegative(double), ulp");
  CHECK(worst.error < 0.75);
  cases.check();
}

TEST_CASE("log1p_nonnegative in double-double is within 2^-65", "[elementary]") {
  const double_double zero = ref::log1p_nonnegative(double_double{0.0, 0.0});
  CHECK(bits(zero.high) == 0);
  CHECK(bits(zero.low) == 0);
  const double_double tiny = ref::log1p_nonnegative(double_double{1e-300, 1e-317});
  CHECK(bits(tiny.high) == bits(1e-300));
  CHECK(bits(tiny.low) == bits(1e-317));

  case_count cases("log1p_nonnegative(double_double)", 200'000);
  maximum worst;
  long wrong = 0;
  double_sampler random(8);
  for (const double high : log_arguments(0.0, -900, 300, 240'000, 9)) {
    const double_double x = {high, random.low_part(high)};
    if (!normalized(x)) continue;
    const double_double result = ref::log1p_nonnegative(x);
    if (!normalized(result)) ++wrong;
    worst.see(k754_test::relative_error(exact(result), log1p(exact(x))), high);
    cases.add();
  }
  worst.print_log2("log1p_nonnegative(double_double), relative");
  CHECK(wrong == 0);
  CHECK(worst.error < 0x1p-65);
  cases.check();
}

TEST_CASE("log_positive is within 0.8 ulp, also near 1 and for subnormal arguments", "[elementary]") {
  CHECK(bits(ref::log_positive(1.0)) == bits(0.0));
  case_count cases("log_positive", 200'000);
  maximum worst;
  const auto see = [&](double x) {
    worst.see(k754_test::ulp_error(ref::log_positive(x), log(real(x)), binary64), x);
    cases.add();
  };
  for (const double x :
       {smallest, 3 * smallest, 0x1p-1022, 0x1p-1022 - smallest, largest, 1.0 + 0x1p-52, 1.0 - 0x1p-53}) {
    see(x);
  }
  for (const double x : log_arguments(1.0, -1022, 1023, 150'000, 10)) see(x);
  double_sampler random(11);
  for (int i = 0; i < 20'000; ++i) {
    see(from_bits(1 + (random.next() >> 12 >> random.between(0, 51))));               // subnormal
    see(from_bits(bits(1.0) + static_cast<std::uint64_t>(random.between(1, 4000))));  // next to 1
    see(from_bits(bits(1.0) - static_cast<std::uint64_t>(random.between(1, 4000))));
  }
  worst.print("log_positive, ulp");
  CHECK(worst.error < 0.8);
  cases.check();
}

TEST_CASE("log_dd is within 2^-65, also near 1 and for subnormal arguments", "[elementary]") {
  const double_double zero = ref::log_dd(1.0);
  CHECK(zero.high == 0.0);
  CHECK(zero.low == 0.0);
  case_count cases("log_dd", 200'000);
  maximum worst;
  long wrong = 0;
  const auto see = [&](double x) {
    const double_double result = ref::log_dd(x);
    if (!normalized(result)) ++wrong;
    worst.see(k754_test::relative_error(exact(result), log(real(x))), x);
    cases.add();
  };
  for (const double x : {smallest, 3 * smallest, 0x1p-1022, 0x1p-1022 - smallest, largest}) see(x);
  for (const double x : log_arguments(1.0, -1022, 1023, 150'000, 12)) see(x);
  double_sampler random(13);
  for (int i = 0; i < 20'000; ++i) {
    see(from_bits(1 + (random.next() >> 12 >> random.between(0, 51))));
    see(from_bits(bits(1.0) + (random.next() >> 12 >> random.between(0, 51)) + 1));
    see(from_bits(bits(1.0) - (random.next() >> 12 >> random.between(0, 51)) - 1));
  }
  worst.print_log2("log_dd, relative");
  CHECK(wrong == 0);
  CHECK(worst.error < 0x1p-65);
  cases.check();
}

TEST_CASE("Elementary functions return the same bits in every build", "[elementary]") {
  std::uint64_t of_exp = hash_start, of_exp_dd = hash_start, of_log = hash_start, of_log_dd = hash_start;
  double_sampler random(15);
  for (int i = 0; i < 20'000; ++i) {
    const double d = i % 2 == 0 ? random.uniform(-708.0, 0.0) : -random.log_uniform(-60, 8);
    of_exp = hash(of_exp, ref::exp_nonpositive(d));
    const scaled_double_double e = ref::exp_nonpositive(double_double{d, d * 0x1p-55});
    of_exp_dd = hash(hash(of_exp_dd, e.significand.low), ref::round_scaled(e));
    const double x = i % 2 == 0 ? random.uniform(0.0, 4.0) : random.log_uniform(-1000, 900);
    of_log = hash(hash(of_log, ref::log1p_nonnegative(x)), ref::log_positive(x));
    const double_double l = ref::log1p_nonnegative(double_double{x, x * 0x1p-55}), m = ref::log_dd(x);
    of_log_dd = hash(hash(hash(hash(of_log_dd, l.high), l.low), m.high), m.low);
  }
  CHECK(of_exp == 0x7CE910B42C92C5A9U);
  CHECK(of_exp_dd == 0x154C0E410B54A5C6U);
  CHECK(of_log == 0x541891E3A84559C7U);
  CHECK(of_log_dd == 0xD93FB8216AF871FCU);
}

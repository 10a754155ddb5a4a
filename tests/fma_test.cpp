#include "k754/fma.hpp"

#include <mpfr.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "k754/bits.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"

namespace {

using k754_test::bytes_of;
using k754_test::case_count;
using k754_test::from_bytes;

/// a*b + c rounded once to T by MPFR, whose exponent range is set to T's for that, subnormals included.
template <class T>
class witness {
 public:
  witness() : emin_(mpfr_get_emin()), emax_(mpfr_get_emax()) {
    constexpr int digits = std::numeric_limits<T>::digits;
    for (auto* x : {&a_, &b_, &c_, &result_}) mpfr_init2(*x, digits);
    mpfr_set_emin(std::numeric_limits<T>::min_exponent - digits + 1);
    mpfr_set_emax(std::numeric_limits<T>::max_exponent);
  }
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() {
    mpfr_set_emin(emin_);
    mpfr_set_emax(emax_);
    for (auto* x : {&a_, &b_, &c_, &result_}) mpfr_clear(*x);
  }

  T operator()(T a, T b, T c) {
    mpfr_set_d(a_, static_cast<double>(a), MPFR_RNDN);
    mpfr_set_d(b_, static_cast<double>(b), MPFR_RNDN);
    mpfr_set_d(c_, static_cast<double>(c), MPFR_RNDN);
    int ternary = mpfr_fma(result_, a_, b_, c_, MPFR_RNDN);
    ternary = mpfr_check_range(result_, ternary, MPFR_RNDN);
    mpfr_subnormalize(result_, ternary, MPFR_RNDN);
    return static_cast<T>(mpfr_get_d(result_, MPFR_RNDN));
  }

 private:
  mpfr_t a_, b_, c_, result_;
  mpfr_exp_t emin_, emax_;
};

/// Triples that are hard for an emulation.
template <class T>
class triples {
 public:
  explicit triples(std::uint64_t seed) : random_(seed) {}

  std::array<T, 3> next() {
    switch (random_.below(8)) {
      case 0:
        return {any(), any(), any()};
      case 1: {  // a sum of two terms that overlap at their ends: near ties, and sticky bits on either side
        const int e = between(min_exponent / 2, max_exponent / 2 - 1), f = between(-40, 40);
        return {number(f, short_fraction()), number(e, short_fraction()),
                number(e + f + between(-digits - 4, digits + 4), short_fraction())};
      }
      case 2: {  // a product that is a tie or next to one, and a small addend that decides
        const int e = between(min_exponent / 3, max_exponent / 3), f = between(-40, 40);
        const int few = digits / 2;
        return {number(e, top_bits(few)), number(f, top_bits(digits + 2 - few)),
                number(e + f - between(digits - 1, 3 * digits), any_fraction())};
      }
      case 3: {  // cancellation: the addend is the rounded product or close to it
        const T a = number(between(min_exponent / 3, max_exponent / 3), any_fraction());
        const T b = number(between(-40, 40), short_fraction());
        const T product = -static_cast<T>(a * b);
        return {a, b, from_bytes<T>(bytes_of(product) + random_.below(5) - 2)};
      }
      case 4: {  // results around the subnormal range
        const int e = between(-40, 40);
        const int sum = between(min_exponent - 2 * digits - 2, min_exponent + 2);
        return {number(e, short_fraction()), scaled_number(sum - e), small()};
      }
      case 5: {  // results around the largest number
        const int e = between(0, 40);
        return {number(e, near_full_fraction()),
                number(max_exponent - between(-1, 2) - e, near_full_fraction()),
                number(between(max_exponent - 2 * digits, max_exponent), any_fraction())};
      }
      case 6: {  // terms far apart: the smaller one is only a sticky bit
        const int e = between(min_exponent / 2 + 20, max_exponent / 2 - 20), f = between(-10, 10);
        const int apart = between(digits, max_exponent / 2);
        const int sign = random_.below(2) == 0 ? 1 : -1;
        return {number(e, top_bits(digits / 2)), number(f, top_bits(digits / 2 + 2)),
                scaled_number(e + f + sign * apart)};
      }
      default: {  // few bits everywhere: exact results and exact ties
        const int e = between(-60, 60);
        return {number(e, top_bits(between(0, 4))),
                number(-e + between(-60, 60), top_bits(between(0, digits - 1))),
                number(between(-digits - 60, digits + 60), top_bits(between(0, digits - 1)))};
      }
    }
  }

 private:
  static constexpr int digits = std::numeric_limits<T>::digits;
  static constexpr int min_exponent = std::numeric_limits<T>::min_exponent - 1;
  static constexpr int max_exponent = std::numeric_limits<T>::max_exponent - 1;
  static constexpr int fraction_bits = digits - 1;
  static constexpr std::uint64_t fraction_end = std::uint64_t{1} << fraction_bits;

  int between(int first, int last) {
    return first + static_cast<int>(random_.below(static_cast<std::uint64_t>(last - first + 1)));
  }
  std::uint64_t any_fraction() { return random_.below(fraction_end); }
  std::uint64_t top_bits(int count) {
    return count <= 0 ? 0 : any_fraction() >> (fraction_bits - count) << (fraction_bits - count);
  }
  std::uint64_t near_full_fraction() { return fraction_end - 1 - random_.below(4); }
  std::uint64_t short_fraction() {  // a few leading bits, a few trailing bits, or both
    const std::uint64_t low = random_.below(4), all = random_.below(6);
    return all == 0 ? any_fraction() : all == 1 ? fraction_end - 1 - low : top_bits(between(0, 6)) | low;
  }
  /// +-2^exponent (1 + fraction / 2^fraction_bits); the exponent is moved into the range of normal numbers.
  T number(int exponent, std::uint64_t fraction) {
    if (exponent < min_exponent) exponent = min_exponent;
    if (exponent > max_exponent) exponent = max_exponent;
    const auto biased = static_cast<std::uint64_t>(exponent + max_exponent);
    const std::uint64_t sign = random_.below(2) << (k754_test::fields<T>::exponent + fraction_bits);
    return from_bytes<T>(sign | biased << fraction_bits | fraction);
  }
  /// The same below the range of normal numbers too: a subnormal number of that magnitude.
  T scaled_number(int exponent) {
    if (exponent >= min_exponent) return number(exponent, short_fraction());
    const int kept = exponent - (min_exponent - fraction_bits);
    const std::uint64_t magnitude = kept < 0 ? 0 : (fraction_end | any_fraction()) >> (fraction_bits - kept);
    return from_bytes<T>(random_.below(2) << (k754_test::fields<T>::exponent + fraction_bits) | magnitude);
  }
  T small() {
    return random_.below(4) == 0 ? scaled_number(-10000)
                                 : scaled_number(between(min_exponent - digits, min_exponent + 3));
  }
  T any() { return from_bytes<T>(random_() >> (64 - 8 * sizeof(T))); }

  k754_test::random_bits random_;
};

/// As on a CPU without the instruction.
template <class T>
T fma_without_instruction(T a, T b, T c) {
#if K754_RUN_TIME_FMA
  const auto known = static_cast<k754::detail::fma_knowledge>(k754::detail::load_known_fma());
  k754::detail::store_known_fma(k754::detail::fma_absent);
  const T result = k754::fma(a, b, c);
  k754::detail::store_known_fma(known);
  return result;
#else
  return k754::fma_emulated(a, b, c);
#endif
}

template <class T>
void check(witness<T>& exact, T a, T b, T c) {
  const T expected = exact(a, b, c);
  const auto is_expected = [expected](T x) {
    return k754::is_nan(expected) ? k754::is_nan(x) : bytes_of(x) == bytes_of(expected);
  };
  const T emulated = k754::fma_emulated(a, b, c);
  const T selected = k754::fma(a, b, c), without = fma_without_instruction(a, b, c);
  if (!is_expected(emulated) || !is_expected(selected) || !is_expected(without)) {
    FAIL(std::hex << "fma of bits " << bytes_of(a) << ", " << bytes_of(b) << ", " << bytes_of(c)
                  << ": emulated " << bytes_of(emulated) << ", selected " << bytes_of(selected)
                  << ", selected without the instruction " << bytes_of(without) << ", exact "
                  << bytes_of(expected));
  }
}

template <class T>
void check_edges() {
  witness<T> exact;
  case_count cases("fma of edge values", 150'000);
  const std::vector<T> values = k754_test::edge_values<T>();
  for (const T a : values) {
    for (const T b : values) {
      for (const T c : values) {
        check(exact, a, b, c);
        cases.add();
      }
    }
  }
  cases.check();
}

template <class T>
void check_hard_triples(std::uint64_t seed) {
  witness<T> exact;
  case_count cases("fma of hard triples", 1'000'000);
  triples<T> source(seed);
  for (int i = 0; i < 1'200'000; ++i) {
    const std::array<T, 3> x = source.next();
    check(exact, x[0], x[1], x[2]);
    cases.add();
  }
  cases.check();
}

}  // namespace

TEST_CASE("fma rounds once where two roundings would not", "[fma]") {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 is a tie in float; the addend decides it, though no double holds the
  // sum
  const float a = 1.0F + 0x1p-12F;
  for (const float sign : {1.0F, -1.0F}) {
    CHECK(k754::fma_emulated(sign * a, a, sign * 0x1p-90F) == sign * (1.0F + 0x1p-11F + 0x1p-23F));
    CHECK(k754::fma_emulated(sign * a, a, sign * -0x1p-90F) == sign * (1.0F + 0x1p-11F));
    CHECK(k754::fma_emulated(sign * a, a, 0.0F) == sign * (1.0F + 0x1p-11F));  // to even
  }
  // the rounding error of a product
  CHECK(k754::fma_emulated(1.0 + 0x1p-52, 1.0 - 0x1p-52, -1.0) == -0x1p-104);
  CHECK(k754::fma_emulated(1.0F + 0x1p-23F, 1.0F - 0x1p-23F, -1.0F) == -0x1p-46F);
  // a product beyond the range, brought back by the addend
  CHECK(k754::fma_emulated(0x1p1000, 0x1p24, -0x1.fffffffffffffp1023) == 0x1p971);
  CHECK(k754::fma_emulated(0x1p100F, 0x1p28F, -0x1.fffffep127F) == 0x1p104F);
  // half of the smallest subnormal: to even, unless anything is added
  CHECK(k754::fma_emulated(0x1p-538, 0x1p-537, 0.0) == 0.0);
  CHECK(k754::fma_emulated(0x1p-538, 0x1p-537, 0x1p-1074) == 0x1p-1073);
  CHECK(k754::fma_emulated(0x1p-75F, 0x1p-75F, 0.0F) == 0.0F);
  CHECK(k754::fma_emulated(0x1p-75F, 0x1p-75F, 0x1p-149F) == 0x1p-148F);
}

TEST_CASE("fma of zeros has the sign that IEEE 754 gives", "[fma]") {
  const auto negative = [](double x) { return k754::is_zero(x) && k754::sign_bit(x); };
  const auto positive = [](double x) { return k754::is_zero(x) && !k754::sign_bit(x); };
  CHECK(positive(k754::fma_emulated(0.0, 1.0, 0.0)));
  CHECK(positive(k754::fma_emulated(-0.0, 1.0, 0.0)));
  CHECK(positive(k754::fma_emulated(0.0, 1.0, -0.0)));
  CHECK(negative(k754::fma_emulated(-0.0, 1.0, -0.0)));
  CHECK(positive(k754::fma_emulated(2.0, 3.0, -6.0)));            // exact cancellation
  CHECK(positive(k754::fma_emulated(-2.0, 3.0, 6.0)));            // from either side
  CHECK(negative(k754::fma_emulated(-0x1p-600, 0x1p-600, 0.0)));  // underflow keeps the product's sign
  CHECK(positive(k754::fma_emulated(0x1p-600, 0x1p-600, -0.0)));
}

#if K754_RUN_TIME_FMA
TEST_CASE("The CPU's instruction is found by the first fma, whatever the operands' type", "[fma]") {
  using namespace k754::detail;
  const unsigned char here = __builtin_cpu_supports("fma") != 0 ? fma_present : fma_absent;
  store_known_fma(fma_unknown);
  CHECK(k754::fma(1.0F + 0x1p-23F, 1.0F - 0x1p-23F, -1.0F) == -0x1p-46F);
  CHECK(load_known_fma() == here);
  store_known_fma(fma_unknown);
  CHECK(k754::fma(1.0 + 0x1p-52, 1.0 - 0x1p-52, -1.0) == -0x1p-104);
  CHECK(load_known_fma() == here);
}
#endif

TEST_CASE("fma of float edge values equals MPFR's", "[fma]") { check_edges<float>(); }
TEST_CASE("fma of double edge values equals MPFR's", "[fma]") { check_edges<double>(); }
TEST_CASE("fma of hard float triples equals MPFR's", "[fma]") { check_hard_triples<float>(1); }
TEST_CASE("fma of hard double triples equals MPFR's", "[fma]") { check_hard_triples<double>(2); }

TEST_CASE("The integer emulation of double fma works in any environment", "[fma]") {
  case_count cases("triples in hostile environments", 10'000);
  std::vector<std::array<double, 3>> inputs;
  triples<double> source(3);
  for (int i = 0; i < 2'000; ++i) inputs.push_back(source.next());
  k754_test::require_immune([] { return std::vector<double>(2'000); },
                            [&](std::vector<double>& out) {
                              for (std::size_t i = 0; i < out.size(); ++i) {
                                const auto& [a, b, c] = inputs[i];
                                out[i] = k754::canonicalized(k754::fma_emulated(a, b, c));
                                cases.add();
                              }
                            });
  cases.check();
}

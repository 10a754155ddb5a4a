// bits.hpp: classification, order keys, the canonical NaN, loads and stores, against a model of IEEE 754's
// text.
#include "k754/bits.hpp"

#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"

namespace {

using k754::bfloat16;
using k754::float16;
using k754_test::case_count;
using k754_test::datum;
using k754_test::decode;
using k754_test::kind;
using k754_test::random_bits;

template <class T>
std::uint64_t all_bits() {
  return sizeof(T) == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * sizeof(T))) - 1;
}

/// Bit patterns of every sign and exponent, with fractions at every edge of their range and at random.
template <class T, class Visit>
void for_bit_classes(Visit&& visit) {
  constexpr int f_width = k754_test::fields<T>::fraction, e_width = k754_test::fields<T>::exponent;
  constexpr std::uint64_t step = std::uint64_t{1} << f_width;
  random_bits random(754);
  for (std::uint64_t head = 0; head < std::uint64_t{2} << e_width; ++head) {
    for (const std::uint64_t fraction : {std::uint64_t{0}, std::uint64_t{1}, step / 2 - 1, step / 2,
                                         step / 2 + 1, step - 1, random.below(step), random.below(step)}) {
      visit(head * step + fraction);
    }
  }
}

template <class T>
bool classified_as(T x, const datum& d) {
  const bool nan = d.kind == kind::quiet_nan || d.kind == kind::signaling_nan;
  return k754::is_nan(x) == nan && k754::is_signaling(x) == (d.kind == kind::signaling_nan) &&
         k754::is_infinite(x) == (d.kind == kind::infinite) &&
         k754::is_finite(x) == (!nan && d.kind != kind::infinite) &&
         k754::is_zero(x) == (d.kind == kind::zero) && k754::is_subnormal(x) == (d.kind == kind::subnormal) &&
         k754::sign_bit(x) == d.negative;
}

template <class T>
bool canonicalized_as_specified(T x, const datum& d) {
  const bool nan = d.kind == kind::quiet_nan || d.kind == kind::signaling_nan;
  const datum c = decode(k754::canonicalized(x));
  if (!nan) return k754_test::bytes_of(k754::canonicalized(x)) == k754_test::bytes_of(x);
  return c.kind == kind::quiet_nan && !c.negative && c.payload == 0;
}

template <class T>
bool flushed_as_specified(T x, const datum& d) {
  const datum f = decode(k754::flush_subnormal(x));
  if (d.kind == kind::subnormal) return f.kind == kind::zero && f.negative == d.negative;
  return k754_test::bytes_of(k754::flush_subnormal(x)) == k754_test::bytes_of(x);
}

template <class T>
void require_16_bit_type_is_classified() {
  case_count cases(sizeof(T) == 2 ? "classification of every 16-bit pattern" : "", 65536);
  for (std::uint32_t u = 0; u < 65536; ++u) {
    const T x = k754_test::from_bytes<T>(u);
    const datum d = decode<T>(u);
    if (!classified_as(x, d) || !canonicalized_as_specified(x, d) || !flushed_as_specified(x, d) ||
        k754::to_bits(x) != u ||
        k754_test::bytes_of(k754::from_bits<T>(static_cast<std::uint16_t>(u))) != u) {
      CAPTURE(u);
      FAIL("wrong class");
    }
    cases.add();
  }
  cases.check();
}

// Called through pointers that the compiler does not know, so that values really travel in registers.
template <class T>
__attribute__((noinline)) T passed_by_value(T x) {
  return x;
}
template <class T>
struct travellers {
  T (*volatile by_value)(T) = &passed_by_value<T>;
};

/// Every way a selected value takes through the library's types must keep every bit, signalling NaNs
/// included.
template <class T>
bool survives_copies(std::uint64_t bits) {
  static const travellers<T> call;
  T memory[4];
  std::memcpy(static_cast<void*>(&memory[0]), &bits, sizeof(T));
  k754::detail::store(&memory[1], k754::detail::load(&memory[0]));
  k754::detail::store(&memory[2], call.by_value(k754::detail::load(&memory[1])));
  memory[3] = memory[2];
  const T round_trip = k754::from_bits<T>(k754::to_bits(memory[3]));
  return k754_test::bytes_of(memory[1]) == bits && k754_test::bytes_of(memory[2]) == bits &&
         k754_test::bytes_of(memory[3]) == bits && k754_test::bytes_of(round_trip) == bits;
}

template <class T>
void require_total_order_of_edges(case_count& cases) {
  const std::vector<T> values = k754_test::edge_values<T>();
  for (const T a : values) {
    for (const T b : values) {
      const bool expected = k754_test::total_order(decode(a), decode(b));
      CAPTURE(k754_test::bytes_of(a), k754_test::bytes_of(b));
      REQUIRE(k754::total_order(a, b) == expected);
      REQUIRE((k754::order_key(a) <= k754::order_key(b)) == expected);
      cases.add();
    }
  }
}

template <class T>
void require_all_16_bit_patterns_sort() {
  std::vector<T> values;
  for (std::uint32_t u = 0; u < 65536; ++u) values.push_back(k754_test::from_bytes<T>(u));
  std::sort(values.begin(), values.end(), [](T a, T b) { return k754::order_key(a) < k754::order_key(b); });
  case_count cases("16-bit patterns in total order", 65535);
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const datum a = decode(values[i]), b = decode(values[i + 1]);
    if (!k754_test::total_order(a, b) || k754_test::total_order(b, a)) {
      CAPTURE(i, k754_test::bytes_of(values[i]), k754_test::bytes_of(values[i + 1]));
      FAIL("neighbours out of order");
    }
    cases.add();
  }
  REQUIRE(k754_test::bytes_of(values.front()) == 0xFFFF);  // -NaN with the greatest payload
  REQUIRE(k754_test::bytes_of(values.back()) == 0x7FFF);
  cases.check();
}

template <class T>
void require_total_order_of_random_pairs(case_count& cases, std::uint64_t seed) {
  random_bits random(seed);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t u = random() & all_bits<T>();
    // half of the partners differ in one bit only
    const std::uint64_t v =
        i % 2 == 0 ? random() & all_bits<T>() : u ^ (std::uint64_t{1} << random.below(8 * sizeof(T)));
    const T a = k754_test::from_bytes<T>(u), b = k754_test::from_bytes<T>(v);
    if (k754::total_order(a, b) != k754_test::total_order(decode(a), decode(b))) {
      CAPTURE(u, v);
      FAIL("order");
    }
    cases.add();
  }
}

template <class T>
bool keys_order_as_integers(T a, T b) {
  return (k754::order_key(a) < k754::order_key(b)) == (a < b) &&
         (k754::order_key(a) == k754::order_key(b)) == (a == b);
}

template <class T>
void require_integer_keys(case_count& cases) {
  using limits = std::numeric_limits<T>;
  std::vector<T> values;
  if constexpr (sizeof(T) == 1) {
    for (int v = limits::min(); v <= limits::max(); ++v) values.push_back(static_cast<T>(v));
  } else {
    random_bits random(sizeof(T));
    for (int k = 0; k < 5; ++k) {
      values.push_back(static_cast<T>(limits::min() + static_cast<T>(k)));
      values.push_back(static_cast<T>(limits::max() - static_cast<T>(k)));
      values.push_back(static_cast<T>(limits::max() / 2 + static_cast<T>(k) - 2));
      values.push_back(static_cast<T>(k));
      values.push_back(static_cast<T>(0 - static_cast<T>(k)));
      values.push_back(static_cast<T>(random()));
    }
  }
  static_assert(std::is_unsigned_v<decltype(k754::order_key(T{}))> &&
                sizeof(k754::order_key(T{})) == sizeof(T));
  for (const T a : values) {
    for (const T b : values) {
      CAPTURE(a, b);
      REQUIRE(keys_order_as_integers(a, b));
      cases.add();
    }
  }
}

/// x rounded to T by MPFR: its exponent range cut down to T's, and subnormalized.
template <class T>
double rounded_by_mpfr(double x) {
  constexpr int precision = k754_test::fields<T>::fraction + 1,
                bias = (1 << (k754_test::fields<T>::exponent - 1)) - 1;
  const mpfr_exp_t old_min = mpfr_get_emin(), old_max = mpfr_get_emax();
  mpfr_set_emin(1 - bias - precision + 2);  // MPFR's significands are in [1/2, 1)
  mpfr_set_emax(bias + 1);
  mpfr_t r;
  mpfr_init2(r, precision);
  const int inexact = mpfr_check_range(r, mpfr_set_d(r, x, MPFR_RNDN), MPFR_RNDN);
  mpfr_subnormalize(r, inexact, MPFR_RNDN);
  const double result = mpfr_get_d(r, MPFR_RNDN);
  mpfr_clear(r);
  mpfr_set_emin(old_min);
  mpfr_set_emax(old_max);
  return result;
}

template <class T>
void require_narrow(case_count& cases) {
  random_bits random(64);
  constexpr int f_width = k754_test::fields<T>::fraction,
                bias = (1 << (k754_test::fields<T>::exponent - 1)) - 1;
  const int lowest = 1 - bias - f_width - 3, highest = bias + 3;
  const double smallest_normal = std::scalbn(1.0, 1 - bias);
  std::vector<double> values = k754_test::edge_values<double>();
  for (int i = 0; i < 50000; ++i) {
    // every binade of T and a few beyond; half of the fractions are at, or a bit beside, the halfway point
    const int exponent =
        lowest + static_cast<int>(random.below(static_cast<std::uint64_t>(highest - lowest + 1)));
    const int kept = exponent < 1 - bias ? f_width + exponent - (1 - bias) : f_width;
    double significand = 1 + std::scalbn(static_cast<double>(random.below(std::uint64_t{1} << 52)), -52);
    if (i % 2 == 0 && kept >= 0 && kept < 52) {
      const double cut = std::scalbn(std::floor(std::scalbn(significand, kept)) + 0.5, -kept);
      significand = cut + std::scalbn(static_cast<double>(static_cast<int>(random.below(3)) - 1), -52);
    }
    values.push_back(std::scalbn(random() % 2 == 0 ? significand : -significand, exponent));
  }
  for (const double x : values) {
    CAPTURE(k754_test::bytes_of(x));
    const datum plain = decode(k754::detail::narrow<T>(x));
    const datum flushed = decode(k754::detail::narrow<T, true>(x));
    if (std::isnan(x)) {
      REQUIRE(plain.kind == kind::quiet_nan);
      REQUIRE_FALSE(plain.negative);
      REQUIRE(plain.payload == 0);
      REQUIRE(flushed.kind == kind::quiet_nan);
      continue;
    }
    const double expected = rounded_by_mpfr<T>(x);
    if (sizeof(T) < 8 && expected != k754_test::nearest<T>(x)) FAIL("the models differ");
    if (static_cast<double>(plain.value) != expected || plain.negative != std::signbit(x)) {
      FAIL("rounded to " << plain.value << ", not to " << expected);
    }
    // flushed after rounding, and only then
    const double after = std::fabs(expected) < smallest_normal ? 0.0 : expected;
    if (static_cast<double>(flushed.value) != after || flushed.negative != std::signbit(x)) {
      FAIL("flushed to " << flushed.value << ", not to " << after);
    }
    cases.add();
  }
}

template <class T>
void require_widen() {
  for (const T x : k754_test::edge_values<T>()) {
    const datum d = decode(x);
    if (d.is_nan()) continue;
    CAPTURE(k754_test::bytes_of(x));
    REQUIRE(static_cast<long double>(k754::detail::widen(x)) == d.value);
    const double flushed = k754::detail::widen<true>(x);
    REQUIRE(static_cast<long double>(flushed) == (d.kind == kind::subnormal ? 0 : d.value));
    REQUIRE(std::signbit(flushed) == d.negative);
  }
}

template <class T>
concept has_order_key = requires(T x) {
  k754::order_key(x);
};

// Nothing may be taken for something else by an implicit conversion.
static_assert(has_order_key<bool> && has_order_key<std::int8_t> && has_order_key<std::uint64_t> &&
              has_order_key<float16> && has_order_key<double>);
static_assert(!has_order_key<long double> && !has_order_key<const char*> && !has_order_key<std::nullptr_t>);
static_assert(std::is_same_v<std::int64_t, long long> || !has_order_key<long long>);
static_assert(!has_order_key<char32_t> && !has_order_key<wchar_t>);

static_assert(k754::floating<float> && k754::floating<double> && k754::floating<float16> &&
              k754::floating<bfloat16>);
static_assert(!k754::floating<long double> && !k754::floating<int>);
static_assert(k754::integer<std::int8_t> && k754::integer<std::uint64_t> && !k754::integer<bool> &&
              !k754::integer<float>);
static_assert(k754::element<bool> && !k754::element<long double> && !k754::element<void*> &&
              !k754::element<const float>);

// constexpr, in every type
template <class T>
constexpr bool works_at_compile_time() {
  const T nan = k754::canonical_nan<T>(), inf = k754::infinity<T>(), minus_inf = k754::negative_infinity<T>();
  const T smallest = k754::from_bits<T>(1);
  return k754::is_nan(nan) && !k754::is_signaling(nan) && !k754::sign_bit(nan) && k754::is_infinite(inf) &&
         k754::is_infinite(minus_inf) && k754::sign_bit(minus_inf) && k754::is_subnormal(smallest) &&
         k754::is_zero(k754::flush_subnormal(smallest)) && k754::total_order(minus_inf, smallest) &&
         k754::total_order(smallest, inf) && k754::total_order(inf, nan) && !k754::total_order(nan, inf) &&
         k754::to_bits(k754::canonicalized(
             k754::from_bits<T>(static_cast<k754::bits_of<T>>(~k754::bits_of<T>{0})))) == k754::to_bits(nan);
}
static_assert(works_at_compile_time<float16>() && works_at_compile_time<bfloat16>() &&
              works_at_compile_time<float>() && works_at_compile_time<double>());
static_assert(k754::to_bits(k754::canonical_nan<float16>()) == 0x7E00);
static_assert(k754::to_bits(k754::canonical_nan<bfloat16>()) == 0x7FC0);
static_assert(k754::to_bits(k754::canonical_nan<float>()) == 0x7FC00000);
static_assert(k754::to_bits(k754::canonical_nan<double>()) == 0x7FF8000000000000);
static_assert(k754::order_key(false) < k754::order_key(true));

}  // namespace

TEST_CASE("every 16-bit pattern is classified as IEEE 754 classifies it") {
  require_16_bit_type_is_classified<float16>();
  require_16_bit_type_is_classified<bfloat16>();
}

TEST_CASE("float and double are classified as IEEE 754 and the C library classify them") {
  case_count cases("bit classes of float and double", 8 * 512 + 8 * 4096);
  const auto check = [&]<class T>(T, std::uint64_t u) {
    const T x = k754_test::from_bytes<T>(u);
    const datum d = decode<T>(u);
    CAPTURE(u);
    REQUIRE(classified_as(x, d));
    REQUIRE(canonicalized_as_specified(x, d));
    REQUIRE(flushed_as_specified(x, d));
    const int c = std::fpclassify(x);
    REQUIRE(k754::is_nan(x) == (c == FP_NAN));
    REQUIRE(k754::is_infinite(x) == (c == FP_INFINITE));
    REQUIRE(k754::is_zero(x) == (c == FP_ZERO));
    REQUIRE(k754::is_subnormal(x) == (c == FP_SUBNORMAL));
    REQUIRE(k754::sign_bit(x) == std::signbit(x));
    cases.add();
  };
  for_bit_classes<float>([&](std::uint64_t u) { check(float{}, u); });
  for_bit_classes<double>([&](std::uint64_t u) { check(double{}, u); });
  cases.check();
}

TEST_CASE("loads, stores and copies keep every bit of every value") {
  case_count cases("patterns copied", 2 * 65536 + 8 * 512 + 8 * 4096);
  long lost = 0;
  for (std::uint64_t u = 0; u < 65536; ++u) {
    lost += survives_copies<float16>(u) ? 0 : 1;
    lost += survives_copies<bfloat16>(u) ? 0 : 1;
    cases.add(2);
  }
  const auto copy_in_this_environment = [&] {
    for_bit_classes<float>([&](std::uint64_t u) { lost += survives_copies<float>(u) ? 0 : 1; });
    for_bit_classes<double>([&](std::uint64_t u) { lost += survives_copies<double>(u) ? 0 : 1; });
    cases.add(8 * 512 + 8 * 4096);
  };
  copy_in_this_environment();
  for (const auto& environment : k754_test::hostile_environments()) {
    bool intact = false;
    k754_test::run_in(environment, intact, copy_in_this_environment);
    INFO(environment.name);
    REQUIRE(intact);
  }
  REQUIRE(lost == 0);
  cases.check();
}

TEST_CASE("loads take unaligned elements and any nonzero byte as true") {
  unsigned char bytes[24] = {};
  const double pi = 3.141592653589793;
  for (std::size_t at = 0; at < 8; ++at) {
    k754::detail::store(reinterpret_cast<double*>(bytes + at), pi);
    REQUIRE(k754::detail::load(reinterpret_cast<const double*>(bytes + at)) == pi);
  }
  for (int byte = 0; byte < 256; ++byte) {
    bytes[0] = static_cast<unsigned char>(byte);
    const bool loaded = k754::detail::load(reinterpret_cast<const bool*>(bytes));
    REQUIRE(k754_test::bytes_of(loaded) == (byte != 0 ? 1U : 0U));
  }
  k754::detail::store(reinterpret_cast<bool*>(bytes), true);
  REQUIRE(bytes[0] == 1);
}

TEST_CASE("order keys are totalOrder of IEEE 754-2019, 5.10") {
  case_count cases("pairs in total order", 4 * 56 * 56 + 400000);
  require_total_order_of_edges<float16>(cases);
  require_total_order_of_edges<bfloat16>(cases);
  require_total_order_of_edges<float>(cases);
  require_total_order_of_edges<double>(cases);
  require_total_order_of_random_pairs<float16>(cases, 1);
  require_total_order_of_random_pairs<bfloat16>(cases, 2);
  require_total_order_of_random_pairs<float>(cases, 3);
  require_total_order_of_random_pairs<double>(cases, 4);
  require_all_16_bit_patterns_sort<float16>();
  require_all_16_bit_patterns_sort<bfloat16>();
  cases.check();
}

TEST_CASE("order keys of integers and bool order as the values do") {
  case_count cases("pairs of integers", 2 * 65536 + 6 * 900);
  require_integer_keys<std::int8_t>(cases);
  require_integer_keys<std::uint8_t>(cases);
  require_integer_keys<std::int16_t>(cases);
  require_integer_keys<std::uint16_t>(cases);
  require_integer_keys<std::int32_t>(cases);
  require_integer_keys<std::uint32_t>(cases);
  require_integer_keys<std::int64_t>(cases);
  require_integer_keys<std::uint64_t>(cases);
  cases.check();
}

TEST_CASE("classification and order work in hostile environments and raise nothing") {
  k754_test::require_immune([] { return std::vector<std::uint64_t>(4 * 56 * 4); },
                            [](std::vector<std::uint64_t>& out) {
                              std::size_t n = 0;
                              const auto run = [&]<class T>(T) {
                                for (const T x : k754_test::edge_values<T>()) {
                                  out[n++] = k754::order_key(x);
                                  out[n++] = k754_test::bytes_of(k754::canonicalized(x));
                                  out[n++] = k754_test::bytes_of(k754::flush_subnormal(x));
                                  out[n++] = static_cast<std::uint64_t>(k754::is_nan(x)) |
                                             static_cast<std::uint64_t>(k754::is_subnormal(x)) << 1 |
                                             static_cast<std::uint64_t>(k754::is_zero(x)) << 2 |
                                             static_cast<std::uint64_t>(k754::is_infinite(x)) << 3;
                                }
                              };
                              run(float16{});
                              run(bfloat16{});
                              run(float{});
                              run(double{});
                            });
}

TEST_CASE("results are rounded once, to nearest even, and flushed only after rounding") {
  case_count cases("doubles rounded to a result", 4 * 50000);
  require_narrow<float16>(cases);
  require_narrow<bfloat16>(cases);
  require_narrow<float>(cases);
  require_narrow<double>(cases);
  cases.check();
  // just below the smallest normal: 2^-126 - 2^-151 rounds up to it and stays
  REQUIRE(k754::detail::narrow<float, true>(0x1p-126 - 0x1p-151) == 0x1p-126F);
  REQUIRE(k754::detail::narrow<float, true>(0x1p-126 - 0x1.8p-150) == 0.0F);
}

TEST_CASE("operands are widened exactly, flushed in their own format") {
  require_widen<float16>();
  require_widen<bfloat16>();
  require_widen<float>();
  require_widen<double>();
}

namespace {

__attribute__((noinline)) double product_then_sum(double a, double b, double c) {
  return k754::detail::rounded(a * b) + c;
}
__attribute__((noinline)) float product_then_sum(float a, float b, float c) {
  return k754::detail::rounded(a * b) + c;
}

}  // namespace

TEST_CASE("a rounded product is not contracted into a fused multiply-add") {
  const volatile double x = 1 + 0x1p-30;
  REQUIRE(product_then_sum(x, x, -(1 + 0x1p-29)) == 0.0);  // fused: 2^-60
  const volatile float y = 1 + 0x1p-13F;
  REQUIRE(product_then_sum(y, y, -(1 + 0x1p-12F)) == 0.0F);
}

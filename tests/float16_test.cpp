// float16.hpp: conversions of float16 and bfloat16 against the formats' definition, exhaustively upwards and
// over tens of millions of values downwards; the same bits in every environment; foreign 16-bit types.
#include "k754/float16.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "k754/bits.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/foreign_types.hpp"
#include "support/ieee754.hpp"

#if defined(__STDCPP_FLOAT16_T__) || defined(__STDCPP_BFLOAT16_T__)
#include <stdfloat>
#endif

namespace {

using k754::bfloat16;
using k754::float16;
using k754_test::bytes_of;
using k754_test::case_count;
using k754_test::datum;
using k754_test::decode;
using k754_test::from_bytes;
using k754_test::kind;
using k754_test::random_bits;
using k754_test::require_same_bits;

/// What conversion of a NaN must give: sign, leading payload bits, quiet.
template <class From, class To>
std::uint64_t converted_nan(std::uint64_t from) {
  constexpr int from_width = k754_test::fields<From>::fraction, to_width = k754_test::fields<To>::fraction;
  constexpr std::uint64_t exponent_bits = ((std::uint64_t{1} << k754_test::fields<To>::exponent) - 1)
                                          << to_width;
  const std::uint64_t fraction = from % (std::uint64_t{1} << from_width);
  const std::uint64_t leading =
      to_width >= from_width ? fraction << (to_width - from_width) : fraction >> (from_width - to_width);
  const std::uint64_t quiet = std::uint64_t{1} << (to_width - 1);
  const std::uint64_t sign = from >> (8 * sizeof(From) - 1);
  return sign << (8 * sizeof(To) - 1) | exponent_bits | leading | quiet;
}

template <class Half, class Wide>
bool widens_exactly(std::uint64_t u) {
  const datum d = decode<Half>(u);
  const Wide wide = static_cast<Wide>(from_bytes<Half>(u));
  if (d.is_nan()) return bytes_of(wide) == converted_nan<Half, Wide>(u);
  const datum w = decode(wide);
  return w.value == d.value && w.negative == d.negative && !w.is_nan();
}

/// The values of all 65536 patterns, from the model.
template <class Half>
const std::vector<double>& value_table() {
  static const std::vector<double> table = [] {
    std::vector<double> values;
    for (std::uint64_t u = 0; u < 65536; ++u) {
      const datum d = decode<Half>(u);
      values.push_back(d.is_nan() ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(d.value));
    }
    return values;
  }();
  return table;
}

template <class Half>
bool narrows_correctly(float x) {
  const std::uint64_t u = static_cast<Half>(x).bits();
  if (x != x) return u == converted_nan<float, Half>(bytes_of(x));
  return value_table<Half>()[u] == k754_test::nearest<Half>(static_cast<double>(x)) &&
         (u >> 15 == 1) == std::signbit(x);
}
template <class Half>
bool narrows_correctly(double x) {
  const std::uint64_t u = static_cast<Half>(x).bits();
  if (x != x) return u == converted_nan<double, Half>(bytes_of(x));
  return value_table<Half>()[u] == k754_test::nearest<Half>(x) && (u >> 15 == 1) == std::signbit(x);
}

template <class Half>
void require_narrowing_of_floats(case_count& cases) {
  // all 2^19 heads; tails at and around the halfway point of every cut from the 13th bit down, and at the
  // ends
  std::vector<std::uint32_t> tails;
  for (std::uint32_t cut = 0; cut < 13; ++cut) {
    const std::uint32_t half = std::uint32_t{1} << cut;
    for (const std::uint32_t tail : {half - 1, half, half + 1}) {
      if (tail < 8192) tails.push_back(tail);
    }
  }
  tails.push_back(8191);
  tails.push_back(8190);
  for (std::uint32_t head = 0; head < std::uint32_t{1} << 19; ++head) {
    for (const std::uint32_t tail : tails) {
      const float x = from_bytes<float>(head << 13 | tail);
      if (!narrows_correctly<Half>(x)) {
        CAPTURE(head << 13 | tail, static_cast<Half>(x).bits());
        FAIL("float rounded wrongly");
      }
    }
    cases.add(static_cast<long>(tails.size()));
  }
}

/// Midpoints of neighbours, and the doubles next to them: rounding through float first would lose the
/// difference.
template <class Half>
void require_no_double_rounding(case_count& cases) {
  const double inf = std::numeric_limits<double>::infinity();
  for (std::uint64_t u = 0; u < 65536; ++u) {
    const double low = value_table<Half>()[u];
    if (std::isnan(low) || std::isinf(low)) continue;
    double high = value_table<Half>()[u + 1];
    // past the largest number: the overflow threshold
    if (std::isinf(high)) high = 2 * low - value_table<Half>()[u - 1];
    const double middle = low + (high - low) / 2;
    const double step = high - low;
    for (const double x : {middle, std::nextafter(middle, inf), std::nextafter(middle, -inf),
                           middle + step * 0x1p-20, middle - step * 0x1p-20, middle + step * 0x1p-30,
                           middle - step * 0x1p-30, low, std::nextafter(low, inf), std::nextafter(low, -inf),
                           static_cast<double>(std::nextafter(static_cast<float>(middle), INFINITY))}) {
      if (!narrows_correctly<Half>(x)) {
        CAPTURE(u, bytes_of(x), static_cast<Half>(x).bits());
        FAIL("double rounded wrongly");
      }
      cases.add();
    }
  }
}

template <class Half>
void require_narrowing_of_nans_and_edges(case_count& cases) {
  for (const double x : k754_test::edge_values<double>()) {
    CAPTURE(bytes_of(x));
    REQUIRE(narrows_correctly<Half>(x));
    cases.add();
  }
  random_bits random(15);
  for (int i = 0; i < 100000; ++i) {
    const double x = from_bytes<double>(random());
    if (!narrows_correctly<Half>(x)) FAIL("random double rounded wrongly");
    // a NaN with a random payload
    const double nan = from_bytes<double>(random() | 0x7FF0000000000001U);
    if (!narrows_correctly<Half>(nan)) FAIL("NaN narrowed wrongly");
    // around the type's own range
    const auto exponent = static_cast<int>(random.below(320)) - 160;
    const double near = std::scalbn(
        1.0 + std::scalbn(static_cast<double>(random.below(std::uint64_t{1} << 52)), -52), exponent);
    if (!narrows_correctly<Half>(near) || !narrows_correctly<Half>(-near)) FAIL("double rounded wrongly");
    cases.add(4);
  }
}

// constexpr, and the values everyone knows
static_assert(float16(1.0F).bits() == 0x3C00 && float16(-2.0).bits() == 0xC000 &&
              float16(65504.0F).bits() == 0x7BFF);
static_assert(float16(65519.99).bits() == 0x7BFF &&
              float16(65520.0).bits() == 0x7C00);  // the overflow threshold
static_assert(float16(0x1p-24F).bits() == 1 && float16(0x1p-25F).bits() == 0 &&
              float16(0x1.000002p-25F).bits() == 1);
static_assert(float16(-0x1p-26).bits() == 0x8000 && float16(0x1.FFCp-15F).bits() == 0x0400);
static_assert(bfloat16(1.0F).bits() == 0x3F80 && bfloat16(0x1.01p0F).bits() == 0x3F80 &&
              bfloat16(0x1.03p0F).bits() == 0x3F82);
static_assert(bfloat16(3.4028234663852886e38F).bits() == 0x7F80);  // the largest float rounds to infinity
static_assert(bfloat16(0x1p-133F).bits() == 1 && bfloat16(0x1p-134F).bits() == 0 &&
              bfloat16(0x1p-149F).bits() == 0);
static_assert(static_cast<float>(float16::from_bits(0x7BFF)) == 65504.0F);
static_assert(static_cast<double>(float16::from_bits(1)) == 0x1p-24);
static_assert(static_cast<double>(bfloat16::from_bits(1)) == 0x1p-133);
// double rounding: through float, the first would be a tie and go to the even neighbour
static_assert(float16(1.0 + 0x1p-11 + 0x1p-40).bits() == 0x3C01 && float16(1.0 + 0x1p-11).bits() == 0x3C00);
static_assert(bfloat16(1.0 + 0x1p-8 + 0x1p-40).bits() == 0x3F81 && bfloat16(1.0 + 0x1p-8).bits() == 0x3F80);

// storage types
template <class Half>
constexpr bool is_plain_storage =
    sizeof(Half) == 2 && alignof(Half) == 2 &&
    std::is_trivial_v<Half>&& std::is_trivially_copyable_v<Half>&& std::is_standard_layout_v<Half>;
static_assert(is_plain_storage<float16> && is_plain_storage<bfloat16>);
// no silent narrowing, and neither type turns into the other
static_assert(!std::is_convertible_v<float, float16> && !std::is_convertible_v<double, bfloat16> &&
              !std::is_convertible_v<float16, float> && !std::is_convertible_v<bfloat16, float16> &&
              !std::is_convertible_v<float16, bfloat16> && !std::is_constructible_v<bfloat16, float16> &&
              !std::is_constructible_v<float16, const char*>);
static_assert(std::is_same_v<k754::storage_type_t<long long>, std::int64_t> &&
              std::is_same_v<k754::storage_type_t<unsigned long long>, std::uint64_t> &&
              std::is_same_v<k754::storage_type_t<long>,
                             std::conditional_t<sizeof(long) == 8, std::int64_t, std::int32_t>> &&
              std::is_same_v<k754::storage_type_t<signed char>, std::int8_t> &&
              std::is_same_v<k754::storage_type_t<char8_t>, std::uint8_t> &&
              std::is_same_v<k754::storage_type_t<char16_t>, std::uint16_t> &&
              std::is_same_v<k754::storage_type_t<bool>, bool> &&
              std::is_same_v<k754::storage_type_t<float>, float>);
static_assert(sizeof(k754::storage_type_t<wchar_t>) == sizeof(wchar_t) &&
              sizeof(k754::storage_type_t<char>) == 1);

/// A type of a user's own that holds binary16.
struct users_half {
  std::uint16_t representation;
};

/// The compiler's own conversions of the same format agree on every number.
template <class Native, class Half>
void require_native_conversions_agree() {
  for (std::uint64_t u = 0; u < 65536; ++u) {
    if (decode<Half>(u).is_nan()) continue;
    const Native native = from_bytes<Native>(u);
    const Half ours = from_bytes<Half>(u);
    if (bytes_of(static_cast<float>(native)) != bytes_of(static_cast<float>(ours))) FAIL("widening differs");
    const float above = std::nextafter(static_cast<float>(ours), INFINITY);
    if (bytes_of(static_cast<Native>(above)) != static_cast<Half>(above).bits()) FAIL("narrowing differs");
  }
  random_bits random(16);
  for (int i = 0; i < 200000; ++i) {
    const float x = from_bytes<float>(random() & 0xFFFFFFFFU);
    if (x != x) continue;
    if (bytes_of(static_cast<Native>(x)) != static_cast<Half>(x).bits()) FAIL("narrowing differs");
  }
}

}  // namespace

namespace k754 {
template <>
struct storage_type<users_half> {
  using type = float16;
};
}  // namespace k754

TEST_CASE("all float16 and bfloat16 widen exactly to float and double") {
  case_count cases("16-bit patterns widened", 4 * 65536);
  for (std::uint64_t u = 0; u < 65536; ++u) {
    if (!widens_exactly<float16, float>(u) || !widens_exactly<float16, double>(u) ||
        !widens_exactly<bfloat16, float>(u) || !widens_exactly<bfloat16, double>(u)) {
      CAPTURE(u);
      FAIL("widened wrongly");
    }
    cases.add(4);
  }
  cases.check();
}

TEST_CASE("all float16 and bfloat16 survive a round trip, NaNs but for becoming quiet") {
  for (std::uint64_t u = 0; u < 65536; ++u) {
    const auto half = from_bytes<float16>(u);
    const auto bhalf = from_bytes<bfloat16>(u);
    const std::uint64_t quiet = decode<float16>(u).is_nan() ? u | 0x0200 : u;
    const std::uint64_t bquiet = decode<bfloat16>(u).is_nan() ? u | 0x0040 : u;
    if (float16(static_cast<float>(half)).bits() != quiet ||
        float16(static_cast<double>(half)).bits() != quiet ||
        bfloat16(static_cast<float>(bhalf)).bits() != bquiet ||
        bfloat16(static_cast<double>(bhalf)).bits() != bquiet) {
      CAPTURE(u);
      FAIL("round trip");
    }
  }
}

TEST_CASE("floats narrow to the nearest float16 and bfloat16, ties to even") {
  case_count cases("floats narrowed", 20000000);
  require_narrowing_of_floats<float16>(cases);
  require_narrowing_of_floats<bfloat16>(cases);
  cases.check();
}

TEST_CASE("every float narrows correctly", "[.deep]") {
  case_count cases("floats narrowed", 2L << 32);
  for (std::uint64_t u = 0; u < std::uint64_t{1} << 32; ++u) {
    const float x = from_bytes<float>(u);
    if (!narrows_correctly<float16>(x) || !narrows_correctly<bfloat16>(x)) {
      CAPTURE(u);
      FAIL("float rounded wrongly");
    }
    cases.add(2);
  }
  cases.check();
}

TEST_CASE("doubles narrow to float16 and bfloat16 with one rounding") {
  case_count cases("doubles narrowed", 2000000);
  require_no_double_rounding<float16>(cases);
  require_no_double_rounding<bfloat16>(cases);
  require_narrowing_of_nans_and_edges<float16>(cases);
  require_narrowing_of_nans_and_edges<bfloat16>(cases);
  cases.check();
}

TEST_CASE("conversions give the same bits in hostile environments and raise nothing") {
  k754_test::require_immune([] { return std::vector<std::uint64_t>(6 * 65536 + 4 * 4096); },
                            [](std::vector<std::uint64_t>& out) {
                              std::size_t n = 0;
                              for (std::uint64_t u = 0; u < 65536; ++u) {
                                out[n++] = bytes_of(static_cast<float>(from_bytes<float16>(u)));
                                out[n++] = bytes_of(static_cast<double>(from_bytes<float16>(u)));
                                out[n++] = bytes_of(static_cast<float>(from_bytes<bfloat16>(u)));
                                out[n++] = bytes_of(static_cast<double>(from_bytes<bfloat16>(u)));
                                const float x = from_bytes<float>(u << 16 | 0x1001);
                                out[n++] = float16(x).bits();
                                out[n++] = bfloat16(x).bits();
                              }
                              random_bits random(17);
                              for (int i = 0; i < 4096; ++i) {
                                const std::uint64_t u = random();
                                out[n++] = float16(from_bytes<double>(u)).bits();
                                out[n++] = bfloat16(from_bytes<double>(u)).bits();
                                const std::uint64_t near =
                                    (u & 0x800FFFFFFFFFFFFFU) | (std::uint64_t{1000} + u % 32) << 52;
                                out[n++] = float16(from_bytes<double>(near)).bits();
                                out[n++] = bfloat16(from_bytes<double>(near)).bits();
                              }
                            });
}

TEST_CASE("foreign 16-bit types convert by their bits") {
  require_same_bits<users_half, float16>("a user's own binary16");
#if K754_HAS_FLOAT16
  require_same_bits<k754::native_float16, float16>("_Float16");
  require_native_conversions_agree<k754::native_float16, float16>();
#else
  std::printf("  this compiler has no _Float16: not tested\n");
#endif
#if defined(__STDCPP_FLOAT16_T__)
  require_same_bits<std::float16_t, float16>("std::float16_t");
#else
  std::printf("  this compiler has no std::float16_t: not tested\n");
#endif
#if K754_HAS_BFLOAT16
  require_same_bits<k754::native_bfloat16, bfloat16>("__bf16");
  require_native_conversions_agree<k754::native_bfloat16, bfloat16>();
#else
  std::printf("  this compiler has no __bf16 in C++: not tested\n");
#endif
#if defined(__STDCPP_BFLOAT16_T__)
  require_same_bits<std::bfloat16_t, bfloat16>("std::bfloat16_t");
#else
  std::printf("  this compiler has no std::bfloat16_t: not tested\n");
#endif
}

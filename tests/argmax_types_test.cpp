// argmax.hpp: argmin and argmax of every element type.
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "k754/argmax.hpp"
#include "support/argmax_model.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"

namespace {

using k754::bfloat16;
using k754::extremum;
using k754::float16;
using k754::index_t;
using k754::policy;
using k754::status;
using k754::tensor_view;
using k754::try_argmax;
using k754::try_argmin;
using k754_test::case_count;
using k754_test::datum;
using k754_test::random_bits;

/// All pairs of the values, as rows of two: the index of the less and the greater, the first if equal.
template <class T>
void require_all_pairs(const std::vector<T>& values, case_count& cases) {
  std::vector<T> rows;
  for (const T a : values) {
    for (const T b : values) {
      rows.push_back(a);
      rows.push_back(b);
    }
  }
  const auto count = static_cast<index_t>(rows.size() / 2);
  std::vector<std::int32_t> least(rows.size() / 2, -5), greatest(rows.size() / 2, -5);
  const tensor_view<const T, 2> input(rows.data(), {count, 2});
  REQUIRE(try_argmin(input, least) == status::ok);
  REQUIRE(try_argmax(input, greatest) == status::ok);
  for (std::size_t i = 0; i < least.size(); ++i) {
    const T a = rows[2 * i], b = rows[2 * i + 1];
    int expected_least, expected_greatest;
    if constexpr (k754::floating<T>) {
      const std::vector<datum> row{k754_test::decode(a), k754_test::decode(b)};
      expected_least = static_cast<int>(k754_test::arg_extremum(row, extremum::minimum, policy{}));
      expected_greatest = static_cast<int>(k754_test::arg_extremum(row, extremum::maximum, policy{}));
    } else {
      expected_least = b < a ? 1 : 0;
      expected_greatest = a < b ? 1 : 0;
    }
    if (least[i] != expected_least || greatest[i] != expected_greatest) {
      CAPTURE(sizeof(T), i, k754_test::bytes_of(a), k754_test::bytes_of(b));
      FAIL("wrong order");
    }
  }
  cases.add(2 * static_cast<long>(least.size()));
}

template <class T>
void require_integer_pairs(case_count& cases) {
  using limits = std::numeric_limits<T>;
  std::vector<T> values;
  if constexpr (sizeof(T) == 1) {
    for (int v = limits::min(); v <= limits::max(); ++v) values.push_back(static_cast<T>(v));
  } else {
    random_bits random(sizeof(T));
    for (int k = 0; k < 4; ++k) {
      values.push_back(static_cast<T>(limits::min() + static_cast<T>(k)));
      values.push_back(static_cast<T>(limits::max() - static_cast<T>(k)));
      values.push_back(static_cast<T>(limits::max() / 2 + static_cast<T>(k) - 1));
      values.push_back(static_cast<T>(0 - static_cast<T>(k)));
      values.push_back(static_cast<T>(k));
      for (int j = 0; j < 20; ++j) values.push_back(static_cast<T>(random() >> random.below(64)));
    }
    if constexpr (sizeof(T) == 8) {  // equal as doubles
      values.push_back(static_cast<T>(1) << 53);
      values.push_back((static_cast<T>(1) << 53) + 1);
    }
  }
  require_all_pairs(values, cases);
}

}  // namespace

TEST_CASE("16-bit types: pairs of a thousand values of every class") {
  case_count cases("pairs of 16-bit values", 4 * 1000000);
  std::vector<float16> halves;
  std::vector<bfloat16> bhalves;
  // coprime to 2^16, so of every sign and exponent
  for (std::uint32_t i = 0; i < 1000; ++i) {
    halves.push_back(float16::from_bits(static_cast<std::uint16_t>(i * 40503)));
    bhalves.push_back(bfloat16::from_bits(static_cast<std::uint16_t>(i * 40503)));
  }
  require_all_pairs(halves, cases);
  require_all_pairs(bhalves, cases);
  cases.check();
}

TEST_CASE("integers of every width: pairs of all 8-bit values, and of the ends of the others") {
  case_count cases("pairs of integers", 4 * 65536 + 6 * 2 * 100 * 100);
  require_integer_pairs<std::int8_t>(cases);
  require_integer_pairs<std::uint8_t>(cases);
  require_integer_pairs<std::int16_t>(cases);
  require_integer_pairs<std::uint16_t>(cases);
  require_integer_pairs<std::int32_t>(cases);
  require_integer_pairs<std::uint32_t>(cases);
  require_integer_pairs<std::int64_t>(cases);
  require_integer_pairs<std::uint64_t>(cases);
  cases.check();
  // by whatever name
  REQUIRE(k754::argmin(std::array<long long, 3>{1, -5, 2}) == 1);
  REQUIRE(k754::argmax(std::array<unsigned long long, 3>{1, ~0ULL, 2}) == 1);
  REQUIRE(k754::argmax(std::array<char8_t, 3>{u8'a', u8'z', u8'b'}) == 1);
  // policies about floating values are not read
  REQUIRE(k754::argmax<policy{.subnormals = k754::subnormals::flush, .nans = k754::nans::total_order}>(
              std::array<int, 3>{1, 3, 3}) == 1);
}

TEST_CASE("bools are the truth of their bytes") {
  const unsigned char bytes[] = {0, 2, 1, 255, 0, 128};
  const tensor_view<const bool, 1> x(reinterpret_cast<const bool*>(bytes), {6});
  REQUIRE(k754::argmax(x) == 1);
  REQUIRE(k754::argmin(x) == 0);
  constexpr policy last{.ties = k754::ties::last};
  REQUIRE(k754::argmax<last>(x) == 5);
  REQUIRE(k754::argmin<last>(x) == 4);
  const bool all_false[3] = {};
  REQUIRE(k754::argmax(all_false) == 0);
  for (int byte = 1; byte < 256; ++byte) {
    const unsigned char pair[] = {1, static_cast<unsigned char>(byte), 0};
    const tensor_view<const bool, 1> row(reinterpret_cast<const bool*>(pair), {3});
    REQUIRE(k754::argmax(row) == 0);
    REQUIRE(k754::argmax<last>(row) == 1);
    REQUIRE(k754::argmin(row) == 2);
  }
}

TEST_CASE("results and environment are the same in hostile environments, in every type") {
  const auto run = [&]<class T>(T) {
    const std::vector<T> rows = k754_test::all_rows(k754_test::edge_values<T>(), 2);
    const auto count = rows.size() / 2;
    k754_test::require_immune([&] { return std::vector<std::int32_t>(4 * count); },
                              [&](std::vector<std::int32_t>& out) {
                                const auto n = static_cast<index_t>(count);
                                const tensor_view<const T, 2> x(rows.data(), {n, 2});
                                const auto part = [&](std::size_t i) {
                                  return tensor_view<std::int32_t, 1>(out.data() + i * count, {n});
                                };
                                k754::argmax(x, part(0));
                                k754::argmin(x, part(1));
                                k754::argmax<policy{.subnormals = k754::subnormals::flush}>(x, part(2));
                                k754::argmin<policy{.nans = k754::nans::total_order}>(x, part(3));
                              });
  };
  run(float16{});
  run(bfloat16{});
  run(float{});
  run(double{});
}

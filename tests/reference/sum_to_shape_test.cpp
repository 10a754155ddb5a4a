// reference/sum_to_shape.hpp: the sum of all elements of a tensor, by the definition of its header.
#include "k754/reference/sum_to_shape.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"
#include "support/lane_sum_model.hpp"
#include "support/mpfr_oracle.hpp"
#include "support/random_tensor.hpp"

namespace {

namespace ref = k754::reference;
using namespace k754;
using k754_test::case_count;
using k754_test::from_bytes;
using k754_test::index_vector;
using k754_test::random_tensor;
using k754_test::real;

constexpr policy flush{.subnormals = subnormals::flush};
constexpr double infinity_value = std::numeric_limits<double>::infinity();

/// The elements in row-major order, wherever they lie.
template <class T>
std::vector<T> elements_of(random_tensor<T>& x) {
  std::vector<T> elements;
  k754_test::for_each_index(x.extents, [&](const index_vector& index) {
    T value;
    std::memcpy(static_cast<void*>(&value), x.at(index), sizeof(T));
    elements.push_back(value);
  });
  return elements;
}

/// A NaN as the header gives it, or the one rounding of a double; what is subnormal is flushed before and after.
template <class T, bool Flush>
T expected_sum(const std::vector<T>& elements) {
  const auto flushed = [](auto x) {
    return Flush && std::fabs(static_cast<double>(x)) < std::ldexp(1.0, detail::format_of<T>::min_exponent)
               ? std::copysign(0.0, static_cast<double>(x))
               : static_cast<double>(x);
  };
  std::vector<double> terms;
  for (const T x : elements) terms.push_back(flushed(x));
  const double sum = k754_test::sum_in_lanes(terms);
  if (std::isnan(sum)) return canonical_nan<T>();
  return static_cast<T>(flushed(static_cast<T>(sum)));
}

template <class T>
void check_order(const char* type) {
  case_count cases(std::string("tensors in the order of lanes, ") + type, 400);
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    index_vector shape = k754_test::random_shape(random, 4, 5);
    if (i % 4 == 0) shape.push_back(1 + k754_test::random_below(random, 3000));  // beyond one block
    random_tensor<T> x(random, shape, true);
    if (i % 3 != 0) {  // not bits of any kind, among which NaNs are frequent
      for (std::size_t at = 0; at < x.memory.size(); at += sizeof(T)) {
        const T value =
            static_cast<T>(std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                      i % 3 == 1 ? -66 : -63 + detail::format_of<T>::min_exponent));
        std::memcpy(&x.memory[at], &value, sizeof(T));
      }
    }
    const std::vector<T> elements = elements_of(x);
    CAPTURE(shape, x.strides);
    REQUIRE(to_bits(ref::sum(x.view())) == to_bits(expected_sum<T, false>(elements)));
    REQUIRE(to_bits(ref::sum<flush>(x.view())) == to_bits(expected_sum<T, true>(elements)));
    cases.add(2);
  }
  cases.check();
}

template <class T>
void check_integers(case_count& cases) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100; ++i) {
    random_tensor<T> x(random, k754_test::random_shape(random, 4, 6), true);
    std::uint64_t total = 0;  // modulo 2^64, of which 2^w is a divisor
    for (const T value : elements_of(x)) total += static_cast<std::uint64_t>(value);
    REQUIRE(ref::sum(x.view()) == static_cast<T>(total));
    cases.add();
  }
}

}  // namespace

TEST_CASE("Sums of float, float16 and bfloat16: double, lanes, row-major order, one rounding") {
  check_order<float>("f32");
  check_order<float16>("f16");
  check_order<bfloat16>("bf16");
}

TEST_CASE("Sums of double do not overflow on the way") {
  // Multiples of 2^970, the half ULP of the largest number, whose carried errors are exact: the nearest double is due.
  constexpr double largest = std::numeric_limits<double>::max();
  const std::array<double, 10> alphabet{largest,   -largest, largest / 2,    -largest / 2,    0x1p+970,
                                        -0x1p+970, 0x1p+971, infinity_value, -infinity_value, -0.0};
  case_count cases("rows of huge numbers", 10 + 100 + 1000 + 10000);
  std::size_t count = 10;
  for (std::size_t n = 1; n <= 4; ++n, count *= 10) {
    for (std::size_t which = 0; which < count; ++which) {
      std::vector<double> row;
      real exact;
      double infinities = 0.0;
      for (std::size_t digits = which, i = 0; i < n; ++i, digits /= 10) {
        const double x = alphabet[digits % 10];
        row.push_back(x);
        if (std::isinf(x)) {
          infinities += x;
        } else {
          exact += real(x);
        }
      }
      const double expected = std::isnan(infinities) ? canonical_nan<double>()
                              : std::isinf(infinities)
                                  ? infinities
                                  : k754_test::nearest(exact, k754_test::format_of<double>);
      CAPTURE(row);
      REQUIRE(to_bits(ref::sum(row)) == to_bits(expected));
      cases.add();
    }
  }
  // over blocks too
  std::vector<double> long_row(5000, largest);
  for (std::size_t i = 1; i < long_row.size(); i += 2) long_row[i] = -largest;
  CHECK(to_bits(ref::sum(long_row)) == 0);
  long_row.push_back(largest);
  CHECK(ref::sum(long_row) == largest);
  long_row.push_back(0x1p+970);
  CHECK(ref::sum(long_row) == infinity_value);
  cases.check();
}

TEST_CASE("Sums of double carry their errors, and are rounded last") {
  case_count cases("sums of double against MPFR", 300);
  std::mt19937_64 random(3);
  for (const std::size_t n : {1U, 3U, 16U, 17U, 1000U, 1025U, 3000U}) {
    for (int i = 0; i < 50; ++i) {
      std::vector<double> x(n);
      real exact, magnitudes;
      for (std::size_t at = 0; at < n; ++at) {
        x[at] = at >= n / 2 + 1 ? -x[at - n / 2 - 1]  // what is left is small
                                : std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                             static_cast<int>(random() % 60));
        exact += real(x[at]);
        magnitudes += abs(real(x[at]));
      }
      const double sum = ref::sum(x);
      const real half_ulp =
          k754_test::scaled(real(1.0), k754_test::ulp_exponent(exact, k754_test::format_of<double>) - 1);
      const double depth = 70.0;
      CAPTURE(n, i, sum);
      REQUIRE(
          !(half_ulp + k754_test::scaled(real(depth * depth) * magnitudes, -106) < abs(real(sum) - exact)));
      cases.add();
    }
  }
  CHECK(ref::sum(std::array{0x1p+60, 1.0, -0x1p+60}) == 1.0);
  CHECK(ref::sum(std::array{0x1p+1000, 0x1p-1074, -0x1p+1000}) == 0x1p-1074);
  CHECK(to_bits(ref::sum<flush>(std::array{0x1p-1022, 0x1p-1074, -0x1p-1022})) == 0);
  CHECK(to_bits(ref::sum<flush>(std::array{0x1.8p-1022, -0x1p-1022})) == 0);  // the result, last
  CHECK(ref::sum(std::array{0x1.8p-1022, -0x1p-1022}) == 0x1p-1023);
  cases.check();
}

TEST_CASE("Sums of double are compensated in the order of lanes, bit by bit") {
  case_count cases("rows that cancel", 7 * 50);
  std::mt19937_64 random(4);
  int different = 0;
  for (const std::size_t n : {2U, 16U, 18U, 1000U, 1024U, 1026U, 3000U}) {
    for (int i = 0; i < 50; ++i) {
      std::vector<double> x(n);
      for (std::size_t at = 0; at < n;
           ++at) {  // what is left of it, shows what was carried, and in which order
        x[at] = at >= n / 2 ? -x[n - 1 - at]
                            : std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                         static_cast<int>(random() % 200));
      }
      const auto in_lanes =
          k754_test::sum_in_lanes<ref::compensated>(std::vector<std::optional<double>>(x.begin(), x.end()));
      ref::compensated in_a_row;
      for (const double term : x) in_a_row = in_a_row + term;
      CAPTURE(n, i);
      REQUIRE(to_bits(ref::sum(x)) == to_bits(in_lanes.sum + in_lanes.error));
      if (in_lanes.sum + in_lanes.error != in_a_row.sum + in_a_row.error) ++different;
      cases.add();
    }
  }
  CHECK(different > 100);
  cases.check();
}

TEST_CASE("Sums of integers are modulo 2^w") {
  case_count cases("tensors of integers", 8 * 100);
  check_integers<std::int8_t>(cases);
  check_integers<std::int16_t>(cases);
  check_integers<std::int32_t>(cases);
  check_integers<std::int64_t>(cases);
  check_integers<std::uint8_t>(cases);
  check_integers<std::uint16_t>(cases);
  check_integers<std::uint32_t>(cases);
  check_integers<std::uint64_t>(cases);
  cases.check();
}

TEST_CASE("The sum of nothing, and of zeros of either sign, is +0") {
  case_count cases("sums that are zero", 4 * 3);
  const auto check = [&]<class T>(T) {
    CHECK(to_bits(ref::sum(tensor_view<const T, 2>(nullptr, {3, 0}))) == 0);
    const T one_zero(-0.0F);
    const std::vector<T> zeros(1100, one_zero);
    CHECK(to_bits(ref::sum(zeros)) == 0);
    CHECK(to_bits(ref::sum(tensor_view<const T>(&one_zero))) == 0);
    cases.add(3);
  };
  check(float{});
  check(double{});
  check(float16{});
  check(bfloat16{});
  cases.check();
}

TEST_CASE("The reference sum, in every environment") {
  const std::vector<double> x{0x1p-1074, 1.0,       0x1p-60,
                              -1.0,      0x1p-1030, from_bytes<double>(0x7FF0000000000001U)};
  k754_test::require_immune([] { return std::vector<double>(3); },
                            [&](std::vector<double>& output) {
                              output[0] = ref::sum(tensor_view(x.data(), std::array<index_t, 1>{5}));
                              output[1] = ref::sum(x);
                              output[2] = ref::sum(std::array{1.0F, 0x1p-24F, 0x1p-60F});
                            });
}

#include <k754/sum_to_shape.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/lane_sum_model.hpp"
#include "support/mpfr_oracle.hpp"
#include "support/random_tensor.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// A random finite value near 1, or any.
template <class T>
T random_value(std::mt19937_64& random, bool any) {
  if constexpr (integer<T>) {
    return static_cast<T>(random());
  } else {
    using format = detail::format_of<T>;
    const std::uint64_t fraction = random() & (format::smallest_normal - 1);
    const std::uint64_t exponents = format::infinity / format::smallest_normal;
    const std::uint64_t exponent = any ? random() % exponents : exponents / 2 + random() % 3;
    return from_bytes<T>((random() & format::sign_bit) | exponent * format::smallest_normal | fraction);
  }
}

/// The terms of each sum in row-major order, by the plainest index arithmetic.
template <class T>
std::vector<T> terms_of(random_tensor<T>& input, const index_vector& output_shape,
                        const index_vector& output_index) {
  std::vector<T> terms;
  const std::size_t leading = input.extents.size() - output_shape.size();
  for_each_index(input.extents, [&](const index_vector& index) {
    for (std::size_t axis = 0; axis < output_shape.size(); ++axis) {
      if (output_shape[axis] != 1 && output_index[axis] != index[axis + leading]) return;
    }
    T value;
    std::memcpy(static_cast<void*>(&value), input.at(index), sizeof(T));
    terms.push_back(value);
  });
  return terms;
}

/// The most additions in a row for n terms.
double depth_of_sum(std::size_t n) {
  double depth = 68;
  for (std::size_t reach = 1024; reach < n; reach *= 2) ++depth;
  return depth;
}

template <class T>
real exact_sum(const std::vector<T>& terms, real& magnitudes) {
  real sum;
  for (T term : terms) {
    const real value(static_cast<double>(term));
    sum += value;
    magnitudes += abs(value);
  }
  return sum;
}

template <class T>
void check_geometry(std::mt19937_64& random, case_count& cases) {
  const index_vector shape = random_shape(random, 5, 4);
  const index_vector output_shape = random_operand_shape(random, shape);
  random_tensor<T> input(random, shape, true), output(random, output_shape, false);
  if constexpr (floating<T>) {
    for (std::size_t i = 0; i < input.memory.size(); i += sizeof(T)) {
      const T value = random_value<T>(random, false);
      std::memcpy(&input.memory[i], &value, sizeof(T));
    }
  }
  auto expected = output;
  for_each_index(output_shape, [&](const index_vector& index) {
    T sum{};
    if constexpr (floating<T>) {
      std::vector<double> terms;
      for (T term : terms_of(input, output_shape, index)) terms.push_back(static_cast<double>(term));
      if constexpr (std::is_same_v<T, double>) {
        real magnitudes;
        sum = nearest(exact_sum(terms, magnitudes), format_of<double>);
      } else {
        sum = static_cast<T>(sum_in_lanes(terms));
      }
    } else {
      std::uint64_t total = 0;
      for (T term : terms_of(input, output_shape, index)) total += static_cast<std::uint64_t>(term);
      sum = static_cast<T>(total);
    }
    std::memcpy(expected.at(index), &sum, sizeof(T));
    cases.add();
  });
  REQUIRE(try_sum_to_shape(input.view(), output.view()) == status::ok);
  CAPTURE(shape, output_shape);
  REQUIRE(output.memory == expected.memory);
}

TEST_CASE("WH-S01: sums over broadcast axes in any layout, as the index model says") {
  std::mt19937_64 random(11);
  case_count cases("sums of random geometries", 10000);
  for (int i = 0; i < 250; ++i) {
    check_geometry<float16>(random, cases);
    check_geometry<bfloat16>(random, cases);
    check_geometry<float>(random, cases);
    check_geometry<double>(random, cases);  // few terms of like magnitude: the compensated sum is the nearest
    check_geometry<std::int8_t>(random, cases);
    check_geometry<std::uint16_t>(random, cases);
    check_geometry<std::int32_t>(random, cases);
    check_geometry<std::uint64_t>(random, cases);
  }
  cases.check();
}

/// A row of n terms whose sum is what `kind` says.
std::vector<double> terms_of_kind(int kind, std::size_t n, std::mt19937_64& random) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double value = random_value<double>(random, kind == 2);
    x[i] = kind == 0 ? std::bit_cast<double>(to_bits(value) & ~(std::uint64_t{1} << 63)) : value;
    if (kind == 3 && i >= n / 2) x[i] = -x[i - n / 2] * (1.0 + 0x1p-50);  // cancels almost entirely
  }
  return x;
}

TEST_CASE("WH-S02: double sums are within half an ULP plus the square of the plain bound of the exact sum") {
  std::mt19937_64 random(12);
  double worst = 0.0;
  case_count cases("compensated sums", 4 * 15);
  for (std::size_t n :
       {1U, 2U, 15U, 16U, 17U, 100U, 1023U, 1024U, 1025U, 2047U, 2048U, 2049U, 4097U, 7169U, 20000U}) {
    for (int kind = 0; kind < 4; ++kind) {
      const std::vector<double> x = terms_of_kind(kind, n, random);
      double sum = 0.0;
      sum_to_shape(x, tensor_view(&sum));
      real magnitudes;
      const real exact = exact_sum(x, magnitudes);
      const double d = depth_of_sum(n) * 0x1p-53;
      const real half_ulp = scaled(real(1.0), ulp_exponent(exact, format_of<double>) - 1);
      const real allowance = real(d * d) * magnitudes;
      CAPTURE(n, kind, sum);
      cases.add();
      if (!is_finite(nearest(exact, format_of<double>))) {
        CHECK(to_bits(sum) == to_bits(nearest(exact, format_of<double>)));
        continue;
      }
      const real error = abs(real(sum) - exact);
      CHECK(!(half_ulp + allowance < error));
      if (!allowance.is_zero()) worst = std::max(worst, ((error - half_ulp) / allowance).to_double());
    }
  }
  std::printf("  largest part of the allowance beyond half an ULP: %.2g\n", worst);
  cases.check();
}

TEST_CASE("WH-S03: float sums are the nearest float to a double sum in the order of lanes") {
  std::mt19937_64 random(13);
  case_count cases("float sums", 3 * 16);
  const auto check = [&]<class T>(T) {
    for (std::size_t n :
         {0U, 1U, 2U, 15U, 16U, 17U, 100U, 1023U, 1024U, 1025U, 2047U, 2048U, 2049U, 4097U, 7169U, 20000U}) {
      std::vector<T> x(n);
      std::vector<double> wide(n);
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = random_value<T>(random, true);
        wide[i] = static_cast<double>(x[i]);
      }
      T sum{};
      sum_to_shape(x, tensor_view(&sum));
      CAPTURE(n);
      CHECK(bytes_of(sum) == bytes_of(static_cast<T>(sum_in_lanes(wide))));
      CHECK(bytes_of(reference::sum(x)) == bytes_of(sum));
      real magnitudes;
      const real exact = exact_sum(x, magnitudes);
      const real bound = scaled(real(1.0), ulp_exponent(exact, format_of<T>) - 1) +
                         real(depth_of_sum(n) * 0x1p-53) * magnitudes;
      if (is_finite(sum)) CHECK(!(bound < abs(real(static_cast<double>(sum)) - exact)));
      cases.add();
    }
  };
  check(float16{});
  check(bfloat16{});
  check(float{});
  cases.check();
}

TEST_CASE("WH-S04: a double sum overflows only where its value does") {
  constexpr double max = std::numeric_limits<double>::max();
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto sum = [](const std::vector<double>& x) {
    double result = 0.0;
    sum_to_shape(x, tensor_view(&result));
    return to_bits(result);
  };
  // Terms 16 apart share a lane; terms 8 apart meet first in the tree.
  const auto lane = [](std::initializer_list<double> terms) {
    std::vector<double> x(16 * terms.size(), 0.0);
    std::size_t i = 0;
    for (double term : terms) x[16 * i++] = term;
    return x;
  };
  CHECK(sum(lane({max, max, -max, -max})) == to_bits(0.0));
  CHECK(sum(lane({max, max, -max})) == to_bits(max));
  CHECK(sum(lane({max, max, -max, 1.0, -max, 3.0})) == to_bits(4.0));
  CHECK(sum(lane({-max, -max, max})) == to_bits(-max));
  CHECK(sum({max, -max, 0x1p-1074}) == to_bits(0x1p-1074));
  CHECK(sum(lane({max, max})) == to_bits(inf));
  CHECK(sum(lane({-max, -max, max, 0x1p+970, -0x1p+971})) == to_bits(-inf));
  CHECK(sum(lane({max, 0x1p+969})) == to_bits(max));
  CHECK(sum(lane({max, 0x1p+970})) == to_bits(inf));
  CHECK(sum(lane({max, 0x1p+970, -0x1p+918})) == to_bits(max));
  CHECK(sum(lane({max, max, -max, -max, inf})) == to_bits(inf));
  CHECK(sum({1.0, -inf}) == to_bits(-inf));
  CHECK(sum({inf, max, -inf}) == to_bits(canonical_nan<double>()));
  CHECK(sum(lane({max, max, -inf})) == to_bits(-inf));
  std::vector<double> many(100000, 0x1p+1023);
  for (std::size_t i = 0; i < many.size(); i += 2) many[i] = -0x1p+1023;
  many.push_back(5.0);
  CHECK(sum(many) == to_bits(5.0));
}

template <class T>
void check_special_sums() {
  using format = detail::format_of<T>;
  const auto value = [](std::uint64_t bits) { return from_bytes<T>(bits); };
  const T s = value(1), minus_s = value(format::sign_bit | 1), tiny = value(format::smallest_normal);
  const T minus_zero = value(format::sign_bit), inf = value(format::infinity);
  const T minus_inf = value(format::sign_bit | format::infinity),
          snan = value(format::sign_bit | format::infinity | 1);
  const T two_s = value(2), largest_subnormal = value(format::smallest_normal - 1);
  const std::uint64_t nan = format::canonical_nan;
  const auto sum = []<policy P = policy{}>(const std::vector<T>& x) {
    std::array<T, 1> scalar{};
    require_immune([] { return std::array<T, 1>{}; },
                   [&](auto& out) { sum_to_shape<P>(x, tensor_view(out.data())); });
    sum_to_shape<P>(x, tensor_view(scalar.data()));
    return bytes_of(scalar[0]);
  };
  CHECK(sum({}) == 0);
  CHECK(sum({minus_zero}) == 0);
  CHECK(sum({minus_zero, minus_zero}) == 0);
  CHECK(sum({snan}) == nan);
  CHECK(sum({inf, minus_inf}) == nan);
  CHECK(sum({inf, inf}) == format::infinity);
  CHECK(sum({s, s}) == 2);
  CHECK(sum({s, minus_s}) == 0);
  CHECK(sum({largest_subnormal, s}) == format::smallest_normal);
  CHECK(sum({tiny, minus_s}) == format::smallest_normal - 1);
  const auto flushed = [&](const std::vector<T>& x) {
    return sum.template operator()<policy{.subnormals = subnormals::flush}>(x);
  };
  CHECK(flushed({s, two_s}) == 0);
  CHECK(flushed({largest_subnormal, s}) == 0);
  CHECK(flushed({tiny, minus_s}) == format::smallest_normal);
  CHECK(flushed({value(format::smallest_normal + 1), value(format::sign_bit | format::smallest_normal)}) ==
        0);
  CHECK(flushed({tiny, value(format::sign_bit | (format::smallest_normal + 1))}) == format::sign_bit);
}

TEST_CASE("WH-S05: zeros, NaNs, infinities and subnormals in sums, in every environment") {
  check_special_sums<float16>();
  check_special_sums<bfloat16>();
  check_special_sums<float>();
  check_special_sums<double>();
}

TEST_CASE("WH-S06: the bits do not depend on the layout, the batch or the threads") {
  std::mt19937_64 random(14);
  const auto check = [&]<class T>(T) {
    const index_t n = 37, m = 1201;
    std::vector<T> x(static_cast<std::size_t>(n * m)), transposed(x.size());
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < m; ++j) {
        const T value = random_value<T>(random, false);
        x[static_cast<std::size_t>(i * m + j)] = value;
        transposed[static_cast<std::size_t>((m - 1 - j) * n + (n - 1 - i))] = value;
      }
    }
    const tensor_view<T, 2> rows(x.data(), {n, m});
    const tensor_view<T, 2> columns(transposed.data() + transposed.size() - 1, {n, m}, {-1, -n});
    const auto sums = [&](const auto& view, auto ex) {
      std::vector<T> out(static_cast<std::size_t>(n + m + 1));
      sum_to_shape(view, tensor_view(out.data(), {n, index_t{1}}), ex);
      sum_to_shape(view, tensor_view(out.data() + n, {m}), ex);
      sum_to_shape(view, tensor_view(out.data() + n + m), ex);
      std::vector<std::uint64_t> bits;
      for (T value : out) bits.push_back(bytes_of(value));
      return bits;
    };
    const auto expected = sums(rows, serial_executor{});
    CHECK(expected == sums(columns, serial_executor{}));
    CHECK(expected == sums(rows, reverse_executor{}));
    CHECK(expected == sums(columns, thread_executor{}));
    for (index_t i = 0; i < n; ++i) {  // alone as in the batch
      T alone{};
      sum_to_shape(tensor_view<T, 1>(x.data() + i * m, {m}), tensor_view(&alone));
      REQUIRE(bytes_of(alone) == expected[static_cast<std::size_t>(i)]);
    }
  };
  check(float16{});
  check(bfloat16{});
  check(float{});
  check(double{});
  check(std::int32_t{});
}

template <class Input, class Output>
concept sum_compiles = requires(Input& x, Output& y) {
  sum_to_shape(x, y);
};

TEST_CASE("sum_to_shape takes one numeric type") {
  using f = std::array<float, 2>;
  STATIC_REQUIRE(sum_compiles<const f, f>);
  STATIC_REQUIRE(sum_compiles<std::array<long long, 2>, std::array<std::int64_t, 2>>);
  STATIC_REQUIRE_FALSE(sum_compiles<f, std::array<double, 2>>);
  STATIC_REQUIRE_FALSE(sum_compiles<f, const f>);
  STATIC_REQUIRE_FALSE(sum_compiles<std::array<bool, 2>, std::array<bool, 2>>);
}

TEST_CASE("sum_to_shape names what is wrong and writes nothing") {
  std::array<float, 16> x{};
  std::array<std::uint32_t, 32> canary;
  canary.fill(0xDEADBEEFU);
  const auto untouched = canary;
  auto* const out = reinterpret_cast<float*>(canary.data());
  const auto message = [&](status expected, auto input, auto output) -> std::string {
    CHECK(try_sum_to_shape(input, output) == expected);
    CHECK(check_sum_to_shape(input, output).code == expected);
    std::string text = "nothing was thrown";
    try {
      sum_to_shape(input, output);
    } catch (const shape_error& e) {
      CHECK(e.code() == expected);
      text = e.what();
    }
    CHECK(canary == untouched);
    return text;
  };
  const index_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  const index_t huge = std::numeric_limits<index_t>::max();
  const tensor_view<float, 2> m(x.data(), {3, 4});
  CHECK(message(status::rank_mismatch, tensor_view<float>(x.data(), 9, ones), tensor_view(out)) ==
        "[sum_to_shape] input has 9 axes, at most 8 are supported");
  CHECK(message(status::rank_mismatch, m, tensor_view(out, {1, 3, 4})) ==
        "[sum_to_shape] output has 3 axes, which do not broadcast to 2");
  CHECK(message(status::negative_extent, tensor_view(x.data(), {3, -4}), tensor_view(out, {4})) ==
        "[sum_to_shape] input has extent -4 on axis 1");
  CHECK(message(status::size_overflow, tensor_view(x.data(), {3, 4}, {huge, 1}), tensor_view(out, {4})) ==
        "[sum_to_shape] input is too large: extent 3 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(message(status::shape_mismatch, m, tensor_view(out, {3})) ==
        "[sum_to_shape] output has extent 3 on axis 0, which does not broadcast to extent 4");
  CHECK(message(status::shape_mismatch, m, tensor_view(out, {3, 0})) ==
        "[sum_to_shape] output has extent 0 on axis 1, which does not broadcast to extent 4");
  CHECK(message(status::null_pointer, tensor_view<float, 1>(nullptr, {4}), tensor_view(out, {4})) ==
        "[sum_to_shape] input has elements, but its pointer is null");
  CHECK(message(status::null_pointer, m, tensor_view<float, 1>(nullptr, {4})) ==
        "[sum_to_shape] output has elements, but its pointer is null");
  CHECK(message(status::self_overlap, m, tensor_view(out, {4}, {0})) ==
        "[sum_to_shape] output has strides that put two of its elements in one place");
  CHECK(message(status::overlap, tensor_view(out, {3, 4}), tensor_view(out + 8, {4})) ==
        "[sum_to_shape] output shares memory with input");
  CHECK(message(status::overlap, tensor_view(out, {3, 4}), tensor_view(out, {3, 4})) ==
        "[sum_to_shape] output shares memory with input");
}

TEST_CASE("sum_to_shape of nothing is +0, and null pointers are no error where there are no elements") {
  std::array<float, 3> out{1, 2, 3};
  const tensor_view<const float, 2> none(nullptr, {0, 3});
  sum_to_shape(none, out);
  CHECK(std::bit_cast<std::array<std::uint32_t, 3>>(out) == std::array<std::uint32_t, 3>{});
  CHECK(try_sum_to_shape(none, tensor_view<float, 2>(nullptr, {0, 3})) == status::ok);
  CHECK(try_sum_to_shape(tensor_view<const float, 2>(nullptr, {3, 0}), tensor_view<float, 1>(nullptr, {0})) ==
        status::ok);
  std::int16_t i = 7;
  sum_to_shape(tensor_view<const std::int16_t, 1>(nullptr, {0}), tensor_view(&i));
  CHECK(i == 0);
}

TEST_CASE("Executors that throw reach the caller of sum_to_shape") {
  float x[2] = {1, 2}, y[1];
  throwing_executor bad;
  CHECK(try_sum_to_shape(x, y, bad) == status::callback_threw);
  CHECK_THROWS_AS(sum_to_shape(x, y, bad), std::runtime_error);
}

}  // namespace
}  // namespace k754_test

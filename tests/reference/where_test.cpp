// reference/where.hpp: conditions, copies and the one product, for elements and along runs.
#include "k754/reference/where.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "k754/detail/conditions.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

namespace ref = k754::reference;
using namespace k754;
using k754_test::bytes_of;
using k754_test::case_count;
using k754_test::datum;
using k754_test::decode;
using k754_test::from_bytes;
using k754_test::random_bits;
using k754_test::real;

static_assert(ref::where(true, 1, 2) == 1 && ref::where(false, 1.0F, 2.0F) == 2.0F);
static_assert(ref::nonzero(-1) && !ref::nonzero(-0.0) &&
              ref::nonzero(std::numeric_limits<float>::quiet_NaN()));
static_assert(ref::greater_than(2U, 1U) && !ref::greater_than(-1, 0));
static_assert(ref::where_backward(false, 3.0).x == 0.0 && ref::where_backward(false, 3.0).y == 3.0);
static_assert(ref::where_apply(
                  true, [](int x) { return 2 * x; }, 4, 5) == 8);

template <class Body>
void for_floating_types(Body&& body) {
  body.template operator()<float>();
  body.template operator()<double>();
  body.template operator()<float16>();
  body.template operator()<bfloat16>();
}

template <class T>
void check_integers(const std::vector<T>& values, case_count& cases) {
  for (const T a : values) {
    REQUIRE(ref::nonzero(a) == (a != 0));
    for (const T b : values) {
      REQUIRE(ref::greater_than(a, b) == (a > b));
      cases.add();
    }
  }
}

}  // namespace

TEST_CASE("Numbers are conditions by their class: all 16-bit ones, and the edges of all") {
  case_count cases("numbers as conditions", 2 * 65536 + 4 * 56);
  const auto check = [&]<class T>(T x) {
    const bool expected = decode(x).kind != k754_test::kind::zero;
    if (ref::nonzero(x) != expected) FAIL(bytes_of(x));
    cases.add();
  };
  for (std::uint64_t u = 0; u < 65536; ++u) {
    check(from_bytes<float16>(u));
    check(from_bytes<bfloat16>(u));
  }
  for_floating_types([&]<class T>() {
    for (const T x : k754_test::edge_values<T>()) check(x);
  });
  cases.check();
}

TEST_CASE("greater_than compares as IEEE 754 does, on bits") {
  case_count cases("pairs compared", 4 * 56 * 56 + 65536 + 25);
  for_floating_types([&]<class T>() {
    for (const T a : k754_test::edge_values<T>()) {
      for (const T b : k754_test::edge_values<T>()) {
        const datum x = decode(a), y = decode(b);
        const bool expected = !x.is_nan() && !y.is_nan() && x.value > y.value;
        if (ref::greater_than(a, b) != expected) FAIL(bytes_of(a) << " > " << bytes_of(b));
        cases.add();
      }
    }
  });
  std::vector<std::int8_t> bytes;
  for (int i = -128; i < 128; ++i) bytes.push_back(static_cast<std::int8_t>(i));
  check_integers(bytes, cases);
  check_integers<std::uint64_t>(
      {0, 1, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1, ~std::uint64_t{0}}, cases);
  cases.check();
}

TEST_CASE("A selection copies bits, and the other gradient is +0") {
  case_count cases("selections", 4 * 56 * 56);
  for_floating_types([&]<class T>() {
    const std::vector<T> values = k754_test::edge_values<T>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (std::size_t j = 0; j < values.size(); ++j) {
        bool good = true;
        for (const bool c : {false, true}) {
          // as bytes: compilers quiet signalling NaNs on the way
          T selected = ref::where(c, values[i], values[j]);
          good = good && std::memcmp(&selected, c ? &values[i] : &values[j], sizeof(T)) == 0;
          const ref::operand_gradients<T> gradients = ref::where_backward(c, values[i]);
          good = good && bytes_of(gradients.x) == (c ? bytes_of(values[i]) : 0) &&
                 bytes_of(gradients.y) == (c ? 0 : bytes_of(values[i]));
        }
        if (!good) FAIL(bytes_of(values[i]) << ", " << bytes_of(values[j]));
        cases.add();
      }
    }
  });
  cases.check();
}

namespace {

/// upstream * slope by the text of the header: flush, the rule for zeros, IEEE 754 and one rounding, flush.
template <policy P, class T>
T product_by_the_text(T upstream, T slope) {
  constexpr bool flush = P.subnormals == subnormals::flush;
  const auto read = [](T x) {
    datum d = decode(x);
    if (flush && d.kind == k754_test::kind::subnormal) d.kind = k754_test::kind::zero, d.value = 0;
    return d;
  };
  const datum a = read(upstream), b = read(slope);
  const bool zero = a.kind == k754_test::kind::zero || b.kind == k754_test::kind::zero,
             nan = a.is_nan() || b.is_nan();
  const bool negative = a.negative != b.negative;
  const T sign = from_bytes<T>(negative ? std::uint64_t{1} << (8 * sizeof(T) - 1) : 0);
  if (zero && P.zero_times_inf == zero_times_inf::annihilating_zero) return T{};
  if (nan) return canonical_nan<T>();
  if (zero && P.zero_times_inf == zero_times_inf::strong_zero) return T{};
  if (a.kind == k754_test::kind::infinite || b.kind == k754_test::kind::infinite) {
    return zero ? canonical_nan<T>() : from_bytes<T>(bytes_of(sign) | bytes_of(infinity<T>()));
  }
  if (zero) return sign;
  const double result = k754_test::nearest(
      real(static_cast<double>(a.value)) * real(static_cast<double>(b.value)), k754_test::format_of<T>);
  const bool vanishes = flush && std::fabs(result) < std::ldexp(1.0, detail::format_of<T>::min_exponent);
  return vanishes ? sign : static_cast<T>(result);
}

template <policy P, class T>
void check_products(case_count& cases) {
  const std::vector<T> edges = k754_test::edge_values<T>();
  random_bits random(8);
  const auto check = [&](T a, T b) {
    const auto gradients = ref::where_apply_backward<P>(
        true, [](T slope) { return slope; }, b, a);
    if (bytes_of(gradients.x) != bytes_of(product_by_the_text<P>(a, b)) || bytes_of(gradients.y) != 0) {
      FAIL(bytes_of(a) << " * " << bytes_of(b) << " in " << sizeof(T) << " bytes: " << bytes_of(gradients.x));
    }
    cases.add();
  };
  for (const T a : edges) {
    for (const T b : edges) check(a, b);
    for (int i = 0; i < 20; ++i) check(a, from_bytes<T>(random() >> (64 - 8 * sizeof(T))));
  }
}

}  // namespace

TEST_CASE("The product with the slope is rounded once, under each rule for zeros and subnormals") {
  case_count cases("products", 4 * 6 * 56 * (56 + 20));
  for_floating_types([&]<class T>() {
    check_products<policy{}, T>(cases);
    check_products<policy{.zero_times_inf = zero_times_inf::ieee}, T>(cases);
    check_products<policy{.zero_times_inf = zero_times_inf::strong_zero}, T>(cases);
    check_products<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, T>(cases);
    check_products<policy{.subnormals = subnormals::flush}, T>(cases);
    check_products<policy{.subnormals = subnormals::flush, .zero_times_inf = zero_times_inf::strong_zero}, T>(
        cases);
  });
  cases.check();
}

TEST_CASE("Functions are called where the condition is true, once, and in the caller's environment") {
  int calls = 0;
  const auto f = [&](float x) { return ++calls, 2 * x; };
  CHECK(ref::where_apply(false, f, 1.0F, 7.0F) == 7.0F);
  CHECK(ref::where_apply_backward(false, f, 1.0F, 7.0F).x == 0.0F);
  CHECK(ref::where_apply_backward(false, f, 1.0F, 7.0F).y == 7.0F);
  CHECK(calls == 0);
  CHECK(ref::where_apply(true, f, 1.0F, 7.0F) == 2.0F);
  CHECK(ref::where_apply_backward(true, f, 3.0F, 0.5F).x == 3.0F);
  CHECK(calls == 2);
  k754_test::require_immune([] { return std::vector<float>(2); },
                            [](std::vector<float>& output) {
                              const auto slope = [](float) { return 0x1.000002p+0F; };
                              output[0] = ref::where_apply_backward(true, slope, 1.0F, 0x1.000002p+0F).x;
                              output[1] = ref::where_apply_backward(true, slope, 1.0F, 0x1p-149F).x;
                            });
}

TEST_CASE("Conditions along a run: bytes that are not 0, and bits from the least significant one on") {
  case_count cases("bits of runs", 64 * 7);
  std::array<std::uint8_t, 16> bytes{};
  random_bits random(9);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  const auto bit = [&](index_t at) {  // counted one at a time
    std::size_t byte = 0;
    int value = bytes[0];
    for (index_t i = 0; i < at; ++i) value = i % 8 == 7 ? bytes[++byte] : value / 2;
    return value % 2 == 1;
  };
  for (const index_t stride : {-9, -8, -1, 0, 1, 3, 8}) {
    const index_t first = stride < 0 ? 100 : 11;
    const detail::bit_run run{bytes.data(), first, stride};
    for (index_t i = 0; i < 64; ++i) {
      if (first + i * stride < 0 || first + i * stride >= 128) {
        cases.add();
        continue;
      }
      CAPTURE(stride, i);
      REQUIRE(run(i) == bit(first + i * stride));
      cases.add();
    }
  }
  const std::array<std::uint8_t, 6> flags{0, 1, 2, 0x80, 0, 0xFF};
  const detail::byte_run backward{{flags.data() + 5, -1}};
  for (index_t i = 0; i < 6; ++i) CHECK(backward(i) == (i != 1 && i != 5));
  cases.check();
}

namespace {

/// Runs of n elements in memory of their own, with any strides that stay inside.
template <class Bits>
struct runs {
  static constexpr index_t n = 23;
  std::array<Bits, 4 * n> memory;
  index_t stride = 1;

  runs(random_bits& random, index_t step) : stride(step) {
    for (Bits& x : memory) x = static_cast<Bits>(random());
  }
  index_t at(index_t i) const {
    return 2 * n + (stride < 0 ? 1 - n : -n) / 2 * (stride == 0 ? 0 : 1) + i * stride;
  }
  detail::strided<const Bits> in() const { return {memory.data() + at(0), stride}; }
  detail::strided<Bits> out() { return {memory.data() + at(0), stride}; }
  Bits& operator[](index_t i) { return memory[static_cast<std::size_t>(at(i))]; }
};

template <class Bits, class T>
void check_runs(case_count& cases) {
  random_bits random(10);
  const auto stride = [&](bool zero) {
    const auto s = static_cast<index_t>(random.below(3)) - 1;
    return s == 0 && !zero ? index_t{1} : s;
  };
  for (int i = 0; i < 200; ++i) {
    std::array<std::uint8_t, runs<Bits>::n> condition{};
    for (std::uint8_t& c : condition)
      c = random.below(2) == 0 ? 0 : static_cast<std::uint8_t>(1 + random.below(255));
    const detail::byte_run chosen{{condition.data(), 1}};
    const auto c = [&](index_t at) { return condition[static_cast<std::size_t>(at)] != 0; };
    const index_t n = static_cast<index_t>(random.below(runs<Bits>::n + 1));
    runs<Bits> x(random, stride(true)), y(random, stride(true)), output(random, stride(false)),
        dx(random, stride(false)), dy(random, stride(false));
    auto expected = output, expected_dx = dx, expected_dy = dy;
    for (index_t at = 0; at < n; ++at) {
      expected[at] = c(at) ? x[at] : y[at];
      expected_dx[at] = c(at) ? x[at] : Bits{0};
      expected_dy[at] = c(at) ? Bits{0} : x[at];
    }
    ref::where<Bits>(chosen, x.in(), y.in(), output.out(), n);
    ref::where_backward<Bits>(chosen, x.in(), dx.out(), dy.out(), n);
    REQUIRE(output.memory == expected.memory);  // and nothing beside the run
    REQUIRE(dx.memory == expected_dx.memory);
    REQUIRE(dy.memory == expected_dy.memory);
    // in place: every input of an element is read before an output is written
    auto in_place = output, expected_in_place = output;
    for (index_t at = 0; at < n; ++at) expected_in_place[at] = c(at) ? output[at] : x[at];
    ref::where<Bits>(chosen, in_place.in(), x.in(), in_place.out(), n);
    REQUIRE(in_place.memory == expected_in_place.memory);

    std::vector<T> seen;
    const auto f = [&](T value) { return seen.push_back(value), from_bytes<T>(bytes_of(value) ^ 1); };
    const detail::strided<const T> typed{reinterpret_cast<const T*>(x.in().first), x.stride};
    ref::where_apply<Bits, T>(chosen, f, typed, y.in(), output.out(), n);
    std::size_t calls = 0;
    for (index_t at = 0; at < n; ++at) {
      REQUIRE(output[at] == (c(at) ? static_cast<Bits>(x[at] ^ 1) : y[at]));
      if (c(at)) REQUIRE(bytes_of(seen.at(calls++)) == x[at]);
    }
    REQUIRE(seen.size() == calls);
    cases.add(4);
  }
}

}  // namespace

TEST_CASE("Runs of any strides: what is selected, and nothing else is written") {
  case_count cases("runs", 4 * 4 * 200);
  check_runs<std::uint8_t, std::int8_t>(cases);
  check_runs<std::uint16_t, std::uint16_t>(cases);
  check_runs<std::uint32_t, std::int32_t>(cases);
  check_runs<std::uint64_t, std::int64_t>(cases);
  cases.check();
}

TEST_CASE("The gradient of a composite along a run, in its two halves, with dy and without") {
  constexpr index_t n = 9;
  const std::array<float, n> x{1, 2, 3, 4, 5, 6, 7, 8, 9}, upstream{1, -1, 2, -2, 3, -3, 4, -4, 5};
  std::array<std::uint32_t, n> up{}, dx{}, dy{};
  std::memcpy(up.data(), upstream.data(), sizeof(up));
  const std::array<std::uint8_t, n> condition{1, 0, 0, 1, 1, 0, 1, 0, 1};
  const detail::byte_run chosen{{condition.data(), 1}};
  std::array<bool, n> live{};
  std::array<float, n> slope{};
  slope.fill(-7.0F);
  ref::where_apply_slopes<float>(
      chosen, [](float v) { return 0.5F * v; }, {x.data(), 1}, live.data(), slope.data(), n);
  for (const bool both : {true, false}) {
    dx.fill(7);
    dy.fill(7);
    ref::where_apply_products<policy{}, float>(live.data(), slope.data(), {up.data(), 1}, {dx.data(), 1},
                                               {both ? dy.data() : nullptr, 1}, n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(i, both);
      const bool c = condition[i] != 0;
      CHECK(live[i] == c);
      CHECK(slope[i] == (c ? 0.5F * x[i] : -7.0F));
      CHECK(dx[i] == to_bits(c ? 0.5F * x[i] * upstream[i] : 0.0F));
      CHECK(dy[i] == (both ? to_bits(c ? 0.0F : upstream[i]) : 7));
    }
  }
}

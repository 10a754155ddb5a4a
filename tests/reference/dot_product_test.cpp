#include "k754/reference/dot_product.hpp"

#include <gmp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/conv2d_model.hpp"
#include "support/environments.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::real;
using reference::dot_product;

constexpr policy fast{.precision = precision::fast};
constexpr policy exact{.precision = precision::exact};
constexpr policy flush{.subnormals = subnormals::flush};

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

using generator = std::mt19937_64;

/// A number with a random sign and significand, and an exponent in [first, last].
template <class T>
T random_number(generator& random, int first, int last) {
  const int exponent = first + static_cast<int>(random() % static_cast<std::uint64_t>(last - first + 1));
  const double magnitude = std::ldexp(1.0 + static_cast<double>(random() >> 12) * 0x1p-52, exponent);
  return static_cast<T>((random() & 1U) != 0 ? -magnitude : magnitude);
}
template <class T>
std::vector<T> random_row(generator& random, std::size_t length, int first, int last) {
  std::vector<T> row(length);
  for (T& x : row) x = random_number<T>(random, first, last);
  return row;
}

template <class Number, class A, class B>
k754_test::terms<Number> terms_of(const std::vector<A>& a, const std::vector<B>& b) {
  k754_test::terms<Number> list;
  for (std::size_t k = 0; k < a.size(); ++k)
    list.push_back({static_cast<Number>(a[k]), static_cast<Number>(b[k]), true});
  return list;
}

template <class Number, class Out, class A, class B, class Bias>
void require_model(const std::vector<A>& a, const std::vector<B>& b, Bias bias) {
  const auto list = terms_of<Number>(a, b);
  const auto start = static_cast<Number>(bias);
  INFO(a.size() << " terms");
  REQUIRE(to_bits(dot_product<Out>(a, b, bias)) ==
          to_bits(detail::narrow<Out>(k754_test::sum_of_chunks(list, start, false))));
  REQUIRE(to_bits(dot_product<Out, fast>(a, b, bias)) ==
          to_bits(detail::narrow<Out>(k754_test::sum_of_chain(list, start, false))));
}

TEST_CASE("Chunks of 256, a total that takes the bias first, one rounding: bit for bit") {
  case_count rows("rows against the model", 500);
  generator random(1);
  for (std::size_t length : {0U, 1U, 2U, 3U, 255U, 256U, 257U, 511U, 512U, 513U, 1000U, 5000U}) {
    for (int spread : {0, 3, 20, 60}) {
      const auto a = random_row<float>(random, length, -spread, spread);
      const auto b = random_row<float>(random, length, -spread, spread);
      for (float bias : {0.0F, -0.0F, 1.0F, -0x1p-149F, random_number<float>(random, -spread, spread)}) {
        require_model<float, float>(a, b, bias);
        require_model<float, float16>(a, b, bias);
        require_model<float, bfloat16>(a, b, bias);
        rows.add(3);
      }
      const auto c = random_row<double>(random, length, -spread, spread);
      const auto d = random_row<double>(random, length, -spread, spread);
      for (double bias : {-0.0, 1.0, random_number<double>(random, 2 * spread, 3 * spread)}) {
        require_model<double, double>(c, d, bias);
        rows.add();
      }
    }
  }
  rows.check();
}

TEST_CASE("Operands of 16 bits, in any mixture with float, are what they are as floats") {
  case_count rows("mixed rows", 400);
  generator random(2);
  for (std::size_t length : {1U, 7U, 256U, 300U}) {
    for (int repeat = 0; repeat < 10; ++repeat) {
      const auto a = random_row<float16>(random, length, -20, 10);
      const auto b = random_row<bfloat16>(random, length, -30, 30);
      const auto c = random_row<float>(random, length, -10, 10);
      const auto check = [&](const auto& x, const auto& y) {
        require_model<float, float>(x, y, float16(0.5F));
        require_model<float, float16>(x, y, 0.1F);
        require_model<float, bfloat16>(x, y, bfloat16(-3.0F));
        rows.add(3);
      };
      check(a, a);
      check(a, b);
      check(b, b);
      check(c, a);
      check(b, c);
    }
  }
  rows.check();
}

TEST_CASE("A skipped run keeps its place, and equals zeros times finite numbers") {
  case_count rows("rows with gaps", 1000);
  generator random(3);
  for (int repeat = 0; repeat < 1000; ++repeat) {
    reference::chunked_dot<policy{}, float> skipping(0.0F), multiplying(0.0F);
    k754_test::terms<float> list;
    const float zero = 0.0F;
    for (int piece = 0; piece < 6; ++piece) {
      const auto length = static_cast<index_t>(random() % 400);
      auto a =
          random_row<float>(random, static_cast<std::size_t>(length), -75, -70);  // underflowing products: -0
      const auto b = random_row<float>(random, static_cast<std::size_t>(length), -75, -70);
      if (piece % 2 == 0) {
        skipping.add(a.data(), 1, b.data(), 1, length);
        multiplying.add(a.data(), 1, b.data(), 1, length);
      } else {
        skipping.skip(length);
        multiplying.add(&zero, 0, b.data(), 1, length);
        std::fill(a.begin(), a.end(), 0.0F);
      }
      for (const auto& t : terms_of<float>(a, b)) list.push_back(t);
    }
    const float expected = static_cast<float>(k754_test::sum_of_chunks(list, 0.0F, false));
    REQUIRE(to_bits(skipping.result()) == to_bits(expected));
    REQUIRE(to_bits(multiplying.result()) == to_bits(expected));
    rows.add();
  }
  rows.check();
}

/// sum a b + bias and its magnitudes, in 256 bits.
struct real_sum {
  real value, magnitude;
  template <class T>
  real_sum(const std::vector<T>& a, const std::vector<T>& b, T bias) {
    add(real(static_cast<double>(bias)));
    for (std::size_t k = 0; k < a.size(); ++k)
      add(real(static_cast<double>(a[k])) * real(static_cast<double>(b[k])));
  }
  void add(const real& t) {
    value += t;
    magnitude += abs(t);
  }
};

/// The largest error in units of the bound, over data of several kinds.
template <class T, policy P>
double largest_share_of_bound(const char* what, int precision_bits, int smallest_exponent,
                              double roundings_per_term, double roundings, long floor) {
  case_count rows(what, floor);
  generator random(4);
  double largest = 0;
  const real u = scaled(real(1.0), -precision_bits), tiny = scaled(real(1.0), smallest_exponent);
  for (std::size_t length : {1U, 2U, 9U, 72U, 256U, 257U, 1152U, 4608U, 28672U}) {
    for (int kind = 0; kind < 6; ++kind) {
      for (int repeat = 0; repeat < (length > 2000 ? 2 : 12); ++repeat) {
        auto a = random_row<T>(random, length, kind == 1 ? -40 : -1, kind == 1 ? 20 : 0);
        auto b = random_row<T>(random, length, kind == 1 ? -40 : -1, kind == 1 ? 20 : 0);
        if (kind == 2) {  // one sign: errors of a chain add up
          for (T& x : a) x = std::fabs(x);
          for (T& x : b) x = std::fabs(x);
        }
        if (kind == 3) {  // cancellation
          for (std::size_t k = length / 2; k < length; ++k)
            a[k] = -a[k - length / 2], b[k] = b[k - length / 2];
        }
        if (kind == 4) {  // equal products whose last bits are always rounded down
          std::fill(a.begin(), a.end(), T(1) + std::numeric_limits<T>::epsilon());
          std::fill(b.begin(), b.end(), T(1) + std::numeric_limits<T>::epsilon());
        }
        if (kind == 5) {  // subnormal products
          for (T& x : a) x = std::ldexp(x, std::numeric_limits<T>::min_exponent / 2 - 10);
          for (T& x : b) x = std::ldexp(x, std::numeric_limits<T>::min_exponent / 2 - 10);
        }
        const T bias = kind == 5 ? T(0) : random_number<T>(random, -3, 3);
        const real_sum sum(a, b, bias);
        const auto terms = static_cast<double>(length);
        const real bound =
            real(roundings + roundings_per_term * terms) * u * sum.magnitude + real(terms + 1) * tiny;
        const real error = abs(real(static_cast<double>(dot_product<T, P>(a, b, bias))) - sum.value);
        const double share = (error / bound).to_double();
        largest = std::max(largest, share);
        INFO(what << ": " << length << " terms of kind " << kind);
        REQUIRE(share <= 1.0);
        rows.add();
      }
    }
  }
  rows.check();
  std::printf("  %-64s %.3f of the bound\n", what, largest);
  return largest;
}

TEST_CASE("CV-16: the error stays within the stated bound, whatever the number of terms") {
  CHECK(largest_share_of_bound<float, policy{}>("float", 24, -150, 0, 257, 400) > 0.01);
  CHECK(largest_share_of_bound<double, policy{}>("double", 53, -1075, 0, 257, 400) > 0.01);
  CHECK(largest_share_of_bound<float, fast>("float, fast", 24, -150, 1, 0, 400) > 0.01);
  CHECK(largest_share_of_bound<double, fast>("double, fast", 53, -1075, 1, 0, 400) > 0.01);
}

/// sum a b + bias as an integer multiple of 2^-298, rounded once by integer division: exact rational
/// arithmetic that shares nothing with the library.
class integer_sum {
 public:
  integer_sum() { mpz_init(sum_); }
  ~integer_sum() { mpz_clear(sum_); }
  integer_sum(const integer_sum&) = delete;
  integer_sum& operator=(const integer_sum&) = delete;

  void add(double a, double b) {
    int ea = 0, eb = 0;
    const auto ma = static_cast<long>(std::ldexp(std::frexp(a, &ea), 24)),
               mb = static_cast<long>(std::ldexp(std::frexp(b, &eb), 24));
    mpz_t product;
    mpz_init_set_si(product, ma * mb);
    const int exponent = ea + eb - 48 + 400;
    mpz_mul_2exp(product, product, static_cast<mp_bitcnt_t>(exponent));
    mpz_add(sum_, sum_, product);
    mpz_clear(product);
  }

  double rounded(k754_test::format f) const {
    const int sign = mpz_sgn(sum_);
    if (sign == 0) return 0.0;
    mpz_t quotient, remainder, unit;
    mpz_inits(quotient, remainder, unit, nullptr);
    const long leading = static_cast<long>(mpz_sizeinbase(sum_, 2)) - 1 - 400;
    const long ulp = std::max(leading, static_cast<long>(f.min_exponent)) - (f.precision - 1);
    mpz_setbit(unit, static_cast<mp_bitcnt_t>(ulp + 400));
    mpz_abs(remainder, sum_);
    mpz_fdiv_qr(quotient, remainder, remainder, unit);
    mpz_mul_2exp(remainder, remainder, 1);
    const int half = mpz_cmp(remainder, unit);
    if (half > 0 || (half == 0 && mpz_odd_p(quotient) != 0)) mpz_add_ui(quotient, quotient, 1);
    double magnitude = std::ldexp(mpz_get_d(quotient), static_cast<int>(ulp));
    if (magnitude >= std::ldexp(1.0, f.max_exponent + 1)) magnitude = std::numeric_limits<double>::infinity();
    mpz_clears(quotient, remainder, unit, nullptr);
    return sign < 0 ? -magnitude : magnitude;
  }

 private:
  mpz_t sum_;
};

template <class Out, class T>
void require_correctly_rounded(const std::vector<T>& a, const std::vector<T>& b, float bias) {
  integer_sum sum;
  sum.add(static_cast<double>(bias), 1.0);
  for (std::size_t k = 0; k < a.size(); ++k) sum.add(static_cast<double>(a[k]), static_cast<double>(b[k]));
  const double expected = sum.rounded(k754_test::format_of<Out>);
  const Out result = dot_product<Out, exact>(a, b, bias);
  INFO(a.size() << " terms, " << static_cast<double>(result) << ", expected " << expected);
  REQUIRE(to_bits(static_cast<double>(result)) == to_bits(expected));
}

TEST_CASE("precision::exact is correctly rounded for float, float16 and bfloat16") {
  case_count rows("exact rows", 5000);
  generator random(5);
  const auto check = [&](const std::vector<float>& a, const std::vector<float>& b, float bias) {
    require_correctly_rounded<float>(a, b, bias);
    require_correctly_rounded<float16>(a, b, bias);
    require_correctly_rounded<bfloat16>(a, b, bias);
    rows.add(3);
  };
  for (int repeat = 0; repeat < 300; ++repeat) {
    const auto length = static_cast<std::size_t>(random() % 300);
    for (int spread : {0, 5, 30, 62}) {
      auto a = random_row<float>(random, length, -spread, spread),
           b = random_row<float>(random, length, -spread, spread);
      check(a, b, random_number<float>(random, -spread, spread));
      // all but the smallest terms cancel
      const std::size_t half = length / 2;
      for (std::size_t k = 0; k < half; ++k) a[half + k] = -a[k], b[half + k] = b[k];
      check(a, b, random_number<float>(random, -149, -100));
    }
    check(random_row<float>(random, length, -149, 127), random_row<float>(random, length, -149, 127), 0.0F);
    check(random_row<float>(random, length, -149, -126), random_row<float>(random, length, -20, 20),
          0x1p-149F);
  }
  rows.check();
}

TEST_CASE("precision::exact decides ties and overflow by the smallest product") {
  case_count rows("ties", 3000);
  const float smallest = 0x1p-149F, largest = std::numeric_limits<float>::max();
  for (int exponent = -126; exponent <= 126; ++exponent) {
    const float one = std::ldexp(1.0F, exponent), half_ulp = std::ldexp(1.0F, std::max(exponent - 24, -149));
    for (float tail : {-smallest, 0.0F, smallest}) {
      for (float sign : {-1.0F, 1.0F}) {
        const std::vector<float> a{sign * one, sign * half_ulp, tail}, b{1.0F, 1.0F, smallest};
        require_correctly_rounded<float>(a, b, 0.0F);
        require_correctly_rounded<bfloat16>(a, b, 0.0F);
        rows.add(2);
      }
    }
  }
  for (int exponent = -126; exponent <= 126; exponent += 9) {  // wherever the tail lies
    for (int tail = -298; tail < exponent - 25; tail += 7) {
      const float one = std::ldexp(1.0F, exponent),
                  half_ulp = std::ldexp(1.0F, std::max(exponent - 24, -149));
      const float left = std::ldexp(1.0F, tail / 2), right = std::ldexp(1.0F, tail - tail / 2);
      const std::vector<float> factors{1.0F, 1.0F, right};
      require_correctly_rounded<float>(std::vector{one, half_ulp, left}, factors, 0.0F);
      require_correctly_rounded<float>(std::vector{one, half_ulp, -left}, factors, 0.0F);
      require_correctly_rounded<float>(std::vector{-one, -half_ulp, left}, factors, 0.0F);
      rows.add(3);
    }
  }
  for (float tail : {-smallest, 0.0F, smallest}) {
    // halfway between the largest number and the next power of two
    const std::vector<float> a{largest, 0x1p+103F, tail}, b{1.0F, 1.0F, smallest};
    require_correctly_rounded<float>(a, b, 0.0F);
    require_correctly_rounded<float>({-largest, -0x1p+103F, tail}, b, 0.0F);
    const std::vector<float> c{65504.0F, 16.0F, tail};
    require_correctly_rounded<float16>(c, b, 0.0F);
    const std::vector<float> d{0x1p-24F, -0x1p-25F, tail};  // half of the smallest float16
    require_correctly_rounded<float16>(d, b, 0.0F);
    rows.add(4);
  }
  // the largest products there are
  const std::vector<float> a(1000, largest), b(1000, largest), c(1000, -largest);
  CHECK(dot_product<float, exact>(a, b, 1.0F) == inf);
  CHECK(dot_product<float, exact>(a, c, 1.0F) == -inf);
  std::vector<float> d = a;
  for (std::size_t k = 0; k < d.size(); k += 2) d[k] = -largest;
  CHECK(dot_product<float, exact>(d, b, 1.0F) == 1.0F);
  rows.check();
}

TEST_CASE("precision::exact does not depend on the order of the terms") {
  case_count rows("permutations", 300);
  generator random(6);
  for (int repeat = 0; repeat < 300; ++repeat) {
    auto list =
        terms_of<float>(random_row<float>(random, 50, -60, 60), random_row<float>(random, 50, -60, 60));
    const auto result = [&] {
      std::vector<float> a, b;
      for (const auto& t : list) a.push_back(t.a), b.push_back(t.b);
      return to_bits(dot_product<float, exact>(a, b));
    };
    const auto first = result();
    std::shuffle(list.begin(), list.end(), random);
    REQUIRE(result() == first);
    rows.add();
  }
  rows.check();
}

/// bias + a b for one product, from what IEEE 754 says about each operation.
template <policy P>
float one_term(float a, float b, float bias) {
  const auto read = [](float x) {
    return P.subnormals == subnormals::flush && std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0F, x)
                                                                                   : x;
  };
  a = read(a), b = read(b), bias = read(bias);
  const bool zero = a == 0 || b == 0, has_nan = std::isnan(a) || std::isnan(b);
  double product = static_cast<double>(a) * static_cast<double>(b);  // exact
  if (P.zero_times_inf == zero_times_inf::annihilating_zero && zero) product = 0;
  if (P.zero_times_inf == zero_times_inf::strong_zero && zero && !has_nan) product = 0;
  double sum = 0;
  if (P.precision == precision::accurate)
    sum = static_cast<double>(bias) + static_cast<double>(static_cast<float>(product));
  if (P.precision == precision::fast) sum = static_cast<double>(fma_emulated(static_cast<float>(a), b, bias));
  if (P.precision == precision::fast && zero && !std::isnan(product)) sum = static_cast<double>(bias);
  if (P.precision == precision::exact && std::isfinite(product) && std::isfinite(bias)) {
    const real exact_sum = real(product) + real(static_cast<double>(bias));
    const float rounded =
        read(static_cast<float>(k754_test::nearest(exact_sum, k754_test::format_of<float>)));
    return exact_sum.is_zero() ? 0.0F : rounded;  // what is not zero keeps its sign when it underflows
  }
  if (P.precision == precision::exact) sum = product + static_cast<double>(bias);
  float result = read(static_cast<float>(sum));
  if (std::isnan(result)) return canonical_nan<float>();
  return sum == 0 ? 0.0F : result;
}

template <policy P>
void require_one_term(case_count& rows, const std::vector<float>& values) {
  for (float a : values) {
    for (float b : values) {
      for (float bias : values) {
        const float result = dot_product<float, P>(std::array{a}, std::array{b}, bias);
        const float expected = one_term<P>(a, b, bias);
        if (to_bits(result) != to_bits(expected)) {
          CAPTURE(a, b, bias, result, expected, static_cast<int>(P.zero_times_inf),
                  static_cast<int>(P.precision));
          FAIL();
        }
        rows.add();
      }
    }
  }
}

TEST_CASE("One product and a bias over an alphabet of special values, under every policy") {
  case_count rows("special products", 70000);
  const std::vector<float> values{0.0F,
                                  -0.0F,
                                  0x1p-149F,
                                  -0x1p-149F,
                                  0x1.8p-127F,
                                  0x1p-126F,
                                  -0x1p-75F,
                                  0x1p-70F,
                                  1.0F,
                                  -1.0F,
                                  3.5F,
                                  0x1p+70F,
                                  0x1p+127F,
                                  -0x1.fffffep+127F,
                                  inf,
                                  -inf,
                                  nan_value,
                                  -nan_value,
                                  from_bits<float>(0x7F800001U)};
  const auto with_precision = [&]<precision Tier>() {
    require_one_term<policy{.precision = Tier}>(rows, values);
    require_one_term<policy{.zero_times_inf = zero_times_inf::strong_zero, .precision = Tier}>(rows, values);
    require_one_term<policy{.zero_times_inf = zero_times_inf::annihilating_zero, .precision = Tier}>(rows,
                                                                                                     values);
    require_one_term<policy{.subnormals = subnormals::flush, .precision = Tier}>(rows, values);
  };
  with_precision.operator()<precision::accurate>();
  with_precision.operator()<precision::fast>();
  with_precision.operator()<precision::exact>();
  rows.check();
}

TEST_CASE("flush reads and writes zeros in place of what is subnormal in the type, and nothing in between") {
  const float16 tiny16 = from_bits<float16>(1);
  CHECK(to_bits(dot_product<float16, flush>(std::array{tiny16}, std::array{float16(1024.0F)})) == 0);
  CHECK(to_bits(dot_product<float16>(std::array{tiny16}, std::array{float16(1024.0F)})) ==
        to_bits(float16(0x1p-14F)));
  // a product of normal float16 numbers that float16 cannot hold as a normal number
  CHECK(to_bits(dot_product<float16, flush>(std::array{float16(-0x1p-8F)}, std::array{float16(0x1p-8F)})) ==
        0x8000U);
  CHECK(dot_product<float, flush>(std::array{float16(-0x1p-8F)}, std::array{float16(0x1p-8F)}) == -0x1p-16F);
  // a bfloat16 subnormal is a subnormal float as well; a float16 subnormal is not
  CHECK(dot_product<float, flush>(std::array{from_bits<bfloat16>(1)}, std::array{0x1p+100F}) == 0.0F);
  CHECK(dot_product<float, flush>(std::array{0x1p-24F}, std::array{1.0F}) == 0x1p-24F);
  // subnormal partial sums stand
  const std::vector<float> small(16, 0x1p-65F);
  CHECK(dot_product<float, flush>(small, small) == 0x1p-126F);
  CHECK(to_bits(dot_product<double, flush>(std::array{-0x1p-600}, std::array{0x1p-440})) == std::uint64_t{1}
                                                                                                << 63);
}

TEST_CASE("double: the total is compensated, and what overflows stands as it is") {
  const double largest = std::numeric_limits<double>::max();
  const auto total = [](const std::vector<double>& chunks, double bias) {  // one term a chunk
    std::vector<double> a, b;
    for (double c : chunks) {
      a.push_back(c);
      b.push_back(1.0);
      a.resize(a.size() + 255, 0.0);
      b.resize(b.size() + 255, 0.0);
    }
    return dot_product<double>(a, b, bias);
  };
  CHECK(total({1.0, -0x1p+60}, 0x1p+60) == 1.0);
  CHECK(total({1.0, 0x1p-40, -0x1p+100, 0x1p-40, -1.0}, 0x1p+100) == 0x1p-39);
  CHECK(total({largest, largest, -largest}, 0.0) == std::numeric_limits<double>::infinity());
  CHECK(is_nan(total({largest, largest, -largest, -largest, -std::numeric_limits<double>::infinity()}, 0.0)));
  CHECK(total({largest, 0x1p+969}, 0.0) == largest);
  CHECK(total({largest, 0x1p+970}, 0.0) == std::numeric_limits<double>::infinity());
  CHECK(total({largest, -largest}, -0.0) == 0.0);
  CHECK(to_bits(total({-0.0, -0.0}, -0.0)) == 0);
  CHECK(to_bits(total({-0x1p-1074}, 0.0)) == 0x8000000000000001U);
  // a step of TwoSum overflows although the sum does not
  CHECK(total({largest}, -0x1.8p+971) == largest - 0x1p+971);
  CHECK(total({-largest}, 0x1.8p+971) == 0x1p+971 - largest);
}

template <class Out, class A, class B>
void require_exact_integers(generator& random, case_count& rows) {
  const auto extreme = [&]<class T>(T) {
    switch (random() % 4) {
      case 0:
        return std::numeric_limits<T>::max();
      case 1:
        return std::numeric_limits<T>::lowest();
      default:
        return static_cast<T>(random());
    }
  };
  __extension__ typedef __int128 int128;
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<A> a(1 + random() % 300);
    std::vector<B> b(a.size());
    const Out bias = extreme(Out{});
    auto sum = static_cast<int128>(bias);
    for (std::size_t k = 0; k < a.size(); ++k) {
      a[k] = extreme(A{});
      b[k] = extreme(B{});
      int128 product = 0;  // wraps at 128 bits for 64-bit operands, which 64 bits of result do not see
      (void)__builtin_mul_overflow(static_cast<int128>(a[k]), static_cast<int128>(b[k]), &product);
      (void)__builtin_add_overflow(sum, product, &sum);
    }
    REQUIRE(dot_product<Out>(a, b, bias) == static_cast<Out>(sum));
    rows.add();
  }
}

TEST_CASE("Integers are exact modulo the width of the output, for every mixture of types") {
  case_count rows("integer rows", 2000);
  generator random(7);
  const auto all_outputs = [&]<class A, class B>(A, B) {
    require_exact_integers<std::int64_t, A, B>(random, rows);
    require_exact_integers<std::uint64_t, A, B>(random, rows);
    if constexpr (sizeof(A) <= 4 && sizeof(B) <= 4) {
      require_exact_integers<std::int32_t, A, B>(random, rows);
      require_exact_integers<std::uint32_t, A, B>(random, rows);
    }
    if constexpr (sizeof(A) == 1 && sizeof(B) == 1) {
      require_exact_integers<std::int16_t, A, B>(random, rows);
      require_exact_integers<std::uint8_t, A, B>(random, rows);
      require_exact_integers<std::int8_t, A, B>(random, rows);
    }
  };
  all_outputs(std::int8_t{}, std::int8_t{});
  all_outputs(std::uint8_t{}, std::int8_t{});
  all_outputs(std::uint8_t{}, std::uint8_t{});
  all_outputs(std::int16_t{}, std::int8_t{});
  all_outputs(std::uint16_t{}, std::int16_t{});
  all_outputs(std::int32_t{}, std::uint8_t{});
  all_outputs(std::int32_t{}, std::int32_t{});
  all_outputs(std::uint32_t{}, std::int64_t{});
  all_outputs(std::int64_t{}, std::int64_t{});
  all_outputs(std::uint64_t{}, std::uint64_t{});
  rows.check();
}

TEST_CASE("The guarded dot product is the same in every environment") {
  generator random(8);
  const auto a = random_row<float>(random, 600, -80, -60), b = random_row<float>(random, 600, -80, -60);
  const auto c = random_row<double>(random, 600, -550, -500), d = random_row<double>(random, 600, -550, -500);
  k754_test::require_immune([] { return std::vector<double>(5); },
                            [&](std::vector<double>& results) {
                              results[0] = static_cast<double>(dot_product<float>(a, b, 0x1p-149F));
                              results[1] = static_cast<double>(dot_product<float, fast>(a, b, 0x1p-149F));
                              results[2] = static_cast<double>(dot_product<float, exact>(a, b, 0x1p-149F));
                              results[3] = dot_product<double>(c, d, 0x1p-1074);
                              results[4] = dot_product<double, fast>(c, d, 0x1p-1074);
                            });
}

}  // namespace

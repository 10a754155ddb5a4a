// The accuracy of the definition of softmax and its kin against 256-bit arithmetic, on rows made to be hard,
// and the bits that it must keep.
#include "k754/reference/softmax.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/softmax_rows.hpp"

namespace {

namespace ref = k754::reference;
using k754::bfloat16;
using k754::float16;
using k754_test::exact_softmax;
using k754_test::largest_error;
using k754_test::random_bits;
using k754_test::real;
using k754_test::row_family;

/// What the header promises.
template <class T>
struct bounds {
  static constexpr bool is_double = std::is_same_v<T, double>;
  static constexpr double ulps = std::is_same_v<T, float16> ? 0.5005 : 0.5001;
  static constexpr double softmax = is_double ? 1.6 : ulps;
  static constexpr double log_softmax = is_double ? 1.0 : ulps;
  static constexpr double terms = is_double ? 0x1p-50 : 0x1p-46;
};
template <class T>
constexpr const char* name_of = std::is_same_v<T, float>     ? "float"
                                : std::is_same_v<T, double>  ? "double"
                                : std::is_same_v<T, float16> ? "float16"
                                                             : "bfloat16";

void print(const char* what, const char* type, const largest_error& error) {
  std::printf("  %-20s %-8s %8ld results, ", what, type, error.count());
  if (error.ulps() > 0.0) {
    std::printf("max %.6f ULP\n", error.ulps());
  } else {
    std::printf("max %.4f of the bound, beyond its ULPs 2^%.1f of the terms\n", error.fraction(),
                std::log2(error.beyond()));
  }
}

/// The three functions on rows; of long rows a sample of the elements.
template <class T>
class accuracy {
 public:
  void see(const std::vector<T>& x) {
    constexpr auto f = k754_test::format_of<T>;
    using bound = bounds<T>;
    exact_softmax<T> exact(x);
    std::vector<T> p(x.size()), log_p(x.size());
    ref::softmax(x, p);
    ref::log_softmax(x, log_p);
    const std::size_t step = x.size() <= 1000 ? 1 : x.size() / 500;
    for (std::size_t i = 0; i < x.size(); i += step) {
      softmax.see(static_cast<double>(p[i]), exact.softmax(x[i]), f, bound::softmax);
      if (k754::is_infinite(x[i])) {
        REQUIRE(k754::to_bits(log_p[i]) == k754::to_bits(x[i]));
      } else {
        log_softmax.see(static_cast<double>(log_p[i]), exact.log_softmax(x[i]), f, bound::log_softmax);
      }
    }
    logsumexp.see(static_cast<double>(ref::logsumexp(x)), exact.logsumexp(), f, bound::log_softmax,
                  bound::terms, exact.logsumexp_terms());
  }

  void check() const {
    print("softmax", name_of<T>, softmax);
    print("log_softmax", name_of<T>, log_softmax);
    print("logsumexp", name_of<T>, logsumexp);
    CHECK(softmax.failures() == 0);
    CHECK(log_softmax.failures() == 0);
    CHECK(logsumexp.failures() == 0);
  }

  largest_error softmax, log_softmax, logsumexp;
};

template <class T>
void accuracy_of_short_rows() {
  random_bits random(754);
  accuracy<T> errors;
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (std::size_t n = 1; n <= 70; ++n) {
      errors.see(k754_test::softmax_row<T>(static_cast<row_family>(family), n, random));
    }
    for (int repetition = 0; repetition < 200; ++repetition) {
      errors.see(k754_test::softmax_row<T>(static_cast<row_family>(family), 1 + random.below(6), random));
    }
  }
  errors.check();
  REQUIRE(errors.softmax.count() > 30'000);
}

template <class T>
void accuracy_of_long_rows() {
  random_bits random(1985);
  accuracy<T> errors;
  for (const std::size_t n : {std::size_t{1000}, std::size_t{4097}}) {
    for (const row_family family : {row_family::ordinary, row_family::wide, row_family::dominated,
                                    row_family::underflowing, row_family::log_probabilities}) {
      errors.see(k754_test::softmax_row<T>(family, n, random));
    }
  }
  errors.see(k754_test::softmax_row<T>(row_family::ordinary, 33000, random));
  const std::vector<T> some = k754_test::softmax_row<T>(row_family::wide, 1000, random);
  std::vector<T> x(std::size_t{1} << (sizeof(T) == 2 ? 17 : 20));
  for (T& value : x) value = some[random.below(some.size())];
  errors.see(x);
  errors.check();
  REQUIRE(errors.softmax.count() > 5'000);
}

/// Upstream gradients for `n` elements.
template <class T>
std::vector<T> upstream_row(int kind, std::size_t n, random_bits& random) {
  std::vector<T> g(n);
  using bits = k754::bits_of<T>;
  using layout = k754::detail::format_of<T>;
  const double c = k754_test::uniform(random, -2.0, 2.0);
  for (T& value : g) {
    switch (kind) {
      case 0:
        value = T(k754_test::uniform(random, -1.0, 1.0));
        break;
      case 1:
        value = T(c);
        break;  // cancels altogether
      case 2:
        value = k754_test::next_below(T(c), random.below(4));
        break;  // all but altogether
      case 3:
        value = T(k754_test::uniform(random, -1.0, 1.0) * 0x1p-10 + c);
        break;  // largely
      case 4:
        value = k754::from_bits<T>(
            static_cast<bits>(random.below(layout::infinity) | (random() & layout::sign_bit)));
        break;
      case 5:
        value = k754::from_bits<T>(static_cast<bits>(random.below(64)));
        break;  // the smallest numbers
      default:
        value = T(0.0);
    }
  }
  if (kind == 6) g[random.below(n)] = T(1.0);  // one class
  if (kind == 7) {                             // the largest numbers
    for (T& value : g)
      value = k754::from_bits<T>(
          static_cast<bits>((layout::infinity - 1 - random.below(3)) | (random() & layout::sign_bit)));
  }
  return g;
}

template <class T>
class gradient_accuracy {
 public:
  void see(const std::vector<T>& x, const std::vector<T>& g) {
    constexpr auto f = k754_test::format_of<T>;
    constexpr double ulps = bounds<T>::log_softmax, relative = bounds<T>::terms;
    const auto number = [](T value) { return real(static_cast<double>(value)); };
    std::vector<T> y(x.size()), dx(x.size());

    ref::softmax(x, y);
    ref::softmax_backward(y, g, dx);
    real dot, magnitudes;
    for (std::size_t i = 0; i < x.size(); ++i) {
      dot += number(y[i]) * number(g[i]);
      magnitudes += abs(number(y[i]) * number(g[i]));
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      softmax.see(static_cast<double>(dx[i]), number(y[i]) * (number(g[i]) - dot), f, ulps, relative,
                  number(y[i]) * (abs(number(g[i])) + magnitudes));
    }

    ref::log_softmax(x, y);
    ref::log_softmax_backward(y, g, dx);
    real total;
    magnitudes = real();
    for (std::size_t i = 0; i < x.size(); ++i) {
      total += number(g[i]);
      magnitudes += abs(number(g[i]));
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      const real p = k754::is_infinite(y[i]) ? real() : exp(number(y[i]));
      log_softmax.see(static_cast<double>(dx[i]), number(g[i]) - p * total, f, ulps, relative,
                      abs(number(g[i])) + p * magnitudes);
    }
  }

  void check() const {
    print("softmax_backward", name_of<T>, softmax);
    print("log_softmax_backward", name_of<T>, log_softmax);
    CHECK(softmax.failures() == 0);
    CHECK(log_softmax.failures() == 0);
  }

  largest_error softmax, log_softmax;
};

template <class T>
void accuracy_of_gradients() {
  random_bits random(31);
  gradient_accuracy<T> errors;
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (int kind = 0; kind < 8; ++kind) {
      for (int repetition = 0; repetition < 12; ++repetition) {
        const std::size_t n = repetition < 10 ? 1 + random.below(8) : 1 + random.below(100);
        const auto x = k754_test::softmax_row<T>(static_cast<row_family>(family), n, random);
        errors.see(x, upstream_row<T>(kind, n, random));
      }
    }
  }
  errors.check();
  REQUIRE(errors.softmax.count() > 10'000);
}

/// Outputs for a row of 37 elements (every sixth), and hashes of those for a row of 5000, with a mask for
/// good measure.
template <class T>
std::vector<std::uint64_t> outputs_to_keep() {
  std::vector<std::uint64_t> kept;
  for (const std::size_t n : {std::size_t{37}, std::size_t{5000}}) {
    random_bits random(n);
    std::vector<T> x(n), g(n), y(n), dx(n);
    const auto draw = [&] {
      return T(static_cast<double>(random() >> 42) * 0x1p-18 - 8.0);
    };  // exact in double
    for (T& value : x) value = draw();
    for (T& value : g) value = draw();
    const auto keep = [&](const std::vector<T>& results) {
      std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a on words
      for (T value : results) hash = (hash ^ k754::to_bits(value)) * 0x100000001B3U;
      if (n > 100) return kept.push_back(hash);
      for (std::size_t i = 0; i < n; i += 6) kept.push_back(k754::to_bits(results[i]));
    };
    ref::softmax(x, y);
    keep(y);
    ref::softmax_backward(y, g, dx);
    keep(dx);
    ref::log_softmax(x, y);
    keep(y);
    ref::log_softmax_backward(y, g, dx);
    keep(dx);
    kept.push_back(k754::to_bits(ref::logsumexp(x)));
    // S before it is rounded: the order of summation
    const auto sum = ref::mass_of<k754::policy{}>(ref::strided_row<T>{x.data(), std::ssize(x)}).sum;
    if constexpr (std::is_same_v<T, double>) {
      kept.push_back(k754::to_bits(sum.high));
      kept.push_back(k754::to_bits(sum.low));
    } else {
      kept.push_back(k754::to_bits(sum));
    }
  }
  return kept;
}

template <class T>
void check_kept(const std::vector<std::uint64_t>& expected) {
  const std::vector<std::uint64_t> kept = outputs_to_keep<T>();
  INFO(name_of<T>);
  REQUIRE(kept.size() == expected.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    INFO("output " << i);
    CHECK(kept[i] == expected[i]);
  }
}

}  // namespace

TEST_CASE("softmax, log_softmax and logsumexp of short rows are within their bounds") {
  accuracy_of_short_rows<float>();
  accuracy_of_short_rows<double>();
  accuracy_of_short_rows<float16>();
  accuracy_of_short_rows<bfloat16>();
}

TEST_CASE("softmax, log_softmax and logsumexp of rows up to 2^20 are within their bounds") {
  accuracy_of_long_rows<float>();
  accuracy_of_long_rows<double>();
  accuracy_of_long_rows<float16>();
  accuracy_of_long_rows<bfloat16>();
}

TEST_CASE("The gradients of softmax and log_softmax are within their bounds, also where they cancel") {
  accuracy_of_gradients<float>();
  accuracy_of_gradients<double>();
  accuracy_of_gradients<float16>();
  accuracy_of_gradients<bfloat16>();
}

TEST_CASE("Rows built against the order of summation stay within the bounds") {
  // One number just above 1 in a lane, and then terms just above half an ULP of it, which all round up.
  constexpr auto f = k754_test::format_of<float>;
  constexpr std::size_t n = std::size_t{1} << 20;
  const auto place_small_terms = [](std::vector<float>& x, float term) {
    for (std::size_t i = 2; i < 64; ++i) x[16 * i] = term;                         // its lane
    for (std::size_t lane = 1; lane < 16; lane *= 2) x[lane] = term;               // the tree of lanes
    for (std::size_t block = 1; block < 1024; block *= 2) x[1024 * block] = term;  // the pairs of blocks
  };
  {
    const float m = -0.6932F;
    std::vector<float> x(n, k754::negative_infinity<float>());
    x[0] = -0x1.343b08p+0F;   // exp(x - m) = 0.6
    x[16] = -0x1.9bf644p+0F;  // 0.4001, so that logsumexp is close to 0
    x[3] = m;
    place_small_terms(x, -0x1.2b707p+5F);
    exact_softmax<float> exact(x);
    largest_error promised;
    const auto result = static_cast<double>(ref::logsumexp(x));
    promised.see(result, exact.logsumexp(), f, 0.5001, 0x1p-46, exact.logsumexp_terms());
    std::printf("  logsumexp = %.3g, an error of %.3f * (0.5001 ULP + 2^-46 (|m| + L))\n", result,
                promised.fraction());
    CHECK(promised.failures() == 0);
    CHECK(promised.fraction() > 0.2);  // more than 70 additions erred, all in one direction
    CHECK(std::abs(result) < 1e-6);
  }
  {
    std::vector<float> y(n, 0.0F), g(n, 0.0F), dx(n);
    y[0] = 1.0F - 0x1p-20F, g[0] = 1.0F;
    y[16] = 0x1p-20F, g[16] = 1.0F + 0x1p-23F;
    place_small_terms(y, 0x1p-30F);
    place_small_terms(g, 0x1.0006p-23F);
    ref::softmax_backward(y, g, dx);
    real dot, magnitudes;
    for (std::size_t i = 0; i < n; ++i) {
      if (y[i] > 0.0F) dot += real(y[i]) * real(g[i]);
    }
    largest_error promised;
    const real terms = real(y[0]) * (real(g[0]) + dot);
    const real exact = real(y[0]) * (real(g[0]) - dot);
    promised.see(dx[0], exact, f, 0.5001, 0x1p-46, terms);
    std::printf("  softmax_backward = %.3g, an error of %.3f * (0.5001 ULP + 2^-46 terms)\n",
                static_cast<double>(dx[0]), promised.fraction());
    CHECK(promised.failures() == 0);
    CHECK(promised.fraction() > 0.2);  // more than 70 additions erred, all in one direction
  }
}

TEST_CASE("The softmax family keeps its bits, whatever the compiler and its flags") {
  // clang-format off
  check_kept<float>({
      0x3C14F330, 0x3A8FE568, 0x358A9C72, 0x3D17FF31, 0x3D851756, 0x3538CB0B,
      0x3D550539, 0xBC2C5C10, 0x3BC45895, 0x36A229F8, 0x3E28959D, 0x3EB81245,
      0x36D9F9B1, 0x3F0FF908, 0xC0966A17, 0xC0DA0FA7, 0xC15C8867, 0xC052CF5D,
      0xC02EF30D, 0xC16305AB, 0xC03D354D, 0xC085B513, 0x40132E61, 0x3FC05495,
      0x3FF2AC23, 0x405E0F4A, 0x40C84D11, 0x41087593, 0x4112E05F, 0x400F77F4F6E42A59,
      0x8ED4E8E4EEF54A4A, 0xB6773C0FCED89185, 0x539D9D1FD6FE8EEB, 0x796401D46922F48F, 0x415D0919, 0x40750B0827193B17

  });
  check_kept<double>({
      0x3F829E65F9A6684D, 0x3F51FCACF6A392D1, 0x3EB1538E3E25FA0E, 0x3FA2FFE61392CCE5, 0x3FB0A2EACE7E8890, 0x3EA7196160CDCE74,
      0x3FAAA0A71B7A0149, 0xBF858B820111F00D, 0x3F788B1282C1E913, 0x3ED4453EFC90647D, 0x3FC512B3828DD46F, 0x3FD70248B540EE1D,
      0x3EDB3F3613A33BFF, 0x3FE1FF20F9A61ADE, 0xC012CD42D0FF5747, 0xC01B41F4D0FF5747, 0xC02B910CE87FABA4, 0xC00A59EBA1FEAE8F,
      0xC005DE61A1FEAE8F, 0xC02C60B5687FABA4, 0xC007A6A9A1FEAE8F, 0xC010B6A25DE96ABE, 0x400265CC2EEC14F0, 0x3FF80A9292CCA7A3,
      0x3FFE55846AF6592E, 0x400BC1E94D50001D, 0x401909A2185FA49D, 0x40210EB25EE7A64E, 0x40225C0BE87FABA4, 0x400F77F4F6E42A59,
      0x3CA6569951EC6724, 0xD2715A87C1747908, 0x59FDEDABED97A345, 0x537034D3B4F71405, 0xD831203651BC8767, 0x402BA12315D5E0A2,
      0x40750B0827193B17, 0x3D1FC171BFFDE506
  });
  check_kept<float16>({
      0x20AA, 0x1480, 0x0011, 0x28C2, 0x2C29, 0x000C,
      0x2AA8, 0xA169, 0x1E24, 0x0050, 0x3147, 0x35C1,
      0x0071, 0x3880, 0xC4B3, 0xC6D0, 0xCAE4, 0xC296,
      0xC178, 0xCB18, 0xC1EA, 0xC42E, 0x409A, 0x3E03,
      0x3F97, 0x42F0, 0x4642, 0x4844, 0x4897, 0x400F7FA7C791F664,
      0xFCBE34195272132, 0x785D84530BD2209E, 0x506E0CAEB8518FA2, 0xAA472D3F58C260DC, 0x4AE8, 0x4075085518B38F09

  });
  check_kept<bfloat16>({
      0x3C14, 0x3A8F, 0x358C, 0x3D17, 0x3D84, 0x353B,
      0x3D55, 0xBC2B, 0x3BC3, 0x36A4, 0x3E28, 0x3EB7,
      0x36DD, 0x3F10, 0xC097, 0xC0DA, 0xC15C, 0xC053,
      0xC02F, 0xC163, 0xC03D, 0xC086, 0x4013, 0x3FC0,
      0x3FF3, 0x405F, 0x40C8, 0x4108, 0x4113, 0x400F4E2CCF58B569,
      0x5FE8171F3BE9208D, 0xFFDFF3C8E12D115A, 0xA8D9F84425610992, 0x9D5E8071709A6C61, 0x415D, 0x4074F1A8C5CD405E

  });
  // clang-format on
}

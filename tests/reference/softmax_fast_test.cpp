// The accuracy of the definition of softmax and its kin under precision::fast against 256-bit arithmetic, on rows
// made to be hard, and that of its exponentials.
#include "k754/reference/softmax_fast.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/softmax_rows.hpp"

namespace {

namespace ref = k754::reference;
using k754::bfloat16;
using k754::float16;
using k754_test::exact_softmax;
using k754_test::random_bits;
using k754_test::real;
using k754_test::row_family;

/// What the header promises.
template <class T>
struct bounds {
  static constexpr bool is_float = std::is_same_v<T, float>;
  static constexpr double half = std::is_same_v<T, float16> ? 0.5005 : 0.5001;
  static constexpr double softmax = is_float ? 3.6 : half;
  static constexpr double log_softmax = is_float ? 3.3 : half;
  static constexpr double logsumexp = is_float ? 0.501 : half;
  static constexpr double log_sum = 0x1p-23;
};
template <class T>
constexpr const char* name_of = std::is_same_v<T, float>     ? "float"
                                : std::is_same_v<T, float16> ? "float16"
                                                             : "bfloat16";

/// The largest error, and where it was.
class worst_error {
 public:
  worst_error(const char* what, double bound) : what_(what), bound_(bound) {}

  void see(double ulps, double x, double maximum, std::size_t n) {
    ++count_;
    if (!(ulps > ulps_)) return;
    ulps_ = ulps;
    x_ = x;
    maximum_ = maximum;
    n_ = n;
  }
  void check(const char* type) const {
    std::printf("  %-12s %-8s %8ld results, max %.4f ULP: x = %a, maximum %a, of %zu\n", what_, type, count_,
                ulps_, x_, maximum_, n_);
    CHECK(ulps_ <= bound_);
  }
  long count() const { return count_; }

 private:
  const char* what_;
  double bound_, ulps_ = 0.0, x_ = 0.0, maximum_ = 0.0;
  std::size_t n_ = 0;
  long count_ = 0;
};

/// The three functions on rows; of long rows a sample of the elements.
template <class T>
class accuracy {
 public:
  void see(const std::vector<T>& x) {
    constexpr auto f = k754_test::format_of<T>;
    exact_softmax<T> exact(x);
    std::vector<T> p(x.size()), log_p(x.size());
    ref::fast_softmax(x, p);
    ref::fast_log_softmax(x, log_p);
    double m = -std::numeric_limits<double>::infinity();
    for (const T value : x) m = std::max(m, static_cast<double>(value));
    const std::size_t step = x.size() <= 1000 ? 1 : x.size() / 500;
    for (std::size_t i = 0; i < x.size(); i += step) {
      const auto value = static_cast<double>(x[i]);
      softmax_.see(k754_test::ulp_error(static_cast<double>(p[i]), exact.softmax(x[i]), f), value, m,
                   x.size());
      if (k754::is_infinite(x[i])) {
        REQUIRE(k754::to_bits(log_p[i]) == k754::to_bits(x[i]));
      } else {
        log_softmax_.see(k754_test::ulp_error(static_cast<double>(log_p[i]), exact.log_softmax(x[i]), f),
                         value, m, x.size());
      }
      REQUIRE(static_cast<double>(log_p[i]) <= 0.0);
    }
    // what is beyond the part of L, in ULP
    const real total = exact.logsumexp();
    const real share = real(bounds<T>::log_sum) * (total - real(m));
    const real error = abs(real(static_cast<double>(ref::fast_logsumexp(x))) - total) - share;
    logsumexp_.see(k754_test::scaled(error, -k754_test::ulp_exponent(total, f)).to_double(), m, m, x.size());
  }

  void check(long floor) const {
    softmax_.check(name_of<T>);
    log_softmax_.check(name_of<T>);
    logsumexp_.check(name_of<T>);
    REQUIRE(softmax_.count() > floor);
  }

 private:
  worst_error softmax_{"softmax", bounds<T>::softmax}, log_softmax_{"log_softmax", bounds<T>::log_softmax},
      logsumexp_{"logsumexp", bounds<T>::logsumexp};
};

template <class T>
void accuracy_of_short_rows() {
  random_bits random(754);
  accuracy<T> errors;
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (std::size_t n = 1; n <= 70; ++n)
      errors.see(k754_test::softmax_row<T>(static_cast<row_family>(family), n, random));
    for (int repetition = 0; repetition < 200; ++repetition)
      errors.see(k754_test::softmax_row<T>(static_cast<row_family>(family), 1 + random.below(6), random));
  }
  errors.check(30'000);
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
  const std::vector<T> some = k754_test::softmax_row<T>(row_family::wide, 1000, random);
  std::vector<T> x(std::size_t{1} << (sizeof(T) == 2 ? 17 : 20));
  for (T& value : x) value = some[random.below(some.size())];
  errors.see(x);
  errors.check(5'000);
}

/// Rows around maxima of every size, also where x is reduced itself and where x - m is.
void accuracy_of_shifted_rows() {
  random_bits random(3);
  accuracy<float> errors;
  const float largest = ref::detail_softmax_fast::largest_unshifted;
  for (const float m :
       {largest, -largest, k754_test::next_below(largest, 1), -k754_test::next_below(largest, 1), 140.0F,
        1.0F, 0.0F, -0.3F, 1e3F, -1e3F, 3e5F, -1e30F, 3e38F}) {
    for (int repetition = 0; repetition < 30; ++repetition) {
      std::vector<float> x(20);
      for (float& value : x)
        value = m - static_cast<float>(k754_test::uniform(random, 0.0, repetition % 2 == 0 ? 3.0 : 110.0));
      x[random.below(x.size())] = m;
      errors.see(x);
    }
  }
  errors.check(7'000);
}

}  // namespace

TEST_CASE("Fast softmax: short rows are as accurate as promised") {
  accuracy_of_short_rows<float>();
  accuracy_of_short_rows<float16>();
  accuracy_of_short_rows<bfloat16>();
}

TEST_CASE("Fast softmax: long rows are as accurate as promised") {
  accuracy_of_long_rows<float>();
  accuracy_of_long_rows<float16>();
  accuracy_of_long_rows<bfloat16>();
}

TEST_CASE("Fast softmax: maxima of every size") { accuracy_of_shifted_rows(); }

TEST_CASE("Fast softmax: its exponentials, at every 61st float of their domain") {
  k754_test::case_count cases("exponentials", 9'000'000);
  const ref::detail_softmax_fast::row_scale unshifted{0.0F, -1000.0F, 0x1.8p23F, 0.0};
  double worst = 0.0;
  float at = 0.0F;
  k754::in_default_environment([&] {
    for (const float end : {256.0F, -396.0F}) {
      const std::uint32_t sign = std::bit_cast<std::uint32_t>(end) & 0x8000'0000U;
      for (std::uint32_t bits = std::bit_cast<std::uint32_t>(0x1p-27F) | sign;
           bits <= std::bit_cast<std::uint32_t>(end); bits += 61) {
        const auto x = std::bit_cast<float>(bits);
        // e = p 2^n in 32 bits of which n may fill more than the exponent has: n is taken off
        const double n = std::nearbyint(static_cast<double>(x) * 1.44269504088896341);
        const auto e = std::bit_cast<std::uint32_t>(ref::detail_softmax_fast::exponential(x, unshifted));
        const auto p =
            std::bit_cast<float>(e - (static_cast<std::uint32_t>(static_cast<std::int32_t>(n)) << 23));
        const double exact = std::exp(std::fma(-n, 0x1.62e42fefa39efp-1, static_cast<double>(x)));
        const double error = std::fabs(static_cast<double>(p) - exact) / exact * 0x1p24;
        if (error > worst) {
          worst = error;
          at = x;
        }
        cases.add();
      }
    }
  });
  std::printf("  exponentials: %.4f * 2^-24 at %a\n", worst, static_cast<double>(at));
  CHECK(worst <= 1.294);
  cases.check();
}

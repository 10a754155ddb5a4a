// reference/exp_log.hpp against MPFR: every input of 16 bits, floats near halfway cases and at random, doubles.
#include "k754/reference/exp_log.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/exp_log_functions.hpp"
#include "support/ieee754.hpp"
#include "support/mpfr_oracle.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::real;
using reference::exp_or_log;

template <exp_or_log F>
real exact(double x) {
  if constexpr (F == exp_or_log::exp) return k754_test::exp(real(x));
  if constexpr (F == exp_or_log::log) return k754_test::log(real(x));
  return k754_test::log1p(real(x));
}

template <exp_or_log F, floating T>
T computed(T x) {
  if constexpr (F == exp_or_log::exp) return reference::exp(x);
  if constexpr (F == exp_or_log::log) return reference::log(x);
  return reference::log1p(x);
}

/// Whether x is special; then what IEEE 754-2019, 9.2.1, says is in `result`.
template <exp_or_log F, floating T>
bool is_special(T x, T& result) {
  const double v = static_cast<double>(x);
  const T nan = canonical_nan<T>();
  if (std::isnan(v)) return result = nan, true;
  if (F == exp_or_log::exp) {
    if (v == 0) return result = T(1.0F), true;
    if (std::isinf(v)) return result = v > 0 ? x : T(0.0F), true;
    return false;
  }
  const double pole = F == exp_or_log::log ? 0 : -1;
  if (v < pole) return result = nan, true;
  if (v == pole) return result = negative_infinity<T>(), true;
  if (std::isinf(v)) return result = x, true;
  if (F == exp_or_log::log && v == 1) return result = T(0.0F), true;
  if (F == exp_or_log::log1p && v == 0) return result = x, true;
  return false;
}

/// Largest error seen, and where; infinite where the result is not the nearest number though it must be.
template <exp_or_log F, floating T>
class accuracy {
 public:
  void see(T x) {
    T result{};
    const T came = computed<F>(x);
    ++cases_;
    if (is_special<F>(x, result)) {
      wrong_ += to_bits(came) == to_bits(result) ? 0 : 1;
      return;
    }
    const double v = static_cast<double>(x);
    // far outside the range MPFR's exponent would not overflow, but the time would not pass either
    const real value = F == exp_or_log::exp && std::fabs(v) > 2000
                           ? k754_test::scaled(real(1.0), v > 0 ? 9000 : -9000)
                           : exact<F>(v);
    const double nearest = k754_test::nearest(value, k754_test::format_of<T>);
    if (!std::same_as<T, double> && static_cast<double>(came) != nearest) ++wrong_;
    const double error = k754_test::ulp_error(static_cast<double>(came), value, k754_test::format_of<T>);
    if (error > largest_) {
      largest_ = error;
      at_ = v;
    }
  }
  void check(const char* type, double bound, long floor) const {
    std::printf("  %-5s %-4s largest error %.6f ULP, at %a\n", k754_test::exp_log_name(F), type, largest_,
                at_);
    CHECK(wrong_ == 0);
    CHECK(largest_ <= bound);
    CHECK(cases_ >= floor);
  }

 private:
  double largest_ = 0, at_ = 0;
  long wrong_ = 0, cases_ = 0;
};

template <exp_or_log F, floating T>
void check_every_input(const char* type) {
  accuracy<F, T> all;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits)
    all.see(from_bits<T>(static_cast<std::uint16_t>(bits)));
  all.check(type, 0.5, 65'536);
}

template <exp_or_log F, floating T>
void check_samples(const char* type, double bound) {
  accuracy<F, T> all;
  k754_test::random_bits random(11);
  for (const T x : k754_test::edge_values<T>()) all.see(x);
  for (const float x : k754_test::near_halfway<F>()) all.see(static_cast<T>(x));
  const auto at = [&](double x) {  // and the neighbours
    const auto bits = to_bits(static_cast<T>(x));
    for (int k = -3; k <= 3; ++k)
      all.see(from_bits<T>(static_cast<bits_of<T>>(bits + static_cast<bits_of<T>>(k))));
  };
  for (const double x :
       {1.0, -1.0, 0.5, 2.0, 88.722839, -87.336544, -103.972084, 709.782712893384, -708.396418532264,
        -745.133219101941, 0x1p-54, -0x1p-54, 0x1p-70, -0x1p-70, 0.41421356, -0.29289321}) {
    at(x);
  }
  for (int i = 0; i < 20'000; ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    all.see(from_bits<T>(static_cast<bits_of<T>>(random() >> (64 - 8 * sizeof(T)))));
    all.see(static_cast<T>((std::same_as<T, double> ? 1460 : 200) * unit -
                           (std::same_as<T, double> ? 750 : 110)));
    all.see(static_cast<T>(F == exp_or_log::log1p ? 2 * unit - 1 : 0.25 + 2 * unit));
  }
  all.check(type, bound, 60'000);
}

template <exp_or_log F>
void check_function() {
  check_every_input<F, float16>("f16");
  check_every_input<F, bfloat16>("bf16");
  check_samples<F, float>("f32", 0.5);
  check_samples<F, double>("f64", 0.501);
}

TEST_CASE("EL-17: exp, log and log1p are the nearest numbers, of double within 0.501 ULP") {
  check_function<exp_or_log::exp>();
  check_function<exp_or_log::log>();
  check_function<exp_or_log::log1p>();
}

template <class T>
void check_flush(case_count& cases) {
  constexpr policy flush{.subnormals = subnormals::flush};
  const auto check = [&](T x) {
    const T y = flush_subnormal(x);
    const bool right = to_bits(reference::exp<flush>(x)) == to_bits(flush_subnormal(reference::exp(y))) &&
                       to_bits(reference::log<flush>(x)) == to_bits(flush_subnormal(reference::log(y))) &&
                       to_bits(reference::log1p<flush>(x)) == to_bits(flush_subnormal(reference::log1p(y)));
    if (!right) {
      INFO("x = " << static_cast<double>(x));
      CHECK(right);
    }
    cases.add();
  };
  k754_test::random_bits random(3);
  for (const T x : k754_test::edge_values<T>()) check(x);
  for (int i = 0; i < 3000; ++i) {
    check(from_bits<T>(static_cast<bits_of<T>>(random() >> (64 - 8 * sizeof(T)))));
    check(T(-80.0F - static_cast<float>(random() >> 40) * 0x1p-19F));
  }
}

TEST_CASE("exp, log and log1p: flushed subnormals are zeros before, and results after") {
  case_count cases("flushed inputs", 24'000);
  check_flush<float>(cases);
  check_flush<double>(cases);
  check_flush<float16>(cases);
  check_flush<bfloat16>(cases);
  cases.check();
}

TEST_CASE("reference::exp, log and log1p in every environment") {
  const auto immune = []<class T>(T large, T tiny) {
    k754_test::require_immune([] { return std::vector<T>(3); },
                              [=](std::vector<T>& output) {
                                output[0] = reference::exp(-large);
                                output[1] = reference::log(tiny);
                                output[2] = reference::log1p(-tiny);
                              });
  };
  immune(745.0, 0x1p-1074);
  immune(103.0F, 0x1p-149F);
}

}  // namespace

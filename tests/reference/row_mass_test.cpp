// row_mass.hpp: kinds of rows, the documented arithmetic bit by bit, and its error against MPFR.
#include "k754/reference/row_mass.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/double_doubles.hpp"
#include "support/lane_sum_model.hpp"
#include "support/mpfr_oracle.hpp"
#include "support/softmax_rows.hpp"

namespace {

namespace ref = k754::reference;
using k754::bfloat16;
using k754::float16;
using k754::index_t;
using k754::to_bits;
using k754_test::case_count;
using k754_test::maximum;
using k754_test::random_bits;
using k754_test::real;
using k754_test::row_family;
using ref::double_double;
using ref::row_kind;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A row, and which of its elements are there.
template <class T>
struct masked_row {
  std::vector<T> elements;
  std::vector<char> present;

  explicit masked_row(std::vector<T> x) : elements(std::move(x)), present(elements.size(), 1) {}
  bool full() const { return std::find(present.begin(), present.end(), 0) == present.end(); }
  /// With strides of 3 and -2 through other memory, which holds NaNs.
  template <bool Flush>
  ref::row_mass<T> mass() const {
    const std::size_t n = elements.size();
    std::vector<T> memory(3 * n + 1, k754::canonical_nan<T>());
    const auto mask = std::make_unique<bool[]>(2 * n + 1);
    for (std::size_t i = 0; i < n; ++i) {
      memory[3 * i] = elements[i];
      mask[2 * (n - 1 - i)] = present[i] != 0;
    }
    const ref::strided_row<T> row{memory.data(), static_cast<index_t>(n), 3,
                                  full() ? nullptr : mask.get() + 2 * static_cast<index_t>(n) - 2, -2};
    return ref::mass_of_row<Flush>(row);
  }
};

template <class T, bool Flush>
double value_of(T x) {
  const auto wide = static_cast<double>(x);
  return Flush && std::fabs(wide) < std::ldexp(1.0, k754::detail::format_of<T>::min_exponent) ? 0.0 * wide
                                                                                              : wide;
}

void require_same(double a, double b) { REQUIRE(to_bits(a) == to_bits(b)); }
void require_same(double_double a, double_double b) {
  require_same(a.high, b.high);
  require_same(a.low, b.low);
}

/// The definition of the header, in its order, of a row with a finite maximum.
template <class T, bool Flush>
void require_definition(const masked_row<T>& x, double m, index_t maxima) {
  const ref::row_mass<T> mass = x.template mass<Flush>();
  REQUIRE(mass.kind == row_kind::ordinary);
  require_same(mass.maximum + 0.0, m + 0.0);
  REQUIRE(mass.maxima == maxima);
  const auto c = static_cast<double>(maxima);
  using term = std::conditional_t<std::is_same_v<T, double>, double_double, double>;
  std::vector<std::optional<term>> terms(x.elements.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const double value = value_of<T, Flush>(x.elements[i]);
    if (!x.present[i] || value == m) continue;
    if constexpr (std::is_same_v<T, double>) {
      const double_double d = ref::two_sum(value, -m);
      if (k754::is_infinite(d.high) || d.high < -800.0) {
        terms[i] = double_double{0.0, 0.0};
      } else {
        const ref::scaled_double_double e = ref::exp_nonpositive(d);
        terms[i] = double_double{std::ldexp(e.significand.high, e.exponent + 256),
                                 std::ldexp(e.significand.low, e.exponent + 256)};
      }
    } else {
      terms[i] = ref::exp_nonpositive(value - m);
    }
  }
  if constexpr (std::is_same_v<T, double>) {
    const double_double rest = k754_test::sum_in_lanes<ref::compensated>(terms).value();
    const auto unscaled = [](double_double a) {
      const real exact = k754_test::scaled(k754_test::exact(a), -256);
      if (a.high < 0x1p-766)
        return double_double{k754_test::nearest(exact, k754_test::format_of<double>), 0.0};
      return double_double{std::ldexp(a.high, -256), std::ldexp(a.low, -256)};
    };
    require_same(mass.excess, unscaled(ref::add(rest, (c - 1.0) * 0x1p+256)));
    require_same(mass.sum, unscaled(ref::add(rest, c * 0x1p+256)));
    require_same(mass.rest, unscaled(rest));
    require_same(mass.log_sum(), ref::log1p_nonnegative(mass.excess));
  } else {
    const double rest = k754_test::sum_in_lanes<double>(terms);
    require_same(mass.rest, rest);
    require_same(mass.excess, (c - 1.0) + rest);
    require_same(mass.sum, c + rest);
    require_same(mass.log_sum(), ref::log1p_nonnegative(mass.excess));
  }
}

template <class T>
void check_definition(const char* type) {
  case_count cases(std::string("rows by the definition, ") + type, 2 * 12 * 15);
  random_bits random(1);
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (const std::size_t n : {1U, 2U, 3U, 15U, 16U, 17U, 100U, 1023U, 1024U, 1025U, 2049U, 5000U}) {
      for (int masks = 0; masks < 2; ++masks) {
        masked_row<T> x(k754_test::softmax_row<T>(static_cast<row_family>(family), n, random));
        double m = -infinity, flushed_m = -infinity;
        index_t maxima = 0, flushed_maxima = 0;
        for (std::size_t i = 0; i < n; ++i) {
          if (masks == 1 && random.below(3) == 0) {
            x.present[i] = 0;
            if (random.below(2) == 0) x.elements[i] = k754::canonical_nan<T>();  // not read
            continue;
          }
          const double value = value_of<T, false>(x.elements[i]), flushed = value_of<T, true>(x.elements[i]);
          maxima = value > m ? 1 : value == m ? maxima + 1 : maxima;
          flushed_maxima = flushed > flushed_m    ? 1
                           : flushed == flushed_m ? flushed_maxima + 1
                                                  : flushed_maxima;
          m = std::max(m, value);
          flushed_m = std::max(flushed_m, flushed);
        }
        if (maxima == 0 || std::isinf(m)) continue;
        CAPTURE(family, n, masks);
        require_definition<T, false>(x, m, maxima);
        require_definition<T, true>(x, flushed_m, flushed_maxima);
        cases.add(2);
      }
    }
  }
  cases.check();
}

real exact(double x) { return real(x); }
using k754_test::exact;

/// R, O, S and L against exact ones: of the header, 78 * 2^-53 (f64: 2^-90) and the exponentials' own error, which is 0.63
/// ulp, or 2^-65.
template <class T>
void check_errors(const char* type, double bound) {
  case_count cases(std::string("rows against MPFR, ") + type, 150);
  maximum rest, excess, sum, log_sum;
  random_bits random(2);
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (const std::size_t n : {1U, 2U, 5U, 17U, 100U, 1100U}) {
      for (int repetition = 0; repetition < 3; ++repetition) {
        const masked_row<T> x(k754_test::softmax_row<T>(static_cast<row_family>(family), n, random));
        const ref::row_mass<T> mass = x.template mass<false>();
        if (mass.kind != row_kind::ordinary) continue;
        real r;
        for (const T value : x.elements) {
          const auto wide = static_cast<double>(value);
          if (wide == mass.maximum || std::isinf(wide)) continue;
          const real e = exp(real(wide) - real(mass.maximum));
          if (!(e < k754_test::scaled(real(1.0), std::is_same_v<T, double> ? -1155 : -1021))) r += e;
        }
        const auto c = static_cast<double>(mass.maxima);
        const real o = r + real(c - 1.0);
        CAPTURE(family, n, repetition);
        const auto relative = [](const auto& computed,
                                 const real& value) {  // what is subnormal has another bound
          return value < k754_test::scaled(real(1.0), -960)
                     ? 0.0
                     : k754_test::relative_error(exact(computed), value);
        };
        rest.see(relative(mass.rest, r), mass.maximum);
        excess.see(relative(mass.excess, o), mass.maximum);
        sum.see(relative(mass.sum, r + real(c)), mass.maximum);
        log_sum.see(relative(mass.log_sum(), log1p(o)), mass.maximum);
        cases.add();
      }
    }
  }
  rest.print_log2("R, relative");
  excess.print_log2("O, relative");
  sum.print_log2("S, relative");
  log_sum.print_log2("L, relative");
  CHECK(rest.error < bound);
  CHECK(excess.error < bound);
  CHECK(sum.error < bound);
  CHECK(log_sum.error < 2 * bound);
  CHECK(rest.error > 0.0);
  cases.check();
}

}  // namespace

TEST_CASE("The mass of a row is what the header says, bit by bit: float") { check_definition<float>("f32"); }
TEST_CASE("The mass of a row is what the header says, bit by bit: double") {
  check_definition<double>("f64");
}
TEST_CASE("The mass of a row is what the header says, bit by bit: 16 bits") {
  check_definition<float16>("f16");
  check_definition<bfloat16>("bf16");
}

TEST_CASE("The mass of a row is accurate, its logarithm too where one element dominates") {
  check_errors<float>("f32", 80 * 0x1p-53);
  check_errors<float16>("f16", 80 * 0x1p-53);
  check_errors<bfloat16>("bf16", 80 * 0x1p-53);
  check_errors<double>("f64", 0x1p-65 + 0x1p-90);
}

TEST_CASE("double: exponentials that are subnormal, or below, still add up") {
  case_count cases("rows of small exponentials", 60);
  for (double d = -690.0; d > -760.0; d -= 1.25) {
    for (const std::size_t n : {2U, 30U, 3000U}) {
      std::vector<double> x(n, d);
      x[n / 2] = 0.0;
      const auto mass = masked_row<double>(x).mass<false>();
      const real rest = exp(real(d)) * real(static_cast<double>(n - 1));
      CAPTURE(d, n);
      REQUIRE(k754_test::ulp_error(mass.rest.high, rest, k754_test::format_of<double>) <= 0.501);
      REQUIRE(k754_test::ulp_error(mass.log_sum().high, rest, k754_test::format_of<double>) <= 0.501);
      if (k754::is_subnormal(mass.rest.high)) REQUIRE(mass.rest.low == 0.0);
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("Kinds of rows: the first that is true of the elements present, for all short rows") {
  case_count cases("rows of special values", 4 * (1 + 7 + 49 + 343 + 2401 + 16807));
  const auto check = [&]<class T>(T) {
    const std::array<T, 6> alphabet{
        k754::canonical_nan<T>(), T(infinity), T(-infinity), T(1.0F), T(-3.0F), T(-0.0F)};
    std::size_t count = 1;
    for (std::size_t n = 0; n <= 5; ++n, count *= 7) {
      for (std::size_t which = 0; which < count; ++which) {
        masked_row<T> x(std::vector<T>(n, k754::canonical_nan<T>()));
        std::array<int, 6> of{};  // how many there are
        std::size_t digits = which;
        for (std::size_t i = 0; i < n; ++i, digits /= 7) {
          if (digits % 7 == 6) {
            x.present[i] = 0;
          } else {
            x.elements[i] = alphabet[digits % 7];
            ++of[digits % 7];
          }
        }
        const int finite = of[3] + of[4] + of[5];
        const row_kind kind = of[0] + of[1] + of[2] + finite == 0 ? row_kind::empty
                              : of[0] > 0                         ? row_kind::nan
                              : of[1] > 0                         ? row_kind::positive_infinity
                              : finite == 0                       ? row_kind::negative_infinity
                                                                  : row_kind::ordinary;
        const auto mass = x.template mass<false>();
        CAPTURE(n, which);
        REQUIRE(mass.kind == kind);
        cases.add();
        if (kind == row_kind::empty || kind == row_kind::nan) continue;
        const int maxima = kind == row_kind::positive_infinity   ? of[1]
                           : kind == row_kind::negative_infinity ? of[2]
                           : of[3] > 0                           ? of[3]
                           : of[5] > 0                           ? of[5]
                                                                 : of[4];
        REQUIRE(mass.maxima == maxima);
        if (kind == row_kind::ordinary) {
          REQUIRE(mass.maximum == (of[3] > 0 ? 1.0 : of[5] > 0 ? 0.0 : -3.0));
          continue;
        }
        REQUIRE(mass.maximum == (kind == row_kind::positive_infinity ? infinity : -infinity));
        if constexpr (std::is_same_v<T, double>) {  // the others weigh nothing
          require_same(mass.rest, double_double{0.0, 0.0});
          require_same(mass.excess, double_double{maxima - 1.0, 0.0});
          require_same(mass.sum, double_double{static_cast<double>(maxima), 0.0});
        } else {
          require_same(mass.rest, 0.0);
          require_same(mass.excess, maxima - 1.0);
          require_same(mass.sum, static_cast<double>(maxima));
        }
      }
    }
  };
  check(float{});
  check(double{});
  check(float16{});
  check(bfloat16{});
  cases.check();
}

TEST_CASE("Differences to the maximum: +0 at it, -inf where they overflow") {
  CHECK(to_bits(ref::difference<double>(infinity, infinity)) == 0);
  CHECK(to_bits(ref::difference<double>(-0.0, 0.0)) == 0);
  CHECK(ref::difference<double>(1.0, 3.0) == -2.0);
  const double largest = std::numeric_limits<double>::max();
  require_same(ref::difference<double_double>(-largest, largest), double_double{-infinity, 0.0});
  require_same(ref::difference<double_double>(-infinity, 1.0), double_double{-infinity, 0.0});
  require_same(ref::difference<double_double>(0x1p-60, 1.0), double_double{-1.0, 0x1p-60});
  CHECK(ref::exponential(0.0) == 1.0);
  require_same(ref::scaled_exponential({0.0, 0.0}), double_double{0x1p+256, 0.0});
  require_same(ref::scaled_exponential({-801.0, 0.0}), double_double{0.0, 0.0});
}

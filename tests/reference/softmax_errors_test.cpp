// The largest errors found of softmax, log_softmax and logsumexp, with the rows that have them, for each type and tier; and the
// share of results that are not correctly rounded, of random rows of four. (precision::exact: 0.5, and none.) The errors on
// record are computed anew, and a short search must not find larger ones; `[.]search` looks longer and prints a record.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

#include "k754/reference/softmax.hpp"
#include "k754/reference/softmax_fast.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/softmax_rows.hpp"
#include "support/test_scale.hpp"

namespace {

namespace ref = k754::reference;
using k754::bfloat16;
using k754::float16;
using k754_test::exact_softmax;
using k754_test::random_bits;
using k754_test::real;

enum class function { softmax, log_softmax, logsumexp };
enum class tier { accurate, fast };

/// An error on record, in ULP: of the first element's result in a row of up to four. Of logsumexp, without what cancellation may
/// add.
struct recorded {
  function of;
  tier with;
  const char* type;
  double ulps;
  std::array<double, 4> row;
  std::size_t length;
};

template <class T>
constexpr const char* name_of = std::is_same_v<T, float>     ? "f32"
                                : std::is_same_v<T, float16> ? "f16"
                                                             : "bf16";

template <class T>
double computed(function f, tier t, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  if (f == function::logsumexp)
    return static_cast<double>(t == tier::fast ? ref::fast_logsumexp(x) : ref::logsumexp(x));
  if (f == function::softmax) {
    t == tier::fast ? ref::fast_softmax(x, y) : ref::softmax(x, y);
  } else {
    t == tier::fast ? ref::fast_log_softmax(x, y) : ref::log_softmax(x, y);
  }
  return static_cast<double>(y[0]);
}

/// Infinite for what is not to be looked at: logsumexp where it cancels.
template <class T>
double error_of(function f, tier t, const std::vector<T>& x) {
  exact_softmax<T> exact(x);
  const real value = f == function::softmax       ? exact.softmax(x[0])
                     : f == function::log_softmax ? exact.log_softmax(x[0])
                                                  : exact.logsumexp();
  if (f == function::logsumexp && abs(value) < exact.logsumexp_terms()) return 0.0;
  return k754_test::ulp_error(computed(f, t, x), value, k754_test::format_of<T>);
}

struct search_result {
  double ulps = 0.0;
  std::vector<double> row;
  long rows = 0, not_nearest = 0;
};

template <class T>
search_result search(function f, tier t, long rows, std::uint64_t seed) {
  random_bits random(seed);
  search_result found;
  for (; found.rows < rows; ++found.rows) {
    std::vector<T> x(found.rows % 4 == 0 ? 2 + random.below(2) : 4);
    const double spread = std::array{1.0, 4.0, 16.0}[random.below(3)];
    for (T& value : x) value = T(k754_test::uniform(random, -spread, spread));
    const double ulps = error_of(f, t, x);
    if (ulps > 0.5) ++found.not_nearest;
    if (ulps <= found.ulps) continue;
    found.ulps = ulps;
    found.row.assign(x.size(), 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) found.row[i] = static_cast<double>(x[i]);
  }
  return found;
}

template <class Body>
void for_each_kind(const Body& body) {
  for (const tier t : {tier::accurate, tier::fast}) {
    for (const function f : {function::softmax, function::log_softmax, function::logsumexp}) {
      body.template operator()<float>(f, t);
      body.template operator()<float16>(f, t);
      body.template operator()<bfloat16>(f, t);
    }
  }
}

std::string words(function f, tier t) {
  const char* const of = f == function::softmax       ? "softmax"
                         : f == function::log_softmax ? "log_softmax"
                                                      : "logsumexp";
  return std::string(of) + (t == tier::fast ? ", fast" : "");
}

/// Of 60000 rows for each. Behind each: how many of them have a result that is not the nearest.
const recorded record[] = {
    {function::softmax, tier::accurate, "f32", 0.5000, {0x1.6b8bf2p-2, 0x1.6b717ap-2}, 2},  // 0 not nearest
    {function::softmax, tier::accurate, "f16", 0.5000, {-0x1.6b8p-1, -0x1.6cp-1}, 2},       // 0 not nearest
    {function::softmax, tier::accurate, "bf16", 0.5000, {0x1.f8p-1, 0x1.fap-1}, 2},         // 0 not nearest
    {function::log_softmax,
     tier::accurate,
     "f32",
     0.5000,
     {-0x1.d288dcp+3, 0x1.e1049ap+3},
     2},                                                                                   // 0 not nearest
    {function::log_softmax, tier::accurate, "f16", 0.5000, {-0x1.cb8p+3, 0x1.f8cp+3}, 2},  // 0 not nearest
    {function::log_softmax, tier::accurate, "bf16", 0.5000, {-0x1.d4p+3, 0x1.e2p+3}, 2},   // 0 not nearest
    {function::logsumexp,
     tier::accurate,
     "f32",
     0.5000,
     {0x1.23c256p-2, 0x1.63e11cp-1, 0x1.81d3dp-1, 0x1.c597dep-3},
     4},                                                                                 // 0 not nearest
    {function::logsumexp, tier::accurate, "f16", 0.5000, {-0x1.60cp-3, 0x1.6e4p-2}, 2},  // 0 not nearest
    {function::logsumexp,
     tier::accurate,
     "bf16",
     0.4999,
     {-0x1.d2p-2, 0x1.e6p-3, -0x1.72p+1, 0x1.14p-1},
     4},  // 0 not nearest
    {function::softmax,
     tier::fast,
     "f32",
     2.0465,
     {0x1.98e578p-1, 0x1.53677p+3, 0x1.be1ba6p+3, -0x1.10b178p+2},
     4},                                                                           // 0.24 not nearest
    {function::softmax, tier::fast, "f16", 0.5001, {-0x1.338p-1, -0x1.39p-1}, 2},  // 6.7e-05 not nearest
    {function::softmax, tier::fast, "bf16", 0.5000, {0x1.94p-1, 0x1.96p-1}, 2},    // 1.7e-05 not nearest
    {function::log_softmax,
     tier::fast,
     "f32",
     1.4249,
     {0x1.c5153p+3, 0x1.a0ba1cp+2, -0x1.463484p-2, -0x1.134936p-1},
     4},  // 0.22 not nearest
    {function::log_softmax,
     tier::fast,
     "f16",
     0.5001,
     {-0x1.0ecp+3, -0x1.bp+1, 0x1.f3p-1, 0x1.db8p+3},
     4},  // 0.005 not nearest
    {function::log_softmax,
     tier::fast,
     "bf16",
     0.5000,
     {-0x1.f2p+3, -0x1.02p+3, -0x1.c2p-1, 0x1.ap+3},
     4},  // 0.0049 not nearest
    {function::logsumexp, tier::fast, "f32", 0.9652, {0x1.4e179p-9, -0x1.c02058p-2}, 2},  // 0.03 not nearest
    {function::logsumexp, tier::fast, "f16", 0.5000, {-0x1.60cp-3, 0x1.6e4p-2}, 2},       // 0 not nearest
    {function::logsumexp,
     tier::fast,
     "bf16",
     0.4999,
     {-0x1.d2p-2, 0x1.e6p-3, -0x1.72p+1, 0x1.14p-1},
     4},  // 0 not nearest
};

}  // namespace

TEST_CASE("Largest errors of softmax: those on record are reached, and not exceeded") {
  k754_test::case_count cases("results beside the largest errors on record", 18 * k754_test::scaled(1'000));
  const recorded* next = record;
  for_each_kind([&]<class T>(function f, tier t) {
    const recorded& r = *next++;
    INFO(words(f, t) << " of " << name_of<T> << ", not " << words(r.of, r.with) << " of " << r.type);
    REQUIRE((r.of == f && r.with == t && std::string(r.type) == name_of<T>));
    std::vector<T> x;
    for (std::size_t i = 0; i < r.length; ++i) x.push_back(T(r.row[i]));
    CHECK(std::fabs(error_of(f, t, x) - r.ulps) < 0.00006);
    const search_result found =
        search<T>(f, t, k754_test::scaled(1'000), 1);  // the beginning of the search on record
    CHECK(found.ulps <= r.ulps + 0.00006);
    cases.add(found.rows);
  });
  REQUIRE(next == std::end(record));
  cases.check();
}

// K754_SEARCH_ROWS=60000 k754_arithmetic_tests "[search]"
TEST_CASE("Largest errors of softmax: a record", "[.][search]") {
  const char* const text = std::getenv("K754_SEARCH_ROWS");
  const long rows = text == nullptr ? 60'000 : std::atol(text);
  for_each_kind([&]<class T>(function f, tier t) {
    const search_result found = search<T>(f, t, rows, 1);
    std::printf("    {function::%s, tier::%s, \"%s\", %.4f, {", words(f, tier::accurate).c_str(),
                t == tier::fast ? "fast" : "accurate", name_of<T>, found.ulps);
    for (std::size_t i = 0; i < found.row.size(); ++i) std::printf("%s%a", i == 0 ? "" : ", ", found.row[i]);
    std::printf("}, %zu},  // %.2g not nearest\n", found.row.size(),
                static_cast<double>(found.not_nearest) / static_cast<double>(found.rows));
  });
}

// exp, log and log1p of all 2^32 floats: that the definition gives the nearest float, and every target the bits of
// the definition.
//
// The double of which the result is the rounding is within 1 ulp of the exact value (reference/elementary.hpp). So
// the result can be wrong only where two ulps more or less make it another; MPFR looks at these.
//
//     cmake --workflow --preset every_float          k754_every_float [exp | log | log1p]
//
// The hashes on record below are of the last run: g++ 12 -O3 -march=skylake, targets AVX3 and AVX2.
#include <k754/exp_log.hpp>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "../support/exp_log_functions.hpp"
#include "../support/mpfr_oracle.hpp"

namespace {

using namespace k754;
using k754_test::real;
using reference::exp_or_log;

constexpr std::size_t piece = std::size_t{1} << 20;

template <exp_or_log F>
double in_double(double x) {
  if constexpr (F == exp_or_log::exp) return reference::exponential_of<double>(x);
  if constexpr (F == exp_or_log::log) return reference::logarithm<double>(x);
  return reference::logarithm_of_one_plus<double>(x);
}

template <exp_or_log F>
real exact(double x) {
  if constexpr (F == exp_or_log::exp) return k754_test::exp(real(x));
  if constexpr (F == exp_or_log::log) return k754_test::log(real(x));
  return k754_test::log1p(real(x));
}

template <exp_or_log F>
void on_this_target(const std::vector<float>& x, std::vector<float>& y) {
  if constexpr (F == exp_or_log::exp) k754::exp(x, y);
  if constexpr (F == exp_or_log::log) k754::log(x, y);
  if constexpr (F == exp_or_log::log1p) k754::log1p(x, y);
}

/// Two ulps towards or away from zero.
double shifted(double x, std::int64_t ulps) {
  return std::bit_cast<double>(to_bits(x) + static_cast<std::uint64_t>(ulps));
}

template <exp_or_log F>
inline constexpr std::uint64_t hash_on_record = F == exp_or_log::exp   ? 0x7FBA211E541EBE78
                                                : F == exp_or_log::log ? 0x973509ECDD915C42
                                                                       : 0x29F0CBB62F316522;

struct counts {
  long looked_at = 0, wrong = 0, differ = 0;
  std::uint64_t hash = 0xCBF29CE484222325U;
};

template <exp_or_log F>
void define(const std::vector<float>& x, std::vector<float>& y, counts& all) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = reference::exp_or_log_element<F, false>(x[i]);
    const double v = static_cast<double>(x[i]), r = in_double<F>(v);
    if (is_finite(r) && !is_zero(r) &&
        static_cast<float>(shifted(r, -2)) != static_cast<float>(shifted(r, 2))) {
      const double nearest = k754_test::nearest(exact<F>(v), k754_test::format_of<float>);
      const bool right = static_cast<double>(y[i]) == nearest;
      std::printf("  %s(%a) is %a, %s\n", k754_test::exp_log_name(F), v, static_cast<double>(y[i]),
                  right ? "right" : "WRONG");
      ++all.looked_at;
      all.wrong += right ? 0 : 1;
    }
    all.hash = (all.hash ^ to_bits(y[i])) * 0x100000001B3U;
    all.hash ^= all.hash >> 29;
  }
}

template <exp_or_log F>
bool every_float() {
  counts all;
  std::vector<float> x(piece), expected(piece), came(piece);
  std::uint64_t bits = 0;
  for (; bits < std::uint64_t{1} << 32; bits += piece) {
    for (std::size_t i = 0; i < piece; ++i) x[i] = from_bits<float>(static_cast<std::uint32_t>(bits + i));
    in_default_environment([&] { define<F>(x, expected, all); });
    for_each_simd_target([&](const char* target) {
      if (std::strcmp(target, "reference") == 0) return;
      force_simd_target(target);
      on_this_target<F>(x, came);
      for (std::size_t i = 0; i < piece; ++i) all.differ += to_bits(came[i]) == to_bits(expected[i]) ? 0 : 1;
    });
  }
  std::printf("%s of %llu floats: %ld near halfway, %ld wrong; %ld differ on the targets",
              k754_test::exp_log_name(F), static_cast<unsigned long long>(bits), all.looked_at, all.wrong,
              all.differ);
  for_each_simd_target([](const char* target) { std::printf(" %s", target); });
  const bool as_recorded = all.hash == hash_on_record<F>;
  std::printf("; hash %016llX, %s on record\n", static_cast<unsigned long long>(all.hash),
              as_recorded ? "that" : "NOT that");
  return all.wrong == 0 && all.differ == 0 && as_recorded;
}

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = [&](const char* name) { return argc < 2 || std::strcmp(argv[1], name) == 0; };
  bool right = true;
  if (wanted("exp")) right = every_float<exp_or_log::exp>() && right;
  if (wanted("log")) right = every_float<exp_or_log::log>() && right;
  if (wanted("log1p")) right = every_float<exp_or_log::log1p>() && right;
  return right ? 0 : 1;
}

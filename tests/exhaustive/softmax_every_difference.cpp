// softmax, log_softmax and logsumexp of the rows [0, d] under precision::exact, for all finite floats d: that every target gives
// the correctly rounded results.
//
// They are compared with results in long double of 64 bits or more, which are within 2^-59 of the exact ones; where that does
// not tell what they round to, with MPFR's.
//
//     cmake --workflow --preset every_difference        k754_every_difference [first piece [last piece]]
//
// A piece is 2^24 differences, those whose bits begin with its number, and takes some 3 s of a core. (In pieces 127 and 255 half
// are not finite.) Where something happens, |d| in [2^-27, 2^7), is 50 to 66 and 178 to 194.
//
// Not all of them have been run yet. On record: pieces 178 to 183, g++ 12 -O2, target AVX3: 503316480 results, 43 of them by
// MPFR, 0 wrong, hash 4AC9979577550674.
#include <k754/softmax.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../support/mpfr_oracle.hpp"

namespace {

using namespace k754;
using k754_test::real;

struct counts {
  std::uint64_t results = 0, by_mpfr = 0, wrong = 0;
  std::uint64_t hash = 0xCBF29CE484222325;
};

/// The results of a row: of 0 and of d, and of both.
template <class Number>
struct row_results {
  Number softmax[2], log_softmax[2], logsumexp;
};

row_results<long double> in_long_double(float d) {
  const bool d_is_maximum = d > 0.0F;
  const long double a = -static_cast<long double>(std::fabs(d)), e = std::exp(a), log_sum = std::log1p(e);
  row_results<long double> r{};
  r.softmax[d_is_maximum] = 1.0L / (1.0L + e);
  r.softmax[!d_is_maximum] = e / (1.0L + e);
  r.log_softmax[d_is_maximum] = -log_sum;
  r.log_softmax[!d_is_maximum] = a - log_sum;
  r.logsumexp = (d_is_maximum ? static_cast<long double>(d) : 0.0L) + log_sum;
  return r;
}
row_results<real> in_mpfr(float d) {
  const bool d_is_maximum = d > 0.0F;
  const real a = real(-std::fabs(static_cast<double>(d))), e = exp(a), log_sum = log1p(e);
  row_results<real> r;
  r.softmax[d_is_maximum] = real(1.0) / (real(1.0) + e);
  r.softmax[!d_is_maximum] = e / (real(1.0) + e);
  r.log_softmax[d_is_maximum] = -log_sum;
  r.log_softmax[!d_is_maximum] = a - log_sum;
  r.logsumexp = real(d_is_maximum ? static_cast<double>(d) : 0.0) + log_sum;
  return r;
}

/// `exact(d)` gives the exact result.
template <class Exact>
void see(float result, long double about, float d, const Exact& exact, counts& seen) {
  constexpr long double error = 0x1p-59L;
  const auto low = static_cast<float>(about - error * about),
             high = static_cast<float>(about + error * about);
  double expected = static_cast<double>(low);
  if (low != high) {
    expected = k754_test::nearest(exact(d), k754_test::format_of<float>);
    ++seen.by_mpfr;
  }
  ++seen.results;
  seen.hash = (seen.hash ^ to_bits(result)) * 0x100000001B3;
  if (to_bits(static_cast<double>(result)) == to_bits(expected + 0.0)) return;
  if (++seen.wrong < 20) {
    std::printf("d = %a: %a, not %a\n", static_cast<double>(d), static_cast<double>(result), expected);
  }
}

void see_piece(std::uint32_t piece, counts& seen) {
  constexpr std::uint32_t rows = 1 << 14;
  constexpr policy exact{.precision = precision::exact};
  std::vector<float> x(2 * rows), p(2 * rows), log_p(2 * rows), sums(rows);
  const tensor_view<const float, 2> from(x.data(), {rows, 2});
  for (std::uint32_t first = 0; first < (1U << 24); first += rows) {
    for (std::uint32_t i = 0; i < rows; ++i) x[2 * i + 1] = std::bit_cast<float>(piece << 24 | (first + i));
    softmax<exact>(from, tensor_view<float, 2>(p.data(), {rows, 2}));
    log_softmax<exact>(from, tensor_view<float, 2>(log_p.data(), {rows, 2}));
    logsumexp<exact>(from, sums);
    for (std::uint32_t i = 0; i < rows; ++i) {
      const float d = x[2 * i + 1];
      if (!is_finite(d)) continue;
      const row_results<long double> about = in_long_double(d);
      for (std::size_t k = 0; k < 2; ++k) {
        see(
            p[2 * i + k], about.softmax[k], d, [k](float y) { return in_mpfr(y).softmax[k]; }, seen);
        see(
            log_p[2 * i + k], about.log_softmax[k], d, [k](float y) { return in_mpfr(y).log_softmax[k]; },
            seen);
      }
      see(
          sums[i], about.logsumexp, d, [](float y) { return in_mpfr(y).logsumexp; }, seen);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int first = argc > 1 ? std::atoi(argv[1]) : 0;
  const int last = argc > 2 ? std::atoi(argv[2]) : argc > 1 ? first : 255;
  counts seen;
  for (int piece = first; piece <= last; ++piece) {
    see_piece(static_cast<std::uint32_t>(piece), seen);
    std::printf("%s, to piece %d: %llu results, %llu by MPFR, %llu wrong, hash %016llX\n", simd_target(),
                piece, static_cast<unsigned long long>(seen.results),
                static_cast<unsigned long long>(seen.by_mpfr), static_cast<unsigned long long>(seen.wrong),
                static_cast<unsigned long long>(seen.hash));
    std::fflush(stdout);
  }
  return seen.wrong == 0 ? 0 : 1;
}

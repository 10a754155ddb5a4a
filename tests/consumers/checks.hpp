// What every consumer asks of the library it found: one answer of each kernel, to the bit, and vectors where they are to be
// expected (CONSUMER_HAS_HIGHWAY is 0 or 1). Include k754 first.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>

namespace consumer {

inline int failures = 0;

inline void check(const char* what, bool right) {
  std::printf("  %-66s %s\n", what, right ? "ok" : "WRONG");
  if (!right) ++failures;
}

inline std::uint32_t bits(float x) {
  std::uint32_t b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}

/// Prints what was checked; the number of failures.
inline int check_k754(const char* consumer) {
  std::printf("%s: k754 %d.%d.%d, runs %s\n", consumer, K754_VERSION_MAJOR, K754_VERSION_MINOR,
              K754_VERSION_PATCH, k754::simd_target());
#if defined(CONSUMER_HAS_HIGHWAY)
  check(CONSUMER_HAS_HIGHWAY ? "Highway is used" : "without Highway the reference runs",
        K754_SIMD == CONSUMER_HAS_HIGHWAY &&
            (K754_SIMD == 1 || std::strcmp(k754::simd_target(), "reference") == 0));
#endif
  constexpr float inf = std::numeric_limits<float>::infinity();
  using k754::status;
  using k754::tensor_view;

  const std::array<float, 5> x = {0.0F, 0x1p-126F, -0x1p-149F, 0.0F, 459367.0F};
  std::int64_t index = -1;
  check("argmin finds the negative subnormal",
        k754::try_argmin(tensor_view<const float, 1>(x.data(), {5}), tensor_view(&index)) == status::ok &&
            index == 2);

  std::array<double, 1000> long_row = {};
  long_row[700] = long_row[900] = -0x1p-1074;
  check("argmin finds the first of two in a long row",
        k754::try_argmin(tensor_view<const double, 1>(long_row.data(), {1000}), tensor_view(&index)) ==
                status::ok &&
            index == 700);

  const std::array<unsigned char, 2> condition = {1, 0};
  const std::array<float, 2> a = {1.0F, std::numeric_limits<float>::quiet_NaN()};
  const std::array<float, 2> b = {std::numeric_limits<float>::quiet_NaN(), 2.0F};
  std::array<float, 2> selected = {};
  check(
      "where keeps the NaN that is not selected out",
      k754::try_where(tensor_view<const unsigned char, 1>(condition.data(), {2}),
                      tensor_view<const float, 1>(a.data(), {2}), tensor_view<const float, 1>(b.data(), {2}),
                      tensor_view<float, 1>(selected.data(), {2})) == status::ok &&
          selected[0] == 1.0F && selected[1] == 2.0F);

  const std::array<float, 3> logits = {-inf, 0.0F, 0.0F};
  const tensor_view<const float, 1> row(logits.data(), {3});
  std::array<float, 3> probabilities = {};
  check("softmax of [-inf, 0, 0] is [0, 0.5, 0.5]",
        k754::try_softmax(row, tensor_view<float, 1>(probabilities.data(), {3})) == status::ok &&
            bits(probabilities[0]) == 0 && probabilities[1] == 0.5F && probabilities[2] == 0.5F);

  const std::array<float, 3> labels = {0.0F, 0.5F, 0.5F};
  float loss = 0.0F;
  check("cross-entropy with a label of 0 at a logit of -inf is log 2",
        k754::try_cross_entropy(tensor_view<const float, 2>(logits.data(), {1, 3}),
                                tensor_view<const float, 2>(labels.data(), {1, 3}),
                                tensor_view<float, 1>(&loss, {1})) == status::ok &&
            loss == 0x1.62e43p-1F);

  const std::array<float, 9> image = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::array<float, 4> weight = {1, 10, 100, 1000};
  float sum = 0.0F;
  check("conv2d with dilation 2 takes the corners",
        k754::try_conv2d(tensor_view<const float, 4>(image.data(), {1, 3, 3, 1}),
                         tensor_view<const float, 4>(weight.data(), {1, 2, 2, 1}),
                         tensor_view<float, 4>(&sum, {1, 1, 1, 1}), {.dilation = {2, 2}}) == status::ok &&
            sum == 9731.0F);
  return failures;
}

}  // namespace consumer

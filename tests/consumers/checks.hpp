// What every consumer asks of the library it found: one answer of each kernel, to the bit. Include k754
// first.
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
  std::printf("%s: k754 %d.%d.%d\n", consumer, K754_VERSION_MAJOR, K754_VERSION_MINOR, K754_VERSION_PATCH);
  constexpr float inf = std::numeric_limits<float>::infinity();
  using k754::status;
  using k754::tensor_view;

  const std::array<float, 5> x = {0.0F, 0x1p-126F, -0x1p-149F, 0.0F, 459367.0F};
  std::int64_t index = -1;
  check("argmin finds the negative subnormal",
        k754::try_argmin(tensor_view<const float, 1>(x.data(), {5}), tensor_view(&index)) == status::ok &&
            index == 2);

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
  std::array<float, 3> probabilities = {};
  check("softmax of [-inf, 0, 0] is [0, 0.5, 0.5]",
        k754::try_softmax(tensor_view<const float, 1>(logits.data(), {3}),
                          tensor_view<float, 1>(probabilities.data(), {3})) == status::ok &&
            bits(probabilities[0]) == 0 && probabilities[1] == 0.5F && probabilities[2] == 0.5F);
  return failures;
}

}  // namespace consumer

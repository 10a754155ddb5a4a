#include <k754/sum_to_shape.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::element T>
void add(results& to) {
  record<T>(to, "sum_to_shape", [](digest& d, random_bits& random) {
    for (index_t n = 1; n < 3000; n += 1 + n / 2) {
      const tensor<T, 2> x({n, 3}, random, n % 2 == 0 ? kind::moderate : kind::mixed), sums({1, 3});
      d.add(k754::try_sum_to_shape(x.in(), sums.out()), sums);
    }
  });
}

}  // namespace

void add_sum_to_shape(results& to) {
  add<k754::bfloat16>(to);
  add<float>(to);
  add<double>(to);
  add<std::int32_t>(to);
}

}  // namespace k754_conformance

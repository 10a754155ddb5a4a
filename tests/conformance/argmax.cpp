#include <k754/argmax.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::policy P, k754::element T>
void add(results& to, const char* kernel) {
  record<T>(to, kernel, [](digest& d, random_bits& random) {
    for (index_t n = 1; n < 400; n += 1 + n / 8) {
      for (const index_t inner : {index_t{1}, index_t{3}, 1 + random.below(70)}) {
        tensor<T, 3> x({2, n, inner}, random, n % 3 == 0 ? kind::any : kind::mixed);
        // Few values: ties, and rows without a number.
        if (n % 5 == 0) {
          for (std::size_t i = 1; i < x.size(); ++i) x.data()[i] = x.data()[i % 2];
        }
        // Zeros of both signs, and a number below them.
        if (n % 5 == 1) {
          const std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(T) - 1);
          for (std::size_t i = 0; i < x.size(); ++i) {
            set_bits(x.data()[i], random.next() % 8 == 0 ? sign + 1 : random.next() % 2 * sign);
          }
        }
        const tensor<std::int64_t, 2> index({2, inner});
        d.add(k754::try_argmax<P>(x.in(), index.out(), {.axis = 1}), index);
        d.add(k754::try_argmin<P>(x.in(), index.out(), {.axis = 1}), index);
      }
    }
  });
  // Columns in tiles, which leads do not decide: for the stack that they take.
  random_bits random(1);
  const tensor<T, 2> x({400, 500}, random, kind::any);
  const tensor<std::int64_t, 1> index({500});
  const tensor<std::int32_t, 1> short_index({500});
  (void)k754::try_argmax<P>(x.in(), index.out(), {.axis = 0});
  (void)k754::try_argmin<P>(x.in(), short_index.out(), {.axis = 0});
}

}  // namespace

void add_argmax(results& to) {
  add<k754::policy{}, float>(to, "argmax");
  add<k754::policy{}, double>(to, "argmax");
  add<k754::policy{}, k754::float16>(to, "argmax");
  add<k754::policy{}, k754::bfloat16>(to, "argmax");
  add<k754::policy{}, std::int8_t>(to, "argmax");
  add<k754::policy{}, std::uint16_t>(to, "argmax");
  add<k754::policy{}, std::int32_t>(to, "argmax");
  add<k754::policy{}, std::uint64_t>(to, "argmax");
  add<k754::policy{.ties = k754::ties::last}, double>(to, "argmax ties::last");
  add<k754::policy{.nans = k754::nans::omit}, float>(to, "argmax nans::omit");
  add<k754::policy{.nans = k754::nans::total_order}, float>(to, "argmax nans::total_order");
  add<k754::policy{.subnormals = k754::subnormals::flush}, k754::bfloat16>(to, "argmax subnormals::flush");
}

}  // namespace k754_conformance

#include <k754/softmax.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::policy P, k754::floating T>
void add(results& to, const char* rules) {
  const std::string suffix(rules);
  const auto each_shape = [](random_bits& random, auto&& body) {
    for (index_t n = 1; n < 1200; n += 1 + n / 2) {
      body(n, tensor<T, 3>({2, n, 2}, random, n % 2 == 0 ? kind::moderate : kind::mixed));
    }
  };
  record<T>(to, ("softmax" + suffix).c_str(), [&](digest& d, random_bits& random) {
    each_shape(random, [&](index_t n, const tensor<T, 3>& x) {
      const tensor<T, 3> y({2, n, 2}), upstream({2, n, 2}, random, kind::moderate), dx({2, n, 2});
      d.add(k754::try_softmax<P>(x.in(), y.out(), {.axis = 1}), y);
      d.add(k754::try_softmax_backward<P>(y.in(), upstream.in(), dx.out(), {.axis = 1}), dx);
    });
  });
  record<T>(to, ("log_softmax" + suffix).c_str(), [&](digest& d, random_bits& random) {
    each_shape(random, [&](index_t n, const tensor<T, 3>& x) {
      const tensor<T, 3> y({2, n, 2}), upstream({2, n, 2}, random, kind::moderate), dx({2, n, 2});
      d.add(k754::try_log_softmax<P>(x.in(), y.out(), {.axis = 1}), y);
      d.add(k754::try_log_softmax_backward<P>(y.in(), upstream.in(), dx.out(), {.axis = 1}), dx);
    });
  });
  record<T>(to, ("masked_softmax, logsumexp" + suffix).c_str(), [&](digest& d, random_bits& random) {
    each_shape(random, [&](index_t n, const tensor<T, 3>& x) {
      const tensor<bool, 3> mask({2, n, 1}, random, kind::any);
      const tensor<T, 3> y({2, n, 2});
      const tensor<T, 2> total({2, 2});
      d.add(k754::try_masked_softmax<P>(x.in(), mask.in(), y.out(), {.axis = 1}), y);
      d.add(k754::try_logsumexp<P>(x.in(), total.out(), {.axis = 1}), total);
    });
  });
}

}  // namespace

void add_softmax(results& to) {
  constexpr k754::policy limits{.subnormals = k754::subnormals::flush,
                                .zero_mass = k754::zero_mass::uniform,
                                .pos_inf = k754::pos_inf::limit};
  add<k754::policy{}, float>(to, "");
  add<k754::policy{}, double>(to, "");
  add<k754::policy{}, k754::float16>(to, "");
  add<k754::policy{}, k754::bfloat16>(to, "");
  add<limits, float>(to, " (flush, limits)");
}

void add_fast_softmax(results& to) {
  constexpr k754::policy fast{.precision = k754::precision::fast};
  add<fast, float>(to, " precision::fast");
  add<fast, k754::float16>(to, " precision::fast");
  add<fast, k754::bfloat16>(to, " precision::fast");
}

void add_exact_softmax(results& to) {
  constexpr k754::policy exact{.precision = k754::precision::exact};
  add<exact, float>(to, " precision::exact");
  add<exact, k754::float16>(to, " precision::exact");
}

}  // namespace k754_conformance

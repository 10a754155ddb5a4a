#include <k754/exp_log.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::floating T>
void add(results& to) {
  record<T>(to, "exp, log, log1p", [](digest& d, random_bits& random) {
    for (const kind what : {kind::positive, kind::moderate, kind::any}) {
      const std::array<index_t, 1> shape{1000};
      const tensor<T, 1> x(shape, random, what), y(shape);
      d.add(k754::try_exp(x.in(), y.out()), y);
      d.add(k754::try_log(x.in(), y.out()), y);
      d.add(k754::try_log1p(x.in(), y.out()), y);
    }
  });
}

}  // namespace

void add_exp_log(results& to) {
  add<float>(to);
  add<double>(to);
  add<k754::float16>(to);
  add<k754::bfloat16>(to);
}

}  // namespace k754_conformance

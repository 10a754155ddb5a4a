#include <k754/xlogy.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::floating T>
void add(results& to) {
  record<T>(to, "xlogy", [](digest& d, random_bits& random) {
    for (const kind what : {kind::positive, kind::any}) {
      const std::array<index_t, 1> shape{500};
      const tensor<T, 1> x(shape, random, what), y(shape, random, what),
          upstream(shape, random, kind::moderate);
      const tensor<T, 1> output(shape), dx(shape), dy(shape);
      d.add(k754::try_xlogy(x.in(), y.in(), output.out()), output);
      d.add(k754::try_xlogy_backward(x.in(), y.in(), upstream.in(), dx.out(), dy.out()), dx);
      d.add(k754::status::ok, dy);
    }
  });
}

}  // namespace

void add_xlogy(results& to) {
  add<float>(to);
  add<double>(to);
}

void add_more_xlogy(results& to) {
  add<k754::float16>(to);
  add<k754::bfloat16>(to);
}

}  // namespace k754_conformance

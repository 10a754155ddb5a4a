#include <k754/where.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::element T>
void add(results& to) {
  record<T>(to, "where", [](digest& d, random_bits& random) {
    for (index_t n = 1; n < 500; n += 1 + n / 8) {
      const std::array<index_t, 2> shape{2, n};
      const tensor<bool, 2> condition(shape, random, kind::any);
      const tensor<T, 2> x(shape, random, kind::any), y(shape, random, kind::any), output(shape);
      const tensor<T, 1> row({n}, random, kind::any);
      d.add(k754::try_where(condition.in(), x.in(), y.in(), output.out()), output);
      d.add(k754::try_where(condition.in(), row.in(), x.data()[0], output.out()), output);
      d.add(k754::try_where(k754::greater_than(x.in(), row.data()[0]), x.in(), y.in(), output.out()), output);
      d.add(k754::try_where(k754::nonzero(y.in()), x.in(), row.in(), output.out()), output);
      const tensor<T, 2> dx(shape), dy(shape);
      d.add(k754::try_where_backward(condition.in(), x.in(), dx.out(), dy.out()), dx);
      d.add(k754::status::ok, dy);
    }
  });
}

}  // namespace

void add_where(results& to) {
  add<std::uint8_t>(to);
  add<std::int16_t>(to);
  add<k754::float16>(to);
  add<float>(to);
  add<double>(to);
}

}  // namespace k754_conformance

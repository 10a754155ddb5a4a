#include <k754/conv2d.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::policy P, k754::element In, k754::element Out>
void add(results& to, const char* kernel) {
  record<In>(to, kernel, [](digest& d, random_bits& random) {
    for (int round = 0; round < 12; ++round) {
      k754::conv2d_options options;
      options.stride = {1 + random.below(2), 1 + random.below(3)};
      options.dilation = {1 + random.below(3), 1 + random.below(2)};
      options.padding =
          round % 3 == 0 ? k754::padding::same()
                         : k754::padding{random.below(3), random.below(3), random.below(3), random.below(3)};
      options.groups = 1 + random.below(2);
      const index_t channels = options.groups * (1 + random.below(round % 4 == 3 ? 60 : 5)),
                    filters = options.groups * (1 + random.below(3));
      const kind what = round % 4 == 0 ? kind::mixed : kind::moderate;
      const tensor<In, 4> x({1 + random.below(2), 7 + random.below(3), 5 + random.below(3), channels}, random,
                            what);
      const tensor<In, 4> w({filters, 1 + random.below(3), 1 + random.below(2), channels / options.groups},
                            random, what);
      const tensor<Out, 1> bias({filters}, random, what), db({filters});
      const std::array<index_t, 4> shape =
          k754::conv2d_output_shape(x.in().extents(), w.in().extents(), options).value();
      const tensor<Out, 4> y(shape), dx(x.in().extents()), dw(w.in().extents());
      d.add(k754::try_conv2d<P>(x.in(), w.in(), y.out(), options), y);
      d.add(k754::try_conv2d<P>(x.in(), w.in(), bias.in(), y.out(), options), y);
      const tensor<In, 4> upstream(shape, random, what);
      d.add(k754::try_conv2d_backward_input<P>(w.in(), upstream.in(), dx.out(), options), dx);
      d.add(k754::try_conv2d_backward_weight<P>(x.in(), upstream.in(), dw.out(), options), dw);
      d.add(k754::try_conv2d_backward_bias<P>(upstream.in(), db.out(), options), db);
    }
  });
}

}  // namespace

void add_conv2d(results& to) {
  add<k754::policy{}, float, float>(to, "conv2d");
  add<k754::policy{}, double, double>(to, "conv2d");
  add<k754::policy{}, k754::float16, float>(to, "conv2d");
  add<k754::policy{}, k754::bfloat16, k754::bfloat16>(to, "conv2d");
  add<k754::policy{}, std::int8_t, std::int32_t>(to, "conv2d");
  add<k754::policy{.precision = k754::precision::fast}, float, float>(to, "conv2d precision::fast");
  add<k754::policy{.precision = k754::precision::exact}, float, float>(to, "conv2d precision::exact");
}

}  // namespace k754_conformance

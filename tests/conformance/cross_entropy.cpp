#include <k754/cross_entropy_with_gradient.hpp>

#include "conformance.hpp"

namespace k754_conformance {
namespace {

template <k754::floating T>
void add(results& to) {
  using options = k754::cross_entropy_options<T>;
  const auto each_shape = [](random_bits& random, auto&& body) {
    for (index_t classes = 1; classes < 1200; classes += 2 + classes) {
      body(classes, tensor<T, 2>({4, classes}, random, classes % 4 == 1 ? kind::mixed : kind::moderate));
    }
  };
  record<T>(to, "cross_entropy, class indices", [&](digest& d, random_bits& random) {
    each_shape(random, [&](index_t classes, const tensor<T, 2>& x) {
      tensor<std::int32_t, 1> labels({4});
      for (std::size_t row = 0; row < 4; ++row) {
        labels.data()[row] = static_cast<std::int32_t>(random.below(classes));
      }
      const tensor<T, 1> weights({classes}, random, kind::positive), losses({4}), loss({1});
      const tensor<T, 2> dx({4, classes});
      d.add(k754::try_cross_entropy(x.in(), labels.in(), losses.out(),
                                    options{.reduction = k754::reduction::none}),
            losses);
      const options smooth{.ignore_index = 0, .label_smoothing = 0.125, .class_weights = weights.in()};
      d.add(k754::try_cross_entropy(x.in(), labels.in(), loss.out(), smooth), loss);
      d.add(k754::try_cross_entropy_backward(x.in(), labels.in(), dx.out()), dx);
      d.add(k754::try_cross_entropy_backward(x.in(), labels.in(), loss.in(), dx.out(), smooth), dx);
      const options weighted{.ignore_index = 0, .class_weights = weights.in()};
      d.add(k754::try_cross_entropy_with_gradient(x.in(), labels.in(), loss.out(), dx.out(), weighted), loss);
      d.add(k754::status::ok, dx);
      const tensor<T, 2> columns({classes, 4}, random, kind::moderate), dcolumns({classes, 4});
      d.add(k754::try_cross_entropy_with_gradient(columns.in(), labels.in(), loss.out(), dcolumns.out(),
                                                  options{.axis = 0}),
            dcolumns);
      d.add(k754::status::ok, loss);
    });
    for (const index_t rows : {5, 90, 1500}) {
      const tensor<T, 2> x({rows, 7}, random, rows == 90 ? kind::mixed : kind::moderate), dx({rows, 7});
      tensor<std::int32_t, 1> labels({rows});
      for (std::size_t row = 0; row < labels.size(); ++row) {
        labels.data()[row] = static_cast<std::int32_t>(random.below(7));
      }
      const tensor<T, 1> loss({1});
      d.add(k754::try_cross_entropy_with_gradient(x.in(), labels.in(), loss.out(), dx.out()), dx);
      d.add(k754::status::ok, loss);
    }
  });
  record<T>(to, "cross_entropy, probabilities", [&](digest& d, random_bits& random) {
    each_shape(random, [&](index_t classes, const tensor<T, 2>& x) {
      const std::array<index_t, 2> shape{4, classes};
      const tensor<T, 2> labels(shape, random, classes % 4 == 1 ? kind::mixed : kind::positive);
      const tensor<T, 2> x_tangent(shape, random, kind::moderate),
          labels_tangent(shape, random, kind::moderate), dx(shape);
      const tensor<T, 1> losses({4}), loss({1});
      const options none{.reduction = k754::reduction::none};
      d.add(k754::try_cross_entropy(x.in(), labels.in(), losses.out(), none), losses);
      d.add(k754::try_cross_entropy(x.in(), labels.in(), loss.out()), loss);
      d.add(k754::try_cross_entropy_backward(x.in(), labels.in(), dx.out()), dx);
      d.add(k754::try_cross_entropy_label_backward(x.in(), labels.in(), dx.out()), dx);
      d.add(k754::try_cross_entropy_jvp(x.in(), labels.in(), x_tangent.in(), labels_tangent.in(),
                                        losses.out(), none),
            losses);
      d.add(k754::try_cross_entropy_from_probabilities(labels.in(), labels.in(), losses.out(), none), losses);
      d.add(k754::try_cross_entropy_from_probabilities_backward(labels.in(), labels.in(), dx.out()), dx);
    });
  });
}

}  // namespace

void add_cross_entropy(results& to) {
  add<float>(to);
  add<double>(to);
  add<k754::float16>(to);
  add<k754::bfloat16>(to);
}

}  // namespace k754_conformance

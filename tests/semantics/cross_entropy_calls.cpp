#include "cross_entropy_calls.hpp"

namespace k754_test {
namespace {

const registration cross_entropy_calls = [] {
  register_index_labels<policy{}>("cross_entropy");
  register_probability_labels<policy{}>("cross_entropy probabilities");
  register_with_gradient<std::int64_t, void>("cross_entropy_with_gradient");
  register_with_gradient<std::int64_t, float, float16, bfloat16>("cross_entropy_with_gradient float_loss");
  register_with_gradient<void, void>("cross_entropy_with_gradient probabilities");
  register_call<float>("cross_entropy_jvp", [](auto& c) {
    const auto logits = c.input();
    const auto labels = c.input("labels");
    const auto logits_tangent = c.input("logits_tangent"), labels_tangent = c.input("labels_tangent");
    const auto options = entropy_options(c, logits);
    const auto tangent = c.output(result_shape(logits, options));
    c.run([=] {
      return try_cross_entropy_jvp(logits, labels, logits_tangent, labels_tangent, tangent, options);
    });
  });
  register_call<float>("cross_entropy_jvp indices", [](auto& c) {
    const auto logits = c.input();
    const auto labels = c.template input<std::int64_t>("labels");
    const auto logits_tangent = c.input("logits_tangent");
    const auto options = entropy_options(c, logits);
    const auto tangent = c.output(result_shape(logits, options));
    c.run([=] { return try_cross_entropy_jvp(logits, labels, logits_tangent, tangent, options); });
  });
  register_call<float>("cross_entropy_from_probabilities", [](auto& c) {
    const auto p = c.input();
    const auto labels = c.template input<std::int64_t>("labels");
    const auto options = entropy_options(c, p);
    const auto loss = c.output(result_shape(p, options), "loss"),
               dp = c.output(shape_of(p), "dprobabilities");
    c.run([=] {
      const status result = try_cross_entropy_from_probabilities(p, labels, loss, options);
      return result != status::ok ? result
                                  : try_cross_entropy_from_probabilities_backward(p, labels, dp, options);
    });
  });
  register_call<float, double>("cross_entropy_from_probabilities probabilities", [](auto& c) {
    const auto p = c.input();
    const auto labels = c.input("labels");
    const auto options = entropy_options(c, p);
    const auto loss = c.output(result_shape(p, options), "loss"),
               dp = c.output(shape_of(p), "dprobabilities"), dlabels = c.output(shape_of(p), "dlabels");
    c.run([=] {
      status result = try_cross_entropy_from_probabilities(p, labels, loss, options);
      if (result == status::ok)
        result = try_cross_entropy_from_probabilities_backward(p, labels, dp, options);
      if (result != status::ok) return result;
      return try_cross_entropy_from_probabilities_label_backward(p, labels, dlabels, options);
    });
  });
};

}  // namespace
}  // namespace k754_test

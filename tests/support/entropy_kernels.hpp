// Every function of cross_entropy.hpp under one signature.
#pragma once

#include <k754/cross_entropy.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "executors.hpp"

namespace k754_test {

/// What the output has the shape of.
enum class output_shape { rows, logits };

struct entropy_arguments {
  k754::tensor_view<const float> input;  ///< logits or probabilities
  k754::tensor_view<const std::int32_t> indices;
  k754::tensor_view<const float> labels;
  k754::tensor_view<const float> upstream, input_tangent, labels_tangent;
  k754::tensor_view<float> output;
  k754::cross_entropy_options<float> options = {};
};

struct entropy_function {
  std::string name;  ///< as errors have it
  std::string input_name, output_name;
  bool index_labels;
  bool has_upstream;
  output_shape output;
  std::function<k754::status(const entropy_arguments&, const any_executor&)> run;  ///< the try_ form
  std::function<void(const entropy_arguments&, const any_executor&)> call;         ///< the throwing form
  std::function<k754::check_result(const entropy_arguments&)> check;
};

#define K754_FORMS(function, ...)                                                                           \
  [](const entropy_arguments& a, const any_executor& ex) { return k754::try_##function(__VA_ARGS__, ex); }, \
      [](const entropy_arguments& a, const any_executor& ex) { k754::function(__VA_ARGS__, ex); },          \
      [](const entropy_arguments& a) { return k754::check_##function(__VA_ARGS__); }

inline const std::vector<entropy_function>& entropy_functions() {
  using enum output_shape;
  static const std::vector<entropy_function> all = {
      {"cross_entropy", "logits", "loss", true, false, rows,
       K754_FORMS(cross_entropy, a.input, a.indices, a.output, a.options)},
      {"cross_entropy", "logits", "loss", false, false, rows,
       K754_FORMS(cross_entropy, a.input, a.labels, a.output, a.options)},
      {"cross_entropy_backward", "logits", "dlogits", true, true, logits,
       K754_FORMS(cross_entropy_backward, a.input, a.indices, a.upstream, a.output, a.options)},
      {"cross_entropy_backward", "logits", "dlogits", false, true, logits,
       K754_FORMS(cross_entropy_backward, a.input, a.labels, a.upstream, a.output, a.options)},
      {"cross_entropy_backward", "logits", "dlogits", true, false, logits,
       K754_FORMS(cross_entropy_backward, a.input, a.indices, a.output, a.options)},
      {"cross_entropy_backward", "logits", "dlogits", false, false, logits,
       K754_FORMS(cross_entropy_backward, a.input, a.labels, a.output, a.options)},
      {"cross_entropy_label_backward", "logits", "dlabels", false, true, logits,
       K754_FORMS(cross_entropy_label_backward, a.input, a.labels, a.upstream, a.output, a.options)},
      {"cross_entropy_label_backward", "logits", "dlabels", false, false, logits,
       K754_FORMS(cross_entropy_label_backward, a.input, a.labels, a.output, a.options)},
      {"cross_entropy_jvp", "logits", "loss_tangent", false, false, rows,
       K754_FORMS(cross_entropy_jvp, a.input, a.labels, a.input_tangent, a.labels_tangent, a.output,
                  a.options)},
      {"cross_entropy_jvp", "logits", "loss_tangent", true, false, rows,
       K754_FORMS(cross_entropy_jvp, a.input, a.indices, a.input_tangent, a.output, a.options)},
      {"cross_entropy_from_probabilities", "probabilities", "loss", true, false, rows,
       K754_FORMS(cross_entropy_from_probabilities, a.input, a.indices, a.output, a.options)},
      {"cross_entropy_from_probabilities", "probabilities", "loss", false, false, rows,
       K754_FORMS(cross_entropy_from_probabilities, a.input, a.labels, a.output, a.options)},
      {"cross_entropy_from_probabilities_backward", "probabilities", "dprobabilities", true, true, logits,
       K754_FORMS(cross_entropy_from_probabilities_backward, a.input, a.indices, a.upstream, a.output,
                  a.options)},
      {"cross_entropy_from_probabilities_backward", "probabilities", "dprobabilities", false, true, logits,
       K754_FORMS(cross_entropy_from_probabilities_backward, a.input, a.labels, a.upstream, a.output,
                  a.options)},
      {"cross_entropy_from_probabilities_backward", "probabilities", "dprobabilities", true, false, logits,
       K754_FORMS(cross_entropy_from_probabilities_backward, a.input, a.indices, a.output, a.options)},
      {"cross_entropy_from_probabilities_label_backward", "probabilities", "dlabels", false, true, logits,
       K754_FORMS(cross_entropy_from_probabilities_label_backward, a.input, a.labels, a.upstream, a.output,
                  a.options)},
      {"cross_entropy_from_probabilities_label_backward", "probabilities", "dlabels", false, false, logits,
       K754_FORMS(cross_entropy_from_probabilities_label_backward, a.input, a.labels, a.output, a.options)},
  };
  return all;
}

#undef K754_FORMS

}  // namespace k754_test

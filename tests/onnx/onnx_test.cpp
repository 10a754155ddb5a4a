// ONNX's own test cases for the operators that k754 has: third-party answers to questions of axes, layouts,
// reductions and padding. They hold no NaN and no infinity.
#include "onnx.hpp"

#include <k754/argmax.hpp>
#include <k754/conv2d.hpp>
#include <k754/cross_entropy.hpp>
#include <k754/softmax.hpp>
#include <k754/where.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"

namespace k754_test::onnx {
namespace {

using namespace k754;

/// Thrown for a case that the kernels do not claim to cover.
struct not_covered {
  std::string reason;
};

/// What an operator gets; `outputs` have the types and shapes that are expected, and kernels refuse others.
struct arguments {
  const node& n;
  std::int64_t opset;
  std::vector<const tensor*> inputs;  // nullptr where an optional one is left out
  std::vector<tensor>& outputs;

  const tensor& input(std::size_t i) const { return *inputs.at(i); }
  bool has_input(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
};

void arg_extremum(const arguments& a, extremum e) {
  const argmax_options options{.axis = a.n.integer("axis", 0), .keepdims = a.n.integer("keepdims", 1) != 0};
  const auto x = a.input(0).view<float>();
  const auto index = a.outputs.at(0).view<std::int64_t>();
  constexpr policy last{.ties = ties::last};
  const bool select_last = a.n.integer("select_last_index", 0) != 0;
  if (e == extremum::maximum)
    return select_last ? argmax<last>(x, index, options) : argmax(x, index, options);
  return select_last ? argmin<last>(x, index, options) : argmin(x, index, options);
}

void select(const arguments& a) {
  const auto condition = a.input(0).view<bool>();
  if (a.input(1).type == data_type::int64) {
    where(condition, a.input(1).view<std::int64_t>(), a.input(2).view<std::int64_t>(),
          a.outputs.at(0).view<std::int64_t>());
  } else {
    where(condition, a.input(1).view<float>(), a.input(2).view<float>(), a.outputs.at(0).view<float>());
  }
}

/// Before opset 13 the axes from `axis` on are one axis.
template <class Kernel>
void along_axis(const arguments& a, const Kernel& kernel) {
  auto x = a.input(0).view<float>();
  auto y = a.outputs.at(0).view<float>();
  softmax_options options{.axis = a.n.integer("axis", a.opset >= 13 ? -1 : 1)};
  if (a.opset < 13) {
    const auto first = static_cast<std::size_t>(
        options.axis < 0 ? options.axis + std::ssize(a.input(0).extents) : options.axis);
    index_t extents[2] = {1, 1};
    for (std::size_t axis = 0; axis < x.rank(); ++axis) extents[axis < first ? 0 : 1] *= x.extent(axis);
    x = {x.data_handle(), 2, extents};
    y = {y.data_handle(), 2, extents};
    options.axis = 1;
  }
  kernel(x, y, options);
}

void convolution(const arguments& a) {
  if (a.input(0).extents.size() != 4) throw not_covered{"it has not two spatial axes"};
  const std::string mode = a.n.text("auto_pad", "NOTSET");
  const auto strides = a.n.integers("strides", {1, 1}), dilations = a.n.integers("dilations", {1, 1});
  const auto pads = a.n.integers("pads", {0, 0, 0, 0});
  const conv2d_options options{.stride = {strides.at(0), strides.at(1)},
                               .dilation = {dilations.at(0), dilations.at(1)},
                               .padding = mode == "SAME_UPPER"   ? padding::same()
                                          : mode == "SAME_LOWER" ? padding::same_lower()
                                          : mode == "VALID"
                                              ? padding::valid()
                                              : padding{pads.at(0), pads.at(2), pads.at(1), pads.at(3)},
                               .groups = a.n.integer("group", 1),
                               .layout = k754::image_layout::nchw};
  const auto x = a.input(0).view<float>(), w = a.input(1).view<float>();
  const auto y = a.outputs.at(0).view<float>();
  if (a.has_input(2)) {
    conv2d(x, w, a.input(2).view<float>(), y, options);
  } else {
    conv2d(x, w, y, options);
  }
}

template <class T>
cross_entropy_options<T> loss_options(const arguments& a) {
  const std::string mode = a.n.text("reduction", "mean");
  cross_entropy_options<T> options{.axis = 1};
  options.reduction = mode == "none" ? reduction::none : mode == "sum" ? reduction::sum : reduction::mean;
  if (a.n.attributes.count("ignore_index") != 0) options.ignore_index = a.n.integer("ignore_index", 0);
  return options;
}

/// The call with index labels of the type that they come in.
template <class Call>
void with_labels(const tensor& labels, const Call& call) {
  if (labels.type == data_type::int64) return call(labels.view<std::int64_t>());
  call(labels.view<std::int32_t>());
}

void softmax_cross_entropy(const arguments& a) {
  const auto logits = a.input(0).view<float>();
  auto options = loss_options<float>(a);
  if (a.has_input(2)) options.class_weights = a.input(2).view<float>();
  with_labels(a.input(1), [&](const auto& labels) {
    cross_entropy(logits, labels, a.outputs.at(0).view<float>(), options);
  });
  if (a.outputs.size() > 1) log_softmax(logits, a.outputs[1].view<float>(), {.axis = 1});
}

/// -x_t, for log-probabilities x that need not be normalised: the loss from the probabilities exp(x).
void negative_log_likelihood(const arguments& a) {
  const auto as_doubles = [](const tensor& t, auto function) {
    const float* data = t.view<float>().data_handle();
    std::vector<double> values(data, data + t.size());
    for (double& value : values) value = function(value);
    return values;
  };
  const auto view_of = [](std::vector<double>& values, const tensor& like) {
    return tensor_view<double>(values.data(), like.extents.size(), like.extents.data());
  };
  auto p = as_doubles(a.input(0), [](double x) { return std::exp(x); });
  auto weights = a.has_input(2) ? as_doubles(a.input(2), std::identity{}) : std::vector<double>{};
  auto options = loss_options<double>(a);
  if (a.has_input(2)) options.class_weights = weights;
  tensor& result = a.outputs.at(0);
  std::vector<double> loss(result.size());
  with_labels(a.input(1), [&](const auto& labels) {
    cross_entropy_from_probabilities(view_of(p, a.input(0)), labels, view_of(loss, result), options);
  });
  for (std::size_t i = 0; i < loss.size(); ++i)
    result.view<float>().data_handle()[i] = static_cast<float>(loss[i]);
}

struct operation {
  long floor;  // cases that must have been checked
  std::function<void(const arguments&)> run;
  long checked = 0;
};

std::map<std::string, operation> all_operations() {
  return {
      {"ArgMax", {16, [](const arguments& a) { arg_extremum(a, extremum::maximum); }}},
      {"ArgMin", {16, [](const arguments& a) { arg_extremum(a, extremum::minimum); }}},
      {"Where", {2, select}},
      {"Softmax",
       {7 + 3,
        [](const arguments& a) {
          along_axis(a, [](auto x, auto y, auto options) { softmax(x, y, options); });
        }}},
      {"LogSoftmax",
       {7 + 3,
        [](const arguments& a) {
          along_axis(a, [](auto x, auto y, auto options) { log_softmax(x, y, options); });
        }}},
      {"Conv", {6 + 12, convolution}},
      {"SoftmaxCrossEntropyLoss", {34, softmax_cross_entropy}},
      {"NegativeLogLikelihoodLoss", {18, negative_log_likelihood}},
  };
}

/// The largest error, where 1 is what is allowed: nothing for integers; for floats, whose answers were summed
/// in f32, 1e-5 relative and 1e-7 absolute (ONNX itself allows 1e-3).
double error_of(const tensor& actual, const tensor& expected) {
  if (expected.type != data_type::float32) return actual.data == expected.data ? 0 : INFINITY;
  const auto a = actual.view<float>(), e = expected.view<float>();
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double x = a.data_handle()[i], y = e.data_handle()[i];
    const double error = std::abs(x - y) / (1e-5 * std::abs(y) + 1e-7);
    if (!(error <= largest)) largest = error;  // a NaN too
  }
  return largest;
}

/// The cases below a folder whose model is one node of a known operator.
void run_folder(const std::filesystem::path& folder, std::map<std::string, operation>& operations) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    if (!std::filesystem::exists(path / "model.onnx")) continue;
    const model m = read_model(read_file(path / "model.onnx"));
    const auto known = m.nodes.size() == 1 ? operations.find(m.nodes[0].operation) : operations.end();
    if (known == operations.end()) continue;
    const node& n = m.nodes[0];
    INFO(path.string());
    for (int set = 0; std::filesystem::exists(path / ("test_data_set_" + std::to_string(set))); ++set) {
      const auto read = [&](const char* kind, std::size_t i) {
        const std::string name = std::string(kind) + "_" + std::to_string(i) + ".pb";
        return read_tensor(read_file(path / ("test_data_set_" + std::to_string(set)) / name));
      };
      std::map<std::string, tensor> values = m.initializers;
      std::size_t count = 0;
      for (const std::string& name : m.inputs) {
        if (values.count(name) == 0) values[name] = read("input", count++);
      }
      std::vector<const tensor*> inputs;
      for (const std::string& name : n.inputs) inputs.push_back(name.empty() ? nullptr : &values.at(name));
      std::vector<tensor> outputs, expected;
      for (std::size_t i = 0; i < m.outputs.size(); ++i) {
        expected.push_back(read("output", i));
        outputs.push_back(expected.back());
        std::fill(outputs.back().data.begin(), outputs.back().data.end(), '\xA5');
      }
      try {
        known->second.run({n, m.opset, inputs, outputs});
        for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(error_of(outputs[i], expected[i]) <= 1);
        ++known->second.checked;
      } catch (const not_covered& c) {
        std::printf("  not covered: %s: %s\n", path.filename().c_str(), c.reason.c_str());
      } catch (const std::exception& e) {
        FAIL_CHECK(e.what());
      }
    }
  }
}

}  // namespace

TEST_CASE("ONNX's test cases pass") {
  const std::filesystem::path data = K754_ONNX_DATA;
  if (!std::filesystem::exists(data / "node")) {
    FAIL("ONNX's test cases are not there. On Debian and Ubuntu: apt-get install libonnx-testdata");
  }
  auto operations = all_operations();
  for (const char* folder : {"node", "pytorch-converted", "pytorch-operator"})
    run_folder(data / folder, operations);
  for (const auto& [name, o] : operations) {
    std::printf("  %-64s %10ld cases\n", ("ONNX " + name).c_str(), o.checked);
    INFO(name);
    CHECK(o.checked >= o.floor);
  }
}

}  // namespace k754_test::onnx

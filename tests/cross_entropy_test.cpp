// Every function of cross_entropy.hpp: layouts, executors, environments, errors. Types and the order of reductions are in
// cross_entropy_types_test.cpp, special values in semantics.txt, accuracy in reference/cross_entropy_test.cpp.
#include "k754/cross_entropy.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/entropy_kernels.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/random_tensor.hpp"

namespace {

using namespace k754;
using k754_test::any_executor;
using k754_test::case_count;
using k754_test::entropy_arguments;
using k754_test::entropy_function;
using k754_test::entropy_functions;
using k754_test::index_vector;
using k754_test::output_shape;
using k754_test::random_tensor;
using k754_test::serial;

float uniform(std::mt19937_64& random, float low, float high) {
  return low + (high - low) * static_cast<float>(random() >> 40) * 0x1p-24F;
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> result;
  for (float v : values) result.push_back(to_bits(v));
  return result;
}

/// A batch of rows with everything that any function takes, contiguous, classes last.
struct batch {
  index_t rows, classes;
  std::vector<float> input, labels, input_tangent, labels_tangent, upstream, weights;
  std::vector<std::int32_t> indices;

  batch(index_t row_count, index_t class_count, std::uint64_t seed, bool special = true)
      : rows(row_count), classes(class_count) {
    std::mt19937_64 random(seed);
    const auto elements = static_cast<std::size_t>(rows * classes);
    const auto fill = [&](std::vector<float>& values, std::size_t count, float low, float high) {
      values.resize(count);
      for (float& v : values) v = uniform(random, low, high);
    };
    fill(input, elements, 0.01F, 9.0F);
    fill(labels, elements, 0.0F, 1.0F);
    fill(input_tangent, elements, -1.0F, 1.0F);
    fill(labels_tangent, elements, -1.0F, 1.0F);
    fill(upstream, static_cast<std::size_t>(rows), -2.0F, 2.0F);
    fill(weights, static_cast<std::size_t>(classes), 0.1F, 3.0F);
    for (index_t r = 0; r < rows; ++r) {
      indices.push_back(
          random() % 5 == 0 ? -1 : static_cast<std::int32_t>(k754_test::random_below(random, classes)));
    }
    if (!special) return;
    for (std::size_t i = 0; i < elements; ++i) {
      if (random() % 40 == 0) input[i] = -infinity<float>();
      if (random() % 150 == 0) input[i] = canonical_nan<float>();
      if (random() % 3 == 0) labels[i] = 0.0F;
      if (random() % 40 == 0) input[i] = 9.0F;
    }
  }

  entropy_arguments arguments(float* output, const entropy_function& f, reduction kind) const {
    const std::array<index_t, 2> matrix{rows, classes};
    const bool reduced = kind != reduction::none;
    entropy_arguments a{.input = tensor_view(input.data(), matrix),
                        .indices = tensor_view(indices.data(), std::array{rows}),
                        .labels = tensor_view(labels.data(), matrix),
                        .upstream = tensor_view(upstream.data(), std::array{rows}),
                        .input_tangent = tensor_view(input_tangent.data(), matrix),
                        .labels_tangent = tensor_view(labels_tangent.data(), matrix),
                        .output = tensor_view(output, matrix),
                        .options = {.reduction = kind, .class_weights = weights}};
    if (f.index_labels) a.options.ignore_index = -1;
    if (reduced) a.upstream = tensor_view(upstream.data());
    if (f.output == output_shape::rows && reduced) a.output = tensor_view(output);
    if (f.output == output_shape::rows && !reduced) a.output = tensor_view(output, std::array{rows});
    return a;
  }

  std::size_t output_size(const entropy_function& f, reduction kind) const {
    if (f.output == output_shape::logits) return static_cast<std::size_t>(rows * classes);
    return kind == reduction::none ? static_cast<std::size_t>(rows) : 1;
  }

  std::vector<float> run(const entropy_function& f, reduction kind, double smoothing,
                         const any_executor& ex) const {
    std::vector<float> output(output_size(f, kind), 77.0F);
    entropy_arguments a = arguments(output.data(), f, kind);
    a.options.label_smoothing = smoothing;
    REQUIRE(f.run(a, ex) == status::ok);
    return output;
  }
};

// ---------------------------------------------------------------- one result, however it is asked for

TEST_CASE("A row has the same bits alone, in a batch, and on every executor") {
  case_count cases("functions x smoothing x shapes x executors", 500);
  for (const entropy_function& f : entropy_functions()) {
    for (double smoothing : {0.0, 0.1}) {
      for (index_t classes : {1, 2, 3, 17, 130}) {
        const batch all(301, classes, static_cast<std::uint64_t>(classes));
        const std::vector<float> expected = all.run(f, reduction::none, smoothing, serial);
        for (const any_executor& ex :
             {any_executor(k754_test::reverse_executor{}), any_executor(k754_test::thread_executor{})}) {
          INFO(f.name << ", " << classes << " classes");
          REQUIRE(bits(all.run(f, reduction::none, smoothing, ex)) == bits(expected));
          cases.add();
        }
        for (index_t r : {index_t{0}, index_t{1}, index_t{150}, index_t{300}}) {
          batch one = all;
          const auto keep = [r](auto& values, index_t per_row) {
            values = {values.begin() + r * per_row, values.begin() + (r + 1) * per_row};
          };
          one.rows = 1;
          for (auto* values : {&one.input, &one.labels, &one.input_tangent, &one.labels_tangent})
            keep(*values, classes);
          keep(one.upstream, 1);
          keep(one.indices, 1);
          const auto per_row = static_cast<index_t>(expected.size()) / all.rows;
          std::vector<float> part = expected;
          keep(part, per_row);
          REQUIRE(bits(one.run(f, reduction::none, smoothing, serial)) == bits(part));
          cases.add();
        }
      }
    }
  }
  cases.check();
}

TEST_CASE("A row has the same bits on every axis, with every stride, at every alignment") {
  case_count cases("functions x layouts", 1000);
  std::mt19937_64 random(7);
  for (const entropy_function& f : entropy_functions()) {
    for (int repetition = 0; repetition < 80; ++repetition) {
      // a shape of rank 1 .. 4, and the class axis in it
      const auto rank = static_cast<std::size_t>(1 + k754_test::random_below(random, 4));
      index_vector shape(rank);
      for (index_t& extent : shape) extent = 1 + k754_test::random_below(random, 4);
      const auto axis = static_cast<std::size_t>(k754_test::random_below(random, static_cast<index_t>(rank)));
      shape[axis] = 1 + k754_test::random_below(random, 9);
      index_vector row_shape = shape;
      row_shape.erase(row_shape.begin() + static_cast<index_t>(axis));
      const index_t classes = shape[axis];
      const index_t rows =
          std::accumulate(row_shape.begin(), row_shape.end(), index_t{1}, std::multiplies<>());
      const batch contiguous(rows, classes, random());
      const std::vector<float> expected = contiguous.run(f, reduction::none, 0.25, serial);

      random_tensor<float> input(random, shape, false), labels(random, shape, false);
      random_tensor<float> input_tangent(random, shape, false), labels_tangent(random, shape, false);
      random_tensor<float> upstream(random, row_shape, false), weights(random, {classes}, false);
      random_tensor<std::int32_t> indices(random, row_shape, false);
      random_tensor<float> output(random, f.output == output_shape::rows ? row_shape : shape, false);
      std::size_t flat = 0;
      const auto put = [](auto& tensor, const index_vector& index, const auto& value) {
        std::memcpy(tensor.at(index), &value, sizeof(value));
      };
      k754_test::for_each_index(row_shape, [&](const index_vector& row) {
        put(upstream, row, contiguous.upstream[flat]);
        put(indices, row, contiguous.indices[flat]);
        for (index_t c = 0; c < classes; ++c) {
          index_vector index = row;
          index.insert(index.begin() + static_cast<index_t>(axis), c);
          const std::size_t i = flat * static_cast<std::size_t>(classes) + static_cast<std::size_t>(c);
          put(input, index, contiguous.input[i]);
          put(labels, index, contiguous.labels[i]);
          put(input_tangent, index, contiguous.input_tangent[i]);
          put(labels_tangent, index, contiguous.labels_tangent[i]);
        }
        ++flat;
      });
      for (index_t c = 0; c < classes; ++c)
        put(weights, {c}, contiguous.weights[static_cast<std::size_t>(c)]);

      entropy_arguments a{.input = input.view(),
                          .indices = indices.view(),
                          .labels = labels.view(),
                          .upstream = upstream.view(),
                          .input_tangent = input_tangent.view(),
                          .labels_tangent = labels_tangent.view(),
                          .output = output.view(),
                          .options = {.axis = static_cast<index_t>(axis) -
                                              (repetition % 2 == 0 ? 0 : static_cast<index_t>(rank)),
                                      .reduction = reduction::none,
                                      .label_smoothing = 0.25,
                                      .class_weights = weights.view()}};
      if (f.index_labels) a.options.ignore_index = -1;
      const std::vector<unsigned char> before = output.memory;
      REQUIRE(f.run(a, serial) == status::ok);
      std::vector<unsigned char> wanted = before;
      output.memory.swap(wanted);  // `output` as it was; `wanted` holds the result
      flat = 0;
      k754_test::for_each_index(row_shape, [&](const index_vector& row) {
        if (f.output == output_shape::rows) {
          put(output, row, expected[flat++]);
          return;
        }
        for (index_t c = 0; c < classes; ++c) {
          index_vector index = row;
          index.insert(index.begin() + static_cast<index_t>(axis), c);
          put(output, index, expected[flat++]);
        }
      });
      INFO(f.name << ", axis " << axis << " of " << rank);
      REQUIRE(output.memory == wanted);
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("In place: a gradient over the logits or over the labels") {
  for (const entropy_function& f : entropy_functions()) {
    if (f.output != output_shape::logits) continue;
    for (double smoothing : {0.0, 0.1}) {
      const batch original(50, 7, 3);
      const std::vector<float> expected = original.run(f, reduction::mean, smoothing, serial);
      batch over_logits = original;
      entropy_arguments a = over_logits.arguments(over_logits.input.data(), f, reduction::mean);
      a.options.label_smoothing = smoothing;
      REQUIRE(f.run(a, k754_test::thread_executor{}) == status::ok);
      INFO(f.name);
      CHECK(bits(over_logits.input) == bits(expected));
      if (f.index_labels) continue;
      batch over_labels = original;
      a = over_labels.arguments(over_labels.labels.data(), f, reduction::mean);
      a.options.label_smoothing = smoothing;
      REQUIRE(f.run(a, k754_test::thread_executor{}) == status::ok);
      CHECK(bits(over_labels.labels) == bits(expected));
    }
  }
}

// ---------------------------------------------------------------- reductions

TEST_CASE("The gradient of a mean is that of a sum with the upstream gradient divided") {
  // dyadic denominator, so that the division is exact
  batch rows(64, 5, 12);
  std::fill(rows.weights.begin(), rows.weights.end(), 1.0F);
  std::fill(rows.indices.begin(), rows.indices.end(), 2);
  for (const entropy_function& f : entropy_functions()) {
    if (!f.has_upstream) continue;
    rows.upstream[0] = 3.0F;
    const std::vector<float> mean = rows.run(f, reduction::mean, 0.0, serial);
    rows.upstream[0] = 3.0F / 64.0F;
    INFO(f.name);
    CHECK(bits(rows.run(f, reduction::sum, 0.0, serial)) == bits(mean));
  }
}

TEST_CASE("An upstream gradient of nullptr is one that is left out") {
  const batch all(20, 5, 21);
  const std::array<index_t, 2> matrix{20, 5};
  const tensor_view x(all.input.data(), matrix), q(all.labels.data(), matrix);
  std::vector<float> left_out(100), null(100, 77.0F);
  const tensor_view expected(left_out.data(), matrix), came(null.data(), matrix);
  const cross_entropy_options<float> ignoring{.ignore_index = -1}, smooth{.label_smoothing = 0.1};
  const auto same = [&] { return bits(null) == bits(left_out); };

  cross_entropy_backward(x, all.indices, expected, {.ignore_index = -1});
  cross_entropy_backward(x, all.indices, nullptr, came, {.ignore_index = -1});
  CHECK(same());
  cross_entropy_label_backward(x, q, expected, smooth, serial);
  CHECK(try_cross_entropy_label_backward(x, q, nullptr, came, smooth, serial) == status::ok);
  CHECK(same());
  cross_entropy_from_probabilities_backward(x, all.indices, expected, ignoring);
  CHECK(check_cross_entropy_from_probabilities_backward(x, all.indices, nullptr, came, ignoring));
  cross_entropy_from_probabilities_backward(x, all.indices, nullptr, came, ignoring);
  CHECK(same());
  cross_entropy_from_probabilities_label_backward(x, q, expected);
  cross_entropy_from_probabilities_label_backward(x, q, nullptr, came);
  CHECK(same());
}

// ---------------------------------------------------------------- environments

TEST_CASE("No environment reaches a bit, and none is changed") {
  case_count cases("functions x reductions x smoothing", 90);
  for (const entropy_function& f : entropy_functions()) {
    for (reduction kind : {reduction::none, reduction::mean, reduction::sum}) {
      for (double smoothing : {0.0, 0.3}) {
        batch rows(40, 6, 5);
        rows.input[0] = 0x1p-140F;  // subnormal operands and results
        rows.labels[1] = 0x1p-145F;
        rows.input[6] = 100.0F;
        rows.input[7] = 0.0F;
        INFO(f.name);
        k754_test::require_immune([&] { return std::vector<float>(rows.output_size(f, kind), 77.0F); },
                                  [&](std::vector<float>& output) {
                                    entropy_arguments a = rows.arguments(output.data(), f, kind);
                                    a.options.label_smoothing = smoothing;
                                    const status result = f.run(a, serial);
                                    if (result != status::ok) output.assign(1, -1.0F);
                                  });
        cases.add();
      }
    }
  }
  cases.check();
}

// ---------------------------------------------------------------- errors

/// One way to call a function wrongly: the arguments, for 2 rows of 3 classes, and what comes of it.
struct mistake {
  std::string message;  ///< after the kernel's name
  status code;
  std::function<void(entropy_arguments&)> make;
};

/// The arguments of a call without mistakes, and memory for the mistakes to point at.
struct call_data {
  std::array<float, 64> memory{};  // inputs and output, apart
  std::array<std::int32_t, 2> indices{0, 2};
  entropy_arguments arguments;

  call_data(const entropy_function& f, reduction kind) {
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = 0.25F;
    const std::array<index_t, 2> matrix{2, 3};
    const std::array<index_t, 1> rows{2}, classes{3};
    float* const m = memory.data();
    arguments = {.input = tensor_view(m, matrix),
                 .indices = tensor_view(indices.data(), rows),
                 .labels = tensor_view(m + 8, matrix),
                 .upstream = tensor_view(m + 16, rows),
                 .input_tangent = tensor_view(m + 24, matrix),
                 .labels_tangent = tensor_view(m + 32, matrix),
                 .output = tensor_view(m + 40, matrix),
                 .options = {.reduction = kind}};
    arguments.options.class_weights = tensor_view(m + 48, classes);
    if (kind != reduction::none) arguments.upstream = tensor_view(m + 16);
    if (f.output == output_shape::rows) {
      arguments.output = tensor_view(m + 40, rows);
      if (kind != reduction::none) arguments.output = tensor_view(m + 40);
    }
  }
};

std::vector<mistake> mistakes_of(const entropy_function& f, reduction kind) {
  using args = entropy_arguments;
  constexpr index_t huge = std::numeric_limits<index_t>::max() / 4;
  const std::string x = f.input_name, out = f.output_name;
  const bool reduced = kind != reduction::none, gradient = f.output == output_shape::logits;
  const std::string in_place_only = ", but is not exactly it";
  static const std::array<index_t, 9> ones{1, 1, 1, 1, 1, 1, 1, 1, 1};
  static std::array<float, 8> elsewhere{};
  const auto matrix = [](float* data, index_t rows, index_t classes) {
    return tensor_view(data, std::array<index_t, 2>{rows, classes});
  };
  const auto vector = [](auto* data, index_t n) { return tensor_view(data, std::array<index_t, 1>{n}); };
  std::vector<mistake> all = {
      {x + " has 9 axes, at most 8 are supported", status::rank_mismatch,
       [](args& a) {
         a.input = {elsewhere.data(), 9, ones.data()};
       }},
      {x + " has extent -1 on axis 1", status::negative_extent,
       [=](args& a) { a.input = matrix(elsewhere.data(), 2, -1); }},
      {x + " is too large: extent " + std::to_string(huge) + " with stride " + std::to_string(huge) +
           " on axis 0 overflows",
       status::size_overflow, [=](args& a) { a.input = matrix(elsewhere.data(), huge, huge); }},
      {"axis is 2, " + x + " has 2 axes", status::axis_out_of_range, [](args& a) { a.options.axis = 2; }},
      {"axis is -3, " + x + " has 2 axes", status::axis_out_of_range, [](args& a) { a.options.axis = -3; }},
      {"axis is -1, " + x + " has 0 axes", status::axis_out_of_range,
       [](args& a) { a.input = tensor_view(elsewhere.data()); }},
      {"label_smoothing is not in [0, 1]", status::invalid_option,
       [](args& a) { a.options.label_smoothing = 1.0 + 0x1p-52; }},
      {"label_smoothing is not in [0, 1]", status::invalid_option,
       [](args& a) { a.options.label_smoothing = -0x1p-1074; }},
      {"label_smoothing is not in [0, 1]", status::invalid_option,
       [](args& a) { a.options.label_smoothing = canonical_nan<double>(); }},
      {"class_weights has extent 2 on axis 0, expected 3", status::shape_mismatch,
       [=](args& a) { a.options.class_weights = vector(elsewhere.data(), 2); }},
      {"class_weights has 2 axes, expected 1", status::rank_mismatch,
       [=](args& a) { a.options.class_weights = matrix(elsewhere.data(), 1, 3); }},
      {"row_weights has extent 3 on axis 0, expected 2", status::shape_mismatch,
       [=](args& a) { a.options.row_weights = vector(elsewhere.data(), 3); }},
      {x + " has extent 0 on axis 1: there are no classes", status::empty_reduction,
       [=](args& a) {
         a.input = a.labels = a.input_tangent = a.labels_tangent = matrix(elsewhere.data(), 2, 0);
         if (gradient) a.output = matrix(elsewhere.data(), 2, 0);
         a.options.class_weights = vector(elsewhere.data(), 0);
       }},
      {x + " has elements, but its pointer is null", status::null_pointer,
       [=](args& a) { a.input = matrix(nullptr, 2, 3); }},
      {"class_weights has elements, but its pointer is null", status::null_pointer,
       [=](args& a) { a.options.class_weights = vector(static_cast<float*>(nullptr), 3); }},
      {out + " shares memory with row_weights", status::overlap,
       [](args& a) {
         a.options.row_weights = tensor_view(a.output.data_handle(), std::array<index_t, 1>{2});
       }},
      {out + " shares memory with class_weights", status::overlap,
       [](args& a) {
         a.options.class_weights = tensor_view(a.output.data_handle(), std::array<index_t, 1>{3});
       }},
  };
  const auto add = [&](const std::string& message, status code, std::function<void(args&)> make) {
    all.push_back({message, code, std::move(make)});
  };
  if (f.index_labels) {
    add("labels has 2 axes, expected 1: integers are class indices, probabilities are floats",
        status::rank_mismatch, [](args& a) {
          a.indices = tensor_view(a.indices.data_handle(), std::array<index_t, 2>{2, 1});
        });
    add("labels has extent 1 on axis 0, expected 2", status::shape_mismatch,
        [=](args& a) { a.indices = vector(a.indices.data_handle(), 1); });
    add("labels has elements, but its pointer is null", status::null_pointer,
        [=](args& a) { a.indices = vector(static_cast<const std::int32_t*>(nullptr), 2); });
    static const std::array<std::int32_t, 2> beyond{1, 3}, negative{-1, 0};
    add("labels has 3 in row 1, there are 3 classes", status::label_out_of_range,
        [=](args& a) { a.indices = vector(beyond.data(), 2); });
    add("labels has -1 in row 0, there are 3 classes", status::label_out_of_range,
        [=](args& a) { a.indices = vector(negative.data(), 2); });
    add(out + " shares memory with labels", status::overlap, [=](args& a) {
      a.indices = vector(reinterpret_cast<const std::int32_t*>(a.output.data_handle()), 2);
    });
  } else {
    add("labels has 1 axes, expected 2: floats are probabilities, class indices are integers",
        status::rank_mismatch, [=](args& a) { a.labels = vector(elsewhere.data(), 2); });
    add("labels has extent 2 on axis 1, expected 3", status::shape_mismatch,
        [=](args& a) { a.labels = matrix(elsewhere.data(), 2, 2); });
    add("labels has elements, but its pointer is null", status::null_pointer,
        [=](args& a) { a.labels = matrix(nullptr, 2, 3); });
    add("ignore_index needs index labels, labels are probabilities", status::invalid_option,
        [](args& a) { a.options.ignore_index = 1; });
    add(out + " shares memory with labels" + (gradient ? in_place_only : ""), status::overlap, [=](args& a) {
      a.labels = tensor_view(a.output.data_handle() + 1, std::array<index_t, 2>{2, 3});
      if (!gradient) a.labels = tensor_view(a.output.data_handle(), std::array<index_t, 2>{2, 3});
    });
  }
  if (f.has_upstream) {
    if (reduced) {
      add("upstream has 2 elements, a mean or sum needs 1", status::shape_mismatch,
          [=](args& a) { a.upstream = vector(elsewhere.data(), 2); });
      add("upstream has 0 elements, a mean or sum needs 1", status::shape_mismatch,
          [=](args& a) { a.upstream = vector(elsewhere.data(), 0); });
      add("upstream has elements, but its pointer is null", status::null_pointer,
          [](args& a) { a.upstream = tensor_view(static_cast<const float*>(nullptr)); });
    } else {
      add("upstream has extent 3 on axis 0, expected 2", status::shape_mismatch,
          [=](args& a) { a.upstream = vector(elsewhere.data(), 3); });
      add("upstream has 2 axes, expected 1", status::rank_mismatch,
          [=](args& a) { a.upstream = matrix(elsewhere.data(), 2, 1); });
      add("upstream has elements, but its pointer is null", status::null_pointer,
          [=](args& a) { a.upstream = vector(static_cast<float*>(nullptr), 2); });
    }
    add(out + " shares memory with upstream", status::overlap, [=](args& a) {
      a.upstream = vector(a.output.data_handle() + 2, 2);
      if (reduced) a.upstream = tensor_view(static_cast<const float*>(a.output.data_handle() + 2));
    });
  }
  if (f.name == "cross_entropy_jvp") {
    add("logits_tangent has extent 2 on axis 1, expected 3", status::shape_mismatch,
        [=](args& a) { a.input_tangent = matrix(elsewhere.data(), 2, 2); });
    add("logits_tangent has elements, but its pointer is null", status::null_pointer,
        [=](args& a) { a.input_tangent = matrix(nullptr, 2, 3); });
    if (!f.index_labels) {
      add("labels_tangent has extent 1 on axis 0, expected 2", status::shape_mismatch,
          [=](args& a) { a.labels_tangent = matrix(elsewhere.data(), 1, 3); });
      add(out + " shares memory with labels_tangent", status::overlap, [=](args& a) {
        a.labels_tangent = tensor_view(a.output.data_handle(), std::array<index_t, 2>{2, 3});
      });
    }
  }
  if (gradient) {
    add(out + " has extent 2 on axis 1, expected 3", status::shape_mismatch,
        [=](args& a) { a.output = matrix(a.output.data_handle(), 2, 2); });
    add(out + " has strides that put two of its elements in one place", status::self_overlap, [](args& a) {
      a.output =
          tensor_view(a.output.data_handle(), std::array<index_t, 2>{2, 3}, std::array<index_t, 2>{1, 1});
    });
    add(out + " shares memory with " + x + in_place_only, status::overlap, [](args& a) {
      a.input = tensor_view(a.output.data_handle() + 1, std::array<index_t, 2>{2, 3});
    });
    add(out + " shares memory with " + x + in_place_only, status::overlap, [](args& a) {  // in another order
      a.input = tensor_view(a.output.data_handle() + 2, std::array<index_t, 2>{2, 3},
                            std::array<index_t, 2>{3, -1});
    });
  } else if (reduced) {
    add(out + " has 2 elements, a mean or sum needs 1", status::shape_mismatch,
        [=](args& a) { a.output = vector(a.output.data_handle(), 2); });
    add(out + " has elements, but its pointer is null", status::null_pointer,
        [](args& a) { a.output = tensor_view(static_cast<float*>(nullptr)); });
    add(out + " shares memory with " + x, status::overlap, [](args& a) {
      a.input = tensor_view(a.output.data_handle(), std::array<index_t, 2>{2, 3});
    });
  } else {
    add(out + " has 2 axes, expected 1", status::rank_mismatch,
        [=](args& a) { a.output = matrix(a.output.data_handle(), 2, 1); });
    add(out + " has strides that put two of its elements in one place", status::self_overlap, [](args& a) {
      a.output = tensor_view(a.output.data_handle(), std::array<index_t, 1>{2}, std::array<index_t, 1>{0});
    });
  }
  return all;
}

TEST_CASE("Every mistake has its status and message in all three forms, and nothing is written") {
  case_count cases("functions x reductions x mistakes", 800);
  for (const entropy_function& f : entropy_functions()) {
    for (reduction kind : {reduction::none, reduction::mean, reduction::sum}) {
      call_data right(f, kind);
      REQUIRE(f.run(right.arguments, serial) == status::ok);
      for (const mistake& m : mistakes_of(f, kind)) {
        call_data wrong(f, kind);
        m.make(wrong.arguments);
        const call_data before = wrong;
        const std::string expected = "[" + f.name + "] " + m.message;
        INFO(expected);
        CHECK(f.run(wrong.arguments, serial) == m.code);
        const bool data_decides = m.code == status::label_out_of_range;
        CHECK(status(f.check(wrong.arguments)) == (data_decides ? status::ok : m.code));
        status thrown = status::ok;
        std::string message;
        try {
          f.call(wrong.arguments, serial);
        } catch (const shape_error& e) {
          thrown = e.code();
          message = e.what();
        }
        CHECK(thrown == m.code);
        CHECK(message == expected);
        CHECK(wrong.memory == before.memory);
        cases.add();
      }
    }
  }
  cases.check();
}

/// One mistake of every kind, in the order in which checks are documented (status.hpp). Those of later kinds stay possible
/// beside those of earlier ones.
std::vector<mistake> mistakes_in_order(const entropy_function& f) {
  using args = entropy_arguments;
  static std::array<float, 8> elsewhere{};
  const std::string overlapped =
      f.index_labels || f.output == output_shape::rows ? "labels" : "labels, but is not exactly it";
  std::vector<mistake> all = {
      {"label_smoothing is not in [0, 1]", status::invalid_option,
       [](args& a) { a.options.label_smoothing = 2.0; }},
      {"class_weights has extent -1 on axis 0", status::negative_extent,
       [](args& a) { a.options.class_weights = tensor_view(elsewhere.data(), std::array<index_t, 1>{-1}); }},
      {"axis is 7, " + f.input_name + " has 2 axes", status::axis_out_of_range,
       [](args& a) { a.options.axis = 7; }},
      {f.output_name + " has 3 axes, expected " + (f.output == output_shape::rows ? "1" : "2"),
       status::rank_mismatch,
       [](args& a) {
         a.output = tensor_view(a.output.data_handle(), std::array<index_t, 3>{1, 1, 1});
       }},
      {f.input_name + " has elements, but its pointer is null", status::null_pointer,
       [](args& a) {
         a.input = tensor_view(static_cast<const float*>(nullptr), std::array<index_t, 2>{2, 3});
       }},
      {f.output_name + " shares memory with " + overlapped, status::overlap,
       [](args& a) {
         float* const data = a.output.data_handle();
         a.indices = tensor_view(reinterpret_cast<const std::int32_t*>(data), std::array<index_t, 1>{2});
         a.labels = tensor_view(data + 1, std::array<index_t, 2>{2, 3});
         if (a.output.rank() == 1) a.labels = tensor_view(data, std::array<index_t, 2>{2, 3});
       }},
  };
  if (f.index_labels) {
    static const std::array<std::int32_t, 2> negative{-1, 0};
    all.push_back({"labels has -1 in row 0, there are 3 classes", status::label_out_of_range,
                   [](args& a) { a.indices = tensor_view(negative.data(), std::array<index_t, 1>{2}); }});
  } else {  // wrong by itself too
    all.insert(all.begin(), {"ignore_index needs index labels, labels are probabilities",
                             status::invalid_option, [](args& a) { a.options.ignore_index = 1; }});
    std::swap(all[0], all[1]);
  }
  return all;
}

TEST_CASE("Of several mistakes the first in the documented order is reported") {
  case_count cases("functions x mistakes", 90);
  for (const entropy_function& f : entropy_functions()) {
    const std::vector<mistake> mistakes = mistakes_in_order(f);
    call_data wrong(f, reduction::none);
    for (std::size_t first = mistakes.size(); first-- > 0;) {
      mistakes[first].make(wrong.arguments);
      INFO(f.name << ": " << mistakes[first].message);
      CHECK(f.run(wrong.arguments, serial) == mistakes[first].code);
      std::string message;
      try {
        f.call(wrong.arguments, serial);
      } catch (const shape_error& e) {
        message = e.what();
      }
      CHECK(message == "[" + f.name + "] " + mistakes[first].message);
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("A result without elements is there at once, however many of the rows are empty") {
  constexpr index_t many = index_t{1} << 40;
  for (const entropy_function& f : entropy_functions()) {
    for (reduction kind : {reduction::none, reduction::mean, reduction::sum}) {
      for (const std::array<index_t, 3>& shape :
           {std::array<index_t, 3>{many, 0, 3}, std::array<index_t, 3>{0, many, 3}}) {
        const std::array<index_t, 2> rows{shape[0], shape[1]};
        float upstream = 1.0F, loss = 77.0F;
        entropy_arguments a{.input = tensor_view(static_cast<const float*>(nullptr), shape),
                            .indices = tensor_view(static_cast<const std::int32_t*>(nullptr), rows),
                            .labels = tensor_view(static_cast<const float*>(nullptr), shape),
                            .upstream = tensor_view(static_cast<const float*>(nullptr), rows),
                            .input_tangent = tensor_view(static_cast<const float*>(nullptr), shape),
                            .labels_tangent = tensor_view(static_cast<const float*>(nullptr), shape),
                            .output = tensor_view(static_cast<float*>(nullptr), shape),
                            .options = {.reduction = kind}};
        if (f.output == output_shape::rows) a.output = tensor_view(static_cast<float*>(nullptr), rows);
        if (kind != reduction::none) {
          a.upstream = tensor_view(&upstream);
          if (f.output == output_shape::rows) a.output = tensor_view(&loss);
        }
        INFO(f.name);
        CHECK(f.run(a, k754_test::throwing_executor{}) == status::ok);  // there is no work
        const bool writes = f.output == output_shape::rows && kind != reduction::none;
        CHECK(to_bits(loss) == (!writes ? to_bits(77.0F) : kind == reduction::mean ? 0x7FC00000 : 0));
      }
    }
  }
}

TEST_CASE("An executor that throws: callback_threw, or the exception itself, and the environment as it was") {
  for (const entropy_function& f : entropy_functions()) {
    for (reduction kind : {reduction::none, reduction::mean}) {
      for (const k754_test::environment& env : k754_test::hostile_environments()) {
        call_data call(f, kind);
        bool intact = false, caught = false;
        status result = status::ok;
        k754_test::run_in(env, intact, [&] {
          result = f.run(call.arguments, k754_test::throwing_executor{});
          try {
            f.call(call.arguments, k754_test::throwing_executor{});
          } catch (const std::runtime_error&) {
            caught = true;
          }
        });
        INFO(f.name << " in " << env.name);
        CHECK(result == status::callback_threw);
        CHECK(caught);
        CHECK(intact);
      }
    }
  }
}

}  // namespace

#include <k754/conv2d.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/conv2d_model.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/message.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::conv2d_problem;
using k754_test::random_value;
using k754_test::same_bits;
using k754_test::size_of;
using k754_test::square;

using generator = std::mt19937_64;
using extents = std::array<index_t, 4>;

constexpr policy fast{.precision = precision::fast};
constexpr policy exact{.precision = precision::exact};
constexpr policy flush{.subnormals = subnormals::flush};
constexpr index_t huge = std::numeric_limits<index_t>::max();

constexpr std::optional<extents> shape(const extents& input, const extents& weight,
                                       const conv2d_options& options = {}) {
  return conv2d_output_shape(input, weight, options);
}

// ---------------------------------------------------------------- errors

/// Views of run-time rank over one block of memory each.
struct arguments {
  static constexpr std::size_t room = 4096;
  std::vector<float> memory = std::vector<float>(6 * room, 7.0F);

  tensor_view<float> view(std::size_t place, const std::vector<index_t>& shape, bool null = false) {
    return {null ? nullptr : memory.data() + place * room, shape.size(), shape.data()};
  }
  tensor_view<float> x = view(0, {2, 5, 6, 4}), w = view(1, {3, 3, 3, 4}), b = view(2, {3}),
                     y = view(3, {2, 3, 4, 3});
  tensor_view<float> dx = view(4, {2, 5, 6, 4}), dw = view(5, {3, 3, 3, 4});
  conv2d_options options = {};
};

using change = std::function<void(arguments&)>;

/// The same failure from the check, the try_ form and the throwing form, and nothing is written.
template <class Check, class Try, class Throw>
void require_failure(arguments& a, status code, const std::string& message, Check&& check, Try&& attempt,
                     Throw&& throwing) {
  INFO(message);
  const std::vector<float> before = a.memory;
  const check_result result = check();
  CHECK(result.code == code);
  CHECK(k754_test::message(result) == message);
  CHECK(attempt() == code);
  try {
    throwing();
    FAIL_CHECK("nothing was thrown");
  } catch (const shape_error& error) {
    CHECK(error.code() == code);
    CHECK(error.what() == message);
  }
  CHECK(a.memory == before);
}

class failures {
 public:
  explicit failures(case_count& cases) : cases_(cases) {}

  void forward(status code, const std::string& message, const change& break_something) const {
    arguments a;
    break_something(a);
    require_failure(
        a, code, message, [&] { return check_conv2d(a.x, a.w, a.b, a.y, a.options); },
        [&] { return try_conv2d(a.x, a.w, a.b, a.y, a.options); },
        [&] { conv2d(a.x, a.w, a.b, a.y, a.options); });
    if (message.find("bias") == std::string::npos) {
      require_failure(
          a, code, message, [&] { return check_conv2d(a.x, a.w, a.y, a.options); },
          [&] { return try_conv2d(a.x, a.w, a.y, a.options); }, [&] { conv2d(a.x, a.w, a.y, a.options); });
    }
    cases_.add();
  }
  void backward_input(status code, const std::string& message, const change& break_something) const {
    arguments a;
    break_something(a);
    require_failure(
        a, code, message, [&] { return check_conv2d_backward_input(a.w, a.y, a.dx, a.options); },
        [&] { return try_conv2d_backward_input(a.w, a.y, a.dx, a.options); },
        [&] { conv2d_backward_input(a.w, a.y, a.dx, a.options); });
    cases_.add();
  }
  void backward_weight(status code, const std::string& message, const change& break_something) const {
    arguments a;
    break_something(a);
    require_failure(
        a, code, message, [&] { return check_conv2d_backward_weight(a.x, a.y, a.dw, a.options); },
        [&] { return try_conv2d_backward_weight(a.x, a.y, a.dw, a.options); },
        [&] { conv2d_backward_weight(a.x, a.y, a.dw, a.options); });
    cases_.add();
  }
  void backward_bias(status code, const std::string& message, const change& break_something) const {
    arguments a;
    break_something(a);
    require_failure(
        a, code, message, [&] { return check_conv2d_backward_bias(a.y, a.b, a.options); },
        [&] { return try_conv2d_backward_bias(a.y, a.b, a.options); },
        [&] { conv2d_backward_bias(a.y, a.b, a.options); });
    cases_.add();
  }

 private:
  case_count& cases_;
};

TEST_CASE(
    "Every error of conv2d has its status and message, from each of its forms, and nothing is written") {
  case_count cases("conv2d: errors", 48);
  const failures f(cases);
  using a = arguments&;

  // ranks
  f.forward(status::rank_mismatch, "[conv2d] input has 3 axes, expected 4", [](a v) {
    v.x = v.view(0, {5, 6, 4});
  });
  f.forward(status::rank_mismatch, "[conv2d] input has 9 axes, at most 8 are supported", [](a v) {
    v.x = v.view(0, {1, 1, 1, 1, 1, 2, 5, 6, 4});
  });
  f.forward(status::rank_mismatch, "[conv2d] weight has 2 axes, expected 4", [](a v) {
    v.w = v.view(1, {3, 4});
  });
  f.forward(status::rank_mismatch, "[conv2d] bias has 2 axes, expected 1", [](a v) {
    v.b = v.view(2, {1, 3});
  });
  f.forward(status::rank_mismatch, "[conv2d] output has 0 axes, expected 4",
            [](a v) { v.y = v.view(3, {}); });

  // options
  f.forward(status::invalid_option, "[conv2d] stride is 0 on spatial axis 0, expected at least 1", [](a v) {
    v.options.stride = {0, 1};
  });
  f.forward(status::invalid_option, "[conv2d] stride is -2 on spatial axis 1, expected at least 1", [](a v) {
    v.options.stride = {1, -2};
  });
  f.forward(status::invalid_option,
            "[conv2d] dilation is 0 on spatial axis 1, expected at least 1 (which means none)", [](a v) {
              v.options.dilation = {1, 0};
            });
  f.forward(status::invalid_option, "[conv2d] padding is -1, expected at least 0",
            [](a v) { v.options.padding.bottom = -1; });
  f.forward(status::invalid_option, "[conv2d] padding is 2 and a rule at the same time", [](a v) {
    v.options.padding = padding::same();
    v.options.padding.left = 2;
  });
  f.forward(status::invalid_option, "[conv2d] groups is 0, expected at least 1",
            [](a v) { v.options.groups = 0; });

  // extents
  f.forward(status::negative_extent, "[conv2d] input has extent -5 on axis 1", [](a v) {
    v.x = v.view(0, {2, -5, 6, 4});
  });
  f.forward(status::negative_extent, "[conv2d] weight has extent -3 on axis 0", [](a v) {
    v.w = v.view(1, {-3, 3, 3, 4});
  });
  f.forward(status::negative_extent, "[conv2d] bias has extent -3 on axis 0",
            [](a v) { v.b = v.view(2, {-3}); });
  f.forward(status::negative_extent, "[conv2d] output has extent -1 on axis 3", [](a v) {
    v.y = v.view(3, {2, 3, 4, -1});
  });
  const index_t half = index_t{1} << 31;
  f.forward(status::size_overflow,
            "[conv2d] input is too large: extent 2147483648 with stride 8589934592 on axis 1 overflows",
            [=](a v) {
              v.x = v.view(0, {0, half, half, 4});
            });
  f.forward(status::size_overflow,
            "[conv2d] output is too large: extent 2147483648 with stride 8589934592 on axis 1 overflows",
            [=](a v) {
              v.y = v.view(3, {0, half, half, 4});
            });

  // channels
  f.forward(status::channel_mismatch, "[conv2d] weight expects 3 input channels, input has 4", [](a v) {
    v.w = v.view(1, {3, 3, 3, 3});
  });
  f.forward(status::channel_mismatch, "[conv2d] weight expects 8 input channels, input has 4", [](a v) {
    v.w = v.view(1, {4, 3, 3, 4});
    v.options.groups = 2;
  });
  f.forward(status::channel_mismatch, "[conv2d] groups is 3, which does not divide 4 input channels",
            [](a v) { v.options.groups = 3; });
  f.forward(status::channel_mismatch, "[conv2d] groups is 2, which does not divide 3 filters", [](a v) {
    v.w = v.view(1, {3, 3, 3, 2});
    v.options.groups = 2;
  });
  f.forward(
      status::channel_mismatch,
      "[conv2d] weight expects 4 channels in each of " + std::to_string(huge) + " groups, there are 0 in all",
      [](a v) {
        v.x = v.view(0, {2, 5, 6, 0});
        v.w = v.view(1, {0, 3, 3, 4});
        v.b = v.view(2, {0});
        v.y = v.view(3, {2, 3, 4, 0});
        v.options.groups = huge;
      });

  // the kernel and the image
  f.forward(status::empty_reduction, "[conv2d] weight has extent 0 on spatial axis 1: there are no taps",
            [](a v) {
              v.w = v.view(1, {3, 3, 0, 4});
            });
  f.forward(status::kernel_exceeds_input,
            "[conv2d] weight spans 7 pixels on spatial axis 0, the padded image has 6", [](a v) {
              v.options.dilation = {3, 1};
              v.options.padding.top = 1;
            });
  f.forward(status::kernel_exceeds_input,
            "[conv2d] weight spans 3 pixels on spatial axis 1, the padded image has 2", [](a v) {
              v.x = v.view(0, {2, 5, 2, 4});
              v.options.stride = {1, 2};
            });
  f.forward(status::kernel_exceeds_input,
            "[conv2d] weight spans 3 pixels on spatial axis 0, the padded image has 0", [](a v) {
              v.x = v.view(0, {2, 0, 6, 4});
            });
  f.forward(status::size_overflow,
            "[conv2d] dilation is too large: 4611686018427387904 with a kernel of extent 3 on spatial axis 0 "
            "overflows",
            [](a v) {
              v.options.dilation = {index_t{1} << 62, 1};
            });
  f.forward(status::size_overflow,
            "[conv2d] padding is too large: 9223372036854775807 and 0 around an extent of 6 on spatial axis "
            "1 overflow",
            [](a v) { v.options.padding.left = huge; });
  f.forward(
      status::size_overflow,
      "[conv2d] padding is too large: 4611686018427387904 and 4611686018427387904 around an extent of 5 on "
      "spatial axis 0 overflow",
      [](a v) { v.options.padding.top = v.options.padding.bottom = index_t{1} << 62; });

  // other shapes
  f.forward(status::shape_mismatch, "[conv2d] bias has extent 4 on axis 0, expected 3",
            [](a v) { v.b = v.view(2, {4}); });
  f.forward(status::shape_mismatch, "[conv2d] output has extent 5 on axis 1, expected 3", [](a v) {
    v.y = v.view(3, {2, 5, 4, 3});
  });
  f.forward(status::shape_mismatch, "[conv2d] output has extent 3 on axis 1, expected 5",
            [](a v) { v.options.padding = padding::same(); });
  f.forward(status::shape_mismatch, "[conv2d] output has extent 1 on axis 0, expected 2", [](a v) {
    v.y = v.view(3, {1, 3, 4, 3});
  });
  f.forward(status::shape_mismatch, "[conv2d] output has extent 4 on axis 3, expected 3", [](a v) {
    v.y = v.view(3, {2, 3, 4, 4});
  });
  f.forward(status::shape_mismatch, "[conv2d] output has extent 4 on axis 1, expected 3",
            [](a v) {  // axes as given
              v.x = v.view(0, {2, 4, 5, 6});
              v.w = v.view(1, {3, 4, 3, 3});
              v.y = v.view(3, {2, 4, 3, 4});
              v.options.layout = image_layout::nchw;
            });

  // memory
  f.forward(status::null_pointer, "[conv2d] input has elements, but its pointer is null", [](a v) {
    v.x = v.view(0, {2, 5, 6, 4}, true);
  });
  f.forward(status::null_pointer, "[conv2d] weight has elements, but its pointer is null", [](a v) {
    v.w = v.view(1, {3, 3, 3, 4}, true);
  });
  f.forward(status::null_pointer, "[conv2d] bias has elements, but its pointer is null",
            [](a v) { v.b = v.view(2, {3}, true); });
  f.forward(status::null_pointer, "[conv2d] output has elements, but its pointer is null", [](a v) {
    v.y = v.view(3, {2, 3, 4, 3}, true);
  });
  f.forward(
      status::self_overlap, "[conv2d] output has strides that put two of its elements in one place", [](a v) {
        const std::array<index_t, 4> shape{2, 3, 4, 3}, strides{36, 12, 2, 1};
        v.y = tensor_view<float>(v.memory.data() + 3 * arguments::room, 4, shape.data(), strides.data());
      });
  f.forward(status::overlap, "[conv2d] output shares memory with input", [](a v) {
    v.y = v.view(0, {2, 3, 4, 3});
  });
  f.forward(status::overlap, "[conv2d] output shares memory with weight", [](a v) {
    v.y = v.view(1, {2, 3, 4, 3});
  });
  f.forward(status::overlap, "[conv2d] output shares memory with bias", [](a v) {
    v.y = v.view(2, {2, 3, 4, 3});
  });

  // the order of the checks, as status.hpp has it: the earlier of two errors
  f.forward(status::invalid_option, "[conv2d] groups is 0, expected at least 1", [](a v) {
    v.y = v.view(3, {});
    v.options.groups = 0;
  });
  f.forward(status::invalid_option, "[conv2d] stride is 0 on spatial axis 0, expected at least 1", [](a v) {
    v.x = v.view(0, {1, 1, 1, 1, 1, 2, 5, 6, 4});
    v.options.stride = {0, 1};
  });
  f.forward(status::negative_extent, "[conv2d] output has extent -1 on axis 0", [](a v) {
    v.x = v.view(0, {5, 6, 4});
    v.y = v.view(3, {-1});
  });
  f.forward(status::rank_mismatch, "[conv2d] output has 0 axes, expected 4", [](a v) {
    v.y = v.view(3, {});
    v.options.groups = 3;
  });
  f.forward(status::invalid_option, "[conv2d] groups is 0, expected at least 1", [](a v) {
    v.x = v.view(0, {2, -5, 6, 4});
    v.options.groups = 0;
  });
  f.forward(status::negative_extent, "[conv2d] input has extent -5 on axis 1", [](a v) {
    v.x = v.view(0, {2, -5, 6, 3});
  });
  f.forward(status::shape_mismatch, "[conv2d] output has extent 5 on axis 1, expected 3", [](a v) {
    v.x = v.view(0, {2, 5, 6, 4}, true);
    v.y = v.view(3, {2, 5, 4, 3});
  });
  f.forward(status::null_pointer, "[conv2d] weight has elements, but its pointer is null", [](a v) {
    v.w = v.view(1, {3, 3, 3, 4}, true);
    v.y = v.view(0, {2, 3, 4, 3});
  });
  cases.check();
}

TEST_CASE("The gradients report the same errors under their own names") {
  case_count cases("gradients: errors", 25);
  const failures f(cases);
  using a = arguments&;
  f.backward_input(status::rank_mismatch, "[conv2d_backward_input] dx has 3 axes, expected 4", [](a v) {
    v.dx = v.view(4, {5, 6, 4});
  });
  f.backward_input(status::rank_mismatch, "[conv2d_backward_input] upstream has 3 axes, expected 4", [](a v) {
    v.y = v.view(3, {5, 6, 4});
  });
  f.backward_input(status::invalid_option,
                   "[conv2d_backward_input] stride is 0 on spatial axis 0, expected at least 1", [](a v) {
                     v.options.stride = {0, 1};
                   });
  f.backward_input(status::channel_mismatch,
                   "[conv2d_backward_input] weight expects 4 input channels, dx has 5", [](a v) {
                     v.dx = v.view(4, {2, 5, 6, 5});
                   });
  f.backward_input(status::kernel_exceeds_input,
                   "[conv2d_backward_input] weight spans 3 pixels on spatial axis 0, the padded image has 2",
                   [](a v) {
                     v.dx = v.view(4, {2, 2, 6, 4});
                   });
  f.backward_input(status::shape_mismatch,
                   "[conv2d_backward_input] upstream has extent 4 on axis 2, expected 5", [](a v) {
                     v.dx = v.view(4, {2, 5, 7, 4});
                   });
  f.backward_input(status::negative_extent, "[conv2d_backward_input] upstream has extent -2 on axis 0",
                   [](a v) {
                     v.y = v.view(3, {-2, 3, 4, 3});
                   });
  f.backward_input(status::null_pointer, "[conv2d_backward_input] dx has elements, but its pointer is null",
                   [](a v) {
                     v.dx = v.view(4, {2, 5, 6, 4}, true);
                   });
  f.backward_input(status::null_pointer,
                   "[conv2d_backward_input] upstream has elements, but its pointer is null", [](a v) {
                     v.y = v.view(3, {2, 3, 4, 3}, true);
                   });
  f.backward_input(
      status::self_overlap,
      "[conv2d_backward_input] dx has strides that put two of its elements in one place", [](a v) {
        const std::array<index_t, 4> shape{2, 5, 6, 4}, strides{0, 24, 4, 1};
        v.dx = tensor_view<float>(v.memory.data() + 4 * arguments::room, 4, shape.data(), strides.data());
      });
  f.backward_input(status::overlap, "[conv2d_backward_input] dx shares memory with weight", [](a v) {
    v.dx = v.view(1, {2, 5, 6, 4});
  });
  f.backward_input(status::overlap, "[conv2d_backward_input] dx shares memory with upstream", [](a v) {
    v.dx = v.view(3, {2, 5, 6, 4});
  });

  f.backward_weight(status::rank_mismatch, "[conv2d_backward_weight] dw has 3 axes, expected 4", [](a v) {
    v.dw = v.view(5, {3, 3, 4});
  });
  f.backward_weight(status::invalid_option, "[conv2d_backward_weight] groups is -1, expected at least 1",
                    [](a v) {
                      v.dw = v.view(5, {3, 3, 4});
                      v.options.groups = -1;
                    });
  f.backward_weight(status::negative_extent, "[conv2d_backward_weight] dw has extent -3 on axis 1", [](a v) {
    v.x = v.view(0, {5, 6, 4});
    v.dw = v.view(5, {3, -3, 3, 4});
  });
  f.backward_weight(status::channel_mismatch,
                    "[conv2d_backward_weight] dw expects 5 input channels, input has 4", [](a v) {
                      v.dw = v.view(5, {3, 3, 3, 5});
                    });
  f.backward_weight(status::empty_reduction,
                    "[conv2d_backward_weight] dw has extent 0 on spatial axis 0: there are no taps", [](a v) {
                      v.dw = v.view(5, {3, 0, 3, 4});
                    });
  f.backward_weight(status::shape_mismatch,
                    "[conv2d_backward_weight] upstream has extent 3 on axis 3, expected 2", [](a v) {
                      v.dw = v.view(5, {2, 3, 3, 4});
                    });
  f.backward_weight(
      status::size_overflow,
      "[conv2d_backward_weight] padding is too large: 0 and 9223372036854775807 around an extent of 6 "
      "on spatial axis 1 overflow",
      [](a v) { v.options.padding.right = huge; });
  f.backward_weight(status::null_pointer,
                    "[conv2d_backward_weight] input has elements, but its pointer is null", [](a v) {
                      v.x = v.view(0, {2, 5, 6, 4}, true);
                    });
  f.backward_weight(status::overlap, "[conv2d_backward_weight] dw shares memory with input", [](a v) {
    v.dw = v.view(0, {3, 3, 3, 4});
  });
  f.backward_weight(status::overlap, "[conv2d_backward_weight] dw shares memory with upstream", [](a v) {
    v.dw = v.view(3, {3, 3, 3, 4});
  });

  f.backward_bias(status::rank_mismatch, "[conv2d_backward_bias] upstream has 2 axes, expected 4", [](a v) {
    v.y = v.view(3, {4, 3});
  });
  f.backward_bias(status::rank_mismatch, "[conv2d_backward_bias] db has 2 axes, expected 1", [](a v) {
    v.b = v.view(2, {1, 3});
  });
  f.backward_bias(status::shape_mismatch, "[conv2d_backward_bias] db has extent 3 on axis 0, expected 4",
                  [](a v) {
                    v.options.layout = image_layout::nchw, v.y = v.view(3, {2, 4, 3, 3});
                  });
  f.backward_bias(status::negative_extent, "[conv2d_backward_bias] db has extent -3 on axis 0",
                  [](a v) { v.b = v.view(2, {-3}); });
  f.backward_bias(status::null_pointer,
                  "[conv2d_backward_bias] upstream has elements, but its pointer is null", [](a v) {
                    v.y = v.view(3, {2, 3, 4, 3}, true);
                  });
  f.backward_bias(status::overlap, "[conv2d_backward_bias] db shares memory with upstream",
                  [](a v) { v.b = v.view(3, {3}); });
  cases.check();
}

TEST_CASE("Null pointers are fine where there are no elements") {
  arguments a;
  std::vector<float> y(18, 9.0F), b{1.0F, -0.0F};
  const tensor_view<float, 4> no_channels(nullptr, {1, 3, 3, 0}), no_weights(nullptr, {2, 1, 1, 0});
  conv2d(no_channels, no_weights, b, tensor_view<float, 4>(y.data(), {1, 3, 3, 2}));
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(to_bits(y[i]) == (i % 2 == 0 ? to_bits(1.0F) : 0U));
  conv2d(no_channels, no_weights, tensor_view<float, 4>(y.data(), {1, 3, 3, 2}));
  CHECK(same_bits(y, std::vector<float>(18)));
  const tensor_view<float, 4> no_image(nullptr, {0, 3, 3, 4}), no_output(nullptr, {0, 3, 3, 2});
  conv2d(no_image, tensor_view<const float, 4>(a.w.data_handle(), {2, 1, 1, 4}), no_output);
  const tensor_view<float, 4> no_filters(nullptr, {0, 1, 1, 4}), no_results(nullptr, {2, 5, 6, 0});
  conv2d(a.x, no_filters, no_results);

  // gradients that are sums over nothing
  std::vector<float> dx(240, 9.0F), dw(8, 9.0F), db(2, 9.0F);
  conv2d_backward_input(no_filters, no_results, tensor_view<float, 4>(dx.data(), {2, 5, 6, 4}));
  CHECK(same_bits(dx, std::vector<float>(240)));
  conv2d_backward_weight(no_image, no_output, tensor_view<float, 4>(dw.data(), {2, 1, 1, 4}));
  CHECK(same_bits(dw, std::vector<float>(8)));
  conv2d_backward_bias(no_output, db);
  CHECK(same_bits(db, std::vector<float>(2)));

  // an empty image between paddings: conv2d(pad(x))
  const tensor_view<float, 4> no_rows(nullptr, {1, 0, 3, 1});
  std::vector<float> weight(4, 2.0F), z(8, 9.0F);
  conv2d(no_rows, tensor_view<float, 4>(weight.data(), {1, 2, 2, 1}),
         tensor_view<float, 4>(z.data(), {1, 2, 4, 1}), {.padding = {1, 2, 1, 1}});
  CHECK(same_bits(z, std::vector<float>(8)));
  conv2d_backward_weight(no_rows, tensor_view<float, 4>(z.data(), {1, 2, 4, 1}),
                         tensor_view<float, 4>(weight.data(), {1, 2, 2, 1}), {.padding = {1, 2, 1, 1}});
  CHECK(same_bits(weight, std::vector<float>(4)));
}

TEST_CASE("CV-13d: under same() an empty image has an empty output") {
  for (const padding rule : {padding::same(), padding::same_lower()}) {
    const conv2d_options options{.stride = {2, 2}, .dilation = {3, 3}, .padding = rule};
    CHECK(shape({2, 0, 3, 1}, {5, 3, 3, 1}, options) == extents{2, 0, 2, 5});
    CHECK(shape({2, 3, 0, 1}, {5, 3, 3, 1}, options) == extents{2, 2, 0, 5});
    CHECK(shape({2, 0, 0, 1}, {5, 4, 4, 1}, options) == extents{2, 0, 0, 5});
    CHECK(check_conv2d_output_shape({2, 0, 3, 1}, {5, 0, 3, 1}, options) == status::empty_reduction);

    std::vector<float> w(9, 2.0F), dw(9, 7.0F);
    const tensor_view<const float, 4> image(nullptr, {2, 0, 3, 1}), weight(w.data(), {1, 3, 3, 1});
    const tensor_view<float, 4> output(nullptr, {2, 0, 2, 1}), dx(nullptr, {2, 0, 3, 1});
    conv2d(image, weight, output, options);
    conv2d_backward_input(weight, output, dx, options);
    conv2d_backward_weight(image, output, tensor_view<float, 4>(dw.data(), {1, 3, 3, 1}), options);
    CHECK(same_bits(dw, std::vector<float>(9)));
  }
}

TEST_CASE("However many images or filters without elements there are, nothing is done for them") {
  constexpr index_t many = index_t{1} << 40;
  const conv2d_options same{.padding = padding::same()};
  std::vector<float> w(9, 2.0F), dw(9, 7.0F), db(1, 7.0F);
  const tensor_view<const float, 4> weight(w.data(), {1, 3, 3, 1});
  const tensor_view<float, 4> weight_gradient(dw.data(), {1, 3, 3, 1});
  for (const extents& empty : {extents{many, 0, 4, 1}, extents{many, 4, 0, 1}, extents{many, 0, 0, 1}}) {
    const tensor_view<float, 4> images(nullptr, empty);
    conv2d(images, weight, images, same);
    conv2d_backward_input(weight, images, images, same);
    dw.assign(9, 7.0F);
    conv2d_backward_weight(images, images, weight_gradient, same);
    CHECK(same_bits(dw, std::vector<float>(9)));
    db.assign(1, 7.0F);
    conv2d_backward_bias(images, db);
    CHECK(same_bits(db, std::vector<float>(1)));
  }
  // many rows of no pixels
  const tensor_view<float, 4> rows(nullptr, {1, many, 0, 1});
  conv2d(rows, weight, rows, same);
  conv2d_backward_weight(rows, rows, weight_gradient, same);
  conv2d_backward_bias(rows, db);
  // many pixels without channels, many filters without taps to sum up, many filters of an empty batch
  const tensor_view<float, 4> pixels(nullptr, {many, 1, 1, 0}), no_filters(nullptr, {0, 1, 1, 0});
  conv2d(pixels, no_filters, pixels);
  conv2d_backward_input(no_filters, pixels, pixels);
  conv2d_backward_weight(pixels, pixels, no_filters);
  conv2d_backward_bias(pixels, tensor_view<float, 1>(nullptr, {0}));
  const tensor_view<float, 4> filters(nullptr, {many, 3, 3, 0}), no_channels(nullptr, {0, 4, 4, 0}),
      no_batch(nullptr, {0, 2, 2, many});
  conv2d(no_channels, filters, no_batch);
  conv2d_backward_input(filters, no_batch, no_channels);
  conv2d_backward_weight(no_channels, no_batch, filters);
}

TEST_CASE("Strides, dilations and paddings near the limit of index_t are no problem where the sizes fit") {
  const std::vector<float> x{1.0F, 2.0F, 3.0F, 4.0F}, w{10.0F};
  std::vector<float> y(1), dx(4), dw(1);
  const tensor_view<const float, 4> image(x.data(), {1, 2, 2, 1}), weight(w.data(), {1, 1, 1, 1});
  const tensor_view<float, 4> output(y.data(), {1, 1, 1, 1});
  conv2d_options options{.stride = {huge, huge}, .dilation = {huge, huge}};
  conv2d(image, weight, output, options);
  CHECK(y[0] == 10.0F);
  conv2d_backward_input(weight, output, tensor_view<float, 4>(dx.data(), {1, 2, 2, 1}), options);
  CHECK(dx == std::vector<float>{100.0F, 0.0F, 0.0F, 0.0F});
  conv2d_backward_weight(image, output, tensor_view<float, 4>(dw.data(), {1, 1, 1, 1}), options);
  CHECK(dw[0] == 10.0F);
  options.padding = {huge - 2, 0, 0,
                     0};  // an output in the padding, and with stride huge - 2 another on the first pixel
  options.stride = {huge - 2, 2};
  std::vector<float> two(2);
  conv2d(image, weight, tensor_view<float, 4>(two.data(), {1, 2, 1, 1}), options);
  CHECK(two == std::vector<float>{0.0F, 10.0F});
  conv2d_backward_input(weight, tensor_view<float, 4>(two.data(), {1, 2, 1, 1}),
                        tensor_view<float, 4>(dx.data(), {1, 2, 2, 1}), options);
  CHECK(dx == std::vector<float>{100.0F, 0.0F, 0.0F, 0.0F});
  options = {.stride = {2, huge / 2}, .padding = {0, 0, huge / 2, huge / 2 - 2}};
  conv2d(image, weight, tensor_view<float, 4>(two.data(), {1, 1, 2, 1}), options);
  CHECK(two == std::vector<float>{0.0F, 10.0F});
  conv2d_backward_weight(image, tensor_view<float, 4>(two.data(), {1, 1, 2, 1}),
                         tensor_view<float, 4>(dw.data(), {1, 1, 1, 1}), options);
  CHECK(dw[0] == 10.0F);
}

// ---------------------------------------------------------------- shapes

static_assert(*shape({1, 256, 256, 1024}, {1024, 4, 7, 1024},
                     {.dilation = {3, 2}, .padding = padding::same()}) == extents{1, 256, 256, 1024});
static_assert(*shape({8, 224, 224, 3}, {64, 7, 7, 3}, {.stride = {2, 2}, .padding = {3, 3, 3, 3}}) ==
              extents{8, 112, 112, 64});
static_assert(*shape({8, 3, 224, 224}, {64, 3, 7, 7},
                     {.stride = {2, 2}, .padding = {3, 3, 3, 3}, .layout = image_layout::nchw}) ==
              extents{8, 64, 112, 112});
static_assert(*shape({8, 224, 224, 3}, {7, 7, 3, 64}, {.weight_layout = weight_layout::hwio}) ==
              extents{8, 218, 218, 64});
static_assert(*shape({1, 6, 6, 8}, {16, 3, 3, 1}, {.groups = 8}) == extents{1, 4, 4, 16});
static_assert(!shape({1, 2, 2, 1}, {1, 3, 3, 1}, {.stride = {2, 2}}));  // (2 - 3) / 2 + 1 truncates to 1
static_assert(!shape({1, 2, 2, 1}, {1, 1, 1, 1}, {.groups = 2}));
static_assert(!shape({1, -2, 2, 1}, {1, 1, 1, 1}));
static_assert(check_conv2d_output_shape({1, huge, 1, 1}, {2, 1, 1, 1}).code == status::size_overflow);
static_assert(check_conv2d_output_shape({1, 5, 5, 4}, {1, 3, 3, 3}).code == status::channel_mismatch);
// One number for both axes or all sides; two: vertical, horizontal; four: top, bottom, left, right; nothing else.
template <class... Numbers>
concept makes_padding = requires(Numbers... numbers) {
  conv2d_options{.padding = {numbers...}};
};
template <class... Numbers>
concept makes_stride = requires(Numbers... numbers) {
  conv2d_options{.stride = {numbers...}, .dilation = {numbers...}};
};
static_assert(makes_padding<> && makes_padding<int> && makes_padding<int, std::size_t> &&
              !makes_padding<int, int, int> && makes_padding<int, int, int, int> &&
              !makes_padding<int, int, int, int, padding::rule> && !makes_padding<double>);
static_assert(!makes_stride<> && makes_stride<int> && makes_stride<std::size_t, int> &&
              makes_stride<std::array<index_t, 2>> && !makes_stride<int, int, int> && !makes_stride<double>);
static_assert(conv2d_options{.padding = 1}.padding == padding(1, 1, 1, 1));
static_assert(conv2d_options{.padding = {1, 2}}.padding == padding(1, 1, 2, 2));
constexpr padding four{1, 2, 3, 4};
static_assert(four.top == 1 && four.bottom == 2 && four.left == 3 && four.right == 4);
static_assert(conv2d_options{.stride = 2}.stride == per_axis(2, 2));
static_assert(conv2d_options{.dilation = 2}.dilation == per_axis(2, 2) && per_axis(2, 3)[1] == 3);
static_assert(conv2d_options{}.stride == 1 && conv2d_options{}.dilation == 1);
static_assert(*shape({1, 5, 6, 1}, {1, 3, 2, 1}, {.stride = 2, .padding = {1, 2}}) == extents{1, 3, 5, 1});

static_assert(padding::valid() == padding{});
static_assert(padding::same() != padding{});

// The check runs at compile time, on shapes.
constexpr tensor_view<const float, 4> image_view(nullptr, {0, 5, 5, 1}), weight_view(nullptr, {0, 3, 3, 1});
constexpr tensor_view<float, 4> output_view(nullptr, {0, 3, 3, 0}), other_view(nullptr, {0, 4, 3, 0});
static_assert(check_conv2d(image_view, weight_view, output_view));
static_assert(check_conv2d(image_view, weight_view, other_view).code == status::shape_mismatch);

TEST_CASE("The shape of the output comes from extents, views or arrays") {
  static float image[1][5][6][2], filters[3][3][3][2];
  const conv2d_options options{.padding = 1};
  const extents expected{1, 5, 6, 3};
  const auto x = as_tensor_view(image);
  const tensor_view<const float> w = as_tensor_view(filters);
  CHECK(conv2d_output_shape(image, filters, options) == expected);
  CHECK(conv2d_output_shape(x, w, options) == expected);
  CHECK(check_conv2d_output_shape(x, w, options));
  extents given{1, 5, 6, 2};
  CHECK(conv2d_output_shape(given, {3, 3, 3, 2}, options) == expected);
  const index_t three[3] = {3, 3, 2};
  CHECK(k754_test::message(
            check_conv2d_output_shape(image, tensor_view<const float>(&filters[0][0][0][0], 3, three))) ==
        "[conv2d_output_shape] weight has 3 axes, expected 4");
}

TEST_CASE("Extents that are too large for any tensor are reported without strides, which they do not have") {
  const auto message = [](const extents& input, const extents& weight, const conv2d_options& options) {
    return k754_test::message(check_conv2d_output_shape(input, weight, options));
  };
  constexpr index_t far = index_t{1} << 55;
  CHECK(message({1, 5, 6, 4}, {3, 3, 3, 4}, {.padding = {far, far, far, far}}) ==
        "[conv2d_output_shape] output is too large: 1 x 72057594037927939 x 72057594037927940 x 3 elements "
        "overflow");
  CHECK(message({1, 4, 5, 6}, {300, 4, 3, 3}, {.padding = {far, far, 0, 0}, .layout = image_layout::nchw}) ==
        "[conv2d_output_shape] output is too large: 1 x 300 x 72057594037927939 x 4 elements overflow");
  CHECK(message({huge, 2, 6, 0}, {3, 3, 3, 0}, {}) ==
        "[conv2d_output_shape] input is too large: 9223372036854775807 x 2 x 6 x 0 elements overflow");
  CHECK(
      message({1, 5, 6, 4}, {3, huge, huge, 4}, {}) ==
      "[conv2d_output_shape] weight is too large: 3 x 9223372036854775807 x 9223372036854775807 x 4 elements "
      "overflow");
  CHECK(message({1, 5, -6, 4}, {3, 3, 3, 4}, {}) == "[conv2d_output_shape] input has extent -6 on axis 2");
}

TEST_CASE(
    "same() gives ceil(input / stride) outputs, and the odd zero to the end; same_lower() to the beginning") {
  case_count axes("axes under same", 400);
  for (index_t input = 1; input <= 12; ++input)
    for (index_t kernel = 1; kernel <= 4; ++kernel)
      for (index_t stride = 1; stride <= 4; ++stride)
        for (index_t dilation = 1; dilation <= 3; ++dilation) {
          const index_t wanted = (input + stride - 1) / stride;
          const index_t span = (kernel - 1) * dilation + 1;
          const index_t total =
              std::max<index_t>((wanted - 1) * stride + span - input, 0);  // as TensorFlow documents it
          const extents x{1, input, 1, 1}, w{1, kernel, 1, 1};
          std::vector<float> image(static_cast<std::size_t>(input)), taps(static_cast<std::size_t>(kernel));
          for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i + 1);
          for (std::size_t i = 0; i < taps.size(); ++i) taps[i] = static_cast<float>(1 << (4 * i));
          for (const bool lower : {false, true}) {
            conv2d_options by_rule{.stride = {stride, 1}, .dilation = {dilation, 1}};
            conv2d_options by_number = by_rule;
            by_rule.padding = lower ? padding::same_lower() : padding::same();
            const index_t before = lower ? total - total / 2 : total / 2;
            by_number.padding = {before, total - before, 0, 0};
            REQUIRE(shape(x, w, by_rule) == extents{1, wanted, 1, 1});
            std::vector<float> y(static_cast<std::size_t>(wanted)), z = y;
            const tensor_view<const float, 4> xv(image.data(), x), wv(taps.data(), w);
            conv2d(xv, wv, tensor_view<float, 4>(y.data(), {1, wanted, 1, 1}), by_rule);
            conv2d(xv, wv, tensor_view<float, 4>(z.data(), {1, wanted, 1, 1}), by_number);
            REQUIRE(y == z);
            axes.add();
          }
        }
  axes.check();
}

TEST_CASE("Arrays and containers are arguments as they are") {
  const float x[1][2][3][1] = {{{{1}, {2}, {3}}, {{4}, {5}, {6}}}};
  const float w[1][1][2][1] = {{{{1}, {10}}}};
  const std::vector<float> b{100};
  float y[1][2][2][1] = {};
  conv2d(x, w, b, y);
  CHECK(y[0][0][0][0] == 121);
  CHECK(y[0][1][1][0] == 165);
  const long long big_x[1][1][1][1] = {{{{3}}}};
  const unsigned char small_w[1][1][1][1] = {{{{250}}}};
  long long big_y[1][1][1][1] = {};
  conv2d(big_x, small_w, big_y);
  CHECK(big_y[0][0][0][0] == 750);
}

// ---------------------------------------------------------------- environments and executors

/// Data whose products and sums are subnormal, so that FTZ/DAZ and rounding modes would show.
template <class T>
struct hostile_data {
  conv2d_problem p = square(7, 45, 3, 3, 1);  // 405 terms
  std::vector<T> x, w, u, b;

  explicit hostile_data(int exponent) {
    generator random(8);
    const auto values = [&](std::size_t count) {
      std::vector<T> result(count);
      for (T& v : result) v = static_cast<T>(std::ldexp(static_cast<double>(random_value(random)), exponent));
      return result;
    };
    x = values(size_of(p.image())), w = values(size_of(p.weight())), u = values(size_of(p.output())),
    b = values(3);
  }

  template <policy P, class Executor = serial_executor>
  std::vector<T> all_results(Executor&& ex = {}) const {
    const tensor_view<const T, 4> xv(x.data(), p.image()), wv(w.data(), p.weight()), uv(u.data(), p.output());
    std::vector<T> results(2 * u.size() + x.size() + w.size() + b.size());
    T* next = results.data();
    const auto take = [&](std::size_t count) { return std::exchange(next, next + count); };
    conv2d<P>(xv, wv, tensor_view<T, 4>(take(u.size()), p.output()), p.options, ex);
    conv2d<P>(xv, wv, b, tensor_view<T, 4>(take(u.size()), p.output()), p.options, ex);
    conv2d_backward_input<P>(wv, uv, tensor_view<T, 4>(take(x.size()), p.image()), p.options, ex);
    conv2d_backward_weight<P>(xv, uv, tensor_view<T, 4>(take(w.size()), p.weight()), p.options, ex);
    conv2d_backward_bias<P>(uv, tensor_view<T, 1>(take(b.size()), {3}), p.options, ex);
    return results;
  }

  template <policy P>
  void require_immune() const {
    k754_test::require_immune([&] { return std::vector<T>(2 * u.size() + x.size() + w.size() + b.size()); },
                              [&](std::vector<T>& results) { results = all_results<P>(); });
  }
};

TEST_CASE(
    "CV-09: every public function gives the same bits under FTZ/DAZ, rounding modes, unmasked exceptions") {
  const hostile_data<float> floats(-68);
  floats.require_immune<policy{}>();
  floats.require_immune<fast>();
  floats.require_immune<exact>();
  floats.require_immune<flush>();
  hostile_data<double>(-510).require_immune<policy{}>();
  hostile_data<float16>(-10).require_immune<policy{}>();
  // the data is as hostile as it claims: FTZ would show
  const std::vector<float> results = floats.all_results<policy{}>();
  CHECK(std::count_if(results.begin(), results.end(), [](float v) { return is_subnormal(v); }) > 1000);
  CHECK_FALSE(same_bits(results, floats.all_results<flush>()));
}

TEST_CASE("Executors cannot change a bit; one that throws is reported") {
  const hostile_data<float> data(0);
  const std::vector<float> expected = data.all_results<policy{}>();
  CHECK(same_bits(data.all_results<policy{}>(k754_test::reverse_executor{}), expected));
  CHECK(same_bits(data.all_results<policy{}>(k754_test::thread_executor{}), expected));

  arguments a;
  const k754_test::throwing_executor throwing;
  CHECK(try_conv2d(a.x, a.w, a.y, a.options, throwing) == status::callback_threw);
  CHECK(try_conv2d(a.x, a.w, a.b, a.y, a.options, throwing) == status::callback_threw);
  CHECK(try_conv2d_backward_input(a.w, a.y, a.dx, a.options, throwing) == status::callback_threw);
  CHECK(try_conv2d_backward_weight(a.x, a.y, a.dw, a.options, throwing) == status::callback_threw);
  CHECK(try_conv2d_backward_bias(a.y, a.b, a.options, throwing) == status::callback_threw);
  CHECK_THROWS_AS(conv2d(a.x, a.w, a.y, a.options, throwing), std::runtime_error);
  CHECK_THROWS_AS(conv2d(a.x, a.w, a.b, a.y, a.options, throwing), std::runtime_error);
  CHECK_THROWS_AS(conv2d_backward_input(a.w, a.y, a.dx, a.options, throwing), std::runtime_error);
  CHECK_THROWS_AS(conv2d_backward_weight(a.x, a.y, a.dw, a.options, throwing), std::runtime_error);
  CHECK_THROWS_AS(conv2d_backward_bias(a.y, a.b, a.options, throwing), std::runtime_error);
  static_assert(noexcept(try_conv2d(a.x, a.w, a.y))&& noexcept(try_conv2d(a.x, a.w, a.b, a.y)));
}

TEST_CASE("Policies that mean the same share one instantiation") {
  using detail::conv2d_part;
  using detail::conv2d_policy;
  constexpr policy ieee{.zero_times_inf = zero_times_inf::ieee};
  constexpr policy annihilating{.zero_times_inf = zero_times_inf::annihilating_zero};
  constexpr policy annihilating_absent{.zero_times_inf = zero_times_inf::annihilating_zero,
                                       .padded_taps = padded_taps::absent};
  constexpr policy absent{.padded_taps = padded_taps::absent};
  constexpr policy unread{.nans = nans::omit, .pos_inf = pos_inf::limit};
  STATIC_REQUIRE(conv2d_policy<float>(policy{}, conv2d_part::forward) == ieee);
  STATIC_REQUIRE(conv2d_policy<float>(unread, conv2d_part::forward) == ieee);
  STATIC_REQUIRE(conv2d_policy<float>(annihilating, conv2d_part::forward) == annihilating_absent);
  STATIC_REQUIRE(conv2d_policy<float>(absent, conv2d_part::backward_input) == ieee);
  STATIC_REQUIRE(conv2d_policy<float>(absent, conv2d_part::backward_weight) != ieee);
  STATIC_REQUIRE(conv2d_policy<float>(annihilating, conv2d_part::backward_bias) == ieee);
  STATIC_REQUIRE(conv2d_policy<std::int8_t>(annihilating_absent, conv2d_part::forward) == policy{});
}

}  // namespace

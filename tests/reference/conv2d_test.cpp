#include "k754/reference/conv2d.hpp"

#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"

namespace {

using k754::index_t;
using k754::reference::conv2d_axis;
using k754_test::case_count;

/// Every axis with small parameters whose kernel fits.
template <class Body>
void for_each_axis(Body&& body) {
  for (index_t input = 0; input <= 6; ++input)
    for (index_t kernel = 1; kernel <= 3; ++kernel)
      for (index_t stride = 1; stride <= 4; ++stride)
        for (index_t dilation = 1; dilation <= 3; ++dilation)
          for (index_t before = 0; before <= 4; ++before)
            for (index_t after = 0; after <= 4; ++after) {
              conv2d_axis axis{input, kernel, 0, stride, dilation, before};
              for (index_t at = 0; at + (kernel - 1) * dilation < input + before + after; at += stride)
                ++axis.output;
              if (axis.output > 0) body(axis);
            }
}

TEST_CASE("output_at and outputs_below invert position") {
  case_count axes("axes", 5000);
  for_each_axis([&](const conv2d_axis& axis) {
    for (index_t tap = 0; tap < axis.kernel; ++tap) {
      for (index_t position = 0; position <= axis.input; ++position) {
        index_t reader = -1, below = 0;
        for (index_t i = 0; i < axis.output; ++i) {
          if (axis.position(i, tap) == position) reader = i;
          if (axis.position(i, tap) < position) ++below;
        }
        if (axis.output_at(position, tap) != reader || axis.outputs_below(position, tap) != below) {
          CAPTURE(axis.input, axis.kernel, axis.stride, axis.dilation, axis.before, tap, position);
          FAIL();
        }
      }
    }
    axes.add();
  });
  axes.check();
}

TEST_CASE("index_of is row-major") {
  case_count indices("indices", 120);
  std::vector<float> data(120);
  const k754::tensor_view<float, 4> view(data.data(), {2, 3, 4, 5});
  for (index_t i = 0; i < 120; ++i) {
    const auto [a, b, c, d] = k754::reference::index_of(i, view);
    REQUIRE(&view(a, b, c, d) == &data[static_cast<std::size_t>(i)]);
    REQUIRE(k754::reference::pointer_to(view, a, b, c, d) == &data[static_cast<std::size_t>(i)]);
    indices.add();
  }
  indices.check();
}

}  // namespace

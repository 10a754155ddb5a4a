// One object of cases.json; README.md says what the fields mean.
#ifndef K754_BENCHMARKS_PROBLEM_HPP
#define K754_BENCHMARKS_PROBLEM_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <k754/conv2d.hpp>
#include <k754/policy.hpp>

#include "types.hpp"

namespace benchmarks {

using k754::index_t;
using extents = std::vector<index_t>;

struct problem {
  std::string id, group, kernel, nominal;
  benchmarks::dtype dtype = dtype::f32;
  extents shape;
  index_t axis = -1;
  std::string data = "random";
  k754::policy policy = {};
  index_t step = 1, offset = 0;
  benchmarks::dtype index = dtype::i64;

  std::string mask = "random", mask_kind = "bytes", operand = "tensor", gradients = "both";
  extents mask_shape;  ///< that of `shape` where none is given
  bool in_place = false;

  std::string labels = "index", reduction = "mean";
  std::optional<std::int64_t> ignore_index;
  double label_smoothing = 0;
  bool class_weights = false;

  index_t filters = 0;
  std::array<index_t, 2> kernel_size = {1, 1}, stride = {1, 1}, dilation = {1, 1};
  k754::padding padding = k754::padding::same();
  index_t groups = 1;
  bool bias = false;
  bool packed = false;  ///< the weights, before the call
  k754::image_layout layout = k754::image_layout::nhwc;
  k754::weight_layout weight_layout = k754::weight_layout::by_image;

  /// What a rate counts: elements, FLOP or calls.
  double work() const;
  /// The same kernel on fewer rows, pixels and filters: about `most` units of work, or this where it is less.
  problem slice(double most) const;
  /// For conv2d: [N, OH, OW, O].
  std::array<index_t, 4> output_shape() const;
  k754::conv2d_options conv2d_options() const;
};

index_t element_count(const extents& shape);
extents without_axis(extents shape, index_t axis);

/// Throws std::runtime_error that names the case and the field.
std::vector<problem> read_problems(const std::string& file);

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_PROBLEM_HPP

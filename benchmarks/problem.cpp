#include "problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

namespace benchmarks {

namespace {

using nlohmann::json;

template <class Enum>
Enum named(const json& value, std::initializer_list<std::pair<const char*, Enum>> names) {
  for (const auto& [name, result] : names) {
    if (value == name) return result;
  }
  throw std::runtime_error(fmt::format("{} has no meaning here", value.dump()));
}

dtype dtype_named(const json& value) {
  for (std::size_t i = 0; i < std::size(dtype_names); ++i) {
    if (value == dtype_names[i]) return static_cast<dtype>(i);
  }
  throw std::runtime_error(fmt::format("{} is no element type", value.dump()));
}

k754::policy policy_of(const json& fields) {
  using namespace k754;
  policy p;
  for (const auto& [name, value] : fields.items()) {
    if (name == "nans") {
      p.nans = named<nans>(value, {{"omit", nans::omit}, {"total_order", nans::total_order}});
    } else if (name == "ties") {
      p.ties = named<ties>(value, {{"last", ties::last}});
    } else if (name == "zeros") {
      p.zeros = named<zeros>(value, {{"ordered", zeros::ordered}});
    } else if (name == "subnormals") {
      p.subnormals = named<subnormals>(value, {{"flush", subnormals::flush}});
    } else if (name == "padded_taps") {
      p.padded_taps = named<padded_taps>(value, {{"absent", padded_taps::absent}});
    } else if (name == "precision") {
      p.precision = named<precision>(value, {{"fast", precision::fast}, {"exact", precision::exact}});
    } else {
      throw std::runtime_error(fmt::format("policy has no field {}", name));
    }
  }
  return p;
}

k754::padding padding_of(const json& value) {
  if (value == "same") return k754::padding::same();
  if (value == "valid") return k754::padding::valid();
  const auto sides = value.get<std::array<index_t, 4>>();
  return {sides[0], sides[1], sides[2], sides[3]};
}

problem problem_of(const json& object) {
  problem p;
  using setter = std::function<void(const json&)>;
  const auto into = [](auto& field) -> setter { return [&field](const json& v) { v.get_to(field); }; };
  const std::map<std::string, setter> fields = {
      {"id", into(p.id)},
      {"group", into(p.group)},
      {"kernel", into(p.kernel)},
      {"dtype", [&](const json& v) { p.dtype = dtype_named(v); }},
      {"nominal", into(p.nominal)},
      {"shape", into(p.shape)},
      {"axis", into(p.axis)},
      {"data", into(p.data)},
      {"policy", [&](const json& v) { p.policy = policy_of(v); }},
      {"step", into(p.step)},
      {"offset", into(p.offset)},
      {"index", [&](const json& v) { p.index = dtype_named(v); }},
      {"mask", into(p.mask)},
      {"mask_kind", into(p.mask_kind)},
      {"operand", into(p.operand)},
      {"gradients", into(p.gradients)},
      {"mask_shape", into(p.mask_shape)},
      {"in_place", into(p.in_place)},
      {"labels", into(p.labels)},
      {"reduction", into(p.reduction)},
      {"ignore_index", [&](const json& v) { p.ignore_index = v.get<std::int64_t>(); }},
      {"label_smoothing", into(p.label_smoothing)},
      {"class_weights", into(p.class_weights)},
      {"filters", into(p.filters)},
      {"kernel_size", into(p.kernel_size)},
      {"stride", into(p.stride)},
      {"dilation", into(p.dilation)},
      {"padding", [&](const json& v) { p.padding = padding_of(v); }},
      {"groups", into(p.groups)},
      {"bias", into(p.bias)},
      {"packed", into(p.packed)},
      {"layout",
       [&](const json& v) {
         p.layout = named<k754::image_layout>(
             v, {{"nhwc", k754::image_layout::nhwc}, {"nchw", k754::image_layout::nchw}});
       }},
      {"weight_layout",
       [&](const json& v) {
         p.weight_layout = named<k754::weight_layout>(
             v, {{"by_image", k754::weight_layout::by_image}, {"hwio", k754::weight_layout::hwio}});
       }},
      {"peers", [](const json& v) { (void)v.get<bool>(); }},
  };
  for (const auto& [name, value] : object.items()) {
    const auto field = fields.find(name);
    if (field == fields.end()) throw std::runtime_error(fmt::format("unknown field {}", name));
    field->second(value);
  }
  if (p.axis < 0) p.axis += static_cast<index_t>(p.shape.size());
  if (p.mask_shape.empty()) p.mask_shape = p.shape;
  return p;
}

}  // namespace

index_t element_count(const extents& shape) {
  index_t count = 1;
  for (const index_t extent : shape) count *= extent;
  return count;
}

extents without_axis(extents shape, index_t axis) {
  shape.erase(shape.begin() + axis);
  return shape;
}

double problem::work() const {
  if (nominal == "calls") return 1;
  if (nominal == "elements") return static_cast<double>(element_count(shape));
  const auto output = output_shape();
  const double pixels = static_cast<double>(output[0] * output[1] * output[2] * output[3]);
  const double taps = static_cast<double>(kernel_size[0] * kernel_size[1] * (shape[3] / groups));
  return (kernel == "conv2d_backward" ? 4 : 2) * pixels * taps;
}

problem problem::slice(double most) const {
  problem small = *this;
  const auto shrink = [&](index_t& extent, index_t least) {
    const double wanted = static_cast<double>(extent) * most / small.work();
    if (wanted < static_cast<double>(extent)) {
      extent = std::clamp<index_t>(static_cast<index_t>(wanted), std::min(extent, least), extent);
    }
  };
  if (nominal == "flop") {
    shrink(small.shape[0], 1);
    if (groups > 1) {  // whole groups, with their filters
      const index_t channels = shape[3] / groups, per_group = filters / groups;
      index_t kept = groups;
      const double wanted = static_cast<double>(groups) * most / small.work();
      if (wanted < static_cast<double>(groups)) kept = std::max<index_t>(static_cast<index_t>(wanted), 1);
      small.groups = kept;
      small.shape[3] = kept * channels;
      small.filters = kept * per_group;
    } else {
      shrink(small.filters, 1);
    }
    shrink(small.shape[1], (kernel_size[0] - 1) * dilation[0] + 1);
    return small;
  }
  const bool reduces = !kernel.starts_with("where");
  for (std::size_t k = 0; k < shape.size(); ++k) {
    if (!reduces || static_cast<index_t>(k) != axis) shrink(small.shape[k], 1);
    if (mask_shape[k] != 1) small.mask_shape[k] = small.shape[k];
  }
  return small;
}

k754::conv2d_options problem::conv2d_options() const {
  return {stride, dilation, padding, groups, layout, weight_layout};
}

std::array<index_t, 4> problem::output_shape() const {
  k754::conv2d_options options = conv2d_options();
  options.layout = k754::image_layout::nhwc;
  options.weight_layout = k754::weight_layout::ohwi;
  const auto output =
      k754::conv2d_output_shape({shape[0], shape[1], shape[2], shape[3]},
                                {filters, kernel_size[0], kernel_size[1], shape[3] / groups}, options);
  if (!output) throw std::runtime_error(fmt::format("{}: no convolution has these shapes", id));
  return *output;
}

std::vector<problem> read_problems(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(fmt::format("{} cannot be read", file));
  std::vector<problem> problems;
  std::set<std::string> ids;
  for (const json& object : json::parse(stream)) {
    try {
      problems.push_back(problem_of(object));
    } catch (const std::exception& e) {
      throw std::runtime_error(
          fmt::format("{}: {}: {}", file, object.value("id", "a case without id"), e.what()));
    }
    if (!ids.insert(problems.back().id).second) {
      throw std::runtime_error(fmt::format("{}: {} is there twice", file, problems.back().id));
    }
  }
  return problems;
}

}  // namespace benchmarks

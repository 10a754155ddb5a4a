#include <k754/conv2d.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// Rows state images as [N, H, W, C]; or as [H, W], one channel; or as [C], one pixel. Weights and results
/// alike: [KH, KW] and [OH, OW]; or [C] and a number.
template <class T>
tensor_view<T> full_rank(const tensor_view<T>& view) {
  const auto of_rank_4 = [&](const std::array<index_t, 4>& extents, const std::array<index_t, 4>& strides) {
    return tensor_view<T>(view.data_handle(), 4, extents.data(), strides.data());
  };
  switch (view.rank()) {
    case 0:
      return of_rank_4({1, 1, 1, 1}, {1, 1, 1, 1});
    case 1:
      return of_rank_4({1, 1, 1, view.extent(0)}, {1, 1, 1, view.stride(0)});
    case 2:
      return of_rank_4({1, view.extent(0), view.extent(1), 1}, {1, view.stride(0), view.stride(1), 1});
    default:
      return view;
  }
}

/// The shape of a result, as a row with an image of this rank states it.
shape shape_in_row(const std::optional<std::array<index_t, 4>>& full, std::size_t rank) {
  if (!full || rank == 3) return {1, 1, 1, 1};  // an error is expected
  if (rank == 1) return {};
  if (rank == 2) return {(*full)[1], (*full)[2]};
  return {full->begin(), full->end()};
}

template <class View>
std::array<index_t, 4> four_extents(const View& view) {
  return {view.extent(0), view.extent(1), view.extent(2), view.extent(3)};
}

template <class Call>
conv2d_options options_of(Call& c) {
  const auto pair = [&](const char* name) -> std::array<index_t, 2> {
    if (!c.has(name)) return {1, 1};
    const auto values = c.template input<std::int64_t>(name);
    return {values(0), values(1)};
  };
  conv2d_options options{
      .stride = pair("stride"), .dilation = pair("dilation"), .groups = c.integer("groups", 1)};
  const std::string pad = c.word("padding", "valid");
  if (pad == "same") {
    options.padding = padding::same();
  } else if (pad == "same_lower") {
    options.padding = padding::same_lower();
  } else if (pad != "valid") {
    const auto values = c.template input<std::int64_t>("padding");
    options.padding = {values(0), values(1), values(2), values(3)};
  }
  if (c.word("layout", "nhwc") == "nchw") options.layout = image_layout::nchw;
  if (c.word("weight_layout", "") == "hwio") options.weight_layout = weight_layout::hwio;
  return options;
}

template <policy P, class Output = void, class... Types>
void register_conv2d(const std::string& words) {
  register_call<Types...>("conv2d" + words, [](auto& c) {
    using element_type = typename std::remove_reference_t<decltype(c)>::element_type;
    using result_type = std::conditional_t<std::is_void_v<Output>, element_type, Output>;
    const auto given = c.input();
    const auto x = full_rank(given), w = full_rank(c.template input<element_type>("weight"));
    const conv2d_options options = options_of(c);
    const auto extents = conv2d_output_shape(four_extents(x), four_extents(w), options);
    const auto y = full_rank(c.template output<result_type>(shape_in_row(extents, given.rank())));
    if (c.has("bias")) {
      auto b = c.template input<result_type>("bias");
      const index_t one = 1;
      if (b.rank() == 0) b = {b.data_handle(), 1, &one, &one};
      c.run([=] { return try_conv2d<P>(x, w, b, y, options); });
    } else {
      c.run([=] { return try_conv2d<P>(x, w, y, options); });
    }
  });
}

/// The gradients; `input_shape` and `weight_shape` of a row are those of dx and dw.
template <policy P>
void register_gradients(const std::string& words) {
  const auto stated_shape = [](auto& c, const char* name) {
    const auto values = c.template input<std::int64_t>(name);
    shape extents;
    for (index_t axis = 0; axis < values.extent(0); ++axis) extents.push_back(values(axis));
    return extents;
  };
  register_call<float, double>("conv2d_backward_input" + words, [=](auto& c) {
    const auto w = full_rank(c.input()), u = full_rank(c.template input<>("upstream"));
    const auto dx = full_rank(c.output(stated_shape(c, "input_shape")));
    const conv2d_options options = options_of(c);
    c.run([=] { return try_conv2d_backward_input<P>(w, u, dx, options); });
  });
  register_call<float, double>("conv2d_backward_weight" + words, [=](auto& c) {
    const auto x = full_rank(c.input()), u = full_rank(c.template input<>("upstream"));
    const auto dw = full_rank(c.output(stated_shape(c, "weight_shape")));
    const conv2d_options options = options_of(c);
    c.run([=] { return try_conv2d_backward_weight<P>(x, u, dw, options); });
  });
}

const registration conv2d_calls = [] {
  register_conv2d<policy{}>("");
  register_conv2d<policy{}, void, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                  std::uint16_t, std::uint32_t, std::uint64_t>("");
  register_conv2d<policy{}, std::int32_t, std::int8_t, std::uint8_t>(" output=i32");
  register_conv2d<policy{}, float, float16, bfloat16>(" output=f32");
  register_conv2d<policy{.padded_taps = padded_taps::absent}, void, float, double>(" padded_taps=absent");
  register_conv2d<policy{.zero_times_inf = zero_times_inf::strong_zero}, void, float, double>(
      " zero_times_inf=strong_zero");
  register_conv2d<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, void, float, double>(
      " zero_times_inf=annihilating_zero");
  register_conv2d<policy{.subnormals = subnormals::flush}, void, float16, float>(" subnormals=flush");
  register_conv2d<policy{.precision = precision::fast}, void, float, double>(" precision=fast");
  register_conv2d<policy{.precision = precision::exact}, void, bfloat16, float>(" precision=exact");
  register_gradients<policy{}>("");
  register_gradients<policy{.padded_taps = padded_taps::absent}>(" padded_taps=absent");
  register_call<float, double>("conv2d_backward_bias", [](auto& c) {
    const auto u = full_rank(c.input());
    const auto db = c.output({u.extent(3)});
    c.run([=] { return try_conv2d_backward_bias(u, db); });
  });
};

}  // namespace
}  // namespace k754_test

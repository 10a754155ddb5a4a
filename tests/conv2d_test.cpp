#include <k754/conv2d.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/conv2d_model.hpp"
#include "support/random_tensor.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::conv2d_problem;
using k754_test::flat;
using k754_test::random_tensor;
using k754_test::random_value;
using k754_test::same_bits;
using k754_test::size_of;
using k754_test::square;
using k754_test::sums;

using generator = std::mt19937_64;

constexpr policy absent{.padded_taps = padded_taps::absent};
constexpr policy fast{.precision = precision::fast};
constexpr policy exact{.precision = precision::exact};

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_values(generator& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& v : values) v = random_value(random);
  return values;
}

/// Where a view keeps the axes of [N, H, W, C] or [O, KH, KW, C].
using axis_places = std::array<std::size_t, 4>;
axis_places image_places(const conv2d_options& o) {
  return o.layout == image_layout::nchw ? axis_places{0, 2, 3, 1} : axis_places{0, 1, 2, 3};
}
axis_places weight_places(const conv2d_options& o) {
  switch (o.weight_layout) {
    case weight_layout::hwio:
      return {3, 0, 1, 2};
    case weight_layout::oihw:
      return {0, 2, 3, 1};
    case weight_layout::ohwi:
      return {0, 1, 2, 3};
    case weight_layout::by_image:
      break;
  }
  return image_places(o);
}

/// Values in a layout, with signalling NaNs around and between them.
template <class T>
class placed {
 public:
  placed(generator& random, const conv2d_problem::extents& logical, const axis_places& places,
         const std::vector<T>& values)
      : logical_(logical), places_(places), tensor_(random, in_memory_order(), false) {
    for (std::size_t i = 0; i < tensor_.memory.size(); i += sizeof(T)) {
      std::memcpy(&tensor_.memory[i], &poison(), sizeof(T));
    }
    untouched_ = tensor_.memory;
    if (!values.empty()) write(values);
  }

  tensor_view<T> view() { return tensor_.view(); }

  /// The values in logical order.
  std::vector<T> values() {
    std::vector<T> result(size_of(logical_));
    for_each([&](std::size_t i, unsigned char* at) { std::memcpy(&result[i], at, sizeof(T)); });
    return result;
  }

  /// Whether everything that is no element is as it was.
  bool slack_is_untouched() {
    std::vector<unsigned char> memory = tensor_.memory;
    std::swap(memory, tensor_.memory);
    for_each([&](std::size_t, unsigned char* at) { std::memcpy(at, &poison(), sizeof(T)); });
    std::swap(memory, tensor_.memory);
    return memory == untouched_;
  }
  /// Whether nothing at all was written.
  bool is_untouched() const { return tensor_.memory == untouched_; }

 private:
  static const T& poison() {
    static const T value = [] {
      if constexpr (floating<T>)
        return from_bits<T>(static_cast<bits_of<T>>(detail::format_of<T>::infinity + 1));
      else
        return static_cast<T>(0xA5);
    }();
    return value;
  }
  std::vector<index_t> in_memory_order() const {
    std::vector<index_t> extents(4);
    for (std::size_t axis = 0; axis < 4; ++axis) extents[places_[axis]] = logical_[axis];
    return extents;
  }
  void write(const std::vector<T>& values) {
    for_each([&](std::size_t i, unsigned char* at) { std::memcpy(at, &values[i], sizeof(T)); });
  }
  template <class Body>
  void for_each(Body&& body) {
    for (std::size_t i = 0; i < size_of(logical_); ++i) {
      const auto index = reference::index_of(static_cast<index_t>(i), tensor_view<T, 4>(nullptr, logical_));
      std::vector<index_t> moved(4);
      for (std::size_t axis = 0; axis < 4; ++axis) moved[places_[axis]] = index[axis];
      body(i, tensor_.at(moved));
    }
  }

  conv2d_problem::extents logical_;
  axis_places places_;
  random_tensor<T> tensor_;
  std::vector<unsigned char> untouched_;
};

/// Forward and gradients of one problem against the model, in random layouts.
void require_model(generator& random, conv2d_problem p) {
  const auto x = random_values(random, size_of(p.image())), w = random_values(random, size_of(p.weight()));
  const auto u = random_values(random, size_of(p.output()));
  const auto b = random_values(random, static_cast<std::size_t>(p.output()[3]));
  const k754_test::conv2d_terms<float> model(p, x, w, u);
  const auto filter = [&](std::size_t i) { return b[i % b.size()]; };

  p.options.layout = random() % 2 == 0 ? image_layout::nhwc : image_layout::nchw;
  p.options.weight_layout = static_cast<weight_layout>(random() % 4);
  const axis_places image = image_places(p.options), kernel = weight_places(p.options);
  placed<float> input(random, p.image(), image, x), weight(random, p.weight(), kernel, w);
  placed<float> upstream(random, p.output(), image, u);
  placed<float> y(random, p.output(), image, {}), y_absent = y, y_fast = y;
  placed<float> dx(random, p.image(), image, {}), dw(random, p.weight(), kernel, {}), dw_absent = dw;
  std::vector<float> db(b.size());
  conv2d(input.view(), weight.view(), b, y.view(), p.options);
  conv2d<absent>(input.view(), weight.view(), b, y_absent.view(), p.options);
  conv2d<fast>(input.view(), weight.view(), y_fast.view(), p.options);
  conv2d_backward_input(weight.view(), upstream.view(), dx.view(), p.options);
  conv2d_backward_weight(input.view(), upstream.view(), dw.view(), p.options);
  conv2d_backward_weight<absent>(input.view(), upstream.view(), dw_absent.view(), p.options);
  conv2d_backward_bias(upstream.view(), db, p.options);

  const auto chunks = [&](const auto& list, std::size_t) {
    return k754_test::sum_of_chunks(list, 0.0F, false);
  };
  const auto expected_y = sums<float>(model.y, [&](const auto& list, std::size_t i) {
    return k754_test::sum_of_chunks(list, filter(i), false);
  });
  const auto expected_dw = sums<float>(model.dw, chunks);
  REQUIRE(same_bits(y.values(), expected_y));
  REQUIRE(same_bits(y_absent.values(), expected_y));  // weights are finite
  REQUIRE(same_bits(y_fast.values(), sums<float>(model.y, [&](const auto& list, std::size_t) {
                      return k754_test::sum_of_chain(list, 0.0F, false);
                    })));
  REQUIRE(same_bits(dx.values(), sums<float>(model.dx, chunks)));
  REQUIRE(same_bits(dw.values(), expected_dw));
  REQUIRE(same_bits(dw_absent.values(), expected_dw));
  for (std::size_t f = 0; f < db.size(); ++f) {
    k754_test::terms<float> list;
    for (std::size_t i = f; i < u.size(); i += db.size()) list.push_back({u[i], 1.0F, true});
    REQUIRE(to_bits(db[f]) == to_bits(static_cast<float>(k754_test::sum_of_chunks(list, 0.0F, false))));
  }
  for (placed<float>* tensor : {&input, &weight, &upstream, &y, &y_absent, &y_fast, &dx, &dw, &dw_absent}) {
    REQUIRE(tensor->slack_is_untouched());
  }
}

TEST_CASE(
    "CV-19: small shapes equal the model bit for bit, among signalling NaNs that stay unread and untouched") {
  case_count fitting("shapes that fit", 6561), refused("shapes whose kernel exceeds the image", 1000);
  generator random(1);
  for (int i = 0; i < 15000; ++i) {
    // every combination of kernel, stride, dilation and padding within these ranges; the rest at random
    auto digit = [rest = i]() mutable { return static_cast<index_t>(std::exchange(rest, rest / 3) % 3); };
    conv2d_problem p;
    p.kernel_height = 1 + digit();
    p.kernel_width = 1 + digit();
    p.options.stride = {1 + digit(), 1 + digit()};
    p.options.dilation = {1 + digit(), 1 + digit()};
    p.options.padding = {digit(), digit(), 0, 0};
    const auto below = [&](index_t bound) { return k754_test::random_below(random, bound); };
    p.options.padding.left = below(4);
    p.options.padding.right = below(3);
    p.height = below(7);
    p.width = 1 + below(6);
    p.batch = below(8) == 0 ? below(4) : 1;
    p.channels = below(3) + (below(10) == 0 ? 0 : 1);
    p.filters = below(12) == 0 ? 0 : 1 + below(2);
    p.options.groups = 1 + below(3);
    const auto shape = conv2d_output_shape(p.image(), p.weight(), p.options);
    if (!p.fits()) {
      REQUIRE_FALSE(shape.has_value());
      REQUIRE(check_conv2d_output_shape(p.image(), p.weight(), p.options).code ==
              status::kernel_exceeds_input);
      refused.add();
      continue;
    }
    REQUIRE(shape.has_value());
    REQUIRE(*shape == p.output());
    CAPTURE(i, p.height, p.width, p.batch, p.channels, p.filters, p.options.groups);
    require_model(random, p);
    fitting.add();
  }
  fitting.check();
  refused.check();
}

TEST_CASE("Reductions over several chunks equal the model, in each kernel") {
  case_count shapes("shapes with more than 256 terms", 30);
  generator random(2);
  for (int i = 0; i < 30; ++i) {
    conv2d_problem p;
    const auto below = [&](index_t bound) { return k754_test::random_below(random, bound); };
    p.channels = i % 3 == 0 ? 30 + below(60) : 1 + below(4);
    p.filters = i % 3 == 1 ? 30 + below(60) : 1 + below(4);
    p.height = i % 3 == 2 ? 18 + below(8) : 3 + below(3);
    p.width = i % 3 == 2 ? 17 + below(8) : 4 + below(3);
    p.kernel_height = 1 + below(4);
    p.kernel_width = 2 + below(3);
    p.options.dilation = {1 + below(2), 1 + below(2)};
    p.options.padding = {below(4), 3, 3, below(4)};
    p.options.groups = 1 + below(2);
    require_model(random, p);
    shapes.add();
  }
  shapes.check();
}

/// A dense image, weight and output, [N, H, W, C] and [O, KH, KW, C].
struct dense {
  conv2d_problem p;
  std::vector<float> x, w, y;

  dense(const conv2d_problem& problem, float image_value, float weight_value)
      : p(problem),
        x(size_of(p.image()), image_value),
        w(size_of(p.weight()), weight_value),
        y(size_of(p.output())) {}

  template <policy P = policy{}>
  void run() {
    conv2d<P>(tensor_view<const float, 4>(x.data(), p.image()),
              tensor_view<const float, 4>(w.data(), p.weight()), tensor_view<float, 4>(y.data(), p.output()),
              p.options);
  }
};

/// Whether an output of a 3x3 kernel that is centred on it reads a pixel, on one axis.
bool reads(index_t output, index_t pixel, index_t dilation) {
  return output == pixel || output + dilation == pixel || output - dilation == pixel;
}

TEST_CASE("CV-06 CV-24: one NaN or infinity reaches exactly the outputs that read it") {
  case_count places("places of one special value", 500);
  for (const auto& [extent, channels, filters, dilation] : {std::array<index_t, 4>{4, 1, 1, 1},
                                                            {7, 3, 3, 1},
                                                            {7, 3, 3, 2},
                                                            {9, 5, 2, 1},
                                                            {8, 16, 5, 1},
                                                            {14, 17, 3, 3}}) {
    const conv2d_problem p = square(extent, channels, filters, 3, dilation);
    for (const float special : {nan_value, inf, -inf}) {
      for (index_t h = 0; h < extent; h += extent - 1 - extent / 2) {  // corner, middle, edge
        for (index_t v = 0; v < extent; v += extent - 1 - extent / 2) {
          for (index_t c : {index_t{0}, channels - 1}) {
            dense input(p, 1.0F, 0.5F);
            input.x[flat(p.image(), 0, h, v, c)] = special;
            input.run();
            for (index_t oh = 0; oh < extent; ++oh)
              for (index_t ow = 0; ow < extent; ++ow)
                for (index_t f = 0; f < filters; ++f) {
                  const float result = input.y[flat(p.output(), 0, oh, ow, f)];
                  const bool hit = reads(oh, h, dilation) && reads(ow, v, dilation);
                  if (hit ? to_bits(result) != to_bits(special) : !is_finite(result)) {
                    CAPTURE(extent, channels, dilation, h, v, c, oh, ow, f, result);
                    FAIL();
                  }
                }
            places.add();
          }
        }
      }
      for (index_t tap = 0; tap < 9; ++tap) {  // ... and in the weight: its filter alone
        dense weight(p, 1.0F, 0.5F);
        weight.w[flat(p.weight(), filters - 1, tap / 3, tap % 3, channels - 1)] = special;
        dense without = weight;
        weight.run();
        without.run<absent>();
        for (std::size_t i = 0; i < weight.y.size(); ++i) {
          const auto [n, oh, ow, f] =
              reference::index_of(static_cast<index_t>(i), tensor_view<float, 4>(nullptr, p.output()));
          const index_t at_h = oh + (tap / 3 - 1) * dilation, at_v = ow + (tap % 3 - 1) * dilation;
          const bool inside = at_h >= 0 && at_h < extent && at_v >= 0 && at_v < extent;
          const bool its_filter = f == filters - 1;
          const float result = weight.y[i], result_without = without.y[i];
          const bool right =
              !its_filter ? is_finite(result) && is_finite(result_without)
              : inside    ? to_bits(result) == to_bits(special) && to_bits(result_without) == to_bits(special)
                          : is_nan(result) && is_finite(result_without);
          if (!right) {
            CAPTURE(extent, channels, dilation, tap, oh, ow, f, result, result_without);
            FAIL();
          }
        }
        places.add();
      }
    }
  }
  places.check();
}

TEST_CASE("conv2d(pad(x)) is conv2d(x, padding), to the bit; also for infinite and NaN weights") {
  case_count shapes("padded images", 300);
  generator random(3);
  for (int i = 0; i < 300; ++i) {
    const auto below = [&](index_t bound) { return k754_test::random_below(random, bound); };
    conv2d_problem p;
    p.height = 1 + below(5), p.width = 1 + below(5), p.channels = 1 + below(120), p.filters = 1 + below(2);
    p.kernel_height = 1 + below(3), p.kernel_width = 1 + below(3);
    p.options = {.stride = {1 + below(2), 1 + below(2)},
                 .dilation = {1 + below(2), 1 + below(2)},
                 .padding = {4, below(5), below(5), 4}};
    dense padding_as_option(p, 0.0F, 0.0F);
    padding_as_option.x = random_values(random, padding_as_option.x.size());
    padding_as_option.w = random_values(random, padding_as_option.w.size());
    if (i % 3 == 1) padding_as_option.w[random() % padding_as_option.w.size()] = i % 2 == 0 ? inf : -inf;
    if (i % 3 == 2) padding_as_option.w[random() % padding_as_option.w.size()] = nan_value;
    const auto pad = p.options.padding;
    conv2d_problem q = p;
    q.height += pad.top + pad.bottom;
    q.width += pad.left + pad.right;
    q.options.padding = padding::valid();
    dense padding_in_image(q, 0.0F, 0.0F);
    padding_in_image.w = padding_as_option.w;
    for (index_t h = 0; h < p.height; ++h)
      for (index_t v = 0; v < p.width; ++v)
        for (index_t c = 0; c < p.channels; ++c)
          padding_in_image.x[flat(q.image(), 0, h + pad.top, v + pad.left, c)] =
              padding_as_option.x[flat(p.image(), 0, h, v, c)];
    padding_as_option.run();
    padding_in_image.run();
    REQUIRE(same_bits(padding_as_option.y, padding_in_image.y));
    padding_as_option.run<exact>();
    padding_in_image.run<exact>();
    REQUIRE(same_bits(padding_as_option.y, padding_in_image.y));
    shapes.add();
  }
  shapes.check();
}

TEST_CASE("CV-15: an image alone, in a batch, in any layout, reversed or broadcast: the same bits") {
  case_count comparisons("comparisons", 60);
  generator random(4);
  for (const auto& [extent, channels, filters] :
       {std::array<index_t, 3>{8, 3, 5}, {14, 16, 4}, {5, 70, 3}, {28, 2, 2}}) {
    conv2d_problem p = square(extent, channels, filters, 3, 1);
    dense single(p, 0, 0);
    single.x = random_values(random, single.x.size());
    single.w = random_values(random, single.w.size());
    single.run();
    p.batch = 3;
    dense batch(p, 0, 0);
    batch.w = single.w;
    batch.x = random_values(random, batch.x.size());
    for (std::size_t place = 0; place < 3; ++place) {
      std::copy(single.x.begin(), single.x.end(),
                batch.x.begin() + static_cast<index_t>(place * single.x.size()));
      batch.run();
      const auto begin = batch.y.begin() + static_cast<index_t>(place * single.y.size());
      REQUIRE(same_bits(std::vector<float>(begin, begin + static_cast<index_t>(single.y.size())), single.y));
      comparisons.add();
    }
    // a batch that is one image over and over
    auto strides = tensor_view<const float, 4>(single.x.data(), single.p.image()).strides();
    strides[0] = 0;
    conv2d(tensor_view<const float, 4>(single.x.data(), p.image(), strides),
           tensor_view<const float, 4>(single.w.data(), p.weight()),
           tensor_view<float, 4>(batch.y.data(), p.output()), p.options);
    for (std::size_t i = 0; i < batch.y.size(); ++i) {
      REQUIRE(to_bits(batch.y[i]) == to_bits(single.y[i % single.y.size()]));
    }
    p.batch = 1;
    for (int i = 0; i < 20; ++i) {  // random layouts, orders in memory, reversed axes
      p.options.layout = i % 2 == 0 ? image_layout::nhwc : image_layout::nchw;
      p.options.weight_layout = static_cast<weight_layout>(i % 4);
      placed<float> x(random, p.image(), image_places(p.options), single.x);
      placed<float> w(random, p.weight(), weight_places(p.options), single.w);
      placed<float> y(random, p.output(), image_places(p.options), {});
      conv2d(x.view(), w.view(), y.view(), p.options);
      REQUIRE(same_bits(y.values(), single.y));
      comparisons.add();
    }
  }
  comparisons.check();
}

TEST_CASE("The Keras convolution: kernel 4x7, dilation (3, 2), same, on 32x32x64") {
  // keras-team/keras#20804, smaller: channels_last, Glorot-uniform weights in Keras' layout, input uniform in
  // [0, 1)
  generator random(0);
  conv2d_problem p;
  p.height = p.width = 32, p.channels = 64, p.filters = 8, p.kernel_height = 4, p.kernel_width = 7;
  p.options = {.dilation = {3, 2}, .padding = {4, 5, 6, 6}};  // what `same` comes to
  dense keras(p, 0, 0);
  const auto uniform = [&] { return static_cast<float>(random() >> 40) * 0x1p-24F; };
  for (float& v : keras.x) v = uniform();
  const float limit = std::sqrt(6.0F / (28.0F * (64.0F + 8.0F)));
  for (float& v : keras.w) v = (2.0F * uniform() - 1.0F) * limit;
  keras.run();
  const std::vector<float> accurate = keras.y;

  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a of the bits, which are the same on every machine
  for (float v : accurate) {
    for (int shift = 0; shift < 32; shift += 8)
      hash = (hash ^ ((to_bits(v) >> shift) & 0xFFU)) * 0x100000001b3U;
  }
  CHECK(hash == 0x6574CE8FEF845903U);

  SECTION("by another route: padded lists of terms, the emulated fused multiply-add") {
    for (index_t f = 0; f < 8; ++f)
      for (index_t at : {0, 5, 31 * 32 + 31, 16 * 32 + 16, 3 * 32, 28 * 32 + 7, 31, 500}) {
        k754_test::terms<float> list;
        for (index_t kh = 0; kh < 4; ++kh)
          for (index_t kw = 0; kw < 7; ++kw)
            for (index_t c = 0; c < 64; ++c) {
              const index_t h = at / 32 + 3 * kh - 4, v = at % 32 + 2 * kw - 6;
              const bool inside = h >= 0 && h < 32 && v >= 0 && v < 32;
              list.push_back({inside ? keras.x[flat(p.image(), 0, h, v, c)] : 0.0F,
                              keras.w[flat(p.weight(), f, kh, kw, c)], true, !inside});
            }
        const float expected = static_cast<float>(k754_test::sum_of_chunks(list, 0.0F, false));
        REQUIRE(to_bits(accurate[static_cast<std::size_t>(at * 8 + f)]) == to_bits(expected));
      }
  }
  SECTION("padding::same(), NCHW images and HWIO weights give the same bits") {
    p.options.padding = padding::same();
    p.options.layout = image_layout::nchw;
    p.options.weight_layout = weight_layout::hwio;
    conv2d_problem with_numbers = p;
    with_numbers.options.padding = {4, 5, 6, 6};
    placed<float> x(random, p.image(), image_places(p.options), keras.x);
    placed<float> w(random, p.weight(), weight_places(p.options), keras.w);
    placed<float> y(random, with_numbers.output(), image_places(p.options), {});
    conv2d(x.view(), w.view(), y.view(), p.options);
    REQUIRE(same_bits(y.values(), accurate));
  }
  SECTION("absent padding gives the same bits, the exact result is close") {
    keras.run<absent>();
    REQUIRE(same_bits(keras.y, accurate));
    keras.run<exact>();
    double largest = 0;
    for (std::size_t i = 0; i < accurate.size(); ++i) {
      largest =
          std::max(largest, std::fabs(static_cast<double>(accurate[i]) - static_cast<double>(keras.y[i])));
    }
    std::printf("  Keras convolution, largest difference from the exact result: %.3g\n", largest);
    REQUIRE(largest > 0);
    REQUIRE(largest < 2e-6);
  }
}

}  // namespace

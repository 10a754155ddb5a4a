// conv2d and its gradients in another way: the image is padded for real, every product (n, oh, ow, o, kh, kw,
// c) is visited once and put into the lists of terms of y, dx and dw, and each list is added up in the
// specified order with the emulated fused multiply-add. Dense arrays, [N, H, W, C] and [O, KH, KW, C/groups];
// small shapes only.
#pragma once

#include <k754/conv2d.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "same_bits.hpp"

namespace k754_test {

using k754::index_t;

/// The product of two factors, at its place in a sum.
template <class T>
struct term {
  T a{}, b{};
  bool present = false;
  bool padded = false;  // one factor is padding
};
template <class T>
using terms = std::vector<term<T>>;

/// In chunks of 256, as the specification has it.
template <class T>
double sum_of_chunks(const terms<T>& list, T bias, bool padding_is_absent) {
  double total = 0.0, errors = 0.0;
  const auto add = [&](double t) {
    const double before = total;
    total = before + t;
    if (sizeof(T) == sizeof(double)) {  // the rounding error, from the operand that is larger
      errors += std::fabs(before) >= std::fabs(t) ? (before - total) + t : (t - total) + before;
    }
  };
  add(0.0);
  add(static_cast<double>(bias));
  for (std::size_t first = 0; first < list.size(); first += 256) {
    T chain = 0;
    for (std::size_t k = first; k < std::min(list.size(), first + 256); ++k) {
      const term<T>& t = list[k];
      if (t.present && !(t.padded && padding_is_absent)) chain = k754::fma_emulated(t.a, t.b, chain);
    }
    add(static_cast<double>(chain));
  }
  return std::isfinite(total) && std::isfinite(errors) ? total + errors : total;
}

/// One chain.
template <class T>
double sum_of_chain(const terms<T>& list, T bias, bool padding_is_absent) {
  T chain = bias;
  for (const term<T>& t : list) {
    if (t.present && !(t.padded && padding_is_absent)) chain = k754::fma_emulated(t.a, t.b, chain);
  }
  return chain == 0 ? 0.0 : static_cast<double>(chain);
}

struct conv2d_problem {
  index_t batch = 1, height = 1, width = 1, channels = 1;  // channels and filters of one group
  index_t filters = 1, kernel_height = 1, kernel_width = 1;
  k754::conv2d_options options = {};  // with padding in numbers

  using extents = std::array<index_t, 4>;
  extents image() const { return {batch, height, width, channels * options.groups}; }
  extents weight() const { return {filters * options.groups, kernel_height, kernel_width, channels}; }
  extents output() const {
    return {batch,
            places(height + options.padding.top + options.padding.bottom, kernel_height, options.stride[0],
                   options.dilation[0]),
            places(width + options.padding.left + options.padding.right, kernel_width, options.stride[1],
                   options.dilation[1]),
            filters * options.groups};
  }
  bool fits() const { return output()[1] > 0 && output()[2] > 0; }

  /// How often the kernel fits, counted.
  static index_t places(index_t padded, index_t kernel, index_t stride, index_t dilation) {
    index_t count = 0;
    for (index_t at = 0; at + (kernel - 1) * dilation < padded; at += stride) ++count;
    return count;
  }
};

inline std::size_t size_of(const conv2d_problem::extents& e) {
  return static_cast<std::size_t>(e[0] * e[1] * e[2] * e[3]);
}
inline std::size_t flat(const conv2d_problem::extents& e, index_t i, index_t j, index_t k, index_t l) {
  return static_cast<std::size_t>(((i * e[1] + j) * e[2] + k) * e[3] + l);
}

/// The lists of terms of all elements of y, dx and dw, for an image, a weight and an upstream gradient.
template <class T>
struct conv2d_terms {
  std::vector<terms<T>> y, dx, dw;

  conv2d_terms(const conv2d_problem& p, const std::vector<T>& image, const std::vector<T>& weight,
               const std::vector<T>& upstream)
      : y(size_of(p.output())), dx(size_of(p.image())), dw(size_of(p.weight())) {
    const auto [n_end, h_end, v_end, all_filters] = p.output();
    const auto& o = p.options;
    const index_t taps = p.kernel_height * p.kernel_width;
    for (auto& list : y) list.resize(static_cast<std::size_t>(taps * p.channels));
    for (auto& list : dx) list.resize(static_cast<std::size_t>(taps * p.filters));
    for (auto& list : dw) list.resize(static_cast<std::size_t>(n_end * h_end * v_end));

    // the padded image: values, and where each comes from (-1 for padding)
    const conv2d_problem::extents padded{p.batch, p.height + o.padding.top + o.padding.bottom,
                                         p.width + o.padding.left + o.padding.right, p.image()[3]};
    std::vector<T> values(size_of(padded), T{});
    std::vector<index_t> origin(size_of(padded), -1);
    for (std::size_t i = 0; i < size_of(p.image()); ++i) {
      const auto [b, h, v, c] = k754::reference::index_of(
          static_cast<index_t>(i), k754::tensor_view<const T, 4>(image.data(), p.image()));
      const std::size_t at = flat(padded, b, h + o.padding.top, v + o.padding.left, c);
      values[at] = image[i];
      origin[at] = static_cast<index_t>(i);
    }

    for (index_t c = 0; c < p.channels; ++c)
      for (index_t kw = 0; kw < p.kernel_width; ++kw)
        for (index_t kh = 0; kh < p.kernel_height; ++kh)
          for (index_t f = 0; f < all_filters; ++f)
            for (index_t ow = 0; ow < v_end; ++ow)
              for (index_t oh = 0; oh < h_end; ++oh)
                for (index_t n = 0; n < n_end; ++n) {
                  const index_t group = f / p.filters;
                  const std::size_t x_at =
                      flat(padded, n, oh * o.stride[0] + kh * o.dilation[0],
                           ow * o.stride[1] + kw * o.dilation[1], group * p.channels + c);
                  const std::size_t w_at = flat(p.weight(), f, kh, kw, c);
                  const std::size_t y_at = flat(p.output(), n, oh, ow, f);
                  const bool is_padding = origin[x_at] < 0;
                  const index_t tap = kh * p.kernel_width + kw;
                  y[y_at][static_cast<std::size_t>(tap * p.channels + c)] = {values[x_at], weight[w_at], true,
                                                                             is_padding};
                  dw[w_at][static_cast<std::size_t>((n * h_end + oh) * v_end + ow)] = {
                      values[x_at], upstream[y_at], true, is_padding};
                  if (!is_padding) {
                    dx[static_cast<std::size_t>(origin[x_at])][static_cast<std::size_t>(
                        tap * p.filters + f % p.filters)] = {upstream[y_at], weight[w_at], true, false};
                  }
                }
  }
};

/// A square image and kernel, padded so that the output is as large as the image.
inline conv2d_problem square(index_t extent, index_t channels, index_t filters, index_t kernel,
                             index_t dilation) {
  conv2d_problem p;
  p.height = p.width = extent;
  p.channels = channels;
  p.filters = filters;
  p.kernel_height = p.kernel_width = kernel;
  const index_t pad = (kernel - 1) * dilation / 2;
  p.options = {.dilation = {dilation, dilation}, .padding = {pad, pad, pad, pad}};
  return p;
}

/// Numbers whose sums show the order in which they were added; now and then a zero, -0 or a tiny one.
inline float random_value(std::mt19937_64& random) {
  if (random() % 16 == 0) return std::array{0.0F, -0.0F, 0x1p-149F, -0x1p-80F}[random() % 4];
  return static_cast<float>(std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), -66));
}

template <class T, class Sum>
std::vector<T> sums(const std::vector<terms<T>>& lists, Sum&& sum) {
  std::vector<T> result;
  for (std::size_t i = 0; i < lists.size(); ++i) result.push_back(static_cast<T>(sum(lists[i], i)));
  return result;
}

}  // namespace k754_test

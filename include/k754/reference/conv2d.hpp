/// The definition of conv2d and its gradients, one output element at a time. With stride s, dilation d,
/// padding p, x = 0 in the padding, and channels and filters of one group:
///
///   y[n, oh, ow, o]   = bias[o] + sum over (kh, kw, c)  x[n, h(oh, kh), v(ow, kw), c]  w[o, kh, kw, c]
///   dx[n, h, v, c]    = sum over (kh, kw, o)  u[n, oh, ow, o]  w[o, kh, kw, c]
///                       where h(oh, kh) = h and v(ow, kw) = v
///   dw[o, kh, kw, c]  = sum over (n, oh, ow)  x[n, h(oh, kh), v(ow, kw), c]  u[n, oh, ow, o]
///   db[o]             = sum over (n, oh, ow)  u[n, oh, ow, o]
///
///   h(oh, kh) = oh s + kh d - p vertically, v(ow, kw) likewise horizontally
///
/// Each sum is a dot product in the sense of dot_product.hpp, and its terms come in the order written, the
/// last index fastest. All combinations count, so that the edges of chunks depend on shapes alone. What lies
/// in the padding is the number +0, and is multiplied (padded_taps::absent: it is skipped). A tap through
/// which no output reads a pixel is no padding: dx skips it under either policy.
///
/// Views are in the logical order of axes: images [N, H, W, C], weights [O, KH, KW, C/groups]. The functions
/// compute the elements [begin, end) of their result in row-major order, and are to be evaluated in the
/// scoped environment.
#ifndef K754_REFERENCE_CONV2D_HPP
#define K754_REFERENCE_CONV2D_HPP

#include <array>
#include <cstddef>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"
#include "dot_product.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// One spatial axis. Tap k of output i reads position(i, k), which lies in the padding where it is not in [0,
/// input).
struct conv2d_axis {
  index_t input = 0, kernel = 0, output = 0;
  index_t stride = 1, dilation = 1, before = 0;

  constexpr index_t position(index_t i, index_t k) const noexcept {
    return i * stride + k * dilation - before;
  }
  constexpr bool holds(index_t position) const noexcept { return 0 <= position && position < input; }

  /// The output whose tap k reads `position`, or -1 where there is none.
  constexpr index_t output_at(index_t position, index_t k) const noexcept {
    const index_t offset = position + before - k * dilation;
    return offset >= 0 && offset % stride == 0 && offset / stride < output ? offset / stride : -1;
  }

  /// How many outputs read, through tap k, a position below `position`.
  constexpr index_t outputs_below(index_t position, index_t k) const noexcept {
    const index_t offset = position + before - k * dilation;
    const index_t count = offset <= 0 ? 0 : (offset - 1) / stride + 1;
    return count < output ? count : output;
  }
};

struct conv2d_geometry {
  conv2d_axis height, width;
  index_t groups = 1;
};

/// The index of element i of a view of rank 4, in row-major order.
template <class View>
constexpr std::array<index_t, 4> index_of(index_t i, const View& view) noexcept {
  std::array<index_t, 4> index{};
  for (std::size_t axis = 4; axis > 0; --axis) {
    index[axis - 1] = i % view.extent(axis - 1);
    i /= view.extent(axis - 1);
  }
  return index;
}

template <class View>
constexpr auto* pointer_to(const View& view, index_t i, index_t j, index_t k, index_t l) noexcept {
  return view.data_handle() +
         (i * view.stride(0) + j * view.stride(1) + k * view.stride(2) + l * view.stride(3));
}

/// How many images are worth a visit: of empty ones there may be 2^60.
template <class View>
constexpr index_t images_with_pixels(const View& images) noexcept {
  return images.extent(1) > 0 && images.extent(2) > 0 ? images.extent(0) : 0;
}

template <policy P, element Input, element Weight, element Bias, element Output>
void conv2d_forward(const conv2d_geometry& g, const tensor_view<const Input>& x,
                    const tensor_view<const Weight>& w, const Bias* bias, index_t bias_stride,
                    const tensor_view<Output>& y, index_t begin, index_t end) noexcept {
  using sum_type = dot_sum<P, Output>;
  using number = typename sum_type::number;
  const Input zero{};
  const index_t channels = w.extent(3), filters = w.extent(0) / g.groups;  // of a group
  for (index_t i = begin; i < end; ++i) {
    const auto [n, oh, ow, o] = index_of(i, y);
    const index_t first_channel = o / filters * channels;
    sum_type sum(bias == nullptr ? number{} : dot_operand<P, number>(detail::load(bias + o * bias_stride)));
    for (index_t kh = 0; kh < g.height.kernel && channels > 0; ++kh) {
      const index_t h = g.height.position(oh, kh);
      for (index_t kw = 0; kw < g.width.kernel; ++kw) {
        const index_t v = g.width.position(ow, kw);
        const Weight* tap = pointer_to(w, o, kh, kw, 0);
        if (g.height.holds(h) && g.width.holds(v)) {
          sum.add(pointer_to(x, n, h, v, first_channel), x.stride(3), tap, w.stride(3), channels);
        } else if constexpr (P.padded_taps == padded_taps::multiplied) {
          sum.add(&zero, 0, tap, w.stride(3), channels);
        } else {
          sum.skip(channels);
        }
      }
    }
    detail::store(pointer_to(y, n, oh, ow, o), sum.result());
  }
}

template <policy P, element Weight, element Upstream, element Gradient>
void conv2d_backward_input(const conv2d_geometry& g, const tensor_view<const Weight>& w,
                           const tensor_view<const Upstream>& u, const tensor_view<Gradient>& dx,
                           index_t begin, index_t end) noexcept {
  using sum_type = dot_sum<P, Gradient>;
  const index_t channels = w.extent(3), filters = w.extent(0) / g.groups;  // of a group
  for (index_t i = begin; i < end; ++i) {
    const auto [n, h, v, c] = index_of(i, dx);
    const index_t first_filter = c / channels * filters;
    sum_type sum(typename sum_type::number{});
    for (index_t kh = 0; kh < g.height.kernel && filters > 0; ++kh) {
      const index_t oh = g.height.output_at(h, kh);
      for (index_t kw = 0; kw < g.width.kernel; ++kw) {
        const index_t ow = g.width.output_at(v, kw);
        if (oh >= 0 && ow >= 0) {
          sum.add(pointer_to(u, n, oh, ow, first_filter), u.stride(3),
                  pointer_to(w, first_filter, kh, kw, c % channels), w.stride(0), filters);
        } else {
          sum.skip(filters);
        }
      }
    }
    detail::store(pointer_to(dx, n, h, v, c), sum.result());
  }
}

template <policy P, element Input, element Upstream, element Gradient>
void conv2d_backward_weight(const conv2d_geometry& g, const tensor_view<const Input>& x,
                            const tensor_view<const Upstream>& u, const tensor_view<Gradient>& dw,
                            index_t begin, index_t end) noexcept {
  using sum_type = dot_sum<P, Gradient>;
  const Input zero{};
  const index_t channels = dw.extent(3), filters = dw.extent(0) / g.groups;  // of a group
  for (index_t i = begin; i < end; ++i) {
    const std::array<index_t, 4> index = index_of(i, dw);
    const index_t o = index[0], kh = index[1], kw = index[2], c = index[3];
    const index_t channel = o / filters * channels + c;
    // outputs [first, last) of a row read pixels through this tap, the others padding
    const index_t first = g.width.outputs_below(0, kw), last = g.width.outputs_below(g.width.input, kw);
    const index_t step =
        last - first > 1 ? g.width.stride * x.stride(2) : 0;  // a larger stride might overflow
    sum_type sum(typename sum_type::number{});
    for (index_t n = 0; n < images_with_pixels(u); ++n) {
      for (index_t oh = 0; oh < g.height.output; ++oh) {
        const auto padding = [&](index_t from, index_t to) {
          if (from == to) return;
          if constexpr (P.padded_taps == padded_taps::multiplied) {
            sum.add(&zero, 0, pointer_to(u, n, oh, from, o), u.stride(2), to - from);
          } else {
            sum.skip(to - from);
          }
        };
        const index_t h = g.height.position(oh, kh);
        if (g.height.holds(h) && first < last) {
          padding(0, first);
          sum.add(pointer_to(x, n, h, g.width.position(first, kw), channel), step,
                  pointer_to(u, n, oh, first, o), u.stride(2), last - first);
          padding(last, g.width.output);
        } else {
          padding(0, g.width.output);
        }
      }
    }
    detail::store(pointer_to(dw, o, kh, kw, c), sum.result());
  }
}

template <policy P, element Upstream, element Gradient>
void conv2d_backward_bias(const tensor_view<const Upstream>& u, const tensor_view<Gradient>& db,
                          index_t begin, index_t end) noexcept {
  using sum_type = dot_sum<P, Gradient>;
  const typename sum_type::number one = 1;
  for (index_t o = begin; o < end; ++o) {
    sum_type sum(typename sum_type::number{});
    for (index_t n = 0; n < images_with_pixels(u); ++n) {
      for (index_t oh = 0; oh < u.extent(1); ++oh) {
        sum.add(pointer_to(u, n, oh, 0, o), u.stride(2), &one, 0, u.extent(2));
      }
    }
    detail::store(db.data_handle() + o * db.stride(0), sum.result());
  }
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_CONV2D_HPP

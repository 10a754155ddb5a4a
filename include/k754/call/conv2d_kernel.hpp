/// What the vectors take of conv2d: one element type, views in the logical order of axes.
#ifndef K754_CALL_CONV2D_KERNEL_HPP
#define K754_CALL_CONV2D_KERNEL_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../policy.hpp"
#include "../reference/conv2d.hpp"
#include "../simd.hpp"
#include "../simd/formats.hpp"
#include "../simd/transposes.hpp"
#include "../simd/vectors.hpp"
#include "../tensor_view.hpp"
#include "conv2d_walk.hpp"

namespace k754::detail {

/// Weights as conv2d_packed.hpp describes them, or no rows.
template <floating T>
struct conv2d_packing {
  const T* rows = nullptr;
  index_t elements = 0;
  index_t groups = 0;
  std::array<std::size_t, max_rank> order = {};  // of the axes of the weights that were packed
  bool finite = false;
};

/// Filters of a panel, and what the last one is filled up to.
inline constexpr index_t panel_filters = 64, panel_unit = 16;

K754_INLINE constexpr index_t padded_filters(index_t filters) noexcept {
  return (filters + panel_unit - 1) / panel_unit * panel_unit;
}
/// Depthwise weights are packed as if they were those of one group.
K754_INLINE constexpr index_t groups_of_panels(index_t filters, index_t channels, index_t groups) noexcept {
  return channels == 1 && filters == groups ? 1 : groups;
}

/// Where the panel with a filter is, from the first row of the group's; and how long its rows are.
struct panel_place {
  index_t offset, row;
};
K754_INLINE constexpr panel_place place_of_panel(index_t filter, index_t filters, index_t terms) noexcept {
  const index_t first = filter / panel_filters * panel_filters;
  const index_t rest = padded_filters(filters - first);
  return {first * terms, rest < panel_filters ? rest : panel_filters};
}

/// x, y in the order [N, H, W, C], w in that of [O, KH, KW, C/groups].
template <floating T>
struct conv2d_run {
  const reference::conv2d_geometry& geometry;
  const tensor_view<const T>& x;
  const tensor_view<const T>& w;
  const T* bias;  // or null
  index_t bias_stride;
  const tensor_view<T>& y;
  const conv2d_packing<float>& packing;
};

inline namespace K754_KERNEL_ABI {

/// Rows of outputs that are worth a task of their own: a million multiply-adds are 30 microseconds (an EPYC with AVX-512).
template <class Output, class Weight>
index_t conv2d_grain(const Output& y, const Weight& w) noexcept {
  constexpr index_t task = index_t{1} << 20;
  index_t work = 0;
  const index_t row = y.extent(2) * y.extent(3), terms = w.extent(1) * w.extent(2) * w.extent(3);
  if (__builtin_mul_overflow(row, terms, &work) || work >= task) return 1;
  return task / (work < 1 ? 1 : work);
}

/// The definition, for the rows [begin, end) of all images.
template <policy P, floating T>
void conv2d_rows(const conv2d_run<T>& run, index_t begin, index_t end) noexcept {
  const index_t row = run.y.extent(2) * run.y.extent(3);
  reference::conv2d_forward<P>(run.geometry, run.x, run.w, run.bias, run.bias_stride, run.y, begin * row,
                               end * row);
}

/// Whether some output reads padding.
inline bool has_padding(const reference::conv2d_geometry& g) noexcept {
  const auto padded = [](const reference::conv2d_axis& axis) {
    return axis.before > 0 || axis.position(axis.output - 1, axis.kernel - 1) >= axis.input;
  };
  return padded(g.height) || padded(g.width);
}

/// Whether a tap of a filter that the outputs of a rectangle skip is infinite or NaN, so that zero times it is NaN.
template <floating T>
bool skips_a_nan(const tensor_view<const T>& w, index_t filter, const output_rectangle& of) noexcept {
  for (index_t kh = 0; kh < w.extent(1); ++kh) {
    for (index_t kw = 0; kw < w.extent(2); ++kw) {
      const bool read =
          kh >= of.rows.first && kh < of.rows.last && kw >= of.columns.first && kw < of.columns.last;
      for (index_t c = 0; c < w.extent(3) && !read; ++c) {
        if (!is_finite(load(reference::pointer_to(w, filter, kh, kw, c)))) return true;
      }
    }
  }
  return false;
}

/// Makes results in which taps were skipped those in which zeros were multiplied: NaN where the weight is not finite.
template <floating T>
void multiply_padding(const conv2d_run<T>& run, index_t begin, index_t end) noexcept {
  for_rectangles(run.geometry, begin, end, [&](const output_rectangle& of) {
    for (index_t filter = 0; filter < run.y.extent(3) && of.skips_taps(run.geometry); ++filter) {
      if (!skips_a_nan(run.w, filter, of)) continue;
      output_pixels pixels(run.geometry, of, run.x, run.y);
      while (const std::size_t count = pixels.next(pixels.capacity)) {
        for (std::size_t i = 0; i < count; ++i) {
          store(run.y.data_handle() + pixels.to()[i] + filter * run.y.stride(3), canonical_nan<T>());
        }
      }
    }
  });
}

}  // namespace K754_KERNEL_ABI

/// Where there are vectors: for float, float16 or bfloat16 in all tensors, under what a policy is without being asked. The rest is the definition's.
K754_INLINE constexpr bool is_on_vectors(const policy& p) noexcept {
  return p.subnormals == subnormals::preserve && p.zero_times_inf == zero_times_inf::ieee &&
         p.precision != precision::exact;
}

template <policy P, floating T>
struct conv2d_kernel {
  using function = void(const conv2d_run<T>& run, index_t begin, index_t end) noexcept;
  static constexpr function* scalar = &conv2d_rows<P, T>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/conv2d-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_CALL_CONV2D_KERNEL_HPP

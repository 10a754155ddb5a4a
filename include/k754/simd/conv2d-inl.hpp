// conv2d of float on vectors: the bits of reference/conv2d.hpp. Read once for each target (no include guard);
// call/conv2d_kernel.hpp includes everything that is needed before.
//
// No image is copied. Outputs that read the same taps form rectangles; a tile of them is computed in registers, each output a
// chain of its own, while one list of terms (call/conv2d_walk.hpp) passes for all of them. Padded taps are not on the list:
// what they would add is zero, unless a weight over them is not finite, and there the result is NaN, which is put in its place
// afterwards.
//
// Weights are read as rows of filters, one row a term: where they lie so (the last axis of hwio), in place; else a panel of
// them is copied to the stack, a chunk at a time.
#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

#include "conv2d_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace conv2d {

using run_of_floats = detail::conv2d_run<float>;
using detail::output_rectangle;
using detail::term_list;

/// Filters of a panel that is copied: a chunk of them is 16 KiB.
inline constexpr index_t copied_filters = 16;
inline constexpr std::size_t full_vectors = static_cast<std::size_t>(copied_filters) / lanes;
inline constexpr auto copied_bytes =
    static_cast<std::size_t>(copied_filters * reference::dot_chunk) * sizeof(float);
/// Memory on the stack for a copied panel and for totals, or for totals alone.
inline constexpr std::size_t room_bytes = std::size_t{22} << 10;
/// Chunks of weights that are read in place for a group of pixels before the next: a panel of them stays in L2.
inline constexpr index_t chunks_in_place = 4;

/// Filters that are computed together: of one group, or (form::channels) one of each of adjacent groups.
struct panel {
  index_t filter, count;
  std::size_t vectors;
  bool copied;

  HWY_INLINE HWY_ATTR index_t end() const { return filter + count; }
  HWY_INLINE HWY_ATTR bool is_like(const panel& other) const {
    return vectors == other.vectors && copied == other.copied;
  }
};

/// Whether depthwise convolution's channels are adjacent, and enough of them.
inline bool are_channels(const run_of_floats& run) noexcept {
  return run.w.extent(3) == 1 && run.w.extent(0) == run.geometry.groups && run.x.stride(3) == 1 &&
         run.w.extent(0) >= copied_filters;
}

/// The rows [begin, end) of a run.
template <form F>
class convolution {
 public:
  HWY_ATTR convolution(const run_of_floats& the_run, index_t the_begin, index_t the_end)
      : run_(the_run),
        begin_(the_begin),
        end_(the_end),
        filters_(the_run.w.extent(0) / the_run.geometry.groups),
        channels_(the_run.w.extent(3)) {}
  convolution(const convolution&) = delete;
  convolution& operator=(const convolution&) = delete;

  /// Panels that are copied are the outer loop: where they are one chunk, they are copied once.
  HWY_ATTR void compute() {
    for (index_t filter = 0; filter < run_.w.extent(0);) {
      first_ = panel_at(filter);
      until_ = first_.end();
      while (!first_.copied && until_ < run_.w.extent(0) && panel_at(until_).is_like(first_)) {
        until_ = panel_at(until_).end();
      }
      copied_chunk_ = -1;
      detail::for_rectangles(run_.geometry, begin_, end_, *this);
      filter = until_;
    }
  }

  /// The filters [first, until) of a rectangle, for detail::for_rectangles.
  HWY_NOINLINE HWY_ATTR void operator()(const output_rectangle& of) {
    const bool copied = first_.copied;
    const std::size_t most =
        (copied ? room_bytes - copied_bytes : room_bytes) / (first_.vectors * lanes * sizeof(double));
    detail::output_pixels pixels(run_.geometry, of, run_.x, run_.y);
    term_list terms(run_.geometry, channels_, of, strides_of(first_), copied ? 1 : chunks_in_place, copied);
    terms.next();
    const bool one_block = terms.is_last();
    while (const std::size_t count = pixels.next(most < pixels.capacity ? most : pixels.capacity)) {
      for (panel p = first_;; p = panel_at(p.end())) {
        set_bias(p);
        if (!one_block) {
          terms.restart();
          terms.next();
        }
        compute_block(p, terms, pixels, count);
        while (!terms.is_last()) {
          terms.next();
          compute_block(p, terms, pixels, count);
        }
        if (p.end() >= until_) break;
      }
    }
  }

 private:
  HWY_ATTR panel panel_at(index_t filter) const {
    const bool in_place = run_.w.stride(0) == 1;
    if constexpr (F == form::channels) {  // the last one starts early, so that its vectors are full
      const index_t last = run_.w.extent(0) - copied_filters;
      return {filter < last ? filter : last, copied_filters, full_vectors, !in_place};
    }
    const index_t rest = filters_ - filter % filters_;
    if (in_place && rest >= width) {
      const std::size_t vectors = rest >= 4 * width ? 4 : rest >= 2 * width ? 2 : 1;
      return {filter, static_cast<index_t>(vectors) * width, vectors, false};
    }
    const index_t count = rest < copied_filters ? rest : copied_filters;
    return {filter, count, count > 2 * width ? 4U : count > width ? 2U : 1U, true};
  }

  /// The row of a panel that is copied.
  HWY_ATTR static index_t row_of(const panel& p) { return static_cast<index_t>(p.vectors) * width; }

  HWY_ATTR detail::tap_strides strides_of(const panel& p) const {
    const auto& x = run_.x;
    const auto& w = run_.w;
    const index_t row = row_of(p);
    return {{x.stride(1), x.stride(2), x.stride(3)},
            p.copied ? std::array{row * channels_ * run_.geometry.width.kernel, row * channels_, row}
                     : std::array{w.stride(1), w.stride(2), w.stride(3)}};
  }

  /// No -0: totals start at +0.
  HWY_ATTR void set_bias(const panel& p) {
    for (index_t i = 0; i < row_of(p); ++i) {
      const bool some = run_.bias != nullptr && i < p.count;
      bias_[i] = some ? detail::load(run_.bias + (p.filter + i) * run_.bias_stride) + 0.0F : 0.0F;
    }
  }

  HWY_ATTR void compute_block(const panel& p, const term_list& terms, const detail::output_pixels& pixels,
                              std::size_t count) {
    const float* w = run_.w.data_handle() + p.filter;
    if (p.copied) {
      if (copied_chunk_ != terms.chunk()) copy_chunk(p, terms.chunk());
      w = reinterpret_cast<const float*>(room_);
    }
    if constexpr (F == form::channels) {
      compute_tiles<full_vectors>(p, terms, w, pixels, count);
    } else if (p.vectors == 4) {
      compute_tiles<4>(p, terms, w, pixels, count);
    } else if (p.vectors == 2) {
      compute_tiles<2>(p, terms, w, pixels, count);
    } else {
      compute_tiles<1>(p, terms, w, pixels, count);
    }
  }

  template <std::size_t V>
  HWY_ATTR void compute_tiles(const panel& p, const term_list& terms, const float* w,
                              const detail::output_pixels& pixels, std::size_t count) {
    const index_t channel = F == form::channels ? p.filter : p.filter / filters_ * channels_;
    const float* const from = run_.x.data_handle() + channel * run_.x.stride(3);
    float* const to = run_.y.data_handle() + p.filter * run_.y.stride(3);
    const block of{terms.begin(),  terms.end(),      terms.x_step(),
                   terms.w_step(), terms.is_first(), terms.is_last()};
    auto* totals = reinterpret_cast<double*>(room_ + (p.copied ? copied_bytes : 0));
    for (std::size_t i = 0; i < count;) {
      const std::size_t rows = next_rows<V>(count - i);
      const float* x[most_rows];
      float* y[most_rows];
      for (std::size_t m = 0; m < rows; ++m) {
        x[m] = from + pixels.from()[i + m];
        y[m] = to + pixels.to()[i + m];
      }
      tile_of<F, V>(rows)(of, x, w, bias_, totals, {run_.y.stride(3), p.count}, y);
      i += rows;
      totals += rows * V * lanes;
    }
  }

  /// The terms of a chunk as rows of filters.
  HWY_ATTR void copy_chunk(const panel& p, index_t chunk) {
    copied_chunk_ = chunk;
    const auto& w = run_.w;
    const index_t taps = w.extent(1) * w.extent(2), begin = chunk * reference::dot_chunk;
    const index_t left = taps * channels_ - begin, row = row_of(p);
    const index_t count = left < reference::dot_chunk ? left : reference::dot_chunk;
    auto* const to = reinterpret_cast<float*>(room_);
    if (p.count < row) std::memset(to, 0, copied_bytes);
    const float* const from = w.data_handle() + p.filter * w.stride(0);
    const bool adjacent = (w.stride(3) == 1 || channels_ == 1) &&
                          (w.stride(2) == channels_ || w.extent(2) == 1) &&
                          (w.stride(1) == w.extent(2) * channels_ || w.extent(1) == 1);
    if (adjacent) {
      transpose_rows(from + begin, w.stride(0), count, p.count, to, row);
      return;
    }
    for (index_t i = 0; i < count; ++i) {
      const index_t tap = (begin + i) / channels_, c = (begin + i) % channels_;
      const float* const term = reference::pointer_to(w, p.filter, tap / w.extent(2), tap % w.extent(2), c);
      for (index_t j = 0; j < p.count; ++j) to[i * row + j] = detail::load(term + j * w.stride(0));
    }
  }

  const run_of_floats& run_;
  index_t begin_, end_;
  index_t filters_, channels_;  // of a group
  panel first_ = {};
  index_t until_ = 0, copied_chunk_ = -1;
  HWY_ALIGN unsigned char room_[room_bytes];
  HWY_ALIGN float bias_[4 * lanes];
};

/// Whether all weights are finite.
inline HWY_ATTR bool are_finite(const tensor_view<const float>& w) {
  using bits = hn::RebindToSigned<floats>;
  constexpr std::int32_t largest = 0x7F7FFFFF;
  const bits d;
  index_t reach = 0;
  bool forwards = true;
  for (std::size_t axis = 0; axis < 4; ++axis) {
    if (w.extent(axis) == 1) continue;
    forwards = forwards && w.stride(axis) > 0;
    if (forwards) reach += (w.extent(axis) - 1) * w.stride(axis);
  }
  if (forwards && reach + 1 == w.size()) {  // in any order
    const float* const all = w.data_handle();
    auto greatest = hn::Zero(d);
    index_t i = 0;
    for (; i + width <= w.size(); i += width) {
      greatest = hn::Max(greatest, hn::And(load_elements(d, all + i), hn::Set(d, 0x7FFFFFFF)));
    }
    if (!hn::AllFalse(d, hn::Gt(greatest, hn::Set(d, largest)))) return false;
    for (; i < w.size(); ++i) {
      if (!is_finite(detail::load(all + i))) return false;
    }
    return true;
  }
  for (index_t i = 0; i < w.size(); ++i) {
    const auto [o, kh, kw, c] = reference::index_of(i, w);
    if (!is_finite(detail::load(reference::pointer_to(w, o, kh, kw, c)))) return false;
  }
  return true;
}

/// What detail::conv2d_rows gives.
template <padded_taps Padded>
HWY_ATTR void compute_rows(const run_of_floats& run, index_t begin, index_t end) noexcept {
  if (run.x.size() == 0 || run.w.extent(3) == 0) {  // nothing to read; there may be no memory
    detail::conv2d_rows<policy{.padded_taps = Padded}>(run, begin, end);
    return;
  }
  if (are_channels(run)) {
    convolution<form::channels>(run, begin, end).compute();
  } else {
    convolution<form::filters>(run, begin, end).compute();
  }
  if constexpr (Padded == padded_taps::multiplied) {
    if (detail::has_padding(run.geometry) && !are_finite(run.w)) detail::multiply_padding(run, begin, end);
  }
}

}  // namespace conv2d

template <policy P>
requires(detail::is_on_vectors(P)) struct code_of<detail::conv2d_kernel<P, float>>
    : detail::vector_code<&conv2d::compute_rows<P.padded_taps>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

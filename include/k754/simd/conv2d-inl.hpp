// conv2d of float, float16 and bfloat16 on vectors: the bits of reference/conv2d.hpp. Read once for each target (no include guard);
// call/conv2d_kernel.hpp includes everything that is needed before.
//
// No image is copied. Outputs that read the same taps form rectangles; a tile of them is computed in registers, each output a
// chain of its own, while one list of terms (call/conv2d_walk.hpp) passes for all of them. Padded taps are not on the list:
// what they would add is zero, unless a weight over them is not finite, and there the result is NaN, which is put in its place
// afterwards.
//
// Weights are read as rows of filters, one row a term: where they lie so (packed, or the last axis of hwio), in place; else a
// panel of them is copied to the stack, a chunk at a time.
#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

#include "conv2d_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace conv2d {

using detail::output_rectangle;
using detail::term_list;

/// Filters of a panel that is copied, at least: a chunk of them is 16 KiB. Of few terms four times as many fit.
inline constexpr index_t copied_filters = 16;
inline constexpr std::size_t full_vectors = static_cast<std::size_t>(copied_filters) / lanes;
inline constexpr index_t few_terms = reference::dot_chunk / 4;
inline constexpr auto copied_bytes =
    static_cast<std::size_t>(copied_filters * reference::dot_chunk) * sizeof(float);
/// Memory on the stack for a copied panel and for totals, or for totals alone; with the lists and a tile it makes 32 KiB.
inline constexpr std::size_t room_bytes = std::size_t{43} << 9;
/// Chunks of weights that are read where they are for a group of pixels before the next: a panel of them stays in L2.
inline constexpr index_t chunks_in_place = 4;
/// Outputs for which each panel of weights is read once, and the image for each panel (512 channels of 7x7 in nchw: 102 in place
/// of 89 GFLOP/s where 117 are the limit; nhwc the same, 14x14 the same; an EPYC of 2024 with AVX-512).
inline constexpr index_t small_map = 256;

/// How a panel's weights are read.
enum class source { in_place, packed, copied };

/// Filters that are computed together: of one group, or (form::channels) one of each of adjacent groups. Of weights that are
/// packed or copied, rows of filters are `row` apart.
struct panel {
  index_t filter, count;
  std::size_t vectors;
  source from;
  index_t row;

  HWY_INLINE HWY_ATTR index_t end() const { return filter + count; }
  HWY_INLINE HWY_ATTR bool is_like(const panel& other) const {
    return vectors == other.vectors && from == other.from && row == other.row;
  }
};

/// Whether depthwise convolution's channels are adjacent, and enough of them.
template <floating T>
bool are_channels(const detail::conv2d_run<T>& run) noexcept {
  return run.w.extent(3) == 1 && run.w.extent(0) == run.geometry.groups && run.x.stride(3) == 1 &&
         run.w.extent(0) >= copied_filters;
}

/// Whether pixels side by side in a row of outputs are so in the image, and filters too few for a vector.
template <floating T>
bool are_pixels(const detail::conv2d_run<T>& run) noexcept {
  return run.w.extent(0) / run.geometry.groups < width && run.geometry.width.stride == 1 &&
         run.x.stride(2) == 1 && run.y.extent(2) >= width;
}

/// The rows [begin, end) of a run.
template <precision Tier, floating T>
class convolution {
 public:
  HWY_ATTR convolution(const detail::conv2d_run<T>& the_run, index_t the_begin, index_t the_end)
      : run_(the_run),
        begin_(the_begin),
        end_(the_end),
        filters_(the_run.w.extent(0) / the_run.geometry.groups),
        channels_(the_run.w.extent(3)),
        terms_(the_run.w.extent(1) * the_run.w.extent(2) * channels_),
        in_place_(std::same_as<T, float> && the_run.w.stride(0) == 1) {}
  convolution(const convolution&) = delete;
  convolution& operator=(const convolution&) = delete;

  HWY_ATTR void compute() {
    if (are_channels(run_)) {
      compute_in_form(form::channels);
    } else if (are_pixels(run_)) {
      in_two_ = true;
      compute_in_form(form::pixels);
      compute_in_form(form::filters);
    } else {
      compute_in_form(form::filters);
    }
  }

  /// The filters [first, until) of a rectangle, for detail::for_rectangles.
  HWY_NOINLINE HWY_ATTR void operator()(const output_rectangle& of) {
    const bool wide = of.columns.end - of.columns.begin >= width;
    if (in_two_ && wide != (form_ == form::pixels)) return;
    const bool copied = first_.from == source::copied;
    detail::output_pixels pixels(run_.geometry, of, run_.x, run_.y, form_ == form::pixels ? width : 1);
    term_list terms(run_.geometry, channels_, of, strides_of(first_), copied ? 1 : chunks_in_place, copied);
    terms.next();
    const bool one_block = terms.is_last();  // whose totals are not kept
    const std::size_t room = copied ? room_bytes - copied_bytes : room_bytes;
    const std::size_t kept = room / (first_.vectors * lanes * sizeof(double));
    const std::size_t most = one_block || kept > pixels.capacity ? pixels.capacity : kept;
    while (const std::size_t count = pixels.next(most)) {
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
  /// Panels are the outer loop where they are copied (those of one chunk are so once), and where outputs are few, so that
  /// there is little to read again.
  HWY_ATTR void compute_in_form(form f) {
    form_ = f;
    for (index_t filter = 0; filter < run_.w.extent(0);) {
      first_ = panel_at(filter);
      until_ = first_.end();
      const bool one_by_one =
          first_.from == source::copied || (end_ - begin_) * run_.y.extent(2) <= small_map;
      while (!one_by_one && until_ < run_.w.extent(0) && panel_at(until_).is_like(first_)) {
        until_ = panel_at(until_).end();
      }
      copied_chunk_ = -1;
      detail::for_rectangles(run_.geometry, begin_, end_, *this);
      filter = until_;
    }
  }

  HWY_ATTR panel panel_at(index_t filter) const {
    const bool packed = run_.packing.rows != nullptr;
    if (form_ == form::channels) {  // the last one starts early, so that its vectors are full
      const index_t all = run_.w.extent(0);
      const bool many = all - filter >= 4 * width && (packed || in_place_ || terms_ <= few_terms);
      panel p{filter, many ? 4 * width : copied_filters, many ? 4 : full_vectors, source::copied, 0};
      if (p.end() > all) p.filter = all - p.count;
      p.row = p.count;
      if (packed && (p.filter == filter || all <= detail::panel_filters)) return of_packed(p, p.filter, all);
      if (in_place_) p.from = source::in_place;
      return p;
    }
    const index_t in_group = filter % filters_, rest = filters_ - in_group;
    const index_t unit = form_ == form::pixels ? 1 : width;
    if (packed &&
        detail::groups_of_panels(run_.w.extent(0), channels_, run_.geometry.groups) == run_.geometry.groups) {
      const index_t to_end = detail::panel_filters - in_group % detail::panel_filters;
      const index_t here = rest < to_end ? rest : to_end;
      const std::size_t vectors = vectors_in(unit == 1 ? here : detail::padded_filters(here), unit);
      const index_t full = static_cast<index_t>(vectors) * unit;
      return of_packed({filter, rest < full ? rest : full, vectors, source::packed, 0}, in_group, filters_);
    }
    if (unit == 1 || (in_place_ && rest >= width)) {
      const std::size_t vectors = vectors_in(rest, unit);
      const index_t count = static_cast<index_t>(vectors) * unit;
      return {filter, count, vectors, in_place_ ? source::in_place : source::copied, count};
    }
    const index_t most = terms_ <= few_terms ? 4 * width : copied_filters;
    const index_t count = rest < most ? rest : most;
    const std::size_t vectors = count > 2 * width ? 4 : count > width ? 2 : 1;
    return {filter, count, vectors, source::copied, static_cast<index_t>(vectors) * width};
  }

  HWY_ATTR static std::size_t vectors_in(index_t filters, index_t unit) {
    return filters >= 4 * unit ? 4 : filters >= 2 * unit ? 2 : 1;
  }
  HWY_ATTR panel of_packed(panel p, index_t in_group, index_t filters) const {
    p.from = source::packed;
    p.row = detail::place_of_panel(in_group, filters, terms_).row;
    return p;
  }

  HWY_ATTR const float* weights_of(const panel& p) const {
    if constexpr (std::same_as<T, float>) {
      if (p.from == source::in_place) return run_.w.data_handle() + p.filter;
    }
    if (p.from == source::copied) return reinterpret_cast<const float*>(room_);
    const index_t filters = form_ == form::channels ? run_.w.extent(0) : filters_;
    const index_t group = p.filter / filters, in_group = p.filter % filters;
    return run_.packing.rows +
           (group * detail::padded_filters(filters) * terms_ +
            detail::place_of_panel(in_group, filters, terms_).offset + in_group % detail::panel_filters);
  }

  HWY_ATTR detail::tap_strides strides_of(const panel& p) const {
    const auto& x = run_.x;
    const auto& w = run_.w;
    const bool in_place = p.from == source::in_place;
    return {{x.stride(1), x.stride(2), x.stride(3)},
            in_place ? std::array{w.stride(1), w.stride(2), w.stride(3)}
                     : std::array{p.row * channels_ * run_.geometry.width.kernel, p.row * channels_, p.row}};
  }

  /// For each column of a tile. No -0: totals start at +0.
  HWY_ATTR void set_bias(const panel& p) {
    const index_t columns_of_filter = form_ == form::pixels ? width : 1;
    for (index_t i = 0; i < static_cast<index_t>(p.vectors) * width; ++i) {
      const index_t filter = i / columns_of_filter;
      const bool some = run_.bias != nullptr && filter < p.count;
      bias_[i] = some ? as_float(run_.bias + (p.filter + filter) * run_.bias_stride) + 0.0F : 0.0F;
    }
  }

  HWY_ATTR void compute_block(const panel& p, const term_list& terms, const detail::output_pixels& pixels,
                              std::size_t count) {
    if (p.from == source::copied && copied_chunk_ != terms.chunk()) copy_chunk(p, terms.chunk());
    const float* const w = weights_of(p);
    if (form_ == form::channels) {
      if (p.vectors == 4) {
        compute_tiles<form::channels, 4>(p, terms, w, pixels, count);
      } else {
        compute_tiles<form::channels, full_vectors>(p, terms, w, pixels, count);
      }
    } else if (form_ == form::pixels) {
      compute_in_vectors<form::pixels>(p, terms, w, pixels, count);
    } else {
      compute_in_vectors<form::filters>(p, terms, w, pixels, count);
    }
  }

  template <form F>
  HWY_ATTR void compute_in_vectors(const panel& p, const term_list& terms, const float* w,
                                   const detail::output_pixels& pixels, std::size_t count) {
    if (p.vectors == 4) {
      compute_tiles<F, 4>(p, terms, w, pixels, count);
    } else if (p.vectors == 2) {
      compute_tiles<F, 2>(p, terms, w, pixels, count);
    } else {
      compute_tiles<F, 1>(p, terms, w, pixels, count);
    }
  }

  template <std::size_t V>
  HWY_ATTR destination destination_of(const panel& p) const {
    const index_t along = run_.y.stride(2), across = run_.y.stride(3);
    if (form_ == form::pixels) return {along, static_cast<index_t>(V) * width, across, along == 1};
    return {across, p.count, width, across == 1 && p.count == static_cast<index_t>(V) * width};
  }

  template <form F, std::size_t V>
  HWY_ATTR void compute_tiles(const panel& p, const term_list& terms, const float* w,
                              const detail::output_pixels& pixels, std::size_t count) {
    const index_t channel = F == form::channels ? p.filter : p.filter / filters_ * channels_;
    const T* const from = run_.x.data_handle() + channel * run_.x.stride(3);
    T* const to = run_.y.data_handle() + p.filter * run_.y.stride(3);
    const block of{terms.begin(),  terms.end(),      terms.x_step(),
                   terms.w_step(), terms.is_first(), terms.is_last()};
    const destination results = destination_of<V>(p);
    auto* totals = reinterpret_cast<double*>(room_ + (p.from == source::copied ? copied_bytes : 0));
    for (std::size_t i = 0; i < count;) {
      const std::size_t rows = next_rows<V>(count - i);
      const T* x[most_rows];
      T* y[most_rows];
      for (std::size_t m = 0; m < rows; ++m) {
        x[m] = from + pixels.from()[i + m];
        y[m] = to + pixels.to()[i + m];
      }
      tile_of<F, Tier, T, V>(rows)(of, x, w, bias_, totals, results, y);
      i += rows;
      if (!(of.is_first && of.is_last)) totals += rows * V * lanes;
    }
  }

  /// The terms of a chunk as rows of filters.
  HWY_ATTR void copy_chunk(const panel& p, index_t chunk) {
    copied_chunk_ = chunk;
    const auto& w = run_.w;
    const index_t begin = chunk * reference::dot_chunk, left = terms_ - begin;
    const index_t count = left < reference::dot_chunk ? left : reference::dot_chunk;
    auto* const to = reinterpret_cast<float*>(room_);
    if (p.count < p.row) std::memset(to, 0, copied_bytes);
    const bool adjacent = (w.stride(3) == 1 || channels_ == 1) &&
                          (w.stride(2) == channels_ || w.extent(2) == 1) &&
                          (w.stride(1) == w.extent(2) * channels_ || w.extent(1) == 1);
    const T* const from = w.data_handle() + p.filter * w.stride(0);
    if (adjacent) {
      if constexpr (std::same_as<T, float>) {
        transpose_rows(from + begin, w.stride(0), count, p.count, to, p.row);
      } else {
        for (index_t j = 0; j < p.count; ++j) {
          for (index_t i = 0; i < count; ++i)
            to[i * p.row + j] = as_float(from + (j * w.stride(0) + begin + i));
        }
      }
      return;
    }
    index_t c = begin % channels_, tap = begin / channels_;
    for (index_t i = 0; i < count;) {
      const T* const term = reference::pointer_to(w, p.filter, tap / w.extent(2), tap % w.extent(2), c);
      for (index_t k = 0; c < channels_ && i < count; ++k, ++c, ++i) {
        for (index_t j = 0; j < p.count; ++j) {
          to[i * p.row + j] = as_float(term + (k * w.stride(3) + j * w.stride(0)));
        }
      }
      c = 0;
      ++tap;
    }
  }

  const detail::conv2d_run<T>& run_;
  index_t begin_, end_;
  index_t filters_, channels_, terms_;  // of a group
  form form_ = form::filters;
  bool in_place_;
  bool in_two_ = false;  // wide rectangles as pixels, narrow ones as filters
  panel first_ = {};
  index_t until_ = 0, copied_chunk_ = -1;
  HWY_ALIGN unsigned char room_[room_bytes];
  HWY_ALIGN float bias_[4 * lanes];
};

/// Whether all weights are finite.
template <floating T>
HWY_ATTR bool are_finite(const tensor_view<const T>& w) {
  using bits = hn::ScalableTag<std::make_signed_t<bits_of<T>>>;
  using integer = hn::TFromD<bits>;
  constexpr auto largest = static_cast<integer>(detail::format_of<T>::infinity - 1);
  constexpr auto magnitude_bits = static_cast<integer>(detail::format_of<T>::sign_bit - 1);
  const bits d;
  index_t reach = 0;
  bool forwards = true;
  for (std::size_t axis = 0; axis < 4; ++axis) {
    if (w.extent(axis) == 1) continue;
    forwards = forwards && w.stride(axis) > 0;
    if (forwards) reach += (w.extent(axis) - 1) * w.stride(axis);
  }
  if (forwards && reach + 1 == w.size()) {  // in any order
    const T* const all = w.data_handle();
    auto greatest = hn::Zero(d);
    index_t i = 0;
    for (; i + lanes_of(d) <= w.size(); i += lanes_of(d)) {
      const auto magnitude = hn::And(load_elements(d, all + i), hn::Set(d, magnitude_bits));
      greatest = hn::Max(greatest, magnitude);
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
template <policy P, floating T>
HWY_ATTR void compute_rows(const detail::conv2d_run<T>& run, index_t begin, index_t end) noexcept {
  if (run.x.size() == 0 || run.w.extent(3) == 0) {  // nothing to read; there may be no memory
    detail::conv2d_rows<P>(run, begin, end);
    return;
  }
  convolution<P.precision, T>(run, begin, end).compute();
  if constexpr (P.padded_taps == padded_taps::multiplied) {
    if (detail::has_padding(run.geometry) && !run.packing.finite && !are_finite(run.w))
      detail::multiply_padding(run, begin, end);
  }
}

}  // namespace conv2d

template <policy P, floating T>
requires(detail::is_on_vectors(P)) struct code_of<detail::conv2d_kernel<P, T>>
    : detail::vector_code<&conv2d::compute_rows<P, T>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

// where and its gradient on vectors: the bits of reference/where.hpp (no include guard; where_tiles.hpp reads it once
// for each target).
//
// Runs are of adjacent elements; inputs may also be one value. The first and the last vector of a run overlap the
// vectors between, which begin where the output is aligned. Where an output is an input whose overwriting would show,
// both are made before anything is written; otherwise the last is made last, so that nobody waits for memory that is
// far ahead. The caller orders what is streamed. Anything else, and what is shorter than a vector, is left to the
// reference.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {
namespace where {

using conditions::mask_at;
using conditions::mask_in_group;
using conditions::vectors_in_group;

/// Elements at `x.at(i)`: a vector of adjacent ones, or of one value.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> load_run(D d, detail::strided<const Bits> x, index_t i) {
  if (x.stride == 0) return hn::Set(d, detail::load(x.first));
  return load_elements(d, x.first + i);
}

constexpr bool is_run(index_t stride) noexcept { return stride == 0 || stride == 1; }

/// An input as the loops read it: an address that advances by `step` with every group of vectors.
template <class Bits>
struct cursor {
  const Bits* at;
  index_t step;
};

template <class Bits>
inline constexpr std::size_t room_for_copies = static_cast<std::size_t>(vectors_in_group) * HWY_MAX_BYTES /
                                               sizeof(Bits);

/// One value is read over and over from `copies`, which has room for a group.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR cursor<Bits> cursor_from(D d, detail::strided<const Bits> x, index_t i, Bits* copies) {
  const index_t lanes = lanes_of(d);
  if (x.stride != 0) return {x.first + i, vectors_in_group * lanes};
  for (index_t k = 0; k < vectors_in_group; ++k) {
    hn::Store(hn::Set(d, detail::load(x.first)), d, copies + k * lanes);
  }
  return {copies, 0};
}

/// The elements [begin, end) of a run of at least a vector that are written by groups.
struct groups {
  index_t begin, end;
  bool streamed;

  /// A vector of the elements before them, of which there are none or at least a vector.
  constexpr index_t before(index_t i, index_t lanes) const noexcept {
    return i + lanes <= begin ? i : begin - lanes;
  }
};

/// Through the caches: from where a vector's address is aligned, where elements are.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR groups aligned_groups(D d, const Bits* output, index_t n) {
  const index_t lanes = lanes_of(d), group = vectors_in_group * lanes;
  const auto element = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(output) / sizeof(Bits));
  const index_t begin = lanes - (element & (lanes - 1));
  return {begin, begin < n ? begin + (n - begin) / group * group : begin, false};
}

/// Past the caches: whole cache lines that nothing else writes to, since what is written both ways waits for memory.
/// Before them, and behind, there is nothing, or at least a vector. None where elements are not aligned.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR groups groups_of_lines(D d, const Bits* output, index_t n) {
  const index_t lanes = lanes_of(d), group = vectors_in_group * lanes;
  constexpr index_t line = 64 / static_cast<index_t>(sizeof(Bits));
  const auto address = reinterpret_cast<std::uintptr_t>(output);
  if (address % sizeof(Bits) != 0 || lanes > line) return {0, 0, false};
  const index_t to_line = -static_cast<index_t>(address / sizeof(Bits)) & (line - 1);
  const index_t begin = to_line > 0 && to_line < lanes ? to_line + line : to_line;
  index_t end = begin + (n - begin) / group * group;
  if (end < n && n - end < lanes) end -= group;
  return {begin, end, begin < end};
}

/// How outputs, which are other memory than the inputs or not, are written: past the caches where that is asked for
/// and possible.
template <class D, class Bits, class... Others>
HWY_INLINE HWY_ATTR groups groups_of(D d, detail::stores how, bool in_place, index_t n, const Bits* output,
                                     const Others*... others) {
  const auto address = reinterpret_cast<std::uintptr_t>(output);
  const bool same_lines = (((address - reinterpret_cast<std::uintptr_t>(others)) % 64 == 0) && ...);
  if (how == detail::stores::streamed && same_lines && !in_place) {
    const groups lines = groups_of_lines(d, output, n);
    if (lines.streamed) return lines;
  }
  return aligned_groups(d, output, n);
}

/// If a run is one of many adjacent rows, the line that two of them share is asked for: that of the first row to
/// begin 4 KiB later, since memory takes longer to be ready for writing than one row does. Always inline, see
/// prefetch.hpp.
template <class Bits>
HWY_INLINE HWY_ATTR void fetch_shared_line(const groups& middle, const Bits* output, index_t n) {
  if (!middle.streamed || (middle.begin == 0 && middle.end == n)) return;
  detail::prefetch_boundary(output, n * (4096 / (n * static_cast<index_t>(sizeof(Bits))) + 2));
}

template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void write_four(D d, hn::Vec<D> v0, hn::Vec<D> v1, hn::Vec<D> v2, hn::Vec<D> v3, Bits* to,
                                    bool streamed) {
  const index_t lanes = lanes_of(d);
  if (streamed) {
    stream_elements(d, v0, to);
    stream_elements(d, v1, to + lanes);
    stream_elements(d, v2, to + 2 * lanes);
    stream_elements(d, v3, to + 3 * lanes);
  } else {
    store_elements(d, v0, to);
    store_elements(d, v1, to + lanes);
    store_elements(d, v2, to + 2 * lanes);
    store_elements(d, v3, to + 3 * lanes);
  }
}

/// A run of at least a vector becomes another.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void copy_run(D d, detail::strided<const Bits> x, Bits* output, index_t n,
                                  detail::stores how) {
  if (x.first == output && x.stride == 1) return;
  const index_t lanes = lanes_of(d);
  const groups middle = groups_of(d, how, false, n, output);
  fetch_shared_line(middle, output, n);
  const auto first = load_run(d, x, 0);
  if (middle.streamed) {
    for (index_t i = 0; i < middle.begin; i += lanes) {
      const index_t at = middle.before(i, lanes);
      store_elements(d, load_run(d, x, at), output + at);
    }
  }
  HWY_ALIGN Bits copies[room_for_copies<Bits>];
  auto from = cursor_from(d, x, middle.begin, copies);
  for (index_t i = middle.begin; i < middle.end; i += vectors_in_group * lanes) {
    write_four(d, load_elements(d, from.at), load_elements(d, from.at + lanes),
               load_elements(d, from.at + 2 * lanes), load_elements(d, from.at + 3 * lanes), output + i,
               middle.streamed);
    from.at += from.step;
  }
  for (index_t i = middle.end; i < n - lanes; i += lanes) store_elements(d, load_run(d, x, i), output + i);
  if (!middle.streamed) store_elements(d, first, output);
  if (middle.end < n) store_elements(d, load_run(d, x, n - lanes), output + (n - lanes));
}

/// Whether the condition is made of what is there.
HWY_INLINE HWY_ATTR bool is_at(const detail::byte_run& condition, const void* x) {
  return static_cast<const void*>(condition.bytes.first) == x;
}
HWY_INLINE HWY_ATTR bool is_at(const detail::bit_run&, const void*) {
  return false;
}  // bits are in place of nothing

template <class D, class Condition, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> selected_at(D d, const Condition& condition, detail::strided<const Bits> x,
                                           detail::strided<const Bits> y, index_t i) {
  return hn::IfThenElse(mask_at(d, condition, i), load_run(d, x, i), load_run(d, y, i));
}

/// What reference::where gives. Vectors that overlap read some elements after they were written. That does no harm
/// where the output is x or y: the selection from a selection is the same. Where it is the condition, they read it
/// before.
template <class Condition, std::unsigned_integral Bits>
HWY_ATTR void where(const Condition& condition, detail::strided<const Bits> x, detail::strided<const Bits> y,
                    detail::strided<Bits> output, index_t n, detail::stores how) noexcept {
  const hn::ScalableTag<Bits> d;
  const index_t lanes = lanes_of(d);
  const index_t condition_stride = detail::stride_of(condition);
  if (n < lanes || output.stride != 1 || !is_run(x.stride) || !is_run(y.stride) ||
      !is_run(condition_stride)) {
    reference::where(condition, x, y, output, n);
    return;
  }
  if (condition_stride == 0) {
    copy_run(d, condition(0) ? x : y, output.first, n, how);
    return;
  }
  const bool in_place = is_at(condition, output.first);
  const groups middle = groups_of(d, how, in_place, n, output.first);
  fetch_shared_line(middle, output.first, n);
  const auto first = selected_at(d, condition, x, y, 0);
  auto last = first;
  if (in_place) last = selected_at(d, condition, x, y, n - lanes);
  if (middle.streamed) {
    for (index_t i = 0; i < middle.begin; i += lanes) {
      const index_t at = middle.before(i, lanes);
      store_elements(d, selected_at(d, condition, x, y, at), output.first + at);
    }
  }
  if (middle.begin < middle.end) {
    HWY_ALIGN Bits x_copies[room_for_copies<Bits>];
    HWY_ALIGN Bits y_copies[room_for_copies<Bits>];
    auto from_x = cursor_from(d, x, middle.begin, x_copies),
         from_y = cursor_from(d, y, middle.begin, y_copies);
    index_t i = middle.begin;
    do {
      const auto v0 = hn::IfThenElse(mask_in_group(d, condition, i, 0), load_elements(d, from_x.at),
                                     load_elements(d, from_y.at));
      const auto v1 = hn::IfThenElse(mask_in_group(d, condition, i, 1), load_elements(d, from_x.at + lanes),
                                     load_elements(d, from_y.at + lanes));
      const auto v2 =
          hn::IfThenElse(mask_in_group(d, condition, i, 2), load_elements(d, from_x.at + 2 * lanes),
                         load_elements(d, from_y.at + 2 * lanes));
      const auto v3 =
          hn::IfThenElse(mask_in_group(d, condition, i, 3), load_elements(d, from_x.at + 3 * lanes),
                         load_elements(d, from_y.at + 3 * lanes));
      write_four(d, v0, v1, v2, v3, output.first + i, middle.streamed);
      from_x.at += from_x.step;
      from_y.at += from_y.step;
      i += vectors_in_group * lanes;
    } while (i < middle.end);
  }
  for (index_t i = middle.end; i < n - lanes; i += lanes) {
    store_elements(d, selected_at(d, condition, x, y, i), output.first + i);
  }
  if (!in_place) last = selected_at(d, condition, x, y, n - lanes);
  if (!middle.streamed) store_elements(d, first, output.first);
  if (middle.end < n) store_elements(d, last, output.first + (n - lanes));
}

/// A vector of the upstream gradient goes to where it was selected, and zeros to the other.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void store_split(D d, hn::Mask<D> mask, hn::Vec<D> upstream, Bits* dx, Bits* dy) {
  store_elements(d, hn::IfThenElseZero(mask, upstream), dx);
  store_elements(d, hn::IfThenZeroElse(mask, upstream), dy);
}

/// What reference::where_backward gives.
template <class Condition, std::unsigned_integral Bits>
HWY_ATTR void where_backward(const Condition& condition, detail::strided<const Bits> upstream,
                             detail::strided<Bits> dx, detail::strided<Bits> dy, index_t n,
                             detail::stores how) noexcept {
  const hn::ScalableTag<Bits> d;
  const index_t lanes = lanes_of(d);
  const index_t condition_stride = detail::stride_of(condition);
  if (n < lanes || dx.stride != 1 || dy.stride != 1 || !is_run(upstream.stride) || condition_stride != 1) {
    reference::where_backward(condition, upstream, dx, dy, n);
    return;
  }
  const bool in_place = upstream.first == dx.first || upstream.first == dy.first ||
                        is_at(condition, dx.first) || is_at(condition, dy.first);
  const auto first_mask = mask_at(d, condition, 0);
  const auto first = load_run(d, upstream, 0);
  auto last_mask = first_mask;
  auto last = first;
  if (in_place) {
    last_mask = mask_at(d, condition, n - lanes);
    last = load_run(d, upstream, n - lanes);
  }
  const groups middle = groups_of(d, how, in_place, n, dx.first, dy.first);
  fetch_shared_line(middle, dx.first, n);
  if (middle.streamed) {
    for (index_t i = 0; i < middle.begin; i += lanes) {
      const index_t at = middle.before(i, lanes);
      store_split(d, mask_at(d, condition, at), load_run(d, upstream, at), dx.first + at, dy.first + at);
    }
  }
  if (middle.begin < middle.end) {
    HWY_ALIGN Bits copies[room_for_copies<Bits>];
    auto from = cursor_from(d, upstream, middle.begin, copies);
    index_t i = middle.begin;
    do {
      const auto m0 = mask_in_group(d, condition, i, 0), m1 = mask_in_group(d, condition, i, 1);
      const auto m2 = mask_in_group(d, condition, i, 2), m3 = mask_in_group(d, condition, i, 3);
      const auto v0 = load_elements(d, from.at), v1 = load_elements(d, from.at + lanes);
      const auto v2 = load_elements(d, from.at + 2 * lanes), v3 = load_elements(d, from.at + 3 * lanes);
      write_four(d, hn::IfThenElseZero(m0, v0), hn::IfThenElseZero(m1, v1), hn::IfThenElseZero(m2, v2),
                 hn::IfThenElseZero(m3, v3), dx.first + i, middle.streamed);
      write_four(d, hn::IfThenZeroElse(m0, v0), hn::IfThenZeroElse(m1, v1), hn::IfThenZeroElse(m2, v2),
                 hn::IfThenZeroElse(m3, v3), dy.first + i, middle.streamed);
      from.at += from.step;
      i += vectors_in_group * lanes;
    } while (i < middle.end);
  }
  for (index_t i = middle.end; i < n - lanes; i += lanes) {
    store_split(d, mask_at(d, condition, i), load_run(d, upstream, i), dx.first + i, dy.first + i);
  }
  if (!in_place) {
    last_mask = mask_at(d, condition, n - lanes);
    last = load_run(d, upstream, n - lanes);
  }
  if (!middle.streamed) store_split(d, first_mask, first, dx.first, dy.first);
  if (middle.end < n) store_split(d, last_mask, last, dx.first + (n - lanes), dy.first + (n - lanes));
}

}  // namespace where

template <class Condition, class Bits>
struct code_of<detail::where_kernel<Condition, Bits>> : detail::vector_code<&where::where<Condition, Bits>> {
};
template <class Condition, class Bits>
struct code_of<detail::where_backward_kernel<Condition, Bits>>
    : detail::vector_code<&where::where_backward<Condition, Bits>> {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

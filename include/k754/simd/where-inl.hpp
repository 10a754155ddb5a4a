// where, its gradient and the conditions that numbers make, on vectors: the bits of reference/where.hpp. Read once for each
// target (no include guard); where.hpp includes everything that is needed before.
//
// Runs are of adjacent elements; inputs may also be one value. The first and the last vector of a run overlap the vectors
// between, which begin where the output is aligned. Where an output is an input whose overwriting would show, both are made
// before anything is written; otherwise the last is made last, so that nobody waits for memory that is far ahead. The caller
// orders what is streamed. Anything else, and what is shorter than a vector, is left to the reference.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Vectors at a time: at least 8 elements, so that the bits of a condition go on with whole bytes.
constexpr index_t unrolled = 4;

template <class D>
HWY_INLINE HWY_ATTR index_t lanes_of(D d) {
  return static_cast<index_t>(hn::Lanes(d));
}

template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> load_elements(D d, const Bits* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(x)));
}
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void store_elements(D /*d*/, hn::Vec<D> v, Bits* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  hn::StoreU(hn::BitCast(bytes, v), bytes, reinterpret_cast<std::uint8_t*>(x));
}
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void stream_elements(D /*d*/, hn::Vec<D> v, Bits* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  hn::Stream(hn::BitCast(bytes, v), bytes, reinterpret_cast<std::uint8_t*>(x));
}

/// Elements at `x.at(i)`: a vector of adjacent ones, or of one value.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> load_run(D d, detail::strided<const Bits> x, index_t i) {
  if (x.stride == 0) return hn::Set(d, detail::load(x.first));
  return load_elements(d, x.first + i);
}

constexpr bool is_run(index_t stride) noexcept { return stride == 0 || stride == 1; }

/// Condition bytes, each as a whole lane.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> widen_bytes(D d, const std::uint8_t* bytes) {
  if constexpr (sizeof(hn::TFromD<D>) == 1) {
    return hn::LoadU(d, bytes);
  } else if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const hn::Rebind<std::uint32_t, D> half;
    return hn::PromoteTo(d, hn::PromoteTo(half, hn::LoadU(hn::Rebind<std::uint8_t, D>(), bytes)));
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::uint8_t, D>(), bytes));
  }
}

/// The condition for a vector of elements from `i` on,
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_at(D d, const detail::byte_run& condition, index_t i) {
  return hn::Ne(widen_bytes(d, condition.bytes.first + i), hn::Zero(d));
}
/// from bits that begin anywhere in a byte.
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_at(D d, const detail::bit_run& condition, index_t i) {
  HWY_ALIGN std::uint8_t bits[HWY_MAX(8, HWY_MAX_BYTES / 8)] = {};  // LoadMaskBits may read 8
  detail::copy_bits(condition.bytes, condition.first + i, lanes_of(d), bits);
  return hn::LoadMaskBits(d, bits);
}

/// The condition for vector `k` of the `unrolled` vectors from element `i` on.
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_in_group(D d, const detail::byte_run& condition, index_t i, index_t k) {
  return mask_at(d, condition, i + k * lanes_of(d));
}
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> mask_in_group(D d, const detail::bit_run& condition, index_t i, index_t k) {
#if HWY_HAVE_SCALABLE
  return mask_at(d, condition, i + k * lanes_of(d));
#else
  constexpr std::size_t lanes = HWY_LANES(hn::TFromD<D>), size = lanes < 8 ? 1 : lanes / 8;
#if HWY_TARGET > HWY_AVX3  // without mask registers: all bits of the group in every lane, tested one by one
  if constexpr (sizeof(hn::TFromD<D>) >= 4) {
    constexpr std::size_t group_size = static_cast<std::size_t>(unrolled) * lanes / 8;
    const std::uint8_t* const from = condition.bytes + ((condition.first + i) >> 3);
    const int past = static_cast<int>((condition.first + i) & 7);
    std::uint32_t all = 0;
    std::memcpy(&all, from, group_size);
    if (past != 0) {
      const auto more = std::uint64_t{from[group_size]} << (8 * group_size);
      all = static_cast<std::uint32_t>((more | all) >> past);
    }
    const auto first_bits = hn::Shl(hn::Set(d, 1), hn::Iota(d, 0));
    const auto bits = hn::ShiftRightSame(hn::Set(d, all), static_cast<int>(k) * static_cast<int>(lanes));
    return hn::TestBit(bits, first_bits);
  }
#endif
  const index_t bit = condition.first + i;
  const int shift = static_cast<int>(bit & 7);
  const index_t in_group = k * static_cast<index_t>(lanes);
  const std::uint8_t* const bytes = condition.bytes + (bit >> 3) + in_group / 8;
  if (lanes >= 8 && shift == 0) return hn::LoadMaskBits(d, bytes);  // reads no more than lanes / 8 bytes
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  if (shift != 0) word = word >> shift | std::uint64_t{bytes[size]} << (8 * static_cast<int>(size) - shift);
  if (lanes < 8) word >>= in_group % 8;
  std::uint8_t bits[8];
  std::memcpy(bits, &word, 8);
  return hn::LoadMaskBits(d, bits);
#endif
}

/// An input as the loops read it: an address that advances by `step` with every `unrolled` vectors.
template <class Bits>
struct cursor {
  const Bits* at;
  index_t step;
};

template <class Bits>
inline constexpr std::size_t room_for_copies = static_cast<std::size_t>(unrolled) * HWY_MAX_BYTES /
                                               sizeof(Bits);

/// One value is read over and over from `copies`, which has room for `unrolled` vectors.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR cursor<Bits> cursor_from(D d, detail::strided<const Bits> x, index_t i, Bits* copies) {
  const index_t lanes = lanes_of(d);
  if (x.stride != 0) return {x.first + i, unrolled * lanes};
  for (index_t k = 0; k < unrolled; ++k) hn::Store(hn::Set(d, detail::load(x.first)), d, copies + k * lanes);
  return {copies, 0};
}

/// The elements [begin, end) of a run of at least a vector that are written by `unrolled` vectors at a time.
struct groups {
  index_t begin, end;
  bool streamed;

  /// A vector of the elements before them, of which there are none or at least a vector.
  constexpr index_t before(index_t i, index_t lanes) const noexcept {
    return i + lanes <= begin ? i : begin - lanes;
  }
};

/// They begin where a vector's address is aligned, where elements are. Those that are streamed are whole cache lines that
/// nothing else writes to, since what is written both ways waits for memory: before them, and behind, there is nothing, or
/// at least a vector. If this is one of many adjacent rows, the line that two of the next ones share is asked for.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR groups groups_of(D d, const Bits* output, index_t n, bool streamed) {
  const index_t lanes = lanes_of(d), group = unrolled * lanes;
  constexpr index_t line = 64 / static_cast<index_t>(sizeof(Bits));
  const auto address = reinterpret_cast<std::uintptr_t>(output);
  const auto element = static_cast<index_t>(address / sizeof(Bits));
  if (streamed && address % sizeof(Bits) == 0 && lanes <= line) {
    const index_t to_line = -element & (line - 1);
    const index_t begin = to_line > 0 && to_line < lanes ? to_line + line : to_line;
    index_t end = begin + (n - begin) / group * group;
    if (end < n && n - end < lanes) end -= group;
    if (begin < end) {
      if (begin > 0 || end < n)
        detail::prefetch_boundary(output, n * (4096 / (n * static_cast<index_t>(sizeof(Bits))) + 2));
      return {begin, end, true};
    }
  }
  const index_t begin = lanes - (element & (lanes - 1));
  return {begin, begin < n ? begin + (n - begin) / group * group : begin, false};
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
  const groups middle = groups_of(d, output, n, how == detail::stores::streamed);
  const auto first = load_run(d, x, 0);
  if (middle.streamed) {
    for (index_t i = 0; i < middle.begin; i += lanes) {
      const index_t at = middle.before(i, lanes);
      store_elements(d, load_run(d, x, at), output + at);
    }
  }
  HWY_ALIGN Bits copies[room_for_copies<Bits>];
  auto from = cursor_from(d, x, middle.begin, copies);
  for (index_t i = middle.begin; i < middle.end; i += unrolled * lanes) {
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

/// What reference::where gives.
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
  const bool in_place = is_at(condition, output.first);  // x and y: what is selected twice stays selected
  const groups middle = groups_of(d, output.first, n, how == detail::stores::streamed && !in_place);
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
      i += unrolled * lanes;
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
  const bool same_lines =
      (reinterpret_cast<std::uintptr_t>(dx.first) - reinterpret_cast<std::uintptr_t>(dy.first)) % 64 == 0;
  const groups middle = groups_of(d, dx.first, n, how == detail::stores::streamed && same_lines && !in_place);
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
      i += unrolled * lanes;
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

/// Whether elements lie in the interval: its condition for a vector of bits.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR auto in_interval(D /*d*/, hn::Vec<D> bits, const detail::key_interval<Bits>& interval) {
  using key = std::make_signed_t<Bits>;
  const hn::Rebind<key, D> dk;
  const auto x = hn::BitCast(dk, bits);
  const auto sign = hn::And(hn::BroadcastSignBit(x), hn::Set(dk, static_cast<key>(interval.fold)));
  const auto keys = hn::Xor(hn::Xor(x, sign), hn::Set(dk, static_cast<key>(interval.flip)));
  const auto above = hn::Gt(keys, hn::Set(dk, interval.low));
  const auto beyond = hn::Gt(keys, hn::Set(dk, interval.high));
  return hn::Xor(hn::AndNot(beyond, above), hn::Gt(hn::Zero(dk), hn::Set(dk, interval.outside)));
}

/// What detail::test_elements_in_turn gives, for adjacent elements.
template <std::unsigned_integral Bits>
HWY_ATTR void test_elements(const Bits* x, index_t n, const detail::key_interval<Bits>& interval,
                            std::uint8_t* bits) noexcept {
  const hn::ScalableTag<Bits> d;
  const hn::Rebind<std::make_signed_t<Bits>, decltype(d)> dk;
  const index_t lanes = lanes_of(d);
  if (lanes >= 8 ? lanes % 8 != 0 : 8 % lanes != 0) {
    detail::test_elements_in_turn(x, n, interval, bits);
    return;
  }
  HWY_ALIGN Bits rest[8 + HWY_MAX_BYTES / sizeof(Bits)] = {};
  HWY_ALIGN std::uint8_t stored[HWY_MAX(8, HWY_MAX_BYTES / 8)];  // StoreMaskBits may write 8
  const index_t group = lanes < 8 ? 8 : lanes;
  for (index_t i = 0; i < n; i += group) {
    const Bits* from = x + i;
    if (n - i < group) {
      std::memcpy(rest, from, static_cast<std::size_t>(n - i) * sizeof(Bits));
      from = rest;
    }
    if (lanes >= 8) {
      hn::StoreMaskBits(dk, in_interval(d, load_elements(d, from), interval), stored);
    } else {
      unsigned byte = 0;
      for (index_t k = 0; k < 8; k += lanes) {
        hn::StoreMaskBits(dk, in_interval(d, load_elements(d, from + k), interval), stored);
        byte |= static_cast<unsigned>(stored[0]) << k;
      }
      stored[0] = static_cast<std::uint8_t>(byte);
    }
    if (n - i >= group) {
      std::memcpy(bits + i / 8, stored, static_cast<std::size_t>(group) / 8);
    } else {
      std::memcpy(bits + i / 8, stored, static_cast<std::size_t>(n - i + 7) / 8);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

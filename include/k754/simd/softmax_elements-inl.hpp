// How the softmax family reads and writes elements: two vectors of doubles at a time, from rows of any strides and masks, to
// rows of any strides. A part of softmax-inl.hpp, which includes it (no include guard).
//
// What computes sees elements side by side. They are read where they lie if they lie so and all are present; else a block of
// them is copied, with `nothing` in place of absent ones: what weighs nothing there.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

using detail::row_kernel;
using detail::strided;

/// The 16 lanes of a sum, as vectors.
using doubles = hn::CappedTag<double, 16>;
inline constexpr std::size_t lanes = reference::lane_sum<double>::lanes;
inline constexpr std::size_t width = hn::MaxLanes(doubles());
inline constexpr std::size_t vectors = lanes / width;
inline constexpr auto step = static_cast<index_t>(lanes);
inline constexpr auto pair_width = static_cast<index_t>(2 * width);
inline constexpr auto block = static_cast<index_t>(reference::lane_sum<double>::block);
using pairs = std::make_index_sequence<vectors / 2>;

/// Two vectors, which is what the exponential takes.
struct vector_pair {
  hn::Vec<doubles> v0, v1;
};

HWY_INLINE HWY_ATTR vector_pair load_doubles(const double* x) {
  const doubles d;
  return {hn::Load(d, x), hn::Load(d, x + width)};
}
HWY_INLINE HWY_ATTR void store_doubles(vector_pair v, double* x) {
  const doubles d;
  hn::Store(v.v0, d, x);
  hn::Store(v.v1, d, x + width);
}
HWY_INLINE HWY_ATTR vector_pair broadcast(double x) {
  const auto v = hn::Set(doubles(), x);
  return {v, v};
}
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR vector_pair load_pair(const T* x) {
  const doubles d;
  return {load_as_doubles<Flush>(d, x), load_as_doubles<Flush>(d, x + width)};
}
template <bool Flush, bool Nans, floating T>
HWY_INLINE HWY_ATTR void store_pair(vector_pair v, T* y) {
  const doubles d;
  store_rounded<Flush, Nans>(d, v.v0, y);
  store_rounded<Flush, Nans>(d, v.v1, y + width);
}

/// Bytes as unsigned integers of a vector's size.
template <class D, class V>
HWY_INLINE HWY_ATTR hn::Vec<D> widened(D d, V bytes) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    return hn::PromoteTo(d, hn::PromoteTo(hn::Rebind<std::uint32_t, D>(), bytes));
  } else {
    return hn::PromoteTo(d, bytes);
  }
}

/// Copies `n` elements side by side, those that are present.
template <floating T>
HWY_INLINE HWY_ATTR void copy_present(strided<const T> x, strided<const bool> mask, index_t n, T nothing,
                                      T* to) {
  if (mask.first == nullptr) {
    for (index_t i = 0; i < n; ++i) to[i] = detail::load(x.at(i));
    return;
  }
  index_t i = 0;
  if (x.stride == 1 && mask.stride == 1) {
    const hn::ScalableTag<bits_of<T>> d;
    const hn::Rebind<std::uint8_t, decltype(d)> bytes;
    const auto empty = hn::Set(d, to_bits(nothing));
    for (; i + lanes_of(d) <= n; i += lanes_of(d)) {
      const auto present = widened(d, load_elements(bytes, mask.first + i));
      const auto is_absent = hn::Eq(present, hn::Zero(d));
      store_elements(d, hn::IfThenElse(is_absent, empty, load_elements(d, x.first + i)), to + i);
    }
  }
  for (; i < n; ++i) to[i] = detail::load(mask.at(i)) ? detail::load(x.at(i)) : nothing;
}

/// `Size` adjacent elements, of which only `count` may be there and only some present; `nothing` in place of the others.
template <index_t Size, floating T>
class padded {
 public:
  HWY_INLINE HWY_ATTR padded(const T* x, strided<const bool> mask, index_t count, T nothing) : x_(x) {
    if (count < Size || mask.first != nullptr) {
      copy(x, mask, count < Size ? count : Size, nothing);
      x_ = copy_;
    }
  }
  HWY_INLINE HWY_ATTR padded(const T* x, index_t count, T nothing)
      : padded(x, {nullptr, 0}, count, nothing) {}
  padded(const padded&) = delete;
  padded& operator=(const padded&) = delete;
  const T* data() const { return x_; }

 private:
  HWY_NOINLINE HWY_ATTR void copy(const T* x, strided<const bool> mask, index_t count, T nothing) {
#if !HWY_MEM_OPS_MIGHT_FAULT
    if constexpr (std::same_as<T, float>) {
      if (mask.first == nullptr) return copy_first(x, count, nothing);
    }
#endif
    for (index_t i = count; i < Size; ++i) copy_[i] = nothing;
    copy_present<T>({x, 1}, mask, count, nothing, copy_);
  }

#if !HWY_MEM_OPS_MIGHT_FAULT
  /// By vectors, which are read sooner than elements that were written one by one.
  HWY_ATTR void copy_first(const float* x, index_t count, float nothing) {
    const hn::CappedTag<float, static_cast<std::size_t>(Size)> d;
    for (index_t i = 0; i < Size; i += lanes_of(d)) {
      const auto first = hn::FirstN(d, static_cast<std::size_t>(count > i ? count - i : 0));
      const auto elements = hn::MaskedLoad(first, d, x + i);
      hn::StoreU(hn::IfThenElse(first, elements, hn::Set(d, nothing)), d, copy_ + i);
    }
  }
#endif

  const T* x_;
  T copy_[static_cast<std::size_t>(Size)];
};

/// Room for `Size` results, of which only `count` are wanted at y.
template <index_t Size, floating T>
class landing {
 public:
  HWY_ATTR landing(T* y, index_t count) : y_(y), count_(count) {}
  T* data() { return count_ >= Size ? y_ : copy_; }
  HWY_ATTR void finish() {
    if (count_ >= Size) return;
    std::memcpy(static_cast<void*>(y_), static_cast<const void*>(copy_),
                static_cast<std::size_t>(count_) * sizeof(T));
  }

 private:
  T* y_;
  index_t count_;
  T copy_[static_cast<std::size_t>(Size)];
};

/// The elements of a row, block by block.
template <floating T>
class row_reader {
 public:
  /// `room` is for a block. A mask that repeats one byte is looked at once.
  HWY_ATTR row_reader(strided<const T> x, strided<const bool> mask, T nothing, T* room)
      : x_(x), mask_(mask), nothing_(nothing), room_(room) {
    if (mask.first != nullptr && mask.stride == 0 && detail::load(mask.first)) mask_ = {nullptr, 0};
  }

  /// So many elements are to be had at once.
  index_t longest() const { return in_place() ? (std::numeric_limits<index_t>::max)() : block; }
  /// `count` elements, where `first` is a multiple of `block`; until the next call.
  HWY_ATTR const T* elements(index_t first, index_t count) {
    if (in_place()) return x_.first + first;
    if (first != held_) {
      const strided<const bool> mask{mask_.first == nullptr ? nullptr : mask_.at(first), mask_.stride};
      copy_present<T>({x_.at(first), x_.stride}, mask, count, nothing_, room_);
      held_ = first;
    }
    return room_;
  }

 private:
  bool in_place() const { return x_.stride == 1 && mask_.first == nullptr; }

  strided<const T> x_;
  strided<const bool> mask_;
  T nothing_;
  T* room_;
  index_t held_ = -1;
};

/// Lanes l and l + half of them, and so on.
template <class D>
HWY_INLINE HWY_ATTR double folded_vector(D /*d*/, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<D> half;
    return folded_vector(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// The fold of reference::lane_sum.
HWY_INLINE HWY_ATTR double folded(doubles d, hn::Vec<doubles> (&lane)[vectors]) {
  for (std::size_t w = vectors / 2; w > 0; w /= 2) {
    for (std::size_t k = 0; k < w; ++k) lane[k] = hn::Add(lane[k], lane[k + w]);
  }
  return folded_vector(d, lane[0]);
}

/// The reference::lane_sum over a row of `n` elements of what
///
///     terms.begin(first, count)      the next block
///     terms.add(lane, i, count)      the next 16 elements, i .. of the block, as far as it has them
///
/// add to the lanes.
template <class Terms>
HWY_INLINE HWY_ATTR double sum_of_block(index_t first, index_t count, Terms& terms) {
  const doubles d;
  hn::Vec<doubles> lane[vectors];
  for (auto& l : lane) l = hn::Zero(d);
  terms.begin(first, count);
  for (index_t i = 0; i < count; i += step) terms.add(lane, i, count - i);
  return folded(d, lane);
}
template <class Terms>
HWY_INLINE HWY_ATTR double sum_of_row(index_t n, Terms& terms) {
  if (n <= block) return sum_of_block(0, n, terms);
  reference::pairwise_sum<double> blocks;
  for (index_t first = 0;; first += block) {
    const index_t count = n - first < block ? n - first : block;
    const double sum = sum_of_block(first, count, terms);
    if (first + count == n) return blocks.total_with(sum);
    blocks.add(sum);
  }
}

/// Writes a row of `n` results, which
///
///     results.begin(first, count)    the next block
///     results.put(i, count, y)       16 results at y, of the elements i .. of the block, as far as it has them
///
/// makes; `room` is for a block and may be what those are read from.
template <class Results, floating T>
HWY_INLINE HWY_ATTR void write_row(index_t n, Results& results, strided<T> y, T* room) {
  for (index_t first = 0; first < n; first += block) {
    const index_t count = n - first < block ? n - first : block;
    T* const to = y.stride == 1 ? y.first + first : room;
    results.begin(first, count);
    for (index_t i = 0; i < count; i += step) {
      landing<step, T> place(to + i, count - i);
      results.put(i, count - i, place.data());
      place.finish();
    }
    if (y.stride == 1) continue;
    for (index_t i = 0; i < count; ++i) detail::store(y.at(first + i), room[i]);
  }
}

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

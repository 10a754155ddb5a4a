// where and its gradient on vectors: the bits of reference/where.hpp. Read once for each target (no include guard);
// where.hpp includes everything that is needed before.
//
// Vectors serve runs of adjacent elements; operands may also be one value. Every input of a vector is read before an output
// is written, and what is left of a run is done element by element, so that outputs may be inputs.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements at `x.at(i)`: a vector of adjacent ones, or of one value.
template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> load_run(D d, detail::strided<const Bits> x, index_t i) {
  if (x.stride == 0) return hn::Set(d, detail::load(x.first));
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(x.first + i)));
}

template <class D, class Bits = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void store_run(D /*d*/, hn::Vec<D> v, detail::strided<Bits> x, index_t i) {
  const hn::Repartition<std::uint8_t, D> bytes;
  hn::StoreU(hn::BitCast(bytes, v), bytes, reinterpret_cast<std::uint8_t*>(x.first + i));
}

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

/// The condition at [i, i + lanes).
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> load_condition(
    D d, const detail::condition_run<detail::is_nonzero<std::uint8_t>>& condition, index_t i) {
  if (condition.values.stride == 0) {
    return hn::Ne(hn::Set(d, static_cast<hn::TFromD<D>>(detail::load(condition.values.first))), hn::Zero(d));
  }
  return hn::Ne(widen_bytes(d, condition.values.first + i), hn::Zero(d));
}

constexpr bool is_run(index_t stride) noexcept { return stride == 0 || stride == 1; }

/// What reference::where gives, for conditions of bytes.
template <std::unsigned_integral Bits>
HWY_ATTR void where(const detail::condition_run<detail::is_nonzero<std::uint8_t>>& condition,
                    detail::strided<const Bits> x, detail::strided<const Bits> y,
                    detail::strided<Bits> output, index_t n) noexcept {
  const hn::ScalableTag<Bits> d;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  index_t i = 0;
  if (output.stride == 1 && is_run(x.stride) && is_run(y.stride) && is_run(condition.values.stride)) {
    for (; i + lanes <= n; i += lanes) {
      const auto mask = load_condition(d, condition, i);
      store_run(d, hn::IfThenElse(mask, load_run(d, x, i), load_run(d, y, i)), output, i);
    }
  }
  for (; i < n; ++i) {
    detail::store(output.at(i), reference::where(condition(i), detail::load(x.at(i)), detail::load(y.at(i))));
  }
}

/// What reference::where_backward gives, for conditions of bytes.
template <std::unsigned_integral Bits>
HWY_ATTR void where_backward(const detail::condition_run<detail::is_nonzero<std::uint8_t>>& condition,
                             detail::strided<const Bits> upstream, detail::strided<Bits> dx,
                             detail::strided<Bits> dy, index_t n) noexcept {
  const hn::ScalableTag<Bits> d;
  const auto lanes = static_cast<index_t>(hn::Lanes(d));
  const auto fits = [](const detail::strided<Bits>& output) {
    return output.first == nullptr || output.stride == 1;
  };
  index_t i = 0;
  if (fits(dx) && fits(dy) && is_run(upstream.stride) && is_run(condition.values.stride)) {
    for (; i + lanes <= n; i += lanes) {
      const auto mask = load_condition(d, condition, i);
      const auto gradient = load_run(d, upstream, i);
      if (dx.first != nullptr) store_run(d, hn::IfThenElseZero(mask, gradient), dx, i);
      if (dy.first != nullptr) store_run(d, hn::IfThenZeroElse(mask, gradient), dy, i);
    }
  }
  for (; i < n; ++i) {
    const auto gradient = reference::where_backward(condition(i), detail::load(upstream.at(i)));
    if (dx.first != nullptr) detail::store(dx.at(i), gradient.x);
    if (dy.first != nullptr) detail::store(dy.at(i), gradient.y);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// Elements in memory and in vectors (no include guard; vectors.hpp reads it once for each target). What the caller's type is,
// the compiler need not know: memory is read and written as bytes.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE HWY_ATTR index_t lanes_of(D d) {
  return static_cast<index_t>(hn::Lanes(d));
}

template <class D, class T>
HWY_INLINE HWY_ATTR hn::Vec<D> load_elements(D d, const T* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(x)));
}
template <class D, class T>
HWY_INLINE HWY_ATTR void store_elements(D /*d*/, hn::Vec<D> v, T* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  hn::StoreU(hn::BitCast(bytes, v), bytes, reinterpret_cast<std::uint8_t*>(x));
}
/// Past the caches; x is aligned to a vector. The caller orders what is so written.
template <class D, class T>
HWY_INLINE HWY_ATTR void stream_elements(D /*d*/, hn::Vec<D> v, T* x) {
  const hn::Repartition<std::uint8_t, D> bytes;
  hn::Stream(hn::BitCast(bytes, v), bytes, reinterpret_cast<std::uint8_t*>(x));
}

/// Which elements are no NaN. By their bits: Clang before 18 does not show -fno-honor-nans, under which v == v is true.
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> is_number(D d, hn::Vec<D> v) {
  using format = detail::format_of<hn::TFromD<D>>;
  const hn::RebindToSigned<D> integers;
  const auto magnitude = hn::BitCast(integers, hn::Abs(v));
  const auto infinity = hn::Set(integers, static_cast<hn::TFromD<decltype(integers)>>(format::infinity));
  return hn::RebindMask(d, hn::Not(hn::Gt(magnitude, infinity)));
}

/// Which elements are at least `low` and less than `below`, where low is not below +0. By their bits, too: NaNs are not, nor
/// is -0.
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> lies_in(D d, hn::Vec<D> v, hn::TFromD<D> low, hn::TFromD<D> below) {
  const hn::RebindToSigned<D> integers;
  using key = hn::TFromD<decltype(integers)>;
  const auto bits = hn::BitCast(integers, v);
  const auto is_less = hn::Gt(hn::Set(integers, static_cast<key>(to_bits(low))), bits);
  const auto is_below = hn::Gt(hn::Set(integers, static_cast<key>(to_bits(below))), bits);
  return hn::RebindMask(d, hn::AndNot(is_less, is_below));
}
/// Which elements are zeros, of either sign; the same way.
template <class D>
HWY_INLINE HWY_ATTR hn::Mask<D> is_zero(D d, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> bits;
  return hn::RebindMask(d, hn::Eq(hn::BitCast(bits, hn::Abs(v)), hn::Zero(bits)));
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// Loops that do nothing but what the machine is measured by. Read once for each target (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// `n` steps of twelve independent chains of multiply-adds; returns how many operations that was. Twelve are enough for
/// two units with a latency of up to six, and leave registers for the factors.
template <class T>
double multiply_add(std::int64_t n, T* sink) noexcept {
  const hn::ScalableTag<T> d;
  const auto factor = hn::Set(d, static_cast<T>(0.5)), addend = hn::Set(d, static_cast<T>(*sink));
  auto a0 = hn::Iota(d, 0), a1 = hn::Iota(d, 1), a2 = hn::Iota(d, 2), a3 = hn::Iota(d, 3),
       a4 = hn::Iota(d, 4), a5 = hn::Iota(d, 5), a6 = hn::Iota(d, 6), a7 = hn::Iota(d, 7),
       a8 = hn::Iota(d, 8), a9 = hn::Iota(d, 9), a10 = hn::Iota(d, 10),
       a11 = hn::Iota(d, 11);  // no two chains are one
  for (std::int64_t i = 0; i < n; ++i) {
    a0 = hn::MulAdd(a0, factor, addend);
    a1 = hn::MulAdd(a1, factor, addend);
    a2 = hn::MulAdd(a2, factor, addend);
    a3 = hn::MulAdd(a3, factor, addend);
    a4 = hn::MulAdd(a4, factor, addend);
    a5 = hn::MulAdd(a5, factor, addend);
    a6 = hn::MulAdd(a6, factor, addend);
    a7 = hn::MulAdd(a7, factor, addend);
    a8 = hn::MulAdd(a8, factor, addend);
    a9 = hn::MulAdd(a9, factor, addend);
    a10 = hn::MulAdd(a10, factor, addend);
    a11 = hn::MulAdd(a11, factor, addend);
  }
  const auto left = hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)), hn::Add(a4, a5));
  const auto right = hn::Add(hn::Add(hn::Add(a6, a7), hn::Add(a8, a9)), hn::Add(a10, a11));
  *sink = hn::GetLane(hn::Add(left, right));
  return 2.0 * 12.0 * static_cast<double>(n) * static_cast<double>(hn::Lanes(d));
}

/// Reads bytes[0, count), a multiple of 4096.
inline std::uint8_t read(const std::uint8_t* bytes, std::size_t count) noexcept {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t n = hn::Lanes(d);
  auto a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
  for (std::size_t i = 0; i < count; i += 8 * n) {
    a0 = hn::Or(a0, hn::LoadU(d, bytes + i));
    a1 = hn::Or(a1, hn::LoadU(d, bytes + i + n));
    a2 = hn::Or(a2, hn::LoadU(d, bytes + i + 2 * n));
    a3 = hn::Or(a3, hn::LoadU(d, bytes + i + 3 * n));
    a4 = hn::Or(a4, hn::LoadU(d, bytes + i + 4 * n));
    a5 = hn::Or(a5, hn::LoadU(d, bytes + i + 5 * n));
    a6 = hn::Or(a6, hn::LoadU(d, bytes + i + 6 * n));
    a7 = hn::Or(a7, hn::LoadU(d, bytes + i + 7 * n));
  }
  return hn::GetLane(hn::Or(hn::Or(hn::Or(a0, a1), hn::Or(a2, a3)), hn::Or(hn::Or(a4, a5), hn::Or(a6, a7))));
}

/// The next byte vector of up to two inputs and a mask, combined.
template <int Inputs>
HWY_INLINE HWY_ATTR hn::Vec<hn::ScalableTag<std::uint8_t>> combined(
    hn::Vec<hn::ScalableTag<std::uint8_t>> mask, const std::uint8_t* x, const std::uint8_t* y) {
  const hn::ScalableTag<std::uint8_t> d;
  if constexpr (Inputs > 0) mask = hn::Xor(mask, hn::LoadU(d, x));
  if constexpr (Inputs > 1) mask = hn::Xor(mask, hn::LoadU(d, y));
  return mask;
}

template <bool NonTemporal>
HWY_INLINE HWY_ATTR void write(hn::Vec<hn::ScalableTag<std::uint8_t>> v, std::uint8_t* to) {
  const hn::ScalableTag<std::uint8_t> d;
  if constexpr (NonTemporal) {
    hn::Stream(v, d, to);
  } else {
    hn::StoreU(v, d, to);
  }
}

/// Reads up to two inputs and a mask, of which one vector serves `Unrolled * repeat` vectors (mask_step is its length in
/// vectors, 0 for none), and writes one or two outputs. All have `count` bytes, a multiple of what one vector of mask
/// serves.
template <int Inputs, int Outputs, int Unrolled, bool NonTemporal>
void stream(const std::uint8_t* mask, std::size_t mask_step, std::size_t repeat, const std::uint8_t* x,
            const std::uint8_t* y, std::uint8_t* z, std::uint8_t* w, std::size_t count) noexcept {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t n = hn::Lanes(d);
  for (std::size_t i = 0; i < count; mask += mask_step * n) {
    const auto m = hn::LoadU(d, mask);
    for (std::size_t r = 0; r < repeat; ++r) {
      for (int u = 0; u < Unrolled; ++u, i += n) {
        const auto v = combined<Inputs>(m, x + i, y + i);
        write<NonTemporal>(v, z + i);
        if constexpr (Outputs > 1) write<NonTemporal>(v, w + i);
      }
    }
  }
}

template <class T>
struct code_of<benchmarks::multiply_add_kernel<T>> : detail::vector_code<&multiply_add<T>> {};
template <>
struct code_of<benchmarks::read_kernel> : detail::vector_code<&read> {};
template <int Inputs, int Outputs, int Unrolled, bool NonTemporal>
struct code_of<benchmarks::stream_kernel<Inputs, Outputs, Unrolled, NonTemporal>>
    : detail::vector_code<&stream<Inputs, Outputs, Unrolled, NonTemporal>> {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

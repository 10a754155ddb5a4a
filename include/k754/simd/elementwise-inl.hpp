// Runs of an elementwise kernel (no include guard; elementwise.hpp reads it once for each target). The kernel sees
// elements side by side, whole vectors of them. They are read and written where they lie if they lie so; else a
// block of them is copied.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace elementwise {

using detail::strided;

inline constexpr index_t block = 256;
/// A step of a kernel is no longer.
inline constexpr index_t longest_step = 64;

/// Copies `n` elements side by side.
template <floating T>
void gather(strided<const T> x, index_t n, T* to) {
  for (index_t i = 0; i < n; ++i) to[i] = detail::load(x.at(i));
}
template <floating T>
void scatter(const T* x, index_t n, strided<T> to) {
  for (index_t i = 0; i < n; ++i) detail::store(to.at(i), x[i]);
}

/// An input, block by block. An element that repeats is copied once.
template <floating T>
class input_blocks {
 public:
  HWY_ATTR void begin(strided<const T> x, index_t length) {
    x_ = x;
    if (x.stride == 0) gather(x, length < block ? length : block, room_);
  }
  HWY_ATTR const T* elements(index_t first, index_t count) {
    if (x_.stride == 1) return x_.first + first;
    if (x_.stride != 0) gather<T>({x_.at(first), x_.stride}, count, room_);
    return room_;
  }

 private:
  strided<const T> x_ = {nullptr, 0};
  T room_[static_cast<std::size_t>(block)];
};

/// Where the results of a block go; nowhere, where they are not wanted.
template <floating T>
class output_blocks {
 public:
  HWY_ATTR void begin(strided<T> y) { y_ = y; }
  HWY_ATTR T* elements(index_t first) {
    if (y_.first == nullptr) return nullptr;
    return y_.stride == 1 ? y_.first + first : room_;
  }
  HWY_ATTR void finish(index_t first, index_t count) {
    if (y_.first != nullptr && y_.stride != 1) scatter<T>(room_, count, {y_.at(first), y_.stride});
  }

 private:
  strided<T> y_ = {nullptr, 0};
  T room_[static_cast<std::size_t>(block)];
};

/// The elements of a block that are less than a step, with ones behind them.
template <class Step, floating T, std::size_t Inputs, std::size_t Outputs>
HWY_NOINLINE HWY_ATTR void last_step(const Step& step, const T* const (&x)[Inputs], T* const (&y)[Outputs],
                                     index_t first, index_t count) {
  T in[Inputs][static_cast<std::size_t>(longest_step)], out[Outputs][static_cast<std::size_t>(longest_step)];
  const T* from[Inputs];
  T* to[Outputs];
  const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
  for (std::size_t n = 0; n < Inputs; ++n) {
    from[n] = in[n];
    for (index_t i = count; i < longest_step; ++i) in[n][i] = T(1.0F);
    std::memcpy(static_cast<void*>(in[n]), static_cast<const void*>(x[n] + first), bytes);
  }
  for (std::size_t n = 0; n < Outputs; ++n) to[n] = y[n] == nullptr ? nullptr : out[n];
  step(from, to, 0);
  for (std::size_t n = 0; n < Outputs; ++n) {
    if (y[n] != nullptr)
      std::memcpy(static_cast<void*>(y[n] + first), static_cast<const void*>(out[n]), bytes);
  }
}

/// Runs of `length` elements of every operand, which
///
///     step.size()          at most `longest_step`
///     step(x, y, i)        elements i .. of each input, so many as its size, and results of each output that is not
///     null; it
///                          reads all before it writes
///
/// computes.
template <class Step, floating T, std::size_t Inputs, std::size_t Outputs>
HWY_INLINE HWY_ATTR void for_steps(const Step& step, index_t length, const strided<const T> (&x)[Inputs],
                                   const strided<T> (&y)[Outputs]) {
  input_blocks<T> inputs[Inputs];
  output_blocks<T> outputs[Outputs];
  for (std::size_t n = 0; n < Inputs; ++n) inputs[n].begin(x[n], length);
  for (std::size_t n = 0; n < Outputs; ++n) outputs[n].begin(y[n]);
  const index_t size = step.size();
  for (index_t first = 0; first < length; first += block) {
    const index_t count = length - first < block ? length - first : block;
    const T* from[Inputs];
    T* to[Outputs];
    for (std::size_t n = 0; n < Inputs; ++n) from[n] = inputs[n].elements(first, count);
    for (std::size_t n = 0; n < Outputs; ++n) to[n] = outputs[n].elements(first);
    index_t i = 0;
    for (; i + size <= count; i += size) step(from, to, i);
    if (i < count) last_step(step, from, to, i, count - i);
    for (std::size_t n = 0; n < Outputs; ++n) outputs[n].finish(first, count);
  }
}

}  // namespace elementwise

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

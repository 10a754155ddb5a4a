// Buffers and what is in them. The same seeds give the same elements everywhere.
#ifndef K754_BENCHMARKS_DATA_HPP
#define K754_BENCHMARKS_DATA_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <k754/bits.hpp>
#include <k754/tensor_view.hpp>

#include "memory.hpp"
#include "problem.hpp"

namespace benchmarks {

/// Memory for elements, touched once by the thread that makes it.
template <class T>
class buffer {
 public:
  buffer() = default;
  explicit buffer(index_t count) : count_(static_cast<std::size_t>(count)) {
    void* const memory = buffers_from->take(bytes());
    data_ = static_cast<T*>(memory);
    std::memset(memory, 0, bytes());
  }
  buffer(buffer&& other) noexcept : data_(other.data_), count_(other.count_) {
    other.data_ = nullptr;
    other.count_ = 0;
  }
  buffer& operator=(buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~buffer() {
    if (data_ != nullptr) buffers_from->give_back(data_, bytes());
  }

  T* data() const { return data_; }
  std::size_t size() const { return count_; }
  std::span<T> elements() const { return {data_, count_}; }
  std::span<std::byte> memory() const { return {reinterpret_cast<std::byte*>(data_), count_ * sizeof(T)}; }

 private:
  // a little more, so that an address behind the last element belongs to nobody else
  std::size_t bytes() const { return count_ * sizeof(T) + 64; }

  T* data_ = nullptr;
  std::size_t count_ = 0;
};

/// splitmix64 (Steele, Lea, Flood 2014) of the counter: any element alone.
inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t z = (counter + 1) * 0x9E3779B97F4A7C15U + seed * 0xD1342543DE82EF95U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// Mean 0, variance 1, within 3.5 of 0: the sum of four uniform numbers.
inline double random_normal(std::uint64_t seed, std::uint64_t counter) {
  const std::uint64_t bits = random_bits(seed, counter);
  const std::uint64_t sum =
      (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
  const double fraction = static_cast<double>((bits * 0x9E3779B97F4A7C15U) >> 32) * 0x1p-32;
  return (static_cast<double>(sum) + fraction - 131070.5) * (1 / 37837.2271);
}

/// `scale` is that of random floats.
template <class T>
T element_at(const std::string& data, std::uint64_t seed, std::uint64_t i, std::uint64_t count,
             double scale) {
  const auto place = [&](double low, double high) {
    const double at = count < 2 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    return low + (high - low) * (data == "descending" ? 1 - at : at);
  };
  if constexpr (std::is_same_v<T, bool>) {
    return data == "random" ? (random_bits(seed, i) & 1) != 0 : data != "equal" && i + 1 == count;
  } else if constexpr (std::is_integral_v<T>) {
    // narrow types without their extremes, at which a search may stop
    constexpr double high = sizeof(T) == 1 ? 100 : 30000, low = std::is_signed_v<T> ? -high : 0;
    if (data == "equal") return T{42};
    if (data == "full_range" || (data == "random" && sizeof(T) > 2))
      return static_cast<T>(random_bits(seed, i));
    if (data == "random") {
      return static_cast<T>(static_cast<int>(low) +
                            static_cast<int>(random_bits(seed, i) % static_cast<unsigned>(high - low + 1)));
    }
    return static_cast<T>(place(low, high));
  } else {
    if (data == "equal") return T(1.25F);
    if (data == "ascending" || data == "descending") return T(place(0, 10 * scale));
    if (data == "full_range") {
      using bits = k754::bits_of<T>;
      const T x = k754::from_bits<T>(static_cast<bits>(random_bits(seed, i)));
      return k754::is_nan(x) ? T(0.0F) : x;
    }
    const double x = random_normal(seed, i) * scale;
    return T(x);
  }
}

template <class T>
void fill(std::span<T> x, const std::string& data, std::uint64_t seed, double scale = 1) {
  const bool at_random =
      data != "ascending" && data != "descending" && data != "equal" && data != "full_range";
  static const std::string random = "random";
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = element_at<T>(at_random ? random : data, seed, i, x.size(), scale);
  }
}

/// `p.mask` over `p.mask_shape`.
template <class Truth>
void fill_mask(std::span<Truth> mask, const problem& p) {
  const index_t columns = p.mask_shape.back();
  const index_t rows = p.mask_shape.size() > 1 ? p.mask_shape[p.mask_shape.size() - 2] : 1;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const auto place = static_cast<index_t>(i);
    bool holds = p.mask == "true";
    if (p.mask == "random") holds = (random_bits(7, i) & 1) != 0;
    if (p.mask == "blocky") holds = (random_bits(7, i / 64) & 1) != 0;
    if (p.mask == "causal") holds = place % columns <= place / columns % rows;
    mask[i] = holds ? 1 : 0;
  }
}

/// The same elements as doubles.
template <class T>
void widen(const buffer<T>& from, const buffer<double>& to) {
  for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] = static_cast<double>(from.data()[i]);
}

/// The elements in memory that `p.shape` is a view of: `step` and `offset` apply.
inline index_t elements_held(const problem& p, const extents& shape) {
  const index_t step = p.step < 0 ? -p.step : p.step;
  return element_count(shape) * step + p.offset;
}

/// A view over a buffer of `elements_held` elements.
template <class T>
k754::tensor_view<T> view_of(const problem& p, const extents& shape, T* data) {
  extents strides(shape.size());
  index_t stride = p.step;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  T* const first = data + p.offset + (p.step < 0 ? (element_count(shape) - 1) * -p.step : 0);
  return {first, shape.size(), shape.data(), strides.data()};
}

/// Row-major, without step and offset.
template <class T>
k754::tensor_view<T> dense(const extents& shape, T* data) {
  return {data, shape.size(), shape.data()};
}

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_DATA_HPP

/// The tiles of conditions, for kernels with vectors (detail/tiles.hpp): `of(tile)` is a run of bytes or bits,
/// adjacent ones or one for all elements. Numbers become bits.
#ifndef K754_CALL_CONDITION_TILES_HPP
#define K754_CALL_CONDITION_TILES_HPP

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/conditions.hpp"
#include "../detail/tiles.hpp"
#include "../simd/conditions.hpp"
#include "../status.hpp"
#include "conditions.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

class byte_tiles {
 public:
  using run = byte_run;
  static constexpr index_t limit = block_elements<std::uint8_t>;

  template <class Plane>
  byte_tiles(const byte_condition& c, const Plane& p, std::size_t n) noexcept : bytes_(p.of(n, c.bytes)) {}
  segments parts() const noexcept { return bytes_.parts(); }
  byte_run of(const tile& t) noexcept { return {bytes_.of(t)}; }
  bool one_for_a_row() const noexcept { return bytes_.elements().stride == 0; }
  bool of_row(index_t row) const noexcept { return load(bytes_.elements().at(row, 0)) != 0; }

 private:
  tile_input<std::uint8_t> bytes_;
};

/// Puts runs of bits one behind the other. Up to 3 bytes behind the last are written.
class bit_writer {
 public:
  explicit bit_writer(std::uint8_t* to) noexcept : to_(to) {}

  void put(const bit_run& bits, index_t count) noexcept {
    for (index_t i = 0; i < count; i += 32) {
      const index_t n = count - i < 32 ? count - i : 32;
      held_ |= word_at(bits, i, n) << size_;
      size_ += static_cast<int>(n);
      if (size_ < 32) continue;
      flush();
      held_ >>= 32;
      size_ -= 32;
    }
  }
  void finish() noexcept {
    if (size_ > 0) flush();
  }

 private:
  /// Bits [i, i + n), n at most 32.
  static std::uint64_t word_at(const bit_run& bits, index_t i, index_t n) noexcept {
    std::uint64_t word = 0;
    if (bits.stride != 1) {
      for (index_t j = 0; j < n; ++j) word |= std::uint64_t{bits(i + j)} << j;
      return word;
    }
    const index_t first = bits.first + i, shift = first & 7;
    const std::uint8_t* const from = bits.bytes + (first >> 3);
    for (index_t j = 0; 8 * j < shift + n; ++j) word |= std::uint64_t{load(from + j)} << (8 * j);
    return word >> shift & ((std::uint64_t{1} << n) - 1);
  }
  void flush() noexcept {
    for (int j = 0; j < 4; ++j) to_[j] = static_cast<std::uint8_t>(held_ >> (8 * j));
    to_ += 4;
  }

  std::uint8_t* to_;
  std::uint64_t held_ = 0;
  int size_ = 0;
};

class bit_tiles {
 public:
  using run = bit_run;
  static constexpr index_t limit = 8 * block_bytes;

  template <class Plane>
  bit_tiles(const bit_condition& c, const Plane& p, std::size_t n) noexcept
      : row_(c.along(p, n)), row_stride_(p.row_strides[n]) {}
  segments parts() const noexcept {
    return row_.stride == 0 || row_.stride == 1 ? segments::whole_rows : segments::of_a_block;
  }

  bit_run of(const tile& t) noexcept {
    const bit_run first = at(t.row, t.column);
    if (t.rows == 1 ? parts() == segments::whole_rows : row_.stride == 0 && row_stride_ == 0) return first;
    if (t.rows > 1 && row_.stride == 1 && row_stride_ == t.columns) return first;
    const bool repeats = t.rows > 1 && row_stride_ == 0;
    if (!repeats || t.rows > repeated_) {
      bit_writer writer(block_);
      for (index_t row = 0; row < t.rows; ++row) writer.put(at(t.row + row, t.column), t.columns);
      writer.finish();
      repeated_ = repeats ? t.rows : 0;
    }
    return {block_, 0, 1};
  }
  bool one_for_a_row() const noexcept { return row_.stride == 0; }
  bool of_row(index_t row) const noexcept { return at(row, 0)(0); }

 private:
  bit_run at(index_t row, index_t column) const noexcept {
    return {row_.bytes, row_.first + row * row_stride_ + column * row_.stride, row_.stride};
  }

  bit_run row_;
  index_t row_stride_;
  index_t repeated_ = 0;
  std::uint8_t block_[block_bytes + 4];
};

template <class Bits>
class number_tiles {
 public:
  using run = bit_run;
  static constexpr index_t limit = block_elements<Bits>;

  template <class Plane>
  number_tiles(const number_condition<Bits>& c, const Plane& p, std::size_t n) noexcept
      : values_(p.of(n, c.values)), interval_(c.interval), test_(choose<test_elements_kernel<Bits>>()) {}
  segments parts() const noexcept {  // the conditions of long rows go through a block
    return finest_of(values_.parts(), segments::of_a_block);
  }

  bit_run of(const tile& t) noexcept {
    const strided<const Bits> x = values_.of(t);
    if (x.stride == 0) {
      block_[0] = interval_(load(x.first)) ? 1 : 0;
      return {block_, 0, 0};
    }
    test_(x.first, t.count(), interval_, block_);
    return {block_, 0, 1};
  }
  bool one_for_a_row() const noexcept { return values_.elements().stride == 0; }
  bool of_row(index_t row) const noexcept { return interval_(load(values_.elements().at(row, 0))); }

 private:
  tile_input<Bits> values_;
  key_interval<Bits> interval_;
  typename test_elements_kernel<Bits>::function* test_;
  std::uint8_t block_[static_cast<std::size_t>(limit) / 8];
};

byte_tiles tiles_for(const byte_condition&);
bit_tiles tiles_for(const bit_condition&);
template <class Bits>
number_tiles<Bits> tiles_for(const number_condition<Bits>&);
template <class Condition>
using condition_tiles = decltype(tiles_for(std::declval<const Condition&>()));

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CONDITION_TILES_HPP

#include "../targets/order-inl.hpp"

/// Vectors want runs of adjacent elements. An elementwise kernel that may take elements in any order walks a plane
/// (broadcast.hpp) tile by tile, and has each operand of a tile as adjacent elements or as one value: in place where
/// it lies so, through a small block on the stack otherwise. Rows that are too short to be runs are worked on several
/// at once.
///
///     tile_input<T> x(plane.of(1, data)); tile_output<T> output(plane.of(2, to));
///     for_tiles(plane.rows, plane.columns, block_elements<T>, is_joined_row<T>(plane.columns),
///               finest_of(x.parts(), output.parts()), [&](const tile& t) {
///                 kernel(x.of(t), output.of(t), t.count());      // strides 0 or 1 of x, 1 of the output
///                 output.finish(t);
///               });
#ifndef K754_DETAIL_TILES_HPP
#define K754_DETAIL_TILES_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../bits.hpp"
#include "../status.hpp"
#include "broadcast.hpp"
#include "config.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// A part of one row, or several whole rows, as one run; `rows_left` of the plane begin at `row`.
struct tile {
  index_t row, rows, column, columns, rows_left;

  constexpr index_t count() const noexcept { return rows * columns; }
};

/// The block of an operand, and how many elements of T it takes. Those of four operands, and what they are filled
/// from, are a part of the first cache (32 KiB); a call of a kernel, tens of nanoseconds, is little beside the
/// elements of one.
inline constexpr index_t block_bytes = 2048;
template <class T>
inline constexpr index_t block_elements = block_bytes / static_cast<index_t>(sizeof(T));

/// Rows of fewer bytes are joined into tiles: two or more fill a block.
template <class T>
constexpr bool is_joined_row(index_t columns) noexcept {
  return columns * static_cast<index_t>(sizeof(T)) < block_bytes / 2;
}

/// Where the rows of an operand are nearer in memory than its columns, as in a transposed matrix, and the columns so
/// far apart that they collide in the caches, which forget them before the next row, the block takes a panel of as
/// many rows as have elements in one cache line. First caches have 64 sets of lines, 4096 bytes: of columns a
/// multiple of 1024 bytes apart, no more than 4 * 8 or 4 * 12 lines stay. A panel is 8 KiB, and its 128 lines are a
/// quarter of such a cache.
inline constexpr std::size_t colliding_bytes = 1024;
inline constexpr index_t panel_columns = 128;
template <class T>
inline constexpr index_t panel_rows = 64 / static_cast<index_t>(sizeof(T));

/// How the rows of the operands lie: in place; or segments of them go through a block, or through a panel.
enum class segments : int { whole_rows, of_a_block, of_a_panel };

/// Calls `body(tile)` for tiles that cover a plane; all but whole long rows have at most `limit` elements. Segments
/// of rows are taken one below the other, so that what the elements of a column share of a cache line is used before
/// it is gone.
template <class Body>
constexpr void for_tiles(index_t rows, index_t columns, index_t limit, bool short_rows, segments parts,
                         const Body& body) {
  if (rows > 1 && short_rows && 2 * columns <= limit) {
    const index_t together = limit / columns;
    for (index_t row = 0; row < rows; row += together) {
      body(tile{row, rows - row < together ? rows - row : together, 0, columns, rows - row});
    }
    return;
  }
  index_t width = columns;
  if (parts != segments::whole_rows && limit < width) width = limit;
  if (parts == segments::of_a_panel && panel_columns < width) width = panel_columns;
  for (index_t column = 0; column < columns; column += width) {
    const index_t count = columns - column < width ? columns - column : width;
    for (index_t row = 0; row < rows; ++row) body(tile{row, 1, column, count, rows - row});
  }
}
template <std::same_as<segments>... Parts>
constexpr segments finest_of(Parts... parts) noexcept {
  segments finest = segments::whole_rows;
  ((finest = parts > finest ? parts : finest), ...);
  return finest;
}

/// One value, `count` times. May write up to 7 bytes more.
template <std::unsigned_integral T>
void fill_elements(T* to, T value, index_t count) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof(word); i += sizeof(T)) {
    std::memcpy(reinterpret_cast<unsigned char*>(&word) + i, &value, sizeof(T));
  }
  constexpr auto in_word = static_cast<index_t>(sizeof(word) / sizeof(T));
  for (index_t i = 0; i < count; i += in_word) std::memcpy(to + i, &word, sizeof(word));
}

/// `count` elements that are `stride` apart become adjacent.
template <std::unsigned_integral T>
void gather_elements(T* to, strided<const T> from, index_t count) noexcept {
  index_t i = 0;
  if (from.stride == 1) {
    constexpr auto in_word = static_cast<index_t>(sizeof(std::uint64_t) / sizeof(T));
    for (; i + in_word <= count; i += in_word) std::memcpy(to + i, from.first + i, sizeof(std::uint64_t));
  }
  for (; i < count; ++i) to[i] = load(from.at(i));
}

template <std::unsigned_integral T>
class tile_input {
 public:
  explicit tile_input(const plane<const T>& p) noexcept : plane_(p) {}
  tile_input(const tile_input&) = delete;
  tile_input& operator=(const tile_input&) = delete;

  const plane<const T>& elements() const noexcept { return plane_; }
  segments parts() const noexcept {
    return plane_.stride == 0 || plane_.stride == 1 ? segments::whole_rows
           : is_paneled()                           ? segments::of_a_panel
                                                    : segments::of_a_block;
  }

  strided<const T> of(const tile& t) noexcept {
    const strided<const T> first{plane_.at(t.row, t.column), plane_.stride};
    if (t.rows == 1) {
      if (parts() == segments::whole_rows) return first;
      if (is_paneled() && t.columns <= panel_columns) return from_panel(t);
      gather_elements(block_, first, t.columns);
      return {block_, 1};
    }
    if (plane_.stride == 0 && plane_.row_stride == 0) return first;
    if (plane_.stride == 1 && plane_.row_stride == t.columns) return first;
    if (plane_.row_stride == 0 && t.rows <= repeated_) return {block_, 1};
    for (index_t row = 0; row < t.rows; ++row) {
      T* const to = block_ + row * t.columns;
      if (plane_.stride == 0) {
        fill_elements(to, load(plane_.at(t.row + row, 0)), t.columns);
      } else {
        gather_elements(to, strided<const T>{plane_.at(t.row + row, 0), plane_.stride}, t.columns);
      }
    }
    repeated_ = t.rows;
    return {block_, 1};
  }

  // What an output is asked, where an operand may be either: nothing is written.
  constexpr bool in_place(const tile&) const noexcept { return true; }
  constexpr void finish(const tile&) const noexcept {}

 private:
  bool is_paneled() const noexcept {
    return plane_.row_stride != 0 && magnitude(plane_.row_stride) < magnitude(plane_.stride) &&
           magnitude(plane_.stride) * sizeof(T) % colliding_bytes == 0;
  }

  /// The row of the tile in the panel that holds it, which is filled where it does not.
  strided<const T> from_panel(const tile& t) noexcept {
    if (t.column != panel_column_ || t.row < panel_row_ || t.row >= panel_row_ + panel_size_) {
      panel_column_ = t.column;
      panel_row_ = t.row;
      panel_size_ = t.rows_left < panel_rows<T> ? t.rows_left : panel_rows<T>;
      for (index_t column = 0; column < t.columns;
           ++column) {  // the columns' lines, while others are awaited
        __builtin_prefetch(plane_.at(t.row, t.column + column));
        __builtin_prefetch(plane_.at(t.row + panel_size_ - 1, t.column + column));
      }
      for (index_t column = 0; column < t.columns; ++column) {
        const T* const from = plane_.at(t.row, t.column + column);
        for (index_t row = 0; row < panel_size_; ++row) {
          block_[row * panel_columns + column] = load(from + row * plane_.row_stride);
        }
      }
    }
    return {block_ + (t.row - panel_row_) * panel_columns, 1};
  }

  plane<const T> plane_;
  index_t repeated_ = 0;
  index_t panel_row_ = 0, panel_column_ = 0, panel_size_ = 0;
  T block_[static_cast<std::size_t>(panel_rows<T> * panel_columns)];
  static_assert(panel_rows<T> * panel_columns >= block_elements<T> + 8);
};

template <std::unsigned_integral T>
class tile_output {
 public:
  explicit tile_output(const plane<T>& p) noexcept : plane_(p) {}
  tile_output(const tile_output&) = delete;
  tile_output& operator=(const tile_output&) = delete;

  segments parts() const noexcept { return plane_.stride == 1 ? segments::whole_rows : segments::of_a_block; }
  bool in_place(const tile& t) const noexcept {
    return plane_.stride == 1 && (t.rows == 1 || plane_.row_stride == t.columns);
  }

  /// Where the elements of the tile are to be written,
  strided<T> of(const tile& t) noexcept { return {in_place(t) ? plane_.at(t.row, t.column) : block_, 1}; }
  /// and where they go from there.
  void finish(const tile& t) noexcept {
    if (in_place(t)) return;
    for (index_t row = 0; row < t.rows; ++row) {
      const T* const from = block_ + row * t.columns;
      for (index_t i = 0; i < t.columns; ++i) store(plane_.at(t.row + row, t.column + i), from[i]);
    }
  }

 private:
  plane<T> plane_;
  T block_[static_cast<std::size_t>(block_elements<T>)];
};

/// An input where elements are const, else an output.
template <class Element>
using tile_operand = std::conditional_t<std::is_const_v<Element>, tile_input<std::remove_const_t<Element>>,
                                        tile_output<std::remove_const_t<Element>>>;

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_TILES_HPP

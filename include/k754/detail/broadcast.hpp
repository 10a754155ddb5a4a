/// Broadcasting by NumPy's rules: shapes are aligned at their last axes, and an axis that is missing or has
/// extent 1 repeats. An extent of 0 is an extent like any other: 0 and 1 give 0, 0 and 2 do not broadcast.
///
/// A kernel builds its shape with `broadcast_with` (a common one) or `check_broadcasts_to` (a given one), and loops over
///
///     loop_over(output, x, y, output).for_runs(begin, end, [&](const auto& run) { ... });   // layouts
///     loop_in_memory_order(output, x, y, output).for_planes(begin, end, [&](const auto& plane) { ... });
#ifndef K754_DETAIL_BROADCAST_HPP
#define K754_DETAIL_BROADCAST_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "../bits.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "layout.hpp"

namespace k754::detail {

/// One operand along a run of elements.
template <class T>
struct strided {
  T* first;
  index_t stride;

  K754_INLINE constexpr T* at(index_t i) const noexcept { return first + i * stride; }
};

/// One operand in a plane of rows and columns.
template <class T>
struct plane {
  T* first;
  index_t row_stride;
  index_t stride;

  K754_INLINE constexpr T* at(index_t row, index_t column) const noexcept {
    return first + row * row_stride + column * stride;
  }
};

inline namespace K754_ABI {

/// Joins `operand` to `shape`, the broadcast shape of the operands before it, whose strides mean nothing.
constexpr check_result broadcast_with(const char* kernel, const char* argument, const layout& operand,
                                      layout& shape) noexcept {
  layout joined = shape;
  joined.rank = operand.rank > shape.rank ? operand.rank : shape.rank;
  for (std::size_t from_end = 1; from_end <= joined.rank; ++from_end) {
    const index_t given = from_end <= shape.rank ? shape.extents[shape.rank - from_end] : 1;
    const index_t extent = from_end <= operand.rank ? operand.extents[operand.rank - from_end] : 1;
    if (given != extent && given != 1 && extent != 1) {
      return failure(status::shape_mismatch, kernel, argument,
                     "has extent {} on axis {}, the arguments before it have {} there", extent,
                     operand.rank - from_end, given);
    }
    joined.extents[joined.rank - from_end] = given == 1 ? extent : given;
  }
  shape = joined;
  return {};
}

/// `operand` broadcasts to `shape`, which is given.
constexpr check_result check_broadcasts_to(const char* kernel, const char* argument, const layout& operand,
                                           const layout& shape) noexcept {
  if (operand.rank > shape.rank) {
    return failure(status::rank_mismatch, kernel, argument, "has {} axes, which do not broadcast to {}",
                   operand.rank, shape.rank);
  }
  const std::size_t leading = shape.rank - operand.rank;
  for (std::size_t axis = 0; axis < operand.rank; ++axis) {
    const index_t extent = operand.extents[axis], expected = shape.extents[axis + leading];
    if (extent != expected && extent != 1) {
      return failure(status::shape_mismatch, kernel, argument,
                     "has extent {} on axis {}, which does not broadcast to extent {}", extent, axis,
                     expected);
    }
  }
  return {};
}

/// The strides of `operand` along the axes of `shape`, to which it broadcasts; 0 along axes that repeat.
[[gnu::noinline]] constexpr axes broadcast_strides(const layout& operand, const layout& shape) noexcept {
  axes strides = {};
  const std::size_t leading = shape.rank - operand.rank;
  for (std::size_t axis = 0; axis < operand.rank; ++axis) {
    if (operand.extents[axis] != 1) strides[axis + leading] = operand.strides[axis];
  }
  return strides;
}

/// `operand` with the axes and extents of `shape`, and those strides. Where it shares memory with an output of that
/// shape, `same_elements` of this layout and the output's says whether every index reads the very element that it writes.
constexpr layout broadcast_to(const layout& operand, const layout& shape) noexcept {
  return {shape.rank, shape.extents, broadcast_strides(operand, shape), operand.element_size, operand.data};
}

/// A run of `length` elements, through which every operand steps with one stride.
template <std::size_t Count>
struct elementwise_run {
  std::array<index_t, Count> offsets;
  std::array<index_t, Count> strides;
  index_t length;

  /// Operand `n`, whose elements start at `data`.
  template <class T>
  constexpr strided<T> of(std::size_t n, T* data) const noexcept {
    return {data + offsets[n], strides[n]};
  }
};

/// `rows` runs of `columns` elements, through which every operand steps with two strides.
template <std::size_t Count>
struct elementwise_plane {
  std::array<index_t, Count> offsets;
  std::array<index_t, Count> row_strides;
  std::array<index_t, Count> strides;
  index_t rows;
  index_t columns;

  /// Operand `n`, whose elements start at `data`.
  template <class T>
  constexpr plane<T> of(std::size_t n, T* data) const noexcept {
    return {data + offsets[n], row_strides[n], strides[n]};
  }
};

/// The elements of a shape in row-major order, with the offsets that they have in N operands. Axes that every
/// operand steps through as through one are joined, so that runs are long.
template <std::size_t Count>
class elementwise_loop {
 public:
  /// Over nothing; for plans, which a check fills.
  constexpr elementwise_loop() noexcept = default;

  /// `start` holds the offset of the first element in each operand.
  constexpr elementwise_loop(const layout& shape, const std::array<axes, Count>& strides,
                             const std::array<index_t, Count>& start = {}) noexcept
      : count_(element_count(shape)), start_(start) {
    if (count_ == 0) return;
    for (std::size_t axis = 0; axis < shape.rank; ++axis) {
      const index_t extent = shape.extents[axis];
      if (extent == 1) continue;
      if (rank_ > 0 && joins(rank_ - 1, extent, axis, strides)) {
        extents_[rank_ - 1] *= extent;
      } else {
        extents_[rank_++] = extent;
      }
      for (std::size_t n = 0; n < Count; ++n) strides_[n][rank_ - 1] = strides[n][axis];
    }
    if (rank_ == 0) extents_[rank_++] = 1;
  }

  constexpr index_t count() const noexcept { return count_; }

  /// Calls `body(elementwise_run)` for runs that cover the elements [begin, end) in order.
  template <class Body>
  constexpr void for_runs(index_t begin, index_t end, const Body& body) const {
    if (begin >= end) return;
    const index_t row = extents_[rank_ - 1];
    index_walk<Count> walk(rank_ - 1, extents_, strides_, begin / row);
    elementwise_run<Count> run{};
    for (std::size_t n = 0; n < Count; ++n) run.strides[n] = strides_[n][rank_ - 1];
    index_t column = begin % row;
    for (index_t at = begin; at < end; at += run.length, column = 0, walk.next()) {
      run.length = row - column < end - at ? row - column : end - at;
      for (std::size_t n = 0; n < Count; ++n) {
        run.offsets[n] = start_[n] + walk.offset(n) + column * run.strides[n];
      }
      body(run);
    }
  }

  /// Calls `body(elementwise_plane)` for planes that cover the elements [begin, end) in order.
  template <class Body>
  constexpr void for_planes(index_t begin, index_t end, const Body& body) const {
    if (begin >= end) return;
    const std::size_t outer = rank_ > 1 ? rank_ - 2 : 0;
    const index_t row_length = extents_[rank_ - 1], rows = rank_ > 1 ? extents_[rank_ - 2] : 1;
    elementwise_plane<Count> plane{};
    for (std::size_t n = 0; n < Count; ++n) {
      plane.row_strides[n] = rank_ > 1 ? strides_[n][rank_ - 2] : 0;
      plane.strides[n] = strides_[n][rank_ - 1];
    }
    index_t column = begin % row_length, row = begin / row_length % rows;
    index_walk<Count> walk(outer, extents_, strides_, begin / row_length / rows);
    for (index_t at = begin; at < end; at += plane.rows * plane.columns) {
      const index_t rest_of_row = row_length - column, rest = end - at;
      const bool whole = column == 0 && rest >= row_length;
      plane.columns = rest < rest_of_row ? rest : rest_of_row;
      plane.rows = !whole ? 1 : rows - row < rest / row_length ? rows - row : rest / row_length;
      for (std::size_t n = 0; n < Count; ++n) {
        plane.offsets[n] =
            start_[n] + walk.offset(n) + row * plane.row_strides[n] + column * plane.strides[n];
      }
      body(plane);
      column = 0;
      row += plane.rows;
      if (row == rows) {
        row = 0;
        walk.next();
      }
    }
  }

 private:
  /// Whether axis `axis` continues the joined axis `outer` in every operand.
  constexpr bool joins(std::size_t outer, index_t extent, std::size_t axis,
                       const std::array<axes, Count>& strides) const noexcept {
    for (std::size_t n = 0; n < Count; ++n) {
      index_t step = 0;
      if (__builtin_mul_overflow(strides[n][axis], extent, &step) || step != strides_[n][outer]) return false;
    }
    return true;
  }

  index_t count_ = 0;
  std::array<index_t, Count> start_ = {};
  std::size_t rank_ = 0;
  axes extents_ = {};
  std::array<axes, Count> strides_ = {};
};

/// The loop over an output's shape, with the offsets in the operands named after it.
template <std::same_as<layout>... Operands>
constexpr auto loop_over(const layout& shape, const Operands&... operands) noexcept {
  return elementwise_loop<sizeof...(Operands)>(shape, {broadcast_strides(operands, shape)...});
}

/// The same for kernels that may take elements in any order: that of the output in memory.
template <std::same_as<layout>... Operands>
constexpr auto loop_in_memory_order(const layout& output, const Operands&... operands) noexcept {
  constexpr std::size_t count = sizeof...(Operands);
  layout shape = broadcast_to(output, output);  // no strides where nothing steps
  std::array<axes, count> strides{broadcast_strides(operands, output)...};
  std::array<index_t, count> start{};
  for (std::size_t axis = 0; axis < shape.rank; ++axis) {
    if (shape.extents[axis] <= 1 || shape.strides[axis] > 0) continue;
    shape.strides[axis] = -shape.strides[axis];
    for (std::size_t n = 0; n < count; ++n) {
      start[n] += (shape.extents[axis] - 1) * strides[n][axis];
      strides[n][axis] = -strides[n][axis];
    }
  }
  for (std::size_t last = 1; last < shape.rank; ++last) {
    for (std::size_t i = last; i > 0 && shape.strides[i - 1] < shape.strides[i]; --i) {
      std::swap(shape.extents[i - 1], shape.extents[i]);
      std::swap(shape.strides[i - 1], shape.strides[i]);
      for (std::size_t n = 0; n < count; ++n) std::swap(strides[n][i - 1], strides[n][i]);
    }
  }
  return elementwise_loop<count>(shape, strides, start);
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_BROADCAST_HPP

/// Broadcasting by NumPy's rules: shapes are aligned at their last axes, and an axis that is missing or has
/// extent 1 repeats. An extent of 0 is an extent like any other: 0 and 1 give 0, 0 and 2 do not broadcast.
///
/// A kernel with operands x and y calls, after `check_extents` of each:
///
///     layout shape;                                                           // rank 0: a scalar's
///     if (auto r = broadcast_with(kernel, "x", x, shape); !r) return r;
///     if (auto r = broadcast_with(kernel, "y", y, shape); !r) return r;       // now the shape of both
///     if (auto r = check_shape(kernel, "output", output, shape); !r) return r;
///
/// (or `check_broadcasts_to` where the shape is given), and then loops over
///
///     elementwise_loop<3> loop(shape, {broadcast_to(x, shape).strides, broadcast_to(y, shape).strides,
///                                      output.strides});
///
/// The sizes of a broadcast shape are checked by the `check_extents` of an output that has it.
#ifndef K754_DETAIL_BROADCAST_HPP
#define K754_DETAIL_BROADCAST_HPP

#include <array>
#include <cstddef>

#include "../status.hpp"
#include "../tensor_view.hpp"
#include "layout.hpp"

namespace k754::detail {
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
                     "has extent {} on axis {}, which does not broadcast with extent {} before it", extent,
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

/// `operand` with the axes and extents of `shape`, to which it broadcasts; stride 0 along axes that repeat.
/// Where it shares memory with an output of that shape, `same_elements` of this layout and the output's says
/// whether every index reads the very element that it writes.
constexpr layout broadcast_to(const layout& operand, const layout& shape) noexcept {
  layout result = operand;
  result.rank = shape.rank;
  result.extents = shape.extents;
  result.strides = {};
  const std::size_t leading = shape.rank - operand.rank;
  for (std::size_t axis = 0; axis < operand.rank; ++axis) {
    if (operand.extents[axis] != 1) result.strides[axis + leading] = operand.strides[axis];
  }
  return result;
}

/// The elements of a shape in row-major order, with the offsets that they have in N operands. Axes that every
/// operand steps through as through one are joined, so that runs are long.
template <std::size_t N>
class elementwise_loop {
 public:
  using offsets = std::array<index_t, N>;

  constexpr elementwise_loop(const layout& shape, const std::array<axes, N>& strides) noexcept
      : count_(element_count(shape)) {
    if (count_ == 0) return;
    for (std::size_t axis = 0; axis < shape.rank; ++axis) {
      const index_t extent = shape.extents[axis];
      if (extent == 1) continue;
      if (rank_ > 0 && joins(rank_ - 1, extent, axis, strides)) {
        extents_[rank_ - 1] *= extent;
      } else {
        extents_[rank_++] = extent;
      }
      for (std::size_t n = 0; n < N; ++n) strides_[n][rank_ - 1] = strides[n][axis];
    }
    if (rank_ == 0) extents_[rank_++] = 1;
  }

  constexpr index_t count() const noexcept { return count_; }

  /// The stride of operand `n` within a run.
  constexpr index_t stride(std::size_t n) const noexcept { return strides_[n][rank_ - 1]; }

  /// Calls `body(offsets of the first element, length)` for runs that cover [begin, end) in order.
  template <class Body>
  constexpr void for_runs(index_t begin, index_t end, const Body& body) const {
    if (begin >= end) return;
    const index_t row = extents_[rank_ - 1];
    index_walk<N> walk(rank_ - 1, extents_, strides_, begin / row);
    index_t column = begin % row;
    for (index_t at = begin; at < end; walk.next(), column = 0) {
      const index_t length = row - column < end - at ? row - column : end - at;
      offsets first{};
      for (std::size_t n = 0; n < N; ++n) first[n] = walk.offset(n) + column * stride(n);
      body(first, length);
      at += length;
    }
  }

 private:
  /// Whether axis `axis` continues the joined axis `outer` in every operand.
  constexpr bool joins(std::size_t outer, index_t extent, std::size_t axis,
                       const std::array<axes, N>& strides) const noexcept {
    for (std::size_t n = 0; n < N; ++n) {
      index_t step = 0;
      if (__builtin_mul_overflow(strides[n][axis], extent, &step) || step != strides_[n][outer]) return false;
    }
    return true;
  }

  index_t count_;
  std::size_t rank_ = 0;
  axes extents_ = {};
  std::array<axes, N> strides_ = {};
};

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_BROADCAST_HPP

/// Broadcasting by NumPy's rules: shapes are aligned at their last axes, and an axis that is missing or has
/// extent 1 repeats. An extent of 0 is an extent like any other: 0 and 1 give 0, 0 and 2 do not broadcast.
///
/// An elementwise kernel takes its inputs by `operand_of` (tensors and scalars), checks everything with
///
///     check_elementwise(kernel, shape_given_by::inputs,
///                               std::array{input_argument("x", "shares memory with x", x), ...},
///                               std::array{output_argument("output", "", output)});
///
/// and loops over
///
///     loop_over(output, x, y, output).for_runs(begin, end, [&](const auto& run) { ... });   // layouts
///     loop_in_memory_order(output, x, y, output).for_planes(begin, end, [&](const auto& plane) { ... });
///
/// Others build on `broadcast_with` (a common shape) and `check_broadcasts_to` (a given one).
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
constexpr axes broadcast_strides(const layout& operand, const layout& shape) noexcept {
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

/// An operand of elements T: a tensor of them, or one value, which broadcasts as a tensor of rank 0. There is
/// no promotion: `1.0` is no operand of a float kernel, `1.0F` is.
template <class X, class T>
concept tensor_of = tensor_like<X> && std::same_as<element_of<X>, T>;
template <class X, class T>
concept scalar_of = !tensor_like<X> && std::same_as<storage_type_t<std::remove_cvref_t<X>>, T>;
template <class X, class T>
concept operand_like = tensor_of<X, T> || scalar_of<X, T>;
template <class X, class T>
concept output_of = output_like<X> && tensor_of<X, T>;

/// An operand while a kernel runs. A scalar is copied here, before any output is written; as bytes, since
/// compilers quiet signalling NaNs in constants.
template <element T, bool IsScalar>
class operand {
 public:
  constexpr explicit operand(const tensor_view<const T>& view) noexcept : view_(view) {}
  constexpr const tensor_view<const T>& view() const noexcept { return view_; }

 private:
  tensor_view<const T> view_;
};
template <element T>
class operand<T, true> {
 public:
  explicit operand(const void* value) noexcept { std::memcpy(bytes_, value, sizeof(T)); }
  tensor_view<const T> view() const noexcept {
    return tensor_view<const T>(reinterpret_cast<const T*>(bytes_));
  }

 private:
  alignas(T) unsigned char bytes_[sizeof(T)];
};

template <element T, operand_like<T> X>
constexpr operand<T, scalar_of<X, T>> operand_of(X&& x) noexcept {
  if constexpr (scalar_of<X, T>) {
    return operand<T, true>(&x);
  } else {
    return operand<T, false>(input_view(x));
  }
}

/// An argument as error messages know it; `sharing` ends the message of an output that overlaps it. Scalars,
/// and outputs that are not wanted, need no checks and are marked absent.
struct argument {
  const char* name;
  const char* sharing;
  layout view = {};
  bool present = true;
  /// Where the elements are bits of bytes, which no output may share: the one of the first byte that is the first, else -1.
  index_t first_bit = -1;
};

/// The bytes of a layout of bits (its strides count bits) whose rows begin with whole bytes.
constexpr layout bytes_of_bits(const layout& bits, index_t first_bit) noexcept {
  layout bytes = bits;
  for (std::size_t axis = 0; axis + 1 < bits.rank; ++axis) bytes.strides[axis] = bits.strides[axis] / 8;
  index_t& extent = bytes.extents[bits.rank - 1];
  if (extent > 0) extent = (first_bit + extent - 1) / 8 + 1;
  return bytes;
}

template <class X>
constexpr argument input_argument(const char* name, const char* sharing, const X& x) noexcept {
  if constexpr (tensor_like<const X&>) {
    return {name, sharing, layout_of(input_view(x))};
  } else {
    return {name, sharing, {}, false};
  }
}
template <class Output>
constexpr argument output_argument(const char* name, const char* sharing, Output& output) noexcept {
  if constexpr (output_like<Output&>) {
    return {name, sharing, layout_of(output_view(output))};
  } else {
    return {name, sharing, {}, false};
  }
}

/// Whether outputs have the shape to which the inputs broadcast together, or have a shape of their own, to
/// which every input broadcasts.
enum class shape_given_by { inputs, outputs };

/// Whether arguments are as most are: row-major tensors of one shape with elements, scalars, each in memory of its own or
/// an input in place of an output. All checks pass then, and this is a fraction of them.
template <std::size_t Inputs, std::size_t Outputs>
bool are_plain(const std::array<argument, Inputs>& inputs,
               const std::array<argument, Outputs>& outputs) noexcept {
  const layout* shape = nullptr;
  for (const argument& in : inputs) {
    if (in.present) shape = &in.view;
  }
  if (shape == nullptr || shape->rank > max_rank) return false;
  const auto fits = [&](const argument& a, std::size_t axis, index_t stride) {
    return !a.present || (a.view.extents[axis] == shape->extents[axis] &&
                          (a.view.strides[axis] == stride || shape->extents[axis] == 1));
  };
  const auto is_tensor = [&](const argument& a) {
    return !a.present || (a.view.rank == shape->rank && a.view.data != nullptr && a.first_bit < 0);
  };
  bool plain = true;
  for (const argument& in : inputs) plain = plain && is_tensor(in);
  for (const argument& out : outputs) plain = plain && is_tensor(out);
  index_t count = 1;
  for (std::size_t axis = shape->rank; axis-- > 0 && plain;) {
    for (const argument& in : inputs) plain = plain && fits(in, axis, count);
    for (const argument& out : outputs) plain = plain && fits(out, axis, count);
    plain = plain && shape->extents[axis] > 0 && !__builtin_mul_overflow(count, shape->extents[axis], &count);
  }
  constexpr index_t largest = index_t{1} << 48;  // no size in bytes overflows
  if (!plain || count > largest) return false;
  const auto apart = [&](const layout& a, const layout& b) {
    const auto from = reinterpret_cast<std::uintptr_t>(a.data), to = reinterpret_cast<std::uintptr_t>(b.data);
    return to - from >= magnitude(count * a.element_size) && from - to >= magnitude(count * b.element_size);
  };
  for (std::size_t i = 0; i < Outputs && plain; ++i) {
    const layout& out = outputs[i].view;
    if (!outputs[i].present) continue;
    for (const argument& in : inputs) {
      plain = plain && (!in.present || apart(in.view, out) ||
                        (in.view.data == out.data && in.view.element_size == out.element_size));
    }
    for (std::size_t j = 0; j < i; ++j) plain = plain && (!outputs[j].present || apart(outputs[j].view, out));
  }
  return plain;
}

template <std::size_t Inputs, std::size_t Outputs>
[[gnu::cold]] constexpr check_result check_elementwise_in_full(
    const char* kernel, shape_given_by source, const std::array<argument, Inputs>& inputs,
    const std::array<argument, Outputs>& outputs) noexcept {
  const auto each = [](const auto& arguments, const auto& check) {
    for (const argument& a : arguments) {
      if (!a.present) continue;
      if (check_result r = check(a); !r) return r;
    }
    return check_result{};
  };
  layout shape;
  if (source == shape_given_by::outputs) {
    for (const argument& out : outputs) {
      if (out.present) shape = out.view;
    }
  }
  const auto extents = [&](const argument& a) { return check_extents(kernel, a.name, a.view); };
  const auto data = [&](const argument& a) { return check_data(kernel, a.name, a.view); };
  const auto broadcasts = [&](const argument& in) {
    return source == shape_given_by::inputs ? broadcast_with(kernel, in.name, in.view, shape)
                                            : check_broadcasts_to(kernel, in.name, in.view, shape);
  };
  const auto has_shape = [&](const argument& out) { return check_shape(kernel, out.name, out.view, shape); };
  const auto separate = [&](const argument& out) {
    if (check_result r = check_no_self_overlap(kernel, out.name, out.view); !r) return r;
    const auto from_input = [&](const argument& in) {
      if (in.first_bit >= 0) {
        return check_sharing(kernel, out.name, in.sharing, out.view, bytes_of_bits(in.view, in.first_bit),
                             sharing::none);
      }
      return check_sharing(kernel, out.name, in.sharing, out.view, broadcast_to(in.view, shape),
                           sharing::exact_alias);
    };
    if (check_result r = each(inputs, from_input); !r) return r;
    return each(outputs, [&](const argument& other) {
      return &other < &out
                 ? check_sharing(kernel, out.name, other.sharing, out.view, other.view, sharing::none)
                 : check_result{};
    });
  };
  if (auto r = each(inputs, extents); !r) return r;
  if (auto r = each(outputs, extents); !r) return r;
  if (auto r = each(inputs, broadcasts); !r) return r;
  if (auto r = each(outputs, has_shape); !r) return r;
  if (auto r = each(inputs, data); !r) return r;
  if (auto r = each(outputs, data); !r) return r;
  return each(outputs, separate);
}

/// The checks of an elementwise kernel. After broadcasting, an output shares no memory with an input, or
/// every index writes the very element that it reads there. Outputs share no memory with each other.
template <std::size_t Inputs, std::size_t Outputs>
constexpr check_result check_elementwise(const char* kernel, shape_given_by source,
                                         const std::array<argument, Inputs>& inputs,
                                         const std::array<argument, Outputs>& outputs) noexcept {
  if (!std::is_constant_evaluated() && are_plain(inputs, outputs)) return {};
  return check_elementwise_in_full(kernel, source, inputs, outputs);
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

  index_t count_;
  std::array<index_t, Count> start_;
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

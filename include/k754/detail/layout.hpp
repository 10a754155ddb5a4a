/// What kernels ask of the views they are given: sizes and addresses that fit, data where there are elements, and no
/// forbidden sharing of memory. O(rank) but for overlaps that only an exact search can decide. What the usual call does
/// not reach is cold, which spares its users compile time.
#ifndef K754_DETAIL_LAYOUT_HPP
#define K754_DETAIL_LAYOUT_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../status.hpp"
#include "../tensor_view.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// A view without its element type.
struct layout {
  std::size_t rank = 0;
  axes extents = {};
  axes strides = {};
  index_t element_size = 1;
  const void* data = nullptr;

  constexpr bool empty() const noexcept {
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (extents[axis] == 0) return true;
    }
    return false;
  }
};

template <class T, std::size_t Rank>
constexpr layout layout_of(const tensor_view<T, Rank>& view) noexcept {
  layout result{
      .rank = view.rank(), .element_size = static_cast<index_t>(sizeof(T)), .data = view.data_handle()};
  for (std::size_t axis = 0; axis < tensor_view<T, Rank>::rank_capacity; ++axis) {
    result.extents[axis] = view.extent(axis);
    result.strides[axis] = view.stride(axis);
  }
  return result;
}

/// Extents: at most 8, none negative, and sizes and addresses in bytes that fit in index_t. An extent of 0 does not
/// excuse an overflow of the others.
constexpr check_result check_extents(const char* kernel, const char* argument, const layout& view) noexcept {
  if (view.rank > max_rank) {
    return failure(status::rank_mismatch, kernel, argument, "has {u} axes, at most {} are supported",
                   view.rank, max_rank);
  }
  index_t bytes = view.element_size;
  index_t reach = view.element_size;
  for (std::size_t axis = 0; axis < view.rank; ++axis) {
    const index_t extent = view.extents[axis];
    if (extent < 0) {
      return failure(status::negative_extent, kernel, argument, "has extent {} on axis {}", extent, axis);
    }
    if (extent <= 1) continue;  // such a stride is never taken
    index_t span = 0;
    index_t stride = view.strides[axis];
    if (__builtin_mul_overflow(bytes, extent, &bytes) ||
        (stride < 0 && __builtin_sub_overflow(index_t{0}, stride, &stride)) ||
        __builtin_mul_overflow(stride, extent - 1, &span) ||
        __builtin_mul_overflow(span, view.element_size, &span) ||
        __builtin_add_overflow(reach, span, &reach)) {
      return failure(status::size_overflow, kernel, argument,
                     "is too large: extent {} with stride {} on axis {} overflows", extent,
                     view.strides[axis], axis);
    }
  }
  return {};
}

constexpr check_result check_data(const char* kernel, const char* argument, const layout& view) noexcept {
  if (view.data == nullptr && !view.empty()) {
    return failure(status::null_pointer, kernel, argument, "has elements, but its pointer is null");
  }
  return {};
}

/// sum of coefficient * x = target with 0 <= x <= bound, decided by depth-first search from the largest coefficient,
/// pruned by what the smaller ones can reach and by their greatest common divisor. Source: the method of NumPy's
/// solve_may_share_memory. Gives up after a fixed amount of work and then answers "yes".
class bounded_diophantine {
 public:
  [[gnu::cold]] constexpr void add(std::uint64_t coefficient, std::uint64_t bound) noexcept {
    if (coefficient == 0 || bound == 0) return;
    std::size_t at = 0;
    while (at < count_ && coefficient_[at] > coefficient) ++at;
    if (at < count_ && coefficient_[at] == coefficient) {
      bound_[at] += bound;
      return;
    }
    for (std::size_t i = count_; i > at; --i) {
      coefficient_[i] = coefficient_[i - 1];
      bound_[i] = bound_[i - 1];
    }
    coefficient_[at] = coefficient;
    bound_[at] = bound;
    ++count_;
  }

  /// Whether there are at least `wanted` solutions.
  [[gnu::cold]] constexpr bool has_solutions(std::uint64_t target, int wanted) noexcept {
    for (std::size_t i = count_; i > 0; --i) {
      reach_[i - 1] = reach_[i] + coefficient_[i - 1] * bound_[i - 1];
      divisor_[i - 1] = common_divisor(divisor_[i], coefficient_[i - 1]);
    }
    missing_ = wanted;
    search(0, target);
    return missing_ <= 0;
  }

 private:
  static constexpr std::size_t capacity = 2 * max_rank + 2;

  static constexpr std::uint64_t common_divisor(std::uint64_t a, std::uint64_t b) noexcept {
    while (b != 0) a = std::exchange(b, a % b);
    return a;
  }

  [[gnu::cold]] constexpr void search(std::size_t i, std::uint64_t target) noexcept {
    if (i == count_) {
      if (target == 0) --missing_;
      return;
    }
    if (target > reach_[i] || target % divisor_[i] != 0) return;
    const std::uint64_t a = coefficient_[i];
    const std::uint64_t excess = target > reach_[i + 1] ? target - reach_[i + 1] : 0;
    const std::uint64_t last = target / a < bound_[i] ? target / a : bound_[i];
    for (std::uint64_t x = excess / a + (excess % a != 0 ? 1 : 0); x <= last && missing_ > 0; ++x) {
      if (work_-- == 0) {
        missing_ = 0;
        return;
      }
      search(i + 1, target - a * x);
    }
  }

  std::size_t count_ = 0;
  std::array<std::uint64_t, capacity> coefficient_ = {};
  std::array<std::uint64_t, capacity> bound_ = {};
  std::array<std::uint64_t, capacity + 1> reach_ = {};    // of terms i, i+1, ...
  std::array<std::uint64_t, capacity + 1> divisor_ = {};  // of their coefficients
  int missing_ = 0;
  int work_ = 100000;
};

constexpr std::uint64_t magnitude(index_t v) noexcept {
  return v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v);
}

/// Whether blocks of bytes have none in common: neither begins within the other. Differences are modulo the address space,
/// so that an address below zero is harmless.
constexpr bool apart(std::uintptr_t a, std::uint64_t bytes_a, std::uintptr_t b,
                     std::uint64_t bytes_b) noexcept {
  return b - a >= bytes_a && a - b >= bytes_b;
}

/// Whether two different indices of a checked view are the same element.
[[gnu::cold]] constexpr bool overlaps_itself(const layout& view) noexcept {
  if (view.empty()) return false;
  std::array<std::uint64_t, max_rank> stride{}, last{};  // of the axes with more than one element, by stride
  std::size_t count = 0;
  for (std::size_t axis = 0; axis < view.rank; ++axis) {
    if (view.extents[axis] <= 1) continue;
    const std::uint64_t s = magnitude(view.strides[axis]);
    std::size_t at = count++;
    for (; at > 0 && stride[at - 1] > s; --at) {
      stride[at] = stride[at - 1];
      last[at] = last[at - 1];
    }
    stride[at] = s;
    last[at] = magnitude(view.extents[axis] - 1);
  }
  std::uint64_t reach = 0;
  bool nested = true;  // every stride steps over all that the smaller ones reach: the usual case
  for (std::size_t i = 0; i < count; ++i) {
    if (stride[i] == 0 || (i > 0 && stride[i] == stride[i - 1])) return true;
    nested = nested && stride[i] > reach;
    reach += stride[i] * last[i];
  }
  if (nested) return false;
  // sum stride * d = 0 with |d| <= last has another solution than 0; shifted by `last` to be nonnegative
  bounded_diophantine equation;
  for (std::size_t i = 0; i < count; ++i) equation.add(stride[i], 2 * last[i]);
  return equation.has_solutions(reach, 2);
}

/// Whether two checked views share a byte.
[[gnu::cold]] inline bool share_memory(const layout& a, const layout& b) noexcept {
  if (a.empty() || b.empty()) return false;
  const auto lowest = [](const layout& v) {
    auto address = reinterpret_cast<std::uintptr_t>(v.data);
    for (std::size_t axis = 0; axis < v.rank; ++axis) {
      if (v.strides[axis] < 0) {
        address -= magnitude(v.strides[axis]) * magnitude(v.extents[axis] - 1) * magnitude(v.element_size);
      }
    }
    return address;
  };
  bounded_diophantine equation;
  const auto reach = [&](const layout& v) {
    std::uint64_t bytes = 0;
    for (std::size_t axis = 0; axis < v.rank; ++axis) {
      const std::uint64_t step = magnitude(v.strides[axis]) * magnitude(v.element_size);
      equation.add(step, magnitude(v.extents[axis] - 1));
      bytes += step * magnitude(v.extents[axis] - 1);
    }
    return bytes + magnitude(v.element_size) - 1;  // to the last byte
  };
  const std::uintptr_t first_a = lowest(a), first_b = lowest(b);
  const std::uint64_t reach_a = reach(a), reach_b = reach(b);
  if (apart(first_a, reach_a + 1, first_b, reach_b + 1)) return false;
  // first_a + (a byte of a) = first_b + (a byte of b), the latter counted down from b's last byte
  equation.add(1, magnitude(a.element_size) - 1);
  equation.add(1, magnitude(b.element_size) - 1);
  return equation.has_solutions(first_b + reach_b - first_a, 1);
}

/// Whether two views are the same elements in the same order.
constexpr bool same_elements(const layout& a, const layout& b) noexcept {
  if (a.data != b.data || a.rank != b.rank || a.element_size != b.element_size) return false;
  for (std::size_t axis = 0; axis < a.rank; ++axis) {
    if (a.extents[axis] != b.extents[axis]) return false;
    if (a.extents[axis] > 1 && a.strides[axis] != b.strides[axis]) return false;
  }
  return true;
}

constexpr check_result check_no_self_overlap(const char* kernel, const char* argument,
                                             const layout& output) noexcept {
  if (overlaps_itself(output)) {
    return failure(status::self_overlap, kernel, argument,
                   "has strides that put two of its elements in one place");
  }
  return {};
}

/// How an output may share memory with another argument.
enum class sharing { none, exact_alias };

/// An output against an argument named `other_name`.
constexpr check_result check_sharing(const char* kernel, const char* output_name, const char* other_name,
                                     const layout& output, const layout& other, sharing allowed) noexcept {
  if (std::is_constant_evaluated()) return {};
  if (allowed == sharing::exact_alias && same_elements(output, other)) return {};
  if (!share_memory(output, other)) return {};
  return failure_beside(
      other_name, status::overlap, kernel, output_name,
      allowed == sharing::none ? "shares memory with @" : "shares memory with @, but is not exactly it");
}

/// The option `axis` of an argument with `rank` axes, counted from the end where negative.
constexpr check_result check_axis(const char* kernel, const char* option, index_t axis, const char* argument,
                                  std::size_t rank, std::size_t& normalized) noexcept {
  const auto count = static_cast<index_t>(rank);
  if (axis < -count || axis >= count) {
    return failure_beside(argument, status::axis_out_of_range, kernel, option, "is {}, @ has {} axes", axis,
                          count);
  }
  normalized = static_cast<std::size_t>(axis < 0 ? axis + count : axis);
  return {};
}

/// `view` has `rank` axes.
constexpr check_result check_rank(const char* kernel, const char* argument, const layout& view,
                                  std::size_t rank) noexcept {
  if (view.rank == rank) return {};
  return failure(status::rank_mismatch, kernel, argument, "has {} axes, expected {}", view.rank, rank);
}

/// `view` has the shape `expected`.
constexpr check_result check_shape(const char* kernel, const char* argument, const layout& view,
                                   const layout& expected) noexcept {
  if (auto r = check_rank(kernel, argument, view, expected.rank); !r) return r;
  for (std::size_t axis = 0; axis < view.rank; ++axis) {
    if (view.extents[axis] != expected.extents[axis]) {
      return failure(status::shape_mismatch, kernel, argument, "has extent {} on axis {}, expected {}",
                     view.extents[axis], axis, expected.extents[axis]);
    }
  }
  return {};
}

/// A checked axis, counted from 0.
constexpr std::size_t axis_of(index_t option, std::size_t rank) noexcept {
  return static_cast<std::size_t>(option < 0 ? option + static_cast<index_t>(rank) : option);
}

/// The layout with one axis taken out; a layout without axes stays as it is.
constexpr layout without_axis(const layout& view, std::size_t axis) noexcept {
  layout result = view;
  if (view.rank == 0) return result;
  for (std::size_t i = axis; i + 1 < view.rank; ++i) {
    result.extents[i] = view.extents[i + 1];
    result.strides[i] = view.strides[i + 1];
  }
  --result.rank;
  result.extents[result.rank] = 0;
  result.strides[result.rank] = 0;
  return result;
}

/// What is left of a shape when an axis is reduced.
constexpr layout reduced(const layout& view, std::size_t axis, bool keepdims) noexcept {
  if (!keepdims) return without_axis(view, axis);
  layout result = view;
  result.extents[axis] = 1;
  return result;
}

/// Puts the axes of two layouts of one shape into the order of the first one's strides, largest first.
constexpr void sort_axes(layout& by, layout& other) noexcept {
  for (std::size_t last = 1; last < by.rank; ++last) {
    for (std::size_t i = last; i > 0 && magnitude(by.strides[i - 1]) < magnitude(by.strides[i]); --i) {
      std::swap(by.extents[i - 1], by.extents[i]);
      std::swap(by.strides[i - 1], by.strides[i]);
      std::swap(other.extents[i - 1], other.extents[i]);
      std::swap(other.strides[i - 1], other.strides[i]);
    }
  }
}

/// The number of elements of a checked layout.
constexpr index_t element_count(const layout& view) noexcept {
  index_t count = 1;
  for (std::size_t axis = 0; axis < view.rank; ++axis) count *= view.extents[axis];
  return count;
}

/// Walks the indices of a shape in row-major order, carrying the offset that each has in N arrays of strides.
template <std::size_t Count>
class index_walk {
 public:
  constexpr index_walk(std::size_t rank, const axes& extents, const std::array<axes, Count>& strides,
                       index_t start) noexcept
      : rank_(rank), extents_(extents), strides_(strides) {
    for (std::size_t axis = rank; axis > 0 && start > 0; --axis) {  // at 0 there may be extents of 0
      const std::size_t i = axis - 1;
      index_[i] = start % extents_[i];
      start /= extents_[i];
      for (std::size_t n = 0; n < Count; ++n) offsets_[n] += index_[i] * strides_[n][i];
    }
  }

  constexpr index_t offset(std::size_t n) const noexcept { return offsets_[n]; }

  constexpr void next() noexcept {
    for (std::size_t axis = rank_; axis > 0; --axis) {
      const std::size_t i = axis - 1;
      if (++index_[i] < extents_[i]) {
        for (std::size_t n = 0; n < Count; ++n) offsets_[n] += strides_[n][i];
        return;
      }
      for (std::size_t n = 0; n < Count; ++n) offsets_[n] -= (extents_[i] - 1) * strides_[n][i];
      index_[i] = 0;
    }
  }

 private:
  std::size_t rank_;
  axes extents_;
  std::array<axes, Count> strides_;
  axes index_ = {};
  std::array<index_t, Count> offsets_ = {};
};

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_DETAIL_LAYOUT_HPP

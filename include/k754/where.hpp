/// where: one of two operands, element by element, and never a look at the other.
///
///     k754::where(condition, x, y, output);                    // [N, 1], [C] and [] broadcast to [N, C]
///     k754::where(k754::packed_bits(bytes, C), x, y, output);  // 8 conditions a byte
///     k754::where(k754::greater_than(x, 0.0F), x, 0.0F, x);    // ReLU in place
///     k754::where_backward(condition, upstream, dx, nullptr);  // the gradient of x alone
///     k754::where_apply(k754::greater_than(x, 0.0F), [](float v) { return std::log(v); }, x, 0.0F, output);
///
/// Shapes      Inputs broadcast together by NumPy's rules, up to 8 axes, extents of 0 included (WH-06); the
///             output has exactly that shape. Gradients have the output's shape, to which the inputs of the
///             backward functions broadcast. Any element strides, negative and zero too; an output's must not
///             make two elements one. x, y and upstream may be scalars (one value), the condition a bool.
/// Types       x, y, upstream and the outputs have one element type, whichever: nothing is promoted (WH-10).
///             The condition has bytes: bool, uint8 or int8, of which any that is not 0 is true (WH-09).
///             Other tensors become conditions by name: `nonzero(x)`, `greater_than(x, threshold)` (WH-05),
///             and `packed_bits(bytes, columns)`, least significant bit first (WH-19).
/// Result      Selected elements are copied as bits: -0, subnormals, signalling NaNs and payloads pass as they
///             are, whatever FTZ/DAZ say, and raise no flag (WH-02 .. WH-04, WH-12 .. WH-15). The operand
///             that is not selected has no effect, whatever it holds (WH-01); nor has the upstream gradient
///             of its place: the gradient there is +0 (WH-07).
///             where_apply is condition ? f(x) : y, and calls f nowhere else. The chain rule, applied to
///             where(x > 0, log(x), 0), multiplies 0 by the infinite derivative of the dead branch (WH-08,
///             WH-16); where_apply_backward does not.
/// Policy      where_apply_backward: subnormals, zero_times_inf (by_kernel is ieee). The others read none.
/// Errors      rank_mismatch, negative_extent, shape_mismatch, size_overflow, null_pointer, self_overlap,
///             overlap; of packed bits also invalid_option; callback_threw.
/// Aliasing    An output may share memory with an input where, after broadcasting, every index writes the
///             very element that it reads there: x, y, upstream, a condition with elements of the same size,
///             but not an operand that repeats elements. Any other common byte is an error, and any of packed
///             bits; interleaved elements of one buffer have none. Outputs share nothing with each other. A
///             scalar may be an element of an output: it is read first.
/// Cost        One pass over the output's elements, in the order in which they lie in memory. No scratch
///             memory; at most 40 KiB of stack. Where operands and output together exceed the last-level cache,
///             an output of more than 1 MiB that is no input is written past the caches.
#ifndef K754_WHERE_HPP
#define K754_WHERE_HPP

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "detail/broadcast.hpp"
#include "detail/cache_size.hpp"
#include "detail/callbacks.hpp"
#include "detail/flags-inl.hpp"
#include "detail/layout.hpp"
#include "detail/prefetch.hpp"
#include "detail/tiles.hpp"
#include "executor.hpp"
#include "policy.hpp"
#include "reference/where.hpp"
#include "simd.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// A tensor of numbers as a condition, made by `nonzero` and `greater_than`.
template <element T, class Test>
struct numeric_condition {
  tensor_view<const T> values;
  Test test;
};

/// Bits as a condition, made by `packed_bits`.
struct packed_condition {
  tensor_view<const std::uint8_t> bytes;
  index_t columns;
  index_t offset;
};

namespace detail {

template <element T>
struct is_nonzero {
  using value_type = T;
  K754_INLINE constexpr bool operator()(T x) const noexcept { return reference::nonzero(x); }
};
template <element T>
struct is_greater {
  using value_type = T;
  T threshold;
  K754_INLINE constexpr bool operator()(T x) const noexcept { return reference::greater_than(x, threshold); }
};

template <class C>
inline constexpr bool is_numeric_condition = false;
template <element T, class Test>
inline constexpr bool is_numeric_condition<numeric_condition<T, Test>> = true;

/// The element type that the caller gave, and the one that kernels see.
template <class X>
struct elements {
  using given = std::remove_cvref_t<X>;
};
template <tensor_like X>
struct elements<X> {
  using given = typename decltype(as_tensor_view(std::declval<X>()))::value_type;
};
template <class X>
using given_element = typename elements<X>::given;
template <class X>
using operand_element = storage_type_t<given_element<X>>;

template <class C>
inline constexpr bool is_packed_condition = std::same_as<C, packed_condition>;

template <class C>
concept condition_like =
    is_numeric_condition<std::remove_cvref_t<C>> || is_packed_condition<std::remove_cvref_t<C>> ||
    operand_like<C, bool> || operand_like<C, std::uint8_t> || operand_like<C, std::int8_t>;

/// Where a gradient goes: a tensor, or nullptr where it is not wanted.
template <class X, class T>
concept gradient_of = std::same_as<std::remove_cvref_t<X>, std::nullptr_t> || output_of<X, T>;

template <class Upstream, class Dx, class Dy>
concept gradients_of = gradient_of<Dx, operand_element<Upstream>> &&
    gradient_of<Dy, operand_element<Upstream>> && operand_like<Upstream, operand_element<Upstream>> &&
    (output_like<Dx> || output_like<Dy>);

/// A callable on the elements of X, as the caller gave them, that returns elements stored as T.
template <class F, class X, class T>
concept element_function = requires(F& f, given_element<X> x) {
  requires std::same_as<storage_type_t<std::remove_cvref_t<decltype(f(x))>>, T>;
};

template <class Output, class X, class Y>
concept branches_of =
    output_like<Output> && operand_like<X, element_of<Output>> && operand_like<Y, element_of<Output>>;
template <class Output, class F, class X, class Y>
concept applied_branches_of = branches_of<Output, X, Y> && element_function<F, X, element_of<Output>>;

template <class F, class X, class Upstream, class Dx, class Dy>
concept product_gradients_of =
    gradients_of<Upstream, Dx, Dy> && output_like<Dx> && floating<operand_element<Upstream>> &&
    operand_like<X, operand_element<Upstream>> && element_function<F, X, operand_element<Upstream>>;

/// In place of an operand that a kernel does not have.
struct no_operand {};

/// The elements of a view as unsigned integers, which is what selections copy.
template <class T>
using bits_type =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
/// How outputs are written: through the caches, or past them.
enum class stores : int { cached, streamed };

/// Numbers make conditions through intervals of keys: an element's bits as a signed integer, of which those that `fold`
/// names are inverted where it is negative, and those that `flip` names always. It is in the interval where low < key <=
/// high, and the condition holds where it is in it, or (`outside` = -1, not 0) where it is not.
template <class Bits>
struct key_interval {
  using key_type = std::make_signed_t<Bits>;
  Bits fold;
  Bits flip;
  key_type low;
  key_type high;
  key_type outside;

  K754_INLINE constexpr key_type key(Bits bits) const noexcept {
    const auto sign = static_cast<key_type>(bits) < 0 ? fold : Bits{0};
    return static_cast<key_type>(static_cast<Bits>(bits ^ sign ^ flip));
  }
  K754_INLINE constexpr bool operator()(Bits bits) const noexcept {
    return (low < key(bits) && key(bits) <= high) != (outside != 0);
  }
};

/// Selection along a run, its gradient, and the conditions of n numbers as bits (those behind the last are anything).
template <class Condition, class Bits>
using where_function = void(const Condition& condition, strided<const Bits> x, strided<const Bits> y,
                            strided<Bits> output, index_t n, stores how) noexcept;
template <class Condition, class Bits>
using where_backward_function = void(const Condition& condition, strided<const Bits> upstream,
                                     strided<Bits> dx, strided<Bits> dy, index_t n, stores how) noexcept;
template <class Bits>
using test_elements_function = void(const Bits* x, index_t n, const key_interval<Bits>& interval,
                                    std::uint8_t* bits) noexcept;

}  // namespace detail

#if defined(K754_COMPILED)
namespace compiled {
inline namespace K754_COMPILED_ABI {
template <class Condition, class Bits>
detail::where_function<Condition, Bits>* where() noexcept;
template <class Condition, class Bits>
detail::where_backward_function<Condition, Bits>* where_backward() noexcept;
template <class Bits>
detail::test_elements_function<Bits>* test_elements() noexcept;
}  // namespace K754_COMPILED_ABI
}  // namespace compiled
#endif

namespace detail {
inline namespace K754_KERNEL_ABI {

constexpr index_t stride_of(const byte_run& condition) noexcept { return condition.bytes.stride; }
constexpr index_t stride_of(const bit_run& condition) noexcept { return condition.stride; }

/// The `n` bits from bit `first` on become those from bit 0 of `to` on; others of its bytes become 0. Bytes without any
/// of these bits are not read.
inline void copy_bits(const std::uint8_t* bits, index_t first, index_t n, std::uint8_t* to) noexcept {
  const std::uint8_t* from = bits + (first >> 3);
  const int shift = static_cast<int>(first & 7);
  for (index_t i = 0; i < n; i += 8, ++from) {
    const index_t count = n - i < 8 ? n - i : 8;
    unsigned byte = static_cast<unsigned>(load(from)) >> shift;
    if (shift + count > 8) byte |= static_cast<unsigned>(load(from + 1)) << (8 - shift);
    to[i / 8] = static_cast<std::uint8_t>(byte & ((1U << count) - 1));
  }
}

/// Numbers as conditions.
template <element T>
constexpr key_interval<bits_type<T>> interval_of(const is_nonzero<T>&) noexcept {
  using bits = bits_type<T>;
  using key = std::make_signed_t<bits>;
  if constexpr (floating<T>) {  // all but -0 and +0, whose keys are -1 and 0
    return {static_cast<bits>(format_of<T>::sign_bit - 1), 0, key{-2}, key{0}, key{-1}};
  } else {
    return {0, 0, key{-1}, key{0}, key{-1}};
  }
}
template <element T>
constexpr key_interval<bits_type<T>> interval_of(const is_greater<T>& test) noexcept {
  using bits = bits_type<T>;
  using key = std::make_signed_t<bits>;
  constexpr key least = (std::numeric_limits<key>::min)(), greatest = (std::numeric_limits<key>::max)();
  constexpr key_interval<bits> never{0, 0, greatest, least, key{0}};
  if constexpr (std::same_as<T, bool>) {
    return test.threshold ? never : interval_of(is_nonzero<bool>{});
  } else if constexpr (floating<T>) {
    if (is_nan(test.threshold)) return never;
    key_interval<bits> interval{static_cast<bits>(format_of<T>::sign_bit - 1), 0, key{0},
                                static_cast<key>(format_of<T>::infinity), key{0}};
    if (!is_zero(test.threshold)) interval.low = interval.key(to_bits(test.threshold));
    return interval;
  } else {
    key_interval<bits> interval{0, std::is_signed_v<T> ? bits{0} : static_cast<bits>(least), least, greatest,
                                key{0}};
    interval.low = interval.key(static_cast<bits>(test.threshold));
    return interval;
  }
}

template <class Bits>
void test_elements_in_turn(const Bits* x, index_t n, const key_interval<Bits>& interval,
                           std::uint8_t* bits) noexcept {
  for (index_t i = 0; i < n; ++i) {
    if (i % 8 == 0) bits[i / 8] = 0;
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (interval(load(x + i)) ? 1U : 0U) << (i % 8));
  }
}

/// A condition of numbers along a run of elements.
template <class Test>
struct number_run {
  strided<const typename Test::value_type> values;
  Test test;
  constexpr bool operator()(index_t i) const noexcept { return test(load(values.at(i))); }
};

// What a kernel asks of a condition: a layout with an offset for each element, whether it holds along a run of any strides
// (`along`), and its tiles.

template <class Operand>
struct byte_condition {
  Operand values;

  const std::uint8_t* data() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(values.view().data_handle());  // bytes of every name
  }
  layout view() const noexcept { return layout_of(values.view()); }
  template <class Run>
  byte_run along(const Run& run, std::size_t n) const noexcept {
    return {run.of(n, data())};
  }
};

/// Offsets and strides count bits; the first row begins at bit `first`, below 8.
struct bit_condition {
  layout bits;
  index_t first = 0;

  const std::uint8_t* data() const noexcept { return static_cast<const std::uint8_t*>(bits.data); }
  const layout& view() const noexcept { return bits; }
  template <class Run>
  bit_run along(const Run& run, std::size_t n) const noexcept {
    return {data(), first + run.offsets[n], run.strides[n]};
  }
};

template <class Test>
struct number_condition {
  tensor_view<const typename Test::value_type> values;
  Test test;

  const void* data() const noexcept { return values.data_handle(); }
  layout view() const noexcept { return layout_of(values); }
  template <class Run>
  number_run<Test> along(const Run& run, std::size_t n) const noexcept {
    return {run.of(n, values.data_handle()), test};
  }
};

/// The bits of checked packed conditions, from the byte of the first on: the last axis of `bytes` becomes `columns` bits,
/// strides become those of bits.
constexpr layout bits_layout(const packed_condition& c) noexcept {
  layout bits = layout_of(c.bytes);
  for (std::size_t axis = 0; axis + 1 < bits.rank; ++axis) {
    index_t& stride = bits.strides[axis];
    if (__builtin_mul_overflow(stride, index_t{8}, &stride)) stride = (std::numeric_limits<index_t>::max)();
  }
  bits.extents[bits.rank - 1] = c.columns;
  bits.strides[bits.rank - 1] = 1;
  if (c.bytes.data_handle() != nullptr) bits.data = c.bytes.data_handle() + c.offset / 8;
  return bits;
}
constexpr check_result check_packed(const char* kernel, const packed_condition& c) noexcept {
  constexpr const char* name = "condition";
  const layout bytes = layout_of(c.bytes);
  if (c.offset < 0) {
    return failure(status::invalid_option, kernel, name, "begins at bit {}, expected 0 or more", c.offset);
  }
  if (bytes.rank == 0) {
    return failure(status::rank_mismatch, kernel, name, "has no axis of packed bytes");
  }
  if (auto r = check_extents(kernel, name, bytes); !r) return r;
  const std::size_t last = bytes.rank - 1;
  if (c.columns < 0) {
    return failure(status::negative_extent, kernel, name, "has extent {} on axis {}", c.columns, last);
  }
  if (bytes.extents[last] > 1 && bytes.strides[last] != 1) {
    return failure(status::invalid_option, kernel, name, "has packed bytes {} apart, expected adjacent ones",
                   bytes.strides[last]);
  }
  const std::uint64_t available = magnitude(bytes.extents[last]);
  const std::uint64_t end = magnitude(c.offset) + magnitude(c.columns);
  if (c.columns > 0 && (end - 1) / 8 + 1 > available) {
    return failure(status::shape_mismatch, kernel, name, "has {} packed bytes on axis {}, expected {}",
                   bytes.extents[last], last, static_cast<index_t>((end - 1) / 8 + 1));
  }
  return {};
}

template <condition_like C>
auto condition_of(C&& c) noexcept {
  using condition = std::remove_cvref_t<C>;
  if constexpr (is_numeric_condition<condition>) {
    return number_condition<decltype(c.test)>{c.values, c.test};
  } else if constexpr (is_packed_condition<condition>) {
    return bit_condition{bits_layout(c), c.offset % 8};
  } else {
    const auto values = operand_of<operand_element<C>>(c);
    return byte_condition<std::remove_const_t<decltype(values)>>{values};
  }
}

template <class C>
constexpr argument condition_argument(const C& c) noexcept {
  constexpr const char *name = "condition", *sharing = "shares memory with condition";
  if constexpr (is_numeric_condition<C>) {
    return input_argument(name, sharing, c.values);
  } else if constexpr (is_packed_condition<C>) {
    return {name, sharing, bits_layout(c), true, c.offset % 8};
  } else {
    return input_argument(name, sharing, c);
  }
}

template <class C>
constexpr check_result check_condition(const char* kernel, const C& c) noexcept {
  if constexpr (is_packed_condition<C>) return check_packed(kernel, c);
  return {};
}

template <class C, class X, class Y, class Output>
constexpr check_result check_where(const char* kernel, const C& condition, const X& x, const Y& y,
                                   Output& output) noexcept {
  if (auto r = check_condition(kernel, condition); !r) return r;
  return check_elementwise(
      kernel, shape_given_by::inputs,
      std::array{condition_argument(condition), input_argument("x", "shares memory with x", x),
                 input_argument("y", "shares memory with y", y)},
      std::array{output_argument("output", "", output)});
}

template <class C, class X, class Upstream, class Dx, class Dy>
constexpr check_result check_where_backward(const char* kernel, const C& condition, const X& x,
                                            const Upstream& upstream, Dx& dx, Dy& dy) noexcept {
  if (auto r = check_condition(kernel, condition); !r) return r;
  return check_elementwise(
      kernel, shape_given_by::outputs,
      std::array{condition_argument(condition), input_argument("x", "shares memory with x", x),
                 input_argument("upstream", "shares memory with upstream", upstream)},
      std::array{output_argument("dx", "shares memory with dx", dx), output_argument("dy", "", dy)});
}

template <class T>
auto bits_data(const tensor_view<T>& view) noexcept {
  using bits = bits_type<T>;
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, const bits*, bits*>>(view.data_handle());
}

/// A gradient's view; no pointer and no strides where it is not wanted.
template <class T, class Output>
tensor_view<T> gradient_view(Output& output) noexcept {
  if constexpr (output_like<Output&>) {
    return output_view(output);
  } else {
    return {};
  }
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail
}  // namespace k754

#define K754_TARGET_FILE "../simd/where-inl.hpp"
#include "detail/foreach_target-inl.hpp"

namespace k754 {
namespace detail {
inline namespace K754_KERNEL_ABI {

/// The reference in place of vectors.
template <class Condition, class Bits>
void where_in_turn(const Condition& condition, strided<const Bits> x, strided<const Bits> y,
                   strided<Bits> output, index_t n, stores) noexcept {
  reference::where(condition, x, y, output, n);
}
template <class Condition, class Bits>
void where_backward_in_turn(const Condition& condition, strided<const Bits> upstream, strided<Bits> dx,
                            strided<Bits> dy, index_t n, stores) noexcept {
  reference::where_backward(condition, upstream, dx, dy, n);
}

/// Code for one run, the best that may run. Conditions are `byte_run` or `bit_run`, elements and numbers unsigned integers
/// of the four widths.
template <class Condition, class Bits>
where_function<Condition, Bits>* choose_where() noexcept {
#if defined(K754_COMPILED)
  return compiled::where<Condition, Bits>();
#else
  K754_CHOOSE_TARGET(where<Condition, Bits>);
  return &where_in_turn<Condition, Bits>;
#endif
}
template <class Condition, class Bits>
where_backward_function<Condition, Bits>* choose_where_backward() noexcept {
#if defined(K754_COMPILED)
  return compiled::where_backward<Condition, Bits>();
#else
  K754_CHOOSE_TARGET(where_backward<Condition, Bits>);
  return &where_backward_in_turn<Condition, Bits>;
#endif
}
template <class Bits>
test_elements_function<Bits>* choose_test_elements() noexcept {
#if defined(K754_COMPILED)
  return compiled::test_elements<Bits>();
#else
  K754_CHOOSE_TARGET(test_elements<Bits>);
  return &test_elements_in_turn<Bits>;
#endif
}

// The tiles of conditions: `of(tile)` is a run of bytes or bits, adjacent ones or one for all elements.

class byte_tiles {
 public:
  using run = byte_run;
  static constexpr index_t limit = block_elements<std::uint8_t>;

  template <class Operand, class Plane>
  byte_tiles(const byte_condition<Operand>& c, const Plane& p, std::size_t n) noexcept
      : bytes_(p.of(n, c.data())) {}
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

template <class Test>
class number_tiles {
 public:
  using run = bit_run;
  using bits = bits_type<typename Test::value_type>;
  static constexpr index_t limit = block_elements<bits>;

  template <class Plane>
  number_tiles(const number_condition<Test>& c, const Plane& p, std::size_t n) noexcept
      : values_(p.of(n, bits_data(c.values))),
        interval_(interval_of(c.test)),
        test_(choose_test_elements<bits>()) {}
  segments parts() const noexcept {  // the conditions of long rows go through a block
    return smallest_of(values_.parts(), segments::of_a_block);
  }

  bit_run of(const tile& t) noexcept {
    const strided<const bits> x = values_.of(t);
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
  tile_input<bits> values_;
  key_interval<bits> interval_;
  test_elements_function<bits>* test_;
  std::uint8_t block_[static_cast<std::size_t>(limit) / 8];
};

template <class Operand>
byte_tiles tiles_for(const byte_condition<Operand>&);
bit_tiles tiles_for(const bit_condition&);
template <class Test>
number_tiles<Test> tiles_for(const number_condition<Test>&);
template <class Condition>
using condition_tiles = decltype(tiles_for(std::declval<const Condition&>()));

/// Bytes of a tensor's elements, those that repeat once.
constexpr std::uint64_t bytes_of(const layout& tensor) noexcept {
  std::uint64_t bytes = magnitude(tensor.element_size);
  for (std::size_t axis = 0; axis < tensor.rank; ++axis) {
    if (tensor.strides[axis] != 0) bytes *= magnitude(tensor.extents[axis]);
  }
  return bytes;
}

/// Whether the caches do not hold so many bytes of operands.
inline bool exceed_caches(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t least_cache = 1 << 20;
  return bytes > least_cache && bytes > magnitude(last_level_cache_bytes());
}

/// Whether the output of such operands should be written past the caches: little of it would still be there when somebody
/// reads it, unless there is little of it.
template <class... Inputs>
bool is_streamed(const layout& output, const Inputs*... inputs) noexcept {
  constexpr std::uint64_t least_output = 1 << 20;
  return bytes_of(output) > least_output && ((inputs != output.data) && ...);
}

/// Not tiles of few bytes, nor those that share a good part of their lines with their neighbours.
template <class T>
constexpr bool fills_lines(const tile& t) noexcept {
  const auto bytes = magnitude(t.count()) * sizeof(T);
  return bytes >= (bytes % cache_line_bytes == 0 ? 1024 : 2048);
}

/// Where a condition selects whole rows, those of an operand are read here and there: the begin of one that comes soon.
/// Always inline, see prefetch.hpp.
template <class Tiles, class Bits>
K754_INLINE void fetch_selected_row(const Tiles& conditions, const tile_input<Bits>& x,
                                    const tile_input<Bits>& y, const tile& t) noexcept {
  constexpr index_t most = 2048 / static_cast<index_t>(sizeof(Bits));
  const index_t rows = most / t.columns + 1;
  if (t.rows > 1 || rows >= t.rows_left || !conditions.one_for_a_row()) return;
  const plane<const Bits>& from = (conditions.of_row(t.row + rows) ? x : y).elements();
  if (from.stride != 1) return;
  prefetch<fetch::to_second_cache>(from.at(t.row + rows, t.column), 0, t.columns < most ? t.columns : most);
}

/// Makes what was written past the caches visible to other threads before what follows.
inline void order_streamed_stores() noexcept {
#if defined(__SSE__)
  __builtin_ia32_sfence();
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/// Pieces of work: none but the whole where there is nobody to share it with.
template <class Executor>
constexpr index_t elements_in_piece(index_t count) noexcept {
  return std::same_as<Executor, serial_executor> ? count : task_elements;
}

template <class Condition, class T, class Executor>
void select(const Condition& condition, const tensor_view<const T>& x, const tensor_view<const T>& y,
            const tensor_view<T>& output, Executor& ex) {
  using bits = bits_type<T>;
  using tiles = condition_tiles<Condition>;
  const layout to = layout_of(output);
  const auto loop = loop_in_memory_order(to, condition.view(), layout_of(x), layout_of(y), to);
  const auto kernel = choose_where<typename tiles::run, bits>();
  const std::uint64_t bytes = bytes_of(layout_of(x)) + bytes_of(layout_of(y)) + bytes_of(to);
  const bool fetched = exceed_caches(bytes);
  const bool streamed = fetched && is_streamed(to, condition.data(), x.data_handle(), y.data_handle());
  run_pieces(ex, loop.count(), elements_in_piece<Executor>(loop.count()), [&](index_t begin, index_t end) {
    loop.for_planes(begin, end, [&](const auto& p) {
      tiles conditions(condition, p, 0);
      tile_input<bits> from_x(p.of(1, bits_data(x))), from_y(p.of(2, bits_data(y)));
      tile_output<bits> results(p.of(3, bits_data(output)));
      for_tiles(p.rows, p.columns, tiles::limit < block_elements<bits> ? tiles::limit : block_elements<bits>,
                p.columns * static_cast<index_t>(sizeof(T)) < short_row_bytes,
                smallest_of(conditions.parts(), from_x.parts(), from_y.parts(), results.parts()),
                [&](const tile& t) {
                  if (fetched) fetch_selected_row(conditions, from_x, from_y, t);
                  const bool past = streamed && results.in_place(t) && fills_lines<T>(t);
                  kernel(conditions.of(t), from_x.of(t), from_y.of(t), results.of(t), t.count(),
                         past ? stores::streamed : stores::cached);
                  results.finish(t);
                });
    });
    if (streamed) order_streamed_stores();
  });
}

template <class Condition, class T, class Executor>
void select_gradients(const Condition& condition, const tensor_view<const T>& upstream,
                      const tensor_view<T>& dx, const tensor_view<T>& dy, Executor& ex) {
  using bits = bits_type<T>;
  using tiles = condition_tiles<Condition>;
  const layout to_x = layout_of(dx), to_y = layout_of(dy);
  const auto loop = loop_in_memory_order(to_x, condition.view(), layout_of(upstream), to_x, to_y);
  const auto kernel = choose_where_backward<typename tiles::run, bits>();
  const std::uint64_t bytes = bytes_of(layout_of(upstream)) + bytes_of(to_x) + bytes_of(to_y);
  const bool streamed = exceed_caches(bytes) && is_streamed(to_x, condition.data(), upstream.data_handle()) &&
                        is_streamed(to_y, condition.data(), upstream.data_handle());
  run_pieces(ex, loop.count(), elements_in_piece<Executor>(loop.count()), [&](index_t begin, index_t end) {
    loop.for_planes(begin, end, [&](const auto& p) {
      tiles conditions(condition, p, 0);
      tile_input<bits> from(p.of(1, bits_data(upstream)));
      tile_output<bits> results_x(p.of(2, bits_data(dx))), results_y(p.of(3, bits_data(dy)));
      for_tiles(p.rows, p.columns, tiles::limit < block_elements<bits> ? tiles::limit : block_elements<bits>,
                p.columns * static_cast<index_t>(sizeof(T)) < short_row_bytes,
                smallest_of(conditions.parts(), from.parts(), results_x.parts(), results_y.parts()),
                [&](const tile& t) {
                  const bool past =
                      streamed && results_x.in_place(t) && results_y.in_place(t) && fills_lines<T>(t);
                  kernel(conditions.of(t), from.of(t), results_x.of(t), results_y.of(t), t.count(),
                         past ? stores::streamed : stores::cached);
                  results_x.finish(t);
                  results_y.finish(t);
                });
    });
    if (streamed) order_streamed_stores();
  });
}

template <class C, class X, class Y, class Output, class Executor>
check_result compute_where(const C& c, const X& x, const Y& y, Output& output, Executor& ex) {
  using T = element_of<Output&>;
  const auto condition = condition_of(c);
  const auto held_x = operand_of<T>(x);
  const auto held_y = operand_of<T>(y);
  select<std::remove_const_t<decltype(condition)>, T>(condition, held_x.view(), held_y.view(),
                                                      output_view(output), ex);
  return {};
}

template <class C, class Upstream, class Dx, class Dy, class Executor>
check_result compute_where_backward(const C& c, const Upstream& upstream, Dx& dx, Dy& dy, Executor& ex) {
  using T = operand_element<const Upstream&>;
  const auto condition = condition_of(c);
  const auto held = operand_of<T>(upstream);
  const auto zero = operand_of<T>(T{});
  using condition_type = std::remove_const_t<decltype(condition)>;
  if constexpr (!output_like<Dy&>) {
    select<condition_type, T>(condition, held.view(), zero.view(), output_view(dx), ex);
  } else if constexpr (!output_like<Dx&>) {
    select<condition_type, T>(condition, zero.view(), held.view(), output_view(dy), ex);
  } else {
    select_gradients<condition_type, T>(condition, held.view(), output_view(dx), output_view(dy), ex);
  }
  return {};
}

/// The caller's function on elements as kernels hold them.
template <class Given, class T, class F>
constexpr auto on_elements(F& f) noexcept {
  return [&f](T x) { return std::bit_cast<T>(f(std::bit_cast<Given>(x))); };
}

template <class C, class F, class X, class Y, class Output, class Executor>
check_result compute_where_apply(const C& c, F& f, const X& x, const Y& y, Output& output, Executor& ex) {
  using T = element_of<Output&>;
  const auto condition = condition_of(c);
  const auto function = on_elements<given_element<const X&>, T>(f);
  const auto held_x = operand_of<T>(x);
  const auto held_y = operand_of<T>(y);
  const tensor_view<T> result = output_view(output);
  const auto loop = loop_over(layout_of(result), condition.view(), layout_of(held_x.view()),
                              layout_of(held_y.view()), layout_of(result));
  run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    loop.for_runs(begin, end, [&](const auto& run) {
      reference::where_apply(condition.along(run, 0), function, run.of(1, held_x.view().data_handle()),
                             run.of(2, bits_data(held_y.view())), run.of(3, bits_data(result)), run.length);
    });
  });
  return {};
}

/// The fields of a policy that the product of where_apply_backward reads.
constexpr policy product_policy(const policy& p) noexcept {
  return {.subnormals = p.subnormals,
          .zero_times_inf =
              p.zero_times_inf == zero_times_inf::by_kernel ? zero_times_inf::ieee : p.zero_times_inf};
}

/// In turn, for a few elements: the caller's function in the caller's environment, the products in ours.
inline constexpr index_t slopes_at_a_time = 128;

template <policy P, class C, class F, class X, class Upstream, class Dx, class Dy, class Executor>
check_result compute_where_apply_backward(const C& c, F& derivative, const X& x, const Upstream& upstream,
                                          Dx& dx, Dy& dy, Executor& ex) {
  using T = operand_element<const Upstream&>;
  const auto condition = condition_of(c);
  const auto function = on_elements<given_element<const X&>, T>(derivative);
  const auto held_x = operand_of<T>(x);
  const auto held_upstream = operand_of<T>(upstream);
  const tensor_view<T> to_x = gradient_view<T>(dx), to_y = gradient_view<T>(dy);
  const auto loop = loop_over(layout_of(to_x), condition.view(), layout_of(held_x.view()),
                              layout_of(held_upstream.view()), layout_of(to_x), layout_of(to_y));
  run_callbacks(ex, loop.count(), task_elements, [&](index_t begin, index_t end) {
    bool live[slopes_at_a_time];
    T slope[slopes_at_a_time];
    for (index_t first = begin, last = begin; first < end; first = last) {
      last = end - first < slopes_at_a_time ? end : first + slopes_at_a_time;
      index_t called = 0;
      loop.for_runs(first, last, [&](const auto& run) {
        reference::where_apply_slopes(condition.along(run, 0), function,
                                      run.of(1, held_x.view().data_handle()), live + called, slope + called,
                                      run.length);
        called += run.length;
      });
      in_default_environment([&] {
        index_t done = 0;
        loop.for_runs(first, last, [&](const auto& run) {
          reference::where_apply_products<P>(
              live + done, slope + done, run.of(2, bits_data(held_upstream.view())),
              run.of(3, bits_data(to_x)), run.of(4, bits_data(to_y)), run.length);
          done += run.length;
        });
      });
    }
  });
  return {};
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail

inline namespace K754_KERNEL_ABI {

/// The condition `x != 0` of any tensor, as Python's truth has it: NaN and subnormals are true, -0 is false.
template <tensor_like X>
constexpr auto nonzero(X&& x) noexcept {
  using T = detail::element_of<X>;
  return numeric_condition<T, detail::is_nonzero<T>>{detail::input_view(x), {}};
}

/// The condition `x > threshold`, both of one type. False for NaN; -0 equals +0; subnormals count.
template <tensor_like X, detail::scalar_of<detail::element_of<X>> Threshold>
constexpr auto greater_than(X&& x, Threshold threshold) noexcept {
  using T = detail::element_of<X>;
  return numeric_condition<T, detail::is_greater<T>>{detail::input_view(x), {std::bit_cast<T>(threshold)}};
}

/// The condition of packed bits, 8 a byte, least significant bit first (as Apache Arrow's validity bitmaps, and NumPy's
/// packbits with bitorder='little'). The last axis of `bytes`, whose elements are adjacent, holds `columns` of them from
/// bit `offset` on, in each row; the other axes are those of `bytes`, with any strides, so that rows begin with whole
/// bytes. The condition has the shape of `bytes` with `columns` as last extent, and broadcasts like any tensor. Bits
/// outside of it are not looked at. Source: the Arrow columnar format, "Validity bitmaps".
///
///     packed_bits(tensor_view(mask, {rows, (columns + 7) / 8}), columns)
template <tensor_like Bytes>
requires(std::same_as<detail::element_of<Bytes>, std::uint8_t>) constexpr packed_condition
    packed_bits(Bytes&& bytes, index_t columns, index_t offset = 0) noexcept {
  return {detail::input_view(bytes), columns, offset};
}

/// Whether these arguments would be accepted; shapes only, where evaluated at compile time.
template <detail::condition_like Condition, class X, class Y, class Output>
requires detail::branches_of<Output, X, Y>
constexpr check_result check_where(Condition&& condition, X&& x, Y&& y, Output&& output) noexcept {
  return detail::check_where("where", condition, x, y, output);
}

/// output = condition ? x : y.
template <detail::condition_like Condition, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::branches_of<Output, X, Y>
[[nodiscard]] status try_where(Condition&& condition, X&& x, Y&& y, Output&& output,
                               Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where(condition, x, y, output),
                              [&] { return detail::compute_where(condition, x, y, output, ex); });
}
template <detail::condition_like Condition, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::branches_of<Output, X, Y>
void where(Condition&& condition, X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_where");
  detail::run_throwing(check_where(condition, x, y, output),
                       [&] { return detail::compute_where(condition, x, y, output, ex); });
}

/// Whether these arguments would be accepted by where_backward.
template <detail::condition_like Condition, class Upstream, class Dx, class Dy>
requires detail::gradients_of<Upstream, Dx, Dy>
constexpr check_result check_where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx,
                                            Dy&& dy) noexcept {
  return detail::check_where_backward("where_backward", condition, detail::no_operand{}, upstream, dx, dy);
}

/// The gradients of where in the output's shape: dx = condition ? upstream : +0, dy = condition ? +0 :
/// upstream. Either may be `nullptr`. For an operand that was broadcast, `sum_to_shape` reduces its gradient
/// to its shape.
template <detail::condition_like Condition, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::gradients_of<Upstream, Dx, Dy>
[[nodiscard]] status try_where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx, Dy&& dy,
                                        Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where_backward(condition, upstream, dx, dy), [&] {
    return detail::compute_where_backward(condition, upstream, dx, dy, ex);
  });
}
template <detail::condition_like Condition, class Upstream, class Dx, class Dy,
          executor Executor = serial_executor>
requires detail::gradients_of<Upstream, Dx, Dy>
void where_backward(Condition&& condition, Upstream&& upstream, Dx&& dx, Dy&& dy, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<Upstream>,
                "k754: exceptions are off in this unit; call try_where_backward");
  detail::run_throwing(check_where_backward(condition, upstream, dx, dy),
                       [&] { return detail::compute_where_backward(condition, upstream, dx, dy, ex); });
}

/// Whether these arguments would be accepted by where_apply.
template <detail::condition_like Condition, class F, class X, class Y, class Output>
requires detail::applied_branches_of<Output, F, X, Y>
constexpr check_result check_where_apply(Condition&& condition, F&&, X&& x, Y&& y, Output&& output) noexcept {
  return detail::check_where("where_apply", condition, x, y, output);
}

/// output = condition ? f(x) : y. `f` takes an element of x as the caller gave it (`_Float16` from a tensor
/// of these) and returns the element type; it is called once for each element of the output whose condition
/// holds, in the caller's floating-point environment, by several threads where the executor has them. What it
/// returns is kept as bits. What it throws is thrown again once all threads are done; try_where_apply gives
/// `status::callback_threw`.
template <detail::condition_like Condition, class F, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::applied_branches_of<Output, F, X, Y>
[[nodiscard]] status try_where_apply(Condition&& condition, F&& f, X&& x, Y&& y, Output&& output,
                                     Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where_apply(condition, f, x, y, output),
                              [&] { return detail::compute_where_apply(condition, f, x, y, output, ex); });
}
template <detail::condition_like Condition, class F, class X, class Y, class Output,
          executor Executor = serial_executor>
requires detail::applied_branches_of<Output, F, X, Y>
void where_apply(Condition&& condition, F&& f, X&& x, Y&& y, Output&& output, Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>, "k754: exceptions are off in this unit; call try_where_apply");
  detail::run_throwing(check_where_apply(condition, f, x, y, output),
                       [&] { return detail::compute_where_apply(condition, f, x, y, output, ex); });
}

/// Whether these arguments would be accepted by where_apply_backward.
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
constexpr check_result check_where_apply_backward(Condition&& condition, F&&, X&& x, Upstream&& upstream,
                                                  Dx&& dx, Dy&& dy) noexcept {
  return detail::check_where_backward("where_apply_backward", condition, x, upstream, dx, dy);
}

/// The gradients of where_apply in the output's shape: dx = condition ? upstream * derivative(x) : +0, the
/// product rounded once and a NaN canonical, dy = condition ? +0 : upstream. `derivative` is called as `f`
/// is; dy may be `nullptr` (for dy alone call where_backward). Floating types only.
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy, executor Executor = serial_executor>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
[[nodiscard]] status try_where_apply_backward(Condition&& condition, F&& derivative, X&& x,
                                              Upstream&& upstream, Dx&& dx, Dy&& dy,
                                              Executor&& ex = {}) noexcept {
  return detail::run_noexcept(check_where_apply_backward<P>(condition, derivative, x, upstream, dx, dy), [&] {
    return detail::compute_where_apply_backward<detail::product_policy(P)>(condition, derivative, x, upstream,
                                                                           dx, dy, ex);
  });
}
template <policy P = policy{}, detail::condition_like Condition, class F, class X, class Upstream, class Dx,
          class Dy, executor Executor = serial_executor>
requires detail::product_gradients_of<F, X, Upstream, Dx, Dy>
void where_apply_backward(Condition&& condition, F&& derivative, X&& x, Upstream&& upstream, Dx&& dx, Dy&& dy,
                          Executor&& ex = {}) {
  static_assert(detail::exceptions_enabled<X>,
                "k754: exceptions are off in this unit; call try_where_apply_backward");
  detail::run_throwing(check_where_apply_backward<P>(condition, derivative, x, upstream, dx, dy), [&] {
    return detail::compute_where_apply_backward<detail::product_policy(P)>(condition, derivative, x, upstream,
                                                                           dx, dy, ex);
  });
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_WHERE_HPP

#include "detail/highway_order-inl.hpp"

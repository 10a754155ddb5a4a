/// The arguments and checks of an elementwise kernel. Its inputs (tensors and scalars) broadcast, and it checks everything with
///
///     check_elementwise(kernel, shape_given_by::inputs,
///                       std::array{input_argument("x", x), ..., output_argument("output", output)});
#ifndef K754_CALL_ELEMENTWISE_HPP
#define K754_CALL_ELEMENTWISE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "operands.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// An input, which an output may overwrite element by element.
template <class X>
constexpr argument input_argument(const char* name, const X& x) noexcept {
  if constexpr (tensor_like<const X&>) {
    return {name, layout_of(as_tensor_view(x)), role::input, sharing::exact_alias};
  } else {
    return {name, {}, role::input, sharing::exact_alias, false};
  }
}
/// The same, with a view of the copy in `held` where it is a scalar: the elements of every operand are where its argument
/// says.
template <class X>
constexpr argument operand_argument(const char* name, const X& x, held_scalar& held) noexcept {
  if constexpr (tensor_like<const X&>) {
    return input_argument(name, x);
  } else {
    if (!std::is_constant_evaluated()) std::memcpy(held.bytes, &x, sizeof(X));  // there, shapes alone count
    constexpr auto size = static_cast<index_t>(sizeof(X));
    return {name, {.element_size = size, .data = held.bytes}, role::input, sharing::exact_alias, false};
  }
}
/// An output, or nullptr where it is not wanted.
template <class Output>
constexpr argument output_argument(const char* name, Output& output) noexcept {
  if constexpr (output_like<Output&>) {
    return {name, layout_of(as_tensor_view(output)), role::output};
  } else {
    return {name, {}, role::output, sharing::none, false};
  }
}

/// Whether outputs have the shape to which the inputs broadcast together, or have a shape of their own, to
/// which every input broadcasts.
enum class shape_given_by { inputs, outputs };

/// Whether two tensors of `count` adjacent elements have no byte in common.
inline bool blocks_are_apart(const layout& a, const layout& b, index_t count) noexcept {
  return apart(reinterpret_cast<std::uintptr_t>(a.data), magnitude(count * a.element_size),
               reinterpret_cast<std::uintptr_t>(b.data), magnitude(count * b.element_size));
}

/// Whether arguments are as most are: row-major tensors of one shape with elements, scalars, each in memory of its own or
/// an input in place of an output. All checks pass then, and this is a fraction of them.
template <std::size_t Count>
bool are_plain(const std::array<argument, Count>& all) noexcept {
  const layout* shape = nullptr;
  for (const argument& a : all) {
    if (a.present && a.as == role::input) shape = &a.view;
  }
  if (shape == nullptr || shape->rank > max_rank) return false;
  bool plain = true;
  for (const argument& a : all) {
    plain =
        plain && (!a.present || (a.view.rank == shape->rank && a.view.data != nullptr && a.first_bit < 0));
  }
  index_t count = 1;
  for (std::size_t axis = shape->rank; axis-- > 0 && plain;) {
    const index_t extent = shape->extents[axis];
    for (const argument& a : all) {
      plain = plain && (!a.present ||
                        (a.view.extents[axis] == extent && (a.view.strides[axis] == count || extent == 1)));
    }
    plain = plain && extent > 0 && !__builtin_mul_overflow(count, extent, &count);
  }
  constexpr index_t largest = index_t{1} << 48;  // no size in bytes overflows
  if (!plain || count > largest) return false;
  for (const argument& out : all) {
    if (!out.present || out.as != role::output) continue;
    for (const argument& a : all) {
      if (&a == &out) break;
      const bool in_place =
          a.as == role::input && a.view.data == out.view.data && a.view.element_size == out.view.element_size;
      plain = plain && (!a.present || in_place || blocks_are_apart(a.view, out.view, count));
    }
  }
  return plain;
}

template <std::size_t Count>
[[gnu::cold]] constexpr check_result check_elementwise_in_full(const char* kernel, shape_given_by source,
                                                               std::array<argument, Count> all) noexcept {
  if (auto r = check_views(kernel, all); !r) return r;
  layout shape;
  if (source == shape_given_by::outputs) {
    for (const argument& a : all) {
      if (a.present && a.as == role::output) shape = a.view;
    }
  }
  const auto fits = [&](const argument& a) {
    if (a.as == role::output) return check_shape(kernel, a, shape);
    return source == shape_given_by::inputs ? broadcast_with(kernel, a.name, a.view, shape)
                                            : check_broadcasts_to(kernel, a, shape);
  };
  if (auto r = for_present(all, fits); !r) return r;
  if (auto r = check_pointers(kernel, all); !r) return r;
  for (argument& a : all) {  // as the elements of the output are read
    if (a.present && a.as == role::input && a.first_bit < 0) a.view = broadcast_to(a.view, shape);
  }
  return check_overlap(kernel, all);
}

/// The checks of an elementwise kernel. After broadcasting, an output shares no memory with an input, or
/// every index writes the very element that it reads there. Outputs share no memory with each other.
template <std::size_t Count>
constexpr check_result check_elementwise(const char* kernel, shape_given_by source,
                                         const std::array<argument, Count>& all) noexcept {
  if (!std::is_constant_evaluated() && are_plain(all)) return {};
  return check_elementwise_in_full(kernel, source, all);
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_ELEMENTWISE_HPP

/// The arguments of a call as its checks see them, and the checks that every kernel makes of each of them. They come in the
/// order of status.hpp; a kernel writes what comes between, how its arguments fit together:
///
///     ...                                                       // options that are wrong by themselves
///     const std::array all{argument{"input", layout_of(x)},     // inputs before outputs, as the function takes them
///                          argument{"output", layout_of(y), role::output}};
///     if (auto r = check_views(kernel, all); !r) return r;      // each by itself
///     ...                                                       // axis, ranks, shapes
///     return check_memory(kernel, all);                         // pointers, then overlap
///
/// Elementwise kernels have all of it in `check_elementwise` (elementwise.hpp).
#ifndef K754_CALL_ARGUMENTS_HPP
#define K754_CALL_ARGUMENTS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../status.hpp"

namespace k754::detail {
inline namespace K754_ABI {

enum class role { input, output };

struct argument {
  const char* name;
  layout view = {};
  role as = role::input;
  sharing with_outputs = sharing::none;  ///< how an output may share memory with it
  bool present = true;  ///< scalars and what the caller left out are not, and pass every check
  /// Where the elements are bits of bytes, which no output may share: the first, counted from where `view` begins; else -1.
  index_t first_bit = -1;
};

/// The elements of a checked argument as a kernel's type, const but for outputs.
template <class T>
T* elements_of(const argument& a) noexcept {
  return static_cast<T*>(const_cast<void*>(a.view.data));
}

/// What `check` says of the first argument that does not pass it.
template <std::size_t Count, class Check>
constexpr check_result for_present(const std::array<argument, Count>& all, const Check& check) noexcept {
  for (const argument& a : all) {
    if (!a.present) continue;
    if (check_result r = check(a); !r) return r;
  }
  return {};
}

template <std::size_t Count>
constexpr check_result check_views(const char* kernel, const std::array<argument, Count>& all) noexcept {
  return for_present(all, [&](const argument& a) { return check_extents(kernel, a.name, a.view); });
}

constexpr check_result check_rank(const char* kernel, const argument& a, std::size_t rank) noexcept {
  return a.present ? check_rank(kernel, a.name, a.view, rank) : check_result{};
}
constexpr check_result check_shape(const char* kernel, const argument& a, const layout& expected) noexcept {
  return a.present ? check_shape(kernel, a.name, a.view, expected) : check_result{};
}
constexpr check_result check_broadcasts_to(const char* kernel, const argument& a,
                                           const layout& shape) noexcept {
  return a.present ? check_broadcasts_to(kernel, a.name, a.view, shape) : check_result{};
}

/// The option `axis` of `a`, counted from 0.
constexpr check_result check_axis(const char* kernel, index_t option, const argument& a,
                                  std::size_t& axis) noexcept {
  return check_axis(kernel, "axis", option, a.name, a.view.rank, axis);
}

/// Of one output and an argument of bits (its strides count bits) whose rows begin with whole bytes.
[[gnu::cold]] inline check_result check_apart_from_bits(const char* kernel, const argument& output,
                                                        const argument& bits) noexcept {
  layout bytes = bits.view;
  for (std::size_t axis = 0; axis + 1 < bytes.rank; ++axis) bytes.strides[axis] /= 8;
  index_t& extent = bytes.extents[bytes.rank - 1];
  if (extent > 0) extent = (bits.first_bit % 8 + extent - 1) / 8 + 1;
  if (bytes.data != nullptr) bytes.data = static_cast<const std::uint8_t*>(bytes.data) + bits.first_bit / 8;
  return check_sharing(kernel, output.name, bits.name, output.view, bytes, bits.with_outputs);
}

/// Of one output and an argument before it.
constexpr check_result check_apart(const char* kernel, const argument& output,
                                   const argument& other) noexcept {
  if (std::is_constant_evaluated()) return {};
  if (other.first_bit >= 0) return check_apart_from_bits(kernel, output, other);
  return check_sharing(kernel, output.name, other.name, output.view, other.view, other.with_outputs);
}

template <std::size_t Count>
constexpr check_result check_pointers(const char* kernel, const std::array<argument, Count>& all) noexcept {
  return for_present(all, [&](const argument& a) { return check_data(kernel, a.name, a.view); });
}

/// Each output against itself, the inputs and the outputs before it.
template <std::size_t Count>
constexpr check_result check_overlap(const char* kernel, const std::array<argument, Count>& all) noexcept {
  return for_present(all, [&](const argument& out) {
    if (out.as != role::output) return check_result{};
    if (auto r = check_no_self_overlap(kernel, out.name, out.view); !r) return r;
    return for_present(all, [&](const argument& other) {
      return &other < &out ? check_apart(kernel, out, other) : check_result{};
    });
  });
}

template <std::size_t Count>
constexpr check_result check_memory(const char* kernel, const std::array<argument, Count>& all) noexcept {
  if (auto r = check_pointers(kernel, all); !r) return r;
  return check_overlap(kernel, all);
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_ARGUMENTS_HPP

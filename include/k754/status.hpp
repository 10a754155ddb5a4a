/// Errors. Shapes, options and pointers can be wrong; values never are, save where a policy asks for it.
///
/// Every kernel `f` comes with
///   check_f(...)  a constexpr check: says what is wrong, computes nothing;
///   f(...)        throws `shape_error` where the check fails, with a message such as
///                 `[conv2d] weight expects 3 input channels, input has 4`;
///   try_f(...)    noexcept, returns the `status`; works with -fno-exceptions and -fno-rtti.
/// Under -fno-exceptions a call of a throwing form does not compile, and the message names the other.
///
/// Nothing is written on error. The order of the checks is part of the contract: options that are wrong by themselves,
/// views that are wrong by themselves (axes, extents, sizes), what does not fit together (axis, ranks, shapes),
/// pointers, overlap, then (where a policy makes values errors) data.
#ifndef K754_STATUS_HPP
#define K754_STATUS_HPP

#include <array>
#include <cstddef>
#include <cstdint>

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"

#if K754_EXCEPTIONS
#include <exception>
#endif

namespace k754 {

/// Extents, strides and indices, in elements.
using index_t = std::ptrdiff_t;

/// The numbers are stable.
enum class status : int {
  ok = 0,
  rank_mismatch = 1,         ///< a view has another number of axes than the kernel needs
  axis_out_of_range = 2,     ///< axis is not in [-rank, rank)
  invalid_option = 3,        ///< an option is outside its range: stride 0, negative padding, smoothing 2, ...
  negative_extent = 4,       ///< an extent is below zero
  shape_mismatch = 5,        ///< extents of two arguments do not agree or do not broadcast
  channel_mismatch = 6,      ///< convolution: channels, groups and filters do not agree
  kernel_exceeds_input = 7,  ///< convolution: the dilated kernel is larger than the padded input
  empty_reduction = 8,       ///< a reduction over nothing has no answer here
  size_overflow = 9,         ///< a size or an address does not fit in index_t
  index_type_too_small = 10,  ///< the output's integer type cannot hold every index of the axis
  null_pointer = 11,          ///< a view with elements has no data
  self_overlap = 12,          ///< two elements of an output are the same memory
  overlap = 13,               ///< an output shares memory with an argument in a way that is not allowed
  label_out_of_range = 14,    ///< a class index is not in [0, classes)
  invalid_label = 15,         ///< a probability label is negative, infinite or NaN, and the policy forbids it
  all_nan_row = 16,           ///< a row of NaNs has no answer, and the policy asks for an error
  callback_threw = 17,        ///< an executor or callable of the caller threw; outputs are unspecified
  unsupported_flags =
      18  ///< this unit was compiled with flags that change arithmetic and that no macro shows
};

K754_INLINE constexpr const char* to_string(status s) noexcept {
  switch (s) {
    case status::ok:
      return "ok";
    case status::rank_mismatch:
      return "rank_mismatch";
    case status::axis_out_of_range:
      return "axis_out_of_range";
    case status::invalid_option:
      return "invalid_option";
    case status::negative_extent:
      return "negative_extent";
    case status::shape_mismatch:
      return "shape_mismatch";
    case status::channel_mismatch:
      return "channel_mismatch";
    case status::kernel_exceeds_input:
      return "kernel_exceeds_input";
    case status::empty_reduction:
      return "empty_reduction";
    case status::size_overflow:
      return "size_overflow";
    case status::index_type_too_small:
      return "index_type_too_small";
    case status::null_pointer:
      return "null_pointer";
    case status::self_overlap:
      return "self_overlap";
    case status::overlap:
      return "overlap";
    case status::label_out_of_range:
      return "label_out_of_range";
    case status::invalid_label:
      return "invalid_label";
    case status::all_nan_row:
      return "all_nan_row";
    case status::callback_threw:
      return "callback_threw";
    case status::unsupported_flags:
      return "unsupported_flags";
  }
  return "unknown status";
}

/// What a check found: the status, and the parts of the message. In `text` every `{}` stands for the next value, `{u}` for
/// one that was a std::uint64_t, and `@` for the name of another argument.
struct [[nodiscard]] check_result {
  status code = status::ok;
  const char* kernel = "";
  const char* argument = "";
  const char* text = "";
  std::array<index_t, 4> values = {};
  const char* other = "";

  K754_INLINE constexpr explicit operator bool() const noexcept { return code == status::ok; }
  K754_INLINE constexpr operator status() const noexcept { return code; }

  /// Writes the message with a terminating zero, cut to `capacity` characters with it; returns its length without.
  K754_INLINE constexpr std::size_t message(char* out, std::size_t capacity) const noexcept {
    std::size_t n = 0;
    const auto put = [&](char c) K754_ALWAYS_INLINE {
      if (n + 1 < capacity) out[n++] = c;
    };
    const auto put_text = [&](const char* s) K754_ALWAYS_INLINE {
      for (; *s != '\0'; ++s) put(*s);
    };
    const auto put_number = [&](index_t v, bool negative) K754_ALWAYS_INLINE {
      char digits[24] = {};
      std::size_t count = 0;
      auto rest = negative ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v);
      do {
        digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
      } while (rest != 0);
      if (negative) put('-');
      while (count > 0) put(digits[--count]);
    };
    put('[');
    put_text(kernel);
    put_text("] ");
    put_text(argument);
    put(' ');
    std::size_t next = 0;
    for (const char* s = text; *s != '\0'; ++s) {
      const bool is_unsigned = s[0] == '{' && s[1] == 'u';
      if (s[0] == '{' && s[is_unsigned ? 2 : 1] == '}' && next < values.size()) {
        put_number(values[next], values[next] < 0 && !is_unsigned);
        ++next;
        s += is_unsigned ? 2 : 1;
      } else if (*s == '@') {
        put_text(other);
      } else {
        put(*s);
      }
    }
    if (capacity > 0) out[n] = '\0';
    return n;
  }
};

namespace detail {

/// A failed check. Usage: `return failure(status::shape_mismatch, kernel, "output", "has extent {}, expected {}", a, b)`.
template <class... Values>
K754_INLINE constexpr check_result failure(status code, const char* kernel, const char* argument,
                                           const char* text, Values... values) noexcept {
  static_assert(sizeof...(values) <= 4);
  return {code, kernel, argument, text, {static_cast<index_t>(values)...}};
}
/// The same beside another argument, `@` in the text.
template <class... Values>
K754_INLINE constexpr check_result failure_beside(const char* other, status code, const char* kernel,
                                                  const char* argument, const char* text,
                                                  Values... values) noexcept {
  check_result failed = failure(code, kernel, argument, text, values...);
  failed.other = other;
  return failed;
}

}  // namespace detail

#if K754_EXCEPTIONS

/// What the throwing forms throw: `code()` for programs, `what()` for people. It holds its text, so that throwing
/// allocates no string and units are spared <string>.
class shape_error : public std::exception {
 public:
  K754_INLINE explicit shape_error(const check_result& failed) noexcept : code_(failed.code) {
    (void)failed.message(text_, sizeof(text_));
  }
  K754_INLINE status code() const noexcept { return code_; }
  const char* what() const noexcept override { return text_; }

 private:
  status code_;
  char text_[256] = {};
};

#endif

namespace detail {
inline namespace K754_ABI {

/// Asserted by every throwing form, with its try_ form in the message.
template <class>
inline constexpr bool exceptions_enabled = K754_EXCEPTIONS != 0;

#if K754_EXCEPTIONS
[[noreturn, gnu::cold]] inline void throw_failure(const check_result& failed) { throw shape_error(failed); }
#endif

/// The end of every throwing form.
inline void throw_if_failed([[maybe_unused]] const check_result& result) {
#if K754_EXCEPTIONS
  if (!result) throw_failure(result);
#endif
}

}  // namespace K754_ABI
}  // namespace detail

}  // namespace k754

#endif  // K754_STATUS_HPP

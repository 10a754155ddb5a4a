// Calls of argmin and argmax by the words of a row, for any policy.
#pragma once

#include <k754/argmax.hpp>

#include <cstdint>
#include <string>

#include "semantics.hpp"

namespace k754_test {

/// `argmin argmax` and the words: both at once, with results of these names.
template <k754::policy P, class... Types>
void register_arg_extrema(const std::string& words) {
  register_call<Types...>("argmin argmax" + words, [](auto& c) {
    const auto x = c.input();
    const k754::argmax_options options{.axis = c.integer("axis", -1),
                                       .keepdims = c.word("keepdims", "false") == "true"};
    shape extents = shape_of(x);
    const auto axis =
        extents.begin() + (options.axis < 0 ? options.axis + std::ssize(extents) : options.axis);
    if (options.keepdims) {
      *axis = 1;
    } else {
      extents.erase(axis);
    }
    const auto least = c.template output<std::int64_t>(extents, "argmin");
    const auto greatest = c.template output<std::int64_t>(extents, "argmax");
    c.run([=] {
      const k754::status result = try_argmin<P>(x, least, options);
      return result == k754::status::ok ? try_argmax<P>(x, greatest, options) : result;
    });
  });
}

}  // namespace k754_test

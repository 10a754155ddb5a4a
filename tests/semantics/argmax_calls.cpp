#include <k754/argmax.hpp>

#include <cstdint>

#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// `argmin argmax` and policy words: both at once, with results of these names.
template <policy P, class... Types>
void register_both(const std::string& words) {
  register_call<Types...>("argmin argmax" + words, [](auto& c) {
    const auto x = c.input();
    const argmax_options options{.axis = c.integer("axis", -1),
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
      const status result = try_argmin<P>(x, least, options);
      return result == status::ok ? try_argmax<P>(x, greatest, options) : result;
    });
  });
}

template <policy P>
void register_both_for_integers(const std::string& words) {
  register_both<P, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                std::uint32_t, std::uint64_t, bool>(words);
}

const registration argmax_calls = [] {
  register_both<policy{}>("");
  register_both_for_integers<policy{}>("");
  register_both<policy{.ties = ties::last}>(" ties=last");
  register_both_for_integers<policy{.ties = ties::last}>(" ties=last");
  register_both<policy{.empty_axis = empty_axis::sentinel}, float>(" empty_axis=sentinel");
  register_both<policy{.zeros = zeros::ordered}>(" zeros=ordered");
  register_both<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
  register_both<policy{.nans = nans::omit}>(" nans=omit");
  register_both<policy{.nans = nans::omit, .ties = ties::last}>(" nans=omit ties=last");
  register_both<policy{.nans = nans::omit, .all_nan = all_nan::first}>(" nans=omit all_nan=first");
  register_both<policy{.nans = nans::omit, .all_nan = all_nan::error}>(" nans=omit all_nan=error");
  register_both<policy{.subnormals = subnormals::flush, .nans = nans::omit}>(" nans=omit subnormals=flush");
  register_both<policy{.nans = nans::total_order}>(" nans=total_order");
  register_both<policy{.nans = nans::total_order, .ties = ties::last}>(" nans=total_order ties=last");
  register_call("argmin", [](auto& c) {
    const auto x = c.input();
    const auto index = c.template output<std::int32_t>({});
    c.run([=] { return try_argmin(x, index); });
  });
  register_call("argmax", [](auto& c) {
    const auto x = c.input();
    const auto index = c.template output<std::int32_t>({});
    c.run([=] { return try_argmax(x, index); });
  });
};

}  // namespace
}  // namespace k754_test

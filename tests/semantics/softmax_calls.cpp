#include <k754/softmax.hpp>

#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

template <policy P>
void register_forward(const std::string& words) {
  register_call("softmax" + words, [](auto& c) {
    const auto x = c.input();
    const auto y = c.output(shape_of(x));
    const softmax_options options{.axis = c.integer("axis", -1)};
    c.run([=] { return try_softmax<P>(x, y, options); });
  });
  register_call("log_softmax" + words, [](auto& c) {
    const auto x = c.input();
    const auto y = c.output(shape_of(x));
    const softmax_options options{.axis = c.integer("axis", -1)};
    c.run([=] { return try_log_softmax<P>(x, y, options); });
  });
}

template <policy P>
void register_masked(const std::string& words) {
  register_call("masked_softmax" + words, [](auto& c) {
    const auto x = c.input();
    const auto mask = c.template input<bool>("mask");
    const auto y = c.output(shape_of(x));
    const softmax_options options{.axis = c.integer("axis", -1)};
    c.run([=] { return try_masked_softmax<P>(x, mask, y, options); });
  });
  register_call("masked_log_softmax" + words, [](auto& c) {
    const auto x = c.input();
    const auto mask = c.template input<bool>("mask");
    const auto y = c.output(shape_of(x));
    const softmax_options options{.axis = c.integer("axis", -1)};
    c.run([=] { return try_masked_log_softmax<P>(x, mask, y, options); });
  });
}

template <class View>
shape reduced(const View& x, const logsumexp_options& options) {
  shape extents = shape_of(x);
  if (extents.empty()) return extents;  // an error
  const auto axis = extents.begin() + (options.axis < 0 ? options.axis + std::ssize(extents) : options.axis);
  if (options.keepdims) {
    *axis = 1;
  } else {
    extents.erase(axis);
  }
  return extents;
}

logsumexp_options logsumexp_options_of(any_call& c) {
  return {.axis = c.integer("axis", -1), .keepdims = c.word("keepdims", "false") == "true"};
}

template <policy P>
void register_logsumexp(const std::string& words) {
  register_call("logsumexp" + words, [](auto& c) {
    const auto x = c.input();
    const auto options = logsumexp_options_of(c);
    const auto y = c.output(reduced(x, options));
    c.run([=] { return try_logsumexp<P>(x, y, options); });
  });
}

template <policy P>
void register_backward(const std::string& words) {
  register_call("softmax_backward" + words, [](auto& c) {
    const auto y = c.input();
    const auto g = c.input("upstream");
    const auto dx = c.output(shape_of(y));
    c.run([=] { return try_softmax_backward<P>(y, g, dx); });
  });
  register_call("log_softmax_backward" + words, [](auto& c) {
    const auto y = c.input();
    const auto g = c.input("upstream");
    const auto dx = c.output(shape_of(y));
    c.run([=] { return try_log_softmax_backward<P>(y, g, dx); });
  });
}

const registration softmax_calls = [] {
  register_forward<policy{}>("");
  register_forward<policy{.zero_mass = zero_mass::zero}>(" zero_mass=zero");
  register_forward<policy{.zero_mass = zero_mass::uniform}>(" zero_mass=uniform");
  register_forward<policy{.pos_inf = pos_inf::limit}>(" pos_inf=limit");
  register_forward<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
  register_masked<policy{}>("");
  register_masked<policy{.fully_masked = fully_masked::nan}>(" fully_masked=nan");
  register_masked<policy{.fully_masked = fully_masked::uniform}>(" fully_masked=uniform");
  register_masked<policy{.zero_mass = zero_mass::zero}>(" zero_mass=zero");
  register_masked<policy{.zero_mass = zero_mass::uniform}>(" zero_mass=uniform");
  register_logsumexp<policy{}>("");
  register_logsumexp<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
  register_call("masked_logsumexp", [](auto& c) {
    const auto x = c.input();
    const auto mask = c.template input<bool>("mask");
    const auto options = logsumexp_options_of(c);
    const auto y = c.output(reduced(x, options));
    c.run([=] { return try_masked_logsumexp(x, mask, y, options); });
  });
  register_backward<policy{}>("");
  register_backward<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
  register_call("masked_softmax_backward", [](auto& c) {
    const auto y = c.input();
    const auto g = c.input("upstream");
    const auto mask = c.template input<bool>("mask");
    const auto dx = c.output(shape_of(y));
    c.run([=] { return try_masked_softmax_backward(y, g, mask, dx); });
  });
  register_call("masked_log_softmax_backward", [](auto& c) {
    const auto y = c.input();
    const auto g = c.input("upstream");
    const auto mask = c.template input<bool>("mask");
    const auto dx = c.output(shape_of(y));
    c.run([=] { return try_masked_log_softmax_backward(y, g, mask, dx); });
  });
};

}  // namespace
}  // namespace k754_test

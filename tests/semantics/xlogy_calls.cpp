#include <k754/xlogy.hpp>

#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// `xlogy` with the result without a name, `xlogy_backward` with `dx` and `dy`. The inputs have one shape.
template <policy P, class... Types>
void register_xlogy(const std::string& words) {
  register_call<Types...>("xlogy" + words, [](auto& c) {
    const auto x = c.input();
    const auto y = c.input("y");
    const auto output = c.output(shape_of(x));
    c.run([=] { return try_xlogy<P>(x, y, output); });
  });
  register_call<Types...>("xlogy_backward" + words, [](auto& c) {
    const auto x = c.input();
    const auto y = c.input("y"), upstream = c.input("upstream");
    const auto dx = c.output(shape_of(x), "dx"), dy = c.output(shape_of(x), "dy");
    c.run([=] { return try_xlogy_backward<P>(x, y, upstream, dx, dy); });
  });
}

const registration xlogy_calls = [] {
  register_xlogy<policy{}>("");
  register_xlogy<policy{.zero_times_inf = zero_times_inf::ieee}, float, double>(" zero_times_inf=ieee");
  register_xlogy<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, float, double>(
      " zero_times_inf=annihilating_zero");
  register_xlogy<policy{.subnormals = subnormals::flush}, float, double>(" subnormals=flush");
};

}  // namespace
}  // namespace k754_test

#include <k754/exp_log.hpp>

#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

template <policy P, class... Types>
void register_exp_log(const std::string& words) {
  register_call<Types...>("exp" + words, [](auto& c) {
    const auto x = c.input();
    const auto output = c.output(shape_of(x));
    c.run([=] { return try_exp<P>(x, output); });
  });
  register_call<Types...>("log" + words, [](auto& c) {
    const auto x = c.input();
    const auto output = c.output(shape_of(x));
    c.run([=] { return try_log<P>(x, output); });
  });
  register_call<Types...>("log1p" + words, [](auto& c) {
    const auto x = c.input();
    const auto output = c.output(shape_of(x));
    c.run([=] { return try_log1p<P>(x, output); });
  });
}

const registration exp_log_calls = [] {
  register_exp_log<policy{}>("");
  register_exp_log<policy{.subnormals = subnormals::flush}, float, double>(" subnormals=flush");
};

}  // namespace
}  // namespace k754_test

#include "argmax_calls.hpp"

namespace k754_test {
namespace {

using namespace k754;

template <policy P>
void register_f32_f64(const std::string& words) {
  register_arg_extrema<P, float, double>(words);
}

const registration argmax_policy_calls = [] {
  register_f32_f64<policy{.zeros = zeros::ordered}>(" zeros=ordered");
  register_f32_f64<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
  register_f32_f64<policy{.nans = nans::omit}>(" nans=omit");
  register_f32_f64<policy{.nans = nans::omit, .ties = ties::last}>(" nans=omit ties=last");
  register_f32_f64<policy{.nans = nans::omit, .all_nan = all_nan::first}>(" nans=omit all_nan=first");
  register_f32_f64<policy{.nans = nans::omit, .all_nan = all_nan::error}>(" nans=omit all_nan=error");
  register_f32_f64<policy{.subnormals = subnormals::flush, .nans = nans::omit}>(
      " nans=omit subnormals=flush");
  register_f32_f64<policy{.nans = nans::total_order}>(" nans=total_order");
  register_f32_f64<policy{.nans = nans::total_order, .ties = ties::last}>(" nans=total_order ties=last");
};

}  // namespace
}  // namespace k754_test

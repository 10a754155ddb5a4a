// Every target of x86, those that no unit has by default too, in the same program as units that lack them.
#if defined(__x86_64__)
#define K754_WANTED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3)
#endif
#include "argmax_searches.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_more_targets_searches() {
#if K754_SIMD && HWY_ARCH_X86
  using enum k754::extremum;
  arg_searches floats = searches_of<float>("float, more targets");
  add_search<maximum, k754::policy{}, true, float>(floats, "default");
  add_search<minimum, flushed, false, float>(floats, "subnormals::flush");
  add_search<maximum, omit_nans_last_tie, false, float>(floats, "nans::omit ties::last");
  arg_searches doubles = searches_of<double>("double, more targets");
  add_search<minimum, k754::policy{}, false, double>(doubles, "default");
  arg_searches bytes = searches_of<std::uint8_t>("uint8, more targets");
  add_search<maximum, k754::policy{}, false, std::uint8_t>(bytes, "default");
  arg_searches shorts = searches_of<std::int16_t>("int16, more targets");
  add_search<minimum, last_tie, false, std::int16_t>(shorts, "ties::last");
  return {with_targets(floats), with_targets(doubles), with_targets(bytes), with_targets(shorts)};
#else
  return {};
#endif
}

}  // namespace k754_test

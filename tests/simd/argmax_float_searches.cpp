#include "argmax_searches.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_float_searches() {
  using enum k754::extremum;
  arg_searches result = floating_searches_of<float>("float");
  add_search<maximum, last_tie, false, float>(result, "ties::last");
  add_search<minimum, omit_nans, false, float>(result, "nans::omit");
  add_search<maximum, omit_nans_last_tie, false, float>(result, "nans::omit ties::last");
  add_search<minimum, totally_ordered, false, float>(result, "nans::total_order");
  add_both<float, ordered_zeros>(result, "zeros::ordered");
  add_search<minimum, flushed, false, float>(result, "subnormals::flush");
  add_search<maximum, flushed_ordered_zeros, false, float>(result, "subnormals::flush zeros::ordered");
  return {with_targets(result)};
}

}  // namespace k754_test

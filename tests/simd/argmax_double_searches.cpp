#include "argmax_searches.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_double_searches() {
  return {with_targets(floating_searches_of<double>("double"))};
}

}  // namespace k754_test

#include "argmax_searches.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_float16_searches() {
  return {with_targets(floating_searches_of<k754::float16>("float16")),
          with_targets(floating_searches_of<k754::bfloat16>("bfloat16"))};
}

}  // namespace k754_test

#include "argmax_calls.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_float16_calls() {
  return {floating_searches_of<k754::float16>("float16"), floating_searches_of<k754::bfloat16>("bfloat16")};
}

}  // namespace k754_test

#include "argmax_calls.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_double_calls() { return {floating_searches_of<double>("double")}; }

}  // namespace k754_test

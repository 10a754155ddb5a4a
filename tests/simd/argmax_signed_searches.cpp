#include "argmax_searches.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_signed_searches() {
  return {integer_searches_of<std::int8_t>("int8"), integer_searches_of<std::int16_t>("int16"),
          integer_searches_of<std::int32_t>("int32"), integer_searches_of<std::int64_t>("int64")};
}

}  // namespace k754_test

#include "argmax_searches.hpp"

namespace k754_test {

std::vector<arg_searches> argmax_unsigned_searches() {
  return {integer_searches_of<bool>("bool"), integer_searches_of<std::uint8_t>("uint8"),
          integer_searches_of<std::uint16_t>("uint16"), integer_searches_of<std::uint32_t>("uint32"),
          integer_searches_of<std::uint64_t>("uint64")};
}

}  // namespace k754_test

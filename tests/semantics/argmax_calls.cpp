#include "argmax_calls.hpp"

namespace k754_test {
namespace {

using namespace k754;

const registration argmax_calls = [] {
  register_arg_extrema<policy{}>("");
  register_arg_extrema<policy{}, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                       std::uint16_t, std::uint32_t, std::uint64_t, bool>("");
  register_arg_extrema<policy{.ties = ties::last}>(" ties=last");
  register_arg_extrema<policy{.ties = ties::last}, std::int8_t, std::uint64_t>(" ties=last");
  register_arg_extrema<policy{.empty_axis = empty_axis::sentinel}, float>(" empty_axis=sentinel");
};

}  // namespace
}  // namespace k754_test

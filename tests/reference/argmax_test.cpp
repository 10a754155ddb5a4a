// reference/argmax.hpp: the definition itself, called as a user may call it: any policy, any stride, at compile time.
#include "k754/reference/argmax.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "support/argmax_model.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"

namespace {

using k754::extremum;
using k754::nans;
using k754::policy;
using k754::reference::arg_extremum;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float s = 0x1p-149F;

template <extremum E, policy P = policy{}, std::size_t N>
constexpr k754::index_t winner(const std::array<float, N>& row) {
  return arg_extremum<E, P>(row.data(), static_cast<k754::index_t>(N), 1);
}

// At compile time
static_assert(winner<extremum::minimum>(std::array{0.0F, 0x1p-126F, -s, 0.0F, 459367.0F}) == 2);
static_assert(winner<extremum::maximum>(std::array{1.0F, nan, 2.0F}) == 1);
static_assert(winner<extremum::maximum, policy{.nans = nans::omit}>(std::array{1.0F, nan, 2.0F}) == 2);
static_assert(arg_extremum<extremum::maximum, policy{}, float>(nullptr, 0, 1) == -1);
// total_order implies ordered zeros, whatever the field says
static_assert(winner<extremum::minimum, policy{.nans = nans::total_order}>(std::array{0.0F, -0.0F}) == 1);
static_assert(winner<extremum::maximum, policy{.nans = nans::total_order}>(std::array{-0.0F, 0.0F}) == 1);
static_assert(winner<extremum::minimum, policy{.nans = nans::total_order}>(std::array{s, -s}) == 1);
static_assert(winner<extremum::maximum>(std::array{-0.0F, 0.0F}) == 0);

}  // namespace

TEST_CASE("the definition searches n elements a stride apart, in either direction") {
  const std::vector<float> row{5, 1, 9, 2, 7, 3, 9, 4};
  const auto greatest = [&](std::size_t from, k754::index_t n, k754::index_t stride) {
    return arg_extremum<extremum::maximum, policy{}>(row.data() + from, n, stride);
  };
  REQUIRE(greatest(0, 8, 1) == 2);
  REQUIRE(greatest(7, 8, -1) == 1);
  REQUIRE(greatest(1, 4, 2) == 3);
  REQUIRE(greatest(0, 4, 2) == 1);
  REQUIRE(greatest(0, 1000000, 0) == 0);
  REQUIRE(greatest(0, 0, 1) == -1);
  REQUIRE(arg_extremum<extremum::maximum, policy{.ties = k754::ties::last}>(row.data(), 1000, 0) == 999);
}

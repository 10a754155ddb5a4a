// detail/canary.hpp: the expressions have their IEEE 754 values here, and other values where arithmetic is another. What
// becomes of units whose flags change it, is in tests/compile_fail and tests/fp_environment.
#include "k754/detail/canary.hpp"

#include <cfenv>

#include "support/catch.hpp"
#include "support/environments.hpp"

namespace {

using namespace k754::detail;

/// What an expression says in a rounding direction. Inlined, it could be worked out before the direction is set.
bool rounded_in(int direction, bool (*expression)()) {
  bool (*volatile out_of_line)() = expression;
  std::fesetround(direction);
  const bool holds = out_of_line();
  std::fesetround(FE_TONEAREST);
  return holds;
}

bool association() { return keeps_association(); }
bool signed_zeros() { return keeps_signed_zeros(); }
bool division() { return keeps_division(); }
bool rounded_products() { return keeps_rounded_products(); }

}  // namespace

TEST_CASE("The arithmetic of this program is intact") {
  CHECK(association());
  CHECK(signed_zeros());
  CHECK(division());
  CHECK(rounded_products());
  CHECK(arithmetic_is_intact());
}

TEST_CASE("Each expression notices arithmetic that is another") {
  // 1 + 2^-60 is the next double upwards, -0 + 0 is -0 downwards, a^2 is rounded to another double upwards
  CHECK_FALSE(rounded_in(FE_UPWARD, association));
  CHECK_FALSE(rounded_in(FE_DOWNWARD, signed_zeros));
  CHECK_FALSE(rounded_in(FE_UPWARD, rounded_products));
  CHECK(rounded_in(FE_UPWARD, division));  // exact in every direction;
  const double reciprocal = rounded(1.0 / hidden(telling_divisor));
  int wrong = 0;  // not so most products with the reciprocal
  for (int k = 0; k < 64; ++k) {
    if (rounded(hidden(telling_divisor * k) * reciprocal) != static_cast<double>(k)) ++wrong;
  }
  CHECK(wrong > 32);
  // nor an association: (1 + tiny) - 1 taken as tiny + (1 - 1)
  CHECK(rounded(hidden(0x1p-60) + rounded(hidden(1.0) - hidden(1.0))) != 0.0);
}

TEST_CASE("A caller's environment neither deceives it nor is changed by it") {
  for (const auto& environment : k754_test::hostile_environments()) {
    bool intact = false, result = false;
    k754_test::run_in(environment, intact, [&] { result = arithmetic_is_intact(); });
    INFO(environment.name);
    CHECK(result);
    CHECK(intact);
  }
}

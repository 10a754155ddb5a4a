// argmax.hpp: every row over the special values, under every policy, against the model in prose.
#include "support/argmax_rows.hpp"

TEST_CASE("AM-01 to AM-27: all short rows over the special values, float, every policy") {
  k754_test::case_count cases("float rows",
                              k754_test::cases_per_type + 2L * k754_test::policy_count * 248832);
  k754_test::require_short_rows<float>(5, cases);
  cases.check();
}

TEST_CASE("AM-01 to AM-27: all short rows over the special values, double, every policy") {
  k754_test::case_count cases("double rows", k754_test::cases_per_type);
  k754_test::require_short_rows<double>(4, cases);
  cases.check();
}

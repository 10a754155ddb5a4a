// argmax.hpp: as argmax_policies_test.cpp, for the 16-bit types.
#include "support/argmax_rows.hpp"

TEST_CASE("All short rows over the special values, float16, every policy") {
  k754_test::case_count cases("float16 rows", k754_test::cases_per_type);
  k754_test::require_short_rows<k754::float16>(4, cases);
  cases.check();
}

TEST_CASE("All short rows over the special values, bfloat16, every policy") {
  k754_test::case_count cases("bfloat16 rows", k754_test::cases_per_type);
  k754_test::require_short_rows<k754::bfloat16>(4, cases);
  cases.check();
}

// argmax.hpp: every row over the special values, under every policy, against the model in prose. Among them, for every
// type, are rows as these of semantics.txt:
//
//     default            AM-01 AM-02 AM-03 AM-04 AM-05 AM-06 AM-07 AM-08 AM-09 AM-10 AM-11 AM-12 AM-13 AM-14 AM-15 AM-21
//     nans::omit         AM-18 AM-19 AM-23
//     ties::last         AM-24
//     zeros::ordered     AM-25
//     nans::total_order  AM-26
//     subnormals::flush  AM-27
#include "support/argmax_rows.hpp"

TEST_CASE("All short rows over the special values, float, every policy") {
  k754_test::case_count cases("float rows",
                              k754_test::cases_per_type + 2L * k754_test::policy_count * 248832);
  k754_test::require_short_rows<float>(5, cases);
  cases.check();
}

TEST_CASE("All short rows over the special values, double, every policy") {
  k754_test::case_count cases("double rows", k754_test::cases_per_type);
  k754_test::require_short_rows<double>(4, cases);
  cases.check();
}

// The softmax family of double on every target: rows, columns, masks, gradients, flushed subnormals.
#include "softmax_runs.hpp"

namespace k754_test {

TEST_CASE(
    "softmax and its kin of double, every length, special values at every position, between guarded pages") {
  compare_all_lengths<double>();
}
TEST_CASE("softmax and its kin of double, random rows") { compare_random_rows<double>(500'000); }
TEST_CASE("softmax and its kin of double, rows of several blocks") { compare_long_rows<double>(); }
TEST_CASE("softmax and its kin of double in any layout") { compare_layouts<double>(); }

}  // namespace k754_test

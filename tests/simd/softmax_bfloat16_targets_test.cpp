// The softmax family of bfloat16 on every target: rows, columns, masks, gradients, flushed subnormals.
#include "softmax_runs.hpp"

namespace k754_test {

TEST_CASE(
    "softmax and its kin of bfloat16, every length, special values at every position, between guarded "
    "pages") {
  compare_all_lengths<bfloat16>();
}
TEST_CASE("softmax and its kin of bfloat16, random rows") { compare_random_rows<bfloat16>(); }
TEST_CASE("softmax and its kin of bfloat16, rows of several blocks") { compare_long_rows<bfloat16>(); }
TEST_CASE("softmax and its kin of bfloat16 in any layout") { compare_layouts<bfloat16>(); }

}  // namespace k754_test

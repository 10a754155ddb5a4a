// The softmax family of float16 on every target: rows, columns, masks, gradients, flushed subnormals.
#include "softmax_runs.hpp"

namespace k754_test {

TEST_CASE(
    "softmax and its kin of float16, every length, special values at every position, between guarded pages") {
  compare_all_lengths<float16>();
}
TEST_CASE("softmax and its kin of float16, random rows") { compare_random_rows<float16>(); }
TEST_CASE("softmax and its kin of float16, rows of several blocks") { compare_long_rows<float16>(); }
TEST_CASE("softmax and its kin of float16 in any layout") { compare_layouts<float16>(); }

}  // namespace k754_test

// The softmax family of floats on every target: rows, columns, masks, gradients, flushed subnormals.
#include "softmax_runs.hpp"

namespace k754_test {

TEST_CASE(
    "softmax and its kin of float, every length, special values at every position, between guarded pages") {
  compare_all_lengths<float>();
}
TEST_CASE("softmax and its kin of float, random rows") { compare_random_rows<float>(); }
TEST_CASE("softmax and its kin of float, rows of several blocks") { compare_long_rows<float>(); }
TEST_CASE("softmax and its kin of float in any layout") { compare_layouts<float>(); }

}  // namespace k754_test

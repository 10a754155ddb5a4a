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

TEST_CASE("softmax of double around the length up to which exponentials are kept") {
  random_elements<double> random(9);
  for (const index_t n : {2032, 2047, 2048, 2049, 2065}) {
    std::vector<double> x(static_cast<std::size_t>(n)), expected(x.size()), came(x.size());
    for (double& one : x) one = random.element(row_mix::wide);
    reference::softmax(x, expected);
    for_each_target([&](const char*) {
      softmax(x, came);
      REQUIRE(std::memcmp(came.data(), expected.data(), 8 * x.size()) == 0);
    });
  }
}

}  // namespace k754_test

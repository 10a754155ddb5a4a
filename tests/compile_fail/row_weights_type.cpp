// expect: row_weights must be of float
#include <vector>

#include <k754/cross_entropy.hpp>

#ifdef K754_WRONG
using weight = double;
#else
using weight = float;
#endif

void f(k754::tensor_view<const float, 2> logits, const std::vector<int>& labels,
       const std::vector<weight>& weights, k754::tensor_view<float, 0> loss) {
  k754::cross_entropy(logits, labels, loss, {.row_weights = weights});
}

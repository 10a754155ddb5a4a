// expect: an output is a tensor; for one number write tensor_view(&number)
#include <vector>

#include <k754/cross_entropy.hpp>

float f(k754::tensor_view<const float, 2> logits, const std::vector<int>& labels) {
  float loss = 0.0F;
#ifdef K754_WRONG
  k754::cross_entropy(logits, labels, loss);
#else
  k754::cross_entropy(logits, labels, k754::tensor_view(&loss));
#endif
  return loss;
}

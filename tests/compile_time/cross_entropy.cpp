// seconds with Highway 1.0.3, without, with 1.3: 4.95, 1.06, 6.60
#include <k754/cross_entropy.hpp>

#include <cstdint>

void loss(k754::tensor_view<const float, 2> x, k754::tensor_view<const std::int64_t, 1> labels, float& mean) {
  k754::cross_entropy(x, labels, k754::tensor_view(&mean));
}

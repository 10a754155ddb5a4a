#include <k754/where.hpp>

void select(k754::tensor_view<const bool, 1> condition, k754::tensor_view<const float, 1> x,
            k754::tensor_view<const float, 1> y, k754::tensor_view<float, 1> output) {
  k754::where(condition, x, y, output);
}

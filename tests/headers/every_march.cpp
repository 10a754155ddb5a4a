// A small unit that reaches the vector code, for every_march.cmake.
#include <k754/argmax.hpp>
#include <k754/where.hpp>

k754::index_t index_of_largest(k754::tensor_view<const float, 1> x) { return k754::argmax(x); }

void select(k754::tensor_view<const bool, 1> condition, k754::tensor_view<const float, 1> x,
            k754::tensor_view<const float, 1> y, k754::tensor_view<float, 1> output) {
  k754::where(condition, x, y, output);
}

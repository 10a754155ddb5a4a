// seconds with Highway 1.0.3, without, with 1.3: 5.00, 0.60, 8.00
#include <k754/softmax.hpp>

void normalize(k754::tensor_view<const float, 2> x, k754::tensor_view<float, 2> y) { k754::softmax(x, y); }

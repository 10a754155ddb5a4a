// expect: index_output
#include <k754/argmax.hpp>

#ifdef K754_WRONG
using index_type = float;
#else
using index_type = std::int32_t;
#endif

void f(k754::tensor_view<const float, 2> x, k754::tensor_view<index_type, 1> y) { k754::argmax(x, y); }

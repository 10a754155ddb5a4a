// expect: a tensor_view has at most 8 axes
#include <k754/tensor_view.hpp>

#ifdef K754_WRONG
using view = k754::tensor_view<const float, 9>;
#else
using view = k754::tensor_view<const float, 8>;
#endif

k754::index_t f(const view& x) { return x.extent(0); }

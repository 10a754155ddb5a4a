// expect: not an element type of k754
#include <k754/tensor_view.hpp>

#ifdef K754_WRONG
using element = long double;
#else
using element = double;
#endif

const element* f(const k754::tensor_view<const element, 1>& x) { return x.data_handle(); }

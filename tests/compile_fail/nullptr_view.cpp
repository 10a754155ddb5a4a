// expect: nullptr has no element type; write tensor_view<float, 2>(nullptr, {2, 0})
#include <k754/tensor_view.hpp>

#ifdef K754_WRONG
inline const k754::tensor_view none(nullptr, {2, 0});
#else
inline const k754::tensor_view<float, 2> none(nullptr, {2, 0});
#endif

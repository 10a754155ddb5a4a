// expect: k754::padding
#include <k754/conv2d.hpp>

#ifdef K754_WRONG
inline const k754::conv2d_options options{.padding = {1, 1, 1}};
#else
inline const k754::conv2d_options options{.padding = {1, 1, 1, 1}};
#endif

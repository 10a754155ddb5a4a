// No macro shows it. After our headers it is harmless.
// expect: change results
// compilers: gcc
#if defined(K754_WRONG)
#pragma GCC optimize("fast-math")
#endif
#include <k754/k754.hpp>
#pragma GCC optimize("fast-math")

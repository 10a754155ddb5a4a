// What a unit with hidden flags includes: a header with arithmetic, after another.
#if defined(K754_TEST_BEFORE)  // the text of a pragma
_Pragma(K754_TEST_BEFORE) static_assert(true);
#endif

#include <k754/float16.hpp>

inline int a_function_between() { return 1; }

#if defined(K754_TEST_BETWEEN)
_Pragma(K754_TEST_BETWEEN) static_assert(true);
#endif

#include <k754/fma.hpp>
#include <k754/reference/softmax.hpp>

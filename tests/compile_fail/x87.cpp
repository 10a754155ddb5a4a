// expect: evaluates float in a wider type
// wrong flags: -mfpmath=387
// compilers: gcc
#if defined(__x86_64__) || !defined(K754_WRONG)
#include <k754/k754.hpp>
#else
#error "evaluates float in a wider type: nothing to test on this machine"
#endif

// Clang defines no macro for this flag.
// expect: change results
// wrong flags: -funsafe-math-optimizations
// compilers: gcc
#include <k754/k754.hpp>

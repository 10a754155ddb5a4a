// Clang defines no macro for this flag.
// expect: change results
// wrong flags: -freciprocal-math
// compilers: gcc
#include <k754/k754.hpp>

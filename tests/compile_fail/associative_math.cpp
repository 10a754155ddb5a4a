// Clang defines no macro for this flag.
// expect: change results
// wrong flags: -fassociative-math -fno-signed-zeros -fno-trapping-math
// compilers: gcc
#include <k754/k754.hpp>

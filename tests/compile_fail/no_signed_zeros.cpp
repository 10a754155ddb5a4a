// Clang defines no macro for this flag.
// expect: change results
// wrong flags: -fno-signed-zeros
// compilers: gcc
#include <k754/k754.hpp>

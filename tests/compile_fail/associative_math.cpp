// Clang defines no macro for this flag: detail/flags-inl.hpp finds it.
// expect: change results
// wrong flags: -fassociative-math -fno-signed-zeros -fno-trapping-math
#include <k754/k754.hpp>

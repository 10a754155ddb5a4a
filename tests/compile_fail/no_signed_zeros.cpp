// Clang defines no macro for this flag: detail/flags-inl.hpp finds it.
// expect: change results
// wrong flags: -fno-signed-zeros
#include <k754/k754.hpp>

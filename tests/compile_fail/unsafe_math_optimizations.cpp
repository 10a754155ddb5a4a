// Clang defines no macro for this flag: detail/flags-inl.hpp finds it.
// expect: change results
// wrong flags: -funsafe-math-optimizations
#include <k754/k754.hpp>

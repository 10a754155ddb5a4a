// expect: change results
// wrong flags: -ffinite-math-only
#include <k754/k754.hpp>

// expect: change results
// wrong flags: -ffast-math
#include <k754/k754.hpp>

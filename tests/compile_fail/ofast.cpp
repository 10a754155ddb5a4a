// expect: change results
// wrong flags: -Ofast
#include <k754/k754.hpp>

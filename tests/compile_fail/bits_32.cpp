// expect: 32-bit processors and modes (-m32, -mx32) are not supported
// wrong flags: -U__SIZEOF_POINTER__ -D__SIZEOF_POINTER__=4
#include <k754/detail/config.hpp>

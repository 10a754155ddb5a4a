// One step of highway.hpp (no include guard): Highway's operations for K754_PARSE_TARGET.
#undef HWY_TARGET
#define HWY_TARGET K754_PARSE_TARGET
#ifdef HWY_TARGET_TOGGLE
#undef HWY_TARGET_TOGGLE
#else
#define HWY_TARGET_TOGGLE
#endif
#include <hwy/highway.h>
#undef K754_PARSE_TARGET

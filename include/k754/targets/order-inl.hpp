// The last line of a header that has vectors, behind its guard (and without a guard here). Highway's foreach_target.h reads
// the user's file once for each target, and so comes here again: too late, since the operations of the targets are parsed.
#if defined(HWY_TARGET_INCLUDE) && K754_SIMD
#error \
    "k754: in a unit with Highway's foreach_target.h, include k754's headers after it: it comes first or not at all. \
(Or define K754_NO_HIGHWAY in this unit.)"
#endif

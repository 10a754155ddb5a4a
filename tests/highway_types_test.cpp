// highway_types.hpp: Highway's 16-bit types are elements of views and convert by their bits.
#include <cstdio>

#include "support/catch.hpp"

#if __has_include("hwy/base.h")

#include "k754/argmax.hpp"
#include "k754/highway_types.hpp"
#include "support/foreign_types.hpp"

TEST_CASE("Highway's 16-bit types convert by their bits") {
  k754_test::require_same_bits<hwy::float16_t, k754::float16>("hwy::float16_t");
  k754_test::require_same_bits<hwy::bfloat16_t, k754::bfloat16>("hwy::bfloat16_t");
}

TEST_CASE("kernels take views of Highway's 16-bit types, odd addresses included") {
  alignas(4) unsigned char bytes[1 + 4 * 2];
  for (std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    // -1, -2^-24, -0, -2: the bits of float16; as bfloat16 they order in the same way
    const std::uint16_t patterns[4] = {0xBC00, 0x8001, 0x8000, 0xC000};
    std::memcpy(bytes + at, patterns, sizeof(patterns));
    const k754::tensor_view<const hwy::float16_t, 1> x(reinterpret_cast<const hwy::float16_t*>(bytes + at),
                                                       {4});
    const k754::tensor_view<const hwy::bfloat16_t, 1> y(reinterpret_cast<const hwy::bfloat16_t*>(bytes + at),
                                                        {4});
    REQUIRE(k754::argmax(x) == 2);
    REQUIRE(k754::argmin(x) == 3);
    REQUIRE(k754::argmax(y) == 2);
    REQUIRE(k754::argmin(y) == 3);
  }
}

#else

TEST_CASE("Highway's 16-bit types are not tested: hwy/base.h is not on the include path") {
  std::printf("  hwy/base.h is not on the include path: highway_types.hpp is not tested\n");
}

#endif

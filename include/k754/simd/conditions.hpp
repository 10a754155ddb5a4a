/// Conditions on vectors, for each target: of bytes and bits as masks, of numbers as bits.
#ifndef K754_SIMD_CONDITIONS_HPP
#define K754_SIMD_CONDITIONS_HPP

#include <cstdint>
#include <cstring>

#include "../detail/conditions.hpp"
#include "../status.hpp"
#include "../targets/choose.hpp"
#include "vectors.hpp"

namespace k754::detail {

/// Of unsigned integers of the four widths.
template <class Bits>
struct test_elements_kernel {
  using function = void(const Bits* x, index_t n, const key_interval<Bits>& interval,
                        std::uint8_t* bits) noexcept;
  static constexpr function* scalar = &test_elements_in_turn<Bits>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/conditions-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_SIMD_CONDITIONS_HPP

#include "../targets/order-inl.hpp"

// The targets of the compiled library.
#undef K754_COMPILED
#include "../simd.hpp"

namespace k754::compiled {
inline namespace K754_COMPILED_ABI {

const char* simd_target() noexcept { return k754::simd_target(); }
const char* simd_target_at(std::size_t i) noexcept { return k754::simd_target_at(i); }
bool force_simd_target(const char* name) noexcept { return k754::force_simd_target(name); }

}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled

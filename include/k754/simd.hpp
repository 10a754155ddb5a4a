/// Which vector code the kernels run. It is chosen once, by what the CPU has, among the targets that the unit was
/// compiled for (`targets/highway.hpp` says which); the bits are the same for all of them and for the reference.
///
///     std::puts(k754::simd_target());            // "AVX2"
///     k754::force_simd_target("reference");      // compare; nullptr: the best again
#ifndef K754_SIMD_HPP
#define K754_SIMD_HPP

#include <cstddef>

#include "detail/flags-inl.hpp"
#include "targets/choose.hpp"

#if defined(K754_COMPILED)

namespace k754::compiled {
inline namespace K754_COMPILED_ABI {
const char* simd_target() noexcept;
const char* simd_target_at(std::size_t i) noexcept;
bool force_simd_target(const char* name) noexcept;
}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled

namespace k754 {
inline namespace K754_KERNEL_ABI {
using compiled::force_simd_target;
using compiled::simd_target;
using compiled::simd_target_at;
}  // namespace K754_KERNEL_ABI
}  // namespace k754

#else

namespace k754 {

namespace detail {
inline namespace K754_KERNEL_ABI {

constexpr bool same_text(const char* a, const char* b) noexcept {
  for (; *a != '\0' && *a == *b; ++a, ++b) {
  }
  return *a == *b;
}

constexpr bool is_among(const named_target& target, target_mask targets) noexcept {
  return target.mask == 0 || (target.mask & targets) != 0;  // the reference always is
}

}  // namespace K754_KERNEL_ABI
}  // namespace detail

inline namespace K754_KERNEL_ABI {

/// The vector code that runs, by Highway's names ("AVX3" is AVX-512, then "AVX2", "SSE2", "NEON", "SVE", ...), or
/// "reference".
inline const char* simd_target() noexcept {
  const detail::named_target* target = detail::known_targets;
  while (!detail::is_among(*target, detail::usable_targets())) ++target;
  return target->name;
}

/// The i-th of the targets that can run here, best first; "reference" is the last, nullptr comes after it.
inline const char* simd_target_at(std::size_t i) noexcept {
  for (const detail::named_target& target : detail::known_targets) {
    if (detail::is_among(target, detail::available_targets()) && i-- == 0) return target.name;
  }
  return nullptr;
}

/// Lets kernels of the whole program run only the named target (or "reference"); nullptr undoes it. False, and nothing
/// changes, where this unit was not compiled for it or the CPU lacks it. Not for use while kernels run.
inline bool force_simd_target(const char* name) noexcept {
  if (name == nullptr) {
    detail::store_allowed_targets(~detail::target_mask{0});
    return true;
  }
  for (const detail::named_target& target : detail::known_targets) {
    if (!detail::same_text(name, target.name)) continue;
    if (!detail::is_among(target, detail::available_targets())) return false;
    detail::store_allowed_targets(target.mask);
    return true;
  }
  return false;
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // with targets of this unit

namespace k754 {
inline namespace K754_KERNEL_ABI {

/// Calls `f(name)` for each target that can run here, best first; "reference" is the last.
template <class F>
void for_each_simd_target(F&& f) {
  for (std::size_t i = 0; simd_target_at(i) != nullptr; ++i) f(simd_target_at(i));
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_SIMD_HPP

#include "targets/order-inl.hpp"

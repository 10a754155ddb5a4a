/// Which of a kernel's codes runs. A kernel is a type,
///
///     template <element T>
///     struct example_kernel {
///       using function = void(const T* x, index_t n) noexcept;
///       static constexpr function* scalar = &reference::example<T>;    // the definition
///       static function* compiled() noexcept;                          // where K754_COMPILED is defined: the library's choice
///     };
///
/// its SIMD file says for each target
///
///     template <element T>
///     struct code_of<detail::example_kernel<T>> : detail::vector_code<&example::example<T>> {};
///
/// and `choose<example_kernel<float>>()` is the best that may run. A target without such a line (inside `#if HWY_NATIVE_FMA`,
/// say) leaves the kernel to the next best, in the end to the definition.
#ifndef K754_TARGETS_CHOOSE_HPP
#define K754_TARGETS_CHOOSE_HPP

#include <cstdint>

#include "highway.hpp"

#if K754_SIMD
#include "cpu.hpp"
#endif

namespace k754::detail {

struct no_code {
  static constexpr bool exists = false;
};
template <auto* Function>
struct vector_code {
  static constexpr bool exists = true;
  static constexpr auto* function = Function;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../targets/code-inl.hpp"
#include "foreach-inl.hpp"

namespace k754::detail {

/// Highway's target constants, or'ed; 0 is the reference alone.
using target_mask = std::uint64_t;

/// All units of a program share one choice.
inline target_mask allowed_targets = ~target_mask{0};

struct named_target {
  target_mask mask;
  const char* name;
};

inline namespace K754_KERNEL_ABI {

// <atomic> takes longer to compile than a kernel.
inline target_mask load_allowed_targets() noexcept {
  return __atomic_load_n(&allowed_targets, __ATOMIC_RELAXED);
}
inline void store_allowed_targets(target_mask targets) noexcept {
  __atomic_store_n(&allowed_targets, targets, __ATOMIC_RELAXED);
}

#define K754_TEXT_(x) #x
#define K754_TEXT(x) K754_TEXT_(x)

/// What kernels are compiled for in this unit, best first; the reference, which has no mask, is last.
inline constexpr named_target known_targets[] = {
#if K754_SIMD
#define K754_NAMED_TARGET(x) K754_IF_##x({static_cast<target_mask>(HWY_##x), #x}, )
    K754_FOR_EACH_TARGET(K754_NAMED_TARGET)
#undef K754_NAMED_TARGET
#if K754_STATIC_VECTORS
        {static_cast<target_mask>(HWY_STATIC_TARGET), &K754_TEXT(HWY_NAMESPACE)[2]},  // without the N_
#endif
#endif
    {0, "reference"},
};

#if K754_SIMD
inline target_mask detect_targets() noexcept {
  target_mask targets = 0;
#if HWY_ARCH_X86
  const cpu_features cpu = detect_cpu();
  if (cpu.ssse3) targets |= static_cast<target_mask>(HWY_SSSE3);
  if (cpu.sse4) targets |= static_cast<target_mask>(HWY_SSE4);
  if (cpu.avx2) targets |= static_cast<target_mask>(HWY_AVX2);
  if (cpu.avx512) targets |= static_cast<target_mask>(HWY_AVX3);
#elif HWY_ARCH_ARM
  const cpu_features cpu = detect_cpu();
  if (cpu.sve) targets |= static_cast<target_mask>(HWY_SVE);
  if (cpu.sve2) targets |= static_cast<target_mask>(HWY_SVE2);
#endif
  return targets;
}
#endif

/// What can run here: compiled in this unit and supported by the CPU. What the compiler may use anyway needs no test.
inline target_mask available_targets() noexcept {
#if K754_SIMD
  static const target_mask targets = [] {
    target_mask mask = detect_targets();
#if K754_STATIC_VECTORS
    mask |= static_cast<target_mask>(HWY_STATIC_TARGET);
#endif
    return mask & static_cast<target_mask>(K754_TARGETS);
  }();
  return targets;
#else
  return 0;
#endif
}

inline target_mask usable_targets() noexcept { return available_targets() & load_allowed_targets(); }

template <class Kernel>
typename Kernel::function* choose() noexcept {
#if defined(K754_COMPILED)
  return Kernel::compiled();
#else
#if K754_SIMD
  [[maybe_unused]] const target_mask usable = usable_targets();
#define K754_CASE(target, name_space)                        \
  if constexpr (simd::name_space::code_of<Kernel>::exists) { \
    if ((usable & static_cast<target_mask>(target)) != 0)    \
      return simd::name_space::code_of<Kernel>::function;    \
  }
#define K754_CASE_OF(x) K754_IF_##x(K754_CASE(HWY_##x, N_##x))
  K754_FOR_EACH_TARGET(K754_CASE_OF)
#if K754_STATIC_VECTORS
  K754_CASE(HWY_STATIC_TARGET, HWY_NAMESPACE)
#endif
#undef K754_CASE_OF
#undef K754_CASE
#endif
  return Kernel::scalar;
#endif
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_TARGETS_CHOOSE_HPP

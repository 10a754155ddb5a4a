// Read once for each target (no include guard), before any SIMD file.
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

/// The code of a kernel for this target, which its SIMD file names; see choose.hpp.
template <class Kernel>
struct code_of : detail::no_code {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd

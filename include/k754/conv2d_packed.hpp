/// Weights of conv2d in the order in which vectors read them: packed once, run often, at full speed in every layout.
///
///     std::vector<float> memory(*k754::conv2d_packed_size(w, options));
///     k754::packed_conv2d_weight packed;
///     k754::pack_conv2d_weight(w, memory, packed, options);
///     k754::conv2d(x, packed, bias, y, options);                        // as with w, and the same bits
///
/// Memory      the caller's, of conv2d_packed_size floats: filters of a group are rounded up to a multiple of 16. What is packed
///             refers to it and to `weight`, which the definition reads: both must outlive it, unchanged.
/// Options     `groups` and `weight_layout` (`layout`, where that is by_image) must be those of the calls; the others are not
///             looked at.
/// Order       panels of 64 filters of a group, the last of fewer; in a panel a row of filters for each term (kh, kw, c). The
///             same on every machine.
/// Errors      invalid_option (groups), negative_extent, size_overflow, rank_mismatch, channel_mismatch (groups do not divide
///             the filters), shape_mismatch (too little memory), null_pointer, self_overlap, overlap.
#ifndef K754_CONV2D_PACKED_HPP
#define K754_CONV2D_PACKED_HPP

#include <array>
#include <optional>

#include "call/conv2d_packed.hpp"
#include "conv2d.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "status.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// A weight and its packed copy: taken where conv2d takes a weight.
class packed_conv2d_weight {
 public:
  K754_INLINE constexpr packed_conv2d_weight() noexcept = default;
  K754_INLINE constexpr packed_conv2d_weight(const tensor_view<const float, 4>& weight,
                                             const detail::conv2d_packing<float>& packing) noexcept
      : weight_(weight), packing_(packing) {}

  K754_INLINE constexpr const tensor_view<const float, 4>& weight() const noexcept { return weight_; }
  K754_INLINE constexpr const detail::conv2d_packing<float>& packing() const noexcept { return packing_; }

 private:
  tensor_view<const float, 4> weight_;
  detail::conv2d_packing<float> packing_{};
};

K754_INLINE constexpr tensor_view<const float, 4> as_tensor_view(
    const packed_conv2d_weight& packed) noexcept {
  return packed.weight();
}

inline namespace K754_KERNEL_ABI {

/// How many floats pack_conv2d_weight needs for a weight, or for extents; nothing where it would refuse them.
constexpr std::optional<index_t> conv2d_packed_size(const std::array<index_t, 4>& weight,
                                                    const conv2d_options& options = {}) noexcept {
  return detail::conv2d_packed_elements(detail::bare(weight), options);
}
template <detail::may_have_4_axes Weight>
constexpr std::optional<index_t> conv2d_packed_size(Weight&& weight,
                                                    const conv2d_options& options = {}) noexcept {
  return detail::conv2d_packed_elements(detail::bare(weight), options);
}

/// Packs `weight` into `memory`; `packed` refers to both. The check says whether these arguments would be accepted.
template <tensor_like Weight, detail::conv2d_output Memory>
constexpr check_result check_pack_conv2d_weight(Weight&& weight, Memory&& memory,
                                                packed_conv2d_weight& packed,
                                                const conv2d_options& options = {}) noexcept {
  return detail::checked(detail::conv2d_pack(weight, memory, packed, options));
}
template <tensor_like Weight, detail::conv2d_output Memory>
[[nodiscard]] status try_pack_conv2d_weight(Weight&& weight, Memory&& memory, packed_conv2d_weight& packed,
                                            const conv2d_options& options = {}) noexcept {
  const serial_executor ex;
  return detail::try_call(detail::conv2d_pack(weight, memory, packed, options), ex);
}
template <tensor_like Weight, detail::conv2d_output Memory>
void pack_conv2d_weight(Weight&& weight, Memory&& memory, packed_conv2d_weight& packed,
                        const conv2d_options& options = {}) {
  static_assert(detail::exceptions_enabled<Weight>,
                "k754: exceptions are off in this unit; call try_pack_conv2d_weight");
  const serial_executor ex;
  detail::call_or_throw(detail::conv2d_pack(weight, memory, packed, options), ex);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754

#endif  // K754_CONV2D_PACKED_HPP

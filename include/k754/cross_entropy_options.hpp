/// The options of the functions of cross_entropy.hpp, whose manual says what they mean.
#ifndef K754_CROSS_ENTROPY_OPTIONS_HPP
#define K754_CROSS_ENTROPY_OPTIONS_HPP

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "bits.hpp"
#include "call/operands.hpp"
#include "detail/flags-inl.hpp"
#include "detail/views.hpp"
#include "tensor_view.hpp"

namespace k754 {

/// What becomes of the losses of the rows.
enum class reduction { none, mean, sum };

/// A view of one weight for each class, from anything tensor_like of rank 1; by default none, 1 for each.
template <floating T>
class class_weights {
 public:
  K754_INLINE constexpr class_weights() noexcept = default;
  template <detail::tensor_of<T> Weights>
  K754_INLINE constexpr class_weights(Weights&& weights) noexcept
      : view_(detail::input_view(static_cast<Weights&&>(weights))), given_(true) {}
  /// Taken to say why it is wrong.
  template <tensor_like Weights>
  requires(!detail::tensor_of<Weights, T>) K754_INLINE constexpr class_weights(Weights&&) noexcept {
    static_assert(detail::tensor_of<Weights, T>,
                  "k754 cross_entropy: class_weights must be of the logits' element type");
  }
  K754_INLINE constexpr bool given() const noexcept { return given_; }
  K754_INLINE constexpr const tensor_view<const T>& view() const noexcept { return view_; }

 private:
  tensor_view<const T> view_ = {};
  bool given_ = false;
};

/// A view of one weight for each row, in the shape of the rows; by default none, 1 for each. Of float, and with logits
/// of double of double.
template <floating T>
class row_weights {
 public:
  using weight = std::conditional_t<std::same_as<T, double>, double, float>;

  K754_INLINE constexpr row_weights() noexcept = default;
  template <detail::tensor_of<weight> Weights>
  K754_INLINE constexpr row_weights(Weights&& weights) noexcept
      : view_(detail::input_view(static_cast<Weights&&>(weights))), given_(true) {}
  /// Taken to say why it is wrong.
  template <tensor_like Weights>
  requires(!detail::tensor_of<Weights, weight>) K754_INLINE constexpr row_weights(Weights&&) noexcept {
    static_assert(detail::tensor_of<Weights, weight>,
                  "k754 cross_entropy: row_weights must be of float, with logits of double of double");
  }
  K754_INLINE constexpr bool given() const noexcept { return given_; }
  K754_INLINE constexpr const tensor_view<const weight>& view() const noexcept { return view_; }

 private:
  tensor_view<const weight> view_ = {};
  bool given_ = false;
};

/// `T` is the logits' element type; in a call, braces are enough: `{.axis = 1}`.
template <floating T>
struct cross_entropy_options {
  index_t axis = -1;  ///< the axis of the classes; negative counts from the end
  k754::reduction reduction = k754::reduction::mean;
  std::optional<std::int64_t> ignore_index = std::nullopt;  ///< rows with this label are skipped
  double label_smoothing = 0.0;                             ///< eps, in [0, 1]
  k754::class_weights<T> class_weights = {};
  k754::row_weights<T> row_weights = {};
};

}  // namespace k754

#endif  // K754_CROSS_ENTROPY_OPTIONS_HPP

/// view_of(x): matrices and tensors of other libraries, as tensor_views of what their strides say. Nothing of these
/// libraries is included; a type is known by its members.
///
///     Eigen::MatrixXf m = ...;
///     k754::softmax(k754::view_of(m), k754::view_of(y));        // rows of a matrix that lies column by column
///     k754::argmax(k754::view_of(m.row(0)), index);
///
///     library            types                                                    view
///     Eigen              Matrix, Array, Map, Ref, rows, columns and blocks         rank 2; vectors rank 1
///     xtensor            xtensor, xtensor_fixed, xt::view of slices and numbers    of the rank that the type has
///                        xarray, strided_view                                      of run-time rank
///     Boost.MultiArray   multi_array, multi_array_ref, subarrays                   of the rank that the type has
///     OpenCV             Mat_<T> of one channel                                    of run-time rank
///
/// The elements of a view are const where those of x are. x has to outlive it, so that temporaries are refused: all but
/// Eigen's, which own nothing unless they are a Matrix or an Array. What lies on no strides (Eigen's sums, xtensor's
/// functions) is refused, too; evaluate it first. A cv::Mat has no type: write view_of on a cv::Mat_<float>. Strides of
/// Mat_ have to be whole elements, and a type's rank at most 8.
#ifndef K754_VIEW_OF_HPP
#define K754_VIEW_OF_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"
#include "tensor_view.hpp"

namespace k754 {
namespace detail {

template <class X>
concept eigen_like = requires(X& x) {
  { std::remove_cvref_t<X>::IsVectorAtCompileTime } -> std::convertible_to<int>;
  typename std::remove_cvref_t<X>::PlainObject;
  { x.rowStride() } -> std::convertible_to<index_t>;
  { x.colStride() } -> std::convertible_to<index_t>;
  { x.innerStride() } -> std::convertible_to<index_t>;
  requires std::is_pointer_v<decltype(x.data())>;
};

template <class X>
concept xtensor_like = requires(X& x) {
  { x.shape().size() } -> std::convertible_to<std::size_t>;
  { x.strides().size() } -> std::convertible_to<std::size_t>;
  { x.strides()[0] } -> std::convertible_to<index_t>;
  { x.data_offset() } -> std::convertible_to<std::size_t>;
  requires std::is_pointer_v<decltype(x.data())>;
};

template <class X>
concept multi_array_like = requires(X& x) {
  { std::remove_cvref_t<X>::dimensionality } -> std::convertible_to<std::size_t>;
  { x.shape()[0] } -> std::convertible_to<index_t>;
  { x.strides()[0] } -> std::convertible_to<index_t>;
  { x.index_bases()[0] } -> std::convertible_to<index_t>;
  requires std::is_pointer_v<decltype(x.origin())>;
};

template <class X>
concept mat_like = requires(X& x) {
  typename std::remove_cvref_t<X>::value_type;
  { x.dims } -> std::convertible_to<int>;
  { x.size[0] } -> std::convertible_to<index_t>;
  { x.step[0] } -> std::convertible_to<std::size_t>;
  { x.data } -> std::convertible_to<const unsigned char*>;
};

template <class X>
concept has_known_strides = eigen_like<X> || xtensor_like<X> || multi_array_like<X> || mat_like<X>;

/// Whether X is an lvalue, or a temporary whose elements are another's.
template <class X>
K754_INLINE constexpr bool outlives_view() noexcept {
  if constexpr (std::is_lvalue_reference_v<X>) {
    return true;
  } else if constexpr (eigen_like<X>) {
    return !std::same_as<typename std::remove_cvref_t<X>::PlainObject, std::remove_cvref_t<X>>;
  } else {
    return false;
  }
}

/// The rank in a type of extents, if it says.
template <class Extents>
inline constexpr std::size_t rank_in_type = dynamic_rank;
template <class Extents>
requires requires { std::tuple_size<Extents>::value; }
inline constexpr std::size_t rank_in_type<Extents> = std::tuple_size<Extents>::value;

/// What `extent(axis)` and `stride(axis)` say; a rank that is too large stays, and is refused by every kernel.
template <std::size_t Rank, class T, class Extent, class Stride>
K754_INLINE constexpr tensor_view<T, Rank> view_with(T* data, std::size_t rank, const Extent& extent,
                                                     const Stride& stride) noexcept {
  constexpr std::size_t capacity = Rank == dynamic_rank ? max_rank : Rank;
  std::array<index_t, capacity> extents{}, strides{};
  for (std::size_t axis = 0; axis < rank && axis < capacity; ++axis) {
    extents[axis] = static_cast<index_t>(extent(axis));
    strides[axis] = static_cast<index_t>(stride(axis));
  }
  if constexpr (Rank == dynamic_rank) {
    return {data, rank, extents.data(), strides.data()};
  } else {
    return {data, extents, strides};
  }
}

}  // namespace detail

template <class X>
K754_INLINE constexpr auto view_of(X&& x) noexcept {
  using namespace detail;
  static_assert(
      has_known_strides<X>,
      "k754: view_of knows no strides of this type: write tensor_view(data, {extents...}, {strides...})");
  static_assert(!has_known_strides<X> || outlives_view<X>(),
                "k754: view_of of a temporary, whose elements are gone before they are read: give it a name");
  if constexpr (!has_known_strides<X> || !outlives_view<X>()) {
    return tensor_view<float, 1>();
  } else if constexpr (eigen_like<X>) {
    if constexpr (std::remove_cvref_t<X>::IsVectorAtCompileTime) {
      return tensor_view(x.data(), {x.size()}, {x.innerStride()});
    } else {
      return tensor_view(x.data(), {x.rows(), x.cols()}, {x.rowStride(), x.colStride()});
    }
  } else if constexpr (xtensor_like<X>) {
    constexpr std::size_t rank = rank_in_type<std::remove_cvref_t<decltype(x.shape())>>;
    return view_with<rank>(
        x.data() + x.data_offset(), x.shape().size(), [&](std::size_t axis) { return x.shape()[axis]; },
        [&](std::size_t axis) { return x.strides()[axis]; });
  } else if constexpr (multi_array_like<X>) {
    constexpr auto rank = static_cast<std::size_t>(std::remove_cvref_t<X>::dimensionality);
    auto* first = x.origin();
    for (std::size_t axis = 0; axis < rank; ++axis) first += x.index_bases()[axis] * x.strides()[axis];
    return view_with<rank>(
        first, rank, [&](std::size_t axis) { return x.shape()[axis]; },
        [&](std::size_t axis) { return x.strides()[axis]; });
  } else {
    using value = typename std::remove_cvref_t<X>::value_type;
    static_assert(element<storage_type_t<value>>,
                  "k754: view_of: a Mat_ of one channel of an element type of k754");
    using T = std::conditional_t<std::is_const_v<std::remove_reference_t<X>>, const value, value>;
    return view_with<dynamic_rank>(
        reinterpret_cast<T*>(x.data), static_cast<std::size_t>(x.dims),
        [&](std::size_t axis) { return x.size[static_cast<int>(axis)]; },
        [&](std::size_t axis) { return x.step[static_cast<int>(axis)] / sizeof(value); });
  }
}

}  // namespace k754

#endif  // K754_VIEW_OF_HPP

/// `tensor_view<T, Rank>`: a pointer, extents and signed element strides. It owns nothing and copies cheaply.
///
/// Strides count elements. They may be negative (reversed axes) and, for inputs, zero (broadcast axes). Rank is a
/// compile-time value up to 8; `tensor_view<T>` has a run-time rank up to 8 and reaches the same kernels.
///
/// Every kernel takes anything `tensor_like`: a tensor_view, a C array (`float x[2][3]`), a contiguous range such as
/// std::vector or std::span (rank 1), and anything mdspan-shaped whose layout always has strides (std::mdspan,
/// Kokkos::mdspan). Types with rows, a shape or strides of their own (Eigen, xtensor, Boost.MultiArray) are refused:
/// `tensor_view(x.data(), {extents...}, {strides...})` says what is where. Extents and strides are lists or arrays of
/// integers of any type. `T` may be a type that is stored as a k754 element (`_Float16`, std::bfloat16_t, long long,
/// ...). An output is no temporary that owns its elements; for one number it is `tensor_view(&number)`.
///
/// Building a view never fails and reads no memory. Kernels check what they are given: extents, overflow of sizes and
/// addresses, null pointers (allowed where there are no elements), overlap.
#ifndef K754_TENSOR_VIEW_HPP
#define K754_TENSOR_VIEW_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#if !defined(__GLIBCXX__)
#include <iterator>  // std::contiguous_iterator, which libstdc++ has in <array>
#endif

#include "bits.hpp"
#include "detail/config.hpp"
#include "detail/flags-inl.hpp"
#include "status.hpp"

namespace k754 {

inline constexpr std::size_t dynamic_rank = (std::numeric_limits<std::size_t>::max)();
inline constexpr std::size_t max_rank = 8;

template <class T, std::size_t Rank = dynamic_rank>
class tensor_view;

namespace detail {

/// Extents or strides of a view of run-time rank; entries beyond its rank are zero.
using axes = std::array<index_t, max_rank>;

/// Extents or strides, from a list of integers, which may be of several types (`{n / 3, 3}`), or an array of them.
template <std::size_t Count>
class index_list {
 public:
  K754_INLINE constexpr index_list() noexcept = default;
  template <std::integral... Integers>
  requires(sizeof...(Integers) == Count) K754_INLINE constexpr index_list(Integers... given) noexcept
      : values_{static_cast<index_t>(given)...} {}
  template <std::integral Integer>
  K754_INLINE constexpr index_list(const Integer (&given)[Count]) noexcept {
    for (std::size_t axis = 0; axis < Count; ++axis) values_[axis] = static_cast<index_t>(given[axis]);
  }
  K754_INLINE constexpr index_list(const std::array<index_t, Count>& given) noexcept : values_(given) {}

  K754_INLINE constexpr const std::array<index_t, Count>& values() const noexcept { return values_; }

 private:
  std::array<index_t, Count> values_ = {};
};
/// For the number of integers in a list.
struct any_integer {
  K754_INLINE constexpr any_integer(std::integral auto) noexcept {}
};

/// What a view of nullptr would be of.
struct no_element {};

/// An element is the object itself, behind a pointer; accessors that compute something (scaled, conjugated, atomic,
/// packed) return another type of reference. Mappings have strides whatever their values.
template <class M>
concept mdspan_like = requires(const M& m, std::size_t axis) {
  requires std::same_as<typename M::reference, typename M::element_type&>;
  requires M::is_always_strided();
  { M::rank() } -> std::convertible_to<std::size_t>;
  { m.data_handle() } -> std::same_as<typename M::element_type*>;
  { m.extent(axis) } -> std::convertible_to<index_t>;
  { m.stride(axis) } -> std::convertible_to<index_t>;
};

template <class V>
inline constexpr bool is_tensor_view = false;
template <class T, std::size_t Rank>
inline constexpr bool is_tensor_view<tensor_view<T, Rank>> = true;

/// Matrices of Eigen, tensors of xtensor and Boost.MultiArray, ... have rows, a shape or strides of their own: what lies
/// where behind their data() is not guessed. Write `view_of(x)` (view_of.hpp) or
/// `tensor_view(x.data(), {extents...}, {strides...})` for them.
template <class X>
concept needs_no_tensor_view =
    is_tensor_view<std::remove_cvref_t<X>> || mdspan_like<std::remove_cvref_t<X>> || !(
        requires(const std::remove_cvref_t<X>& x) { x.rows(); } ||
        requires(const std::remove_cvref_t<X>& x) { x.shape(); } ||
        requires(const std::remove_cvref_t<X>& x) { x.strides(); });

/// A contiguous range, whose elements are where its iterators say.
template <class C>
concept contiguous_container =
    !is_tensor_view<std::remove_cvref_t<C>> && !std::is_array_v<std::remove_cvref_t<C>> &&
    needs_no_tensor_view<C> && requires(C & c) {
  { c.begin() } -> std::contiguous_iterator;
  { c.size() } -> std::convertible_to<std::size_t>;
  requires std::is_pointer_v<decltype(c.data())>;
  requires std::same_as<decltype(*c.begin()), decltype(*c.data())>;
};

}  // namespace detail

template <class T, std::size_t Rank>
class tensor_view {
  static_assert(Rank <= max_rank || Rank == dynamic_rank, "k754: a tensor_view has at most 8 axes");
  static_assert(!std::same_as<T, detail::no_element>,
                "k754: nullptr has no element type; write tensor_view<float, 2>(nullptr, {2, 0})");
  static_assert(std::same_as<T, detail::no_element> || element<storage_type_t<std::remove_const_t<T>>>,
                "k754: not an element type of k754");

 public:
  using element_type = T;
  using value_type = std::remove_const_t<T>;
  static constexpr bool has_static_rank = Rank != dynamic_rank;
  static constexpr std::size_t rank_capacity = has_static_rank ? Rank : max_rank;
  using axes_type = std::array<index_t, rank_capacity>;

  /// No elements; where the rank is dynamic, a null view of rank 0, which kernels refuse.
  K754_INLINE constexpr tensor_view() noexcept requires(Rank != 0) = default;

  /// One element (rank 0).
  K754_INLINE constexpr explicit tensor_view(T* data) noexcept requires(Rank == 0 || !has_static_rank)
      : data_(data) {}

  /// Row-major, or with strides: lists or arrays of integers.
  K754_INLINE constexpr tensor_view(T* data, const detail::index_list<rank_capacity>& extents) noexcept
      requires(has_static_rank&& Rank > 0)
      : data_(data), extents_(extents.values()) {
    set_row_major();
  }
  K754_INLINE constexpr tensor_view(T* data, const detail::index_list<rank_capacity>& extents,
                                    const detail::index_list<rank_capacity>& strides) noexcept
      requires(has_static_rank&& Rank > 0)
      : data_(data), extents_(extents.values()), strides_(strides.values()) {}

  /// Run-time rank, at most 8: `extents[0 .. rank)`, row-major or with `strides[0 .. rank)`. A rank above 8 is kept
  /// and refused by every kernel.
  K754_INLINE constexpr tensor_view(T* data, std::size_t rank, const index_t* extents,
                                    const index_t* strides = nullptr) noexcept requires(!has_static_rank)
      : data_(data), rank_(rank) {
    for (std::size_t axis = 0; axis < axes_held(); ++axis) {
      extents_[axis] = extents[axis];
      strides_[axis] = strides != nullptr ? strides[axis] : 0;
    }
    if (strides == nullptr) set_row_major();
  }

  /// A view of const elements, or of run-time rank, from one that is not.
  template <class Other, std::size_t OtherRank>
  requires(std::is_convertible_v<Other (*)[], T (*)[]> &&
           (OtherRank == Rank || (!has_static_rank && OtherRank != dynamic_rank)) &&
           !(std::same_as<Other, T> && OtherRank == Rank)) K754_INLINE
      constexpr tensor_view(const tensor_view<Other, OtherRank>& other) noexcept
      : data_(other.data_handle()) {
    if constexpr (!has_static_rank) rank_ = other.rank();
    for (std::size_t axis = 0; axis < axes_held(); ++axis) {
      extents_[axis] = other.extent(axis);
      strides_[axis] = other.stride(axis);
    }
  }

  K754_INLINE static constexpr std::size_t rank() noexcept requires(has_static_rank) { return Rank; }
  K754_INLINE constexpr std::size_t rank() const noexcept requires(!has_static_rank) { return rank_; }

  K754_INLINE constexpr T* data_handle() const noexcept { return data_; }
  K754_INLINE constexpr index_t extent(std::size_t axis) const noexcept { return extents_[axis]; }
  K754_INLINE constexpr index_t stride(std::size_t axis) const noexcept { return strides_[axis]; }
  K754_INLINE constexpr const axes_type& extents() const noexcept { return extents_; }
  K754_INLINE constexpr const axes_type& strides() const noexcept { return strides_; }

  /// The number of elements; meaningful where no kernel would refuse the view.
  K754_INLINE constexpr index_t size() const noexcept {
    std::size_t product = 1;
    for (std::size_t axis = 0; axis < axes_held(); ++axis)
      product *= static_cast<std::size_t>(extents_[axis]);
    return static_cast<index_t>(product);
  }

  /// The element at an index; not checked.
  template <std::convertible_to<index_t>... Indices>
  requires(!has_static_rank || sizeof...(Indices) == Rank) K754_INLINE constexpr T& operator()(
      Indices... indices) const noexcept {
    const std::array<index_t, sizeof...(Indices)> index{static_cast<index_t>(indices)...};
    index_t offset = 0;
    for (std::size_t axis = 0; axis < sizeof...(Indices); ++axis) offset += index[axis] * strides_[axis];
    return data_[offset];
  }

  /// The same elements with the axes in another order: axis `order[i]` becomes axis i (NumPy's transpose).
  K754_INLINE constexpr tensor_view permuted(
      const std::array<std::size_t, rank_capacity>& order) const noexcept {
    tensor_view result = *this;
    for (std::size_t axis = 0; axis < axes_held(); ++axis) {
      result.extents_[axis] = extents_[order[axis]];
      result.strides_[axis] = strides_[order[axis]];
    }
    return result;
  }

 private:
  /// The rank, or 8 where a view of run-time rank was given more.
  K754_INLINE constexpr std::size_t axes_held() const noexcept {
    return rank() < rank_capacity ? rank() : rank_capacity;
  }

  K754_INLINE constexpr void set_row_major() noexcept {
    std::size_t stride = 1;  // unsigned: an overflow here is found by the kernel's check of the extents
    for (std::size_t axis = axes_held(); axis > 0; --axis) {
      strides_[axis - 1] = static_cast<index_t>(stride);
      stride *= static_cast<std::size_t>(extents_[axis - 1]);
    }
  }

  struct no_rank {
    K754_INLINE constexpr no_rank(std::size_t = 0) noexcept {}
  };

  T* data_ = nullptr;
  axes_type extents_ = {};
  axes_type strides_ = {};
  [[no_unique_address]] std::conditional_t<has_static_rank, no_rank, std::size_t> rank_ = 0;
};

/// The view of anything `tensor_like`.
template <class T, std::size_t Rank>
K754_INLINE constexpr tensor_view<T, Rank> as_tensor_view(const tensor_view<T, Rank>& view) noexcept {
  return view;
}

namespace detail {
template <class T>
K754_INLINE constexpr T* first_element(T& x) noexcept {
  return &x;
}
template <class T, std::size_t Extent>
K754_INLINE constexpr auto* first_element(T (&array)[Extent]) noexcept {
  return first_element(array[0]);
}
}  // namespace detail

template <class Array>
requires(std::is_array_v<Array>) K754_INLINE constexpr auto as_tensor_view(Array& array) noexcept {
  using scalar = std::remove_all_extents_t<Array>;
  constexpr std::size_t rank = std::rank_v<Array>;
  std::array<index_t, rank> extents{};
  [&]<std::size_t... Axis>(std::index_sequence<Axis...>) {
    ((extents[Axis] = static_cast<index_t>(std::extent_v<Array, Axis>)), ...);
  }
  (std::make_index_sequence<rank>{});
  return tensor_view<scalar, rank>(detail::first_element(array), extents);
}

/// A temporary must be a view itself (std::span) or give const elements.
template <detail::contiguous_container Container>
requires(std::is_lvalue_reference_v<Container&&> ||
         std::is_const_v<std::remove_pointer_t<decltype(std::declval<Container&>().data())>> ||
         std::is_trivially_copyable_v<std::remove_cvref_t<Container>>) K754_INLINE
    constexpr auto as_tensor_view(Container&& container) noexcept {
  using scalar = std::remove_pointer_t<decltype(container.data())>;
  return tensor_view<scalar, 1>(container.data(), {static_cast<index_t>(container.size())});
}

template <detail::mdspan_like M>
requires(!detail::is_tensor_view<M>) K754_INLINE constexpr auto as_tensor_view(const M& m) noexcept {
  using scalar = typename M::element_type;
  constexpr std::size_t rank = M::rank();
  if constexpr (rank == 0) {
    return tensor_view<scalar, 0>(m.data_handle());
  } else {
    std::array<index_t, rank> extents{}, strides{};
    for (std::size_t axis = 0; axis < rank; ++axis) {
      extents[axis] = static_cast<index_t>(m.extent(axis));
      strides[axis] = static_cast<index_t>(m.stride(axis));
    }
    return tensor_view<scalar, rank>(m.data_handle(), extents, strides);
  }
}

template <class X>
concept tensor_like = detail::needs_no_tensor_view<X> && requires(X&& x) {
  as_tensor_view(static_cast<X&&>(x));
};

template <class T>
tensor_view(T*) -> tensor_view<T, 0>;
template <class T, std::integral Extent, std::size_t Rank>
tensor_view(T*, const Extent (&)[Rank]) -> tensor_view<T, Rank>;
template <class T, std::integral Extent, std::integral Stride, std::size_t Rank>
tensor_view(T*, const Extent (&)[Rank], const Stride (&)[Rank]) -> tensor_view<T, Rank>;
template <class T, std::size_t Rank>
tensor_view(T*, const detail::any_integer (&)[Rank]) -> tensor_view<T, Rank>;
template <class T, std::size_t Rank>
tensor_view(T*, const detail::any_integer (&)[Rank], const detail::any_integer (&)[Rank])
    -> tensor_view<T, Rank>;
template <class T, std::size_t Rank>
tensor_view(T*, const std::array<index_t, Rank>&) -> tensor_view<T, Rank>;
template <class T, std::size_t Rank>
tensor_view(T*, const std::array<index_t, Rank>&, const std::array<index_t, Rank>&) -> tensor_view<T, Rank>;
template <std::size_t Rank>
tensor_view(std::nullptr_t, const detail::any_integer (&)[Rank]) -> tensor_view<detail::no_element, Rank>;
template <std::size_t Rank>
tensor_view(std::nullptr_t, const detail::any_integer (&)[Rank], const detail::any_integer (&)[Rank])
    -> tensor_view<detail::no_element, Rank>;

}  // namespace k754

#include "detail/views.hpp"

#endif  // K754_TENSOR_VIEW_HPP

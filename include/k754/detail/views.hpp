/// What kernels make of the tensors that they are given: the element type that they see, views of it with run-time rank, and
/// what an output has to be. The end of tensor_view.hpp.
#ifndef K754_DETAIL_VIEWS_HPP
#define K754_DETAIL_VIEWS_HPP

#include <concepts>
#include <type_traits>
#include <utility>

#include "../tensor_view.hpp"

namespace k754 {

namespace detail {

/// The element type that a kernel sees in `X`.
template <tensor_like X>
using element_of = storage_type_t<typename decltype(as_tensor_view(std::declval<X>()))::value_type>;

/// What kernels work on: run-time rank, the storage type, const for inputs.
template <tensor_like X>
K754_INLINE constexpr tensor_view<const element_of<X>> input_view(X&& x) noexcept {
  const auto view = as_tensor_view(static_cast<X&&>(x));
  using given = typename std::remove_cvref_t<decltype(view)>::value_type;
  if constexpr (std::same_as<given, element_of<X>>) {
    return view;
  } else {
    const tensor_view<const given> dynamic = view;
    return {reinterpret_cast<const element_of<X>*>(dynamic.data_handle()), dynamic.rank(),
            dynamic.extents().data(), dynamic.strides().data()};
  }
}

/// An output outlives the call. A temporary container does not, a view (std::span) does, by whose constness that of its
/// elements is not meant.
template <class X>
concept output_outlives_the_call = std::is_lvalue_reference_v<X> || !contiguous_container<X> ||
                                   requires(X x, const std::remove_cvref_t<X>& same) {
  requires std::same_as<decltype(x.data()), decltype(same.data())>;
};

template <class X>
concept output_like = tensor_like<X> && output_outlives_the_call<X> &&
    !std::is_const_v<typename decltype(as_tensor_view(std::declval<X>()))::element_type>;

/// What is given for outputs and is none: a number, or const elements. Functions may take these, so that their first
/// error says why (`static_assert(is_output<X>())`), not which overloads there are.
template <class X>
concept number_like = element<storage_type_t<std::remove_cvref_t<X>>>;
template <class X>
concept mistaken_output = number_like<X> ||(tensor_like<X> && !output_like<X>);

template <class X>
K754_INLINE constexpr bool is_output() noexcept {
  static_assert(!number_like<X>, "k754: an output is a tensor; for one number write tensor_view(&number)");
  static_assert(number_like<X> || output_like<X>, "k754: the elements of an output must not be const");
  return true;
}

template <output_like X>
K754_INLINE constexpr tensor_view<element_of<X>> output_view(X&& x) noexcept {
  const auto view = as_tensor_view(static_cast<X&&>(x));
  using given = typename std::remove_cvref_t<decltype(view)>::value_type;
  if constexpr (std::same_as<given, element_of<X>>) {
    return view;
  } else {
    const tensor_view<given> dynamic = view;
    return {reinterpret_cast<element_of<X>*>(dynamic.data_handle()), dynamic.rank(), dynamic.extents().data(),
            dynamic.strides().data()};
  }
}

}  // namespace detail

}  // namespace k754

#endif  // K754_DETAIL_VIEWS_HPP

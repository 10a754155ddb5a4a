// argmin and argmax for every element type and policy.
#undef K754_COMPILED
#include "../argmax.hpp"

namespace k754::compiled {
inline namespace K754_COMPILED_ABI {
namespace {

template <element T, extremum E, std::size_t... Places>
detail::arg_extrema_function<T>* choose(std::size_t place, std::index_sequence<Places...>) noexcept {
  static constexpr auto choices =
      std::array{&detail::choose<detail::arg_extrema_kernel<E, detail::row_policies<T>.all[Places], T>>...};
  return choices[place]();
}

}  // namespace

template <element T>
detail::arg_extrema_function<T>* arg_extrema(extremum e, std::size_t row_policy) noexcept {
  constexpr std::make_index_sequence<detail::row_policies<T>.size> all;
  return e == extremum::maximum ? choose<T, extremum::maximum>(row_policy, all)
                                : choose<T, extremum::minimum>(row_policy, all);
}

#define K754_INSTANTIATE(T, name) \
  template detail::arg_extrema_function<T>* arg_extrema<T>(extremum, std::size_t) noexcept;
K754_FOR_EACH_ELEMENT_TYPE(K754_INSTANTIATE)
#undef K754_INSTANTIATE

}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled

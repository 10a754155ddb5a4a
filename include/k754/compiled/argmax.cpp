// argmin and argmax for every element type and policy.
#undef K754_COMPILED
#include "../argmax.hpp"

namespace k754::compiled {
inline namespace K754_COMPILED_ABI {
namespace {

/// What a row can be asked for: all that argmax_policy leaves of a policy, numbered.
template <element T>
inline constexpr std::size_t row_policies = floating<T> ? 18 : 2;

constexpr policy row_policy(std::size_t i) noexcept {
  const auto bit = [i](int b) { return (i >> b & 1) != 0; };
  policy p{.ties = bit(0) ? ties::last : ties::first};
  if (i >= 16) {
    p.nans = nans::total_order;
    p.zeros = zeros::ordered;
  } else {
    p.zeros = bit(1) ? zeros::ordered : zeros::equal;
    p.subnormals = bit(2) ? subnormals::flush : subnormals::preserve;
    p.nans = bit(3) ? nans::omit : nans::propagate;
  }
  return p;
}

constexpr std::size_t number_of(const policy& p) noexcept {
  const auto bit = [](bool is, int b) { return static_cast<std::size_t>(is) << b; };
  const std::size_t last = bit(p.ties == ties::last, 0);
  if (p.nans == nans::total_order) return 16 + last;
  return last + bit(p.zeros == zeros::ordered, 1) + bit(p.subnormals == subnormals::flush, 2) +
         bit(p.nans == nans::omit, 3);
}
static_assert([] {
  for (std::size_t i = 0; i < row_policies<float>; ++i) {
    if (number_of(row_policy(i)) != i) return false;
  }
  return true;
}());

template <element T, extremum E, std::size_t... Is>
detail::arg_extrema_function<T>* choose(std::size_t number, std::index_sequence<Is...>) noexcept {
  static constexpr auto choices = std::array{&detail::choose_arg_extrema<E, row_policy(Is), T>...};
  return choices[number]();
}

}  // namespace

template <element T>
detail::arg_extrema_function<T>* arg_extrema(extremum e, const policy& p) noexcept {
  constexpr std::make_index_sequence<row_policies<T>> all;
  return e == extremum::maximum ? choose<T, extremum::maximum>(number_of(p), all)
                                : choose<T, extremum::minimum>(number_of(p), all);
}

#define K754_INSTANTIATE(T) \
  template detail::arg_extrema_function<T>* arg_extrema<T>(extremum, const policy&) noexcept
K754_INSTANTIATE(float);
K754_INSTANTIATE(double);
K754_INSTANTIATE(float16);
K754_INSTANTIATE(bfloat16);
K754_INSTANTIATE(bool);
K754_INSTANTIATE(std::int8_t);
K754_INSTANTIATE(std::int16_t);
K754_INSTANTIATE(std::int32_t);
K754_INSTANTIATE(std::int64_t);
K754_INSTANTIATE(std::uint8_t);
K754_INSTANTIATE(std::uint16_t);
K754_INSTANTIATE(std::uint32_t);
K754_INSTANTIATE(std::uint64_t);

}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled

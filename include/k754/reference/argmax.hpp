/// The definition of argmin and argmax, on one row. Everything is integer comparison, so no floating-point
/// environment can reach it.
///
///     argmax(x) = the first (ties::last: the last) i such that rank(x_i) >= rank(x_j) for all j that are not omitted
///
/// where rank is the unsigned integer below. Source: totalOrder, IEEE 754-2019, 5.10; NumPy for NaN.
#ifndef K754_REFERENCE_ARGMAX_HPP
#define K754_REFERENCE_ARGMAX_HPP

#include "../bits.hpp"
#include "../detail/flags-inl.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"

namespace k754 {

enum class extremum { minimum, maximum };

namespace reference {
inline namespace K754_ABI {

/// The element with the greatest rank wins, for argmin too.
template <extremum Extremum, policy P, element T>
constexpr auto rank_of(T x) noexcept {
  if constexpr (floating<T> && P.nans != nans::total_order) {  // which tells all bit patterns apart
    using key = bits_of<T>;
    if (is_nan(x))
      return static_cast<key>(~key{0});  // propagate: above +inf for argmax, below -inf for argmin
    if constexpr (P.subnormals == subnormals::flush) x = flush_subnormal(x);
    if constexpr (P.zeros == zeros::equal) {
      if (is_zero(x)) x = from_bits<T>(0);
    }
  }
  const auto key = order_key(x);
  return Extremum == extremum::maximum ? key : static_cast<decltype(key)>(~key);
}

/// The winner of x[0], x[stride], ... x[(n-1) stride]; -1 where no element takes part.
template <extremum Extremum, policy P, element T>
constexpr index_t arg_extremum(const T* x, index_t n, index_t stride) noexcept {
  index_t winner = -1;
  decltype(rank_of<Extremum, P>(T{})) best{};
  for (index_t i = 0; i < n; ++i) {
    const T value = detail::load(x + i * stride);
    if constexpr (floating<T> && P.nans == nans::omit) {
      if (is_nan(value)) continue;
    }
    const auto rank = rank_of<Extremum, P>(value);
    if (winner < 0 || rank > best || (P.ties == ties::last && rank == best)) {
      winner = i;
      best = rank;
    }
  }
  return winner;
}

/// The same for `count` rows that are `step` apart.
template <extremum Extremum, policy P, element T>
constexpr void arg_extrema(const T* x, index_t n, index_t stride, index_t count, index_t step,
                           index_t* winners) noexcept {
  for (index_t row = 0; row < count; ++row) {
    winners[row] = arg_extremum<Extremum, P>(x + row * step, n, stride);
  }
}

}  // namespace K754_ABI
}  // namespace reference
}  // namespace k754

#endif  // K754_REFERENCE_ARGMAX_HPP

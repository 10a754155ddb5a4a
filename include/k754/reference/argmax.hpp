/// The definition of argmin and argmax, on one row. Everything is integer comparison, so no floating-point
/// environment can reach it.
///
///     argmax(x) = the first (ties::last: the last) i such that rank(x_i) >= rank(x_j) for all j that take part
///
/// where rank is the unsigned integer below; nan_rules says what NaNs are. Source: totalOrder, IEEE 754-2019, 5.10;
/// NumPy for NaN.
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

/// Where NaNs rank: above every number for argmax and argmin alike, below, or where totalOrder puts their bits.
enum class nan_rank { above_numbers, below_numbers, of_their_bits };

/// What a value of nans means. The vector code, too, reads nothing but this.
struct nan_rule {
  nans name;
  nan_rank rank;
  bool take_part;  ///< whether a NaN can win
};
inline constexpr nan_rule nan_rules[] = {
    {nans::propagate, nan_rank::above_numbers, true},
    {nans::omit, nan_rank::below_numbers, false},
    {nans::total_order, nan_rank::of_their_bits, true},
};

/// A value that is not in the table does not compile.
constexpr const nan_rule& nan_rule_named(nans name) noexcept {
  const nan_rule* rule = nan_rules;
  while (rule->name != name) ++rule;
  return *rule;
}

/// The rule for elements of type T. Where there are no NaNs all bits are in order.
template <policy P, element T>
inline constexpr nan_rule nan_rule_of = floating<T>
                                            ? nan_rule_named(P.nans)
                                            : nan_rule{nans::total_order, nan_rank::of_their_bits, true};

/// The element with the greatest rank wins, for argmin too.
template <extremum Extremum, policy P, element T>
constexpr auto rank_of(T x) noexcept {
  if constexpr (nan_rule_of<P, T>.rank != nan_rank::of_their_bits) {
    using key = bits_of<T>;
    if (is_nan(x))
      return static_cast<key>(nan_rule_of<P, T>.rank == nan_rank::above_numbers ? ~key{0} : key{0});
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
    if constexpr (!nan_rule_of<P, T>.take_part) {
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

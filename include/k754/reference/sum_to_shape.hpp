/// The definition of the sums that undo broadcasting: all elements that were one element before.
///
/// The terms are taken in the row-major order of the axes that are summed over, wherever they lie in memory,
/// and summed in the one order of lane_sum.hpp, which starts at +0: a sum of zeros of either sign, or of
/// nothing, is +0. With d = 68 + ceil(log2(n / 1024)), or 68 where n is
/// less, the most additions in a row for n terms (78 for 2^20):
///
///   float, float16, bfloat16: in double, where no sum overflows, and one rounding to the type.
///     Error: half an ULP plus d 2^-53 sum|x|.
///   double: lane_sum<compensated>, and one rounding of the sum with its carried error. Where that is not
///     finite, the same again with every term times 2^-64 (rounded to a multiple of 2^-1074), and the result
///     times 2^64: nothing overflows on the way, so the sum is not finite where a term is not, or where it
///     rounds to infinity.
///     Error: half an ULP plus (d 2^-53)^2 sum|x|. Source: see compensated.hpp.
///   integers: modulo 2^w, where order has no meaning.
///
/// A NaN is the canonical one. Under subnormals::flush, terms are flushed first, and the result last.
#ifndef K754_REFERENCE_SUM_TO_SHAPE_HPP
#define K754_REFERENCE_SUM_TO_SHAPE_HPP

#include <concepts>
#include <type_traits>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../detail/flags-inl.hpp"
#include "../detail/layout.hpp"
#include "../fp_environment.hpp"
#include "../policy.hpp"
#include "../tensor_view.hpp"
#include "compensated.hpp"
#include "lane_sum.hpp"

namespace k754::reference {
inline namespace K754_ABI {

/// Adds the elements of a tensor that begins at `data`, each times 2^-64 where `Scaled`, to `sum`.
template <policy P, bool Scaled, class Sum, element T>
void add_elements(Sum& sum, const T* data, const detail::layout& shape) noexcept {
  const auto loop = detail::loop_over(shape, shape);
  loop.for_runs(0, loop.count(), [&](const auto& run) {
    const detail::strided<const T> x = run.of(0, data);
    for (index_t i = 0; i < run.length; ++i) {
      const double term = detail::widen<P.subnormals == subnormals::flush>(detail::load(x.at(i)));
      sum.add(Scaled ? detail::rounded(term * 0x1p-64) : term);
    }
  });
}

/// The sum of the elements of a tensor, to be evaluated in the scoped environment.
template <policy P, element T>
T sum_of_elements(const T* data, const detail::layout& shape) noexcept {
  constexpr bool flush = P.subnormals == subnormals::flush;
  if constexpr (std::same_as<T, double>) {
    lane_sum<compensated> terms;
    add_elements<P, false>(terms, data, shape);
    const compensated total = terms.total();
    const double sum = total.sum + total.error;
    if (is_finite(sum)) return detail::narrow<T, flush>(sum);

    lane_sum<compensated> scaled_terms;
    add_elements<P, true>(scaled_terms, data, shape);
    const compensated scaled = scaled_terms.total();
    if (!is_finite(scaled.sum)) return canonicalized(scaled.sum);
    return detail::narrow<T, flush>((scaled.sum + scaled.error) * 0x1p+64);
  } else if constexpr (floating<T>) {
    lane_sum<double> terms;
    add_elements<P, false>(terms, data, shape);
    return detail::narrow<T, flush>(terms.total());
  } else {
    std::make_unsigned_t<T> total = 0;
    const auto loop = detail::loop_over(shape, shape);
    loop.for_runs(0, loop.count(), [&](const auto& run) {
      const detail::strided<const T> x = run.of(0, data);
      for (index_t i = 0; i < run.length; ++i) {
        total = static_cast<std::make_unsigned_t<T>>(
            total + static_cast<std::make_unsigned_t<T>>(detail::load(x.at(i))));
      }
    });
    return static_cast<T>(total);
  }
}

/// The sum of all elements of a tensor, in any floating-point environment.
template <policy P = policy{}, tensor_like Input>
detail::element_of<Input> sum(Input&& input) noexcept {
  const auto view = detail::input_view(input);
  detail::element_of<Input> result{};
  in_default_environment([&] { result = sum_of_elements<P>(view.data_handle(), detail::layout_of(view)); });
  return result;
}

}  // namespace K754_ABI
}  // namespace k754::reference

#endif  // K754_REFERENCE_SUM_TO_SHAPE_HPP

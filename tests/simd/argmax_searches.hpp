// Makes the searches of argmax_search.hpp, for the targets of the unit that includes it.
#pragma once

#include <k754/argmax.hpp>

#include <cstdint>
#include <cstring>
#include <string>

#include "../support/targets.hpp"
#include "argmax_search.hpp"

namespace k754_test {
inline namespace K754_KERNEL_ABI {

template <k754::element T>
arg_searches searches_of(const char* type) {
  arg_searches result{type,
                      sizeof(T),
                      {},
                      [](any_function f, const void* x, index_t n, index_t stride, index_t count,
                         index_t step, index_t* winners) {
                        reinterpret_cast<k754::detail::arg_extrema_function<T>*>(f)(
                            static_cast<const T*>(x), n, stride, count, step, winners);
                      },
                      {},
                      {},
                      [](const char* name) { return k754::force_simd_target(name); }};
  const std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(T) - 1);
  if constexpr (k754::floating<T>) {
    using format = k754::detail::format_of<T>;
    for (const std::uint64_t magnitude :
         {std::uint64_t{0}, std::uint64_t{1}, format::smallest_normal - 1, format::smallest_normal,
          (format::infinity / 2) | 1, format::infinity - 1, format::infinity, format::infinity | 1,
          format::canonical_nan, format::sign_bit - 1}) {
      result.values.push_back(magnitude);
      result.values.push_back(sign | magnitude);
    }
  } else if constexpr (std::same_as<T, bool>) {
    result.values = {0, 1, 2, 0x80, 0xFF};
  } else {
    result.values = {0, 1, 2, sign - 1, sign - 2, sign, sign + 1, 2 * sign - 1, 2 * sign - 2};
  }
  return result;
}

template <k754::extremum E, k754::policy P, bool Public, k754::element T>
void add_search(arg_searches& to, const char* policy_name) {
  using namespace k754;
  to.searches.push_back({std::string(E == extremum::maximum ? "argmax " : "argmin ") + policy_name,
                         [] {
                           using kernel = detail::arg_extrema_kernel<E, P, T>;
                           return reinterpret_cast<any_function>(detail::choose<kernel>());
                         },
                         reinterpret_cast<any_function>(&reference::arg_extrema<E, P, T>), nullptr});
  if constexpr (Public) {
    to.searches.back().run = [](const untyped_view& input, const tensor_view<std::int64_t>& output,
                                index_t axis, bool keepdims) {
      const argmax_options options{.axis = axis, .keepdims = keepdims};
      const tensor_view<const T> x(static_cast<const T*>(input.data), input.rank, input.extents,
                                   input.strides);
      return E == extremum::maximum ? try_argmax<P>(x, output, options) : try_argmin<P>(x, output, options);
    };
  }
}

template <k754::element T, k754::policy P, bool Public = false>
void add_both(arg_searches& to, const char* policy_name) {
  add_search<k754::extremum::maximum, P, Public, T>(to, policy_name);
  add_search<k754::extremum::minimum, P, Public, T>(to, policy_name);
}

/// Call it when all searches are there.
inline arg_searches with_targets(arg_searches type) {
  for_each_target([&](const char* name) {
    if (!type.targets.empty() && std::strcmp(name, "reference") == 0) return;
    type.targets.push_back({name, {}});
    for (const arg_search& search : type.searches) {
      type.targets.back().functions.push_back(search.choose());
    }
  });
  return type;
}

inline constexpr k754::policy last_tie{.ties = k754::ties::last};
inline constexpr k754::policy omit_nans{.nans = k754::nans::omit};
inline constexpr k754::policy omit_nans_last_tie{.nans = k754::nans::omit, .ties = k754::ties::last};
inline constexpr k754::policy totally_ordered{.nans = k754::nans::total_order, .zeros = k754::zeros::ordered};
inline constexpr k754::policy ordered_zeros{.zeros = k754::zeros::ordered};
inline constexpr k754::policy flushed{.subnormals = k754::subnormals::flush};
inline constexpr k754::policy flushed_ordered_zeros{.subnormals = k754::subnormals::flush,
                                                    .zeros = k754::zeros::ordered};

/// Every way to read a number, with one of the two searches where the other differs by a sign.
template <k754::floating T>
arg_searches floating_searches_of(const char* type) {
  using enum k754::extremum;
  arg_searches result = searches_of<T>(type);
  add_both<T, k754::policy{}, true>(result, "default");
  add_search<minimum, last_tie, false, T>(result, "ties::last");
  add_search<maximum, omit_nans, false, T>(result, "nans::omit");
  add_search<minimum, omit_nans_last_tie, true, T>(result, "nans::omit ties::last");
  add_search<maximum, totally_ordered, false, T>(result, "nans::total_order");
  add_search<maximum, flushed, false, T>(result, "subnormals::flush");
  add_search<minimum, flushed_ordered_zeros, false, T>(result, "subnormals::flush zeros::ordered");
  return result;
}

template <k754::element T>
arg_searches integer_searches_of(const char* type) {
  arg_searches result = searches_of<T>(type);
  add_both<T, k754::policy{}, true>(result, "default");
  add_search<k754::extremum::maximum, last_tie, false, T>(result, "ties::last");
  return with_targets(result);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test

// Rows over the special values under every policy: the public kernels against the model in prose.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "argmax_model.hpp"
#include "case_count.hpp"
#include "catch.hpp"
#include "ieee754.hpp"
#include "k754/argmax.hpp"

namespace k754_test {

/// Every combination of the fields that argmin and argmax read in a row, without the contradictory ones.
constexpr std::size_t policy_count = 20;
constexpr std::array<k754::policy, policy_count> policies = [] {
  std::array<k754::policy, policy_count> all{};
  std::size_t n = 0;
  for (const k754::nans nan_rule : {k754::nans::propagate, k754::nans::omit, k754::nans::total_order}) {
    for (const k754::ties tie_rule : {k754::ties::first, k754::ties::last}) {
      for (const k754::zeros zero_rule : {k754::zeros::equal, k754::zeros::ordered}) {
        for (const k754::subnormals subnormal_rule : {k754::subnormals::preserve, k754::subnormals::flush}) {
          const k754::policy p{
              .subnormals = subnormal_rule, .nans = nan_rule, .zeros = zero_rule, .ties = tie_rule};
          if (!contradictory(p)) all[n++] = p;
        }
      }
    }
  }
  return n == policy_count ? all : throw "policy_count";
}();

/// Rows in memory, and the same decoded for the model.
template <class T>
struct rows_of {
  std::vector<T> elements;
  std::size_t length;
  std::vector<datum> data = decoded(elements);
  std::size_t count() const { return elements.size() / length; }
};

/// Both kernels under one policy; all else is common to the policies.
template <k754::policy P, class T>
k754::status evaluate(const k754::tensor_view<const T, 2>& input,
                      const k754::tensor_view<std::int64_t, 1>& least,
                      const k754::tensor_view<std::int64_t, 1>& greatest) {
  const k754::status result = k754::try_argmin<P>(input, least, {.axis = 1});
  return result == k754::status::ok ? k754::try_argmax<P>(input, greatest, {.axis = 1}) : result;
}
template <class T>
using evaluation = decltype(&evaluate<k754::policy{}, T>);
template <class T, std::size_t... I>
constexpr std::array<evaluation<T>, sizeof...(I)> evaluations(std::index_sequence<I...>) {
  return {&evaluate<policies[I], T>...};
}

template <class T>
void require_as_modelled(const rows_of<T>& rows, const k754::policy& p, evaluation<T> kernels) {
  const auto count = static_cast<k754::index_t>(rows.count()),
             length = static_cast<k754::index_t>(rows.length);
  std::vector<std::int64_t> least(rows.count(), -7), greatest(rows.count(), -7);
  REQUIRE(kernels({rows.elements.data(), {count, length}}, {least.data(), {count}},
                  {greatest.data(), {count}}) == k754::status::ok);
  std::vector<datum> row(rows.length);
  for (std::size_t r = 0; r < rows.count(); ++r) {
    for (std::size_t i = 0; i < rows.length; ++i) row[i] = rows.data[r * rows.length + i];
    if (least[r] != arg_extremum(row, k754::extremum::minimum, p) ||
        greatest[r] != arg_extremum(row, k754::extremum::maximum, p)) {
      std::vector<std::uint64_t> bits;
      for (std::size_t i = 0; i < rows.length; ++i)
        bits.push_back(bytes_of(rows.elements[r * rows.length + i]));
      CAPTURE(sizeof(T), r, bits, least[r], greatest[r], static_cast<int>(p.nans), static_cast<int>(p.ties),
              static_cast<int>(p.zeros), static_cast<int>(p.subnormals));
      FAIL("the kernel and the model differ");
    }
  }
}

template <class T>
void require_all_policies(const rows_of<T>& rows, case_count& cases) {
  constexpr auto kernels = evaluations<T>(std::make_index_sequence<policy_count>{});
  for (std::size_t p = 0; p < policy_count; ++p) {
    require_as_modelled<T>(rows, policies[p], kernels[p]);
    cases.add(2 * static_cast<long>(rows.count()));
  }
}

template <class T>
void require_short_rows(std::size_t longest, case_count& cases) {
  for (std::size_t length = 1; length <= longest; ++length) {
    require_all_policies(rows_of<T>{all_rows(special_alphabet<T>(), length), length}, cases);
  }
  // pairs of all edges of the format: subnormals and normals next to each other, NaNs of every kind
  require_all_policies(rows_of<T>{all_rows(edge_values<T>(), 2), 2}, cases);
}

// The 22620 rows of length 1 to 4, the 3136 pairs, both directions, every policy.
constexpr long cases_per_type = 2L * policy_count * (12 + 144 + 1728 + 20736 + 3136);

}  // namespace k754_test

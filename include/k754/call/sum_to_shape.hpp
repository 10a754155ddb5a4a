/// A call of sum_to_shape: its checks, and one sum for each element of the output.
#ifndef K754_CALL_SUM_TO_SHAPE_HPP
#define K754_CALL_SUM_TO_SHAPE_HPP

#include <array>
#include <cstddef>

#include "../detail/broadcast.hpp"
#include "../detail/layout.hpp"
#include "../executor.hpp"
#include "../policy.hpp"
#include "../reference/sum_to_shape.hpp"
#include "../status.hpp"
#include "../tensor_view.hpp"
#include "arguments.hpp"
#include "forms.hpp"
#include "operands.hpp"

namespace k754::detail {

template <class Output, class Input>
concept sum_of = output_like<Output> && tensor_of<Input, element_of<Output>> &&
    (floating<element_of<Output>> || integer<element_of<Output>>);

/// The fields that sums of T read of a policy.
template <element T>
K754_INLINE constexpr policy sum_policy(const policy& p) noexcept {
  return floating<T> ? policy{.subnormals = p.subnormals} : policy{};
}

inline namespace K754_ABI {

/// Where the sums of a call lie: for each element of the output, the first of its terms; and all of them from there.
struct sum_plan {
  elementwise_loop<2> sums;
  layout terms;
};

/// The sums of an input for each element of an output that broadcasts to it.
constexpr void plan_sums(sum_plan& planned, const layout& input, const layout& output) noexcept {
  layout& terms = planned.terms;
  terms = input;
  terms.rank = 0;
  layout first = output;
  first.strides = {};
  const std::size_t leading = input.rank - output.rank;
  for (std::size_t axis = 0; axis < input.rank; ++axis) {
    if (axis >= leading && output.extents[axis - leading] == input.extents[axis]) {
      first.strides[axis - leading] = input.strides[axis];
    } else {
      terms.extents[terms.rank] = input.extents[axis];
      terms.strides[terms.rank++] = input.strides[axis];
    }
  }
  if (terms.empty()) first.strides = {};  // there are no elements to point at
  planned.sums = loop_over(output, first, output);
}

/// With a policy that is reduced already.
template <policy P, element T>
struct sum_call {
  using plan = sum_plan;

  std::array<argument, 2> all;  ///< input, output

  constexpr check_result check(plan& planned) const noexcept {
    constexpr const char* kernel = "sum_to_shape";
    const auto& [x, y] = all;
    if (auto r = check_views(kernel, all); !r) return r;
    if (auto r = check_broadcasts_to(kernel, y, x.view); !r) return r;
    if (auto r = check_memory(kernel, all); !r) return r;
    plan_sums(planned, x.view, y.view);
    return {};
  }

  template <class Executor>
  check_result compute(const plan& planned, Executor& ex) const {
    const auto sums = [&](index_t begin, index_t end) {
      planned.sums.for_runs(begin, end, [&](const auto& run) {
        const auto from = run.of(0, elements_of<const T>(all[0]));
        const auto to = run.of(1, elements_of<T>(all[1]));
        for (index_t i = 0; i < run.length; ++i) {
          store(to.at(i), reference::sum_of_elements<P>(from.at(i), planned.terms));
        }
      });
    };
    const index_t grain = grain_for(element_count(planned.terms));
    if constexpr (floating<T>) {
      run_guarded(ex, planned.sums.count(), grain, sums);
    } else {
      run_pieces(ex, planned.sums.count(), grain, sums);
    }
    return {};
  }
};

template <policy P, class Input, class Output>
constexpr auto sum_to_shape_call(Input& input, Output& output) noexcept {
  using T = element_of<Output&>;
  return sum_call<sum_policy<T>(P), T>{{argument{"input", layout_of(as_tensor_view(input))},
                                        argument{"output", layout_of(as_tensor_view(output)), role::output}}};
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_SUM_TO_SHAPE_HPP

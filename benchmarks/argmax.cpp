#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <k754/argmax.hpp>

#include "data.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

template <class T>
void fill_row(std::span<T> x, const std::string& data) {
  fill(x, data, 1);
  if constexpr (k754::floating<T>) {
    const T nan =
        k754::from_bits<T>(static_cast<k754::bits_of<T>>(k754::detail::format_of<T>::canonical_nan));
    if (data == "nan_first") x.front() = nan;
    if (data == "nan_last") x.back() = nan;
  }
}

template <class T, k754::extremum Extremum, k754::policy P, class Index>
workload make(const problem& p, thread_pool& pool) {
  struct state {
    buffer<T> x;
    buffer<Index> index;
  };
  const extents rows = without_axis(p.shape, p.axis);
  const auto held = std::make_shared<state>(
      state{buffer<T>(elements_held(p, p.shape)), buffer<Index>(element_count(rows))});
  fill_row(held->x.elements(), p.data);

  const auto x = view_of<const T>(p, p.shape, held->x.data());
  const auto index = dense(rows, held->index.data());
  const k754::argmax_options options{.axis = p.axis};
  workload w;
  w.run = repeated([held, x, index, options, ex = pool_executor{&pool}]() mutable {
    if constexpr (Extremum == k754::extremum::maximum) {
      return k754::try_argmax<P>(x, index, options, ex);
    } else {
      return k754::try_argmin<P>(x, index, options, ex);
    }
  });
  w.outputs = {held->index.memory()};
  w.memory.bytes_read = static_cast<double>(held->x.size() * sizeof(T));
  w.memory.bytes_written = static_cast<double>(held->index.size() * sizeof(Index));
  w.bytes_held = held->x.size() * sizeof(T);
  return w;
}

/// The instantiations that cases.json needs: all types with the defaults, policies for some.
template <k754::extremum Extremum>
std::optional<workload> make_any(const problem& p, thread_pool& pool) {
  using namespace k754;
  constexpr policy defaults{}, omit{.nans = nans::omit}, total_order{.nans = nans::total_order},
      last{.ties = ties::last}, ordered{.zeros = zeros::ordered}, flush{.subnormals = subnormals::flush};
  constexpr bool maximum = Extremum == extremum::maximum;
  if (p.index == dtype::i32) {
    if (!maximum || p.dtype != dtype::f32 || p.policy != defaults) return std::nullopt;
    return make<float, extremum::maximum, defaults, std::int32_t>(p, pool);
  }
  const auto with = [&]<class T, policy P>() { return make<T, Extremum, P, std::int64_t>(p, pool); };
  const auto by_default = [&]<class T>() { return with.template operator()<T, defaults>(); };
  if (p.policy == defaults) {
    if constexpr (!maximum) {
      return for_dtype(p, types<float, double, float16, bfloat16, std::int8_t, std::int32_t>(), by_default);
    } else {
      return for_dtype(p, element_types(), by_default);
    }
  }
  if constexpr (!maximum) {
    if (p.dtype != dtype::f32) return std::nullopt;
    return for_policy<omit>(p.policy, [&]<policy P>() { return with.template operator()<float, P>(); });
  } else {
    if (p.dtype == dtype::f32) {
      return for_policy<omit, total_order, last, ordered, flush>(
          p.policy, [&]<policy P>() { return with.template operator()<float, P>(); });
    }
    if (p.dtype == dtype::i32 && p.policy == last) return with.template operator()<std::int32_t, last>();
    const auto wide = [&]<class T>() {
      return *for_policy<omit, total_order, last>(
          p.policy, [&]<policy P>() { return with.template operator()<T, P>(); });
    };
    if (p.policy == ordered || p.policy == flush) return std::nullopt;
    return for_dtype(p, types<double, float16>(), wide);
  }
}

}  // namespace

void add_argmax(workload_makers& makers) {
  makers["argmax"] = make_any<k754::extremum::maximum>;
  makers["argmin"] = make_any<k754::extremum::minimum>;
}

}  // namespace benchmarks

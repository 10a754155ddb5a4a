#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <k754/softmax.hpp>

#include "data.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

enum class form { softmax, log_softmax, logsumexp, masked_softmax, softmax_backward, log_softmax_backward };

constexpr bool is_gradient(form f) { return f == form::softmax_backward || f == form::log_softmax_backward; }

template <class T>
void fill_logits(std::span<T> x, const std::string& data, index_t columns) {
  fill(x, data, 1, 3);
  const auto at = [&](std::uint64_t row) -> T& {  // some place in it
    return x[row * static_cast<std::uint64_t>(columns) +
             random_bits(3, row) % static_cast<std::uint64_t>(columns)];
  };
  const T infinity = T(std::numeric_limits<float>::infinity());
  const T negative = T(-std::numeric_limits<float>::infinity());
  const std::uint64_t rows = x.size() / static_cast<std::uint64_t>(columns);
  if (data == "all_neg_inf") std::fill(x.begin(), x.end(), negative);
  if (data == "inf_masked") {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if ((random_bits(4, i) & 1) != 0) x[i] = negative;
    }
  }
  for (std::uint64_t row = 0; row < rows; ++row) {
    if (data == "one_pos_inf") at(row) = infinity;
    if (data == "one_nan") at(row) = T(std::numeric_limits<float>::quiet_NaN());
  }
}

/// The arguments of one call.
template <class T>
struct arguments {
  problem p;
  buffer<T> x, upstream, output;
  buffer<bool> mask;

  extents output_shape(form f) const {
    return f == form::logsumexp ? without_axis(p.shape, p.axis) : p.shape;
  }

  arguments(const problem& of, form f) : p(of) {
    x = buffer<T>(element_count(p.shape));
    output = buffer<T>(element_count(output_shape(f)));
    if (is_gradient(f)) upstream = buffer<T>(element_count(p.shape));
    if (f == form::masked_softmax) mask = buffer<bool>(element_count(p.mask_shape));
  }

  template <form F, k754::policy P>
  k754::status call(const pool_executor& ex) {
    const auto in = dense<const T>(p.shape, x.data());
    const auto out = dense<T>(output_shape(F), output.data());
    const k754::softmax_options options{.axis = p.axis};
    if constexpr (F == form::softmax) {
      return k754::try_softmax<P>(in, out, options, ex);
    } else if constexpr (F == form::log_softmax) {
      return k754::try_log_softmax<P>(in, out, options, ex);
    } else if constexpr (F == form::logsumexp) {
      return k754::try_logsumexp<P>(in, out, {.axis = p.axis}, ex);
    } else if constexpr (F == form::masked_softmax) {
      return k754::try_masked_softmax<P>(in, dense<const bool>(p.mask_shape, mask.data()), out, options, ex);
    } else if constexpr (F == form::softmax_backward) {
      return k754::try_softmax_backward<P>(in, dense<const T>(p.shape, upstream.data()), out, options, ex);
    } else {
      return k754::try_log_softmax_backward<P>(in, dense<const T>(p.shape, upstream.data()), out, options,
                                               ex);
    }
  }
};

/// The arguments that a gradient takes are what the forward function returned.
template <form F, class T>
void prepare(arguments<T>& a, const pool_executor& ex) {
  fill_logits(a.x.elements(), a.p.data, a.p.shape.back());
  if constexpr (is_gradient(F)) {
    constexpr form forward = F == form::softmax_backward ? form::softmax : form::log_softmax;
    if (a.template call<forward, k754::policy{}>(ex) != k754::status::ok)
      throw std::runtime_error("the forward function failed");
    std::copy(a.output.elements().begin(), a.output.elements().end(), a.x.data());
    fill(a.upstream.elements(), "random", 2);
  }
  fill_mask(a.mask.elements(), a.p);
}

template <form F, class T, k754::policy P>
workload make(const problem& p, thread_pool& pool) {
  const auto held = std::make_shared<arguments<T>>(p, F);
  const pool_executor ex{&pool};
  prepare<F>(*held, ex);
  workload w;
  w.run = repeated([held, ex] { return held->template call<F, P>(ex); });
  w.outputs = {held->output.memory()};
  w.max_ulp = error_of<T>([held, ex]() -> std::optional<double> {
    arguments<double> exact(held->p, F);
    widen(held->x, exact.x);
    widen(held->upstream, exact.upstream);
    std::copy(held->mask.elements().begin(), held->mask.elements().end(), exact.mask.data());
    if (exact.template call<F, k754::policy{}>(ex) != k754::status::ok) return std::nullopt;
    return max_ulp_error<T>(held->output.elements(), exact.output.elements());
  });
  const double bytes = static_cast<double>(held->x.size() * sizeof(T));
  w.memory = {.bytes_read = bytes * (is_gradient(F) ? 2 : 1),
              .bytes_written = F == form::logsumexp ? 0 : bytes,
              .inputs = is_gradient(F) ? 2 : 1,
              .outputs = F == form::logsumexp ? 0 : 1};
  w.bytes_held =
      (held->x.size() + held->output.size() + held->upstream.size()) * sizeof(T) + held->mask.size();
  return w;
}

template <form F>
std::optional<workload> make_any(const problem& p, thread_pool& pool) {
  constexpr k754::policy defaults{}, fast{.precision = k754::precision::fast},
      exact{.precision = k754::precision::exact};
  constexpr bool has_tiers = F == form::softmax || F == form::log_softmax || F == form::logsumexp;
  if constexpr (has_tiers) {
    if (p.dtype == dtype::f32) {
      return for_policy<defaults, fast, exact>(p.policy,
                                               [&]<k754::policy P>() { return make<F, float, P>(p, pool); });
    }
    if (p.policy == fast) {
      return for_dtype(p, types<k754::float16, k754::bfloat16>(),
                       [&]<class T>() { return make<F, T, fast>(p, pool); });
    }
  }
  if (p.policy != defaults) return std::nullopt;
  const auto with = [&]<class T>() { return make<F, T, defaults>(p, pool); };
  if constexpr (F == form::softmax || F == form::log_softmax) {
    return for_dtype(p, floating_types(), with);
  } else {
    return for_dtype(p, types<float, double>(), with);
  }
}

}  // namespace

void add_softmax(workload_makers& makers) {
  makers["softmax"] = make_any<form::softmax>;
  makers["log_softmax"] = make_any<form::log_softmax>;
  makers["logsumexp"] = make_any<form::logsumexp>;
  makers["masked_softmax"] = make_any<form::masked_softmax>;
  makers["softmax_backward"] = make_any<form::softmax_backward>;
  makers["log_softmax_backward"] = make_any<form::log_softmax_backward>;
}

}  // namespace benchmarks

#include <memory>
#include <optional>

#include <k754/exp_log.hpp>
#include <k754/xlogy.hpp>

#include "data.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

enum class form { exp, log, log1p, xlogy, xlogy_backward };

constexpr bool is_of_two(form f) { return f == form::xlogy || f == form::xlogy_backward; }

/// The arguments of one call; those of logarithms are positive.
template <class T>
struct arguments {
  problem p;
  buffer<T> x, y, upstream, output, second_output;

  arguments(const problem& of, form f) : p(of) {
    const index_t count = element_count(p.shape);
    x = buffer<T>(count);
    output = buffer<T>(count);
    if (is_of_two(f)) y = buffer<T>(count);
    if (f == form::xlogy_backward) {
      upstream = buffer<T>(count);
      second_output = buffer<T>(count);
    }
  }

  void fill_all(form f) {
    fill(x.elements(), p.data, 1);
    fill(y.elements(), p.data, 2);
    fill(upstream.elements(), p.data, 3);
    const auto make_positive = [](std::span<T> all) {
      for (T& one : all) one = static_cast<T>(std::fabs(static_cast<double>(one)));
    };
    if (f != form::exp) make_positive(is_of_two(f) ? y.elements() : x.elements());
  }

  template <form F>
  k754::status call(const pool_executor& ex) {
    const auto in = dense<const T>(p.shape, x.data());
    const auto out = dense<T>(p.shape, output.data());
    if constexpr (F == form::exp) {
      return k754::try_exp(in, out, ex);
    } else if constexpr (F == form::log) {
      return k754::try_log(in, out, ex);
    } else if constexpr (F == form::log1p) {
      return k754::try_log1p(in, out, ex);
    } else if constexpr (F == form::xlogy) {
      return k754::try_xlogy(in, dense<const T>(p.shape, y.data()), out, ex);
    } else {
      return k754::try_xlogy_backward(in, dense<const T>(p.shape, y.data()),
                                      dense<const T>(p.shape, upstream.data()), out,
                                      dense<T>(p.shape, second_output.data()), ex);
    }
  }
};

template <form F, class T>
workload make(const problem& p, thread_pool& pool) {
  const auto held = std::make_shared<arguments<T>>(p, F);
  const pool_executor ex{&pool};
  held->fill_all(F);
  workload w;
  w.run = repeated([held, ex] { return held->template call<F>(ex); });
  w.outputs = {held->output.memory()};
  if (F == form::xlogy_backward) w.outputs.push_back(held->second_output.memory());
  w.max_ulp = error_of<T>([held, ex]() -> std::optional<double> {
    arguments<double> exact(held->p, F);
    widen(held->x, exact.x);
    widen(held->y, exact.y);
    widen(held->upstream, exact.upstream);
    if (exact.template call<F>(ex) != k754::status::ok) return std::nullopt;
    return max_ulp_error<T>(held->output.elements(), exact.output.elements());
  });
  const double bytes = static_cast<double>(held->x.size() * sizeof(T));
  const int inputs = F == form::xlogy_backward ? 3
                     : is_of_two(F)            ? 2
                                               : 1,
            outputs = F == form::xlogy_backward ? 2 : 1;
  w.memory = {
      .bytes_read = bytes * inputs, .bytes_written = bytes * outputs, .inputs = inputs, .outputs = outputs};
  w.bytes_held = held->x.size() * sizeof(T) * static_cast<std::size_t>(inputs + outputs);
  return w;
}

template <form F>
std::optional<workload> make_any(const problem& p, thread_pool& pool) {
  if (p.policy != k754::policy{}) return std::nullopt;
  return for_dtype(p, floating_types(), [&]<class T>() { return make<F, T>(p, pool); });
}

}  // namespace

void add_exp_log(workload_makers& makers) {
  makers["exp"] = make_any<form::exp>;
  makers["log"] = make_any<form::log>;
  makers["log1p"] = make_any<form::log1p>;
  makers["xlogy"] = make_any<form::xlogy>;
  makers["xlogy_backward"] = make_any<form::xlogy_backward>;
}

}  // namespace benchmarks

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <k754/cross_entropy_with_gradient.hpp>
#include <k754/softmax.hpp>

#include "data.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

enum class form { loss, gradient, both };

template <class T>
struct arguments {
  problem p;
  buffer<T> logits, probabilities, weights, loss, gradient;
  buffer<std::int64_t> labels;

  extents rows() const { return without_axis(p.shape, p.axis); }

  arguments(const problem& of, form f) : p(of) {
    logits = buffer<T>(element_count(p.shape));
    if (p.labels == "index") {
      labels = buffer<std::int64_t>(element_count(rows()));
    } else {
      probabilities = buffer<T>(element_count(p.shape));
    }
    if (p.class_weights) weights = buffer<T>(classes());
    if (f != form::gradient) loss = buffer<T>(p.reduction == "mean" ? 1 : element_count(rows()));
    if (f != form::loss) gradient = buffer<T>(element_count(p.shape));
  }

  index_t classes() const { return p.shape[static_cast<std::size_t>(p.axis)]; }

  template <form F>
  k754::status call(const pool_executor& ex) {
    if (p.labels == "index") return call_with<F>(dense<const std::int64_t>(rows(), labels.data()), ex);
    return call_with<F>(dense<const T>(p.shape, probabilities.data()), ex);
  }

  template <form F, class Labels>
  k754::status call_with(const Labels& given, const pool_executor& ex) {
    const auto x = dense<const T>(p.shape, logits.data());
    k754::cross_entropy_options<T> options{
        .axis = p.axis, .ignore_index = p.ignore_index, .label_smoothing = p.label_smoothing};
    if (p.class_weights) options.class_weights = dense<const T>({classes()}, weights.data());
    const extents losses = p.reduction == "mean" ? extents{} : rows();
    if (p.reduction == "none") options.reduction = k754::reduction::none;
    const auto to = dense<T>(losses, loss.data());
    const auto dx = dense<T>(p.shape, gradient.data());
    if constexpr (F == form::loss) return k754::try_cross_entropy(x, given, to, options, ex);
    if constexpr (F == form::gradient) return k754::try_cross_entropy_backward(x, given, dx, options, ex);
    return k754::try_cross_entropy_with_gradient(x, given, to, dx, options, ex);
  }
};

template <form F, class T>
workload make(const problem& p, thread_pool& pool) {
  const auto held = std::make_shared<arguments<T>>(p, F);
  const pool_executor ex{&pool};
  fill(held->logits.elements(), "random", 1, 3);
  for (std::size_t i = 0; i < held->labels.size(); ++i) {
    held->labels.data()[i] =
        static_cast<std::int64_t>(random_bits(5, i) % static_cast<std::uint64_t>(held->classes()));
  }
  if (held->probabilities.size() > 0) {
    fill(held->probabilities.elements(), "random", 6);
    const auto q = dense<T>(p.shape, held->probabilities.data());
    if (k754::try_softmax(q, q, {.axis = p.axis}, ex) != k754::status::ok)
      throw std::runtime_error("no labels");
  }
  for (T& weight : held->weights.elements()) {
    weight = T(0.5 + std::fabs(random_normal(8, static_cast<std::uint64_t>(&weight - held->weights.data()))));
  }

  workload w;
  w.run = repeated([held, ex] { return held->template call<F>(ex); });
  if (F != form::gradient) w.outputs.push_back(held->loss.memory());
  if (F != form::loss) w.outputs.push_back(held->gradient.memory());
  w.max_ulp = error_of<T>([held, ex]() -> std::optional<double> {
    arguments<double> exact(held->p, F);
    widen(held->logits, exact.logits);
    widen(held->probabilities, exact.probabilities);
    widen(held->weights, exact.weights);
    std::copy(held->labels.elements().begin(), held->labels.elements().end(), exact.labels.data());
    if (exact.template call<F>(ex) != k754::status::ok) return std::nullopt;
    return std::max(max_ulp_error<T>(held->loss.elements(), exact.loss.elements()),
                    max_ulp_error<T>(held->gradient.elements(), exact.gradient.elements()));
  });
  const double bytes = static_cast<double>(held->logits.size() * sizeof(T));
  const int inputs = p.labels == "index" ? 1 : 2;
  w.memory = {.bytes_read = bytes * inputs,
              .bytes_written = F == form::loss ? 0 : bytes,
              .inputs = inputs,
              .outputs = F == form::loss ? 0 : 1};
  w.bytes_held =
      (held->logits.size() + held->probabilities.size() + held->loss.size() + held->gradient.size()) *
          sizeof(T) +
      held->labels.size() * sizeof(std::int64_t);
  return w;
}

template <form F>
std::optional<workload> make_any(const problem& p, thread_pool& pool) {
  if (p.policy != k754::policy{}) return std::nullopt;
  return for_dtype(p, floating_types(), [&]<class T>() { return make<F, T>(p, pool); });
}

}  // namespace

void add_cross_entropy(workload_makers& makers) {
  makers["cross_entropy"] = make_any<form::loss>;
  makers["cross_entropy_backward"] = make_any<form::gradient>;
  makers["cross_entropy_with_gradient"] = make_any<form::both>;
}

}  // namespace benchmarks

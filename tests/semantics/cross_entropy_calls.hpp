// Calls of cross_entropy by the words of a row, for any policy.
#pragma once

#include <k754/cross_entropy_with_gradient.hpp>

#include <cstdint>
#include <string>

#include "semantics.hpp"

namespace k754_test {

using namespace k754;

/// `axis`, `reduction`, `ignore_index`, `label_smoothing` and `class_weights` of a row.
template <class Call, class Logits>
auto entropy_options(Call& c, const Logits&) {
  cross_entropy_options<typename Call::element_type> options{
      .axis = c.integer("axis", -1), .label_smoothing = c.number("label_smoothing", 0.0)};
  const std::string kind = c.word("reduction", "mean");
  if (kind != "mean") options.reduction = kind == "none" ? reduction::none : reduction::sum;
  if (c.has("ignore_index")) options.ignore_index = c.integer("ignore_index", 0);
  if (c.has("class_weights")) options.class_weights = c.input("class_weights");
  if (c.has("row_weights")) {
    using weight = typename decltype(options.row_weights)::weight;
    options.row_weights = c.template input<weight>("row_weights");
  }
  return options;
}

/// The shape of a loss.
template <class Logits, class Options>
shape result_shape(const Logits& logits, const Options& options) {
  if (options.reduction != reduction::none) return {};
  shape extents = shape_of(logits);
  extents.erase(extents.begin() + (options.axis < 0 ? options.axis + std::ssize(extents) : options.axis));
  return extents;
}

/// An output that the row may leave out.
template <class Call>
auto wanted_output(Call& c, const shape& extents, const std::string& name) {
  using view = tensor_view<typename Call::element_type>;
  return c.wants(name) ? c.output(extents, name) : view();
}

/// Results `loss` and `dlogits`; with `upstream` where the row states it.
template <policy P, class... Types>
void register_index_labels(const std::string& name) {
  register_call<Types...>(name, [](auto& c) {
    const auto logits = c.input();
    const auto labels = c.template input<std::int64_t>("labels");
    const auto options = entropy_options(c, logits);
    const bool wants_loss = c.wants("loss"), wants_dlogits = c.wants("dlogits"),
               has_upstream = c.has("upstream");
    const auto loss = wanted_output(c, result_shape(logits, options), "loss");
    const auto dlogits = wanted_output(c, shape_of(logits), "dlogits");
    const auto upstream = has_upstream ? c.input("upstream") : decltype(c.input()){};
    c.run([=] {
      status result = status::ok;
      if (wants_loss) result = try_cross_entropy<P>(logits, labels, loss, options);
      if (result != status::ok || !wants_dlogits) return result;
      if (has_upstream) return try_cross_entropy_backward<P>(logits, labels, upstream, dlogits, options);
      return try_cross_entropy_backward<P>(logits, labels, dlogits, options);
    });
  });
}

/// Results `loss` and `dlogits` of one call, with `upstream` where the row states it.
template <class Label, class Loss, class... Types>
void register_with_gradient(const std::string& name) {
  register_call<Types...>(name, [](auto& c) {
    using element = typename std::remove_cvref_t<decltype(c)>::element_type;
    using loss_type = std::conditional_t<std::same_as<Loss, void>, element, Loss>;
    const auto logits = c.input();
    const auto labels =
        c.template input<std::conditional_t<std::same_as<Label, void>, element, Label>>("labels");
    const auto options = entropy_options(c, logits);
    const bool has_upstream = c.has("upstream");
    const auto loss = c.template output<loss_type>(result_shape(logits, options), "loss");
    const auto dlogits = c.output(shape_of(logits), "dlogits");
    const auto upstream = has_upstream ? c.input("upstream") : decltype(c.input()){};
    c.run([=] {
      if (!has_upstream) return try_cross_entropy_with_gradient(logits, labels, loss, dlogits, options);
      return try_cross_entropy_with_gradient(logits, labels, upstream, loss, dlogits, options);
    });
  });
}

/// Results `loss`, `dlogits` and `dlabels`.
template <policy P, class... Types>
void register_probability_labels(const std::string& name) {
  register_call<Types...>(name, [](auto& c) {
    const auto logits = c.input();
    const auto labels = c.input("labels");
    const auto options = entropy_options(c, logits);
    const bool wants_loss = c.wants("loss"), wants_dlogits = c.wants("dlogits"),
               wants_dlabels = c.wants("dlabels"), has_upstream = c.has("upstream");
    const auto loss = wanted_output(c, result_shape(logits, options), "loss");
    const auto dlogits = wanted_output(c, shape_of(logits), "dlogits");
    const auto dlabels = wanted_output(c, shape_of(logits), "dlabels");
    const auto upstream = has_upstream ? c.input("upstream") : decltype(c.input()){};
    c.run([=] {
      status result = status::ok;
      if (wants_loss) result = try_cross_entropy<P>(logits, labels, loss, options);
      if (result == status::ok && wants_dlogits) {
        result = has_upstream ? try_cross_entropy_backward<P>(logits, labels, upstream, dlogits, options)
                              : try_cross_entropy_backward<P>(logits, labels, dlogits, options);
      }
      if (result != status::ok || !wants_dlabels) return result;
      if (has_upstream)
        return try_cross_entropy_label_backward<P>(logits, labels, upstream, dlabels, options);
      return try_cross_entropy_label_backward<P>(logits, labels, dlabels, options);
    });
  });
}

}  // namespace k754_test

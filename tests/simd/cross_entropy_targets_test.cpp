// Cross-entropy on every target, through the public interface: the loss, the gradient, and both in one call,
// of tensors in any layout, on executors, in place, and between guarded pages, against the definition.
#include <k754/cross_entropy_with_gradient.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "../support/executors.hpp"
#include "../support/random_tensor.hpp"
#include "softmax_runs.hpp"

namespace k754_test {
namespace {

template <floating T>
using options_of = cross_entropy_options<T>;

/// What the three functions take.
template <floating T, floating Loss>
struct entropy_problem {
  tensor_view<const T> logits;
  tensor_view<const std::int32_t> labels;
  tensor_view<const T> probabilities;
  bool with_probabilities;
  tensor_view<const T> upstream;
  bool has_upstream;
  tensor_view<Loss> loss;
  tensor_view<T> gradient;
  options_of<T> options;

  template <policy P>
  status run_loss(const any_executor& ex) const {
    return with_labels([&](auto given) { return try_cross_entropy<P>(logits, given, loss, options, ex); });
  }
  template <policy P>
  status run_gradient(const any_executor& ex) const {
    return with_labels([&](auto given) {
      if (!has_upstream) return try_cross_entropy_backward<P>(logits, given, gradient, options, ex);
      return try_cross_entropy_backward<P>(logits, given, upstream, gradient, options, ex);
    });
  }
  template <policy P>
  status run_both(const any_executor& ex) const {
    return with_labels([&](auto given) {
      if (!has_upstream)
        return try_cross_entropy_with_gradient<P>(logits, given, loss, gradient, options, ex);
      return try_cross_entropy_with_gradient<P>(logits, given, upstream, loss, gradient, options, ex);
    });
  }
  template <class Run>
  status with_labels(const Run& run) const {
    return with_probabilities ? run(probabilities) : run(labels);
  }
};

/// The bytes of the outputs, and of the logits where they are the gradient.
struct output_bytes {
  unsigned char* loss;
  std::size_t loss_size;
  unsigned char* gradient;
  std::size_t gradient_size;

  std::vector<unsigned char> get() const {
    std::vector<unsigned char> all(loss, loss + loss_size);
    all.insert(all.end(), gradient, gradient + gradient_size);
    return all;
  }
  void set(const std::vector<unsigned char>& all) const {
    std::memcpy(loss, all.data(), loss_size);
    std::memcpy(gradient, all.data() + loss_size, gradient_size);
  }
};

template <policy P, floating T, floating Loss>
void compare_with_definition(const entropy_problem<T, Loss>& p, const output_bytes& outputs,
                             const std::vector<any_executor>& executors, case_count& cases) {
  const std::vector<unsigned char> before = outputs.get();
  std::vector<unsigned char> expected;
  {
    const best_target_at_end restored;
    REQUIRE(force_simd_target("reference"));
    REQUIRE(p.template run_loss<P>(serial) == status::ok);
    REQUIRE(p.template run_gradient<P>(serial) == status::ok);  // last: it may be over the logits
    expected = outputs.get();
  }
  for_each_target([&](const char*) {
    for (const any_executor& ex : executors) {
      outputs.set(before);
      REQUIRE(p.template run_loss<P>(ex) == status::ok);
      REQUIRE(p.template run_gradient<P>(ex) == status::ok);
      const bool two_calls = outputs.get() == expected;
      CHECK(two_calls);
      outputs.set(before);
      REQUIRE(p.template run_both<P>(ex) == status::ok);
      const bool one_call = outputs.get() == expected;
      INFO("classes " << p.logits.extent(static_cast<std::size_t>(p.options.axis)) << ", axis "
                      << p.options.axis << " of " << p.logits.rank() << ", reduction "
                      << static_cast<int>(p.options.reduction) << ", in place "
                      << (p.logits.data_handle() == p.gradient.data_handle()));
      REQUIRE(one_call);
      REQUIRE(two_calls);
      cases.add();
    }
  });
  outputs.set(before);
}

/// Logits, each row of a mix of its own.
template <floating T>
void make_logits(random_elements<T>& random, const tensor_view<T>& x, std::size_t axis) {
  index_vector rows;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (i != axis) rows.push_back(x.extent(i));
  }
  for_each_index(rows, [&](const index_vector& row) {
    const row_mix mix = random.below(3) > 0 ? row_mix::narrow : random.mix();
    index_t at = 0;
    for (std::size_t i = 0, r = 0; i < x.rank(); ++i) {
      if (i != axis) at += row[r++] * x.stride(i);
    }
    for (index_t c = 0; c < x.extent(axis); ++c)
      detail::store(x.data_handle() + at + c * x.stride(axis), random.element(mix));
  });
}

template <class T, class Make>
void make_elements(random_tensor<T>& tensor, const Make& make) {
  for (std::size_t i = 0; i + sizeof(T) <= tensor.memory.size(); i += sizeof(T)) {
    const T x = make();
    std::memcpy(&tensor.memory[i], &x, sizeof(T));
  }
}

template <policy P, floating T, floating Loss>
void check_tensor(std::mt19937_64& random, random_elements<T>& elements, const index_vector& shape,
                  std::size_t axis, case_count& cases) {
  const index_t classes = shape[axis];
  index_vector rows = shape;
  rows.erase(rows.begin() + static_cast<index_t>(axis));
  const bool in_place = random() % 4 == 0, weighted = random() % 3 == 0, has_upstream = random() % 3 == 0;
  const auto kind = static_cast<reduction>(random() % 3);
  const index_vector losses = kind == reduction::none ? rows : index_vector{};

  random_tensor<T> x(random, shape, true), gradient(random, shape, false);
  random_tensor<Loss> loss(random, losses, false);
  random_tensor<T> upstream(random, losses, true), weights(random, {classes}, false);
  random_tensor<std::int32_t> labels(random, rows, true);
  random_tensor<T> probabilities(random, shape, true);
  const bool with_probabilities = random() % 3 == 0, over_labels = in_place && random() % 2 == 0;
  tensor_view<T> logits = in_place && !over_labels ? gradient.view() : x.view();
  tensor_view<T> q = over_labels ? gradient.view() : probabilities.view();
  make_logits(elements, q, axis);
  auto& memory_of_q = over_labels ? gradient.memory : probabilities.memory;
  for (std::size_t i = 0; i + sizeof(T) <= memory_of_q.size(); i += sizeof(T)) {
    if (random() % 3 == 0) std::memset(&memory_of_q[i], 0, sizeof(T));
  }
  make_logits(elements, logits, axis);
  const bool bad = P.bad_index != bad_index::error && random() % 2 == 0, ignores = random() % 2 == 0;
  make_elements(labels, [&] {
    if (ignores && random() % 5 == 0) return std::int32_t{-100};
    if (bad && random() % 9 == 0) return static_cast<std::int32_t>(random() % 2 == 0 ? classes : -1);
    return static_cast<std::int32_t>(random_below(random, classes));
  });
  const bool odd = random() % 4 == 0;
  const auto factor = [&] {
    if (odd && random() % 6 == 0) return elements.element(row_mix::with_edges);
    return elements.element(row_mix::narrow);
  };
  random_tensor<float> row_weights(random, rows, true);
  make_elements(row_weights, [&] { return static_cast<float>(factor()); });
  make_elements(weights, factor);
  make_elements(upstream, factor);

  options_of<T> options{.axis = static_cast<index_t>(axis), .reduction = kind};
  if (ignores && !with_probabilities) options.ignore_index = -100;
  if (weighted && P.label_sum == label_sum::general) options.class_weights = weights.view();
  if (random() % 4 == 0) options.row_weights = row_weights.view();
  if (random() % 3 == 0) options.label_smoothing = 0.125 * static_cast<double>(random() % 9);
  const entropy_problem<T, Loss> problem{logits,          labels.view(), q,           with_probabilities,
                                         upstream.view(), has_upstream,  loss.view(), gradient.view(),
                                         options};
  std::vector<any_executor> executors{random() % 2 == 0 ? any_executor(serial_executor{})
                                                        : any_executor(reverse_executor{})};
  if (random() % 16 == 0) executors.emplace_back(thread_executor{});
  compare_with_definition<P>(
      problem, {loss.memory.data(), loss.memory.size(), gradient.memory.data(), gradient.memory.size()},
      executors, cases);
}

template <policy P, floating T, floating Loss = T>
void check_tensors(const char* what, long rounds) {
  std::mt19937_64 random(13);
  random_elements<T> elements(17);
  case_count cases(what, sweep_floor(3 * rounds));
  for (long round = 0; round < scaled(rounds); ++round) {
    index_vector shape = random_shape(random, 3, 6);
    if (shape.empty()) shape.push_back(4);
    const auto axis = static_cast<std::size_t>(random_below(random, std::ssize(shape)));
    if (shape[axis] == 0) shape[axis] = 1;
    switch (random() % 8) {
      case 0:  // many short rows, or a tile of columns and more
        shape = {1 + random_below(random, 300), 1 + random_below(random, 40)};
        check_tensor<P, T, Loss>(random, elements, {shape[0], shape[1]}, 1, cases);
        check_tensor<P, T, Loss>(random, elements, {shape[1], shape[0]}, 0, cases);
        break;
      case 1:  // longer columns
        check_tensor<P, T, Loss>(random, elements,
                                 {60 + random_below(random, 90), 1 + random_below(random, 140)}, 0, cases);
        break;
      case 2:
        shape[axis] = 1 + random_below(random, 200);
        check_tensor<P, T, Loss>(random, elements, shape, axis, cases);
        break;
      default:
        check_tensor<P, T, Loss>(random, elements, shape, axis, cases);
    }
  }
  for (const index_t classes :
       {1023, 1024, 1025, 2047, 2048, 2049, 3100}) {  // blocks, and exponentials that are kept
    check_tensor<P, T, Loss>(random, elements, {3, classes}, 1, cases);
    check_tensor<P, T, Loss>(random, elements, {classes, 19}, 0, cases);
  }
  for (const index_t rows : {1023, 1025, 2100, 33000})
    check_tensor<P, T, Loss>(random, elements, {rows, 3}, 1, cases);
  cases.check();
}

/// Every length up to a few vectors, a special logit at each position in turn, as rows and columns, in guarded memory.
template <floating T>
void check_lengths() {
  constexpr index_t longest = 67;
  const guarded_buffer x(sizeof(T) * longest * longest), q(sizeof(T) * longest * longest),
      dx(sizeof(T) * longest * longest), loss(sizeof(T) * longest), labels(sizeof(std::int32_t) * longest);
  random_elements<T> random(5);
  case_count cases("lengths x special positions, between guarded pages", sweep_floor(2000));
  const std::vector<T> specials = special_alphabet<T>();
  for (index_t n = 1; n <= longest; n += test_scale() > 1 ? 7 : 1) {
    for (std::size_t k = 0; k < specials.size(); ++k) {
      const auto elements = static_cast<std::size_t>(n * n), rows = static_cast<std::size_t>(n);
      const bool at_end = (rows + k) % 2 == 1;
      const std::array<index_t, 2> shape{n, n};
      T* const logits = at_end ? x.flush_with_end<T>(elements) : x.flush_with_begin<T>();
      T* const probabilities = at_end ? q.flush_with_end<T>(elements) : q.flush_with_begin<T>();
      T* const gradient = at_end ? dx.flush_with_end<T>(elements) : dx.flush_with_begin<T>();
      auto* const t = labels.flush_with_end<std::int32_t>(rows);
      make_logits<T>(random, tensor_view<T>(tensor_view(logits, shape)), 1);
      make_logits<T>(random, tensor_view<T>(tensor_view(probabilities, shape)), 1);
      for (index_t i = 0; i < n; ++i) {
        detail::store(logits + i * n + i, specials[k]);
        t[i] = static_cast<std::int32_t>(random.below(rows));
      }
      const entropy_problem<T, T> problem{
          tensor_view(static_cast<const T*>(logits), shape),
          tensor_view(static_cast<const std::int32_t*>(t), std::array{n}),
          tensor_view(static_cast<const T*>(probabilities), shape),
          k % 2 == 0,
          {},
          false,
          tensor_view(loss.flush_with_end<T>(rows), std::array{n}),
          tensor_view(gradient, shape),
          {.axis = static_cast<index_t>(random.below(2)), .reduction = reduction::none}};
      compare_with_definition<policy{}>(problem, {loss.begin(), loss.size(), dx.begin(), dx.size()}, {serial},
                                        cases);
    }
  }
  cases.check();
}

}  // namespace

TEST_CASE("cross-entropy on every target: tensors of float") {
  check_tensors<policy{}, float>("tensors of float", 1200);
}
TEST_CASE("cross-entropy on every target: other rules") {
  check_tensors<policy{.zero_mass = zero_mass::zero,
                       .pos_inf = pos_inf::limit,
                       .zero_times_inf = zero_times_inf::ieee,
                       .label_sum = label_sum::assume_one,
                       .bad_index = bad_index::poison},
                float>("tensors of float, other rules", 400);
}
TEST_CASE("cross-entropy on every target: tensors of bfloat16, flushed") {
  check_tensors<policy{.subnormals = subnormals::flush,
                       .zero_mass = zero_mass::uniform,
                       .zero_times_inf = zero_times_inf::annihilating_zero,
                       .bad_index = bad_index::ignore},
                bfloat16>("tensors of bfloat16, flushed", 400);
}
TEST_CASE("cross-entropy on every target: tensors of float16") {
  check_tensors<policy{}, float16, float>("tensors of float16, losses of float", 400);
}
TEST_CASE("cross-entropy on every target: lengths") { check_lengths<float>(); }

}  // namespace k754_test

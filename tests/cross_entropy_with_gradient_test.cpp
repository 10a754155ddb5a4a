// cross_entropy_with_gradient in all forms: the bits of the two calls, in place, its errors. Vectors are in
// simd/cross_entropy_targets_test.cpp.
#include "k754/cross_entropy_with_gradient.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/message.hpp"

namespace {

using namespace k754;
using k754_test::message;

/// Five rows of three classes.
struct batch {
  std::vector<float> logits{1, 2, 3, 0, 0, 0, -4, 9, 2, 30, 0, -30, 5, 5, -1};
  std::vector<float> probabilities{0.5F, 0.25F, 0.25F, 1, 0, 0, 0, 0, 1, 0.5F, 0.5F, 0, 0, 1, 0};
  std::vector<std::int32_t> labels{2, 0, 1, -1, 2};
  float upstream = 3.0F, loss = 77.0F;
  std::vector<float> gradient = std::vector<float>(15, 77.0F);

  static constexpr std::array<index_t, 2> shape{5, 3};
  tensor_view<const float, 2> x() const { return {logits.data(), shape}; }
  tensor_view<const float, 2> q() const { return {probabilities.data(), shape}; }
  tensor_view<float, 2> dx() { return {gradient.data(), shape}; }
  tensor_view<float, 0> mean() { return tensor_view(&loss); }
};

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> result;
  for (const float v : values) result.push_back(to_bits(v));
  return result;
}

}  // namespace

TEST_CASE("Loss and gradient in one call are those of two") {
  k754_test::case_count cases("reductions x labels x smoothing x upstream", 20);
  for (const auto kind : {reduction::none, reduction::mean, reduction::sum}) {
    for (const double smoothing : {0.0, 0.1}) {
      const cross_entropy_options<float> options{
          .reduction = kind, .ignore_index = -1, .label_smoothing = smoothing};
      const cross_entropy_options<float> dense{.reduction = kind, .label_smoothing = smoothing};
      const auto compare = [&](const auto& with_labels) {
        batch two, one;
        std::vector<float> losses(5, 1.0F), same(5, 1.0F);
        const auto rows = [&](std::vector<float>& to) {
          return tensor_view<float>(
              tensor_view(to.data(), std::array<index_t, 1>{kind == reduction::none ? 5 : 1}));
        };
        with_labels(two, rows(losses), one, rows(same));
        CHECK(bits(same) == bits(losses));
        CHECK(bits(one.gradient) == bits(two.gradient));
        cases.add();
      };
      compare([&](batch& two, auto losses, batch& one, auto same) {
        cross_entropy(two.x(), two.labels, losses, options);
        cross_entropy_backward(two.x(), two.labels, two.dx(), options);
        cross_entropy_with_gradient(one.x(), one.labels, same, one.dx(), options,
                                    k754_test::thread_executor{});
      });
      compare([&](batch& two, auto losses, batch& one, auto same) {
        cross_entropy(two.x(), two.q(), losses, dense);
        cross_entropy_backward(two.x(), two.q(), two.dx(), dense);
        CHECK(try_cross_entropy_with_gradient(one.x(), one.q(), nullptr, same, one.dx(), dense) ==
              status::ok);
      });
      if (kind == reduction::none) continue;
      compare([&](batch& two, auto losses, batch& one, auto same) {
        cross_entropy(two.x(), two.labels, losses, options);
        cross_entropy_backward(two.x(), two.labels, tensor_view(&two.upstream), two.dx(), options);
        cross_entropy_with_gradient(one.x(), one.labels, tensor_view(&one.upstream), same, one.dx(), options);
      });
      compare([&](batch& two, auto losses, batch& one, auto same) {  // over the logits, over the labels
        cross_entropy(two.x(), two.q(), losses, dense);
        cross_entropy_backward(two.x(), two.q(), two.dx(), dense);
        const tensor_view over_labels(one.probabilities.data(), batch::shape);
        batch other;
        cross_entropy_with_gradient(other.x(), other.q(), same,
                                    tensor_view(other.logits.data(), batch::shape), dense);
        cross_entropy_with_gradient(one.x(), one.q(), same, over_labels, dense);
        CHECK(bits(other.logits) == bits(one.probabilities));
        one.gradient = one.probabilities;
      });
    }
  }
  cases.check();
}

TEST_CASE("cross_entropy_with_gradient names itself in errors, and writes nothing then") {
  batch b;
  const cross_entropy_options<float> options{.ignore_index = -1};
  std::vector<float> wrong(4);
  CHECK(check_cross_entropy_with_gradient(b.x(), b.labels, b.mean(), b.dx(), options));
  const auto shape = check_cross_entropy_with_gradient(b.x(), b.labels, b.mean(), wrong, options);
  CHECK(shape.code == status::rank_mismatch);
  CHECK(message(shape) == "[cross_entropy_with_gradient] dlogits has 1 axes, expected 2");
  const auto losses = check_cross_entropy_with_gradient(b.x(), b.labels, wrong, b.dx(), options);
  CHECK(message(losses) == "[cross_entropy_with_gradient] loss has 4 elements, a mean or sum needs 1");
  const auto shared =
      check_cross_entropy_with_gradient(b.x(), b.labels, tensor_view(b.gradient.data() + 1), b.dx(), options);
  CHECK(shared.code == status::overlap);
  CHECK(message(shared) == "[cross_entropy_with_gradient] dlogits shares memory with loss");
  CHECK(try_cross_entropy_with_gradient(b.x(), b.labels, b.mean(), b.dx()) == status::label_out_of_range);
  CHECK_THROWS_AS(cross_entropy_with_gradient(b.x(), b.labels, b.mean(), b.dx()), shape_error);
  CHECK(b.loss == 77.0F);
  CHECK(b.gradient == std::vector<float>(15, 77.0F));
  CHECK(try_cross_entropy_with_gradient(b.x(), b.labels, b.mean(), b.dx(), options,
                                        k754_test::throwing_executor{}) == status::callback_threw);
}

TEST_CASE("No environment reaches a bit of cross_entropy_with_gradient") {
  batch expected;
  cross_entropy_with_gradient(expected.x(), expected.labels, expected.mean(), expected.dx(),
                              {.ignore_index = -1});
  for (const auto& environment : k754_test::hostile_environments()) {
    batch b;
    status result = status::ok;
    bool intact = false;
    k754_test::run_in(environment, intact, [&] {
      result = try_cross_entropy_with_gradient(b.x(), b.labels, b.mean(), b.dx(), {.ignore_index = -1});
    });
    INFO(environment.name);
    CHECK(result == status::ok);
    CHECK(intact);
    CHECK(to_bits(b.loss) == to_bits(expected.loss));
    CHECK(bits(b.gradient) == bits(expected.gradient));
  }
}

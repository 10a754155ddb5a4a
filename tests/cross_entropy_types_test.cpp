// cross_entropy: the originals, the order of reductions, label and element types, extreme values.
#include "k754/cross_entropy.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"

namespace {

using namespace k754;
using k754_test::any_executor;
using k754_test::case_count;
using k754_test::serial;

float uniform(std::mt19937_64& random, float low, float high) {
  return low + (high - low) * static_cast<float>(random() >> 40) * 0x1p-24F;
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> result;
  for (float v : values) result.push_back(to_bits(v));
  return result;
}

// ---------------------------------------------------------------- the originals

TEST_CASE("A zero label on a -inf logit: the original of Optax") {
  const std::array logits{-infinity<float>(), 0.0F};
  const std::array labels{0.0F, 1.0F};
  std::vector<float> loss(1), dlogits(2), dlabels(2);
  cross_entropy(logits, labels, tensor_view(loss.data()));
  cross_entropy_backward(logits, labels, dlogits);
  cross_entropy_label_backward(logits, labels, dlabels);
  CHECK(bits(loss) == std::vector<std::uint32_t>{0});
  CHECK(bits(dlogits) == std::vector<std::uint32_t>{0, 0});
  CHECK(bits(dlabels) == std::vector<std::uint32_t>{0x7F800000, 0});
}

TEST_CASE("The loss of [30, 0] with label 0 is 9.358e-14, and so is its gradient") {
  const float logits[1][2] = {{30.0F, 0.0F}};
  const std::int64_t labels[] = {0};
  std::vector<float> loss(1);
  float gradient[1][2];
  cross_entropy(logits, labels, tensor_view(loss.data()));
  cross_entropy_backward(logits, labels, gradient);
  CHECK(loss[0] == 9.35762296883973677937769742468e-14F);
  CHECK(gradient[0][0] == -9.35762296883929895383956265328e-14F);
  CHECK(gradient[0][1] == 9.35762296883929895383956265328e-14F);
}

TEST_CASE("Broadcast logits and labels, of stride 0, are read as often as they repeat") {
  const std::array logits{1.0F, 2.0F};
  const std::array labels{0.25F, 0.75F};
  const std::array<index_t, 2> extents{3, 2}, strides{0, 1};
  const tensor_view x(logits.data(), extents, strides), q(labels.data(), extents, strides);
  float one = 0.0F, gradient[3][2];
  std::array<float, 3> losses{};
  cross_entropy(logits, labels, tensor_view(&one));
  cross_entropy(x, q, losses, {.reduction = reduction::none});
  cross_entropy_backward(x, q, gradient, {.reduction = reduction::sum});
  for (float loss : losses) CHECK(loss == one);
  CHECK(std::memcmp(gradient[0], gradient[2], sizeof(gradient[0])) == 0);
}

// ---------------------------------------------------------------- reductions

/// Sum and mean in the documented order, from the rows' numbers before rounding; and their sum in plain order.
template <class T>
struct reduced_losses {
  T sum{}, mean{}, plain_sum{};
};
template <class T>
reduced_losses<T> reduced_by_definition(const std::vector<T>& logits, const std::vector<std::int32_t>& labels,
                                        const std::vector<T>& weights) {
  using number = reference::wide_number<T>;
  const auto classes = static_cast<index_t>(weights.size());
  reduced_losses<T> result;
  in_default_environment([&] {
    reference::lane_sum<number> sum;
    number plain_sum{};
    index_t kept = 0;
    for (std::size_t r = 0; r < labels.size(); ++r) {
      if (labels[r] < 0) {
        sum.skip();
        continue;
      }
      const reference::logit_row<policy{}, T> row({&logits[r * weights.size()], classes});
      const number loss =
          reference::loss(row, reference::hard_label_of<policy{}>(
                                   labels[r], reference::label_terms<T>{{weights.data(), classes}}));
      sum.add(loss);
      plain_sum = plain_sum + loss;
      ++kept;
    }
    const number total = sum.total(), count = reference::to_number<number>(static_cast<double>(kept));
    result.sum = reference::result_of<policy{}, T>(total);
    result.mean = reference::result_of<policy{}, T>(reference::quotient(total, count));
    result.plain_sum = reference::result_of<policy{}, T>(plain_sum);
  });
  return result;
}

/// Every row has its mirror image, whose loss a class weight of -1 makes the negative of its own. The exact sum is 0, so
/// that what comes out is the rounding errors of one order of summation, of which no bit is lost in the result.
template <class T>
void check_reduction_order() {
  case_count cases("batch sizes x executors", 17 * 4);
  constexpr policy by_rows{.mean_denominator = mean_denominator::kept_count};
  std::mt19937_64 random(99);
  const std::vector<T> weights{T(1.0), T(-1.0)};
  long telling = 0;
  for (index_t rows :
       {1, 2, 15, 16, 17, 31, 33, 1023, 1024, 1025, 2048, 2049, 7169, 16383, 16384, 16385, 40001}) {
    std::vector<T> logits(static_cast<std::size_t>(2 * rows), T(1.0));
    std::vector<std::int32_t> labels(static_cast<std::size_t>(rows), -1);
    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (std::size_t i = 0; i + 1 < order.size(); i += 2) {
      const T x = static_cast<T>(uniform(random, -40.0F, 40.0F)),
              y = static_cast<T>(uniform(random, -40.0F, 40.0F));
      const std::size_t r = order[i], mirror = order[i + 1];
      if (random() % 5 == 0) continue;  // both are ignored
      labels[r] = 0;
      labels[mirror] = 1;
      logits[2 * r] = logits[2 * mirror + 1] = x;
      logits[2 * r + 1] = logits[2 * mirror] = y;
    }
    const auto expected = reduced_by_definition(logits, labels, weights);
    telling += to_bits(expected.sum) != to_bits(expected.plain_sum) ? 1 : 0;
    const tensor_view x(logits.data(), std::array{rows, index_t{2}});
    for (const any_executor& ex :
         {serial, any_executor(k754_test::reverse_executor{}), any_executor(k754_test::thread_executor{}),
          any_executor(k754_test::thread_executor{7})}) {
      T sum{}, mean[1] = {};
      cross_entropy(x, labels, tensor_view(&sum),
                    {.reduction = reduction::sum, .ignore_index = -1, .class_weights = weights}, ex);
      cross_entropy<by_rows>(x, labels, mean, {.ignore_index = -1, .class_weights = weights}, ex);
      INFO(rows << " rows");
      REQUIRE(to_bits(sum) == to_bits(expected.sum));
      REQUIRE(to_bits(mean[0]) == to_bits(expected.mean));
      cases.add();
    }
  }
  REQUIRE(telling >= 10);
  cases.check();
}

TEST_CASE("Sums and means are taken in the one order of summation, on every executor: float") {
  check_reduction_order<float>();
}
TEST_CASE("Sums and means are taken in the one order of summation, on every executor: double") {
  check_reduction_order<double>();
}

TEST_CASE("Where the mean of nothing is 0, so is its gradient, by every zero rule") {
  constexpr policy rules{.zero_times_inf = zero_times_inf::ieee, .empty_mean = empty_mean::zero};
  const float logits[2][2] = {{1.0F, 2.0F}, {3.0F, 1.0F}};
  const std::array labels{0, 1};
  const std::array weights{0.0F, 0.0F};
  float loss = 77.0F, gradient[2][2] = {{77.0F, 77.0F}, {77.0F, 77.0F}};
  cross_entropy<rules>(logits, labels, tensor_view(&loss), {.class_weights = weights});
  cross_entropy_backward<rules>(logits, labels, gradient, {.class_weights = weights});
  CHECK(to_bits(loss) == 0);
  for (const auto& row : gradient) {
    for (float g : row) CHECK(to_bits(g) == 0);
  }
}

// ---------------------------------------------------------------- lengths and positions

TEST_CASE("NaN, and an infinity at the target, count at every position and length") {
  case_count cases("lengths x positions", 2000);
  for (index_t n = 1; n <= 70; ++n) {
    for (index_t at = 0; at < n; ++at) {
      std::vector<float> logits(static_cast<std::size_t>(n), 0.5F), gradient(static_cast<std::size_t>(n));
      const auto position = static_cast<std::size_t>(at);
      const auto other = static_cast<std::int32_t>((at + 1) % n);
      float loss = 0.0F;
      logits[position] = -canonical_nan<float>();
      cross_entropy(logits, tensor_view(&other), tensor_view(&loss));
      cross_entropy_backward(logits, tensor_view(&other), gradient);
      REQUIRE(to_bits(loss) == 0x7FC00000);
      for (float g : gradient) REQUIRE(to_bits(g) == 0x7FC00000);

      logits[position] = -infinity<float>();
      const auto target = static_cast<std::int32_t>(at);
      cross_entropy(logits, tensor_view(&target), tensor_view(&loss));
      REQUIRE(to_bits(loss) == (n == 1 ? 0x7FC00000 : 0x7F800000));
      if (n > 1) {  // the impossible class is as good as absent
        std::vector<float> rest(logits.begin(), logits.end() - 1);
        std::fill(rest.begin(), rest.end(), 0.5F);
        const std::int32_t first = 0;
        float without = 0.0F;
        cross_entropy(rest, tensor_view(&first), tensor_view(&without));
        cross_entropy(logits, tensor_view(&other), tensor_view(&loss));
        REQUIRE(to_bits(loss) == to_bits(without));
      }
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("A NaN label_smoothing is refused in every environment, and raises nothing") {
  for (const k754_test::environment& env : k754_test::hostile_environments()) {
    const std::array logits{0.0F, 1.0F};
    const std::int32_t label = 0;
    float loss = 0.0F;
    bool intact = false;
    status result = status::ok;
    k754_test::run_in(env, intact, [&] {
      result = try_cross_entropy(logits, tensor_view(&label), tensor_view(&loss),
                                 {.label_smoothing = std::numeric_limits<double>::signaling_NaN()});
    });
    INFO(env.name);
    CHECK(result == status::invalid_option);
    CHECK(intact);
  }
}

TEST_CASE("The forms of reference/ are the kernel, in every environment") {
  const std::vector<float> logits{1.0F, -0x1p-130F, 7.5F}, labels{0.0F, 0x1p-140F, 1.0F};
  const std::int32_t target = 1;
  float hard = 0.0F, soft = 0.0F;
  cross_entropy(logits, tensor_view(&target), tensor_view(&hard));
  cross_entropy(logits, labels, tensor_view(&soft));
  CHECK(to_bits(reference::cross_entropy(logits, 1)) == to_bits(hard));
  CHECK(to_bits(reference::cross_entropy(logits, labels)) == to_bits(soft));
  CHECK(to_bits(reference::cross_entropy(logits, 3)) == 0x7FC00000);
  CHECK(to_bits(reference::cross_entropy(logits, -1)) == 0x7FC00000);
  k754_test::require_immune([] { return std::vector<float>(2); },
                            [&](std::vector<float>& output) {
                              output[0] = reference::cross_entropy(logits, 1);
                              output[1] = reference::cross_entropy(logits, labels);
                            });
}

// ---------------------------------------------------------------- types

template <class Label>
void check_label_type(case_count& cases) {
  constexpr index_t classes = 100;
  std::vector<float> logits(300);
  std::mt19937_64 random(4);
  for (float& x : logits) x = uniform(random, -5.0F, 5.0F);
  const std::array<std::int64_t, 3> reference_labels{99, 0, 42};
  const std::array<Label, 3> labels{Label{99}, Label{0}, Label{42}};
  const tensor_view x(logits.data(), std::array<index_t, 2>{3, classes});
  std::vector<float> expected(3), losses(3), expected_gradient(300), gradient(300);
  const cross_entropy_options<float> options{.reduction = reduction::none, .ignore_index = 0};
  cross_entropy(x, reference_labels, expected, options);
  cross_entropy(x, labels, losses, options);
  CHECK(bits(losses) == bits(expected));
  CHECK(losses[1] == 0.0F);
  cross_entropy_backward(x, reference_labels,
                         tensor_view(expected_gradient.data(), std::array<index_t, 2>{3, classes}));
  cross_entropy_backward(x, labels, tensor_view(gradient.data(), std::array<index_t, 2>{3, classes}));
  CHECK(bits(gradient) == bits(expected_gradient));

  // the ends of the type: out of range, or, compared as the numbers they are, ignored
  for (const Label end : {std::numeric_limits<Label>::lowest(), std::numeric_limits<Label>::max()}) {
    if (end == Label{0}) continue;
    const std::array<Label, 3> wrong{Label{1}, end, Label{2}};
    std::vector<float> untouched(3, 77.0F);
    CHECK(try_cross_entropy(x, wrong, untouched, {.reduction = reduction::none}) ==
          status::label_out_of_range);
    CHECK(untouched == std::vector<float>(3, 77.0F));
    std::string message;
    try {
      cross_entropy(x, wrong, untouched, {.reduction = reduction::none});
    } catch (const shape_error& e) {
      message = e.what();
    }
    CHECK(message ==
          "[cross_entropy] labels has " + std::to_string(end) + " in row 1, there are 100 classes");
    CHECK(try_cross_entropy(x, wrong, losses, {.reduction = reduction::none, .ignore_index = -999}) ==
          status::label_out_of_range);
    if (std::in_range<std::int64_t>(end)) {
      CHECK(try_cross_entropy(x, wrong, losses,
                              {.reduction = reduction::none,
                               .ignore_index = static_cast<std::int64_t>(end)}) == status::ok);
      CHECK(to_bits(losses[1]) == 0);
    }
  }
  // -1 as a number is no label of an unsigned type
  const std::array<Label, 3> all_ones{Label{1}, static_cast<Label>(-1), Label{2}};
  CHECK(try_cross_entropy(x, all_ones, losses, {.reduction = reduction::none, .ignore_index = -1}) ==
        (std::is_signed_v<Label> ? status::ok : status::label_out_of_range));
  cases.add();
}

TEST_CASE("Index labels of every integer type") {
  case_count cases("integer types", 10);
  check_label_type<std::int8_t>(cases);
  check_label_type<std::int16_t>(cases);
  check_label_type<std::int32_t>(cases);
  check_label_type<std::int64_t>(cases);
  check_label_type<std::uint8_t>(cases);
  check_label_type<std::uint16_t>(cases);
  check_label_type<std::uint32_t>(cases);
  check_label_type<std::uint64_t>(cases);
  check_label_type<long long>(cases);
  check_label_type<unsigned long>(cases);
  cases.check();
}

TEST_CASE("Class weights come from arrays, containers and views") {
  const float logits[2][3] = {{1, 2, 3}, {0, 0, 1}};
  const std::array labels{2, 0};
  const float array[3] = {1.0F, 2.0F, 0.5F};
  const std::vector<float> container(array, array + 3);
  const float reversed[3] = {0.5F, 2.0F, 1.0F}, spread[6] = {1.0F, -1.0F, 2.0F, -1.0F, 0.5F, -1.0F};
  const std::array<index_t, 1> extent{3}, minus_one{-1}, two{2}, zero{0};
  const auto loss_with = [&](const class_weights<float>& weights) {
    float loss = 0.0F;
    cross_entropy(logits, labels, tensor_view(&loss), {.class_weights = weights});
    return loss;
  };
  const float expected = loss_with(array);
  CHECK(loss_with(container) == expected);
  CHECK(loss_with(std::span<const float>(container)) == expected);
  CHECK(loss_with(tensor_view(reversed + 2, extent, minus_one)) == expected);
  CHECK(loss_with(tensor_view(&spread[0], extent, two)) == expected);
  CHECK(loss_with({}) != expected);
  // one weight for all classes, of stride 0, cancels from a mean
  const float four = 4.0F;
  CHECK(loss_with(tensor_view(&four, extent, zero)) == loss_with({}));
}

TEST_CASE("f64: nothing overflows or underflows before the result is rounded") {
  const auto loss_of = [](std::vector<double> logits, std::vector<double> weights, std::int64_t label) {
    double loss = 0.0;
    cross_entropy(logits, tensor_view(&label), tensor_view(&loss),
                  {.reduction = reduction::sum, .class_weights = weights});
    return loss;
  };
  CHECK(loss_of({1e308, -1e308}, {1.0, 0.25}, 1) == 0.5e308);                  // m - x is 2e308
  CHECK(loss_of({740.0, 0.0}, {0x1p+1000, 1.0}, 0) == 4.488270834735857e-21);  // e^-740 2^1000
  CHECK(loss_of({0x1p-1000, -0x1p-1000}, {0x1p-70, 1.0}, 0) == 0x1p-70 * 0x1.62e42fefa39efp-1);
  // 1000 classes whose exponentials are subnormal, or nothing: e^-744 each
  std::vector<double> logits(1001, 0.0), gradient(1001);
  logits[0] = 744.0;
  double loss = 0.0;
  const std::int64_t target = 0;
  cross_entropy(logits, tensor_view(&target), tensor_view(&loss));
  cross_entropy_backward(logits, tensor_view(&target), gradient);
  CHECK(to_bits(loss) == 1553);
  CHECK(to_bits(gradient[0]) == (1553 | std::uint64_t{1} << 63));
  CHECK(to_bits(gradient[1]) == 2);
  // probability labels near both ends of the range
  const std::vector<double> x{0.0, -1000.0}, q{0x1p-1000, 0x1p-1074};
  cross_entropy(x, q, tensor_view(&loss));
  CHECK(to_bits(loss) == 1000);
  const std::vector<double> large{0x1p+1023, 0x1p+1023};
  const std::vector<double> equal{0.0, 0.0};
  cross_entropy(equal, large, tensor_view(&loss));
  CHECK(loss == 0x1.62e42fefa39efp+1023);
}

#if K754_HAS_FLOAT16
TEST_CASE("_Float16 tensors are float16 tensors") {
  const _Float16 logits[2] = {_Float16(1.0F), _Float16(2.0F)};
  const _Float16 weights[2] = {_Float16(1.0F), _Float16(3.0F)};
  const float16 stored_logits[2] = {float16(1.0F), float16(2.0F)},
                stored_weights[2] = {float16(1.0F), float16(3.0F)};
  const int label = 1;
  _Float16 loss{};
  float16 stored{};
  cross_entropy(logits, tensor_view(&label), tensor_view(&loss),
                {.reduction = reduction::sum, .class_weights = weights});
  cross_entropy(stored_logits, tensor_view(&label), tensor_view(&stored),
                {.reduction = reduction::sum, .class_weights = stored_weights});
  CHECK(std::memcmp(&loss, &stored, sizeof(loss)) == 0);
}
#endif

}  // namespace

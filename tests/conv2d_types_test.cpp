#include <k754/conv2d.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/conv2d_model.hpp"
#include "support/random_tensor.hpp"

namespace {

using namespace k754;
using k754_test::case_count;
using k754_test::conv2d_problem;
using k754_test::random_value;
using k754_test::same_bits;
using k754_test::size_of;
using k754_test::square;
using k754_test::sums;

using generator = std::mt19937_64;

constexpr policy fast{.precision = precision::fast};

template <class In, class Weight, class Out>
void require_integers(generator& random, case_count& shapes) {
  for (int i = 0; i < 40; ++i) {
    const auto below = [&](index_t bound) { return k754_test::random_below(random, bound); };
    conv2d_problem p;
    p.batch = 1 + below(2), p.height = 2 + below(4), p.width = 3 + below(4);
    p.channels = 1 + below(3), p.filters = 1 + below(3), p.options.groups = 1 + below(2);
    p.kernel_height = 1 + below(2), p.kernel_width = 1 + below(3);
    p.options.stride = {1 + below(2), 1 + below(2)};
    p.options.padding = {below(2), below(2), below(2), below(2)};
    std::vector<In> x(size_of(p.image()));
    std::vector<Weight> w(size_of(p.weight()));
    std::vector<Out> u(size_of(p.output())), b(static_cast<std::size_t>(p.output()[3]));
    for (In& v : x) v = static_cast<In>(random());
    for (Weight& v : w) v = static_cast<Weight>(random());
    for (Out& v : u) v = static_cast<Out>(random());
    for (Out& v : b) v = static_cast<Out>(random());
    // modulo 2^64, from lists of terms
    using wide = std::uint64_t;
    const auto widened = [](const auto& values) { return std::vector<wide>(values.begin(), values.end()); };
    const k754_test::conv2d_terms<wide> model(p, widened(x), widened(w), widened(u));
    const auto sum = [](const k754_test::terms<wide>& list, wide start) {
      for (const auto& t : list) start += t.a * t.b;
      return static_cast<Out>(start);
    };
    const tensor_view<const In, 4> xv(x.data(), p.image());
    const tensor_view<const Weight, 4> wv(w.data(), p.weight());
    const tensor_view<const Out, 4> uv(u.data(), p.output());
    std::vector<Out> y(u.size()), dx(x.size()), dw(w.size()), db(b.size());
    conv2d(xv, wv, b, tensor_view<Out, 4>(y.data(), p.output()), p.options);
    conv2d_backward_input(wv, uv, tensor_view<Out, 4>(dx.data(), p.image()), p.options);
    conv2d_backward_weight(xv, uv, tensor_view<Out, 4>(dw.data(), p.weight()), p.options);
    conv2d_backward_bias(uv, db, p.options);
    for (std::size_t k = 0; k < y.size(); ++k)
      REQUIRE(y[k] == sum(model.y[k], static_cast<wide>(b[k % b.size()])));
    for (std::size_t k = 0; k < dx.size(); ++k) REQUIRE(dx[k] == sum(model.dx[k], 0));
    for (std::size_t k = 0; k < dw.size(); ++k) REQUIRE(dw[k] == sum(model.dw[k], 0));

    // <conv(x, w) + b, u> = <x, dx> + <b, db> = <w, dw> + <b, db>, modulo the width
    const auto product = [](const auto& s, const auto& t) {
      wide total = 0;
      for (std::size_t k = 0; k < s.size(); ++k) total += static_cast<wide>(s[k]) * static_cast<wide>(t[k]);
      return static_cast<Out>(total);
    };
    const auto forward =
        static_cast<Out>(static_cast<wide>(product(y, u)) - static_cast<wide>(product(b, db)));
    REQUIRE(forward == product(x, dx));
    REQUIRE(forward == product(w, dw));
    shapes.add();
  }
}

TEST_CASE("Integers are exact in every kernel, and the gradients are the adjoints of the forward pass") {
  case_count shapes("integer shapes", 240);
  generator random(5);
  require_integers<std::int8_t, std::int8_t, std::int32_t>(random, shapes);
  require_integers<std::uint8_t, std::int8_t, std::int32_t>(random, shapes);
  require_integers<std::int16_t, std::int16_t, std::int64_t>(random, shapes);
  require_integers<std::int32_t, std::int32_t, std::int32_t>(random, shapes);
  require_integers<std::uint64_t, std::int64_t, std::int64_t>(random, shapes);
  require_integers<std::int8_t, std::int8_t, std::int8_t>(random, shapes);
  shapes.check();
}

template <class In, class Weight, class Out>
void require_mixture(generator& random, case_count& shapes) {
  conv2d_problem p = square(6, 40, 3, 3, 1);
  const auto narrowed = [&]<class T>(T, std::size_t count) {
    std::vector<T> values(count);
    for (T& v : values) v = static_cast<T>(random_value(random));
    return values;
  };
  const auto widened = [](const auto& values) {
    std::vector<float> result;
    for (const auto v : values) result.push_back(static_cast<float>(v));
    return result;
  };
  const auto x = narrowed(In{}, size_of(p.image()));
  const auto w = narrowed(Weight{}, size_of(p.weight()));
  const auto b = narrowed(Out{}, 3);
  std::vector<Out> y(size_of(p.output()));
  conv2d(tensor_view<const In, 4>(x.data(), p.image()), tensor_view<const Weight, 4>(w.data(), p.weight()), b,
         tensor_view<Out, 4>(y.data(), p.output()), p.options);
  const k754_test::conv2d_terms<float> model(p, widened(x), widened(w), std::vector<float>(y.size()));
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double total = k754_test::sum_of_chunks(model.y[i], static_cast<float>(b[i % 3]), false);
    REQUIRE(to_bits(y[i]) == to_bits(detail::narrow<Out>(total)));  // one rounding, straight from double
  }
  shapes.add();
}

TEST_CASE("16-bit types and float in any mixture; one rounding to the output") {
  case_count shapes("mixtures", 7);
  generator random(6);
  require_mixture<float16, float16, float16>(random, shapes);
  require_mixture<bfloat16, bfloat16, bfloat16>(random, shapes);
  require_mixture<float16, float16, float>(random, shapes);
  require_mixture<bfloat16, bfloat16, float>(random, shapes);
  require_mixture<float, bfloat16, float>(random, shapes);
  require_mixture<float, float, bfloat16>(random, shapes);
  require_mixture<float16, bfloat16, float16>(random, shapes);
  shapes.check();
}

TEST_CASE("double: forward and gradients equal the model") {
  case_count shapes("shapes in double", 20);
  generator random(7);
  for (int i = 0; i < 20; ++i) {
    conv2d_problem p = square(5, 20 + i, 2, 3, 1);
    const auto values = [&](std::size_t count) {
      std::vector<double> result(count);
      for (double& v : result) v = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), -66);
      return result;
    };
    const auto x = values(size_of(p.image())), w = values(size_of(p.weight())),
               u = values(size_of(p.output()));
    const auto b = values(2);
    std::vector<double> y(u.size()), dx(x.size()), dw(w.size()), y_fast(u.size());
    const tensor_view<const double, 4> xv(x.data(), p.image()), wv(w.data(), p.weight()),
        uv(u.data(), p.output());
    conv2d(xv, wv, b, tensor_view<double, 4>(y.data(), p.output()), p.options);
    conv2d<fast>(xv, wv, b, tensor_view<double, 4>(y_fast.data(), p.output()), p.options);
    conv2d_backward_input(wv, uv, tensor_view<double, 4>(dx.data(), p.image()), p.options);
    conv2d_backward_weight(xv, uv, tensor_view<double, 4>(dw.data(), p.weight()), p.options);
    const k754_test::conv2d_terms<double> model(p, x, w, u);
    const auto chunks = [](const auto& list, std::size_t) {
      return k754_test::sum_of_chunks(list, 0.0, false);
    };
    REQUIRE(same_bits(y, sums<double>(model.y, [&](const auto& list, std::size_t k) {
                        return k754_test::sum_of_chunks(list, b[k % 2], false);
                      })));
    REQUIRE(same_bits(y_fast, sums<double>(model.y, [&](const auto& list, std::size_t k) {
                        return k754_test::sum_of_chain(list, b[k % 2], false);
                      })));
    REQUIRE(same_bits(dx, sums<double>(model.dx, chunks)));
    REQUIRE(same_bits(dw, sums<double>(model.dw, chunks)));
    shapes.add();
  }
  shapes.check();
}

}  // namespace

// softmax and its kin in every surrounding: layouts, batches, executors, floating-point environments.
#include "k754/softmax.hpp"

#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/random_tensor.hpp"
#include "support/same_bits.hpp"
#include "support/softmax_kernels.hpp"
#include "support/softmax_rows.hpp"

namespace {

using namespace k754;
using k754_test::any_executor;
using k754_test::case_count;
using k754_test::random_below;
using k754_test::random_bits;
using k754_test::row_family;
using k754_test::same_bits;
using k754_test::serial;
using k754_test::softmax_kernel;
using k754_test::softmax_kernels;
template <class T>
using arguments = k754_test::softmax_arguments<T>;
namespace ref = k754::reference;

const any_executor reversed = k754_test::reverse_executor{};
const any_executor threaded = k754_test::thread_executor{};

/// What `k` makes of one row, by the definition.
template <class T>
std::vector<T> expected_row(const softmax_kernel& k, const std::vector<T>& x, const std::vector<T>& g,
                            const std::vector<unsigned char>& mask) {
  std::vector<T> y(k.reduces() ? 1 : x.size());
  const auto n = static_cast<index_t>(x.size());
  const ref::strided_row<T> row{x.data(), n, 1,
                                k.masked ? reinterpret_cast<const bool*>(mask.data()) : nullptr, 1};
  in_default_environment([&] {
    const ref::gradient_row<T> both{row, g.data(), 1, y.data(), 1};
    const ref::row_rules rules;
    if (k.reduces()) {
      y[0] = ref::logsumexp_row<false>(row);
    } else if (k.backward()) {
      k.logarithmic() ? ref::log_softmax_backward_row<false>(both) : ref::softmax_backward_row<false>(both);
    } else {
      k.logarithmic() ? ref::log_softmax_row<false>(row, y.data(), 1, rules)
                      : ref::softmax_row<false>(row, y.data(), 1, rules);
    }
  });
  return y;
}

// ---------------------------------------------------------------- layouts

/// Random shapes, axes, strides and executors against the definition, row by row.
template <class T>
void compare_with_definition(case_count& cases) {
  std::mt19937_64 random(1754);
  random_bits values(99);
  const any_executor* executors[] = {&serial, &reversed, &threaded};
  for (int repetition = 0; repetition < 150; ++repetition) {
    auto shape = k754_test::random_shape(random, 4, 7);
    if (shape.empty()) shape.push_back(random_below(random, 90));
    const auto axis = static_cast<std::size_t>(random_below(random, static_cast<index_t>(shape.size())));
    if (repetition % 3 == 0) shape[axis] = random_below(random, 70);
    const index_t n = shape[axis];

    k754_test::random_tensor<T> x(random, shape, true), g(random, shape, true);
    k754_test::random_tensor<bool> mask(random, k754_test::random_operand_shape(random, shape), true);
    for (unsigned char& byte : mask.memory)
      byte = random_below(random, 3) == 0 ? 0 : static_cast<unsigned char>(random());
    auto outer = shape;
    outer[axis] = 1;
    k754_test::for_each_index(outer, [&](const auto& first) {
      const auto family =
          static_cast<row_family>(values.below(static_cast<std::uint64_t>(row_family::count)));
      const auto row =
          n > 0 ? k754_test::softmax_row<T>(family, static_cast<std::size_t>(n), values) : std::vector<T>();
      for (index_t i = 0; i < n; ++i) {
        auto index = first;
        index[axis] = i;
        const T upstream = T(static_cast<double>(values.below(4096)) * 0x1p-10 - 2.0);
        std::memcpy(x.at(index), &row[static_cast<std::size_t>(i)], sizeof(T));
        std::memcpy(g.at(index), &upstream, sizeof(T));
      }
    });

    for (const softmax_kernel& k : softmax_kernels) {
      INFO(k.name);
      auto result_shape = shape;
      const bool keepdims = repetition % 2 == 0;
      if (k.reduces() && keepdims) result_shape[axis] = 1;
      if (k.reduces() && !keepdims) result_shape.erase(result_shape.begin() + static_cast<index_t>(axis));
      k754_test::random_tensor<T> y(random, result_shape, false);
      const auto before = y.memory;
      const arguments<T> a{
          x.view(),
          g.view(),
          mask.view(),
          y.view(),
          static_cast<index_t>(axis) - (repetition % 5 == 0 ? static_cast<index_t>(shape.size()) : 0),
          keepdims};
      REQUIRE(k754_test::try_kernel(k, a, *executors[repetition % 3]) == status::ok);

      auto remaining = before;  // with the expected results put in: nothing else may have changed
      remaining.swap(y.memory);
      k754_test::for_each_index(outer, [&](const auto& first) {
        std::vector<T> row, upstream;
        std::vector<unsigned char> present;
        for (index_t i = 0; i < n; ++i) {
          auto index = first;
          index[axis] = i;
          T element{};
          std::memcpy(&element, x.at(index), sizeof(T));
          row.push_back(element);
          std::memcpy(&element, g.at(index), sizeof(T));
          upstream.push_back(element);
          present.push_back(*mask.at(index));
        }
        const std::vector<T> expected = expected_row(k, row, upstream, present);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          auto index = first;
          index[axis] = static_cast<index_t>(i);
          if (k.reduces() && !keepdims) index.erase(index.begin() + static_cast<index_t>(axis));
          std::memcpy(y.at(index), &expected[i], sizeof(T));
        }
        cases.add();
      });
      REQUIRE(remaining == y.memory);
    }
  }
}

/// A row in every surrounding that P1 names.
template <class T>
void compare_surroundings(case_count& cases) {
  random_bits random(18);
  for (const index_t n : {1, 2, 15, 16, 17, 31, 64, 127, 128, 129, 1000, 4097}) {
    const auto size = static_cast<std::size_t>(n);
    const std::vector<T> x = k754_test::softmax_row<T>(row_family::ordinary, size, random);
    const std::vector<T> g = k754_test::softmax_row<T>(row_family::ordinary, size, random);
    const std::vector<unsigned char> present(size, 1);
    for (const softmax_kernel& k : softmax_kernels) {
      const std::vector<T> alone = expected_row(k, x, g, present);
      const index_t rows = 5, out = k.reduces() ? 1 : n;
      // [rows, n] along the last axis; [n, rows] along the first; every row is x
      for (const bool last : {true, false}) {
        std::vector<T> batch(size * 5), upstream(size * 5), y(static_cast<std::size_t>(out) * 5);
        for (index_t r = 0; r < rows; ++r) {
          for (index_t i = 0; i < n; ++i) {
            const auto at = static_cast<std::size_t>(last ? r * n + i : i * rows + r);
            batch[at] = x[static_cast<std::size_t>(i)];
            upstream[at] = g[static_cast<std::size_t>(i)];
          }
        }
        const std::vector<unsigned char> all(size * 5, 1);
        const index_t shape[] = {last ? rows : n, last ? n : rows};
        const index_t result_shape[] = {last ? rows : out, last ? out : rows};
        const arguments<T> a{{batch.data(), 2, shape},
                             {upstream.data(), 2, shape},
                             {reinterpret_cast<const bool*>(all.data()), 2, shape},
                             {y.data(), 2, result_shape},
                             last ? 1 : 0,
                             true};
        for (const any_executor* ex : {&serial, &threaded}) {
          std::fill(y.begin(), y.end(), T(7.0));
          REQUIRE(k754_test::try_kernel(k, a, *ex) == status::ok);
          for (index_t r = 0; r < rows; ++r) {
            std::vector<T> row;
            for (index_t i = 0; i < out; ++i)
              row.push_back(y[static_cast<std::size_t>(last ? r * out + i : i * rows + r)]);
            INFO(k.name << ", length " << n << ", row " << r
                        << (last ? " of the last axis" : " of the first axis"));
            REQUIRE(same_bits(row, alone));
            cases.add();
          }
        }
      }
      if (k.reduces()) continue;
      // in place, over the input and (gradients) over the upstream gradient
      for (const bool over_upstream : {false, true}) {
        if (over_upstream && !k.backward()) continue;
        std::vector<T> input = x, upstream = g;
        const arguments<T> a{tensor_view(input.data(), {n}), tensor_view(upstream.data(), {n}),
                             tensor_view(reinterpret_cast<const bool*>(present.data()), {n}),
                             tensor_view(over_upstream ? upstream.data() : input.data(), {n})};
        REQUIRE(k754_test::try_kernel(k, a, serial) == status::ok);
        INFO(k.name << " in place, length " << n);
        REQUIRE(same_bits(over_upstream ? upstream : input, alone));
        cases.add();
      }
    }
  }
}

// ---------------------------------------------------------------- environments

template <class T>
void require_immune_kernels() {
  random_bits random(13);
  // subnormal results, sums with rounding errors, special rows, cancellation
  std::vector<std::vector<T>> inputs = {k754_test::softmax_row<T>(row_family::underflowing, 40, random),
                                        k754_test::softmax_row<T>(row_family::ordinary, 40, random),
                                        k754_test::softmax_row<T>(row_family::tiny, 40, random),
                                        k754_test::softmax_row<T>(row_family::any_bits, 40, random),
                                        std::vector<T>(40, negative_infinity<T>())};
  inputs.push_back(inputs[1]);
  inputs.back()[7] = from_bits<T>(static_cast<bits_of<T>>(to_bits(infinity<T>()) | 1U));  // signalling
  std::vector<T> x, g;
  std::vector<unsigned char> mask;
  for (const std::vector<T>& row : inputs) {
    for (T value : row) {
      x.push_back(value);
      g.push_back(T(static_cast<double>(random.below(4096)) * 0x1p-10 - 2.0));
      mask.push_back(random.below(3) == 0 ? 0 : 1);
    }
  }
  const auto rows = static_cast<index_t>(inputs.size());
  for (const softmax_kernel& k : softmax_kernels) {
    std::vector<T> y = x;
    if (k.backward()) {
      const tensor_view output(y.data(), {rows, 40});
      k.logarithmic() ? log_softmax(output, output) : softmax(output, output);
    }
    INFO(k.name);
    for (const any_executor* ex : {&serial, &threaded}) {
      k754_test::require_immune(
          [&] { return std::vector<T>(k.reduces() ? inputs.size() : x.size()); },
          [&](std::vector<T>& out) {
            const index_t shape[] = {rows, k.reduces() ? 1 : 40};
            arguments<T> a;
            a.input = tensor_view(y.data(), {rows, 40});
            a.upstream = tensor_view(g.data(), {rows, 40});
            a.mask = tensor_view(reinterpret_cast<const bool*>(mask.data()), {rows, 40});
            a.output = {out.data(), 2, shape};
            a.keepdims = true;
            if constexpr (std::is_same_v<T, float>) {
              k754_test::call_kernel(k, a, *ex);
            } else if (k754_test::try_kernel(k, a, *ex) != status::ok) {
              out.clear();
            }
          });
    }
  }
}

}  // namespace

TEST_CASE(
    "SM-18: a row has the same bits alone, in a batch, along every axis, strided, reversed, in place, on "
    "threads") {
  case_count cases("rows in surroundings", 8000);
  compare_surroundings<float>(cases);
  compare_surroundings<double>(cases);
  compare_surroundings<float16>(cases);
  compare_surroundings<bfloat16>(cases);
  compare_with_definition<float>(cases);
  compare_with_definition<double>(cases);
  compare_with_definition<float16>(cases);
  compare_with_definition<bfloat16>(cases);
  cases.check();
}

TEST_CASE("SM-13: every public form keeps results, control bits and flags in every environment") {
  require_immune_kernels<float>();
  require_immune_kernels<double>();
  require_immune_kernels<float16>();
  require_immune_kernels<bfloat16>();

  std::vector<float> x(100, -88.0F);
  x[3] = 0.0F;
  k754_test::require_immune([] { return std::vector<float>(300); },
                            [&](std::vector<float>& y) {
                              const auto part = [&](index_t i) {
                                return tensor_view(y.data() + 100 * i, {100});
                              };
                              ref::softmax(x, part(0));
                              ref::log_softmax(x, part(1));
                              ref::log_softmax_backward(part(1), x, part(2));
                              ref::softmax_backward(part(0), x, part(1));
                              y[0] = ref::logsumexp(x);
                              y[1] = logsumexp(x);
                            });
}

// detail/broadcast.hpp: shapes that broadcast, by NumPy's rules in plain loops, and loops over them, in runs and planes.
#include "k754/detail/broadcast.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/ieee754.hpp"
#include "support/message.hpp"
#include "support/random_tensor.hpp"

namespace {

using k754::index_t;
using k754::status;
using k754::detail::axes;
using k754::detail::layout;
using k754_test::case_count;
using k754_test::index_vector;
using k754_test::message;

layout layout_of(const index_vector& extents, const index_vector& strides) {
  layout view;
  view.rank = extents.size();
  std::copy(extents.begin(), extents.end(), view.extents.begin());
  std::copy(strides.begin(), strides.end(), view.strides.begin());
  return view;
}
layout shape_layout(const index_vector& extents) {
  return layout_of(extents, index_vector(extents.size(), 754));
}
index_vector extents_of(const layout& view) {
  return {view.extents.begin(), view.extents.begin() + static_cast<index_t>(view.rank)};
}

/// Every shape of at most three axes with extents 0 to 3.
std::vector<index_vector> all_shapes() {
  std::vector<index_vector> shapes{{}};
  for (std::size_t at = 0; at < shapes.size(); ++at) {
    if (shapes[at].size() == 3) continue;
    for (index_t extent = 0; extent <= 3; ++extent) {
      index_vector longer = shapes[at];
      longer.push_back(extent);
      shapes.push_back(longer);
    }
  }
  return shapes;
}

}  // namespace

TEST_CASE("All pairs of small shapes broadcast together, or not, as NumPy has it") {
  case_count fitting("pairs of shapes that broadcast", 2000), others("pairs that do not", 2000);
  for (const index_vector& a : all_shapes()) {
    for (const index_vector& b : all_shapes()) {
      bool fits = false;
      const index_vector expected = k754_test::broadcast_shape({a, b}, fits);
      layout shape = shape_layout(a);
      const auto result = k754::detail::broadcast_with("kernel", "x", shape_layout(b), shape);
      CAPTURE(a, b, message(result));
      if (fits) {
        REQUIRE(result);
        REQUIRE(extents_of(shape) == expected);
        fitting.add();
      } else {
        REQUIRE(result == status::shape_mismatch);
        REQUIRE(extents_of(shape) == a);  // as it was
        others.add();
      }
    }
  }
  fitting.check();
  others.check();
}

TEST_CASE("A shape broadcasts to a given one where the two together are that one") {
  case_count fitting("shapes that broadcast to a shape", 400), others("shapes that do not", 4000);
  for (const index_vector& operand : all_shapes()) {
    for (const index_vector& target : all_shapes()) {
      bool fits = false;
      fits = k754_test::broadcast_shape({operand, target}, fits) == target && fits;
      // an extent of 1 in the target is given, and is not stretched; 0 against 1 is a mismatch too
      const auto result =
          k754::detail::check_broadcasts_to("kernel", "x", shape_layout(operand), shape_layout(target));
      CAPTURE(operand, target, message(result));
      REQUIRE(static_cast<bool>(result) == fits);
      if (!fits) {
        REQUIRE(result.code ==
                (operand.size() > target.size() ? status::rank_mismatch : status::shape_mismatch));
      }
      (fits ? fitting : others).add();
    }
  }
  fitting.check();
  others.check();
}

TEST_CASE("Messages name the extent and the axis of the argument") {
  layout shape = shape_layout({2, 3, 4});
  CHECK(message(k754::detail::broadcast_with("where", "y", shape_layout({5, 4}), shape)) ==
        "[where] y has extent 5 on axis 0, the arguments before it have 3 there");
  CHECK(message(k754::detail::check_broadcasts_to("where", "x", shape_layout({3, 2}), shape)) ==
        "[where] x has extent 2 on axis 1, which does not broadcast to extent 4");
  CHECK(message(k754::detail::check_broadcasts_to("where", "x", shape_layout({1, 2, 3, 4}), shape)) ==
        "[where] x has 4 axes, which do not broadcast to 3");
}

TEST_CASE("Axes that repeat have stride 0, whatever their stride was") {
  const layout shape = shape_layout({5, 2, 3, 4});
  const layout operand = layout_of({2, 1, 4}, {-7, 100, 3});
  const axes strides = k754::detail::broadcast_strides(operand, shape);
  CHECK(index_vector(strides.begin(), strides.begin() + 4) == index_vector{0, -7, 0, 3});
  const layout stretched = k754::detail::broadcast_to(operand, shape);
  CHECK(extents_of(stretched) == index_vector{5, 2, 3, 4});
  CHECK(stretched.strides == strides);
  CHECK(stretched.element_size == operand.element_size);
  CHECK(stretched.data == operand.data);
}

namespace {

/// The offsets in each of three operands.
using offsets = std::array<index_t, 3>;

/// A shape, two operands that broadcast to it and an output of it.
struct geometry {
  index_vector shape;
  layout output, x, y;
  std::vector<offsets> elements;  // x, y, output; in row-major order

  explicit geometry(std::mt19937_64& random) : shape(k754_test::random_shape(random, 5, 4)) {
    const k754_test::random_tensor<char> to(random, shape, false),
        a(random, k754_test::random_operand_shape(random, shape), true),
        b(random, k754_test::random_operand_shape(random, shape), true);
    output = layout_of(to.extents, to.strides);
    x = layout_of(a.extents, a.strides);
    y = layout_of(b.extents, b.strides);
    k754_test::for_each_index(shape, [&](const index_vector& index) {
      const auto offset = [&](const layout& view) {
        index_t sum = 0;
        for (std::size_t axis = 0; axis < view.rank; ++axis) {
          if (view.extents[axis] != 1) sum += index[shape.size() - view.rank + axis] * view.strides[axis];
        }
        return sum;
      };
      elements.push_back({offset(x), offset(y), offset(output)});
    });
  }
};

template <class Loop>
std::vector<offsets> visited_in_runs(const Loop& loop, index_t begin, index_t end) {
  std::vector<offsets> visited;
  loop.for_runs(begin, end, [&](const auto& run) {
    REQUIRE(run.length > 0);
    for (index_t i = 0; i < run.length; ++i) {
      offsets at = run.offsets;
      for (std::size_t n = 0; n < 3; ++n) at[n] += i * run.strides[n];
      visited.push_back(at);
    }
  });
  return visited;
}
template <class Loop>
std::vector<offsets> visited_in_planes(const Loop& loop, index_t begin, index_t end) {
  std::vector<offsets> visited;
  loop.for_planes(begin, end, [&](const auto& plane) {
    REQUIRE(plane.rows > 0);
    REQUIRE(plane.columns > 0);
    for (index_t row = 0; row < plane.rows; ++row) {
      for (index_t column = 0; column < plane.columns; ++column) {
        offsets at = plane.offsets;
        for (std::size_t n = 0; n < 3; ++n) at[n] += row * plane.row_strides[n] + column * plane.strides[n];
        visited.push_back(at);
      }
    }
  });
  return visited;
}

}  // namespace

TEST_CASE("Runs and planes visit the elements of any piece in row-major order") {
  case_count cases("pieces of random geometries", 8000);
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const geometry g(random);
    const auto loop = k754::detail::loop_over(g.output, g.x, g.y, g.output);
    const auto count = static_cast<index_t>(g.elements.size());
    CAPTURE(g.shape);
    REQUIRE(loop.count() == count);
    for (int piece = 0; piece < 3; ++piece) {
      index_t begin = 0, end = count;
      if (piece > 0)
        begin = k754_test::random_below(random, count + 1),
        end = begin + k754_test::random_below(random, count - begin + 1);
      const std::vector<offsets> expected(g.elements.begin() + begin, g.elements.begin() + end);
      CAPTURE(begin, end);
      REQUIRE(visited_in_runs(loop, begin, end) == expected);
      REQUIRE(visited_in_planes(loop, begin, end) == expected);
      cases.add(2);
    }
  }
  cases.check();
}

TEST_CASE("In memory order every element is visited once, outputs upwards") {
  case_count cases("random geometries in the order of memory", 2000);
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    const geometry g(random);
    const auto loop = k754::detail::loop_in_memory_order(g.output, g.x, g.y, g.output);
    const auto count = static_cast<index_t>(g.elements.size());
    CAPTURE(g.shape);
    REQUIRE(loop.count() == count);
    auto visited = visited_in_runs(loop, 0, count);
    REQUIRE(visited_in_planes(loop, 0, count) == visited);
    const auto by_output = [](const offsets& a, const offsets& b) { return a[2] < b[2]; };
    REQUIRE(std::is_sorted(visited.begin(), visited.end(), by_output));
    std::vector<offsets> expected = g.elements;
    std::sort(expected.begin(), expected.end(), by_output);
    REQUIRE(visited == expected);
    cases.add();
  }
  cases.check();
}

namespace {

struct extent_of_loop {
  index_t runs = 0, planes = 0, longest = 0;
};
template <class Loop>
extent_of_loop measure(const Loop& loop) {
  extent_of_loop result;
  loop.for_runs(0, loop.count(), [&](const auto& run) {
    ++result.runs;
    result.longest = std::max(result.longest, run.length);
  });
  loop.for_planes(0, loop.count(), [&](const auto&) { ++result.planes; });
  return result;
}

}  // namespace

TEST_CASE("Axes through which all operands step as through one are joined") {
  const layout dense = layout_of({2, 3, 4, 5}, {60, 20, 5, 1});
  CHECK(measure(k754::detail::loop_over(dense, dense, dense)).runs == 1);
  CHECK(measure(k754::detail::loop_over(dense, dense, dense)).longest == 120);
  const layout value = layout_of({}, {});
  CHECK(measure(k754::detail::loop_over(dense, value, dense)).longest == 120);
  // a row repeated, a column repeated: planes of two axes
  const layout row = layout_of({5}, {1}), column = layout_of({2, 3, 4, 1}, {12, 4, 1, 1});
  for (const layout& operand : {row, column}) {
    const extent_of_loop result = measure(k754::detail::loop_over(dense, operand, dense));
    CHECK(result.runs == 24);
    CHECK(result.longest == 5);
    CHECK(result.planes == 1);
  }
  // axes of extent 1 separate nothing
  const layout flat = layout_of({6, 1, 20, 1}, {20, 7, 1, 9});
  CHECK(measure(k754::detail::loop_over(flat, flat, flat)).longest == 120);
  // a hole does
  const layout padded = layout_of({6, 20}, {21, 1});
  CHECK(measure(k754::detail::loop_over(padded, padded, padded)).runs == 6);
  // a transposed output is dense in the order of memory, a reversed one too
  const layout transposed = layout_of({5, 24}, {1, 5}), reversed = layout_of({24, 5}, {-5, -1});
  CHECK(measure(k754::detail::loop_over(transposed, transposed)).runs == 5);
  CHECK(measure(k754::detail::loop_in_memory_order(transposed, transposed)).runs == 1);
  CHECK(measure(k754::detail::loop_in_memory_order(reversed, reversed)).runs == 1);
  // nothing where there is nothing, one element where there are no axes
  const layout empty = layout_of({3, 0}, {1, 1});
  CHECK(measure(k754::detail::loop_over(empty, empty)).runs == 0);
  CHECK(measure(k754::detail::loop_over(value, value)).longest == 1);
  CHECK(measure(k754::detail::loop_over(value, value)).planes == 1);
}

TEST_CASE("Strides that do not fit a product are not joined, and do no harm") {
  const index_t huge = index_t{1} << 62;
  const layout far_apart = layout_of({1, 3, 2}, {0, huge, huge});
  const auto loop = k754::detail::loop_over(layout_of({1, 3, 2}, {6, 2, 1}), far_apart);
  index_t elements = 0;
  loop.for_runs(0, 1, [&](const auto& run) { elements += run.length; });
  CHECK(elements == 1);
}

TEST_CASE("Operands of a run and of a plane are at their strides") {
  const std::array<int, 12> memory{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const k754::detail::elementwise_run<1> run{{10}, {-3}, 4};
  const auto x = run.of(0, memory.data());
  for (index_t i = 0; i < 4; ++i) CHECK(*x.at(i) == 10 - 3 * static_cast<int>(i));
  const k754::detail::elementwise_plane<1> plane{{1}, {4}, {2}, 3, 2};
  const auto p = plane.of(0, memory.data());
  for (index_t row = 0; row < 3; ++row) {
    for (index_t column = 0; column < 2; ++column) CHECK(*p.at(row, column) == 1 + 4 * row + 2 * column);
  }
}

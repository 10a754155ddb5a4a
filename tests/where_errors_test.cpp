// where.hpp: what is refused, by which message, and that nothing is written then.
#include <k754/where.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/random_tensor.hpp"
#include "support/where_helpers.hpp"

namespace k754_test {
namespace {

using namespace k754;

TEST_CASE("WH-06: shapes that do not broadcast, and outputs of another shape, are refused") {
  std::mt19937_64 random(66);
  case_count fitting("random shapes that broadcast", 500), refused("random shapes that do not", 500);
  std::vector<float> memory(4096);
  const auto view = [&](const index_vector& shape) {
    return tensor_view<const float>(memory.data(), shape.size(), shape.data());
  };
  for (int i = 0; i < 4000; ++i) {
    std::vector<index_vector> shapes;
    for (int operand = 0; operand < 3; ++operand) shapes.push_back(random_shape(random, 3, 3));
    bool fits = false;
    index_vector shape = broadcast_shape(shapes, fits);
    std::vector<float> target(4096);
    const auto output = [&] { return tensor_view<float>(target.data(), shape.size(), shape.data()); };
    CAPTURE(shapes, shape);
    REQUIRE((check_where(nonzero(view(shapes[0])), view(shapes[1]), view(shapes[2]), output()).code ==
             status::ok) == fits);
    (fits ? fitting : refused).add();
    if (!fits) continue;
    shape.push_back(1);
    REQUIRE(check_where(nonzero(view(shapes[0])), view(shapes[1]), view(shapes[2]), output()).code ==
            status::rank_mismatch);
    shape.back() = 7;
    REQUIRE(check_where(nonzero(view(shapes[0])), view(shapes[1]), view(shapes[2]), output()).code !=
            status::ok);
  }
  fitting.check();
  refused.check();
}

TEST_CASE("where names what is wrong and writes nothing") {
  std::array<float, 16> x{}, y{};
  std::array<bool, 16> c{};
  std::array<std::uint32_t, 32> canary;
  canary.fill(0xDEADBEEFU);
  const auto untouched = canary;
  auto* const out = reinterpret_cast<float*>(canary.data());
  const auto message = [&](status expected, auto condition, auto a, auto b, auto output) {
    const std::string text = message_of(
        expected, [&] { where(condition, a, b, output); },
        [&] { return try_where(condition, a, b, output); });
    CHECK(check_where(condition, a, b, output).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  const index_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  const index_t huge = std::numeric_limits<index_t>::max();
  const tensor_view<bool, 1> mask(c.data(), {4});
  const tensor_view<float, 1> a(x.data(), {4}), b(y.data(), {4}), o(out, {4});

  CHECK(message(status::rank_mismatch, mask, tensor_view<float>(x.data(), 9, ones), b, o) ==
        "[where] x has 9 axes, at most 8 are supported");
  CHECK(message(status::rank_mismatch, mask, a, b, tensor_view(out, {1, 4})) ==
        "[where] output has 2 axes, expected 1");
  CHECK(message(status::rank_mismatch, mask, a, b, tensor_view(out)) ==
        "[where] output has 0 axes, expected 1");
  CHECK(message(status::negative_extent, mask, a, tensor_view(y.data(), {-4}), o) ==
        "[where] y has extent -4 on axis 0");
  CHECK(message(status::negative_extent, tensor_view(c.data(), {2, -1}), a, b, o) ==
        "[where] condition has extent -1 on axis 1");
  CHECK(message(status::size_overflow, mask, a, tensor_view(y.data(), {4}, {huge}), o) ==
        "[where] y is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(message(status::size_overflow, tensor_view(c.data(), {huge, 1}, {0, 0}), a, b,
                tensor_view(out, {huge, 4}, {0, 1})) ==
        "[where] output is too large: extent 9223372036854775807 with stride 0 on axis 0 overflows");
  CHECK(message(status::shape_mismatch, mask, tensor_view(x.data(), {3}), b, o) ==
        "[where] x has extent 3 on axis 0, the arguments before it have 4 there");
  CHECK(message(status::shape_mismatch, mask, a, tensor_view(y.data(), {2, 3}), o) ==
        "[where] y has extent 3 on axis 1, the arguments before it have 4 there");
  CHECK(message(status::shape_mismatch, tensor_view(c.data(), {0}), a, b, o) ==
        "[where] x has extent 4 on axis 0, the arguments before it have 0 there");
  CHECK(message(status::shape_mismatch, mask, a, b, tensor_view(out, {1})) ==
        "[where] output has extent 1 on axis 0, expected 4");
  CHECK(message(status::shape_mismatch, tensor_view(c.data(), {1}), 1.0F, 2.0F, o) ==
        "[where] output has extent 4 on axis 0, expected 1");
  CHECK(message(status::null_pointer, mask, tensor_view<float, 1>(nullptr, {4}), b, o) ==
        "[where] x has elements, but its pointer is null");
  CHECK(message(status::null_pointer, tensor_view<bool, 1>(nullptr, {4}), a, b, o) ==
        "[where] condition has elements, but its pointer is null");
  CHECK(message(status::null_pointer, nonzero(tensor_view<double, 1>(nullptr, {4})), a, b, o) ==
        "[where] condition has elements, but its pointer is null");
  CHECK(message(status::null_pointer, mask, a, b, tensor_view<float, 1>(nullptr, {4})) ==
        "[where] output has elements, but its pointer is null");
  CHECK(message(status::self_overlap, mask, a, b, tensor_view(out, {4}, {0})) ==
        "[where] output has strides that put two of its elements in one place");
  CHECK(message(status::overlap, mask, tensor_view(out + 1, {4}), b, o) ==
        "[where] output shares memory with x, but is not exactly it");
  CHECK(message(status::overlap, mask, a, tensor_view(out + 1, {4}), o) ==
        "[where] output shares memory with y, but is not exactly it");
  CHECK(message(status::overlap, nonzero(tensor_view(out + 1, {4})), a, b, o) ==
        "[where] output shares memory with condition, but is not exactly it");
}

TEST_CASE("where_backward, where_apply and where_apply_backward name what is wrong and write nothing") {
  std::array<float, 16> x{}, g{};
  std::array<bool, 16> c{};
  std::array<std::uint32_t, 64> canary;
  canary.fill(0xDEADBEEFU);
  const auto untouched = canary;
  auto* const out = reinterpret_cast<float*>(canary.data());
  int calls = 0;
  const auto f = [&](float v) { return ++calls, v; };
  const index_t huge = std::numeric_limits<index_t>::max();
  const tensor_view<bool, 1> mask(c.data(), {4});
  const tensor_view<float, 1> a(x.data(), {4}), up(g.data(), {4}), o(out, {4}), p(out + 8, {4});
  const tensor_view<float, 1> null(nullptr, {4}), negative(x.data(), {-1}), wide(x.data(), {4}, {huge});
  const tensor_view<float, 1> three(out + 16, {3}), twice(out, {4}, {0}), shifted(out + 1, {4});

  const auto backward = [&](status expected, auto condition, auto upstream, auto dx, auto dy) {
    const std::string text = message_of(
        expected, [&] { where_backward(condition, upstream, dx, dy); },
        [&] { return try_where_backward(condition, upstream, dx, dy); });
    CHECK(check_where_backward(condition, upstream, dx, dy).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  CHECK(backward(status::rank_mismatch, mask, up, tensor_view(out), nullptr) ==
        "[where_backward] condition has 1 axes, which do not broadcast to 0");
  CHECK(backward(status::rank_mismatch, mask, up, o, tensor_view(out + 8, {1, 4})) ==
        "[where_backward] dx has 1 axes, expected 2");
  CHECK(backward(status::negative_extent, mask, negative, o, p) ==
        "[where_backward] upstream has extent -1 on axis 0");
  CHECK(
      backward(status::size_overflow, mask, wide, o, p) ==
      "[where_backward] upstream is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(backward(status::shape_mismatch, mask, up, three, nullptr) ==
        "[where_backward] condition has extent 4 on axis 0, which does not broadcast to extent 3");
  CHECK(backward(status::shape_mismatch, true, up, nullptr, three) ==
        "[where_backward] upstream has extent 4 on axis 0, which does not broadcast to extent 3");
  CHECK(backward(status::shape_mismatch, true, 1.0F, o, three) ==
        "[where_backward] dx has extent 4 on axis 0, expected 3");
  CHECK(backward(status::null_pointer, mask, null, o, p) ==
        "[where_backward] upstream has elements, but its pointer is null");
  CHECK(backward(status::null_pointer, mask, up, o, null) ==
        "[where_backward] dy has elements, but its pointer is null");
  CHECK(backward(status::self_overlap, mask, up, twice, p) ==
        "[where_backward] dx has strides that put two of its elements in one place");
  CHECK(backward(status::self_overlap, mask, up, nullptr, twice) ==
        "[where_backward] dy has strides that put two of its elements in one place");
  CHECK(backward(status::overlap, mask, up, o, shifted) == "[where_backward] dy shares memory with dx");
  CHECK(backward(status::overlap, mask, shifted, o, p) ==
        "[where_backward] dx shares memory with upstream, but is not exactly it");
  CHECK(backward(status::overlap, mask, shifted, nullptr, o) ==
        "[where_backward] dy shares memory with upstream, but is not exactly it");

  const auto apply = [&](status expected, auto condition, auto input, auto otherwise, auto output) {
    const std::string text = message_of(
        expected, [&] { where_apply(condition, f, input, otherwise, output); },
        [&] { return try_where_apply(condition, f, input, otherwise, output); });
    CHECK(check_where_apply(condition, f, input, otherwise, output).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  CHECK(apply(status::rank_mismatch, mask, a, 0.0F, tensor_view(out)) ==
        "[where_apply] output has 0 axes, expected 1");
  CHECK(apply(status::negative_extent, mask, negative, 0.0F, o) == "[where_apply] x has extent -1 on axis 0");
  CHECK(apply(status::size_overflow, mask, a, wide, o) ==
        "[where_apply] y is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(apply(status::shape_mismatch, mask, a, 0.0F, three) ==
        "[where_apply] output has extent 3 on axis 0, expected 4");
  CHECK(apply(status::null_pointer, mask, a, null, o) ==
        "[where_apply] y has elements, but its pointer is null");
  CHECK(apply(status::self_overlap, mask, a, 0.0F, twice) ==
        "[where_apply] output has strides that put two of its elements in one place");
  CHECK(apply(status::overlap, mask, shifted, 0.0F, o) ==
        "[where_apply] output shares memory with x, but is not exactly it");

  const auto apply_backward = [&](status expected, auto condition, auto input, auto upstream, auto dx,
                                  auto dy) {
    const std::string text = message_of(
        expected, [&] { where_apply_backward(condition, f, input, upstream, dx, dy); },
        [&] { return try_where_apply_backward(condition, f, input, upstream, dx, dy); });
    CHECK(check_where_apply_backward(condition, f, input, upstream, dx, dy).code == expected);
    CHECK(canary == untouched);
    return text;
  };
  CHECK(apply_backward(status::rank_mismatch, mask, a, up, o, tensor_view(out + 8)) ==
        "[where_apply_backward] condition has 1 axes, which do not broadcast to 0");
  CHECK(apply_backward(status::negative_extent, mask, negative, up, o, p) ==
        "[where_apply_backward] x has extent -1 on axis 0");
  CHECK(
      apply_backward(status::size_overflow, mask, a, up, wide, p) ==
      "[where_apply_backward] dx is too large: extent 4 with stride 9223372036854775807 on axis 0 overflows");
  CHECK(apply_backward(status::shape_mismatch, true, a, 1.0F, three, nullptr) ==
        "[where_apply_backward] x has extent 4 on axis 0, which does not broadcast to extent 3");
  CHECK(apply_backward(status::null_pointer, mask, null, up, o, p) ==
        "[where_apply_backward] x has elements, but its pointer is null");
  CHECK(apply_backward(status::self_overlap, mask, a, up, twice, p) ==
        "[where_apply_backward] dx has strides that put two of its elements in one place");
  CHECK(apply_backward(status::overlap, mask, shifted, up, o, p) ==
        "[where_apply_backward] dx shares memory with x, but is not exactly it");
  CHECK(apply_backward(status::overlap, mask, a, up, o, shifted) ==
        "[where_apply_backward] dy shares memory with dx");
  CHECK(calls == 0);
}

TEST_CASE("WH-06: null pointers are no error where there are no elements") {
  const tensor_view<float, 2> none(nullptr, {0, 3});
  const tensor_view<bool, 2> no_mask(nullptr, {0, 1});
  int calls = 0;
  const auto f = [&](float v) { return ++calls, v; };
  CHECK(try_where(no_mask, none, 1.0F, none) == status::ok);
  CHECK(try_where_backward(no_mask, none, none, none) == status::ok);
  CHECK(try_where_apply(no_mask, f, none, none, none) == status::ok);
  CHECK(try_where_apply_backward(no_mask, f, none, none, none, none) == status::ok);
  CHECK(calls == 0);
  CHECK(try_where(no_mask, none, tensor_view<float, 1>(nullptr, {3}), none) == status::null_pointer);
}

}  // namespace
}  // namespace k754_test

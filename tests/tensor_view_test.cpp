// tensor_view.hpp: views of pointers, arrays, containers and mdspans; constness, rank, strides; what is no
// tensor.
#include "k754/tensor_view.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <list>
#include <span>
#include <string>
#include <type_traits>
#include <vector>
#include <version>

#include "k754/argmax.hpp"
#include "support/catch.hpp"

#if defined(__cpp_lib_mdspan)
#include <mdspan>
#endif

namespace {

using k754::as_tensor_view;
using k754::index_t;
using k754::tensor_like;
using k754::tensor_view;
using k754::detail::input_view;
using k754::detail::output_like;

/// What std::mdspan, Kokkos::mdspan and their like look like.
template <class T, class Index, std::size_t Rank, class Reference = T&, bool AlwaysStrided = true,
          class Handle = T*>
struct test_mdspan {
  using element_type = T;
  using index_type = Index;
  using reference = Reference;
  Handle pointer = {};
  std::array<Index, Rank> sizes = {};
  std::array<Index, Rank> steps = {};

  static constexpr std::size_t rank() noexcept { return Rank; }
  static constexpr bool is_always_strided() noexcept { return AlwaysStrided; }
  constexpr Handle data_handle() const noexcept { return pointer; }
  constexpr Index extent(std::size_t axis) const noexcept { return sizes[axis]; }
  constexpr Index stride(std::size_t axis) const noexcept { return steps[axis]; }
};

template <class X>
using view_of = decltype(as_tensor_view(std::declval<X>()));

// C arrays, of any rank and constness
static_assert(std::is_same_v<view_of<float (&)[3]>, tensor_view<float, 1>>);
static_assert(std::is_same_v<view_of<const float (&)[3]>, tensor_view<const float, 1>>);
static_assert(std::is_same_v<view_of<std::int8_t (&)[2][3][4]>, tensor_view<std::int8_t, 3>>);
static_assert(
    std::is_same_v<view_of<const double (&)[1][2][3][4][5][6][7][8]>, tensor_view<const double, 8>>);
// containers and spans
static_assert(std::is_same_v<view_of<std::vector<float>&>, tensor_view<float, 1>>);
static_assert(std::is_same_v<view_of<const std::vector<float>&>, tensor_view<const float, 1>>);
static_assert(std::is_same_v<view_of<std::array<double, 4>&>, tensor_view<double, 1>>);
static_assert(std::is_same_v<view_of<const std::array<double, 0>&>, tensor_view<const double, 1>>);
static_assert(std::is_same_v<view_of<std::span<float>>, tensor_view<float, 1>>);
static_assert(std::is_same_v<view_of<std::span<const float>>, tensor_view<const float, 1>>);
static_assert(std::is_same_v<view_of<const std::span<float>&>, tensor_view<float, 1>>);
static_assert(std::is_same_v<view_of<std::span<k754::float16, 7>>, tensor_view<k754::float16, 1>>);
static_assert(std::is_same_v<view_of<std::vector<long long>&>, tensor_view<long long, 1>>);
// mdspans
static_assert(std::is_same_v<view_of<test_mdspan<float, int, 3>>, tensor_view<float, 3>>);
static_assert(
    std::is_same_v<view_of<const test_mdspan<const float, std::size_t, 2>&>, tensor_view<const float, 2>>);
static_assert(std::is_same_v<view_of<test_mdspan<double, unsigned, 0>>, tensor_view<double, 0>>);
// views themselves
static_assert(std::is_same_v<view_of<tensor_view<float, 2>&>, tensor_view<float, 2>>);
static_assert(std::is_same_v<view_of<const tensor_view<const float>&>, tensor_view<const float>>);

// what is none: values, lists without contiguous memory, packed bools, temporaries that own what they hold
static_assert(!tensor_like<float> && !tensor_like<float*> && !tensor_like<std::nullptr_t> &&
              !tensor_like<void*>);
static_assert(!tensor_like<std::list<float>&> && !tensor_like<std::vector<bool>&>);
static_assert(!tensor_like<std::vector<float>> && tensor_like<const std::vector<float>>);
// mdspans whose accessor computes something else than *(pointer + offset): scaled, atomic, packed
static_assert(!tensor_like<test_mdspan<const float, int, 1, float>>);
static_assert(tensor_like<test_mdspan<const float, int, 1, const float&>>);
// or that have something else than a pointer, and layouts that may have no strides
struct handle {
  operator float*() const;
};
static_assert(!tensor_like<test_mdspan<float, int, 1, float&, true, handle>>);
static_assert(!tensor_like<test_mdspan<float, int, 1, float&, false>>);

/// A vector with what a matrix or a tensor of another library has beside data() and size().
struct with_rows : std::vector<float> {
  std::size_t rows() const;
};
struct with_shape : std::vector<float> {
  const std::array<int, 1>& shape() const;
};
struct with_strides : std::vector<float> {
  const std::array<int, 1>& strides() const;
};
static_assert(!tensor_like<with_rows&> && !tensor_like<const with_shape&> && !tensor_like<with_strides&>);
/// Adjacent elements, of which every other one is meant; and memory of which nothing says what it is.
struct every_other {
  struct iterator : std::list<float>::iterator {};
  iterator begin() const;
  iterator end() const;
  float* data() const;
  std::size_t size() const;
};
struct memory_only {
  float* data() const;
  std::size_t size() const;
};
static_assert(!tensor_like<every_other&> && !tensor_like<memory_only&>);

// outputs are no temporaries that own their elements; inputs may be
static_assert(output_like<std::array<float, 3>&> && !output_like<std::array<float, 3>> &&
              tensor_like<std::array<float, 3>> && output_like<std::span<float, 3>> &&
              output_like<tensor_view<float, 1>> && output_like<test_mdspan<float, int, 1>>);
// outputs are not const
static_assert(output_like<std::vector<float>&> && output_like<std::span<float>> &&
              output_like<float (&)[2][2]>);
static_assert(!output_like<const std::vector<float>&> && !output_like<std::span<const float>> &&
              !output_like<const float (&)[2]> && !output_like<tensor_view<const float, 1>>);

// conversions: to const, to run-time rank, to both; never back
template <class From, class To>
constexpr bool converts = std::is_convertible_v<From, To>;
static_assert(converts<tensor_view<float, 2>, tensor_view<const float, 2>> &&
              converts<tensor_view<float, 2>, tensor_view<float>> &&
              converts<tensor_view<float, 2>, tensor_view<const float>> &&
              converts<tensor_view<float>, tensor_view<const float>>);
static_assert(!converts<tensor_view<const float, 2>, tensor_view<float, 2>> &&
              !converts<tensor_view<float>, tensor_view<float, 2>> &&
              !converts<tensor_view<float, 2>, tensor_view<float, 3>> &&
              !converts<tensor_view<float, 2>, tensor_view<double, 2>> &&
              !converts<tensor_view<const float>, tensor_view<float>>);
static_assert(std::is_trivially_copyable_v<tensor_view<float, 4>> &&
              std::is_trivially_copyable_v<tensor_view<float>>);
static_assert(sizeof(tensor_view<float, 1>) == 3 * sizeof(void*) &&
              sizeof(tensor_view<float, 2>) == 5 * sizeof(void*));

constexpr float constant_matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
constexpr bool constant_views_work() {
  const auto matrix = as_tensor_view(constant_matrix);
  const tensor_view<const float> dynamic = matrix;
  return matrix.size() == 6 && matrix.stride(0) == 3 && matrix.extent(1) == 3 && dynamic.rank() == 2 &&
         dynamic.data_handle() == &constant_matrix[0][0] && input_view(constant_matrix).extent(0) == 2;
}
static_assert(constant_views_work());

template <class View>
void require_axes(const View& view, std::initializer_list<index_t> extents,
                  std::initializer_list<index_t> strides) {
  REQUIRE(view.rank() == extents.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    CAPTURE(axis);
    REQUIRE(view.extent(axis) == extents.begin()[axis]);
    REQUIRE(view.stride(axis) == strides.begin()[axis]);
    REQUIRE(view.extents()[axis] == extents.begin()[axis]);
    REQUIRE(view.strides()[axis] == strides.begin()[axis]);
  }
}

}  // namespace

TEST_CASE("views of pointers are row-major or have the strides they are given") {
  std::array<float, 24> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);

  const tensor_view row_major(x.data(), {2, 3, 4});
  static_assert(std::is_same_v<decltype(row_major), const tensor_view<float, 3>>);
  require_axes(row_major, {2, 3, 4}, {12, 4, 1});
  REQUIRE(row_major.size() == 24);
  REQUIRE(row_major(1, 2, 3) == 23);
  REQUIRE(&row_major(0, 1, 0) == &x[4]);
  row_major(0, 0, 0) = 7;  // a view of mutable elements writes, const or not
  REQUIRE(x[0] == 7);

  const tensor_view reversed(x.data() + 23, {4, 3, 2}, {-1, -4, -12});
  require_axes(reversed, {4, 3, 2}, {-1, -4, -12});
  REQUIRE(reversed(0, 0, 0) == 23);
  REQUIRE(reversed(3, 2, 1) == 7);

  const tensor_view broadcast(x.data() + 5, {1000, 2}, {0, 1});
  REQUIRE(broadcast(999, 1) == 6);

  const tensor_view scalar(x.data() + 9);
  static_assert(std::is_same_v<decltype(scalar), const tensor_view<float, 0>>);
  REQUIRE(scalar.rank() == 0);
  REQUIRE(scalar.size() == 1);
  REQUIRE(scalar() == 9);

  const std::array<index_t, 2> extents{4, 6}, strides{6, 1};
  require_axes(tensor_view(x.data(), extents), {4, 6}, {6, 1});
  require_axes(tensor_view(x.data(), extents, strides), {4, 6}, {6, 1});
  require_axes(tensor_view<const float, 2>(x.data(), {4, 6}), {4, 6}, {6, 1});
  require_axes(tensor_view(x.data(), extents, {1, 4}), {4, 6}, {1, 4});

  // integers of any types, in lists and in arrays
  const index_t array[2] = {4, 6};
  const int steps[2] = {-6, 1};
  require_axes(tensor_view(x.data(), array), {4, 6}, {6, 1});
  require_axes(tensor_view(x.data() + 18, array, steps), {4, 6}, {-6, 1});
  require_axes(tensor_view(x.data(), {x.size() / 3, 3}), {8, 3}, {3, 1});
  require_axes(tensor_view(x.data() + 21, {x.size() / 3, 3U}, {index_t{-3}, 1}), {8, 3}, {-3, 1});
  require_axes(tensor_view<float, 2>(nullptr, {2, 0}), {2, 0}, {0, 1});
  static_assert(std::is_same_v<decltype(tensor_view(x.data(), {x.size() / 3, 3})), tensor_view<float, 2>>);
  static_assert(!std::is_constructible_v<tensor_view<float, 2>, float*, int(&)[3]>);
}

TEST_CASE("views of run-time rank hold up to 8 axes, and remember more without touching memory") {
  float x[256] = {};
  x[37] = 37;
  const index_t extents[9] = {2, 2, 2, 2, 2, 2, 2, 2, 2};
  const index_t strides[9] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  for (std::size_t rank = 0; rank <= 8; ++rank) {
    const tensor_view<float> view(x, rank, extents);
    REQUIRE(view.rank() == rank);
    REQUIRE(view.size() == index_t{1} << rank);
    if (rank > 0) REQUIRE(view.stride(rank - 1) == 1);
    if (rank > 0) REQUIRE(view.stride(0) == index_t{1} << (rank - 1));
    for (std::size_t axis = rank; axis < 8; ++axis) REQUIRE(view.extents()[axis] == 0);
  }
  const tensor_view<float> with_strides(x, 8, extents, strides);
  REQUIRE(with_strides(1, 0, 1, 0, 0, 1, 0, 0) == 37);
  const tensor_view<float> of_rank_0(x + 37);
  REQUIRE(of_rank_0.rank() == 0);
  REQUIRE(of_rank_0() == 37);

  // nine axes: kept, and every kernel refuses them
  const tensor_view<float> too_many(x, 9, extents, strides);
  REQUIRE(too_many.rank() == 9);
  REQUIRE(too_many.size() == 256);
  const tensor_view<const float> still_too_many = too_many;
  REQUIRE(still_too_many.rank() == 9);
  REQUIRE(still_too_many.permuted({7, 6, 5, 4, 3, 2, 1, 0}).rank() == 9);
  std::int64_t index = -5;
  REQUIRE(k754::try_argmax(too_many, tensor_view(&index)) == k754::status::rank_mismatch);
  const tensor_view<float> far_too_many(x, ~std::size_t{0}, extents);
  REQUIRE(k754::try_argmax(far_too_many, tensor_view(&index)) == k754::status::rank_mismatch);
  REQUIRE(index == -5);
}

TEST_CASE(
    "a view of const elements or of run-time rank has the extents and strides of what it was made from") {
  float x[24] = {};
  const tensor_view<float, 3> view(x + 23, {2, 3, 4}, {-12, 0, -3});
  const tensor_view<const float, 3> constant = view;
  require_axes(constant, {2, 3, 4}, {-12, 0, -3});
  REQUIRE(constant.data_handle() == x + 23);
  const tensor_view<float> dynamic = view;
  require_axes(dynamic, {2, 3, 4}, {-12, 0, -3});
  const tensor_view<const float> both = constant, again = dynamic;
  require_axes(both, {2, 3, 4}, {-12, 0, -3});
  require_axes(again, {2, 3, 4}, {-12, 0, -3});
  REQUIRE(again.data_handle() == x + 23);
  require_axes(input_view(view), {2, 3, 4}, {-12, 0, -3});
}

TEST_CASE("default views have no elements, or are null where only the rank is missing") {
  const tensor_view<float, 3> empty;
  REQUIRE(empty.data_handle() == nullptr);
  REQUIRE(empty.size() == 0);
  const tensor_view<float> null;
  REQUIRE(null.data_handle() == nullptr);
  REQUIRE(null.rank() == 0);
}

TEST_CASE("views keep what they are made of") {
  float array[2][3] = {{1, 2, 3}, {4, 5, 6}};
  require_axes(as_tensor_view(array), {2, 3}, {3, 1});
  REQUIRE(as_tensor_view(array)(1, 0) == 4);
  REQUIRE(as_tensor_view(array).data_handle() == &array[0][0]);

  std::vector<float> vector{1, 2, 3, 4};
  require_axes(as_tensor_view(vector), {4}, {1});
  REQUIRE(as_tensor_view(vector).data_handle() == vector.data());
  const std::vector<float> none;
  require_axes(as_tensor_view(none), {0}, {1});
  REQUIRE(as_tensor_view(none).size() == 0);
  std::array<float, 2> standard_array{5, 6};
  require_axes(as_tensor_view(standard_array), {2}, {1});
  require_axes(as_tensor_view(std::span(vector).subspan(1)), {3}, {1});
  REQUIRE(as_tensor_view(std::span(vector).subspan(1))(2) == 4);

  // signed and unsigned index types, every stride that a layout can have
  const test_mdspan<float, int, 2> transposed{&array[0][0], {3, 2}, {1, 3}};
  require_axes(as_tensor_view(transposed), {3, 2}, {1, 3});
  REQUIRE(as_tensor_view(transposed)(2, 1) == 6);
  const test_mdspan<float, std::size_t, 2> large{&array[0][0], {2, 3}, {3, 1}};
  require_axes(as_tensor_view(large), {2, 3}, {3, 1});
  const test_mdspan<float, int, 1> backwards{&array[1][2], {6}, {-1}};
  REQUIRE(as_tensor_view(backwards)(5) == 1);
  const test_mdspan<float, unsigned char, 1> tiny{&array[0][0], {6}, {1}};
  REQUIRE(as_tensor_view(tiny).size() == 6);
  REQUIRE(as_tensor_view(test_mdspan<float, int, 0>{&array[1][1]})() == 5);

#if defined(__cpp_lib_mdspan)
  const std::mdspan<float, std::dextents<int, 2>> standard(&array[0][0], 2, 3);
  require_axes(as_tensor_view(standard), {2, 3}, {3, 1});
  const std::mdspan<const float, std::extents<std::size_t, 2, 3>, std::layout_left> left(&array[0][0]);
  require_axes(as_tensor_view(left), {2, 3}, {1, 2});
  const std::mdspan<float, std::extents<int>> of_rank_0(&array[1][1]);
  REQUIRE(as_tensor_view(of_rank_0)() == 5);
#else
  std::printf("  this library has no std::mdspan: not tested\n");
#endif
}

TEST_CASE("permuted views are the same elements with the axes in another order") {
  float array[2][3][4] = {};
  array[1][2][3] = 9;
  const auto view = as_tensor_view(array);
  const auto permuted = view.permuted({2, 0, 1});
  require_axes(permuted, {4, 2, 3}, {1, 12, 4});
  REQUIRE(permuted(3, 1, 2) == 9);
  const tensor_view<float> dynamic = view;
  const auto dynamic_permuted = dynamic.permuted({1, 2, 0});
  require_axes(dynamic_permuted, {3, 4, 2}, {4, 1, 12});
  REQUIRE(dynamic_permuted(2, 3, 1) == 9);
}

TEST_CASE("views of hostile extents are built without overflow") {
  float x = 0;
  const index_t huge = std::numeric_limits<index_t>::max(), tiny = std::numeric_limits<index_t>::min();
  for (const index_t a : {huge, tiny, index_t{-1}, index_t{0}, index_t{1} << 62}) {
    for (const index_t b : {huge, tiny, index_t{-1}, index_t{0}, index_t{1} << 62}) {
      const tensor_view<float, 3> view(&x, {a, b, a});
      REQUIRE(view.stride(2) == 1);
      (void)view.size();  // meaningless, but no undefined behaviour
      std::int64_t index[1] = {-5};
      REQUIRE(k754::try_argmax(view, index) != k754::status::ok);
      REQUIRE(index[0] == -5);
    }
  }
}

TEST_CASE("kernels see foreign elements as what they are stored as") {
  long long integers[2] = {-1, 5};
  const auto view = k754::detail::output_view(integers);
  static_assert(std::is_same_v<decltype(view), const tensor_view<std::int64_t>>);
  REQUIRE(view.rank() == 1);
  REQUIRE(view.extent(0) == 2);
  REQUIRE(static_cast<const void*>(view.data_handle()) == static_cast<const void*>(integers));
  static_assert(std::is_same_v<decltype(input_view(integers)), tensor_view<const std::int64_t>>);
  REQUIRE(k754::argmax(integers) == 1);
#if K754_HAS_FLOAT16
  const k754::native_float16 halves[3] = {static_cast<k754::native_float16>(1),
                                          static_cast<k754::native_float16>(3),
                                          static_cast<k754::native_float16>(2)};
  static_assert(std::is_same_v<decltype(input_view(halves)), tensor_view<const k754::float16>>);
  REQUIRE(k754::argmax(halves) == 1);
#endif
}

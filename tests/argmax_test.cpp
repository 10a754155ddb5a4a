// argmax.hpp: positions, axes, strides, types, environments, executors and errors of argmin and argmax. What rows of
// special values give is in semantics.txt, and, for all short rows and policies, in argmax_policies_test.cpp.
#include "k754/argmax.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "support/argmax_model.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/message.hpp"

namespace {

using k754::bfloat16;
using k754::extremum;
using k754::float16;
using k754::index_t;
using k754::policy;
using k754::status;
using k754::tensor_view;
using k754::try_argmax;
using k754::try_argmin;
using k754_test::case_count;
using k754_test::datum;
using k754_test::message;
using k754_test::random_bits;

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();
constexpr float s = 0x1p-149F;  // the smallest subnormal

// Fields that are not read do not count, and equal meanings are one instantiation.
using k754::detail::argmax_policy;
static_assert(argmax_policy<float>(policy{.pos_inf = k754::pos_inf::limit,
                                          .precision = k754::precision::fast}) ==
              argmax_policy<float>(policy{}));
static_assert(argmax_policy<float>(policy{.nans = k754::nans::total_order}) ==
              argmax_policy<float>(policy{.nans = k754::nans::total_order, .zeros = k754::zeros::ordered}));
static_assert(argmax_policy<float>(policy{.all_nan = k754::all_nan::error}) ==
              argmax_policy<float>(policy{}));
static_assert(argmax_policy<int>(policy{.subnormals = k754::subnormals::flush, .nans = k754::nans::omit}) ==
              argmax_policy<int>(policy{}));
static_assert(argmax_policy<int>(policy{.ties = k754::ties::last}) != argmax_policy<int>(policy{}));

// What can be an output
template <class Output>
concept takes_output = requires(float (&x)[3], Output output) {
  try_argmax(x, output);
};
static_assert(takes_output<std::int32_t (&)[1]> && takes_output<std::int64_t (&)[1]> &&
              takes_output<long long (&)[1]> && takes_output<tensor_view<std::int64_t>> &&
              takes_output<std::span<std::int32_t>>);
static_assert(!takes_output<float (&)[1]> && !takes_output<std::uint32_t (&)[1]> &&
              !takes_output<std::int16_t (&)[1]> && !takes_output<const std::int64_t (&)[1]> &&
              !takes_output<std::int64_t&>);

}  // namespace

namespace {

/// Among smallest subnormals: a zero of their sign, and one twice as large, far enough apart for vectors.
template <class T>
void require_subnormals_apart(case_count& cases) {
  for (const std::size_t n : {5U, 64U, 1000U}) {
    for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << (8 * sizeof(T) - 1)}) {
      std::vector<T> row(n, k754_test::from_bytes<T>(sign | 1));
      const auto zero_at = static_cast<std::int64_t>(n / 3), large_at = static_cast<std::int64_t>(n / 2);
      row[n / 3] = k754_test::from_bytes<T>(sign);
      row[n / 2] = k754_test::from_bytes<T>(sign | 2);
      for (const auto& environment : k754_test::hostile_environments()) {
        bool intact = false;
        std::array<std::int64_t, 4> index{};
        k754_test::run_in(environment, intact, [&] {
          constexpr policy flush{.subnormals = k754::subnormals::flush};  // emulated: all are equal
          index = {k754::argmin(row), k754::argmax(row), k754::argmin<flush>(row), k754::argmax<flush>(row)};
        });
        INFO(environment.name << ", " << n << " elements of " << sizeof(T) << " bytes");
        REQUIRE(index == std::array<std::int64_t, 4>{sign == 0 ? zero_at : large_at,
                                                     sign == 0 ? large_at : zero_at, 0, 0});
        REQUIRE(intact);
        cases.add();
      }
    }
  }
}

}  // namespace

// As short rows they are in semantics.txt, which vectors and the compiled library do not run.
TEST_CASE("AM-08 AM-09 AM-10 AM-11: subnormals are told apart whatever FTZ and DAZ say") {
  case_count cases("rows of subnormals x environments", 4 * 3 * 2 * 4);
  require_subnormals_apart<float>(cases);
  require_subnormals_apart<double>(cases);
  require_subnormals_apart<float16>(cases);
  require_subnormals_apart<bfloat16>(cases);
  cases.check();
}

TEST_CASE("AM-16: an empty row is an error, or -1 if asked for") {
  const std::vector<float> none;
  std::int64_t index = -5;
  REQUIRE(try_argmax(none, tensor_view(&index)) == status::empty_reduction);
  REQUIRE(try_argmin(none, tensor_view(&index)) == status::empty_reduction);
  REQUIRE(index == -5);
  REQUIRE(message(k754::check_argmin(none, tensor_view(&index))) ==
          "[argmin] input has extent 0 on axis 0: there is no element to find");
  REQUIRE_THROWS_AS(k754::argmax(none), k754::shape_error);

  constexpr policy sentinel{.empty_axis = k754::empty_axis::sentinel};
  REQUIRE(k754::argmax<sentinel>(none) == -1);
  REQUIRE(k754::argmin<sentinel>(none) == -1);
  std::vector<std::int32_t> indices(6, -5);
  const tensor_view<const float, 3> rows(nullptr, {2, 0, 3});
  REQUIRE(try_argmax<sentinel>(rows, tensor_view(indices.data(), {2, 3}), {.axis = 1}) == status::ok);
  REQUIRE(indices == std::vector<std::int32_t>(6, -1));
  // an axis that is not searched may be empty, and then there is nothing to write
  REQUIRE(try_argmax<sentinel>(rows, tensor_view<std::int32_t, 2>(nullptr, {2, 0}), {.axis = 2}) ==
          status::ok);
  // no rows, each of them empty: still an error, as in NumPy
  REQUIRE(try_argmax(tensor_view<const float, 2>(nullptr, {0, 0}),
                     tensor_view<std::int32_t, 1>(nullptr, {0})) == status::empty_reduction);
  REQUIRE(try_argmax<sentinel>(tensor_view<const float, 2>(nullptr, {0, 0}),
                               tensor_view<std::int32_t, 1>(nullptr, {0})) == status::ok);
}

TEST_CASE("AM-17: no rows give no answers, which is no error") {
  REQUIRE(try_argmax(tensor_view<const float, 2>(nullptr, {0, 3}),
                     tensor_view<std::int64_t, 1>(nullptr, {0})) == status::ok);
  REQUIRE(try_argmax(tensor_view<const float, 2>(nullptr, {0, 3}),
                     tensor_view<std::int64_t, 2>(nullptr, {0, 1}), {.keepdims = true}) == status::ok);
  REQUIRE(try_argmin(tensor_view<const float, 4>(nullptr, {5, 7, 0, 2}),
                     tensor_view<std::int64_t, 3>(nullptr, {7, 0, 2}), {.axis = 0}) == status::ok);
  const std::vector<float> none;
  std::vector<std::int64_t> nothing;
  REQUIRE(try_argmax(tensor_view<const float, 2>(none.data(), {0, 1000000}), nothing) == status::ok);
}

namespace {

/// A row found at every place it can stand: alone, as rows of matrices along either axis, strided, reversed, unaligned.
class row_places {
 public:
  static constexpr std::size_t gap = 3, columns = 2;

  /// Runs argmin and argmax over `row` everywhere; true where all say `least` and `greatest`.
  template <policy P = policy{}>
  bool all_say(const std::vector<float>& row, std::int64_t least, std::int64_t greatest) {
    const std::size_t n = row.size();
    const auto length = static_cast<index_t>(n);
    // strided and as one of two interleaved columns: the other column, and what lies between, must not matter
    strided_.assign(n * gap, -inf);
    columns_.assign(n * columns, inf);
    reversed_.resize(n);
    bytes_.resize(n * sizeof(float) + 1);
    for (std::size_t i = 0; i < n; ++i) {
      strided_[i * gap] = columns_[i * columns + 1] = reversed_[n - 1 - i] = row[i];
    }
    std::memcpy(bytes_.data() + 1, row.data(), n * sizeof(float));
    const tensor_view<const float, 1> views[] = {
        {row.data(), {length}},
        {strided_.data(), {length}, {gap}},
        {columns_.data() + 1, {length}, {columns}},
        {reversed_.data() + n - 1, {length}, {-1}},
        {reinterpret_cast<const float*>(static_cast<const void*>(bytes_.data() + 1)), {length}},
    };
    for (const auto& view : views) {
      if (k754::argmin<P>(view) != least || k754::argmax<P>(view) != greatest) return false;
      // the second of three equal rows of a matrix, and of three equal columns
      std::array<std::int64_t, 3> index{-5, -5, -5};
      const tensor_view<const float, 2> rows(view.data_handle(), {3, length}, {0, view.stride(0)});
      if (try_argmax<P>(rows, index, {.axis = 1}) != status::ok || index[1] != greatest) return false;
      const auto cols = rows.permuted({1, 0});
      if (try_argmin<P>(cols, index, {.axis = 0}) != status::ok || index[1] != least) return false;
    }
    return true;
  }

 private:
  std::vector<float> strided_, columns_, reversed_;
  std::vector<unsigned char> bytes_;
};

}  // namespace

TEST_CASE("AM-20: NaNs and extremes are found at every position of every length to 260") {
  row_places places;
  case_count cases("positions in rows of length 1 to 260", 5 * 260 * 261 / 2);
  constexpr policy last{.ties = k754::ties::last};
  for (std::size_t n = 1; n <= 260; ++n) {
    const auto end = static_cast<std::int64_t>(n) - 1;
    std::vector<float> row(n, 1.0F);
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const std::int64_t other = i == 0 && n > 1 ? 1 : 0, other_last = at == end && n > 1 ? end - 1 : end;
      bool good = true;
      row[i] = 2;
      good = good && places.all_say(row, n == 1 ? 0 : other, at);
      row[i] = 1 - 0x1p-24F;
      good = good && places.all_say(row, at, n == 1 ? 0 : other);
      row[i] = quiet_nan;
      good = good && places.all_say(row, at, at);
      row[i] = -quiet_nan;
      good = good && places.all_say<last>(row, at, at);
      row[i] = inf;
      good = good && places.all_say<last>(row, n == 1 ? 0 : other_last, at);
      if (!good) {
        CAPTURE(n, i);
        FAIL("found at another place");
      }
      cases.add(5);
      row[i] = 1;
    }
  }
  cases.check();
}

TEST_CASE("AM-20: of two that tie, the first and the last are found, at every pair of positions") {
  case_count cases("pairs of positions in rows of length 1 to 130", 3 * 130 * 131 * 132 / 6);
  constexpr policy last{.ties = k754::ties::last};
  for (std::size_t n = 1; n <= 130; ++n) {
    std::vector<float> row(n, 0.0F);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) {
        const auto first_at = static_cast<std::int64_t>(i), last_at = static_cast<std::int64_t>(j);
        bool good = true;
        row[i] = row[j] = 1;
        good = good && k754::argmax(row) == first_at && k754::argmax<last>(row) == last_at;
        row[i] = row[j] = -s;
        good = good && k754::argmin(row) == first_at && k754::argmin<last>(row) == last_at;
        row[i] = quiet_nan;
        row[j] = -quiet_nan;
        good = good && k754::argmin(row) == first_at && k754::argmax(row) == first_at &&
               k754::argmax<last>(row) == last_at;
        if (!good) {
          CAPTURE(n, i, j);
          FAIL("another of the two");
        }
        row[i] = row[j] = 0;
        cases.add(3);
      }
    }
  }
  cases.check();
}

TEST_CASE("AM-21: x[argmax(x)] is max(x), NaN included, for every row of up to 4 special values") {
  case_count cases("rows of special values", 12 + 144 + 1728 + 20736);
  for (std::size_t length = 1; length <= 4; ++length) {
    const std::vector<float> rows = k754_test::all_rows(k754_test::special_alphabet<float>(), length);
    for (std::size_t at = 0; at < rows.size(); at += length) {
      const std::span<const float> row(rows.data() + at, length);
      float greatest = row[0],
            least = row[0];  // maximum and minimum of IEEE 754-2019, 9.6, but for the sign of zero
      for (const float x : row) {
        greatest = std::isnan(greatest) || std::isnan(x) ? quiet_nan : x > greatest ? x : greatest;
        least = std::isnan(least) || std::isnan(x) ? quiet_nan : x < least ? x : least;
      }
      const float found_greatest = row[static_cast<std::size_t>(k754::argmax(row))];
      const float found_least = row[static_cast<std::size_t>(k754::argmin(row))];
      const bool same = std::isnan(greatest) ? std::isnan(found_greatest) && std::isnan(found_least)
                                             : found_greatest == greatest && found_least == least;
      if (!same) {
        CAPTURE(at, length, greatest, least);
        FAIL("not the extreme value");
      }
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("AM-22: indices are 64 bits wide; 32-bit outputs are refused where an index might not fit") {
  // a broadcast row: one element, seen 2^31 + 1 times; only the check looks at it
  const float x = 1;
  std::int32_t narrow = -5;
  std::int64_t wide = -5;
  const auto row = [&](index_t n) { return tensor_view<const float, 1>(&x, {n}, {0}); };
  constexpr index_t e31 = index_t{1} << 31;
  REQUIRE(k754::check_argmax(row(e31), tensor_view(&narrow)));
  REQUIRE(message(k754::check_argmax(row(e31 + 1), tensor_view(&narrow))) ==
          "[argmax] output holds indices up to 2147483647, input has extent 2147483649 on axis 0");
  REQUIRE(try_argmin(row(e31 + 1), tensor_view(&narrow)) == status::index_type_too_small);
  REQUIRE(k754::check_argmax(row(e31 + 1), tensor_view(&wide)));
  REQUIRE(k754::check_argmax(row(index_t{1} << 60), tensor_view(&wide)));
  REQUIRE(k754::check_argmax(row(index_t{1} << 61), tensor_view(&wide)) == status::size_overflow);
  // the axis that is searched counts, not the number of elements
  const tensor_view<const float, 2> wide_rows(&x, {e31 + 1, 2}, {0, 0});
  REQUIRE(k754::check_argmax(wide_rows.permuted({1, 0}), tensor_view<std::int32_t, 1>(&narrow, {2}),
                             {.axis = 1}) == status::index_type_too_small);
  std::int32_t two[2] = {-5, -5};
  REQUIRE(k754::check_argmax(tensor_view<const float, 2>(&x, {2, e31}, {0, 0}), two));
  REQUIRE(narrow == -5);
  static_assert(std::is_same_v<decltype(k754::argmax(std::declval<std::vector<float>&>())), std::int64_t>);
  // both output types give the same index
  const std::array<float, 3> values{1, 3, 2};
  REQUIRE(try_argmax(values, tensor_view(&narrow)) == status::ok);
  REQUIRE(try_argmax(values, tensor_view(&wide)) == status::ok);
  REQUIRE(narrow == 1);
  REQUIRE(wide == 1);
  long long long_long = 0;
  REQUIRE(try_argmax(values, tensor_view(&long_long)) == status::ok);
  REQUIRE(long_long == 1);
}

TEST_CASE("AM-22: an index beyond 2^32 is found", "[.deep]") {
  std::vector<std::uint8_t> row((std::size_t{1} << 32) + 2, 0);
  row.back() = 1;
  REQUIRE(k754::argmax(row) == (std::int64_t{1} << 32) + 1);
  row[(std::size_t{1} << 31) + 5] = 1;
  REQUIRE(k754::argmax(row) == (std::int64_t{1} << 31) + 5);
  REQUIRE(k754::argmax<policy{.ties = k754::ties::last}>(row) == (std::int64_t{1} << 32) + 1);
}

namespace {

/// The model's answer for every row of a view along an axis, in row-major order of the other axes.
std::vector<std::int64_t> expected_along(const tensor_view<const float>& x, std::size_t axis,
                                         extremum which) {
  std::vector<std::int64_t> expected;
  std::array<index_t, 8> index{};
  const std::size_t rank = x.rank();
  for (std::size_t a = 0; a < rank; ++a) {
    if (x.extent(a) == 0) return expected;
  }
  for (;;) {
    std::vector<datum> row;
    for (index[axis] = 0; index[axis] < x.extent(axis); ++index[axis]) {
      index_t offset = 0;
      for (std::size_t a = 0; a < rank; ++a) offset += index[a] * x.stride(a);
      row.push_back(k754_test::decode(x.data_handle()[offset]));
    }
    expected.push_back(k754_test::arg_extremum(row, which, policy{}));
    index[axis] = 0;
    std::size_t a = rank;
    while (a > 0) {
      --a;
      if (a == axis) continue;
      if (++index[a] < x.extent(a)) break;
      index[a] = 0;
      if (a == 0 || (a == 1 && axis == 0)) return expected;
    }
    if (rank == 1) return expected;
  }
}

}  // namespace

TEST_CASE("every axis of random tensors of rank 1 to 8, any strides, with and without keepdims") {
  random_bits random(2024);
  const std::vector<float> alphabet = k754_test::special_alphabet<float>();
  case_count cases("axes of random tensors", 20000);
  std::vector<float> memory(20000);
  for (float& x : memory)
    x = random.below(3) == 0 ? alphabet[random.below(alphabet.size())] : static_cast<float>(random.below(4));
  for (int round = 0; round < 4000; ++round) {
    const std::size_t rank = round % 6 == 5 ? 8 : 1 + random.below(5);
    std::array<index_t, 8> extents{}, strides{};
    // row-major strides of a larger block, in any order of axes, some reversed, some broadcast
    index_t stride = 1 + static_cast<index_t>(random.below(2));
    index_t origin = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      extents[axis] = 1 + static_cast<index_t>(random.below(rank == 8 ? 3 : rank == 1 ? 40 : 5));
      if (random.below(100) == 0) extents[axis] = 0;
      strides[axis] = stride;
      stride *= std::max<index_t>(extents[axis], 1);
      if (rank < 4) stride += static_cast<index_t>(random.below(3));
      switch (random.below(5)) {
        case 0:
          origin += strides[axis] * std::max<index_t>(extents[axis] - 1, 0);
          strides[axis] = -strides[axis];
          break;
        case 1:
          strides[axis] = 0;
          break;
        default:
          break;
      }
    }
    for (std::size_t axis = 1; axis < rank; ++axis) {
      const std::size_t other = random.below(axis + 1);
      std::swap(extents[axis], extents[other]);
      std::swap(strides[axis], strides[other]);
    }
    REQUIRE(stride < 20000);
    const tensor_view<const float> x(memory.data() + origin, rank, extents.data(), strides.data());
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (extents[axis] == 0) continue;
      const bool keepdims = random.below(2) == 0;
      const bool from_end = random.below(2) == 0;
      std::vector<index_t> shape(extents.begin(), extents.begin() + static_cast<std::ptrdiff_t>(rank));
      if (keepdims) {
        shape[axis] = 1;
      } else {
        shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
      }
      const k754::argmax_options options{
          .axis = static_cast<index_t>(axis) - (from_end ? static_cast<index_t>(rank) : 0),
          .keepdims = keepdims};
      const auto least = expected_along(x, axis, extremum::minimum);
      const auto greatest = expected_along(x, axis, extremum::maximum);
      std::vector<std::int64_t> argmin(least.size() + 1, -5);
      std::vector<std::int32_t> argmax(least.size() + 1, -5);
      const tensor_view<std::int64_t> argmin_view(argmin.data(), shape.size(), shape.data());
      const tensor_view<std::int32_t> argmax_view(argmax.data(), shape.size(), shape.data());
      CAPTURE(round, axis, rank, extents, strides, keepdims);
      REQUIRE(try_argmin(x, argmin_view, options) == status::ok);
      REQUIRE(try_argmax(x, argmax_view, options, k754_test::reverse_executor{}) == status::ok);
      REQUIRE(std::equal(least.begin(), least.end(), argmin.begin()));
      REQUIRE(std::equal(greatest.begin(), greatest.end(), argmax.begin()));
      REQUIRE(argmin.back() == -5);
      REQUIRE(argmax.back() == -5);
      cases.add(2);
    }
  }
  cases.check();
}

TEST_CASE("outputs have strides too, and views of fixed rank give what views of run-time rank give") {
  const float x[2][3] = {{3, 1, 2}, {quiet_nan, 5, 4}};
  std::int64_t memory[12];
  const auto fill = [&] { std::fill(std::begin(memory), std::end(memory), -5); };
  const auto expect = [&](std::initializer_list<std::int64_t> values) {
    return std::equal(values.begin(), values.end(), memory);
  };
  fill();
  REQUIRE(try_argmax(x, tensor_view(memory, {3}, {2}), {.axis = 0}) == status::ok);
  REQUIRE(expect({1, -5, 1, -5, 1, -5, -5}));
  fill();
  REQUIRE(try_argmax(x, tensor_view(memory + 4, {3}, {-2}), {.axis = 0}) == status::ok);
  REQUIRE(expect({1, -5, 1, -5, 1, -5}));
  fill();
  REQUIRE(try_argmin(x, tensor_view(memory + 1, {2, 1}, {1, 100}), {.axis = -1, .keepdims = true}) ==
          status::ok);
  REQUIRE(expect({-5, 1, 0, -5}));
  // an axis of one element may have any stride in an output, 0 too
  fill();
  REQUIRE(try_argmin(x, tensor_view(memory + 1, {2, 1}, {1, 0}), {.axis = -1, .keepdims = true}) ==
          status::ok);
  REQUIRE(expect({-5, 1, 0, -5}));
  fill();
  const tensor_view<const float> dynamic = k754::as_tensor_view(x);
  const tensor_view<std::int64_t> dynamic_output = tensor_view(memory, {2});
  REQUIRE(try_argmin(dynamic, dynamic_output) == status::ok);
  REQUIRE(expect({1, 0, -5}));
  REQUIRE(k754::argmax(x[0]) == 0);
  REQUIRE(k754::argmin(std::span<const float>(x[1]).subspan(1)) == 1);
  const auto first_row = k754::as_tensor_view(x[0]);
  REQUIRE(k754::argmax(tensor_view<const float>(first_row)) == 0);
}

TEST_CASE("no executor changes a result") {
  random_bits random(11);
  std::vector<float> x(300 * 257);
  for (float& v : x) v = random.below(50) == 0 ? quiet_nan : static_cast<float>(random.below(20));
  const tensor_view<const float, 2> rows(x.data(), {300, 257});
  for (const index_t axis : {0, 1}) {
    const auto outputs = static_cast<std::size_t>(axis == 0 ? 257 : 300);
    std::vector<std::int64_t> serial(outputs, -5), reverse(outputs, -5), threads(outputs, -5);
    k754::argmax(rows, serial, {.axis = axis});
    k754::argmax(rows, reverse, {.axis = axis}, k754_test::reverse_executor{});
    REQUIRE(try_argmax(rows, threads, {.axis = axis}, k754_test::thread_executor{}) == status::ok);
    REQUIRE(serial == reverse);
    REQUIRE(serial == threads);
    REQUIRE(std::none_of(serial.begin(), serial.end(), [](std::int64_t i) { return i < 0; }));
  }
}

#include <k754/argmax.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"
#include "support/ieee754.hpp"
#include "support/random_tensor.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// Bit patterns around every boundary of a floating type.
template <floating T>
std::vector<T> special_values() {
  using format = detail::format_of<T>;
  std::vector<T> values;
  for (const std::uint64_t sign : {std::uint64_t{0}, format::sign_bit}) {
    for (const std::uint64_t magnitude :
         {std::uint64_t{0}, std::uint64_t{1}, format::smallest_normal - 1, format::smallest_normal,
          (format::infinity / 2) | 1, format::infinity - 1, format::infinity, format::infinity | 1,
          format::canonical_nan}) {
      values.push_back(from_bytes<T>(sign | magnitude));
    }
  }
  return values;
}

/// Whether a comes after b, by the text of the policy and the values that the model of IEEE 754 gives.
template <policy P, floating T>
bool greater(T a, T b) {
  datum x = decode<T>(bytes_of(a)), y = decode<T>(bytes_of(b));
  if (P.nans == nans::total_order) return !k754_test::total_order(x, y);
  if (x.is_nan() || y.is_nan()) return false;  // the caller has dealt with them
  for (datum* d : {&x, &y}) {
    if (P.subnormals == subnormals::flush && d->kind == kind::subnormal) *d = {.negative = d->negative};
  }
  if (x.value == y.value)
    return P.zeros == zeros::ordered && x.kind == kind::zero && !x.negative && y.negative;
  return x.value > y.value;
}
template <policy P, class T>
bool greater(T a, T b) {
  return a > b;
}

/// argmin and argmax said plainly.
template <extremum E, policy P, class T>
index_t model(const std::vector<T>& x) {
  const auto nan_at = [&](index_t i) {
    if constexpr (floating<T>) return is_nan(x[static_cast<std::size_t>(i)]);
    return false;
  };
  const auto wins = [&](index_t i, index_t over) {
    const T a = x[static_cast<std::size_t>(i)], b = x[static_cast<std::size_t>(over)];
    if (P.nans == nans::propagate && (nan_at(i) || nan_at(over))) {
      return nan_at(i) && (!nan_at(over) || P.ties == ties::last);
    }
    const bool better = E == extremum::maximum ? greater<P>(a, b) : greater<P>(b, a);
    const bool worse = E == extremum::maximum ? greater<P>(b, a) : greater<P>(a, b);
    return better || (P.ties == ties::last && !worse);
  };
  index_t winner = -1;
  for (index_t i = 0; i < std::ssize(x); ++i) {
    if (P.nans == nans::omit && nan_at(i)) continue;
    if (winner < 0 || wins(i, winner)) winner = i;
  }
  if (winner < 0 && !x.empty() && P.nans == nans::omit && P.all_nan == all_nan::first) return 0;
  return winner;
}

template <policy P, class T>
void require_model_on_all_short_rows(const std::vector<T>& alphabet, std::size_t longest, case_count& rows) {
  for (std::size_t length = 1; length <= longest; ++length) {
    std::vector<std::size_t> letters(length);
    for (bool done = false; !done;) {
      std::vector<T> x;
      for (std::size_t letter : letters) x.push_back(alphabet[letter]);
      const index_t least = argmin<P>(x), greatest = argmax<P>(x);
      if (least != model<extremum::minimum, P>(x) || greatest != model<extremum::maximum, P>(x)) {
        INFO("length " << length << ", letters from " << letters[0]);
        REQUIRE(least == model<extremum::minimum, P>(x));
        REQUIRE(greatest == model<extremum::maximum, P>(x));
      }
      rows.add();
      std::size_t place = 0;
      while (place < length && ++letters[place] == alphabet.size()) letters[place++] = 0;
      done = place == length;
    }
  }
}

template <class T, policy... P>
void require_models(case_count& rows) {
  (require_model_on_all_short_rows<P>(special_values<T>(), 3, rows), ...);
}

}  // namespace

TEST_CASE("argmin and argmax of all short rows of special values are those of a plain model") {
  case_count rows("rows of special values x policy", 200'000);
  require_model_on_all_short_rows<policy{}>(special_values<float>(), 4, rows);
  constexpr policy flush{.subnormals = subnormals::flush}, total_order{.nans = nans::total_order};
  require_models<float, policy{.ties = ties::last}, policy{.zeros = zeros::ordered}, flush,
                 policy{.subnormals = subnormals::flush, .zeros = zeros::ordered}, policy{.nans = nans::omit},
                 policy{.nans = nans::omit, .ties = ties::last},
                 policy{.nans = nans::omit, .all_nan = all_nan::first}, total_order,
                 policy{.nans = nans::total_order, .ties = ties::last}>(rows);
  require_models<double, policy{}, flush, total_order>(rows);
  require_models<float16, policy{}, flush, total_order>(rows);
  require_models<bfloat16, policy{}, flush, total_order>(rows);
  rows.check();
}

TEST_CASE("AM-20: the first NaN and the first tie win at every position, length, stride and axis") {
  case_count rows("positions x lengths x layouts", 1'000'000);
  constexpr index_t longest = 260;
  const auto search = [&](auto ordinary, auto extreme, auto third) {
    // 3 rows of n columns with two elements of slack after each; the slack holds what would win
    using T = decltype(ordinary);
    for (index_t n = 1; n <= longest; ++n) {
      const index_t pitch = n + 2;
      const auto x = std::make_unique<T[]>(static_cast<std::size_t>(3 * pitch));
      std::fill(x.get(), x.get() + 3 * pitch, extreme);
      for (index_t first = 0; first < n; ++first) {
        T* const row = x.get() + pitch;
        std::fill(row, row + n, ordinary);
        row[first] = extreme;
        if (n - first > 2) row[first + 1 + (n - first) / 2] = third;  // another one behind it
        const std::array<index_t, 4> found = {
            argmax(tensor_view(row, {n})),
            n - 1 - argmax<policy{.ties = ties::last}>(tensor_view(row + (n - 1), {n}, {-1})),
            [&] {  // the middle column of a matrix that is searched along axis 0
              std::int32_t index[3] = {};
              std::fill(x.get(), row, ordinary);
              argmax(tensor_view(x.get(), {n, 3}, {1, pitch}), index, {.axis = 0});
              std::fill(x.get(), row, extreme);
              return static_cast<index_t>(index[1]);
            }(),
            [&] {
              std::int64_t index[1] = {};
              argmax(tensor_view(row, {1, 1, n}, {0, 0, 1}), tensor_view(index, {1, 1, 1}),
                     {.keepdims = true});
              return static_cast<index_t>(index[0]);
            }()};
        const bool all = found == std::array{first, first, first, first};
        if (!all) {
          INFO("n = " << n << ", first = " << first);
          REQUIRE(found == std::array{first, first, first, first});
        }
        rows.add(static_cast<long>(found.size()));
      }
    }
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  search(1.0F, nan, -nan);
  search(std::numeric_limits<float>::infinity(), nan, canonical_nan<float>());
  search(-0.0F, 0x1p-149F, 0x1p-149F);
  search(double{0}, 0x1p-1074, 0x1p-1074);
  search(float16(1.0F), canonical_nan<float16>(), canonical_nan<float16>());
  search(bfloat16::from_bits(0), bfloat16::from_bits(1), bfloat16::from_bits(1));
  search(std::int8_t{-128}, std::int8_t{127}, std::int8_t{127});
  search(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1});
  search(false, true, true);
  rows.check();
}

TEST_CASE("AM-21: x[argmax(x)] is the maximum of x, and x[argmin(x)] the minimum, NaN included") {
  case_count rows("rows of special values", 100'000);
  const auto values = special_values<float>();
  std::mt19937_64 random(21);
  std::vector<float> x;
  for (int row = 0; row < 100'000; ++row) {
    x.resize(1 + random() % 40);
    for (float& value : x) value = values[random() % values.size()];
    const float greatest = x[static_cast<std::size_t>(argmax(x))],
                least = x[static_cast<std::size_t>(argmin(x))];
    const bool has_nan = std::any_of(x.begin(), x.end(), [](float v) { return is_nan(v); });
    bool holds = has_nan == is_nan(greatest) && has_nan == is_nan(least);
    for (float value : x) holds = holds && (has_nan || (least <= value && value <= greatest));
    if (!holds) REQUIRE(holds);
    rows.add();
  }
  rows.check();
}

TEST_CASE("AM-22: indices are 64 bits wide, and an output that is too small is refused") {
  constexpr index_t beyond = (index_t{1} << 31) + 5;
  const std::int8_t one = 1;
  const tensor_view<const std::int8_t, 1> row(&one, {beyond}, {0});
  CHECK(argmax<policy{.ties = ties::last}>(row) == beyond - 1);

  std::int32_t small = 77;
  CHECK(try_argmax(row, tensor_view(&small)) == status::index_type_too_small);
  CHECK(try_argmin(row, tensor_view(&small)) == status::index_type_too_small);
  CHECK(small == 77);
  constexpr index_t last_that_fits = index_t{1} << 31;
  CHECK(check_argmax(tensor_view(&one, {last_that_fits}, {0}), tensor_view(&small)));
  CHECK(!check_argmax(tensor_view(&one, {last_that_fits + 1}, {0}), tensor_view(&small)));
}

TEST_CASE(
    "argmin and argmax of random tensors, in random layouts and along each axis, are those of each row") {
  case_count searches("tensors x axes", 3000);
  std::mt19937_64 random(7);
  for (int round = 0; round < 1500; ++round) {
    index_vector shape = random_shape(random, 8, 4);
    if (shape.empty()) shape = {3};
    random_tensor<float16> input(random, shape, true);
    for (index_t axis = -std::ssize(shape); axis < std::ssize(shape); ++axis) {
      const auto at = static_cast<std::size_t>(axis < 0 ? axis + std::ssize(shape) : axis);
      if (shape[at] == 0) continue;
      index_vector rows = shape;
      rows[at] = 1;
      index_vector reduced = rows;
      const bool keepdims = random_below(random, 2) == 0;
      if (!keepdims) reduced.erase(reduced.begin() + static_cast<index_t>(at));
      random_tensor<std::int64_t> least(random, reduced, false), greatest(random, reduced, false);
      const argmax_options options{.axis = axis, .keepdims = keepdims};
      const auto expected = [&](index_vector index) {
        std::vector<float16> x;
        for (index[at] = 0; index[at] < shape[at]; ++index[at]) {
          float16 value{};
          std::memcpy(static_cast<void*>(&value), input.at(index), sizeof(value));
          x.push_back(value);
        }
        return std::pair(model<extremum::minimum, policy{}>(x), model<extremum::maximum, policy{}>(x));
      };
      if (random_below(random, 2) == 0) {
        argmin(input.view(), least.view(), options);
        argmax(input.view(), greatest.view(), options, reverse_executor{});
      } else {
        REQUIRE(try_argmin(input.view(), least.view(), options, thread_executor{}) == status::ok);
        REQUIRE(try_argmax(input.view(), greatest.view(), options) == status::ok);
      }
      for_each_index(rows, [&](const index_vector& index) {
        index_vector to = index;
        if (!keepdims) to.erase(to.begin() + static_cast<index_t>(at));
        std::int64_t found[2];
        std::memcpy(&found[0], least.at(to), sizeof(found[0]));
        std::memcpy(&found[1], greatest.at(to), sizeof(found[1]));
        const auto [minimum, maximum] = expected(index);
        if (found[0] != minimum || found[1] != maximum) {
          REQUIRE(found[0] == minimum);
          REQUIRE(found[1] == maximum);
        }
      });
      searches.add();
    }
  }
  searches.check();
}

TEST_CASE("argmin and argmax leave every floating-point environment as it is, and it leaves them") {
  std::vector<float> x;
  std::mt19937_64 random(5);
  const auto values = special_values<float>();
  for (int i = 0; i < 64 * 100; ++i) x.push_back(values[random() % values.size()]);
  const auto search = [&]<policy P>(std::integral_constant<policy, P>) {
    require_immune([] { return std::vector<std::int64_t>(200); },
                   [&](std::vector<std::int64_t>& index) {
                     const tensor_view rows(x.data(), {100, 64});
                     argmin<P>(rows, tensor_view(index.data(), {100}));
                     argmax<P>(rows, tensor_view(index.data() + 100, {100}));
                   });
  };
  search(std::integral_constant<policy, policy{}>{});
  search(std::integral_constant<policy, policy{.subnormals = subnormals::flush}>{});
  search(std::integral_constant<policy, policy{.nans = nans::omit}>{});
  search(std::integral_constant<policy, policy{.nans = nans::total_order}>{});
}

TEST_CASE("argmin and argmax refuse bad arguments, say which, and write nothing") {
  const float x[2][3] = {{3, 1, 2}, {4, 5, 6}};
  const tensor_view input(&x[0][0], {2, 3});
  std::array<std::int64_t, 8> index;
  index.fill(77);
  const auto refused = [&](status expected, tensor_view<const float> in, tensor_view<std::int64_t> out,
                           const argmax_options& options, const std::string& text) {
    for (const bool maximum : {false, true}) {
      INFO(text);
      CHECK((maximum ? try_argmax(in, out, options) : try_argmin(in, out, options)) == expected);
      CHECK((maximum ? check_argmax(in, out, options).code : check_argmin(in, out, options).code) ==
            expected);
      try {
        maximum ? argmax(in, out, options) : argmin(in, out, options);
        FAIL_CHECK("not refused");
      } catch (const shape_error& e) {
        CHECK(e.code() == expected);
        CHECK(e.what() == (maximum ? "[argmax] " : "[argmin] ") + text);
      }
    }
    CHECK(std::all_of(index.begin(), index.end(), [](std::int64_t i) { return i == 77; }));
  };
  std::int64_t* const to = index.data();
  const auto three = tensor_view(to, {3}), two = tensor_view(to, {2});
  constexpr index_t huge = std::numeric_limits<index_t>::max();
  const index_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

  refused(status::rank_mismatch, tensor_view<const float>(&x[0][0], 9, nine), two, {},
          "input has 9 axes, at most 8 are supported");
  refused(status::negative_extent, tensor_view(&x[0][0], {2, -1}), two, {}, "input has extent -1 on axis 1");
  refused(status::size_overflow, tensor_view(&x[0][0], {huge, 4}, {0, 0}), two, {},
          "input is too large: extent " + std::to_string(huge) + " with stride 0 on axis 0 overflows");
  refused(status::axis_out_of_range, input, two, {.axis = 2}, "axis is 2, input has 2 axes");
  refused(status::axis_out_of_range, input, two, {.axis = -3}, "axis is -3, input has 2 axes");
  refused(status::axis_out_of_range, tensor_view(&x[0][0]), tensor_view(to), {},
          "axis is -1, input has 0 axes");
  refused(status::rank_mismatch, input, tensor_view(to, {2, 1}), {}, "output has 2 axes, expected 1");
  refused(status::rank_mismatch, input, two, {.keepdims = true}, "output has 1 axes, expected 2");
  refused(status::shape_mismatch, input, three, {}, "output has extent 3 on axis 0, expected 2");
  refused(status::shape_mismatch, input, tensor_view(to, {2, 3}), {.keepdims = true},
          "output has extent 3 on axis 1, expected 1");
  refused(status::empty_reduction, tensor_view(&x[0][0], {2, 0}), two, {},
          "input has extent 0 on axis 1: there is no element to find");
  refused(status::null_pointer, tensor_view<const float, 2>(nullptr, {2, 3}), two, {},
          "input has elements, but its pointer is null");
  refused(status::null_pointer, input, tensor_view<std::int64_t, 1>(nullptr, {2}), {},
          "output has elements, but its pointer is null");
  refused(status::self_overlap, input, tensor_view(to, {2}, {0}), {},
          "output has strides that put two of its elements in one place");
  refused(status::overlap, tensor_view(reinterpret_cast<const float*>(to), {2, 3}), tensor_view(to + 2, {2}),
          {}, "output shares memory with input");

  constexpr policy strict{.nans = nans::omit, .all_nan = all_nan::error};
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const float rows[3][2] = {{1, nan}, {nan, nan}, {nan, nan}};
  CHECK(try_argmax<strict>(rows, three) == status::all_nan_row);
  try {
    argmin<strict>(rows, three);
    FAIL_CHECK("not refused");
  } catch (const shape_error& e) {
    CHECK(e.what() == std::string("[argmin] input has 2 rows of NaNs"));
  }
  CHECK(index[0] == 77);
}

TEST_CASE(
    "argmin and argmax need no memory where there is nothing to write, and none of a null view is read") {
  CHECK(try_argmax(tensor_view<const float, 2>(nullptr, {0, 3}),
                   tensor_view<std::int32_t, 1>(nullptr, {0})) == status::ok);
  std::int64_t index = 77;
  constexpr policy sentinel{.empty_axis = empty_axis::sentinel};
  CHECK(try_argmin<sentinel>(tensor_view<const double, 1>(nullptr, {0}), tensor_view(&index)) == status::ok);
  CHECK(index == -1);
}

TEST_CASE("argmin and argmax pass on what an executor throws") {
  const float x[2][3] = {{3, 1, 2}, {4, 5, 6}};
  std::int64_t index[2] = {};
  CHECK_THROWS_AS(argmax(x, index, {}, throwing_executor{}), std::runtime_error);
  CHECK(try_argmax(x, index, {}, throwing_executor{}) == status::callback_threw);
}

}  // namespace k754_test

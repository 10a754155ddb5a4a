#include <k754/sum_to_shape.hpp>
#include <k754/where.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// The shape of all operands together; where they do not broadcast, anything.
template <class... Views>
shape joined_shape(const Views&... views) {
  shape result;
  const auto join = [&](const shape& operand) {
    if (operand.size() > result.size()) result.insert(result.begin(), operand.size() - result.size(), 1);
    for (std::size_t i = 1; i <= operand.size(); ++i) {
      const index_t extent = operand[operand.size() - i];
      if (extent != 1) result[result.size() - i] = extent;
    }
  };
  (join(shape_of(views)), ...);
  return result;
}

/// The condition is the value without a name: bytes, or (with `nonzero` and `greater_than`) elements of the
/// type.
template <class... Types>
void register_where() {
  register_call<Types...>("where", [](auto& c) {
    const auto condition = c.template input<bool>();
    const auto x = c.input("x"), y = c.input("y");
    const auto output = c.output(joined_shape(condition, x, y));
    c.run([=] { return try_where(condition, x, y, output); });
  });
  register_call<Types...>("where nonzero", [](auto& c) {
    const auto condition = c.input();
    const auto x = c.input("x"), y = c.input("y");
    const auto output = c.output(joined_shape(condition, x, y));
    c.run([=] { return try_where(nonzero(condition), x, y, output); });
  });
  register_call<Types...>("where greater_than", [](auto& c) {
    const auto condition = c.input();
    const auto threshold = c.input("threshold");
    const auto x = c.input("x"), y = c.input("y");
    const auto output = c.output(joined_shape(condition, x, y));
    c.run([=] { return try_where(greater_than(condition, *threshold.data_handle()), x, y, output); });
  });
  register_call<Types...>("where packed_bits", [](auto& c) {
    const auto bytes = c.template input<std::uint8_t>();
    const auto columns = *c.template input<std::int64_t>("columns").data_handle();
    const auto offset = c.has("offset") ? *c.template input<std::int64_t>("offset").data_handle() : 0;
    const auto x = c.input("x"), y = c.input("y");
    // Packed bytes are adjacent, whatever the placement of the row: here in a copy.
    std::vector<std::uint8_t> copy;
    for (index_t i = 0; i < bytes.size(); ++i) {
      index_t offset_of_byte = 0, rest = i;
      for (std::size_t axis = bytes.rank(); axis-- > 0; rest /= bytes.extent(axis)) {
        offset_of_byte += rest % bytes.extent(axis) * bytes.stride(axis);
      }
      copy.push_back(bytes.data_handle()[offset_of_byte]);
    }
    const shape byte_shape = shape_of(bytes);
    shape condition = byte_shape;
    if (!condition.empty()) condition.back() = columns < 0 ? 0 : columns;
    const auto output = c.output(
        joined_shape(tensor_view<const std::uint8_t>(nullptr, condition.size(), condition.data()), x, y));
    c.run([=] {
      const tensor_view<const std::uint8_t> adjacent(copy.data(), byte_shape.size(), byte_shape.data());
      return try_where(packed_bits(adjacent, columns, offset), x, y, output);
    });
  });
  register_call<Types...>("where_backward", [](auto& c) {
    const auto condition = c.template input<bool>();
    const auto upstream = c.input("upstream");
    const auto dx = c.output(joined_shape(condition, upstream), "dx");
    const auto dy = c.output(shape_of(dx), "dy");
    c.run([=] { return try_where_backward(condition, upstream, dx, dy); });
  });
}

/// f(x) = log x where x > 0: the derivative is 1/x. It divides by zero where it should not have been called.
template <class T>
T reciprocal(T x) {
  return T(1.0F / static_cast<float>(x));
}

/// f(x) = x^2 / 2: the derivative is x, so that a row states the factors of each product.
template <policy P>
void register_where_apply_backward(const std::string& words) {
  register_call("where_apply_backward" + words, [](auto& c) {
    const auto condition = c.template input<bool>();
    const auto x = c.input("x"), upstream = c.input("upstream");
    const auto dx = c.output(joined_shape(condition, x, upstream), "dx");
    const auto dy = c.output(shape_of(dx), "dy");
    c.run([=] {
      return try_where_apply_backward<P>(
          condition, [](auto v) { return v; }, x, upstream, dx, dy);
    });
  });
}

/// `shape` is that of the output; a tensor of rank 0 has none.
template <policy P, class... Types>
void register_sum_to_shape(const std::string& words) {
  register_call<Types...>("sum_to_shape" + words, [](auto& c) {
    const auto input = c.input();
    shape extents;
    if (c.has("shape")) {
      const auto given = c.template input<std::int64_t>("shape");
      for (index_t i = 0; i < given.size(); ++i) extents.push_back(given(i));
    }
    const auto output = c.output(extents);
    c.run([=] { return try_sum_to_shape<P>(input, output); });
  });
}

const registration where_calls = [] {
  register_where<>();
  register_where<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                 std::uint32_t, std::uint64_t, bool>();
  register_call("where_apply reciprocal", [](auto& c) {
    const auto condition = c.template input<bool>();
    const auto x = c.input("x"), y = c.input("y");
    const auto output = c.output(joined_shape(condition, x, y));
    c.run([=] {
      return try_where_apply(
          condition, [](auto v) { return reciprocal(v); }, x, y, output);
    });
  });
  register_call("where_apply_backward log", [](auto& c) {
    const auto x = c.input("x"), upstream = c.input("upstream");
    using T = typename std::remove_reference_t<decltype(c)>::element_type;
    const auto dx = c.output(joined_shape(x, upstream), "dx");
    const auto dy = c.output(shape_of(dx), "dy");
    c.run([=] {
      return try_where_apply_backward(
          greater_than(x, T{}), [](auto v) { return reciprocal(v); }, x, upstream, dx, dy);
    });
  });
  register_where_apply_backward<policy{}>("");
  register_where_apply_backward<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
  register_where_apply_backward<policy{.zero_times_inf = zero_times_inf::strong_zero}>(
      " zero_times_inf=strong_zero");
  register_where_apply_backward<policy{.zero_times_inf = zero_times_inf::annihilating_zero}>(
      " zero_times_inf=annihilating_zero");
  register_sum_to_shape<policy{}>("");
  register_sum_to_shape<policy{}, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                        std::uint16_t, std::uint32_t, std::uint64_t>("");
  register_sum_to_shape<policy{.subnormals = subnormals::flush}>(" subnormals=flush");
};

}  // namespace
}  // namespace k754_test

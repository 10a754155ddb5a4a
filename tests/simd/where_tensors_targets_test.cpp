// where and its gradient on every target, through the public interface: conditions of bytes, packed bits and numbers,
// tensors in any layout, against the plainest model.
#if defined(__x86_64__)
#define K754_WANTED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3)
#endif
#include <k754/where.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <type_traits>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/executors.hpp"
#include "../support/ieee754.hpp"
#include "../support/random_tensor.hpp"
#include "../support/targets.hpp"
#include "../support/test_scale.hpp"

namespace k754_test {
namespace {

using namespace k754;

template <class... Types, class Body>
void for_types(Body&& body) {
  (body.template operator()<Types>(), ...);
}

/// Conditions of every kind, with what they say at each index.
struct byte_mask {
  random_tensor<std::uint8_t> bytes;
  byte_mask(std::mt19937_64& random, const index_vector& shape) : bytes(random, shape, true) {
    for (unsigned char& byte : bytes.memory) byte = static_cast<unsigned char>((byte & 1) != 0 ? byte : 0);
  }
  auto condition() { return bytes.view(); }
  bool at(const index_vector& index) { return *bytes.at(index) != 0; }
};

/// Rows of packed bytes that are adjacent, everything else in any layout.
struct bit_mask {
  index_vector extents, strides;  // of the bytes
  index_t columns, offset, origin = 3;
  std::vector<unsigned char> memory;

  bit_mask(std::mt19937_64& random, const index_vector& shape)
      : extents(shape), columns(shape.empty() ? 1 : shape.back()), offset(random_below(random, 20)) {
    if (extents.empty()) extents.push_back(1);
    extents.back() =
        columns == 0 ? random_below(random, 2) : (offset + columns + 7) / 8 + random_below(random, 2);
    index_vector rows(extents.begin(), extents.end() - 1);
    const random_tensor<std::uint8_t> layout(random, rows, true);  // its strides, in rows
    const index_t row = std::max<index_t>(extents.back(), 1) + random_below(random, 2);
    for (const index_t stride : layout.strides) strides.push_back(stride * row);
    strides.push_back(1);
    origin += layout.origin * row;
    memory.resize((layout.memory.size() + 1) * static_cast<std::size_t>(row) + 3);
    for (unsigned char& byte : memory) byte = static_cast<unsigned char>(random());
  }
  auto condition() {
    return packed_bits(tensor_view<const std::uint8_t>(memory.data() + origin, extents.size(), extents.data(),
                                                       strides.data()),
                       columns, offset);
  }
  bool at(const index_vector& index) {
    index_t byte = origin, bit = offset;
    const std::size_t rank = extents.size();
    for (std::size_t i = 2; i <= rank && i <= index.size(); ++i) {
      if (extents[rank - i] != 1) byte += index[index.size() - i] * strides[rank - i];
    }
    if (columns != 1 && !index.empty()) bit += index.back();
    return (memory[static_cast<std::size_t>(byte + bit / 8)] >> (bit % 8) & 1) != 0;
  }
};

template <class Key, bool Greater>
struct number_mask {
  random_tensor<Key> numbers;
  Key threshold;
  number_mask(std::mt19937_64& random, const index_vector& shape) : numbers(random, shape, true) {
    for (std::size_t i = 0; i + sizeof(Key) <= numbers.memory.size(); i += sizeof(Key)) {
      if (random() % 3 != 0) continue;
      std::memset(&numbers.memory[i], 0, sizeof(Key));  // zeros of either sign, small numbers
      numbers.memory[i + sizeof(Key) - 1] = static_cast<unsigned char>(random() % 2 * 0x80);
      if (random() % 2 == 0) numbers.memory[i] ^= static_cast<unsigned char>(random() % 3);
    }
    threshold = from_bytes<Key>(random() % 4 == 0 ? 0 : random());
  }
  auto condition() {
    if constexpr (Greater)
      return greater_than(numbers.view(), threshold);
    else
      return nonzero(numbers.view());
  }
  bool at(const index_vector& index) {
    Key x;
    std::memcpy(static_cast<void*>(&x), numbers.at(index), sizeof(Key));
    return Greater ? reference::greater_than(x, threshold) : reference::nonzero(x);
  }
};

/// One call each of where and its gradient, for every target.
template <class Mask, class T>
void check_tensors(std::mt19937_64& random, const index_vector& shape, case_count& cases,
                   bool plain = false) {
  const auto operand_shape = [&] {
    return plain && random_below(random, 2) == 0 ? shape : random_operand_shape(random, shape);
  };
  const index_vector condition_shape = operand_shape();
  Mask mask(random, condition_shape);
  random_tensor<T> x(random, operand_shape(), true), y(random, operand_shape(), true);
  random_tensor<T> upstream(random, operand_shape(), true);
  bool fits = false;
  const index_vector joined = broadcast_shape({condition_shape, x.extents, y.extents}, fits);
  const index_vector packed_shape =
      joined.empty() && std::is_same_v<Mask, bit_mask> ? index_vector{1} : joined;
  const index_vector gradient_shape =
      shape.empty() && std::is_same_v<Mask, bit_mask> ? index_vector{1} : shape;
  random_tensor<T> output(random, packed_shape, false), dx(random, gradient_shape, false),
      dy(random, gradient_shape, false);
  const auto output_before = output.memory, dx_before = dx.memory, dy_before = dy.memory;
  auto expected_output = output_before, expected_dx = dx_before, expected_dy = dy_before;
  const auto in = [](auto& expected, random_tensor<T>& tensor, const index_vector& index) {
    return expected.data() + (tensor.at(index) - tensor.memory.data());
  };
  for_each_index(packed_shape, [&](const index_vector& index) {
    std::memcpy(in(expected_output, output, index), mask.at(index) ? x.at(index) : y.at(index), sizeof(T));
  });
  const T zero{};
  for_each_index(gradient_shape, [&](const index_vector& index) {
    const bool live = mask.at(index);
    const void* const nothing = &zero;
    std::memcpy(in(expected_dx, dx, index), live ? upstream.at(index) : nothing, sizeof(T));
    std::memcpy(in(expected_dy, dy, index), live ? nothing : upstream.at(index), sizeof(T));
  });
  const auto check = [&](auto&& ex) {
    output.memory = output_before;
    dx.memory = dx_before;
    dy.memory = dy_before;
    REQUIRE(try_where(mask.condition(), x.view(), y.view(), output.view(), ex) == status::ok);
    REQUIRE(try_where_backward(mask.condition(), upstream.view(), dx.view(), dy.view(), ex) == status::ok);
    bool same = output.memory == expected_output && dx.memory == expected_dx && dy.memory == expected_dy;
    REQUIRE(same);
    dx.memory = dx_before;
    dy.memory = dy_before;
    REQUIRE(try_where_backward(mask.condition(), upstream.view(), dx.view(), nullptr, ex) == status::ok);
    REQUIRE(try_where_backward(mask.condition(), upstream.view(), nullptr, dy.view(), ex) == status::ok);
    same = dx.memory == expected_dx && dy.memory == expected_dy;
    REQUIRE(same);
    cases.add();
  };
  for_each_target(
      [&](const char*) { check(std::conditional_t<sizeof(T) == 2, reverse_executor, serial_executor>{}); });
}

template <class Mask, class... Types>
void check_masks(const char* what) {
  case_count cases(what, sweep_floor(1'500));
  std::mt19937_64 random(5);
  for_types<Types...>([&]<class T>() {
    for (long round = 0; round < scaled(120); ++round) {
      index_vector shape = random_shape(random, 4, 5);
      check_tensors<Mask, T>(random, shape, cases);
      if (shape.empty()) shape.push_back(3);
      index_t& longest = shape[static_cast<std::size_t>(random_below(random, std::ssize(shape)))];
      longest = 1 + random_below(random, 300);
      check_tensors<Mask, T>(random, shape, cases);
    }
    for (long round = 0; round < scaled(12); ++round) {  // more than a block, and rows of every kind
      const index_t rows = 1 + random_below(random, 120), columns = 1 + random_below(random, 90);
      check_tensors<Mask, T>(random, {rows, columns}, cases, true);
      check_tensors<Mask, T>(random, {columns % 3 + 1, 3 + rows % 5, 20 * columns}, cases, true);
    }
  });
  cases.check();
}

}  // namespace

TEST_CASE("where of bytes, and its gradient, of random tensors on every target") {
  check_masks<byte_mask, std::int8_t, float16, float, double>("bytes: tensors x targets");
}
TEST_CASE("WH-19: where of packed bits, and its gradient, of random tensors on every target") {
  check_masks<bit_mask, std::int8_t, float16, float, double>("packed bits: tensors x targets");
}
TEST_CASE("where of numbers, and its gradient, of random tensors on every target") {
  check_masks<number_mask<float, true>, float, std::int8_t>("greater_than of float: tensors x targets");
  check_masks<number_mask<double, false>, float16, double>("nonzero of double: tensors x targets");
  check_masks<number_mask<std::uint8_t, true>, std::int8_t, double>(
      "greater_than of uint8: tensors x targets");
  check_masks<number_mask<bfloat16, false>, float16, float>("nonzero of bfloat16: tensors x targets");
}

}  // namespace k754_test

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <k754/where.hpp>

#include "data.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

buffer<std::uint8_t> mask_bytes(const problem& p) {
  buffer<std::uint8_t> mask(element_count(p.mask_shape));
  fill_mask(mask.elements(), p);
  return mask;
}

template <class T>
struct state {
  buffer<std::uint8_t> mask;
  buffer<T> x, y, output;
};

template <class T, class Call>
workload selection(const problem& p, std::shared_ptr<state<T>> held, int inputs, Call call) {
  workload w;
  w.run = repeated([held, call]() mutable { return call(); });
  buffer<T>& output = p.in_place ? held->x : held->output;
  w.outputs = {output.memory()};
  if (p.in_place) {
    w.restore = [held] { fill(held->x.elements(), "random", 1); };
  }
  const double bytes = static_cast<double>(output.size() * sizeof(T));
  w.memory = {
      .bytes_read = bytes * inputs + static_cast<double>(held->mask.size()),
      .bytes_written = bytes,
      .inputs = inputs,
      .outputs = 1,
      .in_place = p.in_place,
      .vectors_per_mask = held->mask.size() == 0 ? 0 : bytes / static_cast<double>(held->mask.size())};
  w.bytes_held = held->mask.size() + (held->x.size() + held->y.size() + held->output.size()) * sizeof(T);
  return w;
}

/// Operands, conditions and forms that are timed for one type alone.
std::optional<workload> make_special(const problem& p, thread_pool& pool) {
  using T = float;
  const pool_executor ex{&pool};
  const index_t count = elements_held(p, p.shape);
  const auto held = std::make_shared<state<T>>(
      state<T>{p.mask_kind == "bytes" ? mask_bytes(p) : buffer<std::uint8_t>(), buffer<T>(count),
               buffer<T>(p.operand == "row"      ? p.shape.back()
                         : p.operand == "tensor" ? count
                                                 : 0),
               buffer<T>(count)});
  fill(held->x.elements(), "random", 1);
  fill(held->y.elements(), "random", 2);
  const auto x = view_of<const T>(p, p.shape, held->x.data());
  const auto output = view_of<T>(p, p.shape, held->output.data());
  const auto mask = dense<const std::uint8_t>(p.mask_shape, held->mask.data());
  const T one = 1.5F, two = -2.5F;
  if (p.mask_kind == "greater_than") {
    const auto y = view_of<const T>(p, p.shape, held->y.data());
    return selection(
        p, held, 2, [=]() mutable { return k754::try_where(k754::greater_than(x, T{0}), x, y, output, ex); });
  }
  if (p.operand == "scalar") {
    return selection(p, held, 1, [=]() mutable { return k754::try_where(mask, x, two, output, ex); });
  }
  if (p.operand == "scalars") {
    held->x = {};
    return selection(p, held, 0, [=]() mutable { return k754::try_where(mask, one, two, output, ex); });
  }
  const k754::tensor_view<const T, 1> row(held->y.data(), {p.shape.back()});
  return selection(p, held, 1, [=]() mutable { return k754::try_where(mask, x, row, output, ex); });
}

/// Bits for bytes: the last axis, 8 elements a byte, least significant bit first.
buffer<std::uint8_t> packed(const buffer<std::uint8_t>& mask, index_t columns) {
  const index_t rows = static_cast<index_t>(mask.size()) / columns, bytes = (columns + 7) / 8;
  buffer<std::uint8_t> bits(rows * bytes);
  for (index_t i = 0; i < rows * columns; ++i) {
    std::uint8_t& byte = bits.data()[i / columns * bytes + i % columns / 8];
    byte = static_cast<std::uint8_t>(byte | mask.data()[i] << (i % columns % 8));
  }
  return bits;
}

template <class T>
workload make_plain(const problem& p, thread_pool& pool) {
  const pool_executor ex{&pool};
  const index_t count = elements_held(p, p.shape);
  const auto held = std::make_shared<state<T>>(
      state<T>{mask_bytes(p), buffer<T>(count), buffer<T>(count), buffer<T>(p.in_place ? 0 : count)});
  fill(held->x.elements(), "random", 1);
  fill(held->y.elements(), "random", 2);
  const auto x = view_of<const T>(p, p.shape, held->x.data());
  const auto y = view_of<const T>(p, p.shape, held->y.data());
  const auto output = view_of<T>(p, p.shape, p.in_place ? held->x.data() : held->output.data());
  if (p.mask_kind == "packed_bits") {
    extents bytes = p.mask_shape;
    const index_t columns = std::exchange(bytes.back(), (bytes.back() + 7) / 8);
    held->mask = packed(held->mask, columns);
    const auto bits = k754::packed_bits(dense<const std::uint8_t>(bytes, held->mask.data()), columns);
    return selection(p, held, 2, [=]() mutable { return k754::try_where(bits, x, y, output, ex); });
  }
  const auto mask = dense<const std::uint8_t>(p.mask_shape, held->mask.data());
  return selection(p, held, 2, [=]() mutable { return k754::try_where(mask, x, y, output, ex); });
}

std::optional<workload> make(const problem& p, thread_pool& pool) {
  if (p.mask_kind == "greater_than" || p.operand != "tensor") {
    if (p.dtype != dtype::f32) return std::nullopt;
    return make_special(p, pool);
  }
  return for_dtype(
      p, types<float, double, k754::float16, k754::bfloat16, std::int8_t, std::uint8_t, std::int32_t>(),
      [&]<class T>() { return make_plain<T>(p, pool); });
}

std::optional<workload> make_backward(const problem& p, thread_pool& pool) {
  using T = float;
  if (p.dtype != dtype::f32) return std::nullopt;
  const pool_executor ex{&pool};
  const bool both = p.gradients == "both";
  const index_t count = element_count(p.shape);
  const auto held = std::make_shared<state<T>>(
      state<T>{mask_bytes(p), buffer<T>(count), buffer<T>(both ? count : 0), buffer<T>(count)});
  fill(held->x.elements(), "random", 1);
  const auto upstream = dense<const T>(p.shape, held->x.data());
  const auto dx = dense<T>(p.shape, held->output.data()), dy = dense<T>(p.shape, held->y.data());
  const auto mask = dense<const std::uint8_t>(p.mask_shape, held->mask.data());
  workload w = selection(p, held, 1, [=]() mutable {
    return both ? k754::try_where_backward(mask, upstream, dx, dy, ex)
                : k754::try_where_backward(mask, upstream, dx, nullptr, ex);
  });
  if (both) {
    w.outputs.push_back(held->y.memory());
    w.memory.outputs = 2;
    w.memory.bytes_written *= 2;
  }
  return w;
}

}  // namespace

void add_where(workload_makers& makers) {
  makers["where"] = make;
  makers["where_backward"] = make_backward;
}

}  // namespace benchmarks

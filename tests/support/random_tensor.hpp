// Tensors of random bytes in random layouts, and the plainest possible model of broadcasting: one index at a
// time.
#pragma once

#include <k754/tensor_view.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace k754_test {

using index_vector = std::vector<k754::index_t>;

inline k754::index_t random_below(std::mt19937_64& random, k754::index_t bound) {
  return static_cast<k754::index_t>(random() % static_cast<std::uint64_t>(bound));
}

/// Calls `body(index)` for every index of a shape, in row-major order.
template <class Body>
void for_each_index(const index_vector& extents, Body&& body) {
  k754::index_t count = 1;
  for (k754::index_t extent : extents) count *= extent;
  for (k754::index_t flat = 0; flat < count; ++flat) {
    index_vector index(extents.size());
    k754::index_t rest = flat;
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      index[axis] = rest % extents[axis];
      rest /= extents[axis];
    }
    body(index);
  }
}

/// A tensor with room around and between its elements; axes in any order in memory, some reversed, and where
/// `repeats` is set some with stride 0.
template <class T>
struct random_tensor {
  index_vector extents, strides;
  std::vector<unsigned char> memory;
  k754::index_t origin = 2;  // of the first element in memory, in elements

  random_tensor(std::mt19937_64& random, const index_vector& shape, bool repeats)
      : extents(shape), strides(shape.size()) {
    std::vector<std::size_t> order(shape.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    k754::index_t step = 1 + random_below(random, 2);
    k754::index_t reach = 0;
    for (std::size_t axis : order) {
      if (repeats && random_below(random, 4) == 0) continue;
      const bool reversed = random_below(random, 3) == 0;
      const k754::index_t span = step * std::max<k754::index_t>(shape[axis] - 1, 0);
      strides[axis] = reversed ? -step : step;
      if (reversed) origin += span;
      reach += span;
      step = step * std::max<k754::index_t>(shape[axis], 1) + random_below(random, 2);
    }
    memory.resize(static_cast<std::size_t>(reach + 5) * sizeof(T));
    for (unsigned char& byte : memory) byte = static_cast<unsigned char>(random());
  }

  k754::tensor_view<T> view() {
    return {reinterpret_cast<T*>(memory.data()) + origin, extents.size(), extents.data(), strides.data()};
  }

  /// The bytes of the element that broadcasting puts at `index` of a shape of at least this rank.
  unsigned char* at(const index_vector& index) {
    k754::index_t offset = origin;
    for (std::size_t i = 1; i <= extents.size(); ++i) {
      const std::size_t axis = extents.size() - i;
      if (extents[axis] != 1) offset += index[index.size() - i] * strides[axis];
    }
    return memory.data() + offset * static_cast<k754::index_t>(sizeof(T));
  }
};

/// A shape that broadcasts to `shape`: axes left out in front, others of extent 1.
inline index_vector random_operand_shape(std::mt19937_64& random, index_vector shape) {
  if (random_below(random, 3) == 0) {
    shape.erase(shape.begin(),
                shape.begin() + random_below(random, static_cast<k754::index_t>(shape.size()) + 1));
  }
  for (k754::index_t& extent : shape) {
    if (random_below(random, 3) == 0) extent = 1;
  }
  return shape;
}

inline index_vector random_shape(std::mt19937_64& random, k754::index_t largest_rank,
                                 k754::index_t largest_extent) {
  index_vector shape(static_cast<std::size_t>(random_below(random, largest_rank + 1)));
  for (k754::index_t& extent : shape) {
    extent = random_below(random, 12) == 0 ? 0 : 1 + random_below(random, largest_extent);
  }
  return shape;
}

/// The shape to which shapes broadcast together. `fits` says whether they do.
inline index_vector broadcast_shape(const std::vector<index_vector>& shapes, bool& fits) {
  std::size_t rank = 0;
  for (const index_vector& shape : shapes) rank = std::max(rank, shape.size());
  index_vector result(rank, 1);
  fits = true;
  for (const index_vector& shape : shapes) {
    for (std::size_t i = 1; i <= shape.size(); ++i) {
      const k754::index_t extent = shape[shape.size() - i];
      k754::index_t& joined = result[rank - i];
      if (extent == 1) continue;
      if (joined != 1 && joined != extent) fits = false;
      joined = extent;
    }
  }
  return result;
}

}  // namespace k754_test

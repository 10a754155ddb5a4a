// argmin and argmax with their types erased, so that one set of loops serves every element type, policy and target. The
// `argmax_*_searches.cpp` files say which there are.
#pragma once

#include <k754/status.hpp>
#include <k754/tensor_view.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace k754_test {

using k754::index_t;

/// A function of any type, cast back before it is called.
using any_function = void (*)();

/// A tensor of run-time rank without its element type.
struct untyped_view {
  const void* data;
  std::size_t rank;
  const index_t* extents;
  const index_t* strides;
};

/// argmin or argmax under one policy.
struct arg_search {
  std::string name;
  any_function (*choose)();
  any_function reference;
  /// Through the public interface; null for most policies.
  k754::status (*run)(const untyped_view& input, const k754::tensor_view<std::int64_t>& output, index_t axis,
                      bool keepdims);
};

/// The functions that a target runs, in the order of the searches.
struct target_functions {
  std::string target;
  std::vector<any_function> functions;
};

/// The searches for one element type.
struct arg_searches {
  std::string type;
  std::size_t element_size;
  /// The bits of elements that decide something: zeros, NaNs, extremes, neighbours of these.
  std::vector<std::uint64_t> values;
  void (*call)(any_function, const void* x, index_t n, index_t stride, index_t count, index_t step,
               index_t* winners);
  std::vector<arg_search> searches;
  /// Of all targets of the unit but the reference, unless there is no other.
  std::vector<target_functions> targets;
  /// force_simd_target of the unit.
  bool (*force_target)(const char*);

  index_t call_row(any_function f, const void* x, index_t n, index_t stride) const {
    index_t winner = -77;
    call(f, x, n, stride, 1, 0, &winner);
    return winner;
  }
  /// What one row counts for.
  long comparisons() const { return static_cast<long>(searches.size() * targets.size()); }
};

std::vector<arg_searches> argmax_float_searches();
std::vector<arg_searches> argmax_double_searches();
std::vector<arg_searches> argmax_float16_searches();  // and bfloat16
std::vector<arg_searches> argmax_signed_searches();
std::vector<arg_searches> argmax_unsigned_searches();  // and bool
std::vector<arg_searches> argmax_more_targets_searches();

}  // namespace k754_test

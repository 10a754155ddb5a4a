// The rows of tests/semantics.txt, run as data. A `*_calls.cpp` file says what the words of a call do:
//
//     const registration softmax_calls = [] {
//       register_call("softmax", [](auto& c) {   // c is a row_call<T>, once for each T of float16 ... double
//         const auto x = c.input();              // the value without a name; c.template input<bool>("mask")
//         const auto y = c.output(shape_of(x));  // c.output(shape, "loss") where the result column names it
//         const index_t axis = c.integer("axis", -1);
//         c.run([=] { return try_softmax(x, y, {.axis = axis}); });
//       });
//     };
//
// With K754_TEST_ROW=AM-18 in the environment only the rows AM-18, AM-18b, AM-18c ... run, and are printed.
//
// Every row runs in every placement and hostile floating-point environment. Its results are compared as
// bits; nothing outside an output may be written, nor anything at all on error; what a row states must be used.
#pragma once

#include <k754/bits.hpp>
#include <k754/status.hpp>
#include <k754/tensor_view.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "../support/element_types.hpp"

namespace k754_test {

using k754::index_t;
using shape = std::vector<index_t>;

template <class View>
shape shape_of(const View& view) {
  return shape(view.extents().begin(), view.extents().begin() + static_cast<index_t>(view.rank()));
}

/// A tensor as a row states it: `[[0, -inf], [2*nan]]`, `[2x0]`, or one value without brackets (rank 0).
struct literal {
  shape extents;
  std::vector<std::string> elements;
};

struct row {
  int line = 0;
  std::string id, call, input, result;  // as written
  std::string name;                     // the call without its dtypes
  std::vector<dtype> dtypes;
  std::map<std::string, literal> arguments, expected;
  std::string expected_status = "ok";
};

/// How the elements of each tensor lie in memory; what is between them is poison (signalling NaNs).
enum class placement { contiguous, strided, reversed };

/// One run of a row for one dtype in one placement.
class any_call {
 public:
  any_call(const row& r, dtype type, placement order) : row_(r), type_(type), placement_(order) {}

  bool has(const std::string& name) const { return row_.arguments.count(name) != 0; }
  index_t integer(const std::string& name, index_t otherwise);
  double number(const std::string& name, double otherwise);
  std::string word(const std::string& name, const std::string& otherwise);

  /// Whether the row states this result (a row that expects an error may ask for any).
  bool wants(const std::string& name) const {
    return row_.expected_status != "ok" || row_.expected.count(name) != 0;
  }

  /// Calls `kernel` in every environment and compares what it left in the outputs.
  void run(const std::function<k754::status()>& kernel);

  /// What `run` could not see: values left unused, a call that never ran.
  void finish();

 protected:
  struct tensor {
    dtype type;
    shape extents, strides;
    std::vector<unsigned char> memory;
    unsigned char* first;

    tensor(dtype element, const shape& size, placement order);
    unsigned char* at(std::size_t flat_index);
    std::size_t size() const;
  };

  tensor& input_tensor(const std::string& name, dtype type);
  tensor& output_tensor(const std::string& name, dtype type, const shape& extents);

  template <class T>
  static k754::tensor_view<T> view_of(tensor& t) {
    return {reinterpret_cast<T*>(t.first), t.extents.size(), t.extents.data(), t.strides.data()};
  }

 private:
  const literal& argument(const std::string& name);
  void compare(const std::string& where, const std::string& name, tensor& actual);
  void fail(const std::string& where, const std::string& what);

  const row& row_;
  dtype type_;
  placement placement_;
  std::map<std::string, tensor> inputs_, outputs_;
  std::set<std::string> used_;
  bool ran_ = false;
};

template <k754::element T>
class row_call : public any_call {
 public:
  using element_type = T;
  using any_call::any_call;

  template <k754::element U = T>
  k754::tensor_view<const U> input(const std::string& name = "") {
    return view_of<U>(input_tensor(name, dtype_of<U>()));
  }
  template <k754::element U = T>
  k754::tensor_view<U> output(const shape& extents, const std::string& name = "") {
    return view_of<U>(output_tensor(name, dtype_of<U>(), extents));
  }
};

using call_body = std::function<void(const row&, placement)>;

/// The calls by name and dtype.
std::map<std::string, std::map<dtype, call_body>>& registered_calls();

/// Says what a call does, for the given element types; for the four floating types where none are given.
template <class... Types, class Body>
void register_call(const std::string& name, Body body) {
  if constexpr (sizeof...(Types) == 0) {
    register_call<k754::float16, k754::bfloat16, float, double>(name, body);
  } else {
    const auto add = [&]<class T>(T) {
      registered_calls()[name][dtype_of<T>()] = [body](const row& r, placement order) {
        row_call<T> call(r, dtype_of<T>(), order);
        body(call);
        call.finish();
      };
    };
    (add(Types{}), ...);
  }
}

/// Runs its argument before main.
struct registration {
  template <class Body>
  registration(Body body) {
    body();
  }
};

}  // namespace k754_test

// The softmax family on every target, through the public interface: tensors in any layout, every axis, masks that broadcast,
// results in place, executors, against the definition.
#include <k754/softmax.hpp>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/executors.hpp"
#include "../support/random_tensor.hpp"
#include "../support/softmax_kernels.hpp"
#include "../support/targets.hpp"
#include "../support/test_scale.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// Numbers between -8 and 8 in place of random bits, but for one in sixteen.
template <class T>
void make_numbers(std::mt19937_64& random, random_tensor<T>& tensor) {
  for (std::size_t i = 0; i + sizeof(T) <= tensor.memory.size(); i += sizeof(T)) {
    if (random() % 16 == 0) continue;
    const T x(static_cast<float>(static_cast<double>(random() % 4096) / 256.0 - 8.0));
    std::memcpy(&tensor.memory[i], &x, sizeof(T));
  }
}

template <policy P, class T>
void check_tensors(std::mt19937_64& random, const softmax_kernel& kernel, const index_vector& shape,
                   case_count& cases) {
  const index_t axis = random_below(random, std::ssize(shape));
  index_vector output_shape = shape;
  const bool keepdims = random() % 2 == 0;
  if (kernel.reduces()) {
    output_shape[static_cast<std::size_t>(axis)] = 1;
    if (!keepdims) output_shape.erase(output_shape.begin() + axis);
  }
  random_tensor<T> x(random, shape, true), upstream(random, shape, true), output(random, output_shape, false);
  random_tensor<bool> mask(random, random_operand_shape(random, shape), true);
  for (unsigned char& byte : mask.memory) byte = static_cast<unsigned char>(random() % 4 == 0 ? 0 : byte);
  make_numbers(random, x);
  make_numbers(random, upstream);
  make_numbers(random, output);
  softmax_arguments<T> a{x.view(), upstream.view(), mask.view(), output.view(), axis, keepdims};
  const std::uint64_t alias = random() % 4;
  if (alias == 0 && !kernel.reduces()) a.input = output.view();
  if (alias == 1 && kernel.backward()) a.upstream = output.view();

  const auto before = output.memory;
  std::vector<unsigned char> expected;
  {
    const best_target_at_end restored;
    REQUIRE(force_simd_target("reference"));
    REQUIRE(try_kernel<P>(kernel, a) == status::ok);
    expected = output.memory;
  }
  const std::vector<any_executor> executors{
      serial_executor{}, reverse_executor{},
      random() % 16 == 0 ? any_executor(thread_executor{}) : any_executor(serial_executor{})};
  for_each_target([&](const char*) {
    for (const any_executor& ex : executors) {
      output.memory = before;
      REQUIRE(try_kernel<P>(kernel, a, ex) == status::ok);
      const bool same = output.memory == expected;
      INFO(kernel.name);
      REQUIRE(same);
    }
    cases.add();
  });
}

template <policy P, class T>
void check_kernels(const char* what) {
  std::mt19937_64 random(4);
  for (const softmax_kernel& kernel : softmax_kernels) {
    case_count cases(std::string(what) + ", " + kernel.name, sweep_floor(600));
    for (long round = 0; round < scaled(250); ++round) {
      index_vector shape = random_shape(random, 4, 6);
      if (shape.empty()) shape.push_back(4);
      check_tensors<P, T>(random, kernel, shape, cases);
      index_t& longest = shape[static_cast<std::size_t>(random_below(random, std::ssize(shape)))];
      longest = 1 + random_below(random, 150);
      check_tensors<P, T>(random, kernel, shape, cases);
    }
    for (long round = 0; round < scaled(6); ++round) {  // more than a piece for an executor
      check_tensors<P, T>(random, kernel,
                          {150 + random_below(random, 200), 2, 150 + random_below(random, 200)}, cases);
    }
    cases.check();
  }
}

}  // namespace

TEST_CASE("softmax and its kin of random tensors on every target, on threads and in place") {
  check_kernels<policy{}, float>("tensors of float");
}
TEST_CASE("softmax and its kin of random tensors on every target, flushed") {
  check_kernels<policy{.subnormals = subnormals::flush, .zero_mass = zero_mass::uniform}, bfloat16>(
      "tensors of bfloat16, flushed");
}

}  // namespace k754_test

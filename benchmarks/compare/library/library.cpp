#include <memory>
#include <string>
#include <system_error>

#include <k754/simd.hpp>

#include "build.hpp"
#include "common.hpp"

namespace {

std::unique_ptr<benchmarks::thread_pool>& threads() {
  static auto pool = std::make_unique<benchmarks::thread_pool>(1);
  return pool;
}

}  // namespace

benchmarks::pool_executor compare::executor() { return {threads().get()}; }

int k754_c_set_threads(int32_t count) {
  if (count < 1) return static_cast<int>(k754::status::invalid_option);
  try {
    threads() = std::make_unique<benchmarks::thread_pool>(static_cast<std::size_t>(count));
  } catch (const std::system_error&) {
    return static_cast<int>(k754::status::callback_threw);
  }
  return 0;
}

int k754_c_force_target(const char* name) {
  return static_cast<int>(k754::force_simd_target(name) ? k754::status::ok : k754::status::invalid_option);
}

const char* k754_c_description() {
  static std::string text;
  text = "k754 " + benchmarks::k754_version() + " | " + benchmarks::compiler() + " | " + k754::simd_target();
  return text.c_str();
}

const char* k754_c_dtype_name(int32_t dtype) {
  const bool is_there = dtype >= 0 && static_cast<std::size_t>(dtype) < std::size(benchmarks::dtype_names);
  return is_there ? benchmarks::dtype_names[dtype] : nullptr;
}

const char* k754_c_status_name(int32_t status) {
  return status == K754_C_UNSUPPORTED ? "not for these types, or not at this precision"
                                      : k754::to_string(static_cast<k754::status>(status));
}

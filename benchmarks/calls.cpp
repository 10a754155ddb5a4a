// What a call costs before there is work to do.
#include <array>
#include <memory>
#include <string>

#include <k754/argmax.hpp>
#include <k754/fp_environment.hpp>

#include "workload.hpp"

namespace benchmarks {

namespace {

std::optional<workload> make_environment(const problem&, thread_pool&) {
  workload w;
  w.run = repeated([] {
    const k754::scoped_fp_environment environment;
    return k754::status::ok;
  });
  return w;
}

std::optional<workload> make_in_environment(const problem&, thread_pool&) {
  const auto product = std::make_shared<std::array<float, 3>>(std::array{1.5F, 2.5F, 0.0F});
  workload w;
  w.run = repeated([product] {
    k754::in_default_environment([&x = *product] { x[2] = x[0] * x[1]; });
    return k754::status::ok;
  });
  w.outputs = {std::as_writable_bytes(std::span(*product).last(1))};
  return w;
}

}  // namespace

void add_calls(workload_makers& makers) {
  makers["scoped_fp_environment"] = make_environment;
  makers["in_default_environment"] = make_in_environment;
}

}  // namespace benchmarks

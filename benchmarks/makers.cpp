#include <algorithm>

#include "workload.hpp"

namespace benchmarks {

workload_makers all_makers() {
  workload_makers makers;
  add_argmax(makers);
  add_where(makers);
  add_softmax(makers);
  add_exp_log(makers);
  add_cross_entropy(makers);
  add_conv2d(makers);
  add_calls(makers);
  return makers;
}

snapshot outputs_of(const workload& w) {
  for (const auto output : w.outputs) {
    if (!w.restore) std::fill(output.begin(), output.end(), std::byte{0xA5});
  }
  if (w.restore) w.restore();
  w.run(1);
  snapshot bytes;
  for (const auto output : w.outputs) bytes.emplace_back(output.begin(), output.end());
  return bytes;
}

}  // namespace benchmarks

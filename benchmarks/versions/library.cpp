// A shared library of one version's kernels, of which k754_versions loads two.
#include <optional>
#include <stdexcept>
#include <vector>

#include <k754/simd.hpp>

#include "build.hpp"
#include "problem.hpp"
#include "threads.hpp"
#include "version.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

class this_version final : public version {
 public:
  this_version(const std::string& cases, std::size_t threads)
      : problems_(read_problems(cases)), makers_(all_makers()), pool_(threads) {}

  std::string description() const override {
    return "k754 " + k754_version() + ", " + compiler() + ", target " + k754::simd_target();
  }

  std::vector<std::string> ids() const override {
    std::vector<std::string> all;
    for (const problem& p : problems_) all.push_back(p.id);
    return all;
  }

  double make(std::size_t at, double most) override {
    work_.reset();
    const problem &whole = problems_[at], part = whole.slice(most * (whole.nominal == "flop" ? 1e6 : 1e3));
    const auto maker = makers_.find(whole.kernel);
    if (maker != makers_.end()) work_ = maker->second(part, pool_);
    return work_ ? part.work() / whole.work() : 0;
  }

  void run(std::int64_t repetitions) override { work_->run(repetitions); }

  std::vector<std::vector<std::byte>> outputs() override { return outputs_of(*work_); }

 private:
  std::vector<problem> problems_;
  workload_makers makers_;
  thread_pool pool_;
  std::optional<workload> work_;
};

}  // namespace

}  // namespace benchmarks

/// An open_version_function.
extern "C" __attribute__((visibility("default"))) benchmarks::version* k754_open_version(
    const std::string& cases, std::size_t threads, const std::string& target,
    benchmarks::memory_source& memory) {
  benchmarks::buffers_from = &memory;
  if (!target.empty() && !k754::force_simd_target(target.c_str())) {
    throw std::runtime_error("target " + target + " cannot run here");
  }
  return new benchmarks::this_version(cases, threads);
}

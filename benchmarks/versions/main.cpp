// k754_versions: the cases of cases.json with two versions of k754, in turn, on the same memory.
#include <dlfcn.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "timing.hpp"
#include "version.hpp"

namespace benchmarks {

namespace {

struct settings {
  std::string cases = K754_BENCHMARK_CASES, filter, target;
  std::vector<std::string> libraries = {K754_THIS_VERSION, K754_OTHER_VERSION};
  std::size_t threads = 1, rounds = 51;
  double limit_seconds = 0.02, seconds_per_case = 1, tolerance = 0.03;
};

/// Both versions get the same addresses: each makes the same buffers in the same order. So no cache treats one better.
class common_memory final : public memory_source {
 public:
  ~common_memory() { clear(); }
  void* take(std::size_t bytes) override {
    if (next_ == blocks_.size()) blocks_.push_back({map_memory(bytes), bytes});
    if (blocks_[next_].bytes != bytes) throw std::runtime_error("the versions differ in what they allocate");
    return blocks_[next_++].memory;
  }
  void give_back(void*, std::size_t) override {}

  void rewind() { next_ = 0; }
  void clear() {
    for (const block& b : blocks_) munmap(b.memory, b.bytes);
    blocks_.clear();
    rewind();
  }

 private:
  struct block {
    void* memory;
    std::size_t bytes;
  };
  std::vector<block> blocks_;
  std::size_t next_ = 0;
};

using versions = std::vector<std::unique_ptr<version>>;

/// A case of all versions, and which part of it; 0 where one has no such form.
double make(versions& all, common_memory& memory, std::size_t at, double most) {
  memory.clear();
  double part = 1;
  for (const auto& v : all) {
    memory.rewind();
    part = std::min(part, v->make(at, most));
  }
  return part;
}

std::unique_ptr<version> loaded(const std::string& file, const settings& s, memory_source& memory) {
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const open = library == nullptr ? nullptr : dlsym(library, "k754_open_version");
  if (open == nullptr) throw std::runtime_error(dlerror());
  return std::unique_ptr<version>(
      reinterpret_cast<open_version_function*>(open)(s.cases, s.threads, s.target, memory));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// What the rounds say, in seconds of one repetition; ratios are this version's time to the other's.
struct figures {
  double this_median, other_median, ratio, least, most, best;

  /// 1: this version is slower, -1: faster, 0: neither. Both ratios must say so: an interruption moves the median, a
  /// lucky round the best.
  int verdict(double tolerance) const {
    if (std::min(ratio, best) > 1 + tolerance) return 1;
    return std::max(ratio, best) < 1 / (1 + tolerance) ? -1 : 0;
  }
};

figures measured(versions& all, const settings& s) {
  std::vector<timed> loops;
  for (const auto& v : all) loops.emplace_back([&v](std::int64_t n) { v->run(n); }, 100e-6);
  const std::size_t rounds = std::max<std::size_t>(loops[0].rounds_within(s.seconds_per_case, s.rounds), 5);
  for (std::size_t round = 0; round < rounds; ++round) {
    loops[round % 2].round();
    loops[1 - round % 2].round();
  }
  std::vector<double> ratios;
  for (std::size_t i = 0; i < rounds; ++i) ratios.push_back(loops[0].times()[i] / loops[1].times()[i]);
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  return {median(loops[0].times()),           median(loops[1].times()), median(ratios), *least, *most,
          loops[0].least() / loops[1].least()};
}

class comparison {
 public:
  explicit comparison(const settings& s) : settings_(s) {
    for (const std::string& file : s.libraries) versions_.push_back(loaded(file, s, memory_));
  }

  /// Whether the versions write the same bits everywhere.
  bool operator()() {
    for (const auto& v : versions_) fmt::print("{}\n", v->description());
    fmt::print("\n{:<44} {:>12} {:>12}   {:>6}  {:>6} .. {:<6} {:>6}\n", "time of one call, and its ratio",
               "this", "other", "ratio", "least", "most", "best");
    const std::vector<std::string> ids = versions_.front()->ids();
    const std::regex wanted(settings_.filter);
    for (std::size_t at = 0; at < ids.size(); ++at) {
      if (std::regex_search(ids[at], wanted)) compare(at, ids[at]);
    }
    if (ratios_.empty()) throw std::runtime_error("no case that both versions run matches");
    double logarithms = 0;
    for (const double ratio : ratios_) logarithms += std::log(ratio);
    fmt::print("\n{} cases, geometric mean {:.3f}; {} slower and {} faster by more than {:.0f} %\n",
               ratios_.size(), std::exp(logarithms / static_cast<double>(ratios_.size())), slower_, faster_,
               100 * settings_.tolerance);
    return all_same_;
  }

 private:
  void compare(std::size_t at, const std::string& id) {
    constexpr double slice = 200, whole = 1e18;
    double part = make(versions_, memory_, at, slice);
    if (part == 0) return;
    const double seconds = seconds_of([&](std::int64_t n) { versions_.front()->run(n); }, 1);
    if (part < 1 && seconds / part < settings_.limit_seconds) part = make(versions_, memory_, at, whole);
    if (versions_[0]->outputs() != versions_[1]->outputs()) {
      fmt::print("{:<44} OTHER BITS\n", id);
      all_same_ = false;
      return;
    }
    figures f = measured(versions_, settings_);
    // a difference must be seen three times
    for (int again = 0; again < 2 && f.verdict(settings_.tolerance) != 0; ++again) {
      f = measured(versions_, settings_);
    }
    const int verdict = f.verdict(settings_.tolerance);
    slower_ += verdict > 0 ? 1 : 0;
    faster_ += verdict < 0 ? 1 : 0;
    ratios_.push_back(f.ratio);
    fmt::print("{:<44} {:>9.2f} us {:>9.2f} us   {:>6.3f}  {:>6.3f} .. {:<6.3f} {:>6.3f}{}{}\n", id,
               f.this_median * 1e6, f.other_median * 1e6, f.ratio, f.least, f.most, f.best,
               verdict > 0   ? "  SLOWER"
               : verdict < 0 ? "  faster"
                             : "",
               part < 1 ? fmt::format("  ({:.2g} of it)", part) : "");
    std::fflush(stdout);
  }

  const settings& settings_;
  common_memory memory_;
  versions versions_;
  std::vector<double> ratios_;
  int slower_ = 0, faster_ = 0;
  bool all_same_ = true;
};

}  // namespace

}  // namespace benchmarks

int main(int argc, char** argv) {
  benchmarks::settings s;
  CLI::App app("Times two versions of k754 in turn; a ratio above 1: this one takes longer than the other");
  app.add_option("libraries", s.libraries, "This version and the other; the same file twice shows the noise")
      ->expected(2);
  app.add_option("--filter", s.filter, "Only the cases whose id holds this regular expression");
  app.add_option("--threads", s.threads, "Threads that kernels are given")->check(CLI::PositiveNumber);
  app.add_option("--target", s.target, "Run this SIMD target, or \"reference\"");
  app.add_option("--rounds", s.rounds, "Rounds, in which each version runs once")->check(CLI::PositiveNumber);
  app.add_option("--seconds-per-case", s.seconds_per_case, "Fewer rounds, but five, where they take longer");
  app.add_option("--limit-seconds", s.limit_seconds, "A case that takes longer is timed on a slice");
  app.add_option("--tolerance", s.tolerance, "Part of the time from which a case is called slower or faster");
  app.add_option("--cases", s.cases, "The list of cases")->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);
  try {
    if (benchmarks::comparison(s)()) return 0;
    fmt::print(stderr, "The versions do not agree in every bit; those cases were not timed.\n");
    return 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "k754_versions: {}\n", e.what());
    return 2;
  }
}

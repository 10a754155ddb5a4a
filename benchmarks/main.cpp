// k754_benchmark: the cases of cases.json, checked, timed, and held against the limits of the machine.
//
// A case is estimated on a slice, compared with the reference, and timed with others of its group and with the loops
// that are their limits: every round runs each of these once, so that a slow phase of the machine, or a neighbour in its
// caches, touches all alike. The figure is the median over the rounds; the best round is held against the best of its
// limit.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iterator>
#include <map>
#include <regex>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <k754/simd.hpp>

#include "limits.hpp"
#include "problem.hpp"
#include "report.hpp"
#include "threads.hpp"
#include "timing.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

struct settings {
  std::string cases = K754_BENCHMARK_CASES, filter, json, target;
  std::size_t threads = 1, rounds = 15;
  double limit_seconds = 60, seconds_per_case = 1;
  bool list = false, quick = false;
};

/// One line on a terminal, nothing elsewhere.
class progress {
 public:
  void say(const std::string& text) const {
    if (terminal_) fmt::print(stderr, "\r\033[K{}", text);
  }
  ~progress() { say(""); }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
};

/// Kernels run the reference while this lives.
class reference_target {
 public:
  reference_target() : target_(k754::simd_target()) { k754::force_simd_target("reference"); }
  reference_target(const reference_target&) = delete;
  reference_target& operator=(const reference_target&) = delete;
  ~reference_target() { k754::force_simd_target(target_); }

 private:
  const char* target_;
};

/// Whether the outputs are the reference's. They are the kernel's afterwards.
bool is_right(const workload& w) {
  snapshot expected;
  {
    const reference_target reference;
    expected = outputs_of(w);
  }
  return outputs_of(w) == expected;
}

class benchmark_run {
 public:
  benchmark_run(const settings& s) : settings_(s), pool_(s.threads), limits_(pool_), makers_(all_makers()) {}

  const machine_limits& limits() const { return limits_; }
  bool all_right() const { return all_right_; }

  std::vector<result> operator()(std::span<const problem> problems) {
    std::vector<result> results;
    std::vector<ready> batch;
    std::size_t held = 0, done = 0;
    const auto finish = [&] {
      time(batch);
      for (const ready& r : batch) set_times(r, results[r.place]);
      batch.clear();
      rulers_.clear();
      held = 0;
    };
    for (const problem& p : problems) {
      constexpr std::size_t most_held = std::size_t{1} << 30, most_cases = 32;
      if (held >= most_held || batch.size() >= most_cases) finish();
      progress_.say(fmt::format("{} of {}: {}", ++done, problems.size(), p.id));
      results.push_back({p, "ok", ""});
      prepare(p, results, batch);
      if (!batch.empty() && batch.back().place + 1 == results.size()) held += batch.back().work.bytes_held;
    }
    finish();
    return results;
  }

 private:
  struct ready {
    std::size_t place;  ///< of its result
    workload work;
    timed loop;
    ruler* limit;  ///< of memory; null: another, or none
  };

  void prepare(const problem& p, std::vector<result>& results, std::vector<ready>& batch) {
    result& r = results.back();
    const auto maker = makers_.find(p.kernel);
    if (maker == makers_.end()) {
      r.status = "not run: no such kernel";
      return;
    }
    const problem small = p.slice((p.nominal == "flop" ? 0x1p22 : 0x1p18) / (settings_.quick ? 8 : 1));
    const double ratio = p.work() / small.work();
    if (settings_.quick && p.work() > (p.nominal == "flop" ? 1e9 : 1 << 22)) {
      r.status = "not run: --quick";
      return;
    }
    auto work = maker->second(small, pool_);
    if (!work) {
      r.status = "not run: the library has no such form";
      return;
    }
    const double estimate = seconds_of(work->run, 1) * ratio;
    double reference_estimate = 0;
    {
      const reference_target reference;
      reference_estimate = seconds_of(work->run, 1) * ratio;
    }
    if (estimate > settings_.limit_seconds) {
      r.estimate = estimate;
      r.status = fmt::format("not run: about {:.3g} s", estimate);
      return;
    }
    if (!check(*work, r)) return;
    r.exact = !work->max_ulp;
    if (work->max_ulp) r.max_ulp = work->max_ulp();
    if (ratio > 1) {
      work = maker->second(p, pool_);
      if (reference_estimate > settings_.limit_seconds) {
        r.note = "checked on a slice";
      } else if (!check(*work, r)) {
        return;
      }
    }
    r.bytes = work->memory.bytes_read + work->memory.bytes_written;
    r.flop = work->flop;
    r.only_reads = work->flop == 0 && work->memory.outputs == 0;
    ruler* limit = nullptr;
    if (r.flop == 0 && r.bytes > 0) {
      const footprint f = limits_.footprint_of(work->memory);
      const auto place = rulers_.find(f);
      limit = &(place != rulers_.end() ? place : rulers_.emplace(f, limits_.ruler_for(f)).first)->second;
    }
    timed loop(work->run, 50e-6);
    batch.push_back({results.size() - 1, std::move(*work), std::move(loop), limit});
  }

  bool check(const workload& w, result& r) {
    if (is_right(w)) return true;
    r.status = "WRONG: not the bits of the reference";
    all_right_ = false;
    return false;
  }

  void time(std::vector<ready>& batch) {
    for (std::size_t round = 0; round < settings_.rounds; ++round) {
      progress_.say(fmt::format("{} cases, round {} of {}", batch.size(), round + 1, settings_.rounds));
      for (ready& r : batch) {
        if (r.limit != nullptr && r.limit->rounds() == round)
          r.limit->round(settings_.seconds_per_case, settings_.rounds);
        if (round < r.loop.rounds_within(settings_.seconds_per_case, settings_.rounds)) r.loop.round();
      }
    }
  }

  void set_times(const ready& timed_case, result& r) const {
    r.times = timed_case.loop.sorted_times();
    if (r.flop > 0) {
      r.limit = "FMA";
      r.limit_time = r.flop / limits_.flops(timed_case.work.doubles);
    } else if (timed_case.limit != nullptr) {
      r.limit = timed_case.limit->name();
      r.limit_time = r.bytes / timed_case.limit->bytes_per_second();
    }
  }

  const settings& settings_;
  thread_pool pool_;
  machine_limits limits_;
  std::map<footprint, ruler> rulers_;  ///< of the batch
  workload_makers makers_;
  progress progress_;
  bool all_right_ = true;
};

int run(const settings& s) {
  std::vector<problem> problems = read_problems(s.cases);
  const std::regex wanted(s.filter);
  std::erase_if(problems, [&](const problem& p) { return !std::regex_search(p.id, wanted); });
  if (problems.empty()) throw std::runtime_error(fmt::format("no case matches {}", s.filter));
  if (s.list) {
    for (const problem& p : problems) fmt::print("{:<14} {}\n", p.group, p.id);
    return 0;
  }
  if (!s.target.empty() && !k754::force_simd_target(s.target.c_str())) {
    std::string names;
    k754::for_each_simd_target([&](const char* name) { names += std::string(" ") + name; });
    throw std::runtime_error(fmt::format("target {} cannot run here; these can:{}", s.target, names));
  }
  benchmark_run benchmark(s);
  fmt::print("{}", machine_text(benchmark.limits(), s.threads));
  std::fflush(stdout);
  std::vector<result> results;
  for (auto first = problems.begin(); first != problems.end();) {
    const auto last =
        std::find_if(first, problems.end(), [&](const problem& p) { return p.group != first->group; });
    std::vector<result> group = benchmark({first, last});
    fmt::print("{}", table_text(group));
    std::fflush(stdout);
    std::move(group.begin(), group.end(), std::back_inserter(results));
    first = last;
  }
  if (!s.json.empty()) write_json(s.json, benchmark.limits(), s.threads, results);
  if (!benchmark.all_right()) fmt::print(stderr, "There are wrong results; they were not timed.\n");
  return benchmark.all_right() ? 0 : 1;
}

}  // namespace

}  // namespace benchmarks

int main(int argc, char** argv) {
  benchmarks::settings s;
  CLI::App app("Times k754's kernels and holds them against the limits of this machine");
  app.add_option("--filter", s.filter, "Only the cases whose id holds this regular expression");
  app.add_flag("--list", s.list, "Print groups and ids, run nothing");
  app.add_option("--json", s.json, "Write the figures to this file too");
  app.add_option("--threads", s.threads, "Threads that kernels are given")
      ->check(CLI::Range(1U, std::max(1U, std::thread::hardware_concurrency())));
  app.add_option("--target", s.target,
                 "Run this SIMD target, or \"reference\"; limits are still the machine's");
  auto* const rounds = app.add_option("--rounds", s.rounds, "Rounds, of which the median is taken")
                           ->check(CLI::Range(1, 100000));
  auto* const limit = app.add_option("--limit-seconds", s.limit_seconds,
                                     "What would take longer is not run, its reference not in full");
  app.add_option("--seconds-per-case", s.seconds_per_case, "Fewer rounds for what would take longer in all");
  app.add_flag("--quick", s.quick, "Small cases, three rounds: shows that it works");
  app.add_option("--cases", s.cases, "The list of cases")->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);
  if (s.quick && rounds->empty()) s.rounds = 3;
  if (s.quick && limit->empty()) s.limit_seconds = 0.05;
  try {
    return benchmarks::run(s);
  } catch (const std::exception& e) {
    fmt::print(stderr, "k754_benchmark: {}\n", e.what());
    return 2;
  }
}

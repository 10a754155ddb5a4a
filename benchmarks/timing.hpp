// How all things here are timed: by rounds, in which each is run once, so that a slow phase of the machine touches all
// alike.
#ifndef K754_BENCHMARKS_TIMING_HPP
#define K754_BENCHMARKS_TIMING_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace benchmarks {

/// Repeats its work so often.
using repeatable = std::function<void(std::int64_t)>;

inline double seconds_of(const repeatable& run, std::int64_t repetitions) {
  const auto start = std::chrono::steady_clock::now();
  run(repetitions);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class timed {
 public:
  /// A round repeats the work until that takes `block` seconds.
  timed(repeatable run, double block) : run_(std::move(run)) {
    while ((seconds_ = seconds_of(run_, repetitions_)) < block) repetitions_ *= 2;
  }

  void round() {
    if (is_warmed()) run_(2);
    times_.push_back(seconds_of(run_, repetitions_) / static_cast<double>(repetitions_));
  }

  /// At least one, at most `most`.
  std::size_t rounds_within(double seconds, std::size_t most) const {
    const double runs = seconds / (is_warmed() ? 3 * seconds_ : seconds_);
    return runs < static_cast<double>(most) ? std::max<std::size_t>(static_cast<std::size_t>(runs), 1) : most;
  }

  std::size_t rounds() const { return times_.size(); }

  /// Of one repetition, in seconds, a round each.
  const std::vector<double>& times() const { return times_; }
  std::vector<double> sorted_times() const {
    std::vector<double> sorted = times_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  double least() const { return *std::min_element(times_.begin(), times_.end()); }

 private:
  /// Others ran in between, and took the caches.
  bool is_warmed() const { return seconds_ <= 10e-3; }

  repeatable run_;
  std::int64_t repetitions_ = 1;
  double seconds_ = 0;
  std::vector<double> times_;
};

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_TIMING_HPP

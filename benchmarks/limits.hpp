// What this machine can do at most, measured here and now on the best vectors it has.
#ifndef K754_BENCHMARKS_LIMITS_HPP
#define K754_BENCHMARKS_LIMITS_HPP

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "data.hpp"
#include "threads.hpp"
#include "timing.hpp"
#include "workload.hpp"

namespace benchmarks {

struct memory_level {
  std::string name;
  std::size_t bytes;  ///< of one cache; of DRAM what is surely beyond the last
  bool is_shared;
  std::size_t probe_bytes = 0;  ///< the working set it is measured with, per thread
  double read = 0;              ///< byte/s
  double where_f32 = 0;         ///< byte/s, read and written, of a loop with its streams
};

std::string size_text(double bytes);  ///< "22.6 MiB"

/// What a ruler does: cases with the same footprint share one.
struct footprint {
  std::size_t bytes;  ///< per thread, of all streams
  int inputs, outputs;
  bool in_place;
  std::size_t vectors_per_mask;  ///< 0: no mask
  std::size_t written = 0;       ///< without output streams: so many of the bytes

  auto operator<=>(const footprint&) const = default;
};

/// A loop that does nothing but the traffic of a case, over as much memory, on all threads. It is timed in the rounds of
/// the case: how much of a shared cache a program has changes while it runs.
class ruler {
 public:
  /// `memory`: for each thread; reserved by machine_limits, and shared by all rulers.
  ruler(const footprint& f, thread_pool& pool, const std::vector<buffer<std::uint8_t>>& memory,
        bool may_bypass_caches);

  /// "read 4 MiB", "read+write 22.6 MiB", "stream 860 KiB"; "nt stream 32 MiB" where non-temporal stores are faster.
  std::string name() const;
  std::size_t rounds() const { return rounds_; }
  void round(double seconds, std::size_t rounds);  ///< nothing after so many seconds or rounds of it
  double bytes_per_second() const;                 ///< read and written, in the best round of the faster way

 private:
  bool bypasses_caches() const { return ways_.back().least() < ways_.front().least(); }

  std::string size_;
  bool streams_;
  bool writes_;
  double bytes_ = 0;         ///< of a run
  std::vector<timed> ways_;  ///< with plain stores, with non-temporal ones
  std::size_t rounds_ = 0;
};

class machine_limits {
 public:
  explicit machine_limits(thread_pool& pool);

  const std::vector<memory_level>& levels() const { return levels_; }
  double flops(bool doubles) const { return doubles ? flops_f64_ : flops_f32_; }  ///< FLOP/s

  footprint footprint_of(const traffic& t) const;
  ruler ruler_for(const footprint& f);

 private:
  std::size_t level_of(double bytes) const;
  std::size_t bytes_per_thread(double bytes) const;
  double measured(const footprint& f);

  thread_pool& pool_;
  std::vector<memory_level> levels_;
  std::vector<buffer<std::uint8_t>> memory_;
  double flops_f32_, flops_f64_;
};

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_LIMITS_HPP

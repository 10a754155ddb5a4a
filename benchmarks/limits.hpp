// What this machine can do at most, measured here and now on the best vectors it has.
#ifndef K754_BENCHMARKS_LIMITS_HPP
#define K754_BENCHMARKS_LIMITS_HPP

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "threads.hpp"
#include "workload.hpp"

namespace benchmarks {

struct memory_level {
  std::string name;
  std::size_t bytes;        ///< of one cache; of DRAM what is surely beyond the last
  std::size_t probe_bytes;  ///< the working set it is measured with, per thread
  bool is_shared;
};

/// The memory that the streams touch.
double working_set(const traffic& t);

/// Lazily measured, each once; for all threads of the pool together.
class machine_limits {
 public:
  explicit machine_limits(thread_pool& pool);

  const std::vector<memory_level>& levels() const { return levels_; }
  /// Where this working set lives.
  std::size_t level_of(double bytes) const;
  /// What the level is measured with, of all threads together.
  double probe_of(std::size_t level) const;

  double flops(bool doubles);  ///< FLOP/s
  /// byte/s, for a working set of so many bytes in all.
  double read(double bytes);
  /// byte/s, read and written, of a loop with these streams; the faster of plain and non-temporal stores.
  double stream(double bytes, const traffic& like);

  /// The least time for the work, in seconds; 0 where no limit applies.
  double least_time(const workload& w);

 private:
  std::size_t bytes_per_thread(double bytes) const;

  thread_pool& pool_;
  std::vector<memory_level> levels_;
  std::map<bool, double> flops_;
  std::map<std::size_t, double> read_;
  std::map<std::tuple<std::size_t, int, int, bool, std::size_t>, double> stream_;
};

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_LIMITS_HPP

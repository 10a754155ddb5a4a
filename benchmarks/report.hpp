// What is said about the machine and about each case, as text and as JSON.
#ifndef K754_BENCHMARKS_REPORT_HPP
#define K754_BENCHMARKS_REPORT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "limits.hpp"
#include "problem.hpp"

namespace benchmarks {

struct result {
  problem p;
  std::string status;              ///< "ok", or why there are no times
  std::string note;                ///< e.g. what was checked on a slice
  std::vector<double> times = {};  ///< of one repetition, in seconds, a round each, sorted
  double bytes = 0, flop = 0;
  double limit_time = 0;   ///< what the limit takes for the same; 0: none applies
  std::string limit = {};  ///< which one: "FMA", "read 22.6 MiB"
  std::optional<double> max_ulp = {};
  bool only_reads = false;
  bool exact = false;
  double estimate = 0;  ///< seconds, of what did not run

  bool ran() const { return !times.empty(); }
  double least() const { return times.front(); }
  double median() const { return times[times.size() / 2]; }
};

std::string machine_text(const machine_limits& limits, std::size_t threads);
std::string table_text(const std::vector<result>& results);
/// Throws where the file cannot be written.
void write_json(const std::string& file, const machine_limits& limits, std::size_t threads,
                const std::vector<result>& results);

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_REPORT_HPP

#include "report.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <k754/simd.hpp>

#include "build.hpp"

namespace benchmarks {

namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t value = line.find(": ");
    if (line.starts_with("model name") && value != std::string::npos) return line.substr(value + 2);
  }
  return "unknown CPU";
}

std::string highway_version() {
#if K754_SIMD
  return version_text(HWY_MAJOR, HWY_MINOR, HWY_PATCH);
#else
  return "none";
#endif
}

std::vector<std::string> targets() {
  std::vector<std::string> names;
  k754::for_each_simd_target([&](const char* name) { names.emplace_back(name); });
  return names;
}

bool has_avx512() { return targets().front() == "AVX3"; }

/// nanoseconds where short, else microseconds or milliseconds
std::string time_text(double seconds) {
  if (seconds < 10e-6) return fmt::format("{:.1f} ns", seconds * 1e9);
  if (seconds < 10e-3) return fmt::format("{:.1f} us", seconds * 1e6);
  return fmt::format("{:.1f} ms", seconds * 1e3);
}

/// The whole input in less than its reading takes: the kernel stopped before its end.
bool stopped_early(const result& r) { return r.only_reads && r.limit_time > 4 * r.least(); }

double percent_of_limit(const result& r) { return 100 * r.limit_time / r.least(); }

double unit_rate(const result& r) { return r.p.work() / r.median() * (r.p.nominal == "calls" ? 1e-6 : 1e-9); }

const char* unit_of(const problem& p) {
  return p.nominal == "flop" ? "GFLOP/s" : p.nominal == "calls" ? "Mcall/s" : "Gel/s";
}

std::string error_text(const result& r) {
  if (r.exact) return "exact";
  return r.max_ulp ? fmt::format("{:.4g}", *r.max_ulp) : "-";
}

}  // namespace

std::string machine_text(const machine_limits& limits, std::size_t threads) {
  std::string all;
  for (const std::string& name : targets()) all += (all.empty() ? "" : " ") + name;
  std::string text =
      fmt::format("k754 {}, Highway {}, {} | {}, {} | target {} of {} | {} thread{}\n\n", k754_version(),
                  highway_version(), compiler(), cpu_name(), has_avx512() ? "AVX-512" : "no AVX-512",
                  k754::simd_target(), all, threads, threads == 1 ? "" : "s");
  text += fmt::format("Limits, measured now: multiply-add f32 {:.1f}, f64 {:.1f} GFLOP/s\n\n",
                      limits.flops(false) * 1e-9, limits.flops(true) * 1e-9);
  text += "| memory | size | read GB/s | streams of where f32, GB/s |\n|---|---|---|---|\n";
  for (std::size_t level = 0; level < limits.levels().size(); ++level) {
    const memory_level& l = limits.levels()[level];
    text += fmt::format("| {} | {} | {:.1f} | {:.1f} |\n", l.name,
                        level + 1 < limits.levels().size() ? size_text(static_cast<double>(l.bytes)) : "",
                        l.read * 1e-9, l.where_f32 * 1e-9);
  }
  return text;
}

std::string table_text(const std::vector<result>& results) {
  std::string text;
  const std::string* group = nullptr;
  for (const result& r : results) {
    if (group == nullptr || *group != r.p.group) {
      group = &r.p.group;
      text += fmt::format("\n{:<44} {:>10} {:>10} {:>9} {:>17} {:>23} {:>9}  {}\n", r.p.group, "median",
                          "least", "GB/s", "rate", "% of limit", "max ULP", "");
    }
    if (!r.ran()) {
      text += fmt::format("{:<44} {}\n", r.p.id, r.status);
      continue;
    }
    const std::string percent = stopped_early(r)   ? "stops early"
                                : r.limit_time > 0 ? fmt::format("{:.0f} {}", percent_of_limit(r), r.limit)
                                                   : "-";
    text += fmt::format("{:<44} {:>10} {:>10} {:>9} {:>17} {:>23} {:>9}  {}\n", r.p.id, time_text(r.median()),
                        time_text(r.least()),
                        r.bytes > 0 ? fmt::format("{:.1f}", r.bytes / r.median() * 1e-9) : "-",
                        fmt::format("{:.4g} {}", unit_rate(r), unit_of(r.p)), percent, error_text(r), r.note);
  }
  return text;
}

void write_json(const std::string& file, const machine_limits& limits, std::size_t threads,
                const std::vector<result>& results) {
  using nlohmann::ordered_json;
  ordered_json levels = ordered_json::array();
  for (const memory_level& l : limits.levels()) {
    levels.push_back({{"name", l.name},
                      {"bytes", l.bytes},
                      {"read_gb_per_s", l.read * 1e-9},
                      {"where_f32_gb_per_s", l.where_f32 * 1e-9}});
  }
  ordered_json rows = ordered_json::array();
  for (const result& r : results) {
    ordered_json row = {{"id", r.p.id}, {"group", r.p.group}, {"status", r.status}};
    if (r.ran()) {
      row["rounds"] = r.times.size();
      row["median_ns"] = r.median() * 1e9;
      row["least_ns"] = r.least() * 1e9;
      row["rate"] = unit_rate(r);
      row["unit"] = unit_of(r.p);
      if (r.bytes > 0) row["gb_per_s"] = r.bytes / r.median() * 1e-9;
      if (stopped_early(r)) {
        row["stops_early"] = true;
      } else if (r.limit_time > 0) {
        row["limit"] = r.limit;
        if (r.flop == 0) row["limit_gb_per_s"] = r.bytes / r.limit_time * 1e-9;
        row["percent_of_limit"] = percent_of_limit(r);
      }
      if (r.exact) row["max_ulp"] = 0;
      if (r.max_ulp) row["max_ulp"] = *r.max_ulp;
    } else if (r.estimate > 0) {
      row["estimate_ns"] = r.estimate * 1e9;
    }
    if (!r.note.empty()) row["note"] = r.note;
    rows.push_back(row);
  }
  const ordered_json all = {{"machine",
                             {{"cpu", cpu_name()},
                              {"avx512", has_avx512()},
                              {"target", k754::simd_target()},
                              {"targets", targets()},
                              {"compiler", compiler()},
                              {"k754", k754_version()},
                              {"highway", highway_version()},
                              {"threads", threads},
                              {"fma_f32_gflop_per_s", limits.flops(false) * 1e-9},
                              {"fma_f64_gflop_per_s", limits.flops(true) * 1e-9},
                              {"memory", levels}}},
                            {"rows", rows}};
  std::ofstream stream(file);
  stream << all.dump(1) << '\n';
  if (!stream.flush()) throw std::runtime_error(fmt::format("{} cannot be written", file));
}

}  // namespace benchmarks

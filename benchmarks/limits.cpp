#include "limits.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include <k754/simd.hpp>

namespace benchmarks {

namespace {

// Without vectors: what the compiler makes of plain loops.

template <class T>
double plain_multiply_add(std::int64_t n, T* sink) noexcept {
  T a[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  for (std::int64_t i = 0; i < n; ++i) {
    for (T& x : a) x = x * T{0.5} + *sink;
  }
  for (const T x : a) *sink += x;
  return 16 * static_cast<double>(n);
}

std::uint8_t plain_read(const std::uint8_t* bytes, std::size_t count) noexcept {
  std::uint8_t all = 0;
  for (std::size_t i = 0; i < count; ++i) all = static_cast<std::uint8_t>(all | bytes[i]);
  return all;
}

template <int Inputs, int Outputs>
void plain_stream(const std::uint8_t* mask, std::size_t mask_step, std::size_t repeat, const std::uint8_t* x,
                  const std::uint8_t* y, std::uint8_t* z, std::uint8_t* w, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t v = mask_step == 0 ? std::uint8_t{0} : mask[i / (8 * repeat)];
    if constexpr (Inputs > 0) v = static_cast<std::uint8_t>(v ^ x[i]);
    if constexpr (Inputs > 1) v = static_cast<std::uint8_t>(v ^ y[i]);
    z[i] = v;
    if constexpr (Outputs > 1) w[i] = v;
  }
}

}  // namespace

// As kernels, of which k754 chooses the best code (targets/choose.hpp).

template <class T>
struct multiply_add_kernel {
  using function = double(std::int64_t n, T* sink) noexcept;
  static constexpr function* scalar = &plain_multiply_add<T>;
};

struct read_kernel {
  using function = std::uint8_t(const std::uint8_t* bytes, std::size_t count) noexcept;
  static constexpr function* scalar = &plain_read;
};

using stream_function = void(const std::uint8_t*, std::size_t, std::size_t, const std::uint8_t*,
                             const std::uint8_t*, std::uint8_t*, std::uint8_t*, std::size_t) noexcept;

template <int Inputs, int Outputs, int Unrolled, bool NonTemporal>
struct stream_kernel {
  using function = stream_function;
  static constexpr function* scalar = &plain_stream<Inputs, Outputs>;
};

}  // namespace benchmarks

#define K754_TARGET_FILE "limits-inl.hpp"
#include <k754/targets/foreach-inl.hpp>

namespace benchmarks {

namespace {

using k754::detail::choose;

template <int Inputs, int Outputs>
stream_function* choose_stream(std::size_t unrolled, bool non_temporal) {
  if (unrolled == 1)
    return non_temporal ? choose<stream_kernel<Inputs, Outputs, 1, true>>()
                        : choose<stream_kernel<Inputs, Outputs, 1, false>>();
  if (unrolled == 2)
    return non_temporal ? choose<stream_kernel<Inputs, Outputs, 2, true>>()
                        : choose<stream_kernel<Inputs, Outputs, 2, false>>();
  if (unrolled == 4)
    return non_temporal ? choose<stream_kernel<Inputs, Outputs, 4, true>>()
                        : choose<stream_kernel<Inputs, Outputs, 4, false>>();
  return non_temporal ? choose<stream_kernel<Inputs, Outputs, 8, true>>()
                      : choose<stream_kernel<Inputs, Outputs, 8, false>>();
}

/// The library's choice among all targets, whatever was forced; the limits are the machine's.
class best_target {
 public:
  best_target() : forced_(k754::simd_target()) { k754::force_simd_target(nullptr); }
  best_target(const best_target&) = delete;
  best_target& operator=(const best_target&) = delete;
  ~best_target() { k754::force_simd_target(forced_); }

 private:
  const char* forced_;
};

constexpr std::size_t page = 4096;

/// "32K", as /sys has it.
std::size_t size_in(const std::string& file) {
  std::ifstream stream(file);
  std::size_t size = 0;
  char unit = ' ';
  stream >> size >> unit;
  return size * (unit == 'K' ? 1024U : unit == 'M' ? 1024U * 1024U : 1U);
}

std::vector<memory_level> find_levels() {
  std::vector<memory_level> levels;
  for (int index = 0;; ++index) {
    const std::string entry = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    std::string type, level;
    if (!(std::ifstream(entry + "type") >> type) || !(std::ifstream(entry + "level") >> level)) break;
    const std::size_t size = size_in(entry + "size");
    if (type == "Instruction" || size == 0) continue;
    levels.push_back({fmt::format("L{}", level), size, level == "3"});
  }
  if (levels.empty()) {
    const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    for (int level = 0; level < 3; ++level) {
      const long size = sysconf(names[level]);
      if (size > 0)
        levels.push_back({fmt::format("L{}", level + 1), static_cast<std::size_t>(size), level == 2});
    }
  }
  if (levels.empty()) levels.push_back({"L1", 32768, false});
  const std::size_t last = levels.back().bytes;
  levels.push_back({"DRAM", std::max<std::size_t>(8 * last, std::size_t{256} << 20), true});

  // In the middle of what the level holds and the one before does not: half of L1, then the geometric mean.
  std::size_t before = levels.front().bytes / 4;
  for (memory_level& level : levels) {
    const double middle = std::sqrt(static_cast<double>(before) * static_cast<double>(level.bytes));
    const double probe = level.name == "DRAM" ? static_cast<double>(level.bytes) / 2 : middle;
    level.probe_bytes = static_cast<std::size_t>(probe) / page * page;
    before = level.bytes;
  }
  return levels;
}

/// The streams that a loop touches, as multiples of one of elements.
double streams_of(const footprint& f) {
  return f.inputs + f.outputs - (f.in_place ? 1 : 0) +
         (f.vectors_per_mask > 0 ? 1 / static_cast<double>(f.vectors_per_mask) : 0);
}

std::size_t bytes_of_stream(const footprint& f) {
  constexpr std::size_t multiple = 16 * 256;  // what one vector of mask serves, at most
  const auto bytes = static_cast<std::size_t>(static_cast<double>(f.bytes) / streams_of(f));
  return std::max(bytes / multiple * multiple, multiple);
}

/// With what the loop reads behind the mask, or in place of one.
std::size_t bytes_of_all_streams(const footprint& f) {
  return static_cast<std::size_t>(streams_of(f) * static_cast<double>(bytes_of_stream(f))) + 256;
}

// The header's figures; those of the cases have the rounds of the cases.
constexpr std::size_t rounds_of_machine = 15;

/// Long enough that to wake the threads is nothing.
constexpr double block = 500e-6;

/// f(thread) so often on all threads at once.
repeatable on_all(thread_pool& pool, std::function<void(std::size_t)> f) {
  return [&pool, f = std::move(f)](std::int64_t n) {
    pool.on_each([&](std::size_t thread) {
      for (std::int64_t i = 0; i < n; ++i) f(thread);
    });
  };
}

template <class T>
double measured_flops(thread_pool& pool) {
  const auto multiply_add = choose<multiply_add_kernel<T>>();
  constexpr std::int64_t steps = 20000;
  constexpr std::size_t line = 64 / sizeof(T);
  std::vector<T> sinks(pool.size() * line);
  const double flop = multiply_add(steps, sinks.data());
  timed loop(on_all(pool, [&](std::size_t thread) { multiply_add(steps, &sinks[thread * line]); }), block);
  for (std::size_t round = 0; round < rounds_of_machine; ++round) loop.round();
  return flop * static_cast<double>(pool.size()) / loop.least();
}

}  // namespace

std::string size_text(double bytes) {
  int unit = 0;
  for (; bytes >= 999.5 && unit < 3; ++unit) bytes /= 1024;
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB"};
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

ruler::ruler(const footprint& f, thread_pool& pool, const std::vector<buffer<std::uint8_t>>& memory,
             bool may_bypass_caches)
    : size_(size_text(static_cast<double>(f.bytes * pool.size()))),
      streams_(f.outputs > 0),
      writes_(f.outputs > 0 || f.written > 0) {
  if (!streams_) {
    bytes_ = static_cast<double>(f.bytes * pool.size());
    const std::size_t to_read = f.bytes - f.written;
    const auto loop = [&memory, to_read, written = f.written,
                       read = choose<read_kernel>()](std::size_t thread) {
      std::uint8_t* const bytes = memory[thread].data();
      const std::size_t part = written > 0 ? 8 * page : to_read;
      for (std::size_t at = 0; at < to_read; at += part) {
        const std::size_t end = std::min(at + part, to_read);
        const std::uint8_t all = read(bytes + at, end - at);
        __asm__ __volatile__("" : : "r"(all));
        const auto share = [&](std::size_t i) {
          return to_read + static_cast<std::size_t>(static_cast<double>(written) * static_cast<double>(i) /
                                                    static_cast<double>(to_read));
        };
        if (written > 0) std::memset(bytes + share(at), all, share(end) - share(at));
      }
    };
    ways_.emplace_back(on_all(pool, loop), block);
    return;
  }
  const bool masked = f.vectors_per_mask > 0;
  const std::size_t unrolled = masked ? std::min<std::size_t>(f.vectors_per_mask, 8) : 8;
  const std::size_t repeat = masked ? f.vectors_per_mask / unrolled : 1;
  const std::size_t bytes = bytes_of_stream(f);
  bytes_ = (streams_of(f) + (f.in_place ? 1 : 0)) * static_cast<double>(bytes * pool.size());
  const std::size_t y = f.inputs > 0 ? bytes : 0, inputs_end = y + (f.inputs > 1 ? bytes : 0);
  const std::size_t z = f.in_place ? 0 : inputs_end, w = inputs_end + (f.in_place ? 0 : bytes);
  const std::size_t mask = w + (f.outputs > 1 ? bytes : 0);
  for (const bool non_temporal : {false, true}) {
    if (non_temporal && !may_bypass_caches) break;
    stream_function* const stream = f.outputs == 2  ? choose_stream<1, 2>(unrolled, non_temporal)
                                    : f.inputs == 0 ? choose_stream<0, 1>(unrolled, non_temporal)
                                    : f.inputs == 1 ? choose_stream<1, 1>(unrolled, non_temporal)
                                                    : choose_stream<2, 1>(unrolled, non_temporal);
    const auto loop = [=, &memory](std::size_t thread) {
      std::uint8_t* const first = memory[thread].data();
      stream(first + mask, masked ? 1 : 0, repeat, first, first + y, first + z, first + w, bytes);
    };
    ways_.emplace_back(on_all(pool, loop), block);
  }
}

void ruler::round(double seconds, std::size_t rounds) {
  ++rounds_;
  for (timed& way : ways_) {
    if (way.rounds() < way.rounds_within(seconds, rounds)) way.round();
  }
}

double ruler::bytes_per_second() const {
  return bytes_ / (bypasses_caches() ? ways_.back() : ways_.front()).least();
}

std::string ruler::name() const {
  const char* const what =
      !streams_ ? (writes_ ? "read+write" : "read") : (bypasses_caches() ? "nt stream" : "stream");
  return fmt::format("{} {}", what, size_);
}

machine_limits::machine_limits(thread_pool& pool)
    : pool_(pool), levels_(find_levels()), memory_(pool.size()) {
  for (memory_level& level : levels_) {
    level.read = measured({level.probe_bytes, 1, 0, false, 0});
    level.where_f32 = measured({level.probe_bytes, 2, 1, false, 4});
  }
  const best_target best;
  flops_f32_ = measured_flops<float>(pool_);
  flops_f64_ = measured_flops<double>(pool_);
}

std::size_t machine_limits::level_of(double bytes) const {
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
    const double share = levels_[level].is_shared ? 1 : static_cast<double>(pool_.size());
    if (bytes <= static_cast<double>(levels_[level].bytes) * share) return level;
  }
  return levels_.size() - 1;
}

/// As large as the case, in steps of an eighth of an octave; in L1, where a short loop would be timed for its ends, and
/// far beyond the caches, where it would take long, what stands for the level.
std::size_t machine_limits::bytes_per_thread(double bytes) const {
  const std::size_t level = level_of(bytes);
  const double own = bytes / static_cast<double>(pool_.size());
  const auto probe = static_cast<double>(levels_[level].probe_bytes);
  if (level == 0 || (level + 1 == levels_.size() && own > probe)) return levels_[level].probe_bytes;
  return static_cast<std::size_t>(std::exp2(std::round(std::log2(own) * 8) / 8)) / page * page;
}

footprint machine_limits::footprint_of(const traffic& t) const {
  const std::size_t bytes = bytes_per_thread(t.bytes_read + (t.in_place ? 0 : t.bytes_written));
  if (t.outputs == 0) {
    const double share = t.bytes_written / (t.bytes_read + t.bytes_written);
    const std::size_t pages =
        share < 0.01 ? 0 : static_cast<std::size_t>(share * static_cast<double>(bytes)) / page;
    return {bytes, 1, 0, false, 0, pages * page};
  }
  const double vectors_per_mask = std::exp2(std::round(std::log2(std::max(t.vectors_per_mask, 1.0))));
  const bool masked = t.vectors_per_mask > 0 && vectors_per_mask <= 16;  // less is nothing
  return {bytes, t.inputs, t.outputs, t.in_place, masked ? static_cast<std::size_t>(vectors_per_mask) : 0};
}

ruler machine_limits::ruler_for(const footprint& f) {
  const std::size_t needed = f.outputs == 0 ? f.bytes : bytes_of_all_streams(f);
  for (buffer<std::uint8_t>& memory : memory_) {
    if (memory.size() >= needed) continue;
    memory = {};
    memory = buffer<std::uint8_t>(static_cast<index_t>(needed));
  }
  const best_target best;
  const auto all = static_cast<double>(f.bytes * pool_.size());
  return ruler(f, pool_, memory_, levels_[level_of(all)].is_shared);
}

double machine_limits::measured(const footprint& f) {
  ruler r = ruler_for(f);
  for (std::size_t round = 0; round < rounds_of_machine; ++round) r.round(1, rounds_of_machine);
  return r.bytes_per_second();
}

}  // namespace benchmarks

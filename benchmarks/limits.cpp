#include "limits.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include <k754/simd.hpp>

#include "data.hpp"

#define K754_TARGET_FILE "limits-inl.hpp"
#include <k754/detail/foreach_target-inl.hpp>

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

template <class T>
auto choose_multiply_add() -> double (*)(std::int64_t, T*) noexcept {
  K754_CHOOSE_TARGET(multiply_add<T>);
  return &plain_multiply_add<T>;
}

auto choose_read() -> std::uint8_t (*)(const std::uint8_t*, std::size_t) noexcept {
  K754_CHOOSE_TARGET(read);
  return &plain_read;
}

using stream_function = void (*)(const std::uint8_t*, std::size_t, std::size_t, const std::uint8_t*,
                                 const std::uint8_t*, std::uint8_t*, std::uint8_t*, std::size_t) noexcept;

template <int Inputs, int Outputs, int Unrolled, bool NonTemporal>
stream_function choose_stream() {
  K754_CHOOSE_TARGET(stream<Inputs, Outputs, Unrolled, NonTemporal>);
  return &plain_stream<Inputs, Outputs>;
}

template <int Inputs, int Outputs>
stream_function choose_stream(std::size_t unrolled, bool non_temporal) {
  if (unrolled == 1)
    return non_temporal ? choose_stream<Inputs, Outputs, 1, true>()
                        : choose_stream<Inputs, Outputs, 1, false>();
  if (unrolled == 2)
    return non_temporal ? choose_stream<Inputs, Outputs, 2, true>()
                        : choose_stream<Inputs, Outputs, 2, false>();
  if (unrolled == 4)
    return non_temporal ? choose_stream<Inputs, Outputs, 4, true>()
                        : choose_stream<Inputs, Outputs, 4, false>();
  return non_temporal ? choose_stream<Inputs, Outputs, 8, true>()
                      : choose_stream<Inputs, Outputs, 8, false>();
}

double seconds_of(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least time of one of many runs of f(thread) on all threads at once.
double best_time(thread_pool& pool, const std::function<void(std::size_t)>& f) {
  std::int64_t repetitions = 1;
  const auto once = [&] {
    return seconds_of([&] {
      pool.on_each([&](std::size_t thread) {
        for (std::int64_t i = 0; i < repetitions; ++i) f(thread);
      });
    });
  };
  while (once() < 500e-6) repetitions *= 2;
  double best = once();
  for (int i = 0; i < 15; ++i) best = std::min(best, once());
  return best / static_cast<double>(repetitions);
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
    levels.push_back({fmt::format("L{}", level), size, 0, level == "3"});
  }
  if (levels.empty()) {
    const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    for (int level = 0; level < 3; ++level) {
      const long size = sysconf(names[level]);
      if (size > 0)
        levels.push_back({fmt::format("L{}", level + 1), static_cast<std::size_t>(size), 0, level == 2});
    }
  }
  if (levels.empty()) levels.push_back({"L1", 32768, 0, false});
  const std::size_t last = levels.back().bytes;
  levels.push_back({"DRAM", std::max<std::size_t>(8 * last, std::size_t{256} << 20), 0, true});

  // In the middle of what the level holds and the one before does not: half of L1, then the geometric mean.
  constexpr std::size_t page = 4096;
  std::size_t before = levels.front().bytes / 4;
  for (memory_level& level : levels) {
    const double middle = std::sqrt(static_cast<double>(before) * static_cast<double>(level.bytes));
    const double probe = level.name == "DRAM" ? static_cast<double>(level.bytes) / 2 : middle;
    level.probe_bytes = static_cast<std::size_t>(probe) / page * page;
    before = level.bytes;
  }
  return levels;
}

}  // namespace

machine_limits::machine_limits(thread_pool& pool) : pool_(pool), levels_(find_levels()) {}

std::size_t machine_limits::level_of(double bytes) const {
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
    const double share = levels_[level].is_shared ? 1 : static_cast<double>(pool_.size());
    if (bytes <= static_cast<double>(levels_[level].bytes) * share) return level;
  }
  return levels_.size() - 1;
}

double machine_limits::flops(bool doubles) {
  const auto [place, is_new] = flops_.try_emplace(doubles);
  if (!is_new) return place->second;
  const best_target best;
  constexpr std::int64_t steps = 20000;
  double flop = 0;
  std::vector<float> sinks(pool_.size() * 16);
  std::vector<double> double_sinks(pool_.size() * 8);
  const double time = best_time(pool_, [&](std::size_t thread) {
    const double done = doubles ? choose_multiply_add<double>()(steps, &double_sinks[thread * 8])
                                : choose_multiply_add<float>()(steps, &sinks[thread * 16]);
    if (thread == 0) flop = done;
  });
  return place->second = flop * static_cast<double>(pool_.size()) / time;
}

double machine_limits::probe_of(std::size_t level) const {
  return static_cast<double>(levels_[level].probe_bytes * pool_.size());
}

/// As large as the case, in steps of an eighth of an octave; in L1, where a short loop would be timed for its ends, and
/// far beyond the caches, where it would take long, what stands for the level.
std::size_t machine_limits::bytes_per_thread(double bytes) const {
  const std::size_t level = level_of(bytes);
  const double own = bytes / static_cast<double>(pool_.size());
  const auto probe = static_cast<double>(levels_[level].probe_bytes);
  if (level == 0 || (level + 1 == levels_.size() && own > probe)) return levels_[level].probe_bytes;
  return static_cast<std::size_t>(std::exp2(std::round(std::log2(own) * 8) / 8)) / 4096 * 4096;
}

double machine_limits::read(double bytes_in_all) {
  const std::size_t bytes = bytes_per_thread(bytes_in_all);
  const auto [place, is_new] = read_.try_emplace(bytes);
  if (!is_new) return place->second;
  const best_target best;
  std::vector<buffer<std::uint8_t>> buffers;
  for (std::size_t t = 0; t < pool_.size(); ++t) buffers.emplace_back(static_cast<index_t>(bytes));
  std::atomic<std::uint8_t> sink{0};
  const double time =
      best_time(pool_, [&](std::size_t thread) { sink = choose_read()(buffers[thread].data(), bytes); });
  return place->second = static_cast<double>(bytes * pool_.size()) / time;
}

double machine_limits::stream(double bytes_in_all, const traffic& like) {
  const auto vectors_per_mask =
      static_cast<std::size_t>(std::exp2(std::round(std::log2(std::max(like.vectors_per_mask, 1.0)))));
  const bool masked = like.vectors_per_mask > 0 && vectors_per_mask <= 16;  // less is nothing
  const std::size_t all = bytes_per_thread(bytes_in_all);
  const auto [place, is_new] =
      stream_.try_emplace({all, like.inputs, like.outputs, like.in_place, masked ? vectors_per_mask : 0});
  if (!is_new) return place->second;
  const best_target best;
  const std::size_t unrolled = masked ? std::min<std::size_t>(vectors_per_mask, 8) : 8;
  const std::size_t repeat = masked ? vectors_per_mask / unrolled : 1;

  const double streams = like.inputs + like.outputs - (like.in_place ? 1 : 0) +
                         (masked ? 1 / static_cast<double>(vectors_per_mask) : 0);
  constexpr std::size_t multiple = 16 * 256;  // what one vector of mask serves, at most
  const std::size_t bytes =
      std::max(static_cast<std::size_t>(static_cast<double>(all) / streams) / multiple * multiple, multiple);
  const bool in_caches = level_of(bytes_in_all) + 1 < levels_.size();
  struct buffers {
    buffer<std::uint8_t> mask, x, y, z, w;
  };
  std::vector<buffers> of_threads;
  const auto length = [&](int have, int least) { return static_cast<index_t>(have >= least ? bytes : 256); };
  for (std::size_t t = 0; t < pool_.size(); ++t) {
    of_threads.push_back(
        {buffer<std::uint8_t>(static_cast<index_t>(bytes / vectors_per_mask + 256)),
         buffer<std::uint8_t>(length(like.inputs, 1)), buffer<std::uint8_t>(length(like.inputs, 2)),
         buffer<std::uint8_t>(static_cast<index_t>(bytes)), buffer<std::uint8_t>(length(like.outputs, 2))});
  }
  double time = 0;
  for (const bool non_temporal : {false, true}) {
    if (non_temporal && in_caches) break;  // there they only cost
    const stream_function f = like.outputs == 2  ? choose_stream<1, 2>(unrolled, non_temporal)
                              : like.inputs == 0 ? choose_stream<0, 1>(unrolled, non_temporal)
                              : like.inputs == 1 ? choose_stream<1, 1>(unrolled, non_temporal)
                                                 : choose_stream<2, 1>(unrolled, non_temporal);
    const double taken = best_time(pool_, [&](std::size_t thread) {
      const buffers& b = of_threads[thread];
      f(b.mask.data(), masked ? 1 : 0, repeat, b.x.data(), b.y.data(),
        like.in_place ? b.x.data() : b.z.data(), b.w.data(), bytes);
    });
    time = time == 0 ? taken : std::min(time, taken);
  }
  const double moved = streams + (like.in_place ? 1 : 0);
  return place->second = moved * static_cast<double>(bytes * pool_.size()) / time;
}

double working_set(const traffic& t) { return t.bytes_read + (t.in_place ? 0 : t.bytes_written); }

double machine_limits::least_time(const workload& w) {
  if (w.flop > 0) return w.flop / flops(w.doubles);
  const double bytes = w.memory.bytes_read + w.memory.bytes_written;
  if (bytes == 0) return 0;
  return bytes / (w.memory.outputs == 0 ? read(bytes) : stream(working_set(w.memory), w.memory));
}

}  // namespace benchmarks

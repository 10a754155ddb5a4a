#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <k754/simd.hpp>

#include "common.hpp"

namespace {

/// How long a worker looks for the next job before it sleeps: as OpenMP's do, so that calls in a row find it awake, but
/// not long enough to take time from what runs after them.
constexpr std::chrono::microseconds patience(200);

/// A job is open from when `run` offers it until `run` itself finds no index left; workers that come in time join it,
/// and `run` waits for those only.
class pool {
 public:
  ~pool() { resize(0); }

  void resize(std::size_t workers) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      job_.fetch_add(1);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    stop_ = false;
    workers_.reserve(workers);
    for (std::size_t i = 0; i < workers; ++i) workers_.emplace_back([this, job = job_.load()] { work(job); });
  }

  void run(std::size_t count, void (*task)(const void*, std::size_t), const void* context) {
    if (workers_.empty() || count < 2) {
      for (std::size_t i = 0; i < count; ++i) task(context, i);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      task_ = task;
      context_ = context;
      count_ = count;
      next_.store(0);
      open_ = true;
      job_.fetch_add(1);
    }
    wake_.notify_all();
    take_all();
    {
      const std::lock_guard lock(mutex_);
      open_ = false;
    }
    while (joined_.load() != 0) std::this_thread::yield();
  }

 private:
  void work(std::uint64_t seen) {
    for (;;) {
      const auto sleep_at = std::chrono::steady_clock::now() + patience;
      while (job_.load() == seen && std::chrono::steady_clock::now() < sleep_at) {
      }
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return job_.load() != seen; });
        if (stop_) return;
        seen = job_.load();
        if (!open_) continue;
        joined_.fetch_add(1);
      }
      take_all();
      joined_.fetch_sub(1);
    }
  }

  void take_all() {
    for (std::size_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) task_(context_, i);
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false, open_ = false;
  void (*task_)(const void*, std::size_t) = nullptr;
  const void* context_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::uint64_t> job_ = 0;
  std::atomic<std::size_t> next_ = 0, joined_ = 0;
  std::vector<std::thread> workers_;
};

pool& threads() {
  static pool instance;
  return instance;
}

}  // namespace

void compare::run_on_threads(std::size_t count, void (*task)(const void*, std::size_t), const void* context) {
  threads().run(count, task, context);
}

int k754_c_set_threads(int32_t count) {
  if (count < 1) return static_cast<int>(k754::status::invalid_option);
  try {
    threads().resize(static_cast<std::size_t>(count) - 1);
  } catch (const std::system_error&) {
    return static_cast<int>(k754::status::callback_threw);
  }
  return 0;
}

int k754_c_force_target(const char* name) {
  return static_cast<int>(k754::force_simd_target(name) ? k754::status::ok : k754::status::invalid_option);
}

const char* k754_c_description() {
  static std::string text;
#if defined(__clang__)
  const std::string compiler = "Clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
  text = "k754 " + std::to_string(K754_VERSION_MAJOR) + "." + std::to_string(K754_VERSION_MINOR) + "." +
         std::to_string(K754_VERSION_PATCH) + " | " + compiler + " | " + k754::simd_target();
  return text.c_str();
}

const char* k754_c_status_name(int32_t status) {
  return status == K754_C_UNSUPPORTED ? "not for these types, or not at this precision"
                                      : k754::to_string(static_cast<k754::status>(status));
}

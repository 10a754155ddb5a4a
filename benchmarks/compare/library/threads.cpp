#include <atomic>
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

/// Workers that sleep until there is work, so that they take no time from what runs between the calls. Each job is a
/// number of its own; a worker takes indices of the job from a common counter.
class pool {
 public:
  ~pool() { resize(0); }

  void resize(std::size_t workers) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    stop_ = false;
    workers_.reserve(workers);
    for (std::size_t i = 0; i < workers; ++i) workers_.emplace_back([this, job = job_] { work(job); });
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
      next_.store(0, std::memory_order_relaxed);
      busy_.store(workers_.size(), std::memory_order_relaxed);
      ++job_;
    }
    wake_.notify_all();
    take_all();
    while (busy_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  }

 private:
  void work(std::uint64_t done) {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stop_ || job_ != done; });
        if (stop_) return;
        done = job_;
      }
      take_all();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  void take_all() {
    for (std::size_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) task_(context_, i);
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::uint64_t job_ = 0;
  void (*task_)(const void*, std::size_t) = nullptr;
  const void* context_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_ = 0, busy_ = 0;
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

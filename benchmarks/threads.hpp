// A pool of threads, and the executor over it that kernels get.
#ifndef K754_BENCHMARKS_THREADS_HPP
#define K754_BENCHMARKS_THREADS_HPP

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace benchmarks {

/// `threads` of them, the caller included.
class thread_pool {
 public:
  explicit thread_pool(std::size_t threads) {
    workers_.reserve(threads - 1);
    try {
      for (std::size_t t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
    } catch (...) {
      stop();
      throw;
    }
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() { stop(); }

  std::size_t size() const { return workers_.size() + 1; }

  /// f(t) once on each thread t, at the same time.
  void on_each(const std::function<void(std::size_t)>& f) { offer(f, workers_.size()); }

  /// task(i) for each i in [0, count), on the threads that come in time.
  template <class Task>
  void for_each_index(std::size_t count, const Task& task) {
    if (workers_.empty() || count < 2) {
      for (std::size_t i = 0; i < count; ++i) task(i);
      return;
    }
    std::atomic<std::size_t> next = 0;
    const auto take = [&](std::size_t) {
      for (std::size_t i = next++; i < count; i = next++) task(i);
    };
    offer(std::ref(take), 0);
  }

 private:
  /// How long a worker looks for the next job before it sleeps: as OpenMP's do, so that calls in a row find it awake,
  /// but not long enough to take time from what runs after them.
  static constexpr std::chrono::microseconds patience{200};

  /// A job is open from here until the caller is through with it and at least `needed` workers have joined; the caller
  /// waits for those that did.
  void offer(const std::function<void(std::size_t)>& job, std::size_t needed) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      joined_ = 0;
      open_ = true;
      ++number_;
    }
    wake_.notify_all();
    job(0);
    while (joined_ < needed) std::this_thread::yield();
    {
      const std::lock_guard lock(mutex_);
      open_ = false;
    }
    while (running_ != 0) std::this_thread::yield();
  }

  void work(std::size_t self) {
    for (std::uint64_t seen = 0;;) {
      const auto sleep_at = std::chrono::steady_clock::now() + patience;
      while (number_ == seen && std::chrono::steady_clock::now() < sleep_at) {
      }
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return number_ != seen; });
        if (stopping_) return;
        seen = number_;
        if (!open_) continue;
        ++running_;
        ++joined_;
      }
      (*job_)(self);
      --running_;
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ++number_;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  const std::function<void(std::size_t)>* job_ = nullptr;
  bool open_ = false, stopping_ = false;
  std::atomic<std::uint64_t> number_ = 0;  ///< of the job
  std::atomic<std::size_t> joined_ = 0, running_ = 0;
  std::vector<std::thread> workers_;
};

/// The program's threads, as k754 wants them.
struct pool_executor {
  thread_pool* pool;

  template <class Task>
  void operator()(std::size_t count, const Task& task) const {
    pool->for_each_index(count, task);
  }
};

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_THREADS_HPP

// A pool of std::threads, and the executor over it that kernels get.
#ifndef K754_BENCHMARKS_THREADS_HPP
#define K754_BENCHMARKS_THREADS_HPP

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace benchmarks {

/// `threads` of them, the caller included.
class thread_pool {
 public:
  explicit thread_pool(std::size_t threads) {
    for (std::size_t t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    started_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  std::size_t size() const { return workers_.size() + 1; }

  /// f(t) once on each thread t, at the same time.
  void on_each(const std::function<void(std::size_t)>& f) {
    if (workers_.empty()) return f(0);
    {
      const std::lock_guard lock(mutex_);
      task_ = &f;
      running_ = workers_.size();
      ++generation_;
    }
    started_.notify_all();
    f(0);
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void work(std::size_t self) {
    for (std::size_t seen = 0;;) {
      std::unique_lock lock(mutex_);
      started_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
      const auto& task = *task_;
      lock.unlock();
      task(self);
      lock.lock();
      if (--running_ == 0) finished_.notify_one();
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable started_, finished_;
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t running_ = 0, generation_ = 0;
  bool stopping_ = false;
};

/// The program's threads, as k754 wants them.
struct pool_executor {
  thread_pool* pool;

  template <class Task>
  void operator()(std::size_t count, const Task& task) const {
    if (pool->size() == 1 || count <= 1) {
      for (std::size_t i = 0; i < count; ++i) task(i);
      return;
    }
    std::atomic<std::size_t> next{0};
    pool->on_each([&](std::size_t) {
      for (std::size_t i = next++; i < count; i = next++) task(i);
    });
  }
};

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_THREADS_HPP

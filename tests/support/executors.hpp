// Executors that real callers have: on threads, in reverse order, and one that throws.
#pragma once

#include <k754/executor.hpp>

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace k754_test {

struct reverse_executor {
  template <class Task>
  void operator()(std::size_t count, Task&& task) const {
    for (std::size_t i = count; i > 0; --i) task(i - 1);
  }
};

struct thread_executor {
  std::size_t threads = 3;
  template <class Task>
  void operator()(std::size_t count, Task&& task) const {
    std::vector<std::thread> pool;
    for (std::size_t t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        for (std::size_t i = t; i < count; i += threads) task(i);
      });
    }
    for (std::thread& thread : pool) thread.join();
  }
};

struct throwing_executor {
  template <class Task>
  void operator()(std::size_t, Task&&) const {
    throw std::runtime_error("executor");
  }
};

/// One type for all of them.
using any_executor = std::function<void(std::size_t, const std::function<void(std::size_t)>&)>;
inline const any_executor serial = k754::serial_executor{};

}  // namespace k754_test

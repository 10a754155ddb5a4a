/// Threads belong to the caller. Kernels start none; their last argument may be an executor: a callable
/// `ex(count, f)` that calls `f(i)` once for each i in [0, count), on any thread, in any order, and returns when
/// all are done. Work is split over outputs or fixed blocks, so no executor can change a bit. What is one piece may
/// be done without it.
///
/// OpenMP:      [](std::size_t n, auto&& f) { _Pragma("omp parallel for") for (std::size_t i = 0; i < n; ++i) f(i); }
/// oneTBB:      [](std::size_t n, auto&& f) { tbb::parallel_for(std::size_t{0}, n, f); }
/// std::thread: start k threads, let each take the next i from a shared std::atomic counter, join.
///
/// `f` may be called concurrently and does not throw. An exception of the executor itself passes through the
/// throwing forms and is `status::callback_threw` in the try_ forms.
#ifndef K754_EXECUTOR_HPP
#define K754_EXECUTOR_HPP

#include <concepts>
#include <cstddef>
#include <utility>

#include "detail/config.hpp"
#include "detail/flags-inl.hpp"
#include "fp_environment.hpp"
#include "status.hpp"

namespace k754 {

namespace detail {
struct any_task {
  void operator()(std::size_t) const;
};
}  // namespace detail

template <class Executor>
concept executor = requires(Executor& ex, const detail::any_task& task) {
  ex(std::size_t{}, task);
};

/// Runs everything on the calling thread: the default.
struct serial_executor {
  template <class Task>
  K754_INLINE void operator()(std::size_t count, Task&& task) const {
    for (std::size_t i = 0; i < count; ++i) task(i);
  }
};

namespace detail {
inline namespace K754_ABI {

/// Calls `body(begin, end)` over [0, count) in pieces of `grain`, which depend on the arguments alone. For integer
/// work; arithmetic goes through `run_guarded`.
template <class Executor, class Body>
void run_pieces(Executor& ex, index_t count, index_t grain, const Body& body) {
  if (count <= 0) return;
  const index_t pieces = (count - 1) / grain + 1;
  const auto task = [count, grain, &body](std::size_t piece) {
    const index_t begin = static_cast<index_t>(piece) * grain;
    body(begin, count - begin < grain ? count : begin + grain);
  };
  ex(static_cast<std::size_t>(pieces), task);
}

/// The same, each piece in the default floating-point environment.
template <class Executor, class Body>
void run_guarded(Executor& ex, index_t count, index_t grain, const Body& body) {
  run_pieces(ex, count, grain,
             [&body](index_t begin, index_t end) { in_default_environment([&] { body(begin, end); }); });
}

/// Elements that are worth a task of their own: where.f32.64k does so many in 5 microseconds (an EPYC with AVX-512),
/// about what it takes to wake a thread; and they are few enough that a slow kernel has tasks for all threads.
inline constexpr index_t task_elements = 32768;

/// Items (rows, pixels) per task where one item is `elements` elements of work.
constexpr index_t grain_for(index_t elements) noexcept {
  return elements >= task_elements ? 1 : task_elements / (elements < 1 ? 1 : elements);
}

}  // namespace K754_ABI
}  // namespace detail
}  // namespace k754

#endif  // K754_EXECUTOR_HPP

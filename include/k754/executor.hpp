/// Threads belong to the caller. Kernels start none; their last argument may be an executor: a callable
/// `ex(count, f)` that calls `f(i)` once for each i in [0, count), on any thread, in any order, and returns when
/// all are done. Work is split over outputs or fixed blocks, so no executor can change a bit. What is one piece may be
/// done without it.
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

#include "detail/canary.hpp"
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

/// Elements that are worth a task of their own.
inline constexpr index_t task_elements = 32768;

/// Items (rows, pixels) per task where one item is `elements` elements of work.
constexpr index_t grain_for(index_t elements) noexcept {
  return elements >= task_elements ? 1 : task_elements / (elements < 1 ? 1 : elements);
}

/// The body of a try_ form: what the checks said, or what `compute` (which examines data first, where a policy makes
/// values errors) said, or that the caller's code threw.
template <class Compute>
status run_noexcept(const check_result& checked, const Compute& compute) noexcept {
  if (!checked) return checked.code;
  if (!arithmetic_is_intact()) return status::unsupported_flags;
#if K754_EXCEPTIONS
  try {
    return compute().code;
  } catch (...) {
    return status::callback_threw;
  }
#else
  return compute().code;
#endif
}

/// The body of a throwing form.
template <class Compute>
void run_throwing(const check_result& checked, const Compute& compute) {
  throw_if_failed(checked);
  if (!arithmetic_is_intact()) {
    throw_if_failed(failure(status::unsupported_flags, "k754", "this unit",
                            "was compiled with flags that change floating-point results (-fassociative-math, "
                            "-fno-signed-zeros, -funsafe-math-optimizations or the like)"));
  }
  throw_if_failed(compute());
}

}  // namespace K754_ABI
}  // namespace detail
}  // namespace k754

#endif  // K754_EXECUTOR_HPP

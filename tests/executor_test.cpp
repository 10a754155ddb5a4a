// executor.hpp: every piece once, whatever executor a caller brings; what is thrown; the environment of
// pieces.
#include "k754/executor.hpp"

#include <array>
#include <atomic>
#include <cfenv>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "k754/argmax.hpp"
#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/environments.hpp"
#include "support/executors.hpp"

namespace {

using k754::executor;
using k754::index_t;
using k754::serial_executor;
using k754::status;

// The adapters of the header's comment. OpenMP and oneTBB need their libraries to run in parallel; their
// shape does not.
const auto openmp_adapter = [](std::size_t n, auto&& f) {
#if defined(_OPENMP)
  _Pragma("omp parallel for")
#endif
      for (std::size_t i = 0; i < n; ++i) f(i);
};
namespace tbb {  // the signature of oneapi::tbb::parallel_for(first, last, f)
template <class Index, class Function>
void parallel_for(Index first, Index last, const Function& f) {
  for (; first < last; ++first) f(first);
}
}  // namespace tbb
const auto tbb_adapter = [](std::size_t n, auto&& f) { tbb::parallel_for(std::size_t{0}, n, f); };
const auto thread_adapter = [](std::size_t n, auto&& f) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < n; i = next++) f(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
};
// How else a caller may take the task: by value, by reference, type-erased, through a member function or a
// pointer.
const auto by_value = [](std::size_t n, auto f) {
  for (std::size_t i = 0; i < n; ++i) f(i);
};
const auto by_reference = [](std::size_t n, auto& f) {
  for (std::size_t i = 0; i < n; ++i) f(i);
};
const auto by_const_reference = [](std::size_t n, const auto& f) {
  for (std::size_t i = 0; i < n; ++i) f(i);
};
const auto type_erased = [](std::size_t n, const std::function<void(std::size_t)>& f) {
  for (std::size_t i = 0; i < n; ++i) f(i);
};
struct counting_executor {
  std::size_t calls = 0, tasks = 0;
  template <class Task>
  void operator()(std::size_t n, Task&& task) {  // not const: an executor may have state
    ++calls;
    tasks += n;
    for (std::size_t i = 0; i < n; ++i) task(i);
  }
};

void plain_function(std::size_t n, const std::function<void(std::size_t)>& f) {
  for (std::size_t i = 0; i < n; ++i) f(i);
}

static_assert(executor<serial_executor> && executor<const serial_executor&> &&
              executor<decltype(openmp_adapter)> && executor<decltype(tbb_adapter)> &&
              executor<decltype(thread_adapter)> && executor<decltype(by_value)> &&
              executor<decltype(by_reference)> && executor<decltype(by_const_reference)> &&
              executor<decltype(type_erased)> && executor<counting_executor&> &&
              executor<decltype(plain_function)&> &&
              executor<std::function<void(std::size_t, std::function<void(std::size_t)>)>> &&
              executor<k754_test::reverse_executor> && executor<k754_test::thread_executor> &&
              executor<k754_test::throwing_executor>);
static_assert(!executor<int> && !executor<void (*)(std::size_t)> && !executor<const counting_executor&>);

/// Whether pieces of `grain` cover [0, count) once each, with bounds that do not depend on the executor.
template <class Executor>
bool covers(Executor&& ex, index_t count, index_t grain) {
  std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count < 0 ? 0 : count));
  std::atomic<bool> well_formed{true};
  const auto body = [&](index_t begin, index_t end) {
    if (begin % grain != 0 || end <= begin || end > count || (end != count && end - begin != grain))
      well_formed = false;
    for (index_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
  };
  k754::detail::run_pieces(ex, count, grain, body);
  for (const auto& visit : visits) {
    if (visit != 1) return false;
  }
  for (auto& visit : visits) visit = 0;
  k754::detail::run_guarded(ex, count, grain, body);
  for (const auto& visit : visits) {
    if (visit != 1) return false;
  }
  return well_formed;
}

template <class Executor>
void require_coverage(Executor&& ex, k754_test::case_count& cases) {
  for (const index_t count : {-1, 0, 1, 2, 3, 7, 8, 9, 64, 1000}) {
    for (const index_t grain : {1, 2, 3, 7, 8, 999, 1000, 1001}) {
      CAPTURE(count, grain);
      REQUIRE(covers(ex, count, grain));
      cases.add();
    }
  }
}

/// Whether arithmetic here and now rounds to nearest. (fegetround asks the x87 unit on x86-64, which is not
/// guarded.)
bool rounds_to_nearest() {
  volatile double one = 1, tiny = 0x1p-60;
  const volatile double above = one + tiny, below = one - tiny, negative_above = -one - tiny;
  return above == 1 && below == 1 && negative_above == -1;
}

/// The argmax of 100 rows, through the public functions.
template <class Executor>
bool finds_all_rows(Executor&& ex) {
  static const std::vector<float> x = [] {
    std::vector<float> values(100 * 700);
    for (std::size_t row = 0; row < 100; ++row) values[row * 700 + row * 6] = 1;
    return values;
  }();
  std::vector<std::int64_t> index(100, -1), tried(100, -1);
  const k754::tensor_view<const float, 2> rows(x.data(), {100, 700});
  k754::argmax(rows, index, {.axis = 1}, ex);
  if (k754::try_argmax(rows, tried, {.axis = 1}, ex) != status::ok) return false;
  for (std::size_t row = 0; row < 100; ++row) {
    if (index[row] != static_cast<std::int64_t>(row * 6) || tried[row] != index[row]) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("every piece of work is done once by every kind of executor") {
  k754_test::case_count cases("divisions of work", 12 * 80);
  require_coverage(serial_executor{}, cases);
  require_coverage(openmp_adapter, cases);
  require_coverage(tbb_adapter, cases);
  require_coverage(thread_adapter, cases);
  require_coverage(by_value, cases);
  require_coverage(by_reference, cases);
  require_coverage(by_const_reference, cases);
  require_coverage(type_erased, cases);
  require_coverage(plain_function, cases);
  require_coverage(counting_executor{}, cases);
  require_coverage(k754_test::reverse_executor{}, cases);
  require_coverage(k754_test::thread_executor{}, cases);
  cases.check();
}

TEST_CASE("kernels take every kind of executor") {
  REQUIRE(finds_all_rows(serial_executor{}));
  REQUIRE(finds_all_rows(openmp_adapter));
  REQUIRE(finds_all_rows(tbb_adapter));
  REQUIRE(finds_all_rows(thread_adapter));
  REQUIRE(finds_all_rows(by_value));
  REQUIRE(finds_all_rows(by_reference));
  REQUIRE(finds_all_rows(by_const_reference));
  REQUIRE(finds_all_rows(type_erased));
  REQUIRE(finds_all_rows(plain_function));
  REQUIRE(finds_all_rows(&plain_function));
  REQUIRE(finds_all_rows(k754_test::reverse_executor{}));
  REQUIRE(finds_all_rows(k754_test::thread_executor{7}));
  counting_executor counting;
  REQUIRE(finds_all_rows(counting));
  REQUIRE(counting.calls == 2);
  REQUIRE(counting.tasks == 2 * 3);  // 70000 elements, tasks of 46 rows
}

TEST_CASE("an executor is not called where there is nothing to do") {
  k754_test::throwing_executor ex;
  bool called = false;
  k754::detail::run_pieces(ex, 0, 5, [&](index_t, index_t) { called = true; });
  k754::detail::run_pieces(ex, -3, 5, [&](index_t, index_t) { called = true; });
  k754::detail::run_guarded(ex, 0, 1, [&](index_t, index_t) { called = true; });
  REQUIRE_FALSE(called);
}

TEST_CASE("pieces at the end of the index range do not overflow") {
  constexpr index_t huge = std::numeric_limits<index_t>::max();
  std::vector<std::array<index_t, 2>> pieces;
  const auto body = [&](index_t begin, index_t end) { pieces.push_back({begin, end}); };
  serial_executor serial;
  k754::detail::run_pieces(serial, huge, huge, body);
  k754::detail::run_pieces(serial, huge, huge / 2, body);
  k754::detail::run_pieces(serial, huge, huge - 1, body);
  const std::vector<std::array<index_t, 2>> expected{
      {0, huge},     {0, huge / 2},   {huge / 2, huge / 2 * 2}, {huge / 2 * 2, huge},
      {0, huge - 1}, {huge - 1, huge}};
  REQUIRE(pieces == expected);

  const auto last_only = [](std::size_t n, const auto& f) { f(n - 1); };
  pieces.clear();
  k754::detail::run_pieces(last_only, huge, 1, body);
  REQUIRE(pieces == std::vector<std::array<index_t, 2>>{{huge - 1, huge}});
}

TEST_CASE("grains hold a task's worth of elements, one item at least") {
  using k754::detail::grain_for;
  using k754::detail::task_elements;
  REQUIRE(grain_for(0) == task_elements);
  REQUIRE(grain_for(-1) == task_elements);
  REQUIRE(grain_for(1) == task_elements);
  REQUIRE(grain_for(3) == task_elements / 3);
  REQUIRE(grain_for(task_elements - 1) == 1);
  REQUIRE(grain_for(task_elements) == 1);
  REQUIRE(grain_for(std::numeric_limits<index_t>::max()) == 1);
}

TEST_CASE("guarded pieces run in the default environment on every thread, executors in the caller's") {
  const int before = std::fegetround();
  std::fesetround(FE_UPWARD);
  const bool upward_shows = !rounds_to_nearest();
  std::atomic<int> wrong{0}, pieces{0};
  std::atomic<bool> executor_upward{false};
  const auto ex = [&](std::size_t n, const auto& f) {
    executor_upward = std::fegetround() == FE_UPWARD;
    k754_test::thread_executor{}(n, [&](std::size_t i) {
      const int thread_mode = i % 2 == 0 ? FE_DOWNWARD : FE_TOWARDZERO;
      std::fesetround(thread_mode);
      f(i);
      if (std::fegetround() != thread_mode || rounds_to_nearest()) ++wrong;
    });
    executor_upward = executor_upward && std::fegetround() == FE_UPWARD;
  };
  k754::detail::run_guarded(ex, 100, 10, [&](index_t, index_t) {
    ++pieces;
    if (!rounds_to_nearest()) ++wrong;
  });
  const bool caller_upward = std::fegetround() == FE_UPWARD;
  std::fesetround(before);
  REQUIRE(upward_shows);
  REQUIRE(pieces == 10);
  REQUIRE(wrong == 0);
  REQUIRE(executor_upward);
  REQUIRE(caller_upward);
}

TEST_CASE("what an executor throws passes through the throwing forms and is a status of the others") {
  const std::vector<float> x(100, 1.0F);
  const k754::tensor_view<const float, 2> rows(x.data(), {10, 10});
  std::vector<std::int64_t> index(10, -5);
  k754_test::throwing_executor ex;
  REQUIRE_THROWS_AS(k754::argmax(rows, index, {}, ex), std::runtime_error);
  REQUIRE(k754::try_argmax(rows, index, {}, ex) == status::callback_threw);
  const auto throws_a_number = [](std::size_t, const auto& f) {
    f(0);
    throw 754;
  };
  REQUIRE_THROWS_AS(k754::argmin(rows, index, {}, throws_a_number), int);
  REQUIRE(k754::try_argmin(rows, index, {}, throws_a_number) == status::callback_threw);
  // what is wrong with the arguments comes first, and the executor is not called
  REQUIRE(k754::try_argmax(rows, index, {.axis = 5}, ex) == status::axis_out_of_range);
}

TEST_CASE("an executor that throws leaves the environment as it was") {
  for (const auto& environment : k754_test::hostile_environments()) {
    bool intact = false;
    int caught = 0;
    k754_test::run_in(environment, intact, [&] {
      k754_test::throwing_executor outside;
      try {
        k754::detail::run_guarded(outside, 5, 1, [](index_t, index_t) {});
      } catch (const std::runtime_error&) {
        ++caught;
      }
      serial_executor serial;
      try {
        k754::detail::run_guarded(serial, 5, 1, [](index_t, index_t) { throw 754; });
      } catch (int) {
        ++caught;
      }
    });
    INFO(environment.name);
    REQUIRE(caught == 2);
    REQUIRE(intact);
  }
}

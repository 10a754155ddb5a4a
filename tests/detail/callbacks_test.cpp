// detail/callbacks.hpp: pieces of work that may throw, with executors of every kind.
#include "k754/detail/callbacks.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"

namespace {

using k754::index_t;
using k754::detail::run_callbacks;
using k754_test::any_executor;
using k754_test::case_count;

struct failure {
  index_t piece;
};

/// The executor inside, which no task may let an exception reach.
struct watching_executor {
  any_executor inside;
  std::atomic<int>* escaped;
  void operator()(std::size_t count, const std::function<void(std::size_t)>& task) const {
    inside(count, [&](std::size_t i) {
      try {
        task(i);
      } catch (...) {
        ++*escaped;
      }
    });
  }
};

/// The pieces that were begun, from any thread.
class piece_list {
 public:
  void add(index_t begin, index_t end) {
    const std::lock_guard lock(mutex_);
    pieces_.emplace_back(begin, end);
  }
  std::set<std::pair<index_t, index_t>> sorted() const { return {pieces_.begin(), pieces_.end()}; }
  std::size_t size() const { return pieces_.size(); }

 private:
  std::mutex mutex_;
  std::vector<std::pair<index_t, index_t>> pieces_;
};

/// The pieces that [0, count) has.
std::set<std::pair<index_t, index_t>> expected_pieces(index_t count, index_t grain) {
  std::set<std::pair<index_t, index_t>> pieces;
  for (index_t begin = 0; begin < count; begin += grain) {
    pieces.emplace(begin, begin + grain < count ? begin + grain : count);
  }
  return pieces;
}

const std::vector<any_executor>& executors() {
  static const std::vector<any_executor> all{k754_test::serial, k754_test::reverse_executor{},
                                             k754_test::thread_executor{}};
  return all;
}

}  // namespace

TEST_CASE("Without an exception every piece is run once") {
  case_count cases("work in pieces", 3 * 6 * 5);
  for (const any_executor& inside : executors()) {
    for (const index_t count : {0, 1, 2, 16, 17, 100}) {
      for (const index_t grain : {1, 2, 16, 99, 1000}) {
        std::atomic<int> escaped{0};
        watching_executor ex{inside, &escaped};
        piece_list pieces;
        run_callbacks(ex, count, grain, [&](index_t begin, index_t end) { pieces.add(begin, end); });
        CAPTURE(count, grain);
        REQUIRE(pieces.sorted() == expected_pieces(count, grain));
        REQUIRE(pieces.size() == pieces.sorted().size());
        REQUIRE(escaped == 0);
        cases.add();
      }
    }
  }
  cases.check();
}

TEST_CASE("The first exception is thrown again on the calling thread, after the executor has returned") {
  case_count cases("exceptions thrown again", 3 * 20);
  for (const any_executor& inside : executors()) {
    for (index_t thrower = 0; thrower < 20; ++thrower) {
      std::atomic<int> escaped{0};
      bool returned = false;
      const auto ex = [&](std::size_t count, const std::function<void(std::size_t)>& task) {
        watching_executor{inside, &escaped}(count, task);
        returned = true;
      };
      piece_list pieces;
      index_t caught = -1;
      const std::thread::id here = std::this_thread::get_id();
      try {
        run_callbacks(ex, 20, 1, [&](index_t begin, index_t end) {
          pieces.add(begin, end);
          if (begin == thrower) throw failure{begin};
        });
      } catch (const failure& f) {
        caught = f.piece;
        CHECK(std::this_thread::get_id() == here);
      }
      CAPTURE(thrower);
      REQUIRE(returned);
      REQUIRE(escaped == 0);
      REQUIRE(caught == thrower);
      REQUIRE(pieces.sorted().count({thrower, thrower + 1}) == 1);
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("Pieces not yet begun are left out") {
  piece_list upward, downward;
  const auto throw_at_7 = [](piece_list& pieces) {
    return [&pieces](index_t begin, index_t end) {
      pieces.add(begin, end);
      if (begin == 7) throw failure{begin};
    };
  };
  k754::serial_executor serial;
  k754_test::reverse_executor reverse;
  CHECK_THROWS_AS(run_callbacks(serial, 20, 1, throw_at_7(upward)), failure);
  CHECK_THROWS_AS(run_callbacks(reverse, 20, 1, throw_at_7(downward)), failure);
  CHECK(upward.size() == 8);     // 0 to 7
  CHECK(downward.size() == 13);  // 19 to 7
}

TEST_CASE("Of many exceptions one is thrown again, whole") {
  case_count cases("storms of exceptions", 3 * 50);
  for (const any_executor& ex : executors()) {
    for (int repetition = 0; repetition < 50; ++repetition) {
      index_t caught = -1;
      try {
        run_callbacks(ex, 64, 1, [](index_t begin, index_t) { throw failure{begin}; });
      } catch (const failure& f) {
        caught = f.piece;
      }
      REQUIRE((caught >= 0 && caught < 64));
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("What the executor throws passes through") {
  const k754_test::throwing_executor ex;
  CHECK_THROWS_AS(run_callbacks(ex, 20, 1, [](index_t, index_t) {}), std::runtime_error);
}

// exp, log and log1p on every target: lengths, strides, in place, all inputs of 16 bits, a dense sample of floats,
// hard cases.
#include <k754/exp_log.hpp>

#include "../support/exp_log_functions.hpp"
#include "elementwise_runs.hpp"

namespace k754_test {
namespace {

using reference::exp_or_log;

constexpr std::size_t room = 2048;

template <exp_or_log F, bool Flush, floating T>
class exp_log_cases {
 public:
  /// `n` elements of random layouts, one of which is `special`, where `at` is not negative.
  void compare(index_t n, index_t at, T special) {
    const auto output = place_run<T>(output_, n, source_.stride(), source_.flip());
    auto x = place_run<const T>(x_, n, source_.below(12) == 0 ? 0 : source_.stride(), source_.flip());
    if (source_.below(4) == 0) x = {output.first, output.stride};  // in place
    source_.fill(x, n);
    if (at >= 0) detail::store(const_cast<T*>(x.at(at)), special);
    comparison_.compare(detail::exp_or_log_run<T>{n, x, output}, {&output_}, cases_);
  }

  void lengths() {
    const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(double)) + 3;
    const auto& edges = source_.edges();
    std::size_t next = 0;
    for (index_t n = 1; n <= longest; n += test_scale() > 1 ? 9 : 1) {
      for (index_t at = 0; at < n; ++at) {
        for (int turn = 0; turn < 4; ++turn) compare(n, at, edges[next++ % edges.size()]);
      }
    }
  }
  /// Adjacent elements of which the i-th is next().
  template <class Next>
  void sequence(long count, const Next& next) {
    const auto n = static_cast<index_t>(room - 3);
    for (long done = 0; done < count; done += n) {
      const auto x = place_run<const T>(x_, n, 1, true);
      for (index_t i = 0; i < n; ++i) detail::store(const_cast<T*>(x.at(i)), next());
      comparison_.compare(detail::exp_or_log_run<T>{n, x, place_run<T>(output_, n, 1, true)}, {&output_},
                          cases_);
    }
  }
  void random_runs(long elements) {
    for (const long last = cases_.count() + elements; cases_.count() < last;)
      compare(some_length(source_), -1, T{});
  }
  /// Floats whose result is close to halfway between two, at every place.
  void hard_cases() {
    for (const float x : near_halfway<F>()) {
      for (index_t at = 0; at<35; at += test_scale()> 1 ? 8 : 1) compare(35, at, T(x));
    }
  }
  void check() const { cases_.check(); }

 private:
  guarded_buffer x_{room * sizeof(T)}, output_{room * sizeof(T)};
  element_source<T> source_{static_cast<std::uint64_t>(F) + 5};
  run_comparison<detail::exp_or_log_kernel<F, Flush, T>> comparison_;
  case_count cases_{std::string(exp_log_name(F)) + ", " + type_name<T>() + (Flush ? ", flush" : ""),
                    sweep_floor(100'000)};
};

template <exp_or_log F, bool Flush, floating T>
void compare_function() {
  exp_log_cases<F, Flush, T> cases;
  cases.lengths();
  cases.hard_cases();
  std::uint32_t bits = 0;
  if constexpr (sizeof(T) == 2) {
    const auto step = static_cast<std::uint32_t>(2 * test_scale() - 1);
    cases.sequence(scaled(65'536) + 1,
                   [&] { return from_bits<T>(static_cast<std::uint16_t>(bits += step)); });
  } else if constexpr (sizeof(T) == 4) {  // the step is prime: all leading bits and all trailing ones
    constexpr std::uint32_t step = Flush ? 19'997 : 1'999;
    cases.sequence(scaled(static_cast<long>((std::uint64_t{1} << 32) / step)),
                   [&] { return from_bits<T>(bits += step); });
  }
  cases.random_runs(scaled(sizeof(T) == 2 ? 200'000 : Flush ? 400'000 : 2'000'000));
  cases.check();
}

template <floating T>
void compare_exp_log() {
  compare_function<exp_or_log::exp, false, T>();
  compare_function<exp_or_log::exp, true, T>();
  compare_function<exp_or_log::log, false, T>();
  compare_function<exp_or_log::log, true, T>();
  compare_function<exp_or_log::log1p, false, T>();
  compare_function<exp_or_log::log1p, true, T>();
}

}  // namespace

TEST_CASE("exp, log and log1p of float, on every target") { compare_exp_log<float>(); }
TEST_CASE("exp, log and log1p of float16, on every target: every input") { compare_exp_log<float16>(); }
TEST_CASE("exp, log and log1p of bfloat16, on every target: every input") { compare_exp_log<bfloat16>(); }
TEST_CASE("exp, log and log1p of double, on every target") { compare_exp_log<double>(); }

}  // namespace k754_test

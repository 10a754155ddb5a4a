// xlogy and its gradients on every target: lengths, strides, in place, every pair of special values, every rule.
#include <k754/xlogy.hpp>

#include "elementwise_runs.hpp"

namespace k754_test {
namespace {

constexpr std::size_t room = 2048;

template <floating T, bool Flush>
class xlogy_cases {
 public:
  explicit xlogy_cases(std::uint64_t seed) : source_(seed) {
    for (const guarded_buffer* memory : {&x_, &y_, &g_, &dx_, &dy_}) {
      source_.fill({reinterpret_cast<const T*>(memory->begin()), 1},
                   static_cast<index_t>(memory->size() / sizeof(T)));
    }
  }

  /// `n` elements of random layouts, with x[i] = special[0] and so on for one i, where it is not negative.
  void compare(index_t n, zero_times_inf rule, index_t at, const std::array<T, 3>& special) {
    const auto dx = place_run<T>(dx_, n, source_.stride(), source_.flip());
    const auto dy = place_run<T>(dy_, n, source_.stride(), source_.flip());
    auto x = input(x_, n), y = input(y_, n), g = input(g_, n);
    if (source_.below(4) == 0) x = {dx.first, dx.stride};  // in place
    if (source_.below(4) == 0) (source_.flip() ? y : g) = {dy.first, dy.stride};
    for (const auto& operand : {x, y, g}) source_.fill(operand, n);
    if (at >= 0) {
      detail::store(const_cast<T*>(x.at(at)), special[0]);
      detail::store(const_cast<T*>(y.at(at)), special[1]);
      detail::store(const_cast<T*>(g.at(at)), special[2]);
    }
    const strided<T> none{nullptr, 0};
    const std::uint64_t wanted = source_.below(4);
    forward_.compare(detail::xlogy_run<T>{n, x, y, dx, rule}, {&dx_}, cases_);
    backward_.compare(
        detail::xlogy_backward_run<T>{n, x, y, g, wanted == 1 ? none : dx, wanted == 2 ? none : dy, rule},
        {&dx_, &dy_}, cases_);
  }

  void lengths() {
    const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(double)) + 3;
    const auto& edges = source_.edges();
    std::size_t next = 0;
    for (index_t n = 1; n <= longest; n += test_scale() > 1 ? 9 : 1) {
      for (index_t at = 0; at < n; ++at) {
        for (int turn = 0; turn < 4; ++turn) {
          const auto edge = [&] { return edges[(next = next * 5 + 3 + source_.below(7)) % edges.size()]; };
          const std::array<T, 3> special{edge(), edge(), edge()};
          compare(n, rules[next % 3], at, special);
        }
      }
    }
  }
  /// Every pair of special values, at lanes in turn.
  void pairs() {
    index_t at = 0;
    for (const T x : source_.edges()) {
      if (source_.below(static_cast<std::uint64_t>(test_scale())) > 0) continue;
      for (const T y : source_.edges()) {
        for (const zero_times_inf rule : rules) {
          compare(19, rule, at, {x, y, source_.edges()[source_.below(source_.edges().size())]});
          at = (at + 1) % 19;
        }
      }
    }
  }
  void random_runs(long elements) {
    for (const long last = cases_.count() + elements; cases_.count() < last;) {
      compare(some_length(source_), rules[source_.below(3)], -1, {});
    }
  }
  void check() const { cases_.check(); }

 private:
  static constexpr std::array rules{zero_times_inf::ieee, zero_times_inf::strong_zero,
                                    zero_times_inf::annihilating_zero};

  strided<const T> input(const guarded_buffer& memory, index_t n) {
    return place_run<const T>(memory, n, source_.below(6) == 0 ? 0 : source_.stride(), source_.flip());
  }

  guarded_buffer x_{room * sizeof(T)}, y_{room * sizeof(T)}, g_{room * sizeof(T)}, dx_{room * sizeof(T)},
      dy_{room * sizeof(T)};
  element_source<T> source_;
  run_comparison<detail::xlogy_kernel<Flush, T>> forward_;
  run_comparison<detail::xlogy_backward_kernel<Flush, T>> backward_;
  case_count cases_{std::string("xlogy and gradients, ") + type_name<T>() + (Flush ? ", flush" : ""),
                    sweep_floor(600'000)};
};

template <floating T>
void compare_xlogy() {
  xlogy_cases<T, false> preserving(7);
  preserving.lengths();
  preserving.pairs();
  preserving.random_runs(scaled(2'000'000));
  preserving.check();
  xlogy_cases<T, true> flushing(8);
  flushing.lengths();
  flushing.pairs();
  flushing.random_runs(scaled(400'000));
  flushing.check();
}

}  // namespace

TEST_CASE("xlogy of float, on every target") { compare_xlogy<float>(); }
TEST_CASE("xlogy of float16, on every target") { compare_xlogy<float16>(); }
TEST_CASE("xlogy of bfloat16, on every target") { compare_xlogy<bfloat16>(); }
TEST_CASE("xlogy of double, on every target") { compare_xlogy<double>(); }

}  // namespace k754_test

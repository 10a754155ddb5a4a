// softmax, log_softmax and logsumexp under precision::exact on every target, bit for bit the definition: random rows and
// layouts, and rows with results so near to a tie that doubles cannot round them.
#include <cmath>

#include "softmax_runs.hpp"

namespace k754_test {
inline namespace K754_KERNEL_ABI {
namespace {

constexpr precision exact = precision::exact;

double uniform(random_bits& random, double low, double high) {
  return low + detail::rounded((high - low) * (static_cast<double>(random() >> 11) * 0x1p-53));
}

/// Halfway to the number of a type that is next to T(x), towards zero.
template <floating T>
double tie_beside(double x) {
  const T a = T(x), b = from_bits<T>(static_cast<bits_of<T>>(to_bits(a) - 1));
  return 0.5 * (static_cast<double>(a) + static_cast<double>(b));
}

/// m, and elements below it whose exponentials sum to R, nearer with each of them, down to 2^-60 or so.
template <floating T>
std::vector<T> row_towards(reference::double_double rest, T m, int count) {
  const double maximum = static_cast<double>(m);
  std::vector<T> x{m};
  for (int k = 0; k < count && rest.high > 0x1p-70; ++k) {
    const double wanted = std::log(rest.high) + maximum;
    T next = T(wanted);
    const bool last = k + 1 == count;  // the others are rounded down, so that something is left
    if (!last && static_cast<double>(next) > wanted)
      next = from_bits<T>(static_cast<bits_of<T>>(sign_bit(next) ? to_bits(next) + 1 : to_bits(next) - 1));
    if (!(static_cast<double>(next) < maximum)) break;
    x.push_back(next);
    const auto d = reference::difference<reference::double_double>(static_cast<double>(next), maximum);
    const reference::double_double e = reference::detail_softmax_exact::close_exponential(d);
    rest = reference::add(rest, reference::double_double{-e.high, -e.low});
  }
  return x;
}

/// exp(x) - 1 for x > 0.
reference::double_double exponential_less_one(double x) {
  const auto e = reference::detail_softmax_exact::close_exponential({-x, 0.0});
  return reference::add(reference::divide({1.0, 0.0}, e), -1.0);
}

/// Elements of which one result is near to a tie.
template <floating T>
std::vector<std::vector<T>> rows_near_ties(random_bits& random) {
  constexpr int most = std::is_same_v<T, float> ? 4 : 14;
  std::vector<std::vector<T>> rows;
  while (rows.size() < 300) {
    const int count = most / 2 + static_cast<int>(random.below(most / 2 + 1));
    const double p = tie_beside<T>(uniform(random, 0.51, 0.99)),
                 log_p = tie_beside<T>(-uniform(random, 0.01, 0.69));
    const reference::double_double sum = reference::divide({1.0, 0.0}, {p, 0.0});
    rows.push_back(row_towards<T>(reference::add(sum, -1.0), T(0.0F), count));
    rows.push_back(row_towards<T>(exponential_less_one(-log_p), T(0.0F), count));
    const T m = T(-uniform(random, 0.01, 0.69));
    rows.push_back(row_towards<T>(exponential_less_one(-static_cast<double>(m)), m, count));
    // 40 and an odd number of half units: a difference with one bit too many, and log S decides
    const double unit = std::is_same_v<T, float> ? 0x1p-18 : std::is_same_v<T, float16> ? 0x1p-5 : 0x1p-2;
    rows.push_back({T(40.0), T(-0.5 * unit * (1.0 + 2.0 * static_cast<double>(random.below(8)))), T(-3.0)});
  }
  return rows;
}

/// Rows with these elements in some places, and in the others what weighs nothing or is absent.
template <floating T>
void compare_rows_near_ties() {
  const std::size_t room = 30'000;
  const softmax_memories memory(room);
  random_elements<T> random(5);
  const std::vector<std::vector<T>> pool = rows_near_ties<T>(random.bits());
  const auto compare = [&]<row_kernel K, bool Flush>() {
    softmax_comparison<K, Flush, T, exact> comparison;
    const long rounds = scaled(200);
    case_count cases(about_softmax<K, T>("rows near ties", false, Flush),
                     test_scale() == 1 ? 10 * rounds : rounds);
    long settled = 0;  // results that are not the accurate tier's
    for (long round = 0; round < rounds; ++round) {
      const auto longest = std::array<std::uint64_t, 4>{4, 50, 400, 3'000}[random.below(4)];
      const auto n = static_cast<index_t>(24 + random.below(longest));
      auto count = static_cast<index_t>(1 + random.below(150));
      while (n * count > static_cast<index_t>(room)) count = (count + 1) / 2;
      const spacing s = random.below(2) == 0 ? spacing{1, n} : spacing{count, 1};
      auto x = place_rows<const T>(memory.x, n, count, s, true);
      const auto y = place_rows<T>(memory.y, n, count, K == row_kernel::logsumexp ? spacing{0, 1} : s, false);
      if (K != row_kernel::logsumexp && random.below(3) == 0) x = {y.first, y.along, y.step};
      row_run<T> run{n, count, x, {nullptr, 0, 0}, {nullptr, 0, 0}, y, {}};
      if (random.below(3) == 0) run.mask = place_rows<const bool>(memory.mask, n, count, s, true);
      for (index_t row = 0; row < count; ++row) {
        const std::vector<T>& elements = pool[random.below(pool.size())];
        std::size_t used = 0;
        for (index_t i = 0; i < n; ++i) {
          const bool take = used < elements.size() && (random.below(2) == 0 || n - i <= 24);
          const T x_i = take                        ? elements[used++]
                        : run.mask.first != nullptr ? T(90.0)
                        : random.below(2) == 0      ? negative_infinity<T>()
                                                    : T(-3000.0);
          detail::store(const_cast<T*>(x.row(row)) + i * x.along, x_i);
          if (run.mask.first != nullptr)
            detail::store(const_cast<bool*>(run.mask.row(row)) + i * run.mask.along, take);
        }
      }
      comparison.compare(run, memory.y, cases);
      if constexpr (K != row_kernel::logsumexp) {
        const std::vector<unsigned char> before(memory.y.begin(), memory.y.end());
        detail::softmax_kernel<K, Flush, T, exact>::scalar(run);
        const std::vector<unsigned char> results(memory.y.begin(), memory.y.end());
        std::memcpy(memory.y.begin(), before.data(), before.size());
        detail::softmax_kernel<K, Flush, T>::scalar(run);
        if (std::memcmp(memory.y.begin(), results.data(), results.size()) != 0) ++settled;
        std::memcpy(memory.y.begin(), before.data(), before.size());
      }
    }
    cases.check();
    std::printf("    in %ld runs results differ from the accurate tier's\n", settled);
    REQUIRE((K == row_kernel::logsumexp || settled >= rounds / 2));
  };
  for_each_softmax<exact>(compare);
  if constexpr (std::is_same_v<T, float>) compare.template operator()<row_kernel::softmax, true>();
}

}  // namespace

TEST_CASE("Exact softmax on every target: rows near ties") {
  compare_rows_near_ties<float>();
  compare_rows_near_ties<float16>();
  compare_rows_near_ties<bfloat16>();
}

TEST_CASE("Exact softmax on every target: random rows") {
  compare_random_rows<float, exact>(250'000);
  compare_random_rows<float16, exact>(100'000);
  compare_random_rows<bfloat16, exact>(100'000);
}

TEST_CASE("Exact softmax on every target: rows of several blocks, any layout") {
  compare_long_rows<float, exact>();
  compare_layouts<float, exact>(200);
  compare_layouts<float16, exact>(100);
  compare_layouts<bfloat16, exact>(100);
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test

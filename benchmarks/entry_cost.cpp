// What a call costs before there is work to do: the scoped floating-point environment, and kernels on rows so
// short that checks and entry dominate.
//
//     k754_entry_cost [rounds]      (default 201)
//
// Every round times every case once, so that a slow phase of the machine touches all alike; a case repeats
// within a round until that takes about 50 us. Reported: the median over the rounds, the least, and the
// middle half of the rounds.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <k754/k754.hpp>

#define K754_BENCHMARK_TEXT_(x) #x
#define K754_BENCHMARK_TEXT(x) K754_BENCHMARK_TEXT_(x)

namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t value = line.find(": ");
    if (line.starts_with("model name") && value != std::string::npos) return line.substr(value + 2);
  }
  return "unknown CPU";
}

/// The compiler must assume that memory behind `p` is read and written here.
void use(void* p) { __asm__ __volatile__("" : : "r"(p) : "memory"); }

struct benchmark {
  const char* name;
  std::function<bool()> right;            ///< asked once, before anything is timed
  std::function<void(std::int64_t)> run;  ///< repeats the work so often
  std::int64_t repetitions = 1;
  std::vector<double> nanoseconds = {};
};

double nanoseconds_of(const benchmark& b) {
  const auto start = std::chrono::steady_clock::now();
  b.run(b.repetitions);
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
  return taken.count();
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rounds = 201;
  if (argc > 2 ||
      (argc == 2 && (std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), rounds).ec != std::errc() ||
                     rounds == 0 || rounds > 1000000))) {
    fmt::print(stderr, "usage: {} [rounds]\n", argv[0]);
    return 2;
  }

  std::array<float, 1000> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 7919) % 1000) * 0.01F;
  std::array<float, 10> y{};
  std::int64_t index = 0;
  float product = 0;
  const k754::tensor_view<const float, 1> one(x.data(), {1}), ten(x.data(), {10}), thousand(x.data(), {1000});
  const k754::tensor_view<float, 1> probabilities(y.data(), {10});

  const auto argmax_of = [&](k754::tensor_view<const float, 1> row, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      use(x.data());
      (void)k754::try_argmax(row, k754::tensor_view(&index));
      use(&index);
    }
  };
  const auto argmax_is = [&](k754::tensor_view<const float, 1> row) {
    const auto greatest = std::max_element(x.data(), x.data() + row.extent(0)) - x.data();
    return k754::try_argmax(row, k754::tensor_view(&index)) == k754::status::ok && index == greatest;
  };

  std::vector<benchmark> benchmarks;
  benchmarks.push_back({"scoped_fp_environment, entered and left", [] { return true; },
                        [](std::int64_t n) {
                          for (std::int64_t i = 0; i < n; ++i) const k754::scoped_fp_environment environment;
                        }});
  benchmarks.push_back({"in_default_environment, one multiplication",
                        [&] {
                          k754::in_default_environment([&] { product = x[1] * x[2]; });
                          return product == x[1] * x[2];
                        },
                        [&](std::int64_t n) {
                          for (std::int64_t i = 0; i < n; ++i) {
                            k754::in_default_environment([&] { product = x[1] * x[2]; });
                            use(&product);
                          }
                        }});
  benchmarks.push_back(
      {"try_argmax, f32 [1]", [&] { return argmax_is(one); }, [&](std::int64_t n) { argmax_of(one, n); }});
  benchmarks.push_back({"try_argmax, f32 [1000]", [&] { return argmax_is(thousand); },
                        [&](std::int64_t n) { argmax_of(thousand, n); }});
  benchmarks.push_back({"try_softmax, f32 [10]",
                        [&] {
                          double sum = 0;
                          const bool done = k754::try_softmax(ten, probabilities) == k754::status::ok;
                          for (const float p : y) sum += static_cast<double>(p);
                          return done && sum > 0.999999 && sum < 1.000001;
                        },
                        [&](std::int64_t n) {
                          for (std::int64_t i = 0; i < n; ++i) {
                            use(x.data());
                            (void)k754::try_softmax(ten, probabilities);
                            use(y.data());
                          }
                        }});

  for (benchmark& b : benchmarks) {
    if (!b.right()) {
      fmt::print(stderr, "{}: wrong result, nothing was timed\n", b.name);
      return 1;
    }
    while (nanoseconds_of(b) < 50e3) b.repetitions *= 2;
  }
  const bool progress = isatty(STDERR_FILENO) != 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (benchmark& b : benchmarks)
      b.nanoseconds.push_back(nanoseconds_of(b) / static_cast<double>(b.repetitions));
    if (progress) fmt::print(stderr, "\r{} of {} rounds", round + 1, rounds);
  }
  if (progress) fmt::print(stderr, "\r\033[K");

  fmt::print("k754 {}.{}.{} | {} | {} | {}\n\n", K754_VERSION_MAJOR, K754_VERSION_MINOR, K754_VERSION_PATCH,
             cpu_name(), __VERSION__, K754_BENCHMARK_TEXT(K754_ABI));
  fmt::print("| {:<46} | {:>11} | {:>9} | {:>17} |\n", "call", "median ns", "least ns", "middle half ns");
  fmt::print("|{:-<48}|{:->12}:|{:->10}:|{:->18}:|\n", "", "", "", "");
  for (benchmark& b : benchmarks) {
    std::vector<double>& ns = b.nanoseconds;
    std::sort(ns.begin(), ns.end());
    fmt::print("| {:<46} | {:>11.2f} | {:>9.2f} | {:>7.2f} - {:>7.2f} |\n", b.name, ns[ns.size() / 2],
               ns.front(), ns[ns.size() / 4], ns[ns.size() - 1 - ns.size() / 4]);
  }
  return 0;
}

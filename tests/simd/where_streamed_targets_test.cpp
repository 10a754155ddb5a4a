// where and its gradient past the caches, on every target, through the public interface.
#if defined(__x86_64__)
#define K754_WANTED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3)
#endif
#include <k754/where.hpp>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/executors.hpp"
#include "../support/guarded_buffer.hpp"
#include "../support/targets.hpp"
#include "../support/test_scale.hpp"

namespace k754_test {
namespace {

using namespace k754;

/// Outputs of more than 1 MiB are written past the caches, however large these are.
struct streamed_beyond {
  explicit streamed_beyond(index_t bytes) { detail::known_last_level_cache_bytes = bytes; }
  streamed_beyond(const streamed_beyond&) = delete;
  streamed_beyond& operator=(const streamed_beyond&) = delete;
  ~streamed_beyond() { detail::known_last_level_cache_bytes = 0; }
};

}  // namespace

TEST_CASE("where past the caches: the same bits, also by threads") {
  case_count cases("runs past the caches", 4);
  std::mt19937_64 random(8);
  const auto check = [&]<class T>(index_t rows, index_t columns, index_t first) {
    std::vector<T> x(static_cast<std::size_t>(rows * columns + 64)), y = x, before = x;
    for (auto* tensor : {&x, &y, &before}) {
      for (std::size_t i = 0; i < tensor->size() * sizeof(T); i += 8) {
        const std::uint64_t word = random();
        std::memcpy(reinterpret_cast<unsigned char*>(tensor->data()) + i, &word,
                    std::min<std::size_t>(8, tensor->size() * sizeof(T) - i));
      }
    }
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(rows));
    for (std::uint8_t& byte : mask) byte = static_cast<std::uint8_t>(random() % 2);
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(columns) / 8 + 2);
    for (std::uint8_t& byte : bits) byte = static_cast<std::uint8_t>(random());
    const auto view = [&](std::vector<T>& m) { return tensor_view(m.data() + first, {rows, columns}); };
    const auto compare = [&](auto&& condition, auto&& live) {
      std::vector<T> output = before, dx = before, dy = before;
      auto expected = before, expected_dx = before, expected_dy = before;
      for (index_t i = 0; i < rows * columns; ++i) {
        const auto at = static_cast<std::size_t>(first + i);
        const bool c = live(i / columns, i % columns);
        std::memcpy(static_cast<void*>(&expected[at]), c ? &x[at] : &y[at], sizeof(T));
        expected_dx[at] = expected_dy[at] = T{};
        std::memcpy(static_cast<void*>(c ? &expected_dx[at] : &expected_dy[at]), &x[at], sizeof(T));
      }
      const auto same = [](const std::vector<T>& a, const std::vector<T>& b) {
        return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
      };
      for_each_target([&](const char*) {
        const auto run = [&](auto&& ex) {
          output = dx = dy = before;
          where(condition, view(x), view(y), view(output), ex);
          where_backward(condition, view(x), view(dx), view(dy), ex);
          CHECK(same(output, expected));
          CHECK(same(dx, expected_dx));
          CHECK(same(dy, expected_dy));
          output = x;
          where(condition, view(output), view(y), view(output), ex);
          CHECK(std::memcmp(view(output).data_handle(), view(expected).data_handle(),
                            static_cast<std::size_t>(rows * columns) * sizeof(T)) == 0);
          cases.add();
        };
        run(serial_executor{});
        run(thread_executor{});
      });
    };
    compare(tensor_view(mask.data(), {rows, 1}),
            [&](index_t row, index_t) { return mask[static_cast<std::size_t>(row)] != 0; });
    compare(packed_bits(bits, columns, 5), [&](index_t, index_t column) {
      return (bits[static_cast<std::size_t>(column + 5) / 8] >> ((column + 5) % 8) & 1) != 0;
    });
  };
  const streamed_beyond all(1);
  check.template operator()<float>(2, 150'001, 1);
  check.template operator()<float>(600, 700, 3);
  check.template operator()<float>(800, 512, 0);
  if (test_scale() == 1) {
    check.template operator()<std::uint8_t>(3, 401'003, 5);
    check.template operator()<double>(40'000, 7, 0);
  }
  cases.check();
}

TEST_CASE("Transposed inputs whose columns lie powers of two apart") {
  case_count cases("transposed elements", 3 * 2 * 37 * 300);
  std::mt19937_64 random(9);
  static constexpr index_t rows = 37, columns = 300, apart = 1024;
  const auto check = [&]<class T>(index_t row_stride) {
    // The last row, or the first, lies at a guarded page.
    const index_t reach =
        (columns - 1) * apart + (rows - 1) * (row_stride < 0 ? -row_stride : row_stride) + 1;
    const auto count = static_cast<std::size_t>(reach);
    const guarded_buffer x_memory(count * sizeof(T)), mask_memory(count);
    T* const x = row_stride < 0 ? x_memory.flush_with_begin<T>() : x_memory.flush_with_end<T>(count);
    std::uint8_t* const mask = row_stride < 0 ? mask_memory.begin() : mask_memory.end() - count;
    std::vector<T> y(static_cast<std::size_t>(rows * columns));
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t word = random();
      std::memcpy(static_cast<void*>(&x[i]), &word, sizeof(T));
      mask[i] = static_cast<std::uint8_t>(word >> 60 & 1);
    }
    std::memcpy(static_cast<void*>(y.data()), x, y.size() * sizeof(T));
    const index_t origin = row_stride < 0 ? (1 - rows) * row_stride : 0;
    const auto transposed = [&](auto* tensor) {
      return tensor_view(tensor + origin, {rows, columns}, {row_stride, apart});
    };
    std::vector<T> expected(y.size()), kept(y.size()), output(y.size()), dx(y.size()), dy(y.size());
    for (index_t row = 0; row < rows; ++row) {
      for (index_t column = 0; column < columns; ++column) {
        const auto from = static_cast<std::size_t>(origin + row * row_stride + column * apart);
        const auto to = static_cast<std::size_t>(row * columns + column);
        std::memcpy(static_cast<void*>(&expected[to]), mask[from] != 0 ? &x[from] : &y[to], sizeof(T));
        if (mask[from] != 0) std::memcpy(static_cast<void*>(&kept[to]), &x[from], sizeof(T));
        cases.add();
      }
    }
    const auto matrix = [&](std::vector<T>& m) { return tensor_view(m.data(), {rows, columns}); };
    const auto bytes = y.size() * sizeof(T);
    for_each_target([&](const char*) {
      where(transposed(mask), transposed(x), matrix(y), matrix(output));
      CHECK(std::memcmp(output.data(), expected.data(), bytes) == 0);
      where_backward(transposed(mask), transposed(x), matrix(dx), matrix(dy));
      CHECK(std::memcmp(dx.data(), kept.data(), bytes) == 0);
      std::memset(static_cast<void*>(dx.data()), 0x5A, bytes);
      where_backward(transposed(mask), transposed(x), matrix(dx), nullptr);
      CHECK(std::memcmp(dx.data(), kept.data(), bytes) == 0);
    });
  };
  for (const index_t row_stride : {index_t{1}, index_t{-3}}) {
    check.template operator()<std::uint8_t>(row_stride);
    check.template operator()<float>(row_stride);
    check.template operator()<double>(row_stride);
  }
  cases.check();
}

}  // namespace k754_test

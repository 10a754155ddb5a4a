// Runs of rows for the softmax family, on every target, against the reference code, bit for bit: for each type of elements a file
// of test cases.
#pragma once

#include <k754/softmax.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/guarded_buffer.hpp"
#include "../support/ieee754.hpp"
#include "../support/targets.hpp"
#include "../support/test_scale.hpp"

namespace k754_test {
inline namespace K754_KERNEL_ABI {

using namespace k754;
using detail::row_kernel;
using detail::row_run;
using detail::strided_rows;

/// The code of a target.
template <class Kernel>
struct softmax_code {
  std::string target;
  typename Kernel::function* compute;
};

/// Of all targets that have one of their own; the reference where there is no such target.
template <class Kernel>
std::vector<softmax_code<Kernel>> softmax_codes() {
  std::vector<softmax_code<Kernel>> all;
  for_each_target([&](const char* name) {
    auto* const code = detail::choose<Kernel>();
    if (code != Kernel::scalar || (all.empty() && std::strcmp(name, "reference") == 0)) {
      all.push_back({name, code});
    }
  });
  return all;
}

/// Calls `body.operator()<K, Flush>()` for every function of the family that a tier has.
template <precision Tier, class Body>
void for_each_softmax(Body&& body) {
  const auto both = [&]<row_kernel K>() {
    body.template operator()<K, false>();
    body.template operator()<K, true>();
  };
  if constexpr (Tier == precision::exact) {  // flushing comes after what this is about
    body.template operator()<row_kernel::softmax, false>();
    body.template operator()<row_kernel::log_softmax, false>();
    body.template operator()<row_kernel::logsumexp, false>();
  } else {
    both.template operator()<row_kernel::softmax>();
    both.template operator()<row_kernel::log_softmax>();
    both.template operator()<row_kernel::logsumexp>();
    both.template operator()<row_kernel::softmax_backward>();
    both.template operator()<row_kernel::log_softmax_backward>();
  }
}

template <row_kernel K, floating T>
std::string about_softmax(const char* what, bool masked, bool flush) {
  return std::string(what) + ", " + detail::row_kernel_name(K, masked) + (flush ? ", flush" : "") + ", " +
         (std::is_same_v<T, bfloat16>  ? "bf16"
          : std::is_same_v<T, float16> ? "f16"
          : std::is_same_v<T, double>  ? "f64"
                                       : "f32");
}

/// How the elements of an operand lie.
struct spacing {
  index_t along, step;
};

/// `count` rows of `length` elements at the begin (0) or the end (1) of guarded memory.
template <class T>
strided_rows<T> place_rows(const guarded_buffer& memory, index_t length, index_t count, spacing s,
                           bool at_end) {
  const std::array<index_t, 2> reach{(length - 1) * s.along, (count - 1) * s.step};
  index_t low = 0, high = 0;
  for (const index_t r : reach) (r < 0 ? low : high) += r;
  const auto size = static_cast<index_t>(memory.size() / sizeof(T));
  REQUIRE(high - low < size);
  return {reinterpret_cast<T*>(memory.begin()) + (at_end ? size - 1 - high : -low), s.along, s.step};
}

/// Guarded memory for the operands of runs with `elements` elements each.
struct softmax_memories {
  guarded_buffer x, upstream, mask, y;
  explicit softmax_memories(std::size_t elements)
      : x(8 * elements), upstream(8 * elements), mask(elements), y(8 * elements) {
    std::memset(y.begin(), 0x5A, y.size());
  }
};

/// What rows are made of.
enum class row_mix { narrow, wide, ties, tiny, finite, with_edges, with_infinities, count };

template <floating T>
class random_elements {
 public:
  explicit random_elements(std::uint64_t seed) : random_(seed) {}

  random_bits& bits() { return random_; }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  row_mix mix() { return static_cast<row_mix>(random_.below(static_cast<std::uint64_t>(row_mix::count))); }

  T element(row_mix mix) {
    using layout = detail::format_of<T>;
    const std::uint64_t r = random_();
    const double unit = static_cast<double>(static_cast<std::int64_t>(r)) * 0x1p-63;
    const auto sign = static_cast<bits_of<T>>(r & layout::sign_bit);
    switch (mix) {
      case row_mix::wide:
        return number((std::is_same_v<T, double> ? 800.0 : 80.0) * unit);
      case row_mix::ties:
        return from_bits<T>(static_cast<bits_of<T>>(to_bits(T(1.5F)) + r % 3));
      case row_mix::tiny:
        return from_bits<T>(static_cast<bits_of<T>>((r >> 16) % (layout::smallest_normal + 2) | sign));
      case row_mix::finite:
        return from_bits<T>(static_cast<bits_of<T>>((r >> 16) % layout::infinity | sign));
      case row_mix::with_edges:
        if (r % 8 == 0) return edges_[(r >> 8) % edges_.size()];
        break;
      case row_mix::with_infinities:
        if (r % 4 == 0) return negative_infinity<T>();
        break;
      default:
        break;
    }
    return number(4.0 * unit);
  }

  /// Elements of rows, each of a mix of its own. Outputs, which gradients read, are mostly what softmax or log_softmax gives.
  template <row_kernel K>
  void fill(const strided_rows<const T>& rows, index_t length, index_t count, bool upstream) {
    for (index_t row = 0; row < count; ++row) {
      const row_mix kind = mix();
      const bool as_output = detail::is_gradient(K) && !upstream && random_.below(4) > 0;
      for (index_t i = 0; i < length; ++i) {
        T x = element(kind);
        if (as_output) {
          const auto magnitude = static_cast<bits_of<T>>(detail::magnitude_bits(x));
          x = from_bits<T>(K == row_kernel::softmax_backward
                               ? magnitude
                               : static_cast<bits_of<T>>(magnitude | detail::format_of<T>::sign_bit));
        }
        detail::store(const_cast<T*>(rows.row(row)) + i * rows.along, x);
      }
    }
  }

  /// Masks of which few, half or most are true, with some rows that are all true or all false.
  void fill_mask(const strided_rows<const bool>& mask, index_t length, index_t count) {
    for (index_t row = 0; row < count; ++row) {
      const std::uint64_t of_eight = std::array<std::uint64_t, 6>{0, 1, 4, 7, 7, 8}[random_.below(6)];
      for (index_t i = 0; i < length; ++i) {
        const std::uint64_t r = random_();
        const auto byte = static_cast<unsigned char>(r % 8 < of_eight ? 1U << (r >> 8) % 8 : 0U);
        std::memcpy(const_cast<bool*>(mask.row(row)) + i * mask.along, &byte, 1);
      }
    }
  }

 private:
  static T number(double x) {
    if constexpr (std::is_same_v<T, double>) {
      return x;
    } else {
      return T(static_cast<float>(x));
    }
  }

  random_bits random_;
  std::vector<T> edges_ = edge_values<T>();
};

/// Every code against the definition; the whole memory of the output is compared.
template <row_kernel K, bool Flush, floating T, precision Tier = precision::accurate>
class softmax_comparison {
  using kernel = detail::softmax_kernel<K, Flush, T, Tier>;

 public:
  void compare(const row_run<T>& run, const guarded_buffer& output, case_count& cases) {
    before_.assign(output.begin(), output.end());
    kernel::scalar(run);
    expected_.assign(output.begin(), output.end());
    for (const auto& code : codes_) {
      std::memcpy(output.begin(), before_.data(), before_.size());
      code.compute(run);
      const bool same = std::memcmp(output.begin(), expected_.data(), expected_.size()) == 0;
      if (!same) {
        INFO(detail::row_kernel_name(K, run.mask.first != nullptr)
             << " on " << code.target << (Flush ? ", flush" : "") << ": " << run.count << " rows of "
             << run.length << ", strides x " << run.x.along << " " << run.x.step << ", upstream "
             << run.upstream.along << " " << run.upstream.step << ", mask " << run.mask.along << " "
             << run.mask.step << ", y " << run.y.along << " " << run.y.step << ", in place "
             << (run.y.first == run.x.first) << (run.y.first == run.upstream.first));
        REQUIRE(same);
      }
    }
    std::memcpy(output.begin(), before_.data(), before_.size());
    cases.add(run.count);
  }

 private:
  std::vector<softmax_code<kernel>> codes_ = softmax_codes<kernel>();
  std::vector<unsigned char> before_, expected_;
};

/// Rules for rows that the formulas leave open, a different one each time.
inline reference::row_rules some_rules(std::uint64_t i) {
  return {static_cast<zero_mass>(i % 3), static_cast<pos_inf>(i / 3 % 2),
          static_cast<fully_masked>(i / 6 % 3)};
}

/// Every length up to a few vectors, a special value at each position in turn (row i has it at position i), as rows and as
/// columns, in guarded memory.
template <floating T, precision Tier = precision::accurate>
void compare_all_lengths() {
  const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(T)) + 3;
  const softmax_memories memory(static_cast<std::size_t>(longest * longest));
  random_elements<T> random(1);
  const std::vector<T> specials = special_alphabet<T>();
  for_each_softmax<Tier>([&]<row_kernel K, bool Flush>() {
    softmax_comparison<K, Flush, T, Tier> comparison;
    const long all = sweep_floor(longest * (longest + 1) / 2 * static_cast<long>(specials.size()));
    case_count cases(about_softmax<K, T>("lengths x special positions", false, Flush), all);
    case_count masked(about_softmax<K, T>("lengths x special positions", true, Flush), all);
    for (index_t n = 1; n <= longest; n += test_scale() > 1 ? 7 : 1) {
      for (std::size_t k = 0; k < specials.size(); ++k) {
        const bool at_end = (static_cast<std::size_t>(n) + k) % 2 == 1;
        const spacing rows{1, n}, columns{n, 1};
        const spacing s = random.below(2) == 0 ? rows : columns;
        const auto x = place_rows<const T>(memory.x, n, n, s, at_end);
        const auto g = place_rows<const T>(memory.upstream, n, n, s, !at_end);
        const auto m =
            place_rows<const bool>(memory.mask, n, n, random.below(2) == 0 ? rows : columns, at_end);
        const auto y = place_rows<T>(memory.y, n, n, K == row_kernel::logsumexp ? spacing{0, 1} : s, at_end);
        random.template fill<K>(x, n, n, false);
        random.template fill<K>(g, n, n, true);
        random.fill_mask(m, n, n);
        for (index_t i = 0; i < n; ++i) {
          const auto& at = detail::is_gradient(K) && random.below(2) == 0 ? g : x;
          detail::store(const_cast<T*>(at.row(i)) + i * at.along, specials[k]);
        }
        row_run<T> run{n, n, x, g, {nullptr, 0, 0}, y, some_rules(random.below(18))};
        comparison.compare(run, memory.y, cases);
        run.mask = m;
        comparison.compare(run, memory.y, masked);
      }
    }
    cases.check();
    masked.check();
  });
}

/// Random short rows, many at a time: rows and columns, with and without a mask.
template <floating T, precision Tier = precision::accurate>
void compare_random_rows(long rows_wanted = 2'000'000) {
  constexpr index_t longest = 6, most = 400;
  const softmax_memories memory(static_cast<std::size_t>((longest + 1) * most));
  random_elements<T> random(2);
  const long wanted = scaled(rows_wanted);
  for_each_softmax<Tier>([&]<row_kernel K, bool Flush>() {
    softmax_comparison<K, Flush, T, Tier> comparison;
    for (const bool with_mask : {false, true}) {
      case_count cases(about_softmax<K, T>("random rows", with_mask, Flush), Flush ? wanted / 4 : wanted);
      for (long rows = 0; rows < (Flush ? wanted / 4 : wanted);) {
        const auto n = static_cast<index_t>(1 + random.below(longest));
        const auto count = static_cast<index_t>(most - random.below(150));
        const auto layout = [&] {
          return random.below(4) > 0 ? spacing{1, n + static_cast<index_t>(random.below(2))}
                                     : spacing{count, 1};
        };
        const spacing s = layout();
        const auto x = place_rows<const T>(memory.x, n, count, s, true);
        const auto g =
            place_rows<const T>(memory.upstream, n, count, random.below(4) > 0 ? s : layout(), true);
        const auto y =
            place_rows<T>(memory.y, n, count, K == row_kernel::logsumexp ? spacing{0, 1} : s, true);
        random.template fill<K>(x, n, count, false);
        if (detail::is_gradient(K)) random.template fill<K>(g, n, count, true);
        row_run<T> run{n, count, x, g, {nullptr, 0, 0}, y, some_rules(random.below(18))};
        if (with_mask) {
          run.mask = place_rows<const bool>(memory.mask, n, count, layout(), true);
          random.fill_mask(run.mask, n, count);
        }
        comparison.compare(run, memory.y, cases);
        rows += count;
      }
      cases.check();
    }
  });
}

/// Rows and columns of more than one block, and around the length up to which exponentials are kept.
template <floating T, precision Tier = precision::accurate>
void compare_long_rows() {
  constexpr index_t count = 19;
  const softmax_memories memory(3100 * count);
  random_elements<T> random(4);
  for_each_softmax<Tier>([&]<row_kernel K, bool Flush>() {
    softmax_comparison<K, Flush, T, Tier> comparison;
    case_count cases(about_softmax<K, T>("long rows", false, Flush), 24 * count);
    for (const index_t n : {1023, 1024, 1025, 2049, 3072, 3073}) {
      for (const spacing s : {spacing{1, n}, spacing{count, 1}}) {
        const auto x = place_rows<const T>(memory.x, n, count, s, true);
        const auto g = place_rows<const T>(memory.upstream, n, count, s, false);
        const auto m = place_rows<const bool>(memory.mask, n, count, s, true);
        const auto y =
            place_rows<T>(memory.y, n, count, K == row_kernel::logsumexp ? spacing{0, 1} : s, true);
        random.template fill<K>(x, n, count, false);
        random.template fill<K>(g, n, count, true);
        random.fill_mask(m, n, count);
        row_run<T> run{n, count, x, g, {nullptr, 0, 0}, y, {}};
        comparison.compare(run, memory.y, cases);
        run.mask = m;
        comparison.compare(run, memory.y, cases);
      }
    }
    cases.check();
  });
}

/// Rows of every kind of length in any layout: each operand with strides of its own, masks of one byte or one row, results in
/// place.
template <floating T, precision Tier = precision::accurate>
void compare_layouts(long runs = 1'000) {
  const std::size_t room = 64'000;
  const softmax_memories memory(room);
  random_elements<T> random(3);
  for_each_softmax<Tier>([&]<row_kernel K, bool Flush>() {
    softmax_comparison<K, Flush, T, Tier> comparison;
    const long rounds = scaled(Flush ? runs / 4 : runs);  // of one row and more; four and more in the mean
    case_count cases(about_softmax<K, T>("layouts, with and without masks", false, Flush),
                     test_scale() == 1 ? 4 * rounds : rounds);
    const std::array<index_t, 8> long_rows{1023, 1024, 1025, 2049, 3071, 3072, 3073, 5000};
    for (long round = 0; round < rounds; ++round) {
      index_t n = static_cast<index_t>(1 + random.below(random.below(2) == 0 ? 20 : 300));
      index_t count = static_cast<index_t>(1 + random.below(random.below(8) == 0 ? 150 : 20));
      if (random.below(8) == 0) {
        n = long_rows[random.below(8)] + static_cast<index_t>(random.below(3));
        count = static_cast<index_t>(1 + random.below(std::uint64_t{2} << random.below(4)));
      }
      while (n * count * 3 > static_cast<index_t>(room)) count /= 2;
      if (count < 1) count = 1;
      const auto any_layout = [&](bool repeats) -> spacing {
        const index_t a = 1 + static_cast<index_t>(random.below(5) / 3),
                      gap = static_cast<index_t>(random.below(2));
        spacing s = random.below(2) == 0 ? spacing{a, n * a + gap} : spacing{count * a + gap, a};
        if (random.below(6) == 0) s.along = -s.along;
        if (random.below(6) == 0) s.step = -s.step;
        if (repeats && random.below(8) == 0) s.along = 0;
        if (repeats && random.below(8) == 0) s.step = 0;
        return s;
      };
      const auto at_end = [&] { return random.below(2) == 0; };
      const spacing s = any_layout(true);
      auto x = place_rows<const T>(memory.x, n, count, s, at_end());
      auto g = place_rows<const T>(memory.upstream, n, count, random.below(2) == 0 ? s : any_layout(true),
                                   at_end());
      spacing to = random.below(2) == 0 && s.along != 0 && s.step != 0 ? s : any_layout(false);
      if (K == row_kernel::logsumexp) to = {0, 1 + static_cast<index_t>(random.below(3))};
      const auto y = place_rows<T>(memory.y, n, count, to, at_end());
      if (K != row_kernel::logsumexp) {
        const std::uint64_t alias = random.below(4);
        if (alias == 0) x = {y.first, y.along, y.step};
        if (alias == 1) g = {y.first, y.along, y.step};
      }
      random.template fill<K>(x, n, count, false);
      if (detail::is_gradient(K)) random.template fill<K>(g, n, count, true);
      row_run<T> run{n, count, x, g, {nullptr, 0, 0}, y, some_rules(random.below(18))};
      if (random.below(3) > 0) {
        run.mask = place_rows<const bool>(memory.mask, n, count, any_layout(true), at_end());
        random.fill_mask(run.mask, n, count);
      }
      comparison.compare(run, memory.y, cases);
    }
    cases.check();
  });
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test

// Runs of elements for where and its gradient, on every target, against the reference code, bit for bit.
#pragma once

#if defined(__x86_64__) && !defined(K754_WANTED_TARGETS)
#define K754_WANTED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3)
#endif
#include <k754/where.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>
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
using detail::bit_run;
using detail::byte_run;
using detail::stores;
using detail::strided;

/// The code of a target: for `byte_run` or `bit_run`, and elements of a width.
template <class Condition, class Bits>
struct where_code {
  std::string target;
  typename detail::where_kernel<Condition, Bits>::function* where;
  typename detail::where_backward_kernel<Condition, Bits>::function* where_backward;
};

/// Of all targets but the reference, unless there is no other.
template <class Condition, class Bits>
std::vector<where_code<Condition, Bits>> where_codes() {
  std::vector<where_code<Condition, Bits>> all;
  for_each_target([&](const char* name) {
    if (!all.empty() && std::strcmp(name, "reference") == 0) return;
    all.push_back({name, detail::choose<detail::where_kernel<Condition, Bits>>(),
                   detail::choose<detail::where_backward_kernel<Condition, Bits>>()});
  });
  return all;
}

template <class... Widths, class Body>
void for_widths(Body&& body) {
  (body.template operator()<Widths>(), ...);
}
template <class Body>
void for_each_width(Body&& body) {
  for_widths<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(body);
}

template <class Bits>
std::string about_width(const char* what) {
  return std::string(what) + ", " + std::to_string(8 * sizeof(Bits)) + " bits";
}

/// Where an operand of `n` elements begins: flush with the begin (0) or the end (1) of guarded memory, or in between.
template <class T>
strided<T> place(const guarded_buffer& memory, index_t n, index_t stride, index_t placement) {
  const index_t reach = n > 0 ? (n - 1) * (stride < 0 ? -stride : stride) + 1 : 0;
  const index_t room = static_cast<index_t>(memory.size() / sizeof(T)) - reach;
  const index_t offset = placement == 0 ? 0 : placement == 1 ? room : (placement - 1) % (room + 1);
  return {reinterpret_cast<T*>(memory.begin()) + offset + (stride < 0 && n > 0 ? (1 - n) * stride : 0),
          stride};
}

/// An output's surroundings, as they were and as they should be.
template <class Bits>
class output_window {
 public:
  output_window(const guarded_buffer& memory, strided<Bits> output, index_t n) : output_(output), n_(n) {
    auto low = reinterpret_cast<unsigned char*>(n > 0 && output.stride < 0 ? output.at(n - 1) : output.first);
    auto high =
        reinterpret_cast<unsigned char*>(n > 0 && output.stride > 0 ? output.at(n - 1) : output.first);
    begin_ = low - memory.begin() < margin ? memory.begin() : low - margin;
    const auto end = memory.end() - high < margin ? memory.end() : high + margin;
    before_.assign(begin_, end);
  }

  /// What the window holds after output[i] = expected[i].
  void expect(const std::vector<Bits>& expected) {
    after_ = before_;
    for (index_t i = 0; i < n_; ++i) {
      std::memcpy(&after_[static_cast<std::size_t>(reinterpret_cast<unsigned char*>(output_.at(i)) - begin_)],
                  &expected[static_cast<std::size_t>(i)], sizeof(Bits));
    }
  }
  bool as_expected() const { return std::memcmp(begin_, after_.data(), after_.size()) == 0; }
  void restore() const { std::memcpy(begin_, before_.data(), before_.size()); }

 private:
  static constexpr std::ptrdiff_t margin = 192;
  strided<Bits> output_;
  index_t n_;
  unsigned char* begin_ = nullptr;
  std::vector<unsigned char> before_, after_;
};

/// Guarded memory for a condition, two inputs and two outputs, all of random bytes.
struct memories {
  guarded_buffer condition, x, y, output, second;

  explicit memories(std::size_t bytes) : condition(bytes), x(bytes), y(bytes), output(bytes), second(bytes) {
    random_bits random(99);
    for (const guarded_buffer* memory : {&condition, &x, &y, &output, &second}) {
      for (unsigned char* p = memory->begin(); p < memory->end(); ++p)
        *p = static_cast<unsigned char>(random());
    }
  }
};

/// `target(output)` and so on for each code, against the expected elements.
template <class Condition, class Bits>
void compare_where(const std::vector<where_code<Condition, Bits>>& targets, const Condition& condition,
                   strided<const Bits> x, strided<const Bits> y, const guarded_buffer& memory,
                   strided<Bits> output, index_t n, std::vector<Bits>& scratch, case_count& cases,
                   stores how = stores::cached) {
  scratch.resize(static_cast<std::size_t>(n) + 1);
  reference::where<Bits>(condition, x, y, strided<Bits>{scratch.data(), 1}, n);
  output_window<Bits> window(memory, output, n);
  window.expect(scratch);
  for (const auto& target : targets) {
    target.where(condition, x, y, output, n, how);
    if (!window.as_expected()) {
      INFO(target.target << ", n = " << n << ", strides " << detail::stride_of(condition) << ", " << x.stride
                         << ", " << y.stride << ", " << output.stride << ", in place of "
                         << (output.first == x.first) << (output.first == y.first) << ", streamed "
                         << (how == stores::streamed));
      REQUIRE(window.as_expected());
    }
    window.restore();
  }
  cases.add(static_cast<long>(targets.size()));
}

template <class Condition, class Bits>
void compare_backward(const std::vector<where_code<Condition, Bits>>& targets, const Condition& condition,
                      strided<const Bits> upstream, const guarded_buffer& dx_memory, strided<Bits> dx,
                      const guarded_buffer& dy_memory, strided<Bits> dy, index_t n,
                      std::array<std::vector<Bits>, 2>& scratch, case_count& cases,
                      stores how = stores::cached) {
  for (auto& expected : scratch) expected.resize(static_cast<std::size_t>(n) + 1);
  reference::where_backward<Bits>(condition, upstream, strided<Bits>{scratch[0].data(), 1},
                                  strided<Bits>{scratch[1].data(), 1}, n);
  output_window<Bits> dx_window(dx_memory, dx, n), dy_window(dy_memory, dy, n);
  dx_window.expect(scratch[0]);
  dy_window.expect(scratch[1]);
  for (const auto& target : targets) {
    target.where_backward(condition, upstream, dx, dy, n, how);
    if (!dx_window.as_expected() || !dy_window.as_expected()) {
      INFO(target.target << ", n = " << n << ", strides " << detail::stride_of(condition) << ", "
                         << upstream.stride << ", " << dx.stride << ", " << dy.stride << ", streamed "
                         << (how == stores::streamed));
      REQUIRE(dx_window.as_expected());
      REQUIRE(dy_window.as_expected());
    }
    dx_window.restore();
    dy_window.restore();
  }
  cases.add(static_cast<long>(targets.size()));
}

inline index_t random_length(random_bits& random) {  // short ones are the likeliest
  const std::uint64_t bits = random.below(9);
  return static_cast<index_t>(random.below(std::uint64_t{2} << bits)) % 301;
}

template <class Bits>
std::size_t bytes_for(index_t n, index_t stride) {
  return static_cast<std::size_t>(n * stride) * sizeof(Bits);
}

/// Runs of every length up to a few vectors, in which one condition is unlike the others, at a page before or behind and
/// between; inputs adjacent or one value. `make_condition(n, stride, turn)` places conditions, `set(condition, i, truth)`
/// sets one.
template <class Condition, class Bits, class Make, class Set>
void compare_all_lengths(const char* what, const Make& make_condition, const Set& set) {
  case_count cases(about_width<Bits>(what), sweep_floor(4'000));
  const auto targets = where_codes<Condition, Bits>();
  const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(Bits)) + 3;
  const memories memory(bytes_for<Bits>(2 * longest + 20, 1));
  std::vector<Bits> scratch;
  std::array<std::vector<Bits>, 2> gradients;
  const index_t step = 1 + test_scale() / 4;
  for (index_t n = 0; n <= longest; ++n) {
    for (index_t kind = 0; kind < 8; ++kind) {  // condition, x, y: adjacent elements, or one value
      const index_t c_stride = kind & 1, x_stride = kind >> 1 & 1, y_stride = kind >> 2 & 1;
      for (index_t position = -1 + n % step; position < (c_stride == 0 ? 1 : n); position += step) {
        const index_t turn = position + 1 + n;
        const auto condition = make_condition(n, c_stride, turn);
        const auto x = place<const Bits>(memory.x, n, x_stride, turn % 3 == 2 ? turn : (turn + 1) % 2);
        const auto y = place<const Bits>(memory.y, n, y_stride, turn % 5 == 2 ? turn : (turn / 2) % 2);
        const auto output = place<Bits>(memory.output, n, 1, turn % 4 > 1 ? turn : turn % 2);
        const auto second = place<Bits>(memory.second, n, 1, turn % 5 > 1 ? turn : (turn / 2) % 2);
        const bool others = turn / 3 % 2 == 0;
        for (index_t i = 0; i < n; ++i) set(condition, i, others != (i == position));
        const stores how = turn % 4 == 1 ? stores::streamed : stores::cached;
        compare_where<Condition, Bits>(targets, condition, x, y, memory.output, output, n, scratch, cases,
                                       how);
        if (y_stride == 0) {
          compare_backward<Condition, Bits>(targets, condition, x, memory.output, output, memory.second,
                                            second, n, gradients, cases, how);
        }
      }
    }
  }
  // the vectors between the first and the last, written past the caches
  for (index_t offset = 0; offset < 2 * static_cast<index_t>(longest_vector_bytes / sizeof(Bits)); ++offset) {
    const index_t n = 2 * longest;
    const auto condition = make_condition(n, 1, offset + 2);
    for (index_t i = 0; i < n; ++i) set(condition, i, (i * i + offset) % 3 == 0);
    const auto x = place<const Bits>(memory.x, n, 1, 2 + offset % 5);
    const auto y = place<const Bits>(memory.y, n, 1, 2 + offset % 3);
    auto output = place<Bits>(memory.output, n, 1, offset + 2);
    auto second = place<Bits>(memory.second, n, 1, offset % 7 == 0 ? offset + 3 : offset + 2);
    if (offset % 4 == 3) {  // elements where no element of their size should be
      output.first = reinterpret_cast<Bits*>(reinterpret_cast<unsigned char*>(output.first) + 1);
      second.first = reinterpret_cast<Bits*>(reinterpret_cast<unsigned char*>(second.first) + offset / 4 % 2);
    }
    compare_where<Condition, Bits>(targets, condition, x, y, memory.output, output, n, scratch, cases,
                                   stores::streamed);
    compare_where<Condition, Bits>(targets, make_condition(n, 0, 2), x, y, memory.output, output, n, scratch,
                                   cases, stores::streamed);
    compare_backward<Condition, Bits>(targets, condition, x, memory.output, output, memory.second, second, n,
                                      gradients, cases, stores::streamed);
  }
  cases.check();
}

/// Random runs: any strides, operands repeated, outputs in place of inputs. `make_condition(random, n)` makes conditions of
/// any stride in memory of its own; `in_place(output)` may put them where the output is.
template <class Condition, class Bits, class Make, class InPlace>
void compare_random_runs(const char* what, const Make& make_condition, const InPlace& in_place) {
  case_count cases(about_width<Bits>(what), scaled(2'000'000));
  const auto targets = where_codes<Condition, Bits>();
  const memories memory(bytes_for<Bits>(301, 3) + 4096);
  std::vector<Bits> scratch;
  std::array<std::vector<Bits>, 2> gradients;
  random_bits random(2);
  const auto placement = [&] {
    return static_cast<index_t>(random.below(2) == 0 ? random.below(2) : random.below(500));
  };
  const std::array<index_t, 8> strides{0, 0, 1, 1, 1, 2, -1, -3};
  const auto stride = [&] { return strides[random.below(8)]; };
  const auto output_stride = [&] { return random.below(8) > 0 ? 1 : strides[2 + random.below(6)]; };
  const long rounds = scaled(2'000'000) / static_cast<long>(targets.size()) + 1;
  for (long round = 0; round < rounds; ++round) {
    const index_t n = random_length(random);
    Condition condition = make_condition(random, n);
    auto x = place<const Bits>(memory.x, n, stride(), placement());
    auto y = place<const Bits>(memory.y, n, stride(), placement());
    const auto output = place<Bits>(memory.output, n, output_stride(), placement());
    const auto second = place<Bits>(memory.second, n, output_stride(), placement());
    const std::uint64_t aliasing = random.below(8);
    if (random.below(16) == 0) y = x;
    if (aliasing == 0 || aliasing == 3) x = {output.first, output.stride};
    if (aliasing == 1 || aliasing == 3) y = {output.first, output.stride};
    if (aliasing == 2) in_place(random, condition, output, n);
    if (aliasing == 4) x = {second.first, second.stride};
    const stores how = random.below(4) == 0 ? stores::streamed : stores::cached;
    if (random.below(3) > 0) {
      compare_where<Condition, Bits>(targets, condition, x, y, memory.output, output, n, scratch, cases, how);
    } else {
      compare_backward<Condition, Bits>(targets, condition, x, memory.output, output, memory.second, second,
                                        n, gradients, cases, how);
    }
  }
  cases.check();
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test

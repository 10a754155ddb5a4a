// where and where_backward on vectors, against the reference code, bit for bit: every width of elements and target.
#if defined(__x86_64__)
#define K754_WANTED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3)
#endif
#include <k754/where.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../support/aliased_memory.hpp"
#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/guarded_buffer.hpp"
#include "../support/ieee754.hpp"
#include "../support/random_tensor.hpp"
#include "../support/targets.hpp"
#include "../support/test_scale.hpp"

namespace k754_test {
namespace {

using namespace k754;
using detail::strided;

using byte_test = detail::is_nonzero<std::uint8_t>;
using byte_condition = detail::condition_run<byte_test>;

template <class Bits>
struct target_functions {
  std::string target;
  decltype(detail::choose_where<byte_test, Bits>()) where;
  decltype(detail::choose_where_backward<byte_test, Bits>()) where_backward;
};

/// Of all targets but the reference, unless there is no other.
template <class Bits>
std::vector<target_functions<Bits>> functions_for() {
  std::vector<target_functions<Bits>> all;
  for_each_target([&](const char* name) {
    if (!all.empty() && std::strcmp(name, "reference") == 0) return;
    all.push_back(
        {name, detail::choose_where<byte_test, Bits>(), detail::choose_where_backward<byte_test, Bits>()});
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
    if (output.first == nullptr) return;
    auto low = reinterpret_cast<unsigned char*>(n > 0 && output.stride < 0 ? output.at(n - 1) : output.first);
    auto high =
        reinterpret_cast<unsigned char*>(n > 0 && output.stride > 0 ? output.at(n - 1) : output.first);
    begin_ = low - memory.begin() < margin ? memory.begin() : low - margin;
    const auto end = memory.end() - high < margin ? memory.end() : high + margin;
    before_.assign(begin_, end);
  }

  /// What the window holds after output[i] = expected[i].
  void expect(const std::vector<Bits>& expected) {
    if (output_.first == nullptr) return;
    after_ = before_;
    for (index_t i = 0; i < n_; ++i) {
      std::memcpy(&after_[static_cast<std::size_t>(reinterpret_cast<unsigned char*>(output_.at(i)) - begin_)],
                  &expected[static_cast<std::size_t>(i)], sizeof(Bits));
    }
  }
  bool as_expected() const {
    return output_.first == nullptr || std::memcmp(begin_, after_.data(), after_.size()) == 0;
  }
  void restore() const {
    if (output_.first != nullptr) std::memcpy(begin_, before_.data(), before_.size());
  }

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

template <class Bits>
void compare_where(const std::vector<target_functions<Bits>>& targets, const byte_condition& condition,
                   strided<const Bits> x, strided<const Bits> y, const guarded_buffer& memory,
                   strided<Bits> output, index_t n, std::vector<Bits>& scratch, case_count& cases) {
  scratch.resize(static_cast<std::size_t>(n) + 1);
  reference::where<Bits>(condition, x, y, strided<Bits>{scratch.data(), 1}, n);
  output_window<Bits> window(memory, output, n);
  window.expect(scratch);
  for (const target_functions<Bits>& target : targets) {
    target.where(condition, x, y, output, n);
    if (!window.as_expected()) {
      INFO(target.target << ", n = " << n << ", strides " << condition.values.stride << ", " << x.stride
                         << ", " << y.stride << ", " << output.stride << ", in place of "
                         << (output.first == x.first) << (output.first == y.first));
      REQUIRE(window.as_expected());
    }
    window.restore();
  }
  cases.add(static_cast<long>(targets.size()));
}

/// Outputs that are not wanted have null pointers.
template <class Bits>
void compare_backward(const std::vector<target_functions<Bits>>& targets, const byte_condition& condition,
                      strided<const Bits> upstream, const guarded_buffer& dx_memory, strided<Bits> dx,
                      const guarded_buffer& dy_memory, strided<Bits> dy, index_t n,
                      std::array<std::vector<Bits>, 2>& scratch, case_count& cases) {
  for (auto& expected : scratch) expected.resize(static_cast<std::size_t>(n) + 1);
  reference::where_backward<Bits>(condition, upstream, strided<Bits>{scratch[0].data(), 1},
                                  strided<Bits>{scratch[1].data(), 1}, n);
  output_window<Bits> dx_window(dx_memory, dx, n), dy_window(dy_memory, dy, n);
  dx_window.expect(scratch[0]);
  dy_window.expect(scratch[1]);
  for (const target_functions<Bits>& target : targets) {
    target.where_backward(condition, upstream, dx, dy, n);
    if (!dx_window.as_expected() || !dy_window.as_expected()) {
      INFO(target.target << ", n = " << n << ", strides " << condition.values.stride << ", "
                         << upstream.stride << ", " << dx.stride << ", " << dy.stride);
      REQUIRE(dx_window.as_expected());
      REQUIRE(dy_window.as_expected());
    }
    dx_window.restore();
    dy_window.restore();
  }
  cases.add(static_cast<long>(targets.size()));
}

void fill_condition(random_bits& random, const strided<std::uint8_t>& condition, index_t n) {
  const std::uint64_t mode = random.below(8);
  std::uint64_t bits = 0;
  for (index_t i = 0; i < n; ++i) {
    if (i % 8 == 0) bits = random();
    const auto byte = static_cast<std::uint8_t>(bits >> (8 * (i % 8)));
    *condition.at(i) = mode == 0   ? std::uint8_t{0}
                       : mode == 1 ? (byte == 0 ? std::uint8_t{7} : byte)
                                   : static_cast<std::uint8_t>((byte & 1) != 0 ? byte : 0);
  }
}

index_t random_length(random_bits& random) {  // short ones are the likeliest
  const std::uint64_t bits = random.below(9);
  return static_cast<index_t>(random.below(std::uint64_t{2} << bits)) % 301;
}

template <class Bits>
std::size_t bytes_for(index_t n, index_t stride) {
  return static_cast<std::size_t>(n * stride) * sizeof(Bits);
}

}  // namespace

TEST_CASE(
    "where along runs of every length, one byte of the condition unlike the others, between guarded pages") {
  for_each_width([]<class Bits>() {
    case_count cases(about_width<Bits>("where, lengths x positions"), sweep_floor(2'000));
    const auto targets = functions_for<Bits>();
    const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(Bits)) + 3;
    const memories memory(bytes_for<Bits>(longest + 20, 1));
    std::vector<Bits> scratch;
    random_bits random(1);
    const index_t step = 1 + test_scale() / 4;
    for (index_t n = 0; n <= longest; ++n) {
      for (int kind = 0; kind < 8; ++kind) {  // condition, x, y: adjacent elements, or one value
        const index_t c_stride = kind & 1, x_stride = kind >> 1 & 1, y_stride = kind >> 2 & 1;
        for (index_t position = -1 + n % step; position < (c_stride == 0 ? 1 : n); position += step) {
          const index_t turn = position + 1 + n;
          const auto condition = place<std::uint8_t>(memory.condition, n, c_stride, turn % 3);
          const auto x = place<const Bits>(memory.x, n, x_stride, turn % 3 == 2 ? turn : (turn + 1) % 2);
          const auto y = place<const Bits>(memory.y, n, y_stride, turn % 5 == 2 ? turn : (turn / 2) % 2);
          const auto output = place<Bits>(memory.output, n, 1, turn % 4 > 1 ? turn : turn % 2);
          const bool others = turn / 3 % 2 == 0;
          for (index_t i = 0; i < n; ++i) {
            const bool truth = others != (i == position);
            *condition.at(i) = static_cast<std::uint8_t>(truth ? std::uint64_t{1} << random.below(8) : 0);
          }
          compare_where<Bits>(targets, {{condition.first, c_stride}, {}}, x, y, memory.output, output, n,
                              scratch, cases);
        }
      }
    }
    cases.check();
  });
}

TEST_CASE("where along random runs: strides, repeated operands, in place") {
  for_each_width([]<class Bits>() {
    case_count cases(about_width<Bits>("where, random"), scaled(2'000'000));
    const auto targets = functions_for<Bits>();
    const memories memory(bytes_for<Bits>(301, 3) + 4096);
    std::vector<Bits> scratch;
    random_bits random(2);
    const auto placement = [&] {
      return static_cast<index_t>(random.below(2) == 0 ? random.below(2) : random.below(500));
    };
    const std::array<index_t, 8> strides{0, 0, 1, 1, 1, 2, -1, -3};
    const auto stride = [&] { return strides[random.below(8)]; };
    const long rounds = scaled(2'000'000) / static_cast<long>(targets.size()) + 1;
    for (long round = 0; round < rounds; ++round) {
      const index_t n = random_length(random);
      auto condition = place<std::uint8_t>(memory.condition, n, stride(), placement());
      auto x = place<const Bits>(memory.x, n, stride(), placement());
      auto y = place<const Bits>(memory.y, n, stride(), placement());
      const index_t output_stride = random.below(4) > 0 ? 1 : strides[2 + random.below(6)];
      const auto output = place<Bits>(memory.output, n, output_stride, placement());
      if (random.below(16) == 0) y = x;
      switch (random.below(8)) {
        case 0:
          x = {output.first, output.stride};
          break;
        case 1:
          y = {output.first, output.stride};
          break;
        case 2:
          if constexpr (sizeof(Bits) == 1) condition = output;
          break;
        case 3:
          x = y = {output.first, output.stride};
          break;
        default:;
      }
      fill_condition(random, condition, n);
      compare_where<Bits>(targets, {{condition.first, condition.stride}, {}}, x, y, memory.output, output, n,
                          scratch, cases);
    }
    cases.check();
  });
}

TEST_CASE("where_backward along runs of every length, one byte of the condition unlike the others") {
  for_each_width([]<class Bits>() {
    case_count cases(about_width<Bits>("where_backward, lengths x positions"), sweep_floor(2'000));
    const auto targets = functions_for<Bits>();
    const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(Bits)) + 3;
    const memories memory(bytes_for<Bits>(longest + 20, 1));
    std::array<std::vector<Bits>, 2> scratch;
    random_bits random(3);
    const index_t step = 1 + test_scale() / 4;
    for (index_t n = 0; n <= longest; ++n) {
      for (int kind = 0; kind < 12;
           ++kind) {  // condition, upstream: adjacent or one value; both gradients or one
        const index_t c_stride = kind & 1, upstream_stride = kind >> 1 & 1;
        for (index_t position = -1 + n % step; position < (c_stride == 0 ? 1 : n); position += step) {
          const index_t turn = position + 1 + n;
          const auto condition = place<std::uint8_t>(memory.condition, n, c_stride, turn % 3);
          const auto upstream =
              place<const Bits>(memory.x, n, upstream_stride, turn % 3 == 2 ? turn : (turn + 1) % 2);
          auto dx = place<Bits>(memory.output, n, 1, turn % 4 > 1 ? turn : turn % 2);
          auto dy = place<Bits>(memory.second, n, 1, turn % 5 > 1 ? turn : (turn / 2) % 2);
          if (kind / 4 == 1) dx = {nullptr, 0};
          if (kind / 4 == 2) dy = {nullptr, 0};
          const bool others = turn / 3 % 2 == 0;
          for (index_t i = 0; i < n; ++i) {
            const bool truth = others != (i == position);
            *condition.at(i) = static_cast<std::uint8_t>(truth ? std::uint64_t{1} << random.below(8) : 0);
          }
          compare_backward<Bits>(targets, {{condition.first, c_stride}, {}}, upstream, memory.output, dx,
                                 memory.second, dy, n, scratch, cases);
        }
      }
    }
    cases.check();
  });
}

TEST_CASE("where_backward along random runs: strides, one gradient or two, in place") {
  for_each_width([]<class Bits>() {
    case_count cases(about_width<Bits>("where_backward, random"), scaled(2'000'000));
    const auto targets = functions_for<Bits>();
    const memories memory(bytes_for<Bits>(301, 3) + 4096);
    std::array<std::vector<Bits>, 2> scratch;
    random_bits random(4);
    const auto placement = [&] {
      return static_cast<index_t>(random.below(2) == 0 ? random.below(2) : random.below(500));
    };
    const std::array<index_t, 8> strides{0, 0, 1, 1, 1, 2, -1, -3};
    const auto output_stride = [&] { return random.below(4) > 0 ? 1 : strides[2 + random.below(6)]; };
    const long rounds = scaled(2'000'000) / static_cast<long>(targets.size()) + 1;
    for (long round = 0; round < rounds; ++round) {
      const index_t n = random_length(random);
      auto condition = place<std::uint8_t>(memory.condition, n, strides[random.below(8)], placement());
      auto upstream = place<const Bits>(memory.x, n, strides[random.below(8)], placement());
      auto dx = place<Bits>(memory.output, n, output_stride(), placement());
      auto dy = place<Bits>(memory.second, n, output_stride(), placement());
      switch (random.below(8)) {
        case 0:
          upstream = {dx.first, dx.stride};
          break;
        case 1:
          upstream = {dy.first, dy.stride};
          break;
        case 2:
          if constexpr (sizeof(Bits) == 1) condition = dx;
          break;
        case 3:
          if constexpr (sizeof(Bits) == 1) condition = dy;
          break;
        case 4:
          dx = {nullptr, 0};
          break;
        case 5:
          dy = {nullptr, 0};
          break;
        default:;
      }
      fill_condition(random, condition, n);
      compare_backward<Bits>(targets, {{condition.first, condition.stride}, {}}, upstream, memory.output, dx,
                             memory.second, dy, n, scratch, cases);
    }
    cases.check();
  });
}

TEST_CASE("where and its gradient of random tensors, through the public interface, on every target") {
  case_count cases("tensors x targets", sweep_floor(1'500));
  std::mt19937_64 random(5);
  for_widths<std::int8_t, float16, float, double>([&]<class T>() {
    for (long round = 0; round < scaled(200); ++round) {
      index_vector shape = random_shape(random, 4, 5);
      if (shape.empty()) shape.push_back(3);
      shape[static_cast<std::size_t>(random_below(random, std::ssize(shape)))] =
          1 + random_below(random, 200);
      random_tensor<std::uint8_t> c(random, random_operand_shape(random, shape), true);
      for (unsigned char& byte : c.memory) byte = static_cast<unsigned char>((byte & 1) != 0 ? byte : 0);
      random_tensor<T> x(random, random_operand_shape(random, shape), true),
          y(random, random_operand_shape(random, shape), true);
      random_tensor<T> upstream(random, random_operand_shape(random, shape), true);
      bool fits = false;
      const index_vector joined = broadcast_shape({c.extents, x.extents, y.extents}, fits);
      random_tensor<T> output(random, joined, false), dx(random, shape, false), dy(random, shape, false);
      const auto output_before = output.memory, dx_before = dx.memory, dy_before = dy.memory;
      auto expected_output = output_before, expected_dx = dx_before, expected_dy = dy_before;
      const auto in = [](auto& expected, random_tensor<T>& tensor, const index_vector& index) {
        return expected.data() + (tensor.at(index) - tensor.memory.data());
      };
      for_each_index(joined, [&](const index_vector& index) {
        std::memcpy(in(expected_output, output, index), *c.at(index) != 0 ? x.at(index) : y.at(index),
                    sizeof(T));
      });
      for_each_index(shape, [&](const index_vector& index) {
        const T zero{};
        const bool live = *c.at(index) != 0;
        std::memcpy(in(expected_dx, dx, index), live ? upstream.at(index) : static_cast<const void*>(&zero),
                    sizeof(T));
        std::memcpy(in(expected_dy, dy, index), live ? static_cast<const void*>(&zero) : upstream.at(index),
                    sizeof(T));
      });
      for_each_target([&](const char*) {
        output.memory = output_before;
        dx.memory = dx_before;
        dy.memory = dy_before;
        REQUIRE(try_where(c.view(), x.view(), y.view(), output.view()) == status::ok);
        REQUIRE(try_where_backward(c.view(), upstream.view(), dx.view(), dy.view()) == status::ok);
        const bool same =
            output.memory == expected_output && dx.memory == expected_dx && dy.memory == expected_dy;
        REQUIRE(same);
        cases.add();
      });
    }
  });
  cases.check();
}

TEST_CASE("where beyond 2^31 elements") {
  if (test_scale() > 1) {
    std::puts("  left out: for real machines");
    return;
  }
  constexpr std::size_t many = std::size_t{1} << 31;
  const aliased_memory condition(many / aliased_memory::piece_bytes),
      output(many / aliased_memory::piece_bytes);
  if (condition.data() == nullptr || output.data() == nullptr) {
    std::printf("  left out: the system maps no %zu bytes\n", condition.size());
    return;
  }
  random_bits random(6);
  for (std::size_t i = 0; i < aliased_memory::piece_bytes; ++i) {
    condition.own_piece()[i] = static_cast<unsigned char>(random.below(3));
  }
  const auto n = static_cast<index_t>(output.size()) - 5;
  const std::uint8_t five = 5, seven = 7;
  detail::choose_where<byte_test, std::uint8_t>()({{condition.data(), 1}, {}}, {&five, 0}, {&seven, 0},
                                                  {output.data(), 1}, n);
  case_count cases("elements behind the 2^31st", static_cast<long>(aliased_memory::piece_bytes));
  bool same = true;
  for (index_t i = static_cast<index_t>(many); i < static_cast<index_t>(output.size()); ++i) {
    const std::uint8_t expected = i >= n ? 0 : condition.data()[i] != 0 ? five : seven;
    same = same && output.data()[i] == expected;
    cases.add();
  }
  CHECK(same);
  CHECK(output.data()[0] == seven);
  cases.check();
}

}  // namespace k754_test

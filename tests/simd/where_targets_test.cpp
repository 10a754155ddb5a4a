// where and where_backward on vectors, for conditions of bytes: every width of elements and target.
#include "where_runs.hpp"

#include "../support/aliased_memory.hpp"

namespace k754_test {
namespace {

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

}  // namespace

TEST_CASE(
    "where along runs of every length, one byte of the condition unlike the others, between guarded pages") {
  for_each_width([]<class Bits>() {
    const guarded_buffer memory(1024);
    random_bits random(1);
    compare_all_lengths<byte_run, Bits>(
        "where of bytes, lengths x positions",
        [&](index_t n, index_t stride, index_t turn) {
          return byte_run{place<const std::uint8_t>(memory, n, stride, turn % 3 == 2 ? turn : turn % 2)};
        },
        [&](const byte_run& condition, index_t i, bool truth) {
          *const_cast<std::uint8_t*>(condition.bytes.at(i)) =
              static_cast<std::uint8_t>(truth ? std::uint64_t{1} << random.below(8) : 0);
        });
  });
}

TEST_CASE("where of bytes along random runs: strides, repeated operands, in place") {
  for_each_width([]<class Bits>() {
    const guarded_buffer memory(4096);
    const std::array<index_t, 8> strides{0, 1, 1, 1, 1, 2, -1, -3};
    compare_random_runs<byte_run, Bits>(
        "where of bytes, random",
        [&](random_bits& random, index_t n) {
          const auto bytes = place<std::uint8_t>(
              memory, n, strides[random.below(8)],
              static_cast<index_t>(random.below(2) == 0 ? random.below(2) : random.below(500)));
          fill_condition(random, bytes, n);
          return byte_run{{bytes.first, bytes.stride}};
        },
        [](random_bits& random, byte_run& condition, const strided<Bits>& output, index_t n) {
          if constexpr (sizeof(Bits) == 1) {
            fill_condition(random, output, n);
            condition = {{output.first, output.stride}};
          }
        });
  });
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
  const auto check = [&](const auto& run) {
    using run_type = std::remove_cvref_t<decltype(run)>;
    detail::choose<detail::where_kernel<run_type, std::uint8_t>>()(run, {&five, 0}, {&seven, 0},
                                                                   {output.data(), 1}, n, stores::cached);
    case_count cases("elements behind the 2^31st", static_cast<long>(aliased_memory::piece_bytes));
    bool same = true;
    for (index_t i = static_cast<index_t>(many); i < static_cast<index_t>(output.size()); ++i) {
      const std::uint8_t expected = i >= n ? 0 : run(i) ? five : seven;
      same = same && output.data()[i] == expected;
      cases.add();
    }
    CHECK(same);
    CHECK(output.data()[0] == (run(0) ? five : seven));
    cases.check();
  };
  check(byte_run{{condition.data(), 1}});
  check(bit_run{condition.data(), 3, 1});
}

}  // namespace k754_test

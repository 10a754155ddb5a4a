// where and where_backward on vectors, for conditions of packed bits: every width of elements, target and offset in a byte.
#include "where_runs.hpp"

namespace k754_test {
namespace {

void set_bit(const bit_run& bits, index_t i, bool truth) {
  const index_t bit = bits.first + i * bits.stride;
  auto& byte = const_cast<std::uint8_t&>(bits.bytes[bit / 8]);
  byte = static_cast<std::uint8_t>((byte & ~(1U << (bit % 8))) | (truth ? 1U : 0U) << (bit % 8));
}

/// Bits of which the last (placement 1) or the first (0) lies in the last or first byte that may be read.
bit_run place_bits(const guarded_buffer& memory, index_t n, index_t stride, index_t placement,
                   index_t offset) {
  const index_t reach = n > 0 ? (n - 1) * (stride < 0 ? -stride : stride) + 1 : 0;
  const index_t bytes = (offset + reach + 7) / 8, room = static_cast<index_t>(memory.size()) - bytes;
  const index_t begin = placement == 0 ? 0 : placement == 1 ? room : (placement - 1) % (room + 1);
  return {memory.begin() + begin, offset + (stride < 0 && n > 0 ? (1 - n) * stride : 0), stride};
}

}  // namespace

TEST_CASE("copy_bits takes bits from anywhere, and reads no byte without any") {
  case_count cases("offsets x lengths x placements", 8 * 130 * 2);
  const guarded_buffer memory(64);
  random_bits random(3);
  for (index_t offset = 0; offset < 8; ++offset) {
    for (index_t n = 0; n < 130; ++n) {
      for (index_t placement = 0; placement < 2; ++placement) {
        const bit_run bits = place_bits(memory, n, 1, placement, offset);
        for (index_t i = 0; i < n; ++i) set_bit(bits, i, random.below(2) == 0);
        std::array<std::uint8_t, 18> to;
        to.fill(0xA5);
        detail::copy_bits(bits.bytes, bits.first, n, to.data());
        bool same = true;
        for (index_t i = 0; i < 144; ++i) {
          const bool bit = (to[static_cast<std::size_t>(i) / 8] >> (i % 8) & 1) != 0;
          const bool untouched = (0xA5 >> (i % 8) & 1) != 0;
          same = same && bit == (i < n ? bits(i) : i < (n + 7) / 8 * 8 ? false : untouched);
        }
        REQUIRE(same);
        cases.add();
      }
    }
  }
  cases.check();
}

TEST_CASE("where along runs of every length, one packed bit unlike the others, between guarded pages") {
  for_each_width([]<class Bits>() {
    const guarded_buffer memory(256);
    index_t offset = 0;
    compare_all_lengths<bit_run, Bits>(
        "where of packed bits, lengths x positions",
        [&](index_t n, index_t stride, index_t turn) {
          offset = (offset + 3) % 8;
          return place_bits(memory, n, stride, turn % 3 == 2 ? turn : turn % 2, offset);
        },
        [](const bit_run& condition, index_t i, bool truth) { set_bit(condition, i, truth); });
  });
}

TEST_CASE("where of packed bits along random runs: offsets, strides, repeated operands, in place") {
  for_each_width([]<class Bits>() {
    const guarded_buffer memory(1024);
    const std::array<index_t, 8> strides{0, 1, 1, 1, 1, 1, -1, 3};
    compare_random_runs<bit_run, Bits>(
        "where of packed bits, random",
        [&](random_bits& random, index_t n) {
          for (int i = 0; i < 4; ++i) {
            const std::uint64_t word = random.below(8) == 0 ? 0 : random();
            std::memcpy(memory.begin() + 8 * random.below(memory.size() / 8), &word, 8);
          }
          return place_bits(memory, n, strides[random.below(8)],
                            static_cast<index_t>(random.below(2) == 0 ? random.below(2) : random.below(500)),
                            static_cast<index_t>(random.below(8)));
        },
        [](random_bits&, bit_run&, const strided<Bits>&, index_t) {});
  });
}

}  // namespace k754_test

// Conditions that numbers make: as intervals of keys against their definition, and on vectors against the intervals.
#include "where_runs.hpp"

#include <limits>

namespace k754_test {
namespace {

template <class T>
std::vector<T> special_numbers() {
  std::vector<T> all;
  if constexpr (floating<T>) {
    using format = detail::format_of<T>;
    for (const std::uint64_t bits :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, format::smallest_normal - 1,
          format::smallest_normal, format::smallest_normal + 1, format::infinity - 1, format::infinity,
          format::infinity + 1, format::infinity | format::quiet_bit, format::sign_bit - 1,
          format::infinity / 2}) {
      all.push_back(from_bytes<T>(bits));
      all.push_back(from_bytes<T>(bits | format::sign_bit));
    }
  } else {
    for (int shift = 0; shift < static_cast<int>(8 * sizeof(T)); shift += 7) {
      for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
        all.push_back(from_bytes<T>((std::uint64_t{1} << shift) + bits));
        all.push_back(from_bytes<T>(~((std::uint64_t{1} << shift) + bits)));
      }
    }
    all.push_back((std::numeric_limits<T>::max)());
    all.push_back((std::numeric_limits<T>::lowest)());
  }
  return all;
}

template <class T>
detail::bits_type<T> bits_of_number(T x) {
  return static_cast<detail::bits_type<T>>(bytes_of(x));
}

template <class... Types, class Body>
void for_number_types(Body&& body) {
  (body.template operator()<Types>(), ...);
}
template <class Body>
void for_all_numbers(Body&& body) {
  for_number_types<float16, bfloat16, float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                   std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(body);
}

}  // namespace

TEST_CASE("WH-05: the interval of keys of a condition holds what its definition says") {
  case_count cases("numbers x thresholds", sweep_floor(1'000'000));
  for_all_numbers([&]<class T>() {
    std::vector<T> numbers = special_numbers<T>();
    const std::vector<T> special = numbers;
    random_bits random(1);
    if constexpr (sizeof(T) <= 2) {
      const std::uint64_t step = sizeof(T) == 1 ? 1 : 1 + 7 * static_cast<std::uint64_t>(test_scale() - 1);
      for (std::uint64_t bits = 0; bits < std::uint64_t{1} << (8 * sizeof(T)); bits += step) {
        numbers.push_back(from_bytes<T>(bits));
      }
    } else {
      for (int i = 0; i < 2000; ++i) numbers.push_back(from_bytes<T>(random()));
    }
    bool same = true;
    const auto nonzero_interval = detail::interval_of(detail::is_nonzero<T>{});
    for (const T x : numbers) same = same && nonzero_interval(bits_of_number(x)) == reference::nonzero(x);
    REQUIRE(same);
    for (const T t : special) {
      const auto interval = detail::interval_of(detail::is_greater<T>{t});
      for (const T x : numbers) {
        same = same && interval(bits_of_number(x)) == reference::greater_than(x, t);
        cases.add();
      }
      REQUIRE(same);
    }
    for (const T t : numbers) {
      const auto interval = detail::interval_of(detail::is_greater<T>{t});
      for (const T x : special) {
        same = same && interval(bits_of_number(x)) == reference::greater_than(x, t);
        cases.add();
      }
    }
    REQUIRE(same);
  });
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto bits = static_cast<std::uint8_t>(byte);
    CHECK(detail::interval_of(detail::is_nonzero<bool>{})(bits) == (byte != 0));
    CHECK(detail::interval_of(detail::is_greater<bool>{false})(bits) == (byte != 0));
    CHECK_FALSE(detail::interval_of(detail::is_greater<bool>{true})(bits));
  }
  cases.check();
}

TEST_CASE("Numbers are tested on every target: lengths, places, special values, between guarded pages") {
  for_all_numbers([]<class T>() {
    using bits = detail::bits_type<T>;
    case_count cases("numbers tested, " +
                         std::string(floating<T>           ? "floating, "
                                     : std::is_signed_v<T> ? "signed, "
                                                           : "unsigned, ") +
                         std::to_string(8 * sizeof(T)) + " bits" +
                         (std::is_same_v<T, bfloat16> ? " (bfloat16)" : ""),
                     scaled(2'000'000));
    struct tested {
      std::string target;
      typename detail::test_elements_kernel<bits>::function* test;
    };
    std::vector<tested> targets;
    for_each_target([&](const char* name) {
      if (targets.empty() || std::strcmp(name, "reference") != 0) {
        targets.push_back({name, detail::choose<detail::test_elements_kernel<bits>>()});
      }
    });
    const std::vector<T> special = special_numbers<T>();
    const guarded_buffer memory(4096);
    std::array<std::uint8_t, 96> expected, actual;
    random_bits random(7);
    const auto fill = [&](strided<bits> x, index_t n, T near) {
      for (index_t i = 0; i < n; ++i) {
        const std::uint64_t kind = random.below(4);
        const T value = kind == 0   ? special[random.below(special.size())]
                        : kind == 1 ? from_bytes<T>(bytes_of(near) + random.below(3) - 1)
                                    : from_bytes<T>(random());
        std::memcpy(x.at(i), &value, sizeof(T));
      }
    };
    const auto compare = [&](strided<const bits> x, index_t n, const detail::key_interval<bits>& interval) {
      expected.fill(0x5A);
      detail::test_elements_in_turn(x.first, n, interval, expected.data());
      for (const tested& target : targets) {
        actual.fill(0x5A);
        target.test(x.first, n, interval, actual.data());
        bool same =
            true;  // what lies behind the last bit of a byte is not looked at, further bytes are not written
        for (index_t i = 0; i < 8 * static_cast<index_t>(actual.size()); ++i) {
          const auto byte = static_cast<std::size_t>(i / 8);
          if (i >= n && i < (n + 7) / 8 * 8) continue;
          same = same && ((actual[byte] ^ expected[byte]) >> (i % 8) & 1) == 0;
        }
        if (!same) {
          INFO(target.target << ", n = " << n << ", low " << +interval.low << ", high " << +interval.high);
          REQUIRE(same);
        }
        cases.add(n > 0 ? n : 1);
      }
    };
    const index_t longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(bits)) + 3;
    for (index_t n = 0; n <= longest; ++n) {
      for (index_t turn = 0; turn < 12; ++turn) {
        const T threshold = special[static_cast<std::size_t>(n + 5 * turn) % special.size()];
        const auto x = place<bits>(memory, n, 1, turn % 3 == 2 ? turn + n : turn % 3);
        fill(x, n, turn % 2 == 0 ? T{} : threshold);
        compare({x.first, 1}, n,
                turn % 2 == 0 ? detail::interval_of(detail::is_nonzero<T>{})
                              : detail::interval_of(detail::is_greater<T>{threshold}));
      }
    }
    const long rounds = scaled(2'000'000) / 200 / static_cast<long>(targets.size()) + 1;
    for (long round = 0; round < rounds; ++round) {
      const index_t n = 256 + static_cast<index_t>(random.below(200)) % (longest > 512 ? 500 : longest);
      const T threshold =
          random.below(3) == 0 ? special[random.below(special.size())] : from_bytes<T>(random());
      const auto x = place<bits>(memory, n, 1, static_cast<index_t>(random.below(50)));
      fill(x, n, threshold);
      compare({x.first, 1}, n, detail::interval_of(detail::is_greater<T>{threshold}));
    }
    cases.check();
  });
}

}  // namespace k754_test

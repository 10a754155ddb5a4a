// Runs of elementwise kernels on every target, against the reference code, bit for bit.
#pragma once

#include <k754/simd.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
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
using detail::strided;

/// `n` elements `stride` apart, at the begin or the end of guarded memory.
template <class T>
strided<T> place_run(const guarded_buffer& memory, index_t n, index_t stride, bool at_end) {
  const index_t reach = (n - 1) * stride, size = static_cast<index_t>(memory.size() / sizeof(T));
  const index_t low = reach < 0 ? reach : 0, high = reach > 0 ? reach : 0;
  REQUIRE(high - low < size);
  return {reinterpret_cast<T*>(memory.begin()) + (at_end ? size - 1 - high : -low), stride};
}

/// Every code of a kernel that a target has of its own against the definition; the whole memory of the outputs is
/// compared.
template <class Kernel>
class run_comparison {
 public:
  run_comparison() {
    for_each_target([&](const char* name) {
      auto* const code = detail::choose<Kernel>();
      if (code != Kernel::scalar || (codes_.empty() && std::strcmp(name, "reference") == 0)) {
        codes_.push_back({name, code});
      }
    });
  }

  template <class Run>
  void compare(const Run& run, const std::vector<const guarded_buffer*>& outputs, case_count& cases) {
    const auto before = contents_of(outputs);
    Kernel::scalar(run);
    const auto expected = contents_of(outputs);
    for (const target_code& code : codes_) {
      restore(outputs, before);
      code.compute(run);
      for (std::size_t n = 0; n < outputs.size(); ++n) {
        const unsigned char* const came = outputs[n]->begin();
        const bool same = std::memcmp(came, expected[n].data(), expected[n].size()) == 0;
        if (!same) {
          std::size_t byte = 0;
          while (came[byte] == expected[n][byte]) ++byte;
          INFO(code.target << ": " << run.length << " elements, output " << n << ", byte " << byte);
          REQUIRE(same);
        }
      }
    }
    restore(outputs, before);
    cases.add(run.length);
  }

 private:
  struct target_code {
    std::string target;
    typename Kernel::function* compute;
  };
  using contents = std::vector<std::vector<unsigned char>>;

  static contents contents_of(const std::vector<const guarded_buffer*>& memories) {
    contents all;
    for (const guarded_buffer* m : memories) all.emplace_back(m->begin(), m->end());
    return all;
  }
  static void restore(const std::vector<const guarded_buffer*>& memories, const contents& before) {
    for (std::size_t n = 0; n < memories.size(); ++n) {
      std::memcpy(memories[n]->begin(), before[n].data(), before[n].size());
    }
  }

  std::vector<target_code> codes_;
};

/// Elements of every kind: any bits, magnitudes around one, the neighbourhood of one, special values.
template <floating T>
class element_source {
 public:
  explicit element_source(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  T next() {
    const std::uint64_t r = random_();
    const auto one = to_bits(T(1.0F));
    const auto any = static_cast<bits_of<T>>(random_() >> 7);
    switch (r % 8) {
      case 0:
        return edges_[(r >> 8) % edges_.size()];
      case 1:
        return from_bits<T>(static_cast<bits_of<T>>(one + (r >> 8) % 64 - 32));
      case 2:
      case 3:
        return from_bits<T>(any);
      case 4:
        return T(-static_cast<float>((r >> 8) % (std::uint64_t{1} << 20)) * 0x1p-13F);  // -128 .. 0
      default:
        break;
    }
    return T(static_cast<float>((r >> 8) % (std::uint64_t{1} << 24)) * 0x1p-21F);  // 0 .. 8
  }
  /// Between 1/256 and 256, more of them close to 1; what vectors do without looking back.
  T ordinary(bool any_sign) {
    const std::uint64_t step = std::uint64_t{detail::format_of<T>::smallest_normal};
    const std::uint64_t r = random_();
    const std::uint64_t distance = random_() % (8 * step) >> (r % 4 == 0 ? (r >> 2) % 50 : 0);
    const std::uint64_t one = to_bits(T(1.0F)),
                        magnitude = (r >> 8) % 2 == 0 ? one + distance : one - distance;
    return from_bits<T>(static_cast<bits_of<T>>(
        magnitude | (any_sign && (r >> 9) % 2 == 0 ? detail::format_of<T>::sign_bit : 0)));
  }
  /// Of any magnitude, subnormal ones too.
  T of_any_magnitude() {
    return from_bits<T>(static_cast<bits_of<T>>(random_() % detail::format_of<T>::infinity));
  }
  /// Exponents, of which the exponential is infinite, a number, or zero.
  T exponent() {
    const auto unit = static_cast<double>(static_cast<std::int64_t>(random_())) * 0x1p-63;
    if constexpr (std::is_same_v<T, double>) {
      return 800.0 * unit;
    } else {
      return T(static_cast<float>(112.0 * unit));
    }
  }
  /// Runs with elements of all kinds, positive ones of any magnitude, exponents, and ordinary ones.
  void fill(strided<const T> x, index_t n) {
    const std::uint64_t kind = random_.below(8);
    for (index_t i = 0; i < n; ++i) {
      const T element = kind < 2    ? next()
                        : kind == 2 ? of_any_magnitude()
                        : kind == 3 ? exponent()
                                    : ordinary(kind == 4);
      detail::store(const_cast<T*>(x.at(i)), element);
    }
  }
  const std::vector<T>& edges() const { return edges_; }
  index_t stride() { return std::array<index_t, 8>{1, 1, 1, 1, 2, 3, -1, -2}[random_.below(8)]; }
  bool flip() { return random_.below(2) == 0; }

 private:
  random_bits random_;
  std::vector<T> edges_ = edge_values<T>();
};

/// Lengths for random runs: few elements, some vectors, several blocks.
template <floating T>
index_t some_length(element_source<T>& source) {
  const std::uint64_t kind = source.below(8);
  return static_cast<index_t>(1 + source.below(kind == 0 ? 600 : kind < 3 ? 20 : 150));
}

template <floating T>
const char* type_name() {
  return std::is_same_v<T, double>    ? "f64"
         : std::is_same_v<T, float>   ? "f32"
         : std::is_same_v<T, float16> ? "f16"
                                      : "bf16";
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test

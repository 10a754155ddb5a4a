// The results of every kernel in a few numbers, one for each kernel and type: what compilers, optimisation levels,
// processors and SIMD targets must agree on. main.cpp compares them with those on record (recorded.hpp).
#pragma once

#include <k754/tensor_view.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../support/element_types.hpp"

namespace k754_conformance {

using k754::index_t;

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers everywhere.
class random_bits {
 public:
  explicit random_bits(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  index_t below(index_t n) { return static_cast<index_t>((next() >> 1) % static_cast<std::uint64_t>(n)); }

 private:
  std::uint64_t state_;
};

template <k754::element T>
std::uint64_t bits_of(const T& x) {
  k754::detail::bits_type<T> bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
template <k754::element T>
void set_bits(T& x, std::uint64_t value) {
  const auto bits = static_cast<k754::detail::bits_type<T>>(value);
  std::memcpy(static_cast<void*>(&x), &bits, sizeof bits);
}

/// What random elements look like.
enum class kind {
  any,       ///< any bits, every fourth a special value
  moderate,  ///< finite, of magnitudes 2^-8 to 2^4, every thirtieth a zero
  positive,  ///< the same without a sign
  mixed,     ///< moderate, every hundredth a special value
};

/// Zeros, extremes, infinities and NaNs; for integers the extremes.
template <k754::element T>
std::uint64_t special(random_bits& random) {
  const std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(T) - 1);
  if constexpr (k754::floating<T>) {
    using format = k754::detail::format_of<T>;
    const std::array<std::uint64_t, 10> magnitudes = {0,
                                                      1,
                                                      format::smallest_normal - 1,
                                                      format::smallest_normal,
                                                      format::smallest_normal + 1,
                                                      format::infinity - 1,
                                                      format::infinity,
                                                      format::infinity + 1,
                                                      format::canonical_nan,
                                                      format::sign_bit - 1};
    return magnitudes[random.next() % magnitudes.size()] | (random.next() % 2 == 0 ? sign : 0);
  } else {
    const std::array<std::uint64_t, 6> values = {0, 1, sign - 1, sign, sign + 1, 2 * sign - 1};
    return values[random.next() % values.size()];
  }
}

template <k754::element T>
std::uint64_t random_element(random_bits& random, kind what) {
  if (what == kind::any) return random.next() % 4 == 0 ? special<T>(random) : random.next();
  if (what == kind::mixed && random.next() % 100 == 0) return special<T>(random);
  if constexpr (k754::floating<T>) {
    using format = k754::detail::format_of<T>;
    if (random.next() % 30 == 0) return 0;
    const std::uint64_t one = k754::to_bits(static_cast<T>(1.0F)), implicit_bit = format::smallest_normal;
    const std::uint64_t exponent = (one / implicit_bit) - 8 + random.next() % 12;
    const std::uint64_t sign = what == kind::positive || random.next() % 2 == 0 ? 0 : format::sign_bit;
    return sign | exponent * implicit_bit | (random.next() % implicit_bit);
  } else {
    return random.next();
  }
}

/// A row-major tensor with random elements.
template <k754::element T, std::size_t Rank>
class tensor {
 public:
  explicit tensor(const std::array<index_t, Rank>& extents) : extents_(extents) {
    for (const index_t extent : extents) size_ *= static_cast<std::size_t>(extent);
    elements_ = std::make_unique<T[]>(size_ + 1);
  }
  tensor(const std::array<index_t, Rank>& extents, random_bits& random, kind what) : tensor(extents) {
    for (std::size_t i = 0; i < size_; ++i) set_bits(elements_[i], random_element<T>(random, what));
  }

  T* data() const { return elements_.get(); }
  std::size_t size() const { return size_; }
  k754::tensor_view<const T, Rank> in() const { return {elements_.get(), extents_}; }
  k754::tensor_view<T, Rank> out() const { return {elements_.get(), extents_}; }

 private:
  std::array<index_t, Rank> extents_;
  std::size_t size_ = 1;
  std::unique_ptr<T[]> elements_;
};

/// The results so far of one kernel and type.
class digest {
 public:
  void add(std::uint64_t bits) {
    hash_ = (hash_ ^ bits) * 0x100000001B3U;
    hash_ ^= hash_ >> 29;
    ++values_;
  }
  template <k754::element T, std::size_t Rank>
  void add(k754::status status, const tensor<T, Rank>& results) {
    if (status != k754::status::ok) ++refused_;
    for (std::size_t i = 0; i < results.size(); ++i) add(bits_of(results.data()[i]));
  }
  std::uint64_t hash() const { return hash_; }
  long values() const { return values_; }
  long refused() const { return refused_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
  long values_ = 0, refused_ = 0;
};

struct result {
  std::string name;
  std::uint64_t hash;
  long values, refused;
};
using results = std::vector<result>;

/// Appends the digest that `body(digest, random)` fills. Its place decides the random numbers.
template <k754::element T, class Body>
void record(results& to, const char* kernel, Body&& body) {
  digest d;
  random_bits random(to.size() + 1);
  body(d, random);
  to.push_back({std::string(kernel).append(" ").append(k754_test::long_name(k754_test::dtype_of<T>())),
                d.hash(), d.values(), d.refused()});
}

void add_argmax(results& to);
void add_where(results& to);
void add_sum_to_shape(results& to);
void add_softmax(results& to);
void add_xlogy(results& to);
void add_cross_entropy(results& to);
void add_conv2d(results& to);
void add_fast_softmax(results& to);
void add_exact_softmax(results& to);
void add_exp_log(results& to);
void add_more_xlogy(results& to);

}  // namespace k754_conformance

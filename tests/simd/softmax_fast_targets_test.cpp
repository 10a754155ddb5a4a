// softmax, log_softmax and logsumexp under precision::fast on every target, against the definition, bit for bit.
#include <k754/softmax.hpp>

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
namespace {

using namespace k754;
using detail::row_kernel;
using detail::row_run;

template <floating T>
constexpr const char* name_of = std::is_same_v<T, float>     ? "f32"
                                : std::is_same_v<T, float16> ? "f16"
                                                             : "bf16";

/// Rows of a random kind each: near each other, wide, far from zero, tiny, tied, with -inf, anything finite.
template <floating T>
class random_rows {
 public:
  explicit random_rows(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  void fill(T* x, index_t length, index_t along) {
    const std::uint64_t kind = random_.below(8);
    constexpr std::array<float, 8> offsets{0.0F, 100.0F, -300.0F, 255.5F, 3e4F, -1e5F, -1e30F, 1e38F};
    const float offset = offsets[random_.below(8)];
    for (index_t i = 0; i < length; ++i) detail::store(x + i * along, element(kind, offset));
  }

 private:
  T element(std::uint64_t kind, float offset) {
    using layout = detail::format_of<T>;
    const std::uint64_t r = random_();
    const float unit = static_cast<float>(static_cast<std::int64_t>(r)) * 0x1p-63F;
    const auto sign = static_cast<bits_of<T>>(r & layout::sign_bit);
    switch (kind) {
      case 0:
        return T(80.0F * unit);
      case 1:
        return finite(offset + 60.0F * unit);
      case 2:
        return from_bits<T>(static_cast<bits_of<T>>((r >> 16) % (layout::smallest_normal + 2) | sign));
      case 3:
        return from_bits<T>(static_cast<bits_of<T>>(to_bits(T(1.5F)) + r % 3));
      case 4:
        return r % 4 == 0 ? negative_infinity<T>() : T(4.0F * unit);
      case 5:
        return from_bits<T>(static_cast<bits_of<T>>((r >> 16) % layout::infinity | sign));
      default:
        return T(4.0F * unit);
    }
  }
  static T finite(float x) {
    const T y = T(x);
    return is_finite(y) ? y : T(0.0F);
  }

  random_bits random_;
};

/// Every code against the definition; the whole memory of the output is compared.
template <row_kernel K, floating T>
class comparison {
 public:
  explicit comparison(std::size_t elements) : x_(elements * sizeof(T)), y_(elements * sizeof(T)) {
    std::memset(y_.begin(), 0x5A, y_.size());
    for_each_target([&](const char* name) {
      auto* const code = detail::choose<kernel>();
      if (code != kernel::scalar || std::strcmp(name, "reference") == 0) codes_.push_back({name, code});
    });
  }

  /// `count` rows of `length` elements, rows of adjacent elements or columns; `fill` gives row i.
  template <class Fill>
  void compare(index_t length, index_t count, bool as_columns, bool in_place, bool at_end, const Fill& fill) {
    const index_t elements = length * count;
    const index_t along = as_columns ? count : 1, step = as_columns ? 1 : length;
    T* const x = place(x_, elements, at_end);
    for (index_t i = 0; i < count; ++i) fill(x + i * step, along, i);
    row_run<T> run{length, count, {x, along, step}, {}, {}, {}, {}};
    run.rules = {zero_mass::uniform, pos_inf::limit, fully_masked::zero};
    run.y = {place(y_, elements, at_end), along, step};
    if constexpr (K == row_kernel::logsumexp) run.y = {place(y_, count, at_end), 0, 1};
    const auto compute = [&](auto* code) {
      if (in_place && K != row_kernel::logsumexp) {
        std::memcpy(static_cast<void*>(run.y.first), x, static_cast<std::size_t>(elements) * sizeof(T));
        run.x.first = run.y.first;
      }
      code(run);
    };
    compute(kernel::scalar);
    const std::vector<unsigned char> expected(y_.begin(), y_.end());
    for (const auto& [target, code] : codes_) {
      std::memset(y_.begin(), 0x5A, y_.size());
      compute(code);
      INFO(detail::row_kernel_name(K, false)
           << " of " << name_of<T> << " on " << target << ": " << count
           << (as_columns ? " columns of " : " rows of ") << length << (in_place ? ", in place" : ""));
      const bool same = std::memcmp(y_.begin(), expected.data(), expected.size()) == 0;
      if (!same) REQUIRE(same);
    }
    std::memset(y_.begin(), 0x5A, y_.size());
  }

 private:
  using kernel = detail::softmax_kernel<K, false, T, precision::fast>;
  struct named_code {
    std::string target;
    typename kernel::function* code;
  };

  static T* place(const guarded_buffer& memory, index_t elements, bool at_end) {
    return at_end ? memory.flush_with_end<T>(static_cast<std::size_t>(elements))
                  : memory.flush_with_begin<T>();
  }

  guarded_buffer x_, y_;
  std::vector<named_code> codes_;
};

/// Calls `body.operator()<K>()`.
template <class Body>
void for_each_function(Body&& body) {
  body.template operator()<row_kernel::softmax>();
  body.template operator()<row_kernel::log_softmax>();
  body.template operator()<row_kernel::logsumexp>();
}

/// A special value at each position in turn: row i has it at position i.
template <floating T>
void compare_all_lengths() {
  constexpr auto longest = static_cast<index_t>(4 * longest_vector_bytes / sizeof(float)) + 3;
  const std::vector<T> specials = special_alphabet<T>();
  random_rows<T> random(1);
  for_each_function([&]<row_kernel K>() {
    comparison<K, T> codes(static_cast<std::size_t>(longest * longest));
    case_count cases(
        std::string("lengths x special positions, ") + detail::row_kernel_name(K, false) + ", " + name_of<T>,
        sweep_floor(50'000));
    for (index_t n = 1; n <= longest; n += test_scale() > 1 ? 7 : 1) {
      for (std::size_t k = 0; k < 2 * specials.size(); ++k) {
        codes.compare(n, n, k % 2 == 1, random.below(2) == 0, random.below(2) == 0,
                      [&](T* x, index_t along, index_t row) {
                        random.fill(x, n, along);
                        detail::store(x + row * along, specials[k / 2]);
                      });
        cases.add(n);
      }
    }
    cases.check();
  });
}

/// Rows as the shapes below have them, without special values but -inf.
template <floating T>
void compare_shapes() {
  random_rows<T> random(2);
  const long wanted = scaled(2'000'000);
  for_each_function([&]<row_kernel K>() {
    comparison<K, T> codes(400'000);
    case_count cases(
        std::string("elements of random shapes, ") + detail::row_kernel_name(K, false) + ", " + name_of<T>,
        wanted);
    for (long elements = 0; elements < wanted;) {
      const auto any = [&](std::uint64_t bound) { return static_cast<index_t>(1 + random.below(bound)); };
      index_t length = any(70), count = any(300);  // short rows, and columns that fill tiles
      if (random.below(3) == 0) {
        length = any(1100);
        count = any(150);
      } else if (random.below(4) == 0) {  // several blocks
        length = 1024 * any(5) + (random.below(2) == 0 ? 0 : any(1000));
        count = any(50);
      }
      codes.compare(length, count, random.below(2) == 0, random.below(2) == 0, random.below(2) == 0,
                    [&](T* x, index_t along, index_t) { random.fill(x, length, along); });
      elements += length * count;
      cases.add(length * count);
    }
    cases.check();
  });
}

/// Every layout that a run may have is the definition's, or one of the above.
template <floating T>
void compare_calls() {
  constexpr policy fast{.precision = precision::fast};
  constexpr index_t n = 5, m = 37, k = 6;
  random_rows<T> random(3);
  std::vector<T> x(static_cast<std::size_t>(n * m * k));
  random.fill(x.data(), n * m * k, 1);
  for_each_function([&]<row_kernel K>() {
    for (index_t axis = 0; axis < 3; ++axis) {
      std::vector<std::vector<T>> results;
      for_each_target([&](const char*) {
        std::vector<T> y(x.size());
        const tensor_view<const T, 3> from(x.data(), {n, m, k});
        const tensor_view<T, 3> to(y.data(), {n, m, k});
        if constexpr (K == row_kernel::softmax) {
          softmax<fast>(from, to, {.axis = axis});
        } else if constexpr (K == row_kernel::log_softmax) {
          log_softmax<fast>(from, to, {.axis = axis});
        } else {
          std::array<index_t, 3> shape{n, m, k};
          shape[static_cast<std::size_t>(axis)] = 1;
          logsumexp<fast>(from, tensor_view<T, 3>(y.data(), shape), {.axis = axis, .keepdims = true});
        }
        results.push_back(y);
      });
      for (const auto& y : results)
        REQUIRE(std::memcmp(y.data(), results[0].data(), y.size() * sizeof(T)) == 0);
    }
  });
}

}  // namespace

TEST_CASE("Fast softmax on every target: every length, a special value at each position") {
  compare_all_lengths<float>();
  compare_all_lengths<float16>();
  compare_all_lengths<bfloat16>();
}

TEST_CASE("Fast softmax on every target: random shapes") {
  compare_shapes<float>();
  compare_shapes<float16>();
  compare_shapes<bfloat16>();
}

TEST_CASE("Fast softmax on every target: along each axis") {
  compare_calls<float>();
  compare_calls<float16>();
  compare_calls<bfloat16>();
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test

// The public forms of softmax and its kin: rules that hold at every length, and errors. Surroundings are in
// softmax_surroundings_test.cpp, special values in semantics.txt, accuracy in reference/softmax_test.cpp.
#include "k754/softmax.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/ieee754.hpp"
#include "support/message.hpp"
#include "support/same_bits.hpp"
#include "support/softmax_kernels.hpp"
#include "support/softmax_rows.hpp"

namespace {

using namespace k754;
using k754_test::any_executor;
using k754_test::case_count;
using k754_test::random_bits;
using k754_test::row_family;
using k754_test::same_bits;
using k754_test::serial;
using k754_test::softmax_kernel;
using k754_test::softmax_kernels;
template <class T>
using arguments = k754_test::softmax_arguments<T>;
namespace ref = k754::reference;

/// Whether all of `values` are `value`, to the bit.
template <class T>
bool all_are(const std::vector<T>& values, T value) {
  for (T x : values) {
    if (to_bits(x) != to_bits(value)) return false;
  }
  return true;
}

template <policy P, class T>
void require_row(const std::vector<T>& x, T p, T log_p) {
  std::vector<T> y(x.size());
  softmax<P>(x, y);
  REQUIRE(all_are(y, p));
  log_softmax<P>(x, y);
  REQUIRE(all_are(y, log_p));
}

template <class T>
void rows_of_negative_infinities(case_count& cases) {
  for (std::size_t n = 1; n <= 300; ++n) {
    const std::vector<T> x(n, negative_infinity<T>());
    INFO("length " << n);
    require_row<policy{}>(x, canonical_nan<T>(), canonical_nan<T>());
    require_row<policy{.zero_mass = zero_mass::zero}>(x, T(0.0), negative_infinity<T>());
    std::vector<T> equal(n, T(0.0));  // uniform is what n equal elements have
    ref::log_softmax(equal, equal);
    require_row<policy{.zero_mass = zero_mass::uniform}>(x, T(1.0 / static_cast<double>(n)), equal[0]);
    cases.add(3);
  }
}

template <class T>
void nans_at_every_position(case_count& cases) {
  for (std::size_t n = 1; n <= 70; ++n) {
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<T> x(n, T(0.5));
      x[at] = from_bits<T>(static_cast<bits_of<T>>(to_bits(canonical_nan<T>()) | to_bits(T(-0.0)) | 3U));
      if (n > 2)
        x[(at + n / 2) % n] = at % 3 == 0 ? infinity<T>() : at % 3 == 1 ? negative_infinity<T>() : T(1.0);
      INFO("length " << n << ", NaN at " << at);
      require_row<policy{}>(x, canonical_nan<T>(), canonical_nan<T>());
      REQUIRE(to_bits(logsumexp(x)) == to_bits(canonical_nan<T>()));
      cases.add();
    }
  }
}

template <class T>
void shifted_rows(case_count& cases) {
  random_bits random(20);
  std::vector<T> y(40), shifted_y(40), x(40), shifted(40);
  for (const double shift : {1.0, -3.0, 4.0, -7.0}) {  // with 1/8 steps exact in every type, bfloat16 too
    for (int repetition = 0; repetition < 20; ++repetition) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double value = static_cast<double>(random.below(128)) * 0.125 - 8.0;
        x[i] = T(value);
        shifted[i] = T(value + shift);
        REQUIRE(static_cast<double>(shifted[i]) == value + shift);
      }
      softmax(x, y);
      softmax(shifted, shifted_y);
      REQUIRE(same_bits(y, shifted_y));
      log_softmax(x, y);
      log_softmax(shifted, shifted_y);
      REQUIRE(same_bits(y, shifted_y));
      cases.add();
    }
  }
}

template <class T>
void log_probabilities_at_most_zero(case_count& cases) {
  random_bits random(6);
  for (int family = 0; family < static_cast<int>(row_family::count); ++family) {
    for (std::size_t n = 1; n <= 64; ++n) {
      const std::vector<T> x = k754_test::softmax_row<T>(static_cast<row_family>(family), n, random);
      std::vector<T> y(n), p(n);
      log_softmax(x, y);
      softmax(x, p);
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE(static_cast<double>(y[i]) <= 0.0);
        REQUIRE((!is_zero(y[i]) || !sign_bit(y[i])));
        REQUIRE((static_cast<double>(p[i]) >= 0.0 && static_cast<double>(p[i]) <= 1.0 && !sign_bit(p[i])));
        cases.add();
      }
    }
  }
}

// ---------------------------------------------------------------- errors

constexpr index_t largest = std::numeric_limits<index_t>::max();

/// A call that must fail: the status and the message; and nothing may be written.
struct refusal {
  const char* what;
  status code;
  std::string message;
  std::function<bool(const softmax_kernel&)> concerns;
  std::function<void(arguments<float>&)> spoil;
};

bool every(const softmax_kernel&) { return true; }
bool gives_whole_rows(const softmax_kernel& k) { return !k.reduces(); }

}  // namespace

TEST_CASE("SM-01t: rows of -inf at every length up to 300 are NaN, zero or uniform by policy") {
  case_count cases("rows of -inf", 3600);
  rows_of_negative_infinities<float>(cases);
  rows_of_negative_infinities<double>(cases);
  rows_of_negative_infinities<float16>(cases);
  rows_of_negative_infinities<bfloat16>(cases);
  cases.check();
}

TEST_CASE("SM-04t: a NaN at any position, lengths 1 to 70, makes the whole row the canonical NaN") {
  case_count cases("NaN positions", 4 * 2485);
  nans_at_every_position<float>(cases);
  nans_at_every_position<double>(cases);
  nans_at_every_position<float16>(cases);
  nans_at_every_position<bfloat16>(cases);
  cases.check();
}

TEST_CASE("SM-20: a shift that is exact changes no bit") {
  case_count cases("shifted rows", 320);
  shifted_rows<float>(cases);
  shifted_rows<double>(cases);
  shifted_rows<float16>(cases);
  shifted_rows<bfloat16>(cases);
  cases.check();
}

TEST_CASE("LS-06: no log-probability is above 0, no probability outside [0, 1], no result -0") {
  case_count cases("log-probabilities", 90'000);
  log_probabilities_at_most_zero<float>(cases);
  log_probabilities_at_most_zero<double>(cases);
  log_probabilities_at_most_zero<float16>(cases);
  log_probabilities_at_most_zero<bfloat16>(cases);
  cases.check();
}

TEST_CASE("SM-H1: 70000 equal elements in float16 are a subnormal each") {
  std::vector<float16> x(70000, float16(1.0)), y(70000);
  softmax(x, y);
  REQUIRE(all_are(y, float16(1.0 / 70000)));
  REQUIRE(is_subnormal(y[0]));
}

TEST_CASE("SM-14i: masks of std::uint8_t and std::int8_t are read as those of bool") {
  case_count cases("masks of bytes", 60);
  random_bits random(15);
  for (std::size_t n = 2; n <= 31; ++n) {
    const std::vector<float> x = k754_test::softmax_row<float>(row_family::ordinary, n, random);
    const std::vector<float> g = k754_test::softmax_row<float>(row_family::ordinary, n, random);
    std::vector<std::uint8_t> bytes(n);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.below(3) == 0 ? 0 : random());
    const index_t size[] = {static_cast<index_t>(n)};
    const tensor_view<const bool> as_bool(reinterpret_cast<const bool*>(bytes.data()), 1, size);
    const auto compare = [&](const auto& mask) {
      std::vector<float> y(n), expected(n);
      masked_softmax(x, mask, y);
      masked_softmax(x, as_bool, expected);
      REQUIRE(same_bits(y, expected));
      masked_log_softmax_backward(x, g, mask, y);
      masked_log_softmax_backward(x, g, as_bool, expected);
      REQUIRE(same_bits(y, expected));
      float value = 0.0F, expected_value = 1.0F;
      masked_logsumexp(x, mask, tensor_view(&value));
      masked_logsumexp(x, as_bool, tensor_view(&expected_value));
      REQUIRE(to_bits(value) == to_bits(expected_value));
      cases.add();
    };
    compare(bytes);
    compare(tensor_view<const std::int8_t>(reinterpret_cast<const std::int8_t*>(bytes.data()), 1, size));
  }
  cases.check();
}

TEST_CASE("A mask does what -inf in its place does, but for rows that it decides") {
  case_count cases("masked rows", 3000);
  random_bits random(14);
  for (int repetition = 0; repetition < 100; ++repetition) {
    for (std::size_t n = 2; n <= 33; ++n) {
      std::vector<float> x = k754_test::softmax_row<float>(row_family::ordinary, n, random);
      std::vector<float> replaced = x, y(n), expected(n);
      std::vector<unsigned char> mask(n);
      for (std::size_t i = 0; i < n; ++i) {
        mask[i] = static_cast<unsigned char>(random.below(3) == 0 ? 0 : random());
        if (i == 0) mask[i] = 1;
        if (mask[i] != 0) continue;
        replaced[i] = negative_infinity<float>();
        x[i] = i % 2 == 0 ? canonical_nan<float>() : infinity<float>();
      }
      const tensor_view present(reinterpret_cast<const bool*>(mask.data()), {static_cast<index_t>(n)});
      masked_softmax(x, present, y);
      softmax(replaced, expected);
      REQUIRE(same_bits(y, expected));
      masked_log_softmax(x, present, y);
      log_softmax(replaced, expected);
      REQUIRE(same_bits(y, expected));
      float value = 0.0F;
      masked_logsumexp(x, present, tensor_view(&value));
      REQUIRE(to_bits(value) == to_bits(logsumexp(replaced)));
      cases.add();
    }
  }
  cases.check();
}

TEST_CASE("Wrong arguments to softmax and its kin are refused by name, and nothing is written") {
  alignas(64) static float memory[256];
  static bool mask_memory[64];
  const auto view = [](index_t offset, std::initializer_list<index_t> extents) {
    return tensor_view<float>(memory + offset, extents.size(), extents.begin());
  };
  const auto strided = [](index_t offset, std::initializer_list<index_t> extents,
                          std::initializer_list<index_t> strides) {
    return tensor_view<float>(memory + offset, extents.size(), extents.begin(), strides.begin());
  };
  const auto fresh = [&](const softmax_kernel& k) {
    arguments<float> a{
        view(0, {2, 3}), view(32, {2, 3}), {mask_memory, 1, std::data({index_t{3}})}, view(64, {2, 3})};
    if (k.reduces()) a.output = view(64, {2});
    return a;
  };
  const refusal refusals[] = {
      {"axis", status::axis_out_of_range, "axis is 2, {input} has 2 axes", every,
       [](auto& a) { a.axis = 2; }},
      {"negative axis", status::axis_out_of_range, "axis is -3, {input} has 2 axes", every,
       [](auto& a) { a.axis = -3; }},
      {"rank 0", status::axis_out_of_range, "axis is -1, {input} has 0 axes", every,
       [&](auto& a) { a.input = view(0, {}); }},
      {"rank of the output", status::rank_mismatch, "{result} has 1 axes, expected 2", gives_whole_rows,
       [&](auto& a) { a.output = view(64, {6}); }},
      {"rank of the reduced output", status::rank_mismatch, "{result} has 2 axes, expected 1",
       [](const auto& k) { return k.reduces(); },
       [&](auto& a) {
         a.output = view(64, {2, 1});
       }},
      {"keepdims", status::rank_mismatch, "{result} has 1 axes, expected 2",
       [](const auto& k) { return k.reduces(); }, [](auto& a) { a.keepdims = true; }},
      {"rank above 8", status::rank_mismatch, "{input} has 9 axes, at most 8 are supported", every,
       [&](auto& a) {
         a.input = view(0, {1, 1, 1, 1, 1, 1, 1, 1, 1});
       }},
      {"shape of the output", status::shape_mismatch, "{result} has extent 4 on axis 1, expected 3",
       gives_whole_rows,
       [&](auto& a) {
         a.output = view(64, {2, 4});
       }},
      {"shape of the reduced output", status::shape_mismatch, "{result} has extent 3 on axis 0, expected 2",
       [](const auto& k) { return k.reduces(); }, [&](auto& a) { a.output = view(64, {3}); }},
      {"shape of upstream", status::shape_mismatch, "upstream has extent 1 on axis 0, expected 2",
       [](const auto& k) { return k.backward(); },
       [&](auto& a) {
         a.upstream = view(32, {1, 3});
       }},
      {"rank of upstream", status::rank_mismatch, "upstream has 1 axes, expected 2",
       [](const auto& k) { return k.backward(); }, [&](auto& a) { a.upstream = view(32, {3}); }},
      {"shape of the mask", status::shape_mismatch,
       "mask has extent 2 on axis 0, which does not broadcast to extent 3",
       [](const auto& k) { return k.masked; },
       [](auto& a) {
         a.mask = {mask_memory, 1, std::data({index_t{2}})};
       }},
      {"rank of the mask", status::rank_mismatch, "mask has 3 axes, which do not broadcast to 2",
       [](const auto& k) { return k.masked; },
       [](auto& a) {
         a.mask = {mask_memory, 3, std::data({index_t{1}, index_t{2}, index_t{3}})};
       }},
      {"negative extent", status::negative_extent, "{input} has extent -1 on axis 0", every,
       [&](auto& a) {
         a.input = view(0, {-1, 3});
       }},
      {"overflow", status::size_overflow,
       "{input} is too large: extent 3 with stride 4611686018427387904 on axis 1 overflows", every,
       [&](auto& a) {
         a.input = strided(0, {2, 3}, {3, largest / 2 + 1});
       }},
      {"null input", status::null_pointer, "{input} has elements, but its pointer is null", every,
       [](auto& a) {
         a.input = {nullptr, 2, a.input.extents().data()};
       }},
      {"null upstream", status::null_pointer, "upstream has elements, but its pointer is null",
       [](const auto& k) { return k.backward(); },
       [](auto& a) {
         a.upstream = {nullptr, 2, a.input.extents().data()};
       }},
      {"null mask", status::null_pointer, "mask has elements, but its pointer is null",
       [](const auto& k) { return k.masked; },
       [](auto& a) {
         a.mask = {nullptr, 1, a.mask.extents().data()};
       }},
      {"null output", status::null_pointer, "{result} has elements, but its pointer is null", every,
       [](auto& a) {
         a.output = {nullptr, a.output.rank(), a.output.extents().data()};
       }},
      {"output onto itself", status::self_overlap,
       "{result} has strides that put two of its elements in one place", gives_whole_rows,
       [&](auto& a) {
         a.output = strided(64, {2, 3}, {1, 1});
       }},
      {"shifted by one", status::overlap, "{result} shares memory with {input}, but is not exactly it",
       gives_whole_rows,
       [&](auto& a) {
         a.output = view(1, {2, 3});
       }},
      {"reversed in place", status::overlap, "{result} shares memory with {input}, but is not exactly it",
       gives_whole_rows,
       [&](auto& a) {
         a.output = strided(5, {2, 3}, {-3, -1});
       }},
      {"over upstream, shifted", status::overlap,
       "{result} shares memory with upstream, but is not exactly it",
       [](const auto& k) { return k.backward(); },
       [&](auto& a) {
         a.output = view(35, {2, 3});
       }},
      {"reduced onto the input", status::overlap, "{result} shares memory with input",
       [](const auto& k) { return k.reduces(); }, [&](auto& a) { a.output = view(4, {2}); }},
      {"over the mask", status::overlap, "{result} shares memory with mask",
       [](const auto& k) { return k.masked; },
       [&](auto& a) {
         a.mask = {reinterpret_cast<const bool*>(memory + 64), 1, a.mask.extents().data()};
       }},
  };

  case_count cases("refusals", 150);
  for (const softmax_kernel& k : softmax_kernels) {
    for (const refusal& r : refusals) {
      if (!r.concerns(k)) continue;
      INFO(k.name << ": " << r.what);
      for (float& value : memory) value = 0.25F;
      arguments<float> a = fresh(k);
      r.spoil(a);
      std::string expected = "[";
      expected.append(k.name).append("] ").append(r.message);
      const auto replace = [&](const std::string& from, const std::string& to) {
        const auto at = expected.find(from);
        if (at != std::string::npos) expected.replace(at, from.size(), to);
      };
      replace("{input}", k.backward() ? "output" : "input");
      replace("{input}", k.backward() ? "output" : "input");
      replace("{result}", k.backward() ? "gradient" : "output");
      const check_result checked = k754_test::check_kernel(k, a);
      CHECK(checked.code == r.code);
      CHECK(k754_test::message(checked) == expected);
      CHECK(k754_test::try_kernel(k, a, serial) == r.code);
      try {
        k754_test::call_kernel(k, a, serial);
        CHECK(false);
      } catch (const shape_error& e) {
        CHECK(e.code() == r.code);
        CHECK(std::string(e.what()) == expected);
      }
      bool untouched = true;
      for (float value : memory) untouched = untouched && value == 0.25F;
      CHECK(untouched);
      cases.add();
    }
    arguments<float> a = fresh(k);
    CHECK(k754_test::try_kernel(k, a, serial) == status::ok);
    const any_executor throwing = [](std::size_t, const std::function<void(std::size_t)>&) {
      throw std::runtime_error("executor");
    };
    CHECK(k754_test::try_kernel(k, a, throwing) == status::callback_threw);
    CHECK_THROWS_AS(k754_test::call_kernel(k, a, throwing), std::runtime_error);
  }
  cases.check();
}

TEST_CASE("Rows of no elements, and no rows, need no memory") {
  for (const softmax_kernel& k : softmax_kernels) {
    INFO(k.name);
    float values[2] = {1.0F, 1.0F};
    const index_t no_columns[] = {2, 0}, no_rows[] = {0, 3}, one[] = {2, 1}, none[] = {0, 1};
    arguments<float> a{{nullptr, 2, no_columns},
                       {nullptr, 2, no_columns},
                       {nullptr, 2, no_columns},
                       {nullptr, 2, no_columns},
                       -1,
                       true};
    if (k.reduces()) a.output = {values, 2, one};
    CHECK(k754_test::try_kernel(k, a, serial) == status::ok);
    if (k.reduces()) CHECK((to_bits(values[0]) == 0xFF800000U && to_bits(values[1]) == 0xFF800000U));
    arguments<float> b{{nullptr, 2, no_rows},
                       {nullptr, 2, no_rows},
                       {nullptr, 2, no_rows},
                       {nullptr, 2, k.reduces() ? none : no_rows},
                       -1,
                       true};
    CHECK(k754_test::try_kernel(k, b, serial) == status::ok);
  }
}

TEST_CASE("A result without elements is no work, however many rows of nothing there are") {
  const any_executor never = [](std::size_t, const std::function<void(std::size_t)>&) {
    throw std::runtime_error("there is nothing to do");
  };
  constexpr index_t many = index_t{1} << 40;
  case_count cases("results without elements", 84);
  for (const softmax_kernel& k : softmax_kernels) {
    for (const std::array<index_t, 3>& extents :
         {std::array{many, index_t{0}, index_t{2}}, std::array{index_t{0}, index_t{3}, many},
          std::array{index_t{2}, many, index_t{0}}}) {
      for (std::size_t axis = 0; axis < extents.size(); ++axis) {
        std::array<index_t, 3> left = extents;
        if (k.reduces() && std::exchange(left[axis], 1) == 0) continue;  // that is -inf for every row
        const tensor_view<float> x(nullptr, 3, extents.data());
        const arguments<float> a{
            x, x, {nullptr, 3, extents.data()}, {nullptr, 3, left.data()}, static_cast<index_t>(axis), true};
        INFO(k.name << " of " << extents[0] << ", " << extents[1] << ", " << extents[2] << ", axis " << axis);
        CHECK(k754_test::try_kernel(k, a, never) == status::ok);
        cases.add();
      }
    }
  }
  cases.check();
}

TEST_CASE("Checks of softmax can be evaluated at compile time") {
  constexpr float x[2][3] = {};
  constexpr tensor_view<float, 2> wide(nullptr, {2, 4});
  static_assert(check_softmax(x, wide).code == status::shape_mismatch);
  static_assert(check_logsumexp(x, tensor_view<float, 1>(nullptr, {2}), {.axis = 2}).code ==
                status::axis_out_of_range);
  SUCCEED();
}

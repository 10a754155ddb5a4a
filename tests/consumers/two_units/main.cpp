#include "units.hpp"

#include <array>
#include <cstdio>
#include <cstring>

namespace {

int failures = 0;

void check(const char* what, bool right) {
  if (right) return;
  std::printf("%s / %s: %s is WRONG\n", unit_a::abi(), unit_b::abi(), what);
  ++failures;
}

bool same(const char* a, const char* b) { return std::strcmp(a, b) == 0; }

/// Whether both units find the smallest element of each row, and select alike, in rows that fill vectors.
bool long_rows_are_right() {
  static float x[2][1000], output_a[1000], output_b[1000];
  static bool condition[1000];
  x[0][997] = x[0][998] = -0x1p-149F;
  x[1][3] = x[1][500] = -1.0F;
  for (int i = 0; i < 1000; ++i) condition[i] = i % 7 == 3;
  std::array<std::int64_t, 2> a = {}, b = {};
  using indices = k754::tensor_view<std::int64_t, 1>;
  const k754::tensor_view<const float, 2> rows(&x[0][0], {2, 1000});
  const k754::tensor_view<const float, 1> first(x[0], {1000}), second(x[1], {1000});
  const k754::tensor_view<const bool, 1> chosen(condition, {1000});
  if (unit_a::argmin(rows, indices(a.data(), {2})) != k754::status::ok ||
      unit_b::argmin(rows, indices(b.data(), {2})) != k754::status::ok ||
      unit_a::where(chosen, second, first, {output_a, {1000}}) != k754::status::ok ||
      unit_b::where(chosen, second, first, {output_b, {1000}}) != k754::status::ok) {
    return false;
  }
  bool selected = true;
  for (int i = 0; i < 1000; ++i) selected = selected && output_a[i] == x[condition[i] ? 1 : 0][i];
  return a == std::array<std::int64_t, 2>{997, 3} && a == b && selected &&
         std::memcmp(output_a, output_b, sizeof output_a) == 0;
}

/// A forced target holds for both units; where one was not compiled for it, that unit runs the reference.
template <class Has>
bool runs(const char* target, const char* runs_now, Has&& has) {
  return same(runs_now, has(target) ? target : "reference");
}

}  // namespace

int main() {
  // The Keras row, and one whose softmax needs every bit of exp.
  const std::array<float, 10> x = {0.0F, 0x1p-126F, -0x1p-149F, 0.0F, 459367.0F,
                                   0.1F, -3.7F,     2.2F,       0.9F, -0.3F};
  const k754::tensor_view<const float, 2> rows(x.data(), {2, 5});
  std::array<std::int64_t, 2> index_a = {}, index_b = {};
  const auto out = [](std::array<std::int64_t, 2>& index) {
    return k754::tensor_view<std::int64_t, 1>(index.data(), {2});
  };

  check("a unit with its own tag", std::strcmp(unit_a::abi(), unit_b::abi()) != 0);
  check("a policy from the other unit",
        unit_a::accepts(unit_b::policy()) && unit_b::accepts(unit_a::policy()));
  check("argmin in unit a", unit_a::argmin(unit_b::reversed(rows), out(index_a)) == k754::status::ok &&
                                index_a == std::array<std::int64_t, 2>{2, 3});
  check("argmin in unit b", unit_b::argmin(unit_a::reversed(rows), out(index_b)) == k754::status::ok &&
                                index_b == std::array<std::int64_t, 2>{2, 3});
  check("a view of run-time rank",
        unit_b::argmin(k754::tensor_view<const float>(rows), k754::tensor_view<std::int64_t>(out(index_b))) ==
                k754::status::ok &&
            index_b == std::array<std::int64_t, 2>{2, 1});

  const k754::tensor_view<std::int64_t, 1> wrong(index_a.data(), {1});
  char message_a[128], message_b[128];
  (void)unit_a::check_argmin(rows, wrong).message(message_a, sizeof message_a);
  (void)unit_b::check_argmin(rows, wrong).message(message_b, sizeof message_b);
  check("the message of a failed check", std::strcmp(message_a, message_b) == 0 && message_a[0] == '[');
  check("the refusal of a wrong shape", unit_a::refuses(rows, wrong) && unit_b::refuses(rows, wrong));

  std::array<float, 10> y_a = {}, y_b = {};
  check("softmax's status",
        unit_a::softmax(rows, k754::tensor_view<float, 2>(y_a.data(), {2, 5})) == k754::status::ok &&
            unit_b::softmax(rows, k754::tensor_view<float, 2>(y_b.data(), {2, 5})) == k754::status::ok);
  check("softmax's bits", std::memcmp(y_a.data(), y_b.data(), sizeof y_a) == 0 && y_a[9] > 0);
  check("fma", unit_a::fma(0x1.fffffffffffffp0, 0x1.fffffffffffffp0, -0x1.ffffffffffffep1) == 0x1p-104 &&
                   unit_b::fma(0x1.fffffffffffffp0, 0x1.fffffffffffffp0, -0x1.ffffffffffffep1) == 0x1p-104);

  check("long rows", long_rows_are_right());
  if (unit_a::chooses_among_targets() && unit_b::chooses_among_targets()) {
    check("simd_target is the same in units that choose", same(unit_a::simd_target(), unit_b::simd_target()));
  }
  int forced = 0;
  for (const char* target : {"AVX3", "AVX2", "SSE4", "SSSE3", "SSE2", "reference"}) {
    const bool by_a = unit_a::force_simd_target(target);
    check("a unit can force what it was compiled for", by_a == unit_a::is_compiled_for(target));
    if (!by_a && !unit_b::force_simd_target(target)) continue;
    ++forced;
    check("what runs in unit a", runs(target, unit_a::simd_target(), unit_a::is_compiled_for));
    check("what runs in unit b", runs(target, unit_b::simd_target(), unit_b::is_compiled_for));
    check("long rows on a forced target", long_rows_are_right());
  }
  check("some target", forced > 0);
  unit_b::force_simd_target(nullptr);
  check("nullptr in one unit frees both",
        long_rows_are_right() && unit_a::is_compiled_for(unit_a::simd_target()));
  return failures;
}

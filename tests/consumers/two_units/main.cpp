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
  return failures;
}

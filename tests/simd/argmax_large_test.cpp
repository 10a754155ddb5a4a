// argmin and argmax on vectors: more elements than 32 bits can count.
#include <array>
#include <cstdio>

#include "../support/aliased_memory.hpp"
#include "argmax_comparison.hpp"

namespace k754_test {
namespace {

using namespace k754;

TEST_CASE("More than 2^31 elements, in one row and in columns") {
  if (test_scale() > 1) {
    std::puts("  left out: for real machines");
    return;
  }
  constexpr index_t many = index_t{1} << 31, n = many + 1003, at = many + 777;
  const auto type_named = [](const char* name) -> const arg_searches& {
    return *std::find_if(all_searches().begin(), all_searches().end(),
                         [=](const auto& t) { return t.type == name; });
  };
  const auto search_named = [](const arg_searches& type, const char* name) {
    const auto found = std::find_if(type.searches.begin(), type.searches.end(),
                                    [=](const auto& s) { return s.name == name; });
    REQUIRE(found != type.searches.end());
    return static_cast<std::size_t>(found - type.searches.begin());
  };
  const auto search_row = [&](const arg_searches& type, std::uint64_t greater, std::size_t targets) {
    const aliased_memory memory(static_cast<std::size_t>(many) * type.element_size /
                                aliased_memory::piece_bytes);
    if (memory.data() == nullptr) {
      std::printf("  left out: the system maps no %zu bytes\n", memory.size());
      return;
    }
    const untyped_elements x(memory.data(), type.element_size);
    const std::size_t first = search_named(type, "argmax default"),
                      last = search_named(type, "argmax ties::last");
    std::int64_t winner = -1;
    x.set(at, greater);
    const index_t stride = 1;
    CHECK(type.searches[first].run({x.at(0), 1, &n, &stride}, tensor_view<std::int64_t>(&winner), 0, false) ==
          status::ok);
    CHECK(winner == at);
    for (std::size_t t = 0; t < targets; ++t) {
      INFO(type.targets[t].target);
      CHECK(type.call_row(type.targets[t].functions[first], x.at(0), n, 1) == at);
      CHECK(type.call_row(type.targets[t].functions[last], x.at(0), n, 1) == at);
    }
    x.set(at, 0);
    CHECK(type.call_row(type.targets[0].functions[last], x.at(0), n, 1) == n - 1);
  };
  search_row(type_named("int8"), 1, type_named("int8").targets.size());
  search_row(type_named("float"), 1, 1);

  // Columns whose rows are all the same memory, so that only the counting is long.
  const arg_searches& type = type_named("int32");
  const std::array<std::int32_t, longest_vector_bytes / 4> row{};
  std::array<index_t, row.size()> winners{};
  type.call(type.targets[0].functions[search_named(type, "argmax ties::last")], row.data(), n, 0, row.size(),
            1, winners.data());
  CHECK(std::all_of(winners.begin(), winners.end(), [](index_t winner) { return winner == n - 1; }));
}

}  // namespace
}  // namespace k754_test

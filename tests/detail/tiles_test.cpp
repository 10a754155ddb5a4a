// detail/tiles.hpp: tiles cover a plane; operands of a tile are as in the plane, adjacent or one value.
#include "k754/detail/tiles.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "support/case_count.hpp"
#include "support/catch.hpp"
#include "support/ieee754.hpp"

namespace {

using namespace k754::detail;
using k754::index_t;
using k754_test::case_count;
using k754_test::random_bits;

/// All tiles of a plane.
std::vector<tile> tiles_of(index_t rows, index_t columns, index_t limit, bool short_rows, segments parts) {
  std::vector<tile> tiles;
  for_tiles(rows, columns, limit, short_rows, parts, [&](const tile& t) { tiles.push_back(t); });
  return tiles;
}

/// A plane of some strides in memory of its own, which begins where it must.
template <class T>
struct plane_in_memory {
  std::vector<T> memory;
  index_t origin, row_stride, stride;

  plane_in_memory(random_bits& random, index_t rows, index_t columns, index_t row_step, index_t step)
      : origin(1), row_stride(row_step), stride(step) {
    index_t reach = 3;
    for (const auto& [extent, by] : {std::pair{rows, row_step}, std::pair{columns, step}}) {
      if (by < 0) origin -= (extent - 1) * by;
      reach += (extent - 1) * (by < 0 ? -by : by);
    }
    memory.resize(static_cast<std::size_t>(reach));
    for (T& x : memory) x = static_cast<T>(random());
  }
  T& at(index_t row, index_t column) {
    return memory[static_cast<std::size_t>(origin + row * row_stride + column * stride)];
  }
  plane<const T> in() const { return {memory.data() + origin, row_stride, stride}; }
  plane<T> out() { return {memory.data() + origin, row_stride, stride}; }
};

}  // namespace

TEST_CASE("Tiles cover every element of a plane once, and have at most the limit of elements") {
  case_count cases("planes in tiles", 9 * 10 * 2 * 2 * 3);
  for (const index_t rows : {1, 2, 3, 7, 8, 31, 32, 64, 65}) {
    for (const index_t columns : {1, 2, 3, 15, 16, 17, 32, 127, 129, 300}) {
      for (const index_t limit : {32, 256}) {
        for (const bool short_rows : {false, true}) {
          for (const segments parts : {segments::whole_rows, segments::of_a_block, segments::of_a_panel}) {
            std::vector<int> seen(static_cast<std::size_t>(rows * columns));
            CAPTURE(rows, columns, limit, short_rows, static_cast<int>(parts));
            for (const tile& t : tiles_of(rows, columns, limit, short_rows, parts)) {
              REQUIRE(t.count() == t.rows * t.columns);
              REQUIRE(t.rows_left == rows - t.row);
              REQUIRE((t.rows == 1 || (t.column == 0 && t.columns == columns)));  // several rows are whole
              const bool whole_long_row =
                  t.rows == 1 && t.columns == columns && parts == segments::whole_rows;
              REQUIRE((t.count() <= limit || whole_long_row));
              if (parts == segments::of_a_panel && t.rows == 1) REQUIRE(t.columns <= panel_columns);
              for (index_t row = t.row; row < t.row + t.rows; ++row) {
                for (index_t column = t.column; column < t.column + t.columns; ++column) {
                  ++seen[static_cast<std::size_t>(row * columns + column)];
                }
              }
            }
            REQUIRE(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
            cases.add();
          }
        }
      }
    }
  }
  cases.check();
}

TEST_CASE("Short rows come together, segments of long ones lie one below the other") {
  const auto together = tiles_of(7, 10, 32, true, segments::whole_rows);
  REQUIRE(together.size() == 3);
  CHECK(together[0].rows == 3);
  CHECK(together[2].rows == 1);
  CHECK(tiles_of(7, 10, 32, false, segments::whole_rows).size() == 7);
  CHECK(tiles_of(7, 17, 32, true, segments::whole_rows).size() == 7);  // two do not fit
  CHECK(tiles_of(1, 10, 32, true, segments::whole_rows).size() == 1);
  const auto segmented = tiles_of(3, 70, 32, true, segments::of_a_block);
  REQUIRE(segmented.size() == 9);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(segmented[i].row == static_cast<index_t>(i % 3));
    CHECK(segmented[i].column == static_cast<index_t>(i / 3 * 32));
    CHECK(segmented[i].columns == (i < 6 ? 32 : 6));
  }
  CHECK(finest_of(segments::whole_rows, segments::whole_rows) == segments::whole_rows);
  CHECK(finest_of(segments::of_a_block, segments::whole_rows) == segments::of_a_block);
  CHECK(finest_of(segments::of_a_block, segments::of_a_panel, segments::whole_rows) == segments::of_a_panel);
}

TEST_CASE("fill_elements and gather_elements, and how far they write") {
  case_count cases("runs filled and gathered", 4 * 70 * 6);
  random_bits random(1);
  const auto check = [&]<class T>(T) {
    constexpr auto slack = static_cast<index_t>(8 / sizeof(T));  // 7 bytes more, at most
    for (index_t n = 0; n < 70; ++n) {
      std::vector<T> to(100, T{7});
      const T value = static_cast<T>(random());
      fill_elements(to.data() + 1, value, n);
      CAPTURE(n, sizeof(T));
      REQUIRE(to[0] == 7);
      for (index_t i = 0; i < n; ++i) REQUIRE(to[static_cast<std::size_t>(1 + i)] == value);
      const index_t written = (n + slack - 1) / slack * slack;
      for (index_t i = 1 + written; i < 100; ++i) REQUIRE(to[static_cast<std::size_t>(i)] == 7);
      cases.add();
      for (const index_t stride : {-2, -1, 0, 1, 3}) {
        plane_in_memory<T> from(random, 1, n + 1, 0, stride);
        std::fill(to.begin(), to.end(), T{7});
        gather_elements(to.data() + 1, strided<const T>{from.in().first, stride}, n);
        for (index_t i = 0; i < n; ++i) REQUIRE(to[static_cast<std::size_t>(1 + i)] == from.at(0, i));
        for (index_t i = 1 + n; i < 100; ++i) REQUIRE(to[static_cast<std::size_t>(i)] == 7);
        cases.add();
      }
    }
  };
  check(std::uint8_t{});
  check(std::uint16_t{});
  check(std::uint32_t{});
  check(std::uint64_t{});
  cases.check();
}

namespace {

/// What every operand of every tile of a plane must be. The input has these strides, the output those.
template <class T>
void check_plane(random_bits& random, index_t rows, index_t columns, std::array<index_t, 2> from,
                 std::array<index_t, 2> to, std::array<long, 4>& ways) {
  plane_in_memory<T> x(random, rows, columns, from[0], from[1]);
  plane_in_memory<T> y(random, rows, columns, to[0], to[1]);
  std::vector<T> expected = y.memory;
  {
    auto copy = y;
    for (index_t row = 0; row < rows; ++row) {
      for (index_t column = 0; column < columns; ++column)
        copy.at(row, column) = static_cast<T>(x.at(row, column) + 1);
    }
    expected = copy.memory;
  }
  tile_input<T> input(x.in());
  tile_output<T> output(y.out());
  const bool short_rows = is_joined_row<T>(columns);
  const segments parts = finest_of(input.parts(), output.parts());
  for_tiles(rows, columns, block_elements<T>, short_rows, parts, [&](const tile& t) {
    const strided<const T> a = input.of(t);
    const strided<T> b = output.of(t);
    REQUIRE((a.stride == 0 || a.stride == 1));
    REQUIRE(b.stride == 1);
    const bool reads_in_place = a.first >= x.memory.data() && a.first < x.memory.data() + x.memory.size();
    ++ways[(reads_in_place ? 0U : 1U) + (output.in_place(t) ? 0U : 2U)];
    for (index_t i = 0; i < t.count(); ++i) *b.at(i) = static_cast<T>(*a.at(i) + 1);
    output.finish(t);
  });
  const bool same = y.memory == expected;  // and nothing beside the plane
  REQUIRE(same);
}

template <class T>
void check_planes(case_count& cases, std::array<long, 4>& ways) {
  random_bits random(2);
  const index_t colliding = 1024 / static_cast<index_t>(sizeof(T));
  for (const index_t rows : {1, 2, 5, 64, 67, 70}) {
    for (const index_t columns : {1, 2, 7, 8, 16, 100, 127, 128, 129, 300}) {
      const std::array<index_t, 2> inputs[] = {{columns, 1},
                                               {columns + 3, 1},
                                               {0, 1},
                                               {1, 0},
                                               {0, 0},
                                               {1, rows},
                                               {2, 2 * rows + 1},
                                               {-columns, 1},
                                               {2 * columns, 2},
                                               {1 - 2 * columns, -2},
                                               {1, colliding},
                                               {-1, colliding},
                                               {3, -2 * colliding},
                                               {0, colliding},
                                               {columns, -1}};
      const std::array<index_t, 2> outputs[] = {
          {columns, 1}, {columns + 1, 1}, {1, rows}, {-columns, -1}, {2 * columns + 1, 2}};
      for (const auto& from : inputs) {
        for (const auto& to : outputs) {
          if (from[1] != 1 && (rows > 64) && columns > 129) continue;  // large memory, no more ways
          CAPTURE(sizeof(T), rows, columns, from[0], from[1], to[0], to[1]);
          check_plane<T>(random, rows, columns, from, to, ways);
          cases.add();
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("Every tile has the elements of its place, and outputs go there: planes of any strides") {
  case_count cases("planes copied tile by tile", 4 * 4000);
  std::array<long, 4> ways{};  // in place or through blocks, of the input and of the output
  check_planes<std::uint8_t>(cases, ways);
  check_planes<std::uint16_t>(cases, ways);
  check_planes<std::uint32_t>(cases, ways);
  check_planes<std::uint64_t>(cases, ways);
  for (const long tiles : ways) CHECK(tiles > 1000);
  cases.check();
}

TEST_CASE("Rows nearer than columns that collide in the caches are read by panels; others are not") {
  const std::uint32_t x = 0;
  const auto parts = [&](index_t row_stride, index_t stride) {
    return tile_input<std::uint32_t>(plane<const std::uint32_t>{&x, row_stride, stride}).parts();
  };
  CHECK(parts(500, 1) == segments::whole_rows);
  CHECK(parts(1, 0) == segments::whole_rows);
  CHECK(parts(1, 256) == segments::of_a_panel);  // 1024 bytes
  CHECK(parts(-1, -512) == segments::of_a_panel);
  CHECK(parts(1, 257) == segments::of_a_block);
  CHECK(parts(1, 128) == segments::of_a_block);
  CHECK(parts(0, 256) == segments::of_a_block);
  CHECK(parts(512, 256) == segments::of_a_block);
}

// detail/layout.hpp: sizes and addresses that fit, overlap against sets of addresses, walks over indices.
#include "k754/detail/layout.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/ieee754.hpp"
#include "../support/message.hpp"

namespace {

using k754::index_t;
using k754::status;
using k754::detail::axes;
using k754::detail::layout;
using k754_test::case_count;
using k754_test::message;
using k754_test::random_bits;

constexpr index_t index_max = std::numeric_limits<index_t>::max();
constexpr index_t index_min = std::numeric_limits<index_t>::min();

layout make(std::initializer_list<index_t> extents, std::initializer_list<index_t> strides,
            index_t element_size = 1, std::uintptr_t address = 1 << 20) {
  layout view;
  view.rank = extents.size();
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    view.extents[axis] = extents.begin()[axis];
    view.strides[axis] = strides.begin()[axis];
  }
  view.element_size = element_size;
  view.data = reinterpret_cast<const void*>(address);
  return view;
}

status checked(const layout& view) { return k754::detail::check_extents("test", "x", view).code; }

/// Calls `visit(offset in elements)` for each index, by counting; the slow way that index_walk is tested
/// against.
template <class Visit>
void for_each_offset(const layout& view, Visit&& visit) {
  if (view.empty()) return;
  axes index{};
  for (;;) {
    index_t offset = 0;
    for (std::size_t axis = 0; axis < view.rank; ++axis) offset += index[axis] * view.strides[axis];
    visit(offset);
    std::size_t axis = view.rank;
    while (axis > 0 && ++index[axis - 1] == view.extents[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

/// The addresses of a view, modulo the size of a small memory that its addresses wrap around.
class address_set {
 public:
  /// Adds an element's bytes; false where one was there already.
  bool add(std::uintptr_t address, index_t bytes) {
    bool fresh = true;
    for (index_t byte = 0; byte < bytes; ++byte) {
      std::uint32_t& mark = marks_[(address + static_cast<std::uintptr_t>(byte)) % marks_.size()];
      fresh = fresh && mark != epoch_;
      mark = epoch_;
    }
    return fresh;
  }
  bool holds(std::uintptr_t address, index_t bytes) const {
    for (index_t byte = 0; byte < bytes; ++byte) {
      if (marks_[(address + static_cast<std::uintptr_t>(byte)) % marks_.size()] == epoch_) return true;
    }
    return false;
  }
  void clear() { ++epoch_; }

 private:
  std::vector<std::uint32_t> marks_ = std::vector<std::uint32_t>(1 << 16, 0);
  std::uint32_t epoch_ = 1;
};

std::uintptr_t address_of(const layout& view, index_t offset) {
  return reinterpret_cast<std::uintptr_t>(view.data) +
         static_cast<std::uintptr_t>(offset * view.element_size);
}

bool overlaps_itself_by_set(const layout& view, address_set& set) {
  set.clear();
  bool overlaps = false;
  for_each_offset(view, [&](index_t offset) {
    overlaps = !set.add(address_of(view, offset), view.element_size) || overlaps;
  });
  return overlaps;
}

bool share_memory_by_set(const layout& a, const layout& b, address_set& set) {
  set.clear();
  for_each_offset(a, [&](index_t offset) { set.add(address_of(a, offset), a.element_size); });
  bool shared = false;
  for_each_offset(
      b, [&](index_t offset) { shared = shared || set.holds(address_of(b, offset), b.element_size); });
  return shared;
}

/// Rank 0 to 4; some dense, some with a few gaps, some with any strides, permuted, reversed, empty.
layout random_layout(random_bits& random, std::uintptr_t base, index_t largest_extent) {
  layout view;
  view.rank = random.below(5);
  view.element_size = index_t{1} << random.below(4);
  const std::uint64_t style = random.below(4);
  index_t stride = 1 + static_cast<index_t>(random.below(3));
  for (std::size_t axis = view.rank; axis > 0; --axis) {
    const auto extent =
        random.below(40) == 0
            ? 0
            : 1 + static_cast<index_t>(random.below(static_cast<std::uint64_t>(largest_extent)));
    view.extents[axis - 1] = extent;
    if (style == 0) {
      view.strides[axis - 1] = static_cast<index_t>(random.below(25)) - 12;
    } else {
      view.strides[axis - 1] = random.below(2) == 0 ? stride : -stride;
      stride *= extent == 0 ? 1 : extent;
      if (style >= 2) stride += static_cast<index_t>(random.below(3));
      if (style == 3 && stride > 1) stride -= static_cast<index_t>(random.below(2));
    }
  }
  for (std::size_t axis = 1; axis < view.rank; ++axis) {
    const std::size_t other = random.below(axis + 1);
    std::swap(view.extents[axis], view.extents[other]);
    std::swap(view.strides[axis], view.strides[other]);
  }
  view.data = reinterpret_cast<const void*>(base + random.below(120));
  return view;
}

// At compile time
constexpr layout transposed_matrix() {
  layout view;
  view.rank = 2;
  view.extents = {3, 2};
  view.strides = {1, 3};
  return view;
}
static_assert(!k754::detail::overlaps_itself(transposed_matrix()));
static_assert(k754::detail::check_extents("test", "x", transposed_matrix()));
static_assert(k754::detail::element_count(transposed_matrix()) == 6);
static_assert(k754::detail::without_axis(transposed_matrix(), 0).strides[0] == 3);

}  // namespace

TEST_CASE("sizes and addresses that do not fit are found, the edge of what fits is accepted") {
  constexpr index_t e40 = index_t{1} << 40, e62 = index_t{1} << 62;
  // an extent of 0 excuses nothing, wherever it stands
  REQUIRE(checked(make({e40, e40, 0}, {0, 0, 1})) == status::size_overflow);
  REQUIRE(checked(make({0, e40, e40}, {0, 0, 1})) == status::size_overflow);
  REQUIRE(checked(make({e40, 0, e40}, {0, 0, 1})) == status::size_overflow);
  REQUIRE(checked(make({e40, 0}, {0, 1})) == status::ok);
  // bytes, not elements
  REQUIRE(checked(make({e62}, {0}, 1)) == status::ok);
  REQUIRE(checked(make({e62}, {0}, 2)) == status::size_overflow);
  REQUIRE(checked(make({index_max}, {0}, 1)) == status::ok);
  REQUIRE(checked(make({index_max}, {1}, 1)) == status::ok);  // its last byte is at index_max - 1
  REQUIRE(checked(make({index_max}, {2}, 1)) == status::size_overflow);
  REQUIRE(checked(make({index_max}, {-1}, 1)) == status::ok);
  REQUIRE(checked(make({2}, {index_max}, 1)) == status::size_overflow);
  REQUIRE(checked(make({2}, {index_max - 1}, 1)) == status::ok);
  REQUIRE(checked(make({2}, {-(index_max - 1)}, 1)) == status::ok);
  REQUIRE(checked(make({2}, {index_min}, 1)) == status::size_overflow);
  REQUIRE(checked(make({3}, {e62}, 1)) == status::size_overflow);
  // axes add up
  REQUIRE(checked(make({2, 2}, {e62, e62}, 1)) == status::size_overflow);
  REQUIRE(checked(make({2, 2}, {e62, -(e62 - 2)}, 1)) == status::ok);
  REQUIRE(checked(make({2, 2}, {e62, -(e62 - 1)}, 1)) == status::size_overflow);
  REQUIRE(checked(make({2, 2}, {e62, -e62}, 1)) == status::size_overflow);
  // a stride that is never taken cannot overflow
  REQUIRE(checked(make({1}, {index_max}, 8)) == status::ok);
  REQUIRE(checked(make({1}, {index_min}, 8)) == status::ok);
  REQUIRE(checked(make({0}, {index_min}, 8)) == status::ok);

  REQUIRE(message(k754::detail::check_extents("conv2d", "input", make({3, e40, e40}, {0, 5, 1}, 4))) ==
          "[conv2d] input is too large: extent 1099511627776 with stride 1 on axis 2 overflows");
}

TEST_CASE("negative extents and more than 8 axes are named") {
  REQUIRE(message(k754::detail::check_extents("argmax", "input", make({3, -4}, {1, 1}))) ==
          "[argmax] input has extent -4 on axis 1");
  REQUIRE(checked(make({0, index_min}, {1, 1})) == status::negative_extent);
  REQUIRE(checked(make({-1, -1}, {index_min, index_min})) == status::negative_extent);
  layout nine = make({1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1});
  REQUIRE(checked(nine) == status::ok);
  nine.rank = 9;
  REQUIRE(message(k754::detail::check_extents("where", "mask", nine)) ==
          "[where] mask has 9 axes, at most 8 are supported");
}

TEST_CASE("random extents and strides overflow exactly where 128-bit arithmetic says so") {
  __extension__ typedef __int128 wide;
  random_bits random(63);
  case_count cases("extents checked for overflow", 200000);
  long refused = 0;
  for (int i = 0; i < 200000; ++i) {
    layout view;
    view.rank = random.below(5);
    view.element_size = index_t{1} << random.below(4);
    wide bytes = view.element_size, reach = view.element_size;
    for (std::size_t axis = 0; axis < view.rank; ++axis) {
      view.extents[axis] = static_cast<index_t>(random() >> random.below(64) >> 1);
      view.strides[axis] = static_cast<index_t>(random() >> random.below(64) >> 1);
      if (random.below(2) == 0) view.strides[axis] = -view.strides[axis];
    }
    bool fits = true;
    for (std::size_t axis = 0; axis < view.rank; ++axis) {
      const wide extent = view.extents[axis],
                 stride = view.strides[axis] < 0 ? -wide{view.strides[axis]} : view.strides[axis];
      if (extent == 0) continue;
      const wide span = stride * (extent - 1);  // below 2^126
      bytes *= extent;
      fits = fits && bytes <= index_max && span <= index_max && reach + span * view.element_size <= index_max;
      if (!fits) break;
      reach += span * view.element_size;
    }
    CAPTURE(i);
    if ((checked(view) == status::ok) != fits) FAIL("the check and 128-bit arithmetic differ");
    refused += fits ? 0 : 1;
    cases.add();
  }
  REQUIRE(refused > 50000);
  REQUIRE(refused < 150000);
  cases.check();
}

TEST_CASE("a view overlaps itself where a set of its addresses says so") {
  random_bits random(8);
  address_set set;
  case_count cases("layouts tested for self-overlap", 200000);
  long overlapping = 0;
  for (int i = 0; i < 200000; ++i) {
    const layout view = random_layout(random, 1 << 20, 5);
    const bool expected = overlaps_itself_by_set(view, set);
    if (k754::detail::overlaps_itself(view) != expected) {
      CAPTURE(i, view.rank, view.extents, view.strides, expected);
      FAIL("self-overlap");
    }
    overlapping += expected ? 1 : 0;
    cases.add();
  }
  REQUIRE(overlapping > 10000);
  REQUIRE(overlapping < 180000);
  cases.check();
}

TEST_CASE("views share memory where the sets of their addresses do") {
  random_bits random(9);
  address_set set;
  case_count cases("pairs of layouts tested for shared memory", 300000);
  long sharing = 0, interleaved = 0;
  for (int i = 0; i < 300000; ++i) {
    // in the middle of memory, and at both of its ends
    const std::uintptr_t base = i % 3 == 0   ? std::uintptr_t{1} << 20
                                : i % 3 == 1 ? std::uintptr_t{64}
                                             : ~std::uintptr_t{99};
    const layout a = random_layout(random, base, 4);
    layout b = random_layout(random, base, 4);
    if (random.below(3) ==
        0) {  // the same strides, next to each other: the interleaved views of real programs
      const void* const data = b.data;
      b = a;
      b.data = data;
    }
    const bool expected = share_memory_by_set(a, b, set);
    if (k754::detail::share_memory(a, b) != expected || k754::detail::share_memory(b, a) != expected) {
      CAPTURE(i, a.rank, a.extents, a.strides, a.element_size, a.data, b.rank, b.extents, b.strides,
              b.element_size, b.data, expected);
      FAIL("shared memory");
    }
    sharing += expected ? 1 : 0;
    // disjoint, though the ranges of their addresses are not
    if (!expected && !a.empty() && !b.empty()) {
      std::uintptr_t low_a = ~std::uintptr_t{0}, high_a = 0, low_b = low_a, high_b = 0;
      for_each_offset(a, [&](index_t offset) {
        low_a = std::min(low_a, address_of(a, offset));
        high_a = std::max(high_a, address_of(a, offset));
      });
      for_each_offset(b, [&](index_t offset) {
        low_b = std::min(low_b, address_of(b, offset));
        high_b = std::max(high_b, address_of(b, offset));
      });
      interleaved += low_a <= high_b && low_b <= high_a ? 1 : 0;
    }
    cases.add();
  }
  REQUIRE(sharing > 50000);
  REQUIRE(interleaved > 5000);
  cases.check();
}

TEST_CASE("the layouts of real programs are told apart at their real sizes") {
  using k754::detail::share_memory;
  const std::uintptr_t at = std::uintptr_t{1} << 40;
  // halves of the channels of an NHWC tensor [64, 224, 224, 128] of float
  const auto half = [&](std::uintptr_t channel) {
    return make({64, 224, 224, 64}, {224 * 224 * 128, 224 * 128, 128, 1}, 4, at + 4 * channel);
  };
  REQUIRE_FALSE(share_memory(half(0), half(64)));
  REQUIRE(share_memory(half(0), half(63)));
  // red, green and blue of a picture of bytes, one of them mirrored
  const layout red = make({1080, 1920}, {5760, 3}, 1, at);
  const layout green_mirrored = make({1080, 1920}, {5760, -3}, 1, at + 1 + 3 * 1919);
  REQUIRE_FALSE(share_memory(red, green_mirrored));
  REQUIRE(share_memory(red, make({1080, 1920}, {5760, -3}, 1, at + 3 * 1919)));
  // real and imaginary parts, the one transposed
  REQUIRE_FALSE(share_memory(make({1000, 2000}, {4000, 2}, 8, at), make({2000, 1000}, {2, 4000}, 8, at + 8)));
  // the same, a byte off: every element is hit
  REQUIRE(share_memory(make({1000, 2000}, {4000, 2}, 8, at), make({2000, 1000}, {2, 4000}, 8, at + 9)));
  // blocks of one matrix, side by side and corner to corner
  REQUIRE_FALSE(
      share_memory(make({512, 512}, {1024, 1}, 4, at), make({512, 512}, {1024, 1}, 4, at + 4 * 512)));
  REQUIRE_FALSE(
      share_memory(make({512, 512}, {1024, 1}, 4, at), make({512, 512}, {1024, 1}, 4, at + 4 * 512 * 1025)));
  REQUIRE(
      share_memory(make({512, 512}, {1024, 1}, 4, at), make({512, 512}, {1024, 1}, 4, at + 4 * 511 * 1025)));
  // even and odd elements, read as types of another size
  REQUIRE_FALSE(share_memory(make({100000}, {2}, 4, at), make({100000}, {4}, 2, at + 4)));
  REQUIRE_FALSE(share_memory(make({100000}, {2}, 4, at), make({100000}, {4}, 2, at + 6)));
  REQUIRE(share_memory(make({100000}, {2}, 4, at), make({100000}, {4}, 2, at + 3)));
  REQUIRE(share_memory(make({100000}, {2}, 4, at), make({100000}, {4}, 2, at + 7)));
  // next to each other, and one byte less
  REQUIRE_FALSE(share_memory(make({1000}, {1}, 4, at), make({1000}, {-1}, 4, at + 4 * 1999)));
  REQUIRE(share_memory(make({1000}, {1}, 4, at), make({1000}, {-1}, 4, at + 4 * 1999 - 1)));
  // broadcast inputs in front of and behind what is written
  REQUIRE_FALSE(share_memory(make({1 << 30}, {0}, 4, at), make({1 << 20}, {1}, 4, at + 4)));
  REQUIRE(share_memory(make({1 << 30}, {0}, 4, at + 4), make({1 << 20}, {1}, 4, at)));
  // eight axes
  const auto all_bits = [&](index_t step, std::uintptr_t address) {
    return make({2, 2, 2, 2, 2, 2, 2, 2},
                {128 * step, 64 * step, 32 * step, 16 * step, 8 * step, 4 * step, 2 * step, step}, 2,
                address);
  };
  REQUIRE_FALSE(share_memory(all_bits(2, at), all_bits(2, at + 2)));
  REQUIRE(share_memory(all_bits(2, at), all_bits(2, at + 4)));
  REQUIRE_FALSE(k754::detail::overlaps_itself(all_bits(1, at)));
  // sliding windows overlap themselves, unless their step is their width
  REQUIRE(k754::detail::overlaps_itself(make({1000, 7}, {6, 1})));
  REQUIRE_FALSE(k754::detail::overlaps_itself(make({1000, 7}, {7, 1})));
  REQUIRE(k754::detail::overlaps_itself(make({5, 1000000}, {0, 1})));
  REQUIRE_FALSE(k754::detail::overlaps_itself(make({1, 1000000}, {0, 1})));
  // not nested, and still injective: 3 i + 5 j with i < 5, j < 3
  REQUIRE_FALSE(k754::detail::overlaps_itself(make({5, 3}, {3, 5})));
  REQUIRE(k754::detail::overlaps_itself(make({6, 4}, {3, 5})));
}

TEST_CASE("layouts at the limits of addresses are compared without overflow") {
  using k754::detail::share_memory;
  constexpr index_t far = index_max - 64;
  const layout two_ends = make({2}, {far}, 1, 16);
  const layout same_step = make({2, 2}, {far, 8}, 1, 20);
  REQUIRE(checked(two_ends) == status::ok);
  REQUIRE(checked(same_step) == status::ok);
  REQUIRE_FALSE(share_memory(two_ends, same_step));
  REQUIRE(share_memory(two_ends, make({2, 2}, {far, 4}, 1, 12)));
  // from the upper end of the first to the second: x far = target has one solution only at its very end
  const layout upper = make({2}, {far}, 1, 16 + static_cast<std::uintptr_t>(far));
  REQUIRE(share_memory(two_ends, upper));
  REQUIRE(share_memory(upper, two_ends));
  REQUIRE_FALSE(share_memory(make({2}, {far}, 1, 17), upper));
  REQUIRE_FALSE(k754::detail::overlaps_itself(make({2, 2}, {far, 1}, 1)));
  REQUIRE_FALSE(k754::detail::overlaps_itself(make({3, 2}, {index_max / 4, index_max / 4 + 1}, 1)));
  // a stride that is never taken
  REQUIRE_FALSE(k754::detail::overlaps_itself(make({1, 3}, {index_min, 1}, 1)));
  REQUIRE_FALSE(share_memory(make({1, 3}, {index_min, 1}, 4, 1000), make({3}, {1}, 4, 1012)));
  REQUIRE(share_memory(make({1, 3}, {index_min, 1}, 4, 1000), make({3}, {1}, 4, 1011)));
}

TEST_CASE("a search that would take too long answers that memory may be shared") {
  // coprime strides over large extents: no early decision, and a refusal is the safe side
  const layout a = make({100000, 100000}, {100003 * 2, 99991 * 2}, 1, 1 << 30);
  const layout b = make({100000, 100000, 1000}, {99989 * 2, 100019 * 2, 99971 * 2}, 1,
                        (1 << 30) + (std::uintptr_t{1} << 33));
  REQUIRE(k754::detail::share_memory(a, b));
}

TEST_CASE("an alias is exact where every index is the same element") {
  using k754::detail::same_elements;
  const layout view = make({3, 4}, {4, 1}, 4);
  REQUIRE(same_elements(view, view));
  REQUIRE_FALSE(same_elements(view, make({3, 4}, {4, 1}, 4, (1 << 20) + 4)));
  REQUIRE_FALSE(same_elements(view, make({3, 4}, {5, 1}, 4)));
  REQUIRE_FALSE(same_elements(view, make({3, 4}, {4, 1}, 8)));
  REQUIRE_FALSE(same_elements(view, make({4, 3}, {1, 4}, 4)));
  REQUIRE_FALSE(same_elements(view, make({12}, {1}, 4)));
  // strides that are never taken do not count
  REQUIRE(same_elements(make({1, 4}, {7, 1}), make({1, 4}, {-9, 1})));
  REQUIRE_FALSE(same_elements(make({2, 4}, {7, 1}), make({2, 4}, {-9, 1})));

  using k754::detail::check_sharing;
  using k754::detail::sharing;
  const auto code = [](const layout& output, const layout& input, sharing allowed) {
    return check_sharing("test", "output", "input", output, input, allowed).code;
  };
  REQUIRE(code(view, view, sharing::exact_alias) == status::ok);
  REQUIRE(code(view, view, sharing::none) == status::overlap);
  REQUIRE(code(view, make({3, 4}, {4, 1}, 4, (1 << 20) + 4), sharing::exact_alias) == status::overlap);
  REQUIRE(code(view, make({3, 4}, {4, 1}, 4, (1 << 20) + 48), sharing::none) == status::ok);
  REQUIRE(code(view, make({3, 0}, {4, 1}, 4), sharing::none) == status::ok);
  REQUIRE(message(check_sharing("where", "output", "mask", view, view, sharing::none)) ==
          "[where] output shares memory with mask");
  REQUIRE(
      message(check_sharing("where", "output", "x", view, make({3, 4}, {1, 3}, 4), sharing::exact_alias)) ==
      "[where] output shares memory with x, but is not exactly it");
  REQUIRE(message(k754::detail::check_no_self_overlap("where", "output", make({2}, {0}))) ==
          "[where] output has strides that put two of its elements in one place");
}

TEST_CASE("null pointers are refused where there are elements") {
  using k754::detail::check_data;
  REQUIRE(check_data("test", "x", make({2, 3}, {3, 1}, 4, 0)).code == status::null_pointer);
  REQUIRE(check_data("test", "x", make({}, {}, 4, 0)).code == status::null_pointer);
  REQUIRE(check_data("test", "x", make({2, 0, 3}, {0, 3, 1}, 4, 0)).code == status::ok);
  REQUIRE(check_data("test", "x", make({2, 3}, {3, 1}, 4, 8)).code == status::ok);
}

TEST_CASE("axes count from either end") {
  for (std::size_t rank = 0; rank <= 8; ++rank) {
    const auto count = static_cast<index_t>(rank);
    for (index_t axis = -10; axis <= 10; ++axis) {
      std::size_t normalized = 99;
      const auto result = k754::detail::check_axis("test", "axis", axis, "input", rank, normalized);
      CAPTURE(rank, axis);
      if (axis >= -count && axis < count) {
        REQUIRE(result);
        REQUIRE(static_cast<index_t>(normalized) == (axis >= 0 ? axis : count + axis));
        REQUIRE(k754::detail::axis_of(axis, rank) == normalized);
      } else {
        REQUIRE(result.code == status::axis_out_of_range);
        REQUIRE(normalized == 99);
      }
    }
    std::size_t normalized = 0;
    REQUIRE_FALSE(k754::detail::check_axis("test", "axis", index_min, "input", rank, normalized));
    REQUIRE_FALSE(k754::detail::check_axis("test", "axis", index_max, "input", rank, normalized));
  }
  std::size_t normalized = 0;
  REQUIRE(message(k754::detail::check_axis("softmax", "axis", 2, "logits", 2, normalized)) ==
          "[softmax] axis is 2, logits has 2 axes");
}

TEST_CASE("shapes are compared axis by axis") {
  using k754::detail::check_shape;
  REQUIRE(check_shape("test", "x", make({2, 3}, {9, 9}), make({2, 3}, {3, 1})));
  REQUIRE(message(check_shape("test", "x", make({2}, {9}), make({2, 3}, {3, 1}))) ==
          "[test] x has 1 axes, expected 2");
  REQUIRE(message(check_shape("test", "x", make({2, 4}, {3, 1}), make({2, 3}, {3, 1}))) ==
          "[test] x has extent 4 on axis 1, expected 3");
}

TEST_CASE("a walk visits every index in row-major order, from any start") {
  random_bits random(10);
  case_count cases("walks over random layouts", 20000);
  for (int i = 0; i < 20000; ++i) {
    layout view = random_layout(random, 0, 4);
    if (view.empty()) view.extents = {1, 1, 1, 1};
    axes other{};
    for (std::size_t axis = 0; axis < view.rank; ++axis)
      other[axis] = static_cast<index_t>(random.below(100)) - 50;
    std::vector<index_t> expected, expected_other;
    for_each_offset(view, [&](index_t offset) { expected.push_back(offset); });
    layout second = view;
    second.strides = other;
    for_each_offset(second, [&](index_t offset) { expected_other.push_back(offset); });
    const index_t count = k754::detail::element_count(view);
    REQUIRE(static_cast<std::size_t>(count) == expected.size());
    const auto start = static_cast<index_t>(random.below(static_cast<std::uint64_t>(count)));
    k754::detail::index_walk<2> walk(view.rank, view.extents, {view.strides, other}, start);
    for (index_t at = start; at < count; ++at, walk.next()) {
      if (walk.offset(0) != expected[static_cast<std::size_t>(at)] ||
          walk.offset(1) != expected_other[static_cast<std::size_t>(at)]) {
        CAPTURE(i, start, at);
        FAIL("offset");
      }
    }
    cases.add();
  }
  cases.check();
}

TEST_CASE("an axis is taken out of a layout") {
  const layout view = make({2, 3, 4}, {-12, 4, 1}, 8);
  const axes extents[3] = {{3, 4}, {2, 4}, {2, 3}}, strides[3] = {{4, 1}, {-12, 1}, {-12, 4}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const layout rest = k754::detail::without_axis(view, axis);
    REQUIRE(rest.rank == 2);
    REQUIRE(rest.extents == extents[axis]);
    REQUIRE(rest.strides == strides[axis]);
    REQUIRE(rest.element_size == 8);
    REQUIRE(rest.data == view.data);
  }
  REQUIRE(k754::detail::without_axis(make({5}, {1}), 0).rank == 0);

  const layout kept = k754::detail::reduced(view, 1, true);
  REQUIRE(kept.rank == 3);
  REQUIRE(kept.extents == axes{2, 1, 4});
  REQUIRE(k754::detail::reduced(view, 1, false).extents == axes{2, 4});
}

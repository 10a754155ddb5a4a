/// Selections tile by tile: which code takes a run, and what is written past the caches.
#ifndef K754_CALL_WHERE_TILES_HPP
#define K754_CALL_WHERE_TILES_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../detail/broadcast.hpp"
#include "../detail/cache_size.hpp"
#include "../detail/conditions.hpp"
#include "../detail/layout.hpp"
#include "../detail/prefetch.hpp"
#include "../detail/tiles.hpp"
#include "../executor.hpp"
#include "../reference/where.hpp"
#include "../simd/conditions.hpp"
#include "../status.hpp"
#include "../targets/choose.hpp"
#include "arguments.hpp"
#include "condition_tiles.hpp"

namespace k754::detail {

/// How outputs are written: through the caches, or past them as far as a kernel can.
enum class stores : int { cached, streamed };

inline namespace K754_KERNEL_ABI {

template <class Condition, class Bits>
void where_in_turn(const Condition& condition, strided<const Bits> x, strided<const Bits> y,
                   strided<Bits> output, index_t n, stores) noexcept {
  reference::where(condition, x, y, output, n);
}
template <class Condition, class Bits>
void where_backward_in_turn(const Condition& condition, strided<const Bits> upstream, strided<Bits> dx,
                            strided<Bits> dy, index_t n, stores) noexcept {
  reference::where_backward(condition, upstream, dx, dy, n);
}

}  // namespace K754_KERNEL_ABI

/// One run. Conditions are `byte_run` or `bit_run`, elements unsigned integers of the four widths.
template <class Condition, class Bits>
struct where_kernel {
  using function = void(const Condition& condition, strided<const Bits> x, strided<const Bits> y,
                        strided<Bits> output, index_t n, stores how) noexcept;
  static constexpr function* scalar = &where_in_turn<Condition, Bits>;
  static function* compiled() noexcept;
};
template <class Condition, class Bits>
struct where_backward_kernel {
  using function = void(const Condition& condition, strided<const Bits> upstream, strided<Bits> dx,
                        strided<Bits> dy, index_t n, stores how) noexcept;
  static constexpr function* scalar = &where_backward_in_turn<Condition, Bits>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/where-inl.hpp"
#include "../targets/foreach-inl.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

/// The operands of a selection: its condition, and three of which the last, or the last two, are written.
using selection_operands = std::array<argument, 4>;

/// Bytes of a tensor's elements, those that repeat once.
constexpr std::uint64_t bytes_of(const layout& tensor) noexcept {
  std::uint64_t bytes = magnitude(tensor.element_size);
  for (std::size_t axis = 0; axis < tensor.rank; ++axis) {
    if (tensor.strides[axis] != 0) bytes *= magnitude(tensor.extents[axis]);
  }
  return bytes;
}

/// What a selection does about the caches. What is written past them is decided here alone; the kernels then do it in
/// whole lines, where alignment and aliasing allow it.
struct cache_use {
  bool fetches = false;  ///< the caches do not hold the operands: what comes soon is asked for
  bool streams = false;  ///< and little of an output would still be there when somebody reads it

  /// Outputs of less than 1 MiB are spared: the second cache of most CPUs holds them until they are read.
  cache_use(const selection_operands& all, std::size_t inputs) noexcept {
    constexpr std::uint64_t least_bytes = 1 << 20;
    const std::uint64_t bytes = bytes_of(all[1].view) + bytes_of(all[2].view) + bytes_of(all[3].view);
    fetches = bytes > least_bytes && bytes > magnitude(last_level_cache_bytes());
    streams = fetches;
    for (std::size_t to = inputs; to < all.size(); ++to) {
      streams = streams && bytes_of(all[to].view) > least_bytes;
      for (std::size_t from = 0; from < inputs; ++from) {
        streams = streams && all[from].view.data != all[to].view.data;
      }
    }
  }

  /// Not tiles of few bytes, nor those that share a good part of their lines with their neighbours: rows of 1 KiB of
  /// which they share lines took 3.5 times as long (16 MB row masks on an EPYC with AVX-512; 16 times with AVX2).
  constexpr stores of_tile(std::uint64_t bytes, bool in_place) const noexcept {
    const bool fills_lines = bytes >= (bytes % cache_line_bytes == 0 ? 1024 : 2048);
    return streams && in_place && fills_lines ? stores::streamed : stores::cached;
  }
};

/// A condition of one value for each row selects rows, so that those of an operand are read here and there: the begin
/// of the one that comes 2 KiB later, which is what a core reads while memory answers (100 ns at 20 GB/s). Always
/// inline, see prefetch.hpp.
template <class Tiles, class Bits>
K754_INLINE void fetch_selected_row(const Tiles& conditions, const tile_input<Bits>& x,
                                    const tile_input<Bits>& y, const tile& t) noexcept {
  constexpr index_t most = 2048 / static_cast<index_t>(sizeof(Bits));
  const index_t rows = most / t.columns + 1;
  if (t.rows > 1 || rows >= t.rows_left || !conditions.one_for_a_row()) return;
  const plane<const Bits>& from = (conditions.of_row(t.row + rows) ? x : y).elements();
  if (from.stride != 1) return;
  prefetch<fetch::to_second_cache>(from.at(t.row + rows, t.column), 0, t.columns < most ? t.columns : most);
}

/// Makes what was written past the caches visible to other threads before what follows.
inline void order_streamed_stores() noexcept {
#if defined(__SSE__)
  __builtin_ia32_sfence();
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/// One of two inputs to the output, by `where_kernel`; or one input to one of two outputs and zeros to the other, by
/// `where_backward_kernel`. The loop goes over the operands in their order.
template <class Bits, std::size_t Outputs, class Condition, class Executor>
void select(const Condition& condition, const selection_operands& all, const elementwise_loop<4>& loop,
            Executor& ex) {
  using tiles = condition_tiles<Condition>;
  using run = typename tiles::run;
  constexpr bool one_output = Outputs == 1;
  using second_element = std::conditional_t<one_output, const Bits, Bits>;
  using kernel = std::conditional_t<one_output, where_kernel<run, Bits>, where_backward_kernel<run, Bits>>;
  constexpr index_t limit = tiles::limit < block_elements<Bits> ? tiles::limit : block_elements<Bits>;

  const auto code = choose<kernel>();
  const cache_use caches(all, all.size() - Outputs);
  // pieces of work: none but the whole where there is nobody to share it with
  const index_t piece = std::same_as<Executor, serial_executor> ? loop.count() : task_elements;
  run_pieces(ex, loop.count(), piece, [&](index_t begin, index_t end) {
    loop.for_planes(begin, end, [&](const auto& p) {
      tiles conditions(condition, p, 0);
      tile_input<Bits> first(p.of(1, elements_of<const Bits>(all[1])));
      tile_operand<second_element> second(p.of(2, elements_of<second_element>(all[2])));
      tile_output<Bits> third(p.of(3, elements_of<Bits>(all[3])));
      for_tiles(p.rows, p.columns, limit, is_joined_row<Bits>(p.columns),
                finest_of(conditions.parts(), first.parts(), second.parts(), third.parts()),
                [&](const tile& t) {
                  if constexpr (one_output) {
                    if (caches.fetches) fetch_selected_row(conditions, first, second, t);
                  }
                  const bool in_place = second.in_place(t) && third.in_place(t);
                  code(conditions.of(t), first.of(t), second.of(t), third.of(t), t.count(),
                       caches.of_tile(magnitude(t.count()) * sizeof(Bits), in_place));
                  second.finish(t);
                  third.finish(t);
                });
    });
    if (caches.streams) order_streamed_stores();
  });
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_WHERE_TILES_HPP

#include "../targets/order-inl.hpp"

// Short rows become columns: blocks of as many of them as a vector has elements are transposed in registers. For vectors of
// a known size.
//
// A part of argmax-inl.hpp, which includes it (no include guard).
#if !HWY_HAVE_SCALABLE
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {
namespace argmax {

using byte_vector = hn::Vec<hn::ScalableTag<std::uint8_t>>;

/// A vector of blocks of 16 bytes that are `pitch` apart.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_blocks(D d, const std::uint8_t* x, index_t pitch) {
  if constexpr (hn::MaxLanes(D()) <= 16) {
    (void)pitch;
    return hn::LoadU(d, x);
  } else {
    const hn::Half<D> half;
    const auto blocks = static_cast<index_t>(hn::MaxLanes(half) / 16);
    return hn::Combine(d, load_blocks(half, x + blocks * pitch, pitch), load_blocks(half, x, pitch));
  }
}

/// Rows of 16 bytes, as many as they have elements, become columns, for each block of the vectors: pairs of rows are
/// interleaved, and then their lower and their upper halves are half as many rows of elements twice as large.
template <std::size_t ElementSize, std::size_t... Index>
HWY_INLINE HWY_ATTR void transpose_rows(const byte_vector* rows, byte_vector* columns,
                                        std::index_sequence<Index...> /*pairs*/) {
  if constexpr (sizeof...(Index) == 0) {
    columns[0] = rows[0];
  } else {
    const hn::ScalableTag<std::uint8_t> bytes;
    const hn::ScalableTag<hwy::UnsignedFromSize<ElementSize>> d;
    const byte_vector lower[] = {hn::BitCast(
        bytes,
        hn::InterleaveLower(d, hn::BitCast(d, rows[2 * Index]), hn::BitCast(d, rows[2 * Index + 1])))...};
    const byte_vector upper[] = {hn::BitCast(
        bytes,
        hn::InterleaveUpper(d, hn::BitCast(d, rows[2 * Index]), hn::BitCast(d, rows[2 * Index + 1])))...};
    constexpr auto half = std::make_index_sequence<sizeof...(Index) / 2>();
    transpose_rows<2 * ElementSize>(lower, columns, half);
    transpose_rows<2 * ElementSize>(upper, columns + sizeof...(Index), half);
  }
}

/// Columns of a block of 16 bytes of each row, `step` apart; `backward`: of the elements in reverse order.
template <class T, std::size_t... Index>
HWY_INLINE HWY_ATTR void load_columns(const T* x, index_t step, bool backward, byte_vector* columns,
                                      std::index_sequence<Index...> /*all*/) {
  constexpr std::size_t in_block = sizeof...(Index);
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const hn::ScalableTag<std::uint8_t> bytes;
  const auto* from = reinterpret_cast<const std::uint8_t*>(x);
  // GCC would compute and store the addresses of up to 64 rows of bytes before a loop over few blocks.
  if constexpr (sizeof(T) == 1) __asm__("" : "+r"(from));
  const byte_vector rows[] = {load_blocks(bytes, from + static_cast<index_t>(Index) * step * size,
                                          static_cast<index_t>(in_block) * step * size)...};
  byte_vector forward[in_block];
  transpose_rows<sizeof(T)>(rows, forward, std::make_index_sequence<in_block / 2>());
  if (backward) {
    ((columns[Index] = forward[in_block - 1 - Index]), ...);
  } else {
    ((columns[Index] = forward[Index]), ...);
  }
}

/// One more element of each row; `row` is its number.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD>
HWY_INLINE HWY_ATTR void take_column(D d, OD od, byte_vector column, hn::Vec<D> row, hn::Vec<D>& best,
                                     hn::Vec<D>& winner, hn::Vec<OD>& other) {
  const auto bits = hn::BitCast(d, column);
  const auto rank = Keys ? keys_of<Extremum, P, T>(d, bits) : leads_of<Extremum, P, T>(d, bits);
  if constexpr (!Keys && leads_miss_nans<P, T>) other = hn::Max(other, hn::BitCast(od, bits));
  winner = hn::IfThenElse(hn::Gt(rank, best), row, winner);
  best = hn::Max(best, rank);
}

/// Shorter rows of adjacent elements are transposed in registers; others, see detail::side_by_side_bytes. It was 768
/// before rows were fetched ahead; no range is on record.
inline constexpr index_t transposed_row_bytes = 1536;

/// How far ahead short rows are fetched, at least: a page, past which the CPU does not look by itself. No range is on
/// record.
inline constexpr index_t prefetch_bytes = 4096;

/// All columns of a block, counted from 0.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD, std::size_t... Index>
HWY_INLINE HWY_ATTR void take_columns(D d, OD od, const byte_vector* columns,
                                      std::index_sequence<Index...> /*all*/, hn::Vec<D>& best,
                                      hn::Vec<D>& winner, hn::Vec<OD>& other) {
  (take_column<Extremum, P, Keys, T>(d, od, columns[Index], hn::Set(d, static_cast<hn::TFromD<D>>(Index)),
                                     best, winner, other),
   ...);
}

/// Those from `begin` on, the first of which is counted 0.
template <extremum Extremum, policy P, bool Keys, class T, class D, class OD, std::size_t... Index>
HWY_INLINE HWY_ATTR void take_last_columns(D d, OD od, const byte_vector* columns, index_t begin,
                                           std::index_sequence<Index...> /*all*/, hn::Vec<D>& best,
                                           hn::Vec<D>& winner, hn::Vec<OD>& other) {
  const auto one = hn::Set(d, hn::TFromD<D>{1});
  auto row = hn::Zero(d);
  ((static_cast<index_t>(Index) < begin
        ? void()
        : (take_column<Extremum, P, Keys, T>(d, od, columns[Index], row, best, winner, other),
           row = hn::Add(row, one), void())),
   ...);
}

/// Winners in the part of each row from `begin` on: where there is none, -1, that of an earlier part stays.
template <class D>
HWY_INLINE HWY_ATTR void store_part(D d, hn::Vec<D> winner, index_t begin, index_t* to) {
  if (begin == 0) {
    store_indices(d, winner, to);
  } else if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const auto index = hn::Add(winner, hn::Set(d, static_cast<hn::TFromD<D>>(begin)));
    const auto stays = hn::Lt(winner, hn::Zero(d));
    store_elements(d, hn::IfThenElse(stays, load_elements(d, to), index), to);
  } else {
    const hn::Half<D> half;
    const hn::RepartitionToWide<D> wide;
    store_part(wide, hn::PromoteTo(wide, hn::LowerHalf(half, winner)), begin, to);
    store_part(wide, hn::PromoteTo(wide, hn::UpperHalf(half, winner)), begin, to + lanes_of(wide));
  }
}

/// `count` rows, at least a vector, of adjacent elements (stride 1 or -1), as many at once as a vector has elements: blocks of
/// them are transposed, and the columns taken at once. Reads 16 bytes of each row, however short.
template <extremum Extremum, policy P, bool Keys, class T>
HWY_ATTR void search_transposed(const T* x, index_t n, index_t stride, index_t count, index_t step,
                                index_t* winners) noexcept {
  using D = key_tag<T>;
  const D d;
  using OD = other_tag<Extremum, D>;
  const OD od;
  using key = hn::TFromD<D>;
  constexpr std::size_t in_block = 16 / sizeof(T);
  constexpr auto block = static_cast<index_t>(in_block);
  constexpr auto all = std::make_index_sequence<in_block>();
  constexpr index_t counted = 127 / block * block;  // what a byte counts
  const index_t lanes = lanes_of(d);
  // Rows that are not much longer than what is read of them at a time are a stream of memory that the CPU sees by itself.
  const index_t rows_bytes = lanes * step * static_cast<index_t>(sizeof(T));
  const bool fetched =
      n * static_cast<index_t>(sizeof(T)) > static_cast<index_t>(detail::cache_line_bytes) && step <= 2 * n;
  const index_t ahead = fetched ? (prefetch_bytes / rows_bytes + 1) * lanes * step : 0;
  for (index_t done = 0; done < count; done += lanes) {
    if (count - done < lanes) done = count - lanes;
    const T* const first = x + done * step;
    auto best = hn::Set(d, least_key<D>), winner = hn::Zero(d);
    auto other = hn::Set(od, least_key<OD>);
    index_t begin = 0;
    for (index_t end = 0;; begin = end) {
      end = sizeof(T) == 1 && n - begin > counted ? begin + counted : n;
      // Winners are counted from i on.
      index_t i = begin;
      for (; i + block <= end; i += block) {
        byte_vector columns[in_block];
        if (ahead != 0)
          detail::prefetch<detail::fetch::to_first_cache>(first, i * lanes + ahead, block * lanes);
        load_columns<T>(first + (stride < 0 ? -i - block + 1 : i), step, stride < 0, columns, all);
        take_columns<Extremum, P, Keys, T>(d, od, columns, all, best, winner, other);
        winner = hn::Sub(winner, hn::Set(d, key{block}));
      }
      if (i < end) {  // the last columns of the block that ends where the row does
        const index_t from = n - block;
        byte_vector columns[in_block];
        load_columns<T>(first + (stride < 0 ? -from - block + 1 : from), step, stride < 0, columns, all);
        take_last_columns<Extremum, P, Keys, T>(d, od, columns, i - from, all, best, winner, other);
      }
      winner = hn::Add(winner, hn::Set(d, static_cast<key>(i - begin)));
      if (end == n) break;
      store_part(d, winner, begin, winners + done);
      winner = hn::Set(d, key{-1});
    }
    if constexpr (Keys) {
      winner = winners_of_keys<P, T>(d, best, winner);
    } else {
      if (!leads_decide<Extremum, P, T>(d, od, best, best, other)) {
        search_transposed<Extremum, P, true>(first, n, stride, lanes, step, winners + done);
        continue;
      }
    }
    store_part(d, winner, begin, winners + done);
  }
}

/// Twice as many vectors as pairs are columns, the elements of which follow each other: every second element is of an even
/// column, and of these every second one of every fourth.
template <class D, std::size_t... Index>
HWY_INLINE HWY_ATTR void separate_columns(D d, const hn::Vec<D>* elements, hn::Vec<D>* columns, index_t apart,
                                          std::index_sequence<Index...> /*pairs*/) {
  const hn::Vec<D> even[] = {hn::ConcatEven(d, elements[2 * Index + 1], elements[2 * Index])...};
  const hn::Vec<D> odd[] = {hn::ConcatOdd(d, elements[2 * Index + 1], elements[2 * Index])...};
  if constexpr (sizeof...(Index) == 1) {
    columns[0] = even[0];
    columns[apart] = odd[0];
  } else {
    constexpr auto half = std::make_index_sequence<sizeof...(Index) / 2>();
    separate_columns(d, even, columns, 2 * apart, half);
    separate_columns(d, odd, columns + apart, 2 * apart, half);
  }
}

/// `count` rows, at least a vector, of two or four elements that fill memory (stride 1 or -1).
template <extremum Extremum, policy P, class T, std::size_t... Index>
HWY_ATTR void search_adjacent_rows(const T* x, index_t stride, index_t count, index_t* winners,
                                   std::index_sequence<Index...> /*all*/) noexcept {
  using D = key_tag<T>;
  const D d;
  using OD = other_tag<Extremum, D>;
  const OD od;
  const hn::ScalableTag<std::uint8_t> bytes;
  constexpr std::size_t n = sizeof...(Index);
  const index_t lanes = lanes_of(d);
  if (stride < 0) x -= n - 1;
  for (index_t done = 0; done < count; done += lanes) {
    if (count - done < lanes) done = count - lanes;
    const T* const first = x + done * static_cast<index_t>(n);
    const hn::Vec<D> elements[] = {load_elements(d, first + static_cast<index_t>(Index) * lanes)...};
    hn::Vec<D> columns[n];
    separate_columns(d, elements, columns, 1, std::make_index_sequence<n / 2>());
    auto best = hn::Set(d, least_key<D>), winner = hn::Zero(d);
    auto other = hn::Zero(od);
    (take_column<Extremum, P, true, T>(d, od, hn::BitCast(bytes, columns[stride < 0 ? n - 1 - Index : Index]),
                                       hn::Set(d, static_cast<hn::TFromD<D>>(Index)), best, winner, other),
     ...);
    store_indices(d, winners_of_keys<P, T>(d, best, winner), winners + done);
  }
}

/// Many rows of adjacent elements, if they are short: whether they are.
template <extremum Extremum, policy P, class T>
HWY_ATTR bool search_short_rows(const T* x, index_t n, index_t stride, index_t count, index_t step,
                                index_t* winners) noexcept {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  const index_t lanes = lanes_of(key_tag<T>());
  if ((stride != 1 && stride != -1) || step < 1 || n * size >= transposed_row_bytes || count < lanes)
    return false;
  if (step == n && n == 2) {
    search_adjacent_rows<Extremum, P>(x, stride, count, winners, std::make_index_sequence<2>());
    return true;
  }
  if (step == n && n == 4 && size <= 4) {
    search_adjacent_rows<Extremum, P>(x, stride, count, winners, std::make_index_sequence<4>());
    return true;
  }
  // Blocks reach into the row before, or, backwards, the next one: not where there is none.
  const index_t missing = n < 16 / size ? 16 / size - n : 0, edge = (missing + step - 1) / step;
  const index_t begin = stride < 0 ? 0 : edge, end = stride < 0 ? count - edge : count;
  if (end - begin < lanes) return false;
  const T* const first = x + begin * step;
  if (leads_are_promising<Extremum, P>(x, n, stride, count, step)) {
    search_transposed<Extremum, P, !floating<T>>(first, n, stride, end - begin, step, winners + begin);
  } else {
    search_transposed<Extremum, P, true>(first, n, stride, end - begin, step, winners + begin);
  }
  if (edge > 0) {
    const index_t left = stride < 0 ? end : 0;
    search_tile<Extremum, P, true>(x + left * step, n, stride, edge, step, winners + left);
  }
  return true;
}

}  // namespace argmax
}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();
#endif

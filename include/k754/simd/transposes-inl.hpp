// Rows that become columns, and back (no include guard; transposes.hpp reads it once for each target). For vectors of
// 128 bits and less, which every target has.
#if !HWY_HAVE_SCALABLE

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

/// Four vectors of four lanes: rows become columns.
template <class D>
HWY_INLINE HWY_ATTR void transpose(D d, hn::Vec<D>& v0, hn::Vec<D>& v1, hn::Vec<D>& v2, hn::Vec<D>& v3) {
  const auto even_low = hn::InterleaveLower(d, v0, v2), even_high = hn::InterleaveUpper(d, v0, v2);
  const auto odd_low = hn::InterleaveLower(d, v1, v3), odd_high = hn::InterleaveUpper(d, v1, v3);
  v0 = hn::InterleaveLower(d, even_low, odd_low);
  v1 = hn::InterleaveUpper(d, even_low, odd_low);
  v2 = hn::InterleaveLower(d, even_high, odd_high);
  v3 = hn::InterleaveUpper(d, even_high, odd_high);
}

/// `rows` rows of `n` elements, which are adjacent, `step` apart in `from`, as columns of lines that are `to_step`
/// apart; the last four elements of a row may be moved twice.
template <class T>
HWY_INLINE HWY_ATTR void transpose_rows(const T* from, index_t step, index_t n, index_t rows, T* to,
                                        index_t to_step) {
  const hn::CappedTag<bits_of<T>, 4> d;
  index_t row = 0;
  if (n >= 4) {
    for (; row + 4 <= rows; row += 4) {
      const T* const x = from + row * step;
      for (index_t i = 0; i < n; i += 4) {
        const index_t at = i + 4 <= n ? i : n - 4;
        auto v0 = load_elements(d, x + at), v1 = load_elements(d, x + step + at);
        auto v2 = load_elements(d, x + 2 * step + at), v3 = load_elements(d, x + 3 * step + at);
        transpose(d, v0, v1, v2, v3);
        T* const line = to + at * to_step + row;
        store_elements(d, v0, line);
        store_elements(d, v1, line + to_step);
        store_elements(d, v2, line + 2 * to_step);
        store_elements(d, v3, line + 3 * to_step);
      }
    }
  }
  for (; row < rows; ++row) {
    for (index_t i = 0; i < n; ++i)
      detail::store(to + i * to_step + row, detail::load(from + row * step + i));
  }
}

/// Back: a line is an element of each row.
template <class T>
HWY_INLINE HWY_ATTR void transpose_lines(const T* from, index_t from_step, index_t n, index_t rows, T* to,
                                         index_t step) {
  const hn::CappedTag<bits_of<T>, 4> d;
  index_t row = 0;
  if (n >= 4) {
    for (; row + 4 <= rows; row += 4) {
      T* const y = to + row * step;
      for (index_t i = 0; i < n; i += 4) {
        const index_t at = i + 4 <= n ? i : n - 4;
        const T* const line = from + at * from_step + row;
        auto v0 = load_elements(d, line), v1 = load_elements(d, line + from_step);
        auto v2 = load_elements(d, line + 2 * from_step), v3 = load_elements(d, line + 3 * from_step);
        transpose(d, v0, v1, v2, v3);
        store_elements(d, v0, y + at);
        store_elements(d, v1, y + step + at);
        store_elements(d, v2, y + 2 * step + at);
        store_elements(d, v3, y + 3 * step + at);
      }
    }
  }
  for (; row < rows; ++row) {
    for (index_t i = 0; i < n; ++i)
      detail::store(to + row * step + i, detail::load(from + i * from_step + row));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // !HWY_HAVE_SCALABLE

// Many short rows, so that a vector holds elements of different rows: a block of them is brought together as columns, in the
// registers where rows are adjacent, and its exponentials are made once, in one loop over the block. A part of softmax-inl.hpp,
// which includes it (no include guard).
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// Rows of at most so many elements are short.
inline constexpr index_t short_row = 64;
/// A block is so many elements (16 KiB of doubles) of at most so many rows.
inline constexpr index_t block_elements = 2048;
inline constexpr index_t block_rows = 64;

/// Rows of a block of rows of `n` elements: whole pairs of vectors.
constexpr index_t rows_in_block(index_t n) {
  constexpr auto pair = static_cast<index_t>(2 * width);
  const index_t rows = block_elements / n / pair * pair;
  return rows < block_rows ? rows : block_rows;
}

/// A block: lines of one element of each row.
template <floating T>
struct short_rows {
  index_t n, pitch;
  alignas(64) T x[static_cast<std::size_t>(block_elements)];
  alignas(64) double e[static_cast<std::size_t>(block_elements)];
  alignas(64) double maximum[static_cast<std::size_t>(block_rows)];
  alignas(64) double parameter[static_cast<std::size_t>(block_rows)];
  bool ordinary[static_cast<std::size_t>(block_rows)];
};

/// e becomes the exponentials, those of maxima, which are 1, with a minus.
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR void exponentials_of(short_rows<T>& b) {
  const doubles d;
  constexpr auto pair = static_cast<index_t>(2 * width), half = static_cast<index_t>(width);
  const auto of_maximum = hn::Set(d, -1.0);
  for (index_t i = 0; i < b.n * b.pitch; i += b.pitch) {
    for (index_t j = 0; j < b.pitch; j += pair) {
      auto e0 = hn::Sub(load_as_doubles<Flush>(d, b.x + i + j), hn::Load(d, b.maximum + j));
      auto e1 = hn::Sub(load_as_doubles<Flush>(d, b.x + i + j + half), hn::Load(d, b.maximum + j + half));
      const auto below0 = hn::Lt(e0, hn::Zero(d)), below1 = hn::Lt(e1, hn::Zero(d));
      exp_nonpositive(d, e0, e1);
      hn::Store(hn::IfThenElse(below0, e0, of_maximum), d, b.e + i + j);
      hn::Store(hn::IfThenElse(below1, e1, of_maximum), d, b.e + i + j + half);
    }
  }
}

/// Calls use(j, maxima, R) for the rows of a block, a vector of them at a time; the exponentials are there. Lane l of
/// reference::lane_sum is a chain over the elements l, l + 16, ..
template <floating T, class Use>
HWY_INLINE HWY_ATTR void for_masses(const short_rows<T>& b, const Use& use) {
  const doubles d;
  const auto one = hn::Set(d, 1.0);
  const index_t chains = b.n < step ? b.n : step;
  for (index_t j = 0; j < b.pitch; j += static_cast<index_t>(width)) {
    hn::Vec<doubles> lane[lanes];
    auto maxima = hn::Zero(d);
    for (index_t l = 0; l < chains; ++l) {
      auto sum = hn::Zero(d);
      for (index_t i = l; i < b.n; i += step) {
        const auto e = hn::Load(d, b.e + i * b.pitch + j);
        const auto is_maximum = hn::Lt(e, hn::Zero(d));
        sum = hn::Add(sum, hn::IfThenZeroElse(is_maximum, e));
        maxima = add_where(is_maximum, maxima, one);
      }
      lane[l] = sum;
    }
    for (index_t left = chains, w = step / 2; w > 0; w /= 2) {  // a lane that is not there is +0
      for (index_t l = 0; l + w < left; ++l) lane[l] = hn::Add(lane[l], lane[l + w]);
      left = left < w ? left : w;
    }
    use(j, maxima, lane[0]);
  }
}

/// The parameter of each row.
template <row_kernel K>
struct parameters_of {
  double* parameter;

  HWY_INLINE HWY_ATTR void operator()(index_t j, hn::Vec<doubles> maxima, hn::Vec<doubles> rest) const {
    const doubles d;
    const auto one = hn::Set(d, 1.0);
    const auto value = K == row_kernel::softmax ? hn::Div(one, hn::Add(maxima, rest))
                                                : log1p_nonnegative(d, hn::Add(hn::Sub(maxima, one), rest));
    hn::Store(value, d, parameter + j);
  }
};

/// Rows with results in doubt are not as the others.
template <floating T>
HWY_INLINE HWY_ATTR void see_doubts(hn::Vec<doubles> v, index_t j, short_rows<T>& b) {
  const doubles d;
  const auto doubt = in_doubt<T>(v, doubt_of(short_row));
  if (HWY_LIKELY(hn::AllFalse(d, doubt))) return;
  HWY_ALIGN double lanes_in_doubt[width];
  hn::Store(hn::IfThenElseZero(doubt, hn::Set(d, 1.0)), d, lanes_in_doubt);
  for (std::size_t k = 0; k < width; ++k) {
    if (lanes_in_doubt[k] > 0.0) b.ordinary[j + static_cast<index_t>(k)] = false;
  }
}

/// x becomes the results.
template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_INLINE HWY_ATTR void results_of(short_rows<T>& b) {
  const doubles d;
  for (index_t i = 0; i < b.n * b.pitch; i += b.pitch) {
    for (index_t j = 0; j < b.pitch; j += static_cast<index_t>(width)) {
      const auto v = K == row_kernel::softmax
                         ? hn::Abs(hn::Load(d, b.e + i + j))
                         : hn::Sub(load_as_doubles<Flush>(d, b.x + i + j), hn::Load(d, b.maximum + j));
      const auto value = value_of<K>(v, hn::Load(d, b.parameter + j));
      if constexpr (Tier == precision::exact) see_doubts(value, j, b);
      store_rounded<Flush>(d, value, b.x + i + j);
    }
  }
}

/// Brings `count` rows together, and makes their exponentials.
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR void load_block(const detail::strided_rows<const T>& x, index_t count, short_rows<T>& b) {
  for (index_t i = 0; i < b.n * b.pitch; ++i) b.x[i] = from_bits<T>(0);
  if (x.along == 1) {
    transpose_rows(x.first, x.step, b.n, count, b.x, b.pitch);
  } else {
    for (index_t i = 0; i < b.n; ++i) {
      std::memcpy(static_cast<void*>(b.x + i * b.pitch), static_cast<const void*>(x.first + i * x.along),
                  static_cast<std::size_t>(count) * sizeof(T));
    }
  }
  maxima_of_columns<Flush>(columns<T>{b.x, b.n, b.pitch, nullptr, 0}, b.pitch, b.maximum, b.ordinary);
  exponentials_of<Flush>(b);
}

/// The results, which x has become, to where they go.
template <floating T>
HWY_INLINE HWY_ATTR void store_block(const short_rows<T>& b, index_t count,
                                     const detail::strided_rows<T>& y) {
  if (y.along == 1) {
    transpose_lines(b.x, b.pitch, b.n, count, y.first, y.step);
    return;
  }
  for (index_t i = 0; i < b.n; ++i) {
    std::memcpy(static_cast<void*>(y.first + i * y.along), static_cast<const void*>(b.x + i * b.pitch),
                static_cast<std::size_t>(count) * sizeof(T));
  }
}

/// Rows of one block.
template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_ATTR void short_block(const detail::row_run<T>& run, short_rows<T>& b) {
  load_block<Flush>(run.x, run.count, b);
  for_masses(b, parameters_of<K>{b.parameter});
  if constexpr (K == row_kernel::logsumexp) {
    for (index_t row = 0; row < run.count; ++row) {
      if (!b.ordinary[row]) continue;
      const double m = b.maximum[row], log_sum = b.parameter[row];
      if constexpr (Tier == precision::exact) {
        b.ordinary[row] = store_certain<Flush>(m, log_sum, run.y.row(row));
      } else {
        detail::store(run.y.row(row), reference::detail_softmax::result<Flush, T>(m + log_sum));
      }
    }
    for (index_t row = 0; row < run.count; ++row) {
      if (!b.ordinary[row]) detail::rows_in_turn<K, Flush, Tier>(run.part(row, 1));
    }
  } else {
    results_of<K, Flush, Tier>(b);
    for (index_t row = 0; row < run.count; ++row) {
      if (b.ordinary[row]) continue;
      auto one_row = run.part(row, 1);
      one_row.y = {b.x + row, b.pitch, 0};
      detail::rows_in_turn<K, Flush, Tier>(one_row);
    }
    store_block(b, run.count, run.y);
  }
}

template <row_kernel K, bool Flush, precision Tier, floating T>
HWY_ATTR void short_rows_together(const detail::row_run<T>& run) {
  short_rows<T> tile;
  tile.n = run.length;
  tile.pitch = rows_in_block(run.length);
  for (index_t row = 0; row < run.count; row += tile.pitch) {
    const index_t rows = run.count - row < tile.pitch ? run.count - row : tile.pitch;
    short_block<K, Flush, Tier>(run.part(row, rows), tile);
  }
}

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

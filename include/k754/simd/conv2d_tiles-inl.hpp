// The inner loops of conv2d: a tile of outputs in registers, M rows of V vectors. A part of conv2d-inl.hpp, which includes it
// (no include guard).
//
// Every output of a tile is a chain of its own, so that the order of its terms is that of reference/dot_product.hpp whatever
// the tile's shape is. Its outputs read the same taps; what these are is a list of segments.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace conv2d {

using floats = hn::ScalableTag<float>;
using vector = hn::Vec<floats>;
inline constexpr std::size_t lanes = hn::MaxLanes(floats());
inline constexpr auto width = static_cast<index_t>(lanes);

/// What the vectors of a tile are. `filters`: a row is a pixel, whose elements are broadcast, its vectors are filters.
/// `channels`: a row is a pixel, its vectors are channels, each with a filter of its own. `pixels`: a row is as many pixels as a
/// vector has elements, side by side in the image, and instead of vectors there are filters, whose weights are broadcast.
enum class form { filters, channels, pixels };

using segment = detail::term_segment;

/// An element as a float, exactly, and as many as a vector has.
template <floating T>
HWY_INLINE HWY_ATTR float as_float(const T* x) {
  if constexpr (std::same_as<T, float>) {
    return detail::load(x);
  } else {
    const std::uint32_t bits = to_bits(detail::load(x)), magnitude = bits & 0x7FFF;
    if constexpr (std::same_as<T, bfloat16>) return from_bits<float>(bits << 16);
    // as float_of_half has it
    const std::uint32_t number = to_bits(from_bits<float>(magnitude << 13) * 0x1p112F);
    const std::uint32_t special = magnitude < 0x7C00 ? 0 : 0x7F800000;
    return from_bits<float>(number | special | (bits - magnitude) << 16);
  }
}
template <floating T>
HWY_INLINE HWY_ATTR vector load_floats(const T* x) {
  const floats d;
  if constexpr (std::same_as<T, float>) {
    return load_elements(d, x);
  } else {
    const hn::RebindToUnsigned<floats> bits;
    const auto element = hn::PromoteTo(bits, load_elements(hn::Rebind<std::uint16_t, floats>(), x));
    if constexpr (std::same_as<T, bfloat16>)
      return hn::BitCast(d, hn::ShiftLeft<16>(element));
    else
      return float_of_half(d, element);
  }
}

/// What all tiles of a block of chunks share. The weights are rows of V vectors.
struct block {
  const segment* begin;
  const segment* end;
  index_t x_step, w_step;
  bool is_first, is_last;
};

/// Where a tile's results go: `count` of a row's vectors' elements, `step` apart; vectors `column_step` apart. `adjacent`:
/// whole vectors can be stored.
struct destination {
  index_t step, count, column_step;
  bool adjacent;
};

/// The sum of `from` and a vector of chunk sums, as doubles.
HWY_INLINE HWY_ATTR void add_to_totals(const double* from, vector chunks, double* to) {
  const hn::Half<floats> half;
  const hn::Rebind<double, decltype(half)> d;
  const auto low = hn::PromoteTo(d, hn::LowerHalf(half, chunks));
  const auto high = hn::PromoteTo(d, hn::UpperHalf(half, chunks));
  store_elements(d, hn::Add(load_elements(d, from), low), to);
  store_elements(d, hn::Add(load_elements(d, from + lanes / 2), high), to + lanes / 2);
}

/// The same rounded to float, once.
HWY_INLINE HWY_ATTR vector rounded_total(const double* from, vector chunks) {
  const hn::Half<floats> half;
  const hn::Rebind<double, decltype(half)> d;
  const auto low = hn::Add(load_elements(d, from), hn::PromoteTo(d, hn::LowerHalf(half, chunks)));
  const auto high =
      hn::Add(load_elements(d, from + lanes / 2), hn::PromoteTo(d, hn::UpperHalf(half, chunks)));
  return hn::Combine(floats(), hn::DemoteTo(half, high), hn::DemoteTo(half, low));
}

/// One term of every output of a tile.
template <form F, floating T, std::size_t M, std::size_t V>
struct multiply_add {
  using rows = std::make_index_sequence<M>;
  using columns = std::make_index_sequence<V>;

  HWY_INLINE HWY_ATTR static void all(const T* const (&x)[M], index_t i, const float* w,
                                      vector (&sums)[M * V]) {
    if constexpr (F != form::channels && M < V) {  // what is fewer stays in registers, weights pass
      vector v[M];
      load_rows(x, i, v, rows());
      by_columns(v, w, sums, columns());
    } else {
      vector v[V];
      load_all(w, v, columns());
      by_rows(x, i, v, sums, rows());
    }
  }

 private:
  HWY_INLINE HWY_ATTR static vector of_row(const T* x) {
    if constexpr (F == form::filters) return hn::Set(floats(), as_float(x));
    return load_floats(x);
  }
  template <std::size_t Column>
  HWY_INLINE HWY_ATTR static vector of_column(const float* w) {
    if constexpr (F == form::pixels) return hn::Set(floats(), detail::load(w + Column));
    return load_elements(floats(), w + Column * lanes);
  }
  template <std::size_t... Rows>
  HWY_INLINE HWY_ATTR static void load_rows(const T* const (&x)[M], index_t i, vector (&v)[M],
                                            std::index_sequence<Rows...>) {
    ((v[Rows] = of_row(x[Rows] + i)), ...);
  }
  template <std::size_t... Columns>
  HWY_INLINE HWY_ATTR static void load_all(const float* w, vector (&v)[V], std::index_sequence<Columns...>) {
    ((v[Columns] = of_column<Columns>(w)), ...);
  }
  template <std::size_t... Columns>
  HWY_INLINE HWY_ATTR static void by_columns(const vector (&v)[M], const float* w, vector (&sums)[M * V],
                                             std::index_sequence<Columns...>) {
    (column<Columns>(v, of_column<Columns>(w), sums, rows()), ...);
  }
  template <std::size_t Column, std::size_t... Rows>
  HWY_INLINE HWY_ATTR static void column(const vector (&v)[M], vector w, vector (&sums)[M * V],
                                         std::index_sequence<Rows...>) {
    ((sums[Rows * V + Column] = hn::MulAdd(v[Rows], w, sums[Rows * V + Column])), ...);
  }
  template <std::size_t... Rows>
  HWY_INLINE HWY_ATTR static void by_rows(const T* const (&x)[M], index_t i, const vector (&w)[V],
                                          vector (&sums)[M * V], std::index_sequence<Rows...>) {
    (row<Rows>(x[Rows] + i, w, sums, columns()), ...);
  }
  template <std::size_t Row, std::size_t... Columns>
  HWY_INLINE HWY_ATTR static void row(const T* x, const vector (&w)[V], vector (&sums)[M * V],
                                      std::index_sequence<Columns...>) {
    if constexpr (F != form::channels) {
      const vector v = of_row(x);
      ((sums[Row * V + Columns] = hn::MulAdd(v, w[Columns], sums[Row * V + Columns])), ...);
    } else {
      ((sums[Row * V + Columns] =
            hn::MulAdd(load_floats(x + Columns * lanes), w[Columns], sums[Row * V + Columns])),
       ...);
    }
  }
};

/// What is done to every vector of a tile; vector i is column i % V of row i / V.
template <std::size_t M, std::size_t V>
struct tile_sums {
  using indices = std::make_index_sequence<M * V>;
  static constexpr std::size_t size = M * V * lanes;

  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void clear(vector (&sums)[M * V], std::index_sequence<Is...>) {
    ((sums[Is] = hn::Zero(floats())), ...);
  }
  /// The chain of precision::fast, from the bias or from where it was left.
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void start_chain(vector (&sums)[M * V], const float* bias,
                                              std::index_sequence<Is...>) {
    ((sums[Is] = load_elements(floats(), bias + Is % V * lanes)), ...);
  }
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void resume_chain(vector (&sums)[M * V], const float* left,
                                               std::index_sequence<Is...>) {
    ((sums[Is] = load_elements(floats(), left + Is * lanes)), ...);
  }
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void leave_chain(const vector (&sums)[M * V], float* left,
                                              std::index_sequence<Is...>) {
    (store_elements(floats(), sums[Is], left + Is * lanes), ...);
  }
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void store_chain(const vector (&sums)[M * V], float* const* y, index_t step,
                                              std::index_sequence<Is...>) {
    (store(hn::Add(sums[Is], hn::Zero(floats())), y[Is / V] + index_t{Is % V} * step), ...);
  }
  /// totals = bias + sums
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void start_totals(const vector (&sums)[M * V], const float* bias, double* totals,
                                               std::index_sequence<Is...>) {
    HWY_ALIGN double start[V * lanes];
    for (std::size_t i = 0; i < V * lanes; ++i) start[i] = static_cast<double>(bias[i]);
    (add_to_totals(start + Is % V * lanes, sums[Is], totals + Is * lanes), ...);
  }
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void add(const vector (&sums)[M * V], double* totals,
                                      std::index_sequence<Is...>) {
    (add_to_totals(totals + Is * lanes, sums[Is], totals + Is * lanes), ...);
  }
  /// One chunk alone: for float, the sum of two floats rounded to double and then to float is their sum rounded to float.
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void store_sums(const vector (&sums)[M * V], const float* bias, float* const* y,
                                             index_t step, std::index_sequence<Is...>) {
    vector start[V];
    load_bias(bias, start, std::make_index_sequence<V>());  // before the stores: it might be the same memory
    (store(hn::Add(start[Is % V], sums[Is]), y[Is / V] + index_t{Is % V} * step), ...);
  }
  template <std::size_t... Is>
  HWY_INLINE HWY_ATTR static void store_totals(const vector (&sums)[M * V], const double* totals,
                                               float* const* y, index_t step, std::index_sequence<Is...>) {
    (store(rounded_total(totals + Is * lanes, sums[Is]), y[Is / V] + index_t{Is % V} * step), ...);
  }

 private:
  template <std::size_t... Columns>
  HWY_INLINE HWY_ATTR static void load_bias(const float* bias, vector (&v)[V],
                                            std::index_sequence<Columns...>) {
    ((v[Columns] = load_elements(floats(), bias + Columns * lanes)), ...);
  }
  HWY_INLINE HWY_ATTR static void store(vector v, float* y) {
    const floats d;
    store_elements(d, hn::IfThenElse(is_number(d, v), v, hn::Set(d, canonical_nan<float>())), y);
  }
};

/// Doubles rounded once to 16 bits, in their place; numbers below the smallest become zeros of their sign.
template <floating T>
HWY_NOINLINE HWY_ATTR void narrow_in_place(double* totals, std::size_t count) noexcept {
  const hn::Rebind<double, hn::Half<floats>> d;
  T* const to = reinterpret_cast<T*>(totals);
  for (std::size_t i = 0; i < count; i += lanes / 2) {
    store_rounded<false, with_nans, with_signed_zeros>(d, load_elements(d, totals + i), to + i);
  }
}

/// Results that are elsewhere than side by side.
template <floating T>
void scatter(const T* from, index_t count, index_t step, T* y) noexcept {
  for (index_t i = 0; i < count; ++i) detail::store(y + i * step, detail::load(from + i));
}

/// The terms of a block for M pixels and V vectors. `bias` is a row of V vectors without -0; `totals` has room for the tile,
/// and is used again as room for results that do not lie side by side.
template <form F, precision Tier, floating T, std::size_t M, std::size_t V>
HWY_NOINLINE HWY_ATTR void compute_tile(const block& of, const T* const* x, const float* w, const float* bias,
                                        double* totals, const destination& to, T* const* y) noexcept {
  using all = tile_sums<M, V>;
  using indices = typename all::indices;
  const T* pixel[M];
  for (std::size_t m = 0; m < M; ++m) pixel[m] = x[m];
  float* const spare = reinterpret_cast<float*>(totals);
  constexpr bool chain = Tier == precision::fast;
  vector sums[M * V];
  if constexpr (!chain) {
    all::clear(sums, indices());
  } else if (of.is_first) {
    all::start_chain(sums, bias, indices());
  } else {
    all::resume_chain(sums, spare, indices());
  }
  bool starts = of.is_first;
  for (const segment* s = of.begin; s != of.end; ++s) {
    const float* row = w + s->w;
    index_t i = s->x;
    std::int32_t n = s->count;
    do {
      multiply_add<F, T, M, V>::all(pixel, i, row, sums);
      i += of.x_step;
      row += of.w_step;
    } while (--n > 0);
    if (chain || !s->ends_chunk || (of.is_last && s + 1 == of.end)) continue;
    if (starts) {
      all::start_totals(sums, bias, totals, indices());
      starts = false;
    } else {
      all::add(sums, totals, indices());
    }
    all::clear(sums, indices());
  }
  if (!of.is_last) {
    if constexpr (chain) all::leave_chain(sums, spare, indices());
    return;
  }
  T* const room = reinterpret_cast<T*>(totals);
  if constexpr (std::same_as<T, float>) {
    T* results[M];
    for (std::size_t m = 0; m < M; ++m) results[m] = to.adjacent ? y[m] : room + m * V * lanes;
    const index_t step = to.adjacent ? to.column_step : width;
    if constexpr (chain) {
      all::store_chain(sums, results, step, indices());
    } else if (starts) {
      all::store_sums(sums, bias, results, step, indices());
    } else {
      all::store_totals(sums, totals, results, step, indices());
    }
    if (to.adjacent) return;
  } else {
    HWY_ALIGN static constexpr float zeros[V * lanes] = {};
    if (chain || starts) {
      all::start_totals(sums, chain ? zeros : bias, totals, indices());
    } else {
      all::add(sums, totals, indices());
    }
    narrow_in_place<T>(totals, all::size);
  }
  for (std::size_t m = 0; m < M; ++m) {
    for (std::size_t i = 0; i < V && F == form::pixels; ++i) {
      scatter(room + (m * V + i) * lanes, width, to.step, y[m] + static_cast<index_t>(i) * to.column_step);
    }
    if (F != form::pixels) scatter(room + m * V * lanes, to.count, to.step, y[m]);
  }
}

template <floating T>
using tile_function = void(const block&, const T* const*, const float*, const float*, double*,
                           const destination&, T* const*) noexcept;

/// The rows of the tallest tile: so many that its sums, and what they take, fit the registers. Up to 6 rows there is a tile of
/// each height, then of every power of two.
template <std::size_t V>
inline constexpr std::size_t tallest = V == 4                             ? (HWY_TARGET == HWY_AVX2 ? 3 : 6)
                                       : V == 2 && HWY_TARGET == HWY_AVX2 ? 6
                                                                          : 8;
inline constexpr std::size_t most_rows = 8;

template <form F, precision Tier, floating T, std::size_t V>
tile_function<T>* tile_of(std::size_t rows) noexcept {
  static constexpr tile_function<T>* low[]{&compute_tile<F, Tier, T, 1, V>, &compute_tile<F, Tier, T, 2, V>,
                                           &compute_tile<F, Tier, T, 3, V>};
  if (rows <= 3) return low[rows - 1];
  if constexpr (tallest < V >> 3) {
    if (rows == 4) return &compute_tile<F, Tier, T, 4, V>;
  }
  if constexpr (tallest<V> == 6)
    return rows == 5 ? &compute_tile<F, Tier, T, 5, V> : &compute_tile<F, Tier, T, 6, V>;
  if constexpr (tallest<V> == 8) return &compute_tile<F, Tier, T, 8, V>;
  return nullptr;
}

/// The height of the next tile where `rows` are left: equal ones, rather than a low one at the end, which has too few chains.
template <std::size_t V>
constexpr std::size_t next_rows(std::size_t rows) noexcept {
  constexpr std::size_t most = tallest<V>;
  if constexpr (most == 8) return rows >= 8 ? 8 : rows >= 4 ? 4 : rows;
  const std::size_t tiles = (rows + most - 1) / most;
  return (rows + tiles - 1) / tiles;
}

}  // namespace conv2d

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

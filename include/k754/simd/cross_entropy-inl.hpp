// Cross-entropy of float, float16 and bfloat16 on vectors of doubles: the bits of
// reference/cross_entropy.hpp. Read once for each target (no include guard); call/cross_entropy_kernels.hpp includes
// everything that is needed before.
//
// Rows are read as in the softmax family, whose code this is made of, for the mass of each. What a row comes to is then
// worked out for a vector of rows at a time. Gradients are exponentials times one number, but at the target.
#if HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace cross_entropy {

using namespace softmax;
using detail::hard_rows;

/// Of W rows: the masses, and what comes of them.
template <index_t W, floating T>
struct row_results {
  HWY_ALIGN double maximum[static_cast<std::size_t>(W)];
  HWY_ALIGN double maxima[static_cast<std::size_t>(W)];
  HWY_ALIGN double rest[static_cast<std::size_t>(W)];
  HWY_ALIGN double share[static_cast<std::size_t>(W)];  ///< factor / S
  T target[static_cast<std::size_t>(W)];                ///< logits of targets, then gradients
};

/// Copies the logits of the targets of rows; what is the definition's is not `ordinary`.
template <floating T>
HWY_INLINE HWY_ATTR void find_targets(const hard_rows<T>& run, T* target, bool* ordinary) {
  for (index_t row = 0; row < run.count; ++row) {
    const index_t label = run.target[row], i = label < 0 ? 0 : label;
    target[row] = detail::load(run.x.row(row) + i * run.x.along);
    ordinary[row] = ordinary[row] && label != detail::target_by_definition && !is_infinite(target[row]);
  }
}

/// Losses and parameters of rows from their masses.
template <bool Flush, index_t W, floating T>
HWY_INLINE HWY_ATTR void finish_rows(const hard_rows<T>& run, row_results<W, T>& r) {
  const doubles d;
  const auto one = hn::Set(d, 1.0), zero = hn::Zero(d);
  for (index_t j = 0; j < run.count; j += static_cast<index_t>(width)) {
    const auto distance = hn::Sub(load_as_doubles<Flush>(d, r.target + j), hn::Load(d, r.maximum + j));
    const auto maxima = hn::Load(d, r.maxima + j), rest = hn::Load(d, r.rest + j);
    const auto excess = hn::Add(hn::Sub(maxima, one), rest), sum = hn::Add(maxima, rest);
    const auto surprisal = hn::Sub(log1p_nonnegative(d, excess), distance);
    hn::StoreU(hn::Mul(hn::LoadU(d, run.weight + j), surprisal), d, run.loss + j);
    if (!run.wants_gradient()) continue;
    auto e = distance, unused = zero;
    exp_nonpositive(d, e, unused);
    const auto others = hn::IfThenElse(hn::Lt(distance, zero), hn::Sub(sum, e), excess);
    const auto factor = hn::LoadU(d, run.factor + j);
    hn::Store(hn::Div(factor, sum), d, r.share + j);
    store_rounded<Flush>(d, hn::Neg(hn::Mul(factor, hn::Div(others, sum))), r.target + j);
  }
}

/// Writes the gradients at the targets of rows.
template <floating T>
HWY_INLINE HWY_ATTR void put_targets(const hard_rows<T>& run, const T* target) {
  for (index_t row = 0; row < run.count; ++row) {
    const index_t label = run.target[row];
    if (label >= 0) detail::store(run.gradient.row(row) + label * run.gradient.along, target[row]);
  }
}

// ---------------------------------------------------------------- rows one by one

/// Exponentials that are kept: 16 KiB, which leaves room for what the callers hold.
inline constexpr index_t kept = 2048;

template <bool Flush, floating T>
HWY_INLINE HWY_ATTR void finish_row(const hard_rows<T>& run, const reference::row_mass<T>& mass, T target,
                                    row_results<pair_width, T>& r) {
  for (std::size_t j = 0; j < 2 * width; ++j) {
    r.maximum[j] = mass.maximum;
    r.maxima[j] = static_cast<double>(mass.maxima);
    r.rest[j] = mass.rest;
    r.target[j] = target;
  }
  finish_rows<Flush>(run, r);
}

/// An ordinary row.
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR void compute_row(const hard_rows<T>& run, row_reader<T>& x, double m, T target, T* room) {
  const index_t n = run.length;
  row_results<pair_width, T> r;
  no_look look;
  const strided<T> gradient{run.gradient.first, run.gradient.along};
  if (!run.wants_gradient()) {
    finish_row<Flush>(run, mass_of_row<false, Flush>(x, n, m, nullptr), target, r);
  } else if (n <= kept) {
    HWY_ALIGN double e[static_cast<std::size_t>(kept)];
    finish_row<Flush>(run, mass_of_row<true, Flush>(x, n, m, e), target, r);
    kept_results<Flush, no_look, T> results(x, e, r.share[0], look);
    write_row(n, results, gradient, room);
    put_targets(run, r.target);
  } else {
    finish_row<Flush>(run, mass_of_row<false, Flush>(x, n, m, nullptr), target, r);
    softmax::row_results<row_kernel::softmax, Flush, no_look, T> results(x, m, r.share[0], look);
    write_row(n, results, gradient, room);
    put_targets(run, r.target);
  }
}

template <bool Flush, floating T>
HWY_ATTR void rows_one_by_one(const hard_rows<T>& rows) {
  T room[static_cast<std::size_t>(block)];
  for (index_t row = 0; row < rows.count; ++row) {
    const auto run = rows.part(row, 1);
    bool ordinary = *run.target >= 0;
    if (ordinary) {
      T target;
      find_targets(run, &target, &ordinary);
      row_reader<T> x({run.x.first, run.x.along}, {nullptr, 0}, negative_infinity<T>(), room);
      const extreme<T> greatest = maximum_of_row(x, run.length);
      ordinary = ordinary && greatest.ordinary;
      if (ordinary) compute_row<Flush>(run, x, maximum_of<Flush>(greatest.maximum), target, room);
    }
    if (!ordinary) run.define(0);
  }
}

// ---------------------------------------------------------------- columns

template <bool Flush, index_t W, floating T>
HWY_ATTR void ordinary_columns(const hard_rows<T>& run, const double* maximum, const T* target) {
  const columns<T> c{run.x.first, run.length, run.x.along, run.gradient.first, run.gradient.along};
  row_results<W, T> r;
  for (index_t j = 0; j < W; ++j) {
    r.maximum[j] = j < run.count ? maximum[j] : 0.0;
    r.maxima[j] = 0.0;
    r.target[j] = j < run.count ? target[j] : from_bits<T>(0);
  }
  sum_of_columns<W>(c.n, column_exponentials<Flush, T>{c, run.count, r.maximum, r.maxima}, r.rest);
  for (double& maxima : r.maxima) maxima = static_cast<double>(c.n) - maxima;  // were those below
  finish_rows<Flush>(run, r);
  if (!run.wants_gradient()) return;
  no_column_look<T> look(run.count);
  finish_columns<row_kernel::softmax, Flush>(c, run.count, r.maximum, r.share, look);
  put_targets(run, r.target);
}

/// A tile: its ordinary columns together, the others one by one.
template <bool Flush>
struct tile_of_columns {
  template <index_t W, floating T>
  HWY_ATTR void compute(const hard_rows<T>& run) const {
    double maximum[static_cast<std::size_t>(W)];
    bool ordinary[static_cast<std::size_t>(W)];
    T target[static_cast<std::size_t>(W)];
    maxima_of_columns<Flush>(columns<T>{run.x.first, run.length, run.x.along, nullptr, 0}, run.count, maximum,
                             ordinary);
    find_targets(run, target, ordinary);
    for (index_t j = 0, end = 0; j < run.count; j = end) {
      while (end < run.count && ordinary[end]) ++end;
      if (end > j) {
        ordinary_columns<Flush, W>(run.part(j, end - j), maximum + j, target + j);
      } else {
        run.define(end++);
      }
    }
  }
};

// ---------------------------------------------------------------- short rows

template <index_t W, floating T>
struct masses_to {
  row_results<W, T>& r;

  HWY_INLINE HWY_ATTR void operator()(index_t j, hn::Vec<doubles> maxima, hn::Vec<doubles> rest) const {
    hn::Store(maxima, doubles(), r.maxima + j);
    hn::Store(rest, doubles(), r.rest + j);
  }
};

template <bool Flush, floating T>
HWY_ATTR void short_block(const hard_rows<T>& run, short_rows<T>& b) {
  row_results<block_rows, T> r;
  for (T& target : r.target) target = from_bits<T>(0);
  load_block<Flush>(run.x, run.count, b);
  find_targets(run, r.target, b.ordinary);
  for (index_t j = 0; j < b.pitch; ++j) r.maximum[j] = b.maximum[j];
  for_masses(b, masses_to<block_rows, T>{r});
  finish_rows<Flush>(run, r);
  if (run.wants_gradient()) {
    for (index_t j = 0; j < b.pitch; ++j) b.parameter[j] = j < run.count ? r.share[j] : 0.0;
    results_of<row_kernel::softmax, Flush, precision::accurate>(b);
    auto in_block = run;
    in_block.gradient = {b.x, b.pitch, 1};
    put_targets(in_block, r.target);
  }
  for (index_t row = 0; row < run.count; ++row) {
    if (!b.ordinary[row]) run.define(row, b.x + row, b.pitch);
  }
  if (run.wants_gradient()) store_block(b, run.count, run.gradient);
}

template <bool Flush, floating T>
HWY_ATTR void short_rows_together(const hard_rows<T>& run) {
  short_rows<T> tile;
  tile.n = run.length;
  tile.pitch = rows_in_block(run.length);
  for (index_t row = 0; row < run.count; row += tile.pitch) {
    const index_t rows = run.count - row < tile.pitch ? run.count - row : tile.pitch;
    short_block<Flush>(run.part(row, rows), tile);
  }
}

// ---------------------------------------------------------------- any rows

/// What detail::define_hard_rows gives.
template <bool Flush, floating T>
HWY_ATTR void compute_rows(const hard_rows<T>& run) noexcept {
  const bool gradient = run.wants_gradient();
  const bool adjacent = run.x.along == 1 && (!gradient || run.gradient.along == 1);
  const bool side_by_side = run.x.step == 1 && (!gradient || run.gradient.step == 1);
  if ((adjacent || side_by_side) && run.length <= short_row && run.count >= few) {
    short_rows_together<Flush>(run);
  } else if (side_by_side && run.x.along != 1 && run.count >= static_cast<index_t>(width)) {
    for_tiles(run, tile_of_columns<Flush>());
  } else {
    rows_one_by_one<Flush>(run);
  }
}

}  // namespace cross_entropy

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// labels of every class
#include "cross_entropy_soft-inl.hpp"

namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

template <bool Flush, floating T>
requires(!std::same_as<T, double>) struct code_of<detail::hard_rows_kernel<Flush, T>>
    : detail::vector_code<&cross_entropy::compute_rows<Flush, T>> {
};
template <bool Flush, floating T>
requires(!std::same_as<T, double>) struct code_of<detail::soft_rows_kernel<Flush, T>>
    : detail::vector_code<&cross_entropy::compute_soft_rows<Flush, T>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd

#endif  // HWY_NATIVE_FMA && !HWY_HAVE_SCALABLE

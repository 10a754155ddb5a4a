/// What of cross-entropy runs on vectors: rows of logits with an index label, or with a label for each class.
#ifndef K754_CALL_CROSS_ENTROPY_KERNELS_HPP
#define K754_CALL_CROSS_ENTROPY_KERNELS_HPP

#include <cstddef>

#include "../bits.hpp"
#include "../detail/broadcast.hpp"
#include "../simd.hpp"
#include "../tensor_view.hpp"
#include "softmax.hpp"

namespace k754::detail {

/// Where a row has a label: a class; none, because it is ignored; or what only the definition knows to do.
inline constexpr index_t no_target = -1, target_by_definition = -2;

/// What the definition makes of a row: its loss, where that is wanted, to where it belongs; gradients to `gradient`.
template <floating T>
struct row_definition {
  void (*compute)(const void* caller, index_t row, T* gradient, index_t along) noexcept;
  const void* caller;
  index_t first = 0;
};

/// `count` rows of `length` logits. A row's loss is weight (-log softmax_t), its gradients factor softmax_i, and for
/// its target factor (softmax_t - 1). Weights and factors are finite, and 0 for ignored rows; their arrays, and the
/// losses', have room for a vector more. Rows with a NaN or an infinite maximum, and those whose target is -inf, are
/// the definition's, too.
template <floating T>
struct hard_rows {
  index_t length, count;
  strided_rows<const T> x;
  strided_rows<T> gradient;  ///< `first` is null where none are wanted
  const index_t* target;
  const double *weight, *factor;
  double* loss;
  row_definition<T> definition;

  K754_INLINE constexpr hard_rows part(index_t row, index_t rows) const noexcept {
    hard_rows some{length,       rows,         x.from(row), gradient,  target + row,
                   weight + row, factor + row, loss + row,  definition};
    if (wants_gradient()) some.gradient = gradient.from(row);
    some.definition.first += row;
    return some;
  }
  K754_INLINE constexpr bool wants_gradient() const noexcept { return gradient.first != nullptr; }
  /// Row `row` as defined, with its gradients at `to`.
  K754_INLINE void define(index_t row, T* to, index_t along) const noexcept {
    definition.compute(definition.caller, definition.first + row, to, along);
  }
  K754_INLINE void define(index_t row) const noexcept {
    define(row, wants_gradient() ? gradient.row(row) : nullptr, gradient.along);
  }
};

/// `count` rows of `length` logits with a label for each class: probabilities, or where there are none an index. A label
/// q becomes kept q + share, if `smoothed`, times the class weight, if there are weights; a label or weight that is not
/// finite makes the row the definition's.
template <floating T>
struct soft_rows {
  index_t length, count;
  strided_rows<const T> x, labels;  ///< `first` of the latter is null for index labels
  strided_rows<T> gradient;         ///< `first` is null where none are wanted
  const index_t* target;            ///< of index labels; target_by_definition for any row
  strided<const T> weights;
  bool smoothed;
  double kept, share;
  bool assume_one;       ///< the labels' sum counts as 1
  bool ieee;             ///< 0 times infinity is NaN
  const double* factor;  ///< of gradients
  double* loss;          ///< null where none are wanted
  row_definition<T> definition;

  K754_INLINE constexpr bool wants_gradient() const noexcept { return gradient.first != nullptr; }
  K754_INLINE void define(index_t row) const noexcept {
    definition.compute(definition.caller, definition.first + row,
                       wants_gradient() ? gradient.row(row) : nullptr, gradient.along);
  }
};

inline namespace K754_KERNEL_ABI {

template <floating T>
void define_soft_rows(const soft_rows<T>& run) noexcept {
  for (index_t row = 0; row < run.count; ++row) run.define(row);
}
template <floating T>
void define_hard_rows(const hard_rows<T>& run) noexcept {
  for (index_t row = 0; row < run.count; ++row) run.define(row);
}

}  // namespace K754_KERNEL_ABI

template <bool Flush, floating T>
struct hard_rows_kernel {
  using function = void(const hard_rows<T>& run) noexcept;
  static constexpr function* scalar = &define_hard_rows<T>;
  static function* compiled() noexcept;
};

template <bool Flush, floating T>
struct soft_rows_kernel {
  using function = void(const soft_rows<T>& run) noexcept;
  static constexpr function* scalar = &define_soft_rows<T>;
  static function* compiled() noexcept;
};

}  // namespace k754::detail

#define K754_TARGET_FILE "../simd/cross_entropy-inl.hpp"
#include "../targets/foreach-inl.hpp"

#endif  // K754_CALL_CROSS_ENTROPY_KERNELS_HPP

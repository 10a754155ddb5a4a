// exp, log and log1p of elements on vectors of doubles, of doubles in double-double: the bits of reference/exp_log.hpp. Read once for each target
// (no include guard); call/exp_log.hpp includes everything that is needed before.
#if HWY_NATIVE_FMA

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace exp_log {

using reference::exp_or_log;
using doubles = hn::ScalableTag<double>;

/// exp, special values included.
HWY_INLINE HWY_ATTR hn::Vec<doubles> with_special_exponentials(hn::Vec<doubles> x, hn::Vec<doubles> result) {
  const doubles d;
  const auto is_large = hn::Gt(x, hn::Set(d, reference::detail_exp_log::largest_exponent));
  result = hn::IfThenElse(is_large, hn::Set(d, infinity<double>()), result);
  return hn::IfThenElse(is_number(d, x), result, x);
}

/// log(1 + x), special values included.
HWY_INLINE HWY_ATTR hn::Vec<doubles> logarithm_of_one_plus(hn::Vec<doubles> x) {
  const doubles d;
  const auto minus_one = hn::Set(d, -1.0), infinite = hn::Set(d, infinity<double>());
  const auto is_inside = hn::Or(lies_in(d, hn::Neg(x), reference::power_of_two(-1022), 1.0),
                                lies_in(d, x, reference::power_of_two(-1022), infinity<double>()));
  auto special = hn::IfThenElse(is_zero(d, x), x, hn::Set(d, canonical_nan<double>()));
  special = hn::IfThenElse(hn::Eq(x, minus_one), hn::Neg(infinite), special);
  const hn::RebindToUnsigned<doubles> bits;
  const auto is_infinite = hn::RebindMask(d, hn::Eq(hn::BitCast(bits, x), hn::BitCast(bits, infinite)));
  return hn::IfThenElse(is_inside, log1p_nonnegative(d, x), hn::IfThenElse(is_infinite, infinite, special));
}

/// Whether one is halfway between two floats; then its rounding is the reference's.
HWY_INLINE HWY_ATTR bool any_halfway(hn::Vec<doubles> v) {
  const hn::RebindToUnsigned<doubles> bits;
  const auto dropped = hn::And(hn::BitCast(bits, v), hn::Set(bits, (std::uint64_t{1} << 29) - 1));
  return !hn::AllFalse(bits, hn::Eq(dropped, hn::Set(bits, std::uint64_t{1} << 28)));
}

template <exp_or_log F, bool Flush, floating T>
struct step {
  HWY_ATTR index_t size() const { return 2 * lanes_of(doubles()); }
  HWY_INLINE HWY_ATTR void operator()(const T* const (&in)[1], T* const (&out)[1], index_t i) const {
    const doubles d;
    const index_t lanes = lanes_of(d);
    const T* const x = in[0] + i;
    T* const y = out[0] + i;
    auto v0 = load_as_doubles<Flush>(d, x), v1 = load_as_doubles<Flush>(d, x + lanes);
    if constexpr (F == exp_or_log::exp) {
      const auto x0 = v0, x1 = v1;
      exp_nonpositive(d, v0, v1);
      v0 = with_special_exponentials(x0, v0);
      v1 = with_special_exponentials(x1, v1);
    } else if constexpr (F == exp_or_log::log) {
      v0 = logarithm(d, v0);
      v1 = logarithm(d, v1);
    } else {
      v0 = logarithm_of_one_plus(v0);
      v1 = logarithm_of_one_plus(v1);
    }
    if constexpr (std::same_as<T, float> && F != exp_or_log::exp) {
      if (any_halfway(v0) || any_halfway(v1)) {
        detail::exp_or_log_in_turn<F, Flush, T>({size(), {x, 1}, {y, 1}});
        return;
      }
    }
    store_rounded<Flush, with_nans, with_signed_zeros>(d, v0, y);
    store_rounded<Flush, with_nans, with_signed_zeros>(d, v1, y + lanes);
  }
};

/// What double-double is for: ordinary doubles, whose results are normal numbers or known. The others, which are few,
/// are the reference's.
template <exp_or_log F>
HWY_INLINE HWY_ATTR hn::Vec<doubles> in_double_double(hn::Vec<doubles> x, hn::Mask<doubles>& is_ordinary) {
  const doubles d;
  auto low = x;
  if constexpr (F == exp_or_log::exp) {
    const auto infinite = hn::Set(d, infinity<double>());
    const hn::RebindToUnsigned<doubles> bits;
    auto exponent = hn::BitCast(bits, x);
    const auto significand = double_double::exponential(d, x, hn::Zero(d), low, exponent);
    const auto is_normal = hn::And(hn::Ge(x, hn::Set(d, -708.0)), hn::Le(x, hn::Set(d, 709.0)));
    const auto is_none = hn::Lt(x, hn::Set(d, -746.0)), is_infinite = hn::Gt(x, hn::Set(d, 710.0));
    is_ordinary = hn::And(is_number(d, x), hn::Or(is_normal, hn::Or(is_none, is_infinite)));
    const auto normal = hn::BitCast(d, hn::Add(hn::BitCast(bits, significand), hn::ShiftLeft<52>(exponent)));
    return hn::IfThenElse(is_infinite, infinite, hn::IfThenZeroElse(is_none, normal));
  } else if constexpr (F == exp_or_log::log) {
    is_ordinary = lies_in(d, x, reference::power_of_two(-1022), infinity<double>());
    return double_double::log_of_normal(d, x, low);
  } else {
    const auto is_small = hn::Lt(hn::Abs(x), hn::Set(d, 0x1p-70));
    is_ordinary =
        hn::Or(lies_in(d, hn::Abs(x), 0.0, 1.0), lies_in(d, x, 1.0, reference::detail_exp_log::no_one_left));
    return hn::IfThenElse(is_small, x, double_double::log1p_of_normal(d, x, hn::Zero(d), low));
  }
}

template <exp_or_log F, bool Flush>
struct step<F, Flush, double> {
  HWY_ATTR index_t size() const { return lanes_of(doubles()); }
  HWY_INLINE HWY_ATTR void operator()(const double* const (&in)[1], double* const (&out)[1],
                                      index_t i) const {
    const doubles d;
    const auto x = load_as_doubles<Flush>(d, in[0] + i);
    auto is_ordinary = is_number(d, x);
    const auto result = in_double_double<F>(x, is_ordinary);
    if (hn::AllTrue(d, is_ordinary)) {
      store_rounded<Flush, false, with_signed_zeros>(d, result, out[0] + i);
    } else {
      detail::exp_or_log_in_turn<F, Flush, double>({size(), {in[0] + i, 1}, {out[0] + i, 1}});
    }
  }
};

/// What detail::exp_or_log_in_turn gives.
template <exp_or_log F, bool Flush, floating T>
HWY_ATTR void compute(const detail::exp_or_log_run<T>& run) noexcept {
  elementwise::for_steps(step<F, Flush, T>(), run.length, {run.x}, {run.output});
}

}  // namespace exp_log

template <reference::exp_or_log F, bool Flush, floating T>
struct code_of<detail::exp_or_log_kernel<F, Flush, T>> : detail::vector_code<&exp_log::compute<F, Flush, T>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA

// xlogy and its gradients on vectors of doubles, of doubles in double-double: the bits of reference/xlogy.hpp. Read once for each target (no
// include guard); call/xlogy.hpp includes everything that is needed before.
#if HWY_NATIVE_FMA

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace xlogy {

using doubles = hn::ScalableTag<double>;

/// What a zero that the caller gave makes of a product with a factor that may be `other`.
HWY_INLINE HWY_ATTR hn::Vec<doubles> hidden_by_zero(zero_times_inf rule, hn::Vec<doubles> other) {
  const doubles d;
  if (rule != zero_times_inf::strong_zero) return hn::Zero(d);
  return hn::IfThenElse(is_number(d, other), hn::Zero(d), other);
}

/// given * log(y)
HWY_INLINE HWY_ATTR hn::Vec<doubles> times_log(zero_times_inf rule, hn::Vec<doubles> given,
                                               hn::Vec<doubles> y) {
  const doubles d;
  const auto product = hn::Mul(given, logarithm(d, y));
  if (rule == zero_times_inf::ieee) return product;
  return hn::IfThenElse(is_zero(d, given), hidden_by_zero(rule, y), product);
}

/// A NaN, where one of them is.
HWY_INLINE HWY_ATTR hn::Vec<doubles> any_nan_of(hn::Vec<doubles> a, hn::Vec<doubles> b, hn::Vec<doubles> c) {
  const doubles d;
  return hn::IfThenElse(is_number(d, a), hn::IfThenElse(is_number(d, b), c, b), a);
}

/// upstream (x / y)
HWY_INLINE HWY_ATTR hn::Vec<doubles> times_quotient(zero_times_inf rule, hn::Vec<doubles> upstream,
                                                    hn::Vec<doubles> x, hn::Vec<doubles> y) {
  const doubles d;
  const auto product = hn::Mul(upstream, hn::Div(x, y));
  if (rule == zero_times_inf::ieee) return product;
  const auto any_zero = hn::Or(is_zero(d, upstream), is_zero(d, x));
  return hn::IfThenElse(any_zero, hidden_by_zero(rule, any_nan_of(x, y, upstream)), product);
}

template <bool Flush, floating T>
HWY_INLINE HWY_ATTR hn::Vec<doubles> load_element(const T* x) {
  return load_as_doubles<Flush>(doubles(), x);
}
template <bool Flush, floating T>
HWY_INLINE HWY_ATTR void store_result(hn::Vec<doubles> v, T* y) {
  store_rounded<Flush, with_nans, with_signed_zeros>(doubles(), v, y);
}

template <bool Flush, floating T>
struct forward_step {
  zero_times_inf rule;

  HWY_ATTR index_t size() const { return lanes_of(doubles()); }
  HWY_INLINE HWY_ATTR void operator()(const T* const (&in)[2], T* const (&out)[1], index_t i) const {
    const auto x = load_element<Flush>(in[0] + i), y = load_element<Flush>(in[1] + i);
    store_result<Flush>(times_log(rule, x, y), out[0] + i);
  }
};

template <bool Flush, floating T>
struct backward_step {
  zero_times_inf rule;

  HWY_ATTR index_t size() const { return lanes_of(doubles()); }
  HWY_INLINE HWY_ATTR void operator()(const T* const (&in)[3], T* const (&out)[2], index_t i) const {
    const auto x = load_element<Flush>(in[0] + i), y = load_element<Flush>(in[1] + i),
               upstream = load_element<Flush>(in[2] + i);
    if (out[0] != nullptr) store_result<Flush>(times_log(rule, upstream, y), out[0] + i);
    if (out[1] != nullptr) store_result<Flush>(times_quotient(rule, upstream, x, y), out[1] + i);
  }
};

// Of doubles, in double-double with exponents apart. Where an operand or a result is not an ordinary one, which is
// rare, the step is the reference's.

/// 2^e of normal numbers +-2^e significand.
HWY_INLINE HWY_ATTR hn::Vec<doubles> power_of_two_in(hn::Vec<doubles> x) {
  return hn::And(x, hn::Set(doubles(), infinity<double>()));
}
/// The significand, in [1, 2), with the sign.
HWY_INLINE HWY_ATTR hn::Vec<doubles> significand_of(hn::Vec<doubles> x) {
  const doubles d;
  return hn::Or(hn::AndNot(hn::Set(d, infinity<double>()), x), hn::Set(d, 1.0));
}
/// Between 2^-Exponent and 2^Exponent in magnitude.
template <int Exponent>
HWY_INLINE HWY_ATTR hn::Mask<doubles> is_moderate(hn::Vec<doubles> x) {
  return lies_in(doubles(), hn::Abs(x), reference::power_of_two(-Exponent),
                 reference::power_of_two(Exponent));
}

/// given * log(y), and whether that is right.
HWY_INLINE HWY_ATTR hn::Vec<doubles> times_log_of_doubles(zero_times_inf rule, hn::Vec<doubles> given,
                                                          hn::Vec<doubles> y,
                                                          hn::Mask<doubles>& is_ordinary) {
  const doubles d;
  auto log_low = y, low = y;
  const auto log = double_double::log_of_normal(d, y, log_low);
  const auto product = double_double::multiply(d, significand_of(given), log, log_low, low);
  const auto scaled = hn::Mul(product, power_of_two_in(given));  // exact: a normal number, or a zero
  const auto sign = hn::And(given, hn::Set(d, -0.0));
  const auto result = hn::IfThenElse(is_zero(d, log), sign, scaled);
  is_ordinary =
      hn::And(lies_in(d, y, reference::power_of_two(-1022), infinity<double>()), is_moderate<960>(given));
  if (rule == zero_times_inf::ieee) return result;
  const auto no_factor = is_zero(d, given);
  is_ordinary = hn::Or(is_ordinary, no_factor);
  return hn::IfThenElse(no_factor, hidden_by_zero(rule, y), result);
}

/// upstream (x / y), and whether that is right.
HWY_INLINE HWY_ATTR hn::Vec<doubles> times_quotient_of_doubles(zero_times_inf rule, hn::Vec<doubles> upstream,
                                                               hn::Vec<doubles> x, hn::Vec<doubles> y,
                                                               hn::Mask<doubles>& is_ordinary) {
  const doubles d;
  const auto zero = hn::Zero(d);
  auto quotient_low = x, low = x;
  const auto quotient =
      double_double::divide(d, significand_of(x), zero, significand_of(y), zero, quotient_low);
  const auto product = double_double::multiply(d, significand_of(upstream), quotient, quotient_low, low);
  const auto scale = hn::Mul(power_of_two_in(upstream), hn::Div(power_of_two_in(x), power_of_two_in(y)));
  const auto result = hn::Mul(product, scale);
  is_ordinary = hn::And(is_moderate<330>(x), hn::And(is_moderate<330>(y), is_moderate<330>(upstream)));
  if (rule == zero_times_inf::ieee) return result;
  const auto any_zero = hn::Or(is_zero(d, upstream), is_zero(d, x));
  is_ordinary = hn::Or(is_ordinary, any_zero);
  return hn::IfThenElse(any_zero, hidden_by_zero(rule, any_nan_of(x, y, upstream)), result);
}

template <bool Flush>
struct forward_step<Flush, double> {
  zero_times_inf rule;

  HWY_ATTR index_t size() const { return lanes_of(doubles()); }
  HWY_INLINE HWY_ATTR void operator()(const double* const (&in)[2], double* const (&out)[1],
                                      index_t i) const {
    const auto x = load_element<Flush>(in[0] + i), y = load_element<Flush>(in[1] + i);
    auto is_ordinary = is_number(doubles(), x);
    const auto result = times_log_of_doubles(rule, x, y, is_ordinary);
    if (hn::AllTrue(doubles(), is_ordinary)) {
      store_result<Flush>(result, out[0] + i);
    } else {
      detail::xlogy_in_turn<Flush, double>({size(), {in[0] + i, 1}, {in[1] + i, 1}, {out[0] + i, 1}, rule});
    }
  }
};

template <bool Flush>
struct backward_step<Flush, double> {
  zero_times_inf rule;

  HWY_ATTR index_t size() const { return lanes_of(doubles()); }
  HWY_INLINE HWY_ATTR void operator()(const double* const (&in)[3], double* const (&out)[2],
                                      index_t i) const {
    const doubles d;
    const auto x = load_element<Flush>(in[0] + i), y = load_element<Flush>(in[1] + i),
               upstream = load_element<Flush>(in[2] + i);
    auto dx = x, dy = y;
    auto dx_is_ordinary = is_number(d, hn::Zero(d)), dy_is_ordinary = dx_is_ordinary;
    if (out[0] != nullptr) dx = times_log_of_doubles(rule, upstream, y, dx_is_ordinary);
    if (out[1] != nullptr) dy = times_quotient_of_doubles(rule, upstream, x, y, dy_is_ordinary);
    if (hn::AllTrue(d, hn::And(dx_is_ordinary, dy_is_ordinary))) {
      if (out[0] != nullptr) store_result<Flush>(dx, out[0] + i);
      if (out[1] != nullptr) store_result<Flush>(dy, out[1] + i);
    } else {
      detail::xlogy_backward_in_turn<Flush, double>(
          {size(), {in[0] + i, 1}, {in[1] + i, 1}, {in[2] + i, 1}, at(out[0], i), at(out[1], i), rule});
    }
  }

 private:
  static detail::strided<double> at(double* y, index_t i) { return {y == nullptr ? nullptr : y + i, 1}; }
};

/// What detail::xlogy_in_turn gives.
template <bool Flush, floating T>
HWY_ATTR void compute(const detail::xlogy_run<T>& run) noexcept {
  elementwise::for_steps(forward_step<Flush, T>{run.rule}, run.length, {run.x, run.y}, {run.output});
}

/// What detail::xlogy_backward_in_turn gives.
template <bool Flush, floating T>
HWY_ATTR void compute_gradients(const detail::xlogy_backward_run<T>& run) noexcept {
  elementwise::for_steps(backward_step<Flush, T>{run.rule}, run.length, {run.x, run.y, run.upstream},
                         {run.dx, run.dy});
}

}  // namespace xlogy

template <bool Flush, floating T>
struct code_of<detail::xlogy_kernel<Flush, T>> : detail::vector_code<&xlogy::compute<Flush, T>> {};
template <bool Flush, floating T>
struct code_of<detail::xlogy_backward_kernel<Flush, T>>
    : detail::vector_code<&xlogy::compute_gradients<Flush, T>> {};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA

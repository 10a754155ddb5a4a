// xlogy and its gradients on vectors of doubles: the bits of reference/xlogy.hpp. Read once for each target (no
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
  return hn::IfThenElse(hn::Eq(other, other), hn::Zero(d), other);
}

/// given * log(y)
HWY_INLINE HWY_ATTR hn::Vec<doubles> times_log(zero_times_inf rule, hn::Vec<doubles> given,
                                               hn::Vec<doubles> y) {
  const auto product = hn::Mul(given, logarithm(doubles(), y));
  if (rule == zero_times_inf::ieee) return product;
  return hn::IfThenElse(hn::Eq(given, hn::Zero(doubles())), hidden_by_zero(rule, y), product);
}

/// upstream (x / y)
HWY_INLINE HWY_ATTR hn::Vec<doubles> times_quotient(zero_times_inf rule, hn::Vec<doubles> upstream,
                                                    hn::Vec<doubles> x, hn::Vec<doubles> y) {
  const auto zero = hn::Zero(doubles());
  const auto product = hn::Mul(upstream, hn::Div(x, y));
  if (rule == zero_times_inf::ieee) return product;
  const auto any_zero = hn::Or(hn::Eq(upstream, zero), hn::Eq(x, zero));
  const auto any_nan = hn::IfThenElse(hn::Eq(x, x), hn::IfThenElse(hn::Eq(y, y), upstream, y), x);
  return hn::IfThenElse(any_zero, hidden_by_zero(rule, any_nan), product);
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
requires(!std::same_as<T, double>) struct code_of<detail::xlogy_kernel<Flush, T>>
    : detail::vector_code<&xlogy::compute<Flush, T>> {
};
template <bool Flush, floating T>
requires(!std::same_as<T, double>) struct code_of<detail::xlogy_backward_kernel<Flush, T>>
    : detail::vector_code<&xlogy::compute_gradients<Flush, T>> {
};

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA

// Double-double arithmetic on vectors (no include guard; double_double.hpp reads it once for each target). The names and
// the order of operations are those of reference/double_double.hpp and reference/elementary.hpp, which say why they are
// so. A result's high part is returned, its low part the last argument; that of an operand follows its high part. Zeros
// may have another sign than the reference's.
#if HWY_NATIVE_FMA

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace double_double {

/// A product that no compiler fuses with an addition of it.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> product(D d, hn::Vec<D> a, hn::Vec<D> b) {
  return hn::MulAdd(a, b, hn::Zero(d));
}

template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> two_sum(D /*d*/, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D>& low) {
  const auto high = hn::Add(a, b);
  const auto b_part = hn::Sub(high, a);
  low = hn::Add(hn::Sub(a, hn::Sub(high, b_part)), hn::Sub(b, b_part));
  return high;
}
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> fast_two_sum(D /*d*/, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D>& low) {
  const auto high = hn::Add(a, b);
  low = hn::Sub(b, hn::Sub(high, a));
  return high;
}
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> two_product(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D>& low) {
  const auto high = product(d, a, b);
  low = hn::MulSub(a, b, high);
  return high;
}

/// Of a double-double and a double.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> add(D d, hn::Vec<D> a, hn::Vec<D> a_low, hn::Vec<D> b, hn::Vec<D>& low) {
  auto sum_low = a;
  const auto sum = two_sum(d, a, b, sum_low);
  return fast_two_sum(d, sum, hn::Add(a_low, sum_low), low);
}
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> add(D d, hn::Vec<D> a, hn::Vec<D> a_low, hn::Vec<D> b, hn::Vec<D> b_low,
                                   hn::Vec<D>& low) {
  auto high_low = a, low_low = a, sum_low = a;
  const auto high = two_sum(d, a, b, high_low);
  const auto lows = two_sum(d, a_low, b_low, low_low);
  const auto sum = fast_two_sum(d, high, hn::Add(high_low, lows), sum_low);
  return fast_two_sum(d, sum, hn::Add(low_low, sum_low), low);
}

/// Of a double-double and a double, by the algorithm for two double-doubles.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> multiply(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> b_low, hn::Vec<D>& low) {
  auto product_low = a;
  const auto high = two_product(d, a, b, product_low);
  return fast_two_sum(d, high, hn::Add(product_low, product(d, a, b_low)), low);
}
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> multiply(D d, hn::Vec<D> a, hn::Vec<D> a_low, hn::Vec<D> b, hn::Vec<D> b_low,
                                        hn::Vec<D>& low) {
  auto product_low = a;
  const auto high = two_product(d, a, b, product_low);
  const auto cross = hn::MulAdd(a_low, b, hn::MulAdd(a, b_low, hn::Mul(a_low, b_low)));
  return fast_two_sum(d, high, hn::Add(product_low, cross), low);
}
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> divide(D d, hn::Vec<D> a, hn::Vec<D> a_low, hn::Vec<D> b, hn::Vec<D> b_low,
                                      hn::Vec<D>& low) {
  const auto quotient = hn::Div(a, b);
  const auto remainder = hn::NegMulAdd(quotient, b, a);
  const auto correction = hn::Div(hn::NegMulAdd(quotient, b_low, hn::Add(remainder, a_low)), b);
  return fast_two_sum(d, quotient, correction, low);
}

/// 2^(j/8) for the j in the low three bits of n.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> power(D d, hn::Vec<hn::RebindToUnsigned<D>> n, hn::Vec<D>& low) {
  using reference::detail_elementary::exact_powers_high;
  using reference::detail_elementary::exact_powers_low;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  const auto index =
      hn::IndicesFromVec(d, n);  // a permutation of eight lanes, which looks at the low three bits
  low = hn::TableLookupLanes(hn::LoadU(d, exact_powers_low.data()), index);
  return hn::TableLookupLanes(hn::LoadU(d, exact_powers_high.data()), index);
#else
  const hn::RebindToUnsigned<D> bits;
  const auto index = hn::BitCast(hn::RebindToSigned<D>(), hn::And(n, hn::Set(bits, std::uint64_t{7})));
  low = hn::GatherIndex(d, exact_powers_low.data(), index);
  return hn::GatherIndex(d, exact_powers_high.data(), index);
#endif
}

/// reference::exp_nonpositive of a double-double that is at least -800 and at most 710, but for the last step: the
/// significand is in (0.95, 1.92), and 2^exponent its factor; the exponent as an integer in two's complement.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> exponential(D d, hn::Vec<D> x, hn::Vec<D> x_low, hn::Vec<D>& low,
                                           hn::Vec<hn::RebindToUnsigned<D>>& exponent) {
  using namespace reference::detail_elementary;
  const hn::RebindToUnsigned<D> bits;
  const hn::RebindToSigned<D> integers;
  const auto magic = hn::Set(d, 0x1.8p52);
  const auto t = hn::MulAdd(x, hn::Set(d, eight_over_ln2), magic);
  const auto n = hn::Sub(t, magic);
  auto r_low = x;
  const auto r = two_sum(d, hn::NegMulAdd(n, hn::Set(d, ln2_over_8_high), x),
                         hn::NegMulAdd(n, hn::Set(d, ln2_over_8_low), x_low), r_low);

  auto half_square_low = x, p_rest = x;
  const auto half_square = two_product(d, hn::Mul(hn::Set(d, 0.5), r), r, half_square_low);
  const auto square = hn::Mul(r, r);
  const auto& c = exp_tail;
  const auto q01 = hn::MulAdd(r, hn::Set(d, c[1]), hn::Set(d, c[0]));
  const auto q23 = hn::MulAdd(r, hn::Set(d, c[3]), hn::Set(d, c[2]));
  const auto q45 = hn::MulAdd(r, hn::Set(d, c[5]), hn::Set(d, c[4]));
  const auto q = hn::MulAdd(square, hn::MulAdd(square, q45, q23), q01);
  const auto low_part = hn::Add(hn::MulAdd(r, r_low, half_square_low), r_low);
  const auto p = fast_two_sum(d, r, half_square, p_rest);
  const auto p_low = hn::Add(hn::MulAdd(hn::Mul(r, half_square), q, low_part), p_rest);

  auto power_low = x, product_low = x, sum_low = x;
  const auto n_bits = hn::BitCast(bits, t);
  const auto power_high = power(d, n_bits, power_low);
  const auto scaled = two_product(d, power_high, p, product_low);
  const auto sum = fast_two_sum(d, power_high, scaled, sum_low);
  const auto tail = hn::Add(hn::MulAdd(power_low, p, power_low), product_low);
  exponent = hn::BitCast(bits, hn::ShiftRight<16>(hn::BitCast(integers, hn::ShiftLeft<13>(n_bits))));
  return fast_two_sum(d, sum, hn::Add(hn::MulAdd(power_high, p_low, tail), sum_low), low);
}

/// k ln2 + log(1 + f) for k as a double.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> log_core(D d, hn::Vec<D> k, hn::Vec<D> f, hn::Vec<D> f_low, hn::Vec<D>& low) {
  using namespace reference::detail_elementary;
  const auto two = hn::Set(d, 2.0);
  auto divisor_low = f, s_low = f, z_low = f;
  const auto divisor = add(d, f, f_low, two, divisor_low);
  const auto s = divide(d, f, f_low, divisor, divisor_low, s_low);
  const auto z = multiply(d, s, s_low, s, s_low, z_low);
  const auto w = hn::Mul(z, z);
  const auto& c = log_tail;
  const auto q01 = hn::MulAdd(z, hn::Set(d, c[1]), hn::Set(d, c[0]));
  const auto q23 = hn::MulAdd(z, hn::Set(d, c[3]), hn::Set(d, c[2]));
  const auto q45 = hn::MulAdd(z, hn::Set(d, c[5]), hn::Set(d, c[4]));
  const auto q67 = hn::MulAdd(z, hn::Set(d, c[7]), hn::Set(d, c[6]));
  const auto q = hn::MulAdd(w, hn::MulAdd(w, hn::MulAdd(w, q67, q45), q23), q01);
  auto product_low = f, sum_rest = f, inner_low = f, scaled_low = f, series_low = f, fraction_low = f;
  const auto scaled_q = two_product(d, z, q, product_low);
  const auto sum = fast_two_sum(d, hn::Set(d, two_thirds.high), scaled_q, sum_rest);
  const auto sum_low =
      hn::Add(hn::MulAdd(z_low, q, product_low), hn::Add(sum_rest, hn::Set(d, two_thirds.low)));
  const auto inner = fast_two_sum(d, sum, sum_low, inner_low);
  const auto scaled = multiply(d, z, z_low, inner, inner_low, scaled_low);
  const auto series = add(d, scaled, scaled_low, two, series_low);
  const auto fraction = multiply(d, s, s_low, series, series_low, fraction_low);

  auto total_low = f;
  const auto total = two_sum(d, hn::Mul(k, hn::Set(d, ln2_high)), fraction, total_low);  // an exact product
  return fast_two_sum(d, total, hn::Add(total_low, hn::MulAdd(k, hn::Set(d, ln2_low), fraction_low)), low);
}

/// reference::log_dd of normal numbers. What else it is given makes some number.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> log_of_normal(D d, hn::Vec<D> x, hn::Vec<D>& low) {
  auto exponent = hn::BitCast(hn::RebindToUnsigned<D>(), x);
  const auto fraction = elementary::reduce(d, x, exponent);
  return log_core(d, elementary::small_integer(d, exponent), fraction, hn::Zero(d), low);
}

/// reference::log1p_nonnegative of a double-double that is not below 2^-70 in magnitude.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> log1p_of_normal(D d, hn::Vec<D> x, hn::Vec<D> x_low, hn::Vec<D>& low) {
  const hn::RebindToUnsigned<D> bits;
  auto u_low = x, f_rest = x, f_low = x;
  const auto u = two_sum(d, hn::Set(d, 1.0), x, u_low);
  auto exponent = hn::BitCast(bits, u);
  const auto fraction = elementary::reduce(d, u, exponent);
  const auto scale = hn::BitCast(d, hn::ShiftLeft<52>(hn::Sub(hn::Set(bits, std::uint64_t{1023}), exponent)));
  const auto sum = two_sum(d, fraction, hn::Mul(u_low, scale), f_rest);  // an exact product
  const auto f = fast_two_sum(d, sum, hn::MulAdd(x_low, scale, f_rest), f_low);
  return log_core(d, elementary::small_integer(d, exponent), f, f_low, low);
}

}  // namespace double_double

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA

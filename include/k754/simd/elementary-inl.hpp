// exp, log and log1p on vectors of doubles (no include guard; elementary.hpp reads it once for each target). The names and the order
// of operations are those of reference/elementary.hpp, which says why they are so.
#if HWY_NATIVE_FMA

HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace elementary {

/// 2^(n/8) e^delta for two vectors of the n in the low bits of t0 and t1: an entry of a table, whose bits are those of
/// 2^(j/8) e^delta less j << 49, plus n << 49.
template <class D>
HWY_INLINE HWY_ATTR void powers(D d, hn::Vec<D> t0, hn::Vec<D> t1, hn::Vec<D>& power0, hn::Vec<D>& power1) {
  using reference::detail_elementary::exp_table_less_index;
  const hn::RebindToUnsigned<D> bits;
  const auto n0 = hn::BitCast(bits, t0), n1 = hn::BitCast(bits, t1);
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  // a permutation of eight lanes, which looks at the low three bits of an index
  const auto table = hn::LoadU(bits, exp_table_less_index.data());
  const auto entry0 = hn::TableLookupLanes(table, hn::IndicesFromVec(bits, n0));
  const auto entry1 = hn::TableLookupLanes(table, hn::IndicesFromVec(bits, n1));
  power0 = hn::BitCast(d, hn::Add(entry0, hn::ShiftLeft<49>(n0)));
  power1 = hn::BitCast(d, hn::Add(entry1, hn::ShiftLeft<49>(n1)));
#elif HWY_TARGET == HWY_AVX2
  // the same with halves of 32 bits: the low halves of t0 in even lanes, those of t1 in odd ones
  const hn::Repartition<std::uint32_t, D> halves;
  constexpr auto& split = reference::detail_elementary::exp_table_halves;
  const auto n = hn::OddEven(hn::BitCast(halves, hn::ShiftLeft<32>(n1)), hn::BitCast(halves, n0));
  const auto indices = hn::IndicesFromVec(halves, n);
  const auto low = hn::TableLookupLanes(hn::LoadU(halves, split[0].data()), indices);
  const auto high =
      hn::Add(hn::TableLookupLanes(hn::LoadU(halves, split[1].data()), indices), hn::ShiftLeft<17>(n));
  const auto moved_high = hn::BitCast(halves, hn::ShiftLeft<32>(hn::BitCast(bits, high)));
  const auto moved_low = hn::BitCast(halves, hn::ShiftRight<32>(hn::BitCast(bits, low)));
  power0 = hn::BitCast(d, hn::OddEven(moved_high, low));
  power1 = hn::BitCast(d, hn::OddEven(high, moved_low));
#else
  const hn::RebindToSigned<D> index;
  const auto seven = hn::Set(bits, std::uint64_t{7});
  const auto entry0 =
      hn::GatherIndex(bits, exp_table_less_index.data(), hn::BitCast(index, hn::And(n0, seven)));
  const auto entry1 =
      hn::GatherIndex(bits, exp_table_less_index.data(), hn::BitCast(index, hn::And(n1, seven)));
  power0 = hn::BitCast(d, hn::Add(entry0, hn::ShiftLeft<49>(n0)));
  power1 = hn::BitCast(d, hn::Add(entry1, hn::ShiftLeft<49>(n1)));
#endif
}

/// p = exp(r) - 1 for x = n ln2/8 + r, and n in the low bits of t.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> reduced_exp_less_one(D d, hn::Vec<D> x, hn::Vec<D>& t) {
  using namespace reference::detail_elementary;
  const auto magic = hn::Set(d, exp_magic);
  t = hn::MulAdd(x, hn::Set(d, eight_over_ln2), magic);
  const auto n = hn::Sub(t, magic);
  const auto r =
      hn::NegMulAdd(t, hn::Set(d, ln2_over_8_low), hn::NegMulAdd(n, hn::Set(d, ln2_over_8_high), x));
  const auto square = hn::Mul(r, r);
  const auto& c = exp_polynomial;
  const auto q01 = hn::MulAdd(r, hn::Set(d, c[1]), hn::Set(d, c[0]));
  const auto q23 = hn::MulAdd(r, hn::Set(d, c[3]), hn::Set(d, c[2]));
  const auto q45 = hn::MulAdd(r, hn::Set(d, c[5]), hn::Set(d, c[4]));
  const auto q = hn::MulAdd(square, hn::MulAdd(square, q45, q23), q01);
  return hn::MulAdd(square, q, r);
}

}  // namespace elementary

/// reference::exp_nonpositive of two vectors, in their place.
template <class D>
HWY_INLINE HWY_ATTR void exp_nonpositive(D d, hn::Vec<D>& x0, hn::Vec<D>& x1) {
  auto t0 = x0, t1 = x1, power0 = x0, power1 = x1;
  const auto p0 = elementary::reduced_exp_less_one(d, x0, t0);
  const auto p1 = elementary::reduced_exp_less_one(d, x1, t1);
  elementary::powers(d, t0, t1, power0, power1);
  const auto least = hn::Set(d, reference::detail_elementary::least_exponent);
  x0 = hn::IfThenElseZero(hn::Ge(x0, least), hn::MulAdd(power0, p0, power0));
  x1 = hn::IfThenElseZero(hn::Ge(x1, least), hn::MulAdd(power1, p1, power1));
}

namespace elementary {

/// k of -2000 to 2000 as a double.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> small_integer(D d, hn::Vec<hn::RebindToUnsigned<D>> k) {
  const hn::RebindToUnsigned<D> bits;
  const auto magic = hn::Set(d, 0x1.8p52);  // whose last bits count ones
  return hn::Sub(hn::BitCast(d, hn::Add(hn::BitCast(bits, magic), k)), magic);
}

/// x = 2^exponent (1 + fraction); the exponent as an integer in two's complement.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> reduce(D d, hn::Vec<D> x, hn::Vec<hn::RebindToUnsigned<D>>& exponent) {
  const hn::RebindToUnsigned<D> bits;
  const hn::RebindToSigned<D> integers;
  const auto b = hn::BitCast(bits, x);
  const auto above = hn::Sub(b, hn::Set(bits, reference::detail_elementary::sqrt_half));
  exponent = hn::BitCast(bits, hn::ShiftRight<52>(hn::BitCast(integers, above)));
  return hn::Sub(hn::BitCast(d, hn::Sub(b, hn::ShiftLeft<52>(exponent))), hn::Set(d, 1.0));
}

template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> log_core(D d, hn::Vec<D> k, hn::Vec<D> a, hn::Vec<D> b) {
  using namespace reference::detail_elementary;
  const auto& c = log_polynomial;
  const auto f = hn::Add(a, b);
  const auto rest = hn::Add(hn::Sub(a, f), b);
  const auto s = hn::Div(f, hn::Add(hn::Set(d, 2.0), f));
  const auto z = hn::Mul(s, s);
  const auto w = hn::Mul(z, z);
  const auto even =
      hn::MulAdd(w, hn::MulAdd(w, hn::MulAdd(w, hn::Set(d, c[6]), hn::Set(d, c[4])), hn::Set(d, c[2])),
                 hn::Set(d, c[0]));
  const auto odd = hn::MulAdd(w, hn::MulAdd(w, hn::Set(d, c[5]), hn::Set(d, c[3])), hn::Set(d, c[1]));
  const auto series = hn::Mul(z, hn::MulAdd(z, odd, even));
  const auto half = hn::Mul(hn::Set(d, 0.5), f);
  const auto curvature = hn::MulAdd(half, f, hn::Neg(hn::Mul(s, hn::MulAdd(half, f, series))));
  const auto product = hn::Mul(k, hn::Set(d, ln2_high));  // exact
  const auto high = hn::Add(product, f);
  const auto low = hn::Sub(f, hn::Sub(high, product));
  const auto correction = hn::MulAdd(k, hn::Set(d, ln2_low), hn::NegMulAdd(rest, f, rest));
  return hn::Add(high, hn::Sub(low, hn::Sub(curvature, correction)));
}

}  // namespace elementary

/// reference::log_positive, of normal numbers. What else it is given makes some number.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> log_of_normal(D d, hn::Vec<D> x) {
  auto exponent = hn::BitCast(hn::RebindToUnsigned<D>(), x);
  const auto fraction = elementary::reduce(d, x, exponent);
  return elementary::log_core(d, elementary::small_integer(d, exponent), fraction, hn::Zero(d));
}

/// reference::logarithm of normal numbers and special values.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> logarithm(D d, hn::Vec<D> y) {
  const auto infinite = hn::Set(d, infinity<double>()), nan = hn::Set(d, canonical_nan<double>());
  const hn::RebindToUnsigned<D> bits;
  const auto is_infinite = hn::RebindMask(d, hn::Eq(hn::BitCast(bits, y), hn::BitCast(bits, infinite)));
  const auto is_positive = lies_in(d, y, reference::power_of_two(-1022), infinity<double>());
  const auto special =
      hn::IfThenElse(is_infinite, infinite, hn::IfThenElse(is_zero(d, y), hn::Neg(infinite), nan));
  return hn::IfThenElse(is_positive, log_of_normal(d, y), special);
}

/// reference::log1p_nonnegative.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> log1p_nonnegative(D d, hn::Vec<D> x) {
  const hn::RebindToUnsigned<D> bits;
  const auto one = hn::Set(d, 1.0);
  const auto sum = hn::Add(one, x);
  const auto x_part = hn::Sub(sum, one);
  const auto error = hn::Add(hn::Sub(one, hn::Sub(sum, x_part)), hn::Sub(x, x_part));
  auto exponent = hn::BitCast(bits, sum);
  const auto fraction = elementary::reduce(d, sum, exponent);
  const auto scale = hn::BitCast(d, hn::ShiftLeft<52>(hn::Sub(hn::Set(bits, std::uint64_t{1023}), exponent)));
  return elementary::log_core(d, elementary::small_integer(d, exponent), fraction, hn::Mul(error, scale));
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

#endif  // HWY_NATIVE_FMA

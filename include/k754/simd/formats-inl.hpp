// Elements to double and back (no include guard; formats.hpp reads it once for each target). 16 bits are converted in integers:
// conversion instructions differ between targets. In the default environment.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

/// float16 as float, exactly; `element` is its bits.
template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> float_of_half(D df, hn::Vec<hn::RebindToUnsigned<D>> element) {
  const hn::RebindToUnsigned<D> bits;
  const hn::RebindToSigned<D> integers;
  // 2^112 brings the exponent from its bias to that of float, and subnormals with it
  const auto magnitude = hn::And(element, hn::Set(bits, std::uint32_t{0x7FFF}));
  const auto shifted = hn::ShiftLeft<13>(magnitude);
  const auto number = hn::BitCast(bits, hn::Mul(hn::BitCast(df, shifted), hn::Set(df, 0x1p112F)));
  const auto special = hn::Or(shifted, hn::Set(bits, static_cast<std::uint32_t>(detail::binary32::infinity)));
  const auto is_special =
      hn::Gt(hn::BitCast(integers, magnitude),
             hn::Set(integers, static_cast<std::int32_t>(detail::binary16::infinity - 1)));
  const auto sign = hn::ShiftLeft<16>(hn::Xor(element, magnitude));
  return hn::BitCast(df, hn::Or(hn::IfThenElse(hn::RebindMask(bits, is_special), special, number), sign));
}

/// With `Flush`, zeros of their sign in place of what is subnormal in the format of T.
template <bool Flush, floating T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> flushed(D d, hn::Vec<D> v) {
  if constexpr (Flush) {
    using number = hn::TFromD<D>;
    constexpr auto smallest_normal = from_bits<T>(detail::format_of<T>::smallest_normal);
    const auto is_small = hn::Lt(hn::Abs(v), hn::Set(d, static_cast<number>(smallest_normal)));
    return hn::IfThenElse(is_small, hn::And(v, hn::Set(d, number{-0.0F})), v);
  } else {
    return v;
  }
}

/// Elements as doubles, exactly; with `Flush`, subnormals of their type as zeros of their sign.
template <bool Flush = false, floating T, class D>
HWY_INLINE HWY_ATTR hn::Vec<D> load_as_doubles(D d, const T* x) {
  if constexpr (std::same_as<T, double>) {
    return flushed<Flush, T>(d, load_elements(d, x));
  } else {
    const hn::Rebind<float, D> df;
    auto v = hn::Zero(df);
    if constexpr (std::same_as<T, float>) {
      v = load_elements(df, x);
    } else {
      const hn::RebindToUnsigned<decltype(df)> bits;
      const auto element = hn::PromoteTo(bits, load_elements(hn::Rebind<std::uint16_t, D>(), x));
      if constexpr (std::same_as<T, bfloat16>) {
        v = hn::BitCast(df, hn::ShiftLeft<16>(element));
      } else {
        v = float_of_half(df, element);
      }
    }
    return hn::PromoteTo(d, flushed<Flush, T>(df, v));
  }
}

/// Among the results there may be NaNs; zeros keep their sign.
inline constexpr bool with_nans = true;
inline constexpr bool with_signed_zeros = true;

/// The bits of doubles rounded once to a format of 16 bits, to nearest even; without `SignedZeros`, zeros are +0. With `Flush`,
/// what is then subnormal is zero of its sign; with `Nans`, NaNs are canonical, and without they do not occur.
template <class Format, bool Flush, bool Nans, bool SignedZeros = false, class D>
HWY_INLINE HWY_ATTR hn::Vec<hn::RebindToUnsigned<D>> narrowed_bits(D d, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> bits;
  const hn::RebindToSigned<D> integers;  // not negative here: for comparisons
  constexpr int dropped = 52 - Format::fraction_bits;
  constexpr std::uint64_t rebias = std::uint64_t{1023 - Format::max_exponent} << 52;
  constexpr auto smallest_normal = static_cast<std::int64_t>(rebias + (std::uint64_t{1} << 52));

  const auto magnitude = hn::BitCast(bits, hn::Abs(v));
  // normal: half a unit less one, and one more where the last bit kept is odd
  const auto rebiased = hn::Sub(magnitude, hn::Set(bits, rebias));
  const auto odd = hn::And(hn::ShiftRight<dropped>(rebiased), hn::Set(bits, std::uint64_t{1}));
  const auto half = hn::Set(bits, (std::uint64_t{1} << (dropped - 1)) - 1);
  const auto normal = hn::ShiftRight<dropped>(hn::Add(hn::Add(rebiased, half), odd));
  // subnormal: added to 2^52 quanta, it is rounded to a number of them, which the bits count
  constexpr double base =
      std::bit_cast<double>(static_cast<std::uint64_t>(1023 + 52 + Format::smallest_exponent) << 52);
  const auto quanta = hn::Sub(hn::BitCast(bits, hn::Add(hn::Abs(v), hn::Set(d, base))),
                              hn::Set(bits, std::bit_cast<std::uint64_t>(base)));
  const auto is_small = hn::Gt(hn::Set(integers, smallest_normal), hn::BitCast(integers, magnitude));
  auto result = hn::IfThenElse(hn::RebindMask(bits, is_small), quanta, normal);
  // too large: infinity
  const auto infinity = hn::Set(integers, static_cast<std::int64_t>(Format::infinity));
  const auto too_large = hn::Gt(hn::BitCast(integers, result), infinity);
  result = hn::IfThenElse(hn::RebindMask(bits, too_large), hn::BitCast(bits, infinity), result);
  const auto is_zero = hn::Eq(result, hn::Zero(bits));
  const auto sign = hn::ShiftLeft<15>(hn::ShiftRight<63>(hn::BitCast(bits, v)));
  if constexpr (Flush) {
    const auto least = hn::Set(integers, static_cast<std::int64_t>(Format::smallest_normal));
    const auto is_subnormal = hn::Gt(least, hn::BitCast(integers, result));
    result = hn::IfThenZeroElse(hn::RebindMask(bits, is_subnormal), result);
  }
  const auto with_sign = hn::Or(result, sign);
  result = SignedZeros ? with_sign : hn::IfThenElse(is_zero, result, with_sign);
  if constexpr (Nans) {
    const auto canonical = hn::Set(bits, std::uint64_t{Format::canonical_nan});
    result = hn::IfThenElse(hn::RebindMask(bits, is_number(d, v)), result, canonical);
  }
  return result;
}

/// Doubles as numbers of a vector's type, rounded once.
template <class D, class V>
HWY_INLINE HWY_ATTR hn::Vec<D> as_format(D dt, V v) {
  if constexpr (std::same_as<hn::TFromD<D>, double>) {
    return v;
  } else {
    return hn::DemoteTo(dt, v);
  }
}

/// Doubles as elements, each rounded once, to nearest even; `Flush`, `Nans` and `SignedZeros` as above.
template <bool Flush = false, bool Nans = false, bool SignedZeros = false, floating T, class D>
HWY_INLINE HWY_ATTR void store_rounded(D d, hn::Vec<D> v, T* x) {
  if constexpr (sizeof(T) > 2) {
    const hn::Rebind<T, D> dt;
    auto result = as_format(dt, v);
    if constexpr (!SignedZeros) result = hn::Add(result, hn::Zero(dt));
    result = flushed<Flush, T>(dt, result);
    if constexpr (Nans) {
      const auto canonical = hn::Set(dt, canonical_nan<T>());
      result = hn::IfThenElse(is_number(dt, result), result, canonical);
    }
    store_elements(dt, result, x);
  } else {
    const hn::Rebind<std::uint16_t, D> half;
    using format = detail::format_of<T>;
    store_elements(half, hn::TruncateTo(half, narrowed_bits<format, Flush, Nans, SignedZeros>(d, v)), x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

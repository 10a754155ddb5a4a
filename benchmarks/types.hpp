// The element types of the cases, by the names of K754_FOR_EACH_ELEMENT_TYPE.
#ifndef K754_BENCHMARKS_TYPES_HPP
#define K754_BENCHMARKS_TYPES_HPP

#include <cstdint>

#include <k754/bits.hpp>
#include <k754/float16.hpp>

namespace benchmarks {

#define K754_DTYPE_ENUMERATOR(type, name) name,
enum class dtype : std::int32_t { K754_FOR_EACH_ELEMENT_TYPE(K754_DTYPE_ENUMERATOR) };
#undef K754_DTYPE_ENUMERATOR

#define K754_DTYPE_TEXT(type, name) #name,
inline constexpr const char* dtype_names[] = {K754_FOR_EACH_ELEMENT_TYPE(K754_DTYPE_TEXT)};
#undef K754_DTYPE_TEXT

template <class T>
extern const dtype dtype_of;
#define K754_DTYPE_OF(type, name) \
  template <>                     \
  inline constexpr dtype dtype_of<type> = dtype::name;
K754_FOR_EACH_ELEMENT_TYPE(K754_DTYPE_OF)
#undef K754_DTYPE_OF

template <class... T>
struct types {};

template <class First, class... T>
types<T...> all_but_first(types<First, T...>);
#define K754_DTYPE_IN_LIST(type, name) , type
using element_types = decltype(all_but_first(types<void K754_FOR_EACH_ELEMENT_TYPE(K754_DTYPE_IN_LIST)>()));
#undef K754_DTYPE_IN_LIST

using floating_types = types<float, double, k754::float16, k754::bfloat16>;

/// f.operator()<T>() for the T among the types that is `wanted`; where none is, `otherwise`.
template <class... T, class Result, class F>
Result for_type(dtype wanted, types<T...>, Result otherwise, const F& f) {
  (void)((wanted == dtype_of<T> && (otherwise = static_cast<Result>(f.template operator()<T>()), true)) ||
         ...);
  return otherwise;
}

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_TYPES_HPP

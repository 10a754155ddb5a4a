// The element types as data. All tables of types are K754_FOR_EACH_ELEMENT_TYPE's.
#pragma once

#include <k754/bits.hpp>

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace k754_test {

#define K754_TEST_ENUMERATOR(type, name) name,
enum class dtype { K754_FOR_EACH_ELEMENT_TYPE(K754_TEST_ENUMERATOR) };
#undef K754_TEST_ENUMERATOR

#define K754_TEST_IS_TYPE(type, name) \
  if constexpr (std::same_as<T, type>) return dtype::name;
template <k754::element T>
constexpr dtype dtype_of() {
  K754_FOR_EACH_ELEMENT_TYPE(K754_TEST_IS_TYPE)
}
#undef K754_TEST_IS_TYPE

/// Calls `body.operator()<T>()` for each element type T.
#define K754_TEST_CALL(type, name) body.template operator()<type>();
template <class Body>
constexpr void for_each_element_type(Body&& body) {
  K754_FOR_EACH_ELEMENT_TYPE(K754_TEST_CALL)
}
#undef K754_TEST_CALL

/// The same for the one type that `type` names.
#define K754_TEST_CASE_OF_TYPE(type, name) \
  case dtype::name:                        \
    return body.template operator()<type>();
template <class Body>
constexpr auto with_element_type(dtype which, Body&& body) {
  switch (which) { K754_FOR_EACH_ELEMENT_TYPE(K754_TEST_CASE_OF_TYPE) }
  throw std::invalid_argument("no element type");
}
#undef K754_TEST_CASE_OF_TYPE

/// `f32`, `bool`, `i8`: as rows of semantics.txt have it.
#define K754_TEST_SHORT_NAME(type, name) \
  if (which == dtype::name) return which == dtype::boolean ? "bool" : #name;
constexpr std::string_view short_name(dtype which) {
  K754_FOR_EACH_ELEMENT_TYPE(K754_TEST_SHORT_NAME)
  return "";
}
#undef K754_TEST_SHORT_NAME

/// `float`, `bool`, `int8`: the type as C++ has it, without namespace and `_t`.
#define K754_TEST_LONG_NAME(type, name) \
  if (which == dtype::name) spelling = #type;
constexpr std::string_view long_name(dtype which) {
  std::string_view spelling;
  K754_FOR_EACH_ELEMENT_TYPE(K754_TEST_LONG_NAME)
  if (const auto colon = spelling.rfind(':'); colon != spelling.npos) spelling.remove_prefix(colon + 1);
  if (spelling.ends_with("_t")) spelling.remove_suffix(2);
  return spelling;
}
#undef K754_TEST_LONG_NAME

}  // namespace k754_test

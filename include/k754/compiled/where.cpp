// where, its gradient and the conditions that numbers make, for every width of elements.
#undef K754_COMPILED
#include "../where.hpp"

namespace k754::compiled {
inline namespace K754_COMPILED_ABI {

template <class Condition, class Bits>
detail::where_function<Condition, Bits>* where() noexcept {
  return detail::choose_where<Condition, Bits>();
}
template <class Condition, class Bits>
detail::where_backward_function<Condition, Bits>* where_backward() noexcept {
  return detail::choose_where_backward<Condition, Bits>();
}
template <class Bits>
detail::test_elements_function<Bits>* test_elements() noexcept {
  return detail::choose_test_elements<Bits>();
}

#define K754_INSTANTIATE_CONDITION(Condition, Bits)                                                    \
  template detail::where_function<detail::Condition, Bits>* where<detail::Condition, Bits>() noexcept; \
  template detail::where_backward_function<detail::Condition, Bits>*                                   \
  where_backward<detail::Condition, Bits>() noexcept
#define K754_INSTANTIATE(Bits)                \
  K754_INSTANTIATE_CONDITION(byte_run, Bits); \
  K754_INSTANTIATE_CONDITION(bit_run, Bits);  \
  template detail::test_elements_function<Bits>* test_elements<Bits>() noexcept
K754_INSTANTIATE(std::uint8_t);
K754_INSTANTIATE(std::uint16_t);
K754_INSTANTIATE(std::uint32_t);
K754_INSTANTIATE(std::uint64_t);

}  // namespace K754_COMPILED_ABI
}  // namespace k754::compiled

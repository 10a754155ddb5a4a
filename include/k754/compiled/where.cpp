// where, its gradient and the conditions that numbers make, for every width of elements.
#undef K754_COMPILED
#include "../where.hpp"

namespace k754::detail {

template <class Condition, class Bits>
auto where_kernel<Condition, Bits>::compiled() noexcept -> function* {
  return choose<where_kernel>();
}
template <class Condition, class Bits>
auto where_backward_kernel<Condition, Bits>::compiled() noexcept -> function* {
  return choose<where_backward_kernel>();
}
template <class Bits>
auto test_elements_kernel<Bits>::compiled() noexcept -> function* {
  return choose<test_elements_kernel>();
}

#define K754_INSTANTIATE(...) template auto __VA_ARGS__::compiled() noexcept->function*
#define K754_INSTANTIATE_WIDTH(Bits)                       \
  K754_INSTANTIATE(where_kernel<byte_run, Bits>);          \
  K754_INSTANTIATE(where_kernel<bit_run, Bits>);           \
  K754_INSTANTIATE(where_backward_kernel<byte_run, Bits>); \
  K754_INSTANTIATE(where_backward_kernel<bit_run, Bits>);  \
  K754_INSTANTIATE(test_elements_kernel<Bits>);
K754_FOR_EACH_WIDTH(K754_INSTANTIATE_WIDTH)
#undef K754_INSTANTIATE_WIDTH
#undef K754_INSTANTIATE

}  // namespace k754::detail

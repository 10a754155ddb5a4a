// expect: view_of knows no strides of this type
#include <vector>

#include <k754/view_of.hpp>

void f(std::vector<float>& x) {
#ifdef K754_WRONG
  (void)k754::view_of(x);
#else
  (void)k754::tensor_view(x.data(), {x.size()}, {1});
#endif
}

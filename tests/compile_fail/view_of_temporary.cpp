// expect: view_of of a temporary, whose elements are gone before they are read
#include <k754/view_of.hpp>

struct matrix {
  using PlainObject = matrix;
  static constexpr int IsVectorAtCompileTime = 0;
  float* data();
  k754::index_t rows(), cols(), rowStride(), colStride(), innerStride();
};
matrix make();

void f(matrix named) {
#ifdef K754_WRONG
  (void)k754::view_of(make());
#else
  (void)k754::view_of(named);
#endif
}

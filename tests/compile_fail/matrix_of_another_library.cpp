// expect: needs_no_tensor_view
#include <vector>

#include <k754/softmax.hpp>

struct matrix : std::vector<float> {
  std::ptrdiff_t rows() const { return 3; }
  std::ptrdiff_t cols() const { return 4; }
};

void f(matrix& x, k754::tensor_view<float, 2> y) {
#ifdef K754_WRONG
  k754::softmax(x, y);
#else
  k754::softmax(k754::tensor_view(x.data(), {x.rows(), x.cols()}, {std::ptrdiff_t{1}, x.rows()}), y);
#endif
}

// Matrices and tensors of other libraries: what lies where behind their data() is theirs to say, so that they are refused,
// and taken as what a tensor_view says of them.
#include <cstdint>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#if defined(K754_WITH_EIGEN)
#include <Eigen/Core>
#endif
#if defined(K754_WITH_XTENSOR)
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif
#if defined(K754_WITH_MULTI_ARRAY)
#include <boost/multi_array.hpp>
#endif

#include "k754/argmax.hpp"
#include "k754/tensor_view.hpp"
#include "k754/where.hpp"
#include "support/catch.hpp"

namespace {

using k754::tensor_like;
using k754::tensor_view;

#if defined(K754_WITH_EIGEN)

using matrix = Eigen::MatrixXf;
using vector = Eigen::VectorXf;
static_assert(!tensor_like<matrix&> && !tensor_like<const matrix&> && !tensor_like<vector&> &&
              !tensor_like<Eigen::Map<matrix>&> && !tensor_like<Eigen::Map<const vector>> &&
              !tensor_like<Eigen::Array<float, 2, 2>&> && !tensor_like<Eigen::Ref<vector>&>);
static_assert(!tensor_like<decltype(std::declval<matrix&>().row(0))> &&
              !tensor_like<decltype(std::declval<matrix&>().col(0))> &&
              !tensor_like<decltype(std::declval<matrix&>().block(0, 1, 2, 2))> &&
              !tensor_like<decltype(std::declval<vector&>().segment(0, 1))> &&
              !tensor_like<decltype(std::declval<vector&>() + std::declval<vector&>())>);

TEST_CASE("Rows and blocks of a column-major Eigen matrix, as their strides say") {
  Eigen::MatrixXf m(3, 4);
  m << 1, 2, 9, 4, 5, 6, 7, 8, 0, 0, 0, 0;
  const auto row = m.row(0);
  CHECK(k754::argmax(tensor_view(row.data(), {row.size()}, {row.innerStride()})) == 2);
  const tensor_view whole(m.data(), {m.rows(), m.cols()}, {m.rowStride(), m.colStride()});
  std::vector<std::int64_t> indices(3);
  k754::argmax(whole, indices);
  CHECK(indices == std::vector<std::int64_t>{2, 3, 0});

  auto block = m.block(0, 1, 2, 2);
  const tensor_view b(block.data(), {block.rows(), block.cols()}, {block.rowStride(), block.colStride()});
  k754::where(true, 0.0F, b, b);
  Eigen::MatrixXf expected(3, 4);
  expected << 1, 0, 0, 4, 5, 0, 0, 8, 0, 0, 0, 0;
  CHECK(m == expected);
}

#else
TEST_CASE("Eigen") { std::printf("  no Eigen here: not tested\n"); }
#endif

#if defined(K754_WITH_XTENSOR)

static_assert(!tensor_like<xt::xarray<float>&> && !tensor_like<const xt::xtensor<float, 1>&> &&
              !tensor_like<xt::xtensor_fixed<float, xt::xshape<3>>&> &&
              !tensor_like<decltype(xt::view(std::declval<xt::xarray<float>&>(), xt::all(), 2))>);

TEST_CASE("Columns of an xtensor, as its strides say") {
  xt::xarray<float> a{{1, 2, 9, 4}, {5, 6, 7, 8}};
  const auto column = xt::view(a, xt::all(), 2);
  const tensor_view view(a.data() + column.data_offset(), {column.size()}, {column.strides()[0]});
  CHECK(k754::argmin(view) == 1);
}

#else
TEST_CASE("xtensor") { std::printf("  no xtensor here: not tested\n"); }
#endif

#if defined(K754_WITH_MULTI_ARRAY)

static_assert(!tensor_like<boost::multi_array<float, 2>&> && !tensor_like<boost::multi_array<float, 1>&> &&
              !tensor_like<boost::multi_array_ref<float, 1>&>);

TEST_CASE("A Boost.MultiArray in Fortran's order, as its strides say") {
  boost::multi_array<float, 2> a(boost::extents[2][3], boost::fortran_storage_order());
  a[0][1] = 5;
  a[1][2] = 7;
  const tensor_view view(a.data(), {a.shape()[0], a.shape()[1]}, {a.strides()[0], a.strides()[1]});
  std::vector<std::int64_t> indices(2);
  k754::argmax(view, indices);
  CHECK(indices == std::vector<std::int64_t>{1, 2});
}

#else
TEST_CASE("Boost.MultiArray") { std::printf("  no Boost.MultiArray here: not tested\n"); }
#endif

}  // namespace

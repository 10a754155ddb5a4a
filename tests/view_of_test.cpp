// view_of: what each library says of its elements' places is what the view says. foreign_containers_test has the same
// libraries without it.
#include "k754/view_of.hpp"

#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#if defined(K754_WITH_EIGEN)
#include <Eigen/Core>
#endif
#if defined(K754_WITH_XTENSOR)
#include <xtensor/xarray.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif
#if defined(K754_WITH_MULTI_ARRAY)
#include <boost/multi_array.hpp>
#endif

#include "k754/argmax.hpp"
#include "k754/where.hpp"
#include "support/catch.hpp"

namespace {

using k754::view_of;

/// A view of two axes holds these numbers.
template <class View>
void check_rows(const View& view, const std::vector<std::vector<float>>& rows) {
  REQUIRE(view.rank() == 2);
  REQUIRE(view.extent(0) == static_cast<k754::index_t>(rows.size()));
  REQUIRE(view.extent(1) == static_cast<k754::index_t>(rows[0].size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[0].size(); ++j) CHECK(view(i, j) == rows[i][j]);
  }
}

/// What OpenCV's Mat_ has, and no more.
template <class T>
struct stand_in_for_mat {
  using value_type = T;
  int dims;
  int* size;
  std::size_t* step;
  unsigned char* data;
};

}  // namespace

#if defined(K754_WITH_EIGEN)
TEST_CASE("view_of Eigen: matrices in either order, vectors, maps, blocks of blocks") {
  Eigen::MatrixXf m(3, 4);
  m << 1, 2, 9, 4, 5, 6, 7, 8, 10, 11, 12, 13;
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> by_rows = m;
  const std::vector<std::vector<float>> all = {{1, 2, 9, 4}, {5, 6, 7, 8}, {10, 11, 12, 13}};
  check_rows(view_of(m), all);
  check_rows(view_of(by_rows), all);
  static_assert(std::is_const_v<decltype(view_of(by_rows))::element_type>);
  static_assert(!std::is_const_v<decltype(view_of(m))::element_type>);

  CHECK(k754::argmax(view_of(m.row(0))) == 2);
  CHECK(k754::argmax(view_of(m.col(2))) == 2);
  CHECK(k754::argmax(view_of(by_rows.row(1).segment(0, 3))) == 2);
  check_rows(view_of(m.block(0, 1, 3, 3).block(1, 0, 2, 2)), {{6, 7}, {11, 12}});

  const std::vector<float> raw = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  using strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  const Eigen::Map<const Eigen::MatrixXf, 0, strides> map(raw.data(), 2, 2, strides(5, 3));
  check_rows(view_of(map), {{0, 5}, {3, 8}});

  auto block = m.block(0, 1, 2, 2);
  k754::where(true, 0.0F, view_of(block), view_of(block));
  check_rows(view_of(m), {{1, 0, 0, 4}, {5, 0, 0, 8}, {10, 11, 12, 13}});
  Eigen::Matrix<double, 3, 1> fixed(1, 3, 2);
  CHECK(k754::argmax(view_of(fixed)) == 1);
}
#else
TEST_CASE("view_of Eigen") { std::printf("  no Eigen here: left out\n"); }
#endif

#if defined(K754_WITH_XTENSOR)
TEST_CASE("view_of xtensor: either order, views, run-time rank") {
  xt::xarray<float> a{{1, 2, 9, 4}, {5, 6, 7, 8}};
  const xt::xtensor<float, 2, xt::layout_type::column_major> by_columns = a;
  check_rows(view_of(a), {{1, 2, 9, 4}, {5, 6, 7, 8}});
  check_rows(view_of(by_columns), {{1, 2, 9, 4}, {5, 6, 7, 8}});
  static_assert(decltype(view_of(by_columns))::rank() == 2 && !decltype(view_of(a))::has_static_rank);

  auto columns = xt::view(a, xt::all(), xt::range(1, 4, 2));
  check_rows(view_of(columns), {{2, 4}, {6, 8}});
  auto column = xt::view(a, xt::all(), 2);
  CHECK(k754::argmin(view_of(column)) == 1);
  auto backward = xt::strided_view(a, {xt::all(), xt::range(3, 0, -1)});
  check_rows(view_of(backward), {{4, 9, 2}, {8, 7, 6}});
  k754::where(true, 0.0F, view_of(columns), view_of(columns));
  check_rows(view_of(a), {{1, 0, 9, 0}, {5, 0, 7, 0}});
}
#else
TEST_CASE("view_of xtensor") { std::printf("  no xtensor here: left out\n"); }
#endif

#if defined(K754_WITH_MULTI_ARRAY)
TEST_CASE("view_of Boost.MultiArray: either order, other first indices, subarrays") {
  boost::multi_array<float, 2> a(boost::extents[2][3], boost::fortran_storage_order());
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) a[i][j] = static_cast<float>(10 * i + j);
  }
  check_rows(view_of(a), {{0, 1, 2}, {10, 11, 12}});
  a.reindex(-5);
  check_rows(view_of(std::as_const(a)), {{0, 1, 2}, {10, 11, 12}});
  a.reindex(0);
  using range = boost::multi_array_types::index_range;
  auto part = a[boost::indices[range(0, 2)][range(0, 3, 2)]];
  check_rows(view_of(part), {{0, 2}, {10, 12}});
  auto row = a[1];
  CHECK(k754::argmax(view_of(row)) == 2);
}
#else
TEST_CASE("view_of Boost.MultiArray") { std::printf("  no Boost.MultiArray here: left out\n"); }
#endif

TEST_CASE("view_of what has the members of OpenCV's Mat_") {
  std::vector<float> raw = {1, 2, 3, 0, 4, 5, 6, 0};
  int size[] = {2, 3};
  std::size_t step[] = {4 * sizeof(float), sizeof(float)};
  const stand_in_for_mat<float> m{2, size, step, reinterpret_cast<unsigned char*>(raw.data())};
  check_rows(view_of(m), {{1, 2, 3}, {4, 5, 6}});
}

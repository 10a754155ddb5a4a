// The gradients of softmax and log_softmax, for rows and columns. A part of softmax-inl.hpp, which includes it (no include
// guard); x is the output of the function.
//
// Two passes: the sum, of products that are exact in double or of the upstream gradient, and the results. NaNs and infinities
// are numbers like others, but under a mask: absent elements count as an x and an upstream that add nothing and have a gradient
// of zero where the sum is finite; other rows are the reference's.
HWY_BEFORE_NAMESPACE();
namespace k754::simd {
inline namespace K754_KERNEL_ABI {
namespace HWY_NAMESPACE {

namespace softmax {

/// An x that adds nothing, with an upstream of zero.
template <row_kernel K, floating T>
constexpr T absent_x() {
  return K == row_kernel::softmax_backward ? from_bits<T>(0) : negative_infinity<T>();
}

/// What two vectors add to lanes.
template <row_kernel K, bool Flush, floating T>
HWY_INLINE HWY_ATTR void add_terms(const T* x, const T* g, hn::Vec<doubles>& lane0, hn::Vec<doubles>& lane1) {
  const vector_pair upstream = load_pair<Flush>(g);
  if constexpr (K == row_kernel::softmax_backward) {
    const vector_pair output = load_pair<Flush>(x);
    lane0 = hn::MulAdd(output.v0, upstream.v0, lane0);  // rounded once: the product is exact
    lane1 = hn::MulAdd(output.v1, upstream.v1, lane1);
  } else {
    lane0 = hn::Add(lane0, upstream.v0);
    lane1 = hn::Add(lane1, upstream.v1);
  }
}

/// g - exp(y) G, or y where it is NaN.
HWY_INLINE HWY_ATTR hn::Vec<doubles> log_gradient(hn::Vec<doubles> y, hn::Vec<doubles> exponential,
                                                  hn::Vec<doubles> g, hn::Vec<doubles> total) {
  return hn::IfThenElse(is_number(doubles(), y), hn::NegMulAdd(exponential, total, g), y);
}

/// The gradients of two vectors, given the row's sum.
template <row_kernel K, bool Flush, floating T>
HWY_INLINE HWY_ATTR void put_gradients(const T* x, const T* g, vector_pair sum, T* gradient) {
  const vector_pair y = load_pair<Flush>(x), upstream = load_pair<Flush>(g);
  vector_pair v = y;
  if constexpr (K == row_kernel::softmax_backward) {
    v.v0 = hn::Mul(y.v0, hn::Sub(upstream.v0, sum.v0));
    v.v1 = hn::Mul(y.v1, hn::Sub(upstream.v1, sum.v1));
  } else {
    const doubles d;
    v.v0 = hn::IfThenElseZero(hn::Lt(y.v0, hn::Zero(d)), y.v0);
    v.v1 = hn::IfThenElseZero(hn::Lt(y.v1, hn::Zero(d)), y.v1);
    exp_nonpositive(d, v.v0, v.v1);
    v.v0 = log_gradient(y.v0, v.v0, upstream.v0, sum.v0);
    v.v1 = log_gradient(y.v1, v.v1, upstream.v1, sum.v1);
  }
  store_pair<Flush, with_nans>(v, gradient);
}

/// A row's terms for its sum, and its results.
template <row_kernel K, bool Flush, floating T>
class gradient_row {
 public:
  HWY_ATTR gradient_row(row_reader<T>& x, row_reader<T>& g) : x_reader_(x), g_reader_(g) {}

  HWY_ATTR void set_sum(double sum) { sum_ = broadcast(sum); }
  HWY_INLINE HWY_ATTR void begin(index_t first, index_t count) {
    x_ = x_reader_.elements(first, count);
    g_ = g_reader_.elements(first, count);
  }
  HWY_INLINE HWY_ATTR void add(hn::Vec<doubles> (&lane)[vectors], index_t i, index_t count) const {
    const padded<step, T> x(x_ + i, count, absent_x<K, T>()), g(g_ + i, count, from_bits<T>(0));
    add_pairs(x.data(), g.data(), lane, pairs());
  }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t count, T* gradient) const {
    const padded<step, T> x(x_ + i, count, absent_x<K, T>()), g(g_ + i, count, from_bits<T>(0));
    for (std::size_t k = 0; k < lanes; k += 2 * width)
      put_gradients<K, Flush>(x.data() + k, g.data() + k, sum_, gradient + k);
  }

 private:
  template <std::size_t... Pairs>
  HWY_INLINE HWY_ATTR static void add_pairs(const T* x, const T* g, hn::Vec<doubles> (&lane)[vectors],
                                            std::index_sequence<Pairs...>) {
    (add_terms<K, Flush>(x + 2 * Pairs * width, g + 2 * Pairs * width, lane[2 * Pairs], lane[2 * Pairs + 1]),
     ...);
  }

  row_reader<T>&x_reader_, &g_reader_;
  vector_pair sum_ = broadcast(0.0);
  const T *x_ = nullptr, *g_ = nullptr;
};

/// Rows of any strides, one after the other.
template <row_kernel K, bool Flush, floating T>
HWY_ATTR void gradient_rows(const detail::row_run<T>& run) {
  T room[2][static_cast<std::size_t>(block)];
  for (index_t row = 0; row < run.count; ++row) {
    row_reader<T> x(row_of(run.x, row), row_of(run.mask, row), absent_x<K, T>(), room[0]);
    row_reader<T> g(row_of(run.upstream, row), row_of(run.mask, row), from_bits<T>(0), room[1]);
    gradient_row<K, Flush, T> gradients(x, g);
    const double sum = sum_of_row(run.length, gradients);
    if (run.mask.first != nullptr && !is_finite(sum)) {
      detail::rows_in_turn<K, Flush>(run.part(row, 1));
      continue;
    }
    gradients.set_sum(sum);
    write_row(run.length, gradients, row_of(run.y, row), room[0]);
  }
}

/// Columns' terms for their sums, and their results.
template <row_kernel K, bool Flush, floating T>
struct gradient_columns {
  const columns<T>&x, &g;
  index_t count;
  const double* sum;

  HWY_INLINE HWY_ATTR void add_line(index_t i, double* lane) const {
    for (index_t j = 0; j < count; j += pair_width) {
      const auto x_line = x.line(i, j, count - j), g_line = g.line(i, j, count - j);
      vector_pair sums = load_doubles(lane + j);
      add_terms<K, Flush>(x_line.data(), g_line.data(), sums.v0, sums.v1);
      store_doubles(sums, lane + j);
    }
  }
  HWY_INLINE HWY_ATTR void put(index_t i, index_t j, index_t left, T* gradient) const {
    const auto x_line = x.line(i, j, left), g_line = g.line(i, j, left);
    put_gradients<K, Flush>(x_line.data(), g_line.data(), load_doubles(sum + j), gradient);
  }
};

template <row_kernel K, bool Flush>
struct gradient_tile {
  template <index_t W, floating T>
  HWY_ATTR void compute(const detail::row_run<T>& run) const {
    const columns<T> x{run.x.first, run.length, run.x.along,     run.y.first,
                       run.y.along, run.mask,   absent_x<K, T>()};
    const columns<T> g{run.upstream.first, run.length,     run.upstream.along, nullptr, 0,
                       run.mask,           from_bits<T>(0)};
    HWY_ALIGN double sum[static_cast<std::size_t>(W)];
    const gradient_columns<K, Flush, T> gradients{x, g, run.count, sum};
    sum_of_columns<W>(run.length, gradients, sum);
    bool finite = true;
    for (index_t j = 0; j < run.count; ++j) finite = finite && is_finite(sum[j]);
    if (run.mask.first == nullptr || finite) {
      write_columns(x, run.count, gradients);
    } else {
      detail::rows_in_turn<K, Flush>(run);
    }
  }
};

}  // namespace softmax

}  // namespace HWY_NAMESPACE
}  // namespace K754_KERNEL_ABI
}  // namespace k754::simd
HWY_AFTER_NAMESPACE();

// The calls: every kernel with arithmetic, and two without, on values whose results need every bit.
#if defined(K754_TEST_BEFORE)  // the text of a pragma
_Pragma(K754_TEST_BEFORE) static_assert(true);
#endif

#include "units.hpp"

#include <cstring>

#include <k754/k754.hpp>

#if defined(K754_TEST_AFTER)
_Pragma(K754_TEST_AFTER) static_assert(true);
#endif

namespace K754_TEST_UNIT {
namespace {

using k754::index_t;
using k754::status;
using k754::tensor_view;

struct recorder {
  hidden_flags::results& results;
  const char* type;

  template <class T, int size>
  void operator()(const char* name, status outcome, const T (&output)[size]) const {
    const int begin = results.calls == 0 ? 0 : results.end[results.calls - 1];
    std::memcpy(results.bytes + begin, output, sizeof output);
    results.end[results.calls] = begin + static_cast<int>(sizeof output);
    results.status[results.calls] = static_cast<int>(outcome);
    results.type[results.calls] = type;
    results.name[results.calls++] = name;
  }
};

template <class T>
void record(const recorder& note, const T (&x_values)[9]) {
  using input = tensor_view<const T, 2>;
  static const T p_values[] = {T(0.25), T(0.7), T(0.05), T(0.5), T(0.3), T(0.2), T(0), T(0.9), T(0.1)};
  static const T u_values[] = {T(1), T(-0.3), T(0.7), T(2.5), T(1) / 3, T(-5), T(0.01), T(7), T(0)};
  const input x(x_values, {3, 3}), p(p_values, {3, 3}), u(u_values, {3, 3});
  const tensor_view<const T, 1> upstream(u_values, {3});
  static const std::int64_t label_values[] = {2, 0, 1};
  const tensor_view<const std::int64_t, 1> labels(label_values, {3});
  static const bool mask_values[] = {true, false, true, true, true, true, false, true, true};
  const tensor_view<const bool, 2> mask(mask_values, {3, 3});

  T y[9] = {}, z[9] = {}, loss[3] = {}, pixels[4] = {};
  const tensor_view<T, 2> out(y, {3, 3}), other(z, {3, 3});
  const tensor_view<T, 1> row(loss, {3});
  const auto all = [&](const char* name, status outcome) { note(name, outcome, y); };
  const auto rows = [&](const char* name, status outcome) { note(name, outcome, loss); };

  all("softmax", k754::try_softmax(x, out));
  all("log_softmax", k754::try_log_softmax(x, out));
  rows("logsumexp", k754::try_logsumexp(x, row));
  all("masked_softmax", k754::try_masked_softmax(x, mask, out));
  all("softmax_backward", k754::try_softmax_backward(p, u, out));
  all("log_softmax_backward", k754::try_log_softmax_backward(x, u, out));
  rows("cross_entropy", k754::try_cross_entropy(x, labels, row, {.reduction = k754::reduction::none}));
  rows("cross_entropy of probabilities",
       k754::try_cross_entropy(x, p, row, {.reduction = k754::reduction::none, .label_smoothing = 0.1}));
  all("cross_entropy_backward",
      k754::try_cross_entropy_backward(x, p, upstream, out, {.reduction = k754::reduction::none}));
  rows("cross_entropy_from_probabilities",
       k754::try_cross_entropy_from_probabilities(p, labels, row, {.reduction = k754::reduction::none}));

  const tensor_view<const T, 4> image(x_values, {1, 3, 3, 1}), filter(u_values, {1, 2, 2, 1});
  const tensor_view<T, 4> response(pixels, {1, 2, 2, 1});
  const k754::status convolved = k754::try_conv2d(image, filter, response);
  note("conv2d", convolved, pixels);
  all("exp", k754::try_exp(x, out));
  all("log", k754::try_log(x, out));
  all("log1p", k754::try_log1p(x, out));
  all("xlogy", k754::try_xlogy(x, p, out));
  all("xlogy_backward", k754::try_xlogy_backward(x, p, u, out, other));
  all("where", k754::try_where(mask, x, u, out));
  std::int64_t index[3] = {};
  const k754::status found = k754::try_argmax(x, tensor_view<std::int64_t, 1>(index, {3}), {.axis = 1});
  note("argmax", found, index);
}

template <class T>
void record_all(const recorder& note) {
  constexpr T inf = k754::infinity<T>(), nan = k754::canonical_nan<T>();
  record<T>(note, {T(0), T(1), T(2), T(0.1), T(-3.7), T(2.2), T(-0.0), T(-0.3), T(11)});
  record<T>(note, {-inf, T(1), T(0.3), inf, T(-0.0), T(5), T(0), nan, T(0.7)});
}

}  // namespace

void run(hidden_flags::results& results) {
#if !defined(K754_TEST_DOUBLE_ALONE)
  record_all<float>({results, "f32"});
#endif
  record_all<double>({results, "f64"});
}

}  // namespace K754_TEST_UNIT

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <k754/conv2d_packed.hpp>

#include "data.hpp"
#include "workload.hpp"

namespace benchmarks {

namespace {

template <class T, class Result>
struct arguments {
  problem p;
  bool gradients;
  extents input, weight, output;  ///< in the order of memory
  buffer<T> x, w, bias, upstream;
  buffer<Result> y, dx, dw;
  buffer<float> packed_memory;
  k754::packed_conv2d_weight packed;

  explicit arguments(const problem& of) : p(of), gradients(p.kernel == "conv2d_backward") {
    const bool nchw = p.layout == k754::image_layout::nchw;
    const auto pixels = p.output_shape();
    const index_t channels = p.shape[3] / p.groups, height = p.kernel_size[0], width = p.kernel_size[1];
    const auto image = [nchw](index_t n, index_t h, index_t ww, index_t c) {
      return nchw ? extents{n, c, h, ww} : extents{n, h, ww, c};
    };
    input = image(p.shape[0], p.shape[1], p.shape[2], p.shape[3]);
    output = image(pixels[0], pixels[1], pixels[2], pixels[3]);
    if (p.weight_layout == k754::weight_layout::hwio) {
      weight = {height, width, channels, p.filters};
    } else {
      weight = image(p.filters, height, width, channels);
    }
    x = buffer<T>(element_count(input));
    w = buffer<T>(element_count(weight));
    if (p.bias) bias = buffer<T>(p.filters);
    if (gradients) {
      upstream = buffer<T>(element_count(output));
      dx = buffer<Result>(element_count(input));
      dw = buffer<Result>(element_count(weight));
    } else {
      y = buffer<Result>(element_count(output));
    }
  }

  /// When the weights are filled.
  void pack() {
    if constexpr (std::is_same_v<T, float>) {
      const auto filters = dense<const float>(weight, w.data());
      packed_memory = buffer<float>(k754::conv2d_packed_size(filters, p.conv2d_options()).value());
      const auto memory = dense<float>({static_cast<index_t>(packed_memory.size())}, packed_memory.data());
      k754::pack_conv2d_weight(filters, memory, packed, p.conv2d_options());
    }
  }

  template <k754::policy P>
  k754::status call(const pool_executor& ex) {
    const k754::conv2d_options options = p.conv2d_options();
    const auto in = dense<const T>(input, x.data()), filters = dense<const T>(weight, w.data());
    if constexpr (std::is_same_v<T, Result>) {
      if (gradients) {
        const auto dy = dense<const T>(output, upstream.data());
        const k754::status done =
            k754::try_conv2d_backward_input<P>(filters, dy, dense<T>(input, dx.data()), options, ex);
        if (done != k754::status::ok) return done;
        return k754::try_conv2d_backward_weight<P>(in, dy, dense<T>(weight, dw.data()), options, ex);
      }
    }
    const auto out = dense<Result>(output, y.data());
    if constexpr (std::is_same_v<T, float>) {
      if (p.packed) return k754::try_conv2d<P>(in, packed, out, options, ex);
    }
    if (p.bias)
      return k754::try_conv2d<P>(in, filters, dense<const T>({p.filters}, bias.data()), out, options, ex);
    return k754::try_conv2d<P>(in, filters, out, options, ex);
  }
};

/// The magnitudes of the elements.
void drop_signs(const buffer<double>& x) {
  for (double& value : x.elements()) value = std::fabs(value);
}

template <class T, k754::policy P>
workload make(const problem& p, thread_pool& pool) {
  using result = std::conditional_t<std::is_integral_v<T>, std::int32_t, T>;
  const auto held = std::make_shared<arguments<T, result>>(p);
  const pool_executor ex{&pool};
  fill(held->x.elements(), "random", 1);
  fill(held->w.elements(), "random", 2, p.data == "subnormal_weights" ? 0x1p-130 : 0.1);
  fill(held->bias.elements(), "random", 3);
  if (p.packed) held->pack();
  fill(held->upstream.elements(), "random", 4);

  workload w;
  w.run = repeated([held, ex] { return held->template call<P>(ex); });
  w.outputs =
      held->gradients ? std::vector{held->dx.memory(), held->dw.memory()} : std::vector{held->y.memory()};
  if constexpr (!std::is_integral_v<T>) {
    // cancellation has no bound in units of the result: the unit is that of the sum of the magnitudes of the products
    w.max_ulp = error_of<T>([held, ex]() -> std::optional<double> {
      arguments<double, double> exact(held->p), magnitudes(held->p);
      for (arguments<double, double>* a : {&exact, &magnitudes}) {
        widen(held->x, a->x);
        widen(held->w, a->w);
        widen(held->bias, a->bias);
        widen(held->upstream, a->upstream);
        if (a == &magnitudes) {
          for (const auto* x : {&a->x, &a->w, &a->bias, &a->upstream}) drop_signs(*x);
        }
        if (a->template call<k754::policy{}>(ex) != k754::status::ok) return std::nullopt;
      }
      double greatest = 0;
      const auto compare = [&](const buffer<T>& y, const buffer<double>& sum, const buffer<double>& size) {
        for (std::size_t i = 0; i < y.size(); ++i) {
          greatest = std::max(greatest, ulp_error(y.data()[i], sum.data()[i], size.data()[i]));
        }
      };
      compare(held->y, exact.y, magnitudes.y);
      compare(held->dx, exact.dx, magnitudes.dx);
      compare(held->dw, exact.dw, magnitudes.dw);
      return greatest;
    });
    w.flop = p.work();
    w.doubles = std::is_same_v<T, double>;
  }
  w.memory.bytes_read =
      static_cast<double>((held->x.size() + held->w.size() + held->upstream.size()) * sizeof(T));
  w.memory.bytes_written =
      static_cast<double>((held->y.size() + held->dx.size() + held->dw.size()) * sizeof(result));
  w.memory.outputs = 1;
  w.bytes_held = static_cast<std::size_t>(w.memory.bytes_read + w.memory.bytes_written);
  return w;
}

std::optional<workload> make_any(const problem& p, thread_pool& pool) {
  using namespace k754;
  constexpr policy defaults{}, fast{.precision = precision::fast}, exact{.precision = precision::exact},
      absent{.padded_taps = padded_taps::absent};
  if (p.dtype == dtype::f32) {
    return for_policy<defaults, fast, exact, absent>(p.policy,
                                                     [&]<policy P>() { return make<float, P>(p, pool); });
  }
  if (p.policy == fast) {
    return for_dtype(p, types<float16, bfloat16>(), [&]<class T>() { return make<T, fast>(p, pool); });
  }
  if (p.policy != defaults) return std::nullopt;
  return for_dtype(p, types<double, float16, bfloat16, std::int8_t, std::int16_t, std::int32_t>(),
                   [&]<class T>() { return make<T, defaults>(p, pool); });
}

}  // namespace

void add_conv2d(workload_makers& makers) {
  makers["conv2d"] = make_any;
  makers["conv2d_backward"] = make_any;
}

}  // namespace benchmarks

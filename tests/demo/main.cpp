// The five bugs that k754 exists for, and some rows of its semantics tables: for each the input, what a named framework
// returns, and what k754 returns, as values and as bits. Exits with 1 if anything is not as specified.
//
// The quoted answers were measured with NumPy 2.4.6, PyTorch 2.15.0, TensorFlow 2.21.0, JAX 0.10.2, Optax on that JAX,
// ONNX Runtime 1.31.1 and Keras 3.15.1, on one x86-64 machine, or are those of the bug report where a version is named.
#include <fmt/core.h>
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <k754/fmt.hpp>
#include <k754/k754.hpp>

#include "convolution.hpp"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace {

using k754::policy;

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class report {
 public:
  void heading(const std::string& title) { fmt::print("\n{}. {}\n", ++headings_, title); }
  void input(const std::string& text) { fmt::print("   input      {}\n", text); }
  void elsewhere(const std::string& who, const std::string& answer) {
    fmt::print("   {:<34} {}\n", who, answer);
  }

  /// What k754 computed, against the bits that its tables state.
  void ours(const std::string& what, const std::vector<float>& values,
            const std::vector<std::uint32_t>& expected) {
    std::string shown, bits;
    bool right = values.size() == expected.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      fmt::format_to(std::back_inserter(shown), "{}{:g}", i == 0 ? "" : ", ", values[i]);
      fmt::format_to(std::back_inserter(bits), "{}{}", i == 0 ? "" : " ", k754::as_bits{values[i]});
      right = right && k754::to_bits(values[i]) == expected[i];
    }
    line(what, fmt::format("[{}]  {}", shown, bits), right);
  }
  void ours(const std::string& what, std::int64_t index, std::int64_t expected) {
    line(what, fmt::format("{}", index), index == expected);
  }
  void ours(const std::string& what, const std::string& answer, bool right) { line(what, answer, right); }

  int finish() const {
    if (wrong_ == 0) {
      fmt::print("\nAll {} answers are as specified.\n", lines_);
      return 0;
    }
    fmt::print("\n{} of {} answers are NOT as specified.\n", wrong_, lines_);
    return 1;
  }

 private:
  void line(const std::string& what, const std::string& answer, bool right) {
    ++lines_;
    wrong_ += right ? 0 : 1;
    fmt::print("   {:<34} {}{}\n", "k754 " + what, answer, right ? "" : "   <-- NOT as specified");
  }
  int headings_ = 0;
  int lines_ = 0;
  int wrong_ = 0;
};

/// Sets flush-to-zero and denormals-are-zero for a while, as a library built with -ffast-math does to its process.
class flushing_environment {
 public:
#if defined(__SSE2__)
  flushing_environment() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040U); }
  ~flushing_environment() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
  flushing_environment() {
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(saved_));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(saved_ | (std::uint64_t{1} << 24)));
  }
  ~flushing_environment() { __asm__ __volatile__("msr fpcr, %0" : : "r"(saved_)); }

 private:
  std::uint64_t saved_;
#endif
};

void argmin_of_subnormals(report& r) {
  r.heading("argmin looks at subnormals (keras#20355, #20821)");
  r.input("[0, 2^-126, -2^-149, 0, 459367]");
  r.elsewhere("TensorFlow, JAX", "0");
  r.elsewhere("NumPy, PyTorch with FTZ/DAZ set", "0");
  const std::array<float, 5> x = {0.0F, 0x1p-126F, -0x1p-149F, 0.0F, 459367.0F};
  r.ours("argmin", k754::argmin(x), 2);
  {
    const flushing_environment flushing;
    r.ours("argmin, FTZ/DAZ set", k754::argmin(x), 2);
  }
  r.ours("argmin, subnormals::flush", k754::argmin<policy{.subnormals = k754::subnormals::flush}>(x), 0);
  r.input("[-2^-149, -2^-148]");
  r.elsewhere("Keras on TensorFlow and on JAX", "0");
  const std::array<float, 2> two = {-0x1p-149F, -0x1p-148F};
  r.ours("argmin", k754::argmin(two), 1);
}

void argmax_of_nan(report& r) {
  r.heading("argmax with NaN: x[argmax(x)] is max(x)");
  r.input("[1, nan, 2]");
  r.elsewhere("TensorFlow (eager)", "argmax 2, argmin 0");
  r.elsewhere("ONNX Runtime", "1 as a vector, 2 as a 1x3 matrix");
  const std::array<float, 3> x = {1.0F, nan, 2.0F};
  r.ours("argmax", k754::argmax(x), 1);
  r.ours("argmin", k754::argmin(x), 1);
  r.ours("argmax, nans::omit", k754::argmax<policy{.nans = k754::nans::omit}>(x), 2);
}

void softmax_of_minus_infinity(report& r) {
  r.heading("softmax of a row of -inf does not depend on its length (mlx#1467)");
  r.elsewhere("MLX 0.17.3", "length 127: all 0; length 128: all nan");
  for (const std::size_t n : {std::size_t{127}, std::size_t{128}}) {
    const std::vector<float> x(n, -inf);
    std::vector<float> y(n), zero(n), uniform(n);
    k754::softmax(x, y);
    k754::softmax<policy{.zero_mass = k754::zero_mass::zero}>(x, zero);
    k754::softmax<policy{.zero_mass = k754::zero_mass::uniform}>(x, uniform);
    const auto all = [](const std::vector<float>& v, float expected) {
      for (const float e : v) {
        if (k754::to_bits(e) != k754::to_bits(expected)) return false;
      }
      return true;
    };
    r.ours(fmt::format("length {}", n), fmt::format("all {}  {}", y[0], k754::as_bits{y[0]}),
           all(y, k754::canonical_nan<float>()));
    r.ours(fmt::format("length {}, zero_mass::zero", n),
           fmt::format("all {}  {}", zero[0], k754::as_bits{zero[0]}), all(zero, 0.0F));
    r.ours(fmt::format("length {}, zero_mass::uniform", n),
           fmt::format("all {:g}  {}", uniform[0], k754::as_bits{uniform[0]}),
           all(uniform, 1.0F / static_cast<float>(n)));
  }
}

void softmax_under_ftz(report& r) {
  r.heading("softmax keeps small probabilities, whatever the process has set");
  r.input("[0, -100]");
  r.elsewhere("TensorFlow, JAX, MLX", "[1, 0]");
  r.elsewhere("PyTorch with FTZ/DAZ set", "[1, 0]");
  const std::array<float, 2> x = {0.0F, -100.0F};
  std::vector<float> y(2), flushed(2);
  k754::softmax(x, y);
  r.ours("softmax", y, {0x3f800000, 0x0000001b});
  {
    const flushing_environment flushing;
    k754::softmax(x, flushed);
  }
  r.ours("softmax, FTZ/DAZ set", flushed, {0x3f800000, 0x0000001b});
}

void cross_entropy_of_masked_logits(report& r) {
  r.heading("cross-entropy with a -inf logit of label 0 (optax#896, #916)");
  r.input("logits [-inf, 0], labels [0, 1]");
  r.elsewhere("Optax, PyTorch, TensorFlow (eager)", "nan");
  const std::array<float, 2> logits = {-inf, 0.0F};
  const std::array<float, 2> labels = {0.0F, 1.0F};
  std::vector<float> loss(1), dlogits(2), dlabels(2);
  const k754::tensor_view loss_view(loss.data());
  k754::cross_entropy(logits, labels, loss_view);
  k754::cross_entropy_backward(logits, labels, dlogits);
  k754::cross_entropy_label_backward(logits, labels, dlabels);
  r.ours("loss", loss, {0x00000000});
  r.ours("gradient of the logits", dlogits, {0x00000000, 0x00000000});
  r.ours("gradient of the labels", dlabels, {0x7f800000, 0x00000000});
}

void tiny_loss(report& r) {
  r.heading("a loss of 1e-13 is not 0");
  r.input("logits [30, 0], label 0");
  r.elsewhere("PyTorch, TensorFlow, JAX, MLX", "loss 0 or -0; gradient [0, 9.358e-14]");
  const std::array<float, 2> logits = {30.0F, 0.0F};
  const std::array<std::int64_t, 1> label = {0};
  std::vector<float> loss(1), gradient(2);
  const k754::tensor_view row(logits.data(), {1, 2});
  k754::cross_entropy(row, label, k754::tensor_view(loss.data()));
  k754::cross_entropy_backward(row, label, k754::tensor_view(gradient.data(), {1, 2}));
  // log1p(exp(-30)) and its derivative, from the C library in double
  const double q = std::exp(-30.0);
  const auto expected_loss = k754::to_bits(static_cast<float>(std::log1p(q)));
  const auto expected_gradient = k754::to_bits(static_cast<float>(q / (1.0 + q)));
  r.ours("loss", loss, {expected_loss});
  r.ours("gradient", gradient, {expected_gradient | 0x80000000U, expected_gradient});
}

void where_ignores_the_other_branch(report& r) {
  r.heading("where takes one operand and never looks at the other (burn#2253)");
  r.input("x = 0.1 .. 0.9, mask = x <= 0.5, where(mask, 1 - x, nan)");
  r.elsewhere("Burn (NdArray), 2024-09", "nan everywhere");
  std::array<float, 9> y{}, nans{};
  std::array<bool, 9> mask{};
  std::vector<float> z(9);
  std::vector<std::uint32_t> expected;
  for (std::size_t i = 0; i < 9; ++i) {
    y[i] = static_cast<float>(9 - i) / 10.0F;
    nans[i] = nan;
    mask[i] = i < 5;
    expected.push_back(k754::to_bits(mask[i] ? y[i] : nan));
  }
  k754::where(mask, y, nans, z);
  r.ours("where", z, expected);
}

void infinite_weight_over_padding(report& r) {
  r.heading("an infinite weight over zero padding: one rule, whatever the batch");
  r.input("1x4x4x1 and 2x4x4x1 zeros + 1, kernel 3x3 with +inf in a corner, padding 1");
  r.elsewhere("PyTorch (16 channels, 32x32)", "batch 1: nan border; batch 2: finite border");
  std::array<float, 9> weight{};
  weight.fill(1e-3F);
  weight[0] = inf;
  const k754::tensor_view w(static_cast<const float*>(weight.data()), {1, 3, 3, 1});
  const std::vector<float> ones(32, 1.0F);
  const auto count = [&](k754::index_t batch, auto&& run) {
    std::vector<float> out(static_cast<std::size_t>(batch) * 16);
    run(k754::tensor_view(ones.data(), {batch, 4, 4, 1}), k754::tensor_view(out.data(), {batch, 4, 4, 1}));
    std::array<int, 3> kinds{};
    for (const float v : out) ++kinds[k754::is_nan(v) ? 0 : k754::is_infinite(v) ? 1 : 2];
    return kinds;
  };
  for (const k754::index_t batch : {k754::index_t{1}, k754::index_t{2}}) {
    const int b = static_cast<int>(batch);
    const auto multiplied = count(batch, [&](auto in, auto out) {
      k754::conv2d(in, w, out, {.padding = {1, 1, 1, 1}});
    });
    const auto absent = count(batch, [&](auto in, auto out) {
      k754::conv2d<policy{.padded_taps = k754::padded_taps::absent}>(in, w, out, {.padding = {1, 1, 1, 1}});
    });
    r.ours(fmt::format("batch {}", batch),
           fmt::format("{} nan, {} inf, {} finite", multiplied[0], multiplied[1], multiplied[2]),
           multiplied == std::array{7 * b, 9 * b, 0});
    r.ours(fmt::format("batch {}, padded_taps::absent", batch),
           fmt::format("{} nan, {} inf, {} finite", absent[0], absent[1], absent[2]),
           absent == std::array{0, 9 * b, 7 * b});
  }
}

/// FNV-1a over the bits of a convolution's output in [N, H, W, C] order.
std::uint64_t hash_of(const k754::tensor_view<float, 4>& nhwc) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (k754::index_t n = 0; n < nhwc.extent(0); ++n)
    for (k754::index_t h = 0; h < nhwc.extent(1); ++h)
      for (k754::index_t w = 0; w < nhwc.extent(2); ++w)
        for (k754::index_t c = 0; c < nhwc.extent(3); ++c) {
          for (int byte = 0; byte < 4; ++byte) {
            hash = (hash ^ ((k754::to_bits(nhwc(n, h, w, c)) >> (8 * byte)) & 0xFFU)) * 0x100000001b3U;
          }
        }
  return hash;
}

bool cpu_has_fma() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("fma") != 0;
#else
  return true;
#endif
}

void keras_convolution(report& r) {
  constexpr k754::index_t size = 256, channels = 16, filters = 16;
  r.heading("the same convolution, the same bits (keras#20804)");
  r.input(fmt::format("1x{0}x{0}x{1}, kernel 4x7, {2} filters, same padding, dilation (3, 2)", size, channels,
                      filters));
  r.elsewhere("PyTorch, JAX, TensorFlow", "differ from each other in 94-98 % of the outputs, by up to");
  r.elsewhere("", "6.6e-6 (full size: 1024 channels, 1024 filters)");

  // Uniform in [0, 1) and Glorot-uniform, as Keras has them; any fixed generator serves.
  std::uint64_t state = 0;
  const auto uniform = [&state] {  // splitmix64
    std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-24F;
  };
  std::vector<float> image(static_cast<std::size_t>(size * size * channels));
  std::vector<float> kernel(static_cast<std::size_t>(4 * 7 * channels * filters));
  for (float& v : image) v = uniform();
  const float limit = std::sqrt(6.0F / static_cast<float>(4 * 7 * (channels + filters)));
  for (float& v : kernel) v = (2.0F * uniform() - 1.0F) * limit;

  // One set of values, two memory layouts of image and output.
  std::vector<float> image_nchw(image.size());
  const k754::tensor_view<const float, 4> nhwc(image.data(), {1, size, size, channels});
  const k754::tensor_view<float, 4> nchw(image_nchw.data(), {1, channels, size, size});
  for (k754::index_t h = 0; h < size; ++h)
    for (k754::index_t w = 0; w < size; ++w)
      for (k754::index_t c = 0; c < channels; ++c) nchw(0, c, h, w) = nhwc(0, h, w, c);
  const k754::tensor_view<const float, 4> hwio(kernel.data(), {4, 7, channels, filters});

  std::uint64_t first_hash = 0;
  bool have_first = false;
  const auto run = [&](const char* what, bool channels_first, auto&& convolve) {
    std::vector<float> result(static_cast<std::size_t>(size * size * filters));
    demo::convolution c{channels_first ? k754::tensor_view<const float, 4>(nchw) : nhwc,
                        hwio,
                        channels_first ? k754::tensor_view<float, 4>(result.data(), {1, filters, size, size})
                                       : k754::tensor_view<float, 4>(result.data(), {1, size, size, filters}),
                        {.dilation = {3, 2},
                         .padding = k754::padding::same(),
                         .layout = channels_first ? k754::image_layout::nchw : k754::image_layout::nhwc,
                         .weight_layout = k754::weight_layout::hwio}};
    convolve(c, demo::progress_line(what));
    const std::uint64_t hash = hash_of(channels_first ? c.output.permuted({0, 2, 3, 1}) : c.output);
    if (!have_first) first_hash = hash;
    have_first = true;
    double sum = 0;
    for (const float v : result) sum += static_cast<double>(v);
    r.ours(what, fmt::format("sum {:.6f}, hash of the bits {:016x}", sum, hash), hash == first_hash);
  };
  if (demo::native_fma_compiled() && cpu_has_fma()) {
    run("NHWC, hardware FMA", false, demo::convolve_with_native_fma);
    run("NCHW, hardware FMA", true, demo::convolve_with_native_fma);
  } else {
    fmt::print("   (no hardware FMA here)\n");
  }
  run("NHWC, emulated FMA", false, demo::convolve_with_emulated_fma);
  run("NCHW, emulated FMA", true, demo::convolve_with_emulated_fma);
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  fmt::print("k754 {}.{}.{}\n", K754_VERSION_MAJOR, K754_VERSION_MINOR, K754_VERSION_PATCH);
  report r;
  argmin_of_subnormals(r);
  keras_convolution(r);
  softmax_of_minus_infinity(r);
  cross_entropy_of_masked_logits(r);
  where_ignores_the_other_branch(r);
  argmax_of_nan(r);
  softmax_under_ftz(r);
  tiny_loss(r);
  infinite_weight_over_padding(r);
  return r.finish();
}

// The convolution of keras#20804 with fewer channels, to be computed by two translation units: one compiled for native
// fused multiply-add, one without. The library's ABI tag keeps their code apart.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdio>

#include <k754/conv2d.hpp>

namespace demo {

/// An executor that runs on the calling thread and, on a terminal, keeps one line up to date.
class progress_line {
 public:
  explicit progress_line(const char* what) : what_(what), shown_(isatty(STDERR_FILENO) != 0) {}

  template <class Task>
  void operator()(std::size_t count, Task&& task) const {
    int last = -1;
    for (std::size_t i = 0; i < count; ++i) {
      task(i);
      const int percent = static_cast<int>(100 * (i + 1) / count);
      if (shown_ && percent != last) std::fprintf(stderr, "\r  %-28s %3d %%", what_, percent);
      last = percent;
    }
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  const char* what_;
  bool shown_;
};

struct convolution {
  k754::tensor_view<const float, 4> input;
  k754::tensor_view<const float, 4> weight;
  k754::tensor_view<float, 4> output;
  k754::conv2d_options options;
};

bool native_fma_compiled();
void convolve_with_native_fma(const convolution& c, const progress_line& progress);
void convolve_with_emulated_fma(const convolution& c, const progress_line& progress);

}  // namespace demo

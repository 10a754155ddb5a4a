#define K754_EMULATE_FMA
#include "convolution.hpp"

namespace demo {

void convolve_with_emulated_fma(const convolution& c, const progress_line& progress) {
  k754::conv2d(c.input, c.weight, c.output, c.options, progress);
}

}  // namespace demo

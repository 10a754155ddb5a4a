// Compiled with -mfma on x86; called only where the CPU has the instruction.
#include "convolution.hpp"

namespace demo {

bool native_fma_compiled() { return K754_NATIVE_FMA != 0; }

void convolve_with_native_fma(const convolution& c, const progress_line& progress) {
  k754::conv2d(c.input, c.weight, c.output, c.options, progress);
}

}  // namespace demo

/// Everything. Each header also stands alone; include the kernels you use to compile less.
#ifndef K754_K754_HPP
#define K754_K754_HPP

#include "argmax.hpp"
#include "bits.hpp"
#include "executor.hpp"
#include "float16.hpp"
#include "fma.hpp"
#include "fp_environment.hpp"
#include "policy.hpp"
#include "status.hpp"
#include "tensor_view.hpp"
#include "version.hpp"

#endif  // K754_K754_HPP

/// Everything. Each header also stands alone; include the kernels you use to compile less.
#ifndef K754_K754_HPP
#define K754_K754_HPP

#include "argmax.hpp"
#include "bits.hpp"
#include "conditions.hpp"
#include "conv2d.hpp"
#include "conv2d_packed.hpp"
#include "cross_entropy.hpp"
#include "cross_entropy_options.hpp"
#include "cross_entropy_with_gradient.hpp"
#include "detail/flags-inl.hpp"
#include "executor.hpp"
#include "exp_log.hpp"
#include "float16.hpp"
#include "fma.hpp"
#include "fp_environment.hpp"
#include "policy.hpp"
#include "simd.hpp"
#include "softmax.hpp"
#include "status.hpp"
#include "sum_to_shape.hpp"
#include "tensor_view.hpp"
#include "version.hpp"
#include "view_of.hpp"
#include "where.hpp"
#include "xlogy.hpp"

#endif  // K754_K754_HPP

#include "targets/order-inl.hpp"

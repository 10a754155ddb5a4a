/* k754's kernels behind a C interface, for programs that load a shared library (compare.py by ctypes).
 *
 * Every function returns a k754::status as int, 0 for success, or K754_C_UNSUPPORTED where this library was not built
 * for the types it was given. Policies are the defaults. Work is split over the threads of `k754_c_set_threads`;
 * calls must not overlap in time.
 */
#ifndef K754_C_H
#define K754_C_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define K754_C_UNSUPPORTED (-1)

/* dtype: the number that k754_c_dtype_name names. Strides in elements. */
typedef struct k754_c_tensor {
  void* data;
  int32_t dtype;
  int32_t rank;
  int64_t extents[8];
  int64_t strides[8];
} k754_c_tensor;

/* precision: 0 accurate, 1 fast, 2 exact. */

typedef struct k754_c_cross_entropy_options {
  int64_t axis;
  int64_t has_ignore_index;
  int64_t ignore_index;
} k754_c_cross_entropy_options;

/* layout: 0 NHWC, 1 NCHW; weight_layout: 0 OHWI, 1 OIHW, 2 HWIO; padding: top, bottom, left, right. */
typedef struct k754_c_conv2d_options {
  int64_t stride[2];
  int64_t dilation[2];
  int64_t padding[4];
  int64_t groups;
  int64_t layout;
  int64_t weight_layout;
} k754_c_conv2d_options;

/* The threads that calls may use, the calling one included; at first 1. The others sleep when there are no calls. */
int k754_c_set_threads(int32_t count);

/* Runs only this SIMD target, by k754's name ("AVX2"), or "reference"; null: the best again. */
int k754_c_force_target(const char* name);

/* "k754 0.1.0 | GCC 12.2.0 | AVX3", valid until the next call. */
const char* k754_c_description(void);
/* The name of a dtype: "f32", "i8", "boolean", ...; null for a number behind the last. */
const char* k754_c_dtype_name(int32_t dtype);
const char* k754_c_status_name(int32_t status);

/* output: i64. */
int k754_c_argmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis);
int k754_c_argmin(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis);

/* condition: boolean. Extents of 1 and missing axes broadcast; a tensor of rank 0 is a scalar. */
int k754_c_where(const k754_c_tensor* condition, const k754_c_tensor* x, const k754_c_tensor* y,
                 const k754_c_tensor* output);

int k754_c_softmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis, int64_t precision);
int k754_c_log_softmax(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis,
                       int64_t precision);
int k754_c_logsumexp(const k754_c_tensor* input, const k754_c_tensor* output, int64_t axis,
                     int64_t precision);
int k754_c_softmax_backward(const k754_c_tensor* output, const k754_c_tensor* upstream,
                            const k754_c_tensor* gradient, int64_t axis, int64_t precision);

/* The mean loss, and its gradient where `dlogits` is not null. labels: i64 indices, or probabilities. */
int k754_c_cross_entropy(const k754_c_tensor* logits, const k754_c_tensor* labels, const k754_c_tensor* loss,
                         const k754_c_tensor* dlogits, const k754_c_cross_entropy_options* options,
                         int64_t precision);

/* Weights packed for k754_c_conv2d_packed, which must have the same groups and layouts; `weight` must outlive them. Null
 * where there is no packing for these types or options. */
typedef struct k754_c_conv2d_weight k754_c_conv2d_weight;
k754_c_conv2d_weight* k754_c_conv2d_pack(const k754_c_tensor* weight, const k754_c_conv2d_options* options);
void k754_c_conv2d_free(k754_c_conv2d_weight* packed);

int k754_c_conv2d_packed(const k754_c_tensor* input, const k754_c_conv2d_weight* packed,
                         const k754_c_tensor* output, const k754_c_conv2d_options* options,
                         int64_t precision);
int k754_c_conv2d(const k754_c_tensor* input, const k754_c_tensor* weight, const k754_c_tensor* output,
                  const k754_c_conv2d_options* options, int64_t precision);
/* The gradients with respect to the input and the weight; either may be null. */
int k754_c_conv2d_backward(const k754_c_tensor* input, const k754_c_tensor* weight,
                           const k754_c_tensor* upstream, const k754_c_tensor* dx, const k754_c_tensor* dw,
                           const k754_c_conv2d_options* options, int64_t precision);

#ifdef __cplusplus
}
#endif

#endif /* K754_C_H */

// expect: exceptions are off in this unit; call try_argmax
// expect: exceptions are off in this unit; call try_argmin
// expect: exceptions are off in this unit; call try_where
// expect: exceptions are off in this unit; call try_where_backward
// expect: exceptions are off in this unit; call try_where_apply
// expect: exceptions are off in this unit; call try_where_apply_backward
// expect: exceptions are off in this unit; call try_sum_to_shape
// expect: exceptions are off in this unit; call try_softmax
// expect: exceptions are off in this unit; call try_log_softmax
// expect: exceptions are off in this unit; call try_logsumexp
// expect: exceptions are off in this unit; call try_masked_softmax
// expect: exceptions are off in this unit; call try_masked_log_softmax
// expect: exceptions are off in this unit; call try_masked_logsumexp
// expect: exceptions are off in this unit; call try_softmax_backward
// expect: exceptions are off in this unit; call try_log_softmax_backward
// expect: exceptions are off in this unit; call try_masked_softmax_backward
// expect: exceptions are off in this unit; call try_masked_log_softmax_backward
// expect: exceptions are off in this unit; call try_exp
// expect: exceptions are off in this unit; call try_log
// expect: exceptions are off in this unit; call try_log1p
// expect: exceptions are off in this unit; call try_xlogy
// expect: exceptions are off in this unit; call try_xlogy_backward
// expect: exceptions are off in this unit; call try_conv2d
// expect: exceptions are off in this unit; call try_conv2d_backward_input
// expect: exceptions are off in this unit; call try_conv2d_backward_weight
// expect: exceptions are off in this unit; call try_conv2d_backward_bias
// expect: exceptions are off in this unit; call try_pack_conv2d_weight
// expect: exceptions are off in this unit; call try_cross_entropy
// expect: exceptions are off in this unit; call try_cross_entropy_backward
// expect: exceptions are off in this unit; call try_cross_entropy_label_backward
// expect: exceptions are off in this unit; call try_cross_entropy_jvp
// expect: exceptions are off in this unit; call try_cross_entropy_with_gradient
// expect: exceptions are off in this unit; call try_cross_entropy_from_probabilities
// expect: exceptions are off in this unit; call try_cross_entropy_from_probabilities_backward
// expect: exceptions are off in this unit; call try_cross_entropy_from_probabilities_label_backward
// flags: -fno-exceptions -fno-rtti
//
// Every throwing form, so that none is forgotten: CALL is its name, or the name of its try_ form.
#include <k754/k754.hpp>

#ifdef K754_WRONG
#define CALL(name) k754::name
#else
#define CALL(name) (void)k754::try_##name
#endif

struct twice_function {
  float operator()(float v) const { return v + v; }
};

void f(k754::tensor_view<const float, 2> x, k754::tensor_view<const bool, 2> mask,
       k754::tensor_view<const std::int64_t, 1> label, k754::tensor_view<float, 2> y,
       k754::tensor_view<float, 2> z, k754::tensor_view<float, 1> one,
       k754::tensor_view<std::int64_t, 1> index, k754::tensor_view<const float, 4> image,
       k754::tensor_view<float, 4> image_out, k754::tensor_view<float, 1> bias) {
  const twice_function twice;
  CALL(argmax)(x, index);
  CALL(argmin)(x, index);
  CALL(where)(mask, x, 0.0F, y);
  CALL(where_backward)(mask, x, y, z);
  CALL(where_apply)(mask, twice, x, 0.0F, y);
  CALL(where_apply_backward)(mask, twice, x, x, y, z);
  CALL(sum_to_shape)(x, one);
  CALL(softmax)(x, y);
  CALL(log_softmax)(x, y);
  CALL(logsumexp)(x, one);
  CALL(masked_softmax)(x, mask, y);
  CALL(masked_log_softmax)(x, mask, y);
  CALL(masked_logsumexp)(x, mask, one);
  CALL(softmax_backward)(x, x, y);
  CALL(log_softmax_backward)(x, x, y);
  CALL(masked_softmax_backward)(x, x, mask, y);
  CALL(masked_log_softmax_backward)(x, x, mask, y);
  CALL(exp)(x, y);
  CALL(log)(x, y);
  CALL(log1p)(x, y);
  CALL(xlogy)(x, x, y);
  CALL(xlogy_backward)(x, x, x, y, z);
  CALL(cross_entropy)(x, label, one);
  CALL(cross_entropy_backward)(x, label, y);
  CALL(cross_entropy_label_backward)(x, x, y);
  CALL(cross_entropy_jvp)(x, x, x, x, one);
  CALL(cross_entropy_with_gradient)(x, label, one, y);
  CALL(cross_entropy_from_probabilities)(x, label, one);
  CALL(cross_entropy_from_probabilities_backward)(x, label, y);
  CALL(cross_entropy_from_probabilities_label_backward)(x, x, y);
  CALL(conv2d)(image, image, image_out);
  CALL(conv2d_backward_input)(image, image, image_out);
  CALL(conv2d_backward_weight)(image, image, image_out);
  CALL(conv2d_backward_bias)(image, bias);
  k754::packed_conv2d_weight packed;
  CALL(pack_conv2d_weight)(image, bias, packed);
}

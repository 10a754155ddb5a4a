"""TensorFlow: eager where one operation is the whole work, else a tf.function. Inputs are copies of the buffers;
results are always allocated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from peers import Prepared, find, returning
from work import ConvLayout, Work


class Library:
    versions = f"tensorflow {tf.__version__}"
    conv_layout = ConvLayout("nhwc", "hwio")

    def __init__(self, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self._functions = {
            "argmax": lambda work: self._call(work, lambda x: tf.argmax(x, work.axis), "x"),
            "argmin": lambda work: self._call(work, lambda x: tf.argmin(x, work.axis), "x"),
            "where": lambda work: self._call(work, tf.where, "mask", "x", "y"),
            "softmax": lambda work: self._call(work, lambda x: tf.nn.softmax(x, work.axis), "x"),
            "log_softmax": lambda work: self._call(work, lambda x: tf.nn.log_softmax(x, work.axis), "x"),
            "logsumexp": lambda work: self._call(work, lambda x: tf.reduce_logsumexp(x, work.axis), "x"),
            "cross_entropy": self._cross_entropy,
            "cross_entropy_with_gradient": self._cross_entropy,
            "conv2d": lambda work: self._call(work, self._convolution(work), "x", "w"),
            "conv2d_backward": self._conv2d_backward,
        }

    def prepare(self, work: Work) -> Prepared:
        return find(self._functions, work)

    @staticmethod
    def _call(work: Work, function: Callable[..., object], *names: str) -> Prepared:
        arguments = [tf.constant(work.inputs[name]) for name in names]
        return returning(
            lambda: function(*arguments), lambda results: [np.asarray(a.numpy()) for a in tf.nest.flatten(results)]
        )

    def _cross_entropy(self, work: Work) -> Prepared:
        rows = (
            tf.nn.sparse_softmax_cross_entropy_with_logits
            if work.case["labels"] == "index"
            else tf.nn.softmax_cross_entropy_with_logits
        )

        axes = [axis for axis in range(len(work.case["shape"])) if axis != work.axis] + [work.axis]

        def loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            """Its functions take the classes on the last axis."""
            losses = rows(labels, logits if axes == sorted(axes) else tf.transpose(logits, axes))
            if work.ignore_index is None:
                return tf.reduce_mean(losses)
            counted = labels != work.ignore_index
            return tf.reduce_sum(tf.where(counted, losses, 0)) / tf.reduce_sum(tf.cast(counted, losses.dtype))

        def loss_and_gradient(logits: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(logits)
                value = loss(logits, labels)
            return value, tape.gradient(value, logits)

        function = loss_and_gradient if work.kernel == "cross_entropy_with_gradient" else loss
        return self._call(work, tf.function(function), "logits", "labels")

    def _conv2d_backward(self, work: Work) -> Prepared:
        convolution = self._convolution(work)

        def gradients(x: tf.Tensor, w: tf.Tensor, upstream: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch((x, w))
                y = convolution(x, w)
            return tape.gradient(y, (x, w), upstream)  # the forward pass is dead code

        return self._call(work, tf.function(gradients), "x", "w", "upstream")

    @staticmethod
    def _convolution(work: Work) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        conv = work.conv
        top, bottom, left, right = conv.padding
        padding = ((0, 0), (top, bottom), (left, right), (0, 0))
        if conv.groups == conv.channels > 1:
            height, width, _, filters = work.inputs["w"].shape
            shape = (height, width, conv.channels, filters // conv.channels)
            strides = (1, *conv.stride, 1)
            return lambda x, w: tf.nn.depthwise_conv2d(
                x, tf.reshape(w, shape), strides, padding, dilations=conv.dilation
            )
        return lambda x, w: tf.nn.conv2d(x, w, conv.stride, padding, dilations=conv.dilation)

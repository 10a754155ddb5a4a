"""JAX with Optax: compiled functions on arrays that share the buffers' memory. Results are always allocated."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from peers import Prepared, find, returning
from work import ConvLayout, Work


def shared(array: np.ndarray) -> jax.Array:
    return jax.device_put(array, may_alias=True)


class Library:
    versions = f"jax {jax.__version__}, optax {optax.__version__}"
    conv_layout = ConvLayout("nhwc", "hwio")

    def __init__(self, threads: int) -> None:
        """The threads are those of the CPUs that the process may run on."""
        self._functions = {
            "argmax": lambda work: self._compiled(work, lambda x: jnp.argmax(x, work.axis), "x"),
            "argmin": lambda work: self._compiled(work, lambda x: jnp.argmin(x, work.axis), "x"),
            "where": lambda work: self._compiled(work, jnp.where, "mask", "x", "y"),
            "softmax": lambda work: self._compiled(work, lambda x: jax.nn.softmax(x, work.axis), "x"),
            "log_softmax": lambda work: self._compiled(work, lambda x: jax.nn.log_softmax(x, work.axis), "x"),
            "logsumexp": lambda work: self._compiled(work, lambda x: jax.nn.logsumexp(x, work.axis), "x"),
            "softmax_backward": self._softmax_backward,
            "cross_entropy": self._cross_entropy,
            "cross_entropy_with_gradient": self._cross_entropy,
            "conv2d": self._conv2d,
            "conv2d_backward": self._conv2d_backward,
        }

    def prepare(self, work: Work) -> Prepared:
        return find(self._functions, work)

    def _compiled(self, work: Work, function: Callable[..., object], *names: str) -> Prepared:
        compiled = jax.jit(function)
        with self._wide(work):
            arguments = [shared(work.inputs[name]) for name in names]
            run = self._complete(work, lambda: compiled(*arguments))
        return returning(run, self._arrays)

    @staticmethod
    def _wide(work: Work) -> contextlib.AbstractContextManager:
        """JAX has 64-bit types where they are asked for."""
        return jax.enable_x64(True) if work.case["dtype"] == "f64" else contextlib.nullcontext()

    def _complete(self, work: Work, call: Callable[[], object]) -> Callable[[], object]:
        if work.case["dtype"] != "f64":
            return lambda: jax.block_until_ready(call())

        def run() -> object:
            with self._wide(work):
                return jax.block_until_ready(call())

        return run

    @staticmethod
    def _arrays(results: object) -> list[np.ndarray]:
        return [np.asarray(a) for a in jax.tree.leaves(results)]

    def _softmax_backward(self, work: Work) -> Prepared:
        _, pullback = jax.vjp(lambda x: jax.nn.softmax(x, work.axis), shared(work.inputs["x"]))
        backward = jax.jit(lambda f, upstream: f(upstream))
        upstream = shared(work.inputs["upstream"])
        return returning(self._complete(work, lambda: backward(pullback, upstream)), self._arrays)

    def _cross_entropy(self, work: Work) -> Prepared:
        rows = (
            optax.softmax_cross_entropy_with_integer_labels
            if work.case["labels"] == "index"
            else optax.softmax_cross_entropy
        )

        def loss(logits: jax.Array, labels: jax.Array) -> jax.Array:
            losses = rows(logits, labels, axis=work.axis)
            return losses.mean(where=None if work.ignore_index is None else labels != work.ignore_index)

        function = jax.value_and_grad(loss) if work.kernel == "cross_entropy_with_gradient" else loss
        return self._compiled(work, function, "logits", "labels")

    def _conv2d(self, work: Work) -> Prepared:
        return self._compiled(work, self._convolution(work), "x", "w")

    def _conv2d_backward(self, work: Work) -> Prepared:
        convolution = self._convolution(work)

        def gradients(x: jax.Array, w: jax.Array, upstream: jax.Array) -> tuple[jax.Array, ...]:
            return jax.vjp(convolution, x, w)[1](upstream)  # the forward pass is dead code

        return self._compiled(work, gradients, "x", "w", "upstream")

    @staticmethod
    def _convolution(work: Work) -> Callable[[jax.Array, jax.Array], jax.Array]:
        conv = work.conv
        top, bottom, left, right = conv.padding
        return lambda x, w: jax.lax.conv_general_dilated(
            x,
            w,
            conv.stride,
            ((top, bottom), (left, right)),
            rhs_dilation=conv.dilation,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=conv.groups,
        )

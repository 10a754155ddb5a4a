"""PyTorch. Tensors share the arrays' memory; images and weights are in its channels-last format, and the weights of
forward convolutions packed, as its compiler does it, for types that oneDNN packs."""

from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np
import torch
from torch.nn import functional

from peers import Prepared, filling, find, returning
from work import ConvLayout, Work


def tensor(array: np.ndarray) -> torch.Tensor:
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def array(values: torch.Tensor) -> np.ndarray:
    values = values.detach()
    if values.dtype == torch.bfloat16:
        return values.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return values.numpy()


def channels_last(images: np.ndarray) -> torch.Tensor:
    return tensor(images).permute(0, 3, 1, 2)


def channels_last_array(images: torch.Tensor) -> np.ndarray:
    return array(images.permute(0, 2, 3, 1))


def conv2d_options(work: Work) -> dict[str, object]:
    conv = work.conv
    top, bottom, left, right = conv.padding
    symmetric = top == bottom and left == right
    return {
        "stride": conv.stride,
        "padding": (top, left) if symmetric else "same",
        "dilation": conv.dilation,
        "groups": conv.groups,
    }


def ignored(work: Work) -> dict[str, int]:
    return {"ignore_index": work.ignore_index} if work.ignore_index is not None else {}


class Library:
    versions = f"torch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()})"
    conv_layout = ConvLayout("nhwc", "ohwi")

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self._functions = {
            "argmax": self._arg_extremum,
            "argmin": self._arg_extremum,
            "where": self._where,
            "softmax": self._softmax,
            "log_softmax": self._softmax,
            "logsumexp": self._softmax,
            "softmax_backward": self._softmax_backward,
            "cross_entropy": self._cross_entropy,
            "cross_entropy_with_gradient": self._cross_entropy_with_gradient,
            "conv2d": self._conv2d,
            "conv2d_backward": self._conv2d_backward,
        }

    def prepare(self, work: Work) -> Prepared:
        return find(self._functions, work)

    @staticmethod
    def _into_output(work: Work, call: Callable[[torch.Tensor], object]) -> Prepared:
        """`call(out)` under no_grad, on memory of the shape of k754's only output."""
        (ours,) = work.outputs.values()
        out = tensor(np.empty_like(ours))

        def run() -> None:
            call(out)

        return filling(torch.no_grad()(run), lambda: [array(out)])

    def _arg_extremum(self, work: Work) -> Prepared:
        function = getattr(torch, work.kernel)
        x = tensor(work.inputs["x"])
        return self._into_output(work, lambda out: function(x, work.axis, out=out))

    def _where(self, work: Work) -> Prepared:
        mask, x, y = (tensor(work.inputs[name]) for name in ("mask", "x", "y"))
        return self._into_output(work, lambda out: torch.where(mask, x, y, out=out))

    def _softmax(self, work: Work) -> Prepared:
        function = getattr(torch, work.kernel)
        x = tensor(work.inputs["x"])
        return self._into_output(work, lambda out: function(x, work.axis, out=out))

    def _softmax_backward(self, work: Work) -> Prepared:
        y, upstream = tensor(work.inputs["y"]), tensor(work.inputs["upstream"])
        function = torch._softmax_backward_data
        return self._into_output(work, lambda out: function(upstream, y, work.axis, y.dtype, grad_input=out))

    def _cross_entropy(self, work: Work) -> Prepared:
        logits, labels = tensor(work.inputs["logits"]), tensor(work.inputs["labels"])
        run = torch.no_grad()(lambda: functional.cross_entropy(logits, labels, **ignored(work)))
        return returning(run, lambda loss: [array(loss)])

    def _cross_entropy_with_gradient(self, work: Work) -> Prepared:
        logits, labels = tensor(work.inputs["logits"]).requires_grad_(), tensor(work.inputs["labels"])

        def run() -> tuple[torch.Tensor, torch.Tensor]:
            loss = functional.cross_entropy(logits, labels, **ignored(work))
            return loss, torch.autograd.grad(loss, logits)[0]

        return returning(run, lambda results: list(map(array, results)))

    def _conv2d(self, work: Work) -> Prepared:
        x, w = channels_last(work.inputs["x"]), channels_last(work.inputs["w"])
        run = self._packed_convolution(work, x, w) or (lambda: functional.conv2d(x, w, **conv2d_options(work)))
        return returning(torch.no_grad()(run), lambda y: [channels_last_array(y)])

    @staticmethod
    def _packed_convolution(work: Work, x: torch.Tensor, w: torch.Tensor) -> Callable[[], torch.Tensor] | None:
        options = conv2d_options(work)
        if options["padding"] == "same":
            return None
        numbers = [list(options[name]) for name in ("padding", "stride", "dilation")]
        groups = options["groups"]
        try:
            packed = torch.ops.mkldnn._reorder_convolution_weight(w.contiguous(), *numbers, groups, list(x.shape))
        except RuntimeError:  # not this type on this CPU
            return None
        function = torch.ops.mkldnn._convolution_pointwise
        return lambda: function(x, packed, None, *numbers, groups, "none", [], "")

    def _conv2d_backward(self, work: Work) -> Prepared:
        x, w, upstream = (channels_last(work.inputs[name]) for name in ("x", "w", "upstream"))
        y = functional.conv2d(x.requires_grad_(), w.requires_grad_(), **conv2d_options(work))
        run = lambda: torch.autograd.grad(y, (x, w), upstream, retain_graph=True)  # noqa: E731
        return returning(run, lambda gradients: list(map(channels_last_array, gradients)))

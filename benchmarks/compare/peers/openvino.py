"""OpenVINO: a model for each row, its inputs and outputs bound to arrays, in the precision of the row."""

from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np
import openvino as ov
from openvino import opset13 as operators

from peers import Prepared, Unsupported, filling, find
from work import ConvLayout, Work

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def element_type(array: np.ndarray) -> ov.Type:
    return ov.Type.bf16 if array.dtype == BFLOAT16 else ov.Type(array.dtype)


def tensor(array: np.ndarray) -> ov.Tensor:
    """Of the array's memory."""
    if array.dtype == BFLOAT16:
        return ov.Tensor(array.view(np.float16), ov.Shape(array.shape), ov.Type.bf16)
    return ov.Tensor(array, shared_memory=True)


def constant(values: np.ndarray) -> ov.Node:
    """A copy: constants do not keep the memory that they are made of."""
    copy = ov.Tensor(element_type(values), ov.Shape(values.shape))
    copy.data[...] = values.view(copy.data.dtype)
    return operators.constant(copy)


class Library:
    versions = f"openvino {ov.__version__.split('-')[0]}"
    conv_layout = ConvLayout("nhwc", "ohwi")

    def __init__(self, threads: int) -> None:
        self._core = ov.Core()
        self._threads = threads
        self._functions = {
            "argmax": lambda work: self._model(work, self._arg_extremum(work, "max"), "x"),
            "argmin": lambda work: self._model(work, self._arg_extremum(work, "min"), "x"),
            "where": lambda work: self._model(work, operators.select, "mask", "x", "y"),
            "softmax": lambda work: self._model(work, lambda x: operators.softmax(x, work.axis), "x"),
            "log_softmax": lambda work: self._model(work, lambda x: operators.log_softmax(x, work.axis), "x"),
            "conv2d": lambda work: self._model(work, self._convolution(work), "x"),
        }

    def prepare(self, work: Work) -> Prepared:
        if work.case["dtype"] == "f64":
            raise Unsupported("float64 is computed in float32")
        return find(self._functions, work)

    def _model(self, work: Work, build: Callable[..., ov.Node], *names: str) -> Prepared:
        inputs = [work.inputs[name] for name in names]
        (ours,) = work.outputs.values()
        output = np.empty_like(ours)
        parameters = [operators.parameter(a.shape, element_type(a)) for a in inputs]
        model = ov.Model([build(*parameters)], parameters, work.kernel)
        precision = ov.Type.bf16 if work.case["dtype"] == "bf16" else ov.Type.f32
        try:
            compiled = self._core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_NUM_THREADS": self._threads,
                    "INFERENCE_PRECISION_HINT": precision,
                    "NUM_STREAMS": 1,
                },
            )
        except RuntimeError as error:
            raise Unsupported(f"{work.kernel} refused: {str(error).strip().splitlines()[-1][:160]}") from error
        request = compiled.create_infer_request()
        for number, a in enumerate(inputs):
            request.set_input_tensor(number, tensor(a))
        request.set_output_tensor(tensor(output))
        return filling(request.infer, lambda: [output])

    @staticmethod
    def _arg_extremum(work: Work, mode: str) -> Callable[[ov.Node], ov.Node]:
        def build(x: ov.Node) -> ov.Node:
            best = operators.topk(x, operators.constant(1), work.axis, mode, "none", "i64", stable=False)
            return operators.squeeze(best.output(1), operators.constant([work.axis]))

        return build

    @staticmethod
    def _convolution(work: Work) -> Callable[[ov.Node], ov.Node]:
        """In NHWC, which its convolutions work in: the transpositions are of shapes alone."""
        conv = work.conv
        w = np.ascontiguousarray(np.moveaxis(work.inputs["w"], -1, 1))
        if conv.groups > 1:
            w = w.reshape(conv.groups, conv.filters // conv.groups, *w.shape[1:])
        weight = constant(w)
        function = operators.convolution if conv.groups == 1 else operators.group_convolution
        top, bottom, left, right = conv.padding

        def build(x: ov.Node) -> ov.Node:
            image = operators.transpose(x, operators.constant([0, 3, 1, 2]))
            y = function(image, weight, conv.stride, (top, left), (bottom, right), conv.dilation)
            return operators.transpose(y, operators.constant([0, 2, 3, 1]))

        return build

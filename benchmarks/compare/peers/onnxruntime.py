"""ONNX Runtime: a model of one node for each row, its inputs and outputs bound to arrays."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from peers import Prepared, Unsupported, filling, find
from work import ConvLayout, Work


def element_type(array: np.ndarray) -> int:
    return helper.np_dtype_to_tensor_dtype(array.dtype)


class Library:
    versions = f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}"
    conv_layout = ConvLayout("nchw", "oihw")

    def __init__(self, threads: int) -> None:
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = threads
        self._options.inter_op_num_threads = 1
        self._options.log_severity_level = 4
        self._functions = {
            "argmax": lambda work: self._node(work, "ArgMax", axis=work.axis, keepdims=0),
            "argmin": lambda work: self._node(work, "ArgMin", axis=work.axis, keepdims=0),
            "where": lambda work: self._node(work, "Where"),
            "softmax": lambda work: self._node(work, "Softmax", axis=work.axis),
            "log_softmax": lambda work: self._node(work, "LogSoftmax", axis=work.axis),
            "logsumexp": self._logsumexp,
            "cross_entropy": self._cross_entropy,
            "conv2d": self._conv2d,
        }

    def prepare(self, work: Work) -> Prepared:
        return find(self._functions, work)

    def _logsumexp(self, work: Work) -> Prepared:
        axes = np.array([work.axis], np.int64)
        return self._node(work, "ReduceLogSumExp", constants={"axes": axes}, keepdims=0)

    def _cross_entropy(self, work: Work) -> Prepared:
        if work.case["labels"] != "index":
            raise Unsupported("no cross-entropy with probability labels")
        if work.axis != 1:
            raise Unsupported("cross-entropy along axis 1 only")
        ignored = {} if work.ignore_index is None else {"ignore_index": work.ignore_index}
        return self._node(work, "SoftmaxCrossEntropyLoss", reduction="mean", **ignored)

    def _conv2d(self, work: Work) -> Prepared:
        conv = work.conv
        top, bottom, left, right = conv.padding
        return self._node(
            work,
            "Conv",
            constants={"w": work.inputs["w"]},
            strides=conv.stride,
            pads=(top, left, bottom, right),
            dilations=conv.dilation,
            group=conv.groups,
        )

    def _node(
        self, work: Work, operator: str, constants: dict[str, np.ndarray] | None = None, **attributes: object
    ) -> Prepared:
        """`constants` are known to the model, those of the work's inputs too, so that it can pack them."""
        constants = constants or {}
        inputs = {name: values for name, values in work.inputs.items() if name not in constants}
        outputs = {name: np.empty_like(ours) for name, ours in work.outputs.items()}

        def infos(arrays: dict[str, np.ndarray]) -> list[onnx.ValueInfoProto]:
            return [helper.make_tensor_value_info(name, element_type(a), a.shape) for name, a in arrays.items()]

        graph = helper.make_graph(
            [helper.make_node(operator, [*inputs, *constants], [*outputs], **attributes)],
            operator,
            infos(inputs),
            infos(outputs),
            [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), self._options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no common base
            raise Unsupported(f"{operator} refused: {str(error).splitlines()[0][:160]}") from error

        binding = session.io_binding()
        for bind, arrays in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
            for name, a in arrays.items():
                bind(name, "cpu", 0, element_type(a), a.shape, a.ctypes.data)
        return filling(lambda: session.run_with_iobinding(binding), lambda: list(outputs.values()))

"""XNNPACK in LiteRT (formerly TensorFlow Lite): a model for each row, made here. What XNNPACK does not take the
runtime's own kernels do: argmax, where and log_softmax. Inputs are copies of the buffers; results lie in the
interpreter's memory, weights in XNNPACK's packed form."""

from __future__ import annotations

from importlib import metadata

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

from peers import Prepared, Unsupported, filling, find
from work import ConvLayout, Work

TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}


class Graph:
    """A model that grows by one operator at a time; tensors are numbers."""

    def __init__(self) -> None:
        self._buffers = [schema.BufferT()]
        self._codes: list[int] = []
        self._graph = schema.SubGraphT([], [], [], [])

    def tensor(self, shape: tuple[int, ...], dtype: np.dtype, buffer: int = 0) -> int:
        if dtype not in TYPES:
            raise Unsupported(f"no kernels for {dtype.name}")
        self._graph.tensors.append(schema.TensorT(list(shape), TYPES[dtype], buffer, hasRank=True))
        return len(self._graph.tensors) - 1

    def input(self, like: np.ndarray) -> int:
        self._graph.inputs.append(self.tensor(like.shape, like.dtype))
        return self._graph.inputs[-1]

    def constant(self, values: np.ndarray) -> int:
        self._buffers.append(schema.BufferT(np.ascontiguousarray(values).reshape(-1).view(np.uint8)))
        return self.tensor(values.shape, values.dtype, len(self._buffers) - 1)

    def add(self, name: str, inputs: list[int], output: int, options: str = "", **values: object) -> int:
        """An operator, by the names of the schema."""
        code = getattr(schema.BuiltinOperator, name)
        if code not in self._codes:
            self._codes.append(code)
        operator = schema.OperatorT(self._codes.index(code), inputs, [output])
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")(**values)
        self._graph.operators.append(operator)
        return output

    def transpose(self, tensor: int, axes: list[int]) -> int:
        shape = self._graph.tensors[tensor].shape
        output = self.tensor(tuple(shape[axis] for axis in axes), np.dtype(np.float32))
        return self.add("TRANSPOSE", [tensor, self.constant(np.array(axes, np.int32))], output, "TransposeOptions")

    def model(self, output: int) -> bytes:
        self._graph.outputs.append(output)
        codes = [schema.OperatorCodeT(min(code, 127), version=VERSIONS, builtinCode=code) for code in self._codes]
        model = schema.ModelT(3, codes, [self._graph], "", self._buffers)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


VERSIONS = 2  # of operators: with dilation, 8-bit integers and any rank


class Library:
    versions = f"XNNPACK in ai-edge-litert {metadata.version('ai-edge-litert')}"
    conv_layout = ConvLayout("nhwc", "ohwi")

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._functions = {
            "argmax": self._arg_extremum,
            "argmin": self._arg_extremum,
            "where": self._where,
            "softmax": self._softmax,
            "log_softmax": self._softmax,
            "conv2d": self._conv2d,
        }

    def prepare(self, work: Work) -> Prepared:
        return find(self._functions, work)

    def _ready(self, graph: Graph, output: int, inputs: list[np.ndarray]) -> Prepared:
        interpreter = litert.Interpreter(model_content=graph.model(output), num_threads=self._threads)
        interpreter.allocate_tensors()
        for detail, values in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], values)
        index = interpreter.get_output_details()[0]["index"]
        return filling(interpreter.invoke, lambda: [interpreter.get_tensor(index)])

    def _arg_extremum(self, work: Work) -> Prepared:
        x, index = work.inputs["x"], work.outputs["index"]
        graph = Graph()
        inputs = [graph.input(x), graph.constant(np.array(work.axis, np.int32))]
        name, options = {"argmax": ("ARG_MAX", "ArgMaxOptions"), "argmin": ("ARG_MIN", "ArgMinOptions")}[work.kernel]
        output = graph.tensor(index.shape, index.dtype)
        graph.add(name, inputs, output, options, outputType=TYPES[index.dtype])
        return self._ready(graph, output, [x])

    def _where(self, work: Work) -> Prepared:
        inputs = list(work.inputs.values())
        graph = Graph()
        tensors = [graph.input(values) for values in inputs]
        output = graph.tensor(work.outputs["output"].shape, work.outputs["output"].dtype)
        graph.add("SELECT_V2", tensors, output, "SelectV2Options")
        return self._ready(graph, output, inputs)

    def _softmax(self, work: Work) -> Prepared:
        """Along the last axis; another one is transposed there and back."""
        x = work.inputs["x"]
        axes = [axis for axis in range(x.ndim) if axis != work.axis] + [work.axis]
        graph = Graph()
        tensor = graph.input(x)
        moved = axes != sorted(axes)
        if moved:
            tensor = graph.transpose(tensor, axes)
        output = graph.tensor(tuple(x.shape[axis] for axis in axes), x.dtype)
        if work.kernel == "softmax":
            graph.add("SOFTMAX", [tensor], output, "SoftmaxOptions", beta=1.0)
        else:
            graph.add("LOG_SOFTMAX", [tensor], output, "LogSoftmaxOptions")
        if moved:
            output = graph.transpose(output, [axes.index(axis) for axis in range(x.ndim)])
        return self._ready(graph, output, [x])

    def _conv2d(self, work: Work) -> Prepared:
        conv, x, w = work.conv, work.inputs["x"], work.inputs["w"]
        graph = Graph()
        tensor = graph.input(x)
        top, bottom, left, right = conv.padding
        if any(conv.padding) and not conv.is_same():
            pads = graph.constant(np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32))
            padded = (conv.batch, conv.height + top + bottom, conv.width + left + right, conv.channels)
            tensor = graph.add("PAD", [tensor, pads], graph.tensor(padded, x.dtype), "PadOptions")
        same = any(conv.padding) and conv.is_same()
        options = {
            "padding": schema.Padding.SAME if same else schema.Padding.VALID,
            "strideH": conv.stride[0],
            "strideW": conv.stride[1],
            "dilationHFactor": conv.dilation[0],
            "dilationWFactor": conv.dilation[1],
        }
        bias = graph.constant(np.zeros(conv.filters, x.dtype))
        output = graph.tensor(work.outputs["y"].shape, x.dtype)
        if conv.groups == conv.channels > 1:
            weight = graph.constant(np.moveaxis(w, 0, -1).reshape(1, *conv.kernel, conv.filters))
            options["depthMultiplier"] = conv.filters // conv.channels
            graph.add("DEPTHWISE_CONV_2D", [tensor, weight, bias], output, "DepthwiseConv2DOptions", **options)
        else:
            graph.add("CONV_2D", [tensor, graph.constant(w), bias], output, "Conv2DOptions", **options)
        return self._ready(graph, output, [x])

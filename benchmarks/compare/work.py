"""The work of one row of cases.json: input buffers with fixed contents, outputs, and k754's call on them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ml_dtypes  # noqa: F401, adds bfloat16 to NumPy's types
import numpy as np

import dtypes
import k754

Case = dict[str, Any]

# What two libraries may differ by, relative to the largest result: enough to tell the same work from other work.
TOLERANCES = {"f64": 1e-9, "f32": 2e-4, "f16": 2e-2, "bf16": 0.15}

# The largest that integers get: no dtype's end, where a scan may stop early.
INTEGER_LIMIT = {"i8": 100, "u8": 200}

PRECISIONS = {"accurate": 0, "fast": 1, "exact": 2}
SIGNIFICAND_BITS = {"f32": 24, "f16": 11, "bf16": 8}
LEAST_EXPONENT = {"f32": -149, "f16": -24, "bf16": -133}
ERROR_AMOUNT = 1 << 18  # elements that errors are looked for in


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Row-major memory that begins at a cache line, which some peers need to take it without a copy."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def aligned(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    result = empty(values.shape, dtype)
    result[...] = values
    return result


@dataclass(frozen=True)
class ConvLayout:
    """The order of axes that a peer convolves best in; k754 computes in it too."""

    images: str = "nchw"
    weights: str = "oihw"


@dataclass(frozen=True)
class Conv2d:
    """A convolution's numbers; padding is top, bottom, left, right."""

    batch: int
    height: int
    width: int
    channels: int
    filters: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]
    groups: int

    @staticmethod
    def of(case: Case) -> Conv2d:
        batch, height, width, channels = case["shape"]
        kernel = tuple(case["kernel_size"])
        stride = tuple(case.get("stride", (1, 1)))
        dilation = tuple(case.get("dilation", (1, 1)))
        padding = case.get("padding", "same")
        if padding == "valid":
            padding = (0, 0, 0, 0)
        elif padding == "same":
            padding = same_padding_2d((height, width), kernel, stride, dilation)
        return Conv2d(
            batch,
            height,
            width,
            channels,
            case["filters"],
            kernel,
            stride,
            dilation,
            tuple(padding),
            case.get("groups", 1),
        )

    def is_same(self) -> bool:
        """Whether the padding is the one that frameworks call "same"."""
        return self.padding == same_padding_2d((self.height, self.width), self.kernel, self.stride, self.dilation)

    def output_size(self) -> tuple[int, int]:
        top, bottom, left, right = self.padding
        padded = (self.height + top + bottom, self.width + left + right)
        height, width = (
            (n - (k - 1) * d - 1) // s + 1
            for n, k, d, s in zip(padded, self.kernel, self.dilation, self.stride, strict=True)
        )
        return height, width

    def image(self, layout: ConvLayout, channels: int, size: tuple[int, int]) -> tuple[int, ...]:
        extents = {"n": self.batch, "h": size[0], "w": size[1], "c": channels}
        return tuple(extents[axis] for axis in layout.images)

    def weight(self, layout: ConvLayout) -> tuple[int, ...]:
        extents = {
            "o": self.filters,
            "h": self.kernel[0],
            "w": self.kernel[1],
            "i": self.channels // self.groups,
        }
        return tuple(extents[axis] for axis in layout.weights)

    def flop(self) -> float:
        """Two for each tap and channel of each output, padding included."""
        taps = math.prod(self.kernel) * self.channels // self.groups
        return 2.0 * self.batch * math.prod(self.output_size()) * self.filters * taps


Pair = tuple[int, int]


def same_padding_2d(size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> tuple[int, ...]:
    """Top, bottom, left, right."""
    return sum(map(same_padding, size, kernel, stride, dilation), ())


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class Exact:
    """The true answer, as accurate as double has it, on the first rows of a work of the softmax family."""

    def __init__(self, work: Work) -> None:
        x, axis = work.inputs["x"], work.axis
        self._dtype = work.case["dtype"]
        self._rows = first_rows(x.shape, axis)
        self._result_rows = self._rows if work.kernel != "logsumexp" else without(self._rows, axis)
        x = x[self._rows].astype(np.float64)
        x -= x.max(axis, keepdims=True)
        e = np.exp(x)
        total = e.sum(axis, keepdims=True)
        if work.kernel == "softmax":
            self._values = e / total
        elif work.kernel == "log_softmax":
            self._values = x - np.log(total)
        else:
            largest = work.inputs["x"][self._rows].max(axis).astype(np.float64)
            self._values = largest + np.log(total).squeeze(axis)

    def max_ulp(self, result: np.ndarray) -> float:
        difference = np.abs(result[self._result_rows].astype(np.float64) - self._values)
        _, exponent = np.frexp(self._values)
        exponent = np.maximum(exponent - SIGNIFICAND_BITS[self._dtype], LEAST_EXPONENT[self._dtype])
        return float(np.ldexp(difference, -exponent).max())


def first_rows(shape: tuple[int, ...], axis: int) -> tuple[slice, ...]:
    """About ERROR_AMOUNT elements: all along `axis`, and a part of the longest other axis."""
    others = [a for a in range(len(shape)) if a != axis]
    if not others:
        return (slice(None),) * len(shape)
    longest = max(others, key=lambda a: shape[a])
    kept = max(1, shape[longest] * ERROR_AMOUNT // math.prod(shape))
    return tuple(slice(kept) if a == longest else slice(None) for a in range(len(shape)))


@dataclass(frozen=True)
class Work:
    case: Case
    amount: float  # elements or floating-point operations of one call
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    k754_function: str
    k754_arguments: Sequence[k754.Argument]
    layout: ConvLayout
    has_tiers: bool = True

    @property
    def kernel(self) -> str:
        return self.case["kernel"]

    @property
    def axis(self) -> int:
        return self.case.get("axis", 0)

    @property
    def ignore_index(self) -> int | None:
        return self.case.get("ignore_index")

    @property
    def conv(self) -> Conv2d:
        return Conv2d.of(self.case)

    def k754_call(self, library: k754.Library, tier: str) -> Callable[[], None]:
        function, arguments = self.k754_function, self.k754_arguments
        if function == "conv2d":
            x, w, y, options = arguments
            packed = library.packed(w, options)
            if packed is not None:
                function, arguments = "conv2d_packed", (x, packed, y, options)
        precision = (PRECISIONS[tier],) if self.has_tiers else ()
        return library.prepare(function, *arguments, *precision)

    def exact(self) -> Exact | None:
        """For the softmax family in types narrower than double."""
        if self.kernel not in ("softmax", "log_softmax", "logsumexp") or self.case["dtype"] not in SIGNIFICAND_BITS:
            return None
        return Exact(self)

    def disagreement(self, answer: list[np.ndarray]) -> str | None:
        """What tells k754's outputs and the peer's answer apart, or nothing."""
        ours = list(self.outputs.values())
        if [a.shape for a in ours] != [a.shape for a in answer]:
            return f"shapes {[a.shape for a in answer]} instead of {[a.shape for a in ours]}"
        return next(filter(None, map(self._difference, ours, answer)), None)

    def _difference(self, ours: np.ndarray, theirs: np.ndarray) -> str | None:
        if self.kernel in ("argmax", "argmin"):
            x = self.inputs["x"]
            value, other = (
                np.take_along_axis(x, np.expand_dims(np.asarray(i, np.int64), self.axis), self.axis)
                for i in (ours, theirs)
            )
            return None if np.array_equal(value, other) else "other extrema"
        if self.kernel == "where":
            same = ours.dtype == theirs.dtype and ours.tobytes() == np.ascontiguousarray(theirs).tobytes()
            return None if same else "other bits"
        a, b = ours.astype(np.float64), theirs.astype(np.float64)
        error = np.abs(a - b).max() / np.abs(b).max()
        return None if error <= TOLERANCES[self.case["dtype"]] else f"results differ by {error:.2g} of the largest"


def shrunk(case: Case, fraction: float) -> Case:
    """A case of the same kind with about `fraction` of the work: fewer rows, or fewer filters."""
    part = dict(case)
    if "filters" in case:
        groups = case.get("groups", 1)
        per_group = case["filters"] // groups
        part["filters"] = max(1, round(per_group * fraction)) * groups
        if groups > 1 and per_group == 1:  # depthwise: fewer channels
            part["groups"] = part["filters"] = max(1, round(groups * fraction))
            part["shape"] = [*case["shape"][:3], part["groups"]]
        return part
    shape = list(case["shape"])
    axis = case.get("axis", 0) % len(shape)
    other = max((a for a in range(len(shape)) if a != axis), key=lambda a: shape[a], default=None)
    if other is not None:
        shape[other] = max(1, round(shape[other] * fraction))
    part["shape"] = shape
    return part


def build(case: Case, layout: ConvLayout) -> Work:
    """Raises KeyError for a kernel without peers."""
    rng = np.random.default_rng(zlib.crc32(case["id"].encode()))
    return BUILDERS[case["kernel"]](case, layout, rng)


def without(shape: tuple, axis: int) -> tuple:
    return shape[:axis] + shape[axis + 1 :]


def random(case: Case, shape: tuple[int, ...], rng: np.random.Generator, scale: float = 1.0) -> np.ndarray:
    dtype = np.dtype(dtypes.NAMES[case["dtype"]])
    if dtype.kind in "iu":
        limit = INTEGER_LIMIT.get(case["dtype"], 30000)
        return aligned(rng.integers(0 if dtype.kind == "u" else -limit, limit + 1, shape), dtype)
    if dtype.kind == "b":
        return aligned(rng.random(shape) < 0.5, dtype)
    values = rng.standard_normal(shape, np.float64 if dtype == np.float64 else np.float32)
    return aligned(values * values.dtype.type(scale) + 0, dtype)  # without -0, which some peers' where turns into +0


def build_arg_extremum(case: Case, layout: ConvLayout, rng: np.random.Generator) -> Work:
    shape, axis = tuple(case["shape"]), case.get("axis", 0)
    x = random(case, shape, rng)
    index = empty(without(shape, axis), np.dtype(np.int64))
    return Work(
        case,
        x.size,
        {"x": x},
        {"index": index},
        case["kernel"],
        (x, index, axis),
        layout,
        has_tiers=False,
    )


def build_where(case: Case, layout: ConvLayout, rng: np.random.Generator) -> Work:
    shape = tuple(case["shape"])
    mask = aligned(rng.random(tuple(case.get("mask_shape", shape))) < 0.5, np.dtype(np.bool_))
    x = random(case, shape, rng)
    y = random(case, () if case.get("operand") == "scalar" else shape, rng)
    output = empty(shape, x.dtype)
    return Work(
        case,
        x.size,
        {"mask": mask, "x": x, "y": y},
        {"output": output},
        "where",
        (mask, x, y, output),
        layout,
        has_tiers=False,
    )


def build_softmax(case: Case, layout: ConvLayout, rng: np.random.Generator) -> Work:
    shape, axis, kernel = tuple(case["shape"]), case["axis"], case["kernel"]
    x = random(case, shape, rng, 3.0)
    inputs, arguments = {"x": x}, [x]
    if kernel == "softmax_backward":
        e = np.exp(x.astype(np.float64))
        inputs["y"] = aligned(e / e.sum(axis, keepdims=True), x.dtype)
        inputs["upstream"] = random(case, shape, rng)
        arguments = [inputs["y"], inputs["upstream"]]
    output = empty(shape if kernel != "logsumexp" else without(shape, axis), x.dtype)
    return Work(
        case,
        x.size,
        inputs,
        {"output": output},
        kernel,
        (*arguments, output, axis),
        layout,
    )


def build_cross_entropy(case: Case, layout: ConvLayout, rng: np.random.Generator) -> Work:
    shape, axis = tuple(case["shape"]), case["axis"]
    logits = random(case, shape, rng, 3.0)
    if case["labels"] == "index":
        labels = aligned(rng.integers(0, shape[axis], without(shape, axis)), np.dtype(np.int64))
    else:
        q = rng.random(shape)
        labels = aligned(q / q.sum(axis, keepdims=True), logits.dtype)
    options = k754.CrossEntropyOptions(axis, "ignore_index" in case, case.get("ignore_index", 0))
    outputs = {"loss": empty((), logits.dtype)}
    if case["kernel"] == "cross_entropy_with_gradient":
        outputs["dlogits"] = empty(shape, logits.dtype)
    return Work(
        case,
        logits.size,
        {"logits": logits, "labels": labels},
        outputs,
        "cross_entropy",
        (logits, labels, outputs["loss"], outputs.get("dlogits"), options),
        layout,
    )


def build_conv2d(case: Case, layout: ConvLayout, rng: np.random.Generator) -> Work:
    conv = Conv2d.of(case)
    options = k754.Conv2dOptions(
        conv.stride,
        conv.dilation,
        conv.padding,
        conv.groups,
        k754.LAYOUTS[layout.images],
        k754.WEIGHT_LAYOUTS[layout.weights],
    )
    image = conv.image(layout, conv.channels, (conv.height, conv.width))
    result = conv.image(layout, conv.filters, conv.output_size())
    x = random(case, image, rng)
    taps = math.prod(conv.kernel) * conv.channels // conv.groups
    w = random(case, conv.weight(layout), rng, taps**-0.5)
    inputs = {"x": x, "w": w}
    if case["kernel"] == "conv2d":
        outputs = {"y": empty(result, x.dtype)}
    else:
        inputs["upstream"] = random(case, result, rng)
        outputs = {"dx": empty(image, x.dtype), "dw": empty(w.shape, x.dtype)}
    convolutions = len(outputs)  # each gradient is as much work as the convolution
    return Work(
        case,
        convolutions * conv.flop(),
        inputs,
        outputs,
        case["kernel"],
        (*inputs.values(), *outputs.values(), options),
        layout,
    )


BUILDERS: dict[str, Callable[[Case, ConvLayout, np.random.Generator], Work]] = {
    "argmax": build_arg_extremum,
    "argmin": build_arg_extremum,
    "where": build_where,
    "softmax": build_softmax,
    "log_softmax": build_softmax,
    "logsumexp": build_softmax,
    "softmax_backward": build_softmax,
    "cross_entropy": build_cross_entropy,
    "cross_entropy_with_gradient": build_cross_entropy,
    "conv2d": build_conv2d,
    "conv2d_backward": build_conv2d,
}

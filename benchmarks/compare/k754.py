"""k754's kernels on NumPy arrays, through the C interface of library/k754_c.h."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

import dtypes


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("extents", ctypes.c_int64 * 8),
        ("strides", ctypes.c_int64 * 8),
    ]


class CrossEntropyOptions(ctypes.Structure):
    _fields_ = [
        ("axis", ctypes.c_int64),
        ("has_ignore_index", ctypes.c_int64),
        ("ignore_index", ctypes.c_int64),
    ]


class Conv2dOptions(ctypes.Structure):
    _fields_ = [
        ("stride", ctypes.c_int64 * 2),
        ("dilation", ctypes.c_int64 * 2),
        ("padding", ctypes.c_int64 * 4),
        ("groups", ctypes.c_int64),
        ("layout", ctypes.c_int64),
        ("weight_layout", ctypes.c_int64),
    ]


LAYOUTS = {"nhwc": 0, "nchw": 1}
WEIGHT_LAYOUTS = {"ohwi": 0, "oihw": 1, "hwio": 2}


class KernelError(RuntimeError):
    """A kernel refused its arguments."""


class PackedWeight:
    """Of a convolution; lives as long as a call that was prepared with it."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self._as_parameter_ = ctypes.c_void_p(handle)  # what ctypes passes

    def __del__(self) -> None:
        self._library.k754_c_conv2d_free(self)


Argument = np.ndarray | PackedWeight | Conv2dOptions | CrossEntropyOptions | int | None


class Library:
    def __init__(self, path: Path, threads: int, target: str | None) -> None:
        self._library = ctypes.CDLL(str(path))
        self._library.k754_c_description.restype = ctypes.c_char_p
        self._library.k754_c_status_name.restype = ctypes.c_char_p
        self._library.k754_c_dtype_name.restype = ctypes.c_char_p
        self._library.k754_c_conv2d_pack.restype = ctypes.c_void_p
        names = itertools.takewhile(bool, map(self._library.k754_c_dtype_name, itertools.count()))
        self._codes = {dtypes.NAMES[name.decode()]: code for code, name in enumerate(names)}
        for function, argument in (("set_threads", threads), ("force_target", target and target.encode())):
            status = getattr(self._library, f"k754_c_{function}")(argument)
            if status != 0:
                raise KernelError(f"{function}({argument!r}): {self.status_name(status)}")

    def description(self) -> str:
        return self._library.k754_c_description().decode()

    def status_name(self, status: int) -> str:
        return self._library.k754_c_status_name(status).decode()

    def prepare(self, name: str, *arguments: Argument) -> Callable[[], None]:
        """A call without arguments, ready to be repeated: tensors, options and integers are converted once."""
        function = getattr(self._library, f"k754_c_{name}")
        converted = tuple(map(self._as_c, arguments))

        def call() -> None:
            status = function(*converted)
            if status != 0:
                raise KernelError(f"{name}: {self.status_name(status)}")

        return call

    def packed(self, weight: np.ndarray, options: Conv2dOptions) -> PackedWeight | None:
        """Nothing where there is no packing for its type."""
        handle = self._library.k754_c_conv2d_pack(self._as_c(weight), self._as_c(options))
        return PackedWeight(self._library, handle) if handle else None

    def _as_c(self, argument: Argument) -> object:
        if isinstance(argument, int):
            return ctypes.c_int64(argument)
        if isinstance(argument, np.ndarray):
            return ctypes.byref(self._tensor(argument))
        if argument is None or isinstance(argument, PackedWeight):
            return argument
        return ctypes.byref(argument)

    def _tensor(self, array: np.ndarray) -> Tensor:
        """The array's memory; the caller keeps the array alive."""
        axes = ctypes.c_int64 * 8
        return Tensor(
            array.ctypes.data,
            self._codes[array.dtype.name],
            array.ndim,
            axes(*array.shape),
            axes(*(stride // array.itemsize for stride in array.strides)),
        )

"""NumPy, and SciPy for the softmax family. Neither has threads here."""

from __future__ import annotations

import numpy as np
import scipy
from scipy import special

from peers import Prepared, filling, find, returning
from work import ConvLayout, Work


def vectors() -> str:
    """The last of the CPU's features that NumPy uses."""
    extensions = np.show_config("dicts")["SIMD Extensions"]
    return (extensions.get("found") or extensions["baseline"])[-1]


class Library:
    versions = f"numpy {np.__version__} ({vectors()}), scipy {scipy.__version__}"
    conv_layout = ConvLayout()

    def __init__(self, threads: int) -> None:
        self._functions = {
            "argmax": self._arg_extremum,
            "argmin": self._arg_extremum,
            "where": self._where,
            "softmax": self._softmax,
            "log_softmax": self._softmax,
            "logsumexp": self._softmax,
        }

    def prepare(self, work: Work) -> Prepared:
        return find(self._functions, work)

    def _arg_extremum(self, work: Work) -> Prepared:
        function = getattr(np, work.kernel)
        x, axis = work.inputs["x"], work.axis
        out = np.empty_like(work.outputs["index"])
        if out.ndim == 0:  # out= costs 0.3 us here, and saves nothing
            return returning(lambda: function(x), lambda index: [np.asarray(index)])
        return filling(lambda: function(x, axis, out), lambda: [out])

    def _where(self, work: Work) -> Prepared:
        mask, x, y = (work.inputs[name] for name in ("mask", "x", "y"))
        return returning(lambda: np.where(mask, x, y), lambda output: [output])

    def _softmax(self, work: Work) -> Prepared:
        function = getattr(special, work.kernel)
        x, axis = work.inputs["x"], work.axis
        return returning(lambda: function(x, axis=axis), lambda output: [output])

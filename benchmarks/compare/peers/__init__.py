"""One module for each library that k754 is compared with; each has a class `Library` that follows `Peer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from work import ConvLayout, Work


class Unsupported(Exception):
    """The library has no such function, or not for these types; the message says which."""


@dataclass(frozen=True)
class Prepared:
    """A call that has its result when it returns; `answer` makes it and gives the result as arrays, in the order of
    Work.outputs."""

    run: Callable[[], object]
    answer: Callable[[], list[np.ndarray]]
    preallocated: bool


class Peer(Protocol):
    versions: str
    conv_layout: ConvLayout

    def __init__(self, threads: int) -> None: ...

    def prepare(self, work: Work) -> Prepared: ...


def filling(run: Callable[[], object], to_arrays: Callable[[], list[np.ndarray]]) -> Prepared:
    """A call that writes to memory it was given."""

    def answer() -> list[np.ndarray]:
        run()
        return to_arrays()

    return Prepared(run, answer, preallocated=True)


def returning(run: Callable[[], object], to_arrays: Callable[[Any], list[np.ndarray]]) -> Prepared:
    """A call that allocates its result."""
    return Prepared(run, lambda: to_arrays(run()), preallocated=False)


def find(functions: Mapping[str, Callable[[Work], Prepared]], work: Work) -> Prepared:
    if work.kernel not in functions:
        raise Unsupported(f"no {work.kernel}")
    return functions[work.kernel](work)

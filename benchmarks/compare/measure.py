"""One peer's process: k754 and the peer in turn on the same buffers, one JSON line for each row on standard output.

Started by compare.py with the Python of the peer's environment; what the libraries print goes to standard error.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import k754
import peers
import report
import work as workload

LEAST_ROUNDS = 5  # whatever they take
PART_SECONDS = 0.02  # a call of k754 on a part of the work
BLOCK_SECONDS = 1e-3  # calls are repeated within a round until that takes so long; short, to fit between interruptions
ESTIMATE_AMOUNT = {"elements": 20e3, "flop": 10e6}
SETTLE_SECONDS = 2e-3  # for the other's threads to stop spinning


def seconds_of(run: Callable[[], object], calls: int) -> float:
    """For one call, of so many."""
    start = time.perf_counter_ns()
    for _ in range(calls):
        run()
    return (time.perf_counter_ns() - start) * 1e-9 / calls


def calls_in_a_block(run: Callable[[], object]) -> int:
    run()
    calls, seconds = 1, seconds_of(run, 1)
    while calls * seconds < BLOCK_SECONDS:
        calls = max(2 * calls, round(BLOCK_SECONDS / max(seconds, 1e-9) / 4))
        seconds = seconds_of(run, calls)
    return calls


def timed_in_turn(runs: list[Callable[[], object]], rounds: int, budget: float, settle: bool) -> list[list[float]]:
    """Seconds of one call, for each of `runs` in each round; fewer rounds where they take longer than the budget, but
    LEAST_ROUNDS of them."""
    calls = [calls_in_a_block(run) for run in runs]
    seconds: list[list[float]] = [[] for _ in runs]
    gc.collect()
    gc.disable()
    end = time.perf_counter() + budget
    for round_number in range(rounds):
        for i in range(len(runs)) if round_number % 2 == 0 else reversed(range(len(runs))):
            if settle:
                time.sleep(SETTLE_SECONDS)
            if calls[i] > 1:
                runs[i]()  # the caches hold the other's data
            seconds[i].append(seconds_of(runs[i], calls[i]))
        if round_number + 1 >= LEAST_ROUNDS and time.perf_counter() > end:
            break
    gc.enable()
    return seconds


class Measurement:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._k754 = k754.Library(arguments.library, arguments.threads, arguments.target)
        self._peer: peers.Peer = importlib.import_module(f"peers.{arguments.peer}").Library(arguments.threads)

    def header(self) -> dict[str, Any]:
        return {"k754": self._k754.description(), "peer": self._peer.versions}

    def row(self, case: workload.Case) -> dict[str, Any]:
        work = workload.build(case, self._peer.conv_layout)
        try:
            prepared = self._peer.prepare(work)
            answer = prepared.answer()
        except peers.Unsupported as error:
            return {"missing": str(error)}
        except Exception as error:  # whatever the library raises where it cannot
            # TensorFlow's messages go on with a traceback
            text = " ".join(str(error).split()).split(" Detected at ")[0]
            return {"missing": f"{type(error).__name__}: {text[:200]}"}
        row: dict[str, Any] = {"preallocated": prepared.preallocated, "k754": {}}
        ours = self._our_works(case, work, row)
        runs = [prepared.run]
        for tier, of_tier in ours.items():
            run = of_tier.k754_call(self._k754, tier)
            run()
            its_answer = answer if of_tier is work else self._peer.prepare(of_tier).answer()
            difference = of_tier.disagreement(its_answer)
            if difference is not None:
                return {"missing": f"not the same answer: {difference}"}
            add_errors(row, tier, of_tier, its_answer)
            runs.append(run)

        seconds = timed_in_turn(runs, self._arguments.rounds, self._arguments.budget, self._arguments.threads > 1)
        row["rounds"] = len(seconds[0])
        row["peer"] = work.amount / statistics.median(seconds[0])
        for (tier, of_tier), of_run in zip(ours.items(), seconds[1:], strict=True):
            row["k754"][tier] = of_tier.amount / statistics.median(of_run)
        parts = {tier: of_tier.amount / work.amount for tier, of_tier in ours.items() if of_tier is not work}
        return row | ({"parts": parts} if parts else {})

    def _our_works(self, case: workload.Case, work: workload.Work, row: dict[str, Any]) -> dict[str, workload.Work]:
        """What k754 is given for each tier that there is: the work itself, or a part of it where it would take too
        long."""
        ours = {}
        for tier in case["tiers"]:
            try:
                seconds = self._estimate(case, work, tier)
            except k754.KernelError as error:
                row.setdefault("k754_missing", {})[tier] = str(error)
                continue
            too_long = seconds > self._arguments.whole
            ours[tier] = self._part(case, work, PART_SECONDS / seconds) if too_long else work
        return ours

    def _estimate(self, case: workload.Case, work: workload.Work, tier: str) -> float:
        """Seconds of one call, from a small part; from a larger one before it is said to be long, since a few filters
        can take as long as many."""
        fraction = min(1.0, ESTIMATE_AMOUNT[case["nominal"]] / work.amount)
        while True:
            part = self._part(case, work, fraction)
            run = part.k754_call(self._k754, tier)
            run()
            seconds = seconds_of(run, 1)
            estimate = seconds * work.amount / part.amount
            if estimate <= self._arguments.whole or seconds >= PART_SECONDS / 2 or fraction == 1:
                return estimate
            fraction = min(1.0, 8 * fraction)

    @staticmethod
    def _part(case: workload.Case, work: workload.Work, fraction: float) -> workload.Work:
        return workload.build(workload.shrunk(case, fraction), work.layout)


def add_errors(row: dict[str, Any], tier: str, work: workload.Work, answer: list[np.ndarray]) -> None:
    exact = work.exact()
    if exact is not None:
        row.setdefault("ulp", {"peer": exact.max_ulp(answer[0])})[tier] = exact.max_ulp(work.outputs["output"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=report.PEERS, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--target", help="the SIMD target of k754, if not its best")
    parser.add_argument("--cases", type=Path, required=True, help="JSON: the rows to measure")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--budget", type=float, required=True, help="seconds of rounds for one row")
    parser.add_argument("--whole", type=float, required=True, help="seconds; longer calls of k754 get part of the work")
    arguments = parser.parse_args()

    # before the peer is imported, since some count their CPUs then
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    measurement = Measurement(arguments)
    print(json.dumps(measurement.header()), file=lines)
    for case in json.loads(arguments.cases.read_text()):
        print(json.dumps({"id": case["id"]} | measurement.row(case)), file=lines)


if __name__ == "__main__":
    main()

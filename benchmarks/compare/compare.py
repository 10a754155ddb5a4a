"""Measures k754 beside NumPy with SciPy, PyTorch, ONNX Runtime, JAX, TensorFlow, OpenVINO and XNNPACK; see README.md.

    compare.py --library build/libk754_c.so --work build/compare                       # everything
    compare.py --library ... --work ... --filter argmax --peers numpy,jax --isa avx2
    compare.py --library ... --work ... --quick                                        # minutes: does it all work?

Needs only the standard library. Makes one virtual environment for each peer, and writes <isa>.json and <isa>.md for
each ISA and plot.svg to --work; --publish puts them into ../results and their summary into the README.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is written beside the sources

import environments  # noqa: E402
import isa  # noqa: E402
import report  # noqa: E402
from results import Case, Results  # noqa: E402

HERE = Path(__file__).resolve().parent
CASES = HERE.parent / "cases.json"
LONG = 1e12  # operations: such rows take minutes, and are measured where --long asks for them

# The allocator keeps its memory: peers that allocate their results shall not pay for fresh pages at each call.
PROCESS_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TOP_PAD_": str(256 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

QUICK = {"rounds": 2, "budget": 0.01, "whole": 0.02}


def main() -> int:
    arguments = parse_arguments()
    all_cases = rows_of(case for case in json.loads(CASES.read_text()) if case["peers"])
    cases = [
        case
        for case in all_cases
        if re.search(arguments.filter, case["id"]) is not None and (arguments.long or not is_long(case))
    ]
    if not cases:
        print(f"compare: no row matches {arguments.filter!r}", file=sys.stderr)
        return 2
    start = time.monotonic()
    arguments.work.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(arguments.work / "logs", ignore_errors=True)
    all_results = {name: starting_results(name, arguments) for name in arguments.isa}
    pythons, missing = environments.prepare(arguments.peers, arguments.environments)

    cores = len(os.sched_getaffinity(0))
    for n in arguments.threads:
        if n > cores:
            print(f"compare: {n} threads left out, there are {cores} CPUs")
            continue
        for peer, python in pythons.items():
            for name, results in all_results.items():
                measure(peer, python, n, cases, arguments, results)
                results.save(arguments.work / f"{name}.raw.json")
    for name, results in all_results.items():
        if not any(results.rows.values()):
            print("compare: nothing was measured", file=sys.stderr)
            return 1
        results.missing_peers |= missing
        document = results.document(all_cases)
        (arguments.work / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
        (arguments.work / f"{name}.md").write_text(report.table(document))
    plot(arguments)
    print(f"\nwritten to {arguments.work} after {time.monotonic() - start:.0f} s: {', '.join(all_results)}, plot.svg")
    if arguments.publish:
        publish(arguments)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True, help="the shared library k754_c")
    parser.add_argument("--work", type=Path, required=True, help="directory for results")
    parser.add_argument("--environments", type=Path, help="directory of the virtual environments, if not in --work")
    parser.add_argument("--filter", default="", help="regular expression: rows whose id it matches")
    parser.add_argument("--peers", type=names, default=list(environments.MEGABYTES), help="separated by commas")
    parser.add_argument("--threads", type=numbers, default=[1], help="numbers of threads, e.g. 1,2")
    parser.add_argument("--isa", type=isas, default=isa.available(), help=f"of {','.join(isa.available())}")
    parser.add_argument("--keep", action="store_true", help="keep earlier results of what is not measured again")
    parser.add_argument("--long", action="store_true", help="with the rows that take minutes")
    parser.add_argument("--publish", action="store_true", help="into ../results and the README")
    parser.add_argument("--quick", action="store_true", help="hardly any rounds: the figures mean nothing")
    parser.add_argument("--rounds", type=int, default=51, help="at most so many for each row and peer")
    parser.add_argument("--budget", type=float, default=0.2, help="seconds of rounds for each row and peer")
    parser.add_argument(
        "--whole", type=float, default=0.1, help="k754 gets a part of the work where a call takes longer (s)"
    )
    arguments = parser.parse_args()
    arguments.library = arguments.library.resolve()
    arguments.work = arguments.work.resolve()
    arguments.environments = (arguments.environments or arguments.work / "environments").resolve()
    if arguments.quick:
        if arguments.publish:
            parser.error("figures of --quick are not published")
        vars(arguments).update(QUICK)
    return arguments


def listed(text: str, known: Iterable[str]) -> list[str]:
    chosen = text.split(",")
    unknown = set(chosen) - set(known)
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    return chosen


def names(text: str) -> list[str]:
    return listed(text, environments.MEGABYTES)


def isas(text: str) -> list[str]:
    return listed(text, isa.available())


def numbers(text: str) -> list[int]:
    chosen = [int(n) for n in text.split(",")]
    if min(chosen) < 1:
        raise argparse.ArgumentTypeError("at least 1 thread")
    return chosen


def rows_of(cases: Iterable[Case]) -> list[Case]:
    """One for each piece of work, with the tiers of `precision` that it is listed in."""
    rows: dict[str, Case] = {}
    for case in cases:
        policy = dict(case.get("policy", {}))
        tier = policy.pop("precision", "accurate")
        same = {name: value for name, value in case.items() if name not in ("id", "group", "policy")}
        row = rows.setdefault(json.dumps([same, policy], sort_keys=True), case | {"policy": policy, "tiers": []})
        row["tiers"].append(tier)
    for row in rows.values():
        row["tiers"].sort(key=report.TIERS.index)
    return list(rows.values())


def is_long(case: Case) -> bool:
    if case["nominal"] != "flop":
        return False
    batch, height, width, channels = case["shape"]
    rows, columns = case["kernel_size"]
    return 2 * batch * height * width * channels * case["filters"] * rows * columns > LONG * case.get("groups", 1)


def starting_results(name: str, arguments: argparse.Namespace) -> Results:
    raw = arguments.work / f"{name}.raw.json"
    results = Results.load(raw) if arguments.keep and raw.exists() else Results(name)
    results.quick |= arguments.quick
    return results


# Measurements


def measure(
    peer: str, python: Path, threads: int, cases: list[Case], arguments: argparse.Namespace, results: Results
) -> None:
    """All rows in one process; where that ends early, the row is named and another process does the rest."""
    rows = results.rows.setdefault((peer, threads), {})
    log_path = arguments.work / "logs" / f"{peer}.{results.isa}.{threads}.txt"
    log_path.parent.mkdir(exist_ok=True)
    environment = os.environ | PROCESS_ENVIRONMENT | thread_environment(threads)
    limits = isa.environment(results.isa, peer, python)
    if limits:
        environment |= limits | {"XLA_FLAGS": f"{environment['XLA_FLAGS']} {limits['XLA_FLAGS']}"}
    todo = list(cases)
    while todo:
        case_path = arguments.work / "cases.json"
        case_path.write_text(json.dumps(todo))
        command = [python, HERE / "measure.py", "--peer", peer, "--threads", threads, "--cases", case_path]
        for option in ("library", "rounds", "budget", "whole"):
            command += [f"--{option}", getattr(arguments, option)]
        if results.isa in isa.TARGETS:
            command += ["--target", isa.TARGETS[results.isa]]
        with log_path.open("a") as log:
            process = subprocess.Popen(
                list(map(str, command)),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
            for line in process.stdout or ():
                message = json.loads(line)
                if "id" not in message:
                    results.headers[peer] = message
                    continue
                rows[message.pop("id")] = message
                todo.pop(0)
                progress(f"{peer}, {results.isa}, {report.threads_text(threads)}", len(cases) - len(todo), len(cases))
        status = process.wait()
        if status == 0:
            return
        if peer not in results.headers:
            results.missing_peers[peer] = f"its process ended with status {status}"
            print(f"\n{peer} is missing: {results.missing_peers[peer]}, see {log_path}")
            return
        rows[todo.pop(0)["id"]] = {"missing": f"its process ended with status {status}"}


def thread_environment(threads: int) -> dict[str, str]:
    return {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}",
    }


def progress(name: str, done: int, total: int) -> None:
    text = f"{name}: {done} of {total} rows"
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)
    elif done == total:
        print(text, flush=True)


# Results


def plot(arguments: argparse.Namespace) -> None:
    """Of the first ISA."""
    if not environments.is_complete(arguments.environments, "numpy"):
        print("no plot: it needs the numpy environment")
        return
    python = environments.python(arguments.environments, "numpy")
    document = arguments.work / f"{arguments.isa[0]}.json"
    subprocess.run([python, "-B", HERE / "report.py", "plot", document, arguments.work / "plot.svg"], check=True)


def publish(arguments: argparse.Namespace) -> None:
    for name in (*(f"{name}.{kind}" for name in arguments.isa for kind in ("json", "md")), "plot.svg"):
        shutil.copyfile(arguments.work / name, report.RESULTS / name)
    report.update_readme()
    print(f"published: {report.RESULTS}, {report.README}")


if __name__ == "__main__":
    sys.exit(main())

"""Measures k754 beside NumPy with SciPy, PyTorch, ONNX Runtime, JAX and TensorFlow; see README.md.

    compare.py --library build/libk754_c.so --work build/compare                       # everything
    compare.py --library ... --work ... --filter argmax --peers numpy,jax --threads 1

Needs only the standard library. Makes one virtual environment for each peer below --work, and writes compare.json,
table.md and plot.svg there.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # nothing is written beside the sources

import isa  # noqa: E402
import report  # noqa: E402

HERE = Path(__file__).resolve().parent
CASES = HERE.parent / "cases.json"
FIRST_GROUPS = ("argminmax", "where")  # complete before the others begin

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


# What the peers' virtual environments need on disk, with room for the archives that pip unpacks.
MEGABYTES = {"numpy": 500, "torch": 9000, "onnxruntime": 300, "jax": 850, "tensorflow": 2000}
TORCH_CPU_MEGABYTES = 1500

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


@dataclass
class Results:
    """What the processes said: their headers by peer, their rows by (peer, threads)."""

    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[tuple[str, int], dict[str, dict[str, Any]]] = field(default_factory=dict)
    missing_peers: dict[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        rows = [[peer, threads, of_peer] for (peer, threads), of_peer in self.rows.items()]
        path.write_text(json.dumps([self.headers, rows, self.missing_peers]))

    @staticmethod
    def load(path: Path) -> Results:
        headers, rows, missing_peers = json.loads(path.read_text())
        return Results(headers, {(peer, threads): of_peer for peer, threads, of_peer in rows}, missing_peers)


def main() -> int:
    arguments = parse_arguments()
    all_cases = [case for case in json.loads(CASES.read_text()) if case["peers"]]
    cases = [case for case in all_cases if re.search(arguments.filter, case["id"]) is not None]
    if not cases:
        print(f"compare: no row matches {arguments.filter!r}", file=sys.stderr)
        return 2
    arguments.work.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(arguments.work / "logs", ignore_errors=True)
    raw = arguments.work / "raw.json"
    results = Results.load(raw) if arguments.keep and raw.exists() else Results()
    if any(header.get("isa") != arguments.isa for header in results.headers.values()):
        print("compare: the results to keep were measured with another --isa", file=sys.stderr)
        return 2
    pythons = prepare_environments(arguments.peers, arguments.work, results)

    cores = len(os.sched_getaffinity(0))
    threads = [n for n in arguments.threads if n <= cores]
    for n in set(arguments.threads) - set(threads):
        print(f"compare: {n} threads left out, there are {cores} CPUs")
    phases = [
        [c for c in cases if c["group"] in FIRST_GROUPS],
        [c for c in cases if c["group"] not in FIRST_GROUPS],
    ]
    for phase in filter(None, phases):
        for n in threads:
            for peer, python in pythons.items():
                measure(peer, python, n, phase, arguments, results)
                results.save(raw)
                write(arguments.work, all_cases, results)
    write(arguments.work, all_cases, results)
    if not any(results.rows.values()):
        print("compare: nothing was measured", file=sys.stderr)
        return 1
    plot(arguments.work)
    print(f"\nwritten: {arguments.work}/compare.json, table.md, plot.svg")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True, help="the shared library k754_c")
    parser.add_argument("--work", type=Path, required=True, help="directory for environments and results")
    parser.add_argument("--filter", default="", help="regular expression: rows whose id it matches")
    parser.add_argument("--peers", type=names, default=list(MEGABYTES), help="separated by commas")
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="numbers of threads, e.g. 1,2")
    parser.add_argument("--isa", choices=isa.NAMES, help="use no more than this, also where the CPU has more")
    parser.add_argument("--keep", action="store_true", help="keep earlier results of what is not measured again")
    parser.add_argument("--rounds", type=int, default=51, help="at most so many for each row and peer")
    parser.add_argument("--budget", type=float, default=0.5, help="seconds of rounds for each row and peer")
    parser.add_argument(
        "--whole", type=float, default=0.15, help="k754 gets a part of the work where a call takes longer (s)"
    )
    parser.add_argument("--limit", type=float, default=60, help="k754 is not run where a call takes longer (s)")
    arguments = parser.parse_args()
    arguments.library = arguments.library.resolve()
    arguments.work = arguments.work.resolve()
    return arguments


def names(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = set(chosen) - set(MEGABYTES)
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {', '.join(MEGABYTES)}")
    return chosen


def numbers(text: str) -> list[int]:
    chosen = [int(n) for n in text.split(",")]
    if min(chosen) < 1:
        raise argparse.ArgumentTypeError("at least 1 thread")
    return chosen


# Environments


def prepare_environments(peers: Iterable[str], work: Path, results: Results) -> dict[str, Path]:
    """The Python of each peer that could be installed. Ends the program where the disk is too full."""
    todo = {peer for peer in peers if not is_complete(environment_path(work, peer), peer)}
    extra = ["--extra-index-url", TORCH_CPU_INDEX] if "torch" in todo and reachable(TORCH_CPU_INDEX) else []
    need = {peer: TORCH_CPU_MEGABYTES if peer == "torch" and extra else MEGABYTES[peer] for peer in todo}
    free = shutil.disk_usage(work).free >> 20
    print(f"disk: {sum(need.values())} MB needed for environments ({listed(need)}), {free} MB free")
    if sum(need.values()) > free:
        sys.exit("compare: not enough disk space; free some, or leave out peers (--peers)")
    if "torch" in todo and not extra:
        print(f"{TORCH_CPU_INDEX} cannot be reached: PyTorch comes with its CUDA libraries, which are not used")
    pythons = {}
    for peer in peers:
        path = environment_path(work, peer)
        if peer in todo:
            problem = install(peer, path, extra if peer == "torch" else [])
            if problem is not None:
                print(f"{peer} is missing: {problem}")
                results.missing_peers[peer] = problem
                continue
        pythons[peer] = path / "bin" / "python"
    return pythons


def listed(megabytes: dict[str, int]) -> str:
    return ", ".join(f"{peer} {n}" for peer, n in sorted(megabytes.items())) or "all there"


def environment_path(work: Path, peer: str) -> Path:
    return work / "environments" / peer


def requirements(peer: str) -> Path:
    return HERE / "requirements" / f"{peer}.txt"


def is_complete(path: Path, peer: str) -> bool:
    marker = path / "installed.txt"
    return marker.exists() and marker.read_text() == requirements(peer).read_text()


def reachable(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/torch/", timeout=10):
            return True
    except (urllib.error.URLError, TimeoutError):
        return False


def install(peer: str, path: Path, index_arguments: list[str]) -> str | None:
    """Why it failed, or nothing."""
    print(f"installing {requirements(peer).name} into {path}", flush=True)
    commands = (
        [sys.executable, "-m", "venv", "--clear", path],
        [
            *(path / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--only-binary", ":all:", *index_arguments, "--requirement", requirements(peer)),
        ],
    )
    for command in commands:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            if "ensurepip" in done.stdout:
                return "Python has no ensurepip (Debian and Ubuntu: apt-get install python3-venv)"
            said = (done.stderr or done.stdout).strip().splitlines()
            return said[-1] if said else f"{command[0]} failed"
    (path / "installed.txt").write_text(requirements(peer).read_text())
    return None


# Measurements


def measure(
    peer: str,
    python: Path,
    threads: int,
    cases: list[dict[str, Any]],
    arguments: argparse.Namespace,
    results: Results,
) -> None:
    """All rows in one process; where that ends early, the row is named and another process does the rest."""
    rows = results.rows.setdefault((peer, threads), {})
    log_path = arguments.work / "logs" / f"{peer}.{threads}.txt"
    log_path.parent.mkdir(exist_ok=True)
    environment = os.environ | PROCESS_ENVIRONMENT | thread_environment(threads)
    if arguments.isa:
        limits = isa.environment(peer, python)
        environment |= limits | {"XLA_FLAGS": f"{environment['XLA_FLAGS']} {limits['XLA_FLAGS']}"}
    todo = list(cases)
    while todo:
        case_path = arguments.work / "cases.json"
        case_path.write_text(json.dumps(todo))
        command = [python, HERE / "measure.py", "--peer", peer, "--threads", threads, "--cases", case_path]
        for option in ("library", "rounds", "budget", "whole", "limit"):
            command += [f"--{option}", getattr(arguments, option)]
        if arguments.isa:
            command += ["--target", isa.NAMES[arguments.isa]]
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
                    results.headers[peer] = message | {"isa": arguments.isa}
                    continue
                rows[message.pop("id")] = message
                todo.pop(0)
                progress(peer, threads, len(cases) - len(todo), len(cases))
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


def progress(peer: str, threads: int, done: int, total: int) -> None:
    text = f"{peer}, {threads} thread{'s' if threads > 1 else ''}: {done} of {total} rows"
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)
    elif done == total:
        print(text, flush=True)


# Results


def write(work: Path, cases: list[dict[str, Any]], results: Results) -> None:
    threads = sorted({n for _, n in results.rows})
    document = {
        "machine": machine(results),
        "missing_peers": results.missing_peers,
        "rows": [row(case, n, results) for n in threads for case in cases if measured(case, n, results)],
    }
    (work / "compare.json").write_text(json.dumps(document, indent=1) + "\n")
    (work / "table.md").write_text(report.table(document))


def measured(case: dict[str, Any], threads: int, results: Results) -> bool:
    return any(case["id"] in rows for (_, n), rows in results.rows.items() if n == threads)


def row(case: dict[str, Any], threads: int, results: Results) -> dict[str, Any]:
    """Rates in 1e9 elements or floating-point operations a second. A ratio is that of two rates from one process, in
    turn on the same buffers; the best peer is the one with the least, and `k754` the rate beside it."""
    of_peers = {
        peer: rows[case["id"]] for (peer, n), rows in results.rows.items() if n == threads and case["id"] in rows
    }
    timed = {peer: r for peer, r in of_peers.items() if "peer" in r}
    both = {peer: r for peer, r in timed.items() if "k754" in r}
    ratios = {peer: r["k754"] / r["peer"] for peer, r in both.items()}
    best = (
        min(ratios, key=lambda peer: ratios[peer])
        if ratios
        else max(timed, key=lambda peer: timed[peer]["peer"], default=None)
    )
    result: dict[str, Any] = {
        "id": case["id"],
        "work": report.describe(case),
        "group": case["group"],
        "threads": threads,
        "unit": {"elements": "Gel/s", "flop": "GFLOP/s"}[case["nominal"]],
        "k754": rounded(both[best]["k754"] * 1e-9) if best in both else None,
        "peers": {peer: rounded(r["peer"] * 1e-9) for peer, r in timed.items()},
        "best_peer": best,
        "ratio": rounded(ratios[best]) if best in ratios else None,
        "ratios": {peer: rounded(ratio) for peer, ratio in ratios.items()},
        "k754_beside": {peer: rounded(r["k754"] * 1e-9) for peer, r in both.items()},
        "rounds": {peer: r["rounds"] for peer, r in timed.items()},
        "preallocated": [peer for peer, r in timed.items() if r["preallocated"]],
        "missing": {peer: r["missing"] for peer, r in of_peers.items() if "missing" in r} | results.missing_peers,
    }
    parts = [r["part"] for r in both.values() if r["part"] < 1]
    if parts:
        result["part"] = rounded(min(parts))
    not_run = [r["k754_missing"] for r in timed.values() if "k754_missing" in r]
    if not_run and not both:
        result["k754_missing"] = not_run[0]
    return result


def rounded(value: float) -> float:
    return float(f"{value:.4g}")


def machine(results: Results) -> dict[str, Any]:
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    flags = set(re.findall(r"\w+", " ".join(re.findall(r"^flags.*$", info, re.MULTILINE)[:1])))
    limit = next((header.get("isa") for header in results.headers.values()), None)
    return {
        "cpu": model[1] if model else platform.processor() or platform.machine(),
        "avx2": "avx2" in flags,
        "avx512": "avx512f" in flags,
        "limited_to": isa.NAMES[limit] if limit else None,
        "not_limited": {peer: isa.NOT_LIMITED[peer] for peer in results.headers if limit and peer in isa.NOT_LIMITED},
        "cores": len(os.sched_getaffinity(0)),
        "caches": caches(),
        "k754": next((header["k754"] for header in results.headers.values()), "k754"),
        "peers": {peer: header["peer"] for peer, header in results.headers.items()},
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
    }


def caches() -> dict[str, str]:
    """By level, of the first CPU; instruction caches left out."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = ((index / name).read_text().strip() for name in ("type", "level", "size"))
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def plot(work: Path) -> None:
    environment = environment_path(work, "numpy")
    if not is_complete(environment, "numpy"):
        print("no plot: it needs the numpy environment")
        return
    python = environment / "bin" / "python"
    subprocess.run([python, "-B", HERE / "report.py", work / "compare.json", work / "plot.svg"], check=True)


if __name__ == "__main__":
    sys.exit(main())

"""compare.json as a Markdown table, and (run as a program, with matplotlib) as a plot of the ratios.

    report.py compare.json plot.svg
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

GROUPS = {
    "argminmax": "argmax, argmin",
    "where": "where",
    "softmax": "softmax family",
    "softmax_fast": "softmax family, fast tier",
    "cross_entropy": "cross-entropy",
    "conv2d": "convolution",
    "conv2d_fast": "convolution, fast tier",
}
PEERS = {
    "numpy": "NumPy/SciPy",
    "torch": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "jax": "JAX",
    "tensorflow": "TensorFlow",
}
COLOURS = {
    "numpy": "#4477aa",
    "torch": "#ee6677",
    "onnxruntime": "#228833",
    "jax": "#aa3377",
    "tensorflow": "#ccbb44",
}

Row = dict[str, Any]


def threads_text(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def geometric_mean(values: list[float]) -> float | None:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def machine_line(machine: dict[str, Any]) -> str:
    vectors = "AVX-512" if machine["avx512"] else "AVX2, no AVX-512" if machine["avx2"] else "no AVX2"
    caches = ", ".join(f"{level} {size}" for level, size in machine["caches"].items())
    return f"{machine['cpu']} ({vectors}; {caches}), {machine['k754']}, {machine['date']}"


def table(document: dict[str, Any]) -> str:
    lines = [
        "# k754 beside other libraries",
        "",
        machine_line(document["machine"]),
        "",
        "Peers: " + "; ".join(document["machine"]["peers"].values()) + ".",
        "",
        "Rates in the unit named, higher is better; each peer's best in bold. **ratio**: k754 / best peer, above 1 k754 is"
        " faster; the median over rounds in which both took turns on the same buffers. `*`: the peer wrote into memory"
        " that it was given, as k754 does; without, it allocated its result. `part`: k754 was timed on that part of"
        " the work.",
    ]
    lines += [f"{PEERS[peer]} is missing: {why}." for peer, why in document["missing_peers"].items()]
    for threads in sorted({row["threads"] for row in document["rows"]}):
        for group, title in GROUPS.items():
            rows = [row for row in document["rows"] if row["threads"] == threads and row["group"] == group]
            if rows:
                lines += ["", f"## {title}, {threads_text(threads)} ({rows[0]['unit']})", "", *group_table(rows)]
    return "\n".join(lines) + "\n"


def group_table(rows: list[Row]) -> list[str]:
    peers = [peer for peer in PEERS if any(peer in row["peers"] or peer in row["missing"] for row in rows)]
    lines = [
        "| row | k754 | " + " | ".join(PEERS[peer] for peer in peers) + " | ratio | |",
        "|---|" + "--:|" * (len(peers) + 2) + "---|",
    ]
    notes: dict[str, list[str]] = {}
    for row in rows:
        remark = f"part {row['part']:.2g}" if "part" in row else row.get("k754_missing", "")
        cells = [row["id"], number(row["k754"]), *(peer_cell(row, peer) for peer in peers)]
        lines.append(f"| {' | '.join([*cells, number(row['ratio']), remark])} |")
        for peer, why in row["missing"].items():
            notes.setdefault(f"{PEERS[peer]}: {why}", []).append(row["id"])
    mean = geometric_mean([row["ratio"] for row in rows if row["ratio"]])
    lines.append(f"| geometric mean | {'| ' * (len(peers) + 1)}| {number(mean)} | |")
    if notes:
        lines += ["", "No figure:", ""]
        lines += [f"- {note} ({', '.join(ids) if len(ids) < len(rows) else 'all rows'})" for note, ids in notes.items()]
    return lines


def peer_cell(row: Row, peer: str) -> str:
    if peer not in row["peers"]:
        return "-"
    text = number(row["peers"][peer]) + ("*" if peer in row["preallocated"] else "")
    return f"**{text}**" if peer == row["best_peer"] else text


def plot(document: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams |= {"svg.hashsalt": "k754", "svg.fonttype": "none", "font.size": 9}
    rows = [row for row in document["rows"] if row["ratio"]]
    threads = sorted({row["threads"] for row in rows})
    groups = [group for group in GROUPS if any(row["group"] == group for row in rows)]
    ids = {g: list(dict.fromkeys(row["id"] for row in rows if row["group"] == g)) for g in groups}
    figure, axes = pyplot.subplots(
        len(groups),
        1,
        squeeze=False,
        sharex=True,
        figsize=(11, 2.2 + sum(0.24 * len(ids[g]) + 0.55 for g in groups)),
        gridspec_kw={"height_ratios": [len(ids[g]) + 1 for g in groups]},
        layout="constrained",
    )
    shapes = dict(zip(threads, "osD^v", strict=False))
    for group, axis in zip(groups, axes[:, 0], strict=True):
        for place, name in enumerate(ids[group]):
            for row in (row for row in rows if row["id"] == name):
                filled = row["threads"] == threads[0]
                axis.plot(
                    row["ratio"],
                    place,
                    shapes[row["threads"]],
                    color=COLOURS[row["best_peer"]],
                    markerfacecolor=COLOURS[row["best_peer"]] if filled else "white",
                    markersize=6,
                )
        axis.axvline(1, color="black", linewidth=1)
        axis.set_yticks(range(len(ids[group])), ids[group])
        axis.set_ylim(len(ids[group]) - 0.4, -0.6)
        axis.set_xscale("log")
        axis.grid(axis="x", which="major", color="#dddddd")
        axis.grid(axis="y", color="#eeeeee")
        axis.set_axisbelow(True)
        axis.set_title(title_of(group, rows, threads), loc="left", fontsize=10, fontweight="bold")
    bottom = axes[-1, 0]
    bottom.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
    for axis in axes[:, 0]:
        axis.tick_params(labelbottom=True)
    bottom.set_xlabel("speed of k754 / speed of the fastest other library        (slower < 1 < faster)")
    handles = [
        pyplot.Line2D([], [], marker="o", linestyle="", color=COLOURS[peer], label=f"fastest other: {name}")
        for peer, name in PEERS.items()
        if any(row["best_peer"] == peer for row in rows)
    ] + [
        pyplot.Line2D(
            [],
            [],
            marker=shapes[n],
            linestyle="",
            color="black",
            markerfacecolor="black" if n == threads[0] else "white",
            label=threads_text(n),
        )
        for n in threads
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    figure.suptitle(
        "How fast is k754? Each row is one piece of work; 1.0 means as fast as the fastest of NumPy/SciPy, PyTorch,\n"
        "ONNX Runtime, JAX and TensorFlow on that work, 2 twice as fast, 0.1 ten times slower.\n"
        + machine_line(document["machine"]),
        fontsize=10,
    )
    figure.savefig(path, metadata={"Date": None})


def title_of(group: str, rows: list[Row], threads: list[int]) -> str:
    means = []
    for n in threads:
        mean = geometric_mean([row["ratio"] for row in rows if row["group"] == group and row["threads"] == n])
        if mean is not None:
            means.append(f"{number(mean)}x with {threads_text(n)}")
    return f"{GROUPS[group]}: geometric mean {', '.join(means)}"


if __name__ == "__main__":
    plot(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))

"""compare.json as a Markdown table, and as a plot of the ratios: `report.py compare.json plot.svg`, with matplotlib."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import dtypes

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

TABLE_TEXT = """\
Rates in the unit named, higher is better; each row's best peer in bold. **ratio**: k754 / best peer, above 1 k754 is
faster; medians over rounds in which both took turns on the same buffers. `*`: the peer wrote into memory that it was
given, as k754 does; without, it allocated its result. `part`: k754 was timed on that part of the work."""

Row = dict[str, Any]


def describe(case: dict[str, Any]) -> str:
    """The work of a row of cases.json, for readers who do not know its id."""
    shape = times(case["shape"])
    name = case["kernel"].replace("_with_gradient", " and gradient").replace("_", " ")
    parts = [name.replace("cross entropy", "cross-entropy"), dtypes.NAMES[case["dtype"]]]
    if "filters" in case:
        batch, height, width, channels = case["shape"]
        groups = case.get("groups", 1)
        parts[0] = "convolution backward" if case["kernel"] == "conv2d_backward" else "convolution"
        parts.append(f"{times(case['kernel_size'])}, {channels} to {case['filters']} channels, {height} x {width}")
        parts += [f"batch {batch}"] if batch > 1 else []
        parts += [f"{groups} groups"] if 1 < groups < channels else ["depthwise"] if groups == channels > 1 else []
        parts += [f"{key} {times(case[key])}" for key in ("stride", "dilation") if key in case]
        return ", ".join(parts)
    parts.append(shape)
    if len(case["shape"]) > 1 and "axis" in case:
        parts.append(f"axis {case['axis']}")
    if "labels" in case:
        parts.append({"index": "index labels", "probabilities": "probability labels"}[case["labels"]])
    parts += [f"{case['operand']} operand"] if "operand" in case else []
    parts += [f"mask {times(case['mask_shape'])}"] if "mask_shape" in case else []
    return ", ".join(parts)


def times(extents: list[int]) -> str:
    return " x ".join(map(str, extents))


def threads_text(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def geometric_mean(values: list[float]) -> float | None:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def machine_line(machine: dict[str, Any]) -> str:
    vectors = "AVX-512" if machine["avx512"] else "AVX2, no AVX-512" if machine["avx2"] else "no AVX2"
    if machine.get("limited_to"):
        vectors += f", limited to {machine['limited_to']}"
    caches = ", ".join(f"{level} {size}" for level, size in machine["caches"].items())
    return f"{machine['cpu']} ({vectors}; {caches}), {machine['k754']}, {machine['date']}"


def not_limited(machine: dict[str, Any]) -> list[str]:
    peers = [f"{PEERS[peer]}, {why}" for peer, why in machine.get("not_limited", {}).items()]
    return ["", f"Not limited to {machine['limited_to']}: {'; '.join(peers)}."] if peers else []


def table(document: dict[str, Any]) -> str:
    lines = [
        "# k754 beside other libraries",
        "",
        machine_line(document["machine"]),
        "",
        "Peers: " + "; ".join(document["machine"]["peers"].values()) + ".",
        *not_limited(document["machine"]),
        "",
        TABLE_TEXT,
    ]
    for peer, why in document["missing_peers"].items():
        lines += ["", f"{PEERS[peer]} is missing: {why}."]
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
    shapes = dict(zip(threads, "osD^v", strict=False))
    works: dict[str, dict[str, list[Row]]] = {group: {} for group in GROUPS}
    for row in rows:
        works[row["group"]].setdefault(row["work"], []).append(row)
    groups = [group for group in GROUPS if works[group]]
    figure, axes = pyplot.subplots(
        len(groups),
        1,
        squeeze=False,
        sharex=True,
        figsize=(12, 1.8 + sum(0.21 * len(works[group]) + 0.62 for group in groups)),
        gridspec_kw={"height_ratios": [len(works[group]) + 1 for group in groups]},
        layout="constrained",
    )
    ratios = [row["ratio"] for row in rows]
    limits = (min(ratios) / 1.6, max(*ratios, 1) * 1.6)

    def mark(row: Row) -> dict[str, Any]:
        colour = COLOURS[row["best_peer"]]
        filled = row["threads"] == threads[0]
        return {"marker": shapes[row["threads"]], "color": colour, "markerfacecolor": colour if filled else "white"}

    for group, axis in zip(groups, axes[:, 0], strict=True):
        axis.set_xscale("log")
        axis.set_xlim(limits)
        axis.axvspan(1, limits[1], color="#eef6ee")
        axis.axvline(1, color="black", linewidth=1)
        for place, of_work in enumerate(works[group].values()):
            for row in of_work:
                axis.plot(row["ratio"], place, linestyle="", markersize=6, **mark(row))
            text = " / ".join(f"{row['ratio']:.2g}" for row in of_work)
            axis.text(1.01, place, text, transform=axis.get_yaxis_transform(), va="center", fontsize=8)
        axis.set_yticks(range(len(works[group])), works[group])
        axis.set_ylim(len(works[group]) - 0.4, -0.6)
        axis.grid(axis="x", which="major", color="#cccccc")
        axis.grid(axis="y", color="#eeeeee")
        axis.set_axisbelow(True)
        axis.tick_params(labelbottom=True)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
        axis.set_title(title_of(group, rows, threads), loc="left", fontsize=10, fontweight="bold")
    axes[-1, 0].set_xlabel("speed of k754 / speed of the fastest other library        (slower < 1x < faster)")

    handles = [
        pyplot.Line2D([], [], marker="o", linestyle="", color=COLOURS[peer], label=f"fastest other: {name}")
        for peer, name in PEERS.items()
        if any(row["best_peer"] == peer for row in rows)
    ]
    for n in threads:
        style = mark({"best_peer": "numpy", "threads": n}) | {"color": "black"}
        style["markerfacecolor"] = "black" if n == threads[0] else "white"
        handles.append(pyplot.Line2D([], [], linestyle="", label=threads_text(n), **style))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(
        "How fast is k754?  Each line is one piece of work.  1x: as fast as the fastest of NumPy/SciPy, PyTorch,\n"
        "ONNX Runtime, JAX and TensorFlow at it; 2x: twice as fast; 0.1x: ten times slower.  Right: the ratios,\n"
        f"{' / '.join(map(threads_text, threads))}.  {machine_line(document['machine'])}",
        fontsize=10,
    )
    figure.savefig(path, metadata={"Date": None})


def title_of(group: str, rows: list[Row], threads: list[int]) -> str:
    means = []
    for n in threads:
        mean = geometric_mean([row["ratio"] for row in rows if row["group"] == group and row["threads"] == n])
        if mean is not None:
            means.append(f"{mean:.2g}x ({threads_text(n)})")
    return f"{GROUPS[group]}: geometric mean {', '.join(means)}"


if __name__ == "__main__":
    plot(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))

"""What is made of <isa>.json: a Markdown table, a plot of the ratios, and the summary in the project's README.

    report.py plot RESULTS.json PLOT.svg      with matplotlib
    report.py readme                          writes the summary of ../results
    report.py readme --check                  fails where the README holds another one

Needs only the standard library otherwise.
"""

from __future__ import annotations

import json
import math
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dtypes
import isa

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
README = HERE.parent.parent / "README.md"
README_BEGIN = "<!-- benchmarks/compare/report.py readme -->\n"
README_END = "<!-- end -->\n"
NO_RESULTS = "No full run of this version is in `benchmarks/results`.\n"

GROUPS = {
    "argminmax": "argmax, argmin",
    "where": "where",
    "softmax": "softmax family",
    "cross_entropy": "cross-entropy",
    "conv2d": "convolution",
}
PEERS = {
    "numpy": "NumPy/SciPy",
    "torch": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "jax": "JAX",
    "tensorflow": "TensorFlow",
    "openvino": "OpenVINO",
    "xnnpack": "XNNPACK",
}
COLOURS = {
    "numpy": "#4477aa",
    "torch": "#ee6677",
    "onnxruntime": "#228833",
    "jax": "#aa3377",
    "tensorflow": "#ccbb44",
    "openvino": "#66ccee",
    "xnnpack": "#ee7733",
}
TIERS = ("accurate", "fast", "exact")

TABLE_TEXT = """\
Rates in the unit named, higher is better; each row's best peer in bold. A column for each tier of k754's `precision`,
and its **ratio** to the best peer: above 1 k754 is faster; medians over rounds in which both took turns on the same
buffers. `*`: the peer wrote into memory that it was given or keeps, as k754 does; without, it allocated its result.
`part`: k754 was timed on that part of the work."""

ERROR_TEXT = """\
Greatest error in units in the last place, against binary64, over the row's data (normal, times 3)."""

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
    parts += ["ignore_index"] if "ignore_index" in case else []
    parts += [f"{case['operand']} operand"] if "operand" in case else []
    parts += [f"mask {times(case['mask_shape'])}"] if "mask_shape" in case else []
    return ", ".join(parts)


def kind(case: dict[str, Any]) -> str:
    """The line of the README's table that a row counts for."""
    kernel = case["kernel"]
    if kernel in ("argmax", "argmin"):
        return "argmin, argmax"
    if kernel.startswith("cross_entropy"):
        return "cross-entropy, loss and gradient" if kernel.endswith("_with_gradient") else "cross-entropy, loss"
    if kernel == "conv2d":
        if case.get("groups", 1) == case["shape"][3] > 1:
            return "conv2d, depthwise"
        return "conv2d, dilated" if "dilation" in case else "conv2d"
    return {"softmax_backward": "gradient of softmax", "conv2d_backward": "gradients of conv2d"}.get(kernel, kernel)


def times(extents: list[int]) -> str:
    return " x ".join(map(str, extents))


def threads_text(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def geometric_mean(values: list[float]) -> float | None:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def machine_line(machine: dict[str, Any]) -> str:
    vectors = f"limited to {isa.NAMES[machine['isa']]}" if machine["limited"] else isa.NAMES[machine["isa"]]
    caches = ", ".join(f"{level} {size}" for level, size in machine["caches"].items())
    return f"{machine['cpu']} ({vectors}; {caches}), {machine['k754']}, {machine['date']}"


def not_limited(machine: dict[str, Any]) -> list[str]:
    if not machine["not_limited"]:
        return []
    peers = " and ".join(PEERS[peer] for peer in machine["not_limited"])
    return ["", f"{peers} have no switch and use AVX-512 here, too: no ratio is made with them."]


# The table


def table(document: dict[str, Any]) -> str:
    machine, rows = document["machine"], document["rows"]
    lines = [
        "# k754 beside other libraries",
        "",
        machine_line(machine),
        "",
        "Peers: " + "; ".join(machine["peers"].values()) + ".",
        *not_limited(machine),
        "",
        TABLE_TEXT,
    ]
    if machine["quick"]:
        lines += ["", "**Measured with --quick: the figures mean nothing.**"]
    for peer, why in document["missing_peers"].items():
        lines += ["", f"{PEERS[peer]} is missing: {why}."]
    for threads in sorted({row["threads"] for row in rows}):
        for group, title in GROUPS.items():
            of_group = [row for row in rows if row["threads"] == threads and row["group"] == group]
            if of_group:
                lines += [
                    "",
                    f"## {title}, {threads_text(threads)} ({of_group[0]['unit']})",
                    "",
                    *group_table(of_group),
                ]
    errors = [row for row in rows if "ulp" in row and row["threads"] == rows[0]["threads"]]
    if errors:
        lines += ["", "## errors", "", ERROR_TEXT, "", *error_table(errors)]
    return "\n".join(lines) + "\n"


def group_table(rows: list[Row]) -> list[str]:
    peers = [peer for peer in PEERS if any(peer in row["peers"] or peer in row["missing"] for row in rows)]
    tiers = [tier for tier in TIERS if tier == "accurate" or any(tier in row["ratio"] for row in rows)]
    ratios = ["ratio" if tier == "accurate" else f"{tier} ratio" for tier in tiers]
    head = ["row", *("k754" if tier == "accurate" else f"k754 {tier}" for tier in tiers)]
    head += [*(PEERS[peer] for peer in peers), *ratios, ""]
    lines = [line(head), "|---|" + "--:|" * (len(head) - 2) + "---|"]
    notes: dict[str, list[str]] = {}
    for row in rows:
        remark = row.get("k754_missing", "")
        if "parts" in row:
            remark = "part " + ", ".join(f"{part:.2g} ({tier})" for tier, part in row["parts"].items())
        cells = [row["id"], *(number(row["k754"].get(tier)) for tier in tiers)]
        cells += [peer_cell(row, peer) for peer in peers]
        lines.append(line([*cells, *(number(row["ratio"].get(tier)) for tier in tiers), remark]))
        for peer, why in row["missing"].items():
            notes.setdefault(f"{PEERS[peer]}: {why}", []).append(row["id"])
    means = [number(geometric_mean(ratios_of(rows, tier))) for tier in tiers]
    lines.append(line(["geometric mean", *[""] * (len(tiers) + len(peers)), *means, ""]))
    if notes:
        lines += ["", "No figure:", ""]
        lines += [f"- {note} ({', '.join(ids) if len(ids) < len(rows) else 'all rows'})" for note, ids in notes.items()]
    return lines


def error_table(rows: list[Row]) -> list[str]:
    columns = [name for name in (*TIERS, *PEERS) if any(name in row["ulp"] for row in rows)]
    head = ["row", *(PEERS.get(name, f"k754 {name}") for name in columns)]
    lines = [line(head), "|---|" + "--:|" * len(columns)]
    for row in rows:
        lines.append(line([row["id"], *(number(row["ulp"][name]) if name in row["ulp"] else "-" for name in columns)]))
    return lines


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def ratios_of(rows: list[Row], tier: str) -> list[float]:
    return [row["ratio"][tier] for row in rows if tier in row["ratio"]]


def peer_cell(row: Row, peer: str) -> str:
    if peer not in row["peers"]:
        return "-"
    text = number(row["peers"][peer]) + ("*" if peer in row["preallocated"] else "")
    return f"**{text}**" if peer == row["best_peer"] else text


# The README's summary


def summary(documents: list[dict[str, Any]]) -> str:
    """One line for each kind of work; of the documents' common, least number of threads."""
    of_one_thread = [[row for row in document["rows"] if row["threads"] == 1] for document in documents]
    tiers = ("accurate", "fast")
    heads = [f"{isa.NAMES[document['machine']['isa']]}, {tier}" for document in documents for tier in tiers]
    lines = [
        line(["k754 / the fastest other library", "rows", *heads, "error in ULP: accurate, fast; others"]),
        "|---|--:|" + "--:|" * len(heads) + "---|",
    ]
    for name in dict.fromkeys(row["kind"] for row in of_one_thread[0]):
        of_kind = [[row for row in rows if row["kind"] == name] for rows in of_one_thread]
        cells = [spread(ratios_of(rows, tier)) for rows in of_kind for tier in tiers]
        lines.append(line([name, str(len(of_kind[0])), *cells, errors_of(of_kind[0])]))
    machine = documents[0]["machine"]
    peers = ", ".join(PEERS[peer] for peer in PEERS if peer in machine["peers"])
    text = (
        f"One thread of {machine['cpu']}, {machine['date']}: k754's rate, divided by that of the fastest of {peers} at "
        "each row, both in turn on the same buffers: the geometric mean over the rows and, in brackets, its ends."
    )
    for document in documents:
        unlimited = [PEERS[peer] for peer in document["machine"]["not_limited"]]
        if unlimited:
            name = isa.NAMES[document["machine"]["isa"]]
            text += f" Limited to {name}: without {' and '.join(unlimited)}, which have no switch."
    return "\n".join([*textwrap.wrap(text, 120), "", *lines]) + "\n"


def spread(ratios: list[float]) -> str:
    mean = geometric_mean(ratios)
    if mean is None:
        return ""
    ends = f" ({min(ratios):.2g} - {max(ratios):.2g})" if len(ratios) > 1 else ""
    return f"**{mean:.2g}**{ends}"


def errors_of(rows: list[Row]) -> str:
    """Of the float rows."""
    errors = [row["ulp"] for row in rows if "ulp" in row and ", float32," in row["work"]]

    def greatest(name: str) -> list[float]:
        return [max(e[name] for e in errors if name in e)] if any(name in e for e in errors) else []

    ours = [*greatest("accurate"), *greatest("fast")]
    others = [error for peer in PEERS for error in greatest(peer)]
    if not ours or not others:
        return ""
    return f"{', '.join(map(ulps, ours))}; {ulps(min(others))} - {ulps(max(others))}"


def ulps(error: float) -> str:
    return f"{error:.2g}" if error < 10 else f"{error:.0f}"


def readme_with(text: str, block: str) -> str:
    before, rest = text.split(README_BEGIN)
    _, after = rest.split(README_END)
    return f"{before}{README_BEGIN}{block}{README_END}{after}"


def updated_readme() -> str:
    paths = [path for path in (RESULTS / f"{name}.json" for name in isa.NAMES) if path.exists()]
    documents = [json.loads(path.read_text()) for path in paths]
    return readme_with(README.read_text(), summary(documents) if documents else NO_RESULTS)


def update_readme() -> None:
    README.write_text(updated_readme())


# The plot


def plot(document: dict[str, Any], path: Path) -> None:
    """Of the least number of threads."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams |= {"svg.hashsalt": "k754", "svg.fonttype": "none", "font.size": 9}
    threads = document["rows"][0]["threads"]
    rows = [row for row in document["rows"] if row["ratio"] and row["threads"] == threads]
    tiers = [tier for tier in TIERS if any(tier in row["ratio"] for row in rows)]
    shapes = dict(zip(TIERS, "osD", strict=True))
    works = {group: [row for row in rows if row["group"] == group] for group in GROUPS}
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
    ratios = [ratio for row in rows for ratio in row["ratio"].values()]
    limits = (min(ratios) / 1.6, max(*ratios, 1) * 1.6)

    def mark(tier: str, colour: str) -> dict[str, Any]:
        return {"marker": shapes[tier], "color": colour, "markerfacecolor": colour if tier == "accurate" else "white"}

    for group, axis in zip(groups, axes[:, 0], strict=True):
        axis.set_xscale("log")
        axis.set_xlim(limits)
        axis.axvspan(1, limits[1], color="#eef6ee")
        axis.axvline(1, color="black", linewidth=1)
        for place, row in enumerate(works[group]):
            for tier, ratio in row["ratio"].items():
                axis.plot(ratio, place, linestyle="", markersize=6, **mark(tier, COLOURS[row["best_peer"]]))
            text = " / ".join(f"{ratio:.2g}" for ratio in row["ratio"].values())
            axis.text(1.01, place, text, transform=axis.get_yaxis_transform(), va="center", fontsize=8)
        axis.set_yticks(range(len(works[group])), [row["work"] for row in works[group]])
        axis.set_ylim(len(works[group]) - 0.4, -0.6)
        axis.grid(axis="x", which="major", color="#cccccc")
        axis.grid(axis="y", color="#eeeeee")
        axis.set_axisbelow(True)
        axis.tick_params(labelbottom=True)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
        of_tiers = {tier: geometric_mean(ratios_of(works[group], tier)) for tier in tiers}
        means = [f"{mean:.3g}x ({tier})" for tier, mean in of_tiers.items() if mean is not None]
        title = f"{GROUPS[group]}: geometric mean {', '.join(means)}"
        axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes[-1, 0].set_xlabel("speed of k754 / speed of the fastest other library        (slower < 1x < faster)")

    handles = [
        pyplot.Line2D([], [], marker="o", linestyle="", color=COLOURS[peer], label=f"fastest other: {name}")
        for peer, name in PEERS.items()
        if any(row["best_peer"] == peer for row in rows)
    ]
    handles += [pyplot.Line2D([], [], linestyle="", label=f"k754 {tier}", **mark(tier, "black")) for tier in tiers]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle(
        "How fast is k754?  Each line is one piece of work.  1x: as fast as the fastest other library at it;\n"
        f"2x: twice as fast; 0.1x: ten times slower.  Right: the ratios, {' / '.join(tiers)}.\n"
        f"{threads_text(threads)}.  {machine_line(document['machine'])}",
        fontsize=10,
    )
    figure.savefig(path, metadata={"Date": None})


def main() -> int:
    command, *arguments = sys.argv[1:] or ["help"]
    if command == "plot" and len(arguments) == 2:
        plot(json.loads(Path(arguments[0]).read_text()), Path(arguments[1]))
    elif command == "readme" and not arguments:
        update_readme()
    elif command == "readme" and arguments == ["--check"]:
        if README.read_text() != updated_readme():
            print("README.md: its table is not that of benchmarks/results; run benchmarks/compare/report.py readme")
            return 1
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

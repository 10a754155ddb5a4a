"""What the peers' processes said, and the document that is made of it: compare.json."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import isa
import report

Case = dict[str, Any]


@dataclass
class Results:
    """Of one ISA: the processes' headers by peer, their rows by (peer, threads)."""

    isa: str
    quick: bool = False
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[tuple[str, int], dict[str, dict[str, Any]]] = field(default_factory=dict)
    missing_peers: dict[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        rows = [[peer, threads, of_peer] for (peer, threads), of_peer in self.rows.items()]
        path.write_text(json.dumps([self.isa, self.quick, self.headers, rows, self.missing_peers]))

    @staticmethod
    def load(path: Path) -> Results:
        of_isa, quick, headers, rows, missing_peers = json.loads(path.read_text())
        return Results(
            of_isa, quick, headers, {(peer, threads): of_peer for peer, threads, of_peer in rows}, missing_peers
        )

    def document(self, cases: list[Case]) -> dict[str, Any]:
        threads = sorted({n for _, n in self.rows})
        return {
            "machine": machine(self),
            "missing_peers": self.missing_peers,
            "rows": [self.row(case, n) for n in threads for case in cases if self._measured(case, n)],
        }

    def _measured(self, case: Case, threads: int) -> bool:
        return any(case["id"] in rows for (_, n), rows in self.rows.items() if n == threads)

    def row(self, case: Case, threads: int) -> dict[str, Any]:
        """Rates in 1e9 elements or floating-point operations a second. A ratio is that of two rates from one process,
        in turn on the same buffers; the best peer is the one with the least, and `k754` the rates beside it."""
        said = {peer: rows[case["id"]] for (peer, n), rows in self.rows.items() if n == threads and case["id"] in rows}
        timed = {peer: r for peer, r in said.items() if "peer" in r}
        both = {peer: r for peer, r in timed.items() if r["k754"]}
        ratios = {
            tier: {peer: rounded(r["k754"][tier] / r["peer"]) for peer, r in both.items() if tier in r["k754"]}
            for tier in case["tiers"]
        }
        comparable = set(timed) - set(isa.not_limited(self.isa))
        best = best_peer(ratios, {peer: timed[peer]["peer"] for peer in comparable})
        beside = {peer: {tier: rounded(rate * 1e-9) for tier, rate in r["k754"].items()} for peer, r in both.items()}
        result: dict[str, Any] = {
            "id": case["id"],
            "work": report.describe(case),
            "group": case["group"],
            "kind": report.kind(case),
            "threads": threads,
            "unit": {"elements": "Gel/s", "flop": "GFLOP/s"}[case["nominal"]],
            "k754": beside.get(best, {}),
            "peers": {peer: rounded(r["peer"] * 1e-9) for peer, r in timed.items()},
            "best_peer": best,
            "ratio": {tier: of_tier[best] for tier, of_tier in ratios.items() if best in of_tier},
            "ratios": ratios,
            "k754_beside": beside,
            "rounds": {peer: r["rounds"] for peer, r in timed.items()},
            "preallocated": [peer for peer, r in timed.items() if r["preallocated"]],
            "missing": {peer: r["missing"] for peer, r in said.items() if "missing" in r} | self.missing_peers,
        }
        errors = {peer: r["ulp"]["peer"] for peer, r in timed.items() if "ulp" in r}
        if errors:
            ours = next((r["ulp"] for r in both.values() if "ulp" in r), {})
            result["ulp"] = {name: rounded(error) for name, error in (ours | errors).items() if name != "peer"}
        parts: dict[str, float] = {}
        for r in both.values():
            for tier, part in r.get("parts", {}).items():
                parts[tier] = rounded(min(part, parts.get(tier, part)))
        if parts:
            result["parts"] = parts
        refused = [why for r in timed.values() for why in r.get("k754_missing", {}).values()]
        if refused and not both:
            result["k754_missing"] = refused[0]
        return result


def best_peer(ratios: dict[str, dict[str, float]], rates: dict[str, float]) -> str | None:
    """The one to which the first tier that ran has the least ratio; where none ran, the one with the highest rate."""
    for of_tier in ratios.values():
        candidates = {peer: ratio for peer, ratio in of_tier.items() if peer in rates}
        if candidates:
            return min(candidates, key=lambda peer: candidates[peer])
    return max(rates, key=lambda peer: rates[peer], default=None)


def rounded(value: float) -> float:
    return float(f"{value:.4g}")


def machine(results: Results) -> dict[str, Any]:
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    headers = results.headers
    return {
        "cpu": model[1] if model else platform.processor() or platform.machine(),
        "isa": results.isa,
        "limited": bool(isa.not_limited(results.isa)),
        "not_limited": [peer for peer in headers if peer in isa.not_limited(results.isa)],
        "quick": results.quick,
        "cores": len(os.sched_getaffinity(0)),
        "caches": caches(),
        "k754": next((header["k754"] for header in headers.values()), "k754"),
        "peers": {peer: header["peer"] for peer, header in headers.items()},
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

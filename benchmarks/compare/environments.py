"""The peers' virtual environments: one for each, since what they need differs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# What they need on disk, with room for the archives that pip unpacks.
MEGABYTES = {
    "numpy": 500,
    "torch": 9000,
    "onnxruntime": 300,
    "jax": 850,
    "tensorflow": 2000,
    "openvino": 500,
    "xnnpack": 300,
}
TORCH_CPU_MEGABYTES = 1500


def prepare(peers: Iterable[str], directory: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The Python of each peer that could be installed, and why others could not. Ends the program where the disk is
    too full."""
    directory.mkdir(parents=True, exist_ok=True)
    todo = {peer for peer in peers if not is_complete(directory, peer)}
    extra = ["--extra-index-url", TORCH_CPU_INDEX] if "torch" in todo and reachable(TORCH_CPU_INDEX) else []
    need = {peer: TORCH_CPU_MEGABYTES if peer == "torch" and extra else MEGABYTES[peer] for peer in todo}
    free = shutil.disk_usage(directory).free >> 20
    print(f"disk: {sum(need.values())} MB needed for environments ({listed(need)}), {free} MB free")
    if sum(need.values()) > free:
        sys.exit("compare: not enough disk space; free some, or leave out peers (--peers)")
    if "torch" in todo and not extra:
        print(f"{TORCH_CPU_INDEX} cannot be reached: PyTorch comes with its CUDA libraries, which are not used")
    pythons, missing = {}, {}
    for peer in peers:
        problem = install(peer, directory / peer, extra if peer == "torch" else []) if peer in todo else None
        if problem is None:
            pythons[peer] = python(directory, peer)
        else:
            print(f"{peer} is missing: {problem}")
            missing[peer] = problem
    return pythons, missing


def listed(megabytes: dict[str, int]) -> str:
    return ", ".join(f"{peer} {n}" for peer, n in sorted(megabytes.items())) or "all there"


def python(directory: Path, peer: str) -> Path:
    return directory / peer / "bin" / "python"


def requirements(peer: str) -> Path:
    return HERE / "requirements" / f"{peer}.txt"


def is_complete(directory: Path, peer: str) -> bool:
    marker = directory / peer / "installed.txt"
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

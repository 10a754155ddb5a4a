"""--isa: what k754 and its peers may use. `avx2` on a CPU with AVX-512 shows what one without it gets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

NAMES = {"avx512": "AVX-512", "avx2": "AVX2", "native": "the best there is"}

TARGETS = {"avx2": "AVX2"}  # of k754, where it is not its best

ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}

# Those that go on using AVX-512: shown, but not what a ratio is made with.
NOT_LIMITED = ("onnxruntime", "xnnpack")


def cpu_flags() -> set[str]:
    """Those of the first CPU."""
    path = Path("/proc/cpuinfo")
    found = re.search(r"^flags\s*: (.*)$", path.read_text() if path.exists() else "", re.MULTILINE)
    return set(found[1].split()) if found else set()


def available() -> list[str]:
    """The best first."""
    flags = cpu_flags()
    if "avx2" not in flags:
        return ["native"]
    return ["avx512", "avx2"] if "avx512f" in flags else ["avx2"]


def environment(isa: str, peer: str, python: Path) -> dict[str, str]:
    """The variables that limit it."""
    if isa != "avx2" or "avx512f" not in cpu_flags():
        return {}
    if peer != "numpy":
        return ENVIRONMENT
    return ENVIRONMENT | {"NPY_DISABLE_CPU_FEATURES": " ".join(filter(is_beyond_avx2, numpy_features(python)))}


def not_limited(isa: str) -> tuple[str, ...]:
    return NOT_LIMITED if isa == "avx2" and "avx512f" in cpu_flags() else ()


def is_beyond_avx2(feature: str) -> bool:
    """x86-64-v4 is AVX-512."""
    return feature == "X86_V4" or feature.startswith("AVX512")


def numpy_features(python: Path) -> list[str]:
    """What this NumPy was built for beyond its baseline, and the CPU has; it warns of other names."""
    program = "import numpy; print(*numpy.show_config('dicts')['SIMD Extensions'].get('found', ()))"
    done = subprocess.run([python, "-B", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()

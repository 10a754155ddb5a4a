"""--isa avx2: k754 and its peers use no more than AVX2, as on a CPU that has no AVX-512."""

from __future__ import annotations

import subprocess
from pathlib import Path

NAMES = {"avx2": "AVX2"}  # as k754 calls them

ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}

NOT_LIMITED = {
    "onnxruntime": "which has no switch and uses what it finds",
    "tensorflow": "whose kernels outside oneDNN and XLA are what its wheel was compiled for, on any CPU",
}


def environment(peer: str, python: Path) -> dict[str, str]:
    if peer != "numpy":
        return ENVIRONMENT
    return ENVIRONMENT | {"NPY_DISABLE_CPU_FEATURES": " ".join(filter(is_beyond_avx2, numpy_features(python)))}


def is_beyond_avx2(feature: str) -> bool:
    """x86-64-v4 is AVX-512."""
    return feature == "X86_V4" or feature.startswith("AVX512")


def numpy_features(python: Path) -> list[str]:
    """What this NumPy was built for beyond its baseline, and the CPU has; it warns of other names."""
    program = "import numpy; print(*numpy.show_config('dicts')['SIMD Extensions'].get('found', ()))"
    done = subprocess.run([python, "-B", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()

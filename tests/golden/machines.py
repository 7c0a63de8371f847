"""Kinds of CPU that this one can stand for: what the libraries' kernels are chosen by.

Values differ between CPUs by rounding. How much is measured: everything is computed once as this
machine does it, and once more under each of these settings of the environment, in a process of
its own. All but the first are for x86-64.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

# NumPy's names of instruction sets since 2.4, and before; it ignores those that it does not know.
_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL"
_AVX2 = "X86_V3 AVX2 FMA3"
_NO_AVX512 = "-AVX512F,-AVX512VL,-AVX512DQ,-AVX512BW"
_NO_AVX2 = "-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4,-FMA4_Usable"


def _machine(
    blas: str, compiled_for: str, numpy_without: str, libm_without: str, threads: int = 1
) -> dict[str, str]:
    """Return the environment of a kind of CPU."""
    return {
        "OPENBLAS_CORETYPE": blas,
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "NUMBA_CPU_NAME": compiled_for,
        "NUMBA_CPU_FEATURES": "",
        "NPY_DISABLE_CPU_FEATURES": numpy_without,
        "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={libm_without}" if libm_without else "",
        "ATEN_CPU_CAPABILITY": "default" if "AVX2" in numpy_without else "avx2",
    }


HERE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""This machine, with the threads that the tests have."""

MACHINES: Mapping[str, Mapping[str, str]] = {
    "here": HERE,
    "here, 2 threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    "SSE3": _machine(
        "Prescott", "x86-64", f"{_AVX512} {_AVX2}", f"{_NO_AVX512},{_NO_AVX2},-AVX,-SSE4_1"
    )
    | {"SOXR_USE_SIMD": "0"},
    "SSE4": _machine("Nehalem", "nehalem", f"{_AVX512} {_AVX2}", f"{_NO_AVX512},{_NO_AVX2}"),
    "AVX": _machine("Sandybridge", "sandybridge", f"{_AVX512} {_AVX2}", _NO_AVX2, threads=2)
    | {"SOXR_USE_SIMD": "0"},
    "AVX2": _machine("Haswell", "haswell", _AVX512, _NO_AVX512),
    "AVX2, AMD": _machine("Zen", "znver2", _AVX512, _NO_AVX512, threads=2),
    "AVX512": _machine("SkylakeX", "skylake-avx512", "AVX512_SPR", ""),
}

FEW = ("here", "here, 2 threads", "SSE3", "AVX2")
"""Those that stand for the others where computing takes long."""


def machines() -> dict[str, dict[str, str]]:
    """Return the environment of every kind of CPU that this one can stand for."""
    here = platform.machine().lower() in ("x86_64", "amd64")
    chosen = MACHINES if here else {"here": HERE}
    return {name: {**os.environ, **settings} for name, settings in chosen.items()}

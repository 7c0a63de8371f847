"""How far each value may be from what was pinned: as far as kinds of CPU move it, and a little.

Each value has been computed under several kinds of CPU (:mod:`tests.golden.machines`). Other
kinds move it elsewhere, so what was measured of one value is widened by what was measured of its
like: the values of the same case whose names differ only in numbers (``mfcc_03.std`` and
``mfcc_04.std``). Planted errors move values by thousands of tolerances.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OWN = 8.0
"""Times the difference between the kinds of CPU, of this value."""
LIKE = 4.0
"""Times the 95th percentile of that difference, among its like …"""
MOST = 1e-2
"""… but not more than this share of the value: bands without power are measured against bands with
much of it."""
RELATIVE = 4e-6
"""Of the value itself: 32 steps of float32."""
SCALE = 1e-6
"""Of the median of the absolute values among its like, for values near zero."""
SAMPLE = 4e-6
"""Of a signal's peak, for its samples: resamplers and codecs compute in float32."""


def tolerances(
    cases: Sequence[str], names: Sequence[str], measured: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return a tolerance for each value.

    Parameters
    ----------
    cases, names : sequence of str, length n
        What the values are of, and what they are called.
    measured : ndarray, shape (n_machines, n)
        The values; those of the first machine are pinned.

    Returns
    -------
    ndarray of float32, shape (n,)
        Powers of two; 0 where the value is undefined on every machine.
    """
    undefined = np.isnan(measured)
    if (undefined.any(axis=0) != undefined.all(axis=0)).any():
        unsure = np.flatnonzero(undefined.any(axis=0) != undefined.all(axis=0))
        raise ValueError(
            f"undefined under some kinds of CPU only: {cases[unsure[0]]}: {names[unsure[0]]}"
        )
    filled = np.where(undefined, 0.0, measured)
    spread = filled.max(axis=0) - filled.min(axis=0)
    size = np.abs(filled[0])
    like = [
        f"{case} {re.sub(r'[0-9]+', '#', name)}" for case, name in zip(cases, names, strict=True)
    ]
    table = pd.DataFrame({"like": like, "spread": spread, "size": size})
    groups = table.groupby("like")
    peak = table["size"].where([name.startswith("sample ") for name in names], 0.0)
    peak = peak.groupby(table["like"]).transform("max").to_numpy()
    like_spread = groups["spread"].transform(lambda one: one.quantile(0.95)).to_numpy()
    allowed = np.maximum.reduce(
        [
            OWN * spread,
            np.minimum(LIKE * like_spread, MOST * size),
            RELATIVE * size,
            SCALE * groups["size"].transform("median").to_numpy(),
            SAMPLE * peak,
        ]
    )
    allowed[undefined.all(axis=0)] = 0.0
    return _powers_of_two(allowed)


def check_stated(
    subject: str,
    cases: Sequence[str],
    names: Sequence[str],
    measured: NDArray[np.float64],
    allowed: NDArray[np.float32],
) -> None:
    """Check that kinds of CPU move no value by more than half of the tolerance stated for it.

    Raises
    ------
    ValueError
        If one does, naming it.
    """
    undefined = np.isnan(measured)
    spread = np.nanmax(np.where(undefined, -np.inf, measured), axis=0) - np.nanmin(
        np.where(undefined, np.inf, measured), axis=0
    )
    spread = np.where(undefined.all(axis=0), 0.0, spread)
    spread = np.where(undefined.any(axis=0) & ~undefined.all(axis=0), np.inf, spread)
    bad = np.flatnonzero(spread > 0.5 * allowed)
    if len(bad):
        worst = bad[np.argmax(spread[bad])]
        raise ValueError(
            f"{subject}: kinds of CPU move {len(bad)} of {len(names)} values by more than half of "
            f"their tolerance; {cases[worst]}: {names[worst]} by {spread[worst]:.2g}, tolerance "
            f"{allowed[worst]:.2g}: choose data that are clearer, or a wider tolerance"
        )


def _powers_of_two(numbers: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round up, so that a file has few different tolerances and stays small."""
    with np.errstate(divide="ignore"):
        exponent = np.ceil(np.log2(numbers))
    return np.where(numbers > 0, np.exp2(np.maximum(exponent, -100)), 0.0).astype(np.float32)

"""Refusals of recordings whose samples are no sound, or too few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.audio.in_blocks.resampling import extremes, parts_of
from featser.errors import UnusableAudio

MIN_SECONDS = 0.1
_OVERLOADED = 4.0
_OUTLYING = 1000.0
"""Floating-point samples that are so many times louder than 99 in 100 are no sound."""
_OUTLYING_SHARE = 0.01

Samples = NDArray[np.float32]


def refuse_unusable(path: Path, mono: Samples, rate: int, channels: int) -> None:
    """Refuse a recording for any of the reasons below.

    Parameters
    ----------
    path : Path
        What the error names.
    mono : ndarray of float32, shape (n,)
        The samples.
    rate : int
        Samples per second.
    channels : int
        How many channels were averaged, for the error.

    Raises
    ------
    UnusableAudio
        If it is empty, too short, silent or damaged.
    """
    if not len(mono):
        refuse_little(path, 0, rate)
    refuse_not_numbers(path, mono)
    refuse_little(path, len(mono), rate)
    high, low = extremes(mono)
    refuse_overload(path, mono)
    refuse_silent(path, low, high, channels)


def refuse_little(path: Path, count: int, rate: int) -> None:
    """Refuse a recording that is empty or too short."""
    if count == 0:
        raise UnusableAudio(path, "holds no samples")
    if count < MIN_SECONDS * rate:
        raise UnusableAudio(
            path,
            f"too short: {1000 * count / rate:.0f} ms, {1000 * MIN_SECONDS:.0f} ms are needed",
        )


def refuse_not_numbers(path: Path, mono: Samples) -> None:
    """Refuse samples that are NaN or infinite."""
    n_finite = sum(int(np.isfinite(part).sum()) for part in parts_of(mono))
    if n_finite < len(mono):
        bad = len(mono) - n_finite
        raise UnusableAudio(path, f"{bad} of {len(mono)} samples are NaN or infinite")


def refuse_overload(path: Path, mono: Samples) -> None:
    """Refuse a recording of which a few samples are louder than any sound."""
    high, low = extremes(mono)
    peak = max(high, -low)
    if peak > _OVERLOADED and _share_from(mono, peak / _OUTLYING) < _OUTLYING_SHARE:
        raise UnusableAudio(path, f"damaged: a few samples reach {peak:.3g} times full scale")


def refuse_silent(path: Path, low: float, high: float, channels: int) -> None:
    """Refuse a recording whose samples are all alike."""
    if high - low < 1 / 32768:
        averaged = f" after averaging {channels} channels" if channels > 1 else ""
        raise UnusableAudio(path, f"silent{averaged}: every sample is about {low:.3g}")


def _share_from(samples: Samples, level: float) -> float:
    n_loud = sum(int(np.count_nonzero(np.abs(part) >= level)) for part in parts_of(samples))
    return n_loud / len(samples)

"""The descriptors by name, and the families that they are selected by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from featser.errors import FeatureError, unknown
from featser.features.lowlevel.descriptors import (
    CONTRAST_BANDS,
    N_MFCC,
    bandwidth,
    centroid,
    chroma,
    contrast,
    flatness,
    flux,
    logmel,
    mel,
    mfcc,
    peaks_and_valleys,
    rms,
    rolloff,
    slope,
    zcr,
)
from featser.features.lowlevel.filterbanks import N_MELS
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.spectrum import Spectrum, bank_power


@dataclass(frozen=True)
class Descriptor:
    """What a descriptor is called, how many values a frame has, their unit, and how to get them.

    ``source`` is the framewise function that it is computed from; None where it is one itself.
    """

    name: str
    size: int
    unit: str
    compute: Callable[[Spectrum], Floats]
    source: Callable[[Spectrum], Floats] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values: the name, numbered from 0 (as librosa's rows) if there are many."""
        if self.size == 1:
            return (self.name,)
        digits = len(str(self.size - 1))
        return tuple(f"{self.name}_{index:0{digits}}" for index in range(self.size))


DESCRIPTORS: dict[str, Descriptor] = {
    descriptor.name: descriptor
    for descriptor in (
        Descriptor("mfcc", N_MFCC, "dB", mfcc, bank_power),
        Descriptor("zcr", 1, "crossings/sample", zcr),
        Descriptor("rms", 1, "full scale", rms),
        Descriptor("chroma", 12, "1", chroma, bank_power),
        Descriptor("mel", N_MELS, "power", mel, bank_power),
        Descriptor("logmel", N_MELS, "dB", logmel, bank_power),
        Descriptor("centroid", 1, "Hz", centroid),
        Descriptor("bandwidth", 1, "Hz", bandwidth),
        Descriptor("rolloff", 1, "Hz", rolloff),
        Descriptor("contrast", CONTRAST_BANDS + 1, "dB", contrast, peaks_and_valleys),
        Descriptor("flatness", 1, "1", flatness),
        Descriptor("flux", 1, "1", flux),
        Descriptor("slope", 1, "dB/kHz", slope),
    )
}

FAMILIES: dict[str, tuple[str, ...]] = {
    "mfcc": ("mfcc",),
    "zcr": ("zcr",),
    "rms": ("rms",),
    "chroma": ("chroma",),
    "mel": ("mel",),
    "logmel": ("logmel",),
    "spectral": ("centroid", "bandwidth", "rolloff", "contrast", "flatness", "flux", "slope"),
}
"""The descriptors of each family, in the order of their values."""


def descriptors_of(families: Iterable[str]) -> tuple[Descriptor, ...]:
    """Return the descriptors of families, in order.

    Raises
    ------
    FeatureError
        If a family does not exist, or is named twice.

    Examples
    --------
    >>> [descriptor.names for descriptor in descriptors_of(["rms"])]
    [('rms',)]
    """
    named = tuple(families)
    for family in named:
        if family not in FAMILIES:
            raise FeatureError(unknown("descriptor family", family, FAMILIES))
        if named.count(family) > 1:
            raise FeatureError(f"descriptor family '{family}' is named {named.count(family)} times")
    return tuple(DESCRIPTORS[name] for family in named for name in FAMILIES[family])


def describe(spectrum: Spectrum, families: Iterable[str]) -> Floats:
    """Return all descriptors of families as one matrix.

    Parameters
    ----------
    spectrum : Spectrum
        The signal's spectrum.
    families : iterable of str
        Keys of :data:`FAMILIES`.

    Returns
    -------
    ndarray of float32, shape (d, frames)
        One contour in each row, in the order of :func:`contour_names`.
    """
    return np.vstack(list(description(spectrum, families)))


def description(spectrum: Spectrum, families: Iterable[str]) -> Iterator[Floats]:
    """Yield the rows of :func:`describe`: all of them, or, in blocks, one descriptor's at a time.

    Parameters
    ----------
    spectrum : Spectrum
        The signal's spectrum.
    families : iterable of str
        Keys of :data:`FAMILIES`.

    Yields
    ------
    ndarray of float32, shape (size, frames)
    """
    descriptors = descriptors_of(families)
    if spectrum.contours is None:
        yield np.vstack([one.compute(spectrum) for one in descriptors])
        return
    spectrum.prepare([one.source or one.compute for one in descriptors])
    for one in descriptors:
        yield np.atleast_2d(one.compute(spectrum))


def contour_names(families: Iterable[str]) -> tuple[str, ...]:
    """Names of the rows of :func:`describe`, such as ``mfcc_03`` or ``centroid``.

    Examples
    --------
    >>> contour_names(["zcr", "rms"])
    ('zcr', 'rms')
    """
    return tuple(name for one in descriptors_of(families) for name in one.names)

"""The 21 contours that families of the utterance's movement share, and the frames that sound.

They are ``descriptors`` on scales on which their changes compare: MFCC 0–12,
RMS as a level, flatness and flux as logarithms. Those of one signal are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.lowlevel import descriptors
from featser.features.lowlevel.blocks import by_rows, stacked
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.spectrum import AMIN, Spectrum, bank_power, decibels, spectrum_of

N_MFCC = 13
SOUNDING_DB = 40.0
"""A frame sounds if its level is at most this far below the loudest frame's."""

_LEAST_FLUX = 1e-4


@dataclass(frozen=True)
class Track:
    """A contour: what it is called, its unit, and its usual standard deviation in speech."""

    name: str
    unit: str
    spread: float


_MFCC_SPREADS = (100.0, 34.0, 18.0, 15.0, 12.0, 10.0, 9.0, 8.0, 8.0, 7.0, 6.5, 6.3, 6.0)

TRACKS = (
    *(Track(f"mfcc_{index:02}", "dB", spread) for index, spread in enumerate(_MFCC_SPREADS)),
    Track("level", "dB", 20.0),
    Track("centroid", "Hz", 1100.0),
    Track("bandwidth", "Hz", 550.0),
    Track("rolloff", "Hz", 1700.0),
    Track("log_flatness", "decades", 1.0),
    Track("log_flux", "decades", 0.3),
    Track("slope", "dB/kHz", 2.2),
    Track("zcr", "crossings/sample", 0.12),
)
"""The contours in order.

Spreads are rounded medians over recordings of acted speech (German, English, Bangla); they make
contours of different units comparable, and nothing is estimated from a user's data.
"""

TRACK_NAMES = tuple(track.name for track in TRACKS)
SPREADS: Floats = np.array([track.spread for track in TRACKS], np.float32)
SPREADS.setflags(write=False)
LEVEL = TRACK_NAMES.index("level")


def tracks_of(signal: Signal) -> Floats:
    """Return the contours of a signal: the same array for every caller while the signal lives.

    ``mfcc_00`` … ``mfcc_12``; ``level`` is the mean square of the frame in dB, floored like
    ``decibels``; ``log_flatness`` and ``log_flux`` are decimal
    logarithms (flux at least 1e-4, and so in a signal of one frame); the others as in
    :mod:`~featser.features.lowlevel.descriptors`.

    Returns
    -------
    ndarray of float32, shape (21, frames)
        Rows in the order of :data:`TRACKS`, read-only.
    """
    return signal.derived("tracks", lambda: _computed(spectrum_of(signal)))


_SOURCES = (
    *(bank_power, descriptors.rms, descriptors.centroid, descriptors.bandwidth),
    *(descriptors.rolloff, descriptors.flatness, descriptors.flux, descriptors.slope),
    descriptors.zcr,
)


def _computed(spectrum: Spectrum) -> Floats:
    spectrum.prepare(_SOURCES)
    flux = np.nan_to_num(descriptors.flux(spectrum), nan=0.0)
    tracks = stacked(
        [
            descriptors.mfcc(spectrum)[:N_MFCC],
            decibels(np.square(descriptors.rms(spectrum))),
            descriptors.centroid(spectrum),
            descriptors.bandwidth(spectrum),
            descriptors.rolloff(spectrum),
            np.log10(np.maximum(descriptors.flatness(spectrum), np.float32(AMIN))),
            np.log10(np.maximum(flux, np.float32(_LEAST_FLUX))),
            descriptors.slope(spectrum),
            descriptors.zcr(spectrum),
        ]
    )
    tracks.setflags(write=False)
    return tracks


def sounding(tracks: Floats) -> NDArray[np.bool_]:
    """Tell which frames sound: at most 40 dB below the loudest, shape (frames,).

    Pauses within and around the speech say more about the recording than about the voice.
    """
    level = tracks[LEVEL]
    result: NDArray[np.bool_] = level >= level.max() - SOUNDING_DB
    return result


def band_levels(bands: Floats) -> Floats:
    """Return the mean of each two neighbours of the 40 mel bands, shape (20, frames)."""
    return by_rows(_means_of_pairs, bands, multiple=2)


def _means_of_pairs(bands: Floats) -> Floats:
    means: Floats = bands.reshape(len(bands) // 2, 2, -1).mean(axis=1)
    return means

"""Shape of the magnitude spectrum of the 20 ms frames, up to 5 kHz.

Reference: F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set", IEEE Trans.
Affective Computing 7(2), 2016, section 3.
"""

from __future__ import annotations

import numpy as np

from featser.features.gemaps.framing import RATE, SHORT_FFT
from featser.features.lowlevel.frame_settings import Floats

BIN_HZ = RATE / SHORT_FFT
AMIN = np.float32(1e-14)
"""The least power with a level of its own: −140 dB."""

_AT_500, _AT_1000, _AT_1500 = 16, 32, 48
_AT_2000 = 64
_AT_5000 = 160


def level(power: Floats) -> Floats:
    """Level of each bin up to 1500 Hz in dB, −140 dB or more."""
    return np.asarray(10 * np.log10(np.maximum(power[:, : _AT_1500 + 1], AMIN)))


def slope(levels: Floats, first: int, last: int) -> Floats:
    """Slope of a straight line through the levels of the bins ``first`` to ``last``, in dB/Hz.

    The sums run over both end bins while their number is taken as ``last − first``, as in the
    reference implementation; the line is therefore not quite that of least squares, and silence
    (−140 dB throughout) has a slope: 0.112 below 500 Hz, 0.0764 from 500 to 1500 Hz.
    """
    hertz = np.arange(first, last + 1) * BIN_HZ
    count = last - first
    weights = (count * hertz - hertz.sum()) / (count * (hertz @ hertz) - hertz.sum() ** 2)
    return np.asarray(levels[:, first : last + 1] @ weights.astype(np.float32))


def slopes(power: Floats) -> tuple[Floats, Floats]:
    """Spectral slopes from 0 to 500 Hz and from 500 to 1500 Hz, in dB/Hz.

    Parameters
    ----------
    power : ndarray, shape (frames, 257)
        Squared magnitude of the spectrum.

    Returns
    -------
    two ndarrays, shape (frames,)
        About −0.1 to 0.2.
    """
    levels = level(power)
    return slope(levels, 0, _AT_500), slope(levels, _AT_500, _AT_1500)


def alpha_ratio(power: Floats) -> Floats:
    """Level of 1–5 kHz above the level of 0–1 kHz, in dB; 0 where either is silent.

    In the literature from 50 Hz; here from the first bin, as in the reference implementation.
    """
    low = power[:, :_AT_1000].sum(axis=1)
    high = power[:, _AT_1000 : _AT_5000 + 1].sum(axis=1)
    return _ratio_db(high, low)


def hammarberg_index(power: Floats) -> Floats:
    """Level of the strongest bin below 2 kHz above that of the strongest of 2–5 kHz, in dB.

    0 where either is silent.
    """
    low = power[:, :_AT_2000].max(axis=1)
    high = power[:, _AT_2000 : _AT_5000 + 1].max(axis=1)
    return _ratio_db(low, high)


def spectral_flux(magnitude: Floats) -> Floats:
    """Root mean square change of the magnitude since the frame before, over the bins to 5 kHz.

    Parameters
    ----------
    magnitude : ndarray, shape (frames, 257)
        Of the spectrum, full scale 1.

    Returns
    -------
    ndarray, shape (frames,)
        0 or more, and 0 for the first frame; full scale 1.
    """
    change = np.diff(magnitude[:, :_AT_5000], axis=0)
    result = np.zeros(len(magnitude), np.float32)
    result[1:] = np.sqrt(np.einsum("tk,tk->t", change, change) / _AT_5000)
    return result


def _ratio_db(above: Floats, below: Floats) -> Floats:
    both = (above > 0) & (below > 0)
    ratio = np.divide(above, below, out=np.ones_like(above), where=both)
    return np.asarray(10 * np.log10(ratio))

"""Speech as a telephone line leaves it: 300 to 3400 Hz, 8 bits at 8 kHz.

The band is that of ITU-T G.712, cut by a linear-phase filter whose delay is taken away; each
sample is then quantised by the logarithmic law of ITU-T G.711, µ (America, Japan) or A (elsewhere).
On the line speech has the level of −26 dB below full scale that ITU-T P.830 prescribes, so that a
quiet recording has no more quantisation noise than a loud one; afterwards it has its own again.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np

from featser.audio import Signal
from featser.augmentation.level import at_line_level
from featser.augmentation.result import Floats, altered, fitted

LAWS = {"mu": "ULAW", "a": "ALAW"}
RATE = 8000
BAND = (300.0, 3400.0)
TAPS = 255


def pass_telephone(signal: Signal, law: str) -> Signal:
    """Send speech through a telephone line.

    Parameters
    ----------
    signal : Signal
        Speech.
    law : str
        ``"mu"`` or ``"a"``.

    Returns
    -------
    Signal
        As long as the input and at its rate; nothing above 4 kHz is left.
    """
    from scipy.signal import oaconvolve

    narrow = signal.resampled(RATE).samples
    narrow = oaconvolve(narrow, _band_pass())[TAPS // 2 :][: len(narrow)]
    line = at_line_level(Signal(narrow, RATE))
    steps = np.rint(line.samples * np.float32(32768)).astype(np.int32)
    resampled = Signal(quantised(law)[steps + 32768], RATE).resampled(signal.rate)
    samples = resampled.samples / np.float32(line.gain * resampled.gain)
    return altered(signal, fitted(samples, len(signal.samples)))


@lru_cache(maxsize=1)
def _band_pass() -> Floats:
    """Taps of the filter: half the amplitude at the band's edges, 100 Hz from pass to stop."""
    from scipy.signal import firwin

    taps: Floats = firwin(TAPS, BAND, fs=RATE, pass_zero=False).astype(np.float32)
    return taps


@lru_cache(maxsize=2)
def quantised(law: str) -> Floats:
    """Return what G.711 makes of each 16-bit value, from −32768 up.

    Parameters
    ----------
    law : str
        ``"mu"`` or ``"a"``.

    Returns
    -------
    ndarray of float32, shape (65536,)
        As shares of full scale.
    """
    import soundfile

    coded = BytesIO()
    values = np.arange(-32768, 32768, dtype=np.int16)
    form = {"samplerate": RATE, "format": "RAW", "subtype": LAWS[law]}
    soundfile.write(coded, values, **form)
    coded.seek(0)
    decoded: Floats = soundfile.read(coded, dtype="float32", channels=1, **form)[0]
    return decoded

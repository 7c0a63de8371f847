"""What is measured of a window, to compare it with the training recordings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio import Signal
from featser.audio.silence import measure_silence
from featser.audit.measure.examination import clipped_share, level_between_silence
from featser.audit.measure.sketch import sketch

FACTS = ("level", "bandwidth", "clipped")
"""Those that :data:`~featser.models.abstention.measures.WINDOW_MEASURES` are computed from."""

Doubles = NDArray[np.float64]


def window_facts(signal: Signal) -> Doubles:
    """Measure a window as the audit measures a recording.

    Parameters
    ----------
    signal : Signal
        The window at the recording's own rate.

    Returns
    -------
    ndarray, shape (3,)
        :data:`FACTS`: level in dB re full scale between the silence at its edges, bandwidth in Hz,
        and the share of clipped samples.

    Examples
    --------
    >>> tone = 0.5 * np.sin(np.arange(32_000) * 0.5).astype(np.float32)
    >>> window_facts(Signal(tone, 16_000)).round(1).tolist()
    [-9.0, 1921.9, 0.0]
    """
    level = level_between_silence(signal, measure_silence(signal))
    return np.array([level, sketch(signal).bandwidth, clipped_share(signal.samples)])


def facts_of_windows(facts: Doubles) -> pd.DataFrame:
    """Return :func:`window_facts` of several windows, shape (n, 3), by name."""
    return pd.DataFrame(facts, columns=list(FACTS))

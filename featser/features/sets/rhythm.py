"""The rhythm of an utterance: its envelope, beats, pauses and stretches of voice."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.envelope import (
    BANDS_HZ,
    BEATS_HZ,
    STEP,
    beats,
    course,
    distribution,
    envelope_of,
    modulation,
    movement,
    pauses,
)
from featser.features.lowlevel.frame_settings import Floats
from featser.features.sets.gemaps_set import refuse_short

MIN_VOICED_FRAMES = 3

_STRETCHES = ("mean", "std", "max", "median")
NAMES = (
    *("seconds", "sounding", "sounding_share", "onset"),
    *("beat_rate", "beat_rate_sounding", "beat_interval", "beat_deviation", "beat_variation"),
    *("beat_npvi", "beat_prominence", "beat_prominence_deviation", "beat_share"),
    *("pause_rate", "pause_share", "pause_mean", "pause_max"),
    *("voiced_rate", "voiced_share"),
    *(f"voiced_{name}" for name in _STRETCHES),
    *(f"unvoiced_{name}" for name in _STRETCHES),
    *("attack_mean", "decay_mean", "attack_p90", "decay_p90", "rising_share"),
    *(f"modulation_{low:g}-{high:g}" for low, high in BANDS_HZ),
    "modulation_centroid",
    *("level_p05", "level_p10", "level_q25", "level_q75", "level_p90", "level_p95"),
    *("level_range_90", "level_std", "level_skewness", "level_kurtosis"),
    *("energy_centroid", "energy_spread", "energy_peak"),
    *(f"level_part_{part}" for part in range(1, 6)),
    "level_slope",
)


class Rhythm(Extractor):
    """Energy contour and rhythm: beats, pauses, attack and decay, modulation, balance in time.

    From the envelope, root mean square values of 5 ms each, of the part between the first and
    the last that sounds (``envelope_of``), and from the voiced
    frames of ``gemaps``. All but ``seconds`` is relative to the utterance's own level or length,
    or a rate; a change of the recording level changes nothing but what it does to the voicing
    decision of near silence.

    Sources: S. Greenberg and B. Kingsbury, ICASSP 1997 (modulation spectrum); E. Grabe and
    E. L. Low, "Durational variability in speech and the rhythm class hypothesis", 2002 (nPVI);
    S. Tilsen and A. Arvaniti, J. Acoust. Soc. Am. 134(1), 2013 (envelope rhythm).
    """

    version: ClassVar[int] = 1
    in_blocks = True
    libraries: ClassVar[tuple[str, ...]] = ("numba", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "rhythm"
        self.rate = RATE
        self.cost_ms = 6.7
        self.units = "s, 1/s, dB, dB/s, Hz, ratios"
        self.description = "beats, pauses, stretches of voice, envelope slopes and modulation"

    @property
    def params(self) -> dict[str, Any]:
        """The envelope's step, the band of beats and those of the modulation spectrum."""
        return {"step": STEP, "beats_hz": list(BEATS_HZ), "bands_hz": [list(b) for b in BANDS_HZ]}

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the set."""
        return ("rhythm", "energy")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names such as ``rhythm.beat_rate`` or ``rhythm.modulation_4-6``."""
        return tuple(f"rhythm.{name}" for name in NAMES)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the values.

        All of the envelope is NaN where every sample is 0. Without beats there is no prominence,
        with one there are no intervals, with two no nPVI; without (un)voiced stretches they have
        no lengths.

        Raises
        ------
        UnusableAudio
            If the signal is shorter than 60 ms.
        FeatureError
            If the signal has another rate.
        """
        self._check_rate(signal)
        refuse_short(signal, self.name)
        from featser.features.gemaps.gemaps_descriptors import contours_of

        table = dict.fromkeys(NAMES, np.nan) | {"seconds": signal.seconds}
        envelope = envelope_of(signal.samples)
        if envelope is not None:
            table |= pauses(envelope) | beats(envelope) | movement(envelope)
            table |= modulation(envelope) | distribution(envelope) | course(envelope)
        seconds = signal.seconds if envelope is None else envelope.sounding_seconds
        table |= stretches(contours_of(signal).voiced, seconds)
        return np.array([table[name] for name in NAMES], np.float32)


def stretches(voiced: NDArray[np.bool_], seconds: float) -> dict[str, float]:
    """Rate and lengths of voiced stretches, and lengths of the gaps between them.

    Parameters
    ----------
    voiced : ndarray of bool, shape (frames,)
        Every 10 ms.
    seconds : float
        To which the rate refers.

    Returns
    -------
    dict of str to float
        ``voiced_rate`` in 1/s, of stretches of three frames or more; ``voiced_share`` of frames;
        ``voiced_…`` lengths of those stretches and ``unvoiced_…`` of all gaps between voiced
        frames, in seconds.
    """
    from featser.features.gemaps.gemaps_descriptors import FRAME_RATE

    edges = np.flatnonzero(np.diff(np.concatenate(([False], voiced, [False]))))
    lengths = edges[1::2] - edges[::2]
    of_voice = lengths[lengths >= MIN_VOICED_FRAMES] / FRAME_RATE
    of_rest = (edges[2::2] - edges[1:-1:2]) / FRAME_RATE
    table = {"voiced_rate": len(of_voice) / seconds, "voiced_share": float(voiced.mean())}
    for name, lengths_s in (("voiced", of_voice), ("unvoiced", of_rest)):
        if len(lengths_s):
            values = (
                lengths_s.mean(),
                lengths_s.std(),
                lengths_s.max(),
                float(np.median(lengths_s)),
            )
            table |= dict(zip((f"{name}_{what}" for what in _STRETCHES), values, strict=True))
    return table

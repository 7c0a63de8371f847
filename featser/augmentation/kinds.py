"""The kinds of augmentation that exist, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featser.audio import Signal
from featser.augmentation.babble import add_babble
from featser.augmentation.codec import CODECS, GRADED, pass_codec
from featser.augmentation.devices.clipping import clip_peaks
from featser.augmentation.devices.far_microphone import move_away
from featser.augmentation.gain import change_gain
from featser.augmentation.noise import COLOURS, add_noise
from featser.augmentation.parameters import Choice, Count, Parameter, Quantity
from featser.augmentation.reverb import add_reverb
from featser.augmentation.stretch import shift_pitch, stretch_time
from featser.augmentation.telephone import LAWS, pass_telephone
from featser.augmentation.vocal_tract import warp_vocal_tract

Run = Callable[[Signal, Mapping[str, Any], np.random.Generator, Sequence[Signal]], Signal]


@dataclass(frozen=True)
class Kind:
    """A kind of augmentation.

    Attributes
    ----------
    name : str
        What the user types.
    description : str
        What it does, in a line.
    parameters : tuple of Parameter
        In alphabetical order.
    run : callable
        From a signal, a value for each parameter, a generator and donors to the altered signal.
    libraries : tuple of str
        The distributions that compute the samples; their versions enter the key.
    cost_ms : float
        Roughly what 3.5 s of speech at 16 kHz cost on one core, in milliseconds.
    chance : bool
        Whether two copies differ even where every parameter has a single value.
    version : int
        Raised whenever a change of the code changes samples.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    run: Run
    libraries: tuple[str, ...]
    cost_ms: float
    chance: bool = False
    version: int = 1


def _snr(low: float, high: float) -> Quantity:
    what = "active speech level over noise power"
    return Quantity("snr", (low, high), what, low=-20, high=60, unit="dB")


_KINDS = (
    Kind(
        "babble",
        "other utterances of the corpus, added",
        (
            _snr(10, 20),
            Count("talkers", 4, "how many other utterances", low=1, high=16),
        ),
        lambda signal, values, rng, donors: add_babble(signal, values["snr"], donors, rng),
        ("numpy", "scipy", "soxr"),
        2.0,
        chance=True,
    ),
    Kind(
        "clipping",
        "the peaks cut off, as of a recording that was too loud",
        (Quantity("db", (3, 12), "from the peak down to the limit", low=0, high=40, unit="dB"),),
        lambda signal, values, rng, donors: clip_peaks(signal, **values),
        ("numpy",),
        0.1,
    ),
    Kind(
        "codec",
        "encoded and decoded by a lossy codec",
        (
            Choice("name", "mp3", "the codec", options=tuple(CODECS)),
            Quantity(
                "quality",
                (0.1, 0.5),
                "of variable bit rates; 1 is the best",
                ("name", GRADED),
                low=0.01,
                high=1,
            ),
        ),
        lambda signal, values, rng, donors: pass_codec(signal, **values),
        ("numpy", "scipy", "soundfile", "soxr"),
        15.0,
    ),
    Kind(
        "far",
        "a microphone far away: a small room, pink noise and another level",
        (
            Quantity("db", (-20, -6), "change of level", low=-60, high=60, unit="dB"),
            Quantity("distance", (1, 3), "from talker to microphone", low=0.2, high=3, unit="m"),
            Quantity("rt60", (0.3, 0.8), "reverberation time", low=0.1, high=1.5, unit="s"),
            _snr(10, 20),
        ),
        lambda signal, values, rng, donors: move_away(signal, rng=rng, **values),
        ("numpy", "scipy"),
        3.5,
        chance=True,
    ),
    Kind(
        "gain",
        "louder or quieter, never clipped",
        (Quantity("db", (-6, 6), "change of level", low=-60, high=60, unit="dB"),),
        lambda signal, values, rng, donors: change_gain(signal, **values),
        ("numpy",),
        0.1,
    ),
    Kind(
        "noise",
        "Gaussian noise, added",
        (
            Choice("colour", "white", "of the noise", options=COLOURS),
            _snr(5, 20),
        ),
        lambda signal, values, rng, donors: add_noise(signal, rng=rng, **values),
        ("numpy", "scipy"),
        1.0,
        chance=True,
    ),
    Kind(
        "pitch",
        "all frequencies higher or lower, at the same speed",
        (Quantity("semitones", (-2, 2), "of shift", low=-12, high=12, unit="semitones"),),
        lambda signal, values, rng, donors: shift_pitch(signal, **values),
        ("numpy", "python-stretch", "soxr"),
        7.0,
    ),
    Kind(
        "reverb",
        "the sound of a small room",
        (
            Quantity("distance", (0.5, 2), "from talker to microphone", low=0.2, high=3, unit="m"),
            Quantity("rt60", (0.2, 0.6), "reverberation time", low=0.1, high=1.5, unit="s"),
        ),
        lambda signal, values, rng, donors: add_reverb(signal, rng=rng, **values),
        ("numpy", "scipy"),
        2.5,
        chance=True,
    ),
    Kind(
        "stretch",
        "faster or slower, at the same pitch",
        (Quantity("rate", (0.9, 1.1), "of speed; above 1 is faster", low=0.5, high=2),),
        lambda signal, values, rng, donors: stretch_time(signal, **values),
        ("numpy", "python-stretch"),
        6.5,
    ),
    Kind(
        "telephone",
        "300–3400 Hz, 8 bits at 8 kHz",
        (Choice("law", "mu", "of quantisation", options=tuple(LAWS)),),
        lambda signal, values, rng, donors: pass_telephone(signal, **values),
        ("numpy", "scipy", "soundfile", "soxr"),
        1.0,
    ),
    Kind(
        "vtl",
        "formants higher or lower, at the same pitch and speed",
        (Quantity("factor", (0.9, 1.1), "of the formants", low=0.8, high=1.25),),
        lambda signal, values, rng, donors: warp_vocal_tract(signal, **values),
        ("numpy", "scipy"),
        4.5,
    ),
)

KINDS = {kind.name: kind for kind in _KINDS}
"""For each name the kind of augmentation."""

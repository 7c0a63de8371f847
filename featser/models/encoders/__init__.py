"""Encoders of frames: one vector per utterance, such as Fisher vectors and i-vectors.

Each is a scikit-learn transformer of packed frames, fitted on the training fold; import
``make_encoder`` or the classes from here, and normalise their vectors by speaker, never the frames'
columns. It may import from ``features``, ``progress`` and the layers below.
"""

from __future__ import annotations

from collections.abc import Callable

from featser.errors import TaskError, unknown
from featser.models.encoders.bag import BagOfAudioWords
from featser.models.encoders.encoder import Encoder
from featser.models.encoders.fisher import FisherVectors
from featser.models.encoders.ivector import IVectors
from featser.models.encoders.supervector import Supervectors

__all__ = [
    "ENCODERS",
    "BagOfAudioWords",
    "FisherVectors",
    "IVectors",
    "Supervectors",
    "make_encoder",
]

Factory = Callable[[int, int, int], Encoder]


def make_encoder(spec: str, width: int, seed: int = 0) -> Encoder:
    """Build an unfitted encoder.

    Parameters
    ----------
    spec : str
        One of :data:`ENCODERS`, with a number after a colon in place of its default: components
        of the background model, or words of the codebook.
    width : int
        How many log-mel bands a frame has.
    seed : int
        Of everything random in it.

    Returns
    -------
    Encoder
        Its ``dimension`` is the length of its vectors.

    Raises
    ------
    TaskError
        If there is no such encoder, or its number is not a whole number above 1.

    Examples
    --------
    >>> make_encoder("fisher:32", width=40).dimension
    2560
    """
    name, colon, number = spec.partition(":")
    if name not in ENCODERS:
        raise TaskError(f"--encode: {unknown('encoder', name, ENCODERS)}")
    default, meaning, factory = ENCODERS[name]
    if not colon:
        return factory(default, width, seed)
    if not number.isdecimal() or int(number) < 2:
        raise TaskError(
            f"--encode '{spec}': after the colon stands {meaning}, a whole number above 1, "
            f"such as {name}:{default}"
        )
    return factory(int(number), width, seed)


def _fisher(number: int, width: int, seed: int) -> Encoder:
    return FisherVectors(width, number, min(20, width), random_state=seed)


def _supervector(number: int, width: int, seed: int) -> Encoder:
    return Supervectors(width, number, min(20, width), random_state=seed)


def _ivector(number: int, width: int, seed: int) -> Encoder:
    return IVectors(width, number, min(20, width), random_state=seed)


def _bag(number: int, width: int, seed: int) -> Encoder:
    return BagOfAudioWords(width, number, min(20, width), random_state=seed)


ENCODERS: dict[str, tuple[int, str, Factory]] = {
    "fisher": (64, "how many Gaussians its background model has", _fisher),
    "supervector": (64, "how many Gaussians its background model has", _supervector),
    "ivector": (64, "how many Gaussians its background model has", _ivector),
    "bag": (512, "how many words its codebook has", _bag),
}
"""Name → its number by default, what the number means, and how it is made of number, width and
seed."""

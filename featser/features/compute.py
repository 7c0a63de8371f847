"""The features of one utterance: decoded once, all extractors on it, refusals with their reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal, decode
from featser.errors import UnusableAudio
from featser.features.extractor import Extractor

Place = tuple[str, float | None, float | None]
"""A file, and the part of it in seconds; None for the recording's own ends."""

Refusal = tuple[str, float | None, float | None, str, str]
"""A place, the extractor (empty for the recording itself), and the reason."""


class Computed(NamedTuple):
    """What came of an utterance.

    Attributes
    ----------
    values : dict of str to ndarray of float32, shape (d,)
        By the extractor's spec; an extractor that refuses is absent.
    refusals : list of Refusal
        Why what is absent is absent.
    gain : float
        The smallest factor by which a signal was scaled.
    note : str
        What else decoding had to do to the recording: see :class:`featser.audio.Signal`.
    """

    values: dict[str, NDArray[np.float32]]
    refusals: list[Refusal]
    gain: float = 1.0
    note: str = ""


@dataclass(frozen=True)
class Alteration:
    """What makes an augmented copy of an utterance.

    Attributes
    ----------
    spec : str
        The augmentation.
    index : int
        Which copy, from 0.
    identity : str
        The utterance's key, which decides whatever is random.
    donors : tuple of Place
        What is mixed in.
    """

    spec: str
    index: int
    identity: str
    donors: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Utterance:
    """One recording, or a segment of one, or a copy of it, and the identity of its sound."""

    file: str
    key: str
    start: float | None = None
    end: float | None = None
    alteration: Alteration | None = None

    @property
    def where(self) -> Place:
        """File, start and end."""
        return self.file, self.start, self.end


Job = tuple[Utterance, list[str]]
"""An utterance, and the specs of the extractors that are wanted of it."""


class Step(Protocol):
    """What is told which step comes next."""

    def __call__(self, step: str, seconds: float) -> None:
        """Say that ``step`` begins, on so many seconds of audio."""


def _unsaid(step: str, seconds: float) -> None:
    """Tell nobody."""


def compute(utterance: Utterance, extractors: Sequence[Extractor], at: Step = _unsaid) -> Computed:
    """Compute all extractors on one utterance, decoding it once.

    Parameters
    ----------
    utterance : Utterance
        What to read.
    extractors : sequence of Extractor
        What to compute.
    at : callable
        Called before each step with its name, ``""`` for decoding and else the extractor's spec,
        and with the seconds of audio, 0 while they are not known.

    Returns
    -------
    Computed
        Nothing is raised: what cannot be computed is refused with its reason.
    """
    where = utterance.where
    at("", 0.0)
    try:
        decoded = _sound_of(utterance)
    except UnusableAudio as error:
        return Computed({}, [(*where, "", error.reason)])
    except Exception as error:  # such as a recording that does not fit into the memory
        what = "the decoder" if utterance.alteration is None else utterance.alteration.spec
        reason = f"{what} failed: {type(error).__name__}: {error}"
        return Computed({}, [(*where, "", reason)])
    values: dict[str, NDArray[np.float32]] = {}
    refusals: list[Refusal] = []
    signals: dict[tuple[int, float | None, float | None], Signal] = {}
    for extractor in extractors:
        at(extractor.spec, decoded.seconds)
        part = (extractor.rate, extractor.offset, extractor.duration)
        try:
            if part not in signals:
                signals[part] = _part(decoded, extractor, utterance.file)
            values[extractor.spec] = extractor(signals[part])
        except UnusableAudio as error:
            refusals.append((*where, extractor.spec, error.reason))
        except Exception as error:  # one recording never ends a run: it is listed with the cause
            reason = f"the extractor failed: {type(error).__name__}: {error}"
            refusals.append((*where, extractor.spec, reason))
    gain = min((signal.gain for signal in signals.values()), default=1.0)
    return Computed(values, refusals, gain, decoded.note)


def _sound_of(utterance: Utterance) -> Signal:
    signal = decode(*utterance.where)
    alteration = utterance.alteration
    if alteration is None:
        return signal
    from featser.features.augmentation.spec import parse_augmentation

    donors = [decode(*place) for place in alteration.donors]
    augmentation = parse_augmentation(alteration.spec)
    return augmentation.apply(signal, alteration.identity, alteration.index, donors)


def _part(decoded: Signal, extractor: Extractor, file: str) -> Signal:
    if extractor.offset is None and extractor.duration is None:
        return decoded.resampled(extractor.rate)
    offset = extractor.offset or 0.0
    cut = decoded.cut(offset, extractor.duration)
    if not len(cut.samples):
        raise UnusableAudio(
            file, f"too short: {decoded.seconds:.2f} s, {extractor.spec} begins at {offset:g} s"
        )
    return cut.resampled(extractor.rate)

"""The features of one utterance: decoded once, all extractors on it, refusals with their reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal, decode
from featser.audio.silence import trim_silence
from featser.corpora.utterances import Place, Utterance
from featser.errors import FeatserError, UnusableAudio
from featser.extraction.recording_needs import refuse_too_large
from featser.features.extractor import Extractor
from featser.features.file_features import checked_values, signal_part
from featser.workers.task import Step, failed, unobserved

Refusal = tuple[str, float | None, float | None, str, str]
"""File, start and end, the extractor (empty for the recording itself), and the reason."""


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


Job = tuple[Utterance, list[str]]
"""An utterance, and the specs of the extractors that are wanted of it."""


def compute(
    utterance: Utterance, extractors: Sequence[Extractor], at: Step = unobserved
) -> Computed:
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
    at("", 0.0)
    sounds, refusals = _sounds_of(utterance, extractors)
    where = utterance.where
    values: dict[str, NDArray[np.float32]] = {}
    signals: dict[tuple[bool, int, float | None, float | None], Signal] = {}
    for extractor in extractors:
        if extractor.trims not in sounds:
            continue
        decoded = sounds[extractor.trims]
        at(extractor.spec, decoded.seconds)
        part = (extractor.trims, extractor.rate, extractor.offset, extractor.duration)
        try:
            if part not in signals:
                signals[part] = signal_part(decoded, extractor, utterance.file)
            if signals[part].is_long:
                refuse_too_large(extractor, signals[part].seconds)
            values[extractor.spec] = checked_values(extractor, signals[part])
        except UnusableAudio as error:
            refusals.append((*where, extractor.spec, error.reason))
        except FeatserError as error:  # such as a full disk
            refusals.append((*where, extractor.spec, str(error)))
        except Exception as error:  # one recording never ends a run: it is listed with the cause
            reason = f"the extractor {failed(error)}"
            refusals.append((*where, extractor.spec, reason))
    gain = min((signal.gain for signal in signals.values()), default=1.0)
    note = next((sound.remark for sound in sounds.values()), "")
    return Computed(values, refusals, gain, note)


def _sounds_of(
    utterance: Utterance, extractors: Sequence[Extractor]
) -> tuple[dict[bool, Signal], list[Refusal]]:
    """Return the sound as it is, or without silence around it, or both, as extractors want it."""
    sounds: dict[bool, Signal] = {}
    refusals: list[Refusal] = []
    specs_by_trim = {
        trim: [e.spec for e in extractors if e.trims == trim] for trim in (False, True)
    }
    for trim, specs in specs_by_trim.items():
        if not specs:
            continue
        try:
            sounds[trim] = _sound_of(utterance, trim)
            continue
        except UnusableAudio as error:
            reason = error.reason
        except FeatserError as error:
            reason = str(error)
        except Exception as error:  # such as a recording that does not fit into the memory
            what = "the decoder" if utterance.alteration is None else utterance.alteration.spec
            reason = f"{what} {failed(error)}"
        refused = [""] if len(specs) == len(extractors) else specs
        refusals += [(*utterance.where, spec, reason) for spec in refused]
    return sounds, refusals


def _sound_of(utterance: Utterance, trim: bool) -> Signal:
    signal = _decoded(utterance.place, utterance.content, trim)
    alteration = utterance.alteration
    if alteration is None:
        return signal
    from featser.augmentation.spec import parse_augmentation

    contents = alteration.donor_contents or ("",) * len(alteration.donors)
    places = zip(alteration.donors, contents, strict=True)
    donors = [_decoded(place, content, trim) for place, content in places]
    augmentation = parse_augmentation(alteration.spec)
    return augmentation.apply(signal, alteration.identity, alteration.index, donors)


def _decoded(place: Place, content: str, trim: bool) -> Signal:
    """Decode a recording whose bytes are still those that it is known by."""
    signal = decode(*place)
    if content and (signal.facts is None or signal.facts.content != content):
        raise UnusableAudio(
            place[0], "the file changed while the command ran: run the command again"
        )
    return trim_silence(signal, place[0]) if trim else signal

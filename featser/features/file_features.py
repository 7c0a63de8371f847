"""The features of one recording: decoded once, every extractor on the part that it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from featser.audio import Signal, decode
from featser.audio.silence import trim_silence
from featser.errors import UnusableAudio
from featser.features.extractor import Extractor
from featser.features.lowlevel.frame_settings import Floats
from featser.workers.task import failed


def feature_names(extractors: Sequence[Extractor]) -> tuple[str, ...]:
    """Return the names of the values of several extractors, in order.

    A name that two extractors share, such as ``mfcc`` and ``trim:mfcc``, is preceded by the spec.

    Examples
    --------
    >>> from featser.features.registry import make_extractors
    >>> feature_names(make_extractors(["rms:basic", "trim:rms:basic"]))[:2]
    ('rms:basic.rms.mean', 'rms:basic.rms.std')
    """
    counts = Counter(name for extractor in extractors for name in extractor.names)
    return tuple(
        name if counts[name] == 1 else f"{extractor.spec}.{name}"
        for extractor in extractors
        for name in extractor.names
    )


def signal_part(decoded: Signal, extractor: Extractor, file: str) -> Signal:
    """Return the part of a recording that an extractor takes, at the extractor's rate.

    Raises
    ------
    UnusableAudio
        If the recording ends before that part begins.
    """
    if extractor.offset is None and extractor.duration is None:
        return decoded.resampled(extractor.rate)
    offset = extractor.offset or 0.0
    cut = decoded.cut(offset, extractor.duration)
    if not len(cut.samples):
        raise UnusableAudio(
            file, f"too short: {decoded.seconds:.2f} s, {extractor.spec} begins at {offset:g} s"
        )
    return cut.resampled(extractor.rate)


def checked_values(extractor: Extractor, signal: Signal) -> Floats:
    """Compute an extractor's values; an extractor of another package may return anything.

    Raises
    ------
    UnusableAudio
        If the extractor refuses the signal, or returns another number of values than it names.
    """
    values: Floats = np.asarray(extractor(signal), np.float32)
    if values.shape != (extractor.dimension,):
        raise UnusableAudio(
            "signal",
            f"the extractor returned values of shape {values.shape}, not ({extractor.dimension},); "
            f"report this to its author",
        )
    return values


def file_features(
    file: str | Path, extractors: Sequence[Extractor], channel: str = "mix"
) -> tuple[Floats, dict[str, str]]:
    """Compute the values of several extractors on one recording.

    Parameters
    ----------
    file : str or Path
        The recording, or its URL.
    extractors : sequence of Extractor
    channel : str
        As :func:`featser.audio.read_audio` reads it.

    Returns
    -------
    values : ndarray of float32, shape (d,)
        Those of all extractors, one after the other; NaN where one cannot be computed.
    errors : dict of str to str
        The reason by the extractor's spec; by ``""`` where the recording itself cannot be used.
    """
    values = np.full(sum(extractor.dimension for extractor in extractors), np.nan, np.float32)
    try:
        decoded = decode(file, channel=channel)
    except UnusableAudio as error:
        return values, {"": error.reason}
    errors: dict[str, str] = {}
    sounds = {False: decoded}
    parts: dict[tuple[bool, int, float | None, float | None], Signal] = {}
    last = 0
    for extractor in extractors:
        first, last = last, last + extractor.dimension
        part = (extractor.trims, extractor.rate, extractor.offset, extractor.duration)
        try:
            if extractor.trims not in sounds:
                sounds[True] = trim_silence(decoded, str(file))
            if part not in parts:
                parts[part] = signal_part(sounds[extractor.trims], extractor, str(file))
            values[first:last] = checked_values(extractor, parts[part])
        except UnusableAudio as error:
            errors[extractor.spec] = error.reason
        except Exception as error:  # one extractor does not end the computation of the others
            errors[extractor.spec] = f"the extractor {failed(error)}"
    return values, errors

"""What a page shows and plays of a recording: its picture, and on request its sound."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from featser.audio.decoding import decode
from featser.audio.signal import RATE, Signal
from featser.errors import FeatserError
from featser.reporting.exploration.recording_picture import RecordingPicture, recording_picture


@dataclass(frozen=True)
class Excerpt:
    """A recording, or a segment of one.

    Attributes
    ----------
    file : str
    start, end : float
        In seconds; NaN for the beginning and the end of the file.
    channel : str
        As :func:`featser.audio.decoding.read_audio` has it.
    """

    file: str
    start: float = math.nan
    end: float = math.nan
    channel: str = "mix"


@dataclass(frozen=True)
class RecordingMedia:
    """Picture and sound of a recording.

    Attributes
    ----------
    picture : RecordingPicture or None
    problem : str
        Why there is no picture; empty where there is one.
    audio : str
        FLAC as a data URI; empty where it was not asked for, or exceeds the limit.
    """

    picture: RecordingPicture | None
    problem: str = ""
    audio: str = ""


def recording_media(excerpt: Excerpt, with_audio: bool = False) -> RecordingMedia:
    """Read a recording, and draw it.

    Parameters
    ----------
    excerpt : Excerpt
    with_audio : bool
        Whether to return its sound: one channel, 16 bits, at the recording's own rate.

    Examples
    --------
    >>> recording_media(Excerpt("missing.wav")).problem
    'missing.wav: no such file'
    """
    start, end = (None if math.isnan(at) else at for at in (excerpt.start, excerpt.end))
    try:
        signal = decode(excerpt.file, start, end, excerpt.channel)
    except FeatserError as error:  # which the page states in place of the picture
        return RecordingMedia(None, str(error))
    picture = recording_picture(signal.resampled(RATE))
    return RecordingMedia(picture, "", _flac(signal) if with_audio else "")


def _flac(signal: Signal) -> str:
    import soundfile

    content = io.BytesIO()
    samples = np.clip(signal.samples, -1.0, 32767 / 32768)
    soundfile.write(content, samples, signal.rate, "PCM_16", format="FLAC")
    return f"data:audio/flac;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def within_limit(media: Sequence[RecordingMedia], limit_mb: float) -> list[RecordingMedia]:
    """Leave out the sounds that do not fit into a page any more; the first ones stay.

    Parameters
    ----------
    media : sequence of RecordingMedia
    limit_mb : float
        Of all sounds together, in millions of characters of the page.

    Examples
    --------
    >>> sounds = [RecordingMedia(None, "", "x" * 600_000)] * 2
    >>> [len(one.audio) for one in within_limit(sounds, 1.0)]
    [600000, 0]
    """
    left = limit_mb * 1e6
    chosen = []
    for one in media:
        fits = len(one.audio) <= left
        left -= len(one.audio) if fits else 0
        chosen.append(one if fits else replace(one, audio=""))
    return chosen

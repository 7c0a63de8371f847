"""Speech really encoded and decoded, in memory, by libsndfile.

What comes back is as long as what went in and in step with it: libsndfile leaves out the delay
that MP3 encoders add, Vorbis and adaptive PCM have none, GSM's frames keep their places. Speech is
encoded at −26 dB below full scale, as ITU-T P.830 prescribes, and has its own level afterwards: a
quiet recording suffers no more than a loud one.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from featser.audio import Signal
from featser.augmentation.level import at_line_level
from featser.augmentation.result import Floats, altered, fitted

MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_CHUNK = 65536


@dataclass(frozen=True)
class Codec:
    """How libsndfile names a codec, and what it takes.

    Attributes
    ----------
    format, subtype : str
        The container and the codec.
    rates : tuple of int
        The rates it works at, ascending; empty for any.
    graded : bool
        Whether it has a quality.
    """

    format: str
    subtype: str
    rates: tuple[int, ...] = ()
    graded: bool = False


CODECS = {
    "adpcm": Codec("WAV", "IMA_ADPCM"),
    "gsm": Codec("WAV", "GSM610", (8000,)),
    "mp3": Codec("MP3", "MPEG_LAYER_III", MPEG_RATES, graded=True),
    "ulaw": Codec("WAV", "ULAW", (8000,)),
    "vorbis": Codec("OGG", "VORBIS", MPEG_RATES, graded=True),
}
GRADED = tuple(name for name, codec in CODECS.items() if codec.graded)


def pass_codec(signal: Signal, name: str, quality: float | None = None) -> Signal:
    """Encode and decode a signal.

    Parameters
    ----------
    signal : Signal
        Any sound.
    name : str
        ``"gsm"`` (GSM 06.10 full rate at 8 kHz), ``"ulaw"`` (G.711 µ-law at 8 kHz), ``"adpcm"``
        (IMA adaptive differential PCM at the signal's rate), ``"vorbis"`` or ``"mp3"`` (at the
        signal's rate, or the next of MPEG's above it).
    quality : float, optional
        Of ``"vorbis"`` and ``"mp3"``, variable bit rate: from 0.01, the smallest file, to 1.

    Returns
    -------
    Signal
        As long as the input and at its rate.
    """
    codec = CODECS[name]
    whole = Signal(signal.samples, signal.rate).resampled(_rate(codec, signal.rate))
    line = at_line_level(whole)
    decoded = _decoded(_encoded(line, codec, quality), len(line.samples))
    resampled = Signal(decoded, line.rate).resampled(signal.rate)
    samples = resampled.samples / np.float32(whole.gain * line.gain * resampled.gain)
    return altered(signal, fitted(samples, len(signal.samples)))


def _rate(codec: Codec, rate: int) -> int:
    """Return the codec's rate that loses nothing of a signal, or its highest."""
    if not codec.rates:
        return rate
    return codec.rates[min(bisect_left(codec.rates, rate), len(codec.rates) - 1)]


def _encoded(signal: Signal, codec: Codec, quality: float | None) -> BytesIO:
    import soundfile

    grade: dict[str, Any] = {}
    if quality is not None:
        grade = {"compression_level": 1 - quality}
        if codec.subtype == "MPEG_LAYER_III":
            grade["bitrate_mode"] = "VARIABLE"
    file = BytesIO()
    with soundfile.SoundFile(
        file, "w", signal.rate, 1, codec.subtype, format=codec.format, **grade
    ) as sound:
        # libvorbis keeps each block that it is given on its stack.
        for first in range(0, len(signal.samples), _CHUNK):
            sound.write(signal.samples[first : first + _CHUNK])
    file.seek(0)
    return file


def _decoded(file: BytesIO, length: int) -> Floats:
    import soundfile

    with soundfile.SoundFile(file) as sound:
        samples: Floats = sound.read(length, dtype="float32")
    return fitted(samples, length)

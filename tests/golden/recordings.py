"""Recordings in many formats: lossless ones are written, lossy ones are stored as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.golden import signals

LOSSY_FOLDER = Path(__file__).parent / "data" / "audio"
"""Encoders of lossy formats give other bytes with every version, so their files are stored."""

LOSSY = {"speech.mp3": ("MP3", "MPEG_LAYER_III", 16_000), "speech.ogg": ("OGG", "VORBIS", 44_100)}


@dataclass(frozen=True)
class Recording:
    """A file, and how it is read.

    Attributes
    ----------
    file : Path
    rate : int
        At which it is read, in Hz.
    start, end : float or None
        The segment that is read, in seconds.
    """

    file: Path
    rate: int = signals.RATE
    start: float | None = None
    end: float | None = None


def write_recordings(folder: Path) -> dict[str, Recording]:
    """Write the lossless recordings, and return all by what they are cases of."""
    loud, noisy = signals.stored_signals()["loud"], signals.stored_signals()["noisy"]
    two = np.column_stack((loud[: len(noisy)], 0.5 * loud[: len(noisy)] + 0.2 * noisy))
    against = np.column_stack((noisy, -0.999 * noisy))
    wav, flac, aiff = "WAV", "FLAC", "AIFF"
    written = {
        "16-bit WAV": _write(folder / "a.wav", loud, 16_000, wav, "PCM_16"),
        "24-bit WAV, 44.1 kHz, two channels": _write(folder / "b.wav", two, 44_100, wav, "PCM_24"),
        "float WAV, 48 kHz, above full scale": _write(
            folder / "c.wav", 1.6 * loud, 48_000, wav, "FLOAT"
        ),
        "channels that cancel each other": _write(folder / "d.wav", against, 16_000, wav, "PCM_16"),
        "μ-law WAV, 8 kHz": _write(folder / "e.wav", noisy, 8_000, wav, "ULAW"),
        "AIFF, 22.05 kHz": _write(folder / "f.aiff", loud, 22_050, aiff, "PCM_16"),
        "FLAC, 32 kHz": _write(folder / "g.flac", loud, 32_000, flac, "PCM_24"),
    }
    cases = {name: Recording(file) for name, file in written.items()}
    whole = written["16-bit WAV"]
    cases["16-bit WAV read at 8 kHz"] = Recording(whole, 8_000)
    cases["16-bit WAV read at 22.05 kHz"] = Recording(whole, 22_050)
    cases["segment of a WAV"] = Recording(whole, start=0.2, end=0.8)
    cases["end of a FLAC"] = Recording(written["FLAC, 32 kHz"], start=0.21)
    for name in LOSSY:
        cases[name] = Recording(LOSSY_FOLDER / name)
    cases["segment of an MP3"] = Recording(LOSSY_FOLDER / "speech.mp3", start=0.2, end=0.7)
    return cases


def keep_lossy_recordings() -> None:
    """Encode the recordings that are stored."""
    LOSSY_FOLDER.mkdir(parents=True, exist_ok=True)
    speech = signals.stored_signals()["speech"][4_000:20_000]
    for name, (kind, subtype, rate) in LOSSY.items():
        soundfile.write(LOSSY_FOLDER / name, speech, rate, subtype=subtype, format=kind)


def _write(file: Path, samples: NDArray[np.floating], rate: int, kind: str, subtype: str) -> Path:
    soundfile.write(file, samples, rate, subtype=subtype, format=kind)
    return file

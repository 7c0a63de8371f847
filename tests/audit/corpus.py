"""A small synthetic corpus without faults, and how recordings are altered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr

from featser.audio import decode
from featser.corpora.synthetic.synthesizer import RATE

SPEAKERS = ("f1", "f2", "m1", "m2")
TAKES = ("1", "2", "3")


def write_corpus(demo: Path, folder: Path) -> pd.DataFrame:
    """Write 48 recordings like the demo corpus, and return their manifest (absolute paths).

    All have the same level and noise floor, which vary with emotion in the demo corpus.
    """
    rows = []
    rng = np.random.default_rng(0)
    for voice in sorted(demo.glob("*.flac")):
        speaker, emotion, intensity, take = voice.stem.split("-")
        if speaker not in SPEAKERS or intensity != "normal" or take not in TAKES:
            continue
        file = folder / f"{voice.stem}.wav"
        samples = decode(voice).samples
        samples = np.pad(0.05 / samples.std() * samples, RATE // 4)
        soundfile.write(file, samples + rng.normal(0, 0.001, len(samples)), RATE, subtype="PCM_16")
        gender = "female" if speaker[0] == "f" else "male"
        rows.append((str(file), speaker, emotion, gender))
    return pd.DataFrame(rows, columns=["file", "speaker", "emotion", "gender"])


def alter(file: str | Path, to: Path, change: Callable[[np.ndarray, int], np.ndarray]) -> str:
    """Rewrite a recording with changed samples and the same rate."""
    signal = decode(file)
    samples = change(signal.samples, signal.rate)
    soundfile.write(to, samples, signal.rate, subtype="PCM_16")
    return str(to)


Altered = tuple[str, np.ndarray, int, dict[str, object]]
COPIES: dict[str, Callable[[np.ndarray, int], Altered]] = {
    "mp3": lambda x, rate: (
        "MP3", soxr.resample(x, rate, 44_100), 44_100,
        {"bitrate_mode": "CONSTANT", "compression_level": 0.87},  # 64 kbit/s
    ),
    "ogg": lambda x, rate: ("OGG", x, rate, {"compression_level": 0.9}),
    "8 kHz": lambda x, rate: ("WAV", soxr.resample(x, rate, 8_000), 8_000, {}),
    "quieter": lambda x, rate: ("WAV", 0.25 * x, rate, {}),
    "padded": lambda x, rate: ("WAV", np.pad(x, (rate // 2, 100)), rate, {}),
    "cut": lambda x, rate: ("FLAC", x[rate // 10 :], rate, {}),
    "all": lambda x, rate: (
        "OGG", soxr.resample(0.5 * x[rate // 10 :], rate, 8_000), 8_000,
        {"compression_level": 0.9},
    ),
}  # fmt: skip
"""Alterations of real recordings: container, samples, rate, and the encoder's options."""


def altered_copy(file: str | Path, how: str, folder: Path) -> str:
    """Write an altered copy of a recording; ``how`` is a key of `COPIES`."""
    signal = decode(file)
    form, samples, rate, options = COPIES[how](signal.samples, signal.rate)
    path = folder / f"{Path(file).stem} {how}.{form.lower()}"
    soundfile.write(path, samples, rate, format=form, **options)
    return str(path)

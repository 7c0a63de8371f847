"""A small synthetic corpus without faults, and how recordings are altered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr

from featser.audio import decode
from featser.corpora.demo import demo_utterances
from featser.corpora.voice import RATE

SPEAKERS = ("f1", "f2", "m1", "m2")
TAKES = ("1", "2", "3")


def write_corpus(folder: Path) -> pd.DataFrame:
    """Write 48 voices of the demo corpus, and return their manifest (absolute paths).

    All have one level and one noise floor, which the demo corpus's emotions move a great deal.
    """
    rows = []
    rng = np.random.default_rng(0)
    for name, utterance in demo_utterances():
        speaker, emotion, intensity, take = name.split("-")
        if speaker not in SPEAKERS or intensity != "normal" or take not in TAKES:
            continue
        file = folder / f"{name}.wav"
        level = np.sqrt(np.mean(np.square(utterance.samples)))
        samples = np.pad(0.05 / level * utterance.samples, RATE // 8)
        soundfile.write(file, samples + rng.normal(0, 0.001, len(samples)), RATE, subtype="PCM_16")
        gender = "female" if speaker[0] == "f" else "male"
        rows.append((str(file), speaker, emotion, gender))
    return pd.DataFrame(rows, columns=["file", "speaker", "emotion", "gender"])


def alter(file: str | Path, to: Path, change: Callable[[np.ndarray, int], np.ndarray]) -> str:
    """Write a recording anew with its samples changed; its rate stays."""
    signal = decode(file)
    samples = change(signal.samples, signal.rate)
    soundfile.write(to, samples, signal.rate, subtype="PCM_16")
    return str(to)


def altered_copies(file: Path, folder: Path) -> dict[str, str]:
    """Write copies of a recording as they are met in the wild, by what was done to each."""
    signal = decode(file)
    x, rate = signal.samples, signal.rate
    cut = x[int(0.1 * rate) :]
    wide, narrow = soxr.resample(x, rate, 44_100), soxr.resample(x, rate, 8_000)
    copies = {
        "mp3": ("MP3", wide, 44_100, {"bitrate_mode": "CONSTANT", "compression_level": 0.87}),
        "ogg": ("OGG", x, rate, {"compression_level": 0.9}),
        "8 kHz": ("WAV", narrow, 8_000, {}),
        "quieter": ("WAV", 0.25 * x, rate, {}),
        "padded": ("WAV", np.pad(x, (rate // 2, 100)), rate, {}),
        "cut": ("FLAC", cut, rate, {}),
        "all": ("OGG", soxr.resample(0.5 * cut, rate, 8_000), 8_000, {"compression_level": 0.9}),
    }
    written = {}
    for name, (form, samples, its_rate, options) in copies.items():
        path = folder / f"{Path(file).stem} {name}.{form.lower()}"
        soundfile.write(path, samples, its_rate, format=form, **options)
        written[name] = str(path)
    return written

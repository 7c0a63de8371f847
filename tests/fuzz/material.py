"""Valid inputs that targets damage: synthetic voices, a store of their features, a model."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from featser.corpora.synthetic.demo_corpus import SPEAKERS, STYLES
from featser.corpora.synthetic.synthesizer import synthesise

RATE = 16_000
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "float.wav": ("WAV", "FLOAT"),
    "adpcm.wav": ("WAV", "IMA_ADPCM"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "aiff": ("AIFF", "PCM_16"),
}
FEATURE = "zcr:basic"


def voice(seed: int, speaker: str = "f1", emotion: str = "neutral") -> np.ndarray:
    """Return 0.8 s of a synthetic voice."""
    rng = np.random.default_rng(seed)
    spoken = synthesise(SPEAKERS[speaker], STYLES[emotion], rng, seconds=0.8)
    return np.asarray(spoken.samples)


@cache
def encoded(ending: str) -> bytes:
    """Return a synthetic voice as a file of a format, a key of :data:`FORMATS`."""
    container, subtype = FORMATS[ending]
    stream = io.BytesIO()
    soundfile.write(stream, voice(1), RATE, format=container, subtype=subtype)
    return stream.getvalue()


@cache
def corpus() -> Path:
    """Return a folder with a manifest ``m.csv`` of 32 voices, their features and a small model."""
    folder = Path(tempfile.mkdtemp(prefix="featser-fuzz-"))
    rows = []
    for speaker in ("f1", "f2", "m1", "m2"):
        for emotion in ("neutral", "angry"):
            for take in range(4):
                name = f"{speaker}-{emotion}-normal-{take + 1}.wav"
                soundfile.write(folder / name, voice(len(rows), speaker, emotion), RATE)
                rows.append({"file": name, "speaker": speaker, "emotion": emotion})
    pd.DataFrame(rows).to_csv(folder / "m.csv", index=False)
    _featser(folder, "extract", "m.csv", "-f", FEATURE, "--store", "store", "-j", "1")
    return folder


@cache
def model() -> bytes:
    """Return a bundle fitted on the corpus: a forest and boosted trees, which vote."""
    options = ("--store", "store", "--model", "forest,xgboost", "-o", "run")
    _featser(corpus(), "fit", *options, "-j", "1")
    return (corpus() / "run" / "model.featser").read_bytes()


def _featser(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "featser", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)

"""The signals whose values are pinned: stored as 16-bit samples, and regenerated to compare.

Extractors get the stored samples, so that a change of the demo voice, of NumPy's generators
or of the CPU changes no signal: a value that moves has moved because of the extractor.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from tests.golden import adapter

RATE = 16_000
FILE = Path(__file__).parent / "data" / "signals.npz"

MAN = {"f0": 118.0, "tract": 1.02, "rate": 4.2, "tilt": 0.58, "breath": 0.05}
WOMAN = {"f0": 224.0, "tract": 0.84, "rate": 4.9, "tilt": 0.42, "breath": 0.06}
BOY = {"f0": 290.0, "tract": 0.75, "rate": 4.5, "tilt": 0.5, "breath": 0.08}
CALM = {"range": 2.5, "energy": -2.0}
ANGRY = {"f0": 1.2, "range": 4.0, "rate": 1.2, "energy": 24.0, "tilt": -0.3, "breath": 0.5}
SAD = {"f0": 0.9, "range": 1.2, "rate": 0.8, "energy": -6.0, "tilt": 0.16, "breath": 2.5}


def make_signals() -> dict[str, NDArray[np.int16]]:
    """Generate the signals.

    Returns
    -------
    dict of str to ndarray of int16
        ``speech``: a man's voice with silence before and within it; ``loud``: an angry woman, near
        full scale; ``noisy``: 3 dB above the noise; ``whisper``: unvoiced throughout; ``short``:
        0.2 s of a boy; ``silent``: zeros, with the smallest possible sample here and there.
    """
    speech = adapter.speak(MAN, CALM, 1, seconds=2.1, snr=32.0)
    speech = np.concatenate((np.zeros(1920, np.float32), speech))
    signals = {
        "speech": speech,
        "loud": adapter.speak(WOMAN, ANGRY, 2, seconds=1.1, snr=25.0),
        "noisy": adapter.speak(MAN, SAD, 3, seconds=1.0, snr=3.0),
        "whisper": whisper(),
        "short": adapter.speak(BOY, CALM, 4, seconds=0.3, snr=20.0)[800:4000],
        "silent": silent(),
    }
    return {name: np.rint(samples * 32767).astype(np.int16) for name, samples in signals.items()}


def whisper() -> NDArray[np.float64]:
    """Noise in syllables, through two resonances that move from one to the next."""
    rng = np.random.default_rng(5)
    pieces = []
    for first, second in ((700, 1200), (400, 2100), (350, 900)):
        noise = rng.standard_normal(4000) * np.hanning(4000) ** 0.5
        for hertz in (first, second):
            pole = 0.97 * np.exp(2j * np.pi * hertz / RATE)
            noise = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], noise)
        pieces.append(0.1 * noise / np.sqrt(np.mean(noise**2)))
    return np.concatenate(pieces)


def silent() -> NDArray[np.float64]:
    samples = np.zeros(8000)
    samples[::97], samples[40::131] = 1 / 32767, -1 / 32767
    return samples


@cache
def stored_signals() -> dict[str, NDArray[np.float32]]:
    """Return the stored signals as extractors get them, between −1 and 1."""
    return {
        name: (samples / np.float32(32768)).astype(np.float32)
        for name, samples in stored_samples().items()
    }


@cache
def stored_samples() -> dict[str, NDArray[np.int16]]:
    with np.load(FILE) as archive:
        return {name: archive[name] for name in archive.files}


@cache
def checksum() -> str:
    """Return the checksum of the stored samples, which every golden file names."""
    digest = hashlib.sha256()
    for name, samples in sorted(stored_samples().items()):
        digest.update(name.encode() + samples.astype("<i2").tobytes())
    return digest.hexdigest()[:16]


def keep_signals() -> None:
    """Write the signals that the generator gives today."""
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, **make_signals())

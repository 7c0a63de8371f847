"""A little corpus of synthetic voices, as bytes to put anywhere."""

from __future__ import annotations

import io

import numpy as np
import soundfile

RATE = 16_000


def sound(pitch: float, seconds: float = 0.4) -> bytes:
    times = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(int(pitch)).normal(0, 0.01, len(times))
    held = io.BytesIO()
    voice = 0.3 * np.sin(2 * np.pi * pitch * times) + noise
    soundfile.write(held, voice, RATE, format="WAV", subtype="PCM_16")
    return held.getvalue()


def emodb(folder: str) -> dict[str, bytes]:
    """Names as EmoDB's, by location below a server."""
    names = [f"{speaker}a01{emotion}a.wav" for speaker in ("03", "08") for emotion in "FWN"]
    return {f"{folder}/{name}": sound(100 + 20 * n) for n, name in enumerate(names)}

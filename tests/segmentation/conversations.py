"""A short synthetic recording whose speech borders are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.corpora.synthetic.demo_corpus import SPEAKERS, STYLES
from featser.corpora.synthetic.synthesizer import FRAME, RATE, synthesise

LENGTHS_S = (1.2, 0.8, 2.0)
PAUSES_S = (1.0, 0.6, 1.5, 0.7)


@dataclass(frozen=True)
class Conversation:
    """Samples at 16 kHz, and the first and last second of each utterance in them."""

    samples: NDArray[np.float32]
    borders: list[tuple[float, float]]


def conversation(seed: int = 0) -> Conversation:
    """Return three utterances of three voices, with pauses before, between and after them."""
    parts, borders, count = [], [], 0

    def pause(seconds: float) -> int:
        parts.append(np.zeros(round(seconds * RATE), np.float32))
        return len(parts[-1])

    for number, (voice, length) in enumerate(zip(("f1", "m2", "f4"), LENGTHS_S, strict=True)):
        count += pause(PAUSES_S[number])
        rng = np.random.default_rng([seed, number])
        spoken = synthesise(SPEAKERS[voice], STYLES["neutral"], rng, seconds=length, snr=100)
        voiced = np.flatnonzero(~np.isnan(spoken.f0))
        samples = spoken.samples[voiced[0] * FRAME : (voiced[-1] + 1) * FRAME]
        borders.append((count / RATE, (count + len(samples)) / RATE))
        parts.append(samples)
        count += len(samples)
    pause(PAUSES_S[-1])
    return Conversation(np.concatenate(parts), borders)


def room(samples: NDArray[np.float32], level_db: float = -75.0) -> NDArray[np.float32]:
    """Return samples with white noise of a level re full scale."""
    rng = np.random.default_rng(9)
    noise = rng.standard_normal(len(samples), np.float32) * np.float32(10 ** (level_db / 20))
    return samples + noise

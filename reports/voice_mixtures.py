"""Synthetic recordings with known speech borders, and noises to mix into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, Signal, decode
from featser.audio.silence import trim_silence
from featser.corpora.synthetic.demo_corpus import INTENSITIES, SPEAKERS, STYLES, intensified, vary
from featser.corpora.synthetic.synthesizer import FRAME, synthesise

HALVES = (("f1", "f2", "m1", "m2"), ("f3", "f4", "m3", "m4"))
"""Voices of the demo corpus: constants were chosen on the first half, figures are of the second."""
PAUSES_S = (0.3, 2.5)
TALKERS = 6
"""Voices in babble."""

Samples = NDArray[np.float32]
Voice = Callable[[np.random.Generator], Samples]
"""Returns an utterance from its first to its last sound."""


@dataclass(frozen=True)
class Mixture:
    """A recording of speech, and a noise of the same power.

    Attributes
    ----------
    speech, noise : ndarray of float32, shape (n,)
        At 16 kHz. The power of the noise is that of the speech where there is some.
    is_speech : ndarray of bool, shape (n_frames,)
        For frames of 10 ms: from the first to the last sound of each utterance.
    """

    speech: Samples
    noise: Samples
    is_speech: NDArray[np.bool_]

    def at(self, snr: float) -> Signal:
        """Return the sum, with a signal-to-noise ratio in dB."""
        mixed = self.speech + self.noise * np.float32(10 ** (-snr / 20))
        return Signal(np.clip(mixed, -1, 1), RATE)


def demo_voice(speaker: str) -> Voice:
    """Return utterances of a voice of the demo corpus, without noise, from 1.2 to 3 s long."""

    def speak(rng: np.random.Generator) -> Samples:
        style = vary(intensified(rng.choice(list(STYLES)), rng.choice(list(INTENSITIES))), rng)
        seconds = rng.uniform(1.2, 3.0)
        spoken = synthesise(SPEAKERS[speaker], style, rng, seconds=seconds, snr=100)
        voiced = np.flatnonzero(~np.isnan(spoken.f0))
        return spoken.samples[voiced[0] * FRAME : (voiced[-1] + 1) * FRAME]

    return speak


def real_voice(files: Sequence[Path]) -> Voice:
    """Return recordings of a corpus at one level, without silence at their ends."""

    def speak(rng: np.random.Generator) -> Samples:
        samples = trim_silence(decode(files[rng.integers(len(files))])).resampled(RATE).samples
        return np.asarray(0.03 * samples / np.sqrt(np.mean(samples**2)), dtype=np.float32)

    return speak


def mixture(
    kind: str, voices: Sequence[Voice], others: Sequence[Voice], seed: int, seconds: float
) -> Mixture:
    """Return utterances with pauses between them, and a noise.

    Parameters
    ----------
    kind : str
        One of :data:`NOISES`.
    voices, others : sequence of callable
        Who speaks, and whose voices are the babble.
    seed : int
        Random seed.
    seconds : float
        The length.
    """
    rng = np.random.default_rng(seed)
    speech = np.zeros(round(seconds * RATE), np.float32)
    is_speech = np.zeros(len(speech) // FRAME, bool)
    first = _frames(rng, PAUSES_S)
    while True:
        spoken = voices[rng.integers(len(voices))](rng)
        last = first + -(-len(spoken) // FRAME)
        if last > len(is_speech):
            break
        speech[first * FRAME : first * FRAME + len(spoken)] = spoken
        is_speech[first:last] = True
        first = last + _frames(rng, PAUSES_S)
    noise = NOISES[kind](len(speech), others, rng)
    power = np.mean(np.square(speech[np.repeat(is_speech, FRAME)], dtype=np.float64))
    gain = np.sqrt(power / np.mean(np.square(noise, dtype=np.float64)))
    return Mixture(speech, np.asarray(noise * gain, dtype=np.float32), is_speech)


def _frames(rng: np.random.Generator, seconds: tuple[float, float]) -> int:
    return round(rng.uniform(*seconds) * RATE / FRAME)


def _white(length: int, others: Sequence[Voice], rng: np.random.Generator) -> Samples:
    del others
    return rng.standard_normal(length, np.float32)


def _babble(length: int, others: Sequence[Voice], rng: np.random.Generator) -> Samples:
    """Return several voices of equal power that speak without pauses."""
    total = np.zeros(length, np.float32)
    for talker in range(TALKERS):
        total += _endless(others[talker % len(others)], length, rng)
    return total


def _endless(voice: Voice, length: int, rng: np.random.Generator) -> Samples:
    def pieces() -> Iterator[Samples]:
        left = length
        while left > 0:
            spoken = voice(rng)
            left -= len(spoken)
            yield spoken / np.sqrt(np.mean(spoken**2))

    return np.concatenate(list(pieces()))[:length]


def _hum(length: int, others: Sequence[Voice], rng: np.random.Generator) -> Samples:
    """Return a mains hum of 50 Hz, which drifts by 0.05 %, with 12 harmonics and weak noise."""
    del others
    time = np.arange(length) / RATE
    turns = 2 * np.pi * np.cumsum(50 * (1 + 0.0005 * np.sin(0.2 * np.pi * time))) / RATE
    lines = [np.sin(k * turns + rng.uniform(0, 2 * np.pi)) / k for k in range(1, 13)]
    return np.asarray(np.sum(lines, axis=0) + 0.003 * rng.standard_normal(length), np.float32)


NOISES: dict[str, Callable[[int, Sequence[Voice], np.random.Generator], Samples]] = {
    "white": _white,
    "babble": _babble,
    "hum": _hum,
}

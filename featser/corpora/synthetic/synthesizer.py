"""A small source–filter voice: utterances whose every parameter is known.

Glottal flow pulses (Rosenberg's type C: A. E. Rosenberg, "Effect of glottal pulse shape on the
quality of natural vowels", JASA 49, 1971) with jitter, shimmer and breath noise pass a cascade
of formant resonators (D. H. Klatt, "Software for a cascade/parallel formant synthesizer",
JASA 67, 1980) and the radiation of the lips. It is no speech, but its fundamental frequency and
formants are declared, so that descriptors can be checked against them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

RATE = 16_000
"""Samples per second."""

FRAME = 160
"""Samples of a frame (10 ms), in which formants are constant and for which F0 is given."""

Array = NDArray[np.float64]

# F1–F3 in Hz of a male tract, after G. E. Peterson and H. L. Barney, JASA 24, 1952.
_VOWELS = np.array(
    [[730, 1090, 2440], [530, 1840, 2480], [300, 2290, 3010], [570, 840, 2410], [320, 870, 2240]]
)
_HIGHER = (3500.0, 4500.0)
_BANDWIDTHS = np.array([80.0, 100.0, 140.0, 220.0, 300.0])


@dataclass(frozen=True)
class Speaker:
    """A voice.

    Parameters
    ----------
    f0 : float
        Usual fundamental frequency in Hz.
    tract : float
        Length of the vocal tract relative to a man's; formants are divided by it.
    rate : float
        Syllables per second.
    tilt : float
        Spectral tilt: the pole of a one-pole low-pass on the source, 0 (bright) to below 1 (dull).
    breath : float
        Aspiration noise relative to the pulses.
    """

    f0: float
    tract: float = 1.0
    rate: float = 4.5
    tilt: float = 0.5
    breath: float = 0.05


@dataclass(frozen=True)
class Style:
    """How an emotion changes a voice; each field is a factor unless it says otherwise.

    Parameters
    ----------
    f0 : float
        Mean fundamental frequency.
    range : float
        Excursion of the fundamental frequency, in semitones.
    rate : float
        Syllables per second.
    energy : float
        Level, in dB.
    tilt : float
        Added to the speaker's tilt.
    breath : float
        Breath noise.
    """

    f0: float = 1.0
    range: float = 2.0
    rate: float = 1.0
    energy: float = 0.0
    tilt: float = 0.0
    breath: float = 1.0


@dataclass(frozen=True, eq=False)
class Utterance:
    """A synthetic utterance with the truth about it.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        The waveform at 16 kHz, inside [−1, 1].
    f0 : ndarray, shape (n_frames,)
        Fundamental frequency of each frame of 10 ms in Hz; NaN where nothing is voiced.
    formants : ndarray, shape (n_frames, 5)
        Resonance frequencies of each frame, in Hz.
    snr : float
        Level of the voice above the background noise, in dB.
    syllables : int
        Number of syllables.
    """

    samples: NDArray[np.float32]
    f0: Array
    formants: Array
    snr: float
    syllables: int

    @property
    def mean_f0(self) -> float:
        """Mean fundamental frequency of the voiced frames, in Hz."""
        return float(np.nanmean(self.f0))

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / RATE


def synthesise(
    speaker: Speaker,
    style: Style,
    rng: np.random.Generator,
    *,
    seconds: float = 1.4,
    vowels: tuple[int, ...] | None = None,
    snr: float | None = None,
    jitter: float = 0.01,
    shimmer: float = 0.05,
) -> Utterance:
    """Speak one utterance.

    Parameters
    ----------
    speaker : Speaker
        The voice.
    style : Style
        The manner.
    rng : numpy.random.Generator
        Source of everything that varies; the same state gives the same samples.
    seconds : float
        Duration; 0.3 or more.
    vowels : tuple of int, optional
        Vowel of each syllable (0 to 4: /a/, /ɛ/, /i/, /ɔ/, /u/), repeated as needed; drawn by
        ``rng`` when omitted.
    snr : float, optional
        Level above the background noise in dB; drawn from 15 to 35 when omitted.
    jitter, shimmer : float
        Standard deviation of a period's length and amplitude, relative to the mean.

    Returns
    -------
    Utterance
        Samples and truth.

    Raises
    ------
    ValueError
        If ``seconds`` is below 0.3.
    """
    if seconds < 0.3:
        raise ValueError(f"seconds is {seconds}: an utterance needs 0.3 or more")
    frames = round(seconds * RATE / FRAME)
    onsets, offsets = _rhythm(frames, speaker.rate * style.rate, rng)
    voicing = _voicing(frames, onsets, offsets, rng)
    formants = _formants(frames, onsets, vowels, speaker.tract, rng)
    contour = _contour(frames, onsets, speaker.f0 * style.f0, style.range, rng)
    source, f0 = _source(contour, speaker.breath * style.breath, jitter, shimmer, rng)
    tilt = float(np.clip(speaker.tilt + style.tilt, 0.0, 0.93))
    voiced = lfilter([1 - tilt], [1, -tilt], source * _upsample(voicing))
    voiced += _consonants(frames, onsets, rng)
    # The lips' radiation comes before the tract here: its high-pass takes away the flow's mean.
    voice = _resonate(np.asarray(lfilter([1, -0.97], [1], voiced)), formants)
    snr = float(rng.uniform(15, 35)) if snr is None else snr
    level = 10 ** ((style.energy - 36) / 20)
    samples = _mix(voice, snr, level, rng)
    f0_in_hz = np.where(voicing > 0.1, f0, np.nan)
    return Utterance(samples, f0_in_hz, formants, snr, len(onsets))


def _rhythm(
    frames: int, rate: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last frames of the syllables, with a pause among them now and then."""
    count = max(1, round(frames * FRAME / RATE * rate))
    lengths = rng.uniform(0.75, 1.25, count)
    gaps = rng.uniform(0.05, 0.2, count + 1)
    if count > 3:
        gaps[rng.integers(2, count - 1)] += rng.uniform(0.0, 0.8)
    marks = np.cumsum(np.column_stack((gaps[:-1], lengths)).ravel())
    marks = np.rint(marks / (marks[-1] + gaps[-1]) * frames).astype(np.int64)
    return marks[::2], marks[1::2]


def _voicing(
    frames: int, onsets: NDArray[np.int64], offsets: NDArray[np.int64], rng: np.random.Generator
) -> Array:
    """Amplitude of the voice in each frame, 0 to 1."""
    voicing = np.zeros(frames)
    for first, last, stress in zip(
        onsets, offsets, rng.uniform(0.6, 1.0, len(onsets)), strict=True
    ):
        voicing[first:last] = (
            stress * np.sin(np.pi * (np.arange(last - first) + 0.5) / (last - first)) ** 0.4
        )
    return voicing


def _formants(
    frames: int,
    onsets: NDArray[np.int64],
    vowels: tuple[int, ...] | None,
    tract: float,
    rng: np.random.Generator,
) -> Array:
    """Resonance frequencies in each frame, gliding from vowel to vowel."""
    drawn = rng.integers(0, len(_VOWELS), len(onsets))
    spoken = drawn if vowels is None else np.resize(np.array(vowels), len(onsets))
    targets = np.column_stack((_VOWELS[spoken], np.tile(_HIGHER, (len(onsets), 1)))) / tract
    if vowels is None:
        targets *= rng.normal(1.0, 0.03, targets.shape)
    time = np.arange(frames)
    tracks = [np.interp(time, onsets + 4, track) for track in targets.T]
    return np.asarray(np.minimum(np.column_stack(tracks), 0.46 * RATE))


def _contour(
    frames: int, onsets: NDArray[np.int64], mean: float, spread: float, rng: np.random.Generator
) -> Array:
    """Fundamental frequency of each frame: declination and an accent on each syllable, in Hz."""
    accents = rng.normal(0.0, 0.5, len(onsets)) + 0.3 * (-1.0) ** np.arange(len(onsets))
    semitones = np.interp(np.arange(frames), onsets, accents) + np.linspace(0.5, -0.5, frames)
    semitones -= semitones.mean()
    return np.clip(mean * 2 ** (spread * semitones / 12), 50.0, 600.0)


def _source(
    contour: Array, breath: float, jitter: float, shimmer: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Glottal flow with breath, and the fundamental frequency that it has in each frame."""
    step = np.interp(
        np.arange(len(contour) * FRAME) / FRAME - 0.5, np.arange(len(contour)), contour
    )
    step /= RATE
    cycles = int(step.sum() * 1.2) + 2
    cycle = np.minimum(np.cumsum(step).astype(np.int64), cycles - 1)
    step *= 1 + np.clip(rng.normal(0, jitter, cycles), -0.2, 0.2)[cycle]
    turns = np.cumsum(step)
    cycle = np.minimum(turns.astype(np.int64), cycles - 1)
    flow = _rosenberg(turns % 1.0)
    noise = rng.standard_normal(len(flow)) * (0.3 + flow)
    source = flow * (1 + np.clip(rng.normal(0, shimmer, cycles), -0.5, 0.5))[cycle] + breath * noise
    return source, step.reshape(-1, FRAME).mean(axis=1) * RATE


def _rosenberg(phase: Array, opening: float = 0.4, closing: float = 0.16) -> Array:
    """Rosenberg's pulse C: a raised cosine while the glottis opens, a cosine while it closes."""
    rise = 0.5 * (1 - np.cos(np.pi * phase / opening))
    fall = np.cos(np.pi * (phase - opening) / (2 * closing))
    return np.where(phase < opening, rise, np.where(phase < opening + closing, fall, 0.0))


def _consonants(frames: int, onsets: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """Bursts of high-passed noise before some of the syllables."""
    envelope = np.zeros(frames)
    for first in onsets[rng.random(len(onsets)) < 0.5]:
        envelope[max(0, first - 4) : first + 1] = rng.uniform(0.02, 0.06)
    noise = rng.standard_normal(frames * FRAME) * _upsample(envelope)
    return np.asarray(lfilter([1, -0.9], [1], noise))


def _upsample(values: Array) -> Array:
    """Values of frames, interpolated at the samples."""
    time = (np.arange(len(values) * FRAME) + 0.5) / FRAME - 0.5
    return np.asarray(np.interp(time, np.arange(len(values)), values))


def _resonate(source: Array, formants: Array) -> Array:
    """Pass the source through a cascade of resonators of unit gain at 0 Hz, frame by frame."""
    decay = np.exp(-np.pi * _BANDWIDTHS / RATE)
    poles = np.zeros((len(formants), formants.shape[1], 6))
    poles[:, :, 3] = 1.0
    poles[:, :, 4] = -2 * decay * np.cos(2 * np.pi * formants / RATE)
    poles[:, :, 5] = decay**2
    poles[:, :, 0] = poles[:, :, 3:].sum(axis=2)
    result = np.empty_like(source)
    state = np.zeros((formants.shape[1], 2))
    # Each section's last output is -state[:, 1] / decay². Keeping outputs, not states, where the
    # coefficients change is what avoids a click at every frame.
    moves = np.diff(poles[:, :, 4], axis=0, prepend=poles[:1, :, 4]) / decay**2
    for index, sections in enumerate(poles):
        state[:, 0] += moves[index] * state[:, 1]
        part = slice(index * FRAME, (index + 1) * FRAME)
        result[part], state = sosfilt(sections, source[part], zi=state)
    return result


def _mix(voice: Array, snr: float, level: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Set the voice's level (RMS), add background noise, and keep the peaks in range."""
    voice = voice * (level / np.sqrt(np.mean(voice**2)))
    noise = lfilter([1], [1, -0.7], rng.standard_normal(len(voice)))
    noise *= np.sqrt(np.mean(voice**2) / np.mean(noise**2)) * 10 ** (-snr / 20)
    mixed = voice + noise
    return np.asarray(mixed / max(1.0, np.abs(mixed).max() / 0.99), dtype=np.float32)

"""A small picture of a recording: waveform, spectrogram, and tracks of pitch and formants.

The spectrogram is a PNG of 16 grey levels, everything else are paths of SVG, so that sixty pictures
fit into a page of about a megabyte. Pitch has an axis of its own, as in Praat.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio.signal import RATE, Signal
from featser.features.gemaps.formants import TEXTBOOK
from featser.features.gemaps.framing import HOP, LONG, as_pcm
from featser.features.gemaps.gemaps_descriptors import contours
from featser.features.gemaps.names import VOICE

WIDTH, WAVE_HEIGHT, SPECTROGRAM_HEIGHT = 480, 48, 128
"""Of a picture, in pixels of its own; the page scales it."""
HIGHEST_HZ = 5000.0
"""Where the spectrogram ends."""
PITCH_HZ = (60.0, 600.0)
"""The axis of pitch, logarithmic."""
JUMP_OCTAVES = 0.4
"""So far pitch moves from frame to frame only where its octave was mistaken."""
LONGEST_S = 20.0
"""A picture shows no more of a recording."""
_DYNAMIC_DB = 60.0
_LEVELS = 16
_COLUMNS = 320
_N_FFT = 512
_WINDOW = 256
_FORMANTS = [VOICE.index(f"F{number}frequency") for number in (1, 2, 3)]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RecordingPicture:
    """What is drawn of a recording.

    Attributes
    ----------
    waveform : str
        The path of the highest and lowest samples, 0 to :data:`WIDTH` by 0 to
        :data:`WAVE_HEIGHT`.
    spectrogram : str
        A PNG as a data URI; dark is loud.
    pitch, formants : str
        Paths over the spectrogram, 0 to :data:`WIDTH` by 0 to :data:`SPECTROGRAM_HEIGHT`; empty
        where nothing is voiced.
    shown_s, seconds : float
        How much of the recording is drawn, and how long it is.
    pitch_range : tuple of float, or None
        The 5 % and 95 % quantiles of pitch, in Hz; None where nothing is voiced.
    """

    waveform: str
    spectrogram: str
    pitch: str
    formants: str
    shown_s: float
    seconds: float
    pitch_range: tuple[float, float] | None

    @property
    def description(self) -> str:
        """What the picture shows, for those who do not see it."""
        length = f"Waveform and spectrogram (0 to 5 kHz) of {self.seconds:.1f} s"
        if self.seconds > self.shown_s:
            length += f", of which the first {self.shown_s:.0f} s are drawn"
        if self.pitch_range is None:
            return f"{length}; no voiced frames."
        low, high = self.pitch_range
        return f"{length}; pitch mostly between {low:.0f} and {high:.0f} Hz."


def recording_picture(signal: Signal) -> RecordingPicture:
    """Draw a recording.

    Parameters
    ----------
    signal : Signal
        At 16 kHz, of 100 ms or more, as :func:`featser.audio.decoding.read_audio` gives it.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
    >>> picture = recording_picture(Signal(tone / 2, 16_000))
    >>> picture.description
    'Waveform and spectrogram (0 to 5 kHz) of 1.0 s; pitch mostly between 200 and 200 Hz.'
    >>> picture.spectrogram[:22]
    'data:image/png;base64,'
    """
    shown = signal.cut(0.0, LONGEST_S)
    samples, seconds = shown.samples, shown.seconds
    voices = contours(as_pcm(samples), TEXTBOOK, unvoiced=False)
    seconds_at = (np.arange(len(voices.hertz)) * HOP + LONG / 2) / RATE
    across = seconds_at / seconds * WIDTH
    is_voiced = voices.hertz > 0
    pitched = voices.hertz[is_voiced]
    return RecordingPicture(
        _waveform_path(samples),
        _spectrogram_png(samples),
        _pitch_lines(across, voices.hertz),
        _dots(across, voices.voice[:, _FORMANTS].astype(np.float64), is_voiced),
        seconds,
        signal.seconds,
        (float(np.quantile(pitched, 0.05)), float(np.quantile(pitched, 0.95)))
        if len(pitched)
        else None,
    )


def _waveform_path(samples: NDArray[np.float32]) -> str:
    """Return the outline: per pixel the highest sample, and back along the lowest ones."""
    edges = np.linspace(0, len(samples), WIDTH // 2 + 1).astype(int)
    firsts = np.minimum(edges[:-1], len(samples) - 1)
    scale = max(float(np.abs(samples).max()), 1e-9)
    middle = WAVE_HEIGHT / 2
    high = middle - np.maximum.reduceat(samples, firsts) / scale * middle
    low = middle - np.minimum.reduceat(samples, firsts) / scale * middle
    across = np.arange(len(firsts)) * 2
    points = [*zip(across, high, strict=True), *zip(across[::-1], low[::-1], strict=True)]
    return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points) + "Z"


def _spectrogram_png(samples: NDArray[np.float32]) -> str:
    """Return the spectrogram as a data URI: a wide band as in Praat, 60 dB below its peak."""
    from PIL import Image
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    padded = np.pad(samples, (0, max(0, _WINDOW - len(samples))))
    hop = max(16, int(np.ceil(len(padded) / _COLUMNS)))
    transform = ShortTimeFFT(hann(_WINDOW, sym=False), hop, RATE, mfft=_N_FFT)
    power = np.abs(transform.stft(padded)) ** 2
    bins = 1 + int(HIGHEST_HZ / RATE * _N_FFT)
    decibels = 10 * np.log10(power[:bins] + 1e-12)
    share = (decibels - decibels.max()) / _DYNAMIC_DB + 1
    grey = _LEVELS - 1 - np.clip(share * (_LEVELS - 1), 0, _LEVELS - 1).round()
    rows = np.ascontiguousarray(grey[::-1].astype(np.uint8))
    image = Image.frombytes("P", rows.shape[::-1], rows.tobytes())
    image.putpalette([level * 255 // (_LEVELS - 1) for level in range(_LEVELS) for _ in range(3)])
    content = io.BytesIO()
    image.save(content, "png", optimize=True, bits=4)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def _pitch_height(hertz: Floats) -> Floats:
    low, high = np.log(PITCH_HZ)
    share = (np.log(np.clip(hertz, *PITCH_HZ)) - low) / (high - low)
    return np.asarray((1 - share) * SPECTROGRAM_HEIGHT)


def _pitch_lines(across: Floats, hertz: Floats) -> str:
    """Return one line for each stretch without a jump, with a mark where it is a single frame."""
    height = _pitch_height(hertz)
    path = []
    for stretch in _unbroken(hertz):
        points = [f"{across[t]:.1f} {height[t]:.1f}" for t in stretch]
        path.append(f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h.1")
    return "".join(path)


def _unbroken(hertz: Floats) -> Iterator[range]:
    """Yield voiced stretches, divided where pitch jumps: no voice moves so far in one frame."""
    for stretch in _stretches(hertz > 0):
        octaves = np.log2(hertz[stretch.start : stretch.stop])
        jumps = 1 + np.flatnonzero(np.abs(np.diff(octaves)) > JUMP_OCTAVES)
        edges = [stretch.start, *(stretch.start + jumps).tolist(), stretch.stop]
        yield from map(range, edges[:-1], edges[1:])


def _stretches(is_voiced: NDArray[np.bool_]) -> Iterator[range]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_voiced, [False]]).astype(int)))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield range(first, end)


def _dots(across: Floats, formants: Floats, is_voiced: NDArray[np.bool_]) -> str:
    """Return a dot for each formant of each voiced frame; of long recordings of some frames."""
    frames = np.flatnonzero(is_voiced)
    frames = frames[:: 1 + len(frames) // 200]
    path = []
    for t in frames:
        for hertz in formants[t]:
            if 0 < hertz < HIGHEST_HZ:
                y = (1 - hertz / HIGHEST_HZ) * SPECTROGRAM_HEIGHT
                path.append(f"M{across[t]:.0f} {y:.0f}h.1")
    return "".join(path)

"""One short-time spectrum for all descriptors of a signal.

The frames are those of ``librosa.stft(y, n_fft=512, hop_length=160, win_length=400, center=True,
pad_mode="constant")``: frame ``t`` is centred on sample ``t · hop_length``, silence surrounds the
signal, and there are ``1 + n // hop_length`` of them. Here they lie in rows, ``(frames, bins)``,
because that is how the FFT writes them and how sums over frequency read them fastest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.errors import FeatureError
from featser.features.lowlevel.blocks import (
    BlockContours,
    FrameBlock,
    contour_array,
    frame_blocks,
    row_groups,
)
from featser.features.lowlevel.filterbanks import N_MELS, filterbanks, hann
from featser.features.lowlevel.frame_settings import DEFAULT, Floats, FrameSettings
from featser.features.lowlevel.frames import framed

AMIN = 1e-10
"""The least power that has a logarithm of its own: −100 dB (librosa's ``amin``)."""

TOP_DB = 80.0
"""How far below the utterance's maximum a level in dB may fall (librosa's ``top_db``)."""

# Frames transformed at a time: they and their FFT stay in the second-level cache, and a long
# recording needs no long buffers.
_BLOCK = 48

_KEPT_SETTINGS = 4


class Spectrum:
    """The short-time spectrum of one signal, computed once and shared.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The waveform: floats in [−1, 1], or signed integers, which are divided by their full
        scale, so that both give the same values.
    settings : FrameSettings
        How to cut it into frames.
    in_blocks : bool
        Whether descriptors are computed on blocks of frames, as for long signals.

    Raises
    ------
    FeatureError
        If the samples are not a vector of one or more finite numbers.

    Examples
    --------
    >>> Spectrum(np.ones(16_000, np.float32)).power.shape
    (101, 257)
    """

    def __init__(
        self,
        samples: NDArray[Any],
        settings: FrameSettings = DEFAULT,
        in_blocks: bool = False,
    ) -> None:
        self.settings = settings
        self.samples = samples if in_blocks else _as_floats(samples)
        self.derived_contours: dict[Descriptor, Floats] = {}
        self.contours: BlockContours[Spectrum] | None = None
        if in_blocks:
            self.contours = BlockContours(self._blocks, self._block, self.n_frames)

    @property
    def n_frames(self) -> int:
        """Number of frames, ``1 + n // hop_length``."""
        return 1 + len(self.samples) // self.settings.hop_length

    def prepare(self, descriptors: Sequence[Descriptor]) -> None:
        """Compute framewise descriptors that are needed next: in blocks, with one transform."""
        if self.contours is not None:
            self.contours.prepare(descriptors)

    def at(
        self, compute: Callable[[Spectrum, NDArray[np.int64]], Floats], frames: NDArray[np.int64]
    ) -> Floats:
        """Return what a function of a spectrum and chosen frames returns, shape (size, n)."""
        if self.contours is None:
            return compute(self, frames)
        return self.contours.at(compute, frames)

    def _blocks(self) -> Iterator[FrameBlock]:
        settings = self.settings
        # Half a window, and the frame before, which has half a window as well.
        context = 2 + settings.win_length // settings.hop_length
        return frame_blocks(self.n_frames, settings.hop_length, settings.win_length, context)

    def _block(self, block: FrameBlock) -> Spectrum:
        return Spectrum(self.samples[block.samples], self.settings)

    @cached_property
    def frames(self) -> Floats:
        """The samples under each window, not yet weighted: a view, shape (frames, win_length)."""
        return self._windows(np.float32)

    def _windows(self, dtype: type[np.floating[Any]]) -> NDArray[Any]:
        settings = self.settings
        half = settings.win_length // 2
        padded = np.zeros(len(self.samples) + 2 * half, dtype)
        padded[half : half + len(self.samples)] = self.samples
        return framed(padded, settings.win_length, settings.hop_length)

    @cached_property
    def power(self) -> Floats:
        """Squared magnitude of the short-time Fourier transform, shape (frames, bins).

        Transformed in float64 and kept in float32, as librosa does: a float32 transform raises
        the weakest bins of a frame, and with them the valleys of the spectral contrast, by up to
        10 dB on speech, for a third of a millisecond less.
        """
        settings = self.settings
        window = hann(settings.win_length)
        left = (settings.n_fft - settings.win_length) // 2
        power = np.empty((self.n_frames, settings.bins), np.float32)
        buffer, transform = _transform_buffers(settings)
        # In float64 from the start: to convert each window costs more than to convert the signal.
        windows = self._windows(np.float64)
        for start in range(0, self.n_frames, _BLOCK):
            frames = windows[start : start + _BLOCK]
            weighted, spectra = buffer[: len(frames)], transform[: len(frames)]
            np.multiply(frames, window, out=weighted[:, left : left + settings.win_length])
            np.fft.rfft(weighted, axis=1, out=spectra)
            parts = spectra.view(np.float64)
            np.square(parts, out=parts)
            np.add(parts[:, ::2], parts[:, 1::2], out=power[start : start + _BLOCK])
        return power

    @cached_property
    def magnitude(self) -> Floats:
        """Magnitude of the short-time Fourier transform, shape (frames, bins)."""
        return np.sqrt(self.power)

    @cached_property
    def total(self) -> Floats:
        """Sum of the magnitudes of each frame, shape (frames,); 1 where it is silent.

        So magnitudes over their total are all zeros there, as ``librosa.util.normalize`` leaves
        them.
        """
        total: Floats = self.magnitude.sum(axis=1)
        total[total < np.finfo(np.float32).tiny] = 1
        return total

    @cached_property
    def _banks(self) -> Floats:
        """Power in the mel bands and pitch classes."""
        return bank_power(self)

    @property
    def mel_power(self) -> Floats:
        """Power in :data:`N_MELS` bands of Slaney's mel scale, shape (40, frames)."""
        return self._banks[:N_MELS]

    @property
    def chroma_power(self) -> Floats:
        """Power in the twelve pitch classes, shape (12, frames)."""
        return self._banks[N_MELS:]

    @cached_property
    def mel_db(self) -> Floats:
        """Mel power in dB re 1, at most 80 dB below its maximum, shape (40, frames)."""
        return decibels(self.mel_power)


class WindowSpectrum(Spectrum):
    """The spectrum of a window of a longer signal, its frames taken from that signal's.

    Parameters
    ----------
    whole : Spectrum
        Of the longer signal.
    first : int
        The frame of it that the window begins with.
    samples : ndarray, shape (n,)
        The window.

    Examples
    --------
    >>> samples = np.ones(16_000, np.float32)
    >>> window = WindowSpectrum(Spectrum(samples), 10, samples[1_600:4_800])
    >>> np.array_equal(window.power, Spectrum(samples).power[10:31])
    True
    """

    def __init__(self, whole: Spectrum, first: int, samples: NDArray[Any]) -> None:
        super().__init__(samples, whole.settings)
        self._whole = whole
        self._rows = slice(first, first + self.n_frames)

    def shared(self, descriptor: Descriptor) -> Floats:
        """Return the window's part of a framewise descriptor of the longer signal."""
        values = self._whole.derived_contours
        if descriptor not in values:
            values[descriptor] = descriptor(self._whole)
        return np.ascontiguousarray(values[descriptor][..., self._rows])

    @cached_property
    def power(self) -> Floats:
        """Rows of the longer signal's, shape (frames, bins)."""
        return self._whole.power[self._rows]

    @cached_property
    def magnitude(self) -> Floats:
        """Rows of the longer signal's, shape (frames, bins)."""
        return self._whole.magnitude[self._rows]

    @cached_property
    def total(self) -> Floats:
        """Values of the longer signal's, shape (frames,)."""
        return self._whole.total[self._rows]


Descriptor = Callable[[Spectrum], Floats]
"""One value, or one vector, for each frame of a spectrum."""


def framewise(descriptor: Descriptor) -> Descriptor:
    """Let a descriptor be computed on blocks of frames where the spectrum is one in blocks.

    Parameters
    ----------
    descriptor : callable
        Its values depend on a frame and the one before it alone.
    """

    @wraps(descriptor)
    def contour(spectrum: Spectrum) -> Floats:
        if isinstance(spectrum, WindowSpectrum):
            return spectrum.shared(contour)
        if spectrum.contours is None:
            return descriptor(spectrum)
        return spectrum.contours.contour(contour)

    return contour


@framewise
def bank_power(spectrum: Spectrum) -> Floats:
    """Return both filterbanks' power in one matrix product, shape (52, frames)."""
    return filterbanks(spectrum.settings) @ spectrum.power.T


def spectrum_of(signal: Signal, settings: FrameSettings = DEFAULT) -> Spectrum:
    """Return the signal's spectrum: the same object for every caller while the signal lives.

    Raises
    ------
    FeatureError
        If the signal has another rate than the settings.
    """
    if signal.rate != settings.rate:
        raise FeatureError(
            f"signal at {signal.rate} Hz, expected {settings.rate} Hz: "
            f"use signal.resampled({settings.rate})"
        )
    return signal.derived((Spectrum, settings), lambda: _spectrum(signal, settings))


def _spectrum(signal: Signal, settings: FrameSettings) -> Spectrum:
    """Compute a signal's spectrum, or take that of a window from the longer signal."""
    if signal.window_of is not None:
        whole, first = signal.window_of
        if first % settings.hop_length == 0 and not whole.is_long:
            return WindowSpectrum(
                spectrum_of(whole, settings), first // settings.hop_length, signal.samples
            )
    return Spectrum(signal.samples, settings, signal.is_long)


_here = threading.local()


def _transform_buffers(
    settings: FrameSettings,
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Return the thread's own room for a block of weighted frames and of their transforms.

    The frames are zero outside the window and stay so: only the window is written.
    """
    buffers_of = _here.__dict__.setdefault("transform", {})
    if settings not in buffers_of:
        if len(buffers_of) == _KEPT_SETTINGS:
            buffers_of.clear()
        frames = np.zeros((_BLOCK, settings.n_fft))
        buffers_of[settings] = frames, np.empty((_BLOCK, settings.bins), np.complex128)
    buffers: tuple[NDArray[np.float64], NDArray[np.complex128]] = buffers_of[settings]
    return buffers


def decibels(power: Floats) -> Floats:
    """Level in dB re 1: at least −100 dB, and at most 80 dB below the greatest level.

    The same as ``librosa.power_to_db(power)``.

    Parameters
    ----------
    power : ndarray of float32
        Powers, 0 or more.

    Returns
    -------
    ndarray of float32
        The same shape, in dB.
    """
    level: Floats = contour_array(power.shape)
    greatest = []
    for rows in row_groups(power.shape):
        part = np.maximum(power[rows], np.float32(AMIN), out=level[rows])
        np.log10(part, out=part)
        part *= 10
        greatest.append(part.max())
    least = max(greatest) - np.float32(TOP_DB)
    for rows in row_groups(power.shape):
        np.maximum(level[rows], least, out=level[rows])
    return level


def _as_floats(samples: NDArray[Any]) -> Floats:
    samples = np.asarray(samples)
    if samples.ndim != 1 or len(samples) == 0:
        raise FeatureError(f"samples of shape {samples.shape}: expected one vector of them")
    if np.issubdtype(samples.dtype, np.signedinteger):
        full_scale = -float(np.iinfo(samples.dtype).min)
        return (samples / full_scale).astype(np.float32)
    if not np.issubdtype(samples.dtype, np.floating):
        raise FeatureError(f"samples of type {samples.dtype}: expected floats or signed integers")
    if not np.isfinite(samples).all():
        raise FeatureError("samples hold NaN or infinite values")
    return np.ascontiguousarray(samples, dtype=np.float32)

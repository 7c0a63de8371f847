"""A recording's samples in memory: mono float32 at one rate, cut and resampled from here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from featser.audio.facts import Facts
from featser.audio.in_blocks.resampling import extremes, resample, scaled

RATE = 16_000
"""The sampling rate, in Hz, at which features are computed unless an extractor says otherwise."""

PEAK = 32767 / 32768

LONG_S = 60.0
"""Recordings that last longer are decoded, resampled and described in blocks."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Signal:
    """Mono samples with their rate.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        The waveform, inside [−1, 32767/32768] when made by :func:`read_audio`.
    rate : int
        Samples per second.
    gain : float
        What the recording was multiplied by to keep its peaks in range; 1 if it needed nothing.
    note : str
        What else was done that the user should know; empty if nothing was.
    place : tuple or None
        File, start and end, as :func:`decode` was given them, of what these samples are all of;
        None for a part, an augmented copy, and samples that come from no file.
    facts : Facts or None
        What the file announced and what was decoded; None where ``place`` is.
    channel : str
        Which channel these samples are of: see :mod:`featser.audio.channels`.
    window_of : tuple of Signal and int, or None
        The longer signal that these samples were cut from by :meth:`windows`, and the first of them
        there. What is derived from a window may be taken from what the longer signal has.
    """

    samples: NDArray[np.float32]
    rate: int
    gain: float = 1.0
    note: str = ""
    place: tuple[str, float | None, float | None] | None = None
    facts: Facts | None = None
    channel: str = "mix"
    window_of: tuple[Signal, int] | None = field(default=None, repr=False)
    _derived: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is computed from the signal: the same object for all callers.

        It is computed once and lives as long as the signal. Threads that ask at the same time may
        compute it twice, but all receive the same object. A copy, a part and a pickled signal
        start without it.

        Parameters
        ----------
        key : hashable
            What it is, with the settings that it depends on.
        make : callable
            Computes it. Whoever changes the result in place changes it for all.

        Returns
        -------
        object
            What ``make`` returned to the first caller.

        Examples
        --------
        >>> signal = Signal(np.array([0.5, -1.0], np.float32), 16_000)
        >>> signal.derived("peak", lambda: float(np.abs(signal.samples).max()))
        1.0
        >>> signal.derived("peak", lambda: 2.0)
        1.0
        """
        if key not in self._derived:
            self._derived.setdefault(key, make())
        derived: T = self._derived[key]
        return derived

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "window_of": None, "_derived": {}}

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate

    @property
    def is_long(self) -> bool:
        """Whether it is computed in blocks: see :data:`LONG_S`."""
        return is_long(len(self.samples), self.rate)

    @property
    def remark(self) -> str:
        """What the user should know of it: its note, that its channels differ, its streams."""
        if self.facts is None:
            return self.note
        difference, stream = self.facts.difference, self.facts.stream
        parts = [self.note]
        if not self.note and difference is not None and difference.differs:
            parts = [str(difference)]
        if stream is not None:
            parts.append(
                f"it has {self.facts.streams} audio streams, and stream {stream} is used: choose "
                f"one with a column `stream` in the manifest, or with --channel {stream}/mix"
            )
        return "; ".join(part for part in parts if part)

    def cut(self, offset: float, duration: float | None = None) -> Signal:
        """Return the part that begins at ``offset`` and lasts ``duration`` at most, in seconds.

        It may be shorter than ``duration``, even empty, where the signal ends before.
        """
        first = int(offset * self.rate)
        last = None if duration is None else first + int(duration * self.rate)
        return Signal(
            self.samples[first:last], self.rate, self.gain, self.note, channel=self.channel
        )

    def windows(self, firsts: Iterable[int], length: int) -> Iterator[Signal]:
        """Cut windows of equal length that share what is derived frame by frame.

        Windows of two seconds each half second hold every frame four times. The spectrum and the
        pitch of a frame hardly depend on the window, so they are computed once, on this signal.
        Values differ from those of the window alone in the two spectral frames at either end, which
        reach into what is beside the window where the window alone has zeros, and where pitch is
        decided by its path through the frames before and after.

        Parameters
        ----------
        firsts : iterable of int
            The first sample of each window. Frames are shared by windows that begin at a multiple
            of the frames' hop (160 samples, 10 ms).
        length : int
            Samples of a window; fewer where this signal ends before.

        Yields
        ------
        Signal

        Examples
        --------
        >>> whole = Signal(np.zeros(48_000, np.float32), 16_000)
        >>> [window.seconds for window in whole.windows([0, 16_000], 32_000)]
        [2.0, 2.0]
        """
        for first in firsts:
            samples = np.ascontiguousarray(self.samples[first : first + length])
            yield Signal(
                samples, self.rate, self.gain, self.note, None, None, self.channel, (self, first)
            )

    def resampled(self, rate: int) -> Signal:
        """Return the signal at another rate, its peaks inside [−1, 32767/32768].

        Parameters
        ----------
        rate : int
            Samples per second.

        Returns
        -------
        Signal
            Resampled by soxr's HQ filter where the rate differs, and scaled where it overshoots.
        """
        samples = self.samples
        if rate != self.rate and self.is_long:
            samples = resample(samples, self.rate, rate)
        elif rate != self.rate:
            import soxr

            samples = soxr.resample(samples, self.rate, rate, quality="HQ")
        gain = peak_gain(samples)
        if gain < 1:
            samples = scaled(samples, gain) if self.is_long else samples * np.float32(gain)
        segment = np.ascontiguousarray(samples, dtype=np.float32)
        return Signal(
            segment, rate, self.gain * gain, self.note, self.place, self.facts, self.channel
        )


def is_long(n_samples: int, rate: int) -> bool:
    """Return whether so many samples last longer than :data:`LONG_S`."""
    return n_samples > longest_at_once(rate)


def longest_at_once(rate: int) -> int:
    """Return the number of samples that last :data:`LONG_S`."""
    return int(LONG_S * rate)


def peak_gain(samples: NDArray[np.float32]) -> float:
    """Return what samples are multiplied by to lie inside [−1, 32767/32768]; 1 if they do."""
    high, low = extremes(samples)
    gain = 1.0
    if high > PEAK:
        gain = PEAK / high
    if low < -1:
        gain = min(gain, -1 / low)
    return gain

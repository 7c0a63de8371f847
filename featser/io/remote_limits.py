"""How much time and space a remote file may take, and who watches over it while it comes.

A server may be slow, send without end, or announce one size and send another. So every download
is watched while it comes: how long it has taken, how fast it is, and how large it has become.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from featser.errors import FeatserError, UnusableAudio

FILE_SECONDS = 600.0
"""Seconds that one file may take in all, tries included; ``FEATSER_REMOTE_SECONDS`` sets it."""
FILE_BYTES = 1_000_000_000
"""Bytes that one file may have; ``FEATSER_REMOTE_BYTES`` sets it."""
CACHE_BYTES = 5_000_000_000
"""Bytes that the copies may have together; ``FEATSER_CACHE_BYTES`` sets it."""

SLOW_BYTES_PER_SECOND = 2_000
"""A server that is slower on average, after ``SLOW_SECONDS``, is given up."""
SLOW_SECONDS = 20.0
LOOK_BYTES = 16_000_000
"""After so many further bytes it is checked whether the folder of copies has room for more."""


def file_seconds() -> float:
    """Return how long one file may take."""
    return _setting("FEATSER_REMOTE_SECONDS", FILE_SECONDS, "seconds")


def file_bytes() -> int:
    """Return how large one file may be: no larger than all copies together."""
    return min(int(_setting("FEATSER_REMOTE_BYTES", FILE_BYTES, "bytes")), cache_bytes())


def cache_bytes() -> int:
    """Return how large all copies together may be."""
    return int(_setting("FEATSER_CACHE_BYTES", CACHE_BYTES, "bytes"))


def _setting(name: str, default: float, unit: str) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise FeatserError(f"{name} is '{text}': write a number of {unit} above 0, or unset it")
    return value


def _nothing() -> None:
    pass


@dataclass
class Watch:
    """What stops one download that takes too long or becomes too large.

    Parameters
    ----------
    url : str
        The file, for errors.
    seconds : float
        How long it may take, if less than :func:`file_seconds`.
    look : callable
        Called now and then while bytes come; raises where there is no room for more.
    """

    url: str
    seconds: float = float("inf")
    look: Callable[[], None] = _nothing
    _start: float = field(default_factory=monotonic)
    _limit: int = field(default_factory=file_bytes)
    _came: int = 0
    _looked: int = 0

    def __post_init__(self) -> None:
        self.seconds = min(self.seconds, file_seconds())

    @property
    def seconds_left(self) -> float:
        """Seconds until the file has taken too long; not above 0 once it has."""
        return self._start + self.seconds - monotonic()

    def begin(self, size: int | None) -> None:
        """Refuse a file that announces too many bytes; count from 0 again."""
        self._came = self._looked = 0
        if size is not None and size > self._limit:
            raise self._too_large(f"has {size:,} bytes")

    def see(self, n_bytes: int) -> None:
        """Count bytes that came, and raise UnusableAudio where a limit is exceeded."""
        self._came += n_bytes
        if self._came > self._limit:
            raise self._too_large("sends more bytes")
        taken = self.seconds - self.seconds_left
        if taken > self.seconds:
            raise self.too_long()
        if taken > SLOW_SECONDS and self._came < taken * SLOW_BYTES_PER_SECOND:
            raise UnusableAudio(
                self.url,
                f"the server is too slow: {self._came:,} bytes in {taken:.0f} s; download the "
                f"file by other means and name its path",
            )
        if self._came - self._looked > LOOK_BYTES:
            self._looked = self._came
            self.look()

    def too_long(self) -> UnusableAudio:
        """Return the error of a file that took too long."""
        return UnusableAudio(
            self.url,
            f"the server took more than {self.seconds:g} s (FEATSER_REMOTE_SECONDS sets how long a "
            f"download may take)",
        )

    def _too_large(self, what: str) -> UnusableAudio:
        return UnusableAudio(
            self.url,
            f"{what}, more than the {self._limit:,} that one file may have (FEATSER_REMOTE_BYTES "
            f"and FEATSER_CACHE_BYTES set this)",
        )

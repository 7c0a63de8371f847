"""What a task may use: seconds for each of its steps, and memory."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from featser.errors import FeatserError

TIMEOUT = 60.0
"""Seconds that a step may take, however short the recording; a third more for each of audio."""

START_SECONDS = 900.0
"""Seconds for what precedes the work on recordings: imports, compilation, loading of models.

They are many, since a loaded machine may give a worker a tenth of a core while it compiles.
"""

LONGEST_ALARM = 1e8
_CGROUP_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Limits:
    """Limits of the tasks in a worker process.

    Parameters
    ----------
    timeout : float
        Seconds that a step may take, and a third of that more for each second of audio. Seconds in
        which the calling process is stopped do not count.
    memory_bytes : int, optional
        Bytes that a worker process may allocate; by default what this machine has.

    Raises
    ------
    FeatserError
        If a limit is not positive.

    Examples
    --------
    >>> Limits(timeout=6).step_seconds(3.0)
    12.0
    """

    timeout: float = TIMEOUT
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise FeatserError(f"timeout {self.timeout:g}: the seconds must be more than 0")
        if self.memory_bytes is not None and self.memory_bytes <= 0:
            raise FeatserError(f"memory_bytes {self.memory_bytes}: must be more than 0")

    def step_seconds(self, audio_seconds: float) -> float:
        """Return the seconds that a step may take on so many seconds of audio."""
        return self.timeout * (1 + audio_seconds / 3)


def limit_memory(memory_bytes: int | None = None) -> None:
    """Let allocations of this process fail beyond a limit, instead of exhausting the machine.

    Parameters
    ----------
    memory_bytes : int, optional
        By default what this machine, or the container, has. A lower limit of the system stays.

    Notes
    -----
    The limit holds for memory that is written (``RLIMIT_DATA``, which Linux applies to all private
    allocations), not for address space that libraries only reserve. Systems without such a limit
    ignore it.
    """
    if sys.platform == "win32":
        return
    import resource

    requested = memory_bytes or available_memory()
    if requested is None:
        return
    with suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (soft, hard, requested) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))


def available_memory() -> int | None:
    """Return the bytes of memory that this machine, or the container, has; None if unknown."""
    sizes = []
    with suppress(AttributeError, OSError, ValueError):
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for name in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # the file is absent, or says "max"
            sizes.append(int(Path("/sys/fs/cgroup", name).read_text(encoding="ascii")))
    return min((size for size in sizes if size > 0), default=None)


def set_alarm(seconds: float) -> None:
    """Let the system end this process after so many seconds; 0 withdraws that.

    It does so even in a C call that never returns to Python.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, min(seconds, LONGEST_ALARM))

"""How long work tells how far it is, without knowing who shows it.

A step asks :func:`stage` for what to call with the units done and in all. Who wants to show it
(the command line, a notebook) opens :func:`shown_by`; without that nothing is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Progress(Protocol):
    """What a long step calls as it goes."""

    def __call__(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` units are finished."""


class Display(Protocol):
    """What shows the progress of steps."""

    def __call__(self, step: str) -> Progress:
        """Return what the step calls with the units done and in all."""

    def say(self, line: str) -> None:
        """Show a line about a step that has ended."""


def silent(done: int, total: int) -> None:
    """Show nothing."""


_display: ContextVar[Display | None] = ContextVar("display", default=None)


def stage(step: str) -> Progress:
    """Return what a step calls as it goes.

    Parameters
    ----------
    step : str
        What the reader sees, such as ``Extracting features``.

    Examples
    --------
    >>> stage("Extracting features")(1, 10)  # nothing is shown without a display
    """
    display = _display.get()
    return silent if display is None else display(step)


def announce(line: str) -> None:
    """Show a line about a step that has ended, if there is a display."""
    display = _display.get()
    if display is not None:
        display.say(line)


def is_shown() -> bool:
    """Return whether there is a display."""
    return _display.get() is not None


@contextmanager
def shown_by(display: Display) -> Iterator[None]:
    """Show the progress of every step in the block by a display."""
    token = _display.set(display)
    try:
        yield
    finally:
        _display.reset(token)

"""A task for a worker process, and what comes of one that gives no result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol


class Step(Protocol):
    """What a task calls before each of its steps, so that the caller knows where it is."""

    def __call__(self, name: str, seconds: float, limit: float | None = None) -> None:
        """Begin a step.

        Parameters
        ----------
        name : str
            The step.
        seconds : float
            The seconds of audio it works on, which lengthen its time limit; 0 if unknown.
        limit : float, optional
            The step's time limit in seconds, where it does not depend on the audio.
        """


Task = Callable[[Any, Step], Any]
"""A function of a module, called with one argument and a :class:`Step`.

No time limit but that for the start holds until the task begins its first step.
"""


def unobserved(name: str, seconds: float, limit: float | None = None) -> None:
    """Begin a step that nobody observes: the :class:`Step` of tasks run in the same process."""


@dataclass(frozen=True)
class Failure:
    """Why a task gave no result.

    Attributes
    ----------
    step : str
        The step it was at; empty if it had begun none.
    kind : {'crash', 'timeout', 'error'}
        Whether its process ended, took too long, or the task raised an exception.
    what : str
        What happened, as the end of a sentence: ``"crashed (signal SIGSEGV)"``.
    """

    step: str
    kind: Literal["crash", "timeout", "error"]
    what: str

    def reason(self, subject: str) -> str:
        """Return a sentence that says what happened to a subject.

        Examples
        --------
        >>> Failure("", "crash", "crashed (signal SIGSEGV)").reason("the decoder")
        'the decoder crashed (signal SIGSEGV)'
        """
        prefix = "given up: " if self.kind == "timeout" else ""
        return f"{prefix}{subject} {self.what}"


def failed(error: BaseException) -> str:
    """Say that something failed with an exception, as the end of a sentence.

    Examples
    --------
    >>> failed(ZeroDivisionError("a bug"))
    'failed: ZeroDivisionError: a bug'
    """
    # NumPy's own kind of MemoryError has a private name.
    name = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
    text = " ".join(str(error).split())
    return f"failed: {name}: {text}" if text else f"failed: {name}"

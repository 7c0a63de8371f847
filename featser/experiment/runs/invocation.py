"""The command that the user typed, for reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_command: ContextVar[str] = ContextVar("command", default="")


@contextmanager
def invoked_as(command: str) -> Iterator[None]:
    """Keep a command line while it is carried out.

    Parameters
    ----------
    command : str
        Quoted for a shell.

    Examples
    --------
    >>> with invoked_as("featser fit"):
    ...     typed_command()
    'featser fit'
    >>> typed_command()
    ''
    """
    token = _command.set(command)
    try:
        yield
    finally:
        _command.reset(token)


def typed_command() -> str:
    """Return the command line that is being carried out; empty in Python."""
    return _command.get()

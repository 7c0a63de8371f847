"""How long work tells how far it is, without knowing who shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a long step calls as it goes."""

    def __call__(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` units are finished."""


def silent(done: int, total: int) -> None:
    """Show nothing."""

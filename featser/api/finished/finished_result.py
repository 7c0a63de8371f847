"""What the results have in common of commands that look closer at a run with its models."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from featser.io.result_display import ShownResult


@dataclass(repr=False)
class FinishedResult(ShownResult):
    """What a command found on the test sets of a run.

    Attributes
    ----------
    folder : Path
        The run's, which gets the files of the command and a section of ``report.html``.
    protocol : str
        Whose test sets.
    notes : list of str
        What limits the figures.
    fits : list of str
        How many models were read instead of fitted, and what was wrong with those that were cached.
    seconds : float
        How long it took.
    """

    folder: Path
    protocol: str
    notes: list[str] = field(default_factory=list, kw_only=True)
    fits: list[str] = field(default_factory=list, kw_only=True)
    seconds: float = field(default=0.0, kw_only=True)

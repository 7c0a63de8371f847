"""Progress bars in a terminal or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from featser.io.escaping import for_terminal
from featser.progress import Progress, is_shown, shown_by
from featser.workers.interrupts import raise_if_pressed

P = ParamSpec("P")
R = TypeVar("R")


class Bars:
    """Progress bars with rate and time left, on the error stream, one for each step.

    Examples
    --------
    >>> with Bars() as bars:  # doctest: +SKIP
    ...     extract(source, progress=bars("Extracting features"))
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        self._shown = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown.live.is_started:
            self._shown.stop()

    def __call__(self, step: str) -> Progress:
        """Return what a step calls with the units done and in all; its bar is there from then."""
        task = self._shown.add_task(
            for_terminal(step), total=None, rate="", start=False, visible=False
        )

        def update(done: int, total: int) -> None:
            raise_if_pressed()
            self._shown.start()  # only now, for without bars it would leave an empty line
            if not self._shown.tasks[task].started:
                self._shown.start_task(task)
            speed = self._shown.tasks[task].speed
            rate = f"{speed:.1f}/s" if speed else ""
            self._shown.update(task, completed=done, total=total, rate=rate, visible=True)

        return update

    def say(self, line: str) -> None:
        """Show a line about a step that has ended, above the bars."""
        print(for_terminal(line), flush=True)


def showing_progress(function: Callable[P, R]) -> Callable[P, R]:
    """Show the progress of a function in a terminal or a notebook.

    Parameters
    ----------
    function : callable
        A long one. Where a display is open already, it is used.
    """

    @wraps(function)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_shown() or not (sys.stderr.isatty() or is_notebook()):
            return function(*args, **kwargs)
        with Bars() as bars, shown_by(bars):
            return function(*args, **kwargs)

    return shown


def is_notebook() -> bool:
    """Return whether this is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"

"""Progress bars in a terminal or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from featser.io.escaping import for_terminal
from featser.io.wrapped_text import lines_of
from featser.progress import Progress, is_shown, shown_by
from featser.workers.interrupts import raise_if_pressed

if TYPE_CHECKING:
    from rich.progress import ProgressColumn, Task

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
        )
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        self._shown = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[rate]}", table_column=Column(no_wrap=True)),
            _time_column(),
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
            self._shown.update(task, completed=done, total=total, visible=True)
            shown = self._shown.tasks[task]
            speed = _mean_speed(done, shown.elapsed) if shown.finished else shown.speed
            self._shown.update(task, rate=rate_text(done, shown.elapsed, speed))

        return update

    def say(self, line: str) -> None:
        """Show a line about a step that has ended, above the bars."""
        for one in lines_of(line):
            print(for_terminal(one), flush=True)


def rate_text(done: int, elapsed_s: float | None, speed: float | None) -> str:
    """Return how many units a second are done; empty before there are two, and before 1 s.

    Examples
    --------
    >>> rate_text(20, 4.0, 5.0), rate_text(1, 4.0, 0.25), rate_text(2, 0.01, 200.0)
    ('5.0/s', '', '')
    """
    is_known = done > 1 and (elapsed_s or 0) >= 1
    return f"{speed:.1f}/s" if speed and is_known else ""


def time_text(elapsed_s: float | None, remaining_s: float | None, is_finished: bool) -> str:
    """Return how long a step has taken, and how much longer it is expected to take.

    Examples
    --------
    >>> time_text(8.4, 63.0, False), time_text(8.4, None, False), time_text(71.0, 0.0, True)
    ('0:08 elapsed, 1:03 left', '0:08 elapsed', '1:11 in all')
    """
    elapsed = _clock(int(elapsed_s or 0))
    if is_finished:
        return f"{elapsed} in all"
    left = "" if remaining_s is None else f", {_clock(ceil(remaining_s))} left"
    return f"{elapsed} elapsed{left}"


def _clock(seconds: int) -> str:
    """Return minutes and seconds, of an hour and more with hours."""
    return (
        str(timedelta(seconds=seconds)) if seconds >= 3600 else f"{seconds // 60}:{seconds % 60:02}"
    )


def _mean_speed(done: int, elapsed_s: float | None) -> float | None:
    return done / elapsed_s if elapsed_s else None


def _time_column() -> ProgressColumn:
    from rich.progress import ProgressColumn
    from rich.table import Column
    from rich.text import Text

    class TimeColumn(ProgressColumn):
        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            elapsed = task.finished_time if task.finished else task.elapsed
            return Text(time_text(elapsed, task.time_remaining, task.finished))

    return TimeColumn(Column(no_wrap=True))


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

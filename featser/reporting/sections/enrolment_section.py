"""The report's section on enrolled speakers: the figure by number of recordings."""

from __future__ import annotations

from typing import Any

from featser.reporting import plots
from featser.reporting.numbers import estimate, number
from featser.reporting.plots import Mark
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table
from featser.reporting.wording import headline_metric, is_optimistic, metric_title

_NOTE = (
    "These figures combine all draws. The figures in the rest of this report use each utterance "
    "once, from a draw in which it is not enrolled."
)


def enrolment_section(run: RunSummary) -> dict[str, Any] | None:
    """Return the enrolment curve's plot and table; None if no speaker was enrolled."""
    task = run.primary
    figures = run.figures(task)
    head, end = "enrolled[", f"].{headline_metric(task)}"
    numbers = [name.removeprefix(head).removesuffix(end) for name in figures if head in name]
    if not numbers:
        return None
    title = metric_title(headline_metric(task))
    chance = figures.get("chance.uar", {}).get("value")
    marks, rows = [], []
    for recordings in numbers:
        figure = figures[f"{head}{recordings}{end}"]
        draws = [draw for draw in figure["draws"] if number(draw) != number(None)]
        between = f"{number(min(draws))} to {number(max(draws))}" if len(draws) > 1 else "–"
        rows.append([recordings, estimate(figure), between])
        value, low, high, beside = (
            float("nan") if given is None else float(given)
            for given in (figure["value"], figure["low"], figure["high"], chance)
        )
        name = f"{recordings} recording{'s' * (recordings != '1')}"
        marks.append(Mark(name, value, low, high, beside, is_optimistic(run, run.protocol)))
    described = ", ".join(f"{mark.name} {number(mark.value)}" for mark in marks)
    description = f"{title} of {task.name} by enrolled recordings of each speaker: {described}."
    caption = f"{title} of {task.name} by enrolled recordings"
    columns = ["recordings", title, "range over draws"]
    return {
        "title": title,
        "plot": plots.dots(marks, title, "enrolment", description),
        "table": Table(caption, columns, rows, {0, 2}, notes=[_NOTE]),
    }

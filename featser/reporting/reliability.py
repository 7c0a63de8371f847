"""The report's reliability diagram: whether the primary task's probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featser.evaluation.reliability import BINS, Bin, Reliability, reliability
from featser.reporting.numbers import ABSENT, count, estimate, number
from featser.reporting.summary import RunSummary
from featser.reporting.svg import ACCENT, FILL, INK, MUTED, PAPER, WARN, house_style, inline_svg
from featser.reporting.tables import Table, pairs
from featser.reporting.wording import metric_title, optimistic

SENTENCE = (
    f"Utterances in {BINS} bins of equal width by confidence, the probability of the most probable "
    "class. On the dashed line probabilities mean what they say; below it the model is too sure."
)


@dataclass(frozen=True)
class Section:
    """What the report shows of the probabilities: markup of the figure, and a table."""

    task: str
    figures: str
    plot: str
    table: Table


def section(run: RunSummary) -> Section | None:
    """Make the section, with the run's seed; None where the primary task has no probabilities."""
    from markupsafe import Markup

    task = run.primary
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    rows = run.scored(task)
    if not task.categorical or not set(columns) <= set(run.predictions) or not rows.any():
        return None
    who = run.speakers()
    found = reliability(
        pairs(run, task, rows)[0],
        run.predictions.loc[rows, columns].to_numpy(dtype=float),
        task.classes,
        who[rows] if (who != "").all() else None,
        seed=run.seed,
    )
    told = [f"{metric_title(name)} {estimate(found.figures[name])}" for name in found.figures]
    drawn = _drawn(found.bins, f"Reliability of {task.name}", hollow=optimistic(run.protocol))
    return Section(task.name, "; ".join(told), Markup(drawn), _table(task.name, found))


def _table(task: str, found: Reliability) -> Table:
    rows = []
    for part in found.bins:
        share = {"value": part.accuracy, "low": part.accuracy_low, "high": part.accuracy_high}
        told = [number(part.confidence), estimate(share)] if part.n else [ABSENT, ABSENT]
        rows.append([f"{part.low:g} to {part.high:g}", count(part.n), *told])
    columns = ["confidence", "utterances", "mean confidence", "accuracy"]
    return Table(f"Accuracy of {task} by confidence", columns, rows)


def _drawn(bins: Sequence[Bin], title: str, *, hollow: bool) -> str:
    """Draw accuracy against confidence, and below it how many utterances each bin has."""
    from matplotlib.figure import Figure

    there = [part for part in bins if part.n]
    colour = WARN if hollow else ACCENT
    with house_style():
        figure = Figure(figsize=(4.4, 4.8), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        above.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        for part in there:
            ends = [part.accuracy_low, part.accuracy_high]
            if np.isfinite(ends).all():
                above.plot([part.confidence] * 2, ends, color=colour, linewidth=2, alpha=0.55)
        above.plot(
            [part.confidence for part in there],
            [part.accuracy for part in there],
            "D-" if hollow else "o-",
            color=colour,
            markerfacecolor=PAPER if hollow else colour,
            linewidth=1,
            markersize=5.5,
        )
        above.set_ylim(-0.02, 1.02)
        above.grid(visible=True)
        above.set_axisbelow(True)
        above.set_ylabel("accuracy")
        middle = [(part.low + part.high) / 2 for part in bins]
        below.bar(
            middle,
            [part.n for part in bins],
            0.9 / BINS,
            color=FILL,
            edgecolor=MUTED,
            linewidth=0.5,
        )
        below.set_xlim(-0.02, 1.02)
        below.set_xlabel("confidence")
        below.set_ylabel("utterances")
        described = "; ".join(
            f"confidence {number(part.confidence)}, accuracy {number(part.accuracy)}"
            for part in there
        )
        return inline_svg(figure, "reliability", f"{title}: {described}.")

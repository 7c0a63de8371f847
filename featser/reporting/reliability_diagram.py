"""The report's reliability diagram: calibration of the primary task's probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featser.evaluation.statistics.reliability import BINS, Bin, Reliability, reliability
from featser.reporting.numbers import ABSENT, count, estimate, number
from featser.reporting.summary import RunSummary
from featser.reporting.svg import ACCENT, FILL, INK, MUTED, PAPER, WARN, house_style, inline_svg
from featser.reporting.tables import Table, pairs
from featser.reporting.wording import is_optimistic, metric_title

SENTENCE = (
    f"Utterances in {BINS} bins of equal width by confidence, the probability of the most probable "
    "class. On the dashed line the probabilities are calibrated; below it the model is "
    "overconfident."
)


@dataclass(frozen=True)
class Section:
    """The section on probabilities: markup of the figure, and a table."""

    task: str
    figures: str
    plot: str
    table: Table


def section(run: RunSummary) -> Section | None:
    """Make the section; None if the primary task has no probabilities."""
    from markupsafe import Markup

    task = run.primary
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    rows = run.scored(task)
    if not task.categorical or not set(columns) <= set(run.predictions) or not rows.any():
        return None
    calibration = reliability(
        pairs(run, task, rows)[0],
        run.predictions.loc[rows, columns].to_numpy(dtype=float),
        task.classes,
        run.speakers()[rows],
    )
    figures = [
        f"{metric_title(name)} {estimate(figure)}" for name, figure in calibration.figures.items()
    ]
    hollow = is_optimistic(run, run.protocol)
    drawn = _drawn(calibration.bins, f"Reliability of {task.name}", hollow=hollow)
    return Section(task.name, "; ".join(figures), Markup(drawn), _table(task.name, calibration))


def _table(task: str, calibration: Reliability) -> Table:
    rows = []
    for bin_ in calibration.bins:
        share = {"value": bin_.accuracy, "low": bin_.accuracy_low, "high": bin_.accuracy_high}
        cells = [number(bin_.confidence), estimate(share)] if bin_.n else [ABSENT, ABSENT]
        rows.append([f"{bin_.low:g} to {bin_.high:g}", count(bin_.n), *cells])
    columns = ["confidence", "utterances", "mean confidence", "accuracy"]
    return Table(f"Accuracy of {task} by confidence", columns, rows)


def _drawn(bins: Sequence[Bin], title: str, *, hollow: bool) -> str:
    """Draw accuracy against confidence, and the number of utterances per bin below."""
    from matplotlib.figure import Figure

    filled = [bin_ for bin_ in bins if bin_.n]
    colour = WARN if hollow else ACCENT
    with house_style():
        figure = Figure(figsize=(4.4, 4.8), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        above.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        for bin_ in filled:
            ends = [bin_.accuracy_low, bin_.accuracy_high]
            if np.isfinite(ends).all():
                above.plot([bin_.confidence] * 2, ends, color=colour, linewidth=2, alpha=0.55)
        above.plot(
            [bin_.confidence for bin_ in filled],
            [bin_.accuracy for bin_ in filled],
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
        middle = [(bin_.low + bin_.high) / 2 for bin_ in bins]
        below.bar(
            middle,
            [bin_.n for bin_ in bins],
            0.9 / BINS,
            color=FILL,
            edgecolor=MUTED,
            linewidth=0.5,
        )
        below.set_xlim(-0.02, 1.02)
        below.set_xlabel("confidence")
        below.set_ylabel("utterances")
        described = "; ".join(
            f"confidence {number(bin_.confidence)}, accuracy {number(bin_.accuracy)}"
            for bin_ in filled
        )
        return inline_svg(figure, "reliability", f"{title}: {described}.")

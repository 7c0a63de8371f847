"""How often the interval of the largest gap between groups of speakers holds the true gap.

Groups are simulated whose recalls are equal, or lower by a known gap in the last one. Each data set
goes, row by row, through the functions that ``featser fit`` uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from common import table_lines
from simulated_speakers import Array, Setting, confusions

from featser.evaluation.statistics.gaps import Gap, group_gap
from featser.tasks import Task

TASK = Task("emotion", classes=("angry", "happy", "neutral", "sad"))
UAR, GAP, SD = 0.75, 0.15, 0.5
"""Of the population, how much lower the last group's is, and the deviation between speakers."""
METRICS = {"UAR": None, "recall of one class": f"recall[{TASK.classes[0]}]"}
"""Title → the metric as ``group_gap`` takes it."""
SPEAKERS = ((4, 4), (4, 20), (10, 10), (12, 40), (8, 8, 8))
"""Of each group; of three, the gap is between the best and the worst."""
RUNS = 1000
"""Data sets of each row."""


@dataclass(frozen=True)
class Groups:
    """How the groups of a data set are simulated.

    Attributes
    ----------
    speakers : tuple of int
        Of each group.
    gap : float
        By how much all recalls of the last group are lower.
    """

    speakers: tuple[int, ...]
    gap: float

    @property
    def uars(self) -> tuple[float, ...]:
        """The UAR of each group's population, which is also the recall of each class."""
        return (*[UAR] * (len(self.speakers) - 1), UAR - self.gap)


def coverage_of_gap(
    groups: Groups, metric: str | None, runs: int, random: np.random.Generator
) -> tuple[float, float, int]:
    """Return the share of intervals that hold the true gap, their mean width and their number.

    A gap has no interval where fewer than four speakers of a group have the class.

    Parameters
    ----------
    groups : Groups
    metric : str or None
        A value of :data:`METRICS`.
    runs : int
        The number of data sets.
    random : Generator
    """
    simulated = [
        confusions(Setting(n, len(TASK.classes), uar, SD), runs, random)[0]
        for n, uar in zip(groups.speakers, groups.uars, strict=True)
    ]
    covers, widths = [], []
    for run in range(runs):
        gap = _gap_of([one[:, run] for one in simulated], metric)
        if np.isnan(gap.gap.low):
            continue
        true = groups.uars[int(gap.best)] - groups.uars[int(gap.worst)]
        covers.append(gap.gap.low <= true <= gap.gap.high)
        widths.append(gap.gap.high - gap.gap.low)
    return float(np.mean(covers)), float(np.mean(widths)), len(covers)


def _gap_of(by_group: list[Array], metric: str | None) -> Gap:
    """Return the gap between groups, named by their number, of confusions by speaker."""
    names = np.asarray(TASK.classes, dtype=object)
    true, pred, group, speaker = [], [], [], []
    for number, matrices in enumerate(by_group):
        cells = np.repeat(np.arange(matrices.size), matrices.ravel().astype(int))
        who, one, other = np.unravel_index(cells, matrices.shape)
        true.append(names[one])
        pred.append(names[other])
        group.append(np.full(len(cells), str(number)))
        speaker.append(np.char.add(f"{number}-", who.astype(str)))
    rows = [np.concatenate(column) for column in (true, pred, group, speaker)]
    if metric is not None:  # as `recall_gaps` has it: the rows of the class
        chosen = rows[0] == TASK.classes[0]
        rows = [column[chosen] for column in rows]
    return group_gap(TASK, *rows, metric=metric)


def simulated_gaps(seed: int, runs: int = RUNS) -> list[dict[str, Any]]:
    """Simulate all groups, without a gap and with one."""
    random = np.random.default_rng([seed, 1])
    rows = []
    for speakers in SPEAKERS:
        for title, metric in METRICS.items():
            for gap in (0.0, GAP):
                share, width, n = coverage_of_gap(Groups(speakers, gap), metric, runs, random)
                rows.append(
                    {"speakers": list(speakers), "metric": title, "gap": gap, "runs": runs}
                    | {"intervals": n, "share": round(share, 4), "width": round(width, 4)}
                )
    return rows


def gap_table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of the page, in Markdown."""
    by_groups = {(tuple(row["speakers"]), row["metric"], row["gap"]): row for row in rows}
    cells = []
    for speakers, metric in dict.fromkeys(key[:2] for key in by_groups):
        equal, lower = (by_groups[speakers, metric, gap] for gap in (0.0, GAP))
        of_groups = f"{', '.join(map(str, speakers[:-1]))} and {speakers[-1]} speakers"
        shares = [f"{100 * one['share']:.1f}" for one in (equal, lower)]
        cells.append([of_groups, metric, *shares, f"{lower['width']:.2f}"])
    header = ["groups", "gap of", "no gap", f"gap of {GAP}", "mean width"]
    without = max(1 - row["intervals"] / row["runs"] for row in rows)
    return [
        *table_lines(header, cells),
        "",
        f"Each share is of {RUNS:,} data sets, so that it is known to about ± 1.4. A gap of a "
        f"recall has no interval where fewer than 4 speakers of a group have the class, which is "
        f"so in {100 * without:.1f} % of the data sets at most; they do not count.",
    ]

"""The report's tables of gaps between groups: genders, ages, corpora, languages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from featser.evaluation.group_gaps import GROUPS, divisions, gaps_among, ordered_groups
from featser.evaluation.statistics.gaps import Gap
from featser.reporting.numbers import ABSENT, count, estimate
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table
from featser.reporting.wording import as_sentence, metric_title
from featser.tasks import Task

RECALL_NOTE = (
    "Equalised recall: where all gaps are 0, each class is recognised equally well in all groups. "
    "The intervals are not corrected for the number of classes."
)
"""What the table of recalls means."""


def group_tables(run: RunSummary) -> list[Table]:
    """Compare groups: by each column with two or more, the headline metrics and recalls of classes.

    The gaps are figures of the run's metrics. A column with the same groups as an earlier one
    (one language per corpus) is left out.
    """
    tables: list[Table] = []
    for column, groups in divisions(run.predictions):
        gaps = [
            (task, gap)
            for task in run.ordered_tasks
            for gap in gaps_among(run.figures(task), column)
        ]
        names, title = ordered_groups(groups), GROUPS[column]
        of_metrics = [(task, gap) for task, gap in gaps if not gap.metric.startswith("recall[")]
        of_classes = [(task, gap) for task, gap in gaps if gap.metric.startswith("recall[")]
        if of_metrics:
            tables.append(_table(f"Headline metrics by {title}", names, of_metrics))
        if of_classes:
            made = _table(f"Recall of each class by {title}", names, of_classes)
            made.notes.append(RECALL_NOTE)
            tables.append(made)
    return tables


def _table(caption: str, names: Sequence[str], gaps: Sequence[tuple[Task, Gap]]) -> Table:
    rows = [
        [
            f"{task.name}: {metric_title(gap.metric)}",
            *(_cell(gap, name) for name in names),
            _largest_gap(gap),
        ]
        for task, gap in gaps
    ]
    notes = dict.fromkeys(note for task, gap in gaps for note in _notes(gap, task))
    columns = ["task", *names, "largest gap"]
    return Table(f"{caption}, and the largest gap", columns, rows, notes=list(notes))


def _cell(gap: Gap, name: str) -> str:
    if name not in gap.groups:
        return ABSENT
    figure = gap.groups[name]
    return f"{estimate(figure)}, n = {count(figure['n'])}"


def _largest_gap(gap: Gap) -> str:
    if not gap.best:
        return ABSENT
    text = f"{estimate(gap.gap.to_dict())} ({gap.best} over {gap.worst})"
    if math.isfinite(gap.gap.low) and gap.gap.low <= 0:
        text += "; compatible with no gap"
    return text


def _notes(gap: Gap, task: Task) -> list[str]:
    notes = [f"{task.name}: {note}." for note in gap.notes]
    notes += [
        f"{name}: {figure['note']}." for name, figure in gap.groups.items() if "note" in figure
    ]
    notes += [as_sentence(gap.gap.note)] if gap.gap.note else []
    if gap.best and len(gap.groups) > 2 and math.isfinite(gap.gap.low):
        notes.append(
            f"The gap is between the best and the worst of several groups, so its interval has a "
            f"level of {100 * gap.level:.1f} %."
        )
    return notes

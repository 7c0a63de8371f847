"""The report's scores of each published fold, and their mean."""

from __future__ import annotations

from featser.evaluation.fold_scores import fold_metrics, score_rows
from featser.reporting.numbers import count, number
from featser.reporting.summary import RunSummary
from featser.reporting.tables import NOT_GIVEN, Table
from featser.reporting.wording import metric_title

_NOTE = (
    "The mean over folds is what the sources of published folds report. The figures in the rest of "
    "this report are of all test utterances together."
)


def fold_table(run: RunSummary, protocol: str) -> Table | None:
    """Return the scores of the primary task in each fold; None if its folds are not published.

    The last row is the mean over folds.
    """
    task = run.primary
    rows = score_rows(run.figures(task, protocol))
    if not rows:
        return None
    metrics = fold_metrics(task)
    cells = [
        [
            str(row["fold"]),
            count(row["utterances"]),
            _speakers(row["speakers"]),
            *(number(row.get(metric)) for metric in metrics),
        ]
        for row in rows
    ]
    columns = ["fold", "n test", "n speakers", *map(metric_title, metrics)]
    return Table(f"{task.name} per fold", columns, cells, notes=[_NOTE], n_totals=1)


def fold_tables(run: RunSummary) -> list[tuple[str, Table]]:
    """Return the protocols with published folds, and the table of each."""
    tables = [(protocol, fold_table(run, protocol)) for protocol in run.protocols]
    return [(protocol, table) for protocol, table in tables if table is not None]


def _speakers(n_speakers: int | None) -> str:
    if n_speakers is None:
        return ""
    return count(n_speakers) if n_speakers else NOT_GIVEN

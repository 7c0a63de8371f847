"""All checks of the audit on one manifest, from a single pass over its recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio.channels import MIX
from featser.audit.checks.duplicates import (
    duplicate_findings,
    find_duplicates,
    groups_of,
    not_compared_findings,
    segments_of,
)
from featser.audit.checks.label_checks import label_findings
from featser.audit.checks.rater_checks import rater_findings
from featser.audit.checks.recording_checks import recording_findings
from featser.audit.checks.shortcuts import probe_all, shortcut_findings
from featser.audit.finding import SEVERITIES, Finding, by_severity
from featser.audit.measure.examination import Segment, examine_all, facts_table
from featser.corpora.card import Card
from featser.corpora.label_columns import tasks_from
from featser.errors import counted
from featser.evaluation.protocols.folding import speaker_ids
from featser.io.location import below, common_folder
from featser.io.result_display import Display, ShownResult
from featser.progress import Progress, silent
from featser.tasks import Task
from featser.workers.limits import TIMEOUT, Limits
from featser.workers.pool import WorkerPool


@dataclass(frozen=True, eq=False, repr=False)
class Audit(ShownResult):
    """The result of an audit.

    Attributes
    ----------
    findings : list of Finding
        Errors first, then warnings, then notes.
    facts : DataFrame
        Properties of each row's recording, as
        :class:`featser.audit.measure.examination.Recording` describes it.
    groups : ndarray of int, shape (n_rows,)
        Equal for rows of the same recording group; pass it to
        :func:`featser.evaluation.protocols.folding.assign_folds` as ``audio``.
    folder : str
        The folder that the file names in the findings' tables are relative to; empty if they are
        absolute.
    names : sequence of str
        The name of each recording in the findings' tables.
    """

    findings: list[Finding]
    facts: pd.DataFrame
    groups: NDArray[np.int64]
    folder: str = ""
    names: Sequence[str] = ()

    @property
    def errors(self) -> int:
        """The number of findings that are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Return the number of findings of each severity."""
        return {
            severity: sum(finding.severity == severity for finding in self.findings)
            for severity in SEVERITIES
        }

    def display(self) -> Display:
        """Return the number of findings of each severity, and the findings."""
        counts = ", ".join(counted(n, name) for name, n in self.counts().items())
        rows = [[finding.severity, finding.kind, finding.message] for finding in self.findings]
        return Display(
            f"{counted(len(self.facts), 'recording')}: {counts}",
            ["severity", "kind", "message"],
            rows,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain data, for JSON: counts, findings, facts of recordings."""
        findings = [finding.to_dict() for finding in self.findings]
        return {
            "recordings": len(self.facts),
            "folder": self.folder,
            "counts": self.counts(),
            "findings": findings,
            "facts": self._facts(),
        }

    def recordings(self) -> pd.DataFrame:
        """Return the facts with the name of each recording in front, numbers to five decimals."""
        names = list(self.names) or [str(row) for row in self.facts.index]
        rounded = self.facts.round(5).assign(recording=names)
        return rounded[["recording", *self.facts.columns]].reset_index(drop=True)

    def _facts(self) -> list[dict[str, Any]]:
        rows = self.recordings().to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in rows]


def audit_manifest(
    table: pd.DataFrame,
    primary: str = "emotion",
    jobs: int = -1,
    seed: int = 0,
    progress: Progress = silent,
    cards: Sequence[Card] = (),
    timeout: float = TIMEOUT,
) -> Audit:
    """Check a manifest and its recordings for faults that make results wrong.

    Parameters
    ----------
    table : DataFrame
        A manifest whose files can be opened from here.
    primary : str
        The primary label.
    jobs : int
        Worker processes, as joblib counts them: −1 for one per core.
    seed : int
        Random seed for the folds of the shortcut baselines.
    progress : callable
        Called with the number of recordings done and the total.
    cards : sequence of Card
        The user's own cards, in addition to those that featser includes.
    timeout : float
        Time limit for a recording in seconds; each second of audio adds a third of it.

    Returns
    -------
    Audit
        Findings, facts and recording groups.
    """
    table = table.reset_index(drop=True)
    segments = segments_of(table)
    folder = common_folder(file for file, *_ in segments)
    names = [_name(segment, folder) for segment in segments]
    not_compared: list[dict[str, str]] = []

    def note_failure(first: int, second: int, reason: str) -> None:
        not_compared.append({"first": names[first], "second": names[second], "reason": reason})

    with WorkerPool(Limits(timeout)) as pool:
        recordings = examine_all(segments, jobs, progress, pool)
        pairs = find_duplicates(segments, recordings, jobs, pool, note_failure)
    facts = facts_table(recordings, table.index)
    groups = groups_of(len(table), pairs)
    tasks, refused = tasks_from(table, cards, primary)
    labels = [task.name for task in tasks if task.categorical and task.name != "language"]
    findings = [
        *recording_findings(facts, names),
        *duplicate_findings(table, names, _compared(table, labels), pairs),
        *not_compared_findings(not_compared),
        *label_findings(table, tasks, refused, primary),
        *rater_findings(table, tasks, names),
    ]
    leading = next((task for task in tasks if task.name == primary and task.categorical), None)
    if leading is not None:
        findings += shortcut_findings(probe_all(table, facts, groups, leading, seed), leading)
    else:
        findings.append(_not_probed(primary, tasks, refused, labels))
    return Audit(by_severity(findings), facts, groups, folder, names)


def _not_probed(
    primary: str, tasks: Sequence[Task], refused: Mapping[str, str], labels: Sequence[str]
) -> Finding:
    """Explain why shortcuts were not tested: a warning if the label cannot be predicted."""
    kind, outcome = "shortcuts not tested", "shortcuts were not tested"
    if primary in {task.name for task in tasks}:
        return Finding(kind, "note", f"`{primary}` has no classes: {outcome}")
    why = f"`{primary}` cannot be predicted ({refused.get(primary, 'no such label')})"
    how = f"; choose the primary label with --primary: {', '.join(labels)}" if labels else ""
    return Finding(kind, "warning", f"{why}: {outcome}{how}")


def _compared(table: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return the columns in which copies of a recording must agree, empty values as missing."""
    columns = [name for name in ("corpus", "split", *labels) if name in table]
    speaker = pd.Series(speaker_ids(table), table.index)
    return table[columns].assign(speaker=speaker).replace("", pd.NA)[["speaker", *columns]]


def _name(segment: Segment, folder: str) -> str:
    file, start, end, channel = segment
    shown = below(file, folder)
    if channel != MIX:
        shown += f" (channel {channel})"
    if start is None and end is None:
        return shown
    return f"{shown} [{start or 0:g}–{'end' if end is None else f'{end:g}'} s]"

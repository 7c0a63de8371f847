"""All checks of the audit on one manifest, from a single pass over its recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.duplicates import (
    duplicate_findings,
    find_duplicates,
    groups_of,
    segments_of,
)
from featser.audit.examine import Segment, examine_all, facts_table
from featser.audit.finding import SEVERITIES, Finding, by_severity
from featser.audit.giveaways import giveaway_findings, probe_all
from featser.audit.labels import label_findings
from featser.audit.recordings import recording_findings
from featser.corpora.card import Card
from featser.corpora.labels import tasks_from
from featser.evaluation.protocols import speaker_ids
from featser.location import below, common_folder
from featser.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    Attributes
    ----------
    findings : list of Finding
        Errors first, then warnings, then notes.
    facts : DataFrame
        What is known of each row's recording, as
        :class:`featser.audit.examine.Recording` describes it.
    groups : ndarray of int, shape (n_rows,)
        Equal for rows with the same sound; give it to
        :func:`featser.evaluation.protocols.assign_folds` as ``audio``.
    folder : str
        What the files in the findings' tables are relative to; empty if they are absolute.
    """

    findings: list[Finding]
    facts: pd.DataFrame
    groups: NDArray[np.int64]
    folder: str = ""

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain data, for JSON: counts, and all findings with their tables."""
        counts = {
            severity: sum(finding.severity == severity for finding in self.findings)
            for severity in SEVERITIES
        }
        findings = [finding.to_dict() for finding in self.findings]
        return {
            "recordings": len(self.facts),
            "folder": self.folder,
            "counts": counts,
            "findings": findings,
        }


def audit_manifest(
    table: pd.DataFrame,
    primary: str = "emotion",
    jobs: int = -1,
    seed: int = 0,
    progress: Progress = silent,
    cards: Sequence[Card] = (),
) -> Audit:
    """Look for everything that would make a result wrong.

    Parameters
    ----------
    table : DataFrame
        A manifest whose files can be opened from here.
    primary : str
        The label that leads.
    jobs : int
        Worker processes, as joblib counts them: −1 for one a core.
    seed : int
        Of the give-aways' folds and intervals.
    progress : callable
        Called with the recordings done and in all.
    cards : sequence of Card
        Cards of the user's own, beside those that featser brings.

    Returns
    -------
    Audit
        What was found.
    """
    table = table.reset_index(drop=True)
    segments = segments_of(table)
    folder = common_folder(file for file, _, _ in segments)
    names = [_name(segment, folder) for segment in segments]
    recordings = examine_all(segments, jobs, progress)
    facts = facts_table(recordings, table.index)
    pairs = find_duplicates(segments, recordings, jobs)
    groups = groups_of(len(table), pairs)
    tasks, refused = tasks_from(table, cards, primary)
    labels = [task.name for task in tasks if task.categorical and task.name != "language"]
    findings = [
        *recording_findings(facts, names),
        *duplicate_findings(table, names, _compared(table, labels), pairs),
        *label_findings(table, tasks, refused, primary),
    ]
    leading = next((task for task in tasks if task.name == primary and task.categorical), None)
    if leading is not None:
        findings += giveaway_findings(probe_all(table, facts, groups, leading, seed), leading)
    else:
        message = (
            f"`{primary}` is no label with two or more classes: give-aways were not looked for"
        )
        findings.append(Finding("give-aways not tried", "note", message))
    return Audit(by_severity(findings), facts, groups, folder)


def _compared(table: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return the columns in which copies of one sound must agree, empty values as missing."""
    kept = [name for name in ("corpus", "split", *labels) if name in table]
    speaker = pd.Series(speaker_ids(table), table.index)
    return table[kept].assign(speaker=speaker).replace("", pd.NA)[["speaker", *kept]]


def _name(segment: Segment, folder: str) -> str:
    file, start, end = segment
    shown = below(file, folder)
    if start is None and end is None:
        return shown
    return f"{shown} [{start or 0:g}–{'end' if end is None else f'{end:g}'} s]"

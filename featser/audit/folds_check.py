"""A check of published folds: their sizes, and the speakers and recordings that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.checks.fold_checks import shared_recordings, shared_speakers
from featser.credentials import without_credentials
from featser.errors import counted
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.folding import make_folds, speaker_ids
from featser.evaluation.protocols.folds import UNTESTED, Folds
from featser.evaluation.protocols.groups import recording_ids
from featser.evaluation.protocols.overlap import overlap_of
from featser.io.result_display import Display, ShownResult

PROTOCOL = "folds"
COLUMNS = ("fold", "utterances", "speakers")
MOST_CLASSES = 20
"""Labels with more values than this are not counted by fold."""


@dataclass(frozen=True, eq=False, repr=False)
class FoldsCheck(ShownResult):
    """What published folds contain and share.

    Attributes
    ----------
    folds : list of dict
        Of each fold: ``fold``, ``utterances``, ``speakers``, and ``classes`` with the number of
        utterances of each.
    speakers : list of dict
        Each speaker that folds share: ``speaker``, ``folds``, ``utterances``.
    recordings : list of dict
        The files of each recording that folds share: ``recording_group``, ``file``, ``fold``,
        ``speaker``.
    unmatched_names : list of str
        Names without a recording.
    without_fold : list of str
        Recordings without a fold.
    not_checked : list of str
        What could not be checked, and why.
    notes : list of str
        Other remarks.
    """

    folds: list[dict[str, Any]]
    speakers: list[dict[str, Any]] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    unmatched_names: list[str] = field(default_factory=list)
    without_fold: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_disjoint(self) -> bool:
        """Whether it is certain that folds share neither speakers nor recordings."""
        return not (self.speakers or self.recordings or self.not_checked)

    def display(self) -> Display:
        """Return the conclusion, and the folds."""
        groups = {row["recording_group"] for row in self.recordings}
        shared = [
            *([counted(len(self.speakers), "speaker")] if self.speakers else []),
            *([counted(len(groups), "recording")] if groups else []),
        ]
        if shared:
            conclusion = f"share {' and '.join(shared)}"
        elif self.not_checked:
            conclusion = "are not shown to be disjoint"
        else:
            conclusion = "share neither speakers nor recordings"
        text = f"{counted(len(self.folds), 'fold')} {conclusion}"
        rows = [
            [*(row[name] for name in COLUMNS), ", ".join(f"{k} {n}" for k, n in classes.items())]
            for row in self.folds
            for classes in [row["classes"]]
        ]
        return Display(text, [*COLUMNS, "classes"], rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data, for JSON."""
        return {
            "is_disjoint": self.is_disjoint,
            "folds": self.folds,
            "speakers": self.speakers,
            "recordings": self.recordings,
            "unmatched_names": self.unmatched_names,
            "without_fold": self.without_fold,
            "not_checked": self.not_checked,
            "notes": self.notes,
        }


def compare_folds(
    table: pd.DataFrame, content: NDArray[np.str_] | None, label: str = "emotion"
) -> FoldsCheck:
    """Compare the folds of a manifest.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest with a column ``fold``.
    content : ndarray of str, shape (n,), or None
        The content hash of each row's recording, empty where it cannot be read; None if only
        names and folds are available.
    label : str
        The label whose classes are counted.

    Returns
    -------
    FoldsCheck

    Raises
    ------
    ProtocolError
        If there are fewer than two folds.

    Examples
    --------
    >>> table = pd.DataFrame({"file": ["a", "b"], "speaker": ["f1", "f1"], "fold": ["1", "2"]})
    >>> compare_folds(table, np.array(["x", "y"])).display().text
    '2 folds share 1 speaker'
    """
    speaker = speaker_ids(table)
    recordings = recording_ids(np.full(len(table), "") if content is None else content)
    folds = make_folds(PROTOCOL, table, np.zeros(len(table)), recordings)
    overlap = overlap_of(folds, speaker, recordings)
    tested = folds.test != UNTESTED
    return FoldsCheck(
        _fold_counts(table, folds, speaker, label),
        shared_speakers(folds, overlap, speaker),
        shared_recordings(table, folds, overlap, speaker, recordings),
        without_fold=[without_credentials(str(file)) for file in table["file"][~tested]],
        not_checked=_not_checked(None if content is None else content[tested], speaker[tested]),
    )


def _not_checked(content: NDArray[np.str_] | None, speaker: NDArray[np.str_]) -> list[str]:
    """Say what could not be compared."""
    if content is None:
        return [
            "speakers and recordings are not known: name the recordings with --manifest FILE, or "
            "with a corpus folder and --corpus CARD"
        ]
    n_unnamed, n_unread = int((speaker == "").sum()), int((content == "").sum())
    reasons = []
    if n_unnamed:
        reasons.append(
            f"{n_unnamed} of {counted(len(speaker), 'utterance')} with a fold have no speaker"
        )
    if n_unread:
        reasons.append(f"{counted(n_unread, 'recording')} cannot be read (see `featser audit`)")
    return reasons


def _fold_counts(
    table: pd.DataFrame, folds: Folds, speaker: NDArray[np.str_], label: str
) -> list[dict[str, Any]]:
    """Count the utterances, speakers and classes of each fold."""
    values = as_text(table[label]) if label in table else np.full(len(table), "")
    classes = [str(name) for name in np.unique(values[values != ""])]
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(folds.names):
        tested = folds.tested(number)
        counts = {one: int((values[tested] == one).sum()) for one in classes[:MOST_CLASSES]}
        n_speakers = len({*speaker[tested].tolist()} - {""})
        rows.append({"fold": name, "utterances": len(tested), "speakers": n_speakers})
        rows[-1]["classes"] = counts if len(classes) <= MOST_CLASSES else {}
    return rows

"""The auxiliary corpora of a fit: their rows, without recordings that the data have as well."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.auxiliary.auxiliary_labels import match_labels
from featser.auxiliary.auxiliary_lookup import find_auxiliary
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.errors import AuxiliaryError, counted
from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.missing import as_text
from featser.features.extractor import Extractor
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.tasks import Task

SAME_RECORDING = 0.01
"""Rows whose features differ by less than this, as a mean square in deviations, are one recording.

Files of 16 bits and features of half precision differ by less than 1e-5; different recordings of
one speaker and sentence by more than 0.1.
"""

_COLUMNS = 512
"""Features that are compared, spread over all of them."""


@dataclass(frozen=True, eq=False)
class AuxiliaryData:
    """Auxiliary corpora as a fit uses them.

    Attributes
    ----------
    X : ndarray of float32, shape (m, d)
        Features, normalised by speaker where those of the data are.
    speaker : ndarray of str, shape (m,)
        Names that no speaker of the data has.
    corpus : ndarray of str, shape (m,)
        The table that a row is from.
    tables : list of AuxiliaryTable
        Those that are used, with the rows that are used, in the order of ``X``.
    notes : list of str
        What was left out, and why.
    """

    X: NDArray[np.float32]
    speaker: NDArray[np.str_]
    corpus: NDArray[np.str_]
    tables: list[AuxiliaryTable]
    notes: list[str] = field(default_factory=list)

    def matched(
        self, tasks: Sequence[Task], target: pd.DataFrame
    ) -> tuple[AuxiliaryRows | None, list[str]]:
        """Return the rows with a label of one of the tasks, and a sentence on each label.

        Parameters
        ----------
        tasks : sequence of Task
            The tasks of the experiment.
        target : DataFrame
            The rows of the data.
        """
        own, notes = self._labels(tasks, target)
        has_label = own.notna().any(axis=1).to_numpy()
        if not has_label.any():
            return None, notes
        used = np.flatnonzero(has_label)
        rows = AuxiliaryRows(
            self.X[used],
            own.iloc[used].reset_index(drop=True),
            self.speaker[used],
            self.corpus[used],
        )
        return rows, notes

    def described(self, tasks: Sequence[Task], target: pd.DataFrame) -> list[dict[str, Any]]:
        """Return the corpora with a row that is used, for run, bundle and report; plain data.

        Parameters
        ----------
        tasks, target
            As :meth:`matched` has them.
        """
        is_used = self._labels(tasks, target)[0].notna().any(axis=1).to_numpy()
        used = [
            (table, np.flatnonzero((self.corpus == table.name) & is_used), rows)
            for table in self.tables
            for rows in [is_used[self.corpus == table.name]]
        ]
        return [
            {
                "name": table.name,
                "checksum": _checksum(table.rows[rows], self.X[positions]),
                "utterances": int(rows.sum()),
                "speakers": len(set(as_text(table.rows["speaker"])[rows]) - {""}),
                "licence": table.licence,
                "citation": table.citation,
                "source": table.source,
            }
            for table, positions, rows in used
            if rows.any()
        ]

    def _labels(
        self, tasks: Sequence[Task], target: pd.DataFrame
    ) -> tuple[pd.DataFrame, list[str]]:
        """Return a column of labels for each task, m rows, and a sentence on each label."""
        notes: list[str] = []
        labels = []
        for table in self.tables:
            matches = match_labels(table, tasks, target)
            notes += [match.note(table.name) for match in matches]
            values = {match.task.name: match.labels.to_numpy() for match in matches}
            labels.append(pd.DataFrame(values, dtype=object))
        return pd.concat(labels, ignore_index=True), notes


def _checksum(rows: pd.DataFrame, X: NDArray[np.float32]) -> str:
    """Return a checksum of rows and features, shape (n, d), by which a changed table is noticed."""
    digest = hashlib.blake2b(rows.to_csv(index=False).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(X, dtype="<f4").tobytes())
    return digest.hexdigest()


def load_auxiliary(
    names: Sequence[str],
    extractors: Sequence[Extractor],
    X: NDArray[np.float32],
    table: pd.DataFrame,
    by_speaker: bool,
) -> AuxiliaryData:
    """Read auxiliary corpora, and leave out what the data themselves hold.

    Parameters
    ----------
    names : sequence of str
        As ``--aux`` has them.
    extractors : sequence of Extractor
        Those of the data, in the order of the columns.
    X : ndarray of float32, shape (n, d)
        The features of the data, as they were extracted.
    table : DataFrame, n rows
        The rows of the data, with column ``key``.
    by_speaker : bool
        Whether features are normalised by speaker.

    Returns
    -------
    AuxiliaryData

    Raises
    ------
    AuxiliaryError
        If there is no such corpus, its features are others, or nothing of it is left.
    """
    tables, notes = _others(_with_own_names(find_auxiliary(*names)), table)
    earlier: set[str] = set()
    parts = [_part(one, extractors, X, table, earlier, notes) for one in tables]
    notes += [note for one in tables for note in one.notes(extractors)]
    if by_speaker:
        parts = [_with_speakers(*part, notes) for part in parts]
    used = [part for part in parts if len(part[1])]
    if not used:
        raise AuxiliaryError(
            f"--aux {' '.join(names)}: no row is left: {'; '.join(notes)}. Name other corpora "
            f"(`featser aux list`), or leave --aux out"
        )
    values = np.concatenate([features for features, _ in used])
    own = [one for _, one in used]
    corpus = np.array([one.name for one in own for _ in range(len(one))])
    names_of = np.concatenate([as_text(one.rows["speaker"]).astype(str) for one in own])
    speaker = np.char.add(np.char.add(np.char.add("auxiliary corpus ", corpus), ": "), names_of)
    if by_speaker:
        values = normalised_by_speaker(values, speaker, None)
    return AuxiliaryData(values, speaker, corpus, own, notes)


def _with_own_names(tables: Sequence[AuxiliaryTable]) -> list[AuxiliaryTable]:
    """Return tables with a name each: the second one called ``emodb`` becomes ``emodb-2``."""
    counts: Counter[str] = Counter()
    named = []
    for one in tables:
        counts[one.name] += 1
        number = counts[one.name]
        named.append(one if number == 1 else replace(one, name=f"{one.name[:60]}-{number}"))
    return named


def _others(
    tables: Sequence[AuxiliaryTable], table: pd.DataFrame
) -> tuple[list[AuxiliaryTable], list[str]]:
    """Return the tables of other corpora than those of the data."""
    own = _corpora(table) if "corpus" in table else set()
    used, notes = [], []
    for one in tables:
        if _corpora(one.rows) & own:
            notes.append(f"auxiliary corpus '{one.name}' is left out: it is the corpus of the data")
        else:
            used.append(one)
    return used, notes


def _corpora(rows: pd.DataFrame) -> set[str]:
    """Return the names of corpora; rows without one may be of any corpus."""
    return set(as_text(rows["corpus"]).tolist()) - {""}


def _with_speakers(
    values: NDArray[np.float32], auxiliary: AuxiliaryTable, notes: list[str]
) -> tuple[NDArray[np.float32], AuxiliaryTable]:
    """Return the features and rows whose speaker is known."""
    is_known = as_text(auxiliary.rows["speaker"]) != ""
    n_unknown = int((~is_known).sum())
    if not n_unknown:
        return values, auxiliary
    notes.append(
        f"auxiliary corpus '{auxiliary.name}': {counted(n_unknown, 'utterance')} without a speaker "
        f"{'is' if n_unknown == 1 else 'are'} left out, since features are normalised by speaker"
    )
    rows = auxiliary.rows[is_known].reset_index(drop=True)
    return values[is_known], replace(auxiliary, rows=rows)


def _part(
    auxiliary: AuxiliaryTable,
    extractors: Sequence[Extractor],
    X: NDArray[np.float32],
    table: pd.DataFrame,
    earlier: set[str],
    notes: list[str],
) -> tuple[NDArray[np.float32], AuxiliaryTable]:
    """Return a table's features and rows, without speakers whose recordings the data have.

    Recordings in ``earlier``, those of the tables before it, are left out as well.
    """
    if problem := auxiliary.problem_with(extractors):
        raise AuxiliaryError(problem)
    values = np.hstack([auxiliary.features(one) for one in extractors])
    rows = auxiliary.rows.reset_index(drop=True)
    is_same = rows["key"].isin(_contents(table["key"])).to_numpy() | same_recordings(values, X)
    speaker = as_text(rows["speaker"])
    of_speakers = is_same | (np.isin(speaker, speaker[is_same]) & (speaker != ""))
    if is_same.any():
        notes.append(
            f"auxiliary corpus '{auxiliary.name}': {counted(int(is_same.sum()), 'utterance')} "
            f"{'is' if is_same.sum() == 1 else 'are'} in the data as well; all "
            f"{counted(int(of_speakers.sum()), 'utterance')} of their speakers are left out"
        )
    is_repeated = rows["key"].isin(earlier).to_numpy() & ~of_speakers
    if is_repeated.any():
        notes.append(
            f"auxiliary corpus '{auxiliary.name}': "
            f"{counted(int(is_repeated.sum()), 'utterance')} of another auxiliary corpus "
            f"{'is' if is_repeated.sum() == 1 else 'are'} left out, since each counts once"
        )
    earlier.update(rows["key"])
    is_left = ~(of_speakers | is_repeated)
    return values[is_left], replace(auxiliary, rows=rows[is_left].reset_index(drop=True))


def _contents(keys: pd.Series) -> set[str]:
    return set(keys.astype(str).str.split("[@#]", regex=True).str[0])


def same_recordings(values: NDArray[np.float32], X: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which rows of features are those of a recording in other rows.

    Parameters
    ----------
    values : ndarray of float32, shape (m, d)
        The rows in question.
    X : ndarray of float32, shape (n, d)
        The others.

    Returns
    -------
    ndarray of bool, shape (m,)
        Whether the mean squared difference to one of the others, in their deviations, is below
        :data:`SAME_RECORDING`.
    """
    columns = np.linspace(0, X.shape[1] - 1, min(_COLUMNS, X.shape[1])).astype(int)
    own, theirs = X[:, columns].astype(np.float64), values[:, columns].astype(np.float64)
    defined = np.isfinite(own)
    count = np.maximum(defined.sum(axis=0), 1)
    mean = np.where(defined, own, 0).sum(axis=0) / count
    deviation = np.sqrt(np.where(defined, (own - mean) ** 2, 0).sum(axis=0) / count)
    varies = deviation > 0
    if not varies.any():
        return np.zeros(len(values), dtype=bool)
    # An undefined value is undefined in every copy of a recording: the mean stands for it.
    a, b = (
        np.nan_to_num((rows[:, varies] - mean[varies]) / deviation[varies])
        for rows in (theirs, own)
    )
    square = np.add.outer((a**2).sum(axis=1), (b**2).sum(axis=1)) - 2 * a @ b.T
    return np.asarray(square.min(axis=1) < SAME_RECORDING * varies.sum())

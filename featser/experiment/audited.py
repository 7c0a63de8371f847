"""The audit inside a fit: what the report must tell, and which utterances hold the same sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.audit_manifest import Audit, audit_manifest
from featser.audit.checks.label_checks import SHARED_SENTENCES
from featser.audit.checks.shortcuts import probe_folds
from featser.audit.checks.single_features import (
    MOST_ROWS,
    FeatureBlock,
    Labelled,
    single_feature_findings,
)
from featser.audit.finding import Finding
from featser.corpora.card import Card
from featser.errors import counted
from featser.evaluation.protocols.folding import independent_units, speaker_ids
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.evaluation.rows import Rows, rows_of
from featser.experiment.loading.data import Data
from featser.experiment.runs.lost_recordings import may_be_opened
from featser.extraction.extraction import identify
from featser.progress import Progress, silent
from featser.tasks import Task

MOST_NAMED = 6
NO_DURATIONS = "durations are missing, so there is no duration-only baseline"


@dataclass(frozen=True, eq=False)
class Examined:
    """What is known of the recordings of a fit.

    Attributes
    ----------
    sound : ndarray of str, shape (n,)
        Equal for utterances of one recording, and for recordings with the same sound, be it
        altered.
    findings : list of Finding
        The audit's, errors first.
    notes : list of str
        What a reader of the results must know of them.
    seconds : ndarray of float, shape (n,), or None
        Durations, NaN where one is not known; None where none is, or all are the same.
    facts : DataFrame, n rows, or None
        What was measured of the recordings (:func:`featser.audit.measure.examination.facts_table`),
        missing where one cannot be opened; None where none was measured.
    """

    sound: NDArray[np.str_]
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: NDArray[np.float64] | None = None
    facts: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class CachedAudit:
    """An audit that was made already, with the rows that it is of.

    Attributes
    ----------
    table : DataFrame, n rows
        A manifest with column ``key``.
    audit : Audit
        What was found in them.
    """

    table: pd.DataFrame
    audit: Audit

    def of(self, table: pd.DataFrame) -> Audit | None:
        """Return the audit if it is of these very rows, labels and contents; else None."""
        return self.audit if self.table.equals(table) else None


def content_of(keys: pd.Series) -> NDArray[np.str_]:
    """Return the recording's content hash in each utterance's key."""
    return keys.astype(str).str.split("[@#]", regex=True).str[0].to_numpy(dtype=np.str_)


def contents_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the content hash of each row's recording; empty where it cannot be read.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest.
    """
    keys = pd.Series(identify(table)[1], table.index, dtype="str").fillna("")
    return content_of(keys)


def by_bytes(table: pd.DataFrame, protocols: Sequence[str] = ()) -> Examined:
    """Know recordings by their bytes alone, as their keys tell; no file is opened.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest with column ``key``.
    protocols : sequence of str
        How the data are divided, for the notes.
    """
    sound = content_of(table["key"])
    notes = ["the data were not audited: altered copies of recordings were not looked for"]
    return Examined(sound, [], [*notes, NO_DURATIONS, *_copies_note(table, sound, protocols)])


def examined(
    table: pd.DataFrame,
    primary: str,
    jobs: int = -1,
    seed: int = 0,
    progress: Progress = silent,
    cards: Sequence[Card] = (),
    cached: CachedAudit | None = None,
    protocols: Sequence[str] = (),
) -> Examined:
    """Audit the utterances of a fit, as far as their recordings can still be opened.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest with column ``key``.
    primary : str
        The label that leads.
    jobs : int
        Worker processes, as joblib counts them.
    seed : int
        Random seed for the folds of the shortcut baselines.
    progress : callable
        Called with the recordings examined and in all.
    cards : sequence of Card
        Cards of the user's own.
    cached : CachedAudit, optional
        What is taken, and nothing examined, where it is of these rows.
    protocols : sequence of str
        How the data are divided, for the notes.
    """
    is_available = np.array([may_be_opened(file) for file in table["file"]], dtype=bool)
    content = content_of(table["key"])
    if not is_available.any():
        note = "none of the recordings is where it was when features were extracted: no audit"
        notes = [note, NO_DURATIONS, *_copies_note(table, content, protocols)]
        return Examined(content, [], notes)
    result = cached.of(table[is_available]) if cached is not None else None
    if result is None:
        rows = table[is_available].drop(columns="key")
        result = audit_manifest(rows, primary, jobs, seed, progress, cards)
    group = content.astype(object)
    group[is_available] = np.char.add("group ", result.groups.astype(str))
    sound = independent_units(group, content)
    notes = []
    if not is_available.all():
        notes.append(
            f"{int((~is_available).sum())} of {len(is_available)} recordings are no longer where "
            f"they were when features were extracted: the audit does not include them, nor altered "
            f"copies of them"
        )
    seconds = np.full(len(table), np.nan)
    seconds[is_available] = result.facts["seconds"].to_numpy(dtype=float)
    notes += _copies_note(table, sound, protocols)
    durations = np.unique(seconds[np.isfinite(seconds)])
    if len(durations) == 1:
        notes.append(
            f"all recordings last {durations[0]:.4g} s, so there is no duration-only baseline"
        )
    facts = result.facts.set_axis(np.flatnonzero(is_available)).reindex(range(len(table)))
    durations_s = seconds if len(durations) > 1 else None
    return Examined(sound, result.findings, notes, durations_s, facts)


def findings_of_protocols(findings: Sequence[Finding], protocols: Sequence[str]) -> list[Finding]:
    """Return the findings that concern a division of the data by one of these protocols.

    Across corpora, training and test set never share the sentences of one corpus.
    """
    if not all(PROTOCOLS[name].across_corpora for name in protocols):
        return list(findings)
    return [finding for finding in findings if finding.kind != SHARED_SENTENCES]


def revealing_features(
    data: Data, task: Task, sound: NDArray[np.str_], seed: int = 0
) -> list[Finding]:
    """Report features that alone predict the primary task too well to be features of a voice.

    Parameters
    ----------
    data : Data
        With features and labels. Packed frames are left out: they have no columns of one meaning.
    task : Task
        The primary task; without classes nothing is tested.
    sound : ndarray of str, shape (n,)
        Equal for utterances with the same sound.
    seed : int
        Random seed of the folds.
    """
    if not task.categorical:
        return []
    has_label = data.table[task.name].notna().to_numpy()
    if len(np.unique(data.speaker[has_label & (data.speaker != "")])) > 1:
        has_label = has_label & (data.speaker != "")
    rows = np.flatnonzero(has_label)
    rows = rows[:: -(-len(rows) // MOST_ROWS)] if len(rows) else rows
    label = data.table[task.name].iloc[rows].astype(str).to_numpy(dtype=str)
    classes, codes = np.unique(label, return_inverse=True)
    if len(classes) < 2:
        return []
    fold, by_speaker = probe_folds(label, data.speaker[rows], sound[rows], seed)
    if fold is None:
        return []
    labelled = Labelled(task.name, classes.tolist(), codes, fold, by_speaker)
    return single_feature_findings(_feature_blocks(data, rows), labelled)


def _feature_blocks(data: Data, rows: NDArray[np.intp]) -> list[FeatureBlock]:
    """Return the features of some rows, a block for each extractor of whole utterances."""
    some = rows_of(data.X, rows)
    X = np.concatenate(list(some.batches())) if isinstance(some, Rows) else some
    blocks, first = [], 0
    for extractor in data.extractors:
        last = first + extractor.dimension
        if extractor.frame_width is None:
            own = type(extractor).__module__.startswith("featser.features.sets.")
            blocks.append(FeatureBlock(extractor.spec, extractor.names, X[:, first:last], own))
        first = last
    return blocks


def _copies_note(
    table: pd.DataFrame, sound: NDArray[np.str_], protocols: Sequence[str]
) -> list[str]:
    """Say which utterances share their sound, and which speakers are therefore kept together."""
    content = content_of(table["key"])
    recordings = pd.DataFrame({"sound": sound, "content": content, "key": table["key"]})
    several = recordings.groupby("sound")["content"].transform("nunique") > 1
    shared = several | recordings["key"].duplicated(keep=False)
    if not shared.any():
        return []
    count = int(shared.sum())
    holds = "holds" if count == 1 else "hold"
    text = f"{counted(count, 'utterance')} {holds} the same sound as another, as is or altered; "
    as_given = [name for name in protocols if PROTOCOLS[name].as_given]
    if as_given and len(as_given) == len(protocols):
        return [f"{text}the published folds decide on which side they are"]
    text += "they are kept on one side of every fold"
    if as_given:
        text += f" (except under '{as_given[0]}', which divides as published)"
    joined = _joined_speakers(speaker_ids(table), sound)
    if joined:
        text += f", and with them whole speakers: {_listed(joined)}"
    return [text]


def _joined_speakers(speaker: NDArray[np.str_], sound: NDArray[np.str_]) -> list[str]:
    has_speaker = speaker != ""
    unit = independent_units(speaker[has_speaker], sound[has_speaker])
    groups = pd.Series(speaker[has_speaker]).groupby(unit).unique()
    return [" with ".join(sorted(group)) for group in groups if len(group) > 1]


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names[:MOST_NAMED]) + ("; …" if len(names) > MOST_NAMED else "")

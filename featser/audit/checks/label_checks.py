"""Check labels, speakers and splits for contradictions, redundancy and missing values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.finding import Finding, row_of
from featser.corpora.label_columns import NEVER_GUESSED, function_of, task_notes
from featser.evaluation.protocols.folding import speaker_ids
from featser.tasks import MAX_CLASSES, Task

SHARED_SENTENCES = "shared sentences"
"""The kind of the finding that speakers or splits share sentences."""
_NAMED = 12


def label_findings(
    table: pd.DataFrame, tasks: Sequence[Task], refused: Collection[str], primary: str
) -> list[Finding]:
    """Check a manifest's labels, speakers and splits.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    tasks : sequence of Task
        Labels that can be predicted.
    refused : collection of str
        Labels that cannot be predicted.
    primary : str
        The primary label.

    Returns
    -------
    list of Finding
        Labels fixed by others, poor coverage of classes by speakers, contradictory genders,
        speakers in several splits, sentences in training and test, and missing speakers.
    """
    speaker = speaker_ids(table)
    findings = [
        *_fixed(table, _labels(table, tasks, refused, primary)),
        *(Finding("class of one utterance", "warning", note) for note in task_notes(table, tasks)),
        *_missing_speakers(speaker),
        *_contradictory_gender(table, speaker),
        *_shared_splits(table, speaker),
        *_shared_sentences(table, speaker),
    ]
    if primary in {task.name for task in tasks if task.categorical}:
        findings += _coverage(table, speaker, primary)
    return findings


def _fixed(table: pd.DataFrame, names: Sequence[str]) -> Iterator[Finding]:
    corpora = _corpora(table)
    for corpus, rows in table.groupby(corpora):
        reported: set[frozenset[str]] = set()
        for source, target in permutations(names, 2):
            varies = rows[target].nunique() > 1 and rows[source].nunique() < len(rows)
            mapping = function_of(rows, target, source) if varies else ""
            if not mapping or frozenset((source, target)) in reported:
                continue
            reported.add(frozenset((source, target)))
            where = f"{corpus}: " if corpora.nunique() > 1 else ""
            yield Finding(
                "label fixed by another",
                "warning",
                f"{where}`{target}` is a function of `{source}` ({mapping}): it carries no "
                f"information of its own, so predict one of them only",
                [row_of({"label": target, "fixed by": source, "corpus": str(corpus)})],
            )


def _labels(
    table: pd.DataFrame, tasks: Sequence[Task], refused: Collection[str], primary: str
) -> list[str]:
    """Columns that are labels with classes, whether they can be predicted or not."""
    tried = dict.fromkeys([primary, *(task.name for task in tasks), *refused])
    return [
        name
        for name in tried
        if name in table
        and name not in NEVER_GUESSED
        and not pd.api.types.is_float_dtype(table[name])
        and table[name].nunique() <= MAX_CLASSES
    ]


def _missing_speakers(speaker: NDArray[np.str_]) -> Iterator[Finding]:
    missing = int((speaker == "").sum())
    if missing:
        yield Finding(
            "missing speakers",
            "warning",
            f"{missing} of {len(speaker)} utterances have no speaker, so a test speaker may also "
            f"be in the training set; fill in the column `speaker`",
        )


def _contradictory_gender(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Iterator[Finding]:
    if "gender" not in table:
        return
    valid_rows = (speaker != "") & table["gender"].notna().to_numpy()
    counts = pd.crosstab(speaker[valid_rows], table.loc[valid_rows, "gender"].to_numpy())
    mixed = counts[(counts > 0).sum(axis=1) > 1]
    if len(mixed):
        yield Finding(
            "contradictory gender",
            "error",
            f"{_count(mixed, 'speaker', 'has', 'have')} more than one gender "
            f"({_some(mixed.index)}): "
            f"either a gender is wrong, or two people have the same speaker name",
            _counts(mixed, "speaker"),
        )


def _coverage(table: pd.DataFrame, speaker: NDArray[np.str_], primary: str) -> Iterator[Finding]:
    valid_rows = (speaker != "") & table[primary].notna().to_numpy()
    label = table.loc[valid_rows, primary].to_numpy()
    counts = pd.crosstab(speaker[valid_rows], label)
    if len(counts) < 2:
        return
    corpus = _corpora(table)[valid_rows].to_numpy()
    of_corpus = pd.crosstab(corpus, label) > 0
    of_speaker = pd.Series(corpus).groupby(speaker[valid_rows]).first()
    lacks = (counts == 0) & of_corpus.loc[of_speaker.loc[counts.index]].to_numpy()
    n_classes = (counts > 0).sum(axis=1)
    single = counts[n_classes == 1]
    if len(single) == len(counts):
        yield Finding(
            "classes per speaker",
            "error",
            f"every speaker has only one class of `{primary}`: a model that recognises the speaker "
            f"knows the class, so no result distinguishes emotion from voice",
            _counts(counts, "speaker"),
        )
        return
    if len(single):
        yield Finding(
            "speakers with one class",
            "warning",
            f"{_count(single, 'speaker', 'has', 'have')} only one class of `{primary}` "
            f"({_some(single.index)}): a model may recognise the class by the voice, a test on "
            f"these speakers measures the recall of one class, and speaker normalisation removes "
            f"the class: add recordings of their other classes",
            _counts(single, "speaker"),
        )
    is_poor = (n_classes > 1) & lacks.any(axis=1)
    poor = counts[is_poor]
    if len(poor):
        n_lacking = lacks[is_poor].sum()
        lacking = {str(name): int(count) for name, count in n_lacking.items() if count}
        what = ", ".join(f"{name} ({count})" for name, count in lacking.items())
        yield Finding(
            "speakers lacking classes",
            "warning",
            f"{_count(poor, 'speaker', 'lacks', 'lack')} at least one class of `{primary}` "
            f"({_some(poor.index)}); lacking: {what}. Normalising features by speaker "
            f"would remove a part of the class",
            _counts(poor, "speaker"),
        )


def _shared_splits(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Iterator[Finding]:
    if "split" not in table:
        return
    valid_rows = (speaker != "") & table["split"].notna().to_numpy()
    counts = pd.crosstab(speaker[valid_rows], table.loc[valid_rows, "split"].to_numpy())
    shared = counts[(counts > 0).sum(axis=1) > 1]
    if len(shared):
        yield Finding(
            "speakers in several splits",
            "error",
            f"{_count(shared, 'speaker', 'is', 'are')} in more than one split "
            f"({_some(shared.index)}): the test set then has speakers of the training set; put "
            f"each speaker in one split",
            _counts(shared, "speaker"),
        )


def _shared_sentences(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Iterator[Finding]:
    """Report sentences that several splits share or, without splits, several speakers.

    A sentence of one name in two corpora is two: their names are codes of each corpus.
    """
    if "sentence" not in table:
        return
    has_splits = "split" in table and table["split"].nunique() > 1
    group = pd.Series(table["split"] if has_splits else speaker, table.index).replace("", pd.NA)
    valid_rows = table["sentence"].notna() & group.notna()
    name = table["sentence"].astype(str)
    corpora = _corpora(table)
    name = name if corpora.nunique() < 2 else corpora.astype(str) + "/" + name
    n_groups = group[valid_rows].groupby(name[valid_rows]).nunique()
    shared = n_groups[n_groups > 1]
    if len(shared):
        between = "splits" if has_splits else "speakers"
        shared_by = "occur in several splits" if has_splits else "are spoken by several speakers"
        yield Finding(
            SHARED_SENTENCES,
            "note",
            f"{len(shared)} of {len(n_groups)} sentences {shared_by}, so the training and test "
            f"sets share sentences: results hold for these sentences, not for new ones",
            [{"sentence": str(name), between: int(count)} for name, count in shared.items()],
        )


def _corpora(table: pd.DataFrame) -> pd.Series[str]:
    return table["corpus"].fillna("") if "corpus" in table else pd.Series("", table.index)


def _count(rows: pd.DataFrame, noun: str, singular: str, plural: str) -> str:
    return f"{len(rows)} {noun} {singular}" if len(rows) == 1 else f"{len(rows)} {noun}s {plural}"


def _some(names: pd.Index[Any]) -> str:
    shown = ", ".join(str(name) for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _counts(counts: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    return [row_of({name: str(row), **counts.loc[row].to_dict()}) for row in counts.index]

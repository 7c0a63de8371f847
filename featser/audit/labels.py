"""Labels that contradict each other, follow from each other, or are not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.finding import Finding, row_of
from featser.corpora.labels import MAX_CLASSES, NEVER_GUESSED, function_of, task_notes
from featser.evaluation.protocols import speaker_ids
from featser.tasks import Task

_NAMED = 12


def label_findings(
    table: pd.DataFrame, tasks: Sequence[Task], refused: Collection[str], primary: str
) -> list[Finding]:
    """Find what is wrong with a manifest's labels, speakers and splits.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    tasks : sequence of Task
        Labels that can be predicted.
    refused : collection of str
        Labels that cannot.
    primary : str
        The label that leads.

    Returns
    -------
    list of Finding
        Labels fixed by others, poor coverage of classes by speakers, contradictory genders,
        speakers in several splits, sentences in training and test, and missing speakers.
    """
    speaker = speaker_ids(table)
    found = [
        *_fixed(table, _labels(table, tasks, refused, primary)),
        *(Finding("class of one utterance", "warning", note) for note in task_notes(table, tasks)),
        *_missing_speakers(speaker),
        *_contradictory_gender(table, speaker),
        *_shared_splits(table, speaker),
        *_shared_sentences(table, speaker),
    ]
    if primary in {task.name for task in tasks if task.categorical}:
        found += _coverage(table, speaker, primary)
    return found


def _fixed(table: pd.DataFrame, names: Sequence[str]) -> Iterator[Finding]:
    corpora = table["corpus"].fillna("") if "corpus" in table else pd.Series("", table.index)
    for corpus, part in table.groupby(corpora):
        seen: set[frozenset[str]] = set()
        for source, target in permutations(names, 2):
            varies = part[target].nunique() > 1 and part[source].nunique() < len(part)
            mapping = function_of(part, target, source) if varies else ""
            if not mapping or frozenset((source, target)) in seen:
                continue
            seen.add(frozenset((source, target)))
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
            f"{missing} of {len(speaker)} utterances have no speaker: without one nobody can tell "
            f"whether a test speaker was trained on; fill in the column `speaker`",
        )


def _contradictory_gender(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Iterator[Finding]:
    if "gender" not in table:
        return
    known = (speaker != "") & table["gender"].notna().to_numpy()
    counts = pd.crosstab(speaker[known], table.loc[known, "gender"].to_numpy())
    mixed = counts[(counts > 0).sum(axis=1) > 1]
    if len(mixed):
        yield Finding(
            "contradictory gender",
            "error",
            f"{_count(mixed, 'speaker')} of more than one gender ({_some(mixed.index)}): either "
            f"genders are wrong, or two people share a name",
            _counts(mixed, "speaker"),
        )


def _coverage(table: pd.DataFrame, speaker: NDArray[np.str_], primary: str) -> Iterator[Finding]:
    known = (speaker != "") & table[primary].notna().to_numpy()
    counts = pd.crosstab(speaker[known], table.loc[known, primary].to_numpy())
    if len(counts) < 2:
        return
    held = (counts > 0).sum(axis=1)
    single = counts[held == 1]
    if len(single) == len(counts):
        yield Finding(
            "classes per speaker",
            "error",
            f"every speaker has one class of `{primary}` only: whoever is recognised is "
            f"classified, so no result can tell emotion from voice",
            _counts(counts, "speaker"),
        )
        return
    if len(single):
        yield Finding(
            "speakers with one class",
            "warning",
            f"{_count(single, 'speaker')} of one class of `{primary}` only ({_some(single.index)}"
            f"): their voices stand for that class in training; a test on them measures one "
            f"recall; and normalising by speaker takes the class away",
            _counts(single, "speaker"),
        )
    poor = counts[(held > 1) & (held < counts.shape[1])]
    if len(poor):
        lacking = {
            str(name): int((poor[name] == 0).sum()) for name in poor if (poor[name] == 0).any()
        }
        what = ", ".join(f"{name} ({count})" for name, count in lacking.items())
        yield Finding(
            "speakers lacking classes",
            "warning",
            f"{_count(poor, 'speaker')} without all classes of `{primary}` ({_some(poor.index)}); "
            f"lacking: {what}. Who speaks tells something of the class, so normalise by speaker "
            f"with care",
            _counts(poor, "speaker"),
        )


def _shared_splits(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Iterator[Finding]:
    if "split" not in table:
        return
    known = (speaker != "") & table["split"].notna().to_numpy()
    counts = pd.crosstab(speaker[known], table.loc[known, "split"].to_numpy())
    shared = counts[(counts > 0).sum(axis=1) > 1]
    if len(shared):
        yield Finding(
            "speakers in several splits",
            "error",
            f"{_count(shared, 'speaker')} in more than one split ({_some(shared.index)}): the test "
            f"is then on known voices; give each speaker to one split",
            _counts(shared, "speaker"),
        )


def _shared_sentences(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Iterator[Finding]:
    """Note sentences on both sides: of the splits if there are any, else of any two speakers."""
    if "sentence" not in table:
        return
    has_splits = "split" in table and table["split"].nunique() > 1
    side = pd.Series(table["split"] if has_splits else speaker, table.index).replace("", pd.NA)
    known = table["sentence"].notna() & side.notna()
    sides = side[known].groupby(table.loc[known, "sentence"]).nunique()
    shared = sides[sides > 1]
    if len(shared):
        between = "splits" if has_splits else "speakers"
        shared_by = "in several splits" if has_splits else "by several speakers"
        yield Finding(
            "shared sentences",
            "note",
            f"{len(shared)} of {len(sides)} sentences are said {shared_by}, so training "
            f"and test share their words: results hold for these sentences, not for any",
            [{"sentence": str(name), between: int(count)} for name, count in shared.items()],
        )


def _count(rows: pd.DataFrame, noun: str) -> str:
    return f"{len(rows)} {noun}{' is' if len(rows) == 1 else 's are'}"


def _some(names: pd.Index[Any]) -> str:
    shown = ", ".join(str(name) for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _counts(counts: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    return [row_of({name: str(row), **counts.loc[row].to_dict()}) for row in counts.index]

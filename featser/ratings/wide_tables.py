"""Tables with a column for each rater, such as ``emotion.r1`` and ``emotion.r2``, made long."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from featser.errors import ManifestError, counted, shortened

RATER = "rater"
"""The column of a long table that names the rater of a row."""
OWN_LABEL = "the table's own label"
"""Stands for the rater of a label that a wide table has beside the ratings of the label."""

_RATER_ALONE = re.compile(r"(?:rater|annotator|evaluator|judge|listener|coder)[\s._-]?\d+", re.I)
_WIDE = re.compile(
    r"(?P<label>.*[^\s._-])[\s._-]+"
    r"(?P<rater>(?:r|rater|annotator|ann|evaluator|judge|listener|coder)[\s._-]?\d+)",
    re.IGNORECASE | re.DOTALL,
)


def wide_columns(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Find the columns that hold the ratings of one rater each.

    Parameters
    ----------
    names : sequence of str
        A table's columns.

    Returns
    -------
    dict of dict
        Label → rater → column. A label with one such column has several raters nowhere, so it is
        left out.

    Examples
    --------
    >>> wide_columns(["file", "emotion.r1", "emotion.r2", "valence_rater1"])
    {'emotion': {'r1': 'emotion.r1', 'r2': 'emotion.r2'}}
    """
    labels: dict[str, dict[str, str]] = {}
    for name in names:
        if parts := _WIDE.fullmatch(name):
            labels.setdefault(parts["label"], {})[parts["rater"]] = name
    return {label: columns for label, columns in labels.items() if len(columns) > 1}


def has_raters(names: Sequence[str]) -> bool:
    """Whether a table's columns hold ratings by several raters.

    Examples
    --------
    >>> has_raters(["file", "rater", "emotion"]), has_raters(["file", "emotion"])
    (True, False)
    """
    return RATER in names or bool(wide_columns(names))


def renamed_wide_columns(names: Sequence[str], old: str, new: str) -> dict[str, str]:
    """Return the other names of a label's columns, where the label itself has another one.

    Examples
    --------
    >>> renamed_wide_columns(["label.r1", "label.r2"], "label", "emotion")
    {'label.r1': 'emotion.r1', 'label.r2': 'emotion.r2'}
    """
    columns = wide_columns(names).get(old, {})
    return {column: f"{new}{column[len(old) :]}" for column in columns.values()}


def as_long_table(table: pd.DataFrame, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Return a wide table with a row for each recording and rater; other tables as they are.

    Parameters
    ----------
    table : DataFrame
        A table by the names of a manifest.
    where : str
        What errors call it.

    Returns
    -------
    table : DataFrame
        With a column ``rater``, on the index of the rows that it was made of. A label that the
        table has beside its ratings is a rating by :data:`OWN_LABEL`.
    notes : list of str
        Which columns were read as ratings.

    Raises
    ------
    ManifestError
        If the table has a column ``rater`` too.

    Examples
    --------
    >>> wide = pd.DataFrame({"file": ["a.wav"], "emotion.r1": ["sad"], "emotion.r2": ["angry"]})
    >>> as_long_table(wide, "m.csv")[0]["rater"].tolist()
    ['r1', 'r2']
    """
    labels = wide_columns([str(name) for name in table.columns])
    if not labels:
        return table, []
    if RATER in table.columns:
        label, columns = next(iter(labels.items()))
        raise ManifestError(
            f"{where}: there is a column `{RATER}`, and `{shortened(next(iter(columns.values())))}`"
            f" holds the ratings of `{shortened(label)}` by one rater: use one of the two forms"
        )
    raters = list(dict.fromkeys(rater for columns in labels.values() for rater in columns))
    rated = {label: dict(columns) for label, columns in labels.items()}
    if own := [label for label in labels if label in table.columns]:
        raters.append(OWN_LABEL)
        for label in own:
            rated[label][OWN_LABEL] = label
    wide = {column for columns in rated.values() for column in columns.values()}
    others = table.drop(columns=list(wide))
    parts = pd.concat([_of_rater(table, others, rated, rater) for rater in raters])
    by_row = np.arange(len(parts)).reshape(len(raters), len(table)).T.ravel()
    return parts.iloc[by_row], [_note(label, labels[label]) for label in labels]


def _of_rater(
    table: pd.DataFrame, others: pd.DataFrame, rated: Mapping[str, Mapping[str, str]], rater: str
) -> pd.DataFrame:
    """Return the rows of one rater, whose other labels are missing."""
    absent = pd.Series(np.nan, table.index)
    ratings = {
        label: table[columns[rater]] if rater in columns else absent
        for label, columns in rated.items()
    }
    return others.assign(**{RATER: rater, **ratings})


def unnamed_label_notes(names: Sequence[str]) -> list[str]:
    """Say how columns are renamed that seem to hold ratings of a label that they do not name.

    Examples
    --------
    >>> unnamed_label_notes(["file", "emotion.rater1", "emotion.rater2"])
    []
    >>> unnamed_label_notes(["file", "rater1", "rater2"])[0].partition(": ")[0]
    'the columns `rater1`, `rater2` are labels of their own'
    """
    columns = [name for name in names if _RATER_ALONE.fullmatch(name)]
    if len(columns) < 2:
        return []
    maps = [f"--map {shlex.quote(f'{column}=emotion.{column}')}" for column in columns]
    return [
        f"the columns {_listed(columns)} are labels of their own: if they are ratings of one "
        f"label, such as the emotion, extract with `{' '.join(maps)}`"
    ]


def _note(label: str, columns: Mapping[str, str]) -> str:
    listed = _listed(list(columns.values()))
    return f"ratings of `{shortened(label)}` by {counted(len(columns), 'rater')}: {listed}"


def _listed(columns: Sequence[str]) -> str:
    more = ", …" if len(columns) > 3 else ""
    return ", ".join(f"`{shortened(column)}`" for column in columns[:3]) + more

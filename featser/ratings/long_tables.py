"""Tables with a row for each recording and rater, made to one row for each recording.

What varies between the rows of a recording is a rating and goes to ``LABEL.ratings``; what is the
same in all of them is a property of the recording and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.errors import ManifestError, counted, shortened
from featser.ratings.aggregation import default_labels
from featser.ratings.rating_columns import ratings_column, written_ratings
from featser.ratings.ratings import Indices, Ratings
from featser.ratings.wide_tables import OWN_LABEL, RATER
from featser.tasks import MAX_CLASSES

ALL_AGREE = "all raters agree on every recording that several of them rated"
"""The note on a table without any difference between raters."""


def one_row_each(
    table: pd.DataFrame,
    keys: pd.DataFrame,
    where: str,
    never_ratings: Callable[[str], bool],
    always_ratings: Collection[str] = (),
    usual_label: Callable[[str], bool] = bool,
) -> tuple[pd.DataFrame, list[str]]:
    """Return a table with one row for each recording, its ratings in columns of their own.

    Parameters
    ----------
    table : DataFrame
        A checked manifest with a column ``rater``, no recording twice for one rater.
    keys : DataFrame
        What names the recording of each row, without missing values: file, start, end, channel.
    where : str
        What errors call the table.
    never_ratings : callable
        Whether a column, by its name, holds no ratings but names or codes of the recording.
    always_ratings : collection of str
        Columns that hold ratings even where all raters agree.
    usual_label : callable
        Whether a column has, by its name, a label; by default every one.

    Returns
    -------
    table : DataFrame
        As it is where no recording has several rows. Otherwise without the column ``rater``; a
        rated label is what most raters gave, or their mean, unless the table has its own.
    notes : list of str
        What was read as ratings, and what was left out.

    Raises
    ------
    ManifestError
        If a row has no rater, a column that holds no ratings differs between the rows of a
        recording, or ratings of one label are numbers in some rows and text in others.

    Notes
    -----
    Where no column differs between the rows of any recording, the raters agree perfectly: the
    columns with usual names of labels are ratings then, else all that are no names or codes.

    Examples
    --------
    >>> table = pd.DataFrame({"file": ["a.wav"] * 3, "rater": ["x", "y", "z"]})
    >>> table["emotion"] = ["sad", "sad", "angry"]
    >>> one_row_each(table, table[["file"]], "m.csv", {"file"}.__contains__)[0]["emotion"].tolist()
    ['sad']
    """
    numbers = keys.groupby(list(keys.columns), sort=False).ngroup()
    item = np.array(numbers.tolist(), dtype=np.intp)
    if len(np.unique(item)) == len(table):
        return table, []
    _refuse_unnamed(table, where)
    rows = _RatedRows(table, item, where)
    names = [str(column) for column in table.columns if column not in (*keys.columns, RATER)]
    candidates = [] if always_ratings else [name for name in names if not never_ratings(name)]
    agreed = rows.agreed(candidates, usual_label)
    for name in names:
        is_rated = name in always_ratings or name in agreed or rows.varies(name)
        if is_rated and never_ratings(name):
            raise rows.difference(name)
        if not is_rated:
            rows.take_property(name)
        elif name not in always_ratings and (why := rows.no_rating(name)):
            rows.result = rows.result.drop(columns=name)
            rows.notes.append(f"`{shortened(name)}` is no label and left out: {why}")
        else:
            rows.take_ratings(name)
    if agreed:
        rows.notes.append(ALL_AGREE)
    return rows.result, [rows.summary(), *rows.notes]


@dataclass
class _RatedRows:
    """The rows of a long table, and the table of recordings that is made of them."""

    table: pd.DataFrame
    item: Indices
    where: str
    rated: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = np.unique(self.item, return_index=True)[1]
        self.result = self.table.iloc[first].drop(columns=RATER).reset_index(drop=True)
        self.is_own = self.table[RATER].eq(OWN_LABEL).to_numpy()
        rater, names = pd.factorize(self.table[RATER].where(~self.is_own))
        self.rater = rater.astype(np.intp)
        self.raters = tuple(map(str, names))

    def varies(self, name: str) -> bool:
        """Whether a column differs between the rows of a recording."""
        return bool((self.table[name].groupby(self.item).nunique() > 1).any())

    def agreed(self, candidates: Sequence[str], usual_label: Callable[[str], bool]) -> set[str]:
        """Return the labels that raters give who agree on everything; empty if they do not."""
        if any(map(self.varies, candidates)):
            return set()
        held = [name for name in candidates if self.table[name].nunique() > 1]
        return set(filter(usual_label, held)) or set(held)

    def take_property(self, name: str) -> None:
        """Take a column that is the same in all rows of a recording that have it."""
        firsts = self.table[name].groupby(self.item).first()
        self.result[name] = pd.Series(firsts.to_numpy(), dtype=self.table[name].dtype)

    def take_ratings(self, name: str) -> None:
        """Take a column of ratings, and what they give, unless the table has a label of its own."""
        values = self.table[name]
        self._refuse_mixed(values[~self.is_own])
        ratings = self._ratings(values[~self.is_own], ~self.is_own)
        own = values[self.is_own]
        if own.notna().any():
            self.result[name] = pd.Series(own.to_numpy(), dtype=values.dtype)
            self.notes.append(
                f"`{shortened(name)}` is the table's own; --aggregate {shortened(name)}="
                f"{'majority' if ratings.is_categorical else 'mean'} takes what its raters gave"
            )
        else:
            self.result[name] = default_labels(ratings)
        cells = written_ratings(ratings)
        self.result[ratings_column(name)] = pd.Series(cells, dtype="str")
        self.rated.append(name)

    def _ratings(self, values: pd.Series[Any], rows: Any) -> Ratings:
        has_value = values.notna().to_numpy()
        item, rater = self.item[rows][has_value], self.rater[rows][has_value]
        held = values[has_value]
        if types.is_float_dtype(values):
            return Ratings(item, rater, held.to_numpy(float), len(self.result), self.raters)
        classes, codes = np.unique(held.to_numpy(str), return_inverse=True)
        names = tuple(map(str, classes))
        return Ratings(item, rater, codes.astype(float), len(self.result), self.raters, names)

    def _refuse_mixed(self, values: pd.Series[Any]) -> None:
        """Refuse ratings of which some are numbers and some are text."""
        held = values.dropna()
        if types.is_float_dtype(values):
            return
        is_text = pd.to_numeric(held, errors="coerce").isna()
        if is_text.all() or not is_text.any():
            return
        row = self.table.loc[is_text.index[is_text][0]]
        raise ManifestError(
            f"{self.where}: the rating '{shortened(str(row[values.name]))}' of "
            f"'{shortened(str(row['file']))}' by '{shortened(str(row[RATER]))}' is text, and other "
            f"ratings of `{shortened(str(values.name))}` are numbers: correct it or leave it empty"
        )

    def no_rating(self, name: str) -> str:
        """Return why a column that varies within recordings holds no label; empty if it does."""
        values = self.table[name]
        by_rater = values.groupby(self.rater)
        if (by_rater.nunique() == 1).all() and (by_rater.count() > 1).all():
            return "it is the same in all rows of a rater"
        if not types.is_float_dtype(values) and values.nunique() > MAX_CLASSES:
            return f"it has {values.nunique()} different texts, and a label at most {MAX_CLASSES}"
        return ""

    def difference(self, name: str) -> ManifestError:
        """Return the error of a property that differs between the rows of a recording."""
        counts = self.table[name].groupby(self.item).nunique()
        rows = self.table[self.item == int(counts.to_numpy().argmax())]
        variants = " and ".join(f"'{value}'" for value in rows[name].dropna().unique()[:2])
        return ManifestError(
            f"{self.where}: the rows of '{rows['file'].iloc[0]}' differ in `{shortened(name)}`: "
            f"{variants}. It is a property of the recording: write one value into all of them"
        )

    def summary(self) -> str:
        """Say what was read as ratings of what."""
        raters, items = counted(len(self.raters), "rater"), counted(len(self.result), "recording")
        if not self.rated:
            return (
                f"{items} with a row for each of {raters}: no column differs between the rows of a "
                f"recording, so there are no ratings to compare"
            )
        listed = ", ".join(f"`{shortened(label)}`" for label in self.rated)
        return f"{listed}: ratings of {items} by {raters}"


def _refuse_unnamed(table: pd.DataFrame, where: str) -> None:
    unnamed = table[RATER].isna()
    if unnamed.any():
        rows = counted(int(unnamed.sum()), "row")
        raise ManifestError(
            f"{where}: `{RATER}` is empty in {rows}, such as one of "
            f"'{table['file'][unnamed].iloc[0]}': name who gave the rating"
        )

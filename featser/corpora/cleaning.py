"""Values of a manifest that mean the same are written the same; what stands for nothing is missing.

Tables come from spreadsheets, R, databases and several people. White space at the ends, two ways
to write one accented letter, and words such as ``NA`` make classes and speakers that do not exist.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.errors import ManifestError, counted, shortened
from featser.tasks import MAX_CLASSES

MISSING_WORDS = frozenset(
    ("NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "NULL", "null", "None")
)
"""What R, spreadsheets, databases, pandas and Python write for a value that is not known."""

_PLACES = ("file", "start", "end", "channel", "stream")
_NAMES = ("speaker", "rater", "language", "corpus", "split", "fold")
_MOST_DISTINCT = 10_000
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
"""Soft hyphens, marks of no width, of direction and of byte order: nobody sees them."""
_WITH_POINT = re.compile(r"([+-]?\d+)\.0+", re.ASCII)
_WITH_ZEROS = re.compile(r"0+(?=\d)(\d+)", re.ASCII)


def cleaned(text: str) -> str:
    """Return text in Unicode's composed form, with single blanks and none at the ends.

    What nobody sees, such as a blank of no width, is left out.

    Examples
    --------
    >>> cleaned("  very  angry ")
    'very angry'
    """
    visible = text if text.isascii() else text.translate(_INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", visible).split())


class Cleaner:
    """Cleans the labels of a manifest, of which some rows come at a time, and counts the changes.

    Parameters
    ----------
    where : str
        What errors call the manifest.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._missing: dict[str, Counter[str]] = {}
        self._values: dict[str, Counter[str]] = {}

    def clean(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return some rows with clean labels."""
        columns = {}
        for position, name in enumerate(map(str, table.columns)):
            column = table.iloc[:, position]
            if name not in _PLACES and not types.is_numeric_dtype(column.dtype):
                column = self._column(column, name)
            columns[position] = column
        return pd.DataFrame(columns, index=table.index).set_axis(table.columns, axis="columns")

    def _column(self, values: pd.Series[Any], name: str) -> pd.Series[Any]:
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(values.cat.categories.dtype)
            if types.is_numeric_dtype(values.dtype):
                return values
        meanings: dict[Any, Any] = {}
        missing = self._missing.setdefault(name, Counter())
        counts = self._values.setdefault(name, Counter())
        result = []
        for value in values.tolist():
            if not isinstance(value, str):
                result.append(value)
                continue
            if value not in meanings:
                text = cleaned(value)
                meanings[value] = None if text in MISSING_WORDS or not text else text
            meaning = meanings[value]
            result.append(meaning)
            if meaning is not None and len(counts) < _MOST_DISTINCT:
                counts[meaning] += 1
            elif meaning is None and value.strip():
                missing[value.strip()] += 1
        dtype = values.dtype if values.dtype != object else object
        return pd.Series(result, values.index, dtype=dtype)

    def refuse_twins(self) -> None:
        """Refuse values that differ by case alone, and names by the point of a whole number.

        Raises
        ------
        ManifestError
            With all of them.
        """
        for name, counts in self._values.items():
            # A column of more different values holds text or codes, no classes.
            n_spellings = len({value.casefold() for value in counts})
            if name not in _NAMES and (n_spellings > MAX_CLASSES or name.endswith("_id")):
                continue
            how = "in case"
            twins = _twins(counts, str.casefold)
            if name in _NAMES and not twins:
                how, twins = "in a decimal point", _twins(counts, _without_point)
            if twins:
                raise ManifestError(
                    f"{self._where}: values of `{shortened(name)}` differ only {how}: {twins}. "
                    f"Write each in one way"
                )

    def notes(self) -> list[str]:
        """Say what was taken as missing, and which names may be the same."""
        zeros = {
            name: _twins(self._values[name], _without_zeros)
            for name in _NAMES
            if name in self._values
        }
        return [
            *self._missing_notes(),
            *(
                f"`{name}`: {twins} are taken as different: write them in one way if they are not"
                for name, twins in zeros.items()
                if twins
            ),
        ]

    def _missing_notes(self) -> list[str]:
        return [
            f"`{shortened(name)}`: {counted(sum(words.values()), 'row')} taken as missing, written "
            + ", ".join(f"'{word}' ({count})" for word, count in sorted(words.items()))
            for name, words in self._missing.items()
            if words
        ]


def _twins(counts: Counter[str], key: Callable[[str], str]) -> str:
    """List the values that have one key, with their numbers of rows; empty if none have."""
    spellings: dict[str, list[str]] = {}
    for value in counts:
        spellings.setdefault(key(value), []).append(value)
    twins = sorted(sorted(spelling) for spelling in spellings.values() if len(spelling) > 1)
    return "; ".join(
        " and ".join(f"'{value}' ({counted(counts[value], 'row')})" for value in spelling)
        for spelling in twins
    )


def _without_point(value: str) -> str:
    match = _WITH_POINT.fullmatch(value)
    return value if match is None else match[1]


def _without_zeros(value: str) -> str:
    match = _WITH_ZEROS.fullmatch(value)
    return value if match is None else match[1]


def as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as text, where missing values stay missing and empty text is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> as_text(pd.Series(["a", None])).isna().tolist()
    [False, True]
    """
    texts = [np.nan if pd.isna(v) or v == "" else str(v) for v in values.tolist()]
    return pd.Series(texts, values.index, dtype="str")

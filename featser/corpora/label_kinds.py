"""The kind of a label, as the user declares it or as its values suggest it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.corpora.cleaning import as_text
from featser.credentials import without_credentials
from featser.errors import TaskError, unknown
from featser.tasks import MAX_CLASSES, Kind

DIMENSIONS = frozenset(
    (
        "activation",
        "arousal",
        "control",
        "dominance",
        "evaluation",
        "pleasure",
        "potency",
        "valence",
    )
)
"""Labels whose numbers are ratings on a scale, however few of them differ."""

MAX_NUMBER = 1e30
"""The largest magnitude of a rating: sums of squares of larger ones overflow."""

_NUMBER = re.compile(r"\s*[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_MANY = 20
"""Whole numbers of which more than so many differ are ratings."""


def with_kinds(table: pd.DataFrame, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return a manifest whose labels hold what their kinds demand.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    kinds : mapping of str to str
        Label → ``classification``, ``ordinal`` or ``regression``.

    Returns
    -------
    DataFrame
        Numbers (float) for ``regression``; text for the others, where 1.0 and 1 are ``1``.

    Raises
    ------
    TaskError
        If there is no such label, it has values that are not numbers or too large, or too many
        classes.

    Examples
    --------
    >>> table = pd.DataFrame({"arousal": [1.0, 2.0, 1.5]})
    >>> with_kinds(table, {"arousal": "ordinal"})["arousal"].tolist()
    ['1', '2', '1.5']
    """
    changed = {name: _converted(table, name, kind) for name, kind in kinds.items()}
    return table.assign(**changed) if changed else table


def classes_in_order(values: pd.Series[Any]) -> tuple[str, ...]:
    """Return the classes of an ordered label from low to high: by number, else by alphabet.

    Examples
    --------
    >>> classes_in_order(pd.Series(["10", "9", "9", None]))
    ('9', '10')
    """
    classes = sorted(set(values.dropna().astype(str)))
    numbers = pd.to_numeric(pd.Series(classes, dtype=object), errors="coerce")
    if classes and numbers.notna().all():
        classes = [name for _, name in sorted(zip(numbers.tolist(), classes, strict=True))]
    return tuple(classes)


def number_out_of_range(table: pd.DataFrame, name: str) -> str:
    """Name the first value of a label that is infinite or too large to fit; empty without one.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    name : str
        A column of numbers; missing ones are valid.

    Returns
    -------
    str
        The column, the value, its row by the recording's file, and how to fix it.

    Examples
    --------
    >>> table = pd.DataFrame({"file": ["a.wav", "b.wav"], "arousal": [1.0, float("inf")]})
    >>> number_out_of_range(table, "arousal").partition(":")[0]
    "`arousal` is inf in the row of 'b.wav'"
    """
    wrong = np.flatnonzero(table[name].abs().to_numpy(np.float64) > MAX_NUMBER)
    if len(wrong) == 0:
        return ""
    row = int(wrong[0])
    file = without_credentials(str(table["file"].iloc[row]))
    return (
        f"`{name}` is {table[name].iloc[row]:g} in the row of '{file}': correct it or leave it "
        f"empty, a rating is a number between -{MAX_NUMBER:g} and {MAX_NUMBER:g}"
    )


def _converted(table: pd.DataFrame, name: str, kind: Kind) -> pd.Series[Any]:
    if name not in table:
        raise TaskError(f"--kind {name}={kind}: {unknown('label', name, table.columns)}")
    values = table[name]
    if kind == "regression":
        numbers = _numbers(values, name)
        if problem := number_out_of_range(table.assign(**{name: numbers}), name):
            raise TaskError(f"--kind {name}={kind}: {problem}")
        return numbers
    if types.is_numeric_dtype(values):
        values = values.map(lambda value: f"{value:g}", na_action="ignore").astype("str")
    count = values.nunique()
    if count > MAX_CLASSES:
        raise TaskError(
            f"--kind {name}={kind}: `{name}` has {count} different values, and a label has at "
            f"most {MAX_CLASSES} classes. Use --kind {name}=regression if they are numbers."
        )
    return values


def _numbers(values: pd.Series[Any], name: str) -> pd.Series[Any]:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = sorted(set(values[numbers.isna() & values.notna()].astype(str)))
    if wrong:
        listed = ", ".join(f"'{value}'" for value in wrong[:5]) + (", …" if len(wrong) > 5 else "")
        raise TaskError(
            f"--kind {name}=regression: `{name}` has values that are not numbers: {listed}. "
            f"Correct them, or use --kind {name}=classification."
        )
    return numbers


class Numeric:
    """Whether a column of text is numbers by its content, of which some is seen at a time.

    Numbers are ratings where one of them is not whole, more than 20 differ, or the column is
    named after a dimension such as arousal. Other whole numbers are the codes of classes.

    Parameters
    ----------
    name : str
        The column.
    """

    def __init__(self, name: str) -> None:
        self._dimension = name.lower() in DIMENSIONS
        self._plain, self._whole, self._point = True, True, False
        self._held: set[str] = set()

    def see(self, values: pd.Series[str]) -> Numeric:
        """Take in some of the column."""
        if self._plain:
            held = set(values.dropna())
            self._plain = all(_NUMBER.fullmatch(v) and any(c.isdigit() for c in v) for v in held)
            self._point = self._point or any("." in v for v in held)
            self._whole = self._whole and self._plain and all(float(v).is_integer() for v in held)
            if len(self._held) <= _MANY:
                self._held |= {f"{float(v):g}" for v in held} if self._plain else held
        return self

    def __bool__(self) -> bool:
        many = len(self._held) > _MANY
        ratings = many or self._dimension or not self._whole
        return bool(self._held) and self._plain and ratings

    @property
    def codes(self) -> bool:
        """Whether the column holds codes of classes of which some are written ``1.0``."""
        return bool(self._held) and self._plain and self._point and not self


def without_points(values: pd.Series[str]) -> pd.Series[str]:
    """Return whole numbers without a decimal point: ``1.0`` and ``1`` are one class.

    Examples
    --------
    >>> import pandas as pd
    >>> without_points(pd.Series(["1.0", "2.0"])).tolist()
    ['1', '2']
    """
    return as_text(values.map(lambda v: f"{float(v):.0f}" if isinstance(v, str) else v))

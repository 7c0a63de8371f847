"""How a manifest holds ratings: a column ``LABEL.ratings`` beside the label that they give.

A cell is JSON: an object such as ``{"r1": "angry", "r2": "sad"}``, or a list such as ``["angry",
"angry", "sad"]`` where the raters are not named. It is empty where a recording has no rating.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from featser.errors import ManifestError, shortened
from featser.ratings.ratings import UNNAMED, Ratings

SUFFIX = ".ratings"


def ratings_column(label: str) -> str:
    """Return the name of the column that holds a label's ratings.

    Examples
    --------
    >>> ratings_column("emotion")
    'emotion.ratings'
    """
    return label + SUFFIX


def is_ratings_column(name: str) -> bool:
    """Whether a column holds ratings, by its name."""
    return name.endswith(SUFFIX) and name != SUFFIX


def rated_labels(table: pd.DataFrame) -> list[str]:
    """Return the labels whose ratings a manifest holds.

    Examples
    --------
    >>> rated_labels(pd.DataFrame({"file": ["a.wav"], "emotion.ratings": ['["sad"]']}))
    ['emotion']
    """
    return [
        str(name).removesuffix(SUFFIX)
        for name in table.columns
        if is_ratings_column(str(name)) and table[name].notna().any()
    ]


def read_ratings(table: pd.DataFrame, label: str) -> Ratings:
    """Read the ratings of a label from a manifest.

    Parameters
    ----------
    table : DataFrame
        A manifest with the column ``LABEL.ratings``.
    label : str
        The label.

    Returns
    -------
    Ratings
        Numbers where all values are numbers in JSON, otherwise classes in the order of the
        alphabet. Items are the table's rows by position.

    Raises
    ------
    ManifestError
        If a cell is not what this module describes.

    Examples
    --------
    >>> table = pd.DataFrame({"emotion.ratings": ['{"r1": "sad", "r2": "angry"}', None]})
    >>> read_ratings(table, "emotion").classes
    ('angry', 'sad')
    """
    item: list[int] = []
    rater: list[int] = []
    values: list[Any] = []
    places: dict[str, int] = {}
    for row, cell in enumerate(table[ratings_column(label)]):
        if pd.isna(cell):
            continue
        given = _cell(cell, table, row, label)
        names = given.keys() if isinstance(given, dict) else [None] * len(given)
        held = given.values() if isinstance(given, dict) else given
        for name, value in zip(names, held, strict=True):
            item.append(row)
            rater.append(UNNAMED if name is None else places.setdefault(name, len(places)))
            values.append(value)
    are_numbers = all(isinstance(value, int | float) for value in values)
    classes = () if are_numbers else tuple(sorted({str(value) for value in values}))
    code = {name: float(position) for position, name in enumerate(classes)}
    numbers = [float(value) if are_numbers else code[str(value)] for value in values]
    return Ratings(
        np.array(item, dtype=np.intp),
        np.array(rater, dtype=np.intp),
        np.array(numbers, dtype=float),
        len(table),
        tuple(places),
        classes,
    )


def written_ratings(ratings: Ratings) -> list[str | None]:
    """Return ratings as the cells of a column, one for each item.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> written_ratings(from_matrix([[1, 2.5], [np.nan, np.nan]]))
    ['{"r1": 1, "r2": 2.5}', None]
    """
    cells: list[str | None] = [None] * ratings.n_items
    order = np.lexsort((ratings.rater, ratings.item))
    starts = np.searchsorted(ratings.item[order], np.arange(ratings.n_items + 1))
    for row in range(ratings.n_items):
        chosen = order[starts[row] : starts[row + 1]]
        if not len(chosen):
            continue
        values = [_plain(ratings, float(value)) for value in ratings.value[chosen]]
        if (ratings.rater[chosen] == UNNAMED).any():
            cells[row] = json.dumps(values, ensure_ascii=False)
        else:
            names = [ratings.raters[rater] for rater in ratings.rater[chosen]]
            cells[row] = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
    return cells


def cell_of(ratings: Sequence[tuple[str, str | float]]) -> str | None:
    """Return the ratings of one recording as the cell of a column; None without any.

    Parameters
    ----------
    ratings : sequence of (str, str or float)
        Rater and value. Where a rater is empty or named twice, no rater is named.

    Examples
    --------
    >>> cell_of([("x", "sad"), ("y", "angry")]), cell_of([("", 2.0), ("", 2.5)])
    ('{"x": "sad", "y": "angry"}', '[2, 2.5]')
    """
    if not ratings:
        return None
    values = [int(v) if isinstance(v, float) and v.is_integer() else v for _, v in ratings]
    names = [name for name, _ in ratings]
    is_named = all(names) and len(set(names)) == len(names)
    held = dict(zip(names, values, strict=True)) if is_named else values
    return json.dumps(held, ensure_ascii=False)


def with_renamed_classes(
    table: pd.DataFrame, label: str, names: Mapping[str, str | None]
) -> pd.Series[str]:
    """Return a column of ratings with other names of classes; None removes the rating.

    Parameters
    ----------
    table : DataFrame
        A manifest with the column ``LABEL.ratings``.
    label : str
        The label.
    names : mapping of str to str or None
        Class → its other name.
    """
    ratings = read_ratings(table, label)
    is_removed = np.array([names.get(name, name) is None for name in ratings.classes], dtype=bool)
    renamed = [names.get(name, name) or name for name in ratings.classes]
    classes = sorted(set(renamed))
    code = np.array([classes.index(name) for name in renamed], dtype=float)
    remaining = ratings.chosen(~is_removed[ratings.value.astype(np.intp)])
    codes = code[remaining.value.astype(np.intp)]
    merged = replace(remaining, value=codes, classes=tuple(classes))
    return pd.Series(written_ratings(merged), table.index, dtype="str")


def _plain(ratings: Ratings, value: float) -> str | int | float:
    if ratings.is_categorical:
        return ratings.classes[int(value)]
    return int(value) if value.is_integer() else value


def _cell(cell: Any, table: pd.DataFrame, row: int, label: str) -> dict[str, Any] | list[Any]:
    """Return what a cell holds: an object or a list of texts or finite numbers."""
    try:
        given = json.loads(cell, parse_constant=_refuse_constant)
    except (TypeError, ValueError) as error:
        raise _wrong(cell, table, row, label) from error
    if not isinstance(given, dict | list):
        raise _wrong(cell, table, row, label)
    values = given.values() if isinstance(given, dict) else given
    if not all(map(_is_rating, values)):
        raise _wrong(cell, table, row, label)
    return given


def _is_rating(value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.isfinite(value)
    return isinstance(value, str)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no rating")


def _wrong(cell: Any, table: pd.DataFrame, row: int, label: str) -> ManifestError:
    place = f"the row of '{table['file'].iloc[row]}'" if "file" in table else f"row {row + 1}"
    return ManifestError(
        f"`{ratings_column(label)}` in {place} is {shortened(str(cell))!r}: write ratings as JSON, "
        f'such as {{"r1": "angry", "r2": "sad"}}, or leave it empty'
    )

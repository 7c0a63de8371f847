"""The rows of several raters of a manifest, made to one row for each recording."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from featser.audio.channels import MIX
from featser.corpora.label_columns import is_text_only
from featser.corpora.label_kinds import DIMENSIONS
from featser.corpora.tables.column_names import LABEL_NAMES, plain_name
from featser.ratings.long_tables import one_row_each

_PLACES = ("file", "start", "end", "language", "corpus")


def without_raters(
    table: pd.DataFrame, where: str, rated: Collection[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return a checked manifest with one row for each recording, and what was read as ratings.

    Parameters
    ----------
    table : DataFrame
        A checked manifest with a column ``rater``.
    where : str
        What errors call it.
    rated : collection of str
        Labels that hold ratings whether raters differ or not.

    Raises
    ------
    ManifestError
        As :func:`~featser.ratings.long_tables.one_row_each`.
    """
    places = places_of(table)
    return one_row_each(table, places, where, _holds_no_ratings, rated, _is_usual_label)


def places_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return what names the recording or segment of each row, without missing values.

    Examples
    --------
    >>> table = pd.DataFrame({"file": ["a.wav"], "start": [np.nan], "end": [np.nan]})
    >>> places_of(table)[["start", "end"]].to_numpy().tolist()
    [[0.0, inf]]
    """
    places = table[["file", "start", "end"]].fillna({"start": 0.0, "end": np.inf})
    if "channel" in table:
        places["channel"] = table["channel"].fillna(MIX)
    return places


def _holds_no_ratings(name: str) -> bool:
    return name in _PLACES or is_text_only(name)


def _is_usual_label(name: str) -> bool:
    return plain_name(name) in LABEL_NAMES or name.lower() in DIMENSIONS

"""An entry of a published list: a recording, a fold, and which of the fold's sets it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from featser.corpora.cleaning import MISSING_WORDS
from featser.errors import SHOWN_CHARACTERS, ManifestError, shortened, unknown

TEST, TRAINING = "test", "train"
NAME_COLUMNS = ("file", "name")
"""Where a list has the names of recordings; the first that it has counts."""
_SPLITS = {
    "test": TEST,
    "train": TRAINING,
    "training": TRAINING,
    "valid": TRAINING,
    "validation": TRAINING,
    "val": TRAINING,
    "dev": TRAINING,
}
"""How sources call the sets of a fold; what is not tested may be used for training."""


class ListEntry(NamedTuple):
    """A recording in a list.

    Attributes
    ----------
    name : str
        As the source writes it.
    fold : str
        The fold's name.
    split : {'test', 'train'}
        Whether the fold tests the recording, or may be trained on it.
    """

    name: str
    fold: str
    split: str


def entry_of(values: Mapping[str, Any], name: str, where: str, fold: str = "") -> ListEntry | None:
    """Return the entry of a row or a line; None if it has no fold.

    Parameters
    ----------
    values : mapping
        ``fold`` and perhaps ``split``.
    name : str
        The recording.
    where : str
        The file and the line, for messages.
    fold : str
        The fold where the values do not have it.

    Raises
    ------
    ManifestError
        If there is no name, or the split is unknown.

    Examples
    --------
    >>> entry_of({"fold": 1.0}, "03a01Fa", "folds.csv, data row 1")
    ListEntry(name='03a01Fa', fold='1', split='test')
    """
    _refuse_no_text(values, name, where)
    fold = " ".join((text_of_cell(values.get("fold")) or fold).split())
    if not fold or fold in MISSING_WORDS:
        return None
    if not name:
        raise ManifestError(f"{where}: names no recording: name it or drop the row")
    if len(fold) > SHOWN_CHARACTERS:
        raise ManifestError(
            f"{where}: `fold` has {len(fold)} characters: give folds names of at most "
            f"{SHOWN_CHARACTERS}"
        )
    split = text_of_cell(values.get("split")).lower() or TEST
    if split not in _SPLITS:
        raise ManifestError(f"{where}: {unknown('split', split, _SPLITS)}")
    return ListEntry(name, fold, _SPLITS[split])


def _refuse_no_text(values: Mapping[str, Any], name: str, where: str) -> None:
    """Refuse values that are neither text nor a number, and text that cannot be written."""
    for field in ("fold", "split"):
        value = values.get(field)
        if isinstance(value, bool | Mapping) or (hasattr(value, "__len__") and value != str(value)):
            raise ManifestError(f"{where}: `{field}` is {value!r:.80}: give a text or a number")
    for text in (name, text_of_cell(values.get("fold"))):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ManifestError(
                f"{where}: {text!r:.80} is not text: it holds half of a character"
            ) from error


def text_of_cell(value: object) -> str:
    """Return a cell as text without white space around it, whole numbers without a point.

    Examples
    --------
    >>> text_of_cell(" 1 "), text_of_cell(2.0), text_of_cell(None), text_of_cell(float("nan"))
    ('1', '2', '', '')
    """
    if value is None or value != value:  # noqa: PLR0124  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def split_named_in(text: str) -> str:
    """Return the set that a file's name states; that of test lists if it states none.

    Examples
    --------
    >>> split_named_in("emodb_train_fold_1"), split_named_in("fold_1")
    ('train', 'test')
    """
    words = text.lower().replace("-", "_").split("_")
    return next((word for word in words if word in _SPLITS), TEST)


def refuse_no_name(columns: list[str], where: str) -> None:
    """Refuse a list whose columns do not give recordings and folds."""
    if not any(name in columns for name in NAME_COLUMNS):
        absent = "`name` or `file`"
    elif "fold" not in columns:
        absent = "`fold`"
    else:
        return
    listed = shortened(", ".join(columns)) or "none"
    raise ManifestError(
        f"{where}: no column {absent}; columns: {listed}. Folds are a table with the columns "
        f"`name` (or `file`) and `fold`"
    )

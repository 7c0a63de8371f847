"""The labels that raters give, as the command line declares them, or as a manifest has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from featser.corpora.card_schema import RESERVED
from featser.errors import InputError, shortened
from featser.io.escaping import is_printable
from featser.ratings.rating_columns import is_ratings_column
from featser.ratings.wide_tables import RATER
from featser.serve.annotating.annotated_label import AnnotatedLabel

_SCALE = re.compile(r"(-?\d{1,4})\.\.(-?\d{1,4})", re.ASCII)
MOST_CLASSES = 40
MOST_LEVELS = 101
EXAMPLES = "--label emotion=angry,sad or --label arousal=1..9"


def parse_label(text: str) -> AnnotatedLabel:
    """Read ``NAME=CLASS,CLASS…`` or ``NAME=LOW..HIGH``.

    Raises
    ------
    InputError
        If it is neither, or the name has another meaning in a manifest.

    Examples
    --------
    >>> parse_label("arousal=1..3").values
    ('1', '2', '3')
    """
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not name or not given:
        raise _wrong(text, f"write {EXAMPLES}")
    _check_name(text, name)
    if ".." in given:
        return AnnotatedLabel(name, _levels(text, given), True)
    values = tuple(" ".join(value.split()) for value in given.split(","))
    if "" in values:
        raise _wrong(text, "a class has no name: write the classes with one comma between two")
    _check_classes(text, values)
    return AnnotatedLabel(name, values)


def parse_labels(texts: Iterable[str]) -> tuple[AnnotatedLabel, ...]:
    """Read several; a label may be given once.

    Raises
    ------
    InputError
        If one cannot be read, or is given twice.
    """
    labels = tuple(map(parse_label, texts))
    for number, label in enumerate(labels):
        if label.name.lower() in (one.name.lower() for one in labels[:number]):
            raise InputError(f"`{shortened(label.name)}` is given twice: give it once", "label")
    return labels


def _check_name(text: str, name: str) -> None:
    if name.lower() in (*RESERVED, RATER) or is_ratings_column(name):
        raise _wrong(text, f"`{shortened(name)}` has another meaning in a manifest: choose another")
    if len(name) > 60 or not is_printable(name):
        raise _wrong(text, "a name has 1 to 60 printable characters")


def _check_classes(text: str, values: Sequence[str]) -> None:
    if not 2 <= len(values) <= MOST_CLASSES:
        raise _wrong(text, f"give 2 to {MOST_CLASSES} classes, or a scale such as 1..9")
    if len({value.lower() for value in values}) < len(values):
        raise _wrong(text, "a class is given twice, or two classes differ in case alone")
    for value in values:
        if len(value) > 60 or not is_printable(value):
            raise _wrong(text, "a class has 1 to 60 printable characters")


def _levels(text: str, given: str) -> tuple[str, ...]:
    match = _SCALE.fullmatch(given.replace(" ", ""))
    low, high = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= high - low < MOST_LEVELS:
        raise _wrong(text, "write a scale as whole numbers LOW..HIGH, such as 1..9")
    return tuple(map(str, range(low, high + 1)))


def _wrong(text: str, fix: str) -> InputError:
    return InputError(f"'{shortened(text)}': {fix}", "label")

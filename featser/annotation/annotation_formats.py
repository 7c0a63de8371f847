"""The registry of formats of labelled intervals: their endings, and what each can hold.

A format is a module with a function ``read(path, where)``, which returns intervals, and a function
``write(intervals, path, target)``, which writes a checked table to ``path`` that will be named
``target``. Help, errors, documentation and tests are derived from the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePath
from types import ModuleType

from featser.errors import AnnotationError
from featser.io.location import is_local_folder


@dataclass(frozen=True)
class AnnotationFormat:
    """A format of labelled intervals.

    Attributes
    ----------
    name : str
        As users call it.
    endings : tuple of str
        In lower case; empty for a folder.
    module_name : str
        The module of this folder that reads and writes it.
    has_recordings : bool
        Whether one file can hold intervals of several recordings.
    has_tiers : bool
        Whether one file can hold several tiers.
    has_overlaps : bool
        Whether intervals of one tier can overlap.
    has_points : bool
        Whether a label can stand at a point in time.
    needs_labels : bool
        Whether an interval without a label is lost or forbidden.
    needs_words : bool
        Whether labels and names of recordings are words, without white space.
    comment : str
        A line that all programs pass over, with ``{}`` for its text; empty if there is none.
    columns : tuple of str or None
        Further columns that it holds; None for any.
    """

    name: str
    endings: tuple[str, ...]
    module_name: str
    has_recordings: bool = False
    has_tiers: bool = False
    has_overlaps: bool = False
    has_points: bool = False
    needs_labels: bool = False
    needs_words: bool = False
    comment: str = ""
    columns: tuple[str, ...] | None = ()

    @property
    def module(self) -> ModuleType:
        """The module that reads and writes it."""
        return import_module(f"featser.annotation.{self.module_name}")

    @property
    def title(self) -> str:
        """The name with the endings."""
        return f"{self.name} ({', '.join(self.endings) or 'a folder'})"


FORMATS = (
    AnnotationFormat(
        "Praat TextGrid",
        (".textgrid",),
        "textgrid",
        has_tiers=True,
        has_points=True,
        needs_labels=True,
        comment="! {}",
    ),
    AnnotationFormat("ELAN", (".eaf",), "elan", has_tiers=True, comment="<!-- {} -->"),
    AnnotationFormat("Audacity labels", (".txt",), "audacity", has_overlaps=True, has_points=True),
    AnnotationFormat(
        "RTTM",
        (".rttm",),
        "rttm",
        has_recordings=True,
        has_overlaps=True,
        needs_labels=True,
        needs_words=True,
        columns=("confidence", "channel"),
    ),
    AnnotationFormat(
        "CSV",
        (".csv", ".tsv"),
        "delimited",
        has_recordings=True,
        has_tiers=True,
        has_overlaps=True,
        has_points=True,
        columns=None,
    ),
    AnnotationFormat(
        "audformat",
        (),
        "audformat_intervals",
        has_recordings=True,
        has_tiers=True,
        has_overlaps=True,
        columns=None,
    ),
)
"""Of several files beside a recording, the first in this order is read."""

SOURCES = (".textgrid", ".eaf", ".rttm")
"""Endings that always mean labelled intervals; other endings are those of manifests as well."""

BESIDE = (".textgrid", ".eaf", ".txt", ".rttm")
"""Endings of files that lie beside a recording and have its name."""


def format_of(path: str | PurePath) -> AnnotationFormat:
    """Return the format of a file by its ending, or of a folder.

    Raises
    ------
    AnnotationError
        If no format has the ending.

    Examples
    --------
    >>> format_of("interview.TextGrid").name
    'Praat TextGrid'
    """
    ending = PurePath(path).suffix.lower()
    if not ending or is_local_folder(Path(path)):
        return FORMATS[-1]
    for one in FORMATS:
        if ending in one.endings:
            return one
    raise AnnotationError(
        f"{path}: no format of labelled intervals ends with '{ending}'; choose one of "
        f"{', '.join(one.title for one in FORMATS)}"
    )

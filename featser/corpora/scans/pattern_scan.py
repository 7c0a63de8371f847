"""Scanning a folder by a pattern of file names, without a card."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path

from featser.corpora.card import Card, list_cards
from featser.corpora.card_schema import Grammar, Label
from featser.corpora.label_columns import is_text_only
from featser.corpora.labelling.label_map import LabelMap
from featser.corpora.labelling.name_pattern import NamePattern, parse_pattern
from featser.corpora.scans.file_listing import audio_below
from featser.corpora.scans.scanning import ScanResult, scan
from featser.corpora.tables.column_names import usual_label
from featser.errors import CardError, counted
from featser.io.location import is_remote, local_path
from featser.io.nested_files import archive_stem, is_archive


def scan_pattern(folder: str | Path, pattern: str, names: LabelMap | None = None) -> ScanResult:
    """Read the labels of a folder's recordings by a pattern of their names.

    Parameters
    ----------
    folder : str or Path
        A folder, or a zip or tar archive, of this machine.
    pattern : str
        As :func:`~featser.corpora.labelling.name_pattern.parse_pattern` reads it.
    names : LabelMap, optional
        Other names for fields and classes.

    Returns
    -------
    ScanResult
        With the counts of each field's values.

    Raises
    ------
    CardError
        If the pattern is not valid, a path can be read in several ways, or none fits.
    """
    parsed = parse_pattern(pattern)
    if is_remote(folder):
        raise CardError(f"{folder}: --pattern reads a folder of this machine: copy it first")
    folder = local_path(folder)
    if not folder.is_dir() and not is_archive(folder):
        raise CardError(
            f"{folder}: no such folder or archive: give the folder that holds the recordings"
        )
    card, notes = _card(parsed, folder)
    result = scan(card, folder, names)
    columns = [(names.columns if names else {}).get(field, field) for field in parsed.fields]
    fields = {
        name: dict(Counter(result.manifest[name].dropna().astype(str)).most_common())
        for name in columns
    }
    return replace(result, notes=[*notes, *result.notes], fields=fields)


def _card(pattern: NamePattern, folder: Path) -> tuple[Card, list[str]]:
    """Return a card of the pattern, and what does not fit it."""
    fitting, others = "", ""
    passed: list[str] = []
    for below in audio_below(folder, lambda name: pattern.groups(name) is not None):
        if below.suffix.lower() not in pattern.endings:
            passed.append(below.as_posix())
            continue
        name = unicodedata.normalize("NFC", below.with_suffix("").as_posix())
        if pattern.groups(name) is None:
            others = others or name
        else:
            fitting = fitting or name
    endings = ", ".join(pattern.endings)
    if not fitting:
        if others:
            why = pattern.why_not(others)
        elif passed:
            why = f"none ends in {endings}; there is '{passed[0]}', say: change the ending"
        else:
            why = "the folder holds no recordings"
        raise CardError(f"{folder}: no recording fits --pattern '{pattern.text}': {why}")
    notes = []
    if passed:
        notes.append(
            f"{counted(len(passed), 'recording')} without the ending {endings}, such as "
            f"{passed[0]}: not used"
        )
    if others:
        notes.append(f"--pattern '{pattern.text}': {pattern.why_not(others)}")
    plain = [name for name in pattern.fields if not is_text_only(name)]
    return Card(
        name=_corpus(folder),
        title=f"the recordings of {folder}",
        licence="that of the recordings",
        citation="that of the recordings",
        source="your own recordings",
        grammar=Grammar(
            pattern=pattern.expression,
            matches="path",
            example=fitting,
            endings=pattern.endings,
        ),
        labels={name: Label(value=f"{{{name}}}") for name in pattern.fields},
        primary=usual_label(plain) or next(iter(plain), "emotion"),
    ), notes


def _corpus(folder: Path) -> str:
    """Return a name for the corpus of a folder: the folder's, if no card has it."""
    name = re.sub(
        r"[^a-z0-9_-]+",
        "-",
        (archive_stem(folder) if is_archive(folder) else folder.absolute().name).lower(),
    ).strip("-_0123456789")
    return name if name and name not in list_cards() else "recordings"

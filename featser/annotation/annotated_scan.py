"""Scanning a folder of recordings beside which files of labelled intervals lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_files import read_annotation
from featser.annotation.annotation_formats import BESIDE
from featser.annotation.annotation_manifest import chosen_tier, manifest_of
from featser.annotation.interval_table import tiers_of
from featser.corpora.labelling.label_map import LabelMap
from featser.corpora.manifest import notes_of
from featser.corpora.scans.file_listing import audio_files, with_unicode_names
from featser.corpora.scans.scanning import ScanResult, result_of_table
from featser.errors import AnnotationError, CardError, counted
from featser.io.location import is_remote, local_path

SHOWN = 3


@dataclass
class _Annotated:
    """What lies beside the recordings of a folder."""

    tables: list[pd.DataFrame] = field(default_factory=list)
    tiers: Counter[str] = field(default_factory=Counter)
    without: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scan_annotated(
    place: str | Path, tier: str | None = None, names: LabelMap | None = None
) -> ScanResult:
    """Read the utterances of recordings from the files of intervals beside them.

    Parameters
    ----------
    place : str or Path
        A folder of recordings, each with a file of the same name that ends with ``.TextGrid``,
        ``.eaf``, ``.txt`` (Audacity) or ``.rttm``; or one such file. Folders in it are entered.
    tier : str, optional
        The tier whose intervals are utterances; by default the only one. The label is named like
        it.
    names : LabelMap, optional
        Other names for columns and classes.

    Returns
    -------
    ScanResult
        An utterance for each interval. Notes list recordings without intervals, and files that
        cannot be read.

    Raises
    ------
    CardError
        If the place does not exist, or holds no recording with a file of intervals.
    AnnotationError
        If the tier does not exist, or no interval can be used.
    """
    names = names or LabelMap()
    if is_remote(place):
        raise CardError(f"{place}: --annotation reads a folder of this machine: copy it first")
    path = local_path(place)
    if not path.exists():
        raise CardError(f"{place}: no such folder or file: give the folder of the recordings")
    if path.is_dir():
        read = _read_folder(path)
    else:
        intervals = read_annotation(path)
        read = _Annotated([intervals], Counter(tiers_of(intervals)))
    chosen = chosen_tier(list(read.tiers), tier, str(place))
    if path.is_dir():
        _note_missing(read, chosen)
    table = pd.concat(read.tables, ignore_index=True)
    manifest = manifest_of(table, chosen, str(place), names.columns)
    return result_of_table(manifest, [*notes_of(manifest), *read.notes], names)


def _read_folder(folder: Path) -> _Annotated:
    result = _Annotated()
    recordings: dict[Path, Path] = {}
    listed = audio_files(folder, None, result.notes)
    for file in with_unicode_names(listed, result.notes):
        recordings.setdefault(file.with_suffix(""), file)
    for stem, recording in recordings.items():
        _read_beside(stem, recording, result)
    if not result.tables:
        why = "".join(f". {note}" for note in result.notes)
        raise CardError(
            f"{folder}: no recording has a file of intervals beside it with the same name and one "
            f"of the endings {', '.join(BESIDE)}{why}"
        )
    return result


def _read_beside(stem: Path, recording: Path, result: _Annotated) -> None:
    """Read the first file of intervals that can be read beside a recording."""
    beside = {
        file.suffix.lower(): file for file in recording.parent.iterdir() if file.stem == stem.name
    }
    files = [beside[ending] for ending in BESIDE if ending in beside]
    for file in files:
        try:
            intervals = read_annotation(file)
        except AnnotationError as error:
            result.notes.append(f"left out: {error}")
            continue
        result.tables.append(intervals)
        result.tiers.update(tiers_of(intervals))
        if file != files[-1]:
            result.notes.append(f"{file} is read, and not {files[-1].name} beside it")
        return
    result.without.append(str(recording))


def _note_missing(read: _Annotated, tier: str) -> None:
    lacking = [
        str(table["file"].iloc[0])
        for table in read.tables
        if len(table) and tier not in tiers_of(table)
    ]
    for files, what in ((read.without, "a file of intervals"), (lacking, f"the tier '{tier}'")):
        if files:
            some = ", ".join(files[:SHOWN]) + (", …" if len(files) > SHOWN else "")
            read.notes.append(f"{counted(len(files), 'recording')} without {what}: {some}")

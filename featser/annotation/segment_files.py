"""Segments of recordings on disk: as a manifest, or for the programs in which people label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_files import write_annotation
from featser.annotation.annotation_formats import FORMATS, AnnotationFormat, format_of
from featser.annotation.earlier_files import refuse_foreign_file
from featser.annotation.interval_table import COLUMNS, LEFT_OUT
from featser.corpora.manifest import write_manifest
from featser.errors import InputError, shortened, unknown
from featser.io.location import below, common_folder, local_path, path_part

MANIFESTS = (".csv", ".tsv", ".parquet")
NAME = "{name}"
"""What stands, in the name of an output, for the name of each recording."""
_PLACEHOLDER = re.compile(r"\{\w*\}")


def refuse_unknown_placeholder(output: str | Path) -> None:
    """Refuse a placeholder other than ``{name}`` in the name of an output.

    Raises
    ------
    InputError
        If there is one.
    """
    for placeholder in _PLACEHOLDER.findall(str(output)):
        if placeholder != NAME:
            raise InputError(
                f"'{output}': {unknown('placeholder', placeholder, [NAME])}, the name of each "
                f"recording",
                "output",
            )


def check_output(output: str | Path, files: Sequence[str]) -> None:
    """Refuse an output that cannot hold the segments of recordings, before they are computed.

    Parameters
    ----------
    output : str or Path
        A file whose ending says the format. ``{name}`` in it stands for the name of each recording.
    files : sequence of str
        The recordings.

    Raises
    ------
    InputError
        If the format holds one recording and there are several, or names of recordings have blanks
        that it cannot hold, or two recordings would have the same output, or a file that featser
        did not write would be replaced.
    AnnotationError
        If no format has the ending.
    """
    refuse_unknown_placeholder(output)
    is_manifest = local_path(output).suffix.lower() in MANIFESTS
    chosen = None if is_manifest else format_of(local_path(output))
    if chosen is not None and not chosen.endings and _is_filled(local_path(output)):
        raise InputError(f"'{output}' is not empty: name a new or an empty folder", "output")
    if NAME in str(output):
        names = names_of(files)
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(
                f"'{output}': two recordings are called '{shortened(twice[0])}': rename one",
                "output",
            )
    elif chosen is not None and not chosen.has_recordings and len(set(files)) > 1:
        several = ", ".join(one.title for one in FORMATS if one.has_recordings)
        pattern = f"FOLDER/{NAME}{local_path(output).suffix}"
        raise InputError(
            f"'{output}': {chosen.name} holds one recording, and there are {len(set(files))}: "
            f"write '{pattern}' for a file each, or {several}",
            "output",
        )
    if chosen is not None:
        refuse_unfit_names(output, chosen, files)
    for path, _ in _places(output, files):
        refuse_foreign_file(path)
        if chosen is not None and not chosen.has_tiers:
            refuse_foreign_file(_beside(path))


def refuse_unfit_names(output: str | Path, chosen: AnnotationFormat, files: Sequence[str]) -> None:
    """Refuse recordings whose names a format cannot hold, or cannot tell from one another.

    Parameters
    ----------
    output : str or Path
        What is to be written.
    chosen : AnnotationFormat
        Its format.
    files : sequence of str
        The recordings, each once.

    Raises
    ------
    InputError
        If the format writes names as words without folders, and a name has blanks, or one file
        would hold two recordings of one name.
    """
    if not chosen.needs_words:
        return
    others: dict[str, str] = {}
    for file in files:
        name = path_part(file).stem
        if len(name.split()) != 1:
            raise InputError(
                f"'{output}': the name of the recording '{shortened(name)}' has blanks, which "
                f"{chosen.name} cannot hold: write .csv",
                "output",
            )
        if others.setdefault(name, file) != file and NAME not in str(output):
            raise InputError(
                f"'{output}': {chosen.name} names recordings without folder and ending, and cannot "
                f"distinguish '{shortened(others[name])}' from '{shortened(file)}': rename one, or "
                f"write .csv",
                "output",
            )


def _places(output: str | Path, files: Sequence[str]) -> list[tuple[Path, str]]:
    """Return the files that are written, each with a recording of which it has segments."""
    if NAME not in str(output):
        return [(local_path(output), files[0])]
    return [
        (local_path(str(output).replace(NAME, name)), file)
        for file, name in zip(files, names_of(files), strict=True)
    ]


def _beside(output: Path) -> Path:
    """Return the file of what was left out, of a format without tiers."""
    return output.with_name(f"{output.stem}.left-out{output.suffix}")


def _is_filled(path: Path) -> bool:
    return path.exists() and (not path.is_dir() or any(path.iterdir()))


def names_of(files: Sequence[str]) -> list[str]:
    """Return the paths of recordings below their common folder, without endings.

    Examples
    --------
    >>> names_of(["/talks/a/one.wav", "/talks/two.wav"])
    ['a/one', 'two']
    """
    folder = common_folder(files)
    return [path_part(below(file, folder)).with_suffix("").as_posix() for file in files]


def write_segments(table: pd.DataFrame, output: str | Path, files: Sequence[str]) -> list[Path]:
    """Write segments, and beside them or in a tier of their own what was left out.

    Parameters
    ----------
    table : DataFrame
        ``file`` (absolute), ``start``, ``end``, ``tier`` and ``label``, and other columns of a
        manifest. Rows of the tier :data:`LEFT_OUT` are no segments.
    output : str or Path
        As :func:`check_output` has accepted it.
    files : sequence of str
        The recordings that it was asked about; those without rows have no file.

    Returns
    -------
    list of Path
        The files that were written. A format with one tier, and a manifest, have a second file
        with ``left-out`` in its name.
    """
    if NAME not in str(output):
        return _write_one(table, local_path(output))
    used = set(table["file"])
    return [
        written
        for path, file in _places(output, files)
        if file in used
        for written in _write_one(table[table["file"] == file], path)
    ]


def _write_one(table: pd.DataFrame, output: Path) -> list[Path]:
    is_left_out = table["tier"] == LEFT_OUT
    is_manifest = output.suffix.lower() in MANIFESTS
    intervals = table[list(COLUMNS)]
    if not is_manifest and format_of(output).has_tiers:
        write_annotation(intervals, output, signed=True)
        return [output]
    beside = _beside(output)
    left_out = intervals[is_left_out]
    if is_manifest:
        write_manifest(table[~is_left_out].drop(columns=["tier", "label"]), output)
        reasons = left_out.rename(columns={"label": "reason"}).drop(columns="tier")
        write_manifest(reasons, beside)
    else:
        write_annotation(intervals[~is_left_out], output, signed=True)
        labels = left_out["label"].str.replace(" ", "_")
        write_annotation(left_out.assign(label=labels), beside, signed=True)
    return [output, beside]

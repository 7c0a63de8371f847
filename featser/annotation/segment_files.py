"""Segments of recordings on disk: as a manifest, or for the programs in which people label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_files import write_annotation
from featser.annotation.annotation_formats import FORMATS, format_of
from featser.annotation.interval_table import COLUMNS, LEFT_OUT
from featser.corpora.manifest import write_manifest
from featser.errors import InputError, shortened
from featser.io.location import below, common_folder, local_path, path_part

MANIFESTS = (".csv", ".tsv", ".parquet")
NAME = "{name}"
"""What stands, in the name of an output, for the name of each recording."""
"""The tier of what is left out; its labels are the reasons."""


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
        that it cannot hold, or two recordings would have the same output.
    AnnotationError
        If no format has the ending.
    """
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
    if chosen is not None and chosen.needs_words:
        for file in files:
            if len(path_part(file).stem.split()) != 1:
                raise InputError(
                    f"'{output}': the name of the recording '{shortened(path_part(file).stem)}' "
                    f"has blanks, which {chosen.name} cannot hold: write .csv",
                    "output",
                )


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


def write_segments(table: pd.DataFrame, output: str | Path) -> list[Path]:
    """Write segments, and beside them or in a tier of their own what was left out.

    Parameters
    ----------
    table : DataFrame
        ``file`` (absolute), ``start``, ``end``, ``tier`` and ``label``, and other columns of a
        manifest. Rows of the tier :data:`LEFT_OUT` are no segments.
    output : str or Path
        As :func:`check_output` has accepted it.

    Returns
    -------
    list of Path
        The files that were written. A format with one tier, and a manifest, have a second file
        with ``left-out`` in its name.
    """
    if NAME not in str(output):
        return _write_one(table, local_path(output))
    files = list(dict.fromkeys(table["file"]))
    names = names_of(files)
    return [
        written
        for file, name in zip(files, names, strict=True)
        for written in _write_one(
            table[table["file"] == file], local_path(str(output).replace(NAME, name))
        )
    ]


def _write_one(table: pd.DataFrame, output: Path) -> list[Path]:
    is_left_out = table["tier"] == LEFT_OUT
    is_manifest = output.suffix.lower() in MANIFESTS
    intervals = table[list(COLUMNS)]
    if not is_manifest and format_of(output).has_tiers:
        write_annotation(intervals, output)
        return [output]
    beside = output.with_name(f"{output.stem}.left-out{output.suffix}")
    left_out = intervals[is_left_out]
    if is_manifest:
        write_manifest(table[~is_left_out].drop(columns=["tier", "label"]), output)
        reasons = left_out.rename(columns={"label": "reason"}).drop(columns="tier")
        write_manifest(reasons, beside)
    else:
        write_annotation(intervals[~is_left_out], output)
        labels = left_out["label"].str.replace(" ", "_")
        write_annotation(left_out.assign(label=labels), beside)
    return [output, beside]

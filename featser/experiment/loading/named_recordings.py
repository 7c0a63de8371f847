"""What a user names to predict: recordings, folders, one manifest, or the standard input."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from featser.corpora.file_listing import audio_files
from featser.corpora.manifest import notes_of
from featser.credentials import without_credentials
from featser.errors import FeatserError, InputError
from featser.experiment.loading.source import is_manifest, table_of
from featser.io.location import placed

STDIN = "-"
"""What stands for a recording that is read from the standard input."""
STDIN_NAME = "stdin"
"""What that recording is called in results."""


@dataclass(frozen=True, eq=False)
class NamedRecordings:
    """Recordings to predict.

    Attributes
    ----------
    table : DataFrame
        ``file``, ``start`` and ``end``, and the other columns of a manifest.
    notes : list of str
        How a manifest was read, and which files of a folder were left out.
    stdin : str
        The file that the standard input was saved as; empty if it was not read.
    """

    table: pd.DataFrame
    notes: list[str]
    stdin: str = ""

    def shown(self, file: object) -> str:
        """Return what results call a file: without credentials, ``stdin`` for the saved input."""
        return STDIN_NAME if str(file) == self.stdin else without_credentials(str(file))


@contextmanager
def named_recordings(files: Sequence[str | Path]) -> Iterator[NamedRecordings]:
    """List the recordings that a user names.

    Parameters
    ----------
    files : sequence of str or Path
        Recordings, folders of them, URLs; ``-`` for the standard input; or one manifest.

    Yields
    ------
    NamedRecordings
        What was read from the standard input lies in a temporary file for the length of the block.

    Raises
    ------
    FeatserError
        If nothing is named, or a folder has no recording.
    InputError
        If the standard input is named twice, or empty.
    """
    if not files:
        raise FeatserError("nothing to predict: name recordings, folders, or a manifest")
    with tempfile.TemporaryDirectory(prefix="featser-") as folder:
        stdin = _saved_stdin(files, Path(folder))
        notes: list[str] = []
        if len(files) == 1 and is_manifest(files[0]) and not _is_folder(files[0]):
            table = table_of(placed(files[0]))
            notes += notes_of(table)
        else:
            listed = [name for file in files for name in _files_of(file, stdin, notes)]
            table = pd.DataFrame({"file": listed})
        for name in ("start", "end"):
            if name not in table:
                table[name] = np.nan
        yield NamedRecordings(table, notes, stdin)


def _files_of(file: str | Path, stdin: str, notes: list[str]) -> list[str]:
    """Return the recordings that one name stands for."""
    if str(file) == STDIN:
        return [stdin]
    if not _is_folder(file):
        return [str(placed(file))]
    listed = audio_files(Path(placed(file)), None, notes)
    if not listed:
        raise FeatserError(f"{file}: there is no recording in this folder or below it")
    return [str(path) for path in listed]


def _is_folder(file: str | Path) -> bool:
    place = placed(file)
    return isinstance(place, Path) and place.is_dir()


def _saved_stdin(files: Sequence[str | Path], folder: Path) -> str:
    """Save the standard input as a file, if it is named; return the file, or an empty text."""
    count = sum(str(file) == STDIN for file in files)
    if count == 0:
        return ""
    if count > 1:
        raise InputError("'-' (the standard input) is named twice: it can be read once", "files")
    path = folder / STDIN_NAME
    with path.open("wb") as saved:
        shutil.copyfileobj(sys.stdin.buffer, saved)
    if not path.stat().st_size:
        raise InputError("the standard input ('-') is empty: pipe a recording into it", "files")
    return str(path)

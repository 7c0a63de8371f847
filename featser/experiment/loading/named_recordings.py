"""What a user names to predict: recordings, folders, manifests, or the standard input."""

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

from featser.corpora.manifest import notes_of
from featser.corpora.scans.file_listing import audio_files, with_unicode_names
from featser.credentials import without_credentials
from featser.errors import FeatserError, InputError
from featser.experiment.loading.sources.manifest_sources import is_manifest, table_of
from featser.io.location import is_local_folder, placed

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
        ``file``, ``start`` and ``end``, and the other columns of manifests.
    notes : list of str
        How manifests were read, and which files of a folder were left out.
    stdin : str
        The file that the standard input was saved as; empty if it was not read.
    """

    table: pd.DataFrame
    notes: list[str]
    stdin: str = ""

    def shown(self, file: object) -> str:
        """Return what results call a file: without credentials, ``stdin`` for the saved input."""
        return STDIN_NAME if str(file) == self.stdin else without_credentials(str(file))

    @property
    def shown_files(self) -> list[str]:
        """What results call the recordings, each once, in order."""
        return list(dict.fromkeys(map(self.shown, self.table["file"])))

    def refuse_absent(self) -> None:
        """Refuse recordings of which none is there; a few that are missing get their reason later.

        Raises
        ------
        InputError
            With the first one.
        """
        places = [placed(str(file)) for file in self.table["file"]]
        if all(isinstance(place, Path) and not place.exists() for place in places):
            more = f", and so for {len(places) - 1} more" if len(places) > 1 else ""
            raise InputError(f"{self.shown(places[0])}: no such file{more}", "files")


@contextmanager
def named_recordings(files: Sequence[str | Path]) -> Iterator[NamedRecordings]:
    """List the recordings that a user names.

    Parameters
    ----------
    files : sequence of str or Path
        Recordings, folders of them, manifests, URLs; ``-`` for the standard input.

    Yields
    ------
    NamedRecordings
        What was read from the standard input lies in a temporary file for the length of the block.

    Raises
    ------
    FeatserError
        If nothing is named, or a folder or a manifest has no recording.
    InputError
        If the standard input is named twice, or empty.
    """
    if not files:
        raise FeatserError("nothing to predict: name recordings, folders, or a manifest")
    with tempfile.TemporaryDirectory(prefix="featser-") as folder:
        stdin = _saved_stdin(files, Path(folder))
        notes: list[str] = []
        tables = [_table_of(file, stdin, notes) for file in files]
        table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
        yield NamedRecordings(table, notes, stdin)


def _table_of(file: str | Path, stdin: str, notes: list[str]) -> pd.DataFrame:
    """Return the recordings that one name stands for, with ``start`` and ``end``."""
    place = placed(file)
    if str(file) == STDIN:
        table = pd.DataFrame({"file": [stdin]})
    elif isinstance(place, Path) and is_local_folder(place):
        table = pd.DataFrame({"file": _files_below(place, notes)})
    elif is_manifest(file):
        table = table_of(place)
        if table.empty:
            raise FeatserError(f"{file}: has no row: list recordings in its column `file`")
        notes += notes_of(table)
    else:
        table = pd.DataFrame({"file": [str(place)]})
    for name in ("start", "end"):
        if name not in table:
            table[name] = np.nan
    return table


def _files_below(folder: Path, notes: list[str]) -> list[str]:
    """Return the recordings in a folder and below it."""
    own: list[str] = []
    listed = with_unicode_names(audio_files(folder, None, own), own)
    if not listed:
        why = "".join(f"; {note}" for note in own)
        raise FeatserError(f"{folder}: there is no recording in this folder or below it{why}")
    notes += own
    return [str(path) for path in listed]


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

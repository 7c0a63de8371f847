"""Where recordings are that a table names by another path or with another ending."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featser.corpora.card_schema import AUDIO_ENDINGS
from featser.io.location import is_remote

SAMPLE = 20
"""So many of the absent recordings are looked for."""
MOST_FILES = 20_000
"""So many files are looked at, since a table may lie in a large folder."""


def found_elsewhere(files: Sequence[str]) -> str:
    """Say how the paths of a table are corrected whose recordings all lie elsewhere.

    Parameters
    ----------
    files : sequence of str
        Absolute paths; no recording has one of them.

    Returns
    -------
    str
        Where the recordings are and what to write, with an example; empty where some of the first
        ones are not found, or one is found twice.

    Examples
    --------
    >>> folder = Path("clips"); folder.mkdir()
    >>> (folder / "a1.wav").touch()
    >>> found_elsewhere([str(Path("a1.wav").absolute())])
    "recordings of these names are in 'clips': write clips/a1.wav in place of a1.wav"
    >>> found_elsewhere([str((folder / "a1").absolute())])
    'recordings there have nearly these names: write a1.wav in place of a1'
    """
    sample = [Path(file) for file in files[:SAMPLE]]
    if not sample or any(map(is_remote, files[:SAMPLE])):
        return ""
    base = _existing(sample[0].parent)
    places = _places(base)
    recordings: list[Path] = []
    for path in sample:
        same = places[_plain(path.name)] or places[_plain(path.stem)]
        if len(same) != 1:
            return ""
        recordings += same
    absent, first = sample[0], recordings[0]
    if first.parent == absent.parent:
        return (
            f"recordings there have nearly these names: write {first.name} in place of "
            f"{absent.name}"
        )
    folders = {path.parent for path in recordings}
    where = os.path.relpath(first.parent if len(folders) == 1 else os.path.commonpath(folders))
    given = os.path.relpath(absent, base)
    return (
        f"recordings of these names are in '{where}': write {os.path.relpath(first, base)} in "
        f"place of {given}"
    )


def _existing(folder: Path) -> Path:
    """Return a folder, or the first one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), folder)


def _places(base: Path) -> dict[str, list[Path]]:
    """Return the recordings below a folder, by their names with and without the ending."""
    places: dict[str, list[Path]] = defaultdict(list)
    for path in islice(_files(base), MOST_FILES):
        if path.suffix.lower() in AUDIO_ENDINGS:
            for name in {_plain(path.name), _plain(path.stem)}:
                places[name].append(path)
    return places


def _files(base: Path) -> Iterator[Path]:
    """Yield the files below a folder; hidden folders are passed over, links are not followed."""
    for folder, below, names in os.walk(base):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(folder, name) for name in names)


def _plain(name: str) -> str:
    """Return a name without what systems write in several ways: case and forms of accents."""
    return unicodedata.normalize("NFC", name).casefold()

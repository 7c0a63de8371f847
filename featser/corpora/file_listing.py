"""Which files a corpus's folder holds, here or elsewhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path, PurePath

from featser.audio.conversion import CONVERTIBLE, conversion_note
from featser.corpora.card_schema import AUDIO_ENDINGS, Grammar
from featser.io.location import path_part, unquoted
from featser.io.remote_access import files_below


def audio_files(folder: Path, grammar: Grammar | None, notes: list[str]) -> list[Path]:
    """Return the audio files below a folder, sorted; what could not be entered goes to the notes.

    Parameters
    ----------
    folder : Path
        Where to look.
    grammar : Grammar, optional
        Says which endings count, and which folders hold other material.
    notes : list of str
        Receives a sentence for each folder that cannot be read and each broken link, and one on
        the files that must be converted first.
    """
    endings = AUDIO_ENDINGS if grammar is None else grammar.endings
    ignored = {folder / name for name in (grammar.ignore if grammar else ())}
    files: list[Path] = []
    convertible: list[Path] = []
    entered: set[tuple[int, int]] = set()
    # Links wait until all real folders are done, so that a recording bears its real path.
    waiting, links = [folder], list[Path]()
    while waiting or links:
        here = waiting.pop() if waiting else links.pop(0)
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            notes.append(f"{here} cannot be read ({error.strerror}): its recordings are left out")
            continue
        for entry in entries:
            path = here / entry.name
            if entry.name.startswith(".") or path in ignored:
                continue
            if entry.is_dir():
                (links if entry.is_symlink() else waiting).append(path)
            elif path.suffix.lower() in endings:
                if entry.is_file():
                    files.append(path)
                else:
                    notes.append(f"{path} is not a file (a broken link?): left out")
            elif path.suffix.lower() in CONVERTIBLE and entry.is_file():
                convertible.append(path.relative_to(folder))
    notes += to_convert([file.relative_to(folder) for file in files], convertible, endings)
    return sorted(files)


def to_convert(
    files: Sequence[PurePath], others: Iterable[PurePath], endings: Collection[str]
) -> list[str]:
    """Say which files hold recordings in formats that are not decoded.

    Parameters
    ----------
    files : sequence of path
        The audio files.
    others : iterable of path
        All other files, or all files.
    endings : collection of str
        The endings of audio files.

    Returns
    -------
    list of str
        One sentence; none where there is no such file, or where each has been converted.
    """
    converted = {file.with_suffix("") for file in files}
    left = sorted(
        file
        for file in others
        if file.suffix.lower() in CONVERTIBLE
        and file.suffix.lower() not in endings
        and file.with_suffix("") not in converted
    )
    return [conversion_note(left)] if left else []


def files_elsewhere(folder: str, grammar: Grammar) -> dict[str, str]:
    """Return the files below a remote folder that are neither hidden nor other material.

    Parameters
    ----------
    folder : str
        Its URL.
    grammar : Grammar
        Says which folders hold other material.

    Returns
    -------
    dict of str
        By path below the folder as people write it, the same as the server writes it.

    Raises
    ------
    FeatserError
        If the folder cannot be listed.
    """
    written_names = {unquoted(folder, name): name for name in files_below(folder)}
    return {
        name: written
        for name, written in written_names.items()
        if not any(part.startswith(".") for part in name.split("/"))
        and not any(name.startswith(f"{other}/") for other in grammar.ignore)
    }


def is_audio(name: str, grammar: Grammar) -> bool:
    """Whether a file counts as audio by its ending."""
    return path_part(name).suffix.lower() in grammar.endings

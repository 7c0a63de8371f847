"""Which files a corpus's folder holds, here or elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from featser.corpora.schema import AUDIO_ENDINGS, Grammar
from featser.location import path_part, unquoted
from featser.remote.access import files_below


def audio_files(folder: Path, grammar: Grammar | None, notes: list[str]) -> list[Path]:
    """Return the audio files below a folder, sorted; what could not be entered goes to the notes.

    Parameters
    ----------
    folder : Path
        Where to look.
    grammar : Grammar, optional
        Says which endings count, and which folders hold other material.
    notes : list of str
        Receives a sentence for each folder that cannot be read and each broken link.
    """
    endings = AUDIO_ENDINGS if grammar is None else grammar.endings
    ignored = {folder / name for name in (grammar.ignore if grammar else ())}
    files: list[Path] = []
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
                    notes.append(f"{path} is no file (a broken link?): left out")
    return sorted(files)


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
    found = {unquoted(folder, name): name for name in files_below(folder)}
    return {
        name: written
        for name, written in found.items()
        if not any(part.startswith(".") for part in name.split("/"))
        and not any(name.startswith(f"{other}/") for other in grammar.ignore)
    }


def is_audio(name: str, grammar: Grammar) -> bool:
    """Whether a file counts as audio by its ending."""
    return path_part(name).suffix.lower() in grammar.endings

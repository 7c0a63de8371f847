"""Which files a corpus's folder holds, here or elsewhere."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeVar

from featser.audio.conversion import CONVERTIBLE, MEDIA, is_media_installed, unread_note
from featser.corpora.card_schema import AUDIO_ENDINGS, Grammar
from featser.errors import CardError, UnusableAudio, counted, shortened
from featser.io.location import absolute, is_unicode, join, path_part, placed, unquoted
from featser.io.nested_files import is_archive, members_of, nested
from featser.io.remote_access import files_below

TABLE_ENDINGS = (".csv", ".tsv", ".parquet", ".xlsx")
TEXT_ENDINGS = (
    *TABLE_ENDINGS, ".txt", ".md", ".pdf", ".html", ".xml", ".json", ".yaml", ".yml",
    ".textgrid", ".eaf", ".rttm",
)  # fmt: skip
"""Tables, texts and annotation, which most corpora hold: they are no recordings."""
SHOWN = 3
"""How many names an error message shows."""
SHOWN_ENDINGS = 8
FilePath = TypeVar("FilePath", bound=PurePath)
_ENDING = re.compile(r"\.[a-z0-9]{1,8}")


def audio_files(folder: Path, grammar: Grammar | None, notes: list[str]) -> list[Path]:
    """Return the audio files below a folder, sorted; what could not be entered goes to the notes.

    Parameters
    ----------
    folder : Path
        Where to look.
    grammar : Grammar, optional
        Says which endings count, and which folders hold other material.
    notes : list of str
        Receives a sentence for each folder that cannot be read and each broken link, and those of
        :func:`passed_over`.
    """
    endings = readable_endings(grammar)
    ignored = {folder / name for name in (grammar.ignore if grammar else ())}
    files: list[Path] = []
    others: list[Path] = []
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
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError as error:
                notes.append(f"{path} cannot be read ({error.strerror}): left out")
                continue
            if is_folder:
                (links if entry.is_symlink() else waiting).append(path)
            elif path.suffix.lower() in endings:
                if is_file:
                    files.append(path)
                else:
                    notes.append(f"{path} is not a file (a broken link?): left out")
            elif is_file:
                others.append(path.relative_to(folder))
    notes += passed_over([file.relative_to(folder) for file in files], others, grammar)
    return sorted(files)


def with_unicode_names(files: Sequence[FilePath], notes: list[str]) -> list[FilePath]:
    """Return the files whose paths are UTF-8 text, which tables of recordings need.

    Parameters
    ----------
    files : sequence of path
        Audio files.
    notes : list of str
        Receives a sentence on the others.
    """
    others = [file for file in files if not is_unicode(file)]
    if others:
        names = ", ".join(map(str, others[:SHOWN])) + (", …" if len(others) > SHOWN else "")
        notes.append(
            f"{counted(len(others), 'file')} left out because the path is not UTF-8 text, which "
            f"tables need: rename the file or its folder ({names})"
        )
    return [file for file in files if is_unicode(file)]


def readable_endings(grammar: Grammar | None) -> tuple[str, ...]:
    """Return the endings of the files that are read: those that need PyAV only if it is there."""
    endings = AUDIO_ENDINGS if grammar is None else grammar.endings
    if is_media_installed():
        return endings
    return tuple(ending for ending in endings if ending not in MEDIA)


def passed_over(
    files: Sequence[PurePath], others: Iterable[PurePath], grammar: Grammar | None
) -> list[str]:
    """Say which files are not read, by their endings, and how each kind can be read.

    Parameters
    ----------
    files : sequence of path
        The audio files.
    others : iterable of path
        All other files, or all files.
    grammar : Grammar, optional
        Says which endings count.

    Returns
    -------
    list of str
        A sentence on recordings that need PyAV, one on those that must be converted, and one on
        what else is neither a table nor a text. A recording that is there in a format that is read
        as well is not mentioned.
    """
    endings = AUDIO_ENDINGS if grammar is None else grammar.endings
    readable = readable_endings(grammar)
    converted = {file.with_suffix("") for file in files}
    need_media, unsupported, rest = list[PurePath](), list[PurePath](), list[PurePath]()
    has_media = is_media_installed()
    for file in sorted(others):
        ending = file.suffix.lower()
        is_listed = ending in readable or ending in TEXT_ENDINGS
        if is_listed or (ending in CONVERTIBLE and file.with_suffix("") in converted):
            continue
        if ending in endings:
            need_media.append(file)
        elif ending in CONVERTIBLE and not (has_media and ending in MEDIA):
            unsupported.append(file)
        else:
            rest.append(file)
    notes = [unread_note(need_media, with_media=True)] if need_media else []
    notes += [unread_note(unsupported, with_media=False)] if unsupported else []
    return [*notes, _rest_note(rest)] if rest else notes


def _rest_note(files: Sequence[PurePath]) -> str:
    """Say how many files do not end like recordings, by ending, and how to read one that is."""
    endings = [file.suffix.lower() for file in files]
    counts = Counter(ending if _ENDING.fullmatch(ending) else "" for ending in endings)
    named = [(ending, count) for ending, count in counts.most_common() if ending]
    kinds = [f"{count} {ending}" for ending, count in named[:SHOWN_ENDINGS]]
    n_unnamed = len(files) - sum(count for _, count in named[:SHOWN_ENDINGS])
    if n_unnamed:
        kinds.append(f"{n_unnamed} with {'another ending or none' if kinds else 'no ending'}")
    subject = "1 file is" if len(files) == 1 else f"{len(files)} files are"
    return (
        f"{subject} left out because of the ending: {', '.join(kinds)}; to read one that is a "
        f"recording, rename it, or list its ending under `endings` in the card's grammar"
    )


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


def audio_below(place: Path, fits: Callable[[str], bool]) -> list[PurePath]:
    """Return the paths of the audio files below a folder, or in an archive, sorted.

    Parameters
    ----------
    place : Path
        A folder, or a zip or tar archive, of this machine.
    fits : callable
        As in :func:`files_in_archive`.
    """
    if not is_archive(place):
        return [file.relative_to(place) for file in audio_files(place, None, [])]
    endings = readable_endings(None)
    return sorted(
        PurePosixPath(name)
        for name in files_in_archive(place, None, fits)
        if has_ending(name, endings)
    )


def files_in_archive(
    archive: Path, grammar: Grammar | None, fits: Callable[[str], bool]
) -> dict[str, str]:
    """Return the files in an archive that are neither hidden nor other material.

    Parameters
    ----------
    archive : Path
        A zip or tar archive of this machine.
    grammar : Grammar, optional
        Says which folders hold other material.
    fits : callable
        Whether a path without its ending can be read.

    Returns
    -------
    dict of str
        By path the location of the member. The path is that below the outermost folder if there is
        only one, unless paths can only be read with it.

    Raises
    ------
    CardError
        If the archive cannot be read.
    """
    try:
        members = members_of(archive)
    except UnusableAudio as error:
        raise CardError(f"{archive}: {error.reason}") from error
    place = absolute(archive)
    ignored = () if grammar is None else grammar.ignore
    hidden = (".", "__MACOSX")
    names = [
        name
        for name in members
        if not any(part.startswith(hidden) for part in name.split("/")) and name == name.strip("/")
    ]
    outermost = {name.partition("/")[0] for name in names}
    top = f"{outermost.pop()}/" if len(outermost) == 1 and all("/" in n for n in names) else ""
    paths = [PurePosixPath(name).with_suffix("").as_posix() for name in names if top]
    if not any(fits(path.removeprefix(top)) for path in paths) and any(map(fits, paths)):
        top = ""
    return {
        name.removeprefix(top): nested(place, name)
        for name in names
        if not any(name.removeprefix(top).startswith(f"{other}/") for other in ignored)
    }


def archive_notes(archive: Path, grammar: Grammar | None) -> list[str]:
    """Say which recordings of an archive are not read, because of their names.

    Parameters
    ----------
    archive, grammar
        As :func:`files_in_archive` has them.
    """
    endings = readable_endings(grammar)
    counts = Counter(name for name in members_of(archive) if has_ending(name, endings))
    outside = [name for name in counts if name.startswith("/") or ".." in name.split("/")]
    repeated = [name for name, count in counts.items() if count > 1]
    notes = []
    if outside:
        notes.append(
            f"{archive}: {counted(len(outside), 'recording')} left out because the name leads out "
            f"of the archive, such as {shortened(outside[0])!r}: pack the folder that holds all of "
            f"them"
        )
    if repeated:
        notes.append(
            f"{archive}: {counted(len(repeated), 'name')} more than once in the archive, such as "
            f"{shortened(repeated[0])!r}: the last recording of a name is read"
        )
    return notes


def has_ending(name: str, endings: Collection[str]) -> bool:
    """Whether the name of a file ends in one of some ways, in lower case."""
    return path_part(name).suffix.lower() in endings


def preferred_files(
    files: Sequence[PurePath], grammar: Grammar, notes: list[str]
) -> list[PurePath]:
    """Return one of files that differ in their endings alone, as the grammar prefers.

    Parameters
    ----------
    files : sequence of path
        Audio files.
    grammar : Grammar
        Its endings are in the order of preference.
    notes : list of str
        Receives a sentence on the files that are skipped.

    Returns
    -------
    list of path
        Sorted.
    """
    chosen: dict[PurePath, PurePath] = {}
    for file in sorted(files, key=lambda file: grammar.endings.index(file.suffix.lower())):
        chosen.setdefault(file.with_suffix(""), file)
    passed = sorted(set(files) - set(chosen.values()))
    if passed:
        notes.append(
            f"{counted(len(passed), 'file')} skipped: the folder also has the recording in "
            f"a preferred format, such as {passed[0].name} "
            f"(used: {chosen[passed[0].with_suffix('')].name})"
        )
    return sorted(chosen.values())


def table_file(path: str | Path) -> str | Path:
    """Return the table that a path stands for: itself, or the one in a folder.

    Parameters
    ----------
    path : str or Path
        A table, or a folder; a URL if it is text.

    Returns
    -------
    str or Path
        Of several tables in a folder the one that is called ``manifest``.

    Raises
    ------
    CardError
        If the file is no table, or the folder has none or several.
    """
    if isinstance(path, Path) and path.is_file() and path.suffix.lower() not in TABLE_ENDINGS:
        raise CardError(
            f"{path}: not a supported table ({', '.join(TABLE_ENDINGS)}): save it as CSV "
            f"(UTF-8), and name that file"
        )
    if path_part(path).suffix.lower() not in TABLE_ENDINGS or (
        isinstance(path, Path) and path.is_dir()
    ):
        beside = files_below(path) if isinstance(path, str) else sorted(map(str, path.iterdir()))
        tables = [name for name in beside if path_part(name).suffix.lower() in TABLE_ENDINGS]
        named = [name for name in tables if path_part(name).stem == "manifest"] or tables
        if len(named) != 1:
            what = ", ".join(path_part(name).name for name in tables[:SHOWN]) or "none"
            raise CardError(
                f"{path}: needs one table ({', '.join(TABLE_ENDINGS)}), has {what}: name it"
            )
        return placed(join(path, named[0]))
    return path

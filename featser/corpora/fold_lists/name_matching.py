"""Which recording each name of a published list means: by the end of the path, or the stem.

A name and a file are compared from the end, folder by folder, without the ending of an audio file.
Equal stems are enough where no other name and no other file has that stem. Otherwise the folders
above must tell them apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from featser.audio.conversion import CONVERTIBLE
from featser.corpora.card_schema import AUDIO_ENDINGS
from featser.io.location import path_part

_ENDINGS = (*AUDIO_ENDINGS, *CONVERTIBLE)

Parts = tuple[str, ...]
"""The parts of a path, the last one first."""


@dataclass
class Matches:
    """Which names and files belong together.

    Attributes
    ----------
    file_of : dict of str to str
        Names that are matched, and the file of each.
    ambiguous : dict of str to list of str
        Names that several files end with, and those files.
    """

    file_of: dict[str, str] = field(default_factory=dict)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)


def match_names(names: Iterable[str], files: Iterable[str]) -> Matches:
    """Find the file that each name means.

    Parameters
    ----------
    names : iterable of str
        Stems, file names or paths, by the source.
    files : iterable of str
        Paths or URLs of recordings.

    Returns
    -------
    Matches
        Names that no file fits are in neither of its dictionaries.

    Examples
    --------
    >>> matches = match_names(["03a01Fa", "b/01.wav"], ["/wav/03a01Fa.flac", "/a/01.wav"])
    >>> matches.file_of
    {'03a01Fa': '/wav/03a01Fa.flac', 'b/01.wav': '/a/01.wav'}
    >>> match_names(["01"], ["/a/01.wav", "/b/01.wav"]).ambiguous
    {'01': ['/a/01.wav', '/b/01.wav']}
    """
    names_by_parts = _with_parts(names)
    files_by_parts = _with_parts(files)
    matches = Matches()
    waiting = deque(
        (1, *group) for group in _agreeing(list(names_by_parts), list(files_by_parts), 0)
    )
    while waiting:
        depth, alike, candidates = waiting.popleft()
        meant = alike if len(alike) == len(candidates) == 1 else []
        if not meant:
            deeper = _agreeing(alike, candidates, depth)
            waiting += ((depth + 1, *group) for group in deeper)
            # A name that ends here means the one file that is left; a longer name means none.
            claimed = {parts for _, group in deeper for parts in group}
            meant = [parts for parts in alike if len(parts) == depth]
            candidates = candidates if len(candidates) > 1 else sorted({*candidates} - claimed)
        for name in (name for parts in meant for name in names_by_parts[parts]):
            files_here = [file for parts in candidates for file in files_by_parts[parts]]
            if len(files_here) == 1:
                matches.file_of[name] = files_here[0]
            elif files_here:
                matches.ambiguous[name] = files_here
    return matches


def _with_parts(paths: Iterable[str]) -> dict[Parts, list[str]]:
    """Group paths by their parts: those that differ by the ending of audio are together."""
    groups: dict[Parts, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        groups[parts_of(path_part(path).as_posix())].append(path)
    return groups


def parts_of(path: str) -> Parts:
    r"""Return the parts of a path from the last to the first, without the ending of audio.

    Examples
    --------
    >>> parts_of("wav\\03a01Fa.WAV"), parts_of("./a/1.5")
    (('03a01Fa', 'wav'), ('1.5', 'a'))
    """
    text = unicodedata.normalize("NFC", path)
    parts = [part for part in re.split(r"[/\\]+", text) if part not in ("", ".")]
    if not parts:
        return ("",)
    stem, dot, ending = parts[-1].rpartition(".")
    if stem and f"{dot}{ending}".lower() in _ENDINGS:
        parts[-1] = stem
    return tuple(reversed(parts))


def _agreeing(
    names: Sequence[Parts], files: Sequence[Parts], depth: int
) -> list[tuple[list[Parts], list[Parts]]]:
    """Group names and files by the part at a depth; groups of names without files are left out."""
    names_by_part, files_by_part = _by_part(names, depth), _by_part(files, depth)
    return [
        (group, files_by_part[part])
        for part, group in names_by_part.items()
        if part in files_by_part
    ]


def _by_part(paths: Sequence[Parts], depth: int) -> Mapping[str, list[Parts]]:
    groups: dict[str, list[Parts]] = defaultdict(list)
    for parts in paths:
        if len(parts) > depth:
            groups[parts[depth]].append(parts)
    return groups

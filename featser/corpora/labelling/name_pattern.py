"""Patterns of file names such as ``{speaker}/*/{emotion}_{take}.wav``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from featser.corpora.card_schema import AUDIO_ENDINGS, RESERVED
from featser.corpora.patterns import Pattern
from featser.errors import CardError, shortened

_TOKEN = re.compile(r"\{([^\W\d]\w*)(:d)?\}|(\*+)|([^*{}]+)|(.)")
_POSSIBLE = ("speaker", "split", "fold")
_MEANINGS = (
    "`{name}` and `*` stand for text within one folder's or file's name, `{name:d}` for digits, "
    "`**` for any folders"
)


@dataclass(frozen=True)
class NamePattern:
    """A pattern of the paths of recordings below a folder.

    Attributes
    ----------
    text : str
        The pattern.
    fields : tuple of str
        What it reads.
    endings : tuple of str
        The endings of files that it fits.
    expression : str
        A regular expression for the path without its ending. Of several ways to read a path, it
        gives the first fields as much text as possible.
    """

    text: str
    fields: tuple[str, ...]
    endings: tuple[str, ...]
    expression: str
    _shortest: str
    _parts: tuple[str, ...]

    def groups(self, name: str) -> dict[str, str] | None:
        """Return the fields of a path without its ending; None if it does not fit.

        Raises
        ------
        CardError
            If it can be read in several ways, or matching takes too long.
        """
        longest = Pattern(self.expression).groups_of(name)
        if longest is None:
            return None
        shortest = Pattern(self._shortest).groups_of(name)
        if shortest is not None and shortest != longest:
            raise CardError(
                f"--pattern '{self.text}': '{name}' can be read as {_listed(longest)}, and as "
                f"{_listed(shortest)}: write `{{name:d}}` for a field of digits, or more literal "
                f"text"
            )
        return {field: text or "" for field, text in longest.items()}

    def why_not(self, name: str) -> str:
        """Say why a path without its ending does not fit."""
        parts, names = self._parts, name.split("/")
        if "**" not in parts and len(parts) != len(names):
            return (
                f"'{name}' lies {_folders(len(names) - 1)} deep, and the pattern describes "
                f"{_folders(len(parts) - 1)}; {_MEANINGS}"
            )
        pairs = [(parts[-1], names[-1])] if "**" in parts else list(zip(parts, names, strict=True))
        for part, text in pairs:
            expression = _expression(part, longest=True, earlier=set())
            if Pattern(expression).groups_of(text) is None:
                where = "" if text == name else f" in '{name}'"
                return f"'{text}'{where} does not fit `{part}`; {_MEANINGS}"
        return f"'{name}' does not fit; {_MEANINGS}"


def is_pattern(corpus: str) -> bool:
    """Return whether what names a corpus is a pattern: it has a field, and is no card's file.

    Examples
    --------
    >>> is_pattern("{speaker}/{emotion}.wav"), is_pattern("emodb"), is_pattern("{my}/card.yaml")
    (True, False, False)
    """
    return "{" in corpus and not corpus.lower().endswith((".yaml", ".yml"))


def parse_pattern(text: str) -> NamePattern:
    """Read a pattern.

    Parameters
    ----------
    text : str
        The path of a recording relative to a folder. ``{name}`` is a field within one name of a
        folder or file, ``{name:d}`` one of digits, ``*`` any text within one name, ``**`` any
        number of folders; all else is literal. Without an ending, all endings of audio fit.

    Returns
    -------
    NamePattern
        The pattern, compiled.

    Raises
    ------
    CardError
        If it is not valid, or has no field.

    Examples
    --------
    >>> pattern = parse_pattern("{speaker}/*/{emotion}_{take}.wav")
    >>> pattern.groups("f1/day 2/angry_03")
    {'speaker': 'f1', 'emotion': 'angry', 'take': '03'}
    """
    # The names of files are compared in this form as well.
    path = unicodedata.normalize("NFC", text).replace("\\", "/").removeprefix("./")
    if path.startswith("/"):
        raise CardError(f"--pattern '{text}': write the path below the folder, without '/' first")
    endings: tuple[str, ...] = AUDIO_ENDINGS
    suffix = PurePosixPath(path).suffix
    if suffix and suffix == ".*":
        path = path.removesuffix(suffix)
    elif re.fullmatch(r"\.[A-Za-z]\w*", suffix):
        if suffix.lower() not in AUDIO_ENDINGS:
            raise CardError(
                f"--pattern '{text}': '{suffix}' is no ending of audio files: "
                f"{', '.join(AUDIO_ENDINGS)}"
            )
        endings, path = (suffix.lower(),), path.removesuffix(suffix)
    parts = tuple(path.split("/"))
    if "" in parts:
        raise CardError(f"--pattern '{text}': a folder or file has no name: remove one '/'")
    longest, shortest = (_whole(text, parts, longest=which) for which in (True, False))
    fields = tuple(dict.fromkeys(match[1] for match in _TOKEN.finditer(path) if match[1]))
    if not fields:
        raise CardError(f"--pattern '{text}': reads no field: write at least one, as {{emotion}}")
    for field in fields:
        if field in RESERVED and field not in _POSSIBLE:
            raise CardError(
                f"--pattern '{text}': `{{{field}}}` has a fixed meaning in manifests: choose "
                f"another name"
            )
    return NamePattern(text, fields, endings, longest, shortest, parts)


def _whole(text: str, parts: tuple[str, ...], longest: bool) -> str:
    expression, earlier = "", set[str]()
    lazy = "" if longest else "?"
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if part == "**":
            expression += f"(?:[^/]+/)*{lazy}" + ("[^/]+" if is_last else "")
            continue
        try:
            expression += _expression(part, longest, earlier) + ("" if is_last else "/")
        except ValueError as error:
            raise CardError(f"--pattern '{text}': {error}; {_MEANINGS}") from error
    return expression


def _expression(part: str, longest: bool, earlier: set[str]) -> str:
    """Return the regular expression of one name; fields that repeat must have equal text."""
    lazy = "" if longest else "?"
    expression = ""
    for match in _TOKEN.finditer(part):
        field, digits, stars, literal, other = match.groups()
        if other is not None or (stars and len(stars) > 1):
            raise ValueError(f"'{shortened(other or stars)}' in '{shortened(part)}' is not valid")
        if field in earlier:
            expression += f"(?P={field})"
        elif field:
            if not field.isidentifier():  # such as "a²"
                raise ValueError(f"'{{{shortened(field)}}}' in '{shortened(part)}' is not valid")
            earlier.add(field)
            expression += f"(?P<{field}>{'[0-9]' if digits else '[^/]'}+{lazy})"
        else:
            expression += f"[^/]*{lazy}" if stars else re.escape(literal)
    return expression


def _listed(groups: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} '{text}'" for name, text in groups.items())


def _folders(count: int) -> str:
    return f"{count} folder{'' if count == 1 else 's'}"
